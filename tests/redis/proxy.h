/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Stands between a test and its redis-server. With cut_answers at n, the n-th answer
 * that comes in does not go out: the connection is closed in its place, so that what
 * was asked is done and nobody hears of it.
 */
#ifndef PROXY_H
#define PROXY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROXY_MOST 60

struct proxy {
	char url[64];
	int port, to, listener;
	atomic_int cut_answers, cut_all, hold_answers, stop;
	bool dumb[PROXY_MOST];
	pthread_t thread;
	struct pollfd fds[1 + 2 * PROXY_MOST]; /* the listener, then pairs */
	size_t n;
};

static inline int proxy_connect(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static inline void proxy_accept(struct proxy *p)
{
	int in = accept(p->listener, NULL, NULL), out = proxy_connect(p->to);

	if (in < 0 || out < 0 || p->n + 2 > 1 + 2 * PROXY_MOST)
		abort();
	p->fds[p->n++] = (struct pollfd){ .fd = in, .events = POLLIN };
	p->fds[p->n++] = (struct pollfd){ .fd = out, .events = POLLIN };
}

static inline void proxy_cut(struct proxy *p, size_t pair)
{
	close(p->fds[pair].fd);
	close(p->fds[pair + 1].fd);
	p->fds[pair].fd = p->fds[pair + 1].fd = -1;
}

/* Pairs begin at odd places; the second of a pair is the server. */
static inline void proxy_forward(struct proxy *p, size_t i)
{
	size_t pair = i % 2 ? i : i - 1;
	char bytes[65536];
	ssize_t n = recv(p->fds[i].fd, bytes, sizeof(bytes), 0);

	if (n > 0 && i != pair && atomic_load(&p->cut_answers) > 0 &&
		atomic_fetch_sub(&p->cut_answers, 1) == 1)
		n = 0;
	if (i != pair && atomic_load(&p->cut_all))
		n = 0;
	if (n > 0 && i != pair && atomic_load(&p->hold_answers) > 0 &&
		atomic_fetch_sub(&p->hold_answers, 1) == 1)
		p->dumb[pair / 2] = true;
	if (n > 0 && p->dumb[pair / 2])
		return;
	if (n <= 0 || send(p->fds[i == pair ? pair + 1 : pair].fd, bytes, (size_t)n,
		MSG_NOSIGNAL) < n)
		proxy_cut(p, pair);
}

static inline void *proxy_run(void *user)
{
	struct proxy *p = user;

	while (!atomic_load(&p->stop)) {
		if (poll(p->fds, (nfds_t)p->n, 20) <= 0)
			continue;
		for (size_t i = 1; i < p->n; i++)
			if (p->fds[i].fd >= 0 && p->fds[i].revents)
				proxy_forward(p, i);
		if (p->fds[0].revents)
			proxy_accept(p);
	}
	return NULL;
}

static inline void proxy_open(struct proxy *p, int to)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	memset(p, 0, sizeof(*p));
	p->to = to;
	p->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(p->listener, (struct sockaddr *)&at, len) < 0 || listen(p->listener, 16) < 0 ||
		getsockname(p->listener, (struct sockaddr *)&at, &len) < 0)
		abort();
	p->port = ntohs(at.sin_port);
	snprintf(p->url, sizeof(p->url), "redis://127.0.0.1:%d", p->port);
	p->fds[0] = (struct pollfd){ .fd = p->listener, .events = POLLIN };
	p->n = 1;
	if (pthread_create(&p->thread, NULL, proxy_run, p) != 0)
		abort();
}

static inline void proxy_close(struct proxy *p)
{
	atomic_store(&p->stop, 1);
	pthread_join(p->thread, NULL);
	for (size_t i = 0; i < p->n; i++)
		if (p->fds[i].fd >= 0)
			close(p->fds[i].fd);
}

#endif
