/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Why a prompt was classified as it was, told from the weights that did it. */
#include <stdlib.h>
#include <string.h>

#include "intent/intent.h"

#define REASONS_MAX 3
#define REASON_LEAST 0.2 /* a smaller weight decides nothing */
#define UNCLEAR_LEAST 0.05 /* less likely, it is none to be told from */

/* What each thing that can be told adds to the lanes' logits: a feature with half of
 * each pair it is in, a run of words, the first word with one behind it. All of them
 * together are what decided. */
struct evidence {
	double feature[AGR_FEATURE_COUNT][AGR_LANES];
	double run[AGR_GRAM_WORDS][AGR_GRAM_RUN_MAX][AGR_LANES]; /* by its last word */
	double lead[AGR_GRAM_WORDS][AGR_LANES];
	size_t lead_at, n; /* words */
	const agr_feature_set *features;
	int present[AGR_FEATURE_COUNT]; /* those it has, which are few */
	size_t n_present;
};

struct reason {
	enum { NONE, FEATURE, RUN, LEAD } kind;
	int at, len; /* FEATURE: which; else the last word, and how many words */
	double share;
};

static void add_gram(struct evidence *e, const agr_gram *gram, double share)
{
	double weights[AGR_LANES];

	agr_model_gram(weights, gram, share);
	for (int lane = 0; lane < AGR_LANES; lane++) {
		if (gram->kind == AGR_GRAM_PAIR) {
			e->feature[gram->a][lane] += weights[lane] / 2;
			e->feature[gram->b][lane] += weights[lane] / 2;
		} else if (gram->kind == AGR_GRAM_RUN) {
			e->run[gram->b][gram->b - gram->a][lane] += weights[lane];
		} else {
			e->lead[gram->b][lane] += weights[lane];
		}
	}
}

static void find_evidence(struct evidence *e, const agr_tokens *tokens,
	const agr_feature_set *features, const agr_grams *grams)
{
	double share = agr_grams_share(grams->n);

	memset(e, 0, sizeof(*e));
	e->features = features;
	e->n = tokens->n < AGR_GRAM_WORDS ? tokens->n : AGR_GRAM_WORDS;
	e->lead_at = features->lead < e->n ? features->lead : 0;
	for (int i = 0; i < AGR_FEATURE_COUNT; i++) {
		if (!features->has[i])
			continue;
		e->present[e->n_present++] = i;
		for (int lane = 0; lane < AGR_LANES; lane++)
			e->feature[i][lane] = agr_model_weight((agr_feature)i, lane);
	}
	for (size_t i = 0; i < grams->n; i++)
		add_gram(e, &grams->list[i], share);
}

/* What the lane is told from: the next best. Of the two that do something it is the other
 * one, unless the prompt may well be unclear. */
static int runner_up(const agentrun_intent *intent)
{
	int best = -1;

	for (int lane = 0; lane < AGR_LANES; lane++)
		if (lane != intent->lane &&
			(best < 0 || intent->score[lane] > intent->score[best]))
			best = lane;
	if (best == AGENTRUN_LANE_UNCLEAR && intent->score[best] < UNCLEAR_LEAST)
		best = AGENTRUN_LANE_PATCH + AGENTRUN_LANE_EXECUTE - intent->lane;
	return best;
}

/* The words a reason names, a bit each; 0: none in particular. */
static uint64_t words_of(const struct evidence *e, const struct reason *reason)
{
	int word = reason->kind == FEATURE ? e->features->word[reason->at] : reason->at;
	uint64_t bits = 0;

	for (int i = 0; i < (reason->kind == RUN ? reason->len : 1); i++)
		if (word - i >= 0 && word - i < 64)
			bits |= UINT64_C(1) << (word - i);
	if (reason->kind == LEAD)
		bits |= UINT64_C(1) << e->lead_at;
	return bits;
}

/* Does it decide anything, and more than the best so far? Of most it is not so. */
static inline bool is_better(const struct reason *best, double share)
{
	return share >= REASON_LEAST && (best->kind == NONE || share > best->share);
}

/* Takes it for the best, unless its words were all named already: three reasons tell of
 * three things. */
static void offer(struct reason *best, const struct evidence *e, struct reason other,
	const struct reason *told, int n)
{
	uint64_t words = words_of(e, &other), named = 0;

	for (int i = 0; i < n; i++) {
		named |= words_of(e, &told[i]);
		if (told[i].kind == other.kind && told[i].at == other.at &&
			told[i].len == other.len)
			return;
	}
	if (!words || words & ~named)
		*best = other;
}

static double against(const double weights[AGR_LANES], int lane, int other)
{
	return weights[lane] - weights[other];
}

/* What speaks most for the lane and against the next best, of what is not told yet. */
static struct reason next_reason(const agentrun_intent *intent, const struct evidence *e,
	const struct reason *told, int n)
{
	int lane = intent->lane, other = runner_up(intent);
	struct reason best = {.kind = NONE};
	double share;

	for (size_t k = 0; k < e->n_present; k++) {
		int i = e->present[k];

		if (i == AGR_FEATURE_BIAS)
			continue;
		share = against(e->feature[i], lane, other);
		if (is_better(&best, share))
			offer(&best, e, (struct reason){FEATURE, i, 1, share}, told, n);
	}
	for (int i = 0; i < (int)e->n; i++) {
		for (int k = 0; k < AGR_GRAM_RUN_MAX; k++) {
			share = against(e->run[i][k], lane, other);
			if (is_better(&best, share))
				offer(&best, e, (struct reason){RUN, i, k + 1, share}, told, n);
		}
		share = against(e->lead[i], lane, other);
		if (is_better(&best, share))
			offer(&best, e, (struct reason){LEAD, i, 2, share}, told, n);
	}
	return best;
}

