/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * brief - what a model is told at the beginning: the system prompt, whose parts are the
 * same for every job (of the same workflow), so that a provider can keep them; then, in
 * the user's message, the prompt and what belongs to this one request.
 */
#ifndef AGR_BRIEF_H
#define AGR_BRIEF_H

#include <stdatomic.h>

#include <agentrun/intent.h>

#include "llm/llm.h"
#include "patch/rulebook.h"

/* All borrowed; p NULL: not there. */
typedef struct agr_brief {
	const char *prompt;
	size_t prompt_len;
	agr_span workflow, context;
	agr_span data; /* rows that a pipeline begins from, else those of the context */
	const char *workflow_tag, *workflow_owner, *node_id; /* or NULL */
	const agentrun_intent *intent;                       /* or NULL */
	int lane; /* only that lane's tools; AGENTRUN_LANE_UNCLEAR: all */
} agr_brief;

/* The stable part of the system prompt: the same for every job as long as the rules of
 * workflows are. Immutable and counted. */
typedef struct agr_stable {
	atomic_uint holders;
	agr_rules *rules; /* that it tells of; NULL: they were not known */
	char *text;
	size_t len;
	char *json; /* the same as a JSON string without its closing quote */
	char hash[AGR_SHA256_HEX];
} agr_stable;

void agr_stable_release(agr_stable *stable); /* NULL ok */

/* System prompt, tools and the user's message of a new conversation. */
int agr_brief_write(agr_talk *talk, agr_llm *llm, const agr_brief *brief,
	agentrun_error **err);

/* A key for prompts that begin alike: of the stable parts. */
void agr_brief_cache_key(char key[65], const agr_talk *talk);

#endif
