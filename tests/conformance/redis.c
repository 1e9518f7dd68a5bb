/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Every mode of the queue, then the store, in a redis-server of our own. */
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

int main(void)
{
	static const char *const modes[] = { "list", "stream", "both" };
	struct place place;
	const agentrun_conformance_store store = { .struct_size = sizeof(store),
		.user = &place, .open = open_store, .reset = reset, .is_durable = 1,
		.report = run_report };
	const agentrun_conformance_queue queue = { .struct_size = sizeof(queue),
		.user = &place, .open = open_queue, .report = run_report, .wakes = 1 };
	int failed = 0;

	server_open(&place.server);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		place.mode = modes[i];
		printf("-- %s\n", modes[i]);
		failed += agentrun_conformance_check_queue(&queue);
	}
	printf("-- store\n");
	failed += agentrun_conformance_check_store(&store);
	server_close(&place.server);
	return run_end(failed);
}
