/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>

#include "unit.h"

#include "base/base.h"

START_TEST(buffer_reports_its_ceiling_once)
{
	agr_buf buf = AGR_BUF_MAX(4);
	agentrun_error *err = NULL;

	agr_buf_str(&buf, "abcd");
	ck_assert_int_eq(buf.failed, 0);
	agr_buf_char(&buf, 'e');
	agr_buf_str(&buf, "f");
	ck_assert_str_eq(buf.data, "abcd");
	ck_assert_int_eq(agr_buf_check(&buf, "text", &err), AGENTRUN_ELIMIT);
	ck_assert_str_eq(agentrun_error_message(err),
		"text is larger than the limit of 4 bytes");
	agentrun_error_free(err);
	agr_buf_free(&buf);
}
END_TEST

/* Half of them hold what is formatted by hand, the others something else, in between. */
#define SAME_AS_PRINTF(...) \
	do { \
		agr_buf buf = AGR_BUF_INIT; \
		char want[1200]; \
		snprintf(want, sizeof(want), __VA_ARGS__); \
		agr_buf_printf(&buf, __VA_ARGS__); \
		ck_assert_int_eq(buf.failed, 0); \
		ck_assert_str_eq(buf.data, want); \
		ck_assert_uint_eq(buf.len, strlen(want)); \
		agr_buf_free(&buf); \
	} while (0)

START_TEST(a_buffer_formats_as_printf_does)
{
	char text[500];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	SAME_AS_PRINTF("plain, %%, %c%c", 'a', '\n');
	SAME_AS_PRINTF("%s", "");
	SAME_AS_PRINTF("%s-%s-%s", "a", text, "c");
	SAME_AS_PRINTF("%.*s|%.*s|%.*s|", 2, "abc", 9, "abc", -1, "abc");
	SAME_AS_PRINTF("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
	SAME_AS_PRINTF("%u %zu %llu", UINT_MAX, SIZE_MAX, ULLONG_MAX);
	SAME_AS_PRINTF("%lld %lld %lld", 0LL, LLONG_MAX, LLONG_MIN);
	SAME_AS_PRINTF("%s %05d %s %d", "a", 42, "b", 7);
	SAME_AS_PRINTF("%s %.100s %x %ld %s", "a", text, 255U, -3L, text);
	SAME_AS_PRINTF("%d %.3f %g %lu %hhu", 1, 1.0 / 3, 1e300, 5UL, (unsigned char)6);
	SAME_AS_PRINTF("%-5s|%5s|%08.3f|%#x", "a", "b", 3.14159, 16U);
}
END_TEST

START_TEST(what_does_not_fit_in_a_buffer_is_told_of_formats_too)
{
	agr_buf buf = AGR_BUF_MAX(6);

	agr_buf_printf(&buf, "%d,%s", 12, "abc");
	ck_assert_str_eq(buf.data, "12,abc");
	ck_assert_int_eq(buf.failed, 0);
	agr_buf_printf(&buf, "%d", 1);
	ck_assert_int_eq(buf.failed, AGENTRUN_ELIMIT);
	agr_buf_char(&buf, 'x');
	ck_assert_str_eq(buf.data, "12,abc");
	agr_buf_free(&buf);
}
END_TEST

START_TEST(json_strings_are_escaped)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_buf_json_str(&buf, "a\"\\\n\t\v\xff\xc3\xa9", 9);
	ck_assert_str_eq(buf.data, "\"a\\\"\\\\\\n\\t\\u000b\xef\xbf\xbd\xc3\xa9\"");
	agr_buf_free(&buf);
}
END_TEST

