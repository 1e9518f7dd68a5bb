/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a run waits for: the answer to a request, what is behind a ref. */
#include <string.h>

#include "pipeline/run.h"

#define REF_PART ((size_t)64 << 10)

const agr_pipeline_request *agr_run_request(const agr_run *run)
{
	if (run->state != STATE_WANTS_HTTP)
		return NULL;
	return agr_run_step(run)->type->request(agr_run_step(run)->plan);
}

const char *agr_run_ref(const agr_run *run)
{
	const agr_op *op;

	if (run->state == STATE_WANTS_INPUT)
		return run->ref;
	if (run->state != STATE_WANTS_REF)
		return NULL;
	op = &run->chain.ops[run->chain_at];
	return op->type->wants(op->plan);
}

void agr_run_blame(const agr_run *run, agentrun_error **err)
{
	if (run->state == STATE_WANTS_REF)
		agr_error_step(err, run->chain.ops[run->chain_at].number,
			run->chain.ops[run->chain_at].name);
	else if (run->state == STATE_WANTS_HTTP)
		agr_run_blame_step(run, -1, err);
}

static int refused_status(const agr_pipeline_request *request, int status,
	const char *body, size_t len, agentrun_error **err)
{
	int again = status == 408 || status == 429 || status >= 500;
	int shown = 0, r;

	/* The beginning of what it said, not cut inside a character. */
	while (shown < 120 && (size_t)shown < len) {
		size_t n = agr_utf8_len(body + shown, len - (size_t)shown);

		if (!n || !body[shown])
			break;
		shown += (int)n;
	}
	r = agentrun_error_raise(err, AGENTRUN_EPIPELINE,
		"%s %s answered with status %d%s%.*s",
		request->method, request->host, status, shown ? ": " : "", shown,
		body ? body : "");
	agentrun_error_set_retry(err ? *err : NULL, again, 0);
	return r;
}

/* The answer's body is the data, or what lies at the step's path in it. */
static int read_answer(agr_run *run, agentrun_error **err)
{
	const agr_compiled *step = agr_run_step(run);
	const agr_path *path = step->type->answer_path(step->plan);
	agr_buf whole = AGR_BUF_METERED(run->opts.meter), made = AGR_BUF_METERED(run->opts.meter);
	agr_span in, out;
	int r = agr_input_document(&run->input, &whole, &in, err);

	if (!r && path)
		r = agr_path_extract(path, in, &made, &out, err);
	if (!r && path) {
		r = agr_run_set_value(run, out, err);
		if (made.len || whole.len)
			agr_run_own(run, made.len ? &made : &whole);
	} else if (!r) {
		r = agr_run_set_value(run, in, err);
		if (whole.len)
			agr_run_own(run, &whole);
	}
	agr_buf_free(&whole);
	agr_buf_free(&made);
	return r;
}

static int take_text(agr_run *run, const char *body, size_t len,
	agentrun_error **err)
{
	const agr_pipeline_limits *l = &run->opts.limits;
	const agr_pipeline_request *request = agr_run_request(run);
	agr_text text = { .name = "answer", .max_depth = l->max_depth,
		.code = AGENTRUN_EPIPELINE };
	int r;

	if (l->max_response_bytes && len > l->max_response_bytes)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the answer of %s is %zu bytes long, the limit is %zu",
			request->host,
			len, l->max_response_bytes);
	r = agr_run_copy_text(run, len ? body : "null", len ? len : 4, err);
	if (r < 0)
		return r;
	text.p = run->text.data;
	text.n = run->text.len;
	r = agr_input_open(&run->input, &text, (agr_input_limit){ l->max_response_bytes,
		"http.max_response_bytes" }, AGENTRUN_FORMAT_AUTO, err);
	if (!r)
		r = read_answer(run, err);
	if (r < 0)
		agr_error_prefix(err, "%s", request->host);
	run->made_here = true;
	return r;
}

static int answered(agr_run *run, int status, const char *body, size_t len,
	agentrun_error **err)
{
	if (status < 200 || status > 299)
		return refused_status(agr_run_request(run), status, body, len, err);
	return take_text(run, body, len, err);
}

static int supplied(agr_run *run, int r, agentrun_error **err)
{
	agr_run_blame_step(run, r, err);
	if (!r) {
		run->at++;
		run->state = STATE_READY;
	}
	return agr_run_over(run, r);
}

int agr_run_supply_response(agr_run *run, int status, const char *body, size_t len,
	agentrun_error **err)
{
	if (run->state != STATE_WANTS_HTTP)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the run does not wait for an answer");
	return supplied(run, answered(run, status, body, len, err), err);
}

/* What is read of an answer before it is known what becomes of it. */
#define HEAD ((size_t)4096)

/* Some of the answer, or as much of it as fits. */
static int read_head(agr_run *run, bool all, agentrun_error **err)
{
	const agr_response *a = &run->answer;
	char *to;
	size_t got;
	int r;

	agr_buf_reset(&run->head);
	run->head_at = 0;
	do {
		to = agr_buf_reserve(&run->head, HEAD);
		if (!to)
			return agr_error_oom(err);
		r = a->read(a->user, to, HEAD - run->head.len, &got, err);
		if (r < 0)
			return r;
		run->head.len += got;
	} while (all && got && run->head.len < HEAD);
	return 0;
}

