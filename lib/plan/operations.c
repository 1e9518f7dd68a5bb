/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "plan/change.h"

#define DEPTH_MAX 64

void agr_plan_op(plan_change *c, const char *op, const char *path, json_t *value)
{
	plan_pool *pool = c->ps->pool;
	json_t *made = agr_plan_object(pool);

	agr_plan_put(pool, made, "op", agr_plan_str(pool, op));
	agr_plan_put(pool, made, "path", agr_plan_str(pool, path));
	if (value)
		agr_plan_put(pool, made, "value", value);
	agr_plan_push(pool, c->operations, made);
}

static void copy_within(plan_change *c, const char *from, const char *path)
{
	plan_pool *pool = c->ps->pool;
	json_t *made = agr_plan_object(pool);

	agr_plan_put(pool, made, "op", agr_plan_str(pool, "copy"));
	agr_plan_put(pool, made, "from", agr_plan_str(pool, from));
	agr_plan_put(pool, made, "path", agr_plan_str(pool, path));
	agr_plan_push(pool, c->operations, made);
}

void agr_plan_op_node(plan_change *c, const char *id, const char *type, json_t *config)
{
	plan_pool *pool = c->ps->pool;
	json_t *node = agr_plan_object(pool);

	agr_plan_put(pool, node, "id", agr_plan_str(pool, id));
	agr_plan_put(pool, node, "type", agr_plan_str(pool, type));
	if (json_object_size(config))
		agr_plan_put(pool, node, "config", config);
	agr_plan_op(c, "add", "/nodes/-", node);
}

void agr_plan_op_edge(plan_change *c, const char *from, const char *to, json_t *condition)
{
	plan_pool *pool = c->ps->pool;
	json_t *edge = agr_plan_object(pool);

	agr_plan_put(pool, edge, "from", agr_plan_str(pool, from));
	agr_plan_put(pool, edge, "to", agr_plan_str(pool, to));
	if (condition)
		agr_plan_put(pool, edge, "condition", condition);
	agr_plan_op(c, "add", "/edges/-", edge);
}

static void point_edge(plan_change *c, size_t edge, const char *end, const char *id)
{
	agr_plan_op(c, "replace", agr_plan_printf(c->ps->pool, "/edges/%zu/%s", edge, end),
		agr_plan_str(c->ps->pool, id));
}

/* The edge's condition stays on its first half: it decides whether to go on. */
void agr_plan_place_on(plan_change *c, const char *id, size_t edge)
{
	const plan_graph *g = c->graph;

	point_edge(c, edge, "to", id);
	agr_plan_op_edge(c, id, g->nodes[g->edges[edge].to].id, NULL);
}

plan_outcome agr_plan_place_after(plan_change *c, const char *id, size_t node)
{
	const plan_graph *g = c->graph;
	size_t n = agr_plan_count_edges(g, node, true);

	for (size_t i = 0; i < g->n_edges; i++) {
		if (g->edges[i].from != node)
			continue;
		if (n == 1) {
			agr_plan_place_on(c, id, i);
			return PLAN_YES;
		}
		if (g->edges[i].condition)
			return agr_plan_refuse(c->ps,
				"Edges with conditions leave %s: say between which two "
				"nodes the new one goes.",
				g->nodes[node].id);
		point_edge(c, i, "from", id);
	}
	agr_plan_op_edge(c, g->nodes[node].id, id, NULL);
	return PLAN_YES;
}

void agr_plan_place_before(plan_change *c, const char *id, size_t node)
{
	for (size_t i = 0; i < c->graph->n_edges; i++)
		if (c->graph->edges[i].to == node)
			point_edge(c, i, "to", id);
	agr_plan_op_edge(c, id, c->graph->nodes[node].id, NULL);
}

/* Does `text` name the node in an expression: "$nodes.ID", "ID.x", or whole? */
static const char *mention(const char *text, const char *id)
{
	size_t n = strlen(id);

	for (const char *p = strstr(text, id); p; p = strstr(p + 1, id)) {
		bool starts = p == text ||
			!(agr_is_alpha(p[-1]) || agr_is_digit(p[-1]) || p[-1] == '_' || p[-1] == '-');

		if (starts && !agr_is_alpha(p[n]) && !agr_is_digit(p[n]) && p[n] != '_' &&
			p[n] != '-')
			return p;
	}
	return NULL;
}

static bool is_expression(const char *text, const char *at)
{
	return at - text >= 7 && memcmp(at - 7, "$nodes.", 7) == 0;
}

/* Any text that refers to the node, other than its own id and the ends of edges. */
static bool referred_to(const json_t *value, const char *id, int depth)
{
	const char *key;
	json_t *item;
	size_t i;

	if (depth > DEPTH_MAX)
		return true;
	if (json_is_string(value)) {
		const char *text = json_string_value(value), *at = mention(text, id);

		return at &&
			(is_expression(text, at) || strlen(text) == strlen(id) ||
				at[strlen(id)] == '.' || at[strlen(id)] == '[');
	}
	json_array_foreach(
		(json_t *)value, i, item) if (referred_to(item, id, depth + 1)) return true;
	json_object_foreach((json_t *)value, key,
		item) if (strcmp(key, id) == 0 || referred_to(item, id, depth + 1)) return true;
	return false;
}

