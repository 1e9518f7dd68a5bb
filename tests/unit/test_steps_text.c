/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Steps that take text apart: regex_extract, parse_date. */
#include <stdio.h>

#include "run_pipeline.h"

#define REGEX(pattern, rest) \
	"{\"step\":\"regex_extract\",\"field\":\"s\",\"pattern\":\"" pattern "\"" rest "}"
#define DATE(rest) "{\"step\":\"parse_date\",\"field\":\"d\"" rest "}"
#define FORMAT(format) DATE(",\"format\":\"" format "\"")

#ifdef AGR_HAVE_PCRE2
START_TEST(a_pattern_gives_its_first_group_or_its_match)
{
	gives(REGEX("([A-Z]{2})(\\\\d+)", ",\"as\":\"x\""), "[{\"s\":\"to AA123 at 9\"}]",
		"[{\"s\":\"to AA123 at 9\",\"x\":\"AA\"}]");
	gives(REGEX("\\\\d+", ",\"as\":\"x\""), "[{\"s\":\"to AA123 at 9\"}]",
		"[{\"s\":\"to AA123 at 9\",\"x\":\"123\"}]");
	gives(REGEX("(?:a|b)c", ",\"as\":\"x\""), "[{\"s\":\"bc\",\"x\":1,\"y\":2}]",
		"[{\"s\":\"bc\",\"x\":\"bc\",\"y\":2}]");
	/* without `as` the field itself */
	gives(REGEX("\\\\w+", ""), "[{\"s\":\"one two\"}]", "[{\"s\":\"one\"}]");
	gives(REGEX("", ""), "[{\"s\":\"one two\"}]", "[{\"s\":\"\"}]");
	/* no match, no string, a group that took no part */
	gives(REGEX("x(y)?", ",\"as\":\"z\""),
		"[{\"s\":\"a\"},{\"s\":1},{\"s\":null},{},8,{\"s\":\"x\"},{\"s\":\"xy\"}]",
		"[{\"s\":\"a\",\"z\":null},{\"s\":1,\"z\":null},{\"s\":null,\"z\":null},"
		"{\"z\":null},8,{\"s\":\"x\",\"z\":null},{\"s\":\"xy\",\"z\":\"y\"}]");
	/* escapes, and characters of several bytes */
	gives(REGEX("b(.)", ",\"as\":\"x\""), "[{\"s\":\"a\\u0062\\u20acc\"},{\"s\":\"b\\\"\"}]",
		"[{\"s\":\"a\\u0062\\u20acc\",\"x\":\"\xe2\x82\xac\"},"
		"{\"s\":\"b\\\"\",\"x\":\"\\\"\"}]");
	gives(REGEX("ab\\\\Kc", ",\"as\":\"x\""), "[{\"s\":\"abc\"}]",
		"[{\"s\":\"abc\",\"x\":\"c\"}]");
	gives("{\"step\":\"regex_extract\",\"field\":\"a.b\",\"pattern\":\"\\\\d\",\"as\":\"x\"}",
		"[{\"a\":{\"b\":\"v7\"}}]", "[{\"a\":{\"b\":\"v7\"},\"x\":\"7\"}]");
}
END_TEST

START_TEST(a_wrong_or_costly_pattern_is_an_error)
{
	fails(REGEX("(", ",\"as\":\"x\""), "[]", AGENTRUN_EINPUT, 1,
		"the pattern is wrong at its byte");
	fails("{\"step\":\"regex_extract\",\"field\":\"s\"}", "[]", AGENTRUN_EINPUT, 1,
		"pattern is missing");
	fails("{\"step\":\"regex_extract\",\"pattern\":\"a\"}", "[]", AGENTRUN_EINPUT, 1,
		"field is missing");
	fails("{\"step\":\"regex_extract\",\"field\":\"s\",\"pattern\":7}", "[]",
		AGENTRUN_EINPUT, 1, "a regular expression, got 7");
	fails(REGEX("^(a+)+$", ",\"as\":\"x\""),
		"[{\"s\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"}]",
		AGENTRUN_ELIMIT, 1, "could not be matched");
}
END_TEST
#endif

static void is_date(const char *step, const char *value, const char *expected)
{
	char rows[200], want[200];

	snprintf(rows, sizeof(rows), "[{\"d\":%s}]", value);
	snprintf(want, sizeof(want), "[{\"d\":%s}]", expected);
	gives(step, rows, want);
}

