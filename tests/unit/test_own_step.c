/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Steps that an application registers on a context. */
#include "unit.h"

#include <stdio.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/step.h>

/* Every call is noted, so that a test sees what was called how often. */
struct self {
	int compiled, plans_freed, runs, runs_freed, finished, destroyed, rows;
	int (*push)(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
		agentrun_error **err);
	int compile_code;
	char args[200];
};

static agentrun_ctx *ctx;
static struct self self;
static agentrun_step_impl impl;

static int compile(void *user, const char *args, size_t len, void **plan,
	agentrun_error **err)
{
	struct self *s = user;

	s->compiled++;
	snprintf(s->args, sizeof(s->args), "%.*s", (int)len, args);
	*plan = malloc(1);
	if (s->compile_code == -100)
		return AGENTRUN_EINPUT;
	if (s->compile_code)
		return agentrun_error_raise(err, s->compile_code, "I do not want to");
	return 0;
}

static void plan_free(void *user, void *plan)
{
	((struct self *)user)->plans_freed++;
	free(plan);
}

static int new_run(void *user, void *plan, void **run, agentrun_error **err)
{
	(void)plan;
	(void)err;
	((struct self *)user)->runs++;
	*run = malloc(1);
	return 0;
}

static int push(void *user, void *plan, void *run, const char *row, size_t len,
	agentrun_step_emit_fn emit, void *to, agentrun_error **err)
{
	struct self *s = user;

	(void)plan;
	(void)run;
	ck_assert_uint_eq(strlen(row), len);
	s->rows++;
	return s->push ? s->push(to, emit, row, len, err) : emit(to, row, len, err);
}

static int finish(void *user, void *plan, void *run, agentrun_step_emit_fn emit,
	void *to, agentrun_error **err)
{
	(void)plan;
	(void)run;
	((struct self *)user)->finished++;
	return emit(to, "\"end\"", 5, err);
}

static void run_free(void *user, void *run)
{
	((struct self *)user)->runs_freed++;
	free(run);
}

static void destroy(void *user)
{
	((struct self *)user)->destroyed++;
}

static void setup(void)
{
	ck_assert_int_eq(agentrun_ctx_new(&ctx, NULL, NULL), 0);
	memset(&self, 0, sizeof(self));
	impl = (agentrun_step_impl){ .version = AGENTRUN_STEP_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "mine", .summary = "a step of mine",
		.compile = compile, .plan_free = plan_free, .new_run = new_run, .push = push,
		.finish = finish, .run_free = run_free, .destroy = destroy };
}

static void teardown(void)
{
	agentrun_ctx_free(ctx);
	ctx = NULL;
}

static void add(void)
{
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &impl, &self, NULL), 0);
}

static void run(const char *steps, const char *input, int want, const char *expected)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	agentrun_execute_options opts;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = input;
	opts.input_len = strlen(input);
	r = agentrun_execute_pipeline(&out, ctx, steps, strlen(steps), &opts, &err);
	ck_assert_msg(r == want, "%s: %d, want %d: %s", steps, r, want,
		err ? agentrun_error_message(err) : out.data);
	if (r == 0)
		ck_assert_str_eq(out.data, expected);
	else
		ck_assert_msg(strstr(agentrun_error_message(err), expected), "'%s' lacks '%s'",
			agentrun_error_message(err), expected);
	agentrun_error_free(err);
	agentrun_buf_dispose(&out);
	ck_assert_int_eq(self.runs, self.runs_freed);
	ck_assert_int_eq(self.compiled, self.plans_freed);
}

#define MINE "{\"step\":\"mine\"}"

