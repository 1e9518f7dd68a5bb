/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "jobs.h"

#include <stdatomic.h>
#include <time.h>

#include <agentrun/memory.h>
#include <agentrun/pipeline.h>
#include <agentrun/sys/store.h>

#include "engine/engine.h"

#define ROWS "{\"prompt\":\"show me the 2 cheapest\",\"job_id\":\"%s\",\"context\":{\"data\":" \
	"[{\"id\":1,\"price\":30},{\"id\":2,\"price\":10},{\"id\":3,\"price\":20}]}}"
#define CHEAPEST "[{\"id\":2,\"price\":10},{\"id\":3,\"price\":20}]"

static struct test_planner planner;
static agentrun_ctx *ctx;
static agentrun_engine *engine;
static struct loopback silent;
static int has_silent;

static void setup(void)
{
	planner = (struct test_planner){ .answer = "{}" };
	ctx = jobs_ctx(&planner);
	engine = NULL;
	has_silent = 0;
}

static void teardown(void)
{
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	if (has_silent)
		loopback_stop(&silent);
	ck_assert_int_eq(planner.freed, 1);
}

static void open_engine(const char *planner_name, uint32_t threads, uint32_t max_jobs)
{
	agentrun_engine_options opts;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = planner_name;
	opts.threads = threads;
	opts.max_jobs = max_jobs;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
}

/* An engine whose jobs wait for a server that never answers. */
static void open_waiting_engine(uint32_t threads, uint32_t max_jobs)
{
	loopback_start(&silent, 0);
	has_silent = 1;
	planner.answer = silent.plan;
	open_engine("test", threads, max_jobs);
}

static int submit(const char *format, const char *job_id, uint64_t tag)
{
	char job[400];

	snprintf(job, sizeof(job), format, job_id);
	return agentrun_engine_submit(engine, job, strlen(job), tag, NULL);
}

static int submit_waiting(const char *job_id, uint64_t tag)
{
	return submit("{\"prompt\":\"show me the rows\",\"job_id\":\"%s\"}", job_id, tag);
}

static agentrun_result *poll_one(int timeout_ms)
{
	agentrun_result *result = NULL;

	return agentrun_engine_poll(engine, &result, 1, timeout_ms) == 1 ? result : NULL;
}

