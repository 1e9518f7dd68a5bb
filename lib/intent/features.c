/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "intent/features.h"

#include <stdlib.h>
#include <string.h>

/* A prompt while it is looked at. */
struct view {
	agr_feature_set *out;
	const agr_token *list;
	size_t n;
	size_t lead;  /* the first word behind what is only polite; n: none */
	bool asked;   /* a question, by its first words */
	bool changes; /* begins with a verb that changes something */
};

static bool is(const struct view *v, size_t i, const char *word)
{
	return i < v->n && *v->list[i].text == *word && strcmp(v->list[i].text, word) == 0;
}

static bool has_kind(const struct view *v, size_t i, uint32_t kinds)
{
	return i < v->n && (v->list[i].kinds & kinds) != 0;
}

static bool is_verb(const struct view *v, size_t i, uint32_t kinds)
{
	return has_kind(v, i, kinds) && !v->list[i].inflected;
}

static void mark(const struct view *v, agr_feature feature, size_t word)
{
	if (v->out->has[feature])
		return;
	v->out->has[feature] = true;
	v->out->word[feature] = word < v->n ? (int16_t)word : -1;
}

static bool marked(const struct view *v, agr_feature feature)
{
	return v->out->has[feature];
}

static size_t word_of(const struct view *v, agr_feature feature)
{
	return v->out->word[feature] < 0 ? v->n : (size_t)v->out->word[feature];
}

/* The first word from `from` on of one of these kinds; n: none. */
static size_t first(const struct view *v, size_t from, uint32_t kinds)
{
	while (from < v->n && !(v->list[from].kinds & kinds))
		from++;
	return from < v->n ? from : v->n;
}

static size_t count(const struct view *v, uint32_t kinds)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += (v->list[i].kinds & kinds) != 0;
	return n;
}

/* ---- how it begins -------------------------------------------------------------- */

/* "can you", "would you mind", "could you please", "why don't we": a request in
 * the clothes of a question. The index behind it, or `i`. */
static size_t skip_request(const struct view *v, size_t i)
{
	size_t k = i;

	if (is(v, k, "why") && is(v, k + 1, "don't") && has_kind(v, k + 2, AGR_WORD_I))
		return k + 3;
	if (!is(v, k, "can") && !is(v, k, "could") && !is(v, k, "would") &&
		!is(v, k, "will"))
		return i;
	if (!is(v, ++k, "you") && !is(v, k, "we"))
		return i;
	for (k++; is(v, k, "please") || is(v, k, "kindly") || is(v, k, "just") ||
		  is(v, k, "also") || is(v, k, "mind");
		k++)
		;
	return has_kind(v, k, AGR_WORD_VERBS) ? k : i;
}

/* "i want (you) to", "we need", "i'd like to", "let's": a wish. */
static size_t skip_wish(const struct view *v, size_t i)
{
	size_t k = i;

	if (is(v, k, "let") && is(v, k + 1, "'s"))
		return k + 2;
	if (!is(v, k, "i") && !is(v, k, "we"))
		return i;
	k += is(v, k + 1, "'d") || is(v, k + 1, "would") ? 2 : 1;
	if (!is(v, k, "want") && !is(v, k, "need") && !is(v, k, "like") &&
		!is(v, k, "wish"))
		return i;
	k++;
	if (is(v, k, "you"))
		k++;
	return is(v, k, "to") && has_kind(v, k + 1, AGR_WORD_VERBS) ? k + 1 : i;
}

static bool phrase_is(
	const struct view *v, size_t i, const char *a, const char *b, const char *c)
{
	return is(v, i, a) && is(v, i + 1, b) && (!c || is(v, i + 2, c));
}

/* "how about", "why not", "we could", "would it be possible to": the index behind it, or
 * `i`. */
