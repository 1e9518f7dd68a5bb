/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What tests of whole jobs share: a planner that answers what the test says, and
 * a server on the loopback that answers late or never. */
#ifndef JOBS_H
#define JOBS_H

#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <agentrun/engine.h>
#include <agentrun/sys/planner.h>

/* ---- the planner -------------------------------------------------------- */

/* What "test" answers to every prompt, and whether it was freed. */
struct test_planner {
	const char *answer;
	int code; /* fail with this */
	int freed;
};

static inline int test_plan(void *self, agentrun_buf *answer, const char *text,
	size_t len, const agentrun_plan_options *opts, agentrun_error **err)
{
	struct test_planner *planner = self;

	(void)text;
	(void)len;
	(void)opts;
	if (planner->code)
		return agentrun_error_raise(err, planner->code, "the planner's own reason");
	return agentrun_buf_set(answer, planner->answer, strlen(planner->answer));
}

static inline void test_planner_free(void *self)
{
	((struct test_planner *)self)->freed++;
}

static inline agentrun_ctx *jobs_ctx(struct test_planner *planner)
{
	const agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "test", .plan = test_plan,
		.destroy = test_planner_free };
	agentrun_ctx_options opts;
	agentrun_config *config;
	agentrun_ctx *ctx;

	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "http.allow_private_networks", "true",
		NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "queue.backoff.base_ms", "10", NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "queue.max_retries", "2", NULL), 0);
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	ck_assert_int_eq(agentrun_ctx_new(&ctx, &opts, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, planner, NULL), 0);
	agentrun_config_free(config);
	return ctx;
}

/* ---- the server --------------------------------------------------------- */

struct loopback {
	int fd, stop[2];
	int port;
	int answers; /* 0: it takes connections and says nothing, ever */
	const char *says, *then; /* an answer of the test's own, the rest a while later */
	pthread_t thread;
	char url[64];
	/* One call of execute_pipeline with a request to the server. */
	char plan[400];
};

static inline void loopback_answer(const struct loopback *server, int peer)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
		"Connection: close\r\n\r\n[{\"a\":1}]";
	char request[4096];
	const char *says = server->says ? server->says : answer;

	if (recv(peer, request, sizeof(request), 0) > 0)
		(void)!send(peer, says, strlen(says), MSG_NOSIGNAL);
	if (server->then) {
		usleep(300000);
		(void)!send(peer, server->then, strlen(server->then), MSG_NOSIGNAL);
	}
	close(peer);
}

static inline void *loopback_run(void *user)
{
	struct loopback *server = user;
	int held[2048], n = 0;

	for (;;) {
		struct pollfd fds[2] = { { server->fd, POLLIN, 0 }, { server->stop[0], POLLIN, 0 } };
		int peer;

		poll(fds, 2, -1);
		if (fds[1].revents)
			break;
		peer = accept(server->fd, NULL, NULL);
		if (peer < 0)
			continue;
		if (server->answers || n == 2048)
			loopback_answer(server, peer);
		else
			held[n++] = peer;
	}
	while (n)
		close(held[--n]);
	return NULL;
}

static inline void loopback_start(struct loopback *server, int answers)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	memset(server, 0, sizeof(*server));
	server->answers = answers;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(server->fd, 0);
	ck_assert_int_eq(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(server->fd, 1024), 0);
	ck_assert_int_eq(getsockname(server->fd, (struct sockaddr *)&at, &len), 0);
	server->port = ntohs(at.sin_port);
	ck_assert_int_eq(pipe(server->stop), 0);
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d/", server->port);
	snprintf(server->plan, sizeof(server->plan),
		"{\"tool_calls\":[{\"function\":{\"name\":\"execute_pipeline\",\"arguments\":"
		"\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"http_request\\\",\\\"url\\\":"
		"\\\"%s\\\"}]}\"}}]}", server->url);
	ck_assert_int_eq(pthread_create(&server->thread, NULL, loopback_run, server), 0);
}

static inline void loopback_stop(struct loopback *server)
{
	(void)!write(server->stop[1], "x", 1);
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->stop[1]);
	close(server->fd);
}

/* ---- results ------------------------------------------------------------ */

/* Free the result; NULL is as good as a failed test. */
static inline void expect_failed(agentrun_result *result, int code, const char *says)
{
	const agentrun_error *err;

	ck_assert_ptr_nonnull(result);
	err = agentrun_result_error(result);
	ck_assert_msg(err != NULL, "%s", agentrun_result_payload(result, NULL));
	ck_assert_msg(agentrun_error_code(err) == code, "%d: %s", agentrun_error_code(err),
		agentrun_error_message(err));
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	ck_assert_str_eq(agentrun_result_status(result), "failed");
	ck_assert_ptr_null(agentrun_result_data(result, NULL));
	ck_assert_ptr_nonnull(strstr(agentrun_result_payload(result, NULL),
		"\"status\":\"failed\""));
	agentrun_result_free(result);
}

static inline void expect_data(agentrun_result *result, const char *data)
{
	ck_assert_ptr_nonnull(result);
	ck_assert_msg(agentrun_result_error(result) == NULL, "%s",
		agentrun_error_message(agentrun_result_error(result)));
	ck_assert_str_eq(agentrun_result_status(result), "completed");
	ck_assert_str_eq(agentrun_result_data(result, NULL), data);
	agentrun_result_free(result);
}

#endif
