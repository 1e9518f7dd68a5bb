/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * rulebook - the rules that a context's workflows go by, each made ready once for all
 * calls that want the same schema: the caller's, the one that `workflow.schema` names (a
 * file, which is looked at each time; an address, see remote.h), or the built-in one.
 *
 * Any thread. What is given out is held for the caller, who releases it.
 */
#ifndef AGR_RULEBOOK_H
#define AGR_RULEBOOK_H

#include <agentrun/ctx.h>

#include "patch/remote.h"

typedef struct agr_rulebook agr_rulebook;

/* `ctx` is borrowed: it owns the rulebook. */
int agr_rulebook_new(agr_rulebook **out, agentrun_ctx *ctx, agentrun_error **err);
/* After the HTTP client, whose last answer may be its. NULL ok. */
void agr_rulebook_free(agr_rulebook *book);

/* A caller's schema. `ctx` NULL: it is made for this call. */
int agr_rules_of_text(agr_rules **out, const agentrun_ctx *ctx, const char *schema, size_t len,
	agentrun_error **err);

/* The configured ones; `ctx` NULL: the built-in. Blocks while an address is fetched.
 * AGENTRUN_ECONFIG, AGENTRUN_ENOTFOUND, AGENTRUN_EIO, AGENTRUN_ELIMIT; of an address
 * AGENTRUN_ENETWORK and AGENTRUN_ECONFIG, retryable; AGENTRUN_ENOMEM. */
int agr_rules_get(agr_rules **out, const agentrun_ctx *ctx, agentrun_error **err);

/* The same for who must not block: AGR_RULES_COMING, and `wait` is told when it is worth
 * asking again, with the same `wait`, which agr_rules_forget() ends. */
int agr_rules_want(agr_rules **out, const agentrun_ctx *ctx, agr_rules_wait *wait,
	agentrun_error **err);
/* What is known of them: nothing is fetched, *out is NULL while nothing was. */
int agr_rules_known(agr_rules **out, const agentrun_ctx *ctx, agentrun_error **err);

#endif
