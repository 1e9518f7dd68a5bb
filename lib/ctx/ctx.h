/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * ctx - the context: a copy of the configuration, the log handler, registered
 * planners and steps, the rules of workflows, and the HTTP client, which is opened at the
 * first request.
 */
#ifndef AGR_CTX_H
#define AGR_CTX_H

#include <pthread.h>

#include <agentrun/ctx.h>
#include <agentrun/sys/limits.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/transport.h>

#include "base/base.h"

typedef struct agr_planner {
	agentrun_planner_impl impl;
	void *self;
} agr_planner;

struct agr_http;
typedef struct agr_own_step agr_own_step; /* pipeline/own.c */
struct agr_own_provider; /* llm/own.c */
struct agr_own_tool;     /* tool/own.c */
struct agr_llm;          /* llm/llm.c */
struct agr_limits;       /* limit/limit.c */
struct agr_rulebook;     /* patch/rulebook.c */

struct agentrun_ctx {
	agentrun_config *config;
	agentrun_log_fn log;
	void *log_user;
	int log_level;
	agr_planner *planners;
	size_t n_planners;
	agr_own_step *steps;   /* a list of those that were registered */
	struct agr_own_provider *providers;
	struct agr_own_tool *tools;
	struct agr_rulebook *rulebook; /* has a lock of its own */
	pthread_mutex_t lock;  /* guards all below, once there are several threads */
	agentrun_transport_impl transport; /* zero: none is set */
	void *transport_self;
	bool transport_open;
	struct agr_http *http; /* NULL until it is needed */
	struct agr_llm *llm;   /* likewise */
	agentrun_limits_impl limits_impl; /* name NULL: they are counted here */
	void *limits_self;
	struct agr_limits *limits; /* NULL: none are set, or `limits_read` is not */
	bool limits_read;
};

/* AGENTRUN_EINVAL where a call that needs a context was given none. */
int agr_ctx_check(const agentrun_ctx *ctx, agentrun_error **err);

/* The HTTP client, opened now if need be. */
int agr_ctx_http(struct agr_http **out, agentrun_ctx *ctx, agentrun_error **err);

/* The limits that are configured, read now if need be; NULL: there are none. */
int agr_ctx_limits(struct agr_limits **out, agentrun_ctx *ctx, agentrun_error **err);

void agr_own_steps_free(agr_own_step *list); /* NULL ok */

/* A planner by its name, or NULL. */
const agr_planner *agr_ctx_planner(const agentrun_ctx *ctx, const char *name);

/* About a job; ids may be NULL. */
void agr_log_job(const agentrun_ctx *ctx, int level, const char *subject,
	const char *job_id, const char *run_id, const char *fmt, ...) AGENTRUN_PRINTF(6, 7);
/* About none: the format and its arguments come last. */
#define agr_log(ctx, level, subject, ...) \
	agr_log_job(ctx, level, subject, NULL, NULL, __VA_ARGS__)

/*
 * Makes the transport of a context that was given none; NULL: there is none.
 * libagentrun has libcurl's (net/transport_default_curl.c); the command line is
 * linked without libcurl (net/transport_default_none.c) and sets one that loads it
 * when a request is made.
 */
typedef int (*agr_transport_new_fn)(const agentrun_transport_impl **impl, void **self,
	agentrun_error **err);
extern const agr_transport_new_fn agr_transport_default;

#endif
