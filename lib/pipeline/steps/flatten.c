/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* flatten: one row an element of an array in the row. */
#include <stdlib.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

static void flatten_plan_free(void *plan)
{
	agr_field_clear(plan);
	free(plan);
}

static int flatten_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	agr_field *field = calloc(1, sizeof(*field));

	*plan = field;
	if (!field)
		return agr_error_oom(err);
	return agr_args_field(args, "field", field, err);
}

static int flatten_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	agr_edit edit = { .at = NULL };
	agr_span array;
	agr_iter it;
	int r = 0;

	if (!agr_field_get(op->plan, row, &array))
		return 0; /* no array, so no elements */
	if (*array.p != '[')
		return agr_op_emit(op, row, err);
	edit.at = array.p;
	it = agr_iter_of(array);
	while (!r && agr_array_next(&it, &edit.value)) {
		agr_buf_reset(&op->row);
		agr_value_write_edited(&op->row, row->span, &edit, 1);
		r = agr_op_emit_made(op, false, err);
	}
	return r;
}

const agr_step_type agr_step_flatten = {
	.name = "flatten",
	.summary = "one row for each element of an array field",
	.holds = "nothing",
	.schema = AGR_SCHEMA("flatten", AGR_NEEDED("field"), AGR_PARAM("field", AGR_FIELD)),
	.compile = flatten_compile,
	.plan_free = flatten_plan_free,
	.makes_rows = true,
	.push = flatten_push,
};
