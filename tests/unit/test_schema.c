/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include "schema/schema.h"

static agr_span span(const char *json)
{
	agr_text text = {.p = json, .n = strlen(json)};
	agentrun_error *err = NULL;
	agr_span out = {NULL, 0};

	ck_assert_msg(agr_scan_document(&out, &text, &err) == 0, "%s: %s", json,
		agentrun_error_message(err));
	return out;
}

static void collect(void *user, const char *pointer, size_t len, const char *what)
{
	agr_buf *out = user;

	agr_buf_add(out, pointer, len);
	agr_buf_printf(out, " %s\n", what);
}

static int check(const char *schema, const char *value, agr_buf *faults)
{
	return agr_schema_check(span(schema), span(value), collect, faults, NULL);
}

static void accepts(const char *schema, const char *value)
{
	agr_buf faults = AGR_BUF_INIT;

	ck_assert_msg(check(schema, value, &faults) == 0, "%s: %s: %s", schema, value,
		faults.data);
	agr_buf_free(&faults);
}

static void rejects(const char *schema, const char *value)
{
	agr_buf faults = AGR_BUF_INIT;

	ck_assert_msg(check(schema, value, &faults) > 0, "%s: %s", schema, value);
	ck_assert_uint_gt(faults.len, 0);
	agr_buf_free(&faults);
}

START_TEST(keywords_tell_good_from_bad)
{
	static const struct {
		const char *schema, *good, *bad;
	} cases[] = {
		{"{\"type\":\"integer\"}", "1.0", "1.5"},
		{"{\"type\":\"integer\"}", "123456789012345678901234567890", "\"1\""},
		{"{\"type\":[\"null\",\"boolean\"]}", "false", "0"},
		{"{\"type\":\"object\"}", "{}", "[]"},
		{"{\"enum\":[1,{\"a\":[2]}]}", "{\"a\":[2.0]}", "\"1\""},
		{"{\"const\":\"\\u0061\"}", "\"a\"", "\"b\""},
		{"{\"minimum\":9007199254740993}", "9007199254740993",
			"9007199254740992"},
		{"{\"maximum\":1}", "1.0", "1.0000000000000000001"},
		{"{\"exclusiveMinimum\":0}", "1e-400", "0"},
		{"{\"exclusiveMaximum\":0}", "-1", "-0"},
		{"{\"multipleOf\":0.01}", "4.02", "4.025"},
		{"{\"multipleOf\":3}", "9", "10"},
		{"{\"minLength\":2}", "\"\\u00e9\xf0\x9f\x98\x80\"",
			"\"\xf0\x9f\x98\x80\""},
		{"{\"maxLength\":1}", "\"\\ud83d\\ude00\"", "\"ab\""},
		{"{\"minLength\":2}", "\"\\ud83dx\"", "\"\\n\""},
		{"{\"maxLength\":2}", "\"\\ud83d\\ud83d\"", "\"\\\\\\u0061\\n\""},
		{"{\"minItems\":1}", "[0]", "[]"},
		{"{\"maxItems\":1}", "[0]", "[0,0]"},
		{"{\"minProperties\":1}", "{\"a\":1}", "{}"},
		{"{\"maxProperties\":0}", "{}", "{\"a\":1}"},
		{"{\"uniqueItems\":true}", "[1,\"1\",true]",
			"[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1.0}]"},
#ifdef AGR_HAVE_PCRE2
		{"{\"pattern\":\"^[a-z]+$\"}", "\"abc\"", "\"aB\""},
#endif
		{"{\"required\":[\"a\"]}", "{\"\\u0061\":1}", "{\"b\":1}"},
		{"{\"properties\":{\"a\":{\"type\":\"null\"}}}", "{\"b\":1}",
			"{\"a\":1}"},
		{"{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
			"{\"a\":1}", "{\"b\":1}"},
#ifdef AGR_HAVE_PCRE2
		{"{\"patternProperties\":{\"^x\":{\"type\":\"null\"}},"
		 "\"additionalProperties\":"
		 "{\"const\":1}}",
			"{\"xa\":null,\"b\":1}", "{\"xa\":1}"},
#endif
		{"{\"propertyNames\":{\"maxLength\":1}}", "{\"a\":1}", "{\"ab\":1}"},
		{"{\"items\":{\"const\":1}}", "[1,1]", "[1,2]"},
		{"{\"items\":[{\"const\":1}],\"additionalItems\":false}", "[1]", "[1,1]"},
		{"{\"items\":[{\"const\":1}]}", "[1,9]", "[9]"},
		{"{\"contains\":{\"const\":1}}", "[0,1]", "[0]"},
		{"{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}", "1", "3"},
		{"{\"anyOf\":[{\"const\":1},{\"type\":\"string\"}]}", "\"x\"", "2"},
		{"{\"oneOf\":[{\"minimum\":1},{\"maximum\":2}]}", "3", "1"},
		{"{\"not\":{\"type\":\"null\"}}", "0", "null"},
		{"{\"if\":{\"const\":1},\"then\":false,\"else\":{\"type\":\"null\"}}",
			"null", "1"},
		{"{\"items\":{\"$ref\":\"#/definitions/a~1b%20c\"},\"definitions\":{\"a/"
		 "b c\":"
		 "{\"const\":7}}}",
			"[7]", "[8]"},
		{"{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#\"}}",
			"{\"a\":{\"b\":{}}}", "{\"a\":{\"b\":1}}"},
		{"{\"allOf\":[{\"type\":\"null\"},{\"$ref\":\"#/allOf/0\"}]}", "null",
			"1"},
	};

	for (size_t i = 0; i < AGR_COUNT(cases); i++) {
		accepts(cases[i].schema, cases[i].good);
		rejects(cases[i].schema, cases[i].bad);
	}
	accepts("true", "1");
	rejects("false", "1");
	accepts("{\"minimum\":1,\"pattern\":\"x\",\"format\":\"email\"}", "[]");
}
END_TEST

