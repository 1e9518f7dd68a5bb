/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * plan - the front of every planner: which one answers, what it is told, and the
 * answer as an object. The built-in planner is in builtin.c.
 */
#ifndef AGR_PLAN_H
#define AGR_PLAN_H

#include <agentrun/plan.h>

#include "json/json.h"
#include "table/scan.h"

#define AGR_TOOL_EXECUTE "execute_pipeline"
#define AGR_TOOL_PATCH "patch_workflow"

/* Append the calls, a JSON array of {"id","function":{"name","arguments"}}. */
void agr_plan_write_calls(agr_buf *out, const agentrun_plan_result *plan);

/* Make a result from a planner's JSON answer (sys/planner.h). */
int agr_plan_result_read(agentrun_plan_result **out, const char *planner,
	const char *json, size_t len, int64_t took_ms, agentrun_error **err);

/* Make a result from one call (or none) of the built-in planner. */
int agr_plan_result_make(agentrun_plan_result **out, const char *name,
	const json_t *arguments, const char *message, int64_t took_ms,
	agentrun_error **err);

#endif
