/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A workflow as an engine runs it: `nodes` is an object keyed by id, each node lists
 * `dependencies` and `dependents`, and edges are implied. A job's is read in that form
 * and becomes the one that patches are of, {nodes: [], edges: []}: nodes in their order,
 * then the edges that were written out, then those that are implied.
 */
#include <string.h>

#include "engine/engine.h"
#include "table/keep.h"

static bool is_named(agr_span key, const char *name)
{
	return agr_string_is(key, name, strlen(name));
}

static bool list_of(agr_span node, const char *name, agr_span *list)
{
	return agr_span_type(node) == AGR_TYPE_OBJECT &&
		agr_get_typed(node, name, AGR_TYPE_ARRAY, list);
}

static void separate(agr_buf *out)
{
	if (out->len && out->data[out->len - 1] != '[' && out->data[out->len - 1] != '{')
		agr_buf_char(out, ',');
}

static void write_node(agr_buf *out, agr_span id, agr_span node)
{
	agr_iter it;
	agr_span key, value;

	separate(out);
	if (agr_span_type(node) != AGR_TYPE_OBJECT) {
		agr_value_write(out, node); /* whoever judges the workflow says what it lacks */
		return;
	}
	agr_buf_char(out, '{');
	if (!agr_get(node, "id", &value)) {
		agr_buf_str(out, "\"id\":");
		agr_value_write(out, id);
	}
	it = agr_iter_of(node);
	while (agr_object_next(&it, &key, &value)) {
		if (is_named(key, "dependencies") || is_named(key, "dependents"))
			continue;
		separate(out);
		agr_value_write(out, key);
		agr_buf_char(out, ':');
		agr_value_write(out, value);
	}
	agr_buf_char(out, '}');
}

/* The edges so far, each once. */
struct edges {
	agr_buf *out;
	agr_keyset known;
	agr_buf key; /* from and to, decoded, a NUL between */
};

/* Is it a new one? Noted by then. */
static bool note(struct edges *e, agr_span from, agr_span to)
{
	bool added = false;

	agr_buf_reset(&e->key);
	agr_string_decode(&e->key, from);
	agr_buf_char(&e->key, '\0');
	agr_string_decode(&e->key, to);
	if (e->key.failed || agr_keyset_add(&e->known, e->key.data, e->key.len, &added) ==
		AGR_KEYSET_NONE)
		e->out->failed = AGENTRUN_ENOMEM;
	return added;
}

static void write_edge(struct edges *e, agr_span from, agr_span to)
{
	if (agr_span_type(from) != AGR_TYPE_STRING || agr_span_type(to) != AGR_TYPE_STRING ||
		!note(e, from, to))
		return;
	separate(e->out);
	agr_buf_str(e->out, "{\"from\":");
	agr_value_write(e->out, from);
	agr_buf_str(e->out, ",\"to\":");
	agr_value_write(e->out, to);
	agr_buf_char(e->out, '}');
}

/* Those that are written out stay as they are, whatever they are. */
static void write_list(struct edges *e, agr_span list)
{
	agr_iter it = agr_iter_of(list);
	agr_span edge, from, to;

	while (agr_array_next(&it, &edge)) {
		separate(e->out);
		agr_value_write(e->out, edge);
		if (agr_span_type(edge) == AGR_TYPE_OBJECT &&
			agr_get_typed(edge, "from", AGR_TYPE_STRING, &from) &&
			agr_get_typed(edge, "to", AGR_TYPE_STRING, &to))
			note(e, from, to);
	}
}

/* What the nodes list under `name`: where they lead to, or where they come from. */
static void write_implied(struct edges *e, agr_span nodes, const char *name, bool leads)
{
	agr_iter it = agr_iter_of(nodes), each;
	agr_span id, node, list, other;

	while (agr_object_next(&it, &id, &node)) {
		if (!list_of(node, name, &list))
			continue;
		each = agr_iter_of(list);
		while (agr_array_next(&each, &other))
			write_edge(e, leads ? id : other, leads ? other : id);
	}
}

static void write_edges(agr_buf *out, agr_span nodes, agr_span edges)
{
	struct edges e = { .out = out, .key = AGR_BUF_INIT };

	if (edges.p)
		write_list(&e, edges);
	write_implied(&e, nodes, "dependents", true);
	write_implied(&e, nodes, "dependencies", false);
	agr_keyset_free(&e.known);
	agr_buf_free(&e.key);
}

bool agr_ir_is(agr_span workflow)
{
	agr_span nodes;

	return workflow.p && agr_span_type(workflow) == AGR_TYPE_OBJECT &&
		agr_get_typed(workflow, "nodes", AGR_TYPE_OBJECT, &nodes);
}

int agr_ir_workflow(agr_buf *out, agr_span ir, agentrun_error **err)
{
	agr_span nodes, edges = { NULL, 0 }, key, value;
	agr_iter it = agr_iter_of(ir);

	agr_get_typed(ir, "nodes", AGR_TYPE_OBJECT, &nodes);
	if (!agr_get_typed(ir, "edges", AGR_TYPE_ARRAY, &edges))
		edges.p = NULL; /* there are none, or what is there is no list */
	agr_buf_char(out, '{');
	while (agr_object_next(&it, &key, &value)) {
		if (is_named(key, "nodes") || is_named(key, "edges"))
			continue;
		separate(out);
		agr_value_write(out, key);
		agr_buf_char(out, ':');
		agr_value_write(out, value);
	}
	separate(out);
	agr_buf_str(out, "\"nodes\":[");
	for (it = agr_iter_of(nodes); agr_object_next(&it, &key, &value);)
		write_node(out, key, value);
	agr_buf_str(out, "],\"edges\":[");
	write_edges(out, nodes, edges);
	agr_buf_str(out, "]}");
	return agr_buf_check(out, "the workflow", err);
}
