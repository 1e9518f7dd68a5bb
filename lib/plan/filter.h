/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* filter - one condition of a prompt as a `condition` of table_filter. */
#ifndef AGR_PLAN_FILTER_H
#define AGR_PLAN_FILTER_H

#include "plan/resolve.h"

typedef struct plan_condition {
	json_t *json;
	const plan_field *field; /* the one it is about, NULL: several */
	bool negated;
} plan_condition;

/* The condition at the place. `explicit_syntax` is set behind "where" and the like:
 * without data, fields and values are then taken as they are written. */
plan_outcome agr_plan_condition(plan_parser *ps, bool explicit_syntax,
	plan_condition *out);

/* A value of exactly one field, or a field of true and false, as an adjective:
 * "Delta flights", "refundable flights". */
plan_outcome agr_plan_adjective(plan_parser *ps, plan_condition *out);

/* Is there a comparison ("under", "is", ">=") `ahead` of the place? */
bool agr_plan_comparison_ahead(const plan_parser *ps, size_t ahead);

json_t *agr_plan_leaf(plan_parser *ps, const char *field, const char *op,
	json_t *value);
/* The opposite; a row without the field passes neither where that is possible. */
json_t *agr_plan_negated(plan_parser *ps, json_t *condition);

#endif
