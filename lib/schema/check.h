/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* check - one run of agr_schema_check(), shared by this folder's files. */
#ifndef AGR_SCHEMA_CHECK_H
#define AGR_SCHEMA_CHECK_H

#include "regex/regex.h"
#include "schema/schema.h"

struct agr_schema_pattern {
	struct agr_schema_pattern *next;
	const char *at; /* the pattern's place in the schema */
	agr_regex *regex;
	agr_match *match;
};

/* Where a $ref leads. */
typedef struct agr_schema_ref {
	const char *at; /* its place in the schema; NULL: none is noted here */
	agr_span target;
} agr_schema_ref;

#define AGR_SCHEMA_REFS 256

typedef struct agr_schema_run {
	agr_span root;
	agr_schema_report_fn report;
	void *user;
	agentrun_error **err;
	agr_buf path; /* where in the value we are */
	int faults;
	int quiet;             /* > 0: count faults, report none (anyOf, not, if) */
	size_t work, max_work; /* schemas applied so far, and at most */
	int depth;             /* schemas within schemas */
	int still;             /* of these, how many without moving into the value */
	struct agr_schema_pattern *patterns;
	agr_schema_ref *refs; /* AGR_SCHEMA_REFS met last, by their places */
} agr_schema_run;

/* Count, and unless quiet report, one fault at the current place. */
void agr_schema_fault(agr_schema_run *run, const char *fmt, ...) AGENTRUN_PRINTF(2, 3);

/* A keyword of a schema: its own value, the schema, the value to check. */
typedef int (*agr_keyword_fn)(
	agr_schema_run *run, agr_span arg, agr_span schema, agr_span value);

typedef struct agr_keyword {
	const char *name;
	agr_keyword_fn check;
	unsigned types; /* a bit for each agr_type of which it may say no */
} agr_keyword;

#define AGR_SCHEMA_ANY (~0u)

/* values.c: what looks at one value alone. Ends with a NULL name. */
extern const agr_keyword agr_schema_value_keywords[];

/* The keyword of this name, or NULL. */
const agr_keyword *agr_schema_keyword(const agr_keyword *table, agr_span name);

/* Is a number whole, as JSON Schema has it? */
bool agr_schema_is_integer(agr_span number);

/* Does `string` (a JSON string) match the pattern `arg` of the schema? 1, 0, <0. */
int agr_schema_match(agr_schema_run *run, agr_span arg, agr_span string);

/* The same of a pattern that is made ready once. AGENTRUN_ECONFIG: it is none. */
int agr_schema_regex_new(agr_regex **out, agr_span arg, agentrun_error **err);
int agr_schema_regex_test(const agr_regex *regex, agr_match *match, agr_span string,
	size_t *work, agentrun_error **err);

/* Raise that something is no schema. */
int agr_schema_raise_kind(agentrun_error **err);

/* Where the $ref (a JSON string) leads in this schema; else AGENTRUN_ECONFIG. */
int agr_schema_find_ref(agr_span root, agr_span ref, agr_span *out, agentrun_error **err);

#endif
