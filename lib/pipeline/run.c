/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A run: where the data comes from, and the steps one after another. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/run.h"
#include "table/format.h"

/* The clock is asked once in so many rows. */
#define ROWS_A_TICK 2048

/* ---- limits ---------------------------------------------------------------- */

int agr_run_check(agr_run *run, agentrun_error **err)
{
	const agr_run_options *o = &run->opts;

	if (o->cancelled && atomic_load_explicit(o->cancelled, memory_order_relaxed))
		return agentrun_error_raise(err, AGENTRUN_ECANCELLED,
			"the pipeline was cancelled");
	if (o->deadline_ms != AGR_DEADLINE_NONE && agr_clock_mono_ms() >= o->deadline_ms)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
			"the pipeline did not end in time");
	return 0;
}

agr_meter *agr_run_meter(const agr_run *run)
{
	return run->opts.meter;
}

int agr_run_tick(agr_run *run, agentrun_error **err)
{
	return ++run->ticks % ROWS_A_TICK ? 0 : agr_run_check(run, err);
}

bool agr_run_is_measured(const agr_run *run)
{
	return run->stats != NULL;
}

const agr_op_stats *agr_run_stats(const agr_run *run, size_t i)
{
	return &run->stats[i];
}

int64_t agr_run_read_ns(const agr_run *run)
{
	return run->read_ns;
}

size_t agr_run_max_rows(const agr_run *run)
{
	return run->opts.limits.max_rows;
}

size_t agr_run_max_depth(const agr_run *run)
{
	return run->opts.limits.max_depth;
}

/* ---- the data -------------------------------------------------------------- */

void agr_run_own(agr_run *run, agr_buf *text)
{
	agr_buf_free(&run->text);
	run->text = *text;
	*text = (agr_buf)AGR_BUF_INIT;
}

void agr_run_close_answer(agr_run *run)
{
	agr_response_close(&run->answer);
	agr_response_close(&run->source);
}

int agr_run_set_value(agr_run *run, agr_span value, agentrun_error **err)
{
	if (run->input.block.data) /* the value may lie in it */
		agr_run_own(run, &run->input.block);
	agr_input_close(&run->input);
	agr_run_close_answer(run);
	run->made_here = true;
	return agr_input_open_value(&run->input, value, err);
}

static int open_input(agr_run *run, const char *name, const char *p, size_t len,
	int format, agentrun_error **err)
{
	const agr_pipeline_limits *l = &run->opts.limits;
	agr_text text = { .name = name, .p = p, .n = len, .max_depth = l->max_depth };

	agr_input_close(&run->input);
	return agr_input_open(&run->input, &text, agr_input_limit_of(l), format, err);
}

int agr_run_copy_text(agr_run *run, const char *p, size_t len, agentrun_error **err)
{
	agr_buf copy = AGR_BUF_METERED(run->opts.meter);

	agr_buf_add(&copy, p, len);
	if (copy.failed) {
		agr_buf_free(&copy);
		return agr_error_oom(err);
	}
	agr_input_close(&run->input);
	agr_run_own(run, &copy);
	return 0;
}

/* The ref of the last of the previous results: 1, 0 when there is none. */
static int previous_ref(agr_run *run, agr_span context, agentrun_error **err)
{
	agr_args args = { context, NULL };
	agr_span list, element, last = { NULL, 0 };
	agr_iter it;
	int r;

	if (!agr_args_get(&args, "previous_results", &list) || *list.p != '[')
		return 0;
	it = agr_iter_of(list);
	while (agr_array_next(&it, &element))
		last = element;
	if (!last.p || *last.p != '{')
		return 0;
	args.object = last;
	r = agr_args_string(&args, "result_ref", &run->ref, err);
	return r;
}

/* 1 when the context has data (now open, or wanted as run->ref). */
static int input_of_context(agr_run *run, agentrun_error **err)
{
	agr_text text = { .name = "context", .p = run->opts.context,
		.n = run->opts.context_len, .max_depth = run->opts.limits.max_depth };
	agr_args args = { .members = NULL };
	agr_span data;
	int r = agr_scan_document(&args.object, &text, err);

	if (r < 0)
		return r;
	if (*args.object.p != '{')
		return agr_args_wrong("context", "an object", args.object, err);
	if (!agr_args_get(&args, "data", &data))
		return previous_ref(run, args.object, err);
	r = agr_run_set_value(run, data, err);
	run->made_here = false;
	return r < 0 ? r : 1;
}

