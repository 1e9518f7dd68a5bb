/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/input.h"

#include <stdlib.h>
#include <string.h>

static const char bom[] = "\xef\xbb\xbf";

static size_t bom_len(const agr_text *t)
{
	return t->n >= 3 && memcmp(t->p, bom, 3) == 0 ? 3 : 0;
}

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_blank(const agr_text *t, size_t pos)
{
	while (pos < t->n && is_white(t->p[pos]))
		pos++;
	return pos == t->n;
}

static int code_of(const agr_text *t)
{
	return t->code ? t->code : AGENTRUN_EINPUT;
}

static int raise_at(const agr_text *t, size_t at, agentrun_error **err,
	const char *what)
{
	int r = agentrun_error_raise(err, code_of(t), "%s", what);

	agr_error_at(err, t->name, t->p, t->n, at);
	return r;
}

/* ---- what is it? --------------------------------------------------------- */

/* A header alone may be a sentence with a comma in it: its fields are names. */
static bool names_only(const agr_csv *csv)
{
	for (size_t i = 0; i < csv->n; i++) {
		const agr_csv_field *f = &csv->list[i];

		if (f->from == f->to || is_white(csv->bytes.data[f->from]) ||
			is_white(csv->bytes.data[f->to - 1]))
			return false;
	}
	return true;
}

/* Two columns at least, and nothing that JSON or markup begins with: 1, 0 or
 * AGENTRUN_ENOMEM. */
static int looks_like_csv(const agr_text *t)
{
	agr_csv csv = { .text = t, .pos = bom_len(t) };
	int is = 0;

	while (csv.pos < t->n && is_white(t->p[csv.pos]))
		csv.pos++;
	if (csv.pos < t->n && !strchr("[{<", t->p[csv.pos]))
		is = agr_csv_next(&csv, NULL);
	if (is == 1)
		is = csv.n > 1 && (!is_blank(t, csv.pos) || names_only(&csv));
	else if (is != AGENTRUN_ENOMEM)
		is = 0;
	agr_csv_free(&csv);
	return is;
}

/* Is the first value alone on its line, and another line behind it? */
static bool looks_like_lines(const agr_text *t, agr_span first, size_t pos)
{
	while (pos < t->n && t->p[pos] != '\n' && is_white(t->p[pos]))
		pos++;
	return pos < t->n && t->p[pos] == '\n' && !memchr(first.p, '\n', first.n) &&
		!is_blank(t, pos);
}

static int detect(agr_input *in, agentrun_error **err)
{
	const agr_text *t = &in->text;
	agentrun_error *fault = NULL;
	size_t pos = 0;
	int r = agr_scan_next(&in->document, t, &pos, &fault), csv = 0;

	if (r == 1 && is_blank(t, pos)) {
		in->format = AGENTRUN_FORMAT_JSON;
		return 0;
	}
	if (r == 1 && looks_like_lines(t, in->document, pos)) {
		in->format = AGENTRUN_FORMAT_NDJSON;
		return 0;
	}
	if (r != AGENTRUN_ELIMIT && r != AGENTRUN_ENOMEM)
		csv = looks_like_csv(t);
	if (csv) {
		agentrun_error_free(fault);
		in->format = AGENTRUN_FORMAT_CSV;
		return csv < 0 ? agr_error_oom(err) : 0;
	}
	if (r == 1)
		r = agr_scan_document(&in->document, t, &fault);
	if (err && !*err)
		*err = fault;
	else
		agentrun_error_free(fault);
	return r;
}

/* ---- CSV ----------------------------------------------------------------- */

static int read_header(agr_input *in, agentrun_error **err)
{
	agr_csv *csv = &in->csv;
	int r;

	csv->text = &in->text;
	csv->pos = bom_len(&in->text);
	r = agr_csv_next(csv, err);
	if (r < 0)
		return r;
	in->key_ends = calloc(csv->n ? csv->n : 1, sizeof(*in->key_ends));
	if (!in->key_ends)
		return agr_error_oom(err);
	for (size_t i = 0; i < csv->n; i++) {
		const agr_csv_field *f = &csv->list[i];

		agr_buf_json_str(&in->keys, f->to ? csv->bytes.data + f->from : "",
			f->to - f->from);
		agr_buf_char(&in->keys, ':');
		in->key_ends[i] = in->keys.len;
	}
	in->n_keys = csv->n;
	return agr_buf_check(&in->keys, "the CSV header", err);
}

