/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/format.h"

#include <stdlib.h>
#include <string.h>

#include "table/csv.h"

/* Beyond this, rows are no table: cells would outgrow the data by far. */
#define MAX_COLUMNS 10000

static const char value_key[] = "\"value\"";

/* ---- columns ------------------------------------------------------------- */

static size_t column_of(agr_columns *c, agr_span key, bool add, bool *added)
{
	agr_buf text = AGR_BUF_INIT;
	const char *p = key.p + 1;
	size_t n = key.n - 2, at;

	*added = false;
	if (!agr_string_is_plain(key)) {
		agr_string_decode(&text, key);
		agr_buf_add(&text, "", 0);
		if (text.failed) {
			agr_buf_free(&text);
			return AGR_KEYSET_NONE;
		}
		p = text.data;
		n = text.len;
	}
	at = add ? agr_keyset_add(&c->names, p, n, added)
		 : agr_keyset_find(&c->names, p, n);
	agr_buf_free(&text);
	return at;
}

static int column_add(agr_columns *c, agr_span key, size_t *at, agentrun_error **err)
{
	bool added;
	void *grown;

	*at = column_of(c, key, true, &added);
	if (*at == AGR_KEYSET_NONE)
		return agr_error_oom(err);
	if (!added)
		return 0;
	if (c->names.n > MAX_COLUMNS)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the rows have more than %d columns: print them as json",
			MAX_COLUMNS);
	if (c->names.n > c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 16;

		grown = realloc(c->keys, cap * sizeof(*c->keys));
		if (!grown)
			return agr_error_oom(err);
		c->keys = grown;
		c->cap = cap;
	}
	c->keys[*at] = key;
	return 0;
}

static int collect_row(agr_columns *c, agr_span row, agentrun_error **err)
{
	agr_iter it;
	agr_span key, value;
	size_t at;
	int r = 0;

	if (*row.p != '{') {
		key = (agr_span){ value_key, sizeof(value_key) - 1 };
		return c->value == AGR_KEYSET_NONE ? column_add(c, key, &c->value, err)
						   : 0;
	}
	it = agr_iter_of(row);
	while (!r && agr_object_next(&it, &key, &value))
		r = column_add(c, key, &at, err);
	return r;
}

int agr_columns_collect(agr_columns *c, agr_span rows, agentrun_error **err)
{
	agr_iter it = agr_iter_of(rows);
	agr_span row;
	int r = 0;

	c->value = AGR_KEYSET_NONE;
	while (!r && agr_array_next(&it, &row))
		r = collect_row(c, row, err);
	if (r < 0)
		return r;
	c->cells = calloc(c->names.n ? c->names.n : 1, sizeof(*c->cells));
	return c->cells ? 0 : agr_error_oom(err);
}

int agr_columns_read(agr_columns *c, agr_span row, agentrun_error **err)
{
	agr_iter it;
	agr_span key, value;
	bool added;

	memset(c->cells, 0, c->names.n * sizeof(*c->cells));
	if (*row.p != '{') {
		c->cells[c->value] = row;
		return 0;
	}
	it = agr_iter_of(row);
	while (agr_object_next(&it, &key, &value)) {
		size_t at = column_of(c, key, false, &added);

		if (at == AGR_KEYSET_NONE)
			return agr_error_oom(err);
		c->cells[at] = value;
	}
	return 0;
}

void agr_columns_free(agr_columns *c)
{
	agr_keyset_free(&c->names);

	free(c->keys);
	free(c->cells);
	memset(c, 0, sizeof(*c));
}

/* ---- CSV ----------------------------------------------------------------- */

static void csv_cell(agr_buf *out, agr_buf *scratch, agr_span cell)
{
	agr_buf_reset(scratch);
	if (!cell.p || *cell.p == 'n')
		return;
	if (*cell.p == '"')
		agr_string_decode(scratch, cell);
	else
		agr_value_write(scratch, cell);
	if (scratch->failed)
		out->failed = scratch->failed;
	agr_csv_write(out, scratch->data, scratch->len);
}

