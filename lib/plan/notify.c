/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * "whenever the price drops below 100, email me": a conditional node, the node
 * that acts, and the edges to both. A condition that is no plain comparison
 * stays in the words in which it was said.
 */
#include <string.h>

#include "plan/change.h"

#define WHEN "when|whenever|if|once|every time|each time|as soon as|anytime"

struct action {
	const char *type, *name; /* of the node; what it does */
	json_t *config;
};

static bool take_recipient(plan_parser *ps, struct action *a)
{
	const plan_word *word;

	agr_plan_take(ps, "the");
	word = agr_plan_at(ps, 0);
	if ((word->kind != PLAN_WORD && word->kind != PLAN_QUOTED) ||
		(agr_plan_is_reserved(word->low) &&
			!agr_plan_in_list(word->low, "me|us|everyone")) ||
		agr_plan_in_list(word->low, "nobody|no-one|noone") ||
		agr_plan_node_by_id(ps->graph, word->text) != PLAN_NO_NODE)
		return false;
	agr_plan_put(ps->pool, a->config, word->text[0] == '#' ? "channel" : "to",
		agr_plan_str(ps->pool, word->text));
	agr_plan_use(ps, 1);
	agr_plan_take(ps, "team|channel");
	return true;
}

static const char *channel_ahead(plan_parser *ps, size_t *n)
{
	static const char *const words[][2] = { { "email|e-mail|mail|email message",
												"email" },
		{ "slack message|slack|slack notification", "slack" },
		{ "sms|text message|text", "sms" }, { "notification|alert|message", "notify" } };

	for (size_t i = 0; i < AGR_COUNT(words); i++)
		if ((*n = agr_plan_ahead(ps, 0, words[i][0])) > 0)
			return words[i][1];
	return NULL;
}

/* "on slack", "by email", "in #ops", "saying "..."", in any order. */
static void take_details(plan_parser *ps, struct action *a)
{
	for (;;) {
		size_t start = ps->pos, n;
		const char *channel;
		bool said = false;

		if (agr_plan_take(ps,
				"saying|that says|with the message|with message|"
				"with the text")) {
			if (agr_plan_at(ps, 0)->kind == PLAN_QUOTED &&
				!json_object_get(a->config, "message")) {
				agr_plan_put(ps->pool, a->config, "message",
					agr_plan_str(ps->pool, agr_plan_at(ps, 0)->text));
				agr_plan_use(ps, 1);
				said = true;
			}
		} else if (strcmp(a->name, "notify") == 0 &&
			agr_plan_take(ps, "by|via|on|through|over") &&
			(channel = channel_ahead(ps, &n)) != NULL) {
			a->name = channel;
			agr_plan_use(ps, n);
			said = true;
		} else {
			agr_plan_rewind(ps, start);
			if (agr_plan_take(ps, "in|on|to|at") &&
				!json_object_get(a->config, "channel") &&
				(agr_plan_at(ps, 0)->text[0] == '#' || !json_object_get(a->config, "to")))
				said = take_recipient(ps, a);
		}
		if (!said) {
			agr_plan_rewind(ps, start);
			return;
		}
	}
}

static bool notify_action(plan_parser *ps, struct action *a)
{
	static const char *const verbs[][2] = { { "email|e-mail|mail", "email" },
		{ "notify|alert|ping|page|tell|warn|message", "notify" }, { "text|sms", "sms" },
		{ "slack", "slack" } };
	size_t n;

	if (agr_plan_take(ps, "let me know")) {
		a->name = "notify";
		agr_plan_put(ps->pool, a->config, "to", agr_plan_str(ps->pool, "me"));
		take_details(ps, a);
		return true;
	}
	if (agr_plan_take(ps, "send me|send us|send")) {
		bool me = strcmp(ps->words->list[ps->pos - 1].low, "send") != 0;

		if (me)
			agr_plan_put(ps->pool, a->config, "to",
				agr_plan_str(ps->pool, ps->words->list[ps->pos - 1].low));
		agr_plan_skip(ps, "a|an");
		a->name = channel_ahead(ps, &n);
		if (!a->name)
			return false;
		agr_plan_use(ps, n);
		take_details(ps, a);
		return true;
	}
	for (size_t i = 0; i < AGR_COUNT(verbs); i++)
		if (agr_plan_take(ps, verbs[i][0])) {
			a->name = verbs[i][1];
			if (!take_recipient(ps, a))
				return false;
			take_details(ps, a);
			return true;
		}
	return false;
}