static int readable(void)
{
	struct pollfd fd = { agentrun_engine_fd(engine), POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

START_TEST(a_job_comes_back_with_its_tag_and_id)
{
	agentrun_result *result;

	open_engine(NULL, 0, 0);
	ck_assert_int_eq(submit(ROWS, "one", 0xfedcba9876543210u), 0);
	result = poll_one(-1);
	ck_assert_ptr_nonnull(result);
	ck_assert(agentrun_result_tag(result) == 0xfedcba9876543210u);
	ck_assert_str_eq(agentrun_result_job_id(result), "one");
	expect_data(result, CHEAPEST);
	ck_assert_ptr_null(poll_one(0));
	ck_assert_uint_eq(agentrun_engine_in_flight(engine), 0);
}
END_TEST

START_TEST(what_is_wrong_in_a_job_comes_out_of_poll)
{
	open_engine(NULL, 1, 0);
	ck_assert_int_eq(agentrun_engine_submit(engine, "{\"prompt\":5}", 12, 1, NULL), 0);
	expect_failed(poll_one(-1), AGENTRUN_EJOB, "not valid");
	ck_assert_int_eq(agentrun_engine_submit(engine, "", 0, 1, NULL), 0);
	expect_failed(poll_one(-1), AGENTRUN_EJOB, "empty");
	ck_assert_int_eq(agentrun_engine_submit(engine, "\0\xff", 2, 1, NULL), 0);
	expect_failed(poll_one(-1), AGENTRUN_EJOB, "not valid JSON");
}
END_TEST

START_TEST(two_hundred_jobs_at_once_come_back_once_each)
{
	agentrun_result *results[64];
	char seen[200] = { 0 }, id[16];
	int left = 200, n;

	open_engine(NULL, 8, 200);
	for (int i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		ck_assert_int_eq(submit(ROWS, id, (uint64_t)i), 0);
	}
	while (left && (n = agentrun_engine_poll(engine, results, 64, 20000)) > 0) {
		for (int i = 0; i < n; i++) {
			uint64_t tag = agentrun_result_tag(results[i]);

			ck_assert(tag < 200 && !seen[tag]++);
			snprintf(id, sizeof(id), "job-%d", (int)tag);
			ck_assert_str_eq(agentrun_result_job_id(results[i]), id);
			expect_data(results[i], CHEAPEST);
		}
		left -= n;
	}
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(readable(), 0);
}
END_TEST

START_TEST(two_hundred_jobs_share_the_network)
{
	struct loopback server;
	agentrun_result *result;

	loopback_start(&server, 1);
	planner.answer = server.plan;
	open_engine("test", 2, 200);
	for (int i = 0; i < 200; i++)
		ck_assert_int_eq(submit_waiting("x", (uint64_t)i), 0);
	for (int i = 0; i < 200; i++) {
		result = poll_one(30000);
		expect_data(result, "[{\"a\":1}]");
	}
	agentrun_engine_free(engine);
	engine = NULL;
	loopback_stop(&server);
}
END_TEST

START_TEST(the_descriptor_is_readable_exactly_while_results_wait)
{
	struct pollfd fd;

	open_engine(NULL, 2, 0);
	ck_assert_int_eq(readable(), 0);
	ck_assert_int_eq(submit(ROWS, "a", 1), 0);
	fd = (struct pollfd){ agentrun_engine_fd(engine), POLLIN, 0 };
	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	ck_assert_int_eq(submit(ROWS, "b", 2), 0);
	while (agentrun_engine_in_flight(engine) < 2)
		sleep_ms(1);
	ck_assert_int_eq(readable(), 1);
	agentrun_result_free(poll_one(-1));
	agentrun_result_free(poll_one(-1));
	ck_assert_int_eq(readable(), 0);
	ck_assert_int_eq(submit(ROWS, "c", 3), 0);
	ck_assert_int_eq(poll(&fd, 1, 20000), 1);
	agentrun_result_free(poll_one(0));
	ck_assert_int_eq(readable(), 0);
}
END_TEST

START_TEST(a_wakeup_that_comes_first_is_not_lost)
{
	open_engine(NULL, 1, 0);
	agentrun_engine_wakeup(engine);
	agentrun_engine_wakeup(engine);
	ck_assert_int_eq(readable(), 1);
	ck_assert_ptr_null(poll_one(-1));
	ck_assert_int_eq(readable(), 0);
	ck_assert_int_eq(submit(ROWS, "a", 1), 0);
	expect_data(poll_one(-1), CHEAPEST);
	agentrun_engine_wakeup(engine);
	ck_assert_int_eq(submit(ROWS, "b", 2), 0);
	for (int i = 0; i < 1000 && !agentrun_engine_in_flight(engine); i++)
		sleep_ms(1);
	while (agentrun_engine_in_flight(engine)) {
		agentrun_result *result = poll_one(20000);

		if (result)
			expect_data(result, CHEAPEST);
	}
	ck_assert_int_eq(readable(), 0);
}
END_TEST

START_TEST(a_job_can_be_cancelled_by_its_tag_from_the_start)
{
	agentrun_error *err = NULL;

	open_waiting_engine(1, 0);
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(agentrun_engine_submit(engine, "{\"prompt\":\"show me the rows\"}",
			29, (uint64_t)i, NULL), 0);
		ck_assert_int_eq(agentrun_engine_cancel_tag(engine, (uint64_t)i, NULL), 0);
		expect_failed(poll_one(20000), AGENTRUN_ECANCELLED, "cancelled");
	}
	ck_assert_int_eq(agentrun_engine_cancel_tag(engine, 7, &err), AGENTRUN_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "tag 7"));
	agentrun_error_free(err);
}
END_TEST

