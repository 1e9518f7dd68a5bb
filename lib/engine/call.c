/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "net/http.h"
#include "llm/llm.h"
#include "llm/tools.h"
#include "patch/apply.h"
#include "plan/plan.h"
#include "tool/openapi.h"
#include "tool/own.h"
#include "tool/search.h"

/* ---- the execute lane --------------------------------------------------- */

static int begin_pipeline(agr_task *task, const char *arguments)
{
	const agr_message *m = &task->message;
	agr_pipeline_limits limits = agr_ctx_pipeline_limits(agr_engine_ctx(task->engine));
	agr_run_options opts = { .context = m->context.p, .context_len = m->context.n,
		.limits = limits, .deadline_ms = task->deadline_ms,
		.cancelled = &task->cancelled, .meter = &task->meter };
	agr_buf filled = AGR_BUF_INIT;
	int r = 0;

	task->state = AGR_TASK_RUN;
	if (agr_nodes_in(arguments, strlen(arguments))) {
		r = agr_nodes_fill(task, arguments, strlen(arguments), &filled);
		arguments = filled.data;
	}
	if (r == 0)
		r = agr_pipeline_compile(&task->pipeline, arguments, strlen(arguments), &limits,
			&task->error);
	agr_buf_free(&filled);
	if (r == 0 && agr_engine_streams(task->engine) && !task->wants_document)
		r = agr_spill_new(&task->spill, agr_engine_store(task->engine), &task->error);
	opts.write = task->spill ? agr_spill_write : NULL;
	opts.write_user = task->spill;
	opts.output_format = AGENTRUN_FORMAT_JSON;
	if (r == 0)
		r = agr_run_new(&task->run, task->pipeline, &opts, &task->error);
	return r;
}

void agr_call_end(agr_task *task)
{
	agr_orchestrate_end(task);
	agr_own_end(task);
	agr_task_rules_drop(task);
	agr_journal_drop(task);
	task->wants_document = false;
	agentrun_patch_result_free(task->pending);
	task->pending = NULL;
	agr_fetch_clear(&task->fetch);
	agr_run_free(task->run);
	task->run = NULL;
	agr_spill_free(task->spill);
	task->spill = NULL;
	agr_pipeline_free(task->pipeline);
	task->pipeline = NULL;
}

/* A request is noted as its status, a line end, and the body. */
static int note_answer(agr_task *task, int status, const char *body, size_t len)
{
	agr_buf note = AGR_BUF_INIT;
	int r;

	/* Those may be another time what they are not now. */
	if (status >= 500 || status == 408 || status == 425 || status == 429) {
		agr_journal_drop(task);
		return 0;
	}
	agr_buf_printf(&note, "%d\n", status);
	agr_buf_add(&note, body, len);
	r = agr_buf_check(&note, "answer", &task->error);
	if (r == 0)
		r = agr_journal_finish(task, note.data, note.len);
	agr_buf_free(&note);
	return r;
}

static int supply_noted(agr_task *task, const agentrun_buf *note)
{
	const char *body = memchr(note->data, '\n', note->len);

	task->state = AGR_TASK_RUN;
	if (!body)
		return agentrun_error_raise(&task->error, AGENTRUN_EINTERNAL,
			"the journal holds an answer that is none");
	body++;
	return agr_run_supply_response(task->run, (int)strtol(note->data, NULL, 10), body,
		note->len - (size_t)(body - note->data), &task->error);
}

/* Was it made in an earlier life? 1: what was answered then is supplied. */
static int recall_request(agr_task *task)
{
	agentrun_buf note = AGENTRUN_BUF_INIT;
	char hex[AGR_SHA256_HEX];
	int r = 0;

	if (task->journal && agr_fetch_name(&task->fetch, hex))
		r = agr_journal_begin(task, "http", hex, &note);
	if (r == 1) {
		agr_fetch_clear(&task->fetch);
		r = supply_noted(task, &note) < 0 ? agentrun_error_code(task->error) : 1;
	}
	agentrun_buf_dispose(&note);
	return r;
}

/* Returns 1 when the request is under way: the task is no longer ours. */
static int begin_request(agr_task *task)
{
	agr_http *http;
	int r = agr_ctx_http(&http, agr_engine_ctx(task->engine), &task->error);

	if (r == 0)
		r = agr_fetch_prepare(&task->fetch, agr_engine_ctx(task->engine),
			agr_run_request(task->run), task->deadline_ms, &task->error);
	if (r == 0)
		r = agr_fetch_key(&task->fetch, task->message.job_id, &task->error);
	if (r == 0)
		r = recall_request(task);
	if (r != 0)
		return r < 0 ? r : 0;
	task->state = AGR_TASK_ANSWER;
	return agr_engine_start_request(task, http, &task->fetch.request);
}

