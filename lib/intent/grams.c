/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "intent/grams.h"

#include <math.h>
#include <string.h>

/* What a key is made of, beside the words: no two kinds meet but by chance. */
enum kind {
	WORD = 1,
	WORDS_2,
	WORDS_3,
	KINDS_2,
	KINDS_3,
	KINDS_4,
	KINDS_SKIP,
	PLACE_WORD,
	PLACE_KIND,
	LEAD_WORD,
	LEAD_WORD_KIND,
	LEAD_KIND,
	HEAD_WORD,
	HEAD_KIND,
	LEAD_HEAD,
	LEAD_KIND_HEAD_KIND,
	LAST,
	BEGINNING,
	ENDING,
	PAIR,
};

struct view {
	agr_grams *out;
	const agr_token *list;
	size_t n, lead, head; /* head: the object's last word; n: none */
	uint32_t words[AGR_GRAM_WORDS], kinds[AGR_GRAM_WORDS];
};

static uint32_t mix(uint32_t a, uint32_t b)
{
	a = (a ^ b) * 0x9e3779b1u;
	return a ^ (a >> 15);
}

static uint32_t hash(const char *p, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

static void add(agr_grams *out, uint32_t key, agr_gram_kind kind, size_t a, size_t b)
{
	if (out->n == AGR_GRAMS_MAX)
		return;
	key *= 0x85ebca6bu;
	out->list[out->n++] = (agr_gram){
		.key = key ^ (key >> 16),
		.kind = kind,
		.a = (int16_t)a,
		.b = (int16_t)b,
	};
}

static void add_run(struct view *v, enum kind kind, uint32_t key, size_t a, size_t b)
{
	add(v->out, mix(key, kind), AGR_GRAM_RUN, a, b);
}

static void add_lead(struct view *v, enum kind kind, uint32_t key, size_t a, size_t b)
{
	add(v->out, mix(key, kind), AGR_GRAM_LEAD, a, b);
}

/* The one kind a word stands for: of those that carry a sentence, the word itself. */
static uint32_t kind_of(const agr_token *token, uint32_t word)
{
	static const uint32_t order[] = {AGR_WORD_STRICT, AGR_WORD_SYSTEM,
		AGR_WORD_SETTING, AGR_WORD_PERIOD, AGR_WORD_BUILD, AGR_WORD_UNIT,
		AGR_WORD_TIME, AGR_WORD_SETUP, AGR_WORD_EDIT, AGR_WORD_QUERY,
		AGR_WORD_COMPUTE, AGR_WORD_CHANNEL, AGR_WORD_ACT, AGR_WORD_MOST,
		AGR_WORD_PAST, AGR_WORD_NOW, AGR_WORD_TALK, AGR_WORD_FEEL,
		AGR_WORD_VAGUE};
	const uint32_t itself = AGR_WORD_FUNCTION | AGR_WORD_WH | AGR_WORD_AUX |
				AGR_WORD_WHEN | AGR_WORD_RULE | AGR_WORD_EACH |
				AGR_WORD_I | AGR_WORD_ME | AGR_WORD_YOU | AGR_WORD_MUST |
				AGR_WORD_PREP | AGR_WORD_POLITE;

	if (token->kinds & itself)
		return word;
	for (size_t i = 0; i < AGR_COUNT(order); i++)
		if (token->kinds & order[i])
			return (uint32_t)i * 2 + 100 + token->inflected;
	if (agr_is_digit(*token->text))
		return 1;
	if (strchr(token->text, '_'))
		return 2;
	return *token->text == '#' ? 3 : 4;
}

/* Digits differ from prompt to prompt; how many there are does not matter either. */
static uint32_t hash_word(const agr_token *token)
{
	const char *p = token->text;

	while (agr_is_digit(*p) || *p == '.' || *p == ':')
		p++;
	if (p == token->text)
		return hash(p, strlen(p));
	return mix(hash(p, strlen(p)), 9);
}

/* Where the object of the word it begins with ends: before a preposition, a
 * condition, a clause, a word that says when. */
static size_t find_head(const struct view *v)
{
	const uint32_t ends = AGR_WORD_PREP | AGR_WORD_WHEN | AGR_WORD_RULE |
			      AGR_WORD_WH | AGR_WORD_AUX | AGR_WORD_PERIOD |
			      AGR_WORD_MUST | AGR_WORD_EACH | AGR_WORD_NOW;
	size_t i = v->lead + 1;

	while (i < v->n && v->list[i].kinds & (AGR_WORD_ME | AGR_WORD_FUNCTION |
						      AGR_WORD_EACH) &&
		!(v->list[i].kinds & AGR_WORD_PREP))
		i++;
	if (i >= v->n || v->list[i].kinds & (ends & ~(uint32_t)AGR_WORD_EACH))
		return v->n;
	while (i + 1 < v->n && !v->list[i + 1].clause &&
		!(v->list[i + 1].kinds & (ends | AGR_WORD_FUNCTION)))
		i++;
	return i;
}

static void add_runs(struct view *v, size_t i)
{
	const uint32_t *w = v->words, *k = v->kinds;
	uint32_t w1 = i > 0 ? w[i - 1] : 7, w2 = i > 1 ? w[i - 2] : 7;
	uint32_t k1 = i > 0 ? k[i - 1] : 7, k2 = i > 1 ? k[i - 2] : 7;
	size_t a1 = i > 0 ? i - 1 : 0, a2 = i > 1 ? i - 2 : 0;

	add_run(v, WORD, w[i], i, i);
	add_run(v, WORDS_2, mix(w1, w[i]), a1, i);
	if (i > 0)
		add_run(v, WORDS_3, mix(mix(w2, w1), w[i]), a2, i);
	add_run(v, KINDS_2, mix(k1, k[i]), a1, i);
	if (i > 0)
		add_run(v, KINDS_3, mix(mix(k2, k1), k[i]), a2, i);
	if (i > 1) {
		add_run(v, KINDS_4,
			mix(mix(mix(i > 2 ? k[i - 3] : 7, k2), k1), k[i]),
			i > 2 ? i - 3 : 0, i);
		add_run(v, KINDS_SKIP, mix(k2, k[i]), a2, i);
	}
}

static void add_places(struct view *v, size_t i)
{
	size_t place = i - v->lead;
	uint32_t lead = v->words[v->lead], lead_kind = v->kinds[v->lead];

	if (i < v->lead)
		return;
	if (place < 4) {
		add_run(v, PLACE_WORD, mix(v->words[i], (uint32_t)place), i, i);
		add_run(v, PLACE_KIND, mix(v->kinds[i], (uint32_t)place), i, i);
	}
	if (!place)
		return;
	add_lead(v, LEAD_WORD, mix(lead, v->words[i]), v->lead, i);
	add_lead(v, LEAD_WORD_KIND, mix(lead, v->kinds[i]), v->lead, i);
	add_lead(v, LEAD_KIND, mix(lead_kind, v->kinds[i]), v->lead, i);
}

/* "retries", "retry", "retried" share their beginning; "failed", "deleted" their end. */
static void add_parts(struct view *v, size_t i)
{
	const char *text = v->list[i].text;
	size_t len = strlen(text);

	if (len < 4 || agr_is_digit(*text))
		return;
	add_run(v, BEGINNING, hash(text, 4), i, i);
	if (len > 6)
		add_run(v, BEGINNING, hash(text, 6), i, i);
	add_run(v, ENDING, hash(text + len - 3, 3), i, i);
}

static void add_head(struct view *v)
{
	uint32_t word, kind;

	if (v->head >= v->n)
		return;
	word = v->words[v->head];
	kind = v->kinds[v->head];
	add_run(v, HEAD_WORD, word, v->head, v->head);
	add_run(v, HEAD_KIND, kind, v->head, v->head);
	add_lead(v, LEAD_HEAD, mix(v->words[v->lead], word), v->lead, v->head);
	add_lead(v, LEAD_KIND_HEAD_KIND, mix(v->kinds[v->lead], kind), v->lead, v->head);
}

static void add_pairs(agr_grams *out, const agr_feature_set *features)
{
	int held[AGR_FEATURE_COUNT], n = 0;

	/* What is known of the place is not among what the table was made from. */
	for (int i = 0; i < AGR_FEATURE_KNOWN_NODE; i++)
		if (features->has[i])
			held[n++] = i;
	for (int i = 0; i < n; i++)
		for (int k = i + 1; k < n; k++)
			add(out, mix(mix((uint32_t)held[i], (uint32_t)held[k]), PAIR),
				AGR_GRAM_PAIR, (size_t)held[i], (size_t)held[k]);
}

double agr_grams_share(size_t n)
{
	return 3 / sqrt((double)n + 30);
}

void agr_grams_find(
	agr_grams *out, const agr_tokens *tokens, const agr_feature_set *features)
{
	struct view v = {.out = out, .list = tokens->list, .n = tokens->n};

	out->n = 0;
	if (!v.n)
		return;
	add_pairs(out, features);
	if (v.n > AGR_GRAM_WORDS)
		v.n = AGR_GRAM_WORDS;
	v.lead = features->lead < v.n ? features->lead : 0;
	for (size_t i = 0; i < v.n; i++) {
		v.words[i] = hash_word(&v.list[i]);
		v.kinds[i] = kind_of(&v.list[i], v.words[i]);
	}
	v.head = find_head(&v);
	for (size_t i = 0; i < v.n; i++) {
		add_runs(&v, i);
		add_places(&v, i);
		add_parts(&v, i);
	}
	add_head(&v);
	add_run(&v, LAST, v.words[v.n - 1], v.n - 1, v.n - 1);
	add_run(&v, LAST, v.kinds[v.n - 1] + 1, v.n - 1, v.n - 1);
}
