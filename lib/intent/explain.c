/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Why a prompt was classified as it was, told from the weights that did it. */
#include <stdlib.h>
#include <string.h>

#include "intent/intent.h"

#define REASONS_MAX 3
#define REASON_LEAST 0.2 /* a smaller weight decides nothing */

/* How much a feature speaks for `lane` and against the next best one. */
static double share(agr_feature feature, int lane, int other)
{
	return agr_model_weight(feature, lane) - agr_model_weight(feature, other);
}

static int runner_up(const agentrun_intent *intent)
{
	int best = -1;

	for (int lane = 0; lane < AGR_LANES; lane++)
		if (lane != intent->lane &&
			(best < 0 || intent->score[lane] > intent->score[best]))
			best = lane;
	return best;
}

/* A word that was named already, so that three reasons tell of three things. */
static bool is_told(const agr_feature_set *features, agr_feature feature,
	const agr_feature *told, int n)
{
	for (int i = 0; i < n; i++)
		if (told[i] == feature ||
			(features->word[feature] >= 0 &&
				features->word[feature] == features->word[told[i]]))
			return true;
	return false;
}

/* The feature that speaks most for the lane among those not told yet; COUNT: none
 * does. */
static agr_feature next_reason(const agentrun_intent *intent,
	const agr_feature_set *features, const agr_feature *told, int n)
{
	int other = runner_up(intent);
	agr_feature best = AGR_FEATURE_COUNT;

	for (int i = 0; i < AGR_FEATURE_COUNT; i++) {
		if (!features->has[i] || i == AGR_FEATURE_BIAS ||
			is_told(features, (agr_feature)i, told, n) ||
			share((agr_feature)i, intent->lane, other) < REASON_LEAST)
			continue;
		if (best == AGR_FEATURE_COUNT ||
			share((agr_feature)i, intent->lane, other) >
				share(best, intent->lane, other))
			best = (agr_feature)i;
	}
	return best;
}

static void add_reason(agr_buf *out, const agentrun_intent *intent,
	const agr_tokens *tokens, const agr_feature_set *features, agr_feature reason)
{
	const agr_token *token;

	agr_buf_str(out, agr_feature_phrase(reason));
	if (features->word[reason] < 0)
		return;
	token = &tokens->list[features->word[reason]];
	agr_buf_str(out, " (\"");
	agr_buf_printable(
		out, intent->text + token->at, token->len > 40 ? 0 : token->len);
	agr_buf_str(out, token->len > 40 ? "...\")" : "\")");
}

static int explain_lane(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, agentrun_error **err)
{
	agr_feature told[REASONS_MAX];
	agr_buf text = AGR_BUF_INIT;
	int n = 0;

	agr_buf_printf(&text, "%s rather than %s: ", agentrun_lane_name(intent->lane),
		agentrun_lane_name(runner_up(intent)));
	if (!tokens->n) {
		agr_buf_reset(&text);
		agr_buf_str(&text, "unclear: the prompt holds no word");
	}
	for (; tokens->n && n < REASONS_MAX; n++) {
		agr_feature reason = next_reason(intent, features, told, n);

		if (reason == AGR_FEATURE_COUNT)
			break;
		told[n] = reason;
		agr_buf_str(&text, n ? ", " : "it ");
		add_reason(&text, intent, tokens, features, reason);
	}
	if (tokens->n && !n)
		agr_buf_str(&text, "nothing in it speaks for more");
	intent->reasoning = agr_buf_give_str(&text, err);
	return intent->reasoning ? 0 : AGENTRUN_ENOMEM;
}

static bool holds(const agr_buf *words, const char *word, size_t len)
{
	for (size_t at = 0; at < words->len; at += strlen(words->data + at) + 1)
		if (strlen(words->data + at) == len &&
			memcmp(words->data + at, word, len) == 0)
			return true;
	return false;
}

/* The words whose features, taken together, speak for this lane and against both
 * others. */
static void find_keywords(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, int lane)
{
	double sum[AGR_LANES][AGR_TOKENS_MAX] = {{0}};
	agr_buf *out = &intent->keywords[lane];

	for (int i = 0; i < AGR_FEATURE_COUNT; i++)
		for (int k = 0; k < AGR_LANES && features->word[i] >= 0; k++)
			if (features->has[i])
				sum[k][features->word[i]] +=
					share((agr_feature)i, lane, k);
	for (size_t i = 0; i < tokens->n; i++) {
		const agr_token *token = &tokens->list[i];
		bool speaks = true;

		for (int k = 0; k < AGR_LANES; k++)
			speaks &= k == lane || sum[k][i] >= REASON_LEAST;
		if (!speaks || holds(out, intent->text + token->at, token->len))
			continue;
		agr_buf_add(out, intent->text + token->at, token->len);
		agr_buf_add(out, "", 1);
	}
}

int agr_intent_explain(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, agentrun_error **err)
{
	int r = explain_lane(intent, tokens, features, err);

	if (r < 0)
		return r;
	find_keywords(intent, tokens, features, AGENTRUN_LANE_PATCH);
	find_keywords(intent, tokens, features, AGENTRUN_LANE_EXECUTE);
	r = agr_buf_check(&intent->keywords[AGENTRUN_LANE_PATCH], "the words", err);
	return r < 0 ? r
		     : agr_buf_check(&intent->keywords[AGENTRUN_LANE_EXECUTE],
			       "the words", err);
}
