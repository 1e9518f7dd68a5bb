/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "net/http.h"
#include "plan/plan.h"

enum state {
	STATE_READ,
	STATE_RECALL,
	STATE_CLASSIFY,
	STATE_PLAN,
	STATE_CALL,   /* begin the next tool call of the plan */
	STATE_RUN,    /* a pipeline goes on */
	STATE_ANSWER, /* an answer from the network came in */
	STATE_STORE,
	STATE_DONE
};

static const agentrun_config *config_of(const agr_task *task)
{
	return agr_engine_ctx(task->engine)->config;
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

	agr_engine_name(task);
	if (task->message.timeout_ms)
		task->deadline_ms = agr_deadline_in(task->message.timeout_ms);
	task->state = task->opts.flags & AGENTRUN_SUBMIT_REDELIVERED ? STATE_RECALL
								    : STATE_CLASSIFY;
	return r;
}

static int recall(agr_task *task)
{
	int r = agr_recall(task, &task->error);

	task->state = r == 1 ? STATE_DONE : STATE_CLASSIFY;
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
	task->state = STATE_PLAN;
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

static int plan(agr_task *task)
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
	task->state = STATE_CALL;
	r = agentrun_plan(&task->plan, agr_engine_ctx(task->engine), m->prompt,
		m->prompt_len, &opts, &task->error);
	if (r == 0 && agentrun_plan_result_call_count(task->plan) == 0) {
		const char *why = agentrun_plan_result_message(task->plan);

		r = agentrun_error_raise(&task->error, AGENTRUN_EPLAN, "%s",
			*why ? why : "the planner called no tool and did not say why");
	}
	return r;
}

/* ---- the execute lane --------------------------------------------------- */

static int begin_pipeline(agr_task *task, const char *arguments)
{
	const agr_message *m = &task->message;
	agr_pipeline_limits limits = agr_ctx_pipeline_limits(agr_engine_ctx(task->engine));
	agr_run_options opts = { .context = m->context.p, .context_len = m->context.n,
		.limits = limits, .deadline_ms = task->deadline_ms,
		.cancelled = &task->cancelled };
	int r;

	r = agr_pipeline_compile(&task->pipeline, arguments, strlen(arguments), &limits,
		&task->error);
	if (r == 0)
		r = agr_run_new(&task->run, task->pipeline, &opts, &task->error);
	task->state = STATE_RUN;
	return r;
}

static void end_pipeline(agr_task *task)
{
	agr_run_free(task->run);
	task->run = NULL;
	agr_pipeline_free(task->pipeline);
	task->pipeline = NULL;
}

/* On the HTTP client's thread. */
static void answer_came(void *user, agentrun_http_event *take_event)
{
	agr_task *task = user;

	task->answer = take_event;
	agr_engine_resume(task);
}

/* Returns 1 when the request is under way: the task is no longer ours. */
static int begin_request(agr_task *task)
{
	agr_http *http;
	int r = agr_ctx_http(&http, agr_engine_ctx(task->engine), &task->error);

	if (r == 0)
		r = agr_fetch_prepare(&task->fetch, agr_engine_ctx(task->engine),
			agr_run_request(task->run), task->deadline_ms, &task->error);
	if (r < 0)
		return r;
	task->state = STATE_ANSWER;
	return agr_engine_start_request(task, http, &task->fetch.request, answer_came);
}

static int supply_answer(agr_task *task)
{
	agentrun_http_event *answer = task->answer;
	const char *body;
	size_t len;
	int r;

	agr_fetch_clear(&task->fetch);
	task->answer = NULL;
	task->error = agr_http_event_take_error(answer);
	if (task->error) {
		r = agentrun_error_code(task->error);
		agr_run_blame(task->run, &task->error);
	} else {
		body = agentrun_http_event_body(answer, &len);
		r = agr_run_supply_response(task->run, agentrun_http_event_status(answer),
			body, len, &task->error);
	}
	agentrun_http_event_free(answer);
	task->state = STATE_RUN;
	return r;
}

static int supply_ref(agr_task *task)
{
	agentrun_buf data = AGENTRUN_BUF_INIT;
	int r = agentrun_store_get(&data, agr_engine_store(task->engine),
		agr_run_ref(task->run), &task->error);

	if (r == AGENTRUN_EINVAL) /* the ref is the job's or the plan's, not ours */
		r = agr_error_recode(&task->error, AGENTRUN_EINPUT);
	if (r == 0)
		r = agr_run_supply_ref(task->run, data.data, data.len, &task->error);
	else
		agr_run_blame(task->run, &task->error);
	agentrun_buf_dispose(&data);
	return r;
}

