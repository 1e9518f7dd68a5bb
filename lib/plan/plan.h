/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * plan - the front of every planner: which one answers, what it is told, and the
 * answer as an object. The built-in planner is in builtin.c.
 */
#ifndef AGR_PLAN_H
#define AGR_PLAN_H

#include <agentrun/plan.h>

#include "json/json.h"
#include "llm/talk.h"
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

/* Make a result from what a model answered; `model` where the answer names none. */
int agr_plan_result_of_answer(agentrun_plan_result **out, const agr_answer *answer,
	const char *model, int64_t took_ms, agentrun_error **err);
/* A plan that grows turn by turn: calls are appended, tokens summed, the text of the
 * last answer that had one is its message. */
int agr_plan_result_add(agentrun_plan_result *plan, const agr_answer *answer,
	const char *model, agentrun_error **err);
/* An empty one. */
int agr_plan_result_new(agentrun_plan_result **out, agentrun_error **err);
/* Replace its message and its finish reason (NULL: as it is). */
int agr_plan_result_say(agentrun_plan_result *plan, const char *message,
	const char *finish_reason, agentrun_error **err);
/* What undoes this call, JSON, stands beside it from now on where calls are written. */
int agr_plan_result_undo(agentrun_plan_result *plan, size_t call, const char *inverse,
	size_t len, agentrun_error **err);
bool agr_plan_result_cache_hit(const agentrun_plan_result *plan);

#endif
