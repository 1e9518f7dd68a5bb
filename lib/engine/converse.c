/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A job's conversation with a model. It is asked; all its tool calls are run, in order;
 * what they return, errors included, goes back; until it calls no more, or llm.max_turns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "llm/brief.h"
#include "llm/profile.h"
#include "llm/sample.h"
#include "llm/tools.h"
#include "net/http.h"

#define SMALL_BYTES ((size_t)2048)      /* what is told in full */
#define MAX_ERROR_BYTES 8192

static const agentrun_config *config_of(const agr_task *task)
{
	return agr_engine_ctx(task->engine)->config;
}

/* ---- the beginning --------------------------------------------------------------- */

static int lane_of(const agr_task *task)
{
	return agentrun_intent_allowed_tool_count(task->intent) == 1 ?
		agentrun_intent_lane(task->intent) : AGENTRUN_LANE_UNCLEAR;
}

static int begin(agr_task *task, const char *provider, const char *model,
	const agr_brief *brief)
{
	agr_converse *c = calloc(1, sizeof(*c));
	agr_llm *llm;
	int r;

	if (!c)
		return agr_error_oom(&task->error);
	task->converse = c;
	c->raw = (agr_buf)AGR_BUF_INIT;
	c->lane = brief->lane;
	c->provider = strdup(provider);
	c->model = model ? strdup(model) : NULL;
	if (!c->provider || (model && !c->model))
		return agr_error_oom(&task->error);
	r = agr_ctx_llm(&llm, agr_engine_ctx(task->engine), &task->error);
	if (r == 0)
		r = agr_brief_write(&c->talk, llm, brief, &task->error);
	if (r == 0)
		r = agr_plan_result_new(&task->plan, &task->error);
	task->state = AGR_TASK_ASK;
	return r;
}

int agr_converse_begin(agr_task *task, const char *provider)
{
	const agr_message *m = &task->message;
	agr_brief brief = { .prompt = m->prompt, .prompt_len = m->prompt_len,
		.workflow = m->workflow, .context = m->context, .workflow_tag = m->workflow_tag,
		.workflow_owner = m->workflow_owner, .node_id = m->node_id,
		.intent = task->intent, .lane = lane_of(task) };

	agr_get(m->context, "data", &brief.data);
	return begin(task, provider, NULL, &brief);
}

int agr_converse_begin_as(agr_task *task, const char *provider, const char *model,
	const char *prompt, int lane)
{
	const agr_message *m = &task->message;
	agr_brief brief = { .prompt = prompt, .prompt_len = strlen(prompt),
		.context = m->context, .workflow_tag = m->workflow_tag,
		.workflow_owner = m->workflow_owner, .node_id = m->node_id, .lane = lane };

	agr_get(m->context, "data", &brief.data);
	if (!provider)
		provider = agr_llm_choose(agr_engine_ctx(task->engine),
			agr_engine_planner(task->engine));
	return begin(task, provider, model, &brief);
}

static agr_who who_of(const agr_task *task)
{
	return (agr_who){ task->message.workflow_owner, task->message.workflow_tag };
}

static void settle(agr_task *task, const agr_usage *usage)
{
	const agr_who who = who_of(task);

	agr_limits_settle(agr_engine_ctx(task->engine)->limits, &task->converse->reserved, &who,
		usage);
}

void agr_converse_drop(agr_task *task)
{
	agr_converse *c = task->converse;

	if (!c)
		return;
	settle(task, NULL);
	task->converse = NULL;
	agr_turn_free(c->turn);
	agr_talk_clear(&c->talk);
	agentrun_error_free(c->fault);
	agr_buf_free(&c->raw);
	free(c->provider);
	free(c->model);
	free(c);
}

/* The most that the turn may cost, before it is begun. */
static int reserve(agr_task *task)
{
	const agr_who who = who_of(task);
	agr_limits *limits = agr_engine_ctx(task->engine)->limits;
	agr_converse *c = task->converse;

	if (!limits)
		return 0;
	return agr_limits_reserve(limits, &c->reserved, &who, agr_turn_model(c->turn),
		agr_talk_tokens(&c->talk), agentrun_config_get_int(config_of(task),
			"llm.max_tokens", 4000), agr_clock_wall_ms(), &task->error);
}

