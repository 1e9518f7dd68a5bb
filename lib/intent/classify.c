/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "ctx/ctx.h"
#include "intent/intent.h"
#include "intent/known.h"
#include "llm/classify.h"
#include "table/scan.h"

static const char *const lane_names[AGR_LANES] = {
	[AGENTRUN_LANE_UNCLEAR] = "unclear",
	[AGENTRUN_LANE_EXECUTE] = "execute",
	[AGENTRUN_LANE_PATCH] = "patch",
};

static const struct tool {
	const char *name;
	int lane;
} tools[] = {
	{"execute_pipeline", AGENTRUN_LANE_EXECUTE},
	{"patch_workflow", AGENTRUN_LANE_PATCH},
};

static const agentrun_classify_options classify_defaults = {
	.struct_size = sizeof(agentrun_classify_options),
};

const char *agentrun_lane_name(int lane)
{
	return lane >= 0 && lane < AGR_LANES ? lane_names[lane] : "unclear";
}

void agentrun_classify_options_init(agentrun_classify_options *opts, size_t struct_size)
{
	agentrun_options_init(
		opts, struct_size, &classify_defaults, sizeof(classify_defaults));
}

static int check_text(const char *text, size_t len, agentrun_error **err)
{
	size_t at;

	if (len > AGR_PROMPT_MAX_BYTES)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the prompt of %zu bytes is larger than the limit of %zu", len,
			AGR_PROMPT_MAX_BYTES);
	at = agr_utf8_invalid(text, len);
	if (at < len)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the prompt is not valid UTF-8 at byte %zu", at + 1);
	return 0;
}

static int find_features(agr_feature_set *out, const agr_tokens *tokens,
	const agentrun_classify_options *opts, agentrun_error **err)
{
	agr_known_words nodes = {NULL, 0}, fields = {NULL, 0};
	int r = agr_known_nodes(&nodes, opts->workflow, opts->workflow_len, err);

	if (r == 0)
		r = agr_known_fields(&fields, opts->input, opts->input_len, err);
	if (r == 0)
		agr_features_find(out, tokens, &nodes, &fields);
	agr_known_clear(&nodes);
	agr_known_clear(&fields);
	return r;
}

static void choose(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, const agr_grams *grams)
{
	if (!tokens->n) {
		intent->score[AGENTRUN_LANE_UNCLEAR] = 1.0;
		return;
	}
	agr_model_score(intent->score, features, grams);
	for (int lane = 0; lane < AGR_LANES; lane++)
		if (intent->score[lane] > intent->score[intent->lane])
			intent->lane = lane;
}

static int classify(agentrun_intent *intent, const char *text, size_t len,
	const agentrun_classify_options *opts, agentrun_error **err)
{
	agr_feature_set features;
	agr_tokens tokens;
	agr_grams grams;
	int r;

	intent->text = agr_strndup(text, len);
	intent->len = len;
	for (int lane = 0; lane < AGR_LANES; lane++)
		intent->keywords[lane].max = SIZE_MAX;
	if (!intent->text)
		return agr_error_oom(err);
	r = agr_tokens_read(&tokens, text, len, err);
	if (r < 0)
		return r;
	r = find_features(&features, &tokens, opts, err);
	if (r == 0) {
		agr_grams_find(&grams, &tokens, &features);
		choose(intent, &tokens, &features, &grams);
		r = agr_intent_explain(intent, &tokens, &features, &grams, err);
	}
	agr_tokens_clear(&tokens);
	return r;
}

int agr_intent_decide(agentrun_intent *intent, int lane, double confidence,
	const char *reasoning, agentrun_error **err)
{
	char *copy = strdup(reasoning);

	if (!copy)
		return agr_error_oom(err);
	if (!(confidence >= 0))
		confidence = 0;
	if (confidence > 1)
		confidence = 1;
	free(intent->reasoning);
	intent->reasoning = copy;
	intent->lane = lane;
	for (int i = 0; i < AGR_LANES; i++)
		intent->score[i] = i == lane ? confidence : (1 - confidence) / (AGR_LANES - 1);
	return 0;
}

static int check_mode(const agentrun_ctx *ctx, int mode, agentrun_error **err)
{
	if (mode < AGENTRUN_CLASSIFY_AUTO || mode > AGENTRUN_CLASSIFY_HYBRID)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_classify_options.mode is none: %d", mode);
	return mode > AGENTRUN_CLASSIFY_BUILTIN ? agr_ctx_check(ctx, err) : 0;
}

/* Ask a model, where it is to be asked; what cannot be had from it in hybrid mode, the
 * built-in answer stands for. */
static int ask_model(agentrun_intent *intent, agentrun_ctx *ctx, int mode,
	agentrun_error **err)
{
	agentrun_error *why = NULL;
	int r;

	if (!ctx || !agr_classify_wants_model(ctx, mode, intent))
		return 0;
	r = agr_classify_ask(intent, ctx, intent->text, intent->len, &why);
	if (r == 0)
		return 0;
	if (r == AGENTRUN_ENOMEM || !agr_classify_can_do_without(ctx, mode))
		return agr_error_pass(err, why);
	agr_log(ctx, AGENTRUN_LOG_DEBUG, "classify", "the built-in answer stands: %s",
		agentrun_error_message(why));
	agentrun_error_free(why);
	return 0;
}

static double threshold_of(const agentrun_ctx *ctx)
{
	const char *text =
		ctx ? agentrun_config_get(ctx->config, "classifier.threshold") : NULL;

	return text ? agr_number_double((agr_span){text, strlen(text)})
		    : AGR_INTENT_THRESHOLD;
}

