/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "shim.h"

int agrgo_redis_queue(agentrun_queue **out, agentrun_ctx *ctx, agrgo_redis_names names,
	int64_t lease_ms, int64_t result_ttl_ms, uint32_t max_deliveries, agentrun_error **err)
{
	agentrun_redis_queue_options opts;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.config = agentrun_ctx_config(ctx);
	opts.url = names.url;
	opts.mode = names.mode;
	opts.job_queue = names.job_queue;
	opts.result_queue_prefix = names.result_queue_prefix;
	opts.stream = names.stream;
	opts.consumer_group = names.consumer_group;
	opts.completion_queue = names.completion_queue;
	opts.consumer = names.consumer;
	opts.lease_ms = lease_ms;
	if (result_ttl_ms > 0)
		opts.result_ttl_ms = result_ttl_ms;
	opts.max_deliveries = max_deliveries;
	return agentrun_redis_queue_new(out, &opts, err);
}

int agrgo_redis_store(agentrun_store **out, agentrun_ctx *ctx, agrgo_redis_names names,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_redis_store_options opts;

	agentrun_redis_store_options_init(&opts, sizeof(opts));
	opts.config = agentrun_ctx_config(ctx);
	opts.url = names.url;
	opts.job_queue = names.job_queue;
	opts.store = store;
	return agentrun_redis_store_new(out, &opts, err);
}

int agrgo_redis_limits(agentrun_ctx *ctx, agrgo_redis_names names, int64_t lease_ms,
	agentrun_error **err)
{
	const agentrun_limits_impl *impl;
	agentrun_redis_limits_options opts;
	void *self;
	int r;

	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	opts.config = agentrun_ctx_config(ctx);
	opts.url = names.url;
	opts.job_queue = names.job_queue;
	opts.lease_ms = lease_ms;
	r = agentrun_redis_limits_new(&impl, &self, &opts, err);
	if (r < 0)
		return r;
	r = agentrun_ctx_set_limits(ctx, impl, self, err);
	if (r < 0)
		impl->destroy(self);
	return r;
}