/* ---- asking ------------------------------------------------------------------------- */

static int begin_turn(agr_task *task)
{
	agr_converse *c = task->converse;
	agr_buf prefix = AGR_BUF_INIT;
	agr_turn_options how = { .provider = c->provider, .model = c->model,
		.deadline_ms = task->deadline_ms, .may_be_silent = task->succeeded > 0,
		.first_id = agentrun_plan_result_call_count(task->plan) + 1,
		.start_at = c->candidate,
		.one_call = agentrun_config_get_bool(config_of(task), "llm.single_turn", 0) };
	int r;

	agr_buf_printf(&prefix, "call_%.30s", task->message.job_id); /* ids are short: 40 */
	how.id_prefix = prefix.data;
	r = agr_buf_check(&prefix, "id", &task->error);
	if (r == 0)
		r = agr_turn_new(&c->turn, agr_engine_ctx(task->engine), &c->talk, &how,
			&task->error);
	agr_buf_free(&prefix);
	return r < 0 ? r : reserve(task);
}

static int start_request(agr_task *task, agr_turn *turn, int hear)
{
	agr_http *http;
	int r = agr_ctx_http(&http, agr_engine_ctx(task->engine), &task->error);

	if (r < 0)
		return r;
	task->state = hear;
	task->asking = turn;
	r = agr_engine_start_request(task, http, agr_turn_request(turn));
	if (r < 0 && !atomic_load(&task->cancelled))
		r = agr_turn_refused(turn, &task->error);
	return r;
}

int agr_turn_drive(agr_task *task, agr_turn *turn, int hear)
{
	int r = agr_turn_advance(turn, &task->error);

	if (r == AGR_TURN_WANTS_HTTP)
		return start_request(task, turn, hear);
	if (r == AGR_TURN_WANTS_TIME)
		return agr_engine_sleep(task, agr_turn_wake_ms(turn));
	return r;
}

static int take_answer(agr_task *task);

/* What a turn is called in the journal, with those of an agent apart. */
static void name_turn(const agr_task *task, char name[48])
{
	snprintf(name, 48, "turn:%ld:%u", agr_delegate_call(task), task->converse->turns);
}

/* Was it taken in an earlier life? Then its answer is the task's, as if it came in. */
static int recall_turn(agr_task *task)
{
	agr_converse *c = task->converse;
	agentrun_buf answer = AGENTRUN_BUF_INIT;
	char name[48];
	int r;

	name_turn(task, name);
	r = agr_journal_recall_turn(task, name, &answer);
	c->recalled = r == 1;
	if (r == 1)
		r = agr_journal_replay(&task->answer, &c->candidate, &answer, &task->error);
	agentrun_buf_dispose(&answer);
	return r;
}

int agr_converse_ask(agr_task *task)
{
	agr_converse *c = task->converse;
	int r = 0;

	if (!c->turn) {
		agr_engine_note(task, c->turns + 1, NULL);
		r = recall_turn(task);
		if (r == 0)
			r = begin_turn(task);
		if (r == 0 && task->answer)
			r = agr_converse_hear(task);
	}
	if (r == 0)
		r = agr_turn_drive(task, c->turn, AGR_TASK_HEAR);
	return r ? r : take_answer(task);
}

int agr_converse_hear(agr_task *task)
{
	agr_converse *c = task->converse;

	if (task->state == AGR_TASK_HEAR) /* not from the journal */
		c->recalled = false;
	if (task->journal)
		agr_journal_answer(&c->raw, task->answer, agr_turn_candidate(c->turn));
	agr_turn_supply(c->turn, task->answer);
	task->answer = NULL;
	task->state = AGR_TASK_ASK;
	return 0;
}

/* ---- the answer ----------------------------------------------------------------------- */

