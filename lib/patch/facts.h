/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * facts - what is noted of nodes and edges while a workflow is read, so that the rules
 * need not be asked of each of them again when a patch has changed a few. Nothing is
 * told here: what is not plainly right is left to workflow.c, which says what is wrong.
 *
 * Of a hundred thousand nodes each byte noted is a page to be faulted in: places are
 * offsets, and what is not plain is not noted.
 */
#ifndef AGR_FACTS_H
#define AGR_FACTS_H

#include "patch/outline.h"
#include "patch/rules.h"

/* An id as it stands, quotes included: its first and last eight bytes are all of most, so
 * that ids are compared without going back to the text. */
typedef struct agr_id_key {
	uint64_t first, last;
	const char *p;
} agr_id_key;

typedef struct agr_node_fact {
	agr_id_key id;
	uint32_t at; /* where the node's text begins */
	uint32_t id_len : 28;
	uint32_t good : 1;  /* it keeps the rules and the schema, by itself */
	uint32_t agent : 1;
	uint32_t there : 1; /* in the patched workflow */
} agr_node_fact;

/* The lengths are 0 of one that is not good. */
typedef struct agr_edge_fact {
	uint32_t at, from, to; /* where its text begins, and those of its ends' ids */
	uint16_t from_len, to_len;
} agr_edge_fact;

/* A type that nodes may have. */
typedef struct agr_fact_type {
	agr_id_key name;
	size_t len;
	const agr_proof *rest; /* what the schema asks of them besides; NULL: nothing */
	bool agent;
} agr_fact_type;

#define AGR_FACT_TYPES 32

typedef struct agr_facts {
	agr_arena *arena;
	const agr_rules *rules;
	const char *text; /* the document's; what is noted are places in it */
	bool useless; /* the schema asks for what is not known here */
	agr_proof_run *run;
	agr_fact_type types[AGR_FACT_TYPES]; /* that nodes had so far */
	size_t n_types;
	agr_span good_retry; /* what a node had as `retry` and kept the rules; n 0: none yet */
	agr_span *node_slots, *edge_slots;
	agr_node_fact *nodes;
	size_t n_nodes, cap_nodes;
	agr_edge_fact *edges;
	size_t n_edges, cap_edges;
	agr_outline_watch watches[2];
} agr_facts;

/* Of a document that is about to be read. Rules and text are borrowed. 0 or
 * AGENTRUN_ENOMEM; free in every case. */
int agr_facts_init(agr_facts *facts, agr_arena *arena, const agr_rules *rules,
	const char *text, size_t len, agentrun_error **err);
void agr_facts_free(agr_facts *facts);

/* Is the patched tree, made of the workflow that was watched, a workflow, for sure? It
 * is written here in part; `source` is what agr_tree_write() takes. Only once. 1, 0 (ask)
 * or AGENTRUN_ENOMEM. */
int agr_facts_prove(agr_facts *facts, const agr_tree_value *root,
	const agr_tree_source *source, agentrun_error **err);

#endif