static size_t skip_suggestion(const struct view *v, size_t i)
{
	if (phrase_is(v, i, "would", "it", "be") && is(v, i + 4, "to"))
		return i + 5;
	if ((phrase_is(v, i, "it", "'d", "be") || phrase_is(v, i, "it", "would", "be")) &&
		is(v, i + 4, "to"))
		return i + 5;
	if (phrase_is(v, i, "what", "if", NULL) && has_kind(v, i + 2, AGR_WORD_I))
		return i + 3;
	if (phrase_is(v, i, "how", "about", NULL) || phrase_is(v, i, "what", "about", NULL) ||
		phrase_is(v, i, "why", "not", NULL))
		return has_kind(v, i + 2, AGR_WORD_VERBS) ? i + 2 : i;
	if (has_kind(v, i, AGR_WORD_I | AGR_WORD_YOU) &&
		(is(v, i + 1, "could") || is(v, i + 1, "can") || is(v, i + 1, "should") ||
			is(v, i + 1, "may")))
		return is_verb(v, i + 2, AGR_WORD_VERBS) ? i + 2 : i;
	return i;
}

/* "i need the form to ask": the wish that something else does something. */
static bool wants_so(const struct view *v, size_t i)
{
	size_t k = i + 1;

	if (!has_kind(v, i, AGR_WORD_I) || v->n < 5)
		return false;
	k += is(v, k, "'d") || is(v, k, "would");
	if (!is(v, k, "want") && !is(v, k, "need") && !is(v, k, "like"))
		return false;
	if (is(v, ++k, "to") || is(v, k, "you"))
		return false;
	while (k < v->n && !is(v, k, "to"))
		k++;
	return k + 1 < v->n && !has_kind(v, k + 1, AGR_WORD_FUNCTION);
}

static size_t find_lead(const struct view *v)
{
	size_t i = 0, next;

	for (;;) {
		while (i + 1 < v->n && has_kind(v, i, AGR_WORD_POLITE) &&
			!has_kind(v, i, AGR_WORD_AUX) && !is(v, i, "let"))
			mark(v, AGR_FEATURE_POLITE, i++);
		next = skip_request(v, i);
		if (next == i)
			next = skip_wish(v, i);
		if (next == i && (next = skip_suggestion(v, i)) != i)
			mark(v, AGR_FEATURE_SUGGESTS, i);
		else if (next != i)
			mark(v,
				has_kind(v, i, AGR_WORD_I) ? AGR_FEATURE_WANTS
							   : AGR_FEATURE_POLITE,
				i);
		if (next == i || next >= v->n)
			return next >= v->n ? i : next;
		i = next;
	}
}

static void lead_how(const struct view *v, size_t i)
{
	if (is(v, i + 1, "many") || is(v, i + 1, "much") || is(v, i + 1, "long") ||
		is(v, i + 1, "far") || is(v, i + 1, "often"))
		mark(v, AGR_FEATURE_LEAD_HOW_MANY, i);
	else
		mark(v, AGR_FEATURE_LEAD_HOW, i);
}

/* "don't send", "do not send", but not "don't you". */
static bool lead_dont(const struct view *v, size_t i)
{
	size_t k = is(v, i, "do") && is(v, i + 1, "not") ? i + 2 : i + 1;

	if ((k == i + 1 && !is(v, i, "don't")) || k >= v->n ||
		has_kind(v, k, AGR_WORD_FUNCTION | AGR_WORD_YOU | AGR_WORD_I))
		return false;
	mark(v, AGR_FEATURE_LEAD_DONT, i);
	return true;
}

static bool lead_question(struct view *v, size_t i)
{
	if (lead_dont(v, i))
		return true;
	if (is(v, i, "how"))
		lead_how(v, i);
	else if (is(v, i, "why"))
		mark(v, AGR_FEATURE_LEAD_WHY, i);
	else if (is(v, i, "when") && has_kind(v, i + 1, AGR_WORD_AUX))
		mark(v, AGR_FEATURE_LEAD_WHEN_DID, i);
	else if (has_kind(v, i, AGR_WORD_WH) && !has_kind(v, i, AGR_WORD_WHEN))
		mark(v, AGR_FEATURE_LEAD_WHAT, i);
	else if (has_kind(v, i, AGR_WORD_AUX))
		mark(v, AGR_FEATURE_LEAD_AUX, i);
	else if (has_kind(v, i, AGR_WORD_FUNCTION | AGR_WORD_WHEN) &&
		 has_kind(v, i + 1, AGR_WORD_WH) && !is(v, i, "as"))
		mark(v, AGR_FEATURE_LEAD_WHAT, i + 1);
	else
		return false;
	v->asked = true;
	mark(v, AGR_FEATURE_ASKED, i);
	return true;
}

