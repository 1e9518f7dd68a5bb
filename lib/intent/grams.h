/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * grams - a prompt's words as the model sees them: single words,
 * runs of up to four (as words, and as the kinds of words they are), the word it
 * begins with beside each other one, the word its object ends in ("step" of "drop
 * the cancelled orders step"), beginnings and ends of words, and pairs of
 * structural features. Each is a number, by which the model looks it up.
 */
#ifndef AGR_GRAMS_H
#define AGR_GRAMS_H

#include "intent/features.h"

/* Words from the first that tells on; what comes behind adds topic, no intent. */
#define AGR_GRAM_WORDS 40
#define AGR_GRAMS_MAX 2048

typedef enum agr_gram_kind {
	AGR_GRAM_RUN,  /* the words from `a` to `b`, four at most */
	AGR_GRAM_LEAD, /* `a`, the word the prompt begins with, and `b` behind it */
	AGR_GRAM_PAIR  /* the features `a` and `b` */
} agr_gram_kind;

#define AGR_GRAM_RUN_MAX 4

typedef struct agr_gram {
	uint32_t key; /* a hash of what it is made of */
	agr_gram_kind kind;
	int16_t a, b; /* the same twice: one word */
} agr_gram;

typedef struct agr_grams {
	agr_gram list[AGR_GRAMS_MAX];
	size_t n;
} agr_grams;

void agr_grams_find(
	agr_grams *out, const agr_tokens *tokens, const agr_feature_set *features);

/* What each gram of a prompt with so many counts, so that long ones say no more. */
double agr_grams_share(size_t n);

#endif
