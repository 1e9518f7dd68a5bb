/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/change.h"

#include <string.h>

/* A new request, a correction, or a reference may not hide in a text. */
bool agr_plan_is_plain_text(plan_parser *ps, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const plan_word *word = &ps->words->list[i];

		if (word->kind == PLAN_SYMBOL && agr_plan_in_list(word->text, ",|;|.|?|!"))
			return false;
		if (word->kind == PLAN_WORD &&
			agr_plan_in_list(word->low,
				"delete|remove|add|insert|append|rename|connect|disconnect|"
				"set|change|update|also|instead|please|then|rather|but|"
				"create|retry|replace"))
			return false;
	}
	return true;
}

const char *agr_plan_take_rest(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t from = ps->pos, to = ps->words->n;
	const char *text;

	if (agr_plan_at(ps, 0)->kind == PLAN_QUOTED) {
		text = agr_plan_at(ps, 0)->text;
		agr_plan_use(ps, 1);
		return *text ? text : NULL;
	}
	if (to > from && agr_plan_in_list(ps->words->list[to - 1].text, ".|!"))
		to--;
	if (from >= to || !agr_plan_is_plain_text(ps, from, to))
		return NULL;
	agr_plan_use(ps, to - from);
	return agr_plan_words_text(ps->words, ps->pool, from, to);
}

static plan_outcome two_nodes(
	plan_change *c, const char *before, const char *between, size_t *a, size_t *b)
{
	plan_parser *ps = c->ps;
	plan_outcome r;

	if (before && !agr_plan_take(ps, before))
		return PLAN_NO;
	r = agr_plan_take_node(ps, a);
	if (r != PLAN_YES)
		return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
	if (!agr_plan_take(ps, between))
		return PLAN_NO;
	r = agr_plan_take_node(ps, b);
	return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
}

plan_outcome agr_plan_take_edge(plan_change *c, size_t *edge)
{
	plan_parser *ps = c->ps;
	size_t a = 0, b = 0, start = ps->pos;
	bool either = agr_plan_ahead(ps, 0, "between") > 0;
	plan_outcome r = two_nodes(c,
		either								? "between"
			: agr_plan_ahead(ps, 0, "from") ? "from"
											: NULL,
		either ? "and" : "to|->|\xe2\x86\x92", &a, &b);

	if (r != PLAN_YES) {
		if (r == PLAN_NO)
			agr_plan_rewind(ps, start);
		return r;
	}
	*edge = agr_plan_edge_between(c->graph, a, b);
	if (*edge == PLAN_NO_NODE && either)
		*edge = agr_plan_edge_between(c->graph, b, a);
	if (*edge == PLAN_NO_NODE)
		return agr_plan_refuse(ps, "There is no edge from %s to %s.",
			c->graph->nodes[a].id, c->graph->nodes[b].id);
	return PLAN_YES;
}

static plan_outcome remove_edge(plan_change *c, size_t edge)
{
	const plan_graph *g = c->graph;

	agr_plan_op(c, "remove", agr_plan_printf(c->ps->pool, "/edges/%zu", edge), NULL);
	c->description = agr_plan_printf(c->ps->pool, "Removes the edge from %s to %s",
		g->nodes[g->edges[edge].from].id, g->nodes[g->edges[edge].to].id);
	return PLAN_YES;
}

/* "remove the edge from a to b", "disconnect a from b". */
static plan_outcome disconnect_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t a = 0, b = 0, edge = 0;
	plan_outcome r;

	if (agr_plan_take(ps, "disconnect|unlink")) {
		r = two_nodes(c, NULL, "from|and", &a, &b);
		if (r != PLAN_YES)
			return r;
		edge = agr_plan_edge_between(c->graph, a, b);
		if (edge == PLAN_NO_NODE)
			edge = agr_plan_edge_between(c->graph, b, a);
		if (edge == PLAN_NO_NODE)
			return agr_plan_refuse(ps, "There is no edge between %s and %s.",
				c->graph->nodes[a].id, c->graph->nodes[b].id);
		return remove_edge(c, edge);
	}
	if (!agr_plan_take(ps, "remove|delete|drop|cut"))
		return PLAN_NO;
	agr_plan_skip(ps, "the");
	if (!agr_plan_take(ps, "edge|connection|link"))
		return PLAN_NO;
	r = agr_plan_take_edge(c, &edge);
	return r == PLAN_YES ? remove_edge(c, edge) : r;
}

