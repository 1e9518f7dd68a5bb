/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Expressions, through the step derive: what they give, and what they refuse. */
#include <stdio.h>

#include "run_pipeline.h"

static const char row[] = "{\"price\":10,\"half\":0.5,\"one\":1.0,\"big\":9223372036854775807,"
	"\"huge\":123456789012345678901234567890,\"name\":\"Zo\\u00eb \xd0\x94\xe2\x82\xac\","
	"\"carrier\":{\"code\":\"AA\",\"n\":{\"x\":7}},\"tags\":[1,\"b\",null],"
	"\"US Gross\":3,\"a.b\":\"literal\",\"a\":{\"b\":\"inner\"},\"yes\":true,"
	"\"none\":null,\"length\":4,\"neg\":-3,\"o\":{\"k\":1,\"k\":2}}";

static void run_expr(agentrun_buf *out, const char *text, int *code,
	agentrun_error **err)
{
	agr_buf steps = AGR_BUF_INIT;

	agr_buf_str(&steps, "[{\"step\":\"derive\",\"as\":\"x\",\"expr\":");
	agr_buf_json_str(&steps, text, strlen(text));
	agr_buf_str(&steps, "},{\"step\":\"table_select\",\"fields\":[\"x\"]}]");
	agr_buf_add(&steps, "", 0);
	*code = run_with(out, steps.data, row, strlen(row), AGENTRUN_FORMAT_NDJSON,
		AGENTRUN_FORMAT_JSON, NULL, err);
	agr_buf_free(&steps);
}

static void is(const char *text, const char *expected)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	char want[300];
	int code;

	run_expr(&out, text, &code, &err);
	ck_assert_msg(code == 0, "%s: %s", text, agentrun_error_message(err));
	snprintf(want, sizeof(want), "[{\"x\":%s}]", expected);
	ck_assert_msg(strcmp(out.data, want) == 0, "%s: got %s, want %s", text, out.data,
		want);
	agentrun_buf_dispose(&out);
}

static void refused(const char *text, int want, const char *part)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int code;

	run_expr(&out, text, &code, &err);
	ck_assert_msg(code == want, "%s: code %d, want %d: %s", text, code, want,
		err ? agentrun_error_message(err) : out.data);
	ck_assert_msg(strstr(agentrun_error_message(err), part), "%s: '%s' lacks '%s'", text,
		agentrun_error_message(err), part);
	ck_assert_uint_eq(agentrun_error_step(err), 1);
	agentrun_error_free(err);
	agentrun_buf_dispose(&out);
}

START_TEST(arithmetic_keeps_whole_numbers_exact)
{
	is("1 + 2 * 3", "7");
	is("(1 + 2) * 3", "9");
	is("10 - 4 - 3", "3");
	is("price / 2", "5");
	is("price / 4", "2.5");
	is("price / half", "20");
	is("7 % 3", "1");
	is("-7 % 3", "-1");
	is("7.5 % 2", "1.5");
	is("-price", "-10");
	is("- -price", "10");
	is("2 * -3", "-6");
	is("one + 1", "2");
	is("9007199254740993 + 0", "9007199254740993");
	is("big - 1", "9223372036854775806");
	is("big + 1", "9223372036854776000");
	is("-big - 1", "-9223372036854775808");
	is("(-big - 1) / -1", "9223372036854776000");
	is("(-big - 1) % -1", "0");
	is("big * big", "8.507059173023462e+37");
	is("9007199254740993 / 3", "3002399751580331");
	is("0.1 + 0.2", "0.30000000000000004");
	is("1e2 + 1", "101");
	is("1E+2", "1E+2");
	is("007 + 0", "7");
	is("007", "7");
	is("1.5 * 2", "3");
}
END_TEST

START_TEST(what_cannot_be_computed_is_null)
{
	is("price / 0", "null");
	is("price % 0", "null");
	is("price / 0.0", "null");
	is("1e308 * 10", "null");
	is("missing + 1", "null");
	is("1 - none", "null");
	is("-missing", "null");
	is("upper(missing)", "null");
	is("concat('a', none)", "null");
	is("substr(name, missing)", "null");
	is("length(none)", "null");
	is("round(missing)", "null");
	is("abs(none)", "null");
	is("price * 2 + missing", "null");
}
END_TEST

