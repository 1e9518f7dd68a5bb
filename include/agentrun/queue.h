/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Queues of jobs: at least once, by leases.
 *
 * A consumer acquires jobs under a lease, renews the lease while it works, and
 * settles each job: accept (done, with its result), release (back to the queue,
 * perhaps later) or reject (to the dead letters, with the reason). A job whose
 * lease lapses goes back to the front of the queue. A job that was delivered
 * more often than `max_deliveries` goes to the dead letters.
 *
 * A queue may be used from several threads at once. The one of memory.h lives in
 * the core; others are libraries of their own, made from the table of functions
 * in sys/queue.h.
 */
#ifndef AGENTRUN_QUEUE_H
#define AGENTRUN_QUEUE_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_queue agentrun_queue;

/** A job and, once acquired, its lease. One thread's at a time. */
typedef struct agentrun_job agentrun_job;

/**
 * @param id      the job's id; "" when the payload has none that can be read
 * @param payload the job message (contract: a JSON object), copied
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_job_new(agentrun_job **out, const char *id,
	const char *payload, size_t len, agentrun_error **err);
AGENTRUN_API void agentrun_job_free(agentrun_job *job); /**< NULL ok */
AGENTRUN_API const char *agentrun_job_id(const agentrun_job *job);
AGENTRUN_API const char *agentrun_job_payload(const agentrun_job *job,
	size_t *len);
/** What the backend knows the lease by; "" before acquire. */
AGENTRUN_API const char *agentrun_job_lease(const agentrun_job *job);
/** How often it was handed out, this time included; crashes count here. */
AGENTRUN_API uint32_t agentrun_job_deliveries(const agentrun_job *job);
/** How often it failed and was released to be tried again. */
AGENTRUN_API uint32_t agentrun_job_retries(const agentrun_job *job);
/** When it was enqueued, milliseconds since 1970. */
AGENTRUN_API int64_t agentrun_job_enqueued_ms(const agentrun_job *job);
/** 1 after a renew that found the lease taken by another consumer. */
AGENTRUN_API int agentrun_job_is_lost(const agentrun_job *job);
/** 1 once somebody asked to cancel the job. */
AGENTRUN_API int agentrun_job_is_cancelled(const agentrun_job *job);
/** For backends. @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_job_set_lease(agentrun_job *job, const char *lease,
	uint32_t deliveries, uint32_t retries, int64_t enqueued_ms);
AGENTRUN_API void agentrun_job_set_lost(agentrun_job *job, int lost);
AGENTRUN_API void agentrun_job_set_cancelled(agentrun_job *job, int cancelled);

/** Jobs in order. One thread's at a time. */
typedef struct agentrun_jobs agentrun_jobs;
AGENTRUN_API int agentrun_jobs_new(agentrun_jobs **out, agentrun_error **err);
AGENTRUN_API void agentrun_jobs_free(agentrun_jobs *jobs); /**< with its jobs; NULL ok */
AGENTRUN_API size_t agentrun_jobs_count(const agentrun_jobs *jobs);
/** Job `i`, lent; NULL past the end. */
AGENTRUN_API agentrun_job *agentrun_jobs_at(const agentrun_jobs *jobs, size_t i);
/** Append; the list owns `take_job` on success. @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_jobs_add(agentrun_jobs *jobs, agentrun_job *take_job);
/** Remove job `i` from the list and give it to the caller. */
AGENTRUN_API agentrun_job *agentrun_jobs_take(agentrun_jobs *jobs, size_t i);

enum {
	AGENTRUN_SETTLE_ACCEPT = 1,  /**< done; `result` is published */
	AGENTRUN_SETTLE_RELEASE = 2, /**< back to the queue after `delay_ms` */
	AGENTRUN_SETTLE_REJECT = 3   /**< to the dead letters with `reason`;
	                                  a `result` is published too */
};

/** How one job ends. Fields are only ever appended. */
typedef struct agentrun_settlement {
	size_t struct_size;      /**< sizeof(agentrun_settlement) */
	const agentrun_job *job; /**< acquired, borrowed */
	int action;              /**< AGENTRUN_SETTLE_... */
	int is_retry;            /**< RELEASE: 1 counts as a retry, 0 gives back */
	int64_t delay_ms;
	const char *reason;      /**< REJECT: one line; else NULL */
	const char *result;      /**< result message, or NULL */
	size_t result_len;
	/* fields above: 0.1 */
} agentrun_settlement;

/** Numbers of a queue. Fields are only ever appended. */
typedef struct agentrun_queue_stats {
	size_t struct_size;
	uint64_t waiting, delayed, leased, dead;
	/* fields above: 0.1 */
} agentrun_queue_stats;

AGENTRUN_API void agentrun_queue_free(agentrun_queue *queue); /**< NULL ok */

/** Append all of `jobs` or none. */
AGENTRUN_API int agentrun_queue_enqueue(agentrun_queue *queue,
	const agentrun_jobs *jobs, agentrun_error **err);
/** Lease up to `max` jobs, waiting up to `timeout_ms` for the first; none is
 * success. */
AGENTRUN_API int agentrun_queue_acquire(agentrun_queue *queue,
	agentrun_jobs *into, size_t max, uint32_t timeout_ms, agentrun_error **err);
/** End leases, together with the results: all or nothing a job. A lease that was
 * lost meanwhile changes nothing and publishes nothing. */
AGENTRUN_API int agentrun_queue_settle(agentrun_queue *queue,
	const agentrun_settlement *const *settlements, size_t n,
	agentrun_error **err);
/** Prolong leases; tells which are lost or cancelled. */
AGENTRUN_API int agentrun_queue_renew(agentrun_queue *queue,
	agentrun_jobs *jobs, uint32_t lease_ms, agentrun_error **err);
/** Make a blocked acquire return; any thread. */
AGENTRUN_API void agentrun_queue_wakeup(agentrun_queue *queue);
/** Wait for a job's result message; AGENTRUN_ETIMEDOUT, AGENTRUN_ENOTFOUND (the
 * queue never heard of the job). */
AGENTRUN_API int agentrun_queue_result(agentrun_buf *out, agentrun_queue *queue,
	const char *job_id, uint32_t timeout_ms, agentrun_error **err);
/** Ask that a job be cancelled, waiting or running; AGENTRUN_ENOTFOUND. */
AGENTRUN_API int agentrun_queue_cancel(agentrun_queue *queue, const char *job_id,
	agentrun_error **err);
/** `stats->struct_size` must be set. */
AGENTRUN_API int agentrun_queue_stats_read(agentrun_queue *queue,
	agentrun_queue_stats *stats, agentrun_error **err);
/** Dead letters, oldest first, as one JSON array of
 * `{"job_id","reason","deliveries","retries","dead_at","payload"}`. */
AGENTRUN_API int agentrun_queue_dead_list(agentrun_buf *out,
	agentrun_queue *queue, agentrun_error **err);
/** Put a dead letter (NULL: all of them) back on the queue, its counts at zero. */
AGENTRUN_API int agentrun_queue_dead_retry(agentrun_queue *queue,
	const char *job_id, agentrun_error **err);
/** Forget a dead letter. */
AGENTRUN_API int agentrun_queue_dead_drop(agentrun_queue *queue,
	const char *job_id, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
