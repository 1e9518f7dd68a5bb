/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* lexicon - every table of English words that the planner knows, in one place.
 * Lists of alternatives are written "one|two words|three". */
#ifndef AGR_PLAN_LEXICON_H
#define AGR_PLAN_LEXICON_H

#include "base/base.h"

/* Words that carry no condition, no order and no number: articles, the person
 * who asks, and politeness. Nothing else may be left out of a plan. */
#define PLAN_FILLER "the|a|an|me|us|please"

/* What any row may be called, whatever the data is. */
#define PLAN_ROW_NOUNS \
	"row|rows|record|records|item|items|result|results|entry|entries|data|dataset|" \
	"object|objects|line|lines|element|elements|one|ones|everything"

typedef enum plan_class {
	PLAN_CLASS_NONE,
	PLAN_CLASS_PRICE, /* what one thing costs: less is better */
	PLAN_CLASS_MONEY,
	PLAN_CLASS_DURATION,
	PLAN_CLASS_DATE,
	PLAN_CLASS_RATING,
	PLAN_CLASS_SPEED,
	PLAN_CLASS_AGE
} plan_class;

/* Is `word` one of the alternatives? */
bool agr_plan_in_list(const char *word, const char *alternatives);

/* A word of the grammar: never the name of rows, never a value by its position. */
bool agr_plan_is_reserved(const char *low);

/* A noun or adjective that hides a condition or a computation ("duplicates",
 * "direct"), so that it must not pass for the name of rows. */
bool agr_plan_hides_condition(const char *low);

/* Do fields of this base name ("price", "unit price") hold such values? */
bool agr_plan_in_class(const char *parts, plan_class which);

/* Field parts without a last word that only tells the unit or the kind
 * ("duration min" -> "duration"): its length, or 0 when there is none. */
size_t agr_plan_base_len(const char *parts);

typedef struct plan_superlative {
	const char *words; /* alternatives */
	plan_class which;
	bool descending;
} plan_superlative;

extern const plan_superlative agr_plan_superlatives[];

/* 1..12 for a month's name or abbreviation, else 0. */
int agr_plan_month(const char *low);

typedef struct plan_node_words {
	const char *words;  /* alternatives, the longest first */
	const char *type;   /* of the node */
	const char *action; /* config.action of what the type does not tell, or NULL */
} plan_node_words;

extern const plan_node_words agr_plan_node_types[];

/* Is it one of the built-in node types? */
bool agr_plan_is_node_type(const char *type);

#endif