START_TEST(fields_come_as_they_are)
{
	is("huge", "123456789012345678901234567890");
	is("name", "\"Zo\\u00eb \xd0\x94\xe2\x82\xac\"");
	is("carrier.code", "\"AA\"");
	is("carrier.n.x", "7");
	is("carrier", "{\"code\":\"AA\",\"n\":{\"x\":7}}");
	is("tags[0]", "1");
	is("tags[-2]", "\"b\"");
	is("`US Gross`", "3");
	is("`US Gross` * 2", "6");
	is("a.b", "\"literal\"");
	is("a.`b`", "\"literal\"");
	is("carrier.`n`.x", "7");
	is("yes", "true");
	is("length + 1", "5");
	is("length (name) + length", "10");
	is("null", "null");
	is("o", "{\"k\":2}");
}
END_TEST

START_TEST(comparisons_follow_the_filter)
{
	is("price > 9", "true");
	is("price >= 10.0", "true");
	is("price < 10", "false");
	is("price == 1e1", "true");
	is("price != 10", "false");
	is("carrier.code == 'AA'", "true");
	is("name > 'Zo'", "true");
	is("name == 'Zo\\u00eb \xd0\x94\xe2\x82\xac'", "true");
	is("9007199254740993 == 9007199254740992", "false");
	is("huge > 123456789012345678901234567889", "true");
	is("big + 1 > big", "true");
	is("price == '10'", "false");
	is("price != '10'", "true");
	is("price < '9'", "false");
	is("yes > 1", "false");
	is("yes == true", "true");
	is("false < true", "true");
	is("tags == tags", "true");
	is("carrier == tags", "false");
	/* null meets no condition */
	is("missing == 1", "false");
	is("missing != 1", "false");
	is("missing == none", "false");
	/* but for the word */
	is("missing == null", "true");
	is("none == null", "true");
	is("null != price", "true");
	is("price == null", "false");
	is("price < null", "false");
}
END_TEST

START_TEST(logic_looks_no_further_than_it_must)
{
	is("true and false", "false");
	is("true or false and false", "true");
	is("not true or true", "true");
	is("not (true or true)", "false");
	is("not price > 3", "false");
	is("not missing", "true");
	is("price > 3 and missing", "false");
	is("price", "10");
	is("price and 'x'", "true");
	is("false and 1 + 'x'", "false");
	is("true or 1 + 'x'", "true");
	is("if(price > 5, 'dear', 1 + 'x')", "\"dear\"");
	is("if(price > 50, 'dear')", "null");
	is("if(missing, 1, 2)", "2");
	is("coalesce(missing, none, price, 1 + 'x')", "10");
	is("coalesce(missing)", "null");
	is("coalesce(false, 1)", "false");
}
END_TEST

START_TEST(strings_count_code_points)
{
	is("upper(name)", "\"ZO\xc3\x8b \xd0\x94\xe2\x82\xac\"");
	is("lower('\xc3\x89T\xc3\x89 \xd0\x94 \xce\xa3 \xc5\xb8')",
		"\"\xc3\xa9t\xc3\xa9 \xd0\xb4 \xcf\x83 \xc3\xbf\"");
	is("upper('stra\xc3\x9f""e \xce\xac\xcf\x82')", "\"STRA\xc3\x9f""E \xce\x86\xce\xa3\"");
	is("upper('\xc5\xba\xc4\x81\xc3\xb7')", "\"\xc5\xb9\xc4\x80\xc3\xb7\"");
	is("length(name)", "6");
	is("length('')", "0");
	is("length(tags)", "3");
	is("length(o)", "1");
	is("concat(carrier.code, '-', price, true, tags)", "\"AA-10true[1,\\\"b\\\",null]\"");
	is("concat('')", "\"\"");
	is("concat(upper('a'), concat(lower('B'), 'c'))", "\"Abc\"");
	is("substr(name, 0, 3)", "\"Zo\xc3\xab\"");
	is("substr(name, 2)", "\"\xc3\xab \xd0\x94\xe2\x82\xac\"");
	is("substr(name, -1)", "\"\xe2\x82\xac\"");
	is("substr(name, -100, 1)", "\"Z\"");
	is("substr(name, 100)", "\"\"");
	is("substr(name, 1, -1)", "\"\"");
	is("substr(upper('abc'), 1, 1)", "\"B\"");
	is("substr('abc', 1e300)", "\"\"");
	is("'it''s'", "\"it's\"");
	is("\"a \\\"b\\\" \\n\"", "\"a \\\"b\\\" \\n\"");
	is("'\\u20ac\\\\'", "\"\xe2\x82\xac\\\\\"");
}
END_TEST

