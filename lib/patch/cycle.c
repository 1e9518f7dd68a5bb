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
	size_t *first;         /* n + 1 places in `links` */
	size_t *next;          /* where the search stands in a node's links */
	size_t *path;          /* the nodes that are open, and the link to the next */
	const agr_link **taken;
	size_t depth;
	unsigned char *state;
};

/* Counting sort of the links by where they start. */
static int group(agr_workflow_check *check, struct graph *g, size_t n,
	const agr_link *links, size_t n_links)
{
	agr_link *sorted = agr_arena_alloc(check->arena, n_links, sizeof(*sorted));

	g->first = agr_arena_alloc(check->arena, n + 1, sizeof(*g->first));
	g->next = agr_arena_alloc(check->arena, n + 1, sizeof(*g->next));
	g->path = agr_arena_alloc(check->arena, n, sizeof(*g->path));
	g->taken = agr_arena_alloc(check->arena, n, sizeof(*g->taken));
	g->state = agr_arena_alloc(check->arena, n, 1);
	if (!sorted || !g->first || !g->next || !g->path || !g->taken || !g->state)
		return agr_error_oom(check->err);
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
		other = edge_op(check, g->taken[i]->edge, &pointer);
		if (other > op) {
			op = other;
			at = g->taken[i]->edge;
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

static void enter(struct graph *g, size_t node)
{
	g->path[g->depth++] = node;
	g->state[node] = OPEN;
}

static size_t search(agr_workflow_check *check, struct graph *g, const agr_span *ids,
	size_t start, size_t told)
{
	enter(g, start);
	while (g->depth && told < MAX_CYCLES) {
		size_t node = g->path[g->depth - 1];
		const agr_link *link;

		if (g->next[node] == g->first[node + 1]) {
			g->state[node] = LEFT;
			g->depth--;
			continue;
		}
		link = &g->links[g->next[node]++];
		g->taken[g->depth - 1] = link;
		if (g->state[link->to] == OPEN) {
			tell(check, g, ids, link);
			told++;
		} else if (g->state[link->to] == FRESH) {
			enter(g, link->to);
		}
	}
	return told;
}

int agr_workflow_check_cycles(agr_workflow_check *check, const agr_span *ids,
	size_t n_nodes, const agr_link *links, size_t n_links)
{
	struct graph g;
	size_t told = 0;
	int r;

	memset(&g, 0, sizeof(g));
	r = group(check, &g, n_nodes, links, n_links);
	for (size_t i = 0; r == 0 && i < n_nodes && told < MAX_CYCLES; i++)
		if (g.state[i] == FRESH)
			told = search(check, &g, ids, i, told);
	return r;
}
