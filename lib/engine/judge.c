/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The intent of a job's prompt by a model, where classifier.mode wants it. */
#include <string.h>

#include "engine/engine.h"
#include "llm/classify.h"
#include "llm/profile.h"

#define JUDGE "judge" /* its entry in the journal */

/* What the built-in classifier said stands, where it may. */
static int do_without(agr_task *task, int r)
{
	int code = agentrun_error_code(task->error);

	if (code == AGENTRUN_ENOMEM || code == AGENTRUN_ECANCELLED ||
		!agr_classify_can_do_without(agr_engine_ctx(task->engine), AGENTRUN_CLASSIFY_AUTO))
		return r;
	agr_log(agr_engine_ctx(task->engine), AGENTRUN_LOG_DEBUG, "classify",
		"the built-in answer stands: %s", agentrun_error_message(task->error));
	agentrun_error_free(task->error);
	task->error = NULL;
	task->state = AGR_TASK_PLAN;
	return 0;
}

static int begin(agr_task *task)
{
	const agr_who who = { task->message.workflow_owner, task->message.workflow_tag };
	agentrun_ctx *ctx = agr_engine_ctx(task->engine);
	agr_judge *j = &task->judge;
	const char *planner = agr_engine_planner(task->engine);
	int r = agr_classify_begin(&j->turn, &j->talk, ctx,
		planner && agr_llm_has(ctx, planner) ? planner : NULL,
		task->message.prompt, task->message.prompt_len, task->deadline_ms, &task->error);

	j->raw = (agr_buf)AGR_BUF_INIT;
	return r < 0 ? r : agr_limits_reserve(ctx->limits, &j->reserved, &who,
		agr_turn_model(j->turn), agr_talk_tokens(&j->talk),
		agentrun_config_get_int(ctx->config, "llm.max_tokens", 4000), agr_clock_wall_ms(),
		&task->error);
}

/* Was it asked in an earlier life? What was said then stands. */
static int recall(agr_task *task)
{
	agentrun_buf answer = AGENTRUN_BUF_INIT;
	agr_judge *j = &task->judge;
	size_t candidate;
	int r = agr_journal_recall(task, JUDGE, &answer);

	j->recalled = r == 1;
	if (r == 1)
		r = agr_journal_replay(&task->answer, &candidate, &answer, &task->error);
	agentrun_buf_dispose(&answer);
	return r < 0 || !task->answer ? r : agr_judge_hear(task);
}

void agr_judge_drop(agr_task *task)
{
	const agr_who who = { task->message.workflow_owner, task->message.workflow_tag };
	agr_judge *j = &task->judge;

	/* Limits are read when the first job enters: one that never did must not look. */
	if (j->turn)
		agr_limits_settle(agr_engine_ctx(task->engine)->limits, &j->reserved, &who,
			NULL);
	if (j->turn)
		agr_buf_free(&j->raw);
	agr_turn_free(j->turn);
	agr_talk_clear(&j->talk);
	j->turn = NULL;
}

int agr_judge_ask(agr_task *task)
{
	const agr_who who = { task->message.workflow_owner, task->message.workflow_tag };
	agr_judge *j = &task->judge;
	int r = 0;

	if (!j->turn) {
		r = begin(task);
		if (r == 0)
			r = recall(task);
	}
	if (r == 0)
		r = agr_turn_drive(task, j->turn, AGR_TASK_JUDGE_HEAR);
	if (r > 0)
		return r;
	if (r == 0) {
		const agr_usage *usage = &agr_turn_answer(j->turn)->usage;

		task->tokens += agr_usage_tokens(usage);
		agr_limits_settle(agr_engine_ctx(task->engine)->limits, &j->reserved, &who,
			j->recalled ? NULL : usage);
		r = agr_classify_take(task->intent, j->turn, &task->error);
		if (r == 0)
			r = agr_buf_check(&j->raw, "answer", &task->error);
		if (r == 0)
			r = agr_journal_hear(task, JUDGE, j->raw.data, j->raw.len);
	}
	agr_judge_drop(task);
	task->state = AGR_TASK_PLAN;
	return r < 0 ? do_without(task, r) : 0;
}

int agr_judge_hear(agr_task *task)
{
	agr_judge *j = &task->judge;

	if (task->state == AGR_TASK_JUDGE_HEAR) /* not from the journal */
		j->recalled = false;
	if (task->journal)
		agr_journal_answer(&j->raw, task->answer, 0);
	agr_turn_supply(j->turn, task->answer);
	task->answer = NULL;
	task->state = AGR_TASK_JUDGE_ASK;
	return 0;
}