/* The conversation is over, and there is a result. */
static int end(agr_task *task)
{
	if (!agr_delegate_end(task))
		task->state = AGR_TASK_STORE;
	return 0;
}

/* The model calls no more: what was reached, what it said, or why nothing came of it. */
static int finish(agr_task *task)
{
	agr_converse *c = task->converse;
	const char *text = agentrun_plan_result_message(task->plan);
	agr_buf json = AGR_BUF_INIT;
	agentrun_error *fault = c->fault;
	int r;

	if (task->succeeded)
		return end(task);
	if (fault) {
		c->fault = NULL;
		return agr_error_pass(&task->error, fault);
	}
	agr_buf_json_str(&json, text, strlen(text));
	task->text_only = true;
	agr_spilled_free(task->spilled);
	task->spilled = NULL;
	r = agr_buf_give(&json, &task->data, "text", &task->error);
	return r < 0 ? r : end(task);
}

static int take_answer(agr_task *task)
{
	agr_converse *c = task->converse;
	agr_answer *answer = agr_turn_answer(c->turn);
	size_t n = answer->n_calls;
	char name[48];
	int r;

	name_turn(task, name);
	c->first_call = agentrun_plan_result_call_count(task->plan);
	c->turns++;
	c->candidate = agr_turn_candidate(c->turn);
	settle(task, c->recalled ? NULL : &answer->usage); /* it was paid for then */
	r = agr_buf_check(&c->raw, "answer", &task->error);
	if (r == 0)
		r = agr_journal_hear(task, name, c->raw.data, c->raw.len);
	if (r == 0)
		r = agr_plan_result_add(task->plan, answer, agr_turn_model(c->turn), &task->error);
	if (r == 0)
		r = agr_talk_take_answer(&c->talk, answer, agr_turn_codec(c->turn), &task->error);
	c->said = c->talk.n_said - 1;
	agr_turn_free(c->turn);
	c->turn = NULL;
	if (r < 0)
		return r;
	task->call = c->first_call;
	if (!n)
		return finish(task);
	task->state = AGR_TASK_CALL;
	return 0;
}

int agr_converse_next(agr_task *task)
{
	const agentrun_config *config = config_of(task);
	agr_converse *c = task->converse;
	size_t calls = agentrun_plan_result_call_count(task->plan) - c->first_call;
	int r;

	if (calls == 1 && !c->fault && task->succeeded &&
		agentrun_config_get_bool(config, "llm.single_turn", 0))
		return end(task);
	if (c->turns < agentrun_config_get_int(config, "llm.max_turns", 8)) {
		task->state = AGR_TASK_ASK;
		return 0;
	}
	if (!task->succeeded && !c->fault)
		return agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the model did not come to a result within llm.max_turns (%u)", c->turns);
	if (!task->succeeded)
		return finish(task);
	r = agr_plan_result_say(task->plan, *agentrun_plan_result_message(task->plan) ? NULL :
		"ended at llm.max_turns with what was reached", "max_turns", &task->error);
	return r < 0 ? r : end(task);
}

/* ---- calls ------------------------------------------------------------------------------ */

static const agr_call *current_call(const agr_task *task)
{
	const agr_converse *c = task->converse;

	return &c->talk.said[c->said].calls[task->call - c->first_call];
}

int agr_converse_check_call(agr_task *task, const char *name, const char *arguments)
{
	const agr_tool *tool = agr_talk_tool(&task->converse->talk, name);
	agr_llm *llm;
	int r = agr_ctx_llm(&llm, agr_engine_ctx(task->engine), &task->error);

	if (r < 0)
		return r;
	if (!tool) /* one that it remembers, or that was to be found first */
		tool = agr_llm_tool(llm, name);
	if (!tool)
		return agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the tool \"%.100s\" is not offered", name);
	return agr_tool_check(tool, arguments, strlen(arguments), &task->error);
}

static int tell(agr_task *task, agr_buf *content, bool is_error, agentrun_error **err)
{
	int r = agr_buf_check(content, "result", err);

	if (r == 0)
		r = agr_talk_add_result(&task->converse->talk, current_call(task), content->data,
			content->len, is_error, err);
	agr_buf_free(content);
	return r;
}

