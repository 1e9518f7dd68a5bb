/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What counts as JSON, NDJSON and CSV, what is refused and where, and printing. */
#include "run_pipeline.h"

#define ALL "{\"step\":\"offset\",\"n\":0}"

static void reads_as(int format, const char *input, const char *expected)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int r = run_with(&out, "[" ALL "]", input, strlen(input), format,
		AGENTRUN_FORMAT_JSON, NULL, &err);

	ck_assert_msg(r == 0, "%s: %s", input, agentrun_error_message(err));
	ck_assert_str_eq(out.data, expected);
	agentrun_buf_dispose(&out);
}

static void refused(int format, const char *input, size_t len, int code, size_t line,
	size_t column, const char *part)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int r = run_with(&out, "[" ALL "]", input, len, format, AGENTRUN_FORMAT_JSON, NULL,
		&err);

	ck_assert_msg(r == code, "%s: code %d: %s", input, r, agentrun_error_message(err));
	ck_assert_msg(agentrun_error_line(err) == line &&
			agentrun_error_column(err) == column, "%s: %s", input,
		agentrun_error_message(err));
	ck_assert_msg(strstr(agentrun_error_message(err), part), "'%s' lacks '%s'",
		agentrun_error_message(err), part);
	agentrun_error_free(err);
	agentrun_buf_dispose(&out);
}

START_TEST(json_is_told_by_looking)
{
	gives(ALL, "[1, 2]", "[1,2]");
	gives(ALL, "\xef\xbb\xbf [ ]\n\n", "[]");
	gives(ALL, "[\n{\"a\": 1},\n{\"a\": 2}\n]\n", "[{\"a\":1},{\"a\":2}]");
	fails(ALL, "{\"a\":1}", AGENTRUN_EINPUT, 1, "wants an array, got an object");
	fails(ALL, "7", AGENTRUN_EINPUT, 1, "wants an array, got a number");
	fails(ALL, "\"a,b\"", AGENTRUN_EINPUT, 1, "wants an array, got a string");
}
END_TEST

START_TEST(lines_are_two_values_or_more)
{
	gives(ALL, "{\"a\":1}\n{\"a\":2}", "[{\"a\":1},{\"a\":2}]");
	gives(ALL, "{\"a\":1}\r\n\r\n  {\"a\":2} \r\n", "[{\"a\":1},{\"a\":2}]");
}
END_TEST

START_TEST(lines_may_hold_any_value)
{
	gives(ALL, "1\n\"a\"\nnull\n[1]\n", "[1,\"a\",null,[1]]");
	gives(ALL, "[1]\n[2]\n", "[[1],[2]]");
	reads_as(AGENTRUN_FORMAT_NDJSON, "{\"a\":1}", "[{\"a\":1}]");
	reads_as(AGENTRUN_FORMAT_NDJSON, "\xef\xbb\xbf[1]\n", "[[1]]");
	reads_as(AGENTRUN_FORMAT_JSON, "[1]\n", "[1]");
}
END_TEST

START_TEST(csv_is_typed_by_look)
{
	gives(ALL, "a,b\n1,x\n", "[{\"a\":1,\"b\":\"x\"}]");
	gives(ALL, "name,n,ok,no\r\n\"Smith, \"\"J\"\"\",1.50,true,\r\n\"two\nlines\",007,False,\"\"",
		"[{\"name\":\"Smith, \\\"J\\\"\",\"n\":1.50,\"ok\":true,\"no\":null},"
		"{\"name\":\"two\\nlines\",\"n\":\"007\",\"ok\":\"False\",\"no\":\"\"}]");
	gives(ALL, "from,to\nLAX,\xc3\xa9\n\n-1e5,12345678901234567890123\n",
		"[{\"from\":\"LAX\",\"to\":\"\xc3\xa9\"},"
		"{\"from\":-1e5,\"to\":12345678901234567890123}]");
	gives(ALL, "id,name\n", "[]");
	gives(ALL, "1,2\n3,4\n", "[{\"1\":3,\"2\":4}]");
	gives(ALL, "\"a\",\"b\"\n1,2\n", "[{\"a\":1,\"b\":2}]");
	gives(ALL, "\xef\xbb\xbf" "a,b\n1,2\n", "[{\"a\":1,\"b\":2}]");
	reads_as(AGENTRUN_FORMAT_CSV, "name\nAda\nnull\n", "[{\"name\":\"Ada\"},{\"name\":\"null\"}]");
	gives("{\"step\":\"table_sort\",\"field\":\"n\",\"order\":\"desc\"}", "n,s\n9,a\n10,b\n",
		"[{\"n\":10,\"s\":\"b\"},{\"n\":9,\"s\":\"a\"}]");
}
END_TEST

