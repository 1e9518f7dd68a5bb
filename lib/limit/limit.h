/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * limit - how much the jobs of a context may do: how many begin, how many of one user
 * run at once, and what their models may cost a day.
 *
 *     rate_limit.global        a token bucket for all jobs
 *     rate_limit.per_user      a sliding window for each workflow_owner
 *     rate_limit.per_workflow  the same for each workflow_tag
 *     rate_limit.concurrency_per_user
 *     budget.tokens_... and budget.usd_...  a day (UTC), for all, a user, a workflow
 *
 * A budget is reserved before a call of a model, at the most that it may cost, and
 * settled at what it did cost. A refusal says which limit it was, how much it allows and
 * when to come back, and takes nothing. Jobs without an owner or a tag are not limited
 * by those.
 *
 * Who keeps count is an agentrun_limits_impl: this process' memory, or what was handed in
 * (agentrun/sys/limits.h). Any thread.
 */
#ifndef AGR_LIMIT_H
#define AGR_LIMIT_H

#include <agentrun/config.h>
#include <agentrun/sys/limits.h>

#include "llm/talk.h"

#define AGR_LIMIT_ID 41

typedef struct agr_limits agr_limits;

/* Whose job it is; NULL: nobody's. */
typedef struct agr_who {
	const char *user, *workflow;
} agr_who;

/* NULL in *out where nothing is configured. `impl` NULL: they are counted here; else it
 * stays the caller's. AGENTRUN_ECONFIG. */
int agr_limits_new(agr_limits **out, const agentrun_config *config,
	const agentrun_limits_impl *impl, void *self, agentrun_error **err);
void agr_limits_free(agr_limits *limits); /* NULL ok */

/* A job that entered. Zeroed: none. */
typedef struct agr_entry {
	char id[AGR_LIMIT_ID];
	bool taken;
} agr_entry;

/* A job begins: 0, or AGENTRUN_ERATE. `limits` may be NULL, here and below. */
int agr_limits_enter(agr_limits *limits, agr_entry *out, const agr_who *who,
	int64_t mono_ms, agentrun_error **err);
/* It ends. Does nothing for one that did not enter. */
void agr_limits_leave(agr_limits *limits, agr_entry *entry, const agr_who *who);

/* What one call was given. Zeroed: nothing. */
typedef struct agr_reservation {
	char id[AGR_LIMIT_ID];
	int64_t tokens, micro_usd;
	int64_t day;    /* since 1970 */
	double price_input, price_output, price_cached; /* micro-dollars a token */
	int64_t input;  /* as it was estimated */
	bool taken;
} agr_reservation;

/* Before a call: at most `input` and `output` tokens of `model`. 0, AGENTRUN_EBUDGET, or
 * AGENTRUN_ECONFIG (money is limited and the model has no price). */
int agr_limits_reserve(agr_limits *limits, agr_reservation *out, const agr_who *who,
	const char *model, int64_t input, int64_t output, int64_t wall_ms,
	agentrun_error **err);
/* After it: what it cost (NULL: it failed and cost nothing). What the provider did not
 * say counts as estimated. Does nothing when nothing was reserved. */
void agr_limits_settle(agr_limits *limits, agr_reservation *reservation,
	const agr_who *who, const agr_usage *usage);

/* "100/min" as count and period: "N", which is N a minute, or N/s, N/min, N/h, N/day. */
bool agr_rate_read(const char *text, int64_t *count, int64_t *period_ms);

#endif
