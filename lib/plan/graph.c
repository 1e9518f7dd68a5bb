/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/graph.h"

#include <string.h>

#define NAME_WORDS_MAX 6
#define NAMES_SHOWN 8

static bool read_nodes(plan_graph *out, plan_pool *pool, const json_t *list)
{
	size_t n = json_array_size(list);

	out->nodes = agr_plan_alloc(pool, (n + 1) * sizeof(*out->nodes));
	for (size_t i = 0; out->nodes && i < n; i++) {
		const json_t *json = json_array_get(list, i);
		const char *id = agr_json_str(json, "id", NULL);
		const char *name = agr_json_str(
			json, "name", agr_json_str(json_object_get(json, "config"), "name", ""));

		if (!id || agr_plan_node_by_id(out, id) != PLAN_NO_NODE)
			return false;
		out->nodes[out->n++] = (plan_node){ .id = id,
			.json = json,
			.type = agr_json_str(json, "type", ""),
			.parts = agr_plan_parts(pool, id),
			.name = agr_plan_parts(pool, name) };
	}
	return out->n > 0;
}

/* May the edge not be made again from its ends and its condition's text? */
static bool is_labelled(const json_t *edge)
{
	const json_t *condition = json_object_get(edge, "condition");
	size_t plain = (json_object_get(edge, "from") != NULL) +
		(json_object_get(edge, "to") != NULL) + (condition != NULL);

	return json_object_size(edge) > plain ||
		(condition && !json_is_string(condition) && !json_is_null(condition));
}

static bool read_edges(plan_graph *out, plan_pool *pool, const json_t *list)
{
	size_t n = json_array_size(list);

	out->edges = agr_plan_alloc(pool, (n + 1) * sizeof(*out->edges));
	for (size_t i = 0; out->edges && i < n; i++) {
		const json_t *json = json_array_get(list, i);
		const json_t *condition = json_object_get(json, "condition");
		plan_edge *edge = &out->edges[out->n_edges++];

		edge->from = agr_plan_node_by_id(out, agr_json_str(json, "from", ""));
		edge->to = agr_plan_node_by_id(out, agr_json_str(json, "to", ""));
		edge->condition = json_is_null(condition) ? NULL : condition;
		edge->labelled = is_labelled(json);
		if (edge->from == PLAN_NO_NODE || edge->to == PLAN_NO_NODE)
			return false;
	}
	return true;
}

void agr_plan_graph(plan_graph *out, plan_pool *pool, const json_t *workflow)
{
	const json_t *nodes = json_object_get(workflow, "nodes");

	memset(out, 0, sizeof(*out));
	if (!workflow)
		out->trouble = "A change needs the current workflow.";
	else if (json_is_object(nodes))
		out->trouble = "A patch needs the workflow in its array form, "
					   "{\"nodes\":[...],\"edges\":[...]}; this one has its nodes "
					   "by id.";
	else if (!json_is_array(nodes) || !json_is_array(json_object_get(workflow, "edges")))
		out->trouble = "The workflow has no arrays \"nodes\" and \"edges\".";
	else if (!read_nodes(out, pool, nodes))
		out->trouble = "The workflow's nodes have no ids of their own.";
	else if (!read_edges(out, pool, json_object_get(workflow, "edges")))
		out->trouble = "An edge of the workflow joins no existing nodes.";
	if (out->trouble || pool->failed)
		out->n = out->n_edges = 0;
}

size_t agr_plan_node_by_id(const plan_graph *graph, const char *id)
{
	for (size_t i = 0; i < graph->n; i++)
		if (strcmp(graph->nodes[i].id, id) == 0)
			return i;
	return PLAN_NO_NODE;
}

size_t agr_plan_edge_between(const plan_graph *graph, size_t from, size_t to)
{
	for (size_t i = 0; i < graph->n_edges; i++)
		if (graph->edges[i].from == from && graph->edges[i].to == to)
			return i;
	return PLAN_NO_NODE;
}

