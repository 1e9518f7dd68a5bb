/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a job has to do with an orchestrator: the workflow from there, the patch to it. */
#include <string.h>

#include "engine/engine.h"
#include "net/http.h"
#include "patch/apply.h"
#include "patch/guard.h"
#include "patch/ir.h"

#define WORKFLOW "workflow"

int agr_task_open_workflow(agr_task *task)
{
	agr_buf flow = AGR_BUF_MAX(agr_patch_max_bytes(agr_engine_ctx(task->engine)));
	agr_message *m = &task->message;
	int r;

	if (!agr_ir_is(m->workflow))
		return 0;
	r = agr_ir_read(&m->workflow, &flow, &task->error);
	if (r > 0)
		r = agr_buf_give(&flow, &task->workflow, "the workflow", &task->error);
	agr_buf_free(&flow);
	task->keyed = true;
	m->workflow = (agr_span){ task->workflow.data, task->workflow.len };
	return r;
}

static int lend_workflow(agr_task *task)
{
	int r = agr_journal_hear(task, WORKFLOW, task->workflow.data, task->workflow.len);

	task->message.workflow = (agr_span){ task->workflow.data, task->workflow.len };
	return r < 0 ? r : agr_task_open_workflow(task);
}

/* The one that the job went by in an earlier life: by now its own patch may be in it.
 * 1: there is one. */
static int recall_workflow(agr_task *task)
{
	int r = agr_journal_recall(task, WORKFLOW, &task->workflow), opened;

	if (r == 1 && (opened = lend_workflow(task)) < 0)
		return opened;
	return r;
}

int agr_orchestrate_fetch(agr_task *task)
{
	const agr_message *m = &task->message;
	int r = recall_workflow(task);

	task->fetched = true;
	task->state = r ? AGR_TASK_PLAN : AGR_TASK_EXCHANGE;
	if (r)
		return r < 0 ? r : 0;
	return agr_exchange_workflow(&task->exchange, agr_engine_ctx(task->engine),
		m->workflow_tag, m->workflow_owner, task->deadline_ms, &task->error);
}

/* A patch that landed in an earlier life does so no second time. */
static int recall_landing(agr_task *task)
{
	agentrun_buf answer = AGENTRUN_BUF_INIT;
	char hex[AGR_SHA256_HEX];
	int r;

	agr_exchange_name(task->exchange, hex);
	r = agr_journal_begin(task, "patch", hex, &answer);
	if (r == 1)
		r = agr_exchange_recall(task->exchange, answer.data, answer.len, &task->error);
	agentrun_buf_dispose(&answer);
	return r;
}

/* A patch names nodes by their places. Where those are of a workflow that was keyed by id, the
 * orchestrator may have them in another order: it must not take the patch then. */
static int guard(agr_task *task, agr_span spec, agr_buf *out)
{
	return task->keyed ? agr_guard_write(out, task->message.workflow, spec, &task->error) : 0;
}

int agr_orchestrate_land(agr_task *task, agr_span spec)
{
	const agr_message *m = &task->message;
	const agr_patch_place place = { .job_id = m->job_id, .run_id = m->run_id,
		.node_id = m->node_id, .workflow_tag = m->workflow_tag,
		.workflow_owner = m->workflow_owner };
	agr_buf guarded = AGR_BUF_MAX(agr_patch_max_bytes(agr_engine_ctx(task->engine)));
	int r = guard(task, spec, &guarded);

	if (r == 0)
		r = agr_exchange_patch(&task->exchange, agr_engine_ctx(task->engine), &place, spec,
			(agr_span){ guarded.data, guarded.len }, task->deadline_ms, &task->error);
	agr_buf_free(&guarded);
	task->landing = true;
	task->state = AGR_TASK_EXCHANGE;
	return r < 0 ? r : recall_landing(task);
}

void agr_orchestrate_end(agr_task *task)
{
	agr_exchange_free(task->exchange);
	task->exchange = NULL;
	task->landing = false;
}

/* ---- the exchange goes on ---------------------------------------------------------- */

static int start_request(agr_task *task)
{
	agr_http *http;
	int r = agr_ctx_http(&http, agr_engine_ctx(task->engine), &task->error);

	if (r < 0)
		return r;
	task->state = AGR_TASK_EXCHANGE_ANSWER;
	r = agr_engine_start_request(task, http, agr_exchange_request(task->exchange));
	if (r < 0 && r != AGENTRUN_ECANCELLED && r != AGENTRUN_ENOMEM)
		r = agr_error_recode(&task->error, AGENTRUN_EORCHESTRATOR);
	return r;
}

/* Without the workflow nothing can be changed, but rows can still be looked at. */
static int without_workflow(agr_task *task, int r)
{
	if (task->landing || r == AGENTRUN_ECANCELLED || r == AGENTRUN_ETIMEDOUT ||
		agentrun_intent_lane(task->intent) == AGENTRUN_LANE_PATCH)
		return r;
	agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "orchestrator",
		task->message.job_id, task->message.run_id, "job %s: the workflow is not known: %s", task->message.job_id,
		agentrun_error_message(task->error));
	agentrun_error_free(task->error);
	task->error = NULL;
	agr_orchestrate_end(task);
	task->state = AGR_TASK_PLAN;
	return 0;
}

/* The workflow, which may stand in an envelope; the job lends it from now on. */
static int take_workflow(agr_task *task)
{
	agr_span answer = agr_exchange_answer(task->exchange), nodes, inner;

	if (!agr_object_get(answer, "nodes", 5, &nodes) &&
		agr_object_get(answer, "workflow", 8, &inner) &&
		agr_span_type(inner) == AGR_TYPE_OBJECT)
		answer = inner;
	if (agentrun_buf_set(&task->workflow, answer.p, answer.n) < 0)
		return agr_error_oom(&task->error);
	agr_orchestrate_end(task);
	task->state = AGR_TASK_PLAN;
	return lend_workflow(task);
}

/* What it answered is what the patch gave. */
static int take_landing(agr_task *task)
{
	agr_span answer = agr_exchange_answer(task->exchange);
	int r = agr_journal_finish(task, answer.p, answer.n);

	if (r == 0)
		r = agr_call_patched(task, answer);
	agr_orchestrate_end(task);
	task->landed = r == 0;
	return r;
}

int agr_orchestrate_advance(agr_task *task)
{
	int r = agr_exchange_advance(task->exchange, &task->error);

	if (r == AGR_EXCHANGE_WANTS_HTTP)
		r = start_request(task);
	else if (r == AGR_EXCHANGE_WANTS_TIME)
		return agr_engine_sleep(task, agr_exchange_wake_ms(task->exchange));
	else if (r == AGR_EXCHANGE_DONE)
		return task->landing ? take_landing(task) : take_workflow(task);
	return r < 0 ? without_workflow(task, r) : r;
}

/* What came in counts, also where the time is over by now. */
int agr_orchestrate_answer(agr_task *task)
{
	agr_exchange_supply(task->exchange, task->answer);
	task->answer = NULL;
	task->state = AGR_TASK_EXCHANGE;
	return agr_orchestrate_advance(task);
}