static bool other_action(plan_parser *ps, struct action *a)
{
	if (agr_plan_take(ps, "ask for|require|request|wait for")) {
		agr_plan_skip(ps, "a|an");
		a->type = "hitl";
		a->name = "approval";
		return agr_plan_take(ps, "approval|human approval|manual approval|human review");
	}
	if (agr_plan_take(ps, "call|hit|request") && agr_plan_at(ps, 0)->kind == PLAN_URL) {
		a->type = "http";
		a->name = "http";
		agr_plan_put(
			ps->pool, a->config, "url", agr_plan_str(ps->pool, agr_plan_at(ps, 0)->text));
		agr_plan_use(ps, 1);
		return true;
	}
	return false;
}

static bool take_action(plan_parser *ps, struct action *a)
{
	size_t start = ps->pos;

	*a = (struct action){ .type = "function", .config = agr_plan_object(ps->pool) };
	agr_plan_skip(ps, "please");
	if (notify_action(ps, a))
		return true;
	agr_plan_rewind(ps, start);
	a->config = agr_plan_object(ps->pool);
	if (other_action(ps, a))
		return true;
	agr_plan_rewind(ps, start);
	return false;
}

/* "the price drops below 100" -> "price < 100"; NULL: keep the words. */
static const char *as_expression(plan_parser *ps, size_t from, size_t to)
{
	static const char *const ops[][2] = {
		{ "is below|is under|is less than|drops below|falls below|"
		  "goes below|drops under|falls under|goes under|gets below|"
		  "<|is lower than",
			"<" },
		{ "is above|is over|is more than|is greater than|rises above|"
		  "goes above|goes over|exceeds|climbs above|gets above|"
		  "rises over|>|is higher than",
			">" },
		{ "is at least|>=", ">=" }, { "is at most|<=", "<=" },
		{ "equals|is equal to|==", "==" }
	};
	size_t outer = ps->pos, n = 0;
	const char *op = NULL, *name, *number, *text = NULL;

	ps->pos = from;
	ps->pos += agr_plan_ahead(ps, 0, "the|a|an");
	name = agr_plan_at(ps, 0)->kind == PLAN_WORD &&
			!agr_plan_is_reserved(agr_plan_at(ps, 0)->low)
		? agr_plan_at(ps, 0)->text
		: agr_plan_at(ps, 0)->kind == PLAN_WORD &&
			agr_plan_in_list(agr_plan_at(ps, 0)->low, "total|count|average")
		? agr_plan_at(ps, 0)->low
		: NULL;
	for (size_t i = 0; i < AGR_COUNT(ops); i++) {
		size_t words = agr_plan_ahead(ps, 1, ops[i][0]);

		if (words > n) {
			n = words;
			op = ops[i][1];
		}
	}
	number = agr_plan_at(ps, 1 + n)->number;
	if (name && op && number && ps->pos + n + 2 == to &&
		agr_plan_at(ps, 1 + n)->unit <= PLAN_UNIT_GBP)
		text = agr_plan_printf(ps->pool, "%s %s %s", name, op, number);
	ps->pos = outer;
	return text;
}

/* Words that make the condition another request, or point to what was said before. */
static bool condition_is_plain(plan_parser *ps, size_t from, size_t to)
{
	if (from >= to || !agr_plan_is_plain_text(ps, from, to))
		return false;
	for (size_t i = from; i < to; i++) {
		const plan_word *word = &ps->words->list[i];
		bool noun = i > from &&
			agr_plan_in_list(ps->words->list[i - 1].low, "a|an|the|new|every|no");

		if (word->kind != PLAN_WORD ||
			agr_plan_node_by_id(ps->graph, word->text) != PLAN_NO_NODE)
			continue;
		if (agr_plan_in_list(word->low,
				WHEN "|it|this|these|then|else|otherwise|unless|you|next|today|"
					 "tonight|tomorrow|now|but|except"))
			return false;
		if (!noun &&
			agr_plan_in_list(word->low,
				"email|e-mail|mail|notify|alert|slack|sms|send|text|page|"
				"ping|tell|post|call|warn|show|list|find|get|fetch|every"))
			return false;
	}
	return true;
}

