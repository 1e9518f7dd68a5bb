/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <stdio.h>

#include <agentrun/patch.h>

#include "patch/pointer.h"
#include "table/scan.h"

static agentrun_patch_result *apply(const char *document, const char *patch)
{
	agentrun_patch_options opts;
	agentrun_patch_result *result;
	agentrun_error *err = NULL;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	opts.want_inverse = 1;
	opts.want_preview = 1;
	ck_assert_msg(agentrun_apply_patch(&result, NULL, document, strlen(document),
			      patch, strlen(patch), &opts, &err) == 0,
		"%s + %s: %s", document, patch, agentrun_error_message(err));
	return result;
}

static agr_span span(const char *json)
{
	agr_text text = {.p = json, .n = strlen(json)};
	agr_span out = {NULL, 0};

	ck_assert_int_eq(agr_scan_document(&out, &text, NULL), 0);
	return out;
}

/* The patch gives exactly this text, and its inverse gives the document back. */
static void gives(const char *document, const char *patch, const char *expected)
{
	agentrun_patch_result *result = apply(document, patch), *back;

	ck_assert_str_eq(agentrun_patch_result_document(result, NULL), expected);
	back = apply(expected, agentrun_patch_result_inverse(result, NULL));
	ck_assert_msg(agr_value_equal(span(agentrun_patch_result_document(back, NULL)),
			      span(document)),
		"%s + %s undone: %s", document, patch,
		agentrun_patch_result_document(back, NULL));
	agentrun_patch_result_free(back);
	agentrun_patch_result_free(result);
}

/* Refused, with this in the message. */
static void refuses_code(
	int code, const char *document, const char *patch, const char *message)
{
	agentrun_patch_options opts;
	agentrun_patch_result *result = (void *)1;
	agentrun_error *err = NULL;
	int r;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	r = agentrun_apply_patch(&result, NULL, document, strlen(document), patch,
		strlen(patch), &opts, &err);
	ck_assert_msg(r == code, "%s + %s: %d %s", document, patch, r,
		agentrun_error_message(err));
	ck_assert_ptr_null(result);
	ck_assert_msg(strstr(agentrun_error_message(err), message) != NULL,
		"%s: wanted %s", agentrun_error_message(err), message);
	agentrun_error_free(err);
}

static void refuses(const char *document, const char *patch, const char *message)
{
	refuses_code(AGENTRUN_EPATCH, document, patch, message);
}

struct good {
	const char *document, *patch, *expected;
};

static void all_give(const struct good *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		gives(cases[i].document, cases[i].patch, cases[i].expected);
}

struct bad {
	const char *document, *patch, *message;
};

static void all_refuse(const struct bad *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		refuses(cases[i].document, cases[i].patch, cases[i].message);
}

START_TEST(a_removed_document_leaves_null)
{
	gives("1", "[{\"op\":\"remove\",\"path\":\"\"}]", "null");
	gives("{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"\"},"
		"{\"op\":\"test\",\"path\":\"\",\"value\":null},"
		"{\"op\":\"add\",\"path\":\"\",\"value\":{\"b\":1}}]", "{\"b\":1}");
	refuses("{\"a\":1}", "[{\"op\":\"remove\",\"path\":\"\"},"
		"{\"op\":\"remove\",\"path\":\"/a\"}]", "operation 2 (remove /a)");
}
END_TEST