size_t agr_plan_count_edges(const plan_graph *graph, size_t node, bool leaving)
{
	size_t n = 0;

	for (size_t i = 0; i < graph->n_edges; i++)
		n += (leaving ? graph->edges[i].from : graph->edges[i].to) == node;
	return n;
}

/* Edges are followed as often as there are nodes at the most. */
bool agr_plan_reaches(const plan_graph *graph, size_t from, size_t to)
{
	agr_buf seen = AGR_BUF_INIT;
	bool more = true, yes;

	for (size_t i = 0; i < graph->n; i++)
		agr_buf_char(&seen, i == from);
	while (more && seen.data && !seen.failed) {
		more = false;
		for (size_t i = 0; i < graph->n_edges; i++)
			if (seen.data[graph->edges[i].from] && !seen.data[graph->edges[i].to])
				seen.data[graph->edges[i].to] = more = true;
	}
	yes = seen.failed || !seen.data || seen.data[to];
	agr_buf_free(&seen);
	return yes;
}

bool agr_plan_valid_id(const char *id)
{
	for (const char *p = id; *p; p++)
		if (!agr_is_alpha(*p) && !agr_is_digit(*p) && *p != '_' && *p != '-')
			return false;
	return *id != '\0';
}

const char *agr_plan_new_id(plan_parser *ps, const char *base, const char *other)
{
	const char *id = base;

	for (int i = 2; agr_plan_node_by_id(ps->graph, id) != PLAN_NO_NODE ||
		 (other && strcmp(id, other) == 0);
		 i++) {
		id = agr_plan_printf(ps->pool, "%s_%d", base, i);
		if (ps->pool->failed)
			break;
	}
	return id;
}

static bool is_end(const plan_graph *graph, size_t node)
{
	return strcmp(graph->nodes[node].type, "end") == 0;
}

size_t agr_plan_last_node(const plan_graph *graph)
{
	size_t found = PLAN_NO_NODE;

	for (size_t i = 0; i < graph->n; i++) {
		bool last = !is_end(graph, i);

		for (size_t k = 0; k < graph->n_edges; k++)
			if (graph->edges[k].from == i && !is_end(graph, graph->edges[k].to))
				last = false;
		if (last && found != PLAN_NO_NODE)
			return PLAN_NO_NODE;
		if (last)
			found = i;
	}
	return found;
}

plan_outcome agr_plan_no_such_node(plan_parser *ps)
{
	agr_buf names = AGR_BUF_INIT;
	const plan_graph *graph = ps->graph;

	if (graph->trouble)
		return agr_plan_refuse(ps, "%s", graph->trouble);
	for (size_t i = 0; i < graph->n && i < NAMES_SHOWN; i++)
		agr_buf_printf(&names, "%s%s", i ? ", " : "", graph->nodes[i].id);
	if (graph->n > NAMES_SHOWN)
		agr_buf_str(&names, ", ...");
	agr_plan_refuse(ps, "It is not clear which node is meant%s%s%s. There are: %s.",
		agr_plan_ended(ps) ? "" : " by \"", agr_plan_at(ps, 0)->text,
		agr_plan_ended(ps) ? "" : "\"", names.data ? names.data : "none");
	agr_buf_free(&names);
	return PLAN_REFUSED;
}

enum rank { BY_ID, BY_CASE, BY_NAME, BY_LETTER, BY_NONE };

static enum rank rank_of(
	const plan_node *node, const char *text, const char *parts, bool one_word)
{
	if (strcmp(node->id, text) == 0)
		return BY_ID;
	if (strcmp(node->parts, parts) == 0)
		return BY_CASE;
	if (*node->name && strcmp(node->name, parts) == 0)
		return BY_NAME;
	if (one_word && strlen(parts) >= 4 && strlen(node->parts) >= 4 &&
		!agr_plan_is_reserved(parts) && agr_plan_one_letter_off(node->parts, parts))
		return BY_LETTER;
	return BY_NONE;
}

