/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Expressions that stand for what other nodes of the run put out:
 *
 *     "$nodes.ID", "$nodes.ID.a.b[0].c"    all of a text: the value itself
 *     "text ${$nodes.ID.x} text"           within a text: a text as it is, else JSON
 *
 * In a job's prompt, in its context, and in the arguments of a pipeline. A workflow's
 * own expressions are its engine's: they are left alone.
 *
 * An output is looked for with the queue that the job came from (context:RUN in Redis),
 * among the job's previous results, and, where no queue can tell, among the records.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/engine.h"
#include "table/path.h"

#define MARK "$nodes."
#define OPEN "${" MARK

struct agr_output {
	struct agr_output *next;
	char *node;
	agentrun_buf json;
};

void agr_outputs_free(agr_output *outputs)
{
	while (outputs) {
		agr_output *next = outputs->next;

		agentrun_buf_dispose(&outputs->json);
		free(outputs->node);
		free(outputs);
		outputs = next;
	}
}

size_t agr_outputs_bytes(const agr_output *outputs)
{
	size_t n = 0;

	for (; outputs; outputs = outputs->next)
		n += outputs->json.len;
	return n;
}

bool agr_nodes_in(const char *text, size_t len)
{
	return memmem(text, len, MARK, strlen(MARK)) != NULL;
}

/* ---- where outputs are -------------------------------------------------------- */

/* 1: found; 0: not; or an error. */
static int from_queue(agr_task *task, const char *node, agentrun_buf *out)
{
	int found = 0, r;

	r = agentrun_queue_node_output(out, &found, task->opts.queue, task->message.run_id, node,
		&task->error);
	return r < 0 ? r : found;
}

static int from_ref(agr_task *task, const char *ref, agentrun_buf *out)
{
	int r = agentrun_store_get(out, agr_engine_store(task->engine), ref, &task->error);

	if (r == AGENTRUN_EINVAL) /* the job's, not ours */
		r = agr_error_recode(&task->error, AGENTRUN_EJOB);
	return r < 0 ? r : 1;
}

static int from_previous(agr_task *task, const char *node, agentrun_buf *out)
{
	agr_span list, element, id, value, ref = { NULL, 0 };
	agr_buf text = AGR_BUF_INIT;
	agr_iter it;
	int r;

	if (!task->message.context.p ||
		!agr_get_typed(task->message.context, "previous_results", AGR_TYPE_ARRAY, &list))
		return 0;
	it = agr_iter_of(list);
	while (agr_array_next(&it, &element)) /* the last one counts */
		if (agr_span_type(element) == AGR_TYPE_OBJECT &&
			agr_get_typed(element, "node_id", AGR_TYPE_STRING, &id) &&
			agr_string_is(id, node, strlen(node)) &&
			agr_get_typed(element, "result_ref", AGR_TYPE_STRING, &value))
			ref = value;
	if (!ref.p)
		return 0;
	agr_string_decode(&text, ref);
	agr_buf_add(&text, "", 0);
	r = agr_buf_check(&text, "result_ref", &task->error);
	if (r == 0)
		r = from_ref(task, text.data, out);
	agr_buf_free(&text);
	return r;
}

static int from_records(agr_task *task, const char *node, agentrun_buf *out)
{
	agentrun_store_query query;
	agentrun_records *records;
	agr_buf ref = AGR_BUF_INIT;
	int r;

	agentrun_store_query_init(&query, sizeof(query));
	query.run_id = task->message.run_id;
	query.node_id = node;
	query.status = "completed";
	query.limit = 1;
	if (!query.run_id)
		return 0;
	r = agentrun_store_list(&records, agr_engine_store(task->engine), &query, &task->error);
	if (r < 0)
		return r;
	if (agentrun_records_count(records)) {
		agr_buf_printf(&ref, "artifact://%s", agentrun_record_get(
			agentrun_records_at(records, 0), AGENTRUN_RECORD_RESULT_ID, NULL));
		r = agr_buf_check(&ref, "ref", &task->error);
		if (r == 0)
			r = from_ref(task, ref.data, out);
	}
	agr_buf_free(&ref);
	agentrun_records_free(records);
	return r;
}