START_TEST(the_examples_of_rfc_6902_appendix_a_hold)
{
	static const struct good good[] = {
		{"{\"foo\":\"bar\"}",
			"[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
			"{\"foo\":\"bar\",\"baz\":\"qux\"}"},
		{"{\"foo\":[\"bar\",\"baz\"]}",
			"[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
			"{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
		{"{\"baz\":\"qux\",\"foo\":\"bar\"}",
			"[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}"},
		{"{\"foo\":[\"bar\",\"qux\",\"baz\"]}",
			"[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
			"{\"foo\":[\"bar\",\"baz\"]}"},
		{"{\"baz\":\"qux\",\"foo\":\"bar\"}",
			"[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
			"{\"baz\":\"boo\",\"foo\":\"bar\"}"},
		{"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":"
		 "\"grault\"}}",
			"[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/"
			"thud\"}]",
			"{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\","
			"\"thud\":\"fred\"}}"},
		{"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
			"[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
			"{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
		{"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
			"[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},"
			"{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
			"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
		{"{\"foo\":\"bar\"}",
			"[{\"op\":\"add\",\"path\":\"/"
			"child\",\"value\":{\"grandchild\":{}}}]",
			"{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}"},
		{"{\"foo\":\"bar\"}",
			"[{\"op\":\"add\",\"path\":\"/"
			"baz\",\"value\":\"qux\",\"xyz\":123}]",
			"{\"foo\":\"bar\",\"baz\":\"qux\"}"},
		{"{\"/\":9,\"~1\":10}",
			"[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
			"{\"/\":9,\"~1\":10}"},
		{"{\"foo\":[\"bar\"]}",
			"[{\"op\":\"add\",\"path\":\"/foo/"
			"-\",\"value\":[\"abc\",\"def\"]}]",
			"{\"foo\":[\"bar\",[\"abc\",\"def\"]]}"},
	};
	static const struct bad bad[] = {
		{"{\"baz\":\"qux\"}",
			"[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]",
			"operation 1 (test /baz): the test failed, wanted \"bar\" but "
			"there is "
			"\"qux\""},
		{"{\"foo\":\"bar\"}",
			"[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]",
			"operation 1 (add /baz/bat): the document has no member \"baz\""},
		{"{\"foo\":\"bar\"}",
			"[{\"op\":\"add\",\"path\":\"/"
			"baz\",\"value\":\"qux\",\"op\":\"remove\"}]",
			"operation 1: \"op\" is there twice"},
		{"{\"/\":9,\"~1\":10}",
			"[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]",
			"wanted \"10\" but there is 10"},
	};

	all_give(good, AGR_COUNT(good));
	all_refuse(bad, AGR_COUNT(bad));
}
END_TEST

START_TEST(the_pointers_of_rfc_6901_section_5_lead_where_it_says)
{
	static const char document[] =
		"{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,"
		"\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
	static const char *const pairs[][2] = {{"/foo", "[\"bar\",\"baz\"]"},
		{"/foo/0", "\"bar\""}, {"/", "0"}, {"/a~1b", "1"}, {"/c%d", "2"},
		{"/e^f", "3"}, {"/g|h", "4"}, {"/i\\\\j", "5"}, {"/k\\\"l", "6"},
		{"/ ", "7"}, {"/m~0n", "8"}};
	char patch[256];

	for (size_t i = 0; i < AGR_COUNT(pairs); i++) {
		snprintf(patch, sizeof(patch),
			"[{\"op\":\"test\",\"path\":\"%s\",\"value\":%s}]", pairs[i][0],
			pairs[i][1]);
		gives(document, patch, document);
	}
	snprintf(patch, sizeof(patch), "[{\"op\":\"test\",\"path\":\"\",\"value\":%s}]",
		document);
	gives(document, patch, document);
}
END_TEST

START_TEST(pointers_that_are_none_are_refused)
{
	static const char *const bad[] = {"a", "a/b", "/~", "/~2", "/a~", "/~/b", "#/a"};
	agr_arena arena = AGR_ARENA_INIT;
	agr_pointer pointer;

	for (size_t i = 0; i < AGR_COUNT(bad); i++)
		ck_assert_int_eq(
			agr_pointer_parse(&pointer, &arena, bad[i], strlen(bad[i]), NULL),
			AGENTRUN_EPATCH);
	ck_assert_int_eq(agr_pointer_parse(&pointer, &arena, "/a//~0~1", 8, NULL), 0);
	ck_assert_uint_eq(pointer.n, 3);
	ck_assert(agr_string_is(pointer.tokens[1], "", 0));
	ck_assert(agr_string_is(pointer.tokens[2], "~/", 2));
	agr_arena_free(&arena);
}
END_TEST

START_TEST(the_whole_document_is_a_place_like_another)
{
	static const struct good good[] = {
		{"[]", "[]", "[]"},
		{" {\"a\" : 1} ", "{\"operations\":[]}", "{\"a\":1}"},
		{"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[2]}]", "[2]"},
		{"7", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{}}]", "{}"},
		{"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]",
			"{\"b\":1}"},
		{"{\"a\":{\"b\":1},\"c\":2}",
			"[{\"op\":\"add\",\"path\":\"/a/x\",\"value\":0},"
			"{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"\"},"
			"{\"op\":\"remove\",\"path\":\"/b\"}]",
			"{\"x\":0}"},
		{"[1]", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/-\"}]", "[1,[1]]"},
	};

	all_give(good, AGR_COUNT(good));
	refuses("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/b\"}]",
		"cannot be moved into itself");
}
END_TEST

START_TEST(arrays_take_indexes_and_the_end)
{
	static const struct good good[] = {
		{"[]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1}]", "[1]"},
		{"[1,2]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":3}]", "[1,2,3]"},
		{"[[1]]",
			"[{\"op\":\"add\",\"path\":\"/0/-\",\"value\":2},"
			"{\"op\":\"add\",\"path\":\"/0/-\",\"value\":3}]",
			"[[1,2,3]]"},
		{"[1,2,3,4]",
			"[{\"op\":\"remove\",\"path\":\"/"
			"3\"},{\"op\":\"remove\",\"path\":"
			"\"/0\"},{\"op\":\"replace\",\"path\":\"/1\",\"value\":9}]",
			"[2,9]"},
		{"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/-\"}]",
			"[2,3,1]"},
		{"[1,3,{\"a\":2}]",
			"[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/1/b\"}]",
			"[3,{\"a\":2,\"b\":1}]"},
		{"[1,3,{\"a\":2}]",
			"[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/1/a\"}]",
			"[3,{\"a\":1}]"},
		{"{\"0\":1}", "[{\"op\":\"add\",\"path\":\"/01\",\"value\":2}]",
			"{\"0\":1,\"01\":2}"},
		{"{\"-\":1}", "[{\"op\":\"replace\",\"path\":\"/-\",\"value\":2}]",
			"{\"-\":2}"},
	};
	static const struct bad bad[] = {
		{"[1]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":0}]",
			"no such place"},
		{"[1]", "[{\"op\":\"add\",\"path\":\"/01\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"add\",\"path\":\"/-1\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"add\",\"path\":\"/\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"add\",\"path\":\"/1e0\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"add\",\"path\":\"/+0\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"test\",\"path\":\"/00\",\"value\":1}]", "no index"},
		{"[1]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", "no index"},
		{"[1]", "[{\"op\":\"replace\",\"path\":\"/-\",\"value\":0}]", "no index"},
		{"[1]", "[{\"op\":\"copy\",\"from\":\"/-\",\"path\":\"/0\"}]",
			"\"from\" /-"},
		{"[1]", "[{\"op\":\"remove\",\"path\":\"/1\"}]",
			"operation 1 (remove /1): no such element, the document has 1"},
		{"[1]", "[{\"op\":\"remove\",\"path\":\"/18446744073709551616\"}]",
			"no such element"},
		{"[1]",
			"[{\"op\":\"add\",\"path\":\"/"
			"99999999999999999999\",\"value\":0}]",
			"no such place"},
	};

	all_give(good, AGR_COUNT(good));
	all_refuse(bad, AGR_COUNT(bad));
}
END_TEST

