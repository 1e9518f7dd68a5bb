/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* jq_transform: what libjq gives, what it cannot reach, and how it is stopped. Not in the
 * torture: libjq does not survive all failing allocations (jq/query.h). */
#include <pthread.h>

#include "run_pipeline.h"

#include "pipeline/step.h"

#define JQ(query) "{\"step\":\"jq_transform\",\"query\":\"" query "\"}"

#ifdef AGR_HAVE_JQ

START_TEST(queries_take_any_document)
{
	gives(JQ("."), "{\"b\":[1, {\"a\":null}], \"a\":\"\\u20ac\",\"b\":2.50}",
		"{\"b\":2.5,\"a\":\"\xe2\x82\xac\"}");
	gives(JQ("map(.a) | add"), "[{\"a\":1},{\"a\":2.5}]", "3.5");
	gives(JQ("map(select(.a > 1)) | map({k: .b, v: .a})"),
		"[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":\"y\"}]", "[{\"k\":\"y\",\"v\":2}]");
	gives(JQ("group_by(.g) | map({g: .[0].g, n: length})"),
		"[{\"g\":\"b\"},{\"g\":\"a\"},{\"g\":\"b\"}]",
		"[{\"g\":\"a\",\"n\":1},{\"g\":\"b\",\"n\":2}]");
	gives(JQ("."), "7", "7");
	gives(JQ("."), "a,b\n1,x\n", "[{\"a\":1,\"b\":\"x\"}]");
	gives(JQ("def f(x): x * 2; f(.)\\n# done"), "21", "42");
	gives(JQ("."), "\"\\u0000\\ud800\"", "\"\\u0000\xef\xbf\xbd\"");
}
END_TEST

START_TEST(one_output_is_the_document_and_more_are_an_array)
{
	gives(JQ(".[]"), "[1,2,3]", "[1,2,3]");
	gives(JQ(".[]"), "[[1]]", "[1]");
	gives(JQ(".[]"), "[]", "[]");
	gives(JQ("empty"), "{}", "[]");
	gives(JQ(".[0], .[1]"), "[[1],[2]]", "[[1],[2]]");
	gives("[" JQ(".rows[]") ",{\"step\":\"count\"}]", "{\"rows\":[{},{},{}]}",
		"[{\"count\":3}]");
	fails("[" JQ(".a") ",{\"step\":\"count\"}]", "{\"a\":{}}", AGENTRUN_EPIPELINE, 2,
		"wants an array, got an object");
}
END_TEST

START_TEST(numbers_are_doubles_written_as_short_as_they_can_be)
{
	gives(JQ("."), "[0.1,1e3,9007199254740993,1e400,-1e400,-0.0]",
		"[0.1,1000,9007199254740992,1.7976931348623157e+308,"
		"-1.7976931348623157e+308,0]");
	gives(JQ(".[0] + .[1]"), "[0.1,0.2]", "0.30000000000000004");
	gives(JQ("nan"), "1", "null");
}
END_TEST

START_TEST(nothing_is_reached_but_the_input)
{
	setenv("AGENTRUN_TEST_SECRET", "hush", 1);
	gives(JQ("[env, $ENV, $ENV.PATH, env.AGENTRUN_TEST_SECRET]"), "1",
		"[{},{},null,null]");
	gives(JQ("[inputs], input_filename, get_search_list"), "1", "[[],null,[]]");
	gives(JQ("debug | stderr"), "1", "1");
	fails(JQ("input"), "1", AGENTRUN_EPIPELINE, 1, "no other input");
	fails(JQ("\\\"a\\\" | modulemeta"), "1", AGENTRUN_EPIPELINE, 1, "no modules");
	fails(JQ("import \\\"a\\\" as a; ."), "1", AGENTRUN_EINPUT, 1, "unexpected import");
	fails(JQ("include \\\"a\\\"; ."), "1", AGENTRUN_EINPUT, 1, "unexpected include");
	fails(JQ("1) | $ENV | (."), "1", AGENTRUN_EINPUT, 1, "syntax error");
	fails(JQ("halt"), "1", AGENTRUN_EPIPELINE, 1, "halt is not available");
	fails(JQ("halt_error"), "\"x\"", AGENTRUN_EPIPELINE, 1, "the query failed: x");
	fails(JQ("halt_error(3)"), "\"x\"", AGENTRUN_EPIPELINE, 1, "the query failed: x");
}
END_TEST

