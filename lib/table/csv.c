/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/csv.h"

#include <stdlib.h>
#include <string.h>

static int fault(agr_csv *csv, size_t at, const char *what)
{
	csv->fault = what;
	csv->fault_at = at;
	return AGR_CSV_FAULT;
}

static bool at_line_end(const agr_csv *csv)
{
	const char *p = csv->text->p + csv->pos;
	size_t left = csv->text->n - csv->pos;

	return !left || *p == '\n' || (*p == '\r' && left > 1 && p[1] == '\n') ||
		(*p == '\r' && left == 1);
}

static void skip_line_end(agr_csv *csv)
{
	if (csv->pos < csv->text->n && csv->text->p[csv->pos] == '\r')
		csv->pos++;
	if (csv->pos < csv->text->n && csv->text->p[csv->pos] == '\n') {
		csv->pos++;
		csv->lines++;
	}
}

/* Text as it stands, up to what may mean something else: a quote, a comma, a line
 * end, or a byte that is to be looked at. */
static void take_plain(agr_csv *csv, bool quoted)
{
	const char *from = csv->text->p + csv->pos, *end = csv->text->p + csv->text->n;
	const char *p = from;

	while (p < end && (unsigned char)(*p - ' ') < 0x60 && *p != '"' &&
		(quoted || *p != ','))
		p++;
	agr_buf_add(&csv->bytes, from, (size_t)(p - from));
	csv->pos += (size_t)(p - from);
}

/* Take one character, which must be valid UTF-8 and no NUL. */
static int take(agr_csv *csv)
{
	const char *p = csv->text->p + csv->pos;
	size_t n = agr_utf8_len(p, csv->text->n - csv->pos);

	if (!n)
		return fault(csv, csv->pos, "invalid UTF-8");
	if (!*p)
		return fault(csv, csv->pos, "a NUL byte");
	csv->lines += *p == '\n';
	agr_buf_add(&csv->bytes, p, n);
	csv->pos += n;
	return 0;
}

static int read_quoted(agr_csv *csv)
{
	size_t open = csv->pos++;
	int r = 0;

	while (!r) {
		take_plain(csv, true);
		if (csv->pos >= csv->text->n)
			return fault(csv, open, "a quoted field is not closed");
		if (csv->text->p[csv->pos] == '"') {
			csv->pos++;
			if (csv->pos >= csv->text->n || csv->text->p[csv->pos] != '"')
				break;
		}
		r = take(csv);
	}
	if (!r && !at_line_end(csv) && csv->text->p[csv->pos] != ',')
		return fault(csv, csv->pos, "text after a quoted field");
	return r;
}

static int read_field(agr_csv *csv)
{
	agr_csv_field field = { .from = csv->bytes.len };
	int r = 0;

	if (csv->n == csv->cap) {
		size_t cap = csv->cap ? csv->cap * 2 : 16;
		agr_csv_field *list = realloc(csv->list, cap * sizeof(*list));

		if (!list)
			return AGENTRUN_ENOMEM;
		csv->list = list;
		csv->cap = cap;
	}
	if (csv->pos < csv->text->n && csv->text->p[csv->pos] == '"') {
		field.quoted = true;
		r = read_quoted(csv);
	} else {
		take_plain(csv, false);
		while (!r && !at_line_end(csv) && csv->text->p[csv->pos] != ',') {
			r = take(csv);
			take_plain(csv, false);
		}
	}
	field.to = csv->bytes.len;
	csv->list[csv->n++] = field;
	return csv->bytes.failed ? AGENTRUN_ENOMEM : r;
}

static int read_record(agr_csv *csv)
{
	int r;

	csv->n = 0;
	agr_buf_reset(&csv->bytes);
	csv->bytes.max = SIZE_MAX;
	while (csv->pos < csv->text->n && at_line_end(csv))
		skip_line_end(csv);
	csv->line = csv->lines + 1;
	if (csv->pos >= csv->text->n)
		return AGR_CSV_END;
	for (;;) {
		r = read_field(csv);
		if (r < 0)
			return r;
		if (at_line_end(csv))
			break;
		csv->pos++; /* the comma */
	}
	skip_line_end(csv);
	return AGR_CSV_RECORD;
}

/* Could what follows the text make something else of this record? */
static bool is_open(const agr_csv *csv, int r)
{
	const agr_text *t = csv->text;

	if (r == AGR_CSV_FAULT) /* the quote never closed, or a cut character */
		return csv->pos >= t->n || t->n - csv->pos < 4;
	return r == AGR_CSV_END || (csv->pos == t->n && t->p[t->n - 1] != '\n');
}

int agr_csv_next(agr_csv *csv)
{
	size_t pos = csv->pos, lines = csv->lines;
	int r = read_record(csv);

	if (r == AGENTRUN_ENOMEM || !csv->part || !is_open(csv, r))
		return r;
	csv->pos = pos;
	csv->lines = lines;
	return AGR_CSV_CUT;
}

void agr_csv_free(agr_csv *csv)
{
	agr_buf_free(&csv->bytes);
	free(csv->list);
	memset(csv, 0, sizeof(*csv));
}

static bool is_number(const char *p, size_t n)
{
	agr_text text = { .p = p, .n = n };
	agr_span value;
	size_t pos = 0, digits = 0;

	if (!n || (*p != '-' && !agr_is_digit(*p)))
		return false;
	while (digits < n && agr_is_digit(p[digits]))
		digits++;
	if (digits == n && (*p != '0' || n == 1))
		return true;
	for (size_t i = digits; i < n; i++) /* as most text shows that begins so */
		if (!agr_is_digit(p[i]) && !strchr("+-.eE", p[i]))
			return false;
	return agr_scan_next(&value, &text, &pos, NULL) == 1 && pos == n;
}

void agr_csv_value(agr_buf *out, const agr_csv *csv, size_t i)
{
	const agr_csv_field *field = &csv->list[i];
	size_t n = field->to - field->from;
	const char *p = n ? csv->bytes.data + field->from : "";

	if (!n)
		agr_buf_str(out, field->quoted ? "\"\"" : "null");
	else if ((n == 4 && memcmp(p, "true", 4) == 0) ||
		(n == 5 && memcmp(p, "false", 5) == 0) || is_number(p, n))
		agr_buf_add(out, p, n);
	else
		agr_buf_json_str(out, p, n);
}

void agr_csv_write(agr_buf *out, const char *text, size_t len)
{
	bool quotes = !len || *text == ' ' || text[len - 1] == ' ';

	for (size_t i = 0; i < len && !quotes; i++)
		quotes = text[i] == ',' || text[i] == '"' || text[i] == '\n' ||
			text[i] == '\r';
	if (!quotes) {
		agr_buf_add(out, text, len);
		return;
	}
	agr_buf_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			agr_buf_char(out, '"');
		agr_buf_char(out, text[i]);
	}
	agr_buf_char(out, '"');
}
