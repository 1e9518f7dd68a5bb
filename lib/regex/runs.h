/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * runs - patterns that are no more than runs of letters one after the other, each of a class
 * of its own, from the beginning: ^[a-z][a-z0-9_-]*$, ^https?://, ^\d{4}-\d\d$. Most of what
 * a name or an address must look like is said so, and such a text is read once.
 *
 * They are PCRE2's patterns, and match what PCRE2 matches.
 */
#ifndef AGR_RUNS_H
#define AGR_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGR_RUNS_MAX 16

typedef struct agr_runs {
	uint16_t classes[256]; /* a bit for each run that may have this letter */
	uint16_t least[AGR_RUNS_MAX], most[AGR_RUNS_MAX]; /* UINT16_MAX: any number */
	size_t n;
	bool to_end;
} agr_runs;

/* Is the pattern one of these? `$` is the end, and not before a last newline. */
bool agr_runs_read(agr_runs *runs, const char *pattern, size_t len);

/* Does it match, in valid UTF-8? */
bool agr_runs_match(const agr_runs *runs, const char *text, size_t len);

#endif