static int read_rest(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	agr_run *run = user;
	size_t left = run->head.len - run->head_at;
	int r;

	if (left) {
		*len = left < cap ? left : cap;
		memcpy(to, run->head.data + run->head_at, *len);
		run->head_at += *len;
		return 0;
	}
	r = run->answer.read(run->answer.user, to, cap, len, err);
	run->broken = r < 0;
	return r;
}

/* Leave it to the steps to read the answer, where they take rows; else read it. */
static int begin_answer(agr_run *run, agentrun_error **err)
{
	const agr_pipeline *p = run->pipeline;
	const agr_pipeline_limits *l = &run->opts.limits;
	const agr_path *way = agr_pipeline_way(p, run->at);
	const agr_step_type *type = agr_run_step(run)->type;
	agr_text text = { .name = "answer", .max_depth = l->max_depth,
		.code = AGENTRUN_EPIPELINE };
	int r = agr_input_open_reader(&run->input, &text, read_rest, run,
		(agr_input_limit){ l->max_response_bytes, "http.max_response_bytes" },
		AGENTRUN_FORMAT_AUTO, way && way->parts[0].kind == AGR_PART_KEY, err);

	if (r < 0)
		return r;
	if (way && run->input.format == AGENTRUN_FORMAT_JSON) {
		run->nested_at = run->at;
		return agr_nested_new(&run->nested, way, &run->input, err);
	}
	if (run->input.is_table && !type->answer_path(agr_run_step(run)->plan) &&
		run->at + 1 < p->n_ops && p->ops[run->at + 1].type->kind == AGR_STEP_ROWS)
		return 0;
	return read_answer(run, err);
}

static int open_answer(agr_run *run, agentrun_error **err)
{
	int r;

	agr_input_close(&run->input);
	run->answer_at = run->at;
	run->broken = false;
	run->made_here = true;
	r = begin_answer(run, err);
	if (r < 0 && !run->broken)
		agr_error_prefix(err, "%s", agr_run_request(run)->host);
	return r;
}

int agr_run_supply_answer(agr_run *run, const agr_response *take_answer,
	agentrun_error **err)
{
	bool good = take_answer->status >= 200 && take_answer->status <= 299;
	int r;

	if (run->state != STATE_WANTS_HTTP) {
		if (take_answer->close)
			take_answer->close(take_answer->user);
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the run does not wait for an answer");
	}
	agr_input_close(&run->input);
	agr_run_close_answer(run);
	run->answer = *take_answer;
	r = read_head(run, !good, err);
	if (!r && good && run->head.len)
		r = open_answer(run, err);
	else if (!r)
		r = answered(run, take_answer->status, run->head.data, run->head.len, err);
	return supplied(run, r, err);
}

/* The rows behind a ref of the chain's step that waits. */
static int supply_op(agr_run *run, const char *json, size_t len, agentrun_error **err)
{
	agr_op *op = &run->chain.ops[run->chain_at];
	agr_text text = { .name = op->type->wants(op->plan), .p = json, .n = len,
		.max_depth = run->opts.limits.max_depth };
	agr_span value;
	int r = agr_scan_document(&value, &text, err);

	if (!r)
		r = op->type->open(op, value, err);
	if (r < 0) {
		agr_error_step(err, op->number, op->name);
		return r;
	}
	run->state = STATE_READY;
	run->chain_at++;
	return agr_run_open_ops(run, err);
}

/* The rows that a step wants all at once. */
static int supply_whole(agr_run *run, agr_response *content, agentrun_error **err)
{
	agr_buf text = AGR_BUF_METERED(run->opts.meter);
	size_t n = 1, most = run->opts.limits.max_input_bytes;
	int r = 0;

	while (!r && n) {
		char *to = agr_buf_reserve(&text, REF_PART);

		r = to ? content->read(content->user, to, REF_PART, &n, err) : agr_error_oom(err);
		text.len += r ? 0 : n;
		if (!r && most && text.len > most)
			r = agentrun_error_raise(err, AGENTRUN_ELIMIT,
				"what it holds is longer than the limit of %zu bytes "
				"(limits.max_input_bytes)", most);
	}
	agr_response_close(content);
	if (!r)
		r = supply_op(run, text.data, text.len, err);
	else
		agr_run_blame(run, err);
	agr_buf_free(&text);
	return r;
}

int agr_run_supply_ref(agr_run *run, const agr_response *take_content,
	agentrun_error **err)
{
	const agr_pipeline_limits *l = &run->opts.limits;
	agr_response content = *take_content;
	agr_text text = { .name = run->ref, .max_depth = l->max_depth };
	int r;

	if (run->state == STATE_WANTS_REF)
		return agr_run_over(run, supply_whole(run, &content, err));
	if (run->state != STATE_WANTS_INPUT) {
		agr_response_close(&content);
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the run does not wait for a ref");
	}
	agr_input_close(&run->input);
	agr_run_close_answer(run);
	run->source = content;
	r = agr_input_open_reader(&run->input, &text, content.read, content.user,
		agr_input_limit_of(l), AGENTRUN_FORMAT_AUTO, agr_run_is_one(run), err);
	run->state = STATE_READY;
	return agr_run_over(run, r);
}
