/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * tokens - a prompt as words: lower case, punctuation gone but for where a
 * clause begins, each word with the kinds the lexicon knows it as.
 */
#ifndef AGR_TOKENS_H
#define AGR_TOKENS_H

#include "base/base.h"

/* Words behind the first so many change nothing about the intent. */
#define AGR_TOKENS_MAX 128

/* What a word may be. One word may be several things. */
enum {
	AGR_WORD_SETUP =
		1 << 0, /* verb: changes structure or settings (insert, disable) */
	AGR_WORD_EDIT = 1 << 1,  /* verb: changes structure or data (add, remove, move) */
	AGR_WORD_QUERY = 1 << 2, /* verb: asks for something (show, find) */
	AGR_WORD_COMPUTE = 1 << 3, /* verb: works on data (sort, count) */
	AGR_WORD_ACT = 1 << 4,     /* verb: does something once or by rule (send, save) */
	AGR_WORD_SYSTEM = 1 << 5,  /* noun: a part of an automation (node, trigger) */
	AGR_WORD_SETTING = 1 << 6, /* noun: a setting of one (retry, timeout) */
	AGR_WORD_WHEN = 1 << 7,    /* begins a condition (when, if, until) */
	AGR_WORD_RULE = 1 << 8,    /* makes it stand (always, automatically) */
	AGR_WORD_PERIOD = 1 << 9,  /* repeats in time (daily, mondays) */
	AGR_WORD_EACH = 1 << 10,   /* every, each, any, all */
	AGR_WORD_TIME = 1 << 11,   /* a unit or point of time (hour, morning, friday) */
	AGR_WORD_UNIT = 1 << 12,   /* what a setting is counted in (seconds, times) */
	AGR_WORD_WH = 1 << 13,     /* asks (what, who, which, how) */
	AGR_WORD_AUX = 1 << 14,    /* may begin a question (is, does, will) */
	AGR_WORD_PAST = 1 << 15,   /* of the past (yesterday, last, was) */
	AGR_WORD_NOW = 1 << 16,    /* of this time only (now, today, once) */
	AGR_WORD_MOST = 1 << 17,   /* compares or sums up (most, average, number) */
	AGR_WORD_MUST = 1 << 18,   /* obliges (should, must) */
	AGR_WORD_CHANNEL = 1 << 19,  /* where messages go (email, sms, slack) */
	AGR_WORD_POLITE = 1 << 20,   /* may stand before the verb (please, also) */
	AGR_WORD_I = 1 << 21,        /* i, we, my, our */
	AGR_WORD_ME = 1 << 22,       /* me, us */
	AGR_WORD_YOU = 1 << 23,      /* you, your */
	AGR_WORD_TALK = 1 << 24,     /* small talk (hello, thanks, joke) */
	AGR_WORD_FEEL = 1 << 25,     /* judges or feels (great, hate) */
	AGR_WORD_VAGUE = 1 << 26,    /* says nothing on its own (it, stuff, better) */
	AGR_WORD_FUNCTION = 1 << 27, /* article, preposition, conjunction */
	AGR_WORD_PREP = 1 << 28,     /* preposition that narrows (of, in, from) */
	AGR_WORD_BUILD = 1 << 29,    /* noun of building software (ci, tests, release) */
	AGR_WORD_STRICT = 1 << 30    /* verb: of structure and settings alone (connect) */
};

#define AGR_WORD_VERBS                                                                   \
	(AGR_WORD_SETUP | AGR_WORD_EDIT | AGR_WORD_QUERY | AGR_WORD_COMPUTE |            \
		AGR_WORD_ACT)

typedef struct agr_token {
	const char *text; /* NUL-terminated, lower case; as the lexicon spells it */
	const char *written; /* the same as it was written */
	uint32_t kinds;   /* AGR_WORD_..., 0 for a word the lexicon lacks */
	size_t at, len;   /* its place in the prompt */
	bool clause;      /* a comma, full stop or the like stands before it */
	bool inflected;   /* known only without its ending (sends, added) */
} agr_token;

typedef struct agr_tokens {
	agr_token list[AGR_TOKENS_MAX];
	size_t n;
	bool question; /* ends with a question mark */
	char *text;
} agr_tokens;

/* `text` is valid UTF-8. 0 or AGENTRUN_ENOMEM. */
int agr_tokens_read(agr_tokens *out, const char *text, size_t len, agentrun_error **err);
void agr_tokens_clear(agr_tokens *tokens);

/* lexicon.c: the kinds of a word; `*inflected` when only its stem is known. */
uint32_t agr_lexicon_find(const char *word, size_t len, bool *inflected);
/* The word that a slip of the hand made into this one, which the lexicon lacks; or NULL. */
const char *agr_lexicon_near(const char *word, size_t len);
/* In order, for the test that keeps the table sorted. */
const char *agr_lexicon_word(size_t i);

#endif
