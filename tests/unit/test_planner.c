/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A planner of one's own, and what a job does with its answers. */
#include "jobs.h"

#define CALL(name, arguments) \
	"{\"function\":{\"name\":\"" name "\",\"arguments\":\"" arguments "\"}}"
#define CALLS(list) "{\"tool_calls\":[" list "],\"message\":\"m\",\"tokens_used\":7," \
	"\"model\":\"mine\"}"
#define EXECUTE(steps) CALL("execute_pipeline", "{\\\"pipeline\\\":[" steps "]}")
#define PATCH(id) CALL("patch_workflow", "{\\\"workflow_tag\\\":\\\"t\\\"," \
	"\\\"workflow_owner\\\":\\\"o\\\",\\\"patch_spec\\\":{\\\"operations\\\":[{\\\"op\\\":" \
	"\\\"add\\\",\\\"path\\\":\\\"/nodes/-\\\",\\\"value\\\":{\\\"id\\\":\\\"" id "\\\"," \
	"\\\"type\\\":\\\"task\\\"}}],\\\"description\\\":\\\"d\\\"}}")
#define LIMIT "{\\\"step\\\":\\\"limit\\\",\\\"n\\\":1}"
#define COUNT "{\\\"step\\\":\\\"count\\\"}"

static struct test_planner planner;
static agentrun_ctx *ctx;

static void setup(void)
{
	planner = (struct test_planner){ .answer = "{}" };
	ctx = jobs_ctx(&planner);
}

static void teardown(void)
{
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(planner.freed, 1);
}

static agentrun_result *run_prompt(const char *answer, const char *prompt)
{
	agentrun_engine_options opts;
	agentrun_result *result = NULL;
	char job[400];

	planner.answer = answer;
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	snprintf(job, sizeof(job), "{\"prompt\":\"%s\",\"job_id\":\"j\",\"current_workflow\":"
		"{\"nodes\":[{\"id\":\"a\",\"type\":\"task\"}],\"edges\":[]},"
		"\"context\":{\"data\":[{\"v\":1},{\"v\":2}]}}", prompt);
	ck_assert_int_eq(agentrun_run(&result, ctx, job, strlen(job), &opts, NULL), 0);
	return result;
}

static agentrun_result *execute(const char *answer)
{
	return run_prompt(answer, "show me the first row");
}

static agentrun_result *change(const char *answer)
{
	return run_prompt(answer, "add a task node named b after a");
}

START_TEST(its_calls_are_run_in_order_and_the_last_one_s_data_counts)
{
	agentrun_result *result = execute(CALLS(EXECUTE(LIMIT) "," EXECUTE(COUNT)));
	const char *message = agentrun_result_payload(result, NULL);

	ck_assert_ptr_nonnull(strstr(message, "\"id\":\"call_1\""));
	ck_assert_ptr_nonnull(strstr(message, "\"id\":\"call_2\""));
	ck_assert_ptr_nonnull(strstr(message, "\"tokens_used\":7"));
	ck_assert_ptr_nonnull(strstr(message, "\"llm_model\":\"mine\""));
	ck_assert_ptr_nonnull(strstr(message, "\"message\":\"m\""));
	expect_data(result, "[{\"count\":2}]");
}
END_TEST

START_TEST(a_later_patch_builds_on_the_earlier_one)
{
	expect_data(change(CALLS(PATCH("b") "," PATCH("c"))),
		"{\"nodes\":[{\"id\":\"a\",\"type\":\"task\"},{\"id\":\"b\",\"type\":\"task\"},"
		"{\"id\":\"c\",\"type\":\"task\"}],\"edges\":[]}");
	expect_failed(change(CALLS(PATCH("b") "," PATCH("b"))), AGENTRUN_EPATCH, "b");
}
END_TEST

START_TEST(a_tool_of_the_other_lane_is_refused)
{
	agentrun_result *result = execute(CALLS(PATCH("b")));
	const agentrun_error *err = agentrun_result_error(result);

	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(agentrun_error_tool(err), "patch_workflow");
	ck_assert_str_eq(agentrun_error_code_type(agentrun_error_code(err)), "policy_refused");
	expect_failed(result, AGENTRUN_EPOLICY, "patch_workflow is refused");
	expect_failed(change(CALLS(EXECUTE(COUNT))), AGENTRUN_EPOLICY,
		"execute_pipeline is refused");
}
END_TEST

START_TEST(an_unknown_tool_is_named)
{
	agentrun_result *result = execute(CALLS(CALL("drop_tables", "{}")));

	ck_assert_str_eq(agentrun_error_tool(agentrun_result_error(result)), "drop_tables");
	expect_failed(result, AGENTRUN_EPLAN, "drop_tables");
	expect_failed(execute(CALLS(CALL("", "{}"))), AGENTRUN_EPLAN, "unknown tool");
}
END_TEST

