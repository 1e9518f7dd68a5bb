/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * engine - many jobs at once. A job is a state machine (task.c): it runs on a thread
 * of the pool (pool in engine.c) until it is done or waits for the network or for a
 * time; the HTTP client's thread, or whoever of the pool wakes first, puts it back.
 *
 *     message.c   the job message, read and checked
 *     recall.c    a result that the store holds already
 *     task.c      classify -> plan -> tool calls -> store
 *     converse.c  the conversation with a model: turns, and what goes back to it
 *     call.c      one tool call
 *     own.c       a call of a tool that the application brought
 *     delegate.c  a call that is a conversation of its own
 *     orchestrate.c  the workflow from an orchestrator, the patch to it
 *     rules.c     the schema of workflows, which may have to be fetched
 *     journal.c   what it did outside, noted with the queue that it came from
 *     keep.c      the record that is stored
 *     result.c    the result message
 *     spill.c     a result that goes to its blob as it is made
 *     nodes.c     expressions that stand for what other nodes put out
 *     memory.c    what it holds of memory
 *     timers.c    tasks that wait for a time
 *     tags.c      tasks by their tag
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
#include "orchestrator/orchestrator.h"
#include "engine/tags.h"
#include "engine/timers.h"
#include "limit/limit.h"
#include "llm/turn.h"
#include "patch/rulebook.h"
#include "pipeline/fetch.h"
#include "queue/queue.h"
#include "table/scan.h"
#include "tool/own.h"

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

enum {
	AGR_TASK_READ,
	AGR_TASK_RESOLVE, /* expressions in the message */
	AGR_TASK_RECALL,
	AGR_TASK_CLASSIFY,
	AGR_TASK_JUDGE_ASK,  /* a model is asked what the prompt is about */
	AGR_TASK_JUDGE_HEAR, /* its provider's answer came in */
	AGR_TASK_PLAN,
	AGR_TASK_BRIEF,  /* a model will plan: it is told the rules of workflows */
	AGR_TASK_ASK,    /* a model is asked, or asked again */
	AGR_TASK_HEAR,   /* its provider's answer came in */
	AGR_TASK_CALL,   /* begin the next tool call of the plan */
	AGR_TASK_PATCH,  /* it is a patch, and wants the rules of workflows */
	AGR_TASK_RUN,    /* its pipeline goes on */
	AGR_TASK_ANSWER, /* an answer from the network came in for it */
	AGR_TASK_OWN,    /* a tool of the application's is under way, or done */
	AGR_TASK_EXCHANGE,        /* with an orchestrator */
	AGR_TASK_EXCHANGE_ANSWER, /* its answer came in */
	AGR_TASK_CALLED, /* it succeeded */
	AGR_TASK_STORE,
	AGR_TASK_STORED, /* its record is kept, or could not be */
	AGR_TASK_DONE
};

/* A model's word on the intent. */
typedef struct agr_judge {
	agr_talk talk;
	agr_turn *turn;
	agr_reservation reserved;
	agr_buf raw;     /* as in agr_converse */
	bool recalled;
} agr_judge;

/* The conversation of a job with a model. */
typedef struct agr_converse {
	char *provider, *model; /* model: NULL, the configured one */
	int lane;            /* only its tools; AGENTRUN_LANE_UNCLEAR: all */
	agr_talk talk;
	agr_turn *turn;      /* under way, or the last one */
	unsigned turns;      /* answers that came */
	unsigned repairs;    /* answers with calls that broke a tool's rules */
	unsigned broken_turn; /* the last of them, counted as `turns` is */
	size_t candidate;    /* of the provider and its fallbacks, the one that answered */
	size_t first_call;   /* of the plan: the first of the last answer */
	size_t said;         /* where that answer is in `talk` */
	agr_reservation reserved; /* of the budget, for the turn under way */
	agentrun_error *fault; /* why the last call that failed did; or NULL */
	agr_buf raw;         /* the answer as it came, for the journal */
	bool recalled;       /* the turn under way was answered in an earlier life */
} agr_converse;