static int look(agr_task *task, const char *node, agentrun_buf *out)
{
	bool asks = task->opts.queue && task->message.run_id &&
		agr_queue_has_outputs(task->opts.queue);
	int r = asks ? from_queue(task, node, out) : 0;

	if (r == 0)
		r = from_previous(task, node, out);
	if (r == 0 && !asks)
		r = from_records(task, node, out);
	return r;
}

/* The output of a node, valid JSON; looked for once a job. */
static int output_of(agr_task *task, const char *node, size_t len, agr_span *out)
{
	agr_text text = { .name = "a node's output", .code = AGENTRUN_EJOB };
	agr_output *known = task->outputs;
	int r;

	while (known && (strlen(known->node) != len || memcmp(known->node, node, len) != 0))
		known = known->next;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return agr_error_oom(&task->error);
		known->next = task->outputs;
		task->outputs = known;
		known->node = agr_strndup(node, len);
		r = known->node ? look(task, known->node, &known->json)
				: agr_error_oom(&task->error);
		if (r == 0)
			r = agentrun_error_raise(&task->error, AGENTRUN_EJOB,
				MARK "%.100s: run %.100s has no output of a node \"%.100s\"",
				known->node, task->message.run_id ? task->message.run_id : "-",
				known->node);
		if (r < 0)
			return r;
	}
	text.p = known->json.data;
	text.n = known->json.len;
	r = agr_scan_document(out, &text, &task->error);
	if (r < 0)
		agr_error_prefix(&task->error, MARK "%.100s", known->node);
	return r;
}

/* ---- expressions ----------------------------------------------------------------- */

static bool is_id(char c)
{
	return agr_is_alpha(c) || agr_is_digit(c) || c == '_' || c == '-';
}

static int nothing_there(agr_task *task, const char *expr, size_t len)
{
	return agentrun_error_raise(&task->error, AGENTRUN_EJOB,
		"%.*s: there is nothing of that name in the node's output",
		(int)(len < 200 ? len : 200), expr);
}

/* What is behind the node's name: `.a.b[0]`. */
static int follow(agr_task *task, const char *expr, size_t len, const char *way,
	agr_span *value)
{
	size_t left = len - (size_t)(way - expr);
	agr_buf string = AGR_BUF_INIT;
	agr_path path;
	int r;

	if (!left)
		return 0;
	if (*way == '.') {
		way++;
		left--;
	}
	agr_buf_json_str(&string, way, left);
	if (string.failed) {
		agr_buf_free(&string);
		return agr_error_oom(&task->error);
	}
	r = agr_path_read(&path, (agr_span){ string.data, string.len }, false);
	if (r == AGENTRUN_EINPUT)
		r = agentrun_error_raise(&task->error, AGENTRUN_EJOB,
			"%.*s: this is no path: write " MARK "ID.name[0].name",
			(int)(len < 200 ? len : 200), expr);
	else if (r < 0)
		r = agr_error_oom(&task->error);
	for (size_t i = 0; r == 0 && i < path.n; i++)
		if (!agr_path_enter(&path.parts[i], *value, value))
			r = nothing_there(task, expr, len);
	agr_path_clear(&path);
	agr_buf_free(&string);
	return r;
}

/* The value of `$nodes.ID...`, `len` bytes. */
static int value_of(agr_task *task, const char *expr, size_t len, agr_span *value)
{
	const char *node = expr + strlen(MARK), *end = expr + len, *at = node;
	int r;

	while (at < end && is_id(*at))
		at++;
	if (at == node || (at < end && *at != '.' && *at != '['))
		return agentrun_error_raise(&task->error, AGENTRUN_EJOB,
			"%.*s: write " MARK "ID or " MARK "ID.name[0].name",
			(int)(len < 200 ? len : 200), expr);
	r = output_of(task, node, (size_t)(at - node), value);
	return r < 0 ? r : follow(task, expr, len, at, value);
}

/* Is all of the text an expression? */
static bool is_whole(const char *text, size_t len)
{
	size_t i = strlen(MARK);

	if (len <= i || memcmp(text, MARK, i) != 0)
		return false;
	while (i < len && !agr_is_space(text[i]))
		i++;
	return i == len;
}