/* Processor time of this thread for 1,000 calls that ask for a tag, among so many jobs. */
static int64_t time_of_tags(uint64_t jobs)
{
	agentrun_progress progress;
	struct timespec from, to;

	agentrun_progress_init(&progress, sizeof(progress));
	open_engine(NULL, 1, (uint32_t)jobs);
	for (uint64_t i = 0; i < jobs; i++) /* done at once, and in flight until they are polled */
		ck_assert_int_eq(agentrun_engine_submit(engine, "{}", 2, i, NULL), 0);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
	for (uint64_t i = 0; i < 500; i++) {
		ck_assert_int_eq(agentrun_engine_cancel_tag(engine, jobs + i, NULL),
			AGENTRUN_ENOTFOUND);
		ck_assert_int_eq(agentrun_engine_progress(engine, jobs - 1 - i % jobs, &progress,
			NULL), 0);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
	agentrun_engine_free(engine);
	engine = NULL;
	return (to.tv_sec - from.tv_sec) * 1000000000 + to.tv_nsec - from.tv_nsec;
}

START_TEST(a_tag_is_found_without_a_look_at_every_job)
{
	int64_t few = time_of_tags(10), many = time_of_tags(20000);

	ck_assert_msg(many < few * 30, "%lld ns among 10 jobs, %lld among 20000",
		(long long)few, (long long)many);
}
END_TEST

/* The last one first, also where the table grew meanwhile. */
START_TEST(tasks_of_a_tag_keep_their_order)
{
	agr_task *tasks = calloc(1000, sizeof(*tasks));
	const agr_task *task;
	agr_tags tags = { .n = 0 };
	size_t left = 500;

	ck_assert_ptr_nonnull(tasks);
	ck_assert_int_eq(agr_tags_init(&tags, NULL), 0);
	for (size_t i = 0; i < 1000; i++) {
		tasks[i].opts.tag = i % 2 ? i : 4;
		agr_tags_add(&tags, &tasks[i]);
	}
	for (task = agr_tags_first(&tags, 4); task; task = agr_tags_next(task))
		ck_assert_ptr_eq(task, &tasks[2 * --left]);
	ck_assert_uint_eq(left, 0);
	ck_assert_ptr_eq(agr_tags_first(&tags, 999), &tasks[999]);
	ck_assert_ptr_null(agr_tags_first(&tags, 1000));
	for (size_t i = 0; i < 1000; i += 3)
		agr_tags_remove(&tags, &tasks[i]);
	for (size_t i = 0; i < 1000; i++)
		if (i % 2)
			ck_assert_ptr_eq(agr_tags_first(&tags, i), i % 3 ? &tasks[i] : NULL);
	left = 0;
	for (task = agr_tags_first(&tags, 4); task; task = agr_tags_next(task))
		left++;
	ck_assert_uint_eq(left, 333);
	agr_tags_clear(&tags);
	free(tasks);
}
END_TEST

/* Tags may be shared; all of one are cancelled. */
START_TEST(jobs_of_one_tag_are_cancelled_together)
{
	agentrun_progress progress;
	int cancelled = 0;

	agentrun_progress_init(&progress, sizeof(progress));
	open_waiting_engine(2, 300);
	for (int i = 0; i < 300; i++) {
		char id[16];

		snprintf(id, sizeof(id), "j%d", i);
		ck_assert_int_eq(submit_waiting(id, i % 3 ? (uint64_t)i << 32 : 7), 0);
	}
	ck_assert_int_eq(agentrun_engine_progress(engine, 7, &progress, NULL), 0);
	ck_assert_int_eq(agentrun_engine_cancel_tag(engine, 7, NULL), 0);
	for (; cancelled < 100; cancelled++) {
		agentrun_result *result = poll_one(20000);

		ck_assert_ptr_nonnull(result);
		ck_assert_uint_eq(agentrun_result_tag(result), 7);
		expect_failed(result, AGENTRUN_ECANCELLED, "cancelled");
	}
	ck_assert_int_eq(agentrun_engine_cancel_tag(engine, 7, NULL), AGENTRUN_ENOTFOUND);
	ck_assert_uint_eq(agentrun_engine_in_flight(engine), 200);
	for (int i = 0; i < 300; i++)
		if (i % 3)
			ck_assert_int_eq(agentrun_engine_cancel_tag(engine, (uint64_t)i << 32,
				NULL), 0);
}
END_TEST

START_TEST(what_needs_a_context_refuses_to_go_without)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_result *result;

	ck_assert_int_eq(agentrun_engine_new(&engine, NULL, NULL, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_run(&result, NULL, "{}", 2, NULL, NULL), AGENTRUN_EINVAL);
	ck_assert_ptr_null(result);
	ck_assert_int_eq(agentrun_execute_pipeline(&out, NULL, "[]", 2, NULL, NULL),
		AGENTRUN_EINVAL);
}
END_TEST

START_TEST(more_than_max_jobs_are_refused_until_results_are_taken)
{
	agentrun_error *err = NULL;

	open_engine(NULL, 1, 2);
	ck_assert_int_eq(submit(ROWS, "a", 1), 0);
	ck_assert_int_eq(submit(ROWS, "b", 2), 0);
	ck_assert_int_eq(agentrun_engine_submit(engine, "{}", 2, 3, &err), AGENTRUN_ELIMIT);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "2 jobs are in flight"));
	agentrun_error_free(err);
	ck_assert_uint_eq(agentrun_engine_in_flight(engine), 2);
	expect_data(poll_one(-1), CHEAPEST);
	ck_assert_int_eq(submit(ROWS, "c", 3), 0);
	expect_data(poll_one(-1), CHEAPEST);
	expect_data(poll_one(-1), CHEAPEST);
}
END_TEST

