/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "schema/pattern.h"

#include <stdlib.h>
#include <string.h>

#ifdef AGR_HAVE_PCRE2

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCH_LIMIT 1000000

struct agr_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *context;
};

int agr_pattern_new(agr_pattern **out, const char *text, size_t len, agentrun_error **err)
{
	agr_pattern *p = calloc(1, sizeof(*p));
	PCRE2_UCHAR what[128];
	PCRE2_SIZE at;
	int code;

	*out = NULL;
	if (!p)
		return agr_error_oom(err);
	p->code = pcre2_compile((PCRE2_SPTR)text, len, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY,
		&code, &at, NULL);
	if (!p->code) {
		agr_pattern_free(p);
		if (code == PCRE2_ERROR_HEAP_FAILED)
			return agr_error_oom(err);
		pcre2_get_error_message(code, what, sizeof(what));
		return agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"not a regular expression: %s at byte %zu", (const char *)what,
			(size_t)at);
	}
	p->match = pcre2_match_data_create(1, NULL);
	p->context = pcre2_match_context_create(NULL);
	if (!p->match || !p->context) {
		agr_pattern_free(p);
		return agr_error_oom(err);
	}
	pcre2_set_match_limit(p->context, MATCH_LIMIT);
	*out = p;
	return 0;
}

void agr_pattern_free(agr_pattern *pattern)
{
	if (!pattern)
		return;
	pcre2_match_context_free(pattern->context);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}

int agr_pattern_matches(
	agr_pattern *pattern, const char *text, size_t len, agentrun_error **err)
{
	int r = pcre2_match(pattern->code, (PCRE2_SPTR)text, len, 0, PCRE2_NO_UTF_CHECK,
		pattern->match, pattern->context);

	if (r >= 0)
		return 1;
	if (r == PCRE2_ERROR_NOMATCH)
		return 0;
	if (r == PCRE2_ERROR_NOMEMORY)
		return agr_error_oom(err);
	return agentrun_error_raise(err, AGENTRUN_ELIMIT,
		"a regular expression takes too long on a text of %zu bytes", len);
}

#else

#include <regex.h>

struct agr_pattern {
	regex_t code;
};

int agr_pattern_new(agr_pattern **out, const char *text, size_t len, agentrun_error **err)
{
	agr_pattern *p = malloc(sizeof(*p));
	char *copy = agr_strndup(text, len), what[128];
	int code;

	*out = NULL;
	if (!p || !copy) {
		free(p);
		free(copy);
		return agr_error_oom(err);
	}
	code = regcomp(&p->code, copy, REG_EXTENDED | REG_NOSUB);
	free(copy);
	if (code == 0) {
		*out = p;
		return 0;
	}
	regerror(code, &p->code, what, sizeof(what));
	free(p);
	if (code == REG_ESPACE)
		return agr_error_oom(err);
	return agentrun_error_raise(
		err, AGENTRUN_ECONFIG, "not a regular expression: %s", what);
}

void agr_pattern_free(agr_pattern *pattern)
{
	if (!pattern)
		return;
	regfree(&pattern->code);
	free(pattern);
}

/* A NUL ends the text for POSIX; no pattern of ours can ask for one. */
int agr_pattern_matches(
	agr_pattern *pattern, const char *text, size_t len, agentrun_error **err)
{
	char *copy = agr_strndup(text, len);
	int r;

	if (!copy)
		return agr_error_oom(err);
	r = regexec(&pattern->code, copy, 0, NULL, 0);
	free(copy);
	return r == 0;
}

#endif
