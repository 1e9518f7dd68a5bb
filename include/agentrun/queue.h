/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Queues of jobs: at least once, by leases.
 *
 * A consumer acquires jobs under a lease, renews the lease while it works, says
 * on each job how it ends, and settles: accept (done, with its result), release
 * (back to the queue, perhaps later) or reject (to the dead letters, with the
 * reason). A job whose lease lapses goes back to the front of the queue. A job
 * that was delivered more often than the queue allows goes to the dead letters.
 *
 * How long a call waits is `int timeout_ms`: 0 does not wait, a negative one
 * waits until there is something. What is kept is `int64_t ..._ms`.
 *
 * A queue may be used from several threads at once. The one of memory.h lives in
 * the core; others are libraries of their own, made from the table of functions
 * in sys/queue.h. See agentrun_queue(3).
 */
#ifndef AGENTRUN_QUEUE_H
#define AGENTRUN_QUEUE_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_queue agentrun_queue;

/** A job and, once acquired, its lease. One thread's at a time. */
typedef struct agentrun_job agentrun_job;

/**
 * @param out     new job, free with agentrun_job_free(); NULL on failure
 * @param id      the job's id; "" when the payload has none that can be read
 * @param payload the job message, a JSON object, copied
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
/** How long the lease is, from acquire or the last renew: renew well before. */
AGENTRUN_API int64_t agentrun_job_lease_ms(const agentrun_job *job);
/** How often it was handed out, this time included; crashes count here. */
AGENTRUN_API uint32_t agentrun_job_deliveries(const agentrun_job *job);
/** How often it failed and was released to be tried again. */
AGENTRUN_API uint32_t agentrun_job_retries(const agentrun_job *job);
/** When it was enqueued, milliseconds since 1970. */
AGENTRUN_API int64_t agentrun_job_enqueued_ms(const agentrun_job *job);
/** 1 after a renew or settle that found the lease lapsed and taken by another
 * consumer: what this one did of the job counts for nothing. */
AGENTRUN_API int agentrun_job_is_lost(const agentrun_job *job);
/** 1 once somebody asked to cancel the job; told by acquire and renew. */
AGENTRUN_API int agentrun_job_is_cancelled(const agentrun_job *job);
/** 1 when its journal holds something, as acquire found it: it was handed out before,
 * and what its calls did outside is known (agentrun_queue_journal_get()). */
AGENTRUN_API int agentrun_job_is_journalled(const agentrun_job *job);
/** 1 once its lease was ended as its consumer had said. */
AGENTRUN_API int agentrun_job_is_settled(const agentrun_job *job);

/*
 * How an acquired job ends; agentrun_queue_settle() does it. What was said last
 * counts.
 */
/** Done. */
AGENTRUN_API void agentrun_job_accept(agentrun_job *job);
/**
 * Back to the queue. Its result is not published.
 *
 * @param delay_ms        when it may be acquired again; 0: at once, what is given
 *                        back to the front, a retry to the end
 * @param counts_as_retry 1: it failed and is to be tried again; 0: it is given
 *                        back, and this delivery does not count
 */
AGENTRUN_API void agentrun_job_release(agentrun_job *job, int64_t delay_ms,
	int counts_as_retry);
/**
 * To the dead letters.
 *
 * @param reason one line, copied
 * @return 0, AGENTRUN_ENOMEM (nothing was said then)
 */
AGENTRUN_API int agentrun_job_reject(agentrun_job *job, const char *reason);
/**
 * The result message, published when the job is accepted or rejected.
 *
 * @param json copied; NULL: none
 * @return 0, AGENTRUN_ENOMEM (the result is as it was)
 */
AGENTRUN_API int agentrun_job_set_result(agentrun_job *job, const char *json,
	size_t len);
/**
 * The resulting data, for a queue that hands it on whole where the result message
 * has a preview.
 *
 * @param json copied; NULL: none
 * @return 0, AGENTRUN_ENOMEM (the data is as it was)
 */
AGENTRUN_API int agentrun_job_set_data(agentrun_job *job, const char *json,
	size_t len);

