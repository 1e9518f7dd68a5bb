/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "shim.h"

#include <agentrun/conformance.h>

#include "_cgo_export.h"

static int open_store(void *user, agentrun_store **out, const agentrun_store_options *opts,
	agentrun_error **err)
{
	void *store;
	int r = agrgoConformanceStore((uintptr_t)user, &store, opts ? opts->max_inline_bytes : 0,
		opts ? opts->take_blobs : NULL, err);

	*out = store;
	return r;
}

static void reset_store(void *user)
{
	agrgoConformanceReset((uintptr_t)user);
}

static int open_queue(void *user, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	void *queue;
	int r = agrgoConformanceQueue((uintptr_t)user, &queue, lease_ms, max_deliveries, err);

	*out = queue;
	return r;
}

static void report(void *user, const char *check, const char *failure)
{
	agrgoConformanceReport((uintptr_t)user, (char *)(uintptr_t)check,
		(char *)(uintptr_t)failure);
}

int agrgo_check_store(uintptr_t handle, int durable)
{
	const agentrun_conformance_store backend = {
		.struct_size = sizeof(backend),
		.user = (void *)handle,
		.open = open_store,
		.reset = reset_store,
		.is_durable = durable,
		.report = report,
	};

	return agentrun_conformance_check_store(&backend);
}

int agrgo_check_queue(uintptr_t handle, int wakes)
{
	const agentrun_conformance_queue backend = {
		.struct_size = sizeof(backend),
		.user = (void *)handle,
		.open = open_queue,
		.report = report,
		.wakes = wakes,
	};

	return agentrun_conformance_check_queue(&backend);
}
