/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/block.h"

#include <stdlib.h>
#include <string.h>

static size_t bom_len(const agr_text *t)
{
	return agr_bom_len(t->p, t->n);
}

static size_t skip_white(const agr_text *t, size_t pos)
{
	while (pos < t->n && agr_is_white(t->p[pos]))
		pos++;
	return pos;
}

static bool is_blank(const agr_text *t, size_t pos)
{
	return skip_white(t, pos) == t->n;
}

static int code_of(const agr_text *t)
{
	return t->code ? t->code : AGENTRUN_EINPUT;
}

/* ---- where a fault is -------------------------------------------------------- */

/* `p` is in what is at hand. */
static void place(const agr_input *in, const char *p, agentrun_error **err)
{
	agr_error_at_behind(err, in->text.name, in->lines, in->column, in->text.p,
		(size_t)(p - in->text.p));
}

int agr_input_raise(const agr_input *in, const char *p, agentrun_error **err,
	const char *what)
{
	int r = agentrun_error_raise(err, code_of(&in->text), "%s", what);

	place(in, p, err);
	return r;
}

static int raise_fault(const agr_input *in, agentrun_error **err)
{
	int r = agr_scan_fault(in->scanner, code_of(&in->text), err);

	place(in, in->scanner->fault_at, err);
	return r;
}

/* ---- what is it? --------------------------------------------------------------- */

/* A header alone may be a sentence with a comma in it: its fields are names. */
static bool names_only(const agr_csv *csv)
{
	for (size_t i = 0; i < csv->n; i++) {
		const agr_csv_field *f = &csv->list[i];

		if (f->from == f->to || agr_is_white(csv->bytes.data[f->from]) ||
			agr_is_white(csv->bytes.data[f->to - 1]))
			return false;
	}
	return true;
}

/* Two columns at least, and nothing that JSON or markup begins with: 1, 0 or an
 * error. Reads on until that is clear. */
static int looks_like_csv(agr_input *in, agentrun_error **err)
{
	const agr_text *t = &in->text;
	agr_csv csv = { .text = t, .pos = skip_white(t, bom_len(t)) };
	int is = 0, r = 0;

	if (csv.pos < t->n && strchr("[{<", t->p[csv.pos]))
		return 0;
	do {
		csv.part = !agr_block_is_whole(in);
		is = agr_csv_next(&csv);
	} while (is == AGR_CSV_CUT && !(r = agr_block_on(in, 0, err)));
	while (!r && is == AGR_CSV_RECORD && !agr_block_is_whole(in) && is_blank(t, csv.pos))
		r = agr_block_more(in, 0, err);
	if (is == AGENTRUN_ENOMEM)
		r = agr_error_oom(err);
	else if (!r)
		r = is == AGR_CSV_RECORD && csv.n > 1 &&
			(!is_blank(t, csv.pos) || names_only(&csv));
	agr_csv_free(&csv);
	return r;
}

/* Is the first line one value, with another line behind it? */
static bool looks_like_lines(const agr_text *t)
{
	size_t pos = skip_white(t, bom_len(t));
	const char *end = memchr(t->p + pos, '\n', t->n - pos);
	agr_text line = { .p = t->p + pos, .max_depth = t->max_depth };
	agr_span value;

	if (!end || is_blank(t, (size_t)(end - t->p)))
		return false;
	line.n = (size_t)(end - line.p);
	return agr_scan_document(&value, &line, NULL) == 0;
}

/* Read on until there is a first line and the beginning of another. An array that goes on
 * for so long is JSON, to be read row by row; and so is an object where one document
 * is wanted. */
static int read_first_line(agr_input *in, agentrun_error **err)
{
	const agr_text *t = &in->text;
	size_t pos = skip_white(t, bom_len(t)), seen = pos;
	bool ended = false;
	int r = 0;

	while (!r && !agr_block_is_whole(in)) {
		const char *line = ended ? NULL : memchr(t->p + seen, '\n', t->n - seen);

		if (line) {
			ended = true;
			seen = (size_t)(line - t->p);
		}
		if (!ended && (t->p[pos] == '[' || (in->one && t->p[pos] == '{')))
			break;
		seen = ended ? skip_white(t, seen) : t->n;
		if (seen < t->n)
			break;
		r = agr_block_more(in, 0, err);
	}
	return r;
}

