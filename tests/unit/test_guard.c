/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <agentrun/patch.h>

#include "patch/guard.h"

static const char flow[] = "{\"nodes\":[{\"id\":\"a\"},{\"id\":\"b\"},{\"id\":\"c\"}],\"edges\":[{"
	"\"from\":\"a\",\"to\":\"b\"},{\"from\":\"b\",\"to\":\"c\"}],\"name\":\"n\",\"list\":[1,2]}";

static agr_span span(const char *json)
{
	return (agr_span){ json, strlen(json) };
}

static int patch(const char *document, const char *operations, agentrun_patch_result **out)
{
	agentrun_patch_options opts;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	return agentrun_apply_patch(out, NULL, document, strlen(document), operations,
		strlen(operations), &opts, NULL);
}

/* What is guarded does the same. */
static void guards(const char *operations, const char *guarded)
{
	agr_buf out = AGR_BUF_INIT;
	agentrun_patch_result *one, *other;

	ck_assert_int_eq(agr_guard_write(&out, span(flow), span(operations), NULL), 0);
	agr_buf_char(&out, '\0');
	ck_assert_str_eq(out.data, guarded);
	ck_assert_int_eq(patch(flow, operations, &one), 0);
	ck_assert_int_eq(patch(flow, guarded, &other), 0);
	ck_assert_str_eq(agentrun_patch_result_document(one, NULL),
		agentrun_patch_result_document(other, NULL));
	agentrun_patch_result_free(one);
	agentrun_patch_result_free(other);
	agr_buf_free(&out);
}

#define TEST(path, id) "{\"op\":\"test\",\"path\":\"" path "\",\"value\":\"" id "\"},"

START_TEST(what_stands_at_a_place_is_tested_before_it_is_touched)
{
	guards("[{\"op\":\"add\",\"path\":\"/nodes/1/x\",\"value\":1}]",
		"[" TEST("/nodes/1/id", "b") "{\"op\":\"add\",\"path\":\"/nodes/1/x\",\"value\":1}]");
	guards("{\"operations\":[{\"op\":\"remove\",\"path\":\"/edges/1\"}]}",
		"[" TEST("/edges/1/from", "b") TEST("/edges/1/to", "c")
		"{\"op\":\"remove\",\"path\":\"/edges/1\"}]");
	/* As the operations before left it. */
	guards("[{\"op\":\"remove\",\"path\":\"/nodes/0\"},{\"op\":\"remove\",\"path\":\"/nodes/0\"}]",
		"[" TEST("/nodes/0/id", "a") "{\"op\":\"remove\",\"path\":\"/nodes/0\"},"
		TEST("/nodes/0/id", "b") "{\"op\":\"remove\",\"path\":\"/nodes/0\"}]");
	guards("[{\"op\":\"move\",\"from\":\"/nodes/2\",\"path\":\"/nodes/0\"}]",
		"[" TEST("/nodes/2/id", "c") TEST("/nodes/0/id", "a")
		"{\"op\":\"move\",\"from\":\"/nodes/2\",\"path\":\"/nodes/0\"}]");
	guards("[{\"op\":\"replace\",\"path\":\"/nodes/0/id\",\"value\":\"z\"},{\"op\":\"add\","
		"\"path\":\"/nodes/0/x\",\"value\":1}]",
		"[" TEST("/nodes/0/id", "a") "{\"op\":\"replace\",\"path\":\"/nodes/0/id\",\"value\":\"z\"},"
		TEST("/nodes/0/id", "z") "{\"op\":\"add\",\"path\":\"/nodes/0/x\",\"value\":1}]");
}
END_TEST

START_TEST(what_has_no_place_is_left_as_it_is)
{
	static const char *const patches[] = { "[]",
		"[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"d\"}}]",
		"[{\"op\":\"add\",\"path\":\"/nodes/3\",\"value\":{\"id\":\"d\"}}]",
		"[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"m\"}]",
		"[{\"op\":\"remove\",\"path\":\"/list/0\"}]",
		"[{\"op\":\"replace\",\"path\":\"/nodes\",\"value\":[]}]",
		"[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"nodes\":[7]}},{\"op\":\"remove\","
		"\"path\":\"/nodes/0\"}]" };

	for (size_t i = 0; i < AGR_COUNT(patches); i++)
		guards(patches[i], patches[i]);
}
END_TEST

START_TEST(where_something_else_stands_it_is_refused)
{
	static const char other[] = "{\"nodes\":[{\"id\":\"b\"},{\"id\":\"a\"},{\"id\":\"c\"}],\"edges\":[]}";
	static const char remove[] = "[{\"op\":\"remove\",\"path\":\"/nodes/0\"}]";
	agentrun_patch_result *result;
	agr_buf out = AGR_BUF_INIT;

	ck_assert_int_eq(agr_guard_write(&out, span(flow), span(remove), NULL), 0);
	agr_buf_char(&out, '\0');
	ck_assert_int_eq(patch(other, remove, &result), 0);
	agentrun_patch_result_free(result);
	ck_assert_int_eq(patch(other, out.data, &result), AGENTRUN_EPATCH);
	agr_buf_free(&out);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_stands_at_a_place_is_tested_before_it_is_touched,
		what_has_no_place_is_left_as_it_is,
		where_something_else_stands_it_is_refused,
		NULL,
	};

	return unit_main(unit_suite("guard", tests));
}