static void tell_patch(agr_buf *out, const agr_task *task)
{
	size_t len;
	const char *text = agentrun_patch_result_preview(task->patch, &len);

	agr_buf_printf(out, "{\"ok\":true,\"op_count\":%zu,\"changes\":",
		agentrun_patch_result_operation_count(task->patch));
	agr_buf_json_str(out, text ? text : "", len < SMALL_BYTES ? len : SMALL_BYTES);
	text = agentrun_patch_result_document(task->patch, &len);
	if (len <= SMALL_BYTES * 2) {
		agr_buf_str(out, ",\"workflow\":");
		agr_buf_add(out, text, len);
	}
	agr_buf_str(out, ",\"note\":\"Further patches build on the changed workflow.\"}");
}

/* A preview, and a ref to all of it that a later call may begin from. */
static int tell_data(agr_buf *out, agr_task *task)
{
	agr_span data = { task->data.data, task->data.len };
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	int r;

	if (task->spilled) {
		agr_buf_str(out, "{\"ok\":true,\"ref\":");
		agr_buf_json_str(out, agr_spilled_ref(task->spilled),
			strlen(agr_spilled_ref(task->spilled)));
		agr_buf_str(out, ",\"preview\":");
		agr_spilled_preview(out, task->spilled, true);
		agr_buf_char(out, '}');
		return 0;
	}
	r = agentrun_store_put_blob(&ref, agr_engine_store(task->engine), data.p, data.n,
		&task->error);
	if (r < 0)
		return r;
	agr_buf_str(out, "{\"ok\":true,\"ref\":");
	agr_buf_json_str(out, ref.data, ref.len);
	agentrun_buf_dispose(&ref);
	if (data.n <= SMALL_BYTES) {
		agr_buf_str(out, ",\"data\":");
		agr_buf_add(out, data.p, data.n);
	} else {
		agr_buf_str(out, ",\"preview\":");
		agr_sample_preview(out, data);
	}
	agr_buf_char(out, '}');
	return 0;
}

static bool ends_here(const agr_task *task)
{
	const agr_converse *c = task->converse;

	return agentrun_plan_result_call_count(task->plan) - c->first_call == 1 &&
		agentrun_config_get_bool(config_of(task), "llm.single_turn", 0);
}

int agr_converse_result(agr_task *task)
{
	agr_converse *c = task->converse;
	agr_buf content = AGR_BUF_INIT;
	int r = 0;

	agentrun_error_free(c->fault);
	c->fault = NULL;
	if (ends_here(task)) /* nobody will read it */
		return 0;
	if (task->aside.data)
		agr_buf_add(&content, task->aside.data, task->aside.len);
	else if (task->patch)
		tell_patch(&content, task);
	else
		r = tell_data(&content, task);
	agentrun_buf_dispose(&task->aside);
	if (r < 0) {
		agr_buf_free(&content);
		return r;
	}
	return tell(task, &content, false, &task->error);
}

/* ---- faults -------------------------------------------------------------------------------- */

static bool is_fatal(const agr_task *task)
{
	if (agr_meter_is_over(&task->meter))
		return true;
	switch (agentrun_error_code(task->error)) {
	case AGENTRUN_ENOMEM:
	case AGENTRUN_EINTERNAL:
	case AGENTRUN_ESTORAGE:
	case AGENTRUN_EBACKEND:
	case AGENTRUN_ECANCELLED:
		return true;
	case AGENTRUN_EORCHESTRATOR: /* what may pass is not for the model to mend */
		if (agentrun_error_is_retryable(task->error))
			return true;
		/* fallthrough */
	default: /* the job's own deadline, not a step's */
		return task->deadline_ms != AGR_DEADLINE_NONE &&
			agr_clock_mono_ms() >= task->deadline_ms;
	}
}

