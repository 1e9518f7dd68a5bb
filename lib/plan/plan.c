/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/plan.h"

#include <string.h>

#include <agentrun/intent.h>

#include "ctx/ctx.h"
#include "llm/plan.h"
#include "llm/profile.h"
#include "patch/apply.h"
#include "patch/ir.h"
#include "plan/builtin.h"

#define MAX_PROMPT_BYTES ((size_t)1024 * 1024)

void agentrun_plan_options_init(agentrun_plan_options *opts, size_t struct_size)
{
	const agentrun_plan_options defaults = { .lane = AGENTRUN_LANE_UNCLEAR };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

static bool member(agr_span object, const char *key, agr_type type, agr_span *out)
{
	return agr_span_type(object) == AGR_TYPE_OBJECT &&
		agr_object_get(object, key, strlen(key), out) && agr_span_type(*out) == type;
}

/* The rows a pipeline would start from, as far as a context shows them: its
 * `data`, else the sample in the last previous result's preview. */
static void rows_of_context(agr_span context, agr_plan_request *request)
{
	agr_span value, last = { NULL, 0 }, preview;
	agr_iter it;

	if (member(context, "data", AGR_TYPE_ARRAY, &value)) {
		request->input = value.p;
		request->input_len = value.n;
		return;
	}
	if (!member(context, "previous_results", AGR_TYPE_ARRAY, &value))
		return;
	it = agr_iter_of(value);
	while (agr_array_next(&it, &last))
		;
	if (last.p && member(last, "preview", AGR_TYPE_OBJECT, &preview) &&
		member(preview, "sample", AGR_TYPE_ARRAY, &value)) {
		request->input = value.p;
		request->input_len = value.n;
	}
}

static int read_context(const agentrun_plan_options *opts, agr_plan_request *request,
	agr_buf *session, agentrun_error **err)
{
	agr_text text = { .name = "context", .p = opts->context, .n = opts->context_len };
	agr_span context, id;
	int r;

	if (!opts->context)
		return 0;
	r = agr_scan_document(&context, &text, err);
	if (r < 0)
		return r;
	if (agr_span_type(context) != AGR_TYPE_OBJECT)
		return agentrun_error_raise(err, AGENTRUN_EINPUT, "the context is no object");
	if (!request->input)
		rows_of_context(context, request);
	if (member(context, "session_id", AGR_TYPE_STRING, &id)) {
		agr_string_decode(session, id);
		agr_buf_add(session, "", 0);
		request->session_id = session->data;
	}
	return agr_buf_check(session, "session_id", err);
}

static int plan_builtin(agentrun_plan_result **out, const char *text, size_t len,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	int64_t started = agr_clock_mono_ms();
	agr_plan_request request = { .prompt = text, .prompt_len = len, .lane = opts->lane,
		.input = opts->input, .input_len = opts->input_len,
		.workflow_tag = opts->workflow_tag, .workflow_owner = opts->workflow_owner,
		.node_id = opts->node_id };
	agr_plan_answer answer = { NULL, NULL };
	agr_buf session = AGR_BUF_INIT;
	json_t *workflow = NULL;
	int r = 0;

	if (opts->workflow)
		r = agr_json_parse_loosely(&workflow, "workflow", opts->workflow,
			opts->workflow_len, AGENTRUN_EPATCH, err);
	request.workflow = workflow;
	if (r == 0)
		r = read_context(opts, &request, &session, err);
	if (r == 0)
		r = agr_builtin_plan(&answer, &request, err);
	if (r == 0)
		r = agr_plan_result_make(out, agr_json_str(answer.call, "name", NULL),
			json_object_get(answer.call, "arguments"), answer.message,
			agr_clock_mono_ms() - started, err);
	agr_plan_answer_clear(&answer);
	agr_buf_free(&session);
	json_decref(workflow);
	return r;
}

static int plan_registered(agentrun_plan_result **out, const agr_planner *planner,
	const char *text, size_t len, const agentrun_plan_options *opts,
	agentrun_error **err)
{
	int64_t started = agr_clock_mono_ms();
	agentrun_buf answer = AGENTRUN_BUF_INIT;
	int r = planner->impl.plan(planner->self, &answer, text, len, opts, err);

	if (r == 0)
		r = agr_plan_result_read(out, planner->impl.name,
			answer.data ? answer.data : "", answer.len,
			agr_clock_mono_ms() - started, err);
	agentrun_buf_dispose(&answer);
	return r;
}

/* A workflow whose nodes are keyed by id is planned for in the form that patches are of.
 * What is no JSON is left to who reads it. */
static int read_form(agentrun_plan_options *opts, agr_buf *room, agentrun_error **err)
{
	agr_text text = { .p = opts->workflow, .n = opts->workflow_len };
	agr_span workflow;
	int r;

	if (!opts->workflow || agr_scan_document(&workflow, &text, NULL) < 0)
		return 0;
	r = agr_ir_read(&workflow, room, err);
	if (r > 0) {
		opts->workflow = workflow.p;
		opts->workflow_len = workflow.n;
	}
	return r < 0 ? r : 0;
}

static int plan_with(agentrun_plan_result **out, agentrun_ctx *ctx, const char *text,
	size_t len, const agentrun_plan_options *opts, agentrun_error **err)
{
	const char *name = agr_llm_choose(ctx, opts->planner);
	const agr_planner *planner;

	if (strcmp(name, "builtin") == 0)
		return plan_builtin(out, text, len, opts, err);
	planner = agr_ctx_planner(ctx, name);
	if (!planner && agr_llm_has(ctx, name))
		return agr_llm_plan(out, ctx, name, text, len, opts, err);
	if (!planner)
		return agentrun_error_raise(err,
			!opts->planner || strcmp(opts->planner, "auto") == 0 ? AGENTRUN_ECONFIG
									     : AGENTRUN_EINVAL,
			"there is no planner named \"%s\": \"builtin\" is always there", name);
	return plan_registered(out, planner, text, len, opts, err);
}

int agentrun_plan(agentrun_plan_result **out, agentrun_ctx *ctx, const char *text,
	size_t len, const agentrun_plan_options *opts_in, agentrun_error **err)
{
	agr_buf room = AGR_BUF_MAX(agr_patch_max_bytes(ctx));
	agentrun_plan_options opts;
	int r;

	*out = NULL;
	agentrun_plan_options_init(&opts, sizeof(opts));
	r = agr_ctx_check(ctx, err);
	if (r == 0)
		r = agentrun_options_read(&opts, sizeof(opts), opts_in, "agentrun_plan_options", err);
	if (r == 0)
		r = agr_options_reserved(opts.reserved, "agentrun_plan_options", err);
	if (r == 0 && (opts.lane < AGENTRUN_LANE_UNCLEAR || opts.lane > AGENTRUN_LANE_PATCH))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_plan_options.lane is none: %d", opts.lane);
	if (r < 0)
		return r;
	if (len > MAX_PROMPT_BYTES)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the prompt is longer than the limit of %zu bytes", MAX_PROMPT_BYTES);
	if (agr_utf8_invalid(text, len) < len)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the prompt is not valid UTF-8 (byte %zu)", agr_utf8_invalid(text, len) + 1);
	r = read_form(&opts, &room, err);
	if (r == 0)
		r = plan_with(out, ctx, text, len, &opts, err);
	agr_buf_free(&room);
	return r;
}
