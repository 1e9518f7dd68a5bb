/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* "add an http node called prices with url https://... after start" */
#include <string.h>

#include "plan/change.h"

struct addition {
	const plan_node_words *type;
	const char *id;
	json_t *config;
	json_int_t timeout_ms; /* -1: not said */
	json_int_t attempts; /* 0: not said */
	bool placed, connected;
};

static plan_outcome take_type(plan_change *c, struct addition *a)
{
	plan_parser *ps = c->ps;
	size_t n = 0;

	for (const plan_node_words *type = agr_plan_node_types; type->words; type++) {
		size_t words = agr_plan_ahead(ps, 0, type->words);

		if (words > n) {
			n = words;
			a->type = type;
		}
	}
	if (!n)
		return PLAN_NO;
	agr_plan_use(ps, n);
	agr_plan_take(ps, "node|step|block|task");
	return PLAN_YES;
}

static plan_outcome new_id(plan_change *c, const char *id, const char **out)
{
	if (!agr_plan_valid_id(id))
		return agr_plan_refuse(c->ps,
			"\"%s\" cannot be the id of a node: use letters, digits, - "
			"and _.",
			id);
	if (agr_plan_node_by_id(c->graph, id) != PLAN_NO_NODE)
		return agr_plan_refuse(c->ps, "There is a node called \"%s\" already.", id);
	*out = id;
	return PLAN_YES;
}