START_TEST(a_job_that_waits_for_the_network_can_be_cancelled)
{
	int64_t started = now_ms();

	open_waiting_engine(1, 0);
	ck_assert_int_eq(submit_waiting("one", 1), 0);
	ck_assert_int_eq(submit_waiting("two", 2), 0);
	ck_assert_ptr_null(poll_one(300));
	ck_assert_int_eq(agentrun_engine_cancel(engine, "three", NULL), AGENTRUN_ENOTFOUND);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "two", NULL), 0);
	expect_failed(poll_one(10000), AGENTRUN_ECANCELLED, "cancelled");
	ck_assert_ptr_null(poll_one(50));
	ck_assert_int_eq(agentrun_engine_cancel(engine, "two", NULL), AGENTRUN_ENOTFOUND);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "one", NULL), 0);
	expect_failed(poll_one(10000), AGENTRUN_ECANCELLED, "cancelled");
	ck_assert_int_lt(now_ms() - started, 15000);
}
END_TEST

START_TEST(a_job_that_no_thread_has_come_to_can_be_cancelled)
{
	static char rows[600000] = "{\"job_id\":\"busy\",\"prompt\":\"sort by a\","
		"\"context\":{\"data\":[{\"a\":0}";
	size_t at = strlen(rows);
	agentrun_result *result;

	for (int i = 1; i < 50000; i++)
		at += (size_t)sprintf(rows + at, ",{\"a\":%d}", i * 7919 % 101);
	at += (size_t)sprintf(rows + at, "]}}");
	open_engine(NULL, 1, 0);
	ck_assert_int_eq(agentrun_engine_submit(engine, rows, at, 1, NULL), 0);
	ck_assert_int_eq(submit(ROWS, "behind", 2), 0);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "behin", NULL), AGENTRUN_ENOTFOUND);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "behind", NULL), 0);
	result = poll_one(20000);
	ck_assert_str_eq(agentrun_result_job_id(result), "busy");
	agentrun_result_free(result);
	result = poll_one(20000);
	ck_assert_str_eq(agentrun_result_job_id(result), "behind");
	expect_failed(result, AGENTRUN_ECANCELLED, "cancelled");
}
END_TEST

/* Whatever the job is doing when it is cancelled, its result comes soon. */
START_TEST(cancelling_at_any_moment_ends_the_job)
{
	char id[16];

	open_waiting_engine(2, 0);
	for (int i = 0; i < 300; i++) {
		agentrun_result *result = NULL;

		snprintf(id, sizeof(id), "job-%d", i);
		ck_assert_int_eq(submit_waiting(id, 0), 0);
		for (volatile int spin = 0; spin < i % 100 * 1000; spin++)
			;
		while (agentrun_engine_cancel(engine, id, NULL) < 0 && !result)
			result = poll_one(0);
		expect_failed(result ? result : poll_one(20000), AGENTRUN_ECANCELLED,
			"cancelled");
	}
}
END_TEST