static void auto_refused(const char *input, size_t line, size_t column,
	const char *part)
{
	refused(AGENTRUN_FORMAT_AUTO, input, strlen(input), AGENTRUN_EINPUT, line, column,
		part);
}

START_TEST(bad_input_is_refused_where_it_is_bad)
{
	auto_refused("", 1, 1, "empty");
	auto_refused(" \n\t\n", 3, 1, "empty");
	auto_refused("\xef\xbb\xbf", 1, 4, "empty");
	auto_refused("[1,2", 1, 5, "not closed");
	auto_refused("[1,]", 1, 4, "expected a JSON value");
	auto_refused("{\"a\":1}\n{\"a\":}\n", 2, 6, "expected a JSON value");
	auto_refused("{\"a\":1}\n{\"a\":2} 3\n", 2, 9, "one value");
	auto_refused("{\"a\":1} {\"a\":2}", 1, 9, "unexpected text");
	auto_refused("{\n\"a\":1}\n{\"a\":2}", 3, 1, "unexpected text");
	auto_refused("hello", 1, 1, "expected a JSON value");
	auto_refused("Hello, world", 1, 1, "expected a JSON value");
	auto_refused("<html>,\n,", 1, 1, "expected a JSON value");
	auto_refused("[{\"a\":\"\xff\"}]", 1, 8, "UTF-8");
	auto_refused("{a:1,b:2}\n{}", 1, 2, "key in quotes");
	auto_refused("a,b\n1,2\n1,2,3\n", 3, 1, "3 fields, the header has 2");
	auto_refused("a,b\n1\n", 2, 1, "1 fields, the header has 2");
	auto_refused("a,b\n1,\"x\n", 2, 3, "not closed");
	auto_refused("a,b\n1,\"x\"y\n", 2, 6, "text after a quoted field");
	auto_refused("a,b\n1,\xff\n", 2, 3, "UTF-8");
	refused(AGENTRUN_FORMAT_AUTO, "a,b\n1,\0\n", 8, AGENTRUN_EINPUT, 2, 3, "NUL");
	refused(AGENTRUN_FORMAT_AUTO, "[1,\0]", 5, AGENTRUN_EINPUT, 1, 4, "");
	refused(AGENTRUN_FORMAT_JSON, "1\n2", 3, AGENTRUN_EINPUT, 2, 1, "unexpected");
	refused(AGENTRUN_FORMAT_NDJSON, "[\n1]", 4, AGENTRUN_EINPUT, 1, 2, "not valid JSON");
}
END_TEST

START_TEST(what_no_step_reads_is_validated_too)
{
	fails("{\"step\":\"limit\",\"n\":1}", "{\"a\":1}\n{\"a\":2}\n{\n", AGENTRUN_EINPUT, 0,
		"input:3:");
	fails("{\"step\":\"limit\",\"n\":1}", "a,b\n1,2\n1,2\n1\n", AGENTRUN_EINPUT, 0,
		"input:4:1");
	fails("{\"step\":\"limit\",\"n\":1}", "[1,2,", AGENTRUN_EINPUT, 0, "input:1:6");
}
END_TEST

START_TEST(limits_are_refused_each_by_its_name)
{
	agr_pipeline_limits limits = { .max_rows = 2, .max_depth = 3, .max_input_bytes = 30,
		.max_output_bytes = 20, .max_steps = 2 };
	static const struct {
		const char *pipeline, *input, *part;
	} cases[] = {
		{ "[" ALL "]", "[1,2,3]", "limit of 2" },
		{ "[" ALL "]", "[[[[]]]]", "3 levels" },
		{ "[" ALL "]", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14]", "limit is 30" },
		{ "[" ALL "]", "[\"aaaaaaaaaaaaaaaaaaaaaa\"]", "limit of 20 bytes" },
		{ "[" ALL "," ALL "," ALL "]", "[]", "3 steps, the limit is 2" },
		{ "[{\"step\":\"flatten\",\"field\":\"t\"}]", "[{\"t\":[1,2,3]}]", "limit of 2" },
	};

	for (size_t i = 0; i < AGR_COUNT(cases); i++) {
		agentrun_buf out = AGENTRUN_BUF_INIT;
		agentrun_error *err = NULL;

		ck_assert_int_eq(run_with(&out, cases[i].pipeline, cases[i].input,
			strlen(cases[i].input), 0, AGENTRUN_FORMAT_JSON, &limits, &err),
			AGENTRUN_ELIMIT);
		ck_assert_msg(strstr(agentrun_error_message(err), cases[i].part), "%s",
			agentrun_error_message(err));
		agentrun_error_free(err);
		agentrun_buf_dispose(&out);
	}
}
END_TEST