/* May the node's id be used where a rename or removal cannot follow it? */
static bool is_referred_to(const plan_change *c, size_t node)
{
	const plan_graph *g = c->graph;
	const char *id = g->nodes[node].id;

	for (size_t i = 0; i < g->n; i++) {
		const char *key;
		json_t *item;

		json_object_foreach((json_t *)g->nodes[i].json, key,
			item) if (strcmp(key, "id") != 0 && strcmp(key, "type") != 0 && i != node &&
			referred_to(item, id, 0)) return true;
	}
	for (size_t i = 0; i < g->n_edges; i++)
		if (g->edges[i].condition && referred_to(g->edges[i].condition, id, 0))
			return true;
	return false;
}

/* Which condition does the edge have that replaces A -> removed -> B? */
static plan_outcome joined_condition(
	plan_change *c, const plan_edge *in, const plan_edge *out, json_t **condition)
{
	*condition = (json_t *)(in->condition ? in->condition : out->condition);
	if (in->condition && out->condition)
		return agr_plan_refuse(c->ps,
			"Both edges around %s have a condition; say what becomes "
			"of them.",
			c->graph->nodes[in->to].id);
	if (out->condition &&
		agr_plan_in_list(c->graph->nodes[in->to].type, "conditional|branch"))
		return agr_plan_refuse(c->ps,
			"The edges behind %s depend on its outcome; say what "
			"becomes of them.",
			c->graph->nodes[in->to].id);
	return PLAN_YES;
}

/* The edge that replaces both, with all that the first says: copied within the
 * document, before anything is removed there. */
static void copy_edge(plan_change *c, const plan_edge *in, const plan_edge *out)
{
	const plan_graph *g = c->graph;
	plan_pool *pool = c->ps->pool;
	size_t made = g->n_edges + c->n_copies++;

	copy_within(c, agr_plan_printf(pool, "/edges/%zu", (size_t)(in - g->edges)),
		"/edges/-");
	point_edge(c, made, "to", g->nodes[out->to].id);
	if (out->condition)
		copy_within(c,
			agr_plan_printf(pool, "/edges/%zu/condition", (size_t)(out - g->edges)),
			agr_plan_printf(pool, "/edges/%zu/condition", made));
}

/* Does the edge that replaces both need to be copied from the document? */
static bool is_copied(const plan_edge *in, const plan_edge *out)
{
	return in->labelled || (out->condition && !json_is_string(out->condition));
}

static plan_outcome bridge_pair(
	plan_change *c, const plan_edge *in, const plan_edge *out, bool copied)
{
	const plan_graph *g = c->graph;
	const char *from = g->nodes[in->from].id, *to = g->nodes[out->to].id;
	size_t old = agr_plan_edge_between(g, in->from, out->to);
	json_t *condition;

	if (joined_condition(c, in, out, &condition) != PLAN_YES)
		return PLAN_REFUSED;
	if (old != PLAN_NO_NODE && (condition || g->edges[old].condition))
		return agr_plan_refuse(
			c->ps, "%s already leads to %s on a condition of its own.", from, to);
	if (old != PLAN_NO_NODE && in->labelled)
		return agr_plan_refuse(c->ps,
			"%s already leads to %s; say what becomes of what its edge to %s says.", from,
			to, g->nodes[in->to].id);
	if (old != PLAN_NO_NODE || is_copied(in, out) != copied)
		return PLAN_YES;
	if (copied)
		copy_edge(c, in, out);
	else
		agr_plan_op_edge(c, from, to, condition);
	return PLAN_YES;
}

/* Join the neighbours of a node, by the edges that are copied or by the others. */
static plan_outcome bridge(plan_change *c, size_t node, bool copied)
{
	const plan_graph *g = c->graph;
	plan_outcome r = PLAN_YES;

	for (size_t i = 0; i < g->n_edges; i++)
		for (size_t k = 0; k < g->n_edges && r == PLAN_YES; k++)
			if (g->edges[i].to == node && g->edges[k].from == node)
				r = bridge_pair(c, &g->edges[i], &g->edges[k], copied);
	return r;
}

plan_outcome agr_plan_op_remove_node(plan_change *c, size_t node)
{
	const plan_graph *g = c->graph;

	if (g->n == 1)
		return agr_plan_refuse(c->ps, "A workflow needs at least one node.");
	if (is_referred_to(c, node))
		return agr_plan_refuse(c->ps,
			"%s is still referred to elsewhere in the workflow.", g->nodes[node].id);
	if (bridge(c, node, true) != PLAN_YES)
		return PLAN_REFUSED;
	for (size_t i = g->n_edges; i-- > 0;)
		if (g->edges[i].from == node || g->edges[i].to == node)
			agr_plan_op(c, "remove", agr_plan_printf(c->ps->pool, "/edges/%zu", i), NULL);
	agr_plan_op(c, "remove", agr_plan_printf(c->ps->pool, "/nodes/%zu", node), NULL);
	return bridge(c, node, false);
}

