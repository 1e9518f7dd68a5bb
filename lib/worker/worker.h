/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * worker - queue -> engine -> queue. Two threads: who calls agentrun_worker_run()
 * acquires jobs and submits them, as many as there is room for; the keeper takes
 * results from the engine, says how each job ends, settles, and renews leases. A
 * job in hand is the keeper's from the moment it was submitted.
 *
 *     worker.c    life, acquiring, the end
 *     keep.c      results, settling, leases
 *     outcome.c   how a job ends
 *     metrics.c   what it did
 */
#ifndef AGR_WORKER_H
#define AGR_WORKER_H

#include <pthread.h>
#include <stdbool.h>

#include <agentrun/worker.h>

#include "engine/engine.h"

/* ---- metrics.c ------------------------------------------------------------ */

enum {
	AGR_WORKER_COMPLETED,
	AGR_WORKER_FAILED,
	AGR_WORKER_RETRIED,
	AGR_WORKER_REJECTED,
	AGR_WORKER_GIVEN_BACK,
	AGR_WORKER_LOST,
	AGR_WORKER_OUTCOMES
};

#define AGR_WORKER_LANES 3
#define AGR_WORKER_BUCKETS 14

typedef struct agr_histogram {
	uint64_t buckets[AGR_WORKER_BUCKETS + 1]; /* the last: longer */
	int64_t sum_ms;
} agr_histogram;

/* Guarded by the worker's lock. */
typedef struct agr_worker_counts {
	uint64_t ended[AGR_WORKER_LANES][AGR_WORKER_OUTCOMES];
	uint64_t redelivered, queue_errors, tokens;
	agr_histogram took, waited;
} agr_worker_counts;

void agr_histogram_add(agr_histogram *histogram, int64_t ms);

/* ---- outcome.c ------------------------------------------------------------ */

typedef struct agr_retry_policy {
	uint32_t max_retries;
	int64_t base_ms, max_ms;
} agr_retry_policy;

/* How long to wait before the retry behind `retries` others: between half and all of
 * a time that doubles each time; `random` is any number. */
int64_t agr_retry_delay(const agr_retry_policy *policy, uint32_t retries,
	uint64_t random);

/* Say how the job ends that has this result: AGR_WORKER_..., or AGENTRUN_ENOMEM, and
 * nothing is said. `stopping`: it was ended because the worker stops. */
int agr_outcome(agentrun_job *job, const agentrun_result *result, bool stopping,
	const agr_retry_policy *policy);

/* The longest wait before a queue that cannot be reached is asked again: it comes back by
 * itself, and jobs wait for that. */
#define AGR_WORKER_AWAY_MS 1000
/* The wait before a queue that failed so is asked again, behind one of `wait_ms` (0: the
 * first): twice as long, at most `most_ms`. */
int64_t agr_worker_next_wait(int64_t wait_ms, int64_t most_ms, const agentrun_error *err);

/* ---- keep.c ---------------------------------------------------------------- */

/* When the lease of a job that was just acquired or renewed is to be renewed, by the
 * monotonic clock. Of a backend that does not say how long its leases are: not at once. */
int64_t agr_worker_renewal(const agentrun_job *job);

/* A job in hand. */
typedef struct agr_slot {
	agentrun_job *job; /* NULL: the slot is free */
	uint64_t tag;
	int64_t renew_ms;  /* monotonic */
	bool stopping;     /* told to end because the worker stops */
	bool cancelled;    /* somebody's wish, passed on */
	bool lost;         /* its lease */
	bool refused;      /* by the engine */
	agentrun_result *result; /* not yet said how it ends: memory was short */
} agr_slot;

struct agentrun_worker {
	agentrun_ctx *ctx;
	agentrun_queue *queue;
	agentrun_store *own_store, *store;
	agentrun_engine *engine;
	agr_retry_policy policy;
	int64_t lease_ms, drain_ms;

	pthread_mutex_t lock;
	pthread_cond_t changed; /* by the monotonic clock */
	bool running, stop, stop_now, quiet;
	bool give_back;         /* all that is in hand */
	bool end_keeper;
	agr_slot *slots;
	size_t *free_slots, n_free; /* numbers of those that are */
	size_t n_slots, in_hand; /* slots, and ended jobs that are not settled */
	size_t n_refused;       /* slots of jobs that the engine did not take */
	int64_t next_renew_ms;  /* no slot's renewal is due before; INT64_MAX: none is */
	int64_t wait_until_ms;  /* until when the keeper waits for results */
	uint64_t generation;
	agr_worker_counts counts;

	/* The keeper's own. */
	agentrun_jobs *ended;   /* said how they end, to be settled */
	int64_t settle_ms;      /* not before, after a failure */
	int64_t settle_wait_ms;
	size_t n_late;          /* slots whose result is not concluded yet */
	pthread_t keeper;
};

void *agr_worker_keep(void *worker);

#endif
