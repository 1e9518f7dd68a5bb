/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * What every backend must do, as a suite that anyone can run against his own
 * (libagentrun-conformance). See agentrun_conformance(3).
 */
#ifndef AGENTRUN_CONFORMANCE_H
#define AGENTRUN_CONFORMANCE_H

#include <agentrun/queue.h>
#include <agentrun/store.h>
#include <agentrun/sys/limits.h>

AGENTRUN_BEGIN_DECLS

/** Told of every check: its name, and why it failed (NULL: it passed). */
typedef void (*agentrun_conformance_report_fn)(void *user, const char *check,
	const char *failure);

/** A store to check. Fields are only ever appended. */
typedef struct agentrun_conformance_store {
	size_t struct_size; /**< sizeof(agentrun_conformance_store) */
	void *user;
	/** Mandatory. Open a store with these options, to be handed on; one that is
	 * opened again after it was freed holds what was put, where `is_durable`
	 * says so. */
	int (*open)(void *user, agentrun_store **out,
		const agentrun_store_options *opts, agentrun_error **err);
	/** Mandatory. Remove what the store keeps, for the next check. */
	void (*reset)(void *user);
	int is_durable;
	agentrun_conformance_report_fn report; /**< may be NULL */
	/* fields above: 0.1 */
} agentrun_conformance_store;

/** @return how many checks failed, 0 when the backend conforms; AGENTRUN_EINVAL */
AGENTRUN_API int agentrun_conformance_check_store(
	const agentrun_conformance_store *backend);

/** A queue to check. Fields are only ever appended. */
typedef struct agentrun_conformance_queue {
	size_t struct_size; /**< sizeof(agentrun_conformance_queue) */
	void *user;
	/** Mandatory. Open an empty queue with these leases and deliveries. */
	int (*open)(void *user, agentrun_queue **out, int64_t lease_ms,
		uint32_t max_deliveries, agentrun_error **err);
	agentrun_conformance_report_fn report; /**< may be NULL */
	int wakes;         /**< 1: it has a wakeup */
	uint32_t reserved; /**< 0 */
	/* fields above: 0.1 */
} agentrun_conformance_queue;

/** @return how many checks failed, 0 when the backend conforms; AGENTRUN_EINVAL */
AGENTRUN_API int agentrun_conformance_check_queue(
	const agentrun_conformance_queue *backend);

/** A counter of limits to check. Fields are only ever appended. */
typedef struct agentrun_conformance_limits {
	size_t struct_size; /**< sizeof(agentrun_conformance_limits) */
	void *user;
	/** Mandatory. Open one with these leases; what it gives is destroyed here. */
	int (*open)(void *user, const agentrun_limits_impl **impl, void **self,
		int64_t lease_ms, agentrun_error **err);
	/** Mandatory. Forget what was counted, for the next check. */
	void (*reset)(void *user);
	int is_shared;     /**< 1: two that are open at once count together */
	uint32_t reserved; /**< 0 */
	agentrun_conformance_report_fn report; /**< may be NULL */
	/* fields above: 0.1 */
} agentrun_conformance_limits;

/** @return how many checks failed, 0 when the backend conforms; AGENTRUN_EINVAL */
AGENTRUN_API int agentrun_conformance_check_limits(
	const agentrun_conformance_limits *backend);

AGENTRUN_END_DECLS
#endif
