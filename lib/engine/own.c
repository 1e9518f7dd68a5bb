/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A call of a tool that the application brought. One whose result comes later sleeps, with
 * no thread, until agentrun_tool_finish(), its deadline, or somebody who cancels it. What
 * is pending belongs to both sides, as either may be done with it first.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "plan/plan.h"

struct agentrun_tool_pending {
	pthread_mutex_t lock; /* taken before the engine's; guards all below */
	const agr_own_tool *tool;
	agr_task *task; /* that waits; NULL: it does no longer */
	bool finished;
	agentrun_buf result;
	agentrun_error *error;
	int users; /* the task and the tool */
};

static agentrun_tool_pending *pending_new(agr_task *task, const agr_own_tool *tool)
{
	agentrun_tool_pending *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	p->tool = tool;
	p->task = task;
	p->users = 2;
	return p;
}

/* With the lock held, which is released. */
static void pending_leave(agentrun_tool_pending *p)
{
	bool last = --p->users == 0;

	pthread_mutex_unlock(&p->lock);
	if (!last)
		return;
	pthread_mutex_destroy(&p->lock);
	agentrun_buf_dispose(&p->result);
	agentrun_error_free(p->error);
	free(p);
}

void agentrun_tool_finish(agentrun_tool_pending *p, const char *result, size_t len,
	agentrun_error *take_error)
{
	pthread_mutex_lock(&p->lock);
	p->finished = true;
	p->error = take_error;
	if (!take_error && agentrun_buf_set(&p->result, result, len) < 0)
		agr_error_oom(&p->error);
	/* The task is there, and its engine, as long as it is named here. */
	if (p->task)
		agr_engine_wake(p->task);
	pending_leave(p);
}

/* ---- the task's side -------------------------------------------------------------- */

/* 1: it was called in an earlier life, with this result. */
static int recall(agr_task *task, const agr_own_tool *tool, const char *arguments,
	agentrun_buf *result)
{
	const char *name = agr_own_tool_name(tool);
	char hex[AGR_SHA256_HEX];
	agr_sha256 sha;

	if (!task->journal || agr_own_tool_is_pure(tool))
		return 0;
	agr_sha256_init(&sha);
	agr_sha256_add(&sha, name, strlen(name) + 1);
	agr_sha256_add(&sha, arguments, strlen(arguments));
	agr_sha256_hex(&sha, hex);
	return agr_journal_begin(task, "tool", hex, result);
}

static int take_result(agr_task *task, agentrun_buf *result)
{
	agentrun_patch_result_free(task->patch);
	task->patch = NULL;
	agr_task_set_data(task, result, NULL);
	agr_call_succeeded(task);
	return 0;
}

static int note(agr_task *task, const agr_own_tool *tool, const agentrun_buf *result)
{
	int r = agr_own_tool_check(tool, result, &task->error);

	return r < 0 ? r : agr_journal_finish(task, result->data, result->len);
}

/* Sleep, unless it is finished: 1, and the task is no longer the caller's. */
static int wait_for(agr_task *task)
{
	agentrun_tool_pending *p = task->own;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	if (!p->finished)
		r = agr_engine_sleep(task, task->deadline_ms);
	pthread_mutex_unlock(&p->lock);
	return r;
}

static int start(agr_task *task, const agr_own_tool *tool, const agentrun_tool_call *call)
{
	agentrun_tool_pending *p = pending_new(task, tool);
	int r;

	if (!p)
		return agr_error_oom(&task->error);
	r = agr_own_tool_start(tool, p, call, &task->error);
	if (r < 0) { /* it has no other user */
		pthread_mutex_lock(&p->lock);
		p->users--;
		pending_leave(p);
		return r;
	}
	task->own = p;
	task->state = AGR_TASK_OWN;
	return wait_for(task);
}

int agr_own_begin(agr_task *task, const agr_own_tool *tool, const char *arguments)
{
	const agentrun_tool_call call = { .struct_size = sizeof(call),
		.job_id = task->message.job_id,
		.call_id = agentrun_plan_result_call_id(task->plan, task->call),
		.workflow_tag = task->message.workflow_tag,
		.workflow_owner = task->message.workflow_owner, .arguments = arguments,
		.arguments_len = strlen(arguments) };
	agentrun_buf result = AGENTRUN_BUF_INIT;
	int r = recall(task, tool, arguments, &result);

	if (r == 0 && agr_own_tool_waits(tool))
		return start(task, tool, &call);
	if (r == 0) {
		r = agr_own_tool_call(tool, &result, &call, &task->error);
		if (r == 0)
			r = note(task, tool, &result);
	}
	if (r >= 0)
		return take_result(task, &result);
	agentrun_buf_dispose(&result);
	return r;
}

int agr_own_go_on(agr_task *task)
{
	agentrun_tool_pending *p = task->own;
	const agr_own_tool *tool = p->tool;
	agentrun_buf result = AGENTRUN_BUF_INIT;
	bool finished;
	int r;

	pthread_mutex_lock(&p->lock);
	finished = p->finished;
	if (finished) {
		result = p->result;
		p->result = (agentrun_buf)AGENTRUN_BUF_INIT;
		task->error = p->error;
		p->error = NULL;
	}
	pthread_mutex_unlock(&p->lock);
	if (!finished) {
		r = agr_task_check_time(task, &task->error);
		return r < 0 ? r : wait_for(task);
	}
	agr_own_end(task);
	r = task->error ? agentrun_error_code(task->error) : note(task, tool, &result);
	if (r >= 0)
		return take_result(task, &result);
	agentrun_buf_dispose(&result);
	return r;
}

void agr_own_end(agr_task *task)
{
	agentrun_tool_pending *p = task->own;
	bool finished;

	if (!p)
		return;
	task->own = NULL;
	pthread_mutex_lock(&p->lock);
	finished = p->finished;
	p->task = NULL;
	pthread_mutex_unlock(&p->lock);
	if (!finished)
		agr_own_tool_cancel(p->tool, p); /* not with the lock: it may finish it */
	pthread_mutex_lock(&p->lock);
	pending_leave(p);
}
