/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Every mode of the queue, then the store and the limits, in a redis-server of our own. */
#include <agentrun/redis.h>

#include "../redis/server.h"
#include "run.h"

struct place {
	struct server server;
	const char *mode;
};

static void reset(void *user)
{
	struct place *place = user;

	server_do(&place->server, "FLUSHALL");
}

static int open_queue(void *user, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	struct place *place = user;
	agentrun_redis_queue_options opts;

	reset(user);
	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = place->server.url;
	opts.mode = place->mode;
	opts.lease_ms = lease_ms;
	opts.max_deliveries = max_deliveries;
	return agentrun_redis_queue_new(out, &opts, err);
}

static int open_store(void *user, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	struct place *place = user;
	agentrun_redis_store_options opts;

	agentrun_redis_store_options_init(&opts, sizeof(opts));
	opts.url = place->server.url;
	opts.store = store;
	return agentrun_redis_store_new(out, &opts, err);
}

static int open_limits(void *user, const agentrun_limits_impl **impl, void **self,
	int64_t lease_ms, agentrun_error **err)
{
	const struct place *place = user;
	agentrun_redis_limits_options opts;

	agentrun_redis_limits_options_init(&opts, sizeof(opts));
	opts.url = place->server.url;
	opts.lease_ms = lease_ms;
	return agentrun_redis_limits_new(impl, self, &opts, err);
}

int main(void)
{
	static const char *const modes[] = { "list", "stream", "both" };
	struct place place;
	const agentrun_conformance_store store = { .struct_size = sizeof(store),
		.user = &place, .open = open_store, .reset = reset, .is_durable = 1,
		.report = run_report };
	const agentrun_conformance_queue queue = { .struct_size = sizeof(queue),
		.user = &place, .open = open_queue, .report = run_report, .wakes = 1 };
	const agentrun_conformance_limits limits = { .struct_size = sizeof(limits),
		.user = &place, .open = open_limits, .reset = reset, .is_shared = 1,
		.report = run_report };
	int failed = 0;

	server_open(&place.server);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		place.mode = modes[i];
		printf("-- %s\n", modes[i]);
		failed += agentrun_conformance_check_queue(&queue);
	}
	printf("-- store\n");
	failed += agentrun_conformance_check_store(&store);
	printf("-- limits\n");
	failed += agentrun_conformance_check_limits(&limits);
	server_close(&place.server);
	return run_end(failed);
}