START_TEST(moving_to_the_same_place_changes_nothing)
{
	gives("{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]",
		"{\"a\":1,\"b\":2}");
	refuses("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/b\"}]",
		"\"from\" /b: the document has no member \"b\"");
	refuses("{\"a\":{\"b\":{}}}",
		"[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b/c\"}]",
		"operation 1 (move /a/b/c): a value cannot be moved into itself");
	gives("{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/ab\"}]",
		"{\"ab\":1}");
}
END_TEST

START_TEST(a_move_over_another_value_can_be_undone)
{
	gives("{\"a\":{\"x\":1},\"b\":{\"y\":2}}",
		"[{\"op\":\"add\",\"path\":\"/a/z\",\"value\":3},"
		"{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"},"
		"{\"op\":\"remove\",\"path\":\"/b/x\"}]",
		"{\"b\":{\"z\":3}}");
	gives("[{\"k\":1},[5]]",
		"[{\"op\":\"move\",\"from\":\"/1/0\",\"path\":\"/0/k\"}]",
		"[{\"k\":5},[]]");
	gives("[{\"k\":1}]", "[{\"op\":\"move\",\"from\":\"/0/k\",\"path\":\"/0\"}]",
		"[1,{}]");
}
END_TEST

START_TEST(a_copy_is_a_value_of_its_own)
{
	gives("{\"a\":{\"b\":[1]}}",
		"[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},"
		"{\"op\":\"add\",\"path\":\"/c/b/-\",\"value\":2},"
		"{\"op\":\"copy\",\"from\":\"/c\",\"path\":\"/d\"},"
		"{\"op\":\"add\",\"path\":\"/c/b/-\",\"value\":3},"
		"{\"op\":\"add\",\"path\":\"/d/b/-\",\"value\":4}]",
		"{\"a\":{\"b\":[1]},\"c\":{\"b\":[1,2,3]},\"d\":{\"b\":[1,2,4]}}");
}
END_TEST

