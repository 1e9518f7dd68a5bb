/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Work off a queue: acquire jobs, run them in an engine, keep their results,
 * settle them, until told to stop.
 *
 * A worker takes no more jobs than it can start and renews the leases of those it
 * has. How a job ends:
 *
 *     it completed                        accepted, with its result
 *     it failed, a later try may succeed  released, to be tried again after a
 *                                         back-off, up to `queue.max_retries` times;
 *                                         then rejected, with its result
 *     it failed for good                  accepted, with its result
 *     its message is no valid job         rejected, with its result if it has an id
 *     somebody cancelled it               accepted, with a result that says so
 *     the worker stopped meanwhile        released: another consumer takes it
 *     its lease was lost                  nothing: another consumer has it
 *
 * A job that was handed out before, and whose result the store holds, is answered
 * with that result; nothing of it is done twice.
 */
#ifndef AGENTRUN_WORKER_H
#define AGENTRUN_WORKER_H

#include <agentrun/engine.h>
#include <agentrun/queue.h>

AGENTRUN_BEGIN_DECLS

typedef struct agentrun_worker agentrun_worker;

/** Fields are only ever appended. */
typedef struct agentrun_worker_options {
	size_t struct_size;    /**< set by agentrun_worker_options_init() */
	agentrun_store *store; /**< as in agentrun_engine_options */
	const char *planner;   /**< likewise */
	uint32_t threads;      /**< that compute; 0: `service.workers` */
	uint32_t concurrency;  /**< jobs in hand; 0: `service.concurrency` */
	int64_t lease_ms;      /**< 0: the queue's own */
	int64_t drain_timeout_ms; /**< how long agentrun_worker_stop() lets jobs run; init:
	                            -1, `service.drain_timeout_sec` */
	/* fields above: 0.1 */
} agentrun_worker_options;

AGENTRUN_API void agentrun_worker_options_init(agentrun_worker_options *opts,
	size_t struct_size);

/**
 * @param ctx   borrowed for the worker's life
 * @param queue likewise
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ECONFIG (see agentrun_engine_new()),
 *         AGENTRUN_EINTERNAL (no thread), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_worker_new(agentrun_worker **out, agentrun_ctx *ctx,
	agentrun_queue *queue, const agentrun_worker_options *opts,
	agentrun_error **err);
/** agentrun_worker_run() has returned, or was never called. NULL ok. */
AGENTRUN_API void agentrun_worker_free(agentrun_worker *worker);

/**
 * Work until agentrun_worker_stop(). A queue or store that cannot be reached is
 * waited for. Once.
 *
 * @return 0: every job in hand was settled; AGENTRUN_EBACKEND: some could not be,
 *         their leases lapse
 */
AGENTRUN_API int agentrun_worker_run(agentrun_worker *worker, agentrun_error **err);

/**
 * End: take no more jobs and let those in hand finish, for as long as
 * `drain_timeout_ms`; give the rest back. Any thread, before run() too.
 *
 * @param now 1: give all of them back at once
 */
AGENTRUN_API void agentrun_worker_stop(agentrun_worker *worker, int now);
/** 1: take no more jobs, but finish those in hand and keep running; 0: go on. Any
 * thread. */
AGENTRUN_API void agentrun_worker_quiet(agentrun_worker *worker, int quiet);

/** What a worker did. Fields are only ever appended. */
typedef struct agentrun_worker_stats {
	size_t struct_size;  /**< sizeof(agentrun_worker_stats) */
	uint64_t completed;  /**< jobs, also below */
	uint64_t failed;     /**< answered with a failure */
	uint64_t retried;    /**< released, to be tried again */
	uint64_t rejected;   /**< to the dead letters */
	uint64_t given_back; /**< at the end */
	uint64_t lost;       /**< their leases */
	uint64_t redelivered; /**< acquired, handed out before */
	uint64_t in_hand;    /**< now */
	uint32_t threads;    /**< that compute */
	int running;         /**< 0: not, or stopping */
	int quiet;
	/* fields above: 0.1 */
} agentrun_worker_stats;

/** @return 0, AGENTRUN_EINVAL (struct_size is not set). Any thread. */
AGENTRUN_API int agentrun_worker_stats_read(agentrun_worker_stats *stats,
	const agentrun_worker *worker, agentrun_error **err);
/**
 * Append what it did in Prometheus' text format. Any thread.
 *
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_worker_metrics(agentrun_buf *out,
	const agentrun_worker *worker, agentrun_error **err);
/**
 * Run one job now, beside those of the queue: its result is kept in the worker's
 * store, and not published. Any thread; blocks.
 *
 * @return see agentrun_run()
 */
AGENTRUN_API int agentrun_worker_run_one(agentrun_result **out,
	agentrun_worker *worker, const char *job, size_t len, agentrun_error **err);
/**
 * Can the queue and the store be reached? Any thread; blocks.
 *
 * @return 0, or what is wrong
 */
AGENTRUN_API int agentrun_worker_check(agentrun_worker *worker, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
