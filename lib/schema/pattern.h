/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* pattern - a regular expression: PCRE2, or POSIX extended without it. */
#ifndef AGR_PATTERN_H
#define AGR_PATTERN_H

#include "base/base.h"

typedef struct agr_pattern agr_pattern;

/* AGENTRUN_ECONFIG when it is none. */
int agr_pattern_new(
	agr_pattern **out, const char *text, size_t len, agentrun_error **err);
void agr_pattern_free(agr_pattern *pattern);

/* Does it match anywhere in the text? 1, 0, AGENTRUN_ELIMIT or AGENTRUN_ENOMEM. */
int agr_pattern_matches(
	agr_pattern *pattern, const char *text, size_t len, agentrun_error **err);

#endif