START_TEST(faults_are_one_line)
{
	fails(JQ(".["), "1", AGENTRUN_EINPUT, 1,
		"the query is wrong: syntax error, unexpected $end at <top-level>, line 1");
	fails(JQ(".a\\n| nope"), "1", AGENTRUN_EINPUT, 1, "nope/0 is not defined");
	fails(JQ(".a"), "[1]", AGENTRUN_EPIPELINE, 1,
		"the query failed: Cannot index array with string \"a\"");
	fails(JQ("error(\\\"a\\\\nb\\\")"), "1", AGENTRUN_EPIPELINE, 1, "the query failed: a");
	fails(JQ("error({a: 1})"), "1", AGENTRUN_EPIPELINE, 1, "failed: {\"a\":1}");
	fails(JQ(" "), "1", AGENTRUN_EINPUT, 1, "query is missing");
	fails("{\"step\":\"jq_transform\"}", "1", AGENTRUN_EINPUT, 1, "query is missing");
	fails("{\"step\":\"jq_transform\",\"query\":1}", "1", AGENTRUN_EINPUT, 1,
		"query must be a string");
	fails("[{\"step\":\"count\"}," JQ("map(.count | error)") "]", "[]",
		AGENTRUN_EPIPELINE, 2, "failed");
}
END_TEST

START_TEST(what_comes_out_is_limited)
{
	agr_pipeline_limits limits = agr_pipeline_limits_default();
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	fails(JQ("reduce range(100000) as $_ (null; [.])"), "1", AGENTRUN_ELIMIT, 1,
		"nested deeper than 512 levels");
	limits.max_output_bytes = 1000;
	ck_assert_int_eq(run_with(&out, "[" JQ("[range(1000)]") "]", "1", 1,
		AGENTRUN_FORMAT_AUTO, AGENTRUN_FORMAT_JSON, &limits, &err), AGENTRUN_ELIMIT);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "1000 bytes"));
	agentrun_error_free(err);
	/* deep on the way */
	gives(JQ("reduce range(100000) as $_ (null; [.]) | [.] | length"), "1", "1");
}
END_TEST

START_TEST(a_query_without_end_ends_in_time)
{
	static const char steps[] = "[" JQ("last(range(1e15))") "]";
	static const char outputs[] = "[" JQ("repeat(1)") "]";
	agentrun_execute_options opts;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = "1";
	opts.input_len = 1;
	opts.timeout_ms = 100;
	for (int i = 0; i < 2; i++) {
		const char *text = i ? outputs : steps;
		agentrun_buf out = AGENTRUN_BUF_INIT;
		agentrun_error *err = NULL;

		ck_assert_int_eq(agr_execute(&out, text, strlen(text), &opts, NULL, NULL, NULL,
			NULL, NULL, &err), AGENTRUN_ETIMEDOUT);
		ck_assert_uint_eq(agentrun_error_step(err), 1);
		agentrun_error_free(err);
	}
}
END_TEST

static void *run_shared(void *user)
{
	const char *input = "[3,1,2]";
	agr_run_options opts = { .input = input, .input_len = strlen(input) };

	for (int i = 0; i < 20; i++) {
		agentrun_buf out = AGENTRUN_BUF_INIT;
		agr_run *run;

		ck_assert_int_eq(agr_run_new(&run, user, &opts, NULL), 0);
		ck_assert_int_eq(agr_run_advance(run, NULL), AGR_RUN_DONE);
		ck_assert_int_eq(agr_run_take_output(run, &out, AGENTRUN_FORMAT_JSON, NULL), 0);
		ck_assert_str_eq(out.data, "[1,2,3]");
		agentrun_buf_dispose(&out);
		agr_run_free(run);
	}
	return NULL;
}

START_TEST(threads_share_a_query)
{
	static const char steps[] = "[" JQ("sort") "]";
	agr_pipeline *pipeline;
	pthread_t threads[4];

	ck_assert_int_eq(agr_pipeline_compile(&pipeline, steps, strlen(steps), NULL, NULL), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_shared, pipeline), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	agr_pipeline_free(pipeline);
}
END_TEST

#else

START_TEST(without_libjq_the_step_is_refused)
{
	fails(JQ("."), "[]", AGENTRUN_EINPUT, 1, "built without it");
}
END_TEST

#endif

int main(void)
{
	const TTest *const tests[] = {
#ifdef AGR_HAVE_JQ
		queries_take_any_document,
		one_output_is_the_document_and_more_are_an_array,
		numbers_are_doubles_written_as_short_as_they_can_be,
		nothing_is_reached_but_the_input,
		faults_are_one_line,
		what_comes_out_is_limited,
		a_query_without_end_ends_in_time,
		threads_share_a_query,
#else
		without_libjq_the_step_is_refused,
#endif
		NULL,
	};

	return unit_main(unit_suite("jq", tests));
}
