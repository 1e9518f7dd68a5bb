/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdio.h>

#include "unit.h"

#include "table/object.h"

static agr_span span(const char *json)
{
	agr_text text = { .p = json, .n = strlen(json) };
	agentrun_error *err = NULL;
	agr_span out = { NULL, 0 };

	ck_assert_msg(agr_scan_document(&out, &text, &err) == 0, "%s: %s", json,
		agentrun_error_message(err));
	return out;
}

static void refused_at(const char *json, size_t len, size_t line, size_t column)
{
	/* A copy without a NUL behind it, so that a sanitizer sees an overread. */
	char *copy = malloc(len ? len : 1);
	agr_text text = { .p = copy, .n = len };
	agentrun_error *err = NULL;
	agr_span out;

	if (len)
		memcpy(copy, json, len);
	ck_assert_int_eq(agr_scan_document(&out, &text, &err), AGENTRUN_EINPUT);
	ck_assert_uint_eq(agentrun_error_line(err), line);
	ck_assert_uint_eq(agentrun_error_column(err), column);
	agentrun_error_free(err);
	free(copy);
}

static void writes(const char *json, const char *expected)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_value_write(&buf, span(json));
	ck_assert_str_eq(buf.data, expected);
	agr_buf_free(&buf);
}

START_TEST(faults_are_refused_with_line_and_column)
{
	static const char *const bad[] = { "[1,]", "[1 2]", "{\"a\" 1}", "{\"a\":1,}", "{a:1}",
		"01", "-", "1.", "1e", "\"\\x\"", "\"\\u12g4\"", "tru", "[", "{", "\"a", "1 2",
		"[1]]", "nul", "+1", ".5", "'a'", "\"a\nb\"", "\"\xff\"", "{\"a\":}", "{,}", "[,1]" };

	for (size_t i = 0; i < AGR_COUNT(bad); i++) {
		agr_text text = { .p = bad[i], .n = strlen(bad[i]) };
		agentrun_error *err = NULL;
		agr_span out;

		ck_assert_int_eq(agr_scan_document(&out, &text, &err), AGENTRUN_EINPUT);
		ck_assert_uint_ge(agentrun_error_column(err), 1);
		agentrun_error_free(err);
	}
	refused_at("{\n \"a\": tru}", 11, 2, 7);
	refused_at("", 0, 1, 1);
	refused_at("[1,\0]", 5, 1, 4);
	refused_at("[\"ab", 4, 1, 5);
}
END_TEST

START_TEST(depth_is_a_limit_of_its_own)
{
	agr_text text = { .p = "[[[]]]", .n = 6, .max_depth = 2 };
	agentrun_error *err = NULL;
	agr_span out;

	ck_assert_int_eq(agr_scan_document(&out, &text, &err), AGENTRUN_ELIMIT);
	ck_assert_uint_eq(agentrun_error_column(err), 3);
	agentrun_error_free(err);
	text.max_depth = 3;
	ck_assert_int_eq(agr_scan_document(&out, &text, NULL), 0);
}
END_TEST

START_TEST(values_leave_as_they_came_but_compact)
{
	writes(" { \"a\" : [ 1.50 , 1e400 ] , \"b\" : \"\\u00e9\" } ",
		"{\"a\":[1.50,1e400],\"b\":\"\\u00e9\"}");
	writes("\xef\xbb\xbf[ ]", "[]");
}
END_TEST

START_TEST(of_duplicate_keys_the_last_value_wins_at_the_first_place)
{
	writes("{\"a\":1,\"b\":2,\"\\u0061\":3}", "{\"a\":3,\"b\":2}");
	writes("{\"\\u0061\":1,\"b\":2,\"a\":3}", "{\"\\u0061\":3,\"b\":2}");
	writes("{\"\":1,\"ab\":2,\"ba\":3,\"\":4,\"acb\":5}", "{\"\":4,\"ab\":2,\"ba\":3,\"acb\":5}");
	writes("[ { \"a\" : { \"x\" : 1 , \"y\" : [ ] , \"x\" : { \"z\" : 0 , \"z\" : 1 } } , \"b\" : 2 , \"a\" : 3 } , 4 ]",
		"[{\"a\":3,\"b\":2},4]");
	writes("[ { \"b\" : 2 , \"a\" : { \"x\" : 1 , \"y\" : [ ] , \"x\" : { \"z\" : 0 , \"z\" : 1 } } } ]",
		"[{\"b\":2,\"a\":{\"x\":{\"z\":1},\"y\":[]}}]");
	writes("{\"0\":0,\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,"
	       "\"10\":10,\"11\":11,\"12\":12,\"3\":\"x\"}",
		"{\"0\":0,\"1\":1,\"2\":2,\"3\":\"x\",\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,"
		"\"10\":10,\"11\":11,\"12\":12}");
}
END_TEST

