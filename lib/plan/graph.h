/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* graph - the current workflow: its nodes and edges, and which node words name. */
#ifndef AGR_PLAN_GRAPH_H
#define AGR_PLAN_GRAPH_H

#include "plan/parser.h"

#define PLAN_NO_NODE SIZE_MAX

typedef struct plan_node {
	const char *id, *type;
	const char *parts; /* of the id: "send email" */
	const char *name;  /* parts of `name` or `config.name`; "" when there is none */
	const json_t *json;
} plan_node;

typedef struct plan_edge {
	size_t from, to;         /* indices of nodes */
	const json_t *condition; /* or NULL */
	bool labelled;           /* it has members besides, or a condition that is no text */
} plan_edge;

typedef struct plan_graph {
	const char *trouble; /* why it cannot be patched, or NULL */
	plan_node *nodes;
	size_t n;
	plan_edge *edges;    /* by their index in the document */
	size_t n_edges;
} plan_graph;

void agr_plan_graph(plan_graph *out, plan_pool *pool, const json_t *workflow);

/* The index of the node with this id, or PLAN_NO_NODE. */
size_t agr_plan_node_by_id(const plan_graph *graph, const char *id);
/* The edge, or PLAN_NO_NODE. */
size_t agr_plan_edge_between(const plan_graph *graph, size_t from, size_t to);
size_t agr_plan_count_edges(const plan_graph *graph, size_t node, bool leaving);
bool agr_plan_reaches(const plan_graph *graph, size_t from, size_t to);

/* Use words that name a node: its id in any spelling, its name, "the http node",
 * "the first step", "this node". REFUSED when several could be meant. */
plan_outcome agr_plan_take_node(plan_parser *ps, size_t *node);
/* A refusal that says which nodes there are. */
plan_outcome agr_plan_no_such_node(plan_parser *ps);

bool agr_plan_valid_id(const char *id);
/* `base`, `base_2`, ... whichever no node has, nor `other`. */
const char *agr_plan_new_id(plan_parser *ps, const char *base, const char *other);
/* The only node behind which nothing comes but `end`; else PLAN_NO_NODE. */
size_t agr_plan_last_node(const plan_graph *graph);

#endif