const char *agr_plan_token(plan_pool *pool, const char *name)
{
	size_t n = strlen(name), k = 0;
	char *out = agr_plan_alloc(pool, 2 * n + 1);

	for (size_t i = 0; out && i < n; i++) {
		if (name[i] == '~' || name[i] == '/')
			out[k++] = '~';
		out[k++] = name[i] == '~' ? '0' : name[i] == '/' ? '1' : name[i];
	}
	return out ? out : "";
}

/* `text` with every $nodes.OLD as $nodes.NEW; NULL when OLD stands elsewhere too. */
static const char *renamed_text(
	plan_pool *pool, const char *text, const char *old, const char *new)
{
	const char *out = "", *at, *rest = text;

	for (; (at = mention(rest, old)) != NULL; rest = at + strlen(old)) {
		if (!is_expression(text, at) &&
			(strcmp(text, old) == 0 || at[strlen(old)] == '.' || at[strlen(old)] == '['))
			return NULL;
		out = agr_plan_printf(pool, "%s%.*s%s", out, (int)(at - rest), rest,
			is_expression(text, at) ? new : old);
	}
	return agr_plan_printf(pool, "%s%s", out, rest);
}

static plan_outcome rename_in(
	plan_change *c, const json_t *value, const char *path, size_t node, const char *id);

/* In an object's members, but for those named in `kept`. */
static plan_outcome rename_in_members(plan_change *c, const json_t *object,
	const char *kept, const char *path, size_t node, const char *id)
{
	plan_pool *pool = c->ps->pool;
	const char *old = c->graph->nodes[node].id, *key;
	plan_outcome r = PLAN_YES;
	json_t *item;
	size_t len;

	json_object_keylen_foreach((json_t *)object, key, len, item) {
		if (r != PLAN_YES)
			break;
		if (strlen(key) < len) { /* no pointer that is made here leads there */
			if (referred_to(item, old, 0))
				r = agr_plan_refuse(c->ps,
					"%s is referred to below a key of %s that holds a NUL character.", old,
					path);
		} else if (!agr_plan_in_list(key, kept)) {
			r = rename_in(c, item,
				agr_plan_printf(pool, "%s/%s", path, agr_plan_token(pool, key)), node, id);
		}
	}
	return r;
}

static plan_outcome rename_in(
	plan_change *c, const json_t *value, const char *path, size_t node, const char *id)
{
	plan_pool *pool = c->ps->pool;
	const char *old = c->graph->nodes[node].id, *text;
	plan_outcome r = PLAN_YES;
	json_t *item;
	size_t i;

	if (strlen(path) > 4096)
		return agr_plan_refuse(c->ps, "The workflow is nested too deeply.");
	if (json_is_string(value) &&
		strlen(json_string_value(value)) != json_string_length(value))
		return agr_plan_refuse(c->ps, "The text at %s holds a NUL character.", path);
	if (json_is_string(value) && mention(json_string_value(value), old)) {
		text = renamed_text(pool, json_string_value(value), old, id);
		if (!text)
			return agr_plan_refuse(c->ps,
				"%s may be meant at %s as well; say what becomes of it.", old, path);
		if (strcmp(text, json_string_value(value)) != 0)
			agr_plan_op(c, "replace", path, agr_plan_str(pool, text));
	}
	json_array_foreach((json_t *)value, i, item) if (r == PLAN_YES) r =
		rename_in(c, item, agr_plan_printf(pool, "%s/%zu", path, i), node, id);
	return r == PLAN_YES ? rename_in_members(c, value, "", path, node, id) : r;
}

plan_outcome agr_plan_op_rename(plan_change *c, size_t node, const char *id)
{
	const plan_graph *g = c->graph;
	plan_pool *pool = c->ps->pool;
	plan_outcome r = PLAN_YES;

	agr_plan_op(c, "replace", agr_plan_printf(pool, "/nodes/%zu/id", node),
		agr_plan_str(pool, id));
	for (size_t i = 0; i < g->n_edges && r == PLAN_YES; i++) {
		if (g->edges[i].from == node)
			point_edge(c, i, "from", id);
		if (g->edges[i].to == node)
			point_edge(c, i, "to", id);
		if (g->edges[i].condition)
			r = rename_in(c, g->edges[i].condition,
				agr_plan_printf(pool, "/edges/%zu/condition", i), node, id);
	}
	for (size_t i = 0; i < g->n && r == PLAN_YES; i++)
		r = rename_in_members(c, g->nodes[i].json, "id|type|name",
			agr_plan_printf(pool, "/nodes/%zu", i), node, id);
	return r;
}
