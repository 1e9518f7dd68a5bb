/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#ifndef AGENTRUN_GO_REDIS_SHIM_H
#define AGENTRUN_GO_REDIS_SHIM_H

#include <stdlib.h>

#include <agentrun/redis.h>

/* malloc()ed or NULL. */
typedef struct agrgo_redis_names {
	char *url, *mode, *job_queue, *result_queue_prefix, *stream, *consumer_group,
		*completion_queue, *consumer;
} agrgo_redis_names;

/* Numbers that are 0 are as the configuration has them. */
int agrgo_redis_queue(agentrun_queue **out, agentrun_ctx *ctx, agrgo_redis_names names,
	int64_t lease_ms, int64_t result_ttl_ms, uint32_t max_deliveries, agentrun_error **err);
int agrgo_redis_store(agentrun_store **out, agentrun_ctx *ctx, agrgo_redis_names names,
	const agentrun_store_options *store, agentrun_error **err);
int agrgo_redis_limits(agentrun_ctx *ctx, agrgo_redis_names names, int64_t lease_ms,
	agentrun_error **err);

#endif
