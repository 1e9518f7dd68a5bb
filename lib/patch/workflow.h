/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * workflow - what makes a document a workflow, judged on the final document
 * alone. Every fault is told, with its pointer and, where an operation made or
 * touched that place, the operation.
 */
#ifndef AGR_WORKFLOW_H
#define AGR_WORKFLOW_H

#include "patch/operations.h"

#define AGR_PATCH_MAX_AGENTS 5

typedef struct agr_workflow_check {
	agr_span document;            /* without duplicate keys */
	agr_span before;              /* what was patched; p is NULL when nothing was */
	const agr_patching *patching; /* knows the operations; NULL: there are none */
	agr_span schema;
	agr_faults *faults;
	agr_arena *arena;
	agentrun_error **err;
} agr_workflow_check;

int agr_workflow_check_all(agr_workflow_check *check);

/* 1 for each byte that a node's id may have. */
extern const unsigned char agr_workflow_id_letter[256];

/* Does what a node has as `retry` keep the rules? */
bool agr_workflow_retry_is_good(agr_span retry);

/* A fault at `pointer` (JSON Pointer text). `op` 0: look the operation up. */
void agr_workflow_fault(agr_workflow_check *check, uint32_t op, const char *pointer,
	size_t len, const char *fmt, ...) AGENTRUN_PRINTF(5, 6);

/* An edge between nodes that exist, by their places in `nodes`. */
typedef struct agr_link {
	uint32_t from, to;
	uint32_t edge; /* its place in `edges` */
} agr_link;

/* As many links and nodes as there may be. */
#define AGR_LINKS_MAX (UINT32_MAX / 2)

/* cycle.c: name each cycle; `ids` are the nodes' ids as JSON strings. */
int agr_workflow_check_cycles(agr_workflow_check *check, const agr_span *ids,
	size_t n_nodes, const agr_link *links, size_t n_links);
/* Is there one? 1, 0 or AGENTRUN_ENOMEM. */
int agr_workflow_has_cycle(agr_arena *arena, size_t n_nodes, const agr_link *links,
	size_t n_links, agentrun_error **err);

/* The schema that stands when none is given, as JSON text. */
extern const char agr_schema_default[];

#endif
