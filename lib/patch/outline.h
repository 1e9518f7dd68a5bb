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
#include "table/wanted.h"

typedef struct agr_outline {
	agr_tree_value root;
	agr_tree_source source; /* the document */
} agr_outline;

/* Who wants to see the elements of a list, a member of the document, as they are read. */
typedef struct agr_outline_watch {
	const char *list;         /* the member's name */
	const agr_wanted *wanted; /* members of elements to be noted in `slots`, which hold */
	agr_span *slots;          /* nothing where an element is no object */
	bool (*element)(void *user, agr_span text); /* false: no memory */
	void *user;
} agr_outline_watch;

/* The text is borrowed for as long as the tree is used. Raises what is wrong as
 * agr_scan_document() does. `watches` may be NULL. */
int agr_outline_read(agr_outline *out, agr_arena *arena, const agr_text *text,
	const agr_outline_watch *watches, size_t n_watches, agentrun_error **err);

#endif