/* A document that is no array or object lies on one line, so the first tells. */
static bool is_scalar(const agr_text *t)
{
	size_t pos = skip_white(t, bom_len(t));
	const char *end = memchr(t->p + pos, '\n', t->n - pos);
	agr_text line = { .p = t->p + pos, .n = t->n - pos };
	agr_span value;

	if (end && !is_blank(t, (size_t)(end - t->p)))
		return false;
	return agr_scan_document(&value, &line, NULL) == 0;
}

/* By the beginning. */
static int detect(agr_input *in, agentrun_error **err)
{
	const agr_text *t = &in->text;
	int csv, r = read_first_line(in, err);
	char first;

	if (r < 0)
		return r;
	first = t->p[skip_white(t, bom_len(t))];
	in->format = AGENTRUN_FORMAT_JSON;
	if (looks_like_lines(t)) {
		in->format = AGENTRUN_FORMAT_NDJSON;
		return 0;
	}
	in->maybe_lines = in->one && first == '{';
	if (first == '[' || first == '{')
		return 0;
	csv = looks_like_csv(in, err);
	if (csv == 1 && !is_scalar(t))
		in->format = AGENTRUN_FORMAT_CSV;
	return csv < 0 ? csv : 0;
}

/* ---- CSV ----------------------------------------------------------------- */

/* The next record, reading on if need be: 1, 0 at the end, or an error. */
static int read_record(agr_input *in, agentrun_error **err)
{
	agr_csv *csv = &in->csv;
	int r;

	for (;;) {
		csv->part = !agr_block_is_whole(in);
		r = agr_csv_next(csv);
		if (r != AGR_CSV_CUT)
			break;
		r = agr_block_on(in, csv->pos, err);
		if (r < 0)
			return r;
		csv->pos = 0;
	}
	if (r == AGENTRUN_ENOMEM)
		return agr_error_oom(err);
	if (r == AGR_CSV_FAULT) {
		r = agentrun_error_raise(err, code_of(&in->text), "not valid CSV: %s",
			csv->fault);
		place(in, in->text.p + csv->fault_at, err);
	}
	return r;
}

static agr_span key_of(const agr_input *in, size_t column)
{
	size_t from = column ? in->key_ends[column - 1] : 0;

	return (agr_span){ in->keys.data + from, in->key_ends[column] - 1 - from };
}

/* Every pair is compared, so not for what is wider than tables are. */
static bool are_distinct(const agr_input *in)
{
	if (in->n_keys > 256)
		return false;
	for (size_t i = 0; i < in->n_keys; i++)
		for (size_t k = 0; k < i; k++)
			if (agr_string_same(key_of(in, i), key_of(in, k)))
				return false;
	return true;
}

static int find_slots(agr_input *in, agentrun_error **err)
{
	in->key_slots = calloc(in->n_keys ? in->n_keys : 1, sizeof(*in->key_slots));
	if (!in->key_slots)
		return agr_error_oom(err);
	for (size_t i = 0; i < in->n_keys; i++)
		in->key_slots[i] = agr_wanted_find_escaped(in->wanted, key_of(in, i));
	return 0;
}

static int read_header(agr_input *in, agentrun_error **err)
{
	agr_csv *csv = &in->csv;
	int r;

	csv->text = &in->text;
	csv->pos = bom_len(&in->text);
	r = read_record(in, err);
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
	r = agr_buf_check(&in->keys, "the CSV header", err);
	if (!r)
		in->distinct = are_distinct(in);
	return r;
}

/* The record as an object in in->row. */
static void make_record(agr_input *in)
{
	agr_csv *csv = &in->csv;
	size_t from = 0, at;

	agr_buf_reset(&in->row);
	for (size_t i = 0; i < csv->n; i++) {
		agr_buf_char(&in->row, i ? ',' : '{');
		agr_buf_add(&in->row, in->keys.data + from, in->key_ends[i] - from);
		at = in->row.len;
		agr_csv_value(&in->row, csv, i);
		from = in->key_ends[i];
		/* Where it is, until the row is all there and stays in place. */
		if (in->key_slots)
			csv->list[i] = (agr_csv_field){ .from = at, .to = in->row.len };
	}
	agr_buf_char(&in->row, '}');
}

static void note_fields(agr_input *in)
{
	for (size_t i = 0; i < in->wanted->n; i++)
		in->slots[i].p = NULL;
	for (size_t i = 0; i < in->n_keys; i++) {
		const agr_csv_field *f = &in->csv.list[i];

		if (in->key_slots[i] != AGR_WANTED_NONE)
			in->slots[in->key_slots[i]] = (agr_span){ in->row.data + f->from,
				f->to - f->from };
	}
}