static plan_outcome remove_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t node;
	plan_outcome r;

	if (!agr_plan_take(ps, "remove|delete|drop|get rid of|take out"))
		return PLAN_NO;
	if (agr_plan_take(ps,
			"the retry of|the retry from|retry from|retries from|"
			"the retries from|the retries of|the retry policy of|"
			"the retry policy from")) {
		r = agr_plan_take_node(ps, &node);
		if (r != PLAN_YES)
			return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
		if (!json_object_get(c->graph->nodes[node].json, "retry"))
			return agr_plan_refuse(
				ps, "%s is not tried again as it is.", c->graph->nodes[node].id);
		agr_plan_op(
			c, "remove", agr_plan_printf(ps->pool, "/nodes/%zu/retry", node), NULL);
		c->description = agr_plan_printf(
			ps->pool, "Removes the retry of %s", c->graph->nodes[node].id);
		return PLAN_YES;
	}
	r = agr_plan_take_node(ps, &node);
	if (r != PLAN_YES)
		return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
	agr_plan_take(ps, "from the workflow|and its edges|and reconnect|and rewire");
	c->description =
		agr_plan_printf(ps->pool, "Removes the node %s", c->graph->nodes[node].id);
	return agr_plan_op_remove_node(c, node);
}

static plan_outcome rename_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t node;
	const plan_word *word;
	plan_outcome r;

	if (!agr_plan_take(ps,
			"rename|change the name of|change the id of|set the id of|"
			"set the name of"))
		return PLAN_NO;
	r = agr_plan_take_node(ps, &node);
	if (r != PLAN_YES)
		return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
	if (!agr_plan_take(ps, "to|into|as"))
		return PLAN_NO;
	word = agr_plan_at(ps, 0);
	if (word->kind != PLAN_WORD && word->kind != PLAN_QUOTED && word->kind != PLAN_NUMBER)
		return PLAN_NO;
	if (!agr_plan_valid_id(word->text))
		return agr_plan_refuse(ps,
			"\"%s\" cannot be the id of a node: use letters, digits, - "
			"and _.",
			word->text);
	if (agr_plan_node_by_id(c->graph, word->text) != PLAN_NO_NODE)
		return agr_plan_refuse(ps, "There is a node called \"%s\" already.", word->text);
	agr_plan_use(ps, 1);
	c->description = agr_plan_printf(
		ps->pool, "Renames the node %s to %s", c->graph->nodes[node].id, word->text);
	return agr_plan_op_rename(c, node, word->text);
}

/* What the schema wants to be text in some type of node has to be text. */
static bool config_suits(const plan_change *c, size_t node)
{
	static const char *const texts[] = { "url", "method", "task", "message",
		"condition" };
	const json_t *config = json_object_get(c->graph->nodes[node].json, "config");

	for (size_t i = 0; i < AGR_COUNT(texts); i++)
		if (json_object_get(config, texts[i]) &&
			!json_is_string(json_object_get(config, texts[i])))
			return false;
	return true;
}

static plan_outcome retype(plan_change *c, size_t node)
{
	plan_parser *ps = c->ps;
	const plan_node_words *type = agr_plan_node_types, *best = NULL;
	size_t n = 0;

	agr_plan_skip(ps, "a|an");
	for (; type->words; type++) {
		size_t words = agr_plan_ahead(ps, 0, type->words);

		if (words > n && !type->action) {
			n = words;
			best = type;
		}
	}
	if (!best)
		return PLAN_NO;
	agr_plan_use(ps, n);
	agr_plan_take(ps, "node|step");
	if (!config_suits(c, node))
		return agr_plan_refuse(
			ps, "The config of %s does not suit another type.", c->graph->nodes[node].id);
	if (strcmp(c->graph->nodes[node].type, best->type) == 0)
		return agr_plan_refuse(
			ps, "%s is of the type %s already.", c->graph->nodes[node].id, best->type);
	agr_plan_op(c, "replace", agr_plan_printf(ps->pool, "/nodes/%zu/type", node),
		agr_plan_str(ps->pool, best->type));
	c->description = agr_plan_printf(
		ps->pool, "Makes %s a node of the type %s", c->graph->nodes[node].id, best->type);
	return PLAN_YES;
}

static plan_outcome retype_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	bool said = agr_plan_take(ps,
		"change the type of|set the type of|change type of|set "
		"type of");
	bool make = !said && agr_plan_take(ps, "make");
	size_t node;
	plan_outcome r;

	if (!said && !make && !agr_plan_take(ps, "turn|convert|change"))
		return PLAN_NO;
	r = agr_plan_take_node(ps, &node);
	if (r != PLAN_YES)
		return r == PLAN_NO && said ? agr_plan_no_such_node(ps) : r;
	if (said	   ? !agr_plan_take(ps, "to|into")
			: make ? !agr_plan_ahead(ps, 0, "a|an")
				   : !agr_plan_take(ps, "to a|to an|into a|into an"))
		return PLAN_NO;
	return retype(c, node);
}