/* "let me know when", "text me if": of what is to come. */
static bool asks_later(const struct view *v, size_t i)
{
	size_t when = first(v, i + 1, AGR_WORD_WHEN);

	return has_kind(v, i + 1, AGR_WORD_ME) && when < v->n &&
	       !has_kind(v, when + 1, AGR_WORD_AUX);
}

static bool lead_verb(struct view *v, size_t i)
{
	uint32_t kinds = i < v->n ? v->list[i].kinds : 0;

	if (!(kinds & AGR_WORD_VERBS) || v->list[i].inflected)
		return false;
	v->changes = (kinds & (AGR_WORD_SETUP | AGR_WORD_EDIT)) != 0;
	if (asks_later(v, i))
		mark(v, AGR_FEATURE_LEAD_ME_LATER, i);
	if (kinds & AGR_WORD_SETUP)
		mark(v, AGR_FEATURE_LEAD_SETUP, i);
	if (kinds & AGR_WORD_STRICT)
		mark(v, AGR_FEATURE_LEAD_STRICT, i);
	if (kinds & AGR_WORD_EDIT)
		mark(v, AGR_FEATURE_LEAD_EDIT, i);
	if (kinds & AGR_WORD_QUERY)
		mark(v, AGR_FEATURE_LEAD_QUERY, i);
	if (kinds & AGR_WORD_COMPUTE)
		mark(v, AGR_FEATURE_LEAD_COMPUTE, i);
	if (kinds & AGR_WORD_ACT)
		mark(v, AGR_FEATURE_LEAD_ACT, i);
	if ((kinds & AGR_WORD_QUERY || is(v, i, "let")) &&
		has_kind(v, i + 1, AGR_WORD_ME))
		mark(v, AGR_FEATURE_LEAD_QUERY_ME, i);
	return true;
}

static void lead_other(struct view *v, size_t i)
{
	static const struct {
		uint32_t kinds;
		agr_feature feature;
	} table[] = {
		{AGR_WORD_PERIOD | AGR_WORD_EACH, AGR_FEATURE_LEAD_EACH},
		{AGR_WORD_WHEN, AGR_FEATURE_LEAD_WHEN},
		{AGR_WORD_RULE, AGR_FEATURE_LEAD_RULE},
		{AGR_WORD_I, AGR_FEATURE_LEAD_I},
		{AGR_WORD_YOU, AGR_FEATURE_LEAD_YOU},
		{AGR_WORD_TALK | AGR_WORD_FEEL, AGR_FEATURE_LEAD_TALK},
		{AGR_WORD_VAGUE, AGR_FEATURE_LEAD_VAGUE},
		{AGR_WORD_TIME, AGR_FEATURE_LEAD_TIME},
		{AGR_WORD_VERBS, AGR_FEATURE_LEAD_ING},
	};

	for (size_t k = 0; i < v->n && k < AGR_COUNT(table); k++) {
		if (v->list[i].kinds & table[k].kinds) {
			mark(v, table[k].feature, i);
			return;
		}
	}
	mark(v, AGR_FEATURE_LEAD_OTHER, i);
}

/* ---- whether it stands ------------------------------------------------------------ */

/* A rule word or phrase at `i`. */
static bool is_rule(const struct view *v, size_t i)
{
	if (has_kind(v, i, AGR_WORD_RULE) && !is(v, i, "only") && !is(v, i, "instead"))
		return true;
	return phrase_is(v, i, "from", "now", "on") ||
	       phrase_is(v, i, "from", "here", "on") ||
	       phrase_is(v, i, "going", "forward", NULL) ||
	       phrase_is(v, i, "as", "soon", "as") || phrase_is(v, i, "no", "more", NULL);
}