START_TEST(numbers_compare_exactly)
{
	static const char *const rising[] = { "-1e400", "-12345678901234567890123", "-2", "-1.5",
		"-1e-400", "0", "1e-400", "0.1", "1", "1.0000000000000000000001", "2", "10",
		"9007199254740992", "9007199254740993", "12345678901234567890123", "1e400" };

	for (size_t i = 0; i < AGR_COUNT(rising); i++)
		for (size_t k = 0; k < AGR_COUNT(rising); k++) {
			int c = agr_number_compare(span(rising[i]), span(rising[k]));

			ck_assert_msg((c > 0) == (i > k) && (c < 0) == (i < k), "%s ? %s: %d",
				rising[i], rising[k], c);
		}
	ck_assert_int_eq(agr_number_compare(span("1.0"), span("1")), 0);
	ck_assert_int_eq(agr_number_compare(span("100"), span("1e2")), 0);
	ck_assert_int_eq(agr_number_compare(span("0.01"), span("1E-2")), 0);
	ck_assert_int_eq(agr_number_compare(span("-0"), span("0.00e9")), 0);
	ck_assert_int_eq(agr_number_compare(span("10.5"), span("1.05e1")), 0);
}
END_TEST

START_TEST(whole_numbers_are_told)
{
	int64_t n;
	double unused;

	ck_assert(agr_number_int64(span("9223372036854775807"), &n) && n == INT64_MAX);
	ck_assert(!agr_number_simple(span("-9223372036854775808"), &unused));
	ck_assert(agr_number_int64(span("-9223372036854775808"), &n) && n == INT64_MIN);
	ck_assert(!agr_number_int64(span("9223372036854775808"), &n));
	ck_assert(agr_number_int64(span("1.0"), &n) && n == 1);
	ck_assert(agr_number_int64(span("1.5e1"), &n) && n == 15);
	ck_assert(agr_number_int64(span("1200"), &n) && n == 1200);
	ck_assert(!agr_number_int64(span("1.5"), &n));
	ck_assert(!agr_number_int64(span("0.5"), &n));
	ck_assert(agr_number_int64(span("-0.0"), &n) && n == 0);
}
END_TEST

START_TEST(values_have_one_order)
{
	static const char *const rising[] = { "null", "false", "true", "-1", "1", "\"\"", "\"a\"",
		"\"ab\"", "\"b\"", "\"\\u00e9\"", "\"\\uffee\"", "\"\\ud83d\\ude00\"", "[]", "[1]",
		"[1,2]", "[2]", "{}", "{\"a\":1}", "{\"a\":2}", "{\"b\":0}" };

	for (size_t i = 0; i < AGR_COUNT(rising); i++)
		for (size_t k = 0; k < AGR_COUNT(rising); k++) {
			int c = agr_value_compare(span(rising[i]), span(rising[k]));

			ck_assert_msg((c > 0) == (i > k) && (c < 0) == (i < k), "%s ? %s: %d",
				rising[i], rising[k], c);
		}
	ck_assert(agr_value_equal(span("{\"a\":1,\"b\":[2]}"), span("{\"b\":[2.0],\"a\":1e0}")));
	ck_assert(!agr_value_equal(span("[1]"), span("[\"1\"]")));
}
END_TEST

START_TEST(strings_are_the_same_however_escaped)
{
	agr_buf buf = AGR_BUF_INIT;

	ck_assert(agr_string_same(span("\"\\u0061\\/\""), span("\"a/\"")));
	ck_assert(agr_string_is(span("\"\\ud83d\\ude00\""), "\xf0\x9f\x98\x80", 4));
	ck_assert(!agr_string_is(span("\"a\\n\""), "a\\n", 3));
	ck_assert(agr_string_hash(span("\"\\u0061\"")) == agr_string_hash(span("\"a\"")));
	agr_string_decode(&buf, span("\"\\ud800x\\u0000\""));
	ck_assert_uint_eq(buf.len, 5);
	ck_assert_int_eq(memcmp(buf.data, "\xef\xbf\xbdx\0", 5), 0);
	agr_buf_free(&buf);
}
END_TEST