/* Plain bytes are passed over eight at a time. */
START_TEST(json_strings_are_escaped_wherever_it_is_needed)
{
	static const struct {
		char in[4];
		const char *out;
	} parts[] = { { "\"", "\\\"" }, { "\\", "\\\\" }, { "\x01", "\\u0001" }, { "\x1f", "\\u001f" },
		{ "\x7f", "\x7f" }, { " ", " " }, { "\xc3\xa9", "\xc3\xa9" },
		{ "\xff", "\xef\xbf\xbd" }, { "~", "~" } };

	for (size_t i = 0; i < AGR_COUNT(parts); i++)
		for (size_t k = 0; k < AGR_COUNT(parts); k++)
			for (int at = 0; at < 20; at++) {
				char text[64], want[128];
				agr_buf buf = AGR_BUF_INIT;
				int n = snprintf(text, sizeof(text), "%.*s%s!%s%.*s", at,
					"abcdefghijklmnopqrst", parts[i].in, parts[k].in, 20 - at,
					"ABCDEFGHIJKLMNOPQRST");

				snprintf(want, sizeof(want), "\"%.*s%s!%s%.*s\"", at,
					"abcdefghijklmnopqrst", parts[i].out, parts[k].out, 20 - at,
					"ABCDEFGHIJKLMNOPQRST");
				agr_buf_json_str(&buf, text, (size_t)n);
				ck_assert_str_eq(buf.data, want);
				agr_buf_free(&buf);
			}
}
END_TEST

START_TEST(errors_escape_control_characters_and_keep_the_first_cause)
{
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_error_raise(&err, AGENTRUN_EINPUT, "bad \x1b[31m%s",
		"\xc2\x9b" "x"), AGENTRUN_EINPUT);
	agentrun_error_raise(&err, AGENTRUN_EIO, "later");
	agr_error_at(&err, "f.json", "ab\ncd", 5, 4);
	agr_error_step(&err, 2, "top_k");
	ck_assert_str_eq(agentrun_error_message(err),
		"step 2 (top_k): f.json:2:2: bad \\x1b[31m\\xc2\\x9bx");
	ck_assert_uint_eq(agentrun_error_line(err), 2);
	ck_assert_uint_eq(agentrun_error_step(err), 2);
	ck_assert_str_eq(agentrun_error_code_type(agentrun_error_code(err)), "pipeline_error");
	ck_assert_int_eq(agentrun_error_code_exit_status(AGENTRUN_EPOLICY), 4);
	agentrun_error_free(err);
}
END_TEST

START_TEST(violations_are_listed_in_json)
{
	agentrun_error *err = NULL;
	agentrun_buf out = AGENTRUN_BUF_INIT;

	agr_error_violation(&err, AGENTRUN_EPATCH, "refused", "one %d", 1);
	agr_error_violation(&err, AGENTRUN_EPATCH, "refused", "two");
	ck_assert_int_eq(agentrun_error_json(&out, err), 0);
	ck_assert_str_eq(out.data, "{\"type\":\"patch_rejected\",\"message\":\"refused\","
		"\"retryable\":false,\"tool\":null,\"step\":null,\"retry_after_ms\":null,"
		"\"violations\":[\"one 1\",\"two\"]}");
	agentrun_buf_dispose(&out);
	agentrun_error_free(err);
}
END_TEST

struct options_v2 {
	size_t struct_size;
	int old;
	int later;
};

START_TEST(older_options_keep_defaults_and_newer_ones_are_refused)
{
	struct options_v2 known = { sizeof(known), 1, 7 }, given = { 0, 5, 9 };
	struct { struct options_v2 v2; size_t unknown; } newer = { { sizeof(newer), 2, 3 }, 1 };
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_options_read(&known, sizeof(known), &given, "o", &err),
		AGENTRUN_EINVAL);
	agentrun_error_free(err);
	err = NULL;
	given.struct_size = offsetof(struct options_v2, later);
	ck_assert_int_eq(agentrun_options_read(&known, sizeof(known), &given, "o", &err), 0);
	ck_assert_int_eq(known.old, 5);
	ck_assert_int_eq(known.later, 7);
	ck_assert_int_eq(agentrun_options_read(&known, sizeof(known), &newer, "o", &err),
		AGENTRUN_EINVAL);
	agentrun_error_free(err);
	known.struct_size = 0;
	ck_assert_int_eq(agentrun_options_read(&known, sizeof(known), NULL, "o", NULL), 0);
	ck_assert_uint_eq(known.struct_size, sizeof(known));
	newer.unknown = 0;
	ck_assert_int_eq(agentrun_options_read(&known, sizeof(known), &newer, "o", NULL), 0);
	ck_assert_int_eq(known.later, 3);
}
END_TEST

