/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* plan - one model turn for agentrun_plan(): the calls as they were received. */
#ifndef AGR_LLM_PLAN_H
#define AGR_LLM_PLAN_H

#include "plan/plan.h"

int agr_llm_plan(agentrun_plan_result **out, agentrun_ctx *ctx, const char *provider,
	const char *text, size_t len, const agentrun_plan_options *opts,
	agentrun_error **err);

#endif
