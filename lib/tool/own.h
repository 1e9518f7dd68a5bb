/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* own - tools that the application registered (sys/tool.h). */
#ifndef AGR_TOOL_OWN_H
#define AGR_TOOL_OWN_H

#include <stdbool.h>

#include <agentrun/sys/tool.h>

#include "ctx/ctx.h"

typedef struct agr_own_tool agr_own_tool;

const agr_own_tool *agr_own_tool_find(const agr_own_tool *list, const char *name);
const agr_own_tool *agr_own_tool_next(const agr_own_tool *tool);
const char *agr_own_tool_name(const agr_own_tool *tool);
const char *agr_own_tool_description(const agr_own_tool *tool);
const char *agr_own_tool_parameters(const agr_own_tool *tool); /* JSON Schema */
int agr_own_tool_lane(const agr_own_tool *tool); /* -1 for NULL */
bool agr_own_tool_is_pure(const agr_own_tool *tool);

/* Does its result come later? */
bool agr_own_tool_waits(const agr_own_tool *tool);
/* Call one that does not. A failure that says nothing says so. */
int agr_own_tool_call(const agr_own_tool *tool, agentrun_buf *result,
	const agentrun_tool_call *call, agentrun_error **err);
/* Start or cancel one that does. */
int agr_own_tool_start(const agr_own_tool *tool, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err);
void agr_own_tool_cancel(const agr_own_tool *tool, const agentrun_tool_pending *pending);
/* What it gave must be JSON. */
int agr_own_tool_check(const agr_own_tool *tool, const agentrun_buf *result,
	agentrun_error **err);

void agr_own_tools_free(agr_own_tool *list); /* NULL ok */

#endif