/** Jobs in order. One thread's at a time. */
typedef struct agentrun_jobs agentrun_jobs;
/** @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_jobs_new(agentrun_jobs **out, agentrun_error **err);
AGENTRUN_API void agentrun_jobs_free(agentrun_jobs *jobs); /**< with its jobs; NULL ok */
AGENTRUN_API size_t agentrun_jobs_count(const agentrun_jobs *jobs);
/** Job `i`, lent; NULL past the end. */
AGENTRUN_API agentrun_job *agentrun_jobs_at(const agentrun_jobs *jobs, size_t i);
/** Append; the list owns `take_job` on success. @return 0, AGENTRUN_ENOMEM */
AGENTRUN_API int agentrun_jobs_add(agentrun_jobs *jobs, agentrun_job *take_job);
/** Remove job `i` from the list and give it to the caller; NULL past the end. */
AGENTRUN_API agentrun_job *agentrun_jobs_take(agentrun_jobs *jobs, size_t i);

/** Numbers of a queue. Fields are only ever appended. */
typedef struct agentrun_queue_stats {
	size_t struct_size; /**< sizeof(agentrun_queue_stats) */
	uint64_t waiting, delayed, leased, dead;
	/* fields above: 0.1 */
} agentrun_queue_stats;

/** Which dead letters to list, oldest first. Fields are only ever appended. */
typedef struct agentrun_dead_query {
	size_t struct_size; /**< set by agentrun_dead_query_init() */
	const char *job_id; /**< NULL: any; several letters may be of one id */
	size_t limit;       /**< init: 100; 0: no limit */
	size_t offset;
	/* fields above: 0.1 */
} agentrun_dead_query;

AGENTRUN_API void agentrun_dead_query_init(agentrun_dead_query *query,
	size_t struct_size);

/**
 * No other call on the queue may be running: agentrun_queue_wakeup() makes those
 * that wait in acquire return first. NULL ok.
 */
AGENTRUN_API void agentrun_queue_free(agentrun_queue *queue);

/*
 * Any call below may also fail with AGENTRUN_ESTORAGE (the backend refused),
 * AGENTRUN_EBACKEND (it cannot be reached) and AGENTRUN_ENOMEM.
 */

/**
 * Append all of `jobs` or none.
 *
 * @param jobs borrowed; they are as they were
 * @return 0
 */
AGENTRUN_API int agentrun_queue_enqueue(agentrun_queue *queue,
	const agentrun_jobs *jobs, agentrun_error **err);
/**
 * Lease jobs.
 *
 * @param into     they are appended here; none at the timeout or after a wakeup
 *                 is success
 * @param max      how many at most
 * @param lease_ms how long the leases are; 0: the queue's own
 * @param timeout_ms how long to wait for the first; 0: do not wait; negative:
 *                 until there is one, or until agentrun_queue_wakeup()
 * @return 0, AGENTRUN_EINVAL (a negative lease), AGENTRUN_EINTERNAL (the backend
 *         handed out more than `max`, which were appended)
 */
AGENTRUN_API int agentrun_queue_acquire(agentrun_queue *queue,
	agentrun_jobs *into, size_t max, int64_t lease_ms, int timeout_ms,
	agentrun_error **err);
/**
 * End leases as each job says, together with the results: all or nothing a job.
 * A lease that was lost meanwhile changes nothing and publishes nothing;
 * agentrun_job_is_lost() tells. After a failure agentrun_job_is_settled() tells
 * which are done, and the same list may be settled again.
 *
 * @param jobs acquired, each accepted, released or rejected
 * @return 0, AGENTRUN_EINVAL (a job does not say how it ends; none was settled)
 */
AGENTRUN_API int agentrun_queue_settle(agentrun_queue *queue,
	agentrun_jobs *jobs, agentrun_error **err);
/**
 * Prolong leases from now on; agentrun_job_is_lost() and
 * agentrun_job_is_cancelled() tell what became of the jobs.
 *
 * @param lease_ms 0: each as long as it was
 * @return 0, AGENTRUN_EINVAL (a negative lease)
 */
