/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "jobs.h"

#include <stdatomic.h>

#include <agentrun/memory.h>
#include <agentrun/sys/queue.h>
#include <agentrun/sys/tool.h>
#include <agentrun/worker.h>

#include "worker/worker.h"

#define JOB "{\"version\":\"1.0\",\"job_id\":\"%s\",\"run_id\":\"r\",\"node_id\":\"n\"," \
	"\"prompt\":\"show me the 2 cheapest\",\"context\":{\"data\":[{\"id\":1,\"price\":30}," \
	"{\"id\":2,\"price\":10},{\"id\":3,\"price\":20}]}}"
#define WAIT_MS 20000 /* for what must come; a busy machine is no failure */

static struct test_planner planner;
static struct loopback silent;
static agentrun_ctx *ctx;
static agentrun_queue *queue;
static agentrun_store *store;
static agentrun_worker *worker;
static pthread_t thread;
static int ended; /* what agentrun_worker_run() returned */

static void setup(void)
{
	agentrun_memory_queue_options opts;

	planner = (struct test_planner){ .answer = "{}" };
	ctx = jobs_ctx(&planner);
	agentrun_memory_queue_options_init(&opts, sizeof(opts));
	opts.lease_ms = 600;
	ck_assert_int_eq(agentrun_memory_queue_new(&queue, &opts, NULL), 0);
	ck_assert_int_eq(agentrun_memory_store_new(&store, NULL, NULL), 0);
	worker = NULL;
}

static void teardown(void)
{
	agentrun_worker_free(worker);
	agentrun_queue_free(queue);
	agentrun_store_free(store);
	agentrun_ctx_free(ctx);
}

static void *run(void *user)
{
	(void)user;
	ended = agentrun_worker_run(worker, NULL);
	return NULL;
}

static void start(const char *planner_name, uint32_t concurrency, int64_t drain_ms)
{
	agentrun_worker_options opts;

	agentrun_worker_options_init(&opts, sizeof(opts));
	opts.store = store;
	opts.planner = planner_name;
	opts.concurrency = concurrency;
	opts.drain_timeout_ms = drain_ms;
	ck_assert_int_eq(agentrun_worker_new(&worker, ctx, queue, &opts, NULL), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, run, NULL), 0);
}

static void stop(int now)
{
	agentrun_worker_stop(worker, now);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

static void enqueue(const char *id, const char *payload)
{
	agentrun_jobs *jobs;
	agentrun_job *job;

	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(agentrun_job_new(&job, id, payload, strlen(payload), NULL), 0);
	ck_assert_int_eq(agentrun_jobs_add(jobs, job), 0);
	ck_assert_int_eq(agentrun_queue_enqueue(queue, jobs, NULL), 0);
	agentrun_jobs_free(jobs);
}

static void enqueue_job(const char *id)
{
	char payload[400];

	snprintf(payload, sizeof(payload), JOB, id);
	enqueue(id, payload);
}

/* The job's result holds this text. */
static void result_says(const char *id, const char *part)
{
	agentrun_buf result = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(agentrun_queue_result(&result, queue, id, WAIT_MS, NULL), 0);
	ck_assert_msg(strstr(result.data, part), "%s lacks %s", result.data, part);
	agentrun_buf_dispose(&result);
}

static agentrun_queue_stats queue_stats(void)
{
	agentrun_queue_stats stats = { .struct_size = sizeof(stats) };

	ck_assert_int_eq(agentrun_queue_stats_read(&stats, queue, NULL), 0);
	return stats;
}

static agentrun_worker_stats worker_stats(void)
{
	agentrun_worker_stats stats = { .struct_size = sizeof(stats) };

	ck_assert_int_eq(agentrun_worker_stats_read(&stats, worker, NULL), 0);
	return stats;
}

static void dead_say(const char *part)
{
	agentrun_buf dead = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(agentrun_queue_dead_list(&dead, queue, NULL, NULL), 0);
	ck_assert_msg(strstr(dead.data, part), "%s lacks %s", dead.data, part);
	agentrun_buf_dispose(&dead);
}

/* Until so many jobs are in hand. */
static void await_in_hand(uint64_t n)
{
	for (int ms = 0; worker_stats().in_hand != n && ms < WAIT_MS; ms += 5)
		usleep(5000);
	ck_assert_uint_eq(worker_stats().in_hand, n);
}

START_TEST(jobs_are_done_and_their_results_published)
{
	char id[32];

	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		enqueue_job(id);
	}
	start("builtin", 4, -1);
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		result_says(id, "\"status\":\"completed\"");
		result_says(id, "\"row_count\":2");
	}
	stop(0);
	ck_assert_int_eq(ended, 0);
	ck_assert_uint_eq(worker_stats().completed, 50);
	ck_assert_uint_eq(worker_stats().in_hand, 0);
	ck_assert_uint_eq(queue_stats().waiting + queue_stats().leased + queue_stats().dead, 0);
}
END_TEST