START_TEST(a_step_of_an_application_takes_part)
{
	add();
	run("[{\"step\":\"table_filter\",\"condition\":{\"field\":\"a\",\"op\":\">\",\"value\":1}},"
	    "{\"step\":\"mine\", \"x\": [1, 2]},{\"step\":\"limit\",\"n\":3}]",
		"[{\"a\":1},{ \"a\":2, \"b\":1, \"b\":2},{\"a\":3}]", 0,
		"[{\"a\":2,\"b\":2},{\"a\":3},\"end\"]");
	ck_assert_str_eq(self.args, "{\"step\":\"mine\",\"x\":[1,2]}");
	ck_assert_int_eq(self.compiled, 1);
	ck_assert_int_eq(self.rows, 2);
	ck_assert_int_eq(self.finished, 1);
	run("[" MINE "," MINE "]", "[7]", 0, "[7,\"end\",\"end\"]");
	ck_assert_int_eq(self.runs, 3);
	agentrun_ctx_free(ctx);
	ctx = NULL;
	ck_assert_int_eq(self.destroyed, 1);
}
END_TEST

START_TEST(it_is_described_with_those_built_in)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	size_t n = 0;

	add();
	ck_assert_int_eq(agentrun_steps_describe(&out, ctx, NULL), 0);
	for (const char *at = out.data; (at = strstr(at, "{\"step\":\"")); at++)
		n++;
	ck_assert_ptr_nonnull(agentrun_step_name(n - 2)); /* one more than those */
	ck_assert_ptr_null(agentrun_step_name(n - 1));
	ck_assert_ptr_null(agentrun_step_summary(n - 1));
	ck_assert_ptr_nonnull(strstr(out.data, "[{\"step\":\"http_request\",\"summary\":\"fetch "));
	ck_assert_ptr_nonnull(strstr(out.data, "{\"step\":\"mine\",\"summary\":\""));
	agentrun_buf_dispose(&out);
	ck_assert_int_eq(agentrun_steps_describe(&out, NULL, NULL), 0);
	ck_assert_ptr_null(strstr(out.data, "\"mine\""));
	agentrun_buf_dispose(&out);
}
END_TEST

static int plan_mine(void *user, agentrun_buf *answer, const char *text, size_t len,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	static const char calls[] = "{\"tool_calls\":[{\"function\":{\"name\":"
		"\"execute_pipeline\",\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":"
		"\\\"mine\\\"}]}\"}}]}";

	(void)user;
	(void)text;
	(void)len;
	(void)opts;
	(void)err;
	return agentrun_buf_set(answer, calls, sizeof(calls) - 1);
}

START_TEST(jobs_may_use_it)
{
	static const agentrun_planner_impl planner = { .name = "mine", .plan = plan_mine,
		.version = AGENTRUN_PLANNER_IMPL_VERSION, .struct_size = sizeof(planner) };
	static const char job[] = "{\"job_id\":\"j\",\"prompt\":\"count rows\","
		"\"context\":{\"data\":[{\"a\":1}]}}";
	agentrun_engine_options opts;
	agentrun_result *result = NULL;

	add();
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &planner, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "mine";
	ck_assert_int_eq(agentrun_run(&result, ctx, job, sizeof(job) - 1, &opts, NULL), 0);
	ck_assert_msg(agentrun_result_data(result, NULL) != NULL, "%s",
		agentrun_result_payload(result, NULL));
	ck_assert_str_eq(agentrun_result_data(result, NULL), "[{\"a\":1},\"end\"]");
	agentrun_result_free(result);
}
END_TEST

START_TEST(what_is_optional_may_be_missing)
{
	impl.compile = NULL;
	impl.plan_free = NULL;
	impl.new_run = NULL;
	impl.run_free = NULL;
	impl.finish = NULL;
	impl.destroy = NULL;
	impl.summary = NULL;
	add();
	run("[" MINE "]", "[1,2]", 0, "[1,2]");
}
END_TEST

START_TEST(the_schema_is_checked_before_the_step_sees_anything)
{
	impl.parameters = "{\"type\":\"object\",\"required\":[\"every\"],\"properties\":"
			  "{\"every\":{\"type\":\"integer\",\"minimum\":1}}}";
	add();
	run("[{\"step\":\"mine\",\"every\":2}]", "[1]", 0, "[1,\"end\"]");
	run("[{\"step\":\"count\"}," MINE "]", "[1]", AGENTRUN_EINPUT, "step 2 (mine): ");
	run("[{\"step\":\"mine\",\"every\":0}]", "[1]", AGENTRUN_EINPUT, "/every");
	ck_assert_int_eq(self.compiled, 1);
}
END_TEST