/* Did the model break a tool's rules? A pipeline that did not compile has no run. */
static bool is_breach(const agr_task *task)
{
	int code = agentrun_error_code(task->error);

	return code == AGENTRUN_EPLAN || (code == AGENTRUN_EINPUT && !task->run);
}

/* Count the answer, not its calls: it can mend none before it was told of all. Is there
 * no chance left? */
static bool is_beyond_repair(agr_task *task)
{
	agr_converse *c = task->converse;

	if (c->broken_turn == c->turns)
		return false;
	c->broken_turn = c->turns;
	return c->repairs++ >=
		agentrun_config_get_int(config_of(task), "llm.max_repairs", 2);
}

static int tell_fault(agr_task *task, agentrun_error **err)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;
	agr_buf content = AGR_BUF_INIT;

	if (agentrun_error_json(&json, task->error) < 0)
		return agr_error_oom(err);
	if (json.len > MAX_ERROR_BYTES) {
		agr_buf_str(&content, "{\"ok\":false,\"error\":");
		agr_buf_json_str(&content, json.data, MAX_ERROR_BYTES);
	} else {
		agr_buf_str(&content, "{\"ok\":false,\"error\":");
		agr_buf_add(&content, json.data, json.len);
	}
	agr_buf_char(&content, '}');
	agentrun_buf_dispose(&json);
	return tell(task, &content, true, err);
}

/* What an agent failed with is what the call of it failed with. */
static bool survives_within(agr_task *task);

bool agr_converse_survives(agr_task *task)
{
	if (survives_within(task))
		return true;
	return !is_fatal(task) && agr_delegate_fail(task) && survives_within(task);
}

static bool survives_within(agr_task *task)
{
	agr_converse *c = task->converse;
	bool calling = task->state == AGR_TASK_CALL || task->state == AGR_TASK_RUN ||
		task->state == AGR_TASK_ANSWER || task->state == AGR_TASK_OWN || task->landing;

	if (!c || !calling || !task->plan || is_fatal(task) ||
		task->call >= agentrun_plan_result_call_count(task->plan))
		return false;
	agr_error_tool(&task->error, agentrun_plan_result_call_name(task->plan, task->call));
	if (is_breach(task) && is_beyond_repair(task)) {
		agr_error_recode(&task->error, AGENTRUN_EPLAN);
		agr_error_prefix(&task->error, "the model broke the rules of its tools in %u "
			"answer%s (llm.max_repairs), at last", c->repairs,
			c->repairs == 1 ? "" : "s");
		return false;
	}
	if (tell_fault(task, NULL) < 0)
		return false;
	agr_call_end(task);
	agentrun_error_free(c->fault);
	c->fault = task->error;
	task->error = NULL;
	task->call++;
	task->state = AGR_TASK_CALL;
	return true;
}

/* What the tools gave is there, and what they changed is changed: that the model cannot be
 * asked for its closing words, or whether it wants more, does not undo it. But what may
 * pass is asked again, where a queue does so and knows what was done. */
bool agr_converse_closes(agr_task *task)
{
	agr_converse *c = task->converse;
	agr_buf why = AGR_BUF_INIT;
	bool asking = task->state == AGR_TASK_ASK || task->state == AGR_TASK_HEAR;
	int r;

	if (!c || !asking || !task->plan || !task->succeeded || is_fatal(task) ||
		(task->journal && agentrun_error_is_retryable(task->error)))
		return false;
	agr_buf_printf(&why, "ended with what was reached: the model could not be asked further "
		"(%s)", agentrun_error_message(task->error));
	r = agr_buf_check(&why, "message", NULL);
	if (r == 0)
		r = agr_plan_result_say(task->plan, why.data, "error", NULL);
	agr_buf_free(&why);
	if (r < 0)
		return false;
	agr_log_job(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "llm",
		task->message.job_id, task->message.run_id, "%s",
		agentrun_plan_result_message(task->plan));
	settle(task, NULL);
	agr_turn_free(c->turn);
	c->turn = NULL;
	agentrun_error_free(task->error);
	task->error = NULL;
	end(task);
	return true;
}
