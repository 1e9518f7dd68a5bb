/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Cycles among the edges. A depth-first search (iterative: a workflow may be one
 * long chain) meets an edge back to a node that it has not left yet exactly once
 * for each cycle that it names; without these edges there would be none.
 */
#include <string.h>

#include "patch/workflow.h"

#define MAX_CYCLES 100     /* are named; the workflow is refused by the first */
#define MAX_NODES_SHOWN 20 /* of one cycle */

enum { FRESH, OPEN, LEFT };

struct graph {
	const agr_link *links; /* grouped by `from` */
	uint32_t *first;       /* n + 1 places in `links` */
	uint32_t *next;        /* where the search stands in a node's links */
	uint32_t *path;        /* the nodes that are open: the search took the link before
	                        * `next` to the next of them */
	size_t depth;
	unsigned char *state;
};

/* Counting sort of the links by where they start. */
static int group(agr_arena *arena, struct graph *g, size_t n, const agr_link *links,
	size_t n_links, agentrun_error **err)
{
	agr_link *sorted = agr_arena_alloc(arena, n_links, sizeof(*sorted));

	memset(g, 0, sizeof(*g));
	g->first = agr_arena_alloc(arena, n + 1, sizeof(*g->first));
	g->next = agr_arena_alloc(arena, n + 1, sizeof(*g->next));
	g->path = agr_arena_alloc(arena, n, sizeof(*g->path));
	g->state = agr_arena_alloc(arena, n, 1);
	if (!sorted || !g->first || !g->next || !g->path || !g->state)
		return agr_error_oom(err);
	memset(g->first, 0, (n + 1) * sizeof(*g->first));
	for (size_t i = 0; i < n_links; i++)
		g->first[links[i].from + 1]++;
	for (size_t i = 0; i < n; i++)
		g->first[i + 1] += g->first[i];
	memcpy(g->next, g->first, (n + 1) * sizeof(*g->next));
	for (size_t i = 0; i < n_links; i++)
		sorted[g->next[links[i].from]++] = links[i];
	memcpy(g->next, g->first, (n + 1) * sizeof(*g->next));
	memset(g->state, FRESH, n);
	g->links = sorted;
	return 0;
}

static uint32_t edge_op(agr_workflow_check *check, size_t edge, agr_buf *pointer)
{
	agr_pointer parsed;

	agr_buf_reset(pointer);
	agr_buf_printf(pointer, "/edges/%zu", edge);
	if (pointer->failed || !check->patching ||
		agr_pointer_parse(
			&parsed, check->arena, pointer->data, pointer->len, NULL) < 0)
		return 0;
	return agr_tree_op(&check->patching->root, &parsed);
}

static void add_id(agr_buf *out, agr_span id)
{
	agr_buf_add(out, id.p + 1, id.n - 2);
}

/* Tell of the cycle that `back` closes, at the edge that was added last. */
static void tell(agr_workflow_check *check, const struct graph *g, const agr_span *ids,
	const agr_link *back)
{
	agr_buf names = AGR_BUF_INIT, pointer = AGR_BUF_INIT;
	const agr_link *taken;
	size_t from = g->depth, at = back->edge, shown = 0;
	uint32_t op = edge_op(check, back->edge, &pointer), other;

	while (g->path[--from] != back->to)
		;
	for (size_t i = from; i < g->depth; i++) {
		if (++shown <= MAX_NODES_SHOWN) {
			add_id(&names, ids[g->path[i]]);
			agr_buf_str(&names, " -> ");
		} else if (shown == MAX_NODES_SHOWN + 1) {
			agr_buf_str(&names, "... -> ");
		}
		if (i + 1 == g->depth)
			break;
		taken = &g->links[g->next[g->path[i]] - 1];
		other = edge_op(check, taken->edge, &pointer);
		if (other > op) {
			op = other;
			at = taken->edge;
		}
	}
	add_id(&names, ids[back->to]);
	edge_op(check, at, &pointer);
	if (names.failed || pointer.failed)
		check->faults->text.failed = AGENTRUN_ENOMEM;
	else
		agr_workflow_fault(
			check, op, pointer.data, pointer.len, "a cycle: %s", names.data);
	agr_buf_free(&names);
	agr_buf_free(&pointer);
}

static void enter(struct graph *g, uint32_t node)
{
	g->path[g->depth++] = node;
	g->state[node] = OPEN;
}

/* The next link back to a node that is open, of what can be reached from those that are
 * open; NULL: there is none, and none is open any more. */
static const agr_link *next_back(struct graph *g)
{
	while (g->depth) {
		uint32_t node = g->path[g->depth - 1];
		const agr_link *link;

		if (g->next[node] == g->first[node + 1]) {
			g->state[node] = LEFT;
			g->depth--;
			continue;
		}
		link = &g->links[g->next[node]++];
		if (g->state[link->to] == OPEN)
			return link;
		if (g->state[link->to] == FRESH)
			enter(g, link->to);
	}
	return NULL;
}

int agr_workflow_check_cycles(agr_workflow_check *check, const agr_span *ids,
	size_t n_nodes, const agr_link *links, size_t n_links)
{
	struct graph g;
	size_t told = 0;
	int r = group(check->arena, &g, n_nodes, links, n_links, check->err);

	for (size_t i = 0; r == 0 && i < n_nodes && told < MAX_CYCLES; i++) {
		const agr_link *back;

		if (g.state[i] != FRESH)
			continue;
		enter(&g, (uint32_t)i);
		while (told < MAX_CYCLES && (back = next_back(&g))) {
			tell(check, &g, ids, back);
			told++;
		}
	}
	return r;
}

int agr_workflow_has_cycle(agr_arena *arena, size_t n_nodes, const agr_link *links,
	size_t n_links, agentrun_error **err)
{
	struct graph g;
	int r = group(arena, &g, n_nodes, links, n_links, err);

	for (size_t i = 0; r == 0 && i < n_nodes; i++) {
		if (g.state[i] != FRESH)
			continue;
		enter(&g, (uint32_t)i);
		r = next_back(&g) != NULL;
	}
	return r;
}
