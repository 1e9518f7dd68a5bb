/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A service: jobs come in as lines on standard input, a worker does them, results
 * go out as lines. /health, /ready, /metrics and /test/chat are on a port of the
 * loopback, which is told first.
 *
 *     cc -o service service.c $(pkg-config --cflags --libs agentrun agentrun-http) -lpthread
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/agentrun.h>
#include <agentrun/http.h>
#include <agentrun/sys/error.h>

static void *work(void *worker)
{
	agentrun_worker_run(worker, NULL);
	return NULL;
}

/* Put one job on the queue; its id is that of the line. */
static int enqueue(agentrun_queue *queue, const char *id, const char *line, size_t len,
	agentrun_error **err)
{
	agentrun_jobs *jobs = NULL;
	agentrun_job *job = NULL;
	int r = agentrun_jobs_new(&jobs, err);

	if (r == 0)
		r = agentrun_job_new(&job, id, line, len, err);
	if (r == 0)
		r = agentrun_jobs_add(jobs, job);
	if (r < 0)
		agentrun_job_free(job);
	else
		r = agentrun_queue_enqueue(queue, jobs, err);
	agentrun_jobs_free(jobs);
	return r;
}

/* A line is "ID JOB". */
static int serve_lines(agentrun_queue *queue, agentrun_error **err)
{
	char *line = NULL;
	size_t cap = 0;
	int r = 0;

	while (r == 0 && getline(&line, &cap, stdin) > 0) {
		char *job = strchr(line, ' ');
		agentrun_buf result = AGENTRUN_BUF_INIT;

		if (!job)
			continue;
		*job++ = '\0';
		r = enqueue(queue, line, job, strlen(job), err);
		if (r == 0)
			r = agentrun_queue_result(&result, queue, line, -1, err);
		if (r == 0)
			printf("%s\n", result.data);
		fflush(stdout);
		agentrun_buf_dispose(&result);
	}
	free(line);
	return r;
}

static int run(agentrun_ctx *ctx, agentrun_queue *queue, agentrun_error **err)
{
	agentrun_http_server_options opts;
	agentrun_http_server *server = NULL;
	agentrun_worker *worker = NULL;
	pthread_t thread;
	int r = agentrun_worker_new(&worker, ctx, queue, NULL, err);

	agentrun_http_server_options_init(&opts, sizeof(opts));
	opts.port = 0; /* any that is free */
	if (r == 0)
		r = agentrun_http_server_new(&server, ctx, worker, &opts, err);
	if (r == 0 && pthread_create(&thread, NULL, work, worker) != 0)
		r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "no thread can be started");
	else if (r == 0) {
		printf("listening on http://127.0.0.1:%d\n", agentrun_http_server_port(server));
		fflush(stdout);
		r = serve_lines(queue, err);
		agentrun_worker_stop(worker, 0);
		pthread_join(thread, NULL);
	}
	agentrun_http_server_free(server);
	agentrun_worker_free(worker);
	return r;
}

int main(void)
{
	agentrun_queue *queue = NULL;
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;
	int r = agentrun_ctx_new(&ctx, NULL, &err);

	if (r == 0)
		r = agentrun_memory_queue_new(&queue, NULL, &err);
	if (r == 0)
		r = run(ctx, queue, &err);
	if (err)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_queue_free(queue);
	agentrun_ctx_free(ctx);
	return r == 0 ? 0 : 1;
}