/* Something that repeats in time: "daily", "every 2 hours", "twice a day". */
static bool is_period(const struct view *v, size_t i)
{
	if (has_kind(v, i, AGR_WORD_PERIOD))
		return true;
	if (has_kind(v, i, AGR_WORD_EACH) && !is(v, i, "all") && !is(v, i, "any"))
		return has_kind(v, i + 1, AGR_WORD_TIME) || is(v, i + 1, "run") ||
		       has_kind(v, i + 2, AGR_WORD_TIME);
	return (is(v, i, "a") || is(v, i, "per")) && has_kind(v, i + 1, AGR_WORD_TIME) &&
	       i > 0 && (is(v, i - 1, "once") || is(v, i - 1, "times"));
}

/* A verb that does something, elsewhere than at the word `not`. */
static bool has_act(const struct view *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (has_kind(v, i,
			    AGR_WORD_ACT | AGR_WORD_EDIT | AGR_WORD_SETUP |
				    AGR_WORD_COMPUTE) &&
			!has_kind(v, i, AGR_WORD_VAGUE))
			return true;
	return false;
}

static void find_rules(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (is_rule(v, i))
			mark(v, AGR_FEATURE_RULE, i);
		if (is_period(v, i))
			mark(v, AGR_FEATURE_PERIOD, i);
		if (has_kind(v, i, AGR_WORD_EACH) && !is(v, i, "all") && !is_period(v, i))
			mark(v, AGR_FEATURE_EACH, i);
		if (i > v->lead && has_kind(v, i, AGR_WORD_WHEN) && !is(v, i, "then") &&
			!is(v, i, "as"))
			mark(v, AGR_FEATURE_WHEN_INSIDE, i);
	}
	if (marked(v, AGR_FEATURE_RULE) && !v->asked && has_act(v))
		mark(v, AGR_FEATURE_RULE_ACT, word_of(v, AGR_FEATURE_RULE));
	if (marked(v, AGR_FEATURE_PERIOD))
		mark(v, v->asked ? AGR_FEATURE_PERIOD_ASKED : AGR_FEATURE_PERIOD_ACT,
			word_of(v, AGR_FEATURE_PERIOD));
	if ((marked(v, AGR_FEATURE_WHEN_INSIDE) || marked(v, AGR_FEATURE_LEAD_WHEN)) &&
		(v->asked || has_act(v)))
		mark(v, v->asked ? AGR_FEATURE_WHEN_ASKED : AGR_FEATURE_WHEN_ACT,
			word_of(v, marked(v, AGR_FEATURE_LEAD_WHEN)
					   ? AGR_FEATURE_LEAD_WHEN
					   : AGR_FEATURE_WHEN_INSIDE));
}

/* ---- what it is about ----------------------------------------------------------------
 */

static bool is_number(const agr_token *token)
{
	const char *p = token->text + (*token->text == '#');
	size_t digits = 0;

	for (; *p; p++) {
		if (agr_is_digit(*p))
			digits++;
		else if (*p != '.' && *p != ':' && *p != '-' && *p != '/')
			return false;
	}
	return digits > 0;
}

/* "2am", "7:30", "30s", "10mb": digits, then a few letters. */
static bool is_number_with(const agr_token *token, const char *const *units)
{
	const char *p = token->text;

	if (!agr_is_digit(*p))
		return false;
	while (agr_is_digit(*p) || *p == ':' || *p == '.')
		p++;
	for (; *units; units++)
		if (strcmp(p, *units) == 0)
			return true;
	return false;
}

