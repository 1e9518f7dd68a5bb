/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * engine - many jobs at once. A job is a state machine (task.c): each turn runs
 * on a thread of the pool (pool in engine.c) until the job is done or waits for
 * the network; the HTTP client's thread puts it back on the pool.
 *
 *     message.c   the job message, read and checked
 *     task.c      classify -> plan -> execute or patch -> store
 *     recall.c    a result that the store holds already
 *     result.c    the result message
 *     engine.c    submit / poll, the pool, cancellation
 */
#ifndef AGR_ENGINE_H
#define AGR_ENGINE_H

#include <stdatomic.h>

#include <agentrun/engine.h>
#include <agentrun/intent.h>
#include <agentrun/patch.h>
#include <agentrun/plan.h>

#include "ctx/ctx.h"
#include "pipeline/fetch.h"
#include "table/scan.h"

/* ---- message.c ---------------------------------------------------------- */

/* Spans borrow the message's text; p == NULL: not there. */
typedef struct agr_message {
	char *job_id, *run_id, *node_id; /* made up where missing */
	char *workflow_tag, *workflow_owner; /* or NULL */
	char *prompt;
	size_t prompt_len;
	agr_span workflow, context;
	int64_t timeout_ms;     /* 0: none */
} agr_message;

/* Refusals (AGENTRUN_EJOB) list every missing or wrong member. Whatever could be
 * read is in `out` also then, so that the failure can name its job. */
int agr_message_read(agr_message *out, const char *text, size_t len,
	size_t max_depth, bool ids_required, agentrun_error **err);
void agr_message_clear(agr_message *message);
/* Is this the message of that job? Of one that has not been read yet. */
bool agr_message_is_of(const char *text, size_t len, size_t max_depth,
	const char *job_id);

/* ---- task.c ------------------------------------------------------------- */

typedef struct agr_task {
	struct agr_task *next; /* of the pool's queue or the done list */
	struct agr_task *prev_live, *next_live; /* of the engine's jobs in flight */
	agentrun_engine *engine;
	agentrun_submit_options opts;
	char *text;
	size_t text_len;
	int64_t started_ms, started_wall_ms, deadline_ms;
	atomic_int cancelled;
	struct agr_http *http; /* where it waits, under the engine's lock; or NULL */
	uint64_t http_id;

	bool named; /* under the engine's lock: the job id can be read */

	int state;
	agr_message message;
	agentrun_intent *intent;
	agentrun_plan_result *plan;
	size_t call;      /* of the plan, being run */
	size_t succeeded; /* calls that did */
	agr_pipeline *pipeline;
	agr_run *run;
	agr_fetch fetch;
	agentrun_http_event *answer; /* that came in */

	agentrun_result *reserve; /* in case that no memory is left for a result */
	agentrun_result *result;  /* once done */
	agentrun_error *error;    /* why the job failed */
	agentrun_buf data;     /* of the last call that succeeded */
	agentrun_patch_result *patch; /* when that call was a patch */
	char *ref;             /* where the result is kept */
	agentrun_record *record; /* of a job that was done before, or NULL */
} agr_task;

/* Run until the task is done (true) or waits for the network (false); the task
 * may be on another thread already when false is returned. */
bool agr_task_advance(agr_task *task);
void agr_task_free(agr_task *task);

/* ---- recall.c ----------------------------------------------------------- */

/* Has the store the result of a job that completed? 1: record, ref and data are the
 * task's now; 0: no; or an error. */
int agr_recall(agr_task *task, agentrun_error **err);
/* Append the preview of a patch, if the record is of one: 1, 0 or AGENTRUN_ENOMEM. */
int agr_recall_patch(agr_buf *out, const agr_task *task);

/* ---- engine.c ----------------------------------------------------------- */

agentrun_ctx *agr_engine_ctx(const agentrun_engine *engine);
agentrun_store *agr_engine_store(const agentrun_engine *engine);
const char *agr_engine_planner(const agentrun_engine *engine);
unsigned agr_engine_threads(const agentrun_engine *engine);
/* Put a task back on the pool, from any thread. */
void agr_engine_resume(agr_task *task);
/* The job's id is known now: it can be cancelled by it. */
void agr_engine_name(agr_task *task);
/* Begin the request that the task waits for, so that cancelling the job cancels
 * it too. 1, and the task is no longer the caller's; or an error. */
int agr_engine_start_request(agr_task *task, struct agr_http *http,
	agentrun_http_request *request,
	void (*on_event)(void *user, agentrun_http_event *take_event));

/* ---- result.c ----------------------------------------------------------- */

/* The result of a task that is done, with the message of docs/jobs.md;
 * data and error move over. */
int agr_report(agentrun_result **out, agr_task *task, agentrun_error **err);

/* What is counted of a result. */
typedef struct agr_result_facts {
	int lane; /* AGENTRUN_LANE_... */
	int64_t tokens, took_ms, waited_ms;
} agr_result_facts;

agr_result_facts agr_result_facts_of(const agentrun_result *result);

/* A failure for want of memory, set aside when the job is submitted so that even
 * then every job has a result. */
agentrun_result *agr_result_reserve(void);
/* The task's reserve, as its result. Cannot fail. */
agentrun_result *agr_report_oom(agr_task *task);

#endif
