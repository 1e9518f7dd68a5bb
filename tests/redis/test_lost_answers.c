/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What is asked again because the answer was lost is done once, and told as it was done. */
#include <agentrun/redis.h>

#include "../unit/unit.h"
#include "proxy.h"
#include "server.h"

#define JOB "{\"job_id\":\"j\",\"run_id\":\"r\",\"node_id\":\"n\",\"prompt\":\"p\"}"
#define TOKEN "{\"id\":\"j\",\"run_id\":\"r\",\"to_node\":\"n\",\"metadata\":{\"task\":\"p\"}}"

static const char *const modes[] = { "list", "stream" };
static struct server server;
static struct proxy proxy;

static void setup(void)
{
	server_open(&server);
	proxy_open(&proxy, server.port);
}

static void teardown(void)
{
	proxy_close(&proxy);
	server_close(&server);
}

/* Through the proxy; `timeout` in seconds. */
static agentrun_queue *open_queue(const char *mode, const char *timeout, const char *consumer)
{
	agentrun_redis_queue_options opts;
	agentrun_config *config = NULL;
	agentrun_queue *queue = NULL;

	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "redis.timeout", timeout, NULL), 0);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = proxy.url;
	opts.mode = mode;
	opts.config = config;
	opts.consumer = consumer;
	ck_assert_int_eq(agentrun_redis_queue_new(&queue, &opts, NULL), 0);
	agentrun_config_free(config);
	return queue;
}

static void send_jobs(int mode, int n)
{
	for (int i = 0; i < n; i++)
		if (mode)
			server_do(&server, "XADD wf.tasks.agent * token %s", TOKEN);
		else
			server_do(&server, "RPUSH agent:jobs %s", JOB);
}

static agentrun_jobs *acquire(agentrun_queue *queue, size_t n)
{
	agentrun_jobs *jobs = NULL;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, n, 0, 1000, NULL), 0);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), n);
	return jobs;
}

static void stats_are(agentrun_queue *queue, uint64_t waiting, uint64_t leased, uint64_t dead)
{
	agentrun_queue_stats s = { .struct_size = sizeof(s) };

	ck_assert_int_eq(agentrun_queue_stats_read(&s, queue, NULL), 0);
	ck_assert_uint_eq(s.waiting, waiting);
	ck_assert_uint_eq(s.leased, leased);
	ck_assert_uint_eq(s.dead, dead);
}

/* ---- dead letters ---------------------------------------------------------- */

static agentrun_queue *with_letters(int mode, int n)
{
	agentrun_queue *queue = open_queue(modes[mode], "5", NULL);
	agentrun_jobs *jobs;

	server_do(&server, "FLUSHALL");
	send_jobs(mode, n);
	jobs = acquire(queue, (size_t)n);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(agentrun_job_reject(agentrun_jobs_at(jobs, (size_t)i), "why"), 0);
	ck_assert_int_eq(agentrun_queue_settle(queue, jobs, NULL), 0);
	stats_are(queue, 0, 0, (uint64_t)n);
	agentrun_jobs_free(jobs);
	return queue;
}

START_TEST(a_dead_letter_is_retried_once)
{
	for (int mode = 0; mode < 2; mode++) {
		agentrun_queue *queue = with_letters(mode, 2);

		atomic_store(&proxy.cut_answers, 1);
		ck_assert_int_eq(agentrun_queue_dead_retry(queue, "j", NULL), 0);
		ck_assert_int_eq(atomic_load(&proxy.cut_answers), 0);
		stats_are(queue, 1, 0, 1);
		/* The last of its name is found, though it is gone by then. */
		atomic_store(&proxy.cut_answers, 1);
		ck_assert_int_eq(agentrun_queue_dead_retry(queue, "j", NULL), 0);
		stats_are(queue, 2, 0, 0);
		ck_assert_int_eq(agentrun_queue_dead_retry(queue, "j", NULL),
			AGENTRUN_ENOTFOUND);
		agentrun_queue_free(queue);
	}
}
END_TEST

START_TEST(a_dead_letter_is_dropped_once)
{
	for (int mode = 0; mode < 2; mode++) {
		agentrun_queue *queue = with_letters(mode, 2);

		atomic_store(&proxy.cut_answers, 1);
		ck_assert_int_eq(agentrun_queue_dead_drop(queue, "j", NULL), 0);
		stats_are(queue, 0, 0, 1);
		agentrun_queue_free(queue);
	}
}
END_TEST

/* Counting them is the first answer; then one each. */
START_TEST(all_dead_letters_are_retried_whichever_answer_is_lost)
{
	for (int mode = 0; mode < 2; mode++)
		for (int lost = 1; lost <= 4; lost++) {
			agentrun_queue *queue = with_letters(mode, 3);

			atomic_store(&proxy.cut_answers, lost);
			ck_assert_int_eq(agentrun_queue_dead_retry(queue, NULL, NULL), 0);
			ck_assert_int_eq(atomic_load(&proxy.cut_answers), 0);
			stats_are(queue, 3, 0, 0);
			agentrun_queue_free(queue);
		}
}
END_TEST

/* ---- settling -------------------------------------------------------------- */