typedef struct agr_frame agr_frame; /* delegate.c */
typedef struct agr_spill agr_spill; /* spill.c, as the next */
typedef struct agr_spilled agr_spilled;
typedef struct agr_journal agr_journal; /* journal.c */
typedef struct agr_output agr_output; /* nodes.c */

typedef struct agr_task {
	struct agr_task *next; /* of the pool's queue or the done list */
	struct agr_task *prev_live, *next_live; /* of the engine's jobs in flight */
	agr_tagged tagged; /* likewise, under the engine's lock */
	agentrun_engine *engine;
	agentrun_submit_options opts;
	char *text;
	size_t text_len;
	int64_t started_ms, started_wall_ms, deadline_ms;
	atomic_int cancelled;
	int state;
	struct agr_http *http; /* where it waits, under the engine's lock; or NULL */
	uint64_t http_id;
	bool starting, came;   /* likewise: its request is being begun, and has its answer */
	agr_timer timer;       /* likewise */

	agentrun_progress progress; /* likewise */
	bool named; /* under the engine's lock: the job id can be read */

	agr_message message;
	agentrun_intent *intent;
	agentrun_plan_result *plan;
	size_t call;      /* of the plan, being run */
	size_t succeeded; /* calls that did */
	agr_converse *converse; /* NULL: no model is asked */
	agr_turn *asking; /* whose request is about to be begun */
	agr_turn *hearing; /* whose answer comes, perhaps in parts */
	bool in_parts;     /* it does */
	agr_judge judge;
	int64_t tokens;   /* spent beside those of the plan */
	agr_frame *frame; /* the job's own conversation, while an agent's is held; or NULL */
	agr_entry entry;  /* it counts against the limits of what runs at once */
	bool wants_document; /* the first pipeline of openapi_action runs, which fetches it */
	bool text_only;   /* the result is what the model said */
	bool fetched;     /* the workflow was asked for */
	bool keyed;       /* its nodes were keyed by id: elsewhere their places may be others */
	bool landing, landed; /* the patch is being sent; it was */
	agentrun_buf steps; /* the pipeline that openapi_action became */
	agentrun_buf aside; /* what a call returned that is no result: a search */
	agr_pipeline *pipeline;
	agr_run *run;
	agr_spill *spill;        /* where it writes to, or NULL */
	agr_fetch fetch;
	agentrun_http_event *answer; /* that came in */
	agr_exchange *exchange;  /* under way, or NULL */
	agentrun_tool_pending *own; /* likewise */
	agr_rules_wait rules_wait; /* for a schema that is fetched */
	agentrun_buf workflow;   /* that was fetched, or that came of a patch */

	agentrun_result *reserve; /* in case that no memory is left for a result */
	agentrun_result *result;  /* once done */
	agentrun_error *error;    /* why the job failed */
	agentrun_buf data;     /* of the last call that succeeded */
	agr_spilled *spilled;  /* in place of that, where it is in a blob already; or NULL */
	agentrun_patch_result *patch; /* when that call was a patch */
	agentrun_patch_result *pending; /* of the call under way: it may still be refused */
	char *ref;             /* where the result is kept */
	agentrun_record *record; /* of a job that was done before, or NULL */
	agentrun_record *keeping; /* that is being kept, or NULL */
	agr_buf calls;         /* the plan's calls as that has them; empty: not written yet */
	agr_journal *journal;  /* NULL: it came from no queue that has one */
	agr_meter meter;       /* of its pipeline's memory */
	agr_output *outputs;   /* of other nodes, that it spoke of */
	agentrun_buf context;  /* the message's, with these in it */
} agr_task;

/* AGENTRUN_ECANCELLED or _ETIMEDOUT where the job is to end. */
int agr_task_check_time(const agr_task *task, agentrun_error **err);
/* Run until the task is done (true) or waits for the network (false); the task
 * may be on another thread already when false is returned. */
bool agr_task_advance(agr_task *task);
/* Log that the job is in this state: docs/worker.md has their names. */
void agr_task_log(const agr_task *task, const char *state);
/* What its models were used for so far. */
int64_t agr_task_tokens(const agr_task *task);
void agr_task_free(agr_task *task);

