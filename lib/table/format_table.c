/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A table for a terminal: columns as wide as their widest cell, within reason. */
#include "table/format.h"

#include <stdlib.h>
#include <string.h>

#define MAX_WIDTH 40
#define GAP "  "

/* One cell's text, cut to MAX_WIDTH code points; returns how many it has. */
static size_t cell_text(agr_buf *text, agr_buf *scratch, agr_span cell)
{
	size_t width = 0, cut = 0, i = 0;

	agr_buf_reset(text);
	agr_buf_reset(scratch);
	if (!cell.p || *cell.p == 'n')
		return 0;
	if (*cell.p == '"')
		agr_string_decode(scratch, cell);
	else
		agr_value_write(scratch, cell);
	agr_buf_printable(text, scratch->data, scratch->len);
	if (scratch->failed)
		text->failed = scratch->failed;
	if (text->failed)
		return 0;
	for (; i < text->len; width++) {
		if (width == MAX_WIDTH - 1)
			cut = i;
		i += agr_utf8_len(text->data + i, text->len - i);
	}
	if (width <= MAX_WIDTH)
		return width;
	text->len = cut;
	agr_buf_str(text, "\xe2\x80\xa6");
	return MAX_WIDTH;
}

static void pad(agr_buf *out, size_t n)
{
	while (n-- > 0)
		agr_buf_char(out, ' ');
}

struct table {
	agr_columns columns;
	size_t *widths;
	bool *numeric; /* every cell of the column is a number */
	agr_buf text, scratch;
};

static void print_cell(agr_buf *out, struct table *t, size_t i, agr_span cell,
	bool right)
{
	size_t width = cell_text(&t->text, &t->scratch, cell);
	bool last = i + 1 == t->columns.names.n;

	if (i)
		agr_buf_str(out, GAP);
	if (right)
		pad(out, t->widths[i] - width);
	agr_buf_add(out, t->text.data, t->text.len);
	if (!right && !last)
		pad(out, t->widths[i] - width);
	if (t->text.failed)
		out->failed = t->text.failed;
}

static int measure(struct table *t, agr_span rows, agentrun_error **err)
{
	agr_iter it = agr_iter_of(rows);
	agr_span row;
	size_t n = t->columns.names.n, width;

	t->widths = calloc(n, sizeof(*t->widths));
	t->numeric = malloc(n * sizeof(*t->numeric));
	if (!t->widths || !t->numeric)
		return agr_error_oom(err);
	for (size_t i = 0; i < n; i++) {
		t->widths[i] = cell_text(&t->text, &t->scratch, t->columns.keys[i]);
		t->numeric[i] = true;
	}
	while (agr_array_next(&it, &row)) {
		if (agr_columns_read(&t->columns, row, err) < 0)
			return AGENTRUN_ENOMEM;
		for (size_t i = 0; i < n; i++) {
			agr_span cell = t->columns.cells[i];

			width = cell_text(&t->text, &t->scratch, cell);
			if (width > t->widths[i])
				t->widths[i] = width;
			if (cell.p && *cell.p != 'n' &&
				agr_span_type(cell) != AGR_TYPE_NUMBER)
				t->numeric[i] = false;
		}
	}
	return agr_buf_check(&t->text, "the table", err);
}

static int print_rows(agr_buf *out, struct table *t, agr_span rows,
	agentrun_error **err)
{
	agr_iter it = agr_iter_of(rows);
	agr_span row;
	size_t n = t->columns.names.n;

	for (size_t i = 0; i < n; i++)
		print_cell(out, t, i, t->columns.keys[i], t->numeric[i]);
	agr_buf_char(out, '\n');
	while (agr_array_next(&it, &row)) {
		if (agr_columns_read(&t->columns, row, err) < 0)
			return AGENTRUN_ENOMEM;
		for (size_t i = 0; i < n; i++) {
			agr_span cell = t->columns.cells[i];

			print_cell(out, t, i, cell,
				cell.p && agr_span_type(cell) == AGR_TYPE_NUMBER);
		}
		agr_buf_char(out, '\n');
	}
	return 0;
}

int agr_format_table(agr_buf *out, agr_span rows, agentrun_error **err)
{
	struct table t = { .text = AGR_BUF_INIT, .scratch = AGR_BUF_INIT };
	int r = agr_columns_collect(&t.columns, rows, err);

	if (!r && t.columns.names.n)
		r = measure(&t, rows, err);
	if (!r && t.columns.names.n)
		r = print_rows(out, &t, rows, err);
	agr_columns_free(&t.columns);
	free(t.widths);
	free(t.numeric);
	agr_buf_free(&t.text);
	agr_buf_free(&t.scratch);
	return r;
}