START_TEST(rounding_is_what_a_person_does)
{
	is("round(2.5)", "3");
	is("round(-2.5)", "-3");
	is("round(2.4)", "2");
	is("round(one)", "1");
	is("round(1.005, 2)", "1.01");
	is("round(-1.005, 2)", "-1.01");
	is("round(1234.5678, 1)", "1234.6");
	is("round(1250, -2)", "1300");
	is("round(-1250, -2)", "-1300");
	is("round(1249, -2)", "1200");
	is("round(big, -1)", "9223372036854776000");
	is("round(5, -30)", "0");
	is("round(huge)", "123456789012345678901234567890");
	is("round(1e-7, 7)", "1e-7");
	is("round(1.5e300, 300)", "1.5e300");
	is("round(0.5, 1000)", "0.5");
	is("abs(neg)", "3");
	is("abs(-huge)", "1.2345678901234568e+29");
	is("abs(-1.50)", "1.5");
	is("abs(-big - 1)", "9223372036854776000");
}
END_TEST

START_TEST(wrong_types_are_errors)
{
	refused("1 + 'x'", AGENTRUN_EPIPELINE,
		"+ at character 3 of expr wants numbers, got a string");
	refused("carrier * 2", AGENTRUN_EPIPELINE, "got an object");
	refused("-name", AGENTRUN_EPIPELINE, "- at character 1 of expr wants a number");
	refused("upper(price)", AGENTRUN_EPIPELINE, "upper at character 1");
	refused("1 + length(price)", AGENTRUN_EPIPELINE, "length at character 5");
	refused("abs('x')", AGENTRUN_EPIPELINE, "wants a number, got a string");
	refused("yes + 1", AGENTRUN_EPIPELINE, "got true or false");
	refused("substr(name, 'x')", AGENTRUN_EPIPELINE, "wants a number");
}
END_TEST

START_TEST(errors_name_the_character)
{
	refused("", AGENTRUN_EINPUT, "character 1: it ends where a value is wanted");
	refused("1 +", AGENTRUN_EINPUT, "character 4: it ends");
	refused("'\xc3\xa9' = 1", AGENTRUN_EINPUT, "character 5: equality is written ==");
	refused("1 2", AGENTRUN_EINPUT, "character 3: an operator or the end is wanted");
	refused("(1", AGENTRUN_EINPUT, "character 3: an operator or ) is wanted");
	refused("1)", AGENTRUN_EINPUT, "character 2");
	refused("* 2", AGENTRUN_EINPUT, "character 1: a value is wanted here");
	refused("sqrt(2)", AGENTRUN_EINPUT, "known are upper, lower");
	refused("upper()", AGENTRUN_EINPUT, "upper takes 1 argument, not 0");
	refused("substr(name)", AGENTRUN_EINPUT, "substr takes 2 to 3 arguments, not 1");
	refused("upper(name", AGENTRUN_EINPUT, ", or ) is wanted");
	refused("concat(1,,2)", AGENTRUN_EINPUT, "a value is wanted");
	refused("1 < 2 < 3", AGENTRUN_EINPUT, "comparisons do not chain");
	refused("a && b", AGENTRUN_EINPUT, "&& is written \"and\"");
	refused("a || b", AGENTRUN_EINPUT, "|| is written \"or\"");
	refused("!a", AGENTRUN_EINPUT, "! is written \"not\"");
	refused("'abc", AGENTRUN_EINPUT, "character 1: what begins with ' has no end");
	refused("`abc", AGENTRUN_EINPUT, "what begins with ` has no end");
	refused("'\\q'", AGENTRUN_EINPUT, "this is no escape");
	refused("'\\ud800'", AGENTRUN_EINPUT, "this is no escape");
	refused("a.", AGENTRUN_EINPUT, "behind the . a field's name is wanted");
	refused("a[b]", AGENTRUN_EINPUT, "[ wants a number and ]");
	refused("12abc", AGENTRUN_EINPUT, "a number such as");
	refused("1.", AGENTRUN_EINPUT, "a number such as");
	refused("a ; b", AGENTRUN_EINPUT, "; does not belong here");
	refused("a \xe2\x82\xac", AGENTRUN_EINPUT, "an operator or the end is wanted");
}
END_TEST

