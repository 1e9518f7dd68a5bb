/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Jobs of no work through the queue in Redis: redis_queue URL WHAT JOBS BATCH THREADS.
 * WHAT is list, stream, both, or peer: hiredis alone with the fewest commands that
 * lose nothing (LMOVE, then RPUSH, EXPIRE and LREM in a transaction), in batches of
 * the same size. Prints the seconds to put the jobs in and to take them out.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hiredis/hiredis.h>

#include <agentrun/redis.h>

#define PAYLOAD "{\"version\":\"1.0\",\"job_id\":\"job-%zu\",\"run_id\":\"run\"," \
	"\"node_id\":\"node\",\"prompt\":\"show me the 10 cheapest flights to LAX\"," \
	"\"context\":{\"data\":[{\"to\":\"LAX\",\"price\":320,\"carrier\":{\"code\":\"AA\"}}," \
	"{\"to\":\"JFK\",\"price\":180,\"carrier\":{\"code\":\"DL\"}}]}}"
static const char result[] = "{\"version\":\"1.0\",\"job_id\":\"job\",\"status\":"
	"\"completed\",\"result_ref\":\"artifact://0190f5c2-7d2e-7cc1-a1f5-6a5f4f2f8f10\","
	"\"result_preview\":{\"type\":\"dataset\",\"row_count\":2,\"sample\":[]},"
	"\"metadata\":{},\"completed_at\":\"2026-01-01T00:00:00.000Z\"}";

static size_t n_jobs, batch, n_threads;
static const char *url, *mode;
static atomic_size_t done;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int r, agentrun_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s\n", agentrun_error_message(err));
	exit(1);
}

static agentrun_queue *open_queue(void)
{
	agentrun_redis_queue_options opts;
	agentrun_queue *queue = NULL;
	agentrun_error *err = NULL;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = url;
	opts.mode = mode;
	must(agentrun_redis_queue_new(&queue, &opts, &err), err);
	return queue;
}

static void put_in(agentrun_queue *queue)
{
	agentrun_error *err = NULL;

	for (size_t i = 0; i < n_jobs; i += batch) {
		agentrun_jobs *jobs = NULL;

		must(agentrun_jobs_new(&jobs, &err), err);
		for (size_t k = i; k < n_jobs && k < i + batch; k++) {
			agentrun_job *job = NULL;
			char payload[500];
			int n = snprintf(payload, sizeof(payload), PAYLOAD, k);

			must(agentrun_job_new(&job, "", payload, (size_t)n, &err), err);
			must(agentrun_jobs_add(jobs, job), err);
		}
		must(agentrun_queue_enqueue(queue, jobs, &err), err);
		agentrun_jobs_free(jobs);
	}
}

static void *take_out(void *queue)
{
	agentrun_error *err = NULL;

	while (atomic_load(&done) < n_jobs) {
		agentrun_jobs *jobs = NULL;

		must(agentrun_jobs_new(&jobs, &err), err);
		must(agentrun_queue_acquire(queue, jobs, batch, 0, 100, &err), err);
		for (size_t i = 0; i < agentrun_jobs_count(jobs); i++) {
			agentrun_job *job = agentrun_jobs_at(jobs, i);

			agentrun_job_set_result(job, result, sizeof(result) - 1);
			agentrun_job_accept(job);
		}
		must(agentrun_queue_settle(queue, jobs, &err), err);
		atomic_fetch_add(&done, agentrun_jobs_count(jobs));
		agentrun_jobs_free(jobs);
	}
	return NULL;
}

static void measure(void)
{
	agentrun_queue *queue = open_queue();
	pthread_t threads[64];
	double begin = now(), middle;
	size_t n = 0;

	put_in(queue);
	middle = now();
	while (n < n_threads && pthread_create(&threads[n], NULL, take_out, queue) == 0)
		n++;
	for (size_t i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	printf("%.6f %.6f\n", middle - begin, now() - middle);
	agentrun_queue_free(queue);
}

/* ---- the peer ------------------------------------------------------------ */

static redisReply *reply_of(redisContext *c)
{
	void *reply = NULL;

	if (redisGetReply(c, &reply) != REDIS_OK) {
		fprintf(stderr, "%s\n", c->errstr);
		exit(1);
	}
	return reply;
}

static void skip(redisContext *c, size_t n)
{
	while (n--)
		freeReplyObject(reply_of(c));
}

static void peer_put_in(redisContext *c)
{
	for (size_t i = 0; i < n_jobs; i += batch) {
		size_t n = 0;

		for (size_t k = i; k < n_jobs && k < i + batch; k++, n++) {
			char payload[500];

			snprintf(payload, sizeof(payload), PAYLOAD, k);
			redisAppendCommand(c, "RPUSH peer:jobs %s", payload);
		}
		skip(c, n);
	}
}

static void peer_take_out(redisContext *c)
{
	for (size_t at = 0; at < n_jobs; at += batch) {
		size_t n = n_jobs - at < batch ? n_jobs - at : batch;

		for (size_t i = 0; i < n; i++)
			redisAppendCommand(c, "LMOVE peer:jobs peer:processing LEFT RIGHT");
		for (size_t i = 0; i < n; i++) {
			redisReply *job = reply_of(c);

			redisAppendCommand(c, "MULTI");
			redisAppendCommand(c, "RPUSH peer:results:%lu %s", (unsigned long)(at + i),
				result);
			redisAppendCommand(c, "EXPIRE peer:results:%lu 86400",
				(unsigned long)(at + i));
			redisAppendCommand(c, "LREM peer:processing 1 %b", job->str, (size_t)job->len);
			redisAppendCommand(c, "EXEC");
			freeReplyObject(job);
		}
		skip(c, n * 5);
	}
}

static void measure_peer(void)
{
	const char *port = strrchr(url, ':');
	redisContext *c;
	double begin, middle;

	c = redisConnect("127.0.0.1", port ? (int)strtol(port + 1, NULL, 10) : 6379);
	if (!c || c->err)
		exit(1);
	begin = now();
	peer_put_in(c);
	middle = now();
	peer_take_out(c);
	printf("%.6f %.6f\n", middle - begin, now() - middle);
	redisFree(c);
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: redis_queue URL WHAT JOBS BATCH THREADS\n");
		return 2;
	}
	url = argv[1];
	mode = argv[2];
	n_jobs = strtoul(argv[3], NULL, 10);
	batch = strtoul(argv[4], NULL, 10);
	n_threads = strtoul(argv[5], NULL, 10);
	n_threads = n_threads < 64 ? n_threads : 64;
	if (strcmp(mode, "peer") == 0)
		measure_peer();
	else
		measure();
	return 0;
}