AGENTRUN_API int agentrun_queue_renew(agentrun_queue *queue,
	agentrun_jobs *jobs, int64_t lease_ms, agentrun_error **err);
/**
 * Every acquire that waits returns; when none does, the next one that would
 * wait. So a wakeup that comes just before the wait is not lost. Any thread.
 * Where several consumers end, each calls it for the next one.
 */
AGENTRUN_API void agentrun_queue_wakeup(agentrun_queue *queue);
/*
 * A job's journal: what its consumer did outside and knows to be done, so that whoever
 * has the job next does not do it again. It is kept while the job comes back, and gone
 * once it is accepted or rejected. These two are called by the thread that runs the
 * job, while another one settles and renews: they take what names the job and its
 * lease, no agentrun_job.
 */
/**
 * Write an entry, over one of the same name.
 *
 * @param lease agentrun_job_lease()
 * @param name  what was done, one line
 * @param value any bytes
 * @return 0, AGENTRUN_ENOTFOUND (somebody else has the job by now: nothing was
 *         written), AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_journal_put(agentrun_queue *queue,
	const char *job_id, const char *lease, const char *name, const char *value,
	size_t len, agentrun_error **err);
/**
 * Read an entry.
 *
 * @param out   replaced by the value; emptied where there is no such entry
 * @param found 1: there is one, 0: there is none
 * @return 0, AGENTRUN_ENOTFOUND (somebody else has the job by now),
 *         AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_journal_get(agentrun_buf *out, int *found,
	agentrun_queue *queue, const char *job_id, const char *lease,
	const char *name, agentrun_error **err);
/**
 * What a node of a run put out, where whoever fills the queue keeps that beside it.
 *
 * @param out   replaced by the output, JSON; emptied where there is none
 * @param found 1: there is one, 0: there is none
 * @return 0, AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_node_output(agentrun_buf *out, int *found,
	agentrun_queue *queue, const char *run_id, const char *node_id,
	agentrun_error **err);
/**
 * Wait for a job's result message.
 *
 * @param timeout_ms 0: do not wait; negative: until there is one
 * @return 0, AGENTRUN_ETIMEDOUT, AGENTRUN_ENOTFOUND (the queue never heard of the
 *         job, or it is gone without a result), AGENTRUN_EINVAL (the backend
 *         cannot)
 */
AGENTRUN_API int agentrun_queue_result(agentrun_buf *out, agentrun_queue *queue,
	const char *job_id, int timeout_ms, agentrun_error **err);
/**
 * Ask that a job be cancelled, waiting or running.
 *
 * @return 0, AGENTRUN_ENOTFOUND, AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_cancel(agentrun_queue *queue, const char *job_id,
	agentrun_error **err);
/**
 * Count jobs.
 *
 * @param stats its struct_size is set; a number that the backend does not know
 *              becomes 0
 * @return 0, AGENTRUN_EINVAL (struct_size is not set, or the backend cannot)
 */
AGENTRUN_API int agentrun_queue_stats_read(agentrun_queue_stats *stats,
	agentrun_queue *queue, agentrun_error **err);
/**
 * List dead letters, as one JSON array of
 * `{"job_id","reason","deliveries","retries","dead_at","payload"}`: `dead_at` is
 * milliseconds since 1970, `payload` the job message, or a string of it where it is
 * no JSON.
 *
 * @param query NULL for defaults
 * @return 0, AGENTRUN_EINVAL (a field that is not known, or the backend cannot)
 */
AGENTRUN_API int agentrun_queue_dead_list(agentrun_buf *out,
	agentrun_queue *queue, const agentrun_dead_query *query,
	agentrun_error **err);
/**
 * Put dead letters back on the queue, their counts at zero.
 *
 * @param job_id NULL: all of them
 * @return 0, AGENTRUN_ENOTFOUND, AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_dead_retry(agentrun_queue *queue,
	const char *job_id, agentrun_error **err);
/**
 * Forget a dead letter.
 *
 * @return 0, AGENTRUN_ENOTFOUND, AGENTRUN_EINVAL (the backend cannot)
 */
AGENTRUN_API int agentrun_queue_dead_drop(agentrun_queue *queue,
	const char *job_id, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