/* ---- recall.c ----------------------------------------------------------- */

/* Has the store the result of a job that completed? 1: record, ref and data are the
 * task's now; 0: no; or an error. */
int agr_recall(agr_task *task, agentrun_error **err);
/* What an orchestrator calls the patch that it took; false: `data` is no such answer. */
bool agr_landed_id(agr_span *id, const agentrun_buf *data);
/* Append the preview of a patch, if the record is of one: 1, 0 or AGENTRUN_ENOMEM. */
int agr_recall_patch(agr_buf *out, const agr_task *task);

/* ---- judge.c -------------------------------------------------------------- */

/* AGR_TASK_JUDGE_ASK and _HEAR: 0, 1 (it waits), or an error. */
int agr_judge_ask(agr_task *task);
int agr_judge_hear(agr_task *task);
void agr_judge_drop(agr_task *task);

/* ---- converse.c ---------------------------------------------------------- */

/* Begin the conversation of a job that is classified. */
int agr_converse_begin(agr_task *task, const char *provider);
/* The same with another prompt, provider and model (NULL: the job's, the configured
 * one). */
int agr_converse_begin_as(agr_task *task, const char *provider, const char *model,
	const char *prompt, int lane);
/* Free what there is of it, and give back what was reserved. */
void agr_converse_drop(agr_task *task);
/* Go on with a turn: 0, it is done; 1, the task waits and is no longer the caller's: for
 * a time, after which its state is as it was, or for an answer, with which its state is
 * `hear`; or an error. */
int agr_turn_drive(agr_task *task, agr_turn *turn, int hear);
/* AGR_TASK_ASK and AGR_TASK_HEAR: 0, 1 (it waits), or the error that ends the job. */
int agr_converse_ask(agr_task *task);
int agr_converse_hear(agr_task *task);
/* May this call be run: a tool that was offered, arguments that meet its schema? */
int agr_converse_check_call(agr_task *task, const char *name, const char *arguments);
/* A call succeeded: the model is told. */
int agr_converse_result(agr_task *task);
/* A call failed with task->error: is it for the model to mend? Then it is told, and the
 * task goes on. */
bool agr_converse_survives(agr_task *task);
/* A turn failed with task->error: was something reached before it? Then the conversation
 * ends with that, and the task goes on. */
bool agr_converse_closes(agr_task *task);
/* All calls of the last answer were run: what now? */
int agr_converse_next(agr_task *task);

/* ---- call.c -------------------------------------------------------------- */

/* Begin a tool call; what it returns is in task->data (or aside) when the state becomes
 * AGR_TASK_CALLED. */
int agr_call_begin(agr_task *task, const char *name, const char *arguments);
int agr_call_patch(agr_task *task);  /* AGR_TASK_PATCH: 1, it waits */
int agr_call_run(agr_task *task);    /* AGR_TASK_RUN: 1, it waits */
int agr_call_answer(agr_task *task); /* AGR_TASK_ANSWER */
/* The patch that is pending took effect; `answer` is the call's data (p NULL: the new
 * document). */
int agr_call_patched(agr_task *task, agr_span answer);
void agr_call_succeeded(agr_task *task);
void agr_call_end(agr_task *task);   /* drop what it left */

/* ---- orchestrate.c ------------------------------------------------------- */

/* Where the job's workflow has its nodes keyed by id, it is in the form that patches are of
 * from now on. */
int agr_task_open_workflow(agr_task *task);
/* Ask for the job's workflow; then it is planned. */
int agr_orchestrate_fetch(agr_task *task);
/* Send a patch that was applied here without a fault; then the call succeeded. */
int agr_orchestrate_land(agr_task *task, agr_span spec);
int agr_orchestrate_advance(agr_task *task); /* AGR_TASK_EXCHANGE: 1, it waits */
int agr_orchestrate_answer(agr_task *task);  /* AGR_TASK_EXCHANGE_ANSWER */
void agr_orchestrate_end(agr_task *task);    /* drop what it left */

/* ---- own.c --------------------------------------------------------------- */

