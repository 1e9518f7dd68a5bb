/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* parts - the nodes and edges of two workflows, and which are the same. */
#ifndef AGR_PARTS_H
#define AGR_PARTS_H

#include "base/arena.h"
#include "table/scan.h"

/* A node or an edge; those of the same name are told apart by `nth`. */
typedef struct agr_part {
	agr_span name[2]; /* a node's id; an edge's from and to; p NULL: none */
	agr_span value;
	size_t index, nth;
	struct agr_part *other; /* the same one before or after */
} agr_part;

typedef struct agr_parts {
	agr_part *list; /* in the document's order */
	agr_part **sorted;
	size_t n;
} agr_parts;

typedef struct agr_part_kind {
	const char *what, *list;
	agr_span key; /* the list's, as a JSON string */
	const char *names[2];
} agr_part_kind;

enum { AGR_PART_NODE, AGR_PART_EDGE, AGR_PART_KINDS };
extern const agr_part_kind agr_part_kinds[AGR_PART_KINDS];

/* Those of both documents, matched. 0 or AGENTRUN_ENOMEM. */
int agr_parts_read(agr_parts *before, agr_parts *after, agr_arena *arena,
	const agr_part_kind *kind, agr_span document, agr_span patched, agentrun_error **err);

/* The first node with this id, or NULL. */
const agr_part *agr_parts_find(const agr_parts *nodes, agr_span id);

#endif
