/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* regex - patterns through PCRE2, where it is built in; the sole includer of
 * pcre2.h. A pattern is immutable; a match belongs to one run. */
#ifndef AGR_REGEX_H
#define AGR_REGEX_H

#include <stdbool.h>

#include "base/base.h"

typedef struct agr_regex agr_regex;
typedef struct agr_match agr_match;

/* Raises `fault` when the pattern is wrong, or PCRE2 is not built in. With
 * `end_only` a `$` does not match before a last newline. */
int agr_regex_new(agr_regex **out, const char *pattern, size_t len, bool end_only,
	int fault, agentrun_error **err);
void agr_regex_free(agr_regex *regex); /* NULL ok */

int agr_match_new(agr_match **out, agentrun_error **err);
void agr_match_free(agr_match *match); /* NULL ok */

/* Does the pattern match anywhere in valid UTF-8? 1, 0, or AGENTRUN_ELIMIT
 * when that takes too much work. */
int agr_regex_test(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, agentrun_error **err);

/* The same; what it takes is added to *work, where it is more than a text of its kind mostly
 * takes: about one for a microsecond. */
int agr_regex_test_counted(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *work, agentrun_error **err);

/* The same as the first, with the place of the first group, or of the whole match where the
 * pattern has none. 0 also when the group took no part. */
int agr_regex_find(const agr_regex *regex, agr_match *match, const char *text,
	size_t len, size_t *from, size_t *to, agentrun_error **err);

#endif
