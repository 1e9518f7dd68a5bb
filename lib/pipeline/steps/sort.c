/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* table_sort: all rows in a new order. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/order.h"
#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

struct sort {
	agr_order order;
	void *then; /* a select's plan: what it makes of the rows is kept, or NULL */
};

static void sort_plan_free(void *plan)
{
	struct sort *sort = plan;

	agr_order_clear(&sort->order);
	free(sort);
}

agr_order *agr_sort_order(void *sort_plan)
{
	return &((struct sort *)sort_plan)->order;
}

void agr_sort_then(void *sort_plan, void *select_plan)
{
	((struct sort *)sort_plan)->then = select_plan;
}

static int sort_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	static const char *const orders[] = { "asc", "desc", NULL };
	struct sort *sort = calloc(1, sizeof(*sort));
	agr_order *order = &sort->order;
	agr_span field;
	int desc = 0, r;

	*plan = sort;
	if (!sort)
		return agr_error_oom(err);
	r = agr_args_choice(args, "order", orders, &desc, err);
	if (r < 0)
		return r;
	r = agr_order_read(order, args, "by", desc, err);
	if (r)
		return r < 0 ? r : 0;
	if (!agr_args_get(args, "field", &field))
		field = (agr_span){ NULL, 0 };
	if (!field.p || *field.p != '"')
		return agr_args_wrong("field", "a field's name (or by a list of them)",
			field,
			err);
	r = agr_order_read(order, args, "field", desc, err);
	return r < 0 ? r : 0;
}

static bool sort_want(void *plan, agr_wanted *wanted)
{
	struct sort *sort = plan;

	if (sort->then && !agr_step_table_select.want(sort->then, wanted))
		return false;
	return agr_order_want(&sort->order, wanted);
}

static int sort_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	agr_sorted *list = op->state;

	(void)supplied;
	(void)err;
	list->order = &((const struct sort *)op->plan)->order;
	list->arena.meter = agr_op_meter(op);
	return 0;
}

static int sort_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct sort *sort = op->plan;
	agr_row kept;

	if (!sort->then)
		return agr_sorted_add(op->state, row, NULL, err);
	agr_select_make(sort->then, row, &op->row);
	if (op->row.failed)
		return agr_buf_check(&op->row, "a row", err);
	kept = agr_row_of((agr_span){ op->row.data, op->row.len });
	return agr_sorted_add(op->state, row, &kept, err);
}

static int sort_finish(agr_op *op, agentrun_error **err)
{
	agr_sorted *list = op->state;
	int r = agr_sorted_sort(list, op, err);

	for (size_t i = 0; !r && i < list->n; i++) {
		agr_row row = agr_sorted_row(list, i);

		row.lasting = true; /* this step outlives what follows it */
		row.compact = ((const struct sort *)op->plan)->then != NULL;
		r = agr_op_emit(op, &row, err);
	}
	return r;
}

static void sort_close(agr_op *op)
{
	agr_sorted_clear(op->state);
}

const agr_step_type agr_step_table_sort = {
	.name = "table_sort",
	.summary = "sort by a field, or by several; stable, missing values last",
	.holds = "every row",
	.schema = AGR_SCHEMA_MORE("table_sort", "", AGR_PARAM("field", AGR_FIELD)
		AGR_PARAM("order", AGR_ORDER) AGR_PARAM("by", AGR_ORDER_BY),
		",\"anyOf\":[{\"required\":[\"field\"]},{\"required\":[\"by\"]}]"),
	.compile = sort_compile,
	.plan_free = sort_plan_free,
	.state_size = sizeof(agr_sorted),
	.open = sort_open,
	.want = sort_want,
	.makes_rows = true,
	.push = sort_push,
	.finish = sort_finish,
	.close = sort_close,
};
