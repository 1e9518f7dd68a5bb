/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * ctx - the context: a copy of the configuration, the log handler, registered
 * planners and steps, and the HTTP client, which is opened at the first request.
 */
#ifndef AGR_CTX_H
#define AGR_CTX_H

#include <pthread.h>

#include <agentrun/ctx.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/transport.h>

#include "base/base.h"

typedef struct agr_planner {
	agentrun_planner_impl impl;
	void *self;
} agr_planner;

struct agr_http;
typedef struct agr_own_step agr_own_step; /* pipeline/own.c */

struct agentrun_ctx {
	agentrun_config *config;
	agentrun_log_fn log;
	void *log_user;
	int log_level;
	agentrun_transport_open_fn transport_open;
	void *transport_user;
	agr_planner *planners;
	size_t n_planners;
	agr_own_step *steps;   /* a list of those that were registered */
	pthread_mutex_t lock;  /* guards http */
	struct agr_http *http; /* NULL until it is needed */
};

/* The HTTP client, opened now if need be. */
int agr_ctx_http(struct agr_http **out, agentrun_ctx *ctx, agentrun_error **err);

void agr_own_steps_free(agr_own_step *list); /* NULL ok */

/* A planner by its name, or NULL. */
const agr_planner *agr_ctx_planner(const agentrun_ctx *ctx, const char *name);

void agr_log(const agentrun_ctx *ctx, int level, const char *subject,
	const char *fmt, ...) AGENTRUN_PRINTF(4, 5);

/*
 * The transport that a context opens when its options name none. libagentrun
 * has libcurl's (net/default_curl.c); the command line is linked without
 * libcurl (net/default_none.c) and brings it when a request is made.
 */
extern const agentrun_transport_open_fn agr_transport_default;

#endif
