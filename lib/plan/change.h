/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * change - the grammar of changes to the workflow, one change a prompt, and the
 * JSON Patch operations that make it.
 */
#ifndef AGR_PLAN_CHANGE_H
#define AGR_PLAN_CHANGE_H

#include "plan/graph.h"

typedef struct plan_change {
	plan_parser *ps;
	const plan_graph *graph;
	json_t *operations;
	size_t n_copies;         /* edges that they append by copying */
	const char *description; /* a sentence without its full stop */
} plan_change;

/* {"operations", "description"}; NULL: see ps->reason and ps->lost. */
json_t *agr_plan_changes(plan_parser *ps);

/* insert.c */
plan_outcome agr_plan_add_rule(plan_change *c);
plan_outcome agr_plan_approval_rule(plan_change *c);
/* settings.c */
plan_outcome agr_plan_set_rule(plan_change *c);
plan_outcome agr_plan_retry_rule(plan_change *c);
plan_outcome agr_plan_edge_condition_rule(plan_change *c);
/* notify.c */
plan_outcome agr_plan_notify_rule(plan_change *c);

/* The rest of the sentence as text, without its full stop; NULL when it is empty
 * or reads like another request. A quoted text is taken without its quotes. */
const char *agr_plan_take_rest(plan_change *c);
bool agr_plan_is_plain_text(plan_parser *ps, size_t from, size_t to);
/* "from A to B", "A -> B", "between A and B": an existing edge. */
plan_outcome agr_plan_take_edge(plan_change *c, size_t *edge);

/* operations.c: JSON Patch. Paths are given as for printf. */
void agr_plan_op(plan_change *c, const char *op, const char *path, json_t *value);
void agr_plan_op_node(plan_change *c, const char *id, const char *type,
	json_t *config);
void agr_plan_op_edge(plan_change *c, const char *from, const char *to,
	json_t *condition);
/* Put a node `id` after or before another, or on an edge, and rewire. */
plan_outcome agr_plan_place_after(plan_change *c, const char *id, size_t node);
void agr_plan_place_before(plan_change *c, const char *id, size_t node);
void agr_plan_place_on(plan_change *c, const char *id, size_t edge);
plan_outcome agr_plan_op_remove_node(plan_change *c, size_t node);
plan_outcome agr_plan_op_rename(plan_change *c, size_t node, const char *id);
/* A pointer's reference token. */
const char *agr_plan_token(plan_pool *pool, const char *name);

#endif