static int next_record(agr_input *in, agr_row *row, agentrun_error **err)
{
	agr_csv *csv = &in->csv;
	size_t from = 0;
	int r = agr_csv_next(csv, err);

	if (r <= 0)
		return r;
	if (csv->n != in->n_keys) {
		r = agentrun_error_raise(err, code_of(&in->text),
			"not valid CSV: this record has %zu fields, the header has %zu",
			csv->n, in->n_keys);
		agr_error_at_line(err, in->text.name, csv->line, 1);
		return r;
	}
	agr_buf_reset(&in->row);
	for (size_t i = 0; i < csv->n; i++) {
		agr_buf_char(&in->row, i ? ',' : '{');
		agr_buf_add(&in->row, in->keys.data + from, in->key_ends[i] - from);
		agr_csv_value(&in->row, csv, i);
		from = in->key_ends[i];
	}
	agr_buf_char(&in->row, '}');
	r = agr_buf_check(&in->row, "a CSV record", err);
	if (r < 0)
		return r;
	*row = agr_row_of((agr_span){ in->row.data, in->row.len });
	return 1;
}

/* ---- lines --------------------------------------------------------------- */

static int next_line(agr_input *in, agr_row *row, agentrun_error **err)
{
	agr_text line = in->text;
	size_t pos = in->pos;
	const char *end;
	int r;

	while (pos < line.n && is_white(line.p[pos]))
		pos++;
	if (pos >= line.n)
		return 0;
	end = memchr(line.p + pos, '\n', line.n - pos);
	if (end)
		line.n = (size_t)(end - line.p);
	r = agr_scan_next(&row->span, &line, &pos, err);
	if (r < 0)
		return r;
	while (pos < line.n && is_white(line.p[pos]))
		pos++;
	if (pos < line.n)
		return raise_at(&in->text, pos, err,
			"not valid NDJSON: a line holds one value, and this follows it");
	row->lasting = true;
	in->pos = line.n;
	return 1;
}

/* ---- all ----------------------------------------------------------------- */

int agr_input_open(agr_input *in, const agr_text *text, int format,
	agentrun_error **err)
{
	int r = 0;

	memset(in, 0, sizeof(*in));
	in->row.max = in->keys.max = SIZE_MAX;
	in->text = *text;
	in->format = format;
	if (is_blank(text, bom_len(text)))
		return raise_at(text, text->n, err,
			"the input is empty: JSON, NDJSON or CSV is wanted");
	if (format == AGENTRUN_FORMAT_AUTO)
		r = detect(in, err);
	else if (format == AGENTRUN_FORMAT_JSON)
		r = agr_scan_document(&in->document, text, err);
	else if (format != AGENTRUN_FORMAT_NDJSON && format != AGENTRUN_FORMAT_CSV)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"input is json, ndjson or csv, not format %d", format);
	if (r < 0)
		return r;
	in->pos = bom_len(text);
	if (in->format == AGENTRUN_FORMAT_CSV)
		return read_header(in, err);
	if (in->format == AGENTRUN_FORMAT_JSON && *in->document.p == '[')
		in->it = agr_iter_of(in->document);
	return 0;
}

void agr_input_close(agr_input *in)
{
	agr_csv_free(&in->csv);
	agr_buf_free(&in->keys);
	agr_buf_free(&in->row);
	free(in->key_ends);
	memset(in, 0, sizeof(*in));
}

bool agr_input_is_table(const agr_input *in)
{
	return in->format != AGENTRUN_FORMAT_JSON || *in->document.p == '[';
}

int agr_input_next(agr_input *in, agr_row *row, agentrun_error **err)
{
	if (in->format == AGENTRUN_FORMAT_CSV)
		return next_record(in, row, err);
	if (in->format == AGENTRUN_FORMAT_NDJSON)
		return next_line(in, row, err);
	row->lasting = true;
	return agr_array_next(&in->it, &row->span);
}

int agr_input_document(agr_input *in, agr_buf *made, agr_span *out,
	agentrun_error **err)
{
	agr_row row = agr_row_of((agr_span){ NULL, 0 });
	int r;

	if (in->format == AGENTRUN_FORMAT_JSON) {
		*out = in->document;
		return 0;
	}
	agr_buf_char(made, '[');
	while ((r = agr_input_next(in, &row, err)) == 1) {
		if (made->len > 1)
			agr_buf_char(made, ',');
		agr_buf_add(made, row.span.p, row.span.n);
	}
	agr_buf_char(made, ']');
	if (r < 0)
		return r;
	*out = (agr_span){ made->data, made->len };
	return agr_buf_check(made, "the input", err);
}
