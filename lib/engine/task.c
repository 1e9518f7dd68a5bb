/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "limit/limit.h"
#include "llm/classify.h"
#include "llm/profile.h"
#include "llm/tools.h"
#include "patch/ir.h"
#include "plan/plan.h"

static const agentrun_config *config_of(const agr_task *task)
{
	return agr_engine_ctx(task->engine)->config;
}

/* One line for every change of a job's state. Their names are in docs/worker.md. */
void agr_task_log(const agr_task *task, const char *state)
{
	const char *id = task->message.job_id;

	agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_DEBUG, "job", id,
		task->message.run_id, "%s %s", id ? id : "", state);
}

int agr_task_check_time(const agr_task *task, agentrun_error **err)
{
	if (atomic_load(&task->cancelled))
		return agentrun_error_raise(err, AGENTRUN_ECANCELLED, "the job was cancelled");
	if (task->deadline_ms != AGR_DEADLINE_NONE &&
		agr_clock_mono_ms() >= task->deadline_ms)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
			"the job did not end within its timeout_sec");
	return 0;
}

/* Where a job begins that is to be done. */
static int begin_state(const agr_task *task)
{
	return agr_nodes_in(task->text, task->text_len) ? AGR_TASK_RESOLVE : AGR_TASK_CLASSIFY;
}

static int resolve(agr_task *task)
{
	task->state = AGR_TASK_CLASSIFY;
	return agr_nodes_resolve(task);
}

/* Where an orchestrator holds the workflow, a patch is of that one. */
static int take_ir(agr_task *task)
{
	agr_message *m = &task->message;

	if (agr_ir_is(m->workflow) && m->workflow_tag && *m->workflow_tag &&
		agr_orchestrator_is_set(agr_engine_ctx(task->engine))) {
		m->workflow = (agr_span){ NULL, 0 };
		return 0;
	}
	return agr_task_open_workflow(task);
}

static int read_message(agr_task *task)
{
	const agentrun_config *config = config_of(task);
	int64_t most = agentrun_config_get_int(config, "limits.max_job_bytes", INT64_MAX);
	int r;

	if (task->text_len > (uint64_t)most)
		r = agentrun_error_raise(&task->error, AGENTRUN_ELIMIT,
			"the job message is %zu bytes long, the limit is %lld "
			"(limits.max_job_bytes)", task->text_len, (long long)most);
	else
		r = agr_message_read(&task->message, task->text, task->text_len,
			(size_t)agentrun_config_get_int(config, "limits.max_depth",
				AGR_DEPTH_DEFAULT),
			task->opts.flags & AGENTRUN_SUBMIT_IDS_REQUIRED, &task->error);
	/* What a queue brings and is too long or too deep can be no job of anybody's. */
	if (r == AGENTRUN_ELIMIT && task->opts.flags & AGENTRUN_SUBMIT_IDS_REQUIRED)
		r = agr_error_recode(&task->error, AGENTRUN_EJOB);
	if (r == 0)
		r = take_ir(task);
	agr_engine_name(task);
	agr_task_log(task, "started");
	if (task->message.timeout_ms)
		task->deadline_ms = agr_deadline_in(task->message.timeout_ms);
	task->state = task->opts.flags & AGENTRUN_SUBMIT_REDELIVERED ? AGR_TASK_RECALL
								    : begin_state(task);
	return r;
}

static int recall(agr_task *task)
{
	int r = agr_recall(task, &task->error);

	if (r == 1)
		agr_task_log(task, "recalled");
	task->state = r == 1 ? AGR_TASK_DONE : begin_state(task);
	return r < 0 ? r : 0;
}

/* `context.data`, which shows a classifier the names of the fields. */
static agr_span data_of(const agr_message *message)
{
	agr_span data = { NULL, 0 };

	if (message->context.p)
		agr_object_get(message->context, "data", 4, &data);
	return data;
}

