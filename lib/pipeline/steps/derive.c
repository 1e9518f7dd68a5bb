/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* derive: a member computed from the others. */
#include <stdlib.h>
#include <string.h>

#include "expr/expr.h"
#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

struct derive {
	agr_span as;
	agr_expr *expr;
};

static void derive_plan_free(void *plan)
{
	struct derive *d = plan;

	agr_expr_free(d->expr);
	free(d);
}

static int derive_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	static const agr_span none = { NULL, 0 };
	struct derive *d = calloc(1, sizeof(*d));
	char *text = NULL;
	int r;

	*plan = d;
	if (!d)
		return agr_error_oom(err);
	r = agr_args_key(args, "as", none, &d->as, err);
	if (r < 0)
		return r;
	r = agr_args_string(args, "expr", &text, err);
	if (r == 0)
		return agr_args_wrong("expr", "an expression such as \"price * 2\"", none, err);
	if (r > 0)
		r = agr_expr_new(&d->expr, text, strlen(text), err);
	free(text);
	return r;
}

static bool derive_want(void *plan, agr_wanted *wanted)
{
	struct derive *d = plan;

	return agr_expr_want(d->expr, wanted);
}

static int derive_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct derive *d = op->plan;
	int r;

	/* The row's buffer is free to compute in until the row is written. */
	agr_buf_reset(&op->key);
	r = agr_expr_eval(d->expr, row, &op->row, &op->key, err);
	if (r < 0)
		return r;
	return agr_op_emit_with(op, row, d->as, (agr_span){ op->key.data, op->key.len }, err);
}

const agr_step_type agr_step_derive = {
	.name = "derive",
	.summary = "a field computed from others",
	.holds = "nothing",
	.schema = AGR_SCHEMA("derive", AGR_NEEDED("as") AGR_NEEDED("expr"),
		AGR_PARAM("as", AGR_STRING("the field that it becomes"))
		AGR_PARAM("expr", AGR_STRING("such as round(price * 1.19, 2): + - * / %, "
			"comparisons, and or not, 'text', fields (in backquotes where they have "
			"spaces), upper lower length concat substr round abs coalesce if"))),
	.compile = derive_compile,
	.plan_free = derive_plan_free,
	.want = derive_want,
	.makes_rows = true,
	.push = derive_push,
};
