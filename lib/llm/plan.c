/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/plan.h"

#include <string.h>

#include <agentrun/intent.h>
#include <agentrun/pipeline.h>

#include "limit/limit.h"
#include "llm/brief.h"
#include "llm/turn.h"

struct asked {
	agr_brief brief;
	agentrun_buf rows;
	agentrun_intent *intent;
	agr_talk talk;
};

static int read_value(agr_span *out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err)
{
	agr_text document = { .name = name, .p = text, .n = len, .code = code };

	return text ? agr_scan_document(out, &document, err) : 0;
}

/* The rows as JSON, whatever they came as. */
static int read_rows(struct asked *asked, agentrun_ctx *ctx,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	int r = 0;

	if (opts->input)
		r = agentrun_rows_read(&asked->rows, ctx, opts->input, opts->input_len,
			AGENTRUN_FORMAT_AUTO, "input", err);
	if (r == 0 && asked->rows.data)
		asked->brief.data = (agr_span){ asked->rows.data, asked->rows.len };
	else if (r == 0)
		agr_get(asked->brief.context, "data", &asked->brief.data);
	return r;
}

/* The intent closes the other lane, unless the caller did. */
static int find_lane(struct asked *asked, agentrun_ctx *ctx,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	agentrun_classify_options classify;
	int r;

	asked->brief.lane = opts->lane;
	if (opts->lane != AGENTRUN_LANE_UNCLEAR)
		return 0;
	agentrun_classify_options_init(&classify, sizeof(classify));
	classify.mode = AGENTRUN_CLASSIFY_BUILTIN; /* one model turn is all there is */
	classify.workflow = opts->workflow;
	classify.workflow_len = opts->workflow_len;
	classify.input = asked->brief.data.p;
	classify.input_len = asked->brief.data.n;
	r = agentrun_classify(&asked->intent, ctx, asked->brief.prompt,
		asked->brief.prompt_len, &classify, err);
	if (r == 0 && agentrun_intent_allowed_tool_count(asked->intent) == 1)
		asked->brief.lane = agentrun_intent_lane(asked->intent);
	asked->brief.intent = asked->intent;
	return r;
}

/* What a patch will have to keep, where it must be fetched. Where it cannot be, the model
 * is asked all the same. */
static void fetch_rules(const agentrun_ctx *ctx, int lane)
{
	agentrun_error *why = NULL;
	agr_rules *rules = NULL;

	if (lane != AGENTRUN_LANE_EXECUTE && agr_rules_get(&rules, ctx, &why) < 0)
		agr_log(ctx, AGENTRUN_LOG_WARN, "schema", "the model is not told %s",
			agentrun_error_message(why));
	agentrun_error_free(why);
	agr_rules_release(rules);
}

static int prepare(struct asked *asked, agentrun_ctx *ctx, agr_llm *llm,
	const agentrun_plan_options *opts, agentrun_error **err)
{
	agr_brief *brief = &asked->brief;
	int r;

	brief->workflow_tag = opts->workflow_tag;
	brief->workflow_owner = opts->workflow_owner;
	brief->node_id = opts->node_id;
	r = read_value(&brief->workflow, "workflow", opts->workflow, opts->workflow_len,
		AGENTRUN_EPATCH, err);
	if (r == 0)
		r = read_value(&brief->context, "context", opts->context, opts->context_len, 0,
			err);
	if (r == 0 && brief->context.p && agr_span_type(brief->context) != AGR_TYPE_OBJECT)
		r = agentrun_error_raise(err, AGENTRUN_EINPUT, "the context is no object");
	if (r == 0)
		r = read_rows(asked, ctx, opts, err);
	if (r == 0)
		r = find_lane(asked, ctx, opts, err);
	if (r < 0)
		return r;
	fetch_rules(ctx, brief->lane);
	return agr_brief_write(&asked->talk, llm, brief, err);
}

static int run_within_limits(agr_turn *turn, agentrun_ctx *ctx, const struct asked *asked,
	agentrun_error **err)
{
	const agr_who who = { asked->brief.workflow_owner, asked->brief.workflow_tag };
	agr_reservation reserved = { .taken = false };
	agr_entry entry;
	agr_limits *limits;
	int r = agr_ctx_limits(&limits, ctx, err);

	if (r == 0)
		r = agr_limits_enter(limits, &entry, &who, agr_clock_mono_ms(), err);
	if (r < 0)
		return r;
	r = agr_limits_reserve(limits, &reserved, &who, agr_turn_model(turn),
		agr_talk_tokens(&asked->talk),
		agentrun_config_get_int(ctx->config, "llm.max_tokens", 4000), agr_clock_wall_ms(),
		err);
	if (r == 0)
		r = agr_turn_run(turn, err);
	agr_limits_settle(limits, &reserved, &who, r == 0 ? &agr_turn_answer(turn)->usage : NULL);
	agr_limits_leave(limits, &entry, &who);
	return r;
}

int agr_llm_plan(agentrun_plan_result **out, agentrun_ctx *ctx, const char *provider,
	const char *text, size_t len, const agentrun_plan_options *opts,
	agentrun_error **err)
{
	int64_t started = agr_clock_mono_ms();
	struct asked asked = { .brief = { .prompt = text, .prompt_len = len } };
	agr_turn_options how = { .provider = provider, .deadline_ms = AGR_DEADLINE_NONE,
		.id_prefix = "call", .first_id = 1,
		.one_call = agentrun_config_get_bool(ctx->config, "llm.single_turn", 0) };
	agr_turn *turn = NULL;
	agr_llm *llm;
	int r = agr_ctx_llm(&llm, ctx, err);

	if (r == 0)
		r = prepare(&asked, ctx, llm, opts, err);
	if (r == 0)
		r = agr_turn_new(&turn, ctx, &asked.talk, &how, err);
	if (r == 0)
		r = run_within_limits(turn, ctx, &asked, err);
	if (r == 0)
		r = agr_plan_result_of_answer(out, agr_turn_answer(turn), agr_turn_model(turn),
			agr_clock_mono_ms() - started, err);
	agr_turn_free(turn);
	agr_talk_clear(&asked.talk);
	agentrun_buf_dispose(&asked.rows);
	agentrun_intent_free(asked.intent);
	return r;
}
