/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* compiled - what a compiled pipeline is; for compile.c and run.c alone. */
#ifndef AGR_COMPILED_H
#define AGR_COMPILED_H

#include "pipeline/step.h"

typedef struct agr_compiled {
	const agr_step_type *type;
	void *plan;
} agr_compiled;

struct agr_pipeline {
	char *text;      /* plans borrow from it */
	char *input_ref; /* NULL: none */
	agr_compiled *steps;
	size_t n;
};

#endif