bool agr_run_is_one(const agr_run *run)
{
	const agr_path *path = agr_pipeline_way(run->pipeline, 0);

	return path && path->parts[0].kind == AGR_PART_KEY;
}

static int choose_input(agr_run *run, agentrun_error **err)
{
	const agr_run_options *o = &run->opts;
	int r = 0;

	if (agr_pipeline_is_source(run->pipeline))
		return 0;
	if (run->pipeline->input_ref) {
		run->ref = strdup(run->pipeline->input_ref);
		return run->ref ? 0 : agr_error_oom(err);
	}
	if (o->read) {
		agr_text text = { .name = o->input_name, .max_depth = o->limits.max_depth };

		return agr_input_open_reader(&run->input, &text, o->read, o->read_user,
			agr_input_limit_of(&o->limits), o->input_format, agr_run_is_one(run), err);
	}
	if (o->input)
		return open_input(run, o->input_name, o->input, o->input_len,
			o->input_format, err);
	if (o->context)
		r = input_of_context(run, err);
	if (r < 0)
		return r;
	if (r == 0)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"there is no input: give rows, or begin with http_request");
	return 0;
}

/* ---- steps ----------------------------------------------------------------- */

int agr_run_blame_step(const agr_run *run, int r, agentrun_error **err)
{
	if (r < 0)
		agr_error_step(err, agr_run_step(run)->number, agr_run_step(run)->name);
	return r;
}

int agr_no_table(agr_span value, int code, agentrun_error **err)
{
	return agentrun_error_raise(err, code, "wants an array, got %s%s",
		agr_type_phrase(value),
		*value.p == '{' ? ": extract takes its rows out" : "");
}

static int want_table(agr_run *run, agentrun_error **err)
{
	agr_buf made = AGR_BUF_INIT;
	agr_span value;
	int r;

	if (run->nested || run->input.is_table)
		return 0;
	r = agr_input_document(&run->input, &made, &value, err);
	agr_buf_free(&made); /* nothing is made of JSON */
	return r < 0 ? r : agr_run_blame_step(run, agr_no_table(value,
		run->made_here ? AGENTRUN_EPIPELINE : AGENTRUN_EINPUT, err), err);
}

int agr_run_open_ops(agr_run *run, agentrun_error **err)
{
	static const agr_span nothing = { NULL, 0 };

	for (; run->chain_at < run->chain.n; run->chain_at++) {
		agr_op *op = &run->chain.ops[run->chain_at];
		int r = 0;

		if (op->type->wants && op->type->wants(op->plan)) {
			run->state = STATE_WANTS_REF;
			return 0;
		}
		if (op->type->open)
			r = op->type->open(op, nothing, err);
		if (r < 0) {
			agr_error_step(err, op->number, op->name);
			return r;
		}
	}
	return 0;
}

static void keep_stats(agr_run *run, int64_t all_ns)
{
	run->read_ns += all_ns;
	for (size_t i = 0; i < run->chain.n; i++) {
		run->stats[run->at + i] = agr_chain_stats(&run->chain, i);
		run->read_ns -= run->stats[run->at + i].time_ns;
	}
	run->read_ns -= run->chain.ops[run->chain.n].time_ns; /* writing the result */
}

static int blame_source(const agr_run *run, int r, agentrun_error **err)
{
	int fault = run->nested ? agr_nested_fault(run->nested) : AGR_NESTED_INPUT;
	size_t at = run->answer.read ? run->answer_at : run->nested_at;
	const agr_compiled *op = &run->pipeline->ops[at];

	if (r == 0)
		return 0;
	if (fault == AGR_NESTED_TAKER)
		return agr_run_blame_step(run, r, err);
	if (run->answer.read && !run->broken)
		agr_error_prefix(err, "%s", op->type->request(op->plan)->host);
	if (run->answer.read || fault == AGR_NESTED_PATH)
		agr_error_step(err, op->number, op->name);
	return r;
}

/* A step failed at a row out of a document. It stands unless the row was void; but what
 * is wrong with the document itself comes first, as if it had been read before. */