int agr_own_begin(agr_task *task, const agr_own_tool *tool, const char *arguments);
int agr_own_go_on(agr_task *task); /* AGR_TASK_OWN: 1, it waits */
void agr_own_end(agr_task *task);  /* wait for it no longer */

/* ---- rules.c -------------------------------------------------------------- */

/* The rules that workflows go by, held for the caller: 0; 1, it waits for them, in the
 * state that it is in; or an error, which may be tried again where they are to be had from
 * a server that does not answer. */
int agr_task_rules(agr_task *task, agr_rules **out);
/* It waits for them no more. */
void agr_task_rules_drop(agr_task *task);

/* ---- delegate.c ---------------------------------------------------------- */

int agr_delegate_begin(agr_task *task, const char *arguments);
/* The conversation is over: was it an agent's? Then its result is the call's. */
bool agr_delegate_end(agr_task *task);
/* It failed with task->error: was it an agent's? Then that is the call's. */
bool agr_delegate_fail(agr_task *task);

/* An agent's conversation is held within this call of the job's; -1: it is the job's own. */
long agr_delegate_call(const agr_task *task);

/* ---- journal.c ----------------------------------------------------------- */

/*
 * A call that does something outside is named by what it asks for (`kind` and `hex`, a
 * digest of it) and by how many of that name were before it. Without a journal all these
 * do nothing. Errors are the task's; EBACKEND, which may be tried again, also where
 * somebody else has the job by now.
 */
/* NULL queue: no journal. What there is of it is freed with the task. */
int agr_journal_new(agr_task *task, agentrun_queue *queue, const char *lease);
void agr_journal_free(agr_journal *journal); /* NULL ok */
/* What the job heard, on which its calls depend: to be written before the next of them. */
int agr_journal_hear(agr_task *task, const char *name, const char *value, size_t len);
/* What it heard in an earlier life. 1: `out` is that, replaced; 0: nothing. */
int agr_journal_recall(agr_task *task, const char *name, agentrun_buf *out);
/* The same of a turn; behind agr_journal_plan(). */
int agr_journal_recall_turn(agr_task *task, const char *name, agentrun_buf *out);
/* The plan of an earlier life. 1: it is the task's; 0: there is none, or it came of a
 * conversation, which is to be gone on with unless the planner plans `at_once`. */
int agr_journal_plan(agr_task *task, bool at_once);
/* Such a call begins. 1: it was finished in an earlier life, `out` is what was noted;
 * 0: it is to be made. */
int agr_journal_begin(agr_task *task, const char *kind, const char hex[AGR_SHA256_HEX],
	agentrun_buf *out);
/* It is finished. Where that cannot be noted, that is logged. */
int agr_journal_finish(agr_task *task, const char *value, size_t len);
/* Whether it was finished is not known. */
void agr_journal_drop(agr_task *task);
/* A provider's answer, as it came, and back. */
void agr_journal_answer(agr_buf *out, const agentrun_http_event *event, size_t candidate);
int agr_journal_replay(agentrun_http_event **out, size_t *candidate,
	const agentrun_buf *answer, agentrun_error **err);

/* ---- nodes.c ------------------------------------------------------------- */

/* May an expression be in it? */
bool agr_nodes_in(const char *text, size_t len);
/* Those of the prompt and of the context, which are the message's from now on. */
int agr_nodes_resolve(agr_task *task);
/* Append JSON with the expressions in its texts replaced. */
int agr_nodes_fill(agr_task *task, const char *json, size_t len, agr_buf *out);
size_t agr_outputs_bytes(const agr_output *outputs);
void agr_outputs_free(agr_output *outputs); /* NULL ok */

/* ---- memory.c ------------------------------------------------------------ */

/* 0, or AGENTRUN_ELIMIT: the job holds more than it may. */
int agr_memory_check(agr_task *task);
/* The task failed: was it refused memory by its limit? Then its error says so. */
void agr_memory_explain(agr_task *task);

/* ---- keep.c -------------------------------------------------------------- */

/* AGR_TASK_STORE: make the record and have it kept. 1: it waits for that. */
int agr_task_store(agr_task *task);
int agr_task_stored(agr_task *task); /* AGR_TASK_STORED */
/* Keep their records, blocking; what fails is each task's error. */
void agr_keep_all(agr_task *const *tasks, size_t n);
/* Keep the failure too, where the job could be read and the store is not what
 * failed. */
