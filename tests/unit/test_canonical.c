/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include <agentrun/patch.h>

#include "patch/canonical.h"

static void becomes(const char *json, const char *expected)
{
	agr_text text = {.p = json, .n = strlen(json)};
	agr_buf out = AGR_BUF_INIT;
	agr_span value;

	ck_assert_int_eq(agr_scan_document(&value, &text, NULL), 0);
	agr_canonical_write(&out, value);
	ck_assert_str_eq(out.data, expected);
	agr_buf_free(&out);
}

START_TEST(numbers_are_written_as_ecmascript_does)
{
	static const char *const pairs[][2] = {{"0", "0"}, {"-0", "0"}, {"0.00e5", "0"},
		{"1.0", "1"}, {"-1e2", "-100"},
		{"333333333.33333329", "333333333.3333333"}, {"1E30", "1e+30"},
		{"4.50", "4.5"}, {"2e-3", "0.002"},
		{"0.000000000000000000000000001", "1e-27"}, {"0.000001", "0.000001"},
		{"0.0000001", "1e-7"}, {"1e21", "1e+21"},
		{"1e20", "100000000000000000000"}, {"-1.5e300", "-1.5e+300"},
		{"5e-324", "5e-324"},
		{"1.7976931348623157e308", "1.7976931348623157e+308"},
		{"2.2250738585072014e-308", "2.2250738585072014e-308"}, {"0.1", "0.1"},
		{"1e23", "1e+23"}, {"123.456", "123.456"},
		{"9007199254740992", "9007199254740992"},
		{"295147905179352825856", "295147905179352825856"}};

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		becomes(pairs[i][0], pairs[i][1]);
}
END_TEST

START_TEST(numbers_beyond_a_double_keep_their_digits)
{
	becomes("9007199254740993", "9007199254740993");
	becomes("9007199254740993.0", "9007199254740993");
	becomes("123456789012345678901234567890", "12345678901234567890123456789e+1");
	becomes("0.1234567890123456789", "1234567890123456789e-19");
	becomes("1e400", "1e+400");
	becomes("-10e-401", "-1e-400");
}
END_TEST

START_TEST(keys_sort_by_utf16_code_units)
{
	becomes("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,"
		"\"\\u0080\":6,\"\\u00f6\":7}",
		"{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
		"\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
	becomes("{\"ab\":1,\"a\":{\"d\":2,\"c\":3},\"\":4}",
		"{\"\":4,\"a\":{\"c\":3,\"d\":2},\"ab\":1}");
	becomes("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}");
}
END_TEST

START_TEST(strings_are_escaped_as_little_as_can_be)
{
	becomes("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"",
		"\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
	becomes("[ null , true,false , \"\\t\\b\\f\" ]",
		"[null,true,false,\"\\t\\b\\f\"]");
}
END_TEST

START_TEST(equal_documents_share_a_hash_and_others_do_not)
{
	char a[65], b[65];

	ck_assert_int_eq(
		agentrun_document_hash(a, NULL, "{\"x\":1,\"y\":[2.50]}", 18, NULL), 0);
	ck_assert_int_eq(
		agentrun_document_hash(b, NULL, "{\"y\":[25e-1], \"x\":1e0}", 22, NULL), 0);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(agentrun_document_hash(b, NULL, "{}", 2, NULL), 0);
	ck_assert_str_eq(
		b, "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
	ck_assert_int_eq(agentrun_document_hash(b, NULL, "{", 1, NULL), AGENTRUN_EPATCH);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		numbers_are_written_as_ecmascript_does,
		numbers_beyond_a_double_keep_their_digits,
		keys_sort_by_utf16_code_units,
		strings_are_escaped_as_little_as_can_be,
		equal_documents_share_a_hash_and_others_do_not,
		NULL,
	};

	return unit_main(unit_suite("canonical", tests));
}