/* The text with every ${$nodes...} in it replaced. */
static int fill_text(agr_task *task, const char *text, size_t len, agr_buf *out)
{
	const char *end = text + len, *open, *close;
	agr_span value;
	int r = 0;

	while (r == 0 && (open = memmem(text, (size_t)(end - text), OPEN, strlen(OPEN)))) {
		close = memchr(open, '}', (size_t)(end - open));
		if (!close)
			break;
		agr_buf_add(out, text, (size_t)(open - text));
		r = value_of(task, open + 2, (size_t)(close - open) - 2, &value);
		if (r == 0 && agr_span_type(value) == AGR_TYPE_STRING)
			agr_string_decode(out, value);
		else if (r == 0)
			agr_value_write(out, value);
		text = close + 1;
	}
	if (r == 0)
		agr_buf_add(out, text, (size_t)(end - text));
	return r;
}

/* A JSON string that is a value. */
static int fill_string(agr_task *task, agr_span string, agr_buf *out)
{
	agr_buf text = AGR_BUF_INIT, filled = AGR_BUF_INIT;
	agr_span value;
	int r;

	agr_string_decode(&text, string);
	r = agr_buf_check(&text, "text", &task->error);
	if (r == 0 && is_whole(text.data, text.len)) {
		r = value_of(task, text.data, text.len, &value);
		if (r == 0)
			agr_value_write(out, value);
	} else if (r == 0) {
		r = fill_text(task, text.data, text.len, &filled);
		if (r == 0)
			agr_buf_json_str(out, filled.data ? filled.data : "", filled.len);
	}
	agr_buf_free(&text);
	agr_buf_free(&filled);
	return r;
}

/* Behind the string that begins at `p`. */
static const char *behind_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\';
	return p < end ? p + 1 : end;
}

static bool is_key(const char *p, const char *end)
{
	while (p < end && agr_is_space(*p))
		p++;
	return p < end && *p == ':';
}

int agr_nodes_fill(agr_task *task, const char *json, size_t len, agr_buf *out)
{
	const char *end = json + len;
	int r = 0;

	while (r == 0 && json < end) {
		const char *quote = memchr(json, '"', (size_t)(end - json)), *behind;

		if (!quote)
			break;
		agr_buf_add(out, json, (size_t)(quote - json));
		behind = behind_string(quote, end);
		if (agr_nodes_in(quote, (size_t)(behind - quote)) && !is_key(behind, end))
			r = fill_string(task, (agr_span){ quote, (size_t)(behind - quote) }, out);
		else
			agr_buf_add(out, quote, (size_t)(behind - quote));
		json = behind;
	}
	if (r == 0)
		agr_buf_add(out, json, (size_t)(end - json));
	return r < 0 ? r : agr_buf_check(out, "text with $nodes", &task->error);
}

/* ---- a job ------------------------------------------------------------------------- */

static int fill_prompt(agr_task *task)
{
	agr_message *m = &task->message;
	agr_buf text = AGR_BUF_INIT;
	agr_span value;
	char *filled;
	int r;

	if (!agr_nodes_in(m->prompt, m->prompt_len))
		return 0;
	if (is_whole(m->prompt, m->prompt_len)) {
		r = value_of(task, m->prompt, m->prompt_len, &value);
		if (r == 0 && agr_span_type(value) == AGR_TYPE_STRING)
			agr_string_decode(&text, value);
		else if (r == 0)
			agr_value_write(&text, value);
	} else {
		r = fill_text(task, m->prompt, m->prompt_len, &text);
	}
	if (r == 0) {
		size_t len = text.len;

		filled = agr_buf_give_str(&text, &task->error);
		r = filled ? 0 : agentrun_error_code(task->error);
		if (filled) {
			free(m->prompt);
			m->prompt = filled;
			m->prompt_len = len;
		}
	}
	agr_buf_free(&text);
	return r;
}

int agr_nodes_resolve(agr_task *task)
{
	agr_message *m = &task->message;
	agr_text text = { .name = "context", .code = AGENTRUN_EJOB };
	agr_buf filled = AGR_BUF_INIT;
	int r = fill_prompt(task);

	if (r < 0 || !m->context.p || !agr_nodes_in(m->context.p, m->context.n))
		return r;
	r = agr_nodes_fill(task, m->context.p, m->context.n, &filled);
	if (r == 0)
		r = agr_buf_give(&filled, &task->context, "context", &task->error);
	agr_buf_free(&filled);
	text.p = task->context.data;
	text.n = task->context.len;
	return r < 0 ? r : agr_scan_document(&m->context, &text, &task->error);
}