START_TEST(every_fault_is_told_with_its_pointer)
{
	agr_buf faults = AGR_BUF_INIT;
	int n = check(
		"{\"required\":[\"z\"],\"properties\":{\"a/b\":{\"items\":{\"type\":"
		"\"string\"}},\"c\":{\"maximum\":1}}}",
		"{\"c\":2,\"a/b\":[\"x\",1,null]}", &faults);

	ck_assert_int_eq(n, 4);
	ck_assert_str_eq(faults.data, " \"z\" is missing\n"
				      "/a~1b/1 must be of type string, is 1\n"
				      "/a~1b/2 must be of type string, is null\n"
				      "/c must be at most 1, is 2\n");
	agr_buf_free(&faults);
}
END_TEST

static void is_wrong(const char *schema, const char *value, int code)
{
	agr_buf faults = AGR_BUF_INIT;

	ck_assert_int_eq(check(schema, value, &faults), code);
	agr_buf_free(&faults);
}

START_TEST(a_schema_that_cannot_be_followed_is_an_error)
{
	is_wrong("{\"$ref\":\"#\"}", "1", AGENTRUN_ECONFIG);
	is_wrong(
		"{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", "1", AGENTRUN_ECONFIG);
	is_wrong("{\"$ref\":\"#/nowhere\"}", "1", AGENTRUN_ECONFIG);
	is_wrong("{\"$ref\":\"http://example.com/s\"}", "1", AGENTRUN_ECONFIG);
	is_wrong("{\"pattern\":\"(\"}", "\"a\"", AGENTRUN_ECONFIG);
	is_wrong("{\"items\":3}", "[1]", AGENTRUN_ECONFIG);
}
END_TEST

START_TEST(a_schema_that_takes_forever_is_cut_off)
{
	agr_buf value = AGR_BUF_INIT;

	for (int i = 0; i < 100; i++)
		agr_buf_char(&value, '[');
	for (int i = 0; i < 100; i++)
		agr_buf_char(&value, ']');
	is_wrong(
		"{\"allOf\":[{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"}}]}",
		value.data, AGENTRUN_ELIMIT);
	agr_buf_free(&value);
}
END_TEST

static int check_within(size_t work, const agr_buf *schema, const agr_buf *value)
{
	agr_buf faults = AGR_BUF_INIT;
	int r = agr_schema_check_within(work, span(schema->data), span(value->data), collect,
		&faults, NULL);

	agr_buf_free(&faults);
	return r;
}

/* Each time its text is gone through, and for a reference all of it. */
START_TEST(a_long_schema_is_more_work)
{
	agr_buf schema = AGR_BUF_INIT, value = AGR_BUF_INIT;
	char pad[20001];

	memset(pad, 'p', sizeof(pad) - 1);
	pad[sizeof(pad) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		agr_buf_printf(&value, "%s%d", i ? "," : "[", i);
	agr_buf_char(&value, ']');
	agr_buf_printf(&schema, "{\"items\":{\"$comment\":\"%s\"}}", pad);
	ck_assert_int_eq(check_within(15000, &schema, &value), AGENTRUN_ELIMIT);
	ck_assert_int_eq(check_within(25000, &schema, &value), 0);
	/* Of a reference that is met again it is known where it leads. */
	agr_buf_reset(&schema);
	agr_buf_printf(&schema, "{\"items\":{\"$ref\":\"#/definitions/d\"},\"definitions\":{"
		"\"c\":{\"$comment\":\"%s\"},\"d\":{\"type\":\"number\"}}}", pad);
	ck_assert_int_eq(check_within(2500, &schema, &value), 0);
	/* These are a thousand of them. */
	agr_buf_reset(&schema);
	for (int i = 0; i < 1000; i++)
		agr_buf_printf(&schema, "%s{\"$ref\":\"#/definitions/d\"}",
			i ? "," : "{\"items\":[");
	agr_buf_printf(&schema, "],\"definitions\":{\"c\":{\"$comment\":\"%s\"},"
		"\"d\":{\"type\":\"number\"}}}", pad);
	ck_assert_int_eq(check_within(15000, &schema, &value), AGENTRUN_ELIMIT);
	ck_assert_int_eq(check_within(60000, &schema, &value), 0);
	agr_buf_free(&schema);
	agr_buf_free(&value);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		keywords_tell_good_from_bad,
		every_fault_is_told_with_its_pointer,
		a_schema_that_cannot_be_followed_is_an_error,
		a_schema_that_takes_forever_is_cut_off,
		a_long_schema_is_more_work,
		NULL,
	};

	return unit_main(unit_suite("schema", tests));
}
