/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* result - what agentrun_apply_patch() gives, and the preview of a change. */
#ifndef AGR_PATCH_RESULT_H
#define AGR_PATCH_RESULT_H

#include <agentrun/patch.h>

#include "table/scan.h"

struct agentrun_patch_result {
	agentrun_buf document;
	agentrun_buf inverse; /* data is NULL when it was not asked for */
	agentrun_buf preview; /* likewise */
	agentrun_buf description;
	size_t operations;
	char hash[AGR_SHA256_HEX]; /* "" when it was not asked for */
};

/* preview.c: lines for a person. Of a workflow, nodes and edges added (+),
 * removed (-) and changed (~, member by member); of any other document, the
 * pointers whose values differ. */
int agr_preview_workflow(
	agr_buf *out, agr_span before, agr_span after, agentrun_error **err);
int agr_preview_document(
	agr_buf *out, agr_span before, agr_span after, agentrun_error **err);
/* graph.c: a workflow's in another format than text. */
int agr_preview_graph(agr_buf *out, agr_span before, agr_span after, int format,
	agentrun_error **err);

#endif