static int settle(agr_run *run, int failed, agentrun_error **err)
{
	agentrun_error *why = NULL;
	agr_row row;
	int r;

	do {
		int stopped = agr_run_tick(run, &why);

		r = stopped ? stopped : agr_nested_next(run->nested, &row, &why);
	} while (r == 1);
	if (r == 0)
		return failed;
	if (err) {
		agentrun_error_free(*err);
		*err = NULL;
	}
	if (r == AGR_NESTED_AGAIN)
		return r;
	blame_source(run, r, &why);
	return agr_error_pass(err, why);
}

static bool is_final(int code)
{
	return code == AGENTRUN_ENOMEM || code == AGENTRUN_ECANCELLED ||
		code == AGENTRUN_ETIMEDOUT;
}

static int run_rows(agr_run *run, agentrun_error **err)
{
	agr_chain *chain = &run->chain;
	int r;

	agr_input_use_threads(&run->input, run->opts.threads);
	r = agr_chain_run(chain, &run->input, err);
	if (r < 0 && chain->no_rows)
		return blame_source(run, r, err);
	return r < 0 && run->nested && !is_final(r) ? settle(run, r, err) : r;
}

/* Run the chain, whose steps are all open. */
static int run_chain(agr_run *run, agentrun_error **err)
{
	int64_t start = run->stats ? agr_clock_mono_ns() : 0;
	int r = run_rows(run, err);
	agr_buf out = run->chain.out;

	if (start)
		keep_stats(run, agr_clock_mono_ns() - start);
	if (r == AGR_NESTED_AGAIN) {
		agr_chain_close(&run->chain);
		return 0;
	}
	if (!r) {
		agr_nested_free(run->nested);
		run->nested = NULL;
		run->chain.out = (agr_buf)AGR_BUF_INIT;
		if (run->chain.write)
			run->written = true;
		else
			r = agr_run_set_value(run, (agr_span){ out.data, out.len }, err);
		agr_run_own(run, &out);
		run->at += run->chain.n;
	}
	agr_chain_close(&run->chain);
	return r;
}

static int begin_chain(agr_run *run, agentrun_error **err)
{
	const agr_pipeline *p = run->pipeline;
	size_t end = run->at;
	int r = want_table(run, err);

	while (end < p->n_ops && p->ops[end].type->kind == AGR_STEP_ROWS)
		end++;
	if (r < 0)
		return r;
	run->chain_at = 0;
	r = agr_chain_init(&run->chain, run, p->ops, run->at, end,
		run->opts.limits.max_output_bytes, err);
	if (r < 0)
		return r;
	if (end == p->n_ops && (run->opts.output_format == AGENTRUN_FORMAT_JSON ||
		run->opts.output_format == AGENTRUN_FORMAT_NDJSON)) {
		run->chain.write = run->opts.write;
		run->chain.user = run->opts.write_user;
		run->chain.format = run->opts.write ? run->opts.output_format
						    : AGENTRUN_FORMAT_JSON;
	}
	run->chain.nested = run->nested;
	if (run->nested) /* what was made may be void */
		run->chain.hold = SIZE_MAX;
	return agr_run_open_ops(run, err);
}

/* Take the rows out as the input is read, if it is yet to be read. 1: that is begun. */
static int begin_nested(agr_run *run, agentrun_error **err)
{
	const agr_input *in = &run->input;
	const agr_path *path = agr_pipeline_way(run->pipeline, run->at);

	if (!path || !in->read || in->format != AGENTRUN_FORMAT_JSON || in->document.p)
		return 0;
	run->nested_at = run->at++;
	return agr_nested_new(&run->nested, path, &run->input, err) < 0 ? AGENTRUN_ENOMEM : 1;
}

static int apply_document(agr_run *run, agentrun_error **err)
{
	agr_buf whole = AGR_BUF_METERED(run->opts.meter), made = AGR_BUF_METERED(run->opts.meter);
	agr_span in, out;
	int r = begin_nested(run, err);

	if (r)
		return r < 0 ? r : 0;
	r = agr_input_document(&run->input, &whole, &in, err);

	if (r < 0)
		goto out;
	if (run->opts.limits.max_output_bytes)
		made.max = run->opts.limits.max_output_bytes;
	r = agr_run_blame_step(run, agr_run_step(run)->type->apply(agr_run_step(run)->plan, run, in, &made, &out,
		err),
		err);
	if (r < 0)
		goto out;
	r = agr_run_set_value(run, out, err);
	if (made.len)
		agr_run_own(run, &made);
	else if (whole.len)
		agr_run_own(run, &whole);
	run->at++;
out:
	agr_buf_free(&whole);
	agr_buf_free(&made);
	return r;
}