START_TEST(a_deadline_ends_a_job_that_waits)
{
	int64_t started = now_ms();
	agentrun_result *result;

	open_waiting_engine(1, 0);
	ck_assert_int_eq(submit("{\"prompt\":\"show me the rows\",\"job_id\":\"%s\","
		"\"timeout_sec\":0.3}", "x", 1), 0);
	result = poll_one(20000);
	ck_assert_ptr_nonnull(result);
	ck_assert_int_eq(agentrun_error_is_retryable(agentrun_result_error(result)), 1);
	expect_failed(result, AGENTRUN_ETIMEDOUT, "in time");
	ck_assert_int_ge(now_ms() - started, 290);
	ck_assert_int_lt(now_ms() - started, 10000);
}
END_TEST

static void *poll_for_ever(void *user)
{
	agentrun_result *result = NULL;

	*(int *)user = agentrun_engine_poll(engine, &result, 1, -1);
	return NULL;
}

START_TEST(a_wakeup_makes_every_blocked_poll_return)
{
	pthread_t threads[3];
	int taken[3] = { -1, -1, -1 };

	open_engine(NULL, 1, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, poll_for_ever, &taken[i]);
	sleep_ms(200);
	agentrun_engine_wakeup(engine);
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(taken[i], 0);
	}
}
END_TEST

START_TEST(a_poll_waits_no_longer_than_it_was_told)
{
	int64_t started = now_ms();

	open_engine(NULL, 1, 0);
	ck_assert_ptr_null(poll_one(150));
	ck_assert_int_ge(now_ms() - started, 149);
	ck_assert_ptr_null(poll_one(0));
	ck_assert_int_eq(agentrun_engine_poll(engine, NULL, 0, 0), 0);
}
END_TEST

struct producer {
	int first, n;
};

static void *produce(void *user)
{
	const struct producer *p = user;
	char id[16];

	for (int i = 0; i < p->n; i++) {
		snprintf(id, sizeof(id), "p%d", p->first + i);
		while (submit(ROWS, id, (uint64_t)(p->first + i)) < 0)
			sleep_ms(1);
	}
	return NULL;
}

