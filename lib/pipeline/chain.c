/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/chain.h"

#include <stdlib.h>
#include <string.h>

/* ---- the end of a chain --------------------------------------------------- */

/* What is written out later is larger than what was held back at first. */
#define WRITE_SIZE ((size_t)256 * 1024)

static int write_out(agr_chain *chain, agentrun_error **err)
{
	int r = chain->write(chain->user, chain->out.data, chain->out.len, err);

	agr_buf_reset(&chain->out);
	chain->hold = WRITE_SIZE;
	return r;
}

static int end_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	agr_chain *chain = op->state;
	agr_buf *out = &chain->out;
	int r = agr_row_make(row, err);

	if (r < 0)
		return r;
	if (chain->rows++ && chain->format == AGENTRUN_FORMAT_JSON)
		agr_buf_char(out, ',');
	if (row->compact)
		agr_buf_add(out, row->span.p, row->span.n);
	else
		agr_value_write(out, row->span);
	if (chain->format == AGENTRUN_FORMAT_NDJSON)
		agr_buf_char(out, '\n');
	if (out->failed)
		return agr_buf_check(out, "the result", err);
	return chain->write && out->len >= chain->hold ? write_out(chain, err) : 0;
}

static const agr_step_type end_type = { .push = end_push };

/* ---- rows on their way ---------------------------------------------------- */

static int blame(const agr_op *op, int r, agentrun_error **err)
{
	if (r < 0 && op->name)
		agr_error_step(err, op->number, op->name);
	return r;
}

static int push_measured(agr_op *op, agr_row *row, agentrun_error **err)
{
	int64_t start = agr_clock_mono_ns();
	int r = op->type->push(op, row, err);

	op->time_ns += agr_clock_mono_ns() - start;
	return blame(op, r, err);
}

agr_op_stats agr_chain_stats(const agr_chain *chain, size_t i)
{
	const agr_op *op = &chain->ops[i];

	return (agr_op_stats){ .ran = true, .rows_in = op->rows_in,
		.rows_out = op->rows_out, .time_ns = op->time_ns - op[1].time_ns };
}

/* May one row more come out? */
static int check_rows(const agr_op *op, agentrun_error **err)
{
	size_t max = agr_run_max_rows(op->run);

	if (max && op->rows_out >= max)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			op->type ? "more rows than the limit of %zu (max_rows) come out"
				 : "the input has more rows than the limit of %zu (max_rows)",
			max);
	return 0;
}

int agr_op_emit(agr_op *op, agr_row *row, agentrun_error **err)
{
	agr_op *next = op->next;
	int r = check_rows(op, err);

	if (r < 0)
		return r;
	op->rows_out++;
	r = agr_run_tick(op->run, err);
	if (r < 0)
		return r;
	next->rows_in++;
	if (!next->type->want) {
		r = agr_row_make(row, err);
		row->slots = NULL;
	}
	if (r < 0)
		return r;
	return agr_run_is_measured(op->run) ? push_measured(next, row, err)
		: blame(next, next->type->push(next, row, err), err);
}

int agr_op_emit_made(agr_op *op, bool compact, agentrun_error **err)
{
	agr_row row = { .span = { op->row.data, op->row.len }, .compact = compact };

	if (op->row.failed)
		return agr_buf_check(&op->row, "a row", err);
	return agr_op_emit(op, &row, err);
}

agr_meter *agr_op_meter(const agr_op *op)
{
	return agr_run_meter(op->run);
}

int agr_op_check(agr_op *op, agentrun_error **err)
{
	return agr_run_check(op->run, err);
}

/* ---- a chain --------------------------------------------------------------- */

static int op_init(agr_op *op, agr_run *run, const agr_compiled *step,
	agentrun_error **err)
{
	op->type = step->type;
	op->plan = step->plan;
	op->run = run;
	op->number = step->number;
	op->name = step->name;
	op->next = op + 1;
	op->row.max = op->key.max = SIZE_MAX;
	op->row.meter = op->key.meter = agr_run_meter(run);
	op->state = calloc(1, op->type->state_size ? op->type->state_size : 1);
	return op->state ? 0 : agr_error_oom(err);
}

int agr_chain_init(agr_chain *chain, agr_run *run, const agr_compiled *ops,
	size_t from, size_t to, size_t max_output, agentrun_error **err)
{
	agr_op *end;
	int r = 0;

	memset(chain, 0, sizeof(*chain));
	chain->format = AGENTRUN_FORMAT_JSON;
	chain->hold = AGR_RUN_HOLD;
	chain->out.max = max_output ? max_output : SIZE_MAX;
	chain->out.meter = agr_run_meter(run);
	chain->ops = calloc(to - from + 1, sizeof(*chain->ops));
	chain->wanted = ops[from].wanted;
	chain->slots = calloc(chain->wanted->n + 1, sizeof(*chain->slots));
	if (!chain->ops || !chain->slots)
		return agr_error_oom(err);
	while (!r && chain->n < to - from) {
		size_t i = chain->n++;

		r = op_init(&chain->ops[i], run, &ops[from + i], err);
	}
	if (r < 0)
		return r;
	end = &chain->ops[chain->n];
	end->type = &end_type;
	end->run = run;
	end->state = chain;
	return 0;
}

static int next_row(agr_chain *chain, agr_input *in, agr_row *row, agentrun_error **err)
{
	int r = chain->nested ? agr_nested_next(chain->nested, row, err)
			      : agr_input_next(in, row, err);

	chain->no_rows = r < 0;
	return r;
}

static int feed(agr_chain *chain, agr_input *in, agentrun_error **err)
{
	agr_op source = { .next = chain->ops, .run = chain->ops->run };
	bool enough = false;
	agr_row row = { .slots = NULL };
	int r;

	/* What is not wanted any more is read all the same: it must be valid. */
	while ((r = next_row(chain, in, &row, err)) == 1) {
		if (enough) {
			r = check_rows(&source, err);
			source.rows_out++;
			if (!r)
				r = agr_run_tick(chain->ops->run, err);
		} else {
			r = agr_op_emit(&source, &row, err);
			enough = r == AGR_ENOUGH;
		}
		if (r < 0)
			return r;
	}
	return r;
}

int agr_chain_run(agr_chain *chain, agr_input *in, agentrun_error **err)
{
	int r;

	if (chain->format == AGENTRUN_FORMAT_JSON)
		agr_buf_char(&chain->out, '[');
	agr_input_want(in, chain->wanted, chain->slots);
	r = feed(chain, in, err);
	if (r == AGR_NESTED_AGAIN)
		return r;
	for (size_t i = 0; r >= 0 && i < chain->n; i++) {
		agr_op *op = &chain->ops[i];

		int64_t start = agr_run_is_measured(op->run) ? agr_clock_mono_ns() : 0;

		if (op->type->finish)
			r = blame(op, op->type->finish(op, err), err);
		if (start)
			op->time_ns += agr_clock_mono_ns() - start;
	}
	if (chain->format == AGENTRUN_FORMAT_JSON)
		agr_buf_char(&chain->out, ']');
	return r < 0 ? r : agr_buf_check(&chain->out, "the result", err);
}

void agr_chain_close(agr_chain *chain)
{
	for (size_t i = 0; i < chain->n; i++) {
		agr_op *op = &chain->ops[i];

		if (op->type && op->type->close && op->state)
			op->type->close(op);
		free(op->state);
		agr_buf_free(&op->row);
		agr_buf_free(&op->key);
	}
	free(chain->ops);
	free(chain->slots);
	agr_buf_free(&chain->out);
	memset(chain, 0, sizeof(*chain));
}