static void call_succeeded(agr_task *task)
{
	task->succeeded++;
	task->call++;
	task->state = STATE_CALL;
}

static int run_pipeline(agr_task *task)
{
	int r = agr_run_advance(task->run, &task->error);

	if (r == AGR_RUN_WANTS_HTTP)
		return begin_request(task);
	if (r == AGR_RUN_WANTS_REF)
		return supply_ref(task);
	if (r < 0)
		return r;
	agentrun_patch_result_free(task->patch);
	task->patch = NULL;
	r = agr_run_take_output(task->run, &task->data, AGENTRUN_FORMAT_JSON, &task->error);
	end_pipeline(task);
	if (r == 0)
		call_succeeded(task);
	return r;
}

/* ---- the patch lane ----------------------------------------------------- */

static int run_patch(agr_task *task, const char *arguments)
{
	agr_text text = { .name = AGR_TOOL_PATCH, .p = arguments, .n = strlen(arguments),
		.code = AGENTRUN_EPATCH };
	agentrun_patch_options opts;
	agentrun_patch_result *patch;
	agr_span root, spec;
	const char *document;
	size_t len;
	int r = agr_scan_document(&root, &text, &task->error);

	if (r < 0)
		return r;
	if (agr_span_type(root) != AGR_TYPE_OBJECT ||
		!agr_object_get(root, "patch_spec", 10, &spec))
		return agentrun_error_raise(&task->error, AGENTRUN_EPATCH,
			"the arguments have no patch_spec");
	if (!task->message.workflow.p)
		return agentrun_error_raise(&task->error, AGENTRUN_EPATCH,
			"the job has no current_workflow to change");
	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.want_preview = 1;
	opts.want_inverse = 1;
	r = agentrun_apply_patch(&patch, agr_engine_ctx(task->engine),
		task->message.workflow.p, task->message.workflow.n, spec.p, spec.n, &opts,
		&task->error);
	if (r < 0)
		return r;
	agentrun_patch_result_free(task->patch);
	task->patch = patch;
	document = agentrun_patch_result_document(patch, &len);
	if (agentrun_buf_set(&task->data, document, len) < 0)
		return agr_error_oom(&task->error);
	/* A later patch of the same plan builds on this one. */
	task->message.workflow = (agr_span){ document, len };
	call_succeeded(task);
	return 0;
}

static int begin_call(agr_task *task)
{
	const char *name, *arguments;

	if (task->call >= agentrun_plan_result_call_count(task->plan)) {
		task->state = STATE_STORE;
		return 0;
	}
	name = agentrun_plan_result_call_name(task->plan, task->call);
	arguments = agentrun_plan_result_call_arguments(task->plan, task->call, NULL);
	if (strcmp(name, AGR_TOOL_EXECUTE) != 0 && strcmp(name, AGR_TOOL_PATCH) != 0)
		return agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
			"the planner called an unknown tool, \"%.100s\"", name);
	if (!tool_allowed(task, name))
		return agentrun_error_raise(&task->error, AGENTRUN_EPOLICY,
			"%s is refused: the prompt is of the lane \"%s\"", name,
			agentrun_lane_name(agentrun_intent_lane(task->intent)));
	return strcmp(name, AGR_TOOL_EXECUTE) == 0 ? begin_pipeline(task, arguments)
						   : run_patch(task, arguments);
}

/* ---- the result --------------------------------------------------------- */

static void set(agentrun_record *record, int *r, int field, const char *text)
{
	if (*r == 0 && text)
		*r = agentrun_record_set(record, field, text, strlen(text));
}

