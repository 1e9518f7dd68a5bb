/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "engine/engine.h"

static void came(void *user)
{
	agr_engine_wake(user);
}

static int doze(void *user)
{
	agr_task *task = user;

	return agr_engine_sleep(task, task->deadline_ms);
}

void agr_task_rules_drop(agr_task *task)
{
	agr_rules_forget(&task->rules_wait);
}

/* Whoever waits for the schema and does not get it is to come back: it is not the job that
 * is wrong. */
static int explain(agr_task *task, int r)
{
	bool may_come = task->error && agentrun_error_is_retryable(task->error);
	int64_t wait_ms = task->error ? agentrun_error_retry_after_ms(task->error) : 0;

	if (!may_come || r == AGENTRUN_ENOMEM || r == AGENTRUN_ECANCELLED)
		return r;
	r = agr_error_recode(&task->error, AGENTRUN_EORCHESTRATOR);
	agentrun_error_set_retry(task->error, 1, wait_ms);
	return r;
}

int agr_task_rules(agr_task *task, agr_rules **out)
{
	agentrun_ctx *ctx = agr_engine_ctx(task->engine);
	int r;

	*out = NULL;
	task->rules_wait.ready = came;
	task->rules_wait.user = task;
	for (;;) {
		r = agr_rules_want(out, ctx, &task->rules_wait, &task->error);
		if (r != AGR_RULES_COMING)
			break;
		r = agr_rules_sleep(&task->rules_wait, doze);
		if (r != 0)
			return r;
	}
	agr_task_rules_drop(task);
	return r < 0 ? explain(task, r) : 0;
}
