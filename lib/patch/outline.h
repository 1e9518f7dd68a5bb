/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * outline - a document read for being patched: validated once, and opened on that way as
 * far as a workflow's lists, the members of its members. So neither has to be searched
 * for the places where nodes and edges begin.
 *
 * What it knows of the document's text lets most of it be written again as it stands.
 */
#ifndef AGR_OUTLINE_H
#define AGR_OUTLINE_H

#include "patch/tree.h"

typedef struct agr_outline {
	agr_tree_value root;
	agr_tree_source source; /* the document */
} agr_outline;

/* The text is borrowed for as long as the tree is used. Raises what is wrong as
 * agr_scan_document() does. */
int agr_outline_read(agr_outline *out, agr_arena *arena, const agr_text *text,
	agentrun_error **err);

#endif