static void add_words(agr_buf *out, const agentrun_intent *intent,
	const agr_token *from, const agr_token *to)
{
	size_t len = to->at + to->len - from->at;

	agr_buf_printable(out, intent->text + from->at, len > 60 ? 0 : len);
	agr_buf_str(out, len > 60 ? "..." : "");
}

static void add_reason(agr_buf *out, const agentrun_intent *intent,
	const agr_tokens *tokens, const struct evidence *e, const struct reason *reason)
{
	const agr_token *last = &tokens->list[reason->at];
	int word;

	if (reason->kind == FEATURE) {
		word = e->features->word[reason->at];
		agr_buf_str(out, agr_feature_phrase((agr_feature)reason->at));
		if (word < 0)
			return;
		last = &tokens->list[word];
		agr_buf_str(out, " (\"");
		add_words(out, intent, last, last);
	} else if (reason->kind == RUN) {
		agr_buf_str(out, "says (\"");
		add_words(out, intent, last - (reason->len - 1), last);
	} else {
		agr_buf_str(out, "joins (\"");
		add_words(out, intent, &tokens->list[e->lead_at],
			&tokens->list[e->lead_at]);
		agr_buf_str(out, "\", \"");
		add_words(out, intent, last, last);
	}
	agr_buf_str(out, "\")");
}

static int explain_lane(agentrun_intent *intent, const agr_tokens *tokens,
	const struct evidence *e, agentrun_error **err)
{
	struct reason told[REASONS_MAX];
	agr_buf text = AGR_BUF_INIT;
	int n = 0;

	agr_buf_printf(&text, "%s rather than %s: ", agentrun_lane_name(intent->lane),
		agentrun_lane_name(runner_up(intent)));
	if (!tokens->n) {
		agr_buf_reset(&text);
		agr_buf_str(&text, "unclear: the prompt holds no word");
	}
	for (; tokens->n && n < REASONS_MAX; n++) {
		told[n] = next_reason(intent, e, told, n);
		if (told[n].kind == NONE)
			break;
		agr_buf_str(&text, n ? ", " : "it ");
		add_reason(&text, intent, tokens, e, &told[n]);
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

/* What stems from a word adds to it; what stems from several, its part to each. */
static void sum_words(
	double sum[AGR_TOKENS_MAX][AGR_LANES], const struct evidence *e, int lane)
{
	for (size_t k = 0; k < e->n_present; k++) {
		int word = e->features->word[e->present[k]];

		if (word >= 0)
			sum[word][lane] += e->feature[e->present[k]][lane];
	}
	for (size_t i = 0; i < e->n; i++) {
		for (size_t k = 0; k < AGR_GRAM_RUN_MAX; k++)
			for (size_t back = 0; back <= k && back <= i; back++)
				sum[i - back][lane] +=
					e->run[i][k][lane] / (double)(k + 1);
		sum[i][lane] += e->lead[i][lane] / 2;
		sum[e->lead_at][lane] += e->lead[i][lane] / 2;
	}
}

/* The words that, all they give taken together, speak for this lane and against both
 * others. */
static void find_keywords(agentrun_intent *intent, const agr_tokens *tokens,
	double sum[AGR_TOKENS_MAX][AGR_LANES], int lane)
{
	agr_buf *out = &intent->keywords[lane];

	for (size_t i = 0; i < tokens->n; i++) {
		const agr_token *token = &tokens->list[i];
		bool speaks = true;

		for (int k = 0; k < AGR_LANES; k++)
			speaks &= k == lane || against(sum[i], lane, k) >= REASON_LEAST;
		if (!speaks || holds(out, intent->text + token->at, token->len))
			continue;
		agr_buf_add(out, intent->text + token->at, token->len);
		agr_buf_add(out, "", 1);
	}
}

int agr_intent_explain(agentrun_intent *intent, const agr_tokens *tokens,
	const agr_feature_set *features, const agr_grams *grams, agentrun_error **err)
{
	double sum[AGR_TOKENS_MAX][AGR_LANES] = {{0}};
	struct evidence e;
	int r;

	find_evidence(&e, tokens, features, grams);
	r = explain_lane(intent, tokens, &e, err);
	if (r < 0)
		return r;
	for (int lane = 0; lane < AGR_LANES; lane++)
		sum_words(sum, &e, lane);
	find_keywords(intent, tokens, sum, AGENTRUN_LANE_PATCH);
	find_keywords(intent, tokens, sum, AGENTRUN_LANE_EXECUTE);
	r = agr_buf_check(&intent->keywords[AGENTRUN_LANE_PATCH], "the words", err);
	return r < 0 ? r
		     : agr_buf_check(&intent->keywords[AGENTRUN_LANE_EXECUTE],
			       "the words", err);
}
