/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * rules - a workflow's schema made ready: read once, then asked of many workflows, by
 * any number of threads. Immutable and counted: who holds one releases it.
 */
#ifndef AGR_RULES_H
#define AGR_RULES_H

#include <stdatomic.h>

#include "base/arena.h"
#include "schema/proof.h"

/* What of a node and of an edge is noted while a workflow is read: in rules'
 * `nodes.wanted` and `edges.wanted` these come first, what the schema asks for behind them. */
enum { AGR_NODE_ID, AGR_NODE_TYPE, AGR_NODE_CONFIG, AGR_NODE_TIMEOUT, AGR_NODE_RETRY,
	AGR_NODE_MEMBERS };
enum { AGR_EDGE_FROM, AGR_EDGE_TO, AGR_EDGE_MEMBERS };

/* What the schema wants of the workflow's nodes, or edges. */
typedef struct agr_rules_list {
	agr_proof *each; /* NULL: nothing */
	size_t least, most;
	agr_wanted wanted;
} agr_rules_list;

typedef struct agr_rules {
	atomic_uint holders;
	char *text;      /* the schema as it was given */
	size_t text_len;
	agr_span schema; /* the same without what is around it */
	agr_proofs proofs;
	bool useless;    /* it asks for what no proof tells of */
	agr_rules_list nodes, edges;
	const agr_proof *around; /* of the workflow whose lists are empty; NULL: it asks nothing */
} agr_rules;

/* From a schema's text, which is copied; `name` stands for it in messages.
 * AGENTRUN_ECONFIG: it is no JSON, or nothing that a schema can be; AGENTRUN_ENOMEM. */
int agr_rules_new(agr_rules **out, const char *name, const char *text, size_t len,
	agentrun_error **err);
/* One holder more. */
agr_rules *agr_rules_hold(agr_rules *rules);
void agr_rules_release(agr_rules *rules); /* NULL ok */

#endif
