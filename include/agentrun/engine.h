/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Run jobs: one with agentrun_run(), many at once with an engine.
 *
 * The engine is a completion queue. agentrun_engine_submit() takes a job and
 * returns at once; agentrun_engine_poll() hands out results as they come. Inside,
 * a job is a state machine: it occupies a thread only while it computes, never
 * while it waits for the network. There are no callbacks.
 *
 * A job message is a JSON object, see agentrun_engine(3):
 *
 *     {"version":"1.0","job_id","run_id","node_id","workflow_tag",
 *      "workflow_owner","prompt","current_workflow":{nodes,edges},
 *      "context":{"previous_results":[…],"data":[rows],"session_id"},
 *      "timeout_sec"}
 *
 * Here only the prompt is required; missing ids are made up. A job that fails
 * still has a result: a message of status `failed`.
 */
#ifndef AGENTRUN_ENGINE_H
#define AGENTRUN_ENGINE_H

#include <agentrun/queue.h>
#include <agentrun/store.h>

AGENTRUN_BEGIN_DECLS

/** What became of one job. Immutable. */
typedef struct agentrun_result agentrun_result;

AGENTRUN_API void agentrun_result_free(agentrun_result *result); /**< NULL ok */
/** The job's id, made up where the message had none; lent. "" when the message
 * could not be read. */
AGENTRUN_API const char *agentrun_result_job_id(const agentrun_result *result);
/** The number given to agentrun_engine_submit(). */
AGENTRUN_API uint64_t agentrun_result_tag(const agentrun_result *result);
/** "completed", "failed"; lent. */
AGENTRUN_API const char *agentrun_result_status(const agentrun_result *result);
/** The result message, JSON; lent. `len` may be NULL. */
AGENTRUN_API const char *agentrun_result_payload(const agentrun_result *result,
	size_t *len);
/** The resulting data, JSON; lent; NULL when the job failed. `len` may be NULL. */
AGENTRUN_API const char *agentrun_result_data(const agentrun_result *result,
	size_t *len);
/** For a patch: what changed, lines for a person; lent; else NULL. `len`
 * may be NULL. */
AGENTRUN_API const char *agentrun_result_preview(const agentrun_result *result,
	size_t *len);
/** Why the job failed; lent; NULL when it completed. */
AGENTRUN_API const agentrun_error *agentrun_result_error(
	const agentrun_result *result);

typedef struct agentrun_engine agentrun_engine;

/** Fields are only ever appended. */
typedef struct agentrun_engine_options {
	size_t struct_size;   /**< set by agentrun_engine_options_init() */
	agentrun_store *store; /**< where results go, borrowed for the engine's life;
	                            NULL: a memory store of its own, if
	                            `storage.backend` says memory */
	uint32_t threads;     /**< that compute; 0: `service.workers` */
	uint32_t max_jobs;    /**< in flight; 0: `service.concurrency` */
	const char *planner;  /**< NULL: "auto"; copied */
	/** 1: rows over the store's max_inline_bytes go to their blob as they are made, in
	 * memory that does not grow with them; agentrun_result_data() is then NULL, and the
	 * result's ref names them. 0: results are whole, wherever they are kept. */
	uint32_t stream_results;
	uint32_t reserved;    /**< 0 */
	/* fields above: 0.1 */
} agentrun_engine_options;

AGENTRUN_API void agentrun_engine_options_init(agentrun_engine_options *opts,
	size_t struct_size);

/**
 * @param ctx borrowed for the engine's life
 * @return 0, AGENTRUN_EINVAL (no context, wrong options), AGENTRUN_ECONFIG (no
 *         store was given, and the configuration names another than memory),
 *         AGENTRUN_EINTERNAL (no thread), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_engine_new(agentrun_engine **out, agentrun_ctx *ctx,
	const agentrun_engine_options *opts, agentrun_error **err);
/**
 * Cancel what still runs, wait for it, free everything. NULL ok. No other call on
 * the engine may be running: agentrun_engine_wakeup() first, and join the threads
 * that poll.
 */
AGENTRUN_API void agentrun_engine_free(agentrun_engine *engine);

/**
 * Start a job. Any thread. Never blocks.
 *
 * @param job the job message, copied. What is wrong in it comes out of poll() as
 *            a failed result
 * @param tag handed back with the result
 * @return 0, AGENTRUN_ELIMIT (max_jobs are in flight: poll, then try again),
 *         AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_engine_submit(agentrun_engine *engine, const char *job,
	size_t len, uint64_t tag, agentrun_error **err);

/** Of agentrun_submit_options.flags. */
enum {
	/** job_id, run_id and node_id are required too, as on a queue. */
	AGENTRUN_SUBMIT_IDS_REQUIRED = 1,
	/** The job was handed out before: where the store holds its result, that is the
	 * result, and nothing is done again. */
	AGENTRUN_SUBMIT_REDELIVERED = 2,
	/** It is cancelled already: it is read, and its result says so. */
	AGENTRUN_SUBMIT_CANCELLED = 4
};

