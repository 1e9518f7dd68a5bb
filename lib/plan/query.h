/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * query - the grammar of questions and data operations, and the pipeline that
 * answers one. A sentence is a head ("show", "how many"), what it is about
 * (order, number, adjectives, name of the rows, or fields of them), and clauses.
 */
#ifndef AGR_PLAN_QUERY_H
#define AGR_PLAN_QUERY_H

#include "plan/filter.h"

typedef enum plan_limit { PLAN_LIMIT_NONE, PLAN_LIMIT_FIRST, PLAN_LIMIT_TOP } plan_limit;

#define PLAN_AGGS_MAX 8

typedef struct plan_agg {
	const char *agg;
	const plan_field *field; /* NULL: rows are counted */
	const char *as;
} plan_agg;

typedef struct plan_query {
	plan_parser *ps;
	json_t *steps;     /* of the stages before this one */
	const char *url;
	bool subject;      /* the rows were given a name */
	bool general;      /* ... one that fits all rows: "records" */
	bool asked;        /* there was a verb: "show" */
	bool singular;     /* ... or called one: "the cheapest flight" */
	json_t *conditions;
	const plan_field *last_field;
	bool any_or, any_and, closed; /* how conditions are joined; none may follow */
	bool last_negated;
	json_t *select, *distinct;  /* paths, or NULL */
	bool distinct_rows;
	bool count;
	json_t *group;     /* paths, or NULL */
	plan_agg aggs[PLAN_AGGS_MAX];
	size_t n_aggs;
	json_t *sorts;     /* {field, order} each */
	bool undirected;   /* the last of them names no direction */
	bool low_is_better;
	int extreme;       /* "the largest", 1, or smallest, -1, before "by FIELD" */
	plan_limit limit;
	json_int_t k;
	bool limit_of_rows; /* it was said of the rows, not of the groups */
	bool explicit_step; /* something was said that needs no data to be clear */
} plan_query;

/* The steps that the prompt asks for; NULL: see ps->reason and ps->lost. */
json_t *agr_plan_query(plan_parser *ps);

/* what.c: what the question is about. */
plan_outcome agr_plan_what(plan_query *q);
plan_outcome agr_plan_take_limit(plan_query *q);
/* "cheapest", "highest price", into a sort. */
plan_outcome agr_plan_take_superlative(plan_query *q, const plan_field **value);
bool agr_plan_take_subject(plan_query *q);
/* Fields parted by commas and "and", appended; how many, or REFUSED. */
int agr_plan_take_fields(plan_query *q, json_t *paths, const plan_field **only);
void agr_plan_add_sort(plan_query *q, const char *path, bool descending);

/* group.c: aggregates. */
plan_outcome agr_plan_take_aggregate(plan_query *q);
plan_outcome agr_plan_take_group(plan_query *q, const char *words);
plan_outcome agr_plan_group_key(plan_query *q, const char **as);
plan_outcome agr_plan_rank_groups(plan_query *q, const plan_field *by);
void agr_plan_add_agg(plan_query *q, const char *agg, const plan_field *field);

/* steps.c: from what was understood to steps. */
plan_outcome agr_plan_emit(plan_query *q);
/* "; sorts by price ascending; takes the first 10" of steps or one of them. */
const char *agr_plan_describe(plan_pool *pool, const json_t *steps);

#endif