static int next_record(agr_input *in, agr_row *row, agentrun_error **err)
{
	agr_csv *csv = &in->csv;
	int r = in->wanted && !in->key_slots ? find_slots(in, err) : 0;

	if (r == 0)
		r = read_record(in, err);
	if (r <= 0)
		return r;
	if (csv->n != in->n_keys) {
		r = agentrun_error_raise(err, code_of(&in->text),
			"not valid CSV: this record has %zu fields, the header has %zu",
			csv->n, in->n_keys);
		agr_error_at_line(err, in->text.name, csv->line, 1);
		return r;
	}
	make_record(in);
	r = agr_buf_check(&in->row, "a CSV record", err);
	if (r < 0)
		return r;
	*row = agr_row_of((agr_span){ in->row.data, in->row.len });
	row->compact = in->distinct;
	if (in->wanted) {
		note_fields(in);
		row->slots = in->slots;
	}
	return 1;
}

/* ---- rows of JSON ---------------------------------------------------------------- */

static int begin_scan(agr_input *in, agentrun_error **err)
{
	in->scanner = malloc(sizeof(*in->scanner));
	if (!in->scanner)
		return agr_error_oom(err);
	agr_scanner_begin(in->scanner, in->text.p + bom_len(&in->text),
		in->text.p + in->text.n, agr_block_is_whole(in), in->text.max_depth, NULL);
	in->state = AGR_AT_FIRST;
	if (in->format == AGENTRUN_FORMAT_JSON)
		in->scanner->open = agr_scanner_take(in->scanner, '[');
	return 0;
}

/* What is at hand ends at or behind `from`: go on there with more. */
static int go_on(agr_input *in, const char *from, agentrun_error **err)
{
	int r = agr_block_on(in, (size_t)(from - in->text.p), err);

	if (!r)
		agr_scanner_move(in->scanner, in->text.p, in->text.p + in->text.n,
			in->ended);
	return r;
}

/* The next token, reading on if need be: 1, 0 at the end, or an error. */
int agr_input_token(agr_input *in, const char **at, agentrun_error **err)
{
	agr_scanner *s = in->scanner;
	int r = 0;

	while (!r && !(*at = agr_scanner_next(s))) {
		if (s->index.fault.what) {
			s->fault = s->index.fault.what;
			s->fault_at = s->index.fault.at;
			return raise_fault(in, err);
		}
		if (agr_block_is_whole(in))
			return 0;
		r = go_on(in, s->pos, err);
	}
	return r < 0 ? r : 1;
}

/* What is wrong with a line's value, if it goes on behind the line, is the line's
 * end. */
static int judge_line(agr_input *in, const char *value, const char *end)
{
	agr_scanner *s = in->scanner;
	const char *line = memchr(value, '\n', (size_t)(end - value));
	agr_span span;

	if (line) {
		agr_scanner_move(s, value, line, true);
		agr_scanner_value(s, &span, NULL, NULL);
	}
	return AGR_SCAN_FAULT;
}

int agr_input_value(agr_input *in, agr_row *row, bool noted, agentrun_error **err)
{
	const agr_wanted *wanted = noted ? in->wanted : NULL;
	agr_scanner *s = in->scanner;
	int r;

	while ((r = agr_scanner_value(s, &row->span, wanted, in->slots)) == AGR_SCAN_CUT) {
		r = go_on(in, s->pos, err);
		if (r < 0)
			return r;
	}
	if (in->format == AGENTRUN_FORMAT_NDJSON) {
		if (r == AGR_SCAN_FAULT)
			judge_line(in, s->pos, s->fault_at);
		else if (memchr(row->span.p, '\n', row->span.n))
			r = judge_line(in, row->span.p, row->span.p + row->span.n);
	}
	if (r == AGR_SCAN_FAULT)
		return raise_fault(in, err);
	row->lasting = !in->read;
	row->slots = wanted ? in->slots : NULL;
	in->state = AGR_BEHIND_VALUE;
	return 1;
}

int agr_input_begin(agr_input *in, agentrun_error **err)
{
	const agr_text *t = &in->text;

	if (in->scanner)
		agr_scanner_move(in->scanner, t->p + bom_len(t), t->p + t->n, agr_block_is_whole(in));
	else if (begin_scan(in, err) < 0)
		return AGENTRUN_ENOMEM;
	in->scanner->open = 0;
	return 0;
}

