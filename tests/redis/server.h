/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A redis-server for a test: on a free port of the loopback, with its data in a
 * folder of its own, ended by its process id. A test that may not start one is
 * skipped (exit status 77).
 */
#ifndef SERVER_H
#define SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#ifndef REDIS_SERVER
#define REDIS_SERVER "redis-server"
#endif

struct server {
	char dir[64];
	char url[64];
	int port;
	pid_t pid;
	redisContext *client; /* to look and to meddle */
};

static inline void server_sleep_ms(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static inline int server_free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &len) < 0)
		abort();
	close(fd);
	return ntohs(at.sin_port);
}

static inline void server_start(struct server *s)
{
	char port[12];

	snprintf(port, sizeof(port), "%d", s->port);
	s->pid = fork();
	if (s->pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (null < 0 || dup2(null, 1) < 0 || chdir(s->dir) < 0)
			_exit(1);
		execlp(REDIS_SERVER, REDIS_SERVER, "--bind", "127.0.0.1", "--port", port,
			"--appendonly", "yes", "--appendfsync", "always", "--save", "",
			"--unixsocket", "s", (char *)NULL);
		_exit(77);
	}
	for (int i = 0; i < 500; i++) {
		redisReply *pong;

		server_sleep_ms(10);
		s->client = redisConnect("127.0.0.1", s->port);
		pong = s->client && !s->client->err ? redisCommand(s->client, "PING") : NULL;
		if (pong && pong->type == REDIS_REPLY_STATUS) {
			freeReplyObject(pong);
			return;
		}
		freeReplyObject(pong);
		redisFree(s->client);
		s->client = NULL;
		if (waitpid(s->pid, NULL, WNOHANG) == s->pid) {
			fprintf(stderr, "no redis-server to test with\n");
			exit(77);
		}
	}
	abort();
}

static inline void server_stop(struct server *s, int signal)
{
	redisFree(s->client);
	s->client = NULL;
	kill(s->pid, signal);
	waitpid(s->pid, NULL, 0);
}

static inline void server_open(struct server *s)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->dir, sizeof(s->dir), "/tmp/agentrun-redis-XXXXXX");
	if (!mkdtemp(s->dir))
		abort();
	s->port = server_free_port();
	snprintf(s->url, sizeof(s->url), "redis://127.0.0.1:%d", s->port);
	server_start(s);
}

static inline void server_close(struct server *s)
{
	char command[128];

	server_stop(s, SIGKILL);
	snprintf(command, sizeof(command), "rm -rf %s", s->dir);
	if (system(command) != 0)
		fprintf(stderr, "%s is left behind\n", s->dir);
}

/* A command as redisCommand() takes it; the reply is yours. */
static inline redisReply *server_ask(struct server *s, const char *format, ...)
{
	redisReply *reply;
	va_list args;

	va_start(args, format);
	reply = redisvCommand(s->client, format, args);
	va_end(args);
	if (!reply) {
		fprintf(stderr, "%s: %s\n", format, s->client->errstr);
		abort();
	}
	return reply;
}

/* One whose reply does not matter. */
#define server_do(...) freeReplyObject(server_ask(__VA_ARGS__))

#endif