START_TEST(broken_arguments_fail_the_call_that_has_them)
{
	agentrun_result *result = execute(CALLS(EXECUTE(COUNT) ","
		CALL("execute_pipeline", "{\\\"pipeline\\\":[")));

	ck_assert_str_eq(agentrun_error_tool(agentrun_result_error(result)), "execute_pipeline");
	expect_failed(result, AGENTRUN_EINPUT, "not valid JSON");
	expect_failed(execute(CALLS(CALL("execute_pipeline", ""))), AGENTRUN_EINPUT, "empty");
	expect_failed(execute(CALLS(CALL("execute_pipeline", "{}"))), AGENTRUN_EINPUT,
		"pipeline");
	expect_failed(execute(CALLS(EXECUTE("{\\\"step\\\":\\\"warp\\\"}"))), AGENTRUN_EINPUT,
		"step 1");
	expect_failed(change(CALLS(CALL("patch_workflow", "{"))), AGENTRUN_EPATCH,
		"not valid JSON");
	expect_failed(change(CALLS(CALL("patch_workflow", "[]"))), AGENTRUN_EPATCH,
		"patch_spec");
	expect_failed(change(CALLS(CALL("patch_workflow", "{\\\"patch_spec\\\":5}"))),
		AGENTRUN_EPATCH, "");
}
END_TEST

START_TEST(an_answer_that_is_no_plan_fails_the_job)
{
	static const char *const broken[] = { "", "[", "\"x\"", "5", "[]", "null",
		"{\"tool_calls\":5}", "{\"tool_calls\":{}}", "{\"tool_calls\":[5]}",
		"{\"tool_calls\":[{}]}", "{\"tool_calls\":[{\"function\":{\"name\":\"x\"}}]}",
		"{\"tool_calls\":[{\"function\":{\"name\":5,\"arguments\":\"{}\"}}]}",
		"{\"tool_calls\":[{\"function\":{\"name\":\"execute_pipeline\",\"arguments\":{}}}]}" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		expect_failed(execute(broken[i]), AGENTRUN_EPLAN, "");
}
END_TEST

START_TEST(no_call_at_all_fails_the_job_with_the_planner_s_message)
{
	expect_failed(execute("{\"tool_calls\":[],\"message\":\"I am lost\"}"), AGENTRUN_EPLAN,
		"I am lost");
	expect_failed(execute("{}"), AGENTRUN_EPLAN, "called no tool");
}
END_TEST

START_TEST(its_own_failure_is_the_job_s)
{
	planner.code = AGENTRUN_ELLM;
	expect_failed(execute("{}"), AGENTRUN_ELLM, "the planner's own reason");
	planner.code = AGENTRUN_ERATE;
	expect_failed(execute("{}"), AGENTRUN_ERATE, "the planner's own reason");
}
END_TEST

START_TEST(agentrun_plan_shows_calls_as_they_came)
{
	agentrun_plan_options opts;
	agentrun_plan_result *plan;

	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	planner.answer = CALLS(CALL("drop_tables", "not json"));
	ck_assert_int_eq(agentrun_plan(&plan, ctx, "x", 1, &opts, NULL), 0);
	ck_assert_uint_eq(agentrun_plan_result_call_count(plan), 1);
	ck_assert_str_eq(agentrun_plan_result_call_name(plan, 0), "drop_tables");
	ck_assert_str_eq(agentrun_plan_result_call_arguments(plan, 0, NULL), "not json");
	ck_assert_str_eq(agentrun_plan_result_call_id(plan, 0), "call_1");
	ck_assert_ptr_null(agentrun_plan_result_call_name(plan, 1));
	ck_assert_str_eq(agentrun_plan_result_model(plan), "mine");
	ck_assert_int_eq(agentrun_plan_result_tokens_used(plan), 7);
	agentrun_plan_result_free(plan);
	opts.planner = "nobody";
	ck_assert_int_eq(agentrun_plan(&plan, ctx, "x", 1, &opts, NULL), AGENTRUN_EINVAL);
	ck_assert_ptr_null(plan);
	opts.planner = "builtin";
	for (opts.lane = -1; opts.lane <= 9; opts.lane += 10)
		ck_assert_int_eq(agentrun_plan(&plan, ctx, "x", 1, &opts, NULL),
			AGENTRUN_EINVAL);
}
END_TEST

START_TEST(a_planner_must_be_complete_and_its_name_free)
{
	agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "other", .plan = test_plan };
	static const char *const taken[] = { "test", "auto", "builtin", NULL };

	for (size_t i = 0; i < 4; i++) {
		impl.name = taken[i];
		ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, NULL, NULL),
			AGENTRUN_EINVAL);
	}
	impl.name = "other";
	impl.plan = NULL;
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, NULL, NULL), AGENTRUN_EINVAL);
	impl.plan = test_plan;
	impl.version = 2;
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, NULL, NULL), AGENTRUN_EINVAL);
	impl.version = 1;
	impl.struct_size = 0;
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, NULL, NULL), AGENTRUN_EINVAL);
	impl.struct_size = sizeof(impl);
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, &planner, NULL), 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		its_calls_are_run_in_order_and_the_last_one_s_data_counts,
		a_later_patch_builds_on_the_earlier_one,
		a_tool_of_the_other_lane_is_refused,
		an_unknown_tool_is_named,
		broken_arguments_fail_the_call_that_has_them,
		an_answer_that_is_no_plan_fails_the_job,
		no_call_at_all_fails_the_job_with_the_planner_s_message,
		its_own_failure_is_the_job_s,
		agentrun_plan_shows_calls_as_they_came,
		a_planner_must_be_complete_and_its_name_free,
		NULL,
	};

	return unit_main(unit_suite_with("planner", tests, setup, teardown));
}