START_TEST(what_is_no_job_is_a_dead_letter_and_blocks_nothing)
{
	enqueue("", "not JSON");
	enqueue("half", "{\"job_id\":\"half\",\"run_id\":7}");
	enqueue("new", "{\"version\":\"2.0\",\"job_id\":\"new\",\"run_id\":\"r\",\"node_id\":\"n\","
		"\"prompt\":\"count the rows\"}");
	enqueue_job("good");
	start("builtin", 1, -1);
	result_says("good", "\"status\":\"completed\"");
	result_says("half", "\"type\":\"invalid_job\"");
	result_says("half", "run_id must be text");
	result_says("half", "node_id is missing");
	result_says("half", "prompt is missing");
	result_says("new", "\"retryable\":false");
	stop(0);
	ck_assert_uint_eq(queue_stats().dead, 3);
	dead_say("not valid JSON");
	ck_assert_uint_eq(worker_stats().rejected, 3);
}
END_TEST

START_TEST(a_failure_that_may_pass_is_tried_again_then_given_up)
{
	planner.code = AGENTRUN_ENETWORK;
	enqueue_job("again");
	start("test", 2, -1);
	result_says("again", "the planner's own reason");
	stop(0);
	ck_assert_uint_eq(worker_stats().retried, 2); /* queue.max_retries in jobs.h */
	ck_assert_uint_eq(queue_stats().dead, 1);
	dead_say("given up after 2 retries: ");
}
END_TEST

START_TEST(a_failure_for_good_is_the_answer)
{
	planner.code = AGENTRUN_EPLAN;
	enqueue_job("wrong");
	start("test", 2, -1);
	result_says("wrong", "\"type\":\"invalid_plan\"");
	stop(0);
	ck_assert_uint_eq(worker_stats().failed, 1);
	ck_assert_uint_eq(queue_stats().dead, 0);
}
END_TEST

static void start_waiting(int64_t drain_ms)
{
	loopback_start(&silent, 0);
	planner.answer = silent.plan;
	enqueue_job("waits");
	enqueue_job("waits too");
	start("test", 2, drain_ms);
	await_in_hand(2);
}

START_TEST(what_does_not_end_in_time_goes_back)
{
	start_waiting(50);
	stop(0);
	ck_assert_int_eq(ended, 0);
	ck_assert_uint_eq(worker_stats().given_back, 2);
	ck_assert_uint_eq(queue_stats().waiting, 2);
	loopback_stop(&silent);
}
END_TEST

START_TEST(a_stop_now_waits_for_nothing)
{
	start_waiting(WAIT_MS);
	stop(1);
	ck_assert_uint_eq(worker_stats().given_back, 2);
	ck_assert_uint_eq(queue_stats().waiting, 2);
	loopback_stop(&silent);
}
END_TEST

START_TEST(leases_of_what_runs_are_renewed)
{
	start_waiting(0);
	usleep(1500000); /* leases are 600 ms long */
	ck_assert_uint_eq(queue_stats().leased, 2);
	ck_assert_uint_eq(worker_stats().redelivered, 0);
	stop(0);
	ck_assert_uint_eq(worker_stats().lost, 0);
	loopback_stop(&silent);
}
END_TEST

/* A backend that hands out one job, and does not say how long its lease is. */
struct endless {
	int handed_out;
	atomic_int renewed;
};

static int endless_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	(void)self;
	(void)jobs;
	(void)err;
	return 0;
}

static int endless_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	struct endless *q = self;
	agentrun_job *job;
	char payload[400];

	(void)max;
	(void)lease_ms;
	(void)timeout_ms;
	if (q->handed_out++) {
		usleep(10000);
		return 0;
	}
	snprintf(payload, sizeof(payload), JOB, "j");
	ck_assert_int_eq(agentrun_job_new(&job, "j", payload, strlen(payload), err), 0);
	return agentrun_jobs_add(into, job);
}

static int endless_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	(void)self;
	(void)err;
	for (size_t i = 0; i < agentrun_jobs_count(jobs); i++)
		agentrun_job_set_settled(agentrun_jobs_at(jobs, i));
	return 0;
}

