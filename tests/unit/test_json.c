/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include "json/json.h"

/* Parsed and written again, a text is what it was. */
static void keeps(const char *json)
{
	json_t *value = NULL;
	char *text;

	ck_assert_int_eq(agr_json_parse(&value, "t", json, strlen(json), AGENTRUN_EINPUT, NULL), 0);
	text = agr_json_text(value);
	ck_assert_str_eq(text, json);
	free(text);
	json_decref(value);
}

START_TEST(decimals_are_written_as_they_were_read)
{
	keeps("19.99");
	keeps("[0.1,-0.25,120.5,9.95,1234567.89,0.30000000000000004]");
	keeps("{\"a 0.10000000000000001 \\\" 2.50\":19.99,\"b\":[1,true,null,-7]}");
	keeps("\"19.989999999999998\"");
}
END_TEST

START_TEST(other_numbers_stay_as_they_are)
{
	keeps("[9223372036854775807,-9223372036854775808,0]");
	keeps("[1.0,1e+300,-2.5e-300]");
}
END_TEST

/* What is read of `json`, written again. */
static void reads_loosely(const char *json, const char *as)
{
	json_t *value = NULL;
	char *text;

	ck_assert_int_eq(agr_json_parse_loosely(&value, "t", json, strlen(json),
		AGENTRUN_EINPUT, NULL), 0);
	text = agr_json_text(value);
	ck_assert_str_eq(text, as);
	free(text);
	json_decref(value);
}

START_TEST(what_is_only_looked_at_may_be_too_big_for_the_tree)
{
	json_t *value = NULL;

	reads_loosely("[1,12345678901234567890,-1e400,1.5,2e400]", "[1,1.2345678901234567e19,"
		"-1.7976931348623157e308,1.5,1.7976931348623157e308]");
	reads_loosely("{\"a\\u0000b\":1,\"a\":2}", "{\"a\\u0000b\":1,\"a\":2}");
	ck_assert_int_eq(agr_json_parse(&value, "t", "12345678901234567890", 20,
		AGENTRUN_EINPUT, NULL), AGENTRUN_EINPUT);
	ck_assert_int_eq(agr_json_parse_loosely(&value, "t", "[1,]", 4, AGENTRUN_EINPUT, NULL),
		AGENTRUN_EINPUT);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		decimals_are_written_as_they_were_read,
		other_numbers_stay_as_they_are,
		what_is_only_looked_at_may_be_too_big_for_the_tree,
		NULL,
	};

	return unit_main(unit_suite("json", tests));
}
