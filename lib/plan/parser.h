/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * parser - what the two grammars share: a place in the prompt, marks of what
 * was used, and the reasons why there is no plan.
 *
 * A rule looks at the words ahead and returns NO with the place unmoved, YES
 * with its words marked as used, or - after agr_plan_refuse() - REFUSED, which
 * ends the parse. A word that no rule took is not understood.
 */
#ifndef AGR_PLAN_PARSER_H
#define AGR_PLAN_PARSER_H

#include "plan/builtin.h"
#include "plan/facts.h"
#include "plan/lexicon.h"
#include "plan/words.h"

typedef enum plan_outcome { PLAN_REFUSED = -1, PLAN_NO = 0, PLAN_YES = 1 } plan_outcome;

typedef enum plan_mark { PLAN_UNUSED, PLAN_USED, PLAN_IGNORED } plan_mark;

struct plan_graph;

typedef struct plan_parser {
	plan_pool *pool;
	const plan_words *words;
	const plan_facts *facts;
	const struct plan_graph *graph;
	const agr_plan_request *request;
	plan_mark *marks;
	size_t pos;
	const char *reason; /* the first refusal, a sentence; or NULL */
	size_t lost;        /* words not understood */
	bool no_bare_value; /* a value alone is no condition here: "to LAX or JFK" */
	bool negative;      /* inside a negation, where "A and B" are both left out */
} plan_parser;

void agr_plan_parser_start(plan_parser *ps, plan_pool *pool,
	const plan_words *words, const agr_plan_request *request);

/* The word `ahead` of the place; PLAN_END behind the last. */
const plan_word *agr_plan_at(const plan_parser *ps, size_t ahead);
bool agr_plan_ended(const plan_parser *ps);

/* How many words match one of the alternatives `ahead` of the place, 0: none. */
size_t agr_plan_ahead(const plan_parser *ps, size_t ahead,
	const char *alternatives);
/* Use those words. */
bool agr_plan_take(plan_parser *ps, const char *alternatives);
/* Use `n` words. */
void agr_plan_use(plan_parser *ps, size_t n);
/* Leave out function words. */
void agr_plan_skip(plan_parser *ps, const char *alternatives);

/* Go back to `pos`, as if nothing behind it had been taken. */
void agr_plan_rewind(plan_parser *ps, size_t pos);

plan_outcome agr_plan_refuse(plan_parser *ps, const char *fmt, ...)
	AGENTRUN_PRINTF(2, 3);

/* A whole number from `least` on, without a unit. */
bool agr_plan_take_count(plan_parser *ps, long least, json_int_t *out);
/* A number's JSON value; NULL when it does not fit. */
json_t *agr_plan_number(plan_parser *ps, const char *number);
/* A duration of a number and its unit ("30s", "2 minutes"), in milliseconds. */
plan_outcome agr_plan_take_duration(plan_parser *ps, json_int_t *ms);
/* The unit of the number at the place, attached or as the next word; how many
 * words number and unit are. */
plan_unit agr_plan_unit_at(const plan_parser *ps, size_t ahead, size_t *words);

#endif