static int endless_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms, agentrun_error **err)
{
	(void)jobs;
	(void)lease_ms;
	(void)err;
	atomic_fetch_add(&((struct endless *)self)->renewed, 1);
	return 0;
}

static void endless_destroy(void *self)
{
	(void)self;
}

START_TEST(a_lease_of_no_length_is_not_renewed_all_the_time)
{
	static struct endless endless;
	const agentrun_queue_impl impl = { .version = AGENTRUN_QUEUE_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "endless", .enqueue = endless_enqueue,
		.acquire = endless_acquire, .settle = endless_settle, .renew = endless_renew,
		.destroy = endless_destroy };

	agentrun_queue_free(queue);
	ck_assert_int_eq(agentrun_queue_new(&queue, &impl, &endless, NULL), 0);
	loopback_start(&silent, 0);
	planner.answer = silent.plan;
	start("test", 2, 0);
	await_in_hand(1);
	usleep(500000);
	ck_assert_int_le(atomic_load(&endless.renewed), 3);
	stop(0);
	loopback_stop(&silent);
}
END_TEST

START_TEST(a_job_is_cancelled_while_it_runs_and_while_it_waits)
{
	start_waiting(0);
	enqueue_job("behind");
	ck_assert_int_eq(agentrun_queue_cancel(queue, "behind", NULL), 0);
	ck_assert_int_eq(agentrun_queue_cancel(queue, "waits", NULL), 0);
	result_says("waits", "\"type\":\"cancelled\"");
	result_says("behind", "\"type\":\"cancelled\"");
	stop(0);
	ck_assert_uint_eq(worker_stats().given_back, 1);
	loopback_stop(&silent);
}
END_TEST

START_TEST(no_more_is_taken_than_can_be_started)
{
	start_waiting(0);
	for (int i = 0; i < 5; i++)
		enqueue_job("more");
	usleep(300000);
	ck_assert_uint_eq(worker_stats().in_hand, 2);
	ck_assert_uint_eq(queue_stats().waiting, 5);
	stop(0);
	loopback_stop(&silent);
}
END_TEST

START_TEST(a_quiet_worker_takes_nothing_until_it_is_told)
{
	start("builtin", 2, -1);
	agentrun_worker_quiet(worker, 1);
	ck_assert_int_eq(worker_stats().quiet, 1);
	usleep(1200000); /* an acquire that was under way has ended */
	enqueue_job("later");
	usleep(300000);
	ck_assert_uint_eq(queue_stats().waiting, 1);
	agentrun_worker_quiet(worker, 0);
	result_says("later", "\"status\":\"completed\"");
	stop(0);
}
END_TEST

START_TEST(being_quiet_now_and_then_ends_nothing)
{
	char id[32];

	start("builtin", 16, -1);
	for (int i = 0; i < 600; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		enqueue_job(id);
		agentrun_worker_quiet(worker, i % 2);
		usleep(300);
	}
	agentrun_worker_quiet(worker, 0);
	ck_assert_int_eq(agentrun_worker_check(worker, NULL), 0);
	for (int i = 0; i < 600; i++) {
		snprintf(id, sizeof(id), "job-%d", i);
		result_says(id, "\"status\":\"completed\"");
	}
	stop(0);
}
END_TEST

/* A consumer that did the job and died before it could say so. */
START_TEST(a_job_that_was_done_before_is_not_done_again)
{
	char payload[400];
	agentrun_result *first;
	agentrun_engine_options opts;
	agentrun_jobs *jobs;

	snprintf(payload, sizeof(payload), JOB, "twice");
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	ck_assert_int_eq(agentrun_run(&first, ctx, payload, strlen(payload), &opts, NULL), 0);
	enqueue("twice", payload);
	ck_assert_int_eq(agentrun_jobs_new(&jobs, NULL), 0);
	ck_assert_int_eq(agentrun_queue_acquire(queue, jobs, 1, 1, WAIT_MS, NULL), 0);
	agentrun_jobs_free(jobs);

	planner.code = AGENTRUN_EPLAN; /* who asks it fails */
	start("test", 1, -1);
	result_says("twice", "\"status\":\"completed\"");
	result_says("twice", "\"row_count\":2");
	result_says("twice", "\"name\":\"execute_pipeline\"");
	stop(0);
	ck_assert_uint_eq(worker_stats().redelivered, 1);
	agentrun_result_free(first);
}
END_TEST

