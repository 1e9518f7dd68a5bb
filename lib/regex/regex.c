/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "regex/regex.h"

#include <stdlib.h>

#include "regex/runs.h"

#ifdef AGR_HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* A pattern that needs more than this on one value is refused, not waited for. */
#define MATCH_LIMIT 1000000
#define HEAP_LIMIT_KIB 16384

struct agr_regex {
	pcre2_code *code;
	agr_runs runs;
	bool is_runs; /* they say the same */
};

struct agr_match {
	pcre2_match_data *data;
	pcre2_match_context *context;
};

int agr_regex_new(agr_regex **out, const char *pattern, size_t len, bool end_only,
	int fault, agentrun_error **err)
{
	agr_regex *regex = calloc(1, sizeof(*regex));
	PCRE2_UCHAR text[128];
	uint32_t flags = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_SIZE at = 0;
	int code = 0;

	*out = regex;
	if (!regex)
		return agr_error_oom(err);
	if (end_only)
		flags |= PCRE2_DOLLAR_ENDONLY;
	regex->code = pcre2_compile((PCRE2_SPTR)(pattern ? pattern : ""), len, flags, &code,
		&at, NULL);
	if (!regex->code && code == PCRE2_ERROR_HEAP_FAILED)
		return agr_error_oom(err);
	if (!regex->code) {
		pcre2_get_error_message(code, text, sizeof(text));
		return agentrun_error_raise(err, fault,
			"the pattern is wrong at its byte %zu: %s", (size_t)at + 1,
			(const char *)text);
	}
	regex->is_runs = end_only && agr_runs_read(&regex->runs, pattern ? pattern : "", len);
	/* Without JIT it matches all the same. */
	pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE);
	return 0;
}

void agr_regex_free(agr_regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(regex->code);
	free(regex);
}

int agr_match_new(agr_match **out, agentrun_error **err)
{
	agr_match *match = calloc(1, sizeof(*match));

	*out = match;
	if (!match)
		return agr_error_oom(err);
	match->data = pcre2_match_data_create(2, NULL);
	match->context = pcre2_match_context_create(NULL);
	if (!match->data || !match->context)
		return agr_error_oom(err);
	pcre2_set_match_limit(match->context, MATCH_LIMIT);
	pcre2_set_heap_limit(match->context, HEAP_LIMIT_KIB);
	return 0;
}

void agr_match_free(agr_match *match)
{
	if (!match)
		return;
	pcre2_match_data_free(match->data);
	pcre2_match_context_free(match->context);
	free(match);
}

static int verdict(int r, agentrun_error **err)
{
	PCRE2_UCHAR why[128];

	if (r >= 0)
		return 1;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	if (r == PCRE2_ERROR_NOMEMORY)
		return agr_error_oom(err);
	pcre2_get_error_message(r, why, sizeof(why));
	return agentrun_error_raise(err, AGENTRUN_ELIMIT,
		"the pattern could not be matched: %s", (const char *)why);
}

static int match_any(const agr_regex *regex, agr_match *match, const char *text, size_t len)
{
	return pcre2_match(regex->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK,
		match->data, match->context);
}

int agr_regex_test(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, agentrun_error **err)
{
	if (regex->is_runs)
		return agr_runs_match(&regex->runs, text, len);
	return verdict(match_any(regex, match, text, len), err);
}

/* Mostly the first limit is enough. */
int agr_regex_test_counted(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *work, agentrun_error **err)
{
	static const struct {
		uint32_t limit;
		size_t work;
	} tries[] = { { 1000, 0 }, { 20000, 200 }, { MATCH_LIMIT, 10000 } };
	int r = PCRE2_ERROR_MATCHLIMIT;

	if (regex->is_runs)
		return agr_runs_match(&regex->runs, text, len);
	for (size_t i = 0; r == PCRE2_ERROR_MATCHLIMIT && i < AGR_COUNT(tries); i++) {
		pcre2_set_match_limit(match->context, tries[i].limit);
		*work += tries[i].work;
		r = match_any(regex, match, text, len);
	}
	pcre2_set_match_limit(match->context, MATCH_LIMIT);
	return verdict(r, err);
}

int agr_regex_find(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *from, size_t *to, agentrun_error **err)
{
	int r = verdict(match_any(regex, match, text, len), err);
	const PCRE2_SIZE *at;
	uint32_t groups = 0;

	*from = *to = 0;
	if (r < 1)
		return r;
	pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &groups);
	at = pcre2_get_ovector_pointer(match->data) + (groups ? 2 : 0);
	/* \K may put the beginning behind the end. */
	if (at[0] == PCRE2_UNSET || at[1] == PCRE2_UNSET || at[0] > at[1])
		return 0;
	*from = at[0];
	*to = at[1];
	return 1;
}

#else

int agr_regex_new(agr_regex **out, const char *pattern, size_t len, bool end_only,
	int fault, agentrun_error **err)
{
	(void)pattern;
	(void)len;
	(void)end_only;
	*out = NULL;
	return agentrun_error_raise(err, fault,
		"patterns need PCRE2, and this library was built without it");
}

void agr_regex_free(agr_regex *regex)
{
	(void)regex;
}

int agr_match_new(agr_match **out, agentrun_error **err)
{
	(void)err;
	*out = NULL;
	return 0;
}

void agr_match_free(agr_match *match)
{
	(void)match;
}

int agr_regex_test(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, agentrun_error **err)
{
	(void)regex;
	(void)match;
	(void)text;
	(void)len;
	(void)err;
	return 0;
}

int agr_regex_test_counted(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *work, agentrun_error **err)
{
	(void)work;
	return agr_regex_test(regex, match, text, len, err);
}

int agr_regex_find(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *from, size_t *to, agentrun_error **err)
{
	*from = *to = 0;
	return agr_regex_test(regex, match, text, len, err);
}

#endif