static void find_number(const struct view *v, size_t i)
{
	static const char *const clock[] = {"am", "pm", NULL};
	static const char *const units[] = {
		"s", "ms", "m", "h", "min", "mb", "gb", "kb", "k", "x", NULL};
	const char *text = v->list[i].text;

	if (is_number_with(&v->list[i], clock) ||
		(is(v, i, "noon") || is(v, i, "midnight")))
		mark(v, AGR_FEATURE_CLOCK, i);
	if (is_number_with(&v->list[i], units))
		mark(v, AGR_FEATURE_QUANTITY, i);
	if (!is_number(&v->list[i]))
		return;
	mark(v, AGR_FEATURE_NUMBER, i);
	if (strchr(text, ':') || (is(v, i - 1, "at") && strlen(text) <= 2) ||
		is(v, i + 1, "am") || is(v, i + 1, "pm"))
		mark(v, AGR_FEATURE_CLOCK, i);
	if (has_kind(v, i + 1, AGR_WORD_UNIT))
		mark(v, AGR_FEATURE_QUANTITY, i);
	else if (i > 0 &&
		 !has_kind(v, i - 1,
			 AGR_WORD_FUNCTION | AGR_WORD_VERBS | AGR_WORD_SETTING) &&
		 !strchr(text, ':'))
		mark(v, AGR_FEATURE_RECORD, i);
}

/* "before the export step", "after dedupe": a place in the order of things. */
static bool is_place(const struct view *v, size_t i)
{
	static const char *const words[] = {
		"before", "after", "ahead", "behind", "between", "ahead", NULL};
	size_t k = 0;

	while (words[k] && !is(v, i, words[k]))
		k++;
	if (!words[k])
		return false;
	for (k = i + 1; k < v->n && k < i + 6; k++)
		if (has_kind(v, k, AGR_WORD_SYSTEM))
			return true;
	return is(v, i, "ahead");
}

static bool is_contrast(const struct view *v, size_t i)
{
	return phrase_is(v, i, "rather", "than", NULL) || is(v, i, "instead") ||
	       (i > 0 && is(v, i, "not") && v->list[i].clause) ||
	       phrase_is(v, i, "and", "not", NULL) || phrase_is(v, i, "but", "not", NULL);
}

static void find_system(struct view *v)
{
	size_t from = v->lead + v->changes; /* "schedule" the verb is not the noun */
	size_t system = first(v, from, AGR_WORD_SYSTEM);
	size_t setting = first(v, from, AGR_WORD_SETTING);
	size_t build = first(v, from, AGR_WORD_BUILD);

	if (system == v->n && marked(v, AGR_FEATURE_KNOWN_NODE))
		system = word_of(v, AGR_FEATURE_KNOWN_NODE);
	if (system < v->n)
		mark(v, AGR_FEATURE_SYSTEM, system);
	if (setting < v->n)
		mark(v, AGR_FEATURE_SETTING, setting);
	if (build < v->n)
		mark(v, AGR_FEATURE_BUILD, build);
	if (v->changes && system < v->n)
		mark(v, AGR_FEATURE_CHANGE_SYSTEM, system);
	if (v->changes && setting < v->n)
		mark(v, AGR_FEATURE_CHANGE_SETTING, setting);
	if (v->changes && build < v->n)
		mark(v, AGR_FEATURE_CHANGE_BUILD, build);
	if (v->changes && marked(v, AGR_FEATURE_RECORD) && system == v->n)
		mark(v, AGR_FEATURE_CHANGE_RECORD, word_of(v, AGR_FEATURE_RECORD));
	if (system < v->n && (v->asked || marked(v, AGR_FEATURE_LEAD_QUERY)))
		mark(v, AGR_FEATURE_ASKS_SYSTEM, system);
	for (size_t i = v->lead + 1; v->changes && i < v->n; i++)
		if (is(v, i, "to"))
			mark(v, AGR_FEATURE_CHANGE_TO, i);
}