/* Vectors of FIPS 180-4's examples, and the block edges. */
START_TEST(sha256_matches_published_vectors)
{
	char hex[AGR_SHA256_HEX], whole[AGR_SHA256_HEX], text[200];
	agr_sha256 sha;

	agr_sha256_of(hex, "", 0);
	ck_assert_str_eq(hex,
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	agr_sha256_of(hex, "abc", 3);
	ck_assert_str_eq(hex,
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	agr_sha256_of(hex, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56);
	ck_assert_str_eq(hex,
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(text, 'x', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		agr_sha256_of(whole, text, n);
		agr_sha256_init(&sha);
		agr_sha256_add(&sha, text, n / 3);
		agr_sha256_add(&sha, text, n - n / 3);
		agr_sha256_hex(&sha, hex);
		ck_assert_str_eq(hex, whole);
	}
}
END_TEST

START_TEST(uuids_have_their_version_and_v7_sorts_by_time)
{
	char a[AGR_UUID_SIZE], b[AGR_UUID_SIZE];

	ck_assert_int_eq(agr_uuid_v4(a, NULL), 0);
	ck_assert_uint_eq(strlen(a), 36);
	ck_assert_int_eq(a[14], '4');
	ck_assert_ptr_nonnull(strchr("89ab", a[19]));
	ck_assert_int_eq(agr_uuid_v7(a, NULL), 0);
	ck_assert_int_eq(agr_uuid_v7(b, NULL), 0);
	ck_assert_int_eq(a[14], '7');
	ck_assert_int_le(strncmp(a, b, 13), 0);
}
END_TEST

static void reads_as(const char *text, const char *want)
{
	char again[AGR_TIME_SIZE];
	int64_t ms;

	ck_assert_msg(agr_clock_parse(&ms, text), "%s", text);
	agr_clock_iso8601(again, ms);
	ck_assert_str_eq(again, want);
}

START_TEST(times_are_read_in_the_forms_people_write)
{
	static const char *const wrong[] = { "", "x", "2026", "2026-01", "2026-13-01",
		"2026-02-29", "2025-02-30", "2026-00-10", "2026-01-32", "2026-01-01T",
		"2026-01-01T24:00", "2026-01-01T10", "2026-01-01T10:60", "2026-01-01T10:00:00x",
		"2026-01-01T10:00:00Z ", "2026-01-01T10:00+1", " 2026-01-01", "0000-01-01" };
	int64_t ms;

	reads_as("2026-01-31", "2026-01-31T00:00:00.000Z");
	reads_as("2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000Z");
	reads_as("2026-01-31 12:30", "2026-01-31T12:30:00.000Z");
	reads_as("2026-01-31T12:30:01.5+01:00", "2026-01-31T11:30:01.500Z");
	reads_as("2026-01-31T23:30:01,123456789-0130", "2026-02-01T01:00:01.123Z");
	reads_as("1970-01-01T00:00:00.001Z", "1970-01-01T00:00:00.001Z");
	reads_as("2000-03-01t00:00:00z", "2000-03-01T00:00:00.000Z");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(!agr_clock_parse(&ms, wrong[i]), "%s", wrong[i]);
}
END_TEST

START_TEST(utf8_is_checked_strictly)
{
	ck_assert_uint_eq(agr_utf8_len("\xc0\x80", 2), 0);
	ck_assert_uint_eq(agr_utf8_len("\xed\xa0\x80", 3), 0);
	ck_assert_uint_eq(agr_utf8_len("\xf4\x90\x80\x80", 4), 0);
	ck_assert_uint_eq(agr_utf8_len("\xe2\x82", 2), 0);
	ck_assert_uint_eq(agr_utf8_len("\xe2\x82\xac", 3), 3);
	ck_assert_uint_eq(agr_utf8_invalid("ab\x80", 3), 2);
}
END_TEST

START_TEST(a_deadline_beyond_all_time_is_none)
{
	int64_t now = agr_clock_mono_ms();

	ck_assert_int_eq(agr_deadline_in(0), AGR_DEADLINE_NONE);
	ck_assert_int_eq(agr_deadline_in(INT64_MAX), AGR_DEADLINE_NONE);
	ck_assert_int_eq(agr_deadline_in(INT64_MAX - now + 1), AGR_DEADLINE_NONE);
	ck_assert_int_ge(agr_deadline_in(60000), now + 60000);
	ck_assert_int_lt(agr_deadline_in(60000), AGR_DEADLINE_NONE);
}
END_TEST

START_TEST(whoever_makes_an_error_can_say_more_of_it)
{
	agentrun_error *err = agentrun_error_new(AGENTRUN_EBACKEND, "no");
	agentrun_error *none = NULL;

	ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
	agentrun_error_set_retry(err, 0, 1500);
	agentrun_error_set_place(err, 3, 14);
	ck_assert_int_eq(agentrun_error_add_violation(err, "one\n"), 0);
	ck_assert_int_eq(agentrun_error_add_violation(err, "two"), 0);
	ck_assert_int_eq(agentrun_error_is_retryable(err), 0);
	ck_assert_int_eq(agentrun_error_retry_after_ms(err), 1500);
	ck_assert_uint_eq(agentrun_error_line(err), 3);
	ck_assert_uint_eq(agentrun_error_column(err), 14);
	ck_assert_uint_eq(agentrun_error_violation_count(err), 2);
	ck_assert_str_eq(agentrun_error_violation(err, 0), "one\\x0a");
	ck_assert_str_eq(agentrun_error_message(err), "no");
	agentrun_error_free(err);
	agr_error_oom(&none);
	agentrun_error_set_retry(none, 0, 1);
	agentrun_error_set_place(none, 1, 1);
	ck_assert_int_eq(agentrun_error_add_violation(none, "x"), 0);
	ck_assert_int_eq(agentrun_error_is_retryable(none), 1);
	ck_assert_uint_eq(agentrun_error_line(none), 0);
	ck_assert_uint_eq(agentrun_error_violation_count(none), 0);
	agentrun_error_free(none);
	agentrun_error_set_retry(NULL, 0, 1);
	agentrun_error_set_place(NULL, 1, 1);
	ck_assert_int_eq(agentrun_error_add_violation(NULL, "x"), 0);
}
END_TEST

START_TEST(days_come_back_from_seconds)
{
	/* The years 1 to 9999, by steps that meet every day of leap and other years. */
	for (int64_t t = -62135596800; t < 253402300800; t += 86400 * 5 + 3607) {
		time_t seconds = (time_t)t;
		struct tm have, want;

		agr_clock_civil(&have, t);
		if (agr_clock_seconds(&have) != t)
			ck_abort_msg("%" PRId64 " does not come back", t);
		if (seconds != t || !gmtime_r(&seconds, &want))
			continue; /* 32 bits */
		if (have.tm_year != want.tm_year || have.tm_mon != want.tm_mon ||
			have.tm_mday != want.tm_mday || have.tm_hour != want.tm_hour ||
			have.tm_min != want.tm_min || have.tm_sec != want.tm_sec)
			ck_abort_msg("%" PRId64 " is another day", t);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		whoever_makes_an_error_can_say_more_of_it,
		buffer_reports_its_ceiling_once,
		a_buffer_formats_as_printf_does,
		what_does_not_fit_in_a_buffer_is_told_of_formats_too,
		json_strings_are_escaped,
		json_strings_are_escaped_wherever_it_is_needed,
		errors_escape_control_characters_and_keep_the_first_cause,
		violations_are_listed_in_json,
		older_options_keep_defaults_and_newer_ones_are_refused,
		sha256_matches_published_vectors,
		uuids_have_their_version_and_v7_sorts_by_time,
		times_are_read_in_the_forms_people_write,
		days_come_back_from_seconds,
		utf8_is_checked_strictly,
		a_deadline_beyond_all_time_is_none,
		NULL,
	};

	return unit_main(unit_suite("base", tests));
}