static void *consume(void *user)
{
	int *left = user;

	while (__atomic_load_n(left, __ATOMIC_SEQ_CST) > 0) {
		agentrun_result *results[3];
		int n = agentrun_engine_poll(engine, results, 3, 20);

		for (int i = 0; i < n; i++)
			agentrun_result_free(results[i]);
		__atomic_fetch_sub(left, n, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

START_TEST(many_threads_submit_and_poll)
{
	struct producer producers[4] = { { 0, 50 }, { 50, 50 }, { 100, 50 }, { 150, 50 } };
	pthread_t in[4], out[3];
	int left = 200;

	open_engine(NULL, 3, 16);
	for (int i = 0; i < 3; i++)
		pthread_create(&out[i], NULL, consume, &left);
	for (int i = 0; i < 4; i++)
		pthread_create(&in[i], NULL, produce, &producers[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(in[i], NULL);
	for (int i = 0; i < 3; i++)
		pthread_join(out[i], NULL);
	ck_assert_int_eq(left, 0);
	ck_assert_uint_eq(agentrun_engine_in_flight(engine), 0);
}
END_TEST

START_TEST(an_engine_can_be_freed_with_jobs_in_flight)
{
	int64_t started = now_ms();

	open_waiting_engine(2, 64);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(submit_waiting("x", 0), 0);
	sleep_ms(100);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(submit_waiting("y", 0), 0);
	agentrun_engine_free(engine);
	engine = NULL;
	ck_assert_int_lt(now_ms() - started, 20000);
	planner.answer = "{}";
	open_engine(NULL, 2, 64);
	for (int i = 0; i < 40; i++)
		ck_assert_int_eq(submit(ROWS, "z", 0), 0);
	agentrun_engine_free(engine);
	engine = NULL;
	agentrun_engine_free(NULL);
}
END_TEST

static void *run_some(void *user)
{
	char job[300];

	(void)user;
	snprintf(job, sizeof(job), ROWS, "same");
	for (int i = 0; i < 10; i++) {
		agentrun_result *result = NULL;

		ck_assert_int_eq(agentrun_run(&result, ctx, job, strlen(job), NULL, NULL), 0);
		expect_data(result, CHEAPEST);
	}
	return NULL;
}

START_TEST(one_context_serves_many_threads)
{
	pthread_t threads[6];

	for (int i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, run_some, NULL);
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(a_job_reads_what_an_earlier_one_stored)
{
	agentrun_engine_options opts;
	agentrun_result *result;
	agentrun_store *store;
	agentrun_record *record;
	char job[400];

	ck_assert_int_eq(agentrun_memory_store_new(&store, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	snprintf(job, sizeof(job), ROWS, "first");
	ck_assert_int_eq(agentrun_run(&result, ctx, job, strlen(job), &opts, NULL), 0);
	expect_data(result, CHEAPEST);
	ck_assert_int_eq(agentrun_store_find_job(&record, store, "first", NULL), 0);
	snprintf(job, sizeof(job), "{\"prompt\":\"show me the 1 cheapest\",\"context\":"
		"{\"previous_results\":[{\"result_ref\":\"artifact://%s\",\"preview\":"
		"{\"sample\":[{\"id\":2,\"price\":10}]}}]}}",
		agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
	agentrun_record_free(record);
	ck_assert_int_eq(agentrun_run(&result, ctx, job, strlen(job), &opts, NULL), 0);
	expect_data(result, "[{\"id\":2,\"price\":10}]");
	agentrun_store_free(store);
}
END_TEST

START_TEST(a_store_that_the_configuration_names_is_not_replaced_by_memory)
{
	agentrun_ctx_options with;
	agentrun_engine_options opts;
	agentrun_config *config;
	agentrun_engine *mine;
	agentrun_error *err = NULL;
	agentrun_store *store;
	agentrun_ctx *other;

	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "storage.backend", "sqlite", NULL), 0);
	agentrun_ctx_options_init(&with, sizeof(with));
	with.config = config;
	ck_assert_int_eq(agentrun_ctx_new(&other, &with, NULL), 0);
	ck_assert_int_eq(agentrun_engine_new(&mine, other, NULL, &err), AGENTRUN_ECONFIG);
	ck_assert_ptr_null(mine);
	ck_assert_str_eq(agentrun_error_message(err), "storage.backend is sqlite: open that "
		"store and set it in agentrun_engine_options.store");
	agentrun_error_free(err);
	ck_assert_int_eq(agentrun_memory_store_new(&store, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	ck_assert_int_eq(agentrun_engine_new(&mine, other, &opts, NULL), 0);
	agentrun_engine_free(mine);
	agentrun_store_free(store);
	agentrun_ctx_free(other);
	agentrun_config_free(config);
}
END_TEST

START_TEST(options_of_another_size_are_read_or_refused)
{
	struct {
		agentrun_engine_options known;
		size_t unknown;
	} newer;
	size_t old = offsetof(agentrun_engine_options, max_jobs);
	agentrun_engine_options *older = malloc(sizeof(*older));
	agentrun_error *err = NULL;

	agentrun_engine_options_init(older, old);
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, older, NULL), 0);
	free(older);
	agentrun_engine_free(engine);
	agentrun_engine_options_init(&newer.known, sizeof(newer));
	newer.unknown = 1;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &newer.known, &err), AGENTRUN_EINVAL);
	ck_assert_ptr_null(engine);
	agentrun_error_free(err);
}
END_TEST

/* ---- a store that is slow ------------------------------------------------------ */

#define WIDE 300000 /* bytes of a record's data */
#define WIDE_JOBS 12

static struct slow_store {
	atomic_int open;       /* puts return */
	atomic_int waits;      /* one does not */
	size_t puts, records, most;
} slow;

static size_t bytes_of(const agentrun_record *record)
{
	size_t len = 0;

	(void)agentrun_record_get(record, AGENTRUN_RECORD_RESULT_DATA, &len);
	return len;
}

static int slow_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	size_t bytes = 0;
	int r = 0;

	(void)self, (void)err;
	atomic_store(&slow.waits, 1);
	while (!atomic_load(&slow.open))
		poll(NULL, 0, 1);
	for (size_t i = 0; r == 0 && i < n; i++) {
		const char *id = agentrun_record_get(records[i], AGENTRUN_RECORD_RESULT_ID, NULL);

		bytes += bytes_of(records[i]);
		r = agentrun_buf_set(&result_ids[i], id, strlen(id));
	}
	slow.puts++;
	slow.records += n;
	slow.most = bytes > slow.most ? bytes : slow.most;
	return r;
}

static int slow_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	(void)self, (void)into, (void)field;
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "there is no %s", key);
}

static int slow_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	(void)self, (void)into, (void)query, (void)err;
	return 0;
}

static int slow_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	(void)self, (void)hex, (void)data, (void)len;
	return agentrun_error_raise(err, AGENTRUN_ESTORAGE, "no blobs");
}