int agr_call_answer(agr_task *task)
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
		agr_journal_drop(task);
		agr_run_blame(task->run, &task->error);
	} else {
		body = agentrun_http_event_body(answer, &len);
		r = note_answer(task, agentrun_http_event_status(answer), body, len);
		if (r == 0)
			r = agr_run_supply_response(task->run, agentrun_http_event_status(answer),
				body, len, &task->error);
	}
	agentrun_http_event_free(answer);
	task->state = AGR_TASK_RUN;
	return r;
}

static int supply_ref(agr_task *task)
{
	agr_response content;
	int r = agr_store_open_ref(&content, agr_engine_store(task->engine),
		agr_run_ref(task->run), &task->error);

	if (r == 0)
		return agr_run_supply_ref(task->run, &content, &task->error);
	agr_run_blame(task->run, &task->error);
	return r;
}

void agr_call_succeeded(agr_task *task)
{
	task->succeeded++;
	task->state = AGR_TASK_CALLED;
}

static int go_on_with(agr_task *task, const agentrun_buf *document);

static int take_output(agr_task *task)
{
	agentrun_buf output = AGENTRUN_BUF_INIT;
	agr_spilled *spilled = NULL;
	bool is_document = task->wants_document;
	int r;

	if (task->spill) {
		r = agr_run_write_output(task->run, &task->error);
		if (r == 0)
			r = agr_spill_finish(task->spill, &output, &spilled, &task->error);
	} else {
		r = agr_run_take_output(task->run, &output, AGENTRUN_FORMAT_JSON, &task->error);
	}
	agr_call_end(task);
	if (r == 0 && is_document) {
		r = go_on_with(task, &output);
		agentrun_buf_dispose(&output);
		return r;
	}
	if (r < 0)
		return r;
	agentrun_patch_result_free(task->patch);
	task->patch = NULL;
	agr_task_set_data(task, &output, spilled);
	agr_call_succeeded(task);
	return 0;
}

int agr_call_run(agr_task *task)
{
	int r = agr_run_advance(task->run, &task->error);

	if (r == AGR_RUN_WANTS_HTTP)
		return begin_request(task);
	if (r == AGR_RUN_WANTS_REF)
		return supply_ref(task);
	if (r < 0)
		return r;
	return take_output(task);
}

/* ---- the patch lane ----------------------------------------------------- */

static int run_patch(agr_task *task, const char *arguments, const agr_rules *rules)
{
	agr_text text = { .name = AGR_TOOL_PATCH, .p = arguments, .n = strlen(arguments),
		.code = AGENTRUN_EPATCH };
	agentrun_patch_options opts;
	agentrun_patch_result *patch;
	agr_span root, spec;
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
	opts.want_hash = 1;
	r = agr_patch_apply(&patch, agr_engine_ctx(task->engine), rules,
		task->message.workflow.p, task->message.workflow.n, spec.p, spec.n, &opts,
		&task->error);
	if (r < 0)
		return r;
	task->pending = patch;
	if (agr_orchestrator_is_set(agr_engine_ctx(task->engine)))
		return agr_orchestrate_land(task, spec);
	return agr_call_patched(task, (agr_span){ NULL, 0 });
}

int agr_call_patch(agr_task *task)
{
	agr_rules *rules;
	int r = agr_task_rules(task, &rules);

	if (r != 0)
		return r;
	task->state = AGR_TASK_CALL; /* what is wrong now is the call's */
	r = run_patch(task,
		agentrun_plan_result_call_arguments(task->plan, task->call, NULL), rules);
	agr_rules_release(rules);
	return r;
}

/* A later patch of the same plan builds on this one, whatever other calls there are
 * between the two. */
int agr_call_patched(agr_task *task, agr_span answer)
{
	agr_span document, inverse;

	document.p = agentrun_patch_result_document(task->pending, &document.n);
	inverse.p = agentrun_patch_result_inverse(task->pending, &inverse.n);
	if (inverse.p && agr_plan_result_undo(task->plan, task->call, inverse.p, inverse.n,
				 &task->error) < 0)
		return AGENTRUN_ENOMEM;
	if (!answer.p)
		answer = document;
	agr_spilled_free(task->spilled);
	task->spilled = NULL;
	if (agentrun_buf_set(&task->data, answer.p, answer.n) < 0 ||
		agentrun_buf_set(&task->workflow, document.p, document.n) < 0)
		return agr_error_oom(&task->error);
	task->message.workflow = (agr_span){ task->workflow.data, task->workflow.len };
	agentrun_patch_result_free(task->patch);
	task->patch = task->pending;
	task->pending = NULL;
	agr_call_succeeded(task);
	return 0;
}

/* ---- search_tools ---------------------------------------------------------- */

/* What is found is offered to the model from now on. */
static int offer(agr_task *task, const agr_llm *llm, agr_span found)
{
	agr_talk *talk = &task->converse->talk;
	agr_span tools, tool;
	agr_buf name = AGR_BUF_INIT;
	agr_iter it;
	int r = 0;

	agr_get(found, "tools", &tools);
	it = agr_iter_of(tools);
	while (r == 0 && agr_array_next(&it, &tool)) {
		const agr_tool *known;

		agr_text_reset(&name);
		agr_get_text(tool, "name", &name);
		known = name.failed ? NULL : agr_llm_tool(llm, name.data);
		if (known && !agr_talk_tool(talk, known->name))
			r = agr_talk_add_tool(talk, known, &task->error);
	}
	agr_buf_free(&name);
	return r;
}