static int push_broken(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
	agentrun_error **err)
{
	(void)row;
	(void)len;
	emit(to, "{\"a\":", 5, err);
	return 0; /* what emit() said is not lost */
}

static int push_failing(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
	agentrun_error **err)
{
	(void)to;
	(void)emit;
	(void)row;
	(void)len;
	return agentrun_error_raise(err, AGENTRUN_EPIPELINE, "this row is bad");
}

static int push_silent(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
	agentrun_error **err)
{
	(void)to;
	(void)emit;
	(void)row;
	(void)len;
	(void)err;
	return AGENTRUN_EPIPELINE;
}

static int push_enough(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
	agentrun_error **err)
{
	int r = emit(to, row, len, err);

	return r ? r : AGENTRUN_STEP_ENOUGH;
}

static int push_twice(void *to, agentrun_step_emit_fn emit, const char *row, size_t len,
	agentrun_error **err)
{
	int r = emit(to, row, len, err);

	return r ? r : emit(to, " 12 ", 4, err);
}

START_TEST(faults_name_the_step)
{
	add();
	self.push = push_broken;
	run("[" MINE "]", "[1]", AGENTRUN_EPIPELINE, "step 1 (mine): a row it made:1:");
	self.push = push_failing;
	run("[" MINE "]", "[1]", AGENTRUN_EPIPELINE, "step 1 (mine): this row is bad");
	self.push = push_silent;
	run("[" MINE "]", "[1]", AGENTRUN_EPIPELINE, "step 1 (mine): it failed and did not");
	self.compile_code = AGENTRUN_EINPUT;
	run("[" MINE "]", "[1]", AGENTRUN_EINPUT, "step 1 (mine): I do not want to");
	self.compile_code = -100;
	run("[" MINE "]", "[1]", AGENTRUN_EINPUT, "did not say why");
	run("[{\"step\":\"min\"}]", "[1]", AGENTRUN_EINPUT, ", mine");
}
END_TEST

START_TEST(it_may_end_early_or_hand_on_more)
{
	add();
	self.push = push_enough;
	run("[" MINE "]", "[1,2,3]", 0, "[1,\"end\"]");
	ck_assert_int_eq(self.rows, 1);
	self.push = push_twice;
	run("[" MINE "]", "[1,2]", 0, "[1,12,2,12,\"end\"]");
	run("[" MINE ",{\"step\":\"limit\",\"n\":1}]", "[1,2]", 0, "[1]");
}
END_TEST

START_TEST(a_wrong_table_is_refused)
{
	agentrun_step_impl wrong = impl;

	wrong.push = NULL;
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), AGENTRUN_EINVAL);
	wrong = impl;
	wrong.name = "";
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), AGENTRUN_EINVAL);
	wrong.name = "count";
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), AGENTRUN_EINVAL);
	wrong = impl;
	wrong.version = 99;
	ck_assert_int_lt(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), 0);
	wrong = impl;
	wrong.parameters = "[]";
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), AGENTRUN_EINVAL);
	wrong.parameters = "{";
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &wrong, &self, NULL), AGENTRUN_EINVAL);
	add();
	ck_assert_int_eq(agentrun_ctx_add_step(ctx, &impl, &self, NULL), AGENTRUN_EINVAL);
	agentrun_ctx_free(ctx);
	ctx = NULL;
	ck_assert_int_eq(self.destroyed, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_step_of_an_application_takes_part,
		it_is_described_with_those_built_in,
		jobs_may_use_it,
		what_is_optional_may_be_missing,
		the_schema_is_checked_before_the_step_sees_anything,
		faults_name_the_step,
		it_may_end_early_or_hand_on_more,
		a_wrong_table_is_refused,
		NULL,
	};

	return unit_main(unit_suite_with("own_step", tests, setup, teardown));
}
