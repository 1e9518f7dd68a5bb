/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* compiled - what a proof is: proof.c makes it, judge.c asks it. */
#ifndef AGR_COMPILED_H
#define AGR_COMPILED_H

#include "schema/check.h"
#include "schema/proof.h"
#include "table/word.h"

/* In place of an agr_type: a number that is whole. */
#define AGR_PROOF_INTEGER (1u << 16)
#define AGR_PROOF_MEMBERS 64 /* that one schema names */

/* A keyword that looks at one value alone. */
typedef struct agr_proof_rule {
	agr_keyword_fn check;
	agr_span arg;
	unsigned types;         /* a bit for each agr_type of which it may say no */
	const agr_regex *regex; /* a pattern's, in place of `check` */
} agr_proof_rule;

typedef struct agr_proof_member {
	agr_span name; /* a JSON string without escapes */
	uint64_t word; /* its first bytes, of which most names have no more */
	size_t slot;   /* or AGR_WANTED_NONE */
	agr_proof *proof; /* NULL: any value will do */
	bool required;
	bool property; /* it is listed: no additional one */
} agr_proof_member;

typedef struct agr_proof_pattern {
	const agr_regex *regex;
	agr_proof *proof;
} agr_proof_pattern;

typedef struct agr_proof_list {
	agr_proof **of;
	size_t n;
} agr_proof_list;

/* All that is asked of a value, which must keep each. Zero: nothing. */
struct agr_proof {
	bool never; /* the schema false */
	unsigned given; /* keywords that were read, by which none comes twice; a bit for each */
	unsigned char reach; /* schemas in a row about the same value; 0: not counted */
	unsigned types;     /* a bit for each agr_type; 0: any */
	agr_span *strings;  /* enum or const, of strings without escapes; NULL: any value */
	size_t n_strings;
	agr_proof_rule *rules;
	size_t n_rules;
	agr_proof_member *members;
	size_t n_members;
	agr_proof_pattern *patterns; /* patternProperties */
	size_t n_patterns;
	agr_proof *additional, *names; /* NULL: any */
	agr_proof *items, *contains;   /* NULL: any, none */
	agr_proof_list tuple; /* the first elements; behind them `items` */
	agr_proof_list all, any, one;
	agr_proof *no, *condition, *then, *otherwise;
};

static inline uint64_t agr_proof_word(agr_span name)
{
	return agr_word_of(name.p, name.n < 8 ? name.n : 8);
}

#endif
