/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* compiled - what a compiled pipeline is; for compile.c, physical.c, chain.c and
 * run.c alone. */
#ifndef AGR_COMPILED_H
#define AGR_COMPILED_H

#include "pipeline/step.h"

typedef struct agr_compiled {
	const agr_step_type *type;
	void *plan;
	size_t number;      /* of the step it is (the first of them), from 1 */
	size_t with;        /* of the step that is done together with it, or 0 */
	const char *name;   /* for messages: the step's */
	agr_wanted *wanted; /* operators that get the scan's rows: what it notes */
	bool owned;         /* the plan is not a step's */
} agr_compiled;

struct agr_pipeline {
	char *text;      /* plans borrow from it */
	char *input_ref; /* NULL: none */
	agr_compiled *steps; /* as they were written */
	size_t n;
	agr_compiled *ops;   /* as they run */
	size_t n_ops;
};

/* What an operator did in a run. */
typedef struct agr_op_stats {
	bool ran;
	size_t rows_in, rows_out;
	int64_t time_ns; /* without what comes behind it */
} agr_op_stats;

/* Where the operator `at`, whose rows the next one takes, finds them while the document
 * is read; NULL: not so. */
const agr_path *agr_pipeline_way(const agr_pipeline *p, size_t at);

/* Steps -> operators. */
int agr_pipeline_plan(agr_pipeline *p, agentrun_error **err);
void agr_pipeline_unplan(agr_pipeline *p);

#endif