static void settle_one(agentrun_queue *queue, agentrun_jobs *jobs)
{
	agentrun_jobs *one = NULL;
	agentrun_job *job = agentrun_jobs_take(jobs, agentrun_jobs_count(jobs) - 1);

	ck_assert_int_eq(agentrun_jobs_new(&one, NULL), 0);
	ck_assert_int_eq(agentrun_jobs_add(one, job), 0);
	ck_assert_int_eq(agentrun_queue_settle(queue, one, NULL), 0);
	ck_assert_int_eq(agentrun_job_is_lost(job), 0);
	ck_assert_int_eq(agentrun_job_is_settled(job), 1);
	agentrun_jobs_free(one);
}

/* Who settles, and hears nothing until it gives up, comes again later, perhaps without the
 * first of the list: what was settled is not lost for that. */
START_TEST(a_settle_that_was_done_is_no_lost_lease_whatever_list_it_comes_in_next)
{
	for (int mode = 0; mode < 2; mode++) {
		agentrun_queue *queue = open_queue(modes[mode], "0.3", NULL);
		agentrun_jobs *jobs;

		server_do(&server, "FLUSHALL");
		send_jobs(mode, 3);
		jobs = acquire(queue, 3);
		for (size_t i = 0; i < 3; i++) {
			ck_assert_int_eq(agentrun_job_set_result(agentrun_jobs_at(jobs, i),
				"\"done\"", 6), 0);
			agentrun_job_accept(agentrun_jobs_at(jobs, i));
		}
		atomic_store(&proxy.cut_all, 1);
		ck_assert_int_eq(agentrun_queue_settle(queue, jobs, NULL), AGENTRUN_EBACKEND);
		atomic_store(&proxy.cut_all, 0);
		for (int i = 0; i < 3; i++)
			settle_one(queue, jobs);
		stats_are(queue, 0, 0, 0);
		agentrun_jobs_free(jobs);
		agentrun_queue_free(queue);
	}
}
END_TEST

/* ---- waiting ---------------------------------------------------------------- */

static void *send_one_and_spoil_the_other(void *unused)
{
	(void)unused;
	server_sleep_ms(300);
	server_do(&server, "MULTI");
	server_do(&server, "SET agent:processing:c in-the-way");
	server_do(&server, "RPUSH agent:jobs %s", JOB);
	server_do(&server, "XADD wf.tasks.agent * token %s", TOKEN);
	server_do(&server, "EXEC");
	server_sleep_ms(300);
	server_do(&server, "DEL agent:processing:c");
	return NULL;
}

/* One lane's wait fails while the other's brings a job. What there is to see of it is the
 * leak that a sanitizer tells. */
START_TEST(a_wait_that_failed_and_brought_a_job_brings_the_job)
{
	agentrun_queue *queue = open_queue("both", "5", "c");
	agentrun_jobs *jobs = NULL;
	agentrun_error *err = NULL;
	pthread_t thread;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, send_one_and_spoil_the_other, NULL), 0);
	for (int i = 0; i < 50 && agentrun_jobs_count(jobs) < 2; i++) {
		if (agentrun_queue_acquire(queue, jobs, 2, 0, 200, &err) < 0)
			server_sleep_ms(20);
		agentrun_error_free(err);
		err = NULL;
	}
	pthread_join(thread, NULL);
	ck_assert_uint_eq(agentrun_jobs_count(jobs), 2);
	agentrun_jobs_free(jobs);
	agentrun_queue_free(queue);
}
END_TEST

/* ---- limits ------------------------------------------------------------------ */

static int take(const agentrun_limits_impl *impl, void *self, const char *id)
{
	const agentrun_limit bucket = { .struct_size = sizeof(bucket),
		.kind = AGENTRUN_LIMIT_BUCKET, .key = "rate_limit.global", .name = "", .most = 3,
		.period_ms = 3600000, .amount = 1, .taken = 1 };
	const agentrun_limit *list[] = { &bucket };
	const agentrun_limits_request request = { .struct_size = sizeof(request), .id = id,
		.limits = list, .n = 1 };
	agentrun_limits_refusal refusal = { .struct_size = sizeof(refusal) };

	return impl->take(self, &request, &refusal, NULL);
}

START_TEST(a_bucket_is_charged_once)
{
	agentrun_redis_limits_options opts;
	const agentrun_limits_impl *impl;
	void *self;

	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	opts.url = proxy.url;
	ck_assert_int_eq(agentrun_redis_limits_new(&impl, &self, &opts, NULL), 0);
	ck_assert_int_eq(take(impl, self, "a"), 0);
	atomic_store(&proxy.cut_answers, 1);
	ck_assert_int_eq(take(impl, self, "b"), 0);
	ck_assert_int_eq(atomic_load(&proxy.cut_answers), 0);
	/* The last that there is: it is had, and no refusal. */
	atomic_store(&proxy.cut_answers, 1);
	ck_assert_int_eq(take(impl, self, "c"), 0);
	ck_assert_int_eq(take(impl, self, "c"), 1);
	impl->destroy(self);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_dead_letter_is_retried_once,
		a_dead_letter_is_dropped_once,
		all_dead_letters_are_retried_whichever_answer_is_lost,
		a_settle_that_was_done_is_no_lost_lease_whatever_list_it_comes_in_next,
		a_wait_that_failed_and_brought_a_job_brings_the_job,
		a_bucket_is_charged_once,
		NULL,
	};
	struct server there;

	server_open(&there); /* ends with 77 where there is none to test with */
	server_close(&there);
	return unit_main(unit_suite_with("redis lost answers", tests, setup, teardown));
}
