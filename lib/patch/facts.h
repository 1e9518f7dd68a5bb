/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * facts - what is noted of nodes and edges while a workflow is read, so that the rules
 * need not be asked of each of them again when a patch has changed a few. Nothing is
 * told here: what is not plainly right is left to workflow.c, which says what is wrong.
 */
#ifndef AGR_FACTS_H
#define AGR_FACTS_H

#include "patch/outline.h"
#include "schema/proof.h"

typedef struct agr_node_fact {
	const char *at; /* where the node's text begins */
	agr_span id;
	bool good;  /* it keeps the rules and the schema, by itself */
	bool agent;
} agr_node_fact;

typedef struct agr_edge_fact {
	const char *at;
	agr_span from, to;
	bool good;
} agr_edge_fact;

/* What the schema wants of a member of the workflow. */
typedef struct agr_fact_member {
	agr_span name;
	const agr_proof *proof;
} agr_fact_member;

/* What the schema asks of nodes of a type, besides that it is one. */
typedef struct agr_fact_type {
	agr_span name; /* a JSON string */
	const agr_proof *rest; /* NULL: nothing */
} agr_fact_type;

#define AGR_FACT_TYPES 16

typedef struct agr_facts {
	agr_arena *arena;
	bool useless; /* the schema asks for what is not known here */
	const agr_proof *node_proof, *edge_proof; /* NULL: the schema asks nothing */
	agr_fact_type types[AGR_FACT_TYPES]; /* that nodes had so far */
	size_t n_types;
	agr_fact_member *members; /* others than nodes and edges */
	size_t n_members;
	agr_wanted node_wanted, edge_wanted;
	agr_span *node_slots, *edge_slots;
	agr_node_fact *nodes;
	size_t n_nodes, cap_nodes;
	agr_edge_fact *edges;
	size_t n_edges, cap_edges;
	agr_outline_watch watches[2];
} agr_facts;

/* The schema is borrowed. 0 or AGENTRUN_ENOMEM; free in every case. */
int agr_facts_init(agr_facts *facts, agr_arena *arena, agr_span schema,
	agentrun_error **err);
void agr_facts_free(agr_facts *facts);

/* Is the patched tree, made of the workflow that was watched, a workflow, for sure? It
 * is written here in part; `source` is what agr_tree_write() takes. 1, 0 (ask) or
 * AGENTRUN_ENOMEM. */
int agr_facts_prove(agr_facts *facts, const agr_tree_value *root,
	const agr_tree_source *source, agentrun_error **err);

#endif