size_t agr_input_line(const agr_input *in, const char *p)
{
	return in->lines + agr_count_lines(in->text.p, p);
}

static int end_of_array(agr_input *in, agentrun_error **err)
{
	const char *at;
	int r;

	agr_scanner_take(in->scanner, ']');
	in->state = AGR_AT_END;
	r = agr_input_token(in, &at, err);
	return r <= 0 ? r : agr_input_raise(in, at, err,
		"not valid JSON: unexpected text after the value");
}

static int next_element(agr_input *in, agr_row *row, agentrun_error **err)
{
	agr_scanner *s = in->scanner;
	const char *at;
	int r = agr_input_token(in, &at, err);

	if (r < 0)
		return r;
	if (r == 0)
		return agr_input_raise(in, s->end, err,
			in->state == AGR_BEHIND_VALUE ? "not valid JSON: an array is not closed"
			: "not valid JSON: the text ends where a value should be");
	if (*at == ']' && in->state != AGR_AT_VALUE)
		return end_of_array(in, err);
	if (in->state == AGR_BEHIND_VALUE) {
		if (!agr_scanner_take(s, ','))
			return agr_input_raise(in, at, err, "not valid JSON: expected ',' or ']'");
		in->state = AGR_AT_VALUE;
		r = agr_input_token(in, &at, err);
		if (r <= 0)
			return r < 0 ? r : agr_input_raise(in, s->end, err,
				"not valid JSON: the text ends where a value should be");
	}
	return agr_input_value(in, row, true, err);
}

static int next_line(agr_input *in, agr_row *row, agentrun_error **err)
{
	const char *behind = in->scanner->pos, *at, *end;
	bool apart = in->state == AGR_AT_FIRST;
	int r;

	/* The line must end before the next token, which may not be at hand yet. */
	for (;;) {
		at = agr_scanner_next(in->scanner);
		end = at ? at : in->scanner->end;
		apart = apart || memchr(behind, '\n', (size_t)(end - behind));
		if (at || agr_block_is_whole(in) || in->scanner->index.fault.what)
			break;
		r = go_on(in, end, err);
		if (r < 0)
			return r;
		behind = in->text.p;
	}
	r = agr_input_token(in, &at, err);
	if (r <= 0)
		return r;
	if (!apart)
		return agr_input_raise(in, at, err,
			"not valid NDJSON: a line holds one value, and this follows it");
	return agr_input_value(in, row, true, err);
}

int agr_input_rest_of_lines(agr_input *in, agr_row *row, agentrun_error **err)
{
	int r;

	in->format = AGENTRUN_FORMAT_NDJSON;
	in->wanted = NULL;
	while ((r = next_line(in, row, err)) == 1)
		;
	return r;
}

/* ---- rows, scanned ahead -------------------------------------------------------- */

/* Rows are worth threads of their own where there is so much more to be read. */
#define AHEAD_MIN ((size_t)1024 * 1024)
/* How many rows later to look again whether they are. */
#define AHEAD_ROWS 64

/* Where the row behind `row` begins; NULL: not at hand. */
static const char *row_behind(const agr_input *in, agr_span row)
{
	const char *behind = row.p + row.n, *end = in->text.p + in->text.n, *p = behind;

	while (p < end && agr_is_white(*p))
		p++;
	if (in->format == AGENTRUN_FORMAT_NDJSON)
		return p < end && memchr(behind, '\n', (size_t)(p - behind)) ? p : NULL;
	if (p == end || *p++ != ',')
		return NULL;
	while (p < end && agr_is_white(*p))
		p++;
	return p < end && *p == '{' && *row.p == '{' ? p : NULL;
}

/* What two rows that are objects both begin with, up to the first key's end. */
static size_t common_begin(const char *a, const char *b, size_t max)
{
	size_t n = 0;

	while (n < max && a[n] == b[n] && a[n] != ':')
		n++;
	return n < max && a[n] == ':' ? n : 2;
}

