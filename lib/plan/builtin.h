/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * builtin - the built-in planner: prompt + what is known of the data and the
 * workflow -> tool calls, or `unclear`. Pure: no I/O, no clock, no randomness.
 *
 * It never guesses. Every word of the prompt is either used by the plan, a
 * function word that may be left out, or not understood - and one content word
 * that is not understood makes the whole answer `unclear`.
 */
#ifndef AGR_PLAN_BUILTIN_H
#define AGR_PLAN_BUILTIN_H

#include "base/base.h"
#include "json/json.h"

typedef struct agr_plan_request {
	const char *prompt; /* valid UTF-8 */
	size_t prompt_len;
	int lane;           /* AGENTRUN_LANE_...; UNCLEAR: either */
	const char *input;  /* rows: JSON array, NDJSON or CSV, not yet validated; or NULL */
	size_t input_len;
	const json_t *workflow; /* {nodes, edges}, either form; or NULL. Its numbers need
	                           not be exact, so none is put into a plan */
	const char *workflow_tag, *workflow_owner, *node_id; /* or NULL */
	const char *session_id; /* or NULL */
} agr_plan_request;

typedef struct agr_plan_answer {
	json_t *call;       /* {"name", "arguments": {...}}, or NULL: unclear */
	char *message;      /* for a person: what is done, words used and ignored; or
	                       what was not understood and what could be said instead */
} agr_plan_answer;

/* 0 also when unclear; AGENTRUN_EINPUT when the rows are no valid input. */
int agr_builtin_plan(agr_plan_answer *out, const agr_plan_request *request,
	agentrun_error **err);
void agr_plan_answer_clear(agr_plan_answer *answer);

#endif
