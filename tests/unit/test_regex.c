/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "unit.h"

#include "regex/regex.h"
#include "regex/runs.h"

static bool is_runs(const char *pattern)
{
	agr_runs runs;

	return agr_runs_read(&runs, pattern, strlen(pattern));
}

START_TEST(what_is_but_runs_of_letters_is_read_once)
{
	static const char *const yes[] = { "^[a-zA-Z0-9_-]+$", "^https?://", "^[a-z][a-z0-9_]*$",
		"^\\d{4}-\\d\\d-\\d\\d$", "^v\\d+\\.\\d+\\.\\d+$", "^[-a]?$", "^", "^$", "^\\w+@[a-z.]{1,20}$",
		"^#[0-9a-fA-F]{6}$" };
	static const char *const no[] = { "", "a", "a$", "^a|b", "^(a)", "^a.b", "^[^a]", "^a+a$",
		"^[a-z]*[0-9a-f]?[g]$", "^a+?", "^a++", "^a{,3}$", "^a{3", "^a{2,1}$", "^\\s+$", "^\\bx",
		"^[[:alpha:]]$", "^[]a]$", "^[a", "^\\", "^a$b", "^\xc3\xa9+$", "^[\xc3\xa9]$", "^[a-\\d]$",
		"^[\\d-z]$", "^[+--]$", "^[z-a]$", "^a{1001}$", "^abcdefghijklmnopq" };

	for (size_t i = 0; i < AGR_COUNT(yes); i++)
		ck_assert_msg(is_runs(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < AGR_COUNT(no); i++)
		ck_assert_msg(!is_runs(no[i]), "%s", no[i]);
}
END_TEST

static uint64_t state = 88172645463325252u;

static size_t below(size_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)((state >> 11) % n);
}

static void add_some(agr_buf *out, const char *const *of, size_t n_of, size_t most)
{
	for (size_t n = below(most + 1); n; n--)
		agr_buf_str(out, of[below(n_of)]);
}

/* agr_regex_find() asks PCRE2 itself. */
START_TEST(they_match_what_pcre2_matches)
{
	static const char *const parts[] = { "a", "b", "-", "[ab]", "[a-c]", "[b-]", "[-a]", "\\d", "\\w",
		"\\.", "1", "[\\d.]", "[!-]", "/", "[a\\-c]", "[.]" };
	static const char *const times[] = { "", "", "", "+", "*", "?", "{2}", "{1,2}", "{0,1}", "{2,}", "{0}" };
	static const char *const letters[] = { "a", "b", "c", "1", "2", ".", "-", "/", "_", "\n", "\xc3\xa9", "!" };
	agr_buf pattern = AGR_BUF_INIT, text = AGR_BUF_INIT;
	size_t matched = 0, not_matched = 0;
	agr_match *match;

	if (agr_match_new(&match, NULL) < 0 || !match)
		return; /* without PCRE2 there are no patterns */
	for (int i = 0; i < 20000; i++) {
		agentrun_error *err = NULL;
		agr_regex *regex;

		agr_buf_reset(&pattern);
		agr_buf_char(&pattern, '^');
		for (size_t n = below(5); n; n--) {
			agr_buf_str(&pattern, parts[below(AGR_COUNT(parts))]);
			agr_buf_str(&pattern, times[below(AGR_COUNT(times))]);
		}
		agr_buf_str(&pattern, below(2) ? "$" : "");
		ck_assert_msg(agr_regex_new(&regex, pattern.data, pattern.len, true, AGENTRUN_ECONFIG,
			&err) == 0, "%s: %s", pattern.data, agentrun_error_message(err));
		for (int k = 0; k < 20 && is_runs(pattern.data); k++) {
			char room[128] = ""; /* PCRE2's code reads more than there is, unused */
			size_t from, to;
			int r;

			agr_buf_reset(&text);
			add_some(&text, letters, AGR_COUNT(letters), 5);
			memcpy(room, text.data ? text.data : "", text.len);
			r = agr_regex_find(regex, match, room, text.len, &from, &to, NULL);
			ck_assert_msg(agr_regex_test(regex, match, room, text.len, NULL) == r,
				"%s of %s: %d", pattern.data, room, r);
			matched += r == 1;
			not_matched += r == 0;
		}
		agr_regex_free(regex);
	}
	ck_assert_uint_gt(matched, 10000);
	ck_assert_uint_gt(not_matched, 10000);
	agr_match_free(match);
	agr_buf_free(&pattern);
	agr_buf_free(&text);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_is_but_runs_of_letters_is_read_once,
		they_match_what_pcre2_matches,
		NULL,
	};

	return unit_main(unit_suite("regex", tests));
}
