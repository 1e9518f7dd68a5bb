/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * classify - the intent of a prompt by a model: what `classifier.mode` llm asks always,
 * and hybrid when the built-in classifier is not sure. A conversation of one turn.
 */
#ifndef AGR_LLM_CLASSIFY_H
#define AGR_LLM_CLASSIFY_H

#include <agentrun/intent.h>

#include "llm/turn.h"

/* Is a model to be asked, when the built-in classifier says this? `mode` is one of
 * AGENTRUN_CLASSIFY_...; AUTO: as configured. */
bool agr_classify_wants_model(const agentrun_ctx *ctx, int mode,
	const agentrun_intent *intent);
/* May the built-in answer stand when the model cannot be asked? */
bool agr_classify_can_do_without(const agentrun_ctx *ctx, int mode);

/* Begin the turn: *talk is filled in and must outlast it. AGENTRUN_ECONFIG where no
 * provider is configured. `provider` NULL or "auto": the configured one. */
int agr_classify_begin(agr_turn **out, agr_talk *talk, agentrun_ctx *ctx,
	const char *provider, const char *prompt, size_t len, int64_t deadline_ms,
	agentrun_error **err);
/* What the model said becomes the intent. */
int agr_classify_take(agentrun_intent *intent, agr_turn *turn, agentrun_error **err);

/* Both, blocking. */
int agr_classify_ask(agentrun_intent *intent, agentrun_ctx *ctx, const char *prompt,
	size_t len, agentrun_error **err);

#endif