START_TEST(test_compares_values_not_texts)
{
	static const char document[] = "{\"n\":9007199254740993,\"h\":1e2,\"s\":"
				       "\"\\u0061/\",\"o\":{\"x\":[1,2],\"y\":null}}";
	static const char *const same[][2] = {{"/n", "9007199254740993"},
		{"/n", "9007199254740993.0"}, {"/h", "100"}, {"/s", "\"a\\/\""},
		{"/o", "{ \"y\" : null , \"x\" : [1.0,2] }"}};
	static const char *const other[][2] = {{"/n", "9007199254740992"},
		{"/h", "\"100\""}, {"/o", "{\"x\":[2,1],\"y\":null}"},
		{"/o", "{\"x\":[1,2]}"}, {"/o", "{\"x\":[1,2],\"y\":null,\"z\":0}"},
		{"/o/x", "[1]"}, {"/o/y", "false"}, {"/o/x", "{}"}};
	char patch[256];

	for (size_t i = 0; i < AGR_COUNT(same); i++) {
		snprintf(patch, sizeof(patch),
			"[{\"op\":\"test\",\"path\":\"%s\",\"value\":%s}]", same[i][0],
			same[i][1]);
		gives(document, patch, document);
	}
	for (size_t i = 0; i < AGR_COUNT(other); i++) {
		snprintf(patch, sizeof(patch),
			"[{\"op\":\"test\",\"path\":\"%s\",\"value\":%s}]", other[i][0],
			other[i][1]);
		refuses(document, patch, "the test failed");
	}
}
END_TEST

START_TEST(test_sees_what_earlier_operations_did)
{
	gives("{\"a\":{\"b\":1}}",
		"[{\"op\":\"add\",\"path\":\"/a/"
		"c\",\"value\":2},{\"op\":\"remove\",\"path\":"
		"\"/a/b\"},{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"c\":2}}]",
		"{\"a\":{\"c\":2}}");
	refuses("{\"a\":{\"b\":1}}",
		"[{\"op\":\"add\",\"path\":\"/a/"
		"c\",\"value\":2},{\"op\":\"remove\",\"path\":"
		"\"/a/b\"},{\"op\":\"test\",\"path\":\"/a\",\"value\":{\"b\":1}}]",
		"operation 3 (test /a)");
}
END_TEST

