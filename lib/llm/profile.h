/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * profile - which provider is asked, and how: what the configuration says of it.
 *
 * `llm.providers.NAME.x` comes before `llm.x`, which holds for the provider that
 * `llm.provider` names (for every one when that is auto or builtin).
 */
#ifndef AGR_PROFILE_H
#define AGR_PROFILE_H

#include "ctx/ctx.h"
#include "llm/codec.h"

/* Text is lent by the context unless it says otherwise. */
typedef struct agr_profile {
	const agr_codec *codec;
	char *name;  /* ours */
	char *model; /* ours */
	const char *base_url, *api_key; /* key: NULL, where none is needed */
	char **headers; /* ours; "Name: value" */
	size_t n_headers;
	char *more;     /* ours; members for the body, or NULL */
	bool return_reasoning;
} agr_profile;

struct agr_llm;

void agr_profile_clear(agr_profile *profile);

/* The provider of this name; `model` NULL: the configured one. AGENTRUN_ECONFIG where
 * something is missing. */
int agr_profile_read(agr_profile *out, const agentrun_ctx *ctx, const char *name,
	const char *model, agentrun_error **err);

/* The same, read once: it stays the context's. */
int agr_llm_profile(const agr_profile **out, struct agr_llm *llm, const char *name,
	const char *model, agentrun_error **err);

/* Is it a provider's name: built in, registered, or configured with a kind? */
bool agr_llm_has(const agentrun_ctx *ctx, const char *name);
/* Is it one that no planner and no provider may take? */
bool agr_llm_name_is_taken(const agentrun_ctx *ctx, const char *name);

/* Who is meant: `asked` is what the caller named (NULL, "auto": the configuration). A
 * planner's or provider's name; with auto the first provider whose key is configured,
 * else "builtin". */
const char *agr_llm_choose(const agentrun_ctx *ctx, const char *asked);

/* A configured number, with its fraction. */
double agr_llm_number(const agentrun_config *config, const char *key, double fallback);

#endif
