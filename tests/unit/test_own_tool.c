/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Tools whose result comes later: many calls wait at once and hold no thread, and may end
 * at any moment, whoever is done with them first.
 */
#include "unit.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <agentrun/engine.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/tool.h>

#define JOBS 100

static agentrun_ctx *ctx;
static agentrun_engine *engine;

/* What was started and is not finished, and what the tool is to do. */
static struct {
	pthread_mutex_t lock;
	agentrun_tool_pending *pending[JOBS];
	size_t n, cancelled;
	bool at_once, refuse, finish_in_cancel;
	char arguments[32], job_id[16];
} tool;

static int plan_wait(void *self, agentrun_buf *answer, const char *text, size_t len,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	static const char plan[] = "{\"tool_calls\":[{\"function\":{\"name\":\"wait\","
		"\"arguments\":\"{\\\"for\\\":1}\"}}]}";

	(void)self, (void)text, (void)len, (void)opts, (void)err;
	return agentrun_buf_set(answer, plan, sizeof(plan) - 1);
}

static int wait_start(void *self, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err)
{
	(void)self;
	if (tool.refuse)
		return agentrun_error_raise(err, AGENTRUN_EPIPELINE, "not today");
	if (tool.at_once) {
		agentrun_tool_finish(pending, "[1]", 3, NULL);
		return 0;
	}
	pthread_mutex_lock(&tool.lock);
	snprintf(tool.arguments, sizeof(tool.arguments), "%s", call->arguments);
	snprintf(tool.job_id, sizeof(tool.job_id), "%s", call->job_id);
	tool.pending[tool.n++] = pending;
	pthread_mutex_unlock(&tool.lock);
	return 0;
}

static void wait_cancel(void *self, const agentrun_tool_pending *pending)
{
	agentrun_tool_pending *found = NULL;

	(void)self;
	pthread_mutex_lock(&tool.lock);
	tool.cancelled++;
	for (size_t i = 0; tool.finish_in_cancel && i < tool.n; i++)
		if (tool.pending[i] == pending) {
			found = tool.pending[i];
			tool.pending[i] = tool.pending[--tool.n];
			break;
		}
	pthread_mutex_unlock(&tool.lock);
	if (found)
		agentrun_tool_finish(found, NULL, 0,
			agentrun_error_new(AGENTRUN_ECANCELLED, "so be it"));
}

static void setup(void)
{
	const agentrun_planner_impl planner = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(planner), .name = "waiter", .plan = plan_wait };
	const agentrun_tool_impl impl = { .version = AGENTRUN_TOOL_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "wait", .description = "waits",
		.start = wait_start, .cancel = wait_cancel };
	agentrun_engine_options opts;

	memset(&tool, 0, sizeof(tool));
	pthread_mutex_init(&tool.lock, NULL);
	ck_assert_int_eq(agentrun_ctx_new(&ctx, NULL, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &planner, NULL, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_add_tool(ctx, &impl, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "waiter";
	opts.threads = 1;
	opts.max_jobs = JOBS;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
}

static void teardown(void)
{
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	pthread_mutex_destroy(&tool.lock);
}

static void submit(uint64_t tag, const char *more)
{
	char job[100];
	int n = snprintf(job, sizeof(job), "{\"job_id\":\"j%d\",\"prompt\":\"wait\"%s}", (int)tag,
		more);

	ck_assert_int_eq(agentrun_engine_submit(engine, job, (size_t)n, tag, NULL), 0);
}

static size_t started(void)
{
	size_t n;

	pthread_mutex_lock(&tool.lock);
	n = tool.n;
	pthread_mutex_unlock(&tool.lock);
	return n;
}

static void wait_started(size_t n)
{
	for (int i = 0; i < 5000 && started() < n; i++)
		usleep(1000);
	ck_assert_uint_eq(started(), n);
}

static agentrun_result *take(void)
{
	agentrun_result *result = NULL;

	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 10000), 1);
	return result;
}

static void failed_with(agentrun_result *result, int code)
{
	ck_assert_ptr_nonnull(agentrun_result_error(result));
	ck_assert_int_eq(agentrun_error_code(agentrun_result_error(result)), code);
	agentrun_result_free(result);
}

static void data_is(agentrun_result *result, const char *want)
{
	ck_assert_msg(!agentrun_result_error(result), "%s",
		agentrun_error_message(agentrun_result_error(result)));
	ck_assert_str_eq(agentrun_result_data(result, NULL), want);
	agentrun_result_free(result);
}

