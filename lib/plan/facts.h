/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * facts - what is known of the input: the fields of its first rows, the types
 * and sample values of each, and where the rows are. Nothing is kept of the
 * input itself.
 */
#ifndef AGR_PLAN_FACTS_H
#define AGR_PLAN_FACTS_H

#include "plan/pool.h"
#include "table/scan.h"

#define PLAN_TYPE(type) (1u << (type))
#define PLAN_BOOL (PLAN_TYPE(AGR_TYPE_FALSE) | PLAN_TYPE(AGR_TYPE_TRUE))
#define PLAN_NUM PLAN_TYPE(AGR_TYPE_NUMBER)
#define PLAN_STR PLAN_TYPE(AGR_TYPE_STRING)

typedef struct plan_value {
	const char *text;
	uint64_t hash;
	bool is_string;
} plan_value;

typedef struct plan_field {
	const char *path;  /* as a step names it */
	const char *parts; /* its words: "duration min", "carrier name" */
	const char *last;  /* those of the last name in the path */
	unsigned types;    /* PLAN_TYPE() of what was seen, null left out */
	bool nulls;        /* null, or missing in a row that was seen */
	bool integers;     /* every number is whole */
	bool dates, stamps; /* every text is an ISO date; one with a time */
	bool repeats;      /* some value came twice */
	bool nested;
	bool literal;      /* written in the prompt, not seen in any data */
	double least, most;
	size_t seen;
	plan_value *values;
	size_t n_values, cap_values;
} plan_field;

typedef struct plan_facts {
	bool given;        /* there is an input at all */
	bool known;        /* it has rows, and these are their fields */
	const char *extract; /* path to the rows inside an object, or NULL */
	bool empty;        /* it is a list without rows: whatever is counted is 0 */
	const char *trouble; /* why the input holds no rows, or NULL */
	plan_field *fields;
	size_t n, cap;
	size_t rows;
} plan_facts;

/* 0, AGENTRUN_EINPUT (no valid rows), AGENTRUN_ENOMEM, AGENTRUN_ELIMIT. */
int agr_plan_facts(plan_facts *out, plan_pool *pool, const char *input,
	size_t len, agentrun_error **err);

/* The one field of text that holds exactly this value (in any case). */
const char *agr_plan_field_value(const plan_field *field, const char *text,
	bool *ambiguous);

/* Length of an ISO date or timestamp that is all of `text`: 0, 10 or more. */
size_t agr_plan_iso_date(const char *text);

#endif