/* What stands around the row at `p`, behind `row`. False: nothing to go by. */
static bool mark_row(const agr_input *in, agr_span row, const char *p,
	agr_ahead_options *opts)
{
	const char *from = row.p + row.n - 1; /* a row's last byte */
	size_t n = (size_t)(in->text.p + in->text.n - p);

	opts->lines = in->format == AGENTRUN_FORMAT_NDJSON;
	if (opts->lines) {
		opts->mark = "\n";
		opts->mark_len = opts->mark_row = 1;
		return true;
	}
	if (row.n < n)
		n = row.n;
	opts->mark = from;
	opts->mark_row = (size_t)(p - from);
	if (opts->mark_row > AGR_AHEAD_MARK / 2 || n < AGR_AHEAD_MARK / 2)
		return false;
	opts->mark_len = opts->mark_row + common_begin(row.p, p, AGR_AHEAD_MARK / 2);
	return true;
}

/* Behind this row: is it time for other threads? */
static void look_ahead(agr_input *in, agr_span row)
{
	agr_ahead_options opts = { .threads = in->threads, .max_depth = in->text.max_depth,
		.wanted = in->wanted, .end = in->text.p + in->text.n, .user = in };

	in->rows_until = AHEAD_ROWS;
	if (in->read ? in->ended || in->total < AHEAD_MIN
		     : (size_t)(opts.end - row.p) < AHEAD_MIN)
		return;
	opts.read = in->read ? agr_block_read : NULL;
	opts.p = row_behind(in, row);
	if (!opts.p || !mark_row(in, row, opts.p, &opts))
		return;
	in->ahead = agr_ahead_new(&opts);
	if (in->ahead)
		agr_block_pass(in, (size_t)(opts.p - in->text.p));
	in->rows_until = 0; /* once */
}

/* Go on alone. */
static int end_ahead(agr_input *in, agentrun_error **err)
{
	agr_ahead_rest rest;
	int r = agr_ahead_end(in->ahead, &rest, err);

	in->late = rest.error;
	in->lines += rest.lines;
	in->column = rest.column + (rest.lines ? 0 : in->column);
	in->text.p = rest.p;
	in->text.n = rest.n;
	if (!r && in->read) {
		in->ended = rest.ended;
		agr_buf_reset(&in->block);
		agr_buf_add(&in->block, rest.p, rest.n);
		in->text.p = in->block.data ? in->block.data : "";
		r = agr_buf_check(&in->block, "the input", err);
	}
	agr_ahead_free(in->ahead);
	in->ahead = NULL;
	agr_scanner_move(in->scanner, in->text.p, in->text.p + in->text.n, agr_block_is_whole(in));
	if (!rest.begins_row)
		in->state = AGR_BEHIND_VALUE;
	else
		in->state = in->format == AGENTRUN_FORMAT_NDJSON ? AGR_AT_FIRST : AGR_AT_VALUE;
	return r;
}

/* 1, 0 where looking ahead is over, or an error. */
static int next_ahead(agr_input *in, agr_row *row, agentrun_error **err)
{
	agr_span *slots;

	if (!agr_ahead_next(in->ahead, &row->span, &slots))
		return end_ahead(in, err);
	row->lasting = !in->read;
	row->slots = in->wanted ? slots : NULL;
	return 1;
}

/* ---- all ----------------------------------------------------------------- */

static int open_document(agr_input *in, agentrun_error **err)
{
	agr_text text;
	int r = agr_block_all(in, err);

	if (r < 0)
		return r;
	text = in->text;
	return agr_scan_document(&in->document, &text, err);
}

static int open_text(agr_input *in, int format, agentrun_error **err)
{
	const agr_text *t = &in->text;
	/* Enough to judge by, or for a byte order mark. */
	size_t enough = format == AGENTRUN_FORMAT_AUTO ? AGR_BLOCK : 3, seen = 0;
	int r = 0;

	in->row.max = in->keys.max = SIZE_MAX;
	in->format = format;
	while (!r && in->read && !in->ended && t->n < 4)
		r = agr_block_more(in, 0, err);
	if (!r)
		r = agr_block_unpack(in, err);
	while (!r && !agr_block_is_whole(in)) {
		if (t->n >= enough)
			seen = skip_white(t, seen ? seen : bom_len(t));
		if (t->n >= enough && seen < t->n)
			break;
		r = agr_block_more(in, 0, err);
	}
	if (r < 0)
		return r;
	if (is_blank(t, bom_len(t)))
		return agr_input_raise(in, t->p + t->n, err,
			"the input is empty: JSON, NDJSON or CSV is wanted");
	if (format == AGENTRUN_FORMAT_AUTO)
		r = detect(in, err);
	else if (format < AGENTRUN_FORMAT_JSON || format > AGENTRUN_FORMAT_CSV)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"input is json, ndjson or csv, not format %d", format);
	if (r < 0)
		return r;
	in->is_table = in->format != AGENTRUN_FORMAT_JSON ||
		t->p[skip_white(t, bom_len(t))] == '[';
	if (!in->is_table)
		return in->read ? 0 : open_document(in, err);
	return in->format == AGENTRUN_FORMAT_CSV ? read_header(in, err)
						 : begin_scan(in, err);
}