/* "connect a to b [when "x > 5"]", "add an edge from a to b". */
static plan_outcome connect_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t a = 0, b = 0;
	const char *text = NULL;
	bool edge = agr_plan_take(ps,
		"add an edge|add edge|add a connection|create an edge|"
		"add a link|insert an edge");
	plan_outcome r;

	if (!edge && !agr_plan_take(ps, "connect|link"))
		return PLAN_NO;
	r = two_nodes(c, edge ? "from" : NULL, "to|->|\xe2\x86\x92", &a, &b);
	if (r != PLAN_YES)
		return r;
	if (agr_plan_take(ps,
			"when|if|with condition|with the condition|on condition|"
			"with a condition")) {
		text = agr_plan_take_rest(c);
		if (!text)
			return agr_plan_refuse(ps, "Put the condition in quotes.");
	}
	if (a == b || agr_plan_reaches(c->graph, b, a))
		return agr_plan_refuse(ps, "An edge from %s to %s would close a circle.",
			c->graph->nodes[a].id, c->graph->nodes[b].id);
	if (agr_plan_edge_between(c->graph, a, b) != PLAN_NO_NODE)
		return agr_plan_refuse(ps, "There is an edge from %s to %s already.",
			c->graph->nodes[a].id, c->graph->nodes[b].id);
	agr_plan_op_edge(c, c->graph->nodes[a].id, c->graph->nodes[b].id,
		text ? agr_plan_str(ps->pool, text) : NULL);
	c->description = agr_plan_printf(
		ps->pool, "Connects %s to %s", c->graph->nodes[a].id, c->graph->nodes[b].id);
	return PLAN_YES;
}

static plan_outcome (*const rules[])(plan_change *c) = { connect_rule, disconnect_rule,
	agr_plan_edge_condition_rule, rename_rule, retype_rule, agr_plan_retry_rule,
	agr_plan_set_rule, agr_plan_add_rule, agr_plan_approval_rule, remove_rule,
	agr_plan_notify_rule };

/* Try the rules in turn; the first that takes the whole sentence decides. */
static plan_outcome try_rules(plan_change *c)
{
	plan_parser *ps = c->ps;
	size_t start = ps->pos, farthest = start;
	const char *reason = NULL;

	for (size_t i = 0; i < AGR_COUNT(rules) && !ps->pool->failed; i++) {
		plan_outcome r;

		json_array_clear(c->operations);
		c->description = NULL;
		r = rules[i](c);
		if (r == PLAN_YES && ps->pos + 1 == ps->words->n)
			agr_plan_skip(ps,
				agr_plan_in_list(ps->words->list[0].low, "can|could|would")
					? ".|!|please|?"
					: ".|!|please");
		if (r == PLAN_YES && agr_plan_ended(ps) && json_array_size(c->operations))
			return PLAN_YES;
		/* What went farthest into the sentence knows best why it failed. */
		if (ps->pos >= farthest && (r == PLAN_REFUSED || ps->pos > farthest)) {
			farthest = ps->pos;
			reason = r == PLAN_REFUSED ? ps->reason : NULL;
		}
		ps->reason = NULL;
		agr_plan_rewind(ps, start);
	}
	ps->reason = reason;
	agr_plan_use(ps, farthest - start);
	return PLAN_NO;
}

json_t *agr_plan_changes(plan_parser *ps)
{
	plan_change c = { .ps = ps, .graph = ps->graph };
	json_t *spec;

	c.operations = agr_plan_array(ps->pool);
	agr_plan_skip(ps,
		"please|can you|could you|would you|i want you to|"
		"i want to|i need to|i would like to|i'd like to|"
		"i'd like you to|hey|hi|hello|,");
	if (ps->graph->trouble) {
		if (agr_plan_take(ps,
				"add|insert|append|put|create|remove|delete|drop|rename|"
				"change|set|update|connect|disconnect|retry|always|"
				"whenever|make|require"))
			agr_plan_refuse(ps, "%s", ps->graph->trouble);
		ps->lost = ps->words->n - ps->pos;
		return NULL;
	}
	if (try_rules(&c) != PLAN_YES) {
		ps->lost = ps->words->n - ps->pos;
		return NULL;
	}
	spec = agr_plan_object(ps->pool);
	agr_plan_put(ps->pool, spec, "operations", c.operations);
	agr_plan_put(ps->pool, spec, "description",
		agr_plan_str(ps->pool, agr_plan_printf(ps->pool, "%s.", c.description)));
	return spec;
}