static void *finish_all(void *user)
{
	(void)user;
	for (size_t i = 0; i < JOBS; i++)
		agentrun_tool_finish(tool.pending[i], "{\"waited\":true}", 15, NULL);
	return NULL;
}

START_TEST(many_calls_wait_at_once_and_hold_no_thread)
{
	pthread_t other;

	for (uint64_t i = 0; i < JOBS; i++)
		submit(i, "");
	wait_started(JOBS);
	ck_assert_str_eq(tool.arguments, "{\"for\":1}");
	ck_assert_int_eq(tool.job_id[0], 'j');
	ck_assert_int_eq(pthread_create(&other, NULL, finish_all, NULL), 0);
	for (int i = 0; i < JOBS; i++)
		data_is(take(), "{\"waited\":true}");
	pthread_join(other, NULL);
	ck_assert_uint_eq(tool.cancelled, 0);
}
END_TEST

START_TEST(a_call_may_end_before_it_has_begun)
{
	tool.at_once = true;
	submit(1, "");
	data_is(take(), "[1]");
}
END_TEST

START_TEST(what_a_tool_says_of_its_failure_is_the_jobs)
{
	agentrun_result *result;

	tool.refuse = true;
	submit(1, "");
	result = take();
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(agentrun_result_error(result)),
		"not today"));
	failed_with(result, AGENTRUN_EPIPELINE);
	tool.refuse = false;
	submit(4, "");
	wait_started(1);
	agentrun_tool_finish(tool.pending[0], NULL, 0, agentrun_error_new(0, "a code was forgotten"));
	failed_with(take(), AGENTRUN_EINTERNAL);
	tool.n = 0;
	submit(2, "");
	wait_started(1);
	agentrun_tool_finish(tool.pending[0], NULL, 0,
		agentrun_error_new(AGENTRUN_ENETWORK, "nobody is there"));
	failed_with(take(), AGENTRUN_ENETWORK);
	submit(3, "");
	wait_started(2);
	agentrun_tool_finish(tool.pending[1], "[1", 2, NULL);
	failed_with(take(), AGENTRUN_EPIPELINE);
}
END_TEST

START_TEST(a_job_that_is_cancelled_waits_no_longer)
{
	submit(1, "");
	wait_started(1);
	ck_assert_int_eq(agentrun_engine_cancel_tag(engine, 1, NULL), 0);
	failed_with(take(), AGENTRUN_ECANCELLED);
	ck_assert_uint_eq(tool.cancelled, 1);
	agentrun_tool_finish(tool.pending[0], "[1]", 3, NULL); /* nobody waits for it */
}
END_TEST

START_TEST(a_job_whose_time_is_over_waits_no_longer)
{
	tool.finish_in_cancel = true;
	submit(1, ",\"timeout_sec\":1");
	wait_started(1);
	failed_with(take(), AGENTRUN_ETIMEDOUT);
	ck_assert_uint_eq(tool.cancelled, 1);
	ck_assert_uint_eq(started(), 0);
}
END_TEST

START_TEST(a_call_may_outlive_its_engine)
{
	for (uint64_t i = 0; i < JOBS; i++)
		submit(i, "");
	wait_started(JOBS);
	agentrun_engine_free(engine);
	engine = NULL;
	ck_assert_uint_eq(tool.cancelled, JOBS);
	finish_all(NULL);
}
END_TEST

/* Those that cancel and those that finish meet at the same calls. */
START_TEST(calls_end_while_they_are_cancelled)
{
	pthread_t other;

	for (uint64_t i = 0; i < JOBS; i++)
		submit(i, "");
	wait_started(JOBS);
	ck_assert_int_eq(pthread_create(&other, NULL, finish_all, NULL), 0);
	for (uint64_t i = JOBS; i-- > 0;)
		agentrun_engine_cancel_tag(engine, i, NULL);
	for (int i = 0; i < JOBS; i++)
		agentrun_result_free(take());
	pthread_join(other, NULL);
	ck_assert_uint_eq(agentrun_engine_in_flight(engine), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		many_calls_wait_at_once_and_hold_no_thread,
		a_call_may_end_before_it_has_begun,
		what_a_tool_says_of_its_failure_is_the_jobs,
		a_job_that_is_cancelled_waits_no_longer,
		a_job_whose_time_is_over_waits_no_longer,
		a_call_may_outlive_its_engine,
		calls_end_while_they_are_cancelled,
		NULL,
	};

	return unit_main(unit_suite_with("own_tool", tests, setup, teardown));
}