void agr_task_store_failure(agr_task *task);

/* ---- spill.c ------------------------------------------------------------- */

int agr_spill_new(agr_spill **out, agentrun_store *store, agentrun_error **err);
void agr_spill_free(agr_spill *spill); /* NULL ok; nothing is kept that was not finished */
/* An agentrun_write_fn. */
int agr_spill_write(void *user, const char *data, size_t len, agentrun_error **err);
/* All was written: it is in `data`, or in a blob (`*out`). */
int agr_spill_finish(agr_spill *spill, agentrun_buf *data, agr_spilled **out,
	agentrun_error **err);
/* The same of what a ref names: a list is looked through, but not held. */
int agr_spilled_read(agr_spilled **out, agentrun_buf *data, agentrun_store *store,
	const char *ref, agentrun_error **err);
void agr_spilled_free(agr_spilled *spilled); /* NULL ok */
const char *agr_spilled_ref(const agr_spilled *spilled);
/* Append the preview; `cut` for a model. */
void agr_spilled_preview(agr_buf *out, agr_spilled *spilled, bool cut);
/* The task's data is this from now on (moved), in a blob or not. */
void agr_task_set_data(agr_task *task, agentrun_buf *take_data, agr_spilled *take_spilled);

/* ---- engine.c ----------------------------------------------------------- */

agentrun_ctx *agr_engine_ctx(const agentrun_engine *engine);
agentrun_store *agr_engine_store(const agentrun_engine *engine);
const char *agr_engine_planner(const agentrun_engine *engine);
/* Do large results go to their blobs as they are made? */
bool agr_engine_streams(const agentrun_engine *engine);
unsigned agr_engine_threads(const agentrun_engine *engine);
size_t agr_engine_job_memory(const agentrun_engine *engine); /* what one may hold */
/* Have the task's record kept, with those of others: 1, and the task is no longer the
 * caller's; or 0 or an error, it is done. */
int agr_engine_keep(agr_task *task);
/* Put a task back on the pool, from any thread. */
void agr_engine_resume(agr_task *task);
/* The job's id is known now: it can be cancelled by it. */
void agr_engine_name(agr_task *task);
/* Begin the request that the task waits for, so that cancelling the job cancels
 * it too; the answer goes to task->answer and the task back on the pool. 1, and the
 * task is no longer the caller's; or an error. */
int agr_engine_start_request(agr_task *task, struct agr_http *http,
	agentrun_http_request *request);

/* For who watches: the job is at this turn (0: as it was), runs this tool (NULL: none). */
void agr_engine_note(agr_task *task, unsigned turn, const char *tool);
/* Put the task to sleep until then (monotonic). 1, and the task is no longer the
 * caller's; or AGENTRUN_ECANCELLED. */
int agr_engine_sleep(agr_task *task, int64_t wake_ms);
/* Wake it before its time; it may be awake already. */
void agr_engine_wake(agr_task *task);

/* ---- result.c ----------------------------------------------------------- */

/* The result of a task that is done, with the message of docs/jobs.md;
 * data and error move over. */
int agr_report(agentrun_result **out, agr_task *task, agentrun_error **err);

/* What is counted of a result. */
typedef struct agr_result_facts {
	int lane; /* AGENTRUN_LANE_... */
	int64_t tokens, took_ms, waited_ms;
} agr_result_facts;

/* Append the message of a result that names no job, with this id in it. */
void agr_result_name(agr_buf *out, const agentrun_result *result, const char *job_id);
agr_result_facts agr_result_facts_of(const agentrun_result *result);
/* The job's run; lent; NULL: it has none. NULL ok. */
const char *agr_result_run_id(const agentrun_result *result);

/* A failure for want of memory, set aside when the job is submitted so that even
 * then every job has a result. */
agentrun_result *agr_result_reserve(void);
/* The task's reserve, as its result. Cannot fail. */
agentrun_result *agr_report_oom(agr_task *task);

#endif