/* A tool that counts its calls, then a request that nobody answers. */
#define TOOL_PLAN "{\"tool_calls\":[{\"id\":\"a\",\"function\":{\"name\":\"count_up\"," \
	"\"arguments\":\"{}\"}},{\"id\":\"b\",\"function\":{\"name\":\"execute_pipeline\"," \
	"\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"http_request\\\"," \
	"\\\"url\\\":\\\"http://127.0.0.1:1/\\\"}]}\"}}]}"

static int count_up(void *self, agentrun_buf *result, const agentrun_tool_call *call,
	agentrun_error **err)
{
	(void)call;
	(void)err;
	++*(int *)self;
	return agentrun_buf_set(result, "[{\"n\":1}]", 9);
}

static int start_count_up(void *self, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err)
{
	(void)call;
	(void)err;
	++*(int *)self;
	agentrun_tool_finish(pending, "[{\"n\":1}]", 9, NULL);
	return 0;
}

static void add_tool_that(uint32_t flags, bool waits, int *calls)
{
	agentrun_tool_impl tool = { .version = AGENTRUN_TOOL_IMPL_VERSION,
		.struct_size = sizeof(tool), .name = "count_up", .description = "counts",
		.lane = AGENTRUN_LANE_UNCLEAR, .call = count_up, .flags = flags,
		.start = waits ? start_count_up : NULL };

	ck_assert_int_eq(agentrun_ctx_add_tool(ctx, &tool, calls, NULL), 0);
	planner.answer = TOOL_PLAN;
	enqueue_job("tool");
	start("test", 1, -1);
	result_says("tool", "\"status\":\"failed\"");
	stop(0);
	ck_assert_uint_eq(worker_stats().retried, 2);
}

START_TEST(a_tool_that_was_called_is_not_called_again_by_a_retry)
{
	int calls = 0;

	add_tool_that(0, false, &calls);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_tool_that_waited_is_not_called_again_by_a_retry)
{
	int calls = 0;

	add_tool_that(0, true, &calls);
	ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(a_pure_tool_is_called_again)
{
	int calls = 0;

	add_tool_that(AGENTRUN_TOOL_PURE, false, &calls);
	ck_assert_int_eq(calls, 3);
}
END_TEST

START_TEST(metrics_count_what_was_done)
{
	agentrun_buf text = AGENTRUN_BUF_INIT;

	enqueue_job("one");
	start("builtin", 1, -1);
	result_says("one", "completed");
	stop(0);
	ck_assert_int_eq(agentrun_worker_metrics(&text, worker, NULL), 0);
	ck_assert_ptr_nonnull(strstr(text.data,
		"agentrun_jobs_total{lane=\"execute\",outcome=\"completed\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "agentrun_job_duration_seconds_count 1\n"));
	ck_assert_ptr_nonnull(strstr(text.data, "agentrun_worker_up 0\n"));
	ck_assert_int_eq(agentrun_worker_check(worker, NULL), 0);
	agentrun_buf_dispose(&text);
}
END_TEST

START_TEST(a_retry_waits_longer_each_time_up_to_a_limit)
{
	const agr_retry_policy policy = { .base_ms = 1000, .max_ms = 60000 };

	for (uint64_t random = 0; random < 5000; random += 7) {
		int64_t first = agr_retry_delay(&policy, 0, random);
		int64_t third = agr_retry_delay(&policy, 2, random);
		int64_t last = agr_retry_delay(&policy, UINT32_MAX, random);

		ck_assert(first >= 500 && first <= 1000);
		ck_assert(third >= 2000 && third <= 4000);
		ck_assert(last >= 30000 && last <= 60000);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		jobs_are_done_and_their_results_published,
		what_is_no_job_is_a_dead_letter_and_blocks_nothing,
		a_failure_that_may_pass_is_tried_again_then_given_up,
		a_failure_for_good_is_the_answer,
		what_does_not_end_in_time_goes_back,
		a_stop_now_waits_for_nothing,
		leases_of_what_runs_are_renewed,
		a_lease_of_no_length_is_not_renewed_all_the_time,
		a_job_is_cancelled_while_it_runs_and_while_it_waits,
		no_more_is_taken_than_can_be_started,
		a_quiet_worker_takes_nothing_until_it_is_told,
		being_quiet_now_and_then_ends_nothing,
		a_job_that_was_done_before_is_not_done_again,
		a_tool_that_was_called_is_not_called_again_by_a_retry,
		a_tool_that_waited_is_not_called_again_by_a_retry,
		a_pure_tool_is_called_again,
		metrics_count_what_was_done,
		a_retry_waits_longer_each_time_up_to_a_limit,
		NULL,
	};

	return unit_main(unit_suite_with("worker", tests, setup, teardown));
}
