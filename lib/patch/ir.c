/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/ir.h"

#include <string.h>

#include "table/keep.h"

static bool is_named(agr_span key, const char *name)
{
	return agr_string_is(key, name, strlen(name));
}

/* A member of this type. */
static bool get(agr_span object, const char *name, agr_type type, agr_span *out)
{
	return agr_span_type(object) == AGR_TYPE_OBJECT &&
		agr_object_get(object, name, strlen(name), out) && agr_span_type(*out) == type;
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
	if (!agr_object_get(node, "id", 2, &value) || agr_span_type(value) == AGR_TYPE_NULL) {
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
		if (get(edge, "from", AGR_TYPE_STRING, &from) &&
			get(edge, "to", AGR_TYPE_STRING, &to))
			note(e, from, to);
	}
}

/* What the nodes list under `name`: where they lead to, or where they come from. */
static void write_implied(struct edges *e, agr_span nodes, const char *name, bool leads)
{
	agr_iter it = agr_iter_of(nodes), each;
	agr_span id, node, list, other;

	while (!e->out->failed && agr_object_next(&it, &id, &node)) {
		if (!get(node, name, AGR_TYPE_ARRAY, &list))
			continue;
		each = agr_iter_of(list);
		while (!e->out->failed && agr_array_next(&each, &other))
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

	return workflow.p && get(workflow, "nodes", AGR_TYPE_OBJECT, &nodes);
}

void agr_ir_write(agr_buf *out, agr_span ir)
{
	agr_span nodes = { "{}", 2 }, edges = { NULL, 0 }, key, value;
	agr_iter it = agr_iter_of(ir);

	get(ir, "nodes", AGR_TYPE_OBJECT, &nodes);
	if (!get(ir, "edges", AGR_TYPE_ARRAY, &edges))
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
}

int agr_ir_read(agr_span *workflow, agr_buf *room, agentrun_error **err)
{
	int r;

	if (!agr_ir_is(*workflow))
		return 0;
	agr_ir_write(room, *workflow);
	r = agr_buf_check(room, "the workflow", err);
	*workflow = (agr_span){ room->data, room->len };
	return r < 0 ? r : 1;
}
