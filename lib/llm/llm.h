/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * llm - what all jobs of a context share when they ask models: the tools as they are
 * described, the stable part of the system prompt, and how the providers fare. Made
 * when the first model is asked; the stable part again when the workflow schema changes.
 */
#ifndef AGR_LLM_H
#define AGR_LLM_H

#include "ctx/ctx.h"
#include "llm/breaker.h"
#include "llm/talk.h"

typedef struct agr_llm {
	const agentrun_ctx *ctx;
	agr_breakers breakers;
	char *temperature; /* as JSON takes it: 0.1, not .10; or NULL */
	agr_tool *tools; /* every tool that may be offered; text is owned here */
	size_t n_tools;
	pthread_mutex_t lock; /* guards all below */
	struct agr_stable *stable; /* brief.c: the system prompt's stable part, the last made */
	struct agr_known_profile *profiles; /* profile.c: those that were asked for */
} agr_llm;

/* Made now if need be; lent until the context is freed. */
int agr_ctx_llm(agr_llm **out, agentrun_ctx *ctx, agentrun_error **err);
void agr_llm_free(agr_llm *llm); /* NULL ok */

/* profile.c: free the profiles. */
void agr_llm_forget_profiles(agr_llm *llm);

/* tools.c: fill in the tools. One table is the source of the steps' descriptions,
 * schemas and of what runs them. */
int agr_llm_make_tools(agr_llm *llm, const agentrun_ctx *ctx, agentrun_error **err);
const agr_tool *agr_llm_tool(const agr_llm *llm, const char *name);

/* brief.c: free what is kept of it. */
void agr_llm_forget_stable(agr_llm *llm);

#endif
