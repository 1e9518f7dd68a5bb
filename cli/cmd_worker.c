/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <agentrun/http.h>
#include <agentrun/worker.h>

#include "cli.h"

/* What this program sends its own thread, to end it. */
#define SIGNAL_DONE SIGUSR2

struct service {
	agentrun_queue *queue;
	agentrun_store *store;
	agentrun_worker *worker;
	cli_endpoints endpoints;
	sigset_t signals;
	pthread_t listener;
	bool listens;
};

/* The first SIGTERM or SIGINT drains, the second ends at once. */
static void *listen_to_signals(void *user)
{
	struct service *s = user;
	int number, stops = 0;

	while (sigwait(&s->signals, &number) == 0 && number != SIGNAL_DONE) {
		if (number == SIGTSTP)
			agentrun_worker_quiet(s->worker, 1);
		else
			agentrun_worker_stop(s->worker, stops++ > 0);
	}
	return NULL;
}

/* For every thread that is started from now on. */
static void block_signals(struct service *s)
{
	sigemptyset(&s->signals);
	sigaddset(&s->signals, SIGTERM);
	sigaddset(&s->signals, SIGINT);
	sigaddset(&s->signals, SIGTSTP);
	sigaddset(&s->signals, SIGNAL_DONE);
	pthread_sigmask(SIG_BLOCK, &s->signals, NULL);
}

static int open_service(cli_global *global, struct service *s, agentrun_error **err)
{
	agentrun_worker_options opts;
	int r = cli_open(global, err);

	if (r == 0)
		r = cli_share_limits(global, true, err);
	if (r == 0)
		r = cli_open_queue(global, &s->queue, err);
	if (r == 0)
		r = cli_open_store(global, &s->store, err);
	if (r < 0)
		return r;
	agentrun_worker_options_init(&opts, sizeof(opts));
	opts.store = s->store;
	r = agentrun_worker_new(&s->worker, global->ctx, s->queue, &opts, err);
	if (r == 0)
		r = cli_endpoints_open(global, s->worker, &s->endpoints, err);
	if (r < 0)
		return r;
	cli_log(global, AGENTRUN_LOG_INFO, "http", "listening on %s, port %d",
		agentrun_config_get(global->settings, "service.host"), s->endpoints.port);
	s->listens = pthread_create(&s->listener, NULL, listen_to_signals, s) == 0;
	return s->listens ? 0 : agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"no thread could be started");
}

static void close_service(struct service *s)
{
	if (s->listens) {
		pthread_kill(s->listener, SIGNAL_DONE);
		pthread_join(s->listener, NULL);
	}
	cli_endpoints_close(&s->endpoints);
	agentrun_worker_free(s->worker);
	agentrun_queue_free(s->queue);
	agentrun_store_free(s->store);
}

/* Jobs come and go: what one gave back the next wants at once. By itself glibc returns all
 * but 128 KiB of it to the system, which costs a twentieth of a job, and takes it again. */
static void keep_some_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
	mallopt(M_TOP_PAD, 256 * 1024);
#endif
}

static int run(cli_global *global, const cli_command *self, int argc, char **argv)
{
	const cli_option own[] = { { NULL, 0, CLI_FLAG, NULL, NULL, NULL } };
	struct service s = { .listens = false };
	agentrun_error *err = NULL;
	int n, r, status = cli_options_read(global, self, own, argc, argv, 0, 0, &n);

	if (status >= 0)
		return status;
	keep_some_memory();
	block_signals(&s);
	r = open_service(global, &s, &err);
	if (r == 0)
		r = agentrun_worker_run(s.worker, &err);
	close_service(&s);
	return r < 0 ? cli_fail(err) : 0;
}

const cli_command cli_worker = {
	.name = "worker",
	.arguments = "",
	.summary = "Work off the queue until SIGTERM",
	.help = "Takes jobs from Redis, runs them, keeps their results and answers. GET /health,\n"
		"/ready and /metrics at service.host and service.port tell how it is.\n\n"
		"SIGTERM or SIGINT: take no more, finish what runs for service.drain_timeout_sec,\n"
		"give the rest back, exit 0; the second one gives all back at once. SIGTSTP or\n"
		"POST /quiet: take no more, keep running.\n\n"
		"Example:\n"
		"  REDIS_URL=redis://localhost agentrun worker --log-format json\n",
	.run = run,
};