static void find_words(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		const agr_token *token = &v->list[i];

		find_number(v, i);
		if (is_place(v, i))
			mark(v, AGR_FEATURE_PLACE, i);
		if (is_contrast(v, i))
			mark(v, AGR_FEATURE_CONTRAST, i);
		if (strchr(token->text, '_'))
			mark(v, AGR_FEATURE_IDENTIFIER, i);
		if (i > v->lead && !v->asked && has_kind(v, i, AGR_WORD_MUST))
			mark(v, AGR_FEATURE_MUST, i);
		if (has_kind(v, i, AGR_WORD_NOW) && !is_rule(v, i ? i - 1 : 0))
			mark(v, AGR_FEATURE_NOW, i);
		if ((is(v, i, "this") || is(v, i, "last") || is(v, i, "next")) &&
			has_kind(v, i + 1, AGR_WORD_TIME))
			mark(v, AGR_FEATURE_PERIOD_BOUND, i);
		if (is(v, i, "new") || is(v, i, "arrives") || is(v, i, "received") ||
			is(v, i, "posted"))
			mark(v, AGR_FEATURE_NEW, i);
		if (token->inflected && i > 0 && has_kind(v, i, AGR_WORD_VERBS) &&
			(is(v, i - 1, "be") || is(v, i - 1, "get") ||
				is(v, i - 1, "gets") || is(v, i - 1, "is") ||
				is(v, i - 1, "are")))
			mark(v, AGR_FEATURE_PASSIVE, i);
	}
}

/* "before it goes out, who is asked": the question comes behind. */
static void find_late_question(struct view *v)
{
	for (size_t i = v->lead + 1; !v->asked && i < v->n; i++) {
		if (!v->list[i].clause || !has_kind(v, i, AGR_WORD_WH) ||
			(has_kind(v, i, AGR_WORD_WHEN) &&
				!has_kind(v, i + 1, AGR_WORD_AUX)))
			continue;
		mark(v, AGR_FEATURE_LATE_QUESTION, i);
		v->asked = true;
	}
}

/* "refunds over 50 need an approval", but not "refunds that need an approval": a
 * subject, then a verb of its own. */
static void find_statement(const struct view *v)
{
	static const char *const verbs[] = {"need", "needs", "go", "goes", "get", "gets",
		"must", "should", "has", "have", "are", "is", "wait", "waits", "ship",
		"ships", "stop", "stops", "end", "ends", "land", "lands", "cost", "costs",
		"expire", "expires", "receive", "receives", "may", "aren't", "isn't",
		"don't", "shouldn't"};

	if (v->asked || is_verb(v, v->lead, AGR_WORD_VERBS) ||
		has_kind(v, v->lead, AGR_WORD_I | AGR_WORD_YOU | AGR_WORD_WHEN))
		return;
	for (size_t i = v->lead + 1; i < v->n; i++) {
		if (is(v, i - 1, "that") || has_kind(v, i - 1, AGR_WORD_WH | AGR_WORD_I))
			continue;
		for (size_t k = 0; k < AGR_COUNT(verbs); k++)
			if (is(v, i, verbs[k]))
				mark(v, AGR_FEATURE_STATES, i);
	}
}

static bool is_value(const struct view *v, size_t i)
{
	return i < v->n && (agr_is_digit(*v->list[i].text) || is(v, i, "on") || is(v, i, "off") ||
		is(v, i, "true") || is(v, i, "false") || is(v, i, "none") || is(v, i, "unlimited"));
}

/* "at most 3", "no more than 4", "max 3", "up to 10". */
static bool is_bound(const struct view *v, size_t i)
{
	size_t k = i;

	if (phrase_is(v, i, "at", "most", NULL) || phrase_is(v, i, "at", "least", NULL) ||
		phrase_is(v, i, "up", "to", NULL))
		k = i + 2;
	else if (phrase_is(v, i, "no", "more", "than") || phrase_is(v, i, "no", "less", "than") ||
		phrase_is(v, i, "no", "fewer", "than"))
		k = i + 3;
	else if (is(v, i, "max") || is(v, i, "min") || is(v, i, "maximum") ||
		is(v, i, "minimum"))
		k = i + 1;
	return k > i && k < v->n && (agr_is_digit(*v->list[k].text) || is(v, k, "one") ||
		is(v, k, "two") || is(v, k, "three"));
}