/* The job may begin now, or it is told when to come back. */
static int enter(agr_task *task)
{
	const agr_who who = { task->message.workflow_owner, task->message.workflow_tag };
	agr_limits *limits;
	int r = agr_ctx_limits(&limits, agr_engine_ctx(task->engine), &task->error);

	return r < 0 ? r : agr_limits_enter(limits, &task->entry, &who, agr_clock_mono_ms(),
		&task->error);
}

static void leave(agr_task *task)
{
	const agr_who who = { task->message.workflow_owner, task->message.workflow_tag };

	if (task->entry.taken)
		agr_limits_leave(agr_engine_ctx(task->engine)->limits, &task->entry, &who);
}

static int classify(agr_task *task)
{
	agr_span data = data_of(&task->message);
	agentrun_classify_options opts;
	int r = enter(task);

	if (r < 0)
		return r;
	agentrun_classify_options_init(&opts, sizeof(opts));
	opts.workflow = task->message.workflow.p;
	opts.workflow_len = task->message.workflow.n;
	opts.input = data.p;
	opts.input_len = data.n;
	opts.mode = AGENTRUN_CLASSIFY_BUILTIN;
	r = agentrun_classify(&task->intent, agr_engine_ctx(task->engine),
		task->message.prompt, task->message.prompt_len, &opts, &task->error);
	task->state = r == 0 && agr_classify_wants_model(agr_engine_ctx(task->engine),
		AGENTRUN_CLASSIFY_AUTO, task->intent) ? AGR_TASK_JUDGE_ASK : AGR_TASK_PLAN;
	return r;
}

/* Does the intent let a planner use this tool? */
static bool tool_allowed(const agr_task *task, const char *tool)
{
	const char *allowed;

	for (size_t i = 0; (allowed = agentrun_intent_allowed_tool(task->intent, i)); i++)
		if (strcmp(allowed, tool) == 0)
			return true;
	return false;
}

static int lane_for_planner(const agr_task *task)
{
	bool execute = tool_allowed(task, AGR_TOOL_EXECUTE);
	bool patch = tool_allowed(task, AGR_TOOL_PATCH);

	if (execute == patch)
		return AGENTRUN_LANE_UNCLEAR;
	return execute ? AGENTRUN_LANE_EXECUTE : AGENTRUN_LANE_PATCH;
}

static int plan_at_once(agr_task *task, const char *name)
{
	const agr_message *m = &task->message;
	agentrun_plan_options opts;
	int r;

	agentrun_plan_options_init(&opts, sizeof(opts));
	/* So that it is not chosen again. Others are by name only where they were asked for. */
	opts.planner = strcmp(name, "builtin") == 0 ? name : agr_engine_planner(task->engine);
	opts.workflow = m->workflow.p;
	opts.workflow_len = m->workflow.n;
	opts.context = m->context.p;
	opts.context_len = m->context.n;
	opts.workflow_tag = m->workflow_tag;
	opts.workflow_owner = m->workflow_owner;
	opts.node_id = m->node_id;
	opts.lane = lane_for_planner(task);
	task->state = AGR_TASK_CALL;
	r = agentrun_plan(&task->plan, agr_engine_ctx(task->engine), m->prompt,
		m->prompt_len, &opts, &task->error);
	if (r == 0 && agentrun_plan_result_call_count(task->plan) == 0) {
		const char *why = agentrun_plan_result_message(task->plan);

		r = agentrun_error_raise(&task->error, AGENTRUN_EPLAN, "%s",
			*why ? why : "the planner called no tool and did not say why");
	}
	if (r == 0)
		agr_task_log(task, "planned");
	return r;
}

/* Is there a workflow to be changed that the job does not bring? */
static bool wants_workflow(const agr_task *task)
{
	const agr_message *m = &task->message;

	return !m->workflow.p && !task->fetched && m->workflow_tag && *m->workflow_tag &&
		lane_for_planner(task) != AGENTRUN_LANE_EXECUTE &&
		agr_orchestrator_is_set(agr_engine_ctx(task->engine));
}

/* In an earlier life, by whatever planner? 1: the plan is there. */
static int planned_before(agr_task *task, bool at_once)
{
	int r = agr_journal_plan(task, at_once);

	if (r == 1) {
		agr_task_log(task, "planned");
		task->state = AGR_TASK_CALL;
	}
	return r;
}