START_TEST(several_values_in_one_text_are_read_one_by_one)
{
	agr_text text = { .p = "{\"a\":1}\n 2 \n", .n = 12 };
	agr_span value;
	size_t pos = 0;

	ck_assert_int_eq(agr_scan_next(&value, &text, &pos, NULL), 1);
	ck_assert_uint_eq(value.n, 7);
	ck_assert_int_eq(agr_scan_next(&value, &text, &pos, NULL), 1);
	ck_assert_uint_eq(value.n, 1);
	ck_assert_int_eq(agr_scan_next(&value, &text, &pos, NULL), 0);
}
END_TEST

static void doubles_write(double value, const char *expected)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_number_write(&buf, value);
	ck_assert_str_eq(buf.data, expected);
	agr_buf_free(&buf);
}

START_TEST(doubles_are_written_shortest)
{
	doubles_write(0.1 + 0.2, "0.30000000000000004");
	doubles_write(-1.5, "-1.5");
	doubles_write(300, "300");
	doubles_write(1e21, "1e+21");
	doubles_write(1e20, "100000000000000000000");
	doubles_write(5e-324, "5e-324");
	doubles_write(0.000001, "0.000001");
	doubles_write(1.25e-7, "1.25e-7");
	doubles_write(-0.0, "0");
	doubles_write(1.7976931348623157e308, "1.7976931348623157e+308");
	doubles_write(123456.789, "123456.789");
}
END_TEST

START_TEST(texts_of_any_length_become_the_nearest_double)
{
	char longest[1200];

	ck_assert(agr_number_double(span("-0.1e1")) == -1.0);
	ck_assert(agr_number_double(span("0.3")) == 0.3);
	ck_assert(agr_number_double(span("1e400")) > 1.7e308);
	ck_assert(agr_number_double(span("1e-400")) == 0.0);
	ck_assert(agr_number_double(span("-9007199254740993")) == -9007199254740992.0);
	/* A tie that only the last of a thousand digits breaks. */
	memset(longest, '0', sizeof(longest));
	memcpy(longest, "9007199254740993.", 17);
	longest[1100] = '1';
	longest[1101] = '\0';
	ck_assert(agr_number_double(span(longest)) == 9007199254740994.0);
	longest[1100] = '\0';
	ck_assert(agr_number_double(span(longest)) == 9007199254740992.0);
}
END_TEST

START_TEST(short_numbers_are_read_whatever_their_length_and_point)
{
	static const char digits[] = "9081726354";
	char text[32];

	for (int n = 1; n <= 9; n++) {
		for (int point = 0; point < n; point++) {
			int len = snprintf(text, sizeof(text), "-%.*s%s%s", point ? point : n,
				digits, point ? "." : "", point ? digits + 10 - (n - point) : "");
			char *exact = malloc((size_t)len); /* nothing is read beside it */
			double value = 0;

			ck_assert_ptr_nonnull(exact);
			memcpy(exact, text, (size_t)len);
			ck_assert(agr_number_simple((agr_span){ exact, (size_t)len }, &value));
			ck_assert(value == strtod(text, NULL));
			ck_assert(agr_number_simple((agr_span){ exact + 1, (size_t)len - 1 },
				&value));
			ck_assert(value == strtod(text + 1, NULL));
			free(exact);
		}
	}
	ck_assert(!agr_number_simple(span("1e3"), &(double){ 0 }));
	ck_assert(!agr_number_simple(span("1.5e3"), &(double){ 0 }));
	ck_assert(!agr_number_simple(span("1234567890123456"), &(double){ 0 }));
}
END_TEST

static int canonical_same(const char *a, const char *b)
{
	agr_buf x = AGR_BUF_INIT, y = AGR_BUF_INIT;
	int same;

	agr_value_canonical(&x, span(a));
	agr_value_canonical(&y, span(b));
	same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
	agr_buf_free(&x);
	agr_buf_free(&y);
	return same;
}

START_TEST(canonical_bytes_are_the_same_for_equal_values_only)
{
	ck_assert(canonical_same("1", "1.0"));
	ck_assert(canonical_same("-0", "0e5"));
	ck_assert(canonical_same("[100]", "[1e2]"));
	ck_assert(canonical_same("\"\\u0061\"", "\"a\""));
	ck_assert(canonical_same("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":0,\"a\":1}"));
	ck_assert(!canonical_same("1", "\"1\""));
	ck_assert(!canonical_same("-1", "1"));
	ck_assert(!canonical_same("[\"a\",\"b\"]", "[\"ab\"]"));
	ck_assert(!canonical_same("[[1],2]", "[[1,2]]"));
	ck_assert(!canonical_same("[]", "{}"));
}
END_TEST