static plan_outcome by_words(plan_parser *ps, size_t n, size_t *node)
{
	const char *text = n == 1
		? agr_plan_at(ps, 0)->text
		: agr_plan_words_text(ps->words, ps->pool, ps->pos, ps->pos + n);
	const char *parts = agr_plan_parts(ps->pool, text);
	enum rank best = BY_NONE;
	size_t found = 0;

	for (size_t i = 0; i < ps->graph->n; i++) {
		enum rank rank = rank_of(&ps->graph->nodes[i], text, parts, n == 1);

		if (rank < best) {
			best = rank;
			found = 0;
		}
		if (rank == best && rank != BY_NONE) {
			*node = i;
			found++;
		}
	}
	if (found > 1)
		return agr_plan_refuse(ps, "\"%s\" could mean several nodes.", text);
	return found ? PLAN_YES : PLAN_NO;
}

/* "http node", "approval step": the type, when one node alone has it. */
static plan_outcome by_type(plan_parser *ps, size_t *node)
{
	size_t found = 0, n = 0;
	const plan_node_words *type = agr_plan_node_types;

	while (type->words &&
		(!(n = agr_plan_ahead(ps, 0, type->words)) ||
			!agr_plan_ahead(ps, n, "node|step|block")))
		type++;
	if (!type->words)
		return PLAN_NO;
	for (size_t i = 0; i < ps->graph->n; i++) {
		const json_t *config = json_object_get(ps->graph->nodes[i].json, "config");

		if (type->action ? strcmp(agr_json_str(config, "action", ""), type->action) == 0
						 : strcmp(ps->graph->nodes[i].type, type->type) == 0) {
			*node = i;
			found++;
		}
	}
	if (found > 1)
		return agr_plan_refuse(ps, "Several nodes are of the type %s.", type->type);
	if (found)
		agr_plan_use(ps, n + 1);
	return found ? PLAN_YES : PLAN_NO;
}

/* "first node", "last step", "this node". */
static plan_outcome by_place(plan_parser *ps, size_t *node)
{
	bool first = agr_plan_ahead(ps, 0, "first node|first step") > 0;
	size_t found = 0;

	if (agr_plan_ahead(ps, 0, "this node|this step|current node|current step")) {
		*node = ps->request->node_id
			? agr_plan_node_by_id(ps->graph, ps->request->node_id)
			: PLAN_NO_NODE;
		if (*node == PLAN_NO_NODE)
			return agr_plan_refuse(ps, "It is not known which node is the current one.");
		agr_plan_use(ps, 2);
		return PLAN_YES;
	}
	if (!first && !agr_plan_ahead(ps, 0, "last node|last step"))
		return PLAN_NO;
	for (size_t i = 0; i < ps->graph->n; i++)
		if (!agr_plan_count_edges(ps->graph, i, !first)) {
			*node = i;
			found++;
		}
	if (found != 1)
		return agr_plan_refuse(
			ps, "Several nodes could be the %s one.", first ? "first" : "last");
	agr_plan_use(ps, 2);
	return PLAN_YES;
}

plan_outcome agr_plan_take_node(plan_parser *ps, size_t *node)
{
	size_t start = ps->pos, longest = 0;
	plan_outcome r;

	agr_plan_skip(ps, "the|a|an|my|our");
	r = by_place(ps, node);
	if (r == PLAN_NO && agr_plan_ahead(ps, 0, "node|step") &&
		agr_plan_node_by_id(ps->graph, agr_plan_at(ps, 0)->text) == PLAN_NO_NODE)
		agr_plan_take(ps, "node|step");
	while (longest < NAME_WORDS_MAX &&
		(agr_plan_at(ps, longest)->kind == PLAN_WORD ||
			agr_plan_at(ps, longest)->kind == PLAN_QUOTED ||
			agr_plan_at(ps, longest)->kind == PLAN_NUMBER))
		longest++;
	for (size_t n = longest; n > 0 && r == PLAN_NO; n--) {
		r = by_words(ps, n, node);
		if (r == PLAN_YES) {
			agr_plan_use(ps, n);
			agr_plan_take(ps, "node|step");
		}
	}
	if (r == PLAN_NO)
		r = by_type(ps, node);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}
