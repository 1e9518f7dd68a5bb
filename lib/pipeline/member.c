/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Rows with one member more, or another value in it. */
#include "pipeline/step.h"

/* The last value under the key, which is the one that counts. */
static agr_span find_member(agr_span object, agr_span key)
{
	agr_iter it = agr_iter_of(object);
	agr_span name, value, found = { NULL, 0 };

	while (agr_object_next(&it, &name, &value))
		if (agr_string_same(name, key))
			found = value;
	return found;
}

int agr_op_emit_with(agr_op *op, agr_row *row, agr_span key, agr_span value,
	agentrun_error **err)
{
	agr_edit edit = { .value = value };
	agr_buf *out = &op->row;
	int r = agr_row_make(row, err);

	if (r < 0)
		return r;
	if (*row->span.p != '{')
		return agr_op_emit(op, row, err);
	agr_buf_reset(out);
	edit.at = find_member(row->span, key).p;
	agr_value_write_edited(out, row->span, &edit, edit.at ? 1 : 0);
	if (!edit.at && !out->failed) {
		out->len--; /* the brace */
		if (out->len > 1)
			agr_buf_char(out, ',');
		agr_buf_add(out, key.p, key.n);
		agr_buf_char(out, ':');
		agr_value_write(out, value);
		agr_buf_char(out, '}');
	}
	return agr_op_emit_made(op, true, err);
}
