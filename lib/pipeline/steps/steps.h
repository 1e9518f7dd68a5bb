/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* steps - one entry a step; the table is in table.c. */
#ifndef AGR_STEPS_H
#define AGR_STEPS_H

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

#endif
