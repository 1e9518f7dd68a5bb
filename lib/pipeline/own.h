/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* own - the steps that an application registered on a context: a list that does not
 * change once pipelines are compiled. */
#ifndef AGR_OWN_H
#define AGR_OWN_H

#include "pipeline/compiled.h"

typedef struct agr_own_step agr_own_step;



/* The step of that name, or NULL. */
const agr_own_step *agr_own_find(const agr_own_step *list,
	const char *name, size_t len);
const agr_own_step *agr_own_next(const agr_own_step *step);
const char *agr_own_name(const agr_own_step *step);
const char *agr_own_summary(const agr_own_step *step);
const char *agr_own_parameters(const agr_own_step *step); /* JSON Schema, or NULL */

/* Check the parameters against the step's schema, then let the step read them. */
int agr_own_compile(const agr_own_step *own, agr_compiled *step,
	const agr_args *args, agentrun_error **err);

/* What is wrong with a step's object by a schema: AGENTRUN_EINPUT with the first. */
int agr_step_check_schema(const char *schema, agr_span object, agentrun_error **err);

#endif