static void prints(int format, const char *json, const char *expected)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	char *copy = exact_copy(json, strlen(json));
	agentrun_error *err = NULL;

	ck_assert_msg(agentrun_rows_write(&out, NULL, copy, strlen(json), format, &err) == 0,
		"%s", agentrun_error_message(err));
	ck_assert_str_eq(out.data, expected);
	agentrun_buf_dispose(&out);
	free(copy);
}

START_TEST(rows_print_as_lines)
{
	prints(AGENTRUN_FORMAT_NDJSON, "[{\"a\": 1}, 2]", "{\"a\":1}\n2\n");
	prints(AGENTRUN_FORMAT_NDJSON, "[]", "");
	prints(AGENTRUN_FORMAT_NDJSON, "{\"a\":1}", "{\"a\":1}\n");
	prints(AGENTRUN_FORMAT_JSON, " [1, 2] ", "[1,2]");
	prints(AGENTRUN_FORMAT_JSON, "17", "17");
}
END_TEST

START_TEST(rows_print_as_csv)
{
	prints(AGENTRUN_FORMAT_CSV,
		"[{\"a\":1.50,\"b\":\"x, \\\"y\\\"\"},{\"c\":[1, 2],\"a\":null,\"b\":\"\"},{\"b\":\"\\n\"}]",
		"a,b,c\n1.50,\"x, \"\"y\"\"\",\n,\"\",\"[1,2]\"\n,\"\n\",\n");
	prints(AGENTRUN_FORMAT_CSV, "[1,\"a\"]", "value\n1\na\n");
	prints(AGENTRUN_FORMAT_CSV, "{\"a\":1,\"b\":true}", "a,b\n1,true\n");
	prints(AGENTRUN_FORMAT_CSV, "\"a b\"", "a b\n");
	prints(AGENTRUN_FORMAT_CSV, "[]", "");
	prints(AGENTRUN_FORMAT_CSV, "[{\"a\":1,\"\\u0061\":2}]", "a\n2\n");
}
END_TEST

START_TEST(rows_print_as_a_table)
{
	prints(AGENTRUN_FORMAT_TABLE,
		"[{\"name\":\"\xc3\x89mile\",\"n\":5},{\"name\":\"B\\u001b[31m\",\"n\":1000}]",
		"name          n\n\xc3\x89mile         5\nB\\x1b[31m  1000\n");
	prints(AGENTRUN_FORMAT_TABLE, "{\"a\":1,\"long\":\"x\"}",
		"key   value\na         1\nlong  x\n");
	prints(AGENTRUN_FORMAT_TABLE, "12.50", "12.50\n");
	prints(AGENTRUN_FORMAT_TABLE, "[]", "");
	prints(AGENTRUN_FORMAT_TABLE,
		"[\"1234567890123456789012345678901234567890\","
		"\"12345678901234567890123456789012345678901\"]",
		"value\n1234567890123456789012345678901234567890\n"
		"123456789012345678901234567890123456789\xe2\x80\xa6\n");
}
END_TEST

START_TEST(formats_have_names)
{
	agentrun_error *err = NULL;
	agentrun_buf out = AGENTRUN_BUF_INIT;

	ck_assert_int_eq(agentrun_format_from_name("json"), AGENTRUN_FORMAT_JSON);
	ck_assert_int_eq(agentrun_format_from_name("table"), AGENTRUN_FORMAT_TABLE);
	ck_assert_int_eq(agentrun_format_from_name("xml"), -1);
	ck_assert_int_eq(agentrun_format_from_name(NULL), -1);
	ck_assert_int_eq(agentrun_rows_write(&out, NULL, "[1", 2, AGENTRUN_FORMAT_CSV, &err),
		AGENTRUN_EINPUT);
	agentrun_error_free(err);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		json_is_told_by_looking,
		lines_are_two_values_or_more,
		lines_may_hold_any_value,
		csv_is_typed_by_look,
		bad_input_is_refused_where_it_is_bad,
		what_no_step_reads_is_validated_too,
		limits_are_refused_each_by_its_name,
		rows_print_as_lines,
		rows_print_as_csv,
		rows_print_as_a_table,
		formats_have_names,
		NULL,
	};

	return unit_main(unit_suite("input", tests));
}