START_TEST(dates_of_iso_8601_become_utc)
{
	is_date(DATE(""), "\"2025-03-01\"", "\"2025-03-01T00:00:00Z\"");
	is_date(DATE(""), "\"2025-03-01T10:00:00Z\"", "\"2025-03-01T10:00:00Z\"");
	is_date(DATE(""), "\"2025-03-01T10:00:00\"", "\"2025-03-01T10:00:00Z\"");
	is_date(DATE(""), "\"2025-03-01 10:00\"", "\"2025-03-01T10:00:00Z\"");
	is_date(DATE(""), "\"2025-03-01T01:00:00+02:30\"", "\"2025-02-28T22:30:00Z\"");
	is_date(DATE(""), "\"2025-12-31T20:00:00-0500\"", "\"2026-01-01T01:00:00Z\"");
	is_date(DATE(""), "\"2025-03-01T10:00:00.5Z\"", "\"2025-03-01T10:00:00.500Z\"");
	is_date(DATE(""), "\"1969-12-31T23:59:59.25Z\"", "\"1969-12-31T23:59:59.250Z\"");
	is_date(DATE(""), "\"0001-01-01\"", "\"0001-01-01T00:00:00Z\"");
	is_date(DATE(""), "\"2024-02-29\"", "\"2024-02-29T00:00:00Z\"");
	is_date(DATE(""), "\"2025\\u002d03-01\"", "\"2025-03-01T00:00:00Z\"");
	gives(DATE(",\"as\":\"at\""), "[{\"d\":\"2025-03-01\"}]",
		"[{\"d\":\"2025-03-01\",\"at\":\"2025-03-01T00:00:00Z\"}]");
}
END_TEST

START_TEST(what_is_no_date_is_null)
{
	static const char *const values[] = { "\"2025-02-29\"", "\"2025-13-01\"", "\"\"",
		"\"today\"", "\"2025-03-01T25:00:00Z\"", "\"2025-03-01x\"", "20250301",
		"true", "null", "[]", "\"2025-03-01\\u0000\"", "\"0001-01-01T00:00:00+01:00\"" };

	for (size_t i = 0; i < AGR_COUNT(values); i++)
		is_date(DATE(""), values[i], "null");
	gives(DATE(""), "[{},4]", "[{\"d\":null},4]");
	is_date(FORMAT("%Y-%m-%d"), "\"2025-02-30\"", "null");
	is_date(FORMAT("%Y-%m-%d"), "\"2025-02-20x\"", "null");
	is_date(FORMAT("%Y-%m-%d"), "\"2025-02\"", "null");
	is_date(FORMAT("%d %B"), "\"1 M\xc3\xa4rz\"", "null");
}
END_TEST

START_TEST(formats_are_those_of_strptime)
{
	is_date(FORMAT("%d/%m/%Y"), "\"01/03/2025\"", "\"2025-03-01T00:00:00Z\"");
	is_date(FORMAT("%b %d, %Y %I:%M %p"), "\"Mar 1, 2025 01:05 PM\"",
		"\"2025-03-01T13:05:00Z\"");
	is_date(FORMAT("%a, %d %b %Y %H:%M:%S %z"), "\"Sat, 01 Mar 2025 10:00:00 +0100\"",
		"\"2025-03-01T09:00:00Z\"");
	is_date(FORMAT("%Y%m%d"), "20250301", "\"2025-03-01T00:00:00Z\"");
	is_date(FORMAT("%Y-%m"), "\"2025-03\"", "\"2025-03-01T00:00:00Z\"");
	is_date(FORMAT("%H:%M:%S.%f"), "\"10:00:00.123456\"", "\"1970-01-01T10:00:00.123Z\"");
	is_date(FORMAT("%H:%M:%S.%fZ"), "\"10:00:00Z\"", "null");
	is_date(FORMAT("%Y-%m-%dT%H:%M:%S"), "\"2016-12-31T23:59:60\"",
		"\"2017-01-01T00:00:00Z\"");
	is_date(FORMAT("100%% %Y"), "\"100% 2025\"", "\"2025-01-01T00:00:00Z\"");
	fails(FORMAT("%Y-%q"), "[]", AGENTRUN_EINPUT, 1, "format has %q");
	fails(FORMAT("%Y-%"), "[]", AGENTRUN_EINPUT, 1, "no conversion of strptime");
	fails(FORMAT("%f.%f"), "[]", AGENTRUN_EINPUT, 1, "format has %f");
	fails(DATE(",\"format\":3"), "[]", AGENTRUN_EINPUT, 1, "format must be a string");
	fails("{\"step\":\"parse_date\"}", "[]", AGENTRUN_EINPUT, 1, "field is missing");
}
END_TEST

START_TEST(the_time_zone_of_the_process_plays_no_part)
{
	static const char *const zones[] = { "America/New_York", "Asia/Kathmandu", "UTC" };

	for (size_t i = 0; i < AGR_COUNT(zones); i++) {
		setenv("TZ", zones[i], 1);
		is_date(FORMAT("%s"), "1740823200", "\"2025-03-01T10:00:00Z\"");
		is_date(FORMAT("%s"), "\"1751364000\"", "\"2025-07-01T10:00:00Z\"");
		is_date(FORMAT("%Y-%m-%d %H:%M"), "\"2025-07-01 10:00\"",
			"\"2025-07-01T10:00:00Z\"");
		is_date(DATE(""), "\"2025-07-01T10:00\"", "\"2025-07-01T10:00:00Z\"");
	}
	unsetenv("TZ");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
#ifdef AGR_HAVE_PCRE2
		a_pattern_gives_its_first_group_or_its_match,
		a_wrong_or_costly_pattern_is_an_error,
#endif
		dates_of_iso_8601_become_utc,
		what_is_no_date_is_null,
		formats_are_those_of_strptime,
		the_time_zone_of_the_process_plays_no_part,
		NULL,
	};

	return unit_main(unit_suite("steps_text", tests));
}