static int call_search(agr_task *task, const char *arguments)
{
	agr_text text = { .name = AGR_TOOL_SEARCH, .p = arguments, .n = strlen(arguments),
		.code = AGENTRUN_EPLAN };
	agr_buf query = AGR_BUF_INIT, found = AGR_BUF_INIT;
	agr_span root;
	agr_llm *llm = NULL;
	int r = agr_scan_document(&root, &text, &task->error);

	if (r == 0)
		r = agr_ctx_llm(&llm, agr_engine_ctx(task->engine), &task->error);
	if (r < 0)
		return r;
	agr_get_text(root, "query", &query);
	agr_tools_search(&found, llm, query.data ? query.data : "",
		(size_t)agr_get_int(root, "limit", 5));
	r = query.failed ? agr_error_oom(&task->error) : agr_buf_check(&found, "tools",
		&task->error);
	if (r == 0 && task->converse)
		r = offer(task, llm, (agr_span){ found.data, found.len });
	if (r == 0)
		r = agr_buf_give(&found, &task->aside, "tools", &task->error);
	agr_buf_free(&query);
	agr_buf_free(&found);
	task->state = AGR_TASK_CALLED; /* it found something, which is no result yet */
	return r;
}

/* ---- openapi_action -------------------------------------------------------- */

static int begin_openapi(agr_task *task, const char *arguments)
{
	agr_text text = { .name = AGR_TOOL_OPENAPI, .p = arguments, .n = strlen(arguments),
		.code = AGENTRUN_EPLAN };
	agr_buf steps = AGR_BUF_INIT;
	agr_span root, url;
	int r = agr_scan_document(&root, &text, &task->error);

	if (r < 0)
		return r;
	if (!agr_get_typed(root, "openapi_url", AGR_TYPE_STRING, &url))
		return agentrun_error_raise(&task->error, AGENTRUN_EPLAN, "openapi_url is missing");
	agr_buf_str(&steps, "[{\"step\":\"http_request\",\"url\":");
	agr_buf_add(&steps, url.p, url.n);
	agr_buf_str(&steps, "}]");
	agentrun_buf_dispose(&task->steps);
	r = agr_buf_give(&steps, &task->steps, "request", &task->error);
	task->wants_document = true;
	return r < 0 ? r : begin_pipeline(task, task->steps.data);
}

/* The document is there: the operation becomes the second pipeline. */
static int go_on_with(agr_task *task, const agentrun_buf *document)
{
	const char *arguments = agentrun_plan_result_call_arguments(task->plan, task->call, NULL);
	agr_text texts[] = { { .name = "arguments", .p = arguments, .n = strlen(arguments) },
		{ .name = "document", .p = document->data, .n = document->len } };
	agr_buf url = AGR_BUF_INIT, steps = AGR_BUF_INIT;
	agr_span root, value;
	int r = agr_scan_document(&root, &texts[0], &task->error);

	if (r == 0)
		r = agr_scan_document(&value, &texts[1], &task->error);
	if (r == 0) {
		agr_get_text(root, "openapi_url", &url);
		r = agr_buf_check(&url, "openapi_url", &task->error);
	}
	if (r == 0)
		r = agr_openapi_pipeline(&steps, value, url.data, root, &task->error);
	agr_buf_free(&url);
	agentrun_buf_dispose(&task->steps);
	if (r < 0)
		agr_buf_free(&steps);
	else
		r = agr_buf_give(&steps, &task->steps, "request", &task->error);
	return r < 0 ? r : begin_pipeline(task, task->steps.data);
}

/* ---- which tool ------------------------------------------------------------ */

int agr_call_begin(agr_task *task, const char *name, const char *arguments)
{
	const agr_own_tool *own;

	if (strcmp(name, AGR_TOOL_EXECUTE) == 0)
		return begin_pipeline(task, arguments);
	if (strcmp(name, AGR_TOOL_PATCH) == 0) {
		task->state = AGR_TASK_PATCH;
		return 0;
	}
	if (strcmp(name, AGR_TOOL_SEARCH) == 0)
		return call_search(task, arguments);
	if (strcmp(name, AGR_TOOL_OPENAPI) == 0)
		return begin_openapi(task, arguments);
	if (strcmp(name, AGR_TOOL_DELEGATE) == 0)
		return agr_delegate_begin(task, arguments);
	own = agr_own_tool_find(agr_engine_ctx(task->engine)->tools, name);
	if (own)
		return agr_own_begin(task, own, arguments);
	return agentrun_error_raise(&task->error, AGENTRUN_EPLAN,
		"the tool \"%.100s\" is not offered", name);
}