static int fill_record(const agr_task *task, agentrun_record *record)
{
	agr_buf calls = AGR_BUF_INIT, number = AGR_BUF_INIT;
	char now[AGR_TIME_SIZE];
	int r = 0;

	agr_clock_iso8601(now, agr_clock_wall_ms());
	agr_buf_printf(&number, "%lld", (long long)(agr_clock_mono_ms() - task->started_ms));
	if (task->plan)
		agr_plan_write_calls(&calls, task->plan);
	if (calls.failed || number.failed)
		r = AGENTRUN_ENOMEM;
	set(record, &r, AGENTRUN_RECORD_JOB_ID, task->message.job_id);
	set(record, &r, AGENTRUN_RECORD_RUN_ID, task->message.run_id);
	set(record, &r, AGENTRUN_RECORD_NODE_ID, task->message.node_id);
	set(record, &r, AGENTRUN_RECORD_STATUS, task->error ? "failed" : "completed");
	set(record, &r, AGENTRUN_RECORD_TOOL_CALLS, calls.data);
	set(record, &r, AGENTRUN_RECORD_EXECUTION_TIME_MS, number.data);
	set(record, &r, AGENTRUN_RECORD_CACHE_HIT, "false");
	set(record, &r, AGENTRUN_RECORD_COMPLETED_AT, now);
	if (r == 0 && !task->error)
		r = agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, task->data.data,
			task->data.len);
	if (task->plan) {
		set(record, &r, AGENTRUN_RECORD_LLM_MODEL,
			agentrun_plan_result_model(task->plan));
		agr_buf_reset(&number);
		agr_buf_printf(&number, "%lld",
			(long long)agentrun_plan_result_tokens_used(task->plan));
		set(record, &r, AGENTRUN_RECORD_TOKENS_USED, number.data);
	}
	agr_buf_free(&calls);
	agr_buf_free(&number);
	return r;
}

static int put_record(agr_task *task, agentrun_buf *ref, agentrun_error **err)
{
	agentrun_buf error = AGENTRUN_BUF_INIT;
	agentrun_record *record;
	int r = agentrun_record_new(&record, err);

	if (r < 0)
		return r;
	r = fill_record(task, record);
	if (r == 0 && task->error)
		r = agentrun_error_json(&error, task->error);
	if (r == 0 && error.data)
		r = agentrun_record_set(record, AGENTRUN_RECORD_ERROR, error.data, error.len);
	if (r < 0)
		agr_error_oom(err);
	else
		r = agentrun_store_put(ref, agr_engine_store(task->engine), record, err);
	agentrun_record_free(record);
	agentrun_buf_dispose(&error);
	return r;
}

static int store(agr_task *task)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	int r = put_record(task, &ref, &task->error);

	task->ref = ref.data; /* ours to free() from now on */
	task->state = STATE_DONE;
	return r;
}

/* Keep the failure too, where the job could be read and the store is not what
 * failed. */
static void store_failure(agr_task *task)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	if (!task->message.job_id || task->state == STATE_DONE)
		return;
	if (put_record(task, &ref, &err) < 0)
		agr_log(agr_engine_ctx(task->engine), AGENTRUN_LOG_WARN, "store",
			"the failure of job %s was not kept: %s", task->message.job_id,
			agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_buf_dispose(&ref);
}

/* ---- turns -------------------------------------------------------------- */

/* 0: go on, 1: waits, < 0: the job failed. */
static int turn(agr_task *task)
{
	/* Also a cancelled job is read: its result names it. */
	if (task->state != STATE_READ && task->state != STATE_ANSWER &&
		task->state != STATE_STORE) {
		int r = check_time(task, &task->error);

		if (r < 0)
			return r;
	}
	switch (task->state) {
	case STATE_READ:
		return read_message(task);
	case STATE_RECALL:
		return recall(task);
	case STATE_CLASSIFY:
		return classify(task);
	case STATE_PLAN:
		return plan(task);
	case STATE_CALL:
		return begin_call(task);
	case STATE_RUN:
		return run_pipeline(task);
	case STATE_ANSWER:
		return supply_answer(task);
	default:
		return store(task);
	}
}

bool agr_task_advance(agr_task *task)
{
	while (task->state != STATE_DONE) {
		int r = turn(task);

		if (r > 0)
			return false;
		if (r == 0)
			continue;
		if (task->plan && task->call < agentrun_plan_result_call_count(task->plan))
			agr_error_tool(&task->error,
				agentrun_plan_result_call_name(task->plan, task->call));
		end_pipeline(task);
		store_failure(task);
		task->state = STATE_DONE;
	}
	return true;
}

void agr_task_free(agr_task *task)
{
	if (!task)
		return;
	end_pipeline(task);
	agr_fetch_clear(&task->fetch);
	agentrun_http_event_free(task->answer);
	agentrun_patch_result_free(task->patch);
	agentrun_plan_result_free(task->plan);
	agentrun_intent_free(task->intent);
	agentrun_error_free(task->error);
	agentrun_record_free(task->record);
	agentrun_buf_dispose(&task->data);
	agr_message_clear(&task->message);
	agentrun_result_free(task->reserve);
	agentrun_result_free(task->result);
	free(task->ref);
	free(task->text);
	free(task);
}