/* "page size 250", "verbose on", "retries = 4 on load": a setting, then what it is to be. */
static void find_values(const struct view *v)
{
	bool verb = false;

	for (size_t i = 0; i < v->n; i++) {
		verb |= has_kind(v, i, AGR_WORD_VERBS | AGR_WORD_AUX) &&
			!has_kind(v, i, AGR_WORD_SETTING | AGR_WORD_SYSTEM);
		if (has_kind(v, i, AGR_WORD_SETTING) && !v->asked &&
			(is_value(v, i + 1) || ((is(v, i + 1, "to") || is(v, i + 1, "of") ||
				is(v, i + 1, "size") || is(v, i + 1, "level")) && is_value(v, i + 2))))
			mark(v, AGR_FEATURE_GIVES_VALUE, i);
		if (is_bound(v, i))
			mark(v, AGR_FEATURE_BOUND, i);
	}
	if (!verb && !v->asked)
		mark(v, AGR_FEATURE_NO_VERB, v->n);
}

/* Nothing says that it is for more than this once, or about the automation. */
static bool is_plain(const struct view *v)
{
	static const agr_feature others[] = {AGR_FEATURE_RULE, AGR_FEATURE_PERIOD,
		AGR_FEATURE_EACH, AGR_FEATURE_WHEN_INSIDE, AGR_FEATURE_SYSTEM,
		AGR_FEATURE_SETTING, AGR_FEATURE_BUILD, AGR_FEATURE_IDENTIFIER,
		AGR_FEATURE_CLOCK, AGR_FEATURE_PLACE, AGR_FEATURE_CONTRAST};

	for (size_t i = 0; i < AGR_COUNT(others); i++)
		if (marked(v, others[i]))
			return false;
	return true;
}

static void find_plain(struct view *v)
{
	if (!is_plain(v))
		return;
	if (marked(v, AGR_FEATURE_LEAD_EDIT))
		mark(v, AGR_FEATURE_CHANGE_PLAIN, v->lead);
	else if (marked(v, AGR_FEATURE_LEAD_ACT))
		mark(v, AGR_FEATURE_ACT_ONCE, v->lead);
}

static void find_kinds(struct view *v)
{
	static const struct {
		uint32_t kinds;
		uint32_t times;
		agr_feature feature;
	} table[] = {
		{AGR_WORD_PAST, 1, AGR_FEATURE_PAST},
		{AGR_WORD_MOST, 1, AGR_FEATURE_MOST},
		{AGR_WORD_I | AGR_WORD_ME, 1, AGR_FEATURE_MINE},
		{AGR_WORD_YOU, 1, AGR_FEATURE_YOU},
		{AGR_WORD_TALK, 1, AGR_FEATURE_TALK},
		{AGR_WORD_TALK, 2, AGR_FEATURE_TALK_TWICE},
		{AGR_WORD_FEEL, 1, AGR_FEATURE_FEEL},
		{AGR_WORD_CHANNEL, 1, AGR_FEATURE_CHANNEL},
		{AGR_WORD_CHANNEL, 2, AGR_FEATURE_CHANNEL_TWICE},
		{AGR_WORD_PREP, 1, AGR_FEATURE_NARROWED},
		{AGR_WORD_PREP, 2, AGR_FEATURE_NARROWED_TWICE},
		{AGR_WORD_ACT, 2, AGR_FEATURE_TWO_ACTS},
	};

	for (size_t i = 0; i < AGR_COUNT(table); i++)
		if (count(v, table[i].kinds) >= table[i].times)
			mark(v, table[i].feature, first(v, 0, table[i].kinds));
	if (marked(v, AGR_FEATURE_LEAD_ACT) && marked(v, AGR_FEATURE_CHANNEL))
		mark(v, AGR_FEATURE_ACT_CHANNEL, word_of(v, AGR_FEATURE_CHANNEL));
	if (v->asked && marked(v, AGR_FEATURE_YOU))
		mark(v, AGR_FEATURE_ASKS_YOU, word_of(v, AGR_FEATURE_YOU));
	if ((is(v, v->lead, "how") || is(v, v->lead, "should") ||
		    is(v, v->lead, "what")) &&
		(has_kind(v, v->lead + 2, AGR_WORD_I | AGR_WORD_YOU) ||
			is(v, v->lead + 1, "i")))
		mark(v, AGR_FEATURE_ASKS_ADVICE, v->lead);
}