/* A planner computes; a model is asked, which takes its time. */
static int plan(agr_task *task)
{
	const agentrun_ctx *ctx = agr_engine_ctx(task->engine);
	const char *name = agr_llm_choose(ctx, agr_engine_planner(task->engine));

	bool at_once = strcmp(name, "builtin") == 0 || agr_ctx_planner(ctx, name) ||
		!agr_llm_has(ctx, name);
	int r;

	if (wants_workflow(task))
		return agr_orchestrate_fetch(task);
	r = planned_before(task, at_once);
	if (r != 0)
		return r < 0 ? r : 0;
	if (at_once)
		return plan_at_once(task, name);
	task->state = AGR_TASK_BRIEF;
	return 0;
}

/* Without the rules a model can still look at rows, or at what it may not change. */
static int without_rules(agr_task *task, int r)
{
	if (r == AGENTRUN_ENOMEM || r == AGENTRUN_ECANCELLED ||
		lane_for_planner(task) == AGENTRUN_LANE_PATCH)
		return r;
	agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "schema",
		task->message.job_id, task->message.run_id, "job %s: the model is not told %s",
		task->message.job_id, agentrun_error_message(task->error));
	agentrun_error_free(task->error);
	task->error = NULL;
	return 0;
}

/* Where a patch may come of it, a model is told what workflows must be. */
static int brief(agr_task *task)
{
	const agentrun_ctx *ctx = agr_engine_ctx(task->engine);
	agr_rules *rules = NULL;
	int r = lane_for_planner(task) == AGENTRUN_LANE_EXECUTE ? 0 :
		agr_task_rules(task, &rules);

	agr_rules_release(rules);
	if (r < 0)
		r = without_rules(task, r);
	return r ? r : agr_converse_begin(task, agr_llm_choose(ctx,
		agr_engine_planner(task->engine)));
}

/* ---- tool calls ---------------------------------------------------------- */

static int begin_call(agr_task *task)
{
	int r = 0, lane = task->converse ? task->converse->lane : lane_for_planner(task);
	const char *name, *arguments;
	size_t len;

	if (task->call >= agentrun_plan_result_call_count(task->plan)) {
		if (task->converse)
			return agr_converse_next(task);
		task->state = AGR_TASK_STORE;
		return 0;
	}
	name = agentrun_plan_result_call_name(task->plan, task->call);
	arguments = agentrun_plan_result_call_arguments(task->plan, task->call, &len);
	if (agr_tool_lane(agr_engine_ctx(task->engine), name) < 0)
		r = agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the planner called an unknown tool, \"%.100s\"", name);
	else if (!agr_tool_fits(agr_engine_ctx(task->engine), name, lane))
		r = agentrun_error_raise(&task->error, AGENTRUN_EPOLICY,
			"%s is refused: the prompt is of the lane \"%s\"", name,
			agentrun_lane_name(lane));
	else if (memchr(arguments, '\0', len))
		r = agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the arguments of %s hold a NUL character, which JSON does not allow", name);
	else if (task->converse)
		r = agr_converse_check_call(task, name, arguments);
	if (r < 0)
		return r;
	agr_engine_note(task, 0, name);
	agr_task_log(task, "calling");
	return agr_call_begin(task, name, arguments);
}

static int called(agr_task *task)
{
	int r = task->converse ? agr_converse_result(task) : 0;

	agr_task_log(task, "called");
	task->call++;
	task->state = AGR_TASK_CALL;
	return r;
}

static int ask(agr_task *task)
{
	int r;

	if (!task->converse->turn)
		agr_task_log(task, "asking");
	r = agr_converse_ask(task); /* 1: it is not ours any more */
	if (r == 0 && task->state == AGR_TASK_CALL)
		agr_task_log(task, "planned");
	return r;
}

/* ---- turns -------------------------------------------------------------- */

