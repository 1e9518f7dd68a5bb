/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * words - a prompt as tokens: words, numbers with their units, quoted text,
 * URLs, ISO dates and symbols. Nothing is dropped: every byte that is no white
 * space belongs to a token.
 */
#ifndef AGR_PLAN_WORDS_H
#define AGR_PLAN_WORDS_H

#include "plan/pool.h"

typedef enum plan_kind {
	PLAN_END, /* behind the last token */
	PLAN_WORD,
	PLAN_NUMBER,
	PLAN_QUOTED,
	PLAN_URL,
	PLAN_SYMBOL
} plan_kind;

typedef enum plan_unit {
	PLAN_UNIT_NONE,
	PLAN_UNIT_USD,
	PLAN_UNIT_EUR,
	PLAN_UNIT_GBP,
	PLAN_UNIT_PERCENT,
	PLAN_UNIT_MS, /* durations, by length */
	PLAN_UNIT_SECONDS,
	PLAN_UNIT_MINUTES,
	PLAN_UNIT_HOURS,
	PLAN_UNIT_DAYS,
	PLAN_UNIT_M /* "5m": millions, minutes or metres; only the field tells */
} plan_unit;

typedef struct plan_word {
	plan_kind kind;
	const char *text; /* as written; quoted: what is between the quotes */
	const char *low;  /* the same in lower case */
	size_t start, end; /* bytes of the prompt, quotes included */
	const char *number; /* as JSON text, "1500" for $1.5k; NULL: no number */
	plan_unit unit;
	bool spelled; /* a number in words */
} plan_word;

typedef struct plan_words {
	const char *prompt;
	plan_word *list; /* `n` of them and one PLAN_END */
	size_t n;
} plan_words;

#define PLAN_WORDS_MAX 400 /* a longer prompt is not understood anyway */

void agr_plan_words(plan_words *out, plan_pool *pool, const char *prompt,
	size_t len);

/* The prompt from token `from` up to token `to`, as it was written. */
const char *agr_plan_words_text(const plan_words *words, plan_pool *pool,
	size_t from, size_t to);

/* "durationMin", "duration_min", "Duration-Min" -> "duration min". */
const char *agr_plan_parts(plan_pool *pool, const char *name);
/* The last word of such parts in the singular: "unit prices" -> "unit price". */
const char *agr_plan_singular(plan_pool *pool, const char *parts);
/* Does it look like a plural of English ("flights", not "status", "class")? */
bool agr_plan_is_plural(const char *low);
/* Do they differ by one letter (changed, missing, added, or two swapped)? */
bool agr_plan_one_letter_off(const char *a, const char *b);

#endif
