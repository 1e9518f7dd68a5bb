/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Write a queue backend: fill an agentrun_queue_impl, hand it to
 * agentrun_queue_new(). `agentrun/conformance.h` checks a backend from outside.
 */
#ifndef AGENTRUN_SYS_QUEUE_H
#define AGENTRUN_SYS_QUEUE_H

#include <agentrun/queue.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_QUEUE_IMPL_VERSION 1

/**
 * `self` is private state; several threads may call at once. What each call
 * promises stands at the function of the same name in queue.h.
 */
typedef struct agentrun_queue_impl {
	uint32_t version;     /**< AGENTRUN_QUEUE_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_queue_impl) */
	const char *name;     /**< "redis"; static; appears in messages */

	/** Mandatory. Append all of `jobs` (borrowed) or none. */
	int (*enqueue)(void *self, const agentrun_jobs *jobs, agentrun_error **err);
	/** Mandatory. Lease up to `max`; adding none at timeout is success. */
	int (*acquire)(void *self, agentrun_jobs *into, size_t max,
		uint32_t timeout_ms, agentrun_error **err);
	/** Mandatory. Accept, release or reject what was acquired, together with
	 * the results: all or nothing a job. */
	int (*settle)(void *self, const agentrun_settlement *const *settlements,
		size_t n, agentrun_error **err);
	/** Mandatory. Prolong leases; tells which are lost or cancelled. */
	int (*renew)(void *self, agentrun_jobs *jobs, uint32_t lease_ms,
		agentrun_error **err);
	/** Mandatory. Frees `self`, also a half-built one. */
	void (*destroy)(void *self);
	/** Optional. Make a blocked acquire() return; any thread. */
	void (*wakeup)(void *self);
	/** Optional, as the members below. */
	int (*result)(void *self, const char *job_id, uint32_t timeout_ms,
		agentrun_buf *out, agentrun_error **err);
	int (*cancel)(void *self, const char *job_id, agentrun_error **err);
	int (*stats)(void *self, agentrun_queue_stats *stats, agentrun_error **err);
	int (*dead_list)(void *self, agentrun_buf *out, agentrun_error **err);
	int (*dead_retry)(void *self, const char *job_id, agentrun_error **err);
	int (*dead_drop)(void *self, const char *job_id, agentrun_error **err);
	/* members above: version 1 */
} agentrun_queue_impl;

/**
 * Make a queue from a backend.
 *
 * @param impl copied
 * @param take_self owned by the queue on success: impl->destroy() is called once
 * @return 0, AGENTRUN_EINVAL (a mandatory member is missing), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_queue_new(agentrun_queue **out,
	const agentrun_queue_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