/* 0: go on, 1: waits, < 0: the job failed. */
static int turn(agr_task *task)
{
	/* Also a cancelled job is read: its result names it. */
	if (task->state != AGR_TASK_READ && task->state != AGR_TASK_ANSWER &&
		task->state != AGR_TASK_EXCHANGE_ANSWER && task->state != AGR_TASK_OWN &&
		task->state != AGR_TASK_HEAR && task->state != AGR_TASK_JUDGE_HEAR &&
		task->state != AGR_TASK_STORE && task->state != AGR_TASK_STORED) {
		int r = agr_task_check_time(task, &task->error);

		if (r == 0)
			r = agr_memory_check(task);
		if (r < 0)
			return r;
	}
	switch (task->state) {
	case AGR_TASK_READ:
		return read_message(task);
	case AGR_TASK_RESOLVE:
		return resolve(task);
	case AGR_TASK_RECALL:
		return recall(task);
	case AGR_TASK_CLASSIFY:
		return classify(task);
	case AGR_TASK_JUDGE_ASK:
		return agr_judge_ask(task);
	case AGR_TASK_JUDGE_HEAR:
		return agr_judge_hear(task);
	case AGR_TASK_PLAN:
		return plan(task);
	case AGR_TASK_BRIEF:
		return brief(task);
	case AGR_TASK_ASK:
		return ask(task);
	case AGR_TASK_HEAR:
		return agr_converse_hear(task);
	case AGR_TASK_CALL:
		return begin_call(task);
	case AGR_TASK_PATCH:
		return agr_call_patch(task);
	case AGR_TASK_RUN:
		return agr_call_run(task);
	case AGR_TASK_ANSWER:
		return agr_call_answer(task);
	case AGR_TASK_OWN:
		return agr_own_go_on(task);
	case AGR_TASK_EXCHANGE:
		return agr_orchestrate_advance(task);
	case AGR_TASK_EXCHANGE_ANSWER:
		return agr_orchestrate_answer(task);
	case AGR_TASK_CALLED:
		return called(task);
	case AGR_TASK_STORED:
		return agr_task_stored(task);
	default:
		return agr_task_store(task);
	}
}

bool agr_task_advance(agr_task *task)
{
	while (task->state != AGR_TASK_DONE) {
		int r = turn(task);

		if (r > 0)
			return false;
		if (r < 0)
			agr_memory_explain(task);
		if (r == 0 || agr_converse_survives(task) || agr_converse_closes(task))
			continue;
		if (task->plan && task->call < agentrun_plan_result_call_count(task->plan))
			agr_error_tool(&task->error,
				agentrun_plan_result_call_name(task->plan, task->call));
		agr_call_end(task);
		agr_judge_drop(task);
		agr_delegate_fail(task);
		agr_converse_drop(task);
		agr_task_store_failure(task);
		task->state = AGR_TASK_DONE;
	}
	leave(task);
	return true;
}

int64_t agr_task_tokens(const agr_task *task)
{
	return task->tokens + (task->plan ? agentrun_plan_result_tokens_used(task->plan) : 0);
}

void agr_task_free(agr_task *task)
{
	if (!task)
		return;
	agr_call_end(task);
	agr_judge_drop(task);
	agr_delegate_fail(task);
	agr_converse_drop(task);
	leave(task);
	agentrun_http_event_free(task->answer);
	agentrun_patch_result_free(task->patch);
	agentrun_plan_result_free(task->plan);
	agentrun_intent_free(task->intent);
	agentrun_error_free(task->error);
	agentrun_record_free(task->record);
	agentrun_record_free(task->keeping);
	agr_journal_free(task->journal);
	agr_outputs_free(task->outputs);
	agentrun_buf_dispose(&task->context);
	agentrun_buf_dispose(&task->data);
	agr_spilled_free(task->spilled);
	agentrun_buf_dispose(&task->aside);
	agentrun_buf_dispose(&task->workflow);
	agentrun_buf_dispose(&task->steps);
	agr_message_clear(&task->message);
	agentrun_result_free(task->reserve);
	agentrun_result_free(task->result);
	agr_buf_free(&task->calls);
	free(task->ref);
	free(task->text);
	free(task);
}
