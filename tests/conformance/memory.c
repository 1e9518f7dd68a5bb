/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <agentrun/memory.h>

#include "run.h"

static int open_store(void *user, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_memory_store_options opts;

	(void)user;
	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = store;
	return agentrun_memory_store_new(out, &opts, err);
}

static void reset_store(void *user)
{
	(void)user;
}

static int open_queue(void *user, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	agentrun_memory_queue_options opts;

	(void)user;
	agentrun_memory_queue_options_init(&opts, sizeof(opts));
	opts.lease_ms = lease_ms;
	opts.max_deliveries = max_deliveries;
	return agentrun_memory_queue_new(out, &opts, err);
}

static int open_limits(void *user, const agentrun_limits_impl **impl, void **self,
	int64_t lease_ms, agentrun_error **err)
{
	(void)user;
	(void)lease_ms;
	return agentrun_memory_limits_new(impl, self, err);
}

int main(void)
{
	const agentrun_conformance_store store = { .struct_size = sizeof(store),
		.open = open_store, .reset = reset_store, .report = run_report };
	const agentrun_conformance_queue queue = { .struct_size = sizeof(queue),
		.open = open_queue, .report = run_report, .wakes = 1 };

	const agentrun_conformance_limits limits = { .struct_size = sizeof(limits),
		.open = open_limits, .reset = reset_store, .report = run_report };

	return run_end(agentrun_conformance_check_store(&store) +
		agentrun_conformance_check_queue(&queue) +
		agentrun_conformance_check_limits(&limits));
}