/** How a job came. Fields are only ever appended. */
typedef struct agentrun_submit_options {
	size_t struct_size;  /**< set by agentrun_submit_options_init() */
	uint64_t tag;        /**< handed back with the result */
	int64_t enqueued_ms; /**< milliseconds since 1970; 0: it did not wait anywhere */
	uint32_t flags;      /**< AGENTRUN_SUBMIT_... */
	uint32_t reserved;   /**< 0 */
	agentrun_queue *queue; /**< that it came from, where it has a journal: what the job
	                            does outside is noted there and not done again; borrowed
	                            until its result is taken; NULL: it is not noted */
	const char *lease;   /**< agentrun_job_lease(), copied; with `queue` */
	/* fields above: 0.1 */
} agentrun_submit_options;

AGENTRUN_API void agentrun_submit_options_init(agentrun_submit_options *opts,
	size_t struct_size);

/**
 * The same of a job that came from a queue.
 *
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL (wrong options), AGENTRUN_ELIMIT, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_engine_submit_with(agentrun_engine *engine,
	const char *job, size_t len, const agentrun_submit_options *opts,
	agentrun_error **err);

/**
 * Take finished jobs. Any thread.
 *
 * @param results room for `max` results, which you free
 * @param timeout_ms how long to wait for the first; 0: do not wait; negative:
 *            for ever, until there is one or agentrun_engine_wakeup()
 * @return how many were taken; 0 at the timeout or after a wakeup
 */
AGENTRUN_API int agentrun_engine_poll(agentrun_engine *engine,
	agentrun_result **results, size_t max, int timeout_ms);

/** Readable while results wait or a wakeup was not yet seen by a poll (an eventfd,
 * for poll(2)); do not read it. */
AGENTRUN_API int agentrun_engine_fd(const agentrun_engine *engine);
/** Make poll return: every one that is blocked, else the next one. Any thread. */
AGENTRUN_API void agentrun_engine_wakeup(agentrun_engine *engine);
/**
 * Cancel the jobs of this id: they end soon with a result of type `cancelled`.
 * An id that the library makes up is told by the result alone: such a job is
 * cancelled by its tag. Any thread.
 *
 * @return 0, AGENTRUN_ENOTFOUND (no such job is in flight, or it is done)
 */
AGENTRUN_API int agentrun_engine_cancel(agentrun_engine *engine,
	const char *job_id, agentrun_error **err);
/** Cancel the jobs that were submitted with this tag, from the moment they were.
 * Any thread. @return 0, AGENTRUN_ENOTFOUND */
AGENTRUN_API int agentrun_engine_cancel_tag(agentrun_engine *engine,
	uint64_t tag, agentrun_error **err);
/** Where a job is. Fields are only ever appended. */
typedef struct agentrun_progress {
	size_t struct_size; /**< set by agentrun_progress_init() */
	uint32_t turn;      /**< of the model, from 1; 0: none was asked yet */
	uint32_t calls;     /**< tool calls begun so far */
	int64_t tokens;     /**< used so far */
	char tool[64];      /**< the tool that runs, cut; "" when none does */
	/* fields above: 0.1 */
} agentrun_progress;

AGENTRUN_API void agentrun_progress_init(agentrun_progress *progress,
	size_t struct_size);
/**
 * Where the first job is that was submitted with this tag, for who watches. Any thread.
 *
 * @param out yours, initialised
 * @return 0, AGENTRUN_EINVAL (not initialised), AGENTRUN_ENOTFOUND (no such job is in
 *         flight)
 */
AGENTRUN_API int agentrun_engine_progress(agentrun_engine *engine, uint64_t tag,
	agentrun_progress *out, agentrun_error **err);
/** Jobs that were submitted and not yet taken by poll. */
AGENTRUN_API size_t agentrun_engine_in_flight(const agentrun_engine *engine);

/**
 * Run one job and wait for it: a thin wait on an engine of its own, with one
 * thread.
 *
 * @param out  new result, also when the job failed; free it
 * @param opts NULL for defaults; `threads` and `max_jobs` are not looked at
 * @return 0 (look at the result's status), or the reason why no job could be run
 */
AGENTRUN_API int agentrun_run(agentrun_result **out, agentrun_ctx *ctx,
	const char *job, size_t len, const agentrun_engine_options *opts,
	agentrun_error **err);

AGENTRUN_END_DECLS
#endif