START_TEST(malformed_operations_are_all_named)
{
	static const char patch[] =
		"[{\"op\":\"spam\",\"path\":\"/a\"},{\"path\":\"/"
		"a\"},{\"op\":\"remove\"},"
		"{\"op\":\"add\",\"path\":\"/a\"},{\"op\":\"move\",\"path\":\"/a\"},7,"
		"{\"op\":\"add\",\"path\":null,\"value\":1},{\"op\":\"add\",\"path\":"
		"\"x\","
		"\"value\":1},{\"op\":1,\"path\":\"\"},{\"op\":\"test\",\"path\":\"/a\"},"
		"{\"op\":\"copy\",\"from\":3,\"path\":\"/"
		"a\"},{\"op\":\"replace\",\"path\":\"\"}]";
	static const char *const expected[] = {
		"operation 1: unknown op \"spam\", known are add, remove, replace, move, copy, test",
		"operation 2: \"op\" is missing", "operation 3: \"path\" is missing",
		"operation 4: \"value\" is missing", "operation 5: \"from\" is missing",
		"operation 6: must be an object",
		"operation 7: \"path\" must be a string",
		"operation 8: \"path\" (x): a pointer must be empty or begin with \"/\"",
		"operation 9: \"op\" must be a string",
		"operation 10: \"value\" is missing",
		"operation 11: \"from\" must be a string",
		"operation 12: \"value\" is missing"};
	agentrun_patch_result *result;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_apply_patch(&result, NULL, "{}", 2, patch,
				 strlen(patch), NULL, &err),
		AGENTRUN_EPATCH);
	ck_assert_uint_eq(agentrun_error_violation_count(err), AGR_COUNT(expected));
	for (size_t i = 0; i < AGR_COUNT(expected); i++)
		ck_assert_str_eq(agentrun_error_violation(err, i), expected[i]);
	agentrun_error_free(err);
}
END_TEST

START_TEST(texts_that_are_no_patch_or_no_json_are_refused_with_their_place)
{
	refuses("{} x", "[]", "document:1:4: ");
	refuses("{}", "[\n {\"op\" \"add\"}]", "patch:2:8: ");
	refuses("{}", "", "patch:1:1: ");
	refuses("{}", "3", "the patch must be an array");
	refuses("{}", "{}", "the patch has no \"operations\"");
	refuses("{}", "{\"operations\":{}}", "the patch must be an array");
	refuses("{}", "{\"operations\":[],\"description\":1}", "must be a string");
}
END_TEST

START_TEST(values_and_keys_leave_as_they_came)
{
	gives("{\"big\":123456789012345678901234567890,\"k\\u0000\":1.50,\"e\":1E+2}",
		"[{\"op\":\"add\",\"path\":\"/x\",\"value\":0.10},"
		"{\"op\":\"move\",\"from\":\"/big\",\"path\":\"/y\"}]",
		"{\"k\\u0000\":1.50,\"e\":1E+2,\"x\":0.10,\"y\":"
		"123456789012345678901234567890}");
	gives("{\"k\\u0000\":1,\"k\":2}",
		"[{\"op\":\"replace\",\"path\":\"/k\\u0000\",\"value\":3},"
		"{\"op\":\"add\",\"path\":\"/q\\\"\\n\",\"value\":4}]",
		"{\"k\\u0000\":3,\"k\":2,\"q\\\"\\n\":4}");
}
END_TEST

START_TEST(of_duplicate_keys_the_last_value_is_patched_at_the_first_place)
{
	agentrun_patch_result *result = apply("{\"a\":1,\"b\":2,\"\\u0061\":{\"c\":3}}",
		"[{\"op\":\"add\",\"path\":\"/a/d\",\"value\":4}]");

	ck_assert_str_eq(agentrun_patch_result_document(result, NULL),
		"{\"a\":{\"c\":3,\"d\":4},\"b\":2}");
	agentrun_patch_result_free(result);
}
END_TEST