static int next_step(agr_run *run, agentrun_error **err)
{
	int r = agr_run_check(run, err);

	if (r < 0)
		return agr_run_blame_step(run, r, err);
	if (run->chain.ops)
		return run_chain(run, err);
	switch (agr_run_step(run)->type->kind) {
	case AGR_STEP_HTTP:
		run->state = STATE_WANTS_HTTP;
		return 0;
	case AGR_STEP_DOCUMENT:
		return apply_document(run, err);
	default:
		return begin_chain(run, err);
	}
}

static int wanted(const agr_run *run)
{
	switch (run->state) {
	case STATE_WANTS_INPUT:
	case STATE_WANTS_REF:
		return AGR_RUN_WANTS_REF;
	case STATE_WANTS_HTTP:
		return AGR_RUN_WANTS_HTTP;
	default:
		return AGR_RUN_DONE;
	}
}

int agr_run_over(agr_run *run, int r)
{
	if (r < 0)
		run->state = STATE_FAILED;
	return r;
}

int agr_run_advance(agr_run *run, agentrun_error **err)
{
	int r = 0;

	if (run->state == STATE_FAILED)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "the run has failed");
	if (run->state == STATE_START) {
		r = choose_input(run, err);
		run->state = run->ref ? STATE_WANTS_INPUT : STATE_READY;
	}
	while (r >= 0 && run->state == STATE_READY) {
		if (run->at == run->pipeline->n_ops)
			run->state = STATE_DONE;
		else
			r = next_step(run, err);
	}
	return r < 0 ? agr_run_over(run, r) : wanted(run);
}

/* ---- the result ------------------------------------------------------------ */

int agr_run_take_output(agr_run *run, agentrun_buf *out, int format,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_METERED(run->opts.meter);
	int r;

	if (run->state != STATE_DONE)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "the run is not done");
	r = agr_format_value(&text, run->input.document, format, err);
	if (!r)
		r = agr_buf_give(&text, out, "the output", err);
	agr_buf_free(&text);
	return r;
}

int agr_run_write_output(agr_run *run, agentrun_error **err)
{
	const agr_run_options *o = &run->opts;
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	if (run->state != STATE_DONE || !o->write)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the run is not done, or has nowhere to write to");
	if (run->written)
		return o->write(o->write_user, run->text.data, run->text.len, err);
	r = agr_format_value(&text, run->input.document, o->output_format, err);
	if (!r)
		r = agr_buf_check(&text, "the output", err);
	if (!r)
		r = o->write(o->write_user, text.data, text.len, err);
	agr_buf_free(&text);
	return r;
}

int agr_run_new(agr_run **out, const agr_pipeline *pipeline,
	const agr_run_options *opts, agentrun_error **err)
{
	agr_run *run = calloc(1, sizeof(*run));

	*out = run;
	if (!run)
		return agr_error_oom(err);
	run->pipeline = pipeline;
	run->text.max = run->head.max = SIZE_MAX;
	if (opts)
		run->opts = *opts;
	else
		run->opts.limits = agr_pipeline_limits_default();
	if (run->opts.measured) {
		run->stats = calloc(pipeline->n_ops, sizeof(*run->stats));
		if (!run->stats) {
			agr_run_free(run);
			*out = NULL;
			return agr_error_oom(err);
		}
	}
	if (!run->opts.deadline_ms)
		run->opts.deadline_ms = AGR_DEADLINE_NONE;
	return 0;
}

void agr_run_free(agr_run *run)
{
	if (!run)
		return;
	agr_chain_close(&run->chain);
	agr_nested_free(run->nested);
	agr_input_close(&run->input);
	agr_run_close_answer(run);
	agr_buf_free(&run->head);
	agr_buf_free(&run->text);
	free(run->ref);
	free(run->stats);
	free(run);
}