START_TEST(depth_and_length_are_limited)
{
	agr_buf text = AGR_BUF_INIT;

	for (int i = 0; i < 90; i++)
		agr_buf_char(&text, '(');
	agr_buf_char(&text, '1');
	for (int i = 0; i < 90; i++)
		agr_buf_char(&text, ')');
	is(text.data, "1");
	agr_buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		agr_buf_char(&text, '(');
	refused(text.data, AGENTRUN_ELIMIT, "nested too deeply");
	agr_buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		agr_buf_str(&text, "- ");
	refused(text.data, AGENTRUN_ELIMIT, "nested too deeply");
	agr_buf_reset(&text);
	agr_buf_char(&text, '1');
	for (int i = 0; i < 900; i++)
		agr_buf_str(&text, "+1");
	is(text.data, "901");
	for (int i = 0; i < 900; i++)
		agr_buf_str(&text, "+1");
	refused(text.data, AGENTRUN_ELIMIT, "too long");
	agr_buf_free(&text);
}
END_TEST

#define DERIVE(as, expr) "{\"step\":\"derive\",\"as\":\"" as "\",\"expr\":\"" expr "\"}"

START_TEST(derive_puts_the_value_into_the_row)
{
	gives(DERIVE("c", "a + b"), "[{\"a\":1, \"b\":2},{\"a\":5},7,{}]",
		"[{\"a\":1,\"b\":2,\"c\":3},{\"a\":5,\"c\":null},7,{\"c\":null}]");
	gives(DERIVE("a", "a * 2"), "[{\"a\":1,\"b\":2}]", "[{\"a\":2,\"b\":2}]");
	gives(DERIVE("a", "b"), "[{\"a\":1,\"b\":[1, 2],\"\\u0061\":3}]",
		"[{\"a\":[1,2],\"b\":[1,2]}]");
	gives(DERIVE("x y", "1"), "[{}]", "[{\"x y\":1}]");
	gives("[" DERIVE("b", "a + 1") "," DERIVE("c", "b + 1") ","
	      "{\"step\":\"table_filter\",\"condition\":{\"field\":\"c\",\"op\":\">\","
	      "\"value\":3}}]", "[{\"a\":1},{\"a\":2}]", "[{\"a\":2,\"b\":3,\"c\":4}]");
	gives("[{\"step\":\"table_sort\",\"field\":\"a\"}," DERIVE("b", "a") ","
	      "{\"step\":\"table_sort\",\"field\":\"b\",\"order\":\"desc\"}]",
		"[{\"a\":1},{\"a\":3},{\"a\":2}]",
		"[{\"a\":3,\"b\":3},{\"a\":2,\"b\":2},{\"a\":1,\"b\":1}]");
	fails("{\"step\":\"derive\",\"expr\":\"1\"}", "[]", AGENTRUN_EINPUT, 1,
		"as is missing");
	fails("{\"step\":\"derive\",\"as\":\"x\"}", "[]", AGENTRUN_EINPUT, 1,
		"expr is missing");
	fails("{\"step\":\"derive\",\"as\":\"x\",\"expr\":3}", "[]", AGENTRUN_EINPUT, 1,
		"expr must be a string");
	fails("{\"step\":\"derive\",\"as\":3,\"expr\":\"1\"}", "[]", AGENTRUN_EINPUT, 1,
		"as must be a name");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		arithmetic_keeps_whole_numbers_exact,
		what_cannot_be_computed_is_null,
		fields_come_as_they_are,
		comparisons_follow_the_filter,
		logic_looks_no_further_than_it_must,
		strings_count_code_points,
		rounding_is_what_a_person_does,
		wrong_types_are_errors,
		errors_name_the_character,
		depth_and_length_are_limited,
		derive_puts_the_value_into_the_row,
		NULL,
	};

	return unit_main(unit_suite("expr", tests));
}
