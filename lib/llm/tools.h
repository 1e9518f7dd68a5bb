/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* tools - the tools a model may call, and in which lane. */
#ifndef AGR_LLM_TOOLS_H
#define AGR_LLM_TOOLS_H

#include <agentrun/intent.h>

#include "plan/plan.h"

#define AGR_TOOL_SEARCH "search_tools"
#define AGR_TOOL_OPENAPI "openapi_action"
#define AGR_TOOL_DELEGATE "delegate_to_agent"

/* The lane of a tool; AGENTRUN_LANE_UNCLEAR: of every lane. -1: there is no such tool. */
int agr_tool_lane(const agentrun_ctx *ctx, const char *name);

/* May it be called when the prompt is of this lane (AGENTRUN_LANE_UNCLEAR: of any)? */
bool agr_tool_fits(const agentrun_ctx *ctx, const char *name, int lane);

/* Is a tool offered from the start? The application's are when they are not too many to be
 * told: then search_tools finds them, and what was found is offered from then on. */
bool agr_tool_is_offered(const agentrun_ctx *ctx, const char *name);

/* The arguments, checked against the tool's schema: 0, or AGENTRUN_EPLAN with every
 * fault, for the model to mend. */
int agr_tool_check(const agr_tool *tool, const char *arguments, size_t len,
	agentrun_error **err);

#endif