static plan_outcome take_name(plan_change *c, struct addition *a)
{
	plan_parser *ps = c->ps;
	size_t start = ps->pos;
	const plan_word *word;
	bool said =
		agr_plan_take(ps, "called|named|with id|with the id|with name|with the name");
	bool name_like;

	word = agr_plan_at(ps, 0);
	name_like = word->kind == PLAN_QUOTED ||
		(word->kind == PLAN_WORD && strpbrk(word->text, "_-0123456789"));
	if (a->id || (!said && !name_like) ||
		(word->kind != PLAN_WORD && word->kind != PLAN_QUOTED &&
			word->kind != PLAN_NUMBER) ||
		(said && word->kind == PLAN_WORD &&
			agr_plan_in_list(
				word->low, "after|before|between|with|and|the|a|an|at|in|to|from"))) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	if (new_id(c, word->text, &a->id) != PLAN_YES)
		return PLAN_REFUSED;
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

static const char *known_keys(const char *type)
{
	static const char *const keys[][2] = { { "http", "url|method|payload" },
		{ "agent", "task" }, { "hitl", "message" }, { "conditional", "condition" },
		{ "filter", "condition" }, { "function", "message|to|channel|subject|body" } };

	for (size_t i = 0; i < AGR_COUNT(keys); i++)
		if (strcmp(keys[i][0], type) == 0)
			return keys[i][1];
	return "";
}

static plan_outcome take_value(plan_change *c, json_t **out)
{
	plan_parser *ps = c->ps;
	const plan_word *word = agr_plan_at(ps, 0);

	if (word->kind == PLAN_NUMBER && word->unit == PLAN_UNIT_NONE)
		*out = agr_plan_number(ps, word->number);
	else if (agr_plan_ahead(ps, 0, "true|false"))
		*out = agr_plan_own(ps->pool, json_boolean(word->low[0] == 't'));
	else if (word->kind == PLAN_QUOTED || word->kind == PLAN_URL ||
		(word->kind == PLAN_WORD && !agr_plan_is_reserved(word->low)))
		*out = agr_plan_str(ps->pool, word->text);
	else
		return PLAN_NO;
	if (!*out)
		return agr_plan_refuse(ps, "The number \"%s\" is too large.", word->text);
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

/* "with url https://...", "that says "..."", "with a timeout of 30s". */
static plan_outcome take_setting(plan_change *c, struct addition *a)
{
	plan_parser *ps = c->ps;
	size_t start = ps->pos;
	const plan_word *key;
	json_t *value = NULL;
	plan_outcome r;

	if (strcmp(a->type->type, "http") == 0 && !json_object_get(a->config, "url") &&
		(agr_plan_at(ps, 0)->kind == PLAN_URL ||
			(agr_plan_ahead(ps, 0, "to|for|that calls|calling") &&
				agr_plan_at(ps, agr_plan_ahead(ps, 0, "to|for|that calls|calling"))
						->kind == PLAN_URL))) {
		agr_plan_take(ps, "to|for|that calls|calling");
		agr_plan_put(
			ps->pool, a->config, "url", agr_plan_str(ps->pool, agr_plan_at(ps, 0)->text));
		agr_plan_use(ps, 1);
		return PLAN_YES;
	}
	if (!agr_plan_take(ps, "with a|with the|with|and a|and the|and|using"))
		return PLAN_NO;
	if (agr_plan_take(ps, "timeout of|timeout")) {
		r = a->timeout_ms < 0 ? agr_plan_take_duration(ps, &a->timeout_ms) : PLAN_NO;
	} else {
		agr_plan_take(ps, "config");
		key = agr_plan_at(ps, 0);
		r = PLAN_NO;
		if (key->kind == PLAN_WORD && !json_object_get(a->config, key->low) &&
			agr_plan_in_list(key->low, known_keys(a->type->type))) {
			agr_plan_use(ps, 1);
			agr_plan_take(ps, "of|=|:|set to|equal to");
			r = take_value(c, &value);
			if (r == PLAN_YES && !json_is_string(value) &&
				strcmp(key->low, "payload") != 0)
				r = agr_plan_refuse(
					ps, "The %s of a node is a text; put it in quotes.", key->low);
			if (r == PLAN_YES)
				agr_plan_put(ps->pool, a->config, key->low, value);
		}
	}
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

static plan_outcome place_at_end(plan_change *c, struct addition *a, bool start)
{
	const plan_graph *g = c->graph;
	size_t found = PLAN_NO_NODE;

	for (size_t i = 0; i < g->n; i++) {
		if (agr_plan_count_edges(g, i, !start))
			continue;
		if (found != PLAN_NO_NODE)
			return agr_plan_refuse(c->ps,
				"The workflow has several %s; say %s which node.",
				start ? "beginnings" : "ends", start ? "before" : "after");
		found = i;
	}
	if (found == PLAN_NO_NODE)
		return agr_plan_no_such_node(c->ps);
	if (start) {
		if (strcmp(g->nodes[found].type, "start") == 0)
			return agr_plan_place_after(c, a->id, found);
		agr_plan_place_before(c, a->id, found);
	} else if (strcmp(g->nodes[found].type, "end") == 0) {
		agr_plan_place_before(c, a->id, found);
	} else {
		agr_plan_op_edge(c, g->nodes[found].id, a->id, NULL);
	}
	return PLAN_YES;
}

struct place {
	enum {
		PLACE_NONE,
		PLACE_AFTER,
		PLACE_BESIDE,
		PLACE_BEFORE,
		PLACE_ON,
		PLACE_END,
		PLACE_START
	} how;
	size_t at;
};

/* "at the end", "as the first step". */
static bool take_outer_place(plan_parser *ps, struct place *place)
{
	if (agr_plan_take(ps, "at the end|to the end|as the last node|as the last step"))
		place->how = PLACE_END;
	else if (agr_plan_take(ps,
				 "at the start|at the beginning|to the beginning|to the start|"
				 "as the first node|as the first step"))
		place->how = PLACE_START;
	else
		return false;
	agr_plan_take(ps, "of the workflow|of workflow");
	return true;
}

/* "and B", behind "between A". */
static plan_outcome take_other_end(plan_change *c, struct place *place)
{
	plan_parser *ps = c->ps;
	size_t a = place->at, b;
	plan_outcome r = agr_plan_take(ps, "and") ? agr_plan_take_node(ps, &b) : PLAN_NO;

	if (r != PLAN_YES)
		return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
	place->at = agr_plan_edge_between(c->graph, a, b);
	if (place->at == PLAN_NO_NODE)
		return agr_plan_refuse(ps, "There is no edge from %s to %s.",
			c->graph->nodes[a].id, c->graph->nodes[b].id);
	return PLAN_YES;
}

static plan_outcome take_place(plan_change *c, struct place *place)
{
	plan_parser *ps = c->ps;
	plan_outcome r;

	if (take_outer_place(ps, place))
		return PLAN_YES;
	if (agr_plan_take(
			ps, "right before|just before|immediately before|before|in front of"))
		place->how = PLACE_BEFORE;
	else if (agr_plan_take(
				 ps, "right after|just after|immediately after|after|following|behind"))
		place->how = PLACE_AFTER;
	else if (agr_plan_take(ps, "between|in between"))
		place->how = PLACE_ON;
	else
		return PLAN_NO;
	r = agr_plan_take_node(ps, &place->at);
	if (r != PLAN_YES)
		return r == PLAN_NO ? agr_plan_no_such_node(ps) : r;
	if (place->how == PLACE_AFTER &&
		agr_plan_take(ps, "in parallel|as a parallel branch|as a branch|as a new branch"))
		place->how = PLACE_BESIDE;
	return place->how == PLACE_ON ? take_other_end(c, place) : PLAN_YES;
}

static plan_outcome put_in_place(
	plan_change *c, struct addition *a, const struct place *place)
{
	switch (place->how) {
	case PLACE_AFTER:
		return agr_plan_place_after(c, a->id, place->at);
	case PLACE_BESIDE:
		agr_plan_op_edge(c, c->graph->nodes[place->at].id, a->id, NULL);
		return PLAN_YES;
	case PLACE_BEFORE:
		agr_plan_place_before(c, a->id, place->at);
		return PLAN_YES;
	case PLACE_ON:
		agr_plan_place_on(c, a->id, place->at);
		return PLAN_YES;
	case PLACE_END:
	case PLACE_START:
		return place_at_end(c, a, place->how == PLACE_START);
	default:
		return agr_plan_refuse(c->ps,
			"Say where the node goes: before or after a node, or "
			"between two.");
	}
}

static plan_outcome finish(plan_change *c, struct addition *a, const struct place *place)
{
	plan_pool *pool = c->ps->pool;
	json_t *node;

	if (a->type->action)
		agr_plan_put(pool, a->config, "action", agr_plan_str(pool, a->type->action));
	if (!a->id) {
		const char *base = a->type->action		 ? a->type->action
			: strcmp(a->type->type, "hitl") == 0 ? "approval"
												 : a->type->type;

		a->id = agr_plan_new_id(c->ps, base, NULL);
	}
	agr_plan_op_node(c, a->id, a->type->type, a->config);
	node = json_object_get(json_array_get(c->operations, 0), "value");
	if (a->timeout_ms >= 0)
		agr_plan_put(pool, node, "timeout_ms", agr_plan_int(pool, a->timeout_ms));
	c->description = agr_plan_printf(pool, "Adds the %s node %s", a->type->type, a->id);
	return put_in_place(c, a, place);
}

/* What may follow the type, in any order, each once. */
static plan_outcome details(plan_change *c, struct addition *a, struct place *place)
{
	plan_parser *ps = c->ps;

	while (!agr_plan_ended(ps)) {
		plan_outcome r = take_name(c, a);

		if (r == PLAN_NO && place->how == PLACE_NONE)
			r = take_place(c, place);
		if (r == PLAN_NO)
			r = take_setting(c, a);
		if (r == PLAN_REFUSED)
			return r;
		if (r == PLAN_NO)
			break;
	}
	return PLAN_YES;
}

plan_outcome agr_plan_add_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	struct addition a = { .timeout_ms = -1 };
	struct place place = { PLACE_NONE, 0 };
	bool append = agr_plan_ahead(ps, 0, "append") > 0;
	plan_outcome r;

	if (!agr_plan_take(ps, "add|insert|append|put|create|place"))
		return PLAN_NO;
	a.config = agr_plan_object(ps->pool);
	if (agr_plan_ahead(ps, 0, "an edge|a connection|edge|connection|a link|the edge"))
		return PLAN_NO;
	agr_plan_skip(ps, "a|an|another|one");
	agr_plan_take(ps, "new");
	r = take_type(c, &a);
	if (r == PLAN_NO && agr_plan_take(ps, "node of type|step of type|node of the type")) {
		r = take_type(c, &a);
	} else if (r == PLAN_NO && agr_plan_take(ps, "node|step")) {
		return agr_plan_refuse(ps,
			"Say which type of node: http, function, conditional, "
			"agent, task, hitl (approval), transform, filter, ...");
	}
	if (r != PLAN_YES)
		return PLAN_NO;
	r = details(c, &a, &place);
	if (r != PLAN_YES)
		return r;
	if (place.how == PLACE_NONE && append)
		place.how = PLACE_END;
	if (agr_plan_ended(ps) || agr_plan_ahead(ps, 0, ".|!"))
		return finish(c, &a, &place);
	return PLAN_YES; /* the words left over say why there is no plan */
}

/* "require approval before deploy". */
plan_outcome agr_plan_approval_rule(plan_change *c)
{
	plan_parser *ps = c->ps;
	struct addition a = { .timeout_ms = -1 };
	struct place place = { PLACE_NONE, 0 };
	plan_outcome r;

	while (agr_plan_take(ps, "always"))
		;
	if (!agr_plan_take(ps, "require|ask for|request|wait for") ||
		!agr_plan_ahead(ps, agr_plan_ahead(ps, 0, "an|a"),
			"approval|human approval|manual approval|human review"))
		return PLAN_NO;
	agr_plan_skip(ps, "a|an");
	a.config = agr_plan_object(ps->pool);
	if (take_type(c, &a) != PLAN_YES)
		return PLAN_NO;
	r = details(c, &a, &place);
	if (r != PLAN_YES)
		return r;
	if (place.how != PLACE_BEFORE && place.how != PLACE_AFTER && place.how != PLACE_ON)
		return PLAN_NO;
	if (agr_plan_ended(ps) || agr_plan_ahead(ps, 0, ".|!"))
		return finish(c, &a, &place);
	return PLAN_YES;
}
