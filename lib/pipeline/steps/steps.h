/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* steps - one entry a step; the table is in registry.c. */
#ifndef AGR_STEPS_H
#define AGR_STEPS_H

#include "pipeline/order.h"
#include "pipeline/step.h"

extern const agr_step_type agr_step_http_request;
extern const agr_step_type agr_step_table_sort;
extern const agr_step_type agr_step_table_filter;
extern const agr_step_type agr_step_table_select;
extern const agr_step_type agr_step_top_k;
extern const agr_step_type agr_step_groupby;
extern const agr_step_type agr_step_join;
extern const agr_step_type agr_step_extract;
extern const agr_step_type agr_step_jq_transform;
extern const agr_step_type agr_step_flatten;
extern const agr_step_type agr_step_distinct;
extern const agr_step_type agr_step_rename;
extern const agr_step_type agr_step_derive;
extern const agr_step_type agr_step_regex_extract;
extern const agr_step_type agr_step_parse_date;
extern const agr_step_type agr_step_limit;
extern const agr_step_type agr_step_offset;
extern const agr_step_type agr_step_count;

/* ---- for steps that are done together (physical.c) -------------------------- */

/* The k of a top_k that takes rows as they stand, or -1. */
int64_t agr_top_k_first(const void *plan);
/* A plan of top_k by this order (borrowed); NULL when memory is short. */
void *agr_top_k_of(agr_order *order, int64_t k);
agr_order *agr_sort_order(void *sort_plan);
/* Let the sort hand on what the select, which follows it, makes of its rows. */
void agr_sort_then(void *sort_plan, void *select_plan);
/* What is looked at in the joined rows. */
agr_wanted *agr_join_names(void *join_plan);
/* Once that is known: have it noted of the left rows. */
int agr_join_link(void *join_plan, agr_wanted *left, agentrun_error **err);
/* Make the selected row in `out`. */
void agr_select_make(const void *plan, const agr_row *row, agr_buf *out);

#endif
