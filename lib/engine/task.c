/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "llm/profile.h"
#include "llm/tools.h"
#include "plan/plan.h"

static const agentrun_config *config_of(const agr_task *task)
{
	return agr_engine_ctx(task->engine)->config;
}

/* One line for every change of a job's state. Their names are in docs/worker.md. */
static void log_state(const agr_task *task, const char *state)
{
	agr_log(agr_engine_ctx(task->engine), AGENTRUN_LOG_DEBUG, "job", "%s %s",
		task->message.job_id ? task->message.job_id : "", state);
}

static int check_time(const agr_task *task, agentrun_error **err)
{
	if (atomic_load(&task->cancelled))
		return agentrun_error_raise(err, AGENTRUN_ECANCELLED, "the job was cancelled");
	if (task->deadline_ms != AGR_DEADLINE_NONE &&
		agr_clock_mono_ms() >= task->deadline_ms)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
			"the job did not end within its timeout_sec");
	return 0;
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
	agr_engine_name(task);
	log_state(task, "started");
	if (task->message.timeout_ms)
		task->deadline_ms = agr_deadline_in(task->message.timeout_ms);
	task->state = task->opts.flags & AGENTRUN_SUBMIT_REDELIVERED ? AGR_TASK_RECALL
								    : AGR_TASK_CLASSIFY;
	return r;
}

static int recall(agr_task *task)
{
	int r = agr_recall(task, &task->error);

	if (r == 1)
		log_state(task, "recalled");
	task->state = r == 1 ? AGR_TASK_DONE : AGR_TASK_CLASSIFY;
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

static int classify(agr_task *task)
{
	agr_span data = data_of(&task->message);
	agentrun_classify_options opts;

	agentrun_classify_options_init(&opts, sizeof(opts));
	opts.workflow = task->message.workflow.p;
	opts.workflow_len = task->message.workflow.n;
	opts.input = data.p;
	opts.input_len = data.n;
	task->state = AGR_TASK_PLAN;
	return agentrun_classify(&task->intent, agr_engine_ctx(task->engine),
		task->message.prompt, task->message.prompt_len, &opts, &task->error);
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

static int plan_at_once(agr_task *task)
{
	const agr_message *m = &task->message;
	agentrun_plan_options opts;
	int r;

	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.planner = agr_engine_planner(task->engine);
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
		log_state(task, "planned");
	return r;
}

/* A planner computes; a model is asked, which takes its time. */
static int plan(agr_task *task)
{
	const agentrun_ctx *ctx = agr_engine_ctx(task->engine);
	const char *name = agr_llm_choose(ctx, agr_engine_planner(task->engine));

	if (strcmp(name, "builtin") == 0 || agr_ctx_planner(ctx, name) ||
		!agr_llm_has(ctx, name))
		return plan_at_once(task);
	return agr_converse_begin(task, name);
}

/* ---- tool calls ---------------------------------------------------------- */

static int begin_call(agr_task *task)
{
	const char *name, *arguments;
	int r = 0;

	if (task->call >= agentrun_plan_result_call_count(task->plan)) {
		if (task->converse)
			return agr_converse_next(task);
		task->state = AGR_TASK_STORE;
		return 0;
	}
	name = agentrun_plan_result_call_name(task->plan, task->call);
	arguments = agentrun_plan_result_call_arguments(task->plan, task->call, NULL);
	if (agr_tool_lane(agr_engine_ctx(task->engine), name) < 0)
		r = agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the planner called an unknown tool, \"%.100s\"", name);
	else if (!agr_tool_fits(agr_engine_ctx(task->engine), name, lane_for_planner(task)))
		r = agentrun_error_raise(&task->error, AGENTRUN_EPOLICY,
			"%s is refused: the prompt is of the lane \"%s\"", name,
			agentrun_lane_name(agentrun_intent_lane(task->intent)));
	else if (task->converse)
		r = agr_converse_check_call(task, name, arguments);
	if (r < 0)
		return r;
	log_state(task, "calling");
	return agr_call_begin(task, name, arguments);
}

static int called(agr_task *task)
{
	int r = task->converse ? agr_converse_result(task) : 0;

	log_state(task, "called");
	task->call++;
	task->state = AGR_TASK_CALL;
	return r;
}

static int store(agr_task *task)
{
	int r;

	log_state(task, "storing");
	r = agr_task_store(task);
	if (r == 0)
		log_state(task, "stored");
	return r;
}

static int hear(agr_task *task)
{
	int r = agr_converse_hear(task);

	if (r == 0 && task->state == AGR_TASK_CALL)
		log_state(task, "planned");
	return r;
}

/* ---- turns -------------------------------------------------------------- */

/* 0: go on, 1: waits, < 0: the job failed. */
static int turn(agr_task *task)
{
	/* Also a cancelled job is read: its result names it. */
	if (task->state != AGR_TASK_READ && task->state != AGR_TASK_ANSWER &&
		task->state != AGR_TASK_HEAR && task->state != AGR_TASK_STORE) {
		int r = check_time(task, &task->error);

		if (r < 0)
			return r;
	}
	switch (task->state) {
	case AGR_TASK_READ:
		return read_message(task);
	case AGR_TASK_RECALL:
		return recall(task);
	case AGR_TASK_CLASSIFY:
		return classify(task);
	case AGR_TASK_PLAN:
		return plan(task);
	case AGR_TASK_ASK:
		log_state(task, "asking");
		return agr_converse_ask(task);
	case AGR_TASK_HEAR:
		return hear(task);
	case AGR_TASK_CALL:
		return begin_call(task);
	case AGR_TASK_RUN:
		return agr_call_run(task);
	case AGR_TASK_ANSWER:
		return agr_call_answer(task);
	case AGR_TASK_CALLED:
		return called(task);
	default:
		return store(task);
	}
}

bool agr_task_advance(agr_task *task)
{
	while (task->state != AGR_TASK_DONE) {
		int r = turn(task);

		if (r > 0)
			return false;
		if (r == 0 || agr_converse_survives(task))
			continue;
		if (task->plan && task->call < agentrun_plan_result_call_count(task->plan))
			agr_error_tool(&task->error,
				agentrun_plan_result_call_name(task->plan, task->call));
		agr_call_end(task);
		agr_task_store_failure(task);
		task->state = AGR_TASK_DONE;
	}
	return true;
}

void agr_task_free(agr_task *task)
{
	if (!task)
		return;
	agr_call_end(task);
	agr_converse_free(task->converse);
	agentrun_http_event_free(task->answer);
	agentrun_patch_result_free(task->patch);
	agentrun_plan_result_free(task->plan);
	agentrun_intent_free(task->intent);
	agentrun_error_free(task->error);
	agentrun_record_free(task->record);
	agentrun_buf_dispose(&task->data);
	agentrun_buf_dispose(&task->aside);
	agr_message_clear(&task->message);
	agentrun_result_free(task->reserve);
	agentrun_result_free(task->result);
	free(task->ref);
	free(task->text);
	free(task);
}
