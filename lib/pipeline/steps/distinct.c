/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* distinct: the first row of each value of some fields, or of the whole row. */
#include <stdlib.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

static void distinct_plan_free(void *plan)
{
	agr_fields_clear(plan);
	free(plan);
}

static int distinct_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	agr_fields *by = calloc(1, sizeof(*by));
	int r;

	*plan = by;
	if (!by)
		return agr_error_oom(err);
	r = agr_args_fields(args, "by", by, err);
	return r < 0 ? r : 0;
}

static int distinct_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const agr_fields *by = op->plan;
	agr_span value;
	bool added;

	((agr_keyset *)op->state)->arena.meter = agr_op_meter(op);
	agr_buf_reset(&op->key);
	if (!by->n) {
		int r = agr_row_make(row, err);

		if (r < 0)
			return r;
		agr_value_canonical(&op->key, row->span);
	}
	for (size_t i = 0; i < by->n; i++) {
		if (agr_field_get(&by->list[i], row, &value))
			agr_value_canonical(&op->key, value);
		else
			agr_buf_char(&op->key, 'n');
	}
	if (op->key.failed || agr_keyset_add(op->state, op->key.data, op->key.len,
				      &added) == AGR_KEYSET_NONE)
		return agr_error_oom(err);
	return added ? agr_op_emit(op, row, err) : 0;
}

static bool distinct_want(void *plan, agr_wanted *wanted)
{
	return agr_fields_want(plan, wanted);
}

static void distinct_close(agr_op *op)
{
	agr_keyset_free(op->state);
}

const agr_step_type agr_step_distinct = {
	.name = "distinct",
	.summary = "the first of all rows with the same values",
	.holds = "a key of every row that differs",
	.schema = AGR_SCHEMA("distinct", "", AGR_PARAM("by",
		AGR_FIELDS("a field or several; default: the whole row"))),
	.compile = distinct_compile,
	.plan_free = distinct_plan_free,
	.state_size = sizeof(agr_keyset),
	.want = distinct_want,
	.push = distinct_push,
	.close = distinct_close,
};
