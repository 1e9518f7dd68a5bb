/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* limit, offset, count: rows by their number. */
#include <stdlib.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

static int compile_n(void **plan, const agr_args *args, agentrun_error **err)
{
	int64_t *n = malloc(sizeof(*n));
	int r;

	*plan = n;
	if (!n)
		return agr_error_oom(err);
	r = agr_args_whole(args, "n", 0, n, err);
	if (r == 0)
		r = agr_args_wrong("n", "a whole number of at least 0",
			(agr_span){ NULL, 0 }, err);
	return r < 0 ? r : 0;
}

static bool want_nothing(void *plan, agr_wanted *wanted)
{
	(void)plan;
	(void)wanted;
	return true;
}

static int limit_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const int64_t *n = op->plan;
	int r;

	if ((uint64_t)op->rows_in > (uint64_t)*n)
		return AGR_ENOUGH;
	r = agr_op_emit(op, row, err);
	return !r && (uint64_t)op->rows_in == (uint64_t)*n ? AGR_ENOUGH : r;
}

static int offset_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const int64_t *n = op->plan;

	return (uint64_t)op->rows_in > (uint64_t)*n ? agr_op_emit(op, row, err) : 0;
}

static int count_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	(void)args;
	(void)err;
	*plan = NULL;
	return 0;
}

static int count_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	(void)op; /* rows_in counts */
	(void)row;
	(void)err;
	return 0;
}

static int count_finish(agr_op *op, agentrun_error **err)
{
	agr_buf_reset(&op->row);
	agr_buf_printf(&op->row, "{\"count\":%zu}", op->rows_in);
	return agr_op_emit_made(op, true, err);
}

const agr_step_type agr_step_limit = {
	.name = "limit",
	.summary = "the first n rows",
	.holds = "nothing",
	.schema = AGR_SCHEMA("limit", AGR_NEEDED("n"),
		AGR_PARAM("n", AGR_WHOLE("0", "how many"))),
	.compile = compile_n,
	.plan_free = free,
	.want = want_nothing,
	.push = limit_push,
};

const agr_step_type agr_step_offset = {
	.name = "offset",
	.summary = "all but the first n rows",
	.holds = "nothing",
	.schema = AGR_SCHEMA("offset", AGR_NEEDED("n"),
		AGR_PARAM("n", AGR_WHOLE("0", "how many are left out"))),
	.compile = compile_n,
	.plan_free = free,
	.want = want_nothing,
	.push = offset_push,
};

const agr_step_type agr_step_count = {
	.name = "count",
	.summary = "the number of rows, as [{\"count\": N}]",
	.holds = "nothing",
	.schema = AGR_SCHEMA("count", "", ""),
	.compile = count_compile,
	.plan_free = free,
	.want = want_nothing,
	.makes_rows = true,
	.push = count_push,
	.finish = count_finish,
};