int agentrun_classify(agentrun_intent **out, agentrun_ctx *ctx, const char *text,
	size_t len, const agentrun_classify_options *given, agentrun_error **err)
{
	agentrun_classify_options opts = classify_defaults;
	agentrun_intent *intent = NULL;
	int r;

	*out = NULL;
	if (!text) {
		text = "";
		len = 0;
	}
	r = agentrun_options_read(
		&opts, sizeof(opts), given, "agentrun_classify_options", err);
	if (r == 0)
		r = agr_options_reserved(opts.reserved, "agentrun_classify_options", err);
	if (r == 0)
		r = check_mode(ctx, opts.mode, err);
	if (r == 0)
		r = check_text(text, len, err);
	if (r < 0)
		goto out;
	intent = calloc(1, sizeof(*intent));
	if (!intent) {
		r = agr_error_oom(err);
		goto out;
	}
	intent->threshold = threshold_of(ctx);
	r = classify(intent, text, len, &opts, err);
	if (r == 0)
		r = ask_model(intent, ctx, opts.mode, err);
	if (r < 0)
		goto out;
	*out = intent;
	intent = NULL;
out:
	agentrun_intent_free(intent);
	return r;
}

void agentrun_intent_free(agentrun_intent *intent)
{
	if (!intent)
		return;
	for (int lane = 0; lane < AGR_LANES; lane++)
		agr_buf_free(&intent->keywords[lane]);
	free(intent->reasoning);
	free(intent->text);
	free(intent);
}

int agentrun_intent_lane(const agentrun_intent *intent)
{
	return intent->lane;
}

double agentrun_intent_confidence(const agentrun_intent *intent)
{
	return intent->score[intent->lane];
}

double agentrun_intent_score(const agentrun_intent *intent, int lane)
{
	return lane >= 0 && lane < AGR_LANES ? intent->score[lane] : 0.0;
}

const char *agentrun_intent_reasoning(const agentrun_intent *intent)
{
	return intent->reasoning;
}

size_t agentrun_intent_keyword_count(const agentrun_intent *intent, int lane)
{
	size_t n = 0;

	while (agentrun_intent_keyword(intent, lane, n))
		n++;
	return n;
}

const char *agentrun_intent_keyword(const agentrun_intent *intent, int lane, size_t i)
{
	const agr_buf *words;
	const char *p, *end;

	if (lane < 0 || lane >= AGR_LANES || !intent->keywords[lane].len)
		return NULL;
	words = &intent->keywords[lane];
	end = words->data + words->len;
	for (p = words->data; p < end && i; i--)
		p += strlen(p) + 1;
	return p < end ? p : NULL;
}

const char *agentrun_intent_allowed_tool(const agentrun_intent *intent, size_t i)
{
	bool clear = intent->lane != AGENTRUN_LANE_UNCLEAR &&
		     agentrun_intent_confidence(intent) >= intent->threshold;

	for (size_t k = 0; k < AGR_COUNT(tools); k++) {
		if (clear && tools[k].lane != intent->lane)
			continue;
		if (i-- == 0)
			return tools[k].name;
	}
	return NULL;
}

size_t agentrun_intent_allowed_tool_count(const agentrun_intent *intent)
{
	size_t n = 0;

	while (agentrun_intent_allowed_tool(intent, n))
		n++;
	return n;
}

/* A number from 0 to 1 with four digits, whatever the host's locale. */
static void add_share(agr_buf *out, double share)
{
	int n = (int)(share * 10000 + 0.5);

	if (n >= 10000 || n <= 0) {
		agr_buf_str(out, n > 0 ? "1" : "0");
		return;
	}
	agr_buf_printf(out, "0.%04d", n);
	while (out->len && out->data[out->len - 1] == '0')
		out->data[--out->len] = '\0';
}

static void add_list(
	agr_buf *out, const char *key, const agentrun_intent *intent, int lane)
{
	const char *word;

	agr_buf_printf(out, "\"%s\":[", key);
	for (size_t i = 0;; i++) {
		word = lane < 0 ? agentrun_intent_allowed_tool(intent, i)
				: agentrun_intent_keyword(intent, lane, i);
		if (!word)
			break;
		if (i)
			agr_buf_char(out, ',');
		agr_buf_json_str(out, word, strlen(word));
	}
	agr_buf_char(out, ']');
}

int agentrun_intent_json(agentrun_buf *out, const agentrun_intent *intent)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_buf_reserve(&buf, intent->len + 1000); /* of most */
	agr_buf_str(&buf, "{\"text\":");
	agr_buf_json_str(&buf, intent->text, intent->len);
	agr_buf_printf(&buf,
		",\"intent\":\"%s\",\"confidence\":", agentrun_lane_name(intent->lane));
	add_share(&buf, agentrun_intent_confidence(intent));
	agr_buf_str(&buf, ",\"reasoning\":");
	agr_buf_json_str(&buf, intent->reasoning, strlen(intent->reasoning));
	agr_buf_str(&buf, ",\"matched_keywords\":{");
	add_list(&buf, "patch", intent, AGENTRUN_LANE_PATCH);
	agr_buf_char(&buf, ',');
	add_list(&buf, "execute", intent, AGENTRUN_LANE_EXECUTE);
	agr_buf_str(&buf, "},\"scores\":{\"patch\":");
	add_share(&buf, intent->score[AGENTRUN_LANE_PATCH]);
	agr_buf_str(&buf, ",\"execute\":");
	add_share(&buf, intent->score[AGENTRUN_LANE_EXECUTE]);
	agr_buf_str(&buf, "},");
	add_list(&buf, "allowed_tools", intent, -1);
	agr_buf_char(&buf, '}');
	return agr_buf_give(&buf, out, "intent", NULL);
}