START_TEST(long_texts_have_canonical_bytes_of_their_own)
{
	char filler[300], plain[320], other[320];

	memset(filler, 'x', sizeof(filler));
	for (int n = 250; n < 260; n++) {
		snprintf(plain, sizeof(plain), "\"a%.*s\"", n, filler);
		snprintf(other, sizeof(other), "\"\\u0061%.*s\"", n, filler);
		ck_assert(canonical_same(plain, other));
		snprintf(other, sizeof(other), "\"a%.*s\"", n + 1, filler);
		ck_assert(!canonical_same(plain, other));
	}
}
END_TEST

START_TEST(values_are_edited_while_they_are_written)
{
	agr_span row = span("{\"a\":[1,2],\"b\":{\"c\":3},\"d\":4}"), c, b;
	agr_edit edits[2] = { { .value = span("[9]") }, { .key = span("\"d\"") } };
	agr_buf buf = AGR_BUF_INIT;

	ck_assert(agr_object_get(row, "b", 1, &b) && agr_object_get(b, "c", 1, &c));
	edits[0].at = c.p;
	edits[1].at = b.p;
	agr_value_write_edited(&buf, row, edits, 2);
	ck_assert_str_eq(buf.data, "{\"a\":[1,2],\"d\":{\"c\":[9]}}");
	agr_buf_free(&buf);
}
END_TEST

START_TEST(what_stands_around_an_edit_stays_but_for_white_space)
{
	agr_span row = span("{ \"a\" : 1 ,\n\"b\" : [ 2 , { \"a\" : 3 } ] , \"c\" : 4 }"), a, b, c;
	agr_edit edits[3] = { { .key = span("\"\\u0063\"") }, { .value = span("[ 9 , 8 ]") },
		{ .key = span("\"d\"") } };
	agr_buf buf = AGR_BUF_INIT;

	ck_assert(agr_object_get(row, "a", 1, &a) && agr_object_get(row, "b", 1, &b) &&
		agr_object_get(row, "c", 1, &c));
	edits[0].at = a.p;
	edits[1].at = b.p;
	edits[2].at = c.p;
	agr_value_write_edited(&buf, row, edits, 2);
	ck_assert_str_eq(buf.data, "{\"\\u0063\":1,\"b\":[9,8]}");
	agr_buf_reset(&buf);
	agr_value_write_edited(&buf, row, edits, 3);
	ck_assert_str_eq(buf.data, "{\"\\u0063\":1,\"b\":[9,8],\"d\":4}");
	agr_buf_free(&buf);
}
END_TEST

START_TEST(duplicates_among_many_keys_are_found_at_every_level)
{
	agr_buf in = AGR_BUF_INIT, want = AGR_BUF_INIT, got = AGR_BUF_INIT;

	agr_buf_char(&in, '{');
	agr_buf_char(&want, '{');
	for (int i = 0; i < 500; i++) {
		agr_buf_printf(&in, "%s\"k%d\":{\"x\":0,\"x\":%d}", i ? "," : "", i, i);
		agr_buf_printf(&want, "%s\"k%d\":{\"x\":%d}", i ? "," : "", i,
			i == 7 ? -1 : i);
	}
	agr_buf_str(&in, ",\"\\u006b7\":{\"x\":-1}}");
	agr_buf_char(&want, '}');
	agr_value_write(&got, span(in.data));
	ck_assert_str_eq(got.data, want.data);
	agr_buf_free(&in);
	agr_buf_free(&want);
	agr_buf_free(&got);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		faults_are_refused_with_line_and_column,
		depth_is_a_limit_of_its_own,
		values_leave_as_they_came_but_compact,
		of_duplicate_keys_the_last_value_wins_at_the_first_place,
		numbers_compare_exactly,
		whole_numbers_are_told,
		values_have_one_order,
		strings_are_the_same_however_escaped,
		several_values_in_one_text_are_read_one_by_one,
		doubles_are_written_shortest,
		texts_of_any_length_become_the_nearest_double,
		short_numbers_are_read_whatever_their_length_and_point,
		canonical_bytes_are_the_same_for_equal_values_only,
		long_texts_have_canonical_bytes_of_their_own,
		values_are_edited_while_they_are_written,
		what_stands_around_an_edit_stays_but_for_white_space,
		duplicates_among_many_keys_are_found_at_every_level,
		NULL,
	};

	return unit_main(unit_suite("scan", tests));
}
