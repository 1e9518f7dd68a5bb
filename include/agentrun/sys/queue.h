/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Write a queue backend: fill an agentrun_queue_impl, hand it to
 * agentrun_queue_new(). `agentrun/conformance.h` checks a backend from outside.
 */
#ifndef AGENTRUN_SYS_QUEUE_H
#define AGENTRUN_SYS_QUEUE_H

#include <agentrun/queue.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

/* ---- jobs, as a backend sees them ----------------------------------------- */

/** What is to be done with a job that is settled. */
enum {
	AGENTRUN_ACTION_NONE = 0,    /**< nothing: it is settled or lost already */
	AGENTRUN_ACTION_ACCEPT = 1,  /**< drop it; publish its result */
	AGENTRUN_ACTION_RELEASE = 2, /**< back to the queue; publish nothing */
	AGENTRUN_ACTION_REJECT = 3   /**< to the dead letters; publish its result */
};

/** AGENTRUN_ACTION_... */
AGENTRUN_API int agentrun_job_action(const agentrun_job *job);
/** RELEASE: when it may be acquired again, from now; never negative. */
AGENTRUN_API int64_t agentrun_job_delay_ms(const agentrun_job *job);
/** RELEASE: 1 counts a retry and begins deliveries anew, 0 takes this one back. */
AGENTRUN_API int agentrun_job_counts_as_retry(const agentrun_job *job);
/** REJECT: why, one line; never NULL. */
AGENTRUN_API const char *agentrun_job_reason(const agentrun_job *job);
/** ACCEPT, REJECT: the result message; NULL: there is none. `len` may be NULL. */
AGENTRUN_API const char *agentrun_job_result(const agentrun_job *job,
	size_t *len);
/** ACCEPT: the resulting data; NULL: there is none. `len` may be NULL. */
AGENTRUN_API const char *agentrun_job_data(const agentrun_job *job, size_t *len);

/**
 * Say in acquire how the lease is named and how long it is, and in renew how
 * long it is now.
 *
 * @param lease copied; NULL: it keeps its name, and this cannot fail
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_job_set_lease(agentrun_job *job, const char *lease,
	int64_t lease_ms);
AGENTRUN_API void agentrun_job_set_counts(agentrun_job *job, uint32_t deliveries,
	uint32_t retries);
AGENTRUN_API void agentrun_job_set_enqueued_ms(agentrun_job *job,
	int64_t enqueued_ms);
AGENTRUN_API void agentrun_job_set_cancelled(agentrun_job *job, int cancelled);
/** In acquire: its journal holds something. */
AGENTRUN_API void agentrun_job_set_journalled(agentrun_job *job, int journalled);
/** In renew and settle: another consumer has it. */
AGENTRUN_API void agentrun_job_set_lost(agentrun_job *job, int lost);
/** In settle: its lease is ended, its result is published. */
AGENTRUN_API void agentrun_job_set_settled(agentrun_job *job);

/* ---- the table ------------------------------------------------------------- */

#define AGENTRUN_QUEUE_IMPL_VERSION 2

/**
 * `self` is private state; several threads may call at once. What each call
 * promises stands at the function of the same name in queue.h. Every call
 * returns 0 or a negative code and then sets `*err` (agentrun_error_raise()).
 */
typedef struct agentrun_queue_impl {
	uint32_t version;     /**< AGENTRUN_QUEUE_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_queue_impl) */
	const char *name;     /**< "redis"; copied; appears in messages */

	/** Mandatory. Append all of `jobs` (borrowed) or none. */
	int (*enqueue)(void *self, const agentrun_jobs *jobs, agentrun_error **err);
	/**
	 * Mandatory. Lease up to `max` (never 0); adding none at timeout is success.
	 * `lease_ms` 0: your own.
	 */
	int (*acquire)(void *self, agentrun_jobs *into, size_t max,
		int64_t lease_ms, int timeout_ms, agentrun_error **err);
	/**
	 * Mandatory. Do each job's agentrun_job_action(), together with its result:
	 * all or nothing a job. Then say agentrun_job_set_settled() of it, or
	 * agentrun_job_set_lost() where the lease is not this consumer's any more.
	 */
	int (*settle)(void *self, agentrun_jobs *jobs, agentrun_error **err);
	/**
	 * Mandatory. Prolong leases; tells which are lost or cancelled. `lease_ms` 0:
	 * each job's agentrun_job_lease_ms().
	 */
	int (*renew)(void *self, agentrun_jobs *jobs, int64_t lease_ms,
		agentrun_error **err);
	/** Mandatory. Frees `self`, also a half-built one. */
	void (*destroy)(void *self);
	/** Optional. Make a blocked acquire() return, or the next; any thread. */
	void (*wakeup)(void *self);
	/** Optional, as the members below. */
	int (*result)(void *self, agentrun_buf *out, const char *job_id,
		int timeout_ms, agentrun_error **err);
	int (*cancel)(void *self, const char *job_id, agentrun_error **err);
	/** `stats` is zero, in the library's layout: set what you know. It may be
	 * shorter than yours: struct_size says. */
	int (*stats)(void *self, agentrun_queue_stats *stats, agentrun_error **err);
	/** `query` is in the library's layout: agentrun_options_read() it. */
	int (*dead_list)(void *self, agentrun_buf *out,
		const agentrun_dead_query *query, agentrun_error **err);
	int (*dead_retry)(void *self, const char *job_id, agentrun_error **err);
	int (*dead_drop)(void *self, const char *job_id, agentrun_error **err);
	/* members above: version 1 */
	/**
	 * Optional, both or none. A journal is a job's, found by its id; drop it when
	 * the job is accepted or rejected, keep it when it is released or its lease
	 * lapses, and then say agentrun_job_set_journalled() in acquire. AGENTRUN_ENOTFOUND,
	 * and nothing is written, where the lease is not held any more.
	 */
	int (*journal_put)(void *self, const char *job_id, const char *lease,
		const char *name, const char *value, size_t len, agentrun_error **err);
	int (*journal_get)(void *self, agentrun_buf *out, int *found, const char *job_id,
		const char *lease, const char *name, agentrun_error **err);
	/** Optional. */
	int (*node_output)(void *self, agentrun_buf *out, int *found, const char *run_id,
		const char *node_id, agentrun_error **err);
	/* members above: version 2 */
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