START_TEST(big_objects_are_patched_like_small_ones)
{
	agr_buf document = AGR_BUF_INIT, patch = AGR_BUF_INIT, expected = AGR_BUF_INIT;
	const int n = 3000;

	agr_buf_char(&document, '{');
	agr_buf_char(&patch, '[');
	agr_buf_char(&expected, '{');
	for (int i = 0; i < n; i++) {
		agr_buf_printf(&document, "%s\"k%d\":%d", i ? "," : "", i, i);
		if (i % 3)
			agr_buf_printf(
				&patch, "{\"op\":\"remove\",\"path\":\"/k%d\"},", i);
		else
			agr_buf_printf(&expected, "\"k%d\":%d,", i, i);
	}
	for (int i = 0; i < n; i++) {
		agr_buf_printf(&patch, "%s{\"op\":\"add\",\"path\":\"/m%d\",\"value\":0}",
			i ? "," : "", i);
		agr_buf_printf(&expected, "%s\"m%d\":0", i ? "," : "", i);
	}
	agr_buf_char(&document, '}');
	agr_buf_char(&patch, ']');
	agr_buf_char(&expected, '}');
	gives(document.data, patch.data, expected.data);
	agr_buf_free(&document);
	agr_buf_free(&patch);
	agr_buf_free(&expected);
}
END_TEST

/* Each pair of operations doubles the document. */
START_TEST(a_result_that_explodes_is_refused)
{
	agr_buf document = AGR_BUF_INIT, patch = AGR_BUF_INIT;

	agr_buf_str(&document, "[\"");
	for (int i = 0; i < 1 << 20; i++)
		agr_buf_char(&document, 'x');
	agr_buf_str(&document, "\"]");
	agr_buf_char(&patch, '[');
	for (int i = 0; i < 60; i++)
		agr_buf_printf(&patch,
			"%s{\"op\":\"copy\",\"from\":\"\",\"path\":\"/-\"}",
			i ? "," : "");
	agr_buf_char(&patch, ']');
	refuses_code(
		AGENTRUN_ELIMIT, document.data, patch.data, "larger than the limit of");
	agr_buf_free(&document);
	agr_buf_free(&patch);
}
END_TEST

START_TEST(a_result_that_is_too_deep_is_refused)
{
	agr_buf document = AGR_BUF_INIT, patch = AGR_BUF_INIT;

	for (int i = 0; i < 512; i++)
		agr_buf_char(&document, '[');
	for (int i = 0; i < 512; i++)
		agr_buf_char(&document, ']');
	gives(document.data, "[]", document.data);
	agr_buf_printf(
		&patch, "[{\"op\":\"add\",\"path\":\"/0\",\"value\":%s}]", document.data);
	refuses_code(AGENTRUN_ELIMIT, "[1]", patch.data, "deeper than the limit of 512");
	agr_buf_reset(&patch);
	agr_buf_printf(&patch, "[{\"op\":\"replace\",\"path\":\"\",\"value\":%s}]",
		document.data);
	gives("1", patch.data, document.data);
	agr_buf_reset(&patch);
	agr_buf_str(&patch, "[");
	for (int i = 0; i < 3000; i++) /* opened level by level, moved into one another */
		agr_buf_printf(&patch,
			"%s{\"op\":\"add\",\"path\":\"/b\",\"value\":{}},"
			"{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/a\"},"
			"{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/a\"}",
			i ? "," : "");
	agr_buf_str(&patch, "]");
	refuses_code(AGENTRUN_ELIMIT, "{\"a\":{}}", patch.data, "deeper than the limit");
	agr_buf_free(&document);
	agr_buf_free(&patch);
}
END_TEST

