/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The patch that undoes another: the journal, read backwards. A member that
 * comes back stands behind its neighbours, because JSON Patch has no way to say
 * where in an object it stood; by value the document is the one it was.
 */
#include "patch/operations.h"

static const char *const undo_names[] = {
	[AGR_UNDO_REMOVE] = "remove",
	[AGR_UNDO_ADD] = "add",
	[AGR_UNDO_REPLACE] = "replace",
	[AGR_UNDO_MOVE] = "move",
};

static int write_undo(agr_buf *out, const agr_undo *undo, agentrun_error **err)
{
	int r = 0;

	agr_buf_printf(out, "{\"op\":\"%s\"", undo_names[undo->kind]);
	if (undo->kind == AGR_UNDO_MOVE) {
		agr_buf_str(out, ",\"from\":");
		agr_buf_json_str(out, undo->from.p, undo->from.n);
	}
	agr_buf_str(out, ",\"path\":");
	agr_buf_json_str(out, undo->path.p, undo->path.n);
	if (undo->kind == AGR_UNDO_ADD || undo->kind == AGR_UNDO_REPLACE) {
		agr_buf_str(out, ",\"value\":");
		r = agr_tree_write(out, &undo->value, NULL, err);
	}
	agr_buf_char(out, '}');
	return r;
}

int agr_inverse_write(agr_buf *out, const agr_journal *journal, agentrun_error **err)
{
	int r = 0;

	agr_buf_char(out, '[');
	for (size_t i = journal->n; r == 0 && i-- > 0;) {
		if (i + 1 < journal->n)
			agr_buf_char(out, ',');
		r = write_undo(out, &journal->list[i], err);
	}
	agr_buf_char(out, ']');
	return r;
}