static int slow_get_blob(void *self, agentrun_buf *to, const char *hex, agentrun_error **err)
{
	(void)self, (void)to, (void)hex;
	return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blobs");
}

static void slow_destroy(void *self)
{
	(void)self;
}

static char *wide_job(int i)
{
	char *job = malloc(WIDE + 200);
	int n = snprintf(job, 200, "{\"prompt\":\"show me the 2 cheapest\",\"job_id\":\"w%d\","
		"\"context\":{\"data\":[{\"price\":1,\"text\":\"", i);

	memset(job + n, 'x', WIDE);
	snprintf(job + n + WIDE, 200 - (size_t)n, "\"}]}}");
	return job;
}

/* What piles up behind a slow store is put in pieces of about a MiB: a store does nothing else
 * meanwhile. */
START_TEST(many_large_records_are_not_put_at_once)
{
	static const agentrun_store_impl impl = { .version = AGENTRUN_STORE_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "slow", .put = slow_put, .get = slow_get,
		.list = slow_list, .put_blob = slow_put_blob, .get_blob = slow_get_blob,
		.destroy = slow_destroy };
	agentrun_engine_options opts;
	agentrun_store *store;

	memset(&slow, 0, sizeof(slow));
	ck_assert_int_eq(agentrun_store_new(&store, &impl, &slow, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "builtin";
	opts.threads = 2;
	opts.max_jobs = 64;
	opts.store = store;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	for (int i = 0; i < WIDE_JOBS; i++) {
		char *job = wide_job(i);

		ck_assert_int_eq(agentrun_engine_submit(engine, job, strlen(job), 1, NULL), 0);
		free(job);
	}
	while (!atomic_load(&slow.waits))
		poll(NULL, 0, 1);
	poll(NULL, 0, 300); /* the others come to the store */
	atomic_store(&slow.open, 1);
	for (int i = 0; i < WIDE_JOBS; i++) {
		agentrun_result *result = poll_one(10000);

		ck_assert_ptr_nonnull(result);
		ck_assert_ptr_null(agentrun_result_error(result));
		agentrun_result_free(result);
	}
	agentrun_engine_free(engine);
	engine = NULL;
	agentrun_store_free(store);
	ck_assert_uint_eq(slow.records, WIDE_JOBS);
	ck_assert_uint_lt(slow.puts, WIDE_JOBS);
	ck_assert_uint_le(slow.most, 1024 * 1024 + WIDE + 1000);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_job_comes_back_with_its_tag_and_id,
		what_is_wrong_in_a_job_comes_out_of_poll,
		two_hundred_jobs_at_once_come_back_once_each,
		two_hundred_jobs_share_the_network,
		the_descriptor_is_readable_exactly_while_results_wait,
		a_wakeup_that_comes_first_is_not_lost,
		a_job_can_be_cancelled_by_its_tag_from_the_start,
		a_tag_is_found_without_a_look_at_every_job,
		tasks_of_a_tag_keep_their_order,
		jobs_of_one_tag_are_cancelled_together,
		what_needs_a_context_refuses_to_go_without,
		more_than_max_jobs_are_refused_until_results_are_taken,
		a_job_that_waits_for_the_network_can_be_cancelled,
		a_job_that_no_thread_has_come_to_can_be_cancelled,
		cancelling_at_any_moment_ends_the_job,
		a_deadline_ends_a_job_that_waits,
		a_wakeup_makes_every_blocked_poll_return,
		a_poll_waits_no_longer_than_it_was_told,
		many_threads_submit_and_poll,
		an_engine_can_be_freed_with_jobs_in_flight,
		one_context_serves_many_threads,
		a_job_reads_what_an_earlier_one_stored,
		a_store_that_the_configuration_names_is_not_replaced_by_memory,
		many_large_records_are_not_put_at_once,
		options_of_another_size_are_read_or_refused,
		NULL,
	};

	return unit_main(unit_suite_with("engine", tests, setup, teardown));
}