int agr_input_open(agr_input *in, const agr_text *text, agr_input_limit limit, int format,
	agentrun_error **err)
{
	memset(in, 0, sizeof(*in));
	if (limit.bytes && text->n > limit.bytes)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"%s is %zu bytes long, the limit is %zu (%s)",
			text->name ? text->name : "input", text->n, limit.bytes, limit.setting);
	in->text = *text;
	in->limit = limit;
	return open_text(in, format, err);
}

int agr_input_open_reader(agr_input *in, const agr_text *text, agentrun_read_fn read,
	void *user, agr_input_limit limit, int format, bool one, agentrun_error **err)
{
	int r;

	memset(in, 0, sizeof(*in));
	in->text = *text;
	in->text.p = "";
	in->text.n = 0;
	in->block.max = SIZE_MAX;
	in->read = read;
	in->user = user;
	in->limit = limit;
	in->one = one;
	r = agr_block_more(in, 0, err);
	return r < 0 ? r : open_text(in, format, err);
}

int agr_input_open_value(agr_input *in, agr_span value, agentrun_error **err)
{
	agr_text text = { .p = value.p, .n = value.n, .max_depth = AGR_DEPTH_MAX };

	memset(in, 0, sizeof(*in));
	in->text = text;
	in->format = AGENTRUN_FORMAT_JSON;
	in->document = value;
	in->is_table = *value.p == '[';
	return in->is_table ? begin_scan(in, err) : 0;
}

void agr_input_close(agr_input *in)
{
	agr_ahead_free(in->ahead);
	agentrun_error_free(in->late);
	if (in->scanner)
		agr_scanner_end(in->scanner);
	free(in->scanner);
	agr_csv_free(&in->csv);
	agr_decompressor_free(in->unpack);
	agr_buf_free(&in->block);
	agr_buf_free(&in->keys);
	agr_buf_free(&in->row);
	free(in->key_ends);
	free(in->key_slots);
	memset(in, 0, sizeof(*in));
}

void agr_input_want(agr_input *in, const agr_wanted *wanted, agr_span *slots)
{
	in->wanted = wanted;
	in->slots = slots;
}

void agr_input_use_threads(agr_input *in, unsigned threads)
{
	in->threads = threads;
	in->rows_until = threads > 1 && in->scanner ? AHEAD_ROWS : 0;
}

int agr_input_next(agr_input *in, agr_row *row, agentrun_error **err)
{
	int r;

	*row = agr_row_of((agr_span){ NULL, 0 });
	if (in->state == AGR_AT_END)
		return 0;
	if (in->format == AGENTRUN_FORMAT_CSV)
		return next_record(in, row, err);
	if (in->ahead && (r = next_ahead(in, row, err)))
		return r;
	r = in->format == AGENTRUN_FORMAT_NDJSON ? next_line(in, row, err)
						 : next_element(in, row, err);
	if (r == 1 && in->rows_until && !--in->rows_until)
		look_ahead(in, row->span);
	return r;
}

static int rows_as_document(agr_input *in, agr_buf *made, agentrun_error **err)
{
	agr_row row;
	int r;

	agr_buf_char(made, '[');
	while ((r = agr_input_next(in, &row, err)) == 1) {
		if (made->len > 1)
			agr_buf_char(made, ',');
		agr_buf_add(made, row.span.p, row.span.n);
	}
	agr_buf_char(made, ']');
	return r;
}

int agr_input_document(agr_input *in, agr_buf *made, agr_span *out,
	agentrun_error **err)
{
	int r = 0;

	if (in->format != AGENTRUN_FORMAT_JSON) {
		r = rows_as_document(in, made, err);
		if (r < 0)
			return r;
		*out = (agr_span){ made->data, made->len };
		return agr_buf_check(made, "the input", err);
	}
	if (!in->document.p)
		r = open_document(in, err);
	*out = in->document;
	return r;
}