/* Words with content: none of those that any sentence may hold. */
static size_t content(const struct view *v)
{
	const uint32_t empty = AGR_WORD_FUNCTION | AGR_WORD_VAGUE | AGR_WORD_TALK |
			       AGR_WORD_FEEL | AGR_WORD_POLITE | AGR_WORD_AUX |
			       AGR_WORD_WH;
	size_t n = 0;

	for (size_t i = 0; i < v->n; i++)
		n += !(v->list[i].kinds & empty);
	return n;
}

static void find_size(struct view *v)
{
	size_t full = content(v);
	bool verb = is_verb(v, v->lead, AGR_WORD_VERBS);

	if (!full)
		mark(v, AGR_FEATURE_EMPTY, v->n);
	if (full == 1)
		mark(v, verb ? AGR_FEATURE_LEAD_ONLY : AGR_FEATURE_BARE, v->n);
	if (full >= 4)
		mark(v, AGR_FEATURE_FULL, v->n);
	if (v->n <= 3)
		mark(v,
			v->n <= 1   ? AGR_FEATURE_ONE_WORD
			: v->n == 2 ? AGR_FEATURE_TWO_WORDS
				    : AGR_FEATURE_THREE_WORDS,
			v->n);
	else if (v->n <= 5)
		mark(v, AGR_FEATURE_SHORT, v->n);
	else if (v->n >= 10)
		mark(v, AGR_FEATURE_LONG, v->n);
}

/* ---- what is known of the place -----------------------------------------------------
 */

static int word_order(const void *a, const void *b)
{
	return strcmp(a, *(char *const *)b);
}

static void find_known(
	const struct view *v, const agr_known_words *words, agr_feature feature)
{
	for (size_t i = 0; words && words->n && i < v->n; i++)
		if (!has_kind(v, i, AGR_WORD_FUNCTION) &&
			bsearch(v->list[i].written, words->list, words->n,
				sizeof(*words->list), word_order))
			mark(v, feature, i);
}

void agr_features_find(agr_feature_set *out, const agr_tokens *tokens,
	const agr_known_words *nodes, const agr_known_words *fields)
{
	struct view v = {.out = out, .list = tokens->list, .n = tokens->n};

	memset(out, 0, sizeof(*out));
	memset(out->word, 0xff, sizeof(out->word));
	mark(&v, AGR_FEATURE_BIAS, v.n);
	if (!v.n)
		return;
	v.lead = out->lead = find_lead(&v);
	if (wants_so(&v, v.lead))
		mark(&v, AGR_FEATURE_WANTS_SO, v.lead);
	if (!lead_question(&v, v.lead) && !lead_verb(&v, v.lead))
		lead_other(&v, v.lead);
	find_words(&v);
	find_late_question(&v);
	find_statement(&v);
	find_values(&v);
	find_known(&v, nodes, AGR_FEATURE_KNOWN_NODE);
	find_known(&v, fields, AGR_FEATURE_KNOWN_FIELD);
	find_rules(&v);
	find_system(&v);
	find_kinds(&v);
	find_plain(&v);
	find_size(&v);
}

#define FEATURE_NAME(name, phrase) #name,
#define FEATURE_PHRASE(name, phrase) phrase,

const char *agr_feature_name(agr_feature feature)
{
	static const char *const names[] = {AGR_FEATURES(FEATURE_NAME)};

	return names[feature];
}

const char *agr_feature_phrase(agr_feature feature)
{
	static const char *const phrases[] = {AGR_FEATURES(FEATURE_PHRASE)};

	return phrases[feature];
}