/* The node that the condition is about, or the current one, or the last. */
static plan_outcome find_base(plan_change *c, size_t from, size_t to, size_t *base)
{
	plan_parser *ps = c->ps;
	size_t outer = ps->pos, found = PLAN_NO_NODE;

	for (size_t i = from; i < to; i++) {
		const plan_word *word = &ps->words->list[i];

		for (size_t k = 0; k < c->graph->n; k++)
			if ((strcmp(c->graph->nodes[k].id, word->text) == 0 ||
					strcmp(c->graph->nodes[k].parts,
						agr_plan_parts(ps->pool,
							agr_plan_words_text(ps->words, ps->pool, i,
								i + 2 <= to ? i + 2 : to))) == 0 ||
					agr_str_equal_nocase(c->graph->nodes[k].id, word->low)) &&
				found != k) {
				if (found != PLAN_NO_NODE)
					return agr_plan_refuse(ps, "The condition names several nodes.");
				found = k;
			}
	}
	ps->pos = outer;
	if (found == PLAN_NO_NODE && ps->request->node_id)
		found = agr_plan_node_by_id(c->graph, ps->request->node_id);
	if (found == PLAN_NO_NODE)
		found = agr_plan_last_node(c->graph);
	if (found == PLAN_NO_NODE)
		return agr_plan_refuse(ps, "Say after which node this is to be checked.");
	*base = found;
	return PLAN_YES;
}

static plan_outcome build(
	plan_change *c, struct action *a, size_t from, size_t to, size_t base)
{
	plan_parser *ps = c->ps;
	plan_pool *pool = ps->pool;
	const char *check, *act, *text = as_expression(ps, from, to);
	json_t *config = agr_plan_object(pool);

	text = text ? text : agr_plan_words_text(ps->words, pool, from, to);
	check = agr_plan_new_id(ps, "condition", NULL);
	act = agr_plan_new_id(ps, a->name, check);
	agr_plan_put(pool, config, "condition", agr_plan_str(pool, text));
	if (strcmp(a->type, "function") == 0)
		agr_plan_put(pool, a->config, "action", agr_plan_str(pool, a->name));
	agr_plan_op_node(c, check, "conditional", config);
	agr_plan_op_node(c, act, a->type, a->config);
	agr_plan_op_edge(c, c->graph->nodes[base].id, check, NULL);
	agr_plan_op_edge(c, check, act, agr_plan_str(pool, "true"));
	c->description =
		agr_plan_printf(pool, "After %s, checks \"%s\" and then runs %s (%s)",
			c->graph->nodes[base].id, text, act, a->name);
	return PLAN_YES;
}

static bool at_end(const plan_parser *ps)
{
	return agr_plan_ended(ps) ||
		(ps->pos + 1 == ps->words->n && agr_plan_ahead(ps, 0, ".|!"));
}

/* "email me when ..." */
static plan_outcome action_first(plan_change *c)
{
	plan_parser *ps = c->ps;
	struct action a;
	size_t from, to, base = 0;
	plan_outcome r;

	agr_plan_take(ps, "always");
	if (!take_action(ps, &a))
		return PLAN_NO;
	agr_plan_take(ps, ",");
	agr_plan_take(ps, "always");
	if (!agr_plan_take(ps, WHEN))
		return PLAN_NO;
	from = ps->pos;
	to = ps->words->n;
	if (to > from && agr_plan_in_list(ps->words->list[to - 1].low, ".|!"))
		to--;
	if (to < from + 2 || !condition_is_plain(ps, from, to)) /* "when done": what? */
		return PLAN_NO;
	r = find_base(c, from, to, &base);
	if (r != PLAN_YES)
		return r;
	agr_plan_use(ps, to - from);
	return build(c, &a, from, to, base);
}

/* "when ..., email me" */
static plan_outcome condition_first(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t from;

	if (!agr_plan_take(ps, WHEN))
		return PLAN_NO;
	from = ps->pos;
	for (size_t to = from + 2; to < ps->words->n; to++) {
		struct action a;
		size_t base = 0;
		plan_outcome r;

		agr_plan_rewind(ps, from);
		agr_plan_use(ps, to - from);
		agr_plan_take(ps, ", then|then|,");
		agr_plan_take(ps, "always");
		if (!take_action(ps, &a) || !at_end(ps) || !condition_is_plain(ps, from, to))
			continue;
		r = find_base(c, from, to, &base);
		return r == PLAN_YES ? build(c, &a, from, to, base) : r;
	}
	agr_plan_rewind(ps, from);
	return PLAN_NO;
}

plan_outcome agr_plan_notify_rule(plan_change *c)
{
	size_t start = c->ps->pos;
	plan_outcome r = action_first(c);

	if (r != PLAN_NO)
		return r;
	agr_plan_rewind(c->ps, start);
	return condition_first(c);
}