START_TEST(a_base_hash_must_be_the_documents)
{
	static const char document[] = "{ \"b\": 1.0, \"a\": [] }";
	agentrun_patch_options opts;
	agentrun_patch_result *result;
	agentrun_error *err = NULL;
	char hash[65];

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	opts.want_hash = 1;
	ck_assert_int_eq(agentrun_document_hash(hash, NULL, "{\"a\":[],\"b\":1}", 14, NULL), 0);
	for (char *p = hash; *p; p++)
		*p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p;
	opts.base_hash = hash;
	ck_assert_int_eq(agentrun_apply_patch(&result, NULL, document, strlen(document),
				 "[]", 2, &opts, NULL),
		0);
	ck_assert(agr_str_equal_nocase(agentrun_patch_result_hash(result), hash));
	agentrun_patch_result_free(result);
	opts.want_hash = 0;
	ck_assert_int_eq(agentrun_apply_patch(&result, NULL, document, strlen(document),
				 "[]", 2, &opts, NULL),
		0);
	ck_assert_ptr_null(agentrun_patch_result_hash(result));
	agentrun_patch_result_free(result);
	opts.base_hash = "00ff";
	ck_assert_int_eq(agentrun_apply_patch(&result, NULL, document, strlen(document),
				 "[]", 2, &opts, &err),
		AGENTRUN_EPATCH);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "base hash 00ff"));
	agentrun_error_free(err);
}
END_TEST

START_TEST(a_preview_of_any_document_lists_what_differs)
{
	agentrun_patch_result *result = apply("{\"a\":{\"b\":1,\"c\":[1,2,3]},\"d\":0}",
		"[{\"op\":\"replace\",\"path\":\"/a/b\",\"value\":\"x\"},"
		"{\"op\":\"remove\",\"path\":\"/a/c/1\"},{\"op\":\"remove\",\"path\":\"/"
		"d\"},"
		"{\"op\":\"add\",\"path\":\"/e~1f\",\"value\":{\"g\":[]}}]");

	ck_assert_str_eq(agentrun_patch_result_preview(result, NULL),
		"- /d: 0\n~ /a/b: 1 -> \"x\"\n- /a/c/1: 2\n+ /e~1f: {\"g\":[]}\n");
	agentrun_patch_result_free(result);
	result = apply("1", "[{\"op\":\"replace\",\"path\":\"\",\"value\":2}]");
	ck_assert_str_eq(
		agentrun_patch_result_preview(result, NULL), "~ the document: 1 -> 2\n");
	agentrun_patch_result_free(result);
}
END_TEST

START_TEST(description_and_operation_count_are_told)
{
	agentrun_patch_result *result =
		apply("{}", "{\"description\":\"caf\\u00e9\",\"operations\":[{\"op\":"
			    "\"add\",\"path\":\"/a\","
			    "\"value\":1}]}");

	ck_assert_str_eq(agentrun_patch_result_description(result), "caf\xc3\xa9");
	ck_assert_uint_eq(agentrun_patch_result_operation_count(result), 1);
	agentrun_patch_result_free(result);
	result = apply("{}", "[]");
	ck_assert_str_eq(agentrun_patch_result_description(result), "");
	agentrun_patch_result_free(result);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		the_examples_of_rfc_6902_appendix_a_hold,
		a_removed_document_leaves_null,
		the_pointers_of_rfc_6901_section_5_lead_where_it_says,
		pointers_that_are_none_are_refused,
		the_whole_document_is_a_place_like_another,
		arrays_take_indexes_and_the_end,
		moving_to_the_same_place_changes_nothing,
		a_move_over_another_value_can_be_undone,
		a_copy_is_a_value_of_its_own,
		test_compares_values_not_texts,
		test_sees_what_earlier_operations_did,
		malformed_operations_are_all_named,
		texts_that_are_no_patch_or_no_json_are_refused_with_their_place,
		values_and_keys_leave_as_they_came,
		of_duplicate_keys_the_last_value_is_patched_at_the_first_place,
		big_objects_are_patched_like_small_ones,
		a_result_that_explodes_is_refused,
		a_result_that_is_too_deep_is_refused,
		a_base_hash_must_be_the_documents,
		a_preview_of_any_document_lists_what_differs,
		description_and_operation_count_are_told,
		NULL,
	};

	return unit_main(unit_suite("patch", tests));
}
