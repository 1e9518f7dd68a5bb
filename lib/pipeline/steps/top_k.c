/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* top_k: the first k rows, as they stand or by a field. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/order.h"
#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

/* Rows beyond k that are gathered before they are sorted and dropped. */
#define SLACK 8

struct top_k {
	int64_t k;
	agr_order *order; /* n is 0: as they stand */
	agr_order own;    /* where it is not a sort's */
};

struct best {
	agr_sorted list;
	bool pruned; /* the first k are sorted: a row must beat the k-th */
};

static void top_k_plan_free(void *plan)
{
	struct top_k *top = plan;

	agr_order_clear(&top->own);
	free(top);
}

int64_t agr_top_k_first(const void *plan)
{
	const struct top_k *top = plan;

	return top->order->n ? -1 : top->k;
}

void *agr_top_k_of(agr_order *order, int64_t k)
{
	struct top_k *top = calloc(1, sizeof(*top));

	if (top)
		*top = (struct top_k){ .k = k, .order = order };
	return top;
}

static int top_k_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	static const char *const orders[] = { "asc", "desc", NULL };
	struct top_k *top = calloc(1, sizeof(*top));
	int desc = 1, r;

	*plan = top;
	if (!top)
		return agr_error_oom(err);
	top->order = &top->own;
	r = agr_args_whole(args, "k", 1, &top->k, err);
	if (r == 0)
		r = agr_args_wrong("k", "a whole number of at least 1",
			(agr_span){ NULL, 0 }, err);
	if (r > 0)
		r = agr_args_choice(args, "order", orders, &desc, err);
	if (r >= 0)
		r = agr_order_read(&top->own, args, "by", desc, err);
	return r < 0 ? r : 0;
}

static bool top_k_want(void *plan, agr_wanted *wanted)
{
	struct top_k *top = plan;

	return agr_order_want(top->order, wanted);
}

static int top_k_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	const struct top_k *top = op->plan;
	struct best *best = op->state;

	(void)supplied;
	(void)err;
	best->list.order = top->order;
	best->list.arena.meter = agr_op_meter(op);
	return 0;
}

static int first_push(agr_op *op, agr_row *row, uint64_t k,
	agentrun_error **err)
{
	int r;

	if (op->rows_in > k)
		return AGR_ENOUGH;
	r = agr_op_emit(op, row, err);
	return !r && op->rows_in == k ? AGR_ENOUGH : r;
}

static int top_k_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct top_k *top = op->plan;
	struct best *best = op->state;
	uint64_t k = (uint64_t)top->k;
	int r;

	if (!k)
		return AGR_ENOUGH;
	if (!top->order->n)
		return first_push(op, row, k, err);
	if (best->pruned) {
		r = agr_sorted_beats(&best->list, row, (size_t)k - 1);
		if (r <= 0)
			return r < 0 ? agr_error_oom(err) : 0;
	}
	r = agr_sorted_add(&best->list, row, NULL, err);
	if (r < 0)
		return r;
	if (best->list.n < k || best->list.n - k < k + SLACK)
		return 0;
	r = agr_sorted_sort(&best->list, op, err);
	if (r < 0)
		return r;
	best->pruned = true;
	return agr_sorted_truncate(&best->list, (size_t)k, err);
}

static int top_k_finish(agr_op *op, agentrun_error **err)
{
	const struct top_k *top = op->plan;
	struct best *best = op->state;
	int r = agr_sorted_sort(&best->list, op, err);

	for (size_t i = 0; !r && i < best->list.n && i < (uint64_t)top->k; i++) {
		agr_row row = agr_sorted_row(&best->list, i);

		row.lasting = true;
		r = agr_op_emit(op, &row, err);
	}
	return r;
}

static void top_k_close(agr_op *op)
{
	struct best *best = op->state;

	agr_sorted_clear(&best->list);
}

const agr_step_type agr_step_top_k = {
	.name = "top_k",
	.summary = "the first k rows, or with by the k best (the greatest, or order asc)",
	.holds = "k rows",
	.schema = AGR_SCHEMA("top_k", AGR_NEEDED("k"),
		AGR_PARAM("k", AGR_WHOLE("1", "how many"))
		AGR_PARAM("by", AGR_ORDER_BY)
		AGR_PARAM("order", "{\"enum\":[\"asc\",\"desc\"],"
			AGR_ABOUT("desc, the default: the greatest; asc: the least") "}")),
	.compile = top_k_compile,
	.plan_free = top_k_plan_free,
	.state_size = sizeof(struct best),
	.open = top_k_open,
	.want = top_k_want,
	.makes_rows = true,
	.push = top_k_push,
	.finish = top_k_finish,
	.close = top_k_close,
};