static int format_csv(agr_buf *out, agr_span rows, agentrun_error **err)
{
	agr_columns c = { .value = 0 };
	agr_buf scratch = AGR_BUF_INIT;
	agr_iter it = agr_iter_of(rows);
	agr_span row;
	int r = agr_columns_collect(&c, rows, err);

	for (size_t i = 0; !r && i < c.names.n; i++) {
		if (i)
			agr_buf_char(out, ',');
		csv_cell(out, &scratch, c.keys[i]);
	}
	if (c.names.n)
		agr_buf_char(out, '\n');
	while (!r && c.names.n && agr_array_next(&it, &row)) {
		r = agr_columns_read(&c, row, err);
		for (size_t i = 0; !r && i < c.names.n; i++) {
			if (i)
				agr_buf_char(out, ',');
			csv_cell(out, &scratch, c.cells[i]);
		}
		agr_buf_char(out, '\n');
	}
	agr_buf_free(&scratch);
	agr_columns_free(&c);
	return r;
}

/* ---- all ----------------------------------------------------------------- */

static void format_lines(agr_buf *out, agr_span value)
{
	agr_iter it;
	agr_span row;

	if (*value.p != '[') {
		agr_value_write(out, value);
		agr_buf_char(out, '\n');
		return;
	}
	it = agr_iter_of(value);
	while (agr_array_next(&it, &row)) {
		agr_value_write(out, row);
		agr_buf_char(out, '\n');
	}
}

/* An object as rows: itself, or for a table a row {"key","value"} a member. */
static int format_object(agr_buf *out, agr_span object, int format,
	agentrun_error **err)
{
	agr_buf rows = AGR_BUF_INIT;
	agr_members m = { .n = 0 };
	int r;

	agr_buf_char(&rows, '[');
	if (format == AGENTRUN_FORMAT_CSV) {
		agr_buf_add(&rows, object.p, object.n);
	} else if (!agr_members_read(&m, object)) {
		rows.failed = AGENTRUN_ENOMEM;
	}
	for (size_t i = 0; i < m.n; i++) {
		agr_buf_str(&rows, i ? ",{\"key\":" : "{\"key\":");
		agr_buf_add(&rows, m.list[i].key.p, m.list[i].key.n);
		agr_buf_str(&rows, ",\"value\":");
		agr_buf_add(&rows, m.list[i].value.p, m.list[i].value.n);
		agr_buf_char(&rows, '}');
	}
	agr_buf_char(&rows, ']');
	r = agr_buf_check(&rows, "the output", err);
	if (!r)
		r = agr_format_value(out, (agr_span){ rows.data, rows.len }, format, err);
	agr_members_free(&m);
	agr_buf_free(&rows);
	return r;
}

static int format_scalar(agr_buf *out, agr_span value, int format)
{
	agr_buf text = AGR_BUF_INIT;

	if (*value.p == '"') {
		agr_string_decode(&text, value);
		if (text.failed)
			out->failed = text.failed;
		if (format == AGENTRUN_FORMAT_CSV)
			agr_csv_write(out, text.data, text.len);
		else
			agr_buf_printable(out, text.data, text.len);
		agr_buf_free(&text);
	} else {
		agr_value_write(out, value);
	}
	agr_buf_char(out, '\n');
	return 0;
}

int agr_format_value(agr_buf *out, agr_span value, int format, agentrun_error **err)
{
	int r = 0;

	if (format == AGENTRUN_FORMAT_JSON || format == AGENTRUN_FORMAT_AUTO)
		agr_value_write(out, value);
	else if (format == AGENTRUN_FORMAT_NDJSON)
		format_lines(out, value);
	else if (format != AGENTRUN_FORMAT_CSV && format != AGENTRUN_FORMAT_TABLE)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"output is json, ndjson, csv or table, not format %d", format);
	else if (*value.p == '{')
		r = format_object(out, value, format, err);
	else if (*value.p != '[')
		r = format_scalar(out, value, format);
	else if (format == AGENTRUN_FORMAT_CSV)
		r = format_csv(out, value, err);
	else
		r = agr_format_table(out, value, err);
	return r < 0 ? r : agr_buf_check(out, "the output", err);
}
