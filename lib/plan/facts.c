/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/facts.h"

#include <string.h>

#include "plan/words.h"

#define ROWS_MAX 1000
#define FIELDS_MAX 512
#define VALUES_MAX 400
#define VALUE_BYTES 120
#define DEPTH_MAX 4

struct gatherer {
	plan_facts *facts;
	plan_pool *pool;
	size_t hint; /* rows name their fields in the same order */
};

size_t agr_plan_iso_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";

	for (size_t i = 0; i < 10; i++)
		if (form[i] == 'd' ? !agr_is_digit(text[i]) : text[i] != form[i])
			return 0;
	if (!text[10])
		return 10;
	if ((text[10] != 'T' && text[10] != ' ') || !agr_is_digit(text[11]) ||
		!agr_is_digit(text[12]) || text[13] != ':' || !agr_is_digit(text[14]))
		return 0;
	for (size_t i = 15; text[i]; i++)
		if (!agr_is_digit(text[i]) && !strchr(":.+-Z", text[i]))
			return 0;
	return strlen(text);
}

static plan_field *new_field(struct gatherer *g, const char *path, bool nested)
{
	plan_facts *facts = g->facts;
	plan_field *field;
	const char *dot;

	if (facts->n == facts->cap) {
		size_t cap = facts->cap ? facts->cap * 2 : 16;
		plan_field *more = agr_plan_alloc(g->pool, cap * sizeof(*more));

		if (!more)
			return NULL;
		if (facts->n)
			memcpy(more, facts->fields, facts->n * sizeof(*more));
		facts->fields = more;
		facts->cap = cap;
	}
	field = &facts->fields[facts->n++];
	dot = nested ? strrchr(path, '.') : NULL;
	*field = (plan_field){ .path = path,
		.nested = nested,
		.integers = true,
		.dates = true,
		.parts = agr_plan_parts(g->pool, path),
		.last = agr_plan_parts(g->pool, dot ? dot + 1 : path) };
	return field;
}

static plan_field *find_field(struct gatherer *g, const char *path, bool nested)
{
	plan_facts *facts = g->facts;

	for (size_t i = 0; i < facts->n; i++) {
		size_t at = (g->hint + i) % facts->n;

		if (facts->fields[at].nested == nested &&
			strcmp(facts->fields[at].path, path) == 0) {
			g->hint = at + 1;
			return &facts->fields[at];
		}
	}
	if (facts->n == FIELDS_MAX)
		return NULL;
	return new_field(g, agr_plan_text(g->pool, path, strlen(path)), nested);
}

static void keep_value(
	struct gatherer *g, plan_field *field, const char *text, size_t len, bool is_string)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	for (size_t i = 0; i < field->n_values; i++)
		if (field->values[i].hash == hash && field->values[i].is_string == is_string &&
			strcmp(field->values[i].text, text) == 0) {
			field->repeats = true;
			return;
		}
	if (field->n_values == VALUES_MAX || len > VALUE_BYTES || memchr(text, 0, len))
		return;
	if (field->n_values == field->cap_values) {
		size_t cap = field->cap_values ? field->cap_values * 2 : 8;
		plan_value *more = agr_plan_alloc(g->pool, cap * sizeof(*more));

		if (!more)
			return;
		if (field->n_values)
			memcpy(more, field->values, field->n_values * sizeof(*more));
		field->values = more;
		field->cap_values = cap;
	}
	field->values[field->n_values++] =
		(plan_value){ agr_plan_text(g->pool, text, len), hash, is_string };
}

static void see_text(struct gatherer *g, plan_field *field, const char *text, size_t len)
{
	size_t date = agr_plan_iso_date(text);

	field->dates = field->dates && date;
	field->stamps = field->stamps || date > 10;
	keep_value(g, field, text, len, true);
}

static void see_number(struct gatherer *g, plan_field *field, agr_span value)
{
	double number = agr_number_double(value);
	int64_t whole;

	field->integers = field->integers && agr_number_int64(value, &whole);
	if (!(field->types & PLAN_NUM) || number < field->least)
		field->least = number;
	if (!(field->types & PLAN_NUM) || number > field->most)
		field->most = number;
	keep_value(g, field, agr_plan_text(g->pool, value.p, value.n), value.n, false);
}

static void see_object(
	struct gatherer *g, agr_span object, const char *prefix, int depth);

static void see_value(struct gatherer *g, plan_field *field, agr_span value, int depth)
{
	agr_type type = agr_span_type(value);
	agr_buf text = AGR_BUF_INIT;

	field->seen++;
	if (type == AGR_TYPE_NULL) {
		field->nulls = true;
		return;
	}
	if (type == AGR_TYPE_STRING) {
		agr_string_decode(&text, value);
		agr_buf_add(&text, "", 0);
		if (text.failed)
			g->pool->failed = true;
		else
			see_text(g, field, text.data, text.len);
		agr_buf_free(&text);
	} else if (type == AGR_TYPE_NUMBER) {
		see_number(g, field, value);
	} else if (type == AGR_TYPE_OBJECT && depth < DEPTH_MAX) {
		const char *path = field->path;

		field->types |= PLAN_TYPE(type); /* `field` may move below */
		see_object(g, value, path, depth + 1);
		return;
	}
	field->types |= PLAN_TYPE(type);
}

static void see_object(struct gatherer *g, agr_span object, const char *prefix, int depth)
{
	agr_iter it = agr_iter_of(object);
	agr_span key, value;

	while (agr_object_next(&it, &key, &value)) {
		agr_buf name = AGR_BUF_INIT;
		plan_field *field = NULL;
		bool fits;

		if (*prefix) {
			agr_buf_str(&name, prefix);
			agr_buf_char(&name, '.');
		}
		fits = name.len < 400;
		agr_string_decode(&name, key);
		agr_buf_add(&name, "", 0);
		if (name.failed)
			g->pool->failed = true;
		else if (fits && name.len < 400 && strlen(name.data) == name.len &&
			!(*prefix && strpbrk(name.data + strlen(prefix) + 1, ".[")))
			field = find_field(g, name.data, *prefix != '\0');
		agr_buf_free(&name);
		if (field)
			see_value(g, field, value, depth);
	}
}

static bool see_row(struct gatherer *g, agr_span row)
{
	if (g->facts->rows >= ROWS_MAX)
		return false;
	g->facts->rows++;
	if (agr_span_type(row) == AGR_TYPE_OBJECT)
		see_object(g, row, "", 0);
	return true;
}

static void see_array(struct gatherer *g, agr_span array)
{
	agr_iter it = agr_iter_of(array);
	agr_span row;

	while (agr_array_next(&it, &row) && see_row(g, row))
		;
}

/* Count the arrays of objects in an object, and remember the one found. */
static size_t find_rows(
	struct gatherer *g, agr_span object, const char *prefix, int depth, agr_span *found)
{
	agr_iter it = agr_iter_of(object), inner;
	agr_span key, value, first;
	size_t n = 0;

	while (agr_object_next(&it, &key, &value)) {
		const char *path;
		agr_type type = agr_span_type(value);

		if (!agr_string_is_plain(key) ||
			(type != AGR_TYPE_ARRAY && type != AGR_TYPE_OBJECT))
			continue;
		path = agr_plan_printf(g->pool, "%s%s%.*s", prefix, *prefix ? "." : "",
			(int)(key.n > 200 ? 200 : key.n - 2), key.p + 1);
		if (type == AGR_TYPE_OBJECT && depth < DEPTH_MAX) {
			n += find_rows(g, value, path, depth + 1, found);
			continue;
		}
		inner = agr_iter_of(value);
		if (type == AGR_TYPE_ARRAY && agr_array_next(&inner, &first) &&
			agr_span_type(first) == AGR_TYPE_OBJECT) {
			g->facts->extract = path;
			*found = value;
			n++;
		}
	}
	return n;
}

static void see_envelope(struct gatherer *g, agr_span object)
{
	agr_span rows = { NULL, 0 };
	size_t n = find_rows(g, object, "", 0, &rows);

	if (n == 1 && !strpbrk(g->facts->extract, "[]\"")) {
		see_array(g, rows);
		return;
	}
	g->facts->extract = NULL;
	g->facts->trouble = n ? "The input is an object that holds several lists of rows."
						  : "The input is one object, not rows.";
}

static int read_json(struct gatherer *g, const agr_text *text, agentrun_error **err)
{
	agr_span value, next;
	size_t pos = 0;
	int r = agr_scan_next(&value, text, &pos, err);

	if (r <= 0)
		return r;
	r = agr_scan_next(&next, text, &pos, err);
	if (r < 0)
		return r;
	if (r == 0) { /* one document */
		if (agr_span_type(value) == AGR_TYPE_ARRAY)
			see_array(g, value);
		else if (agr_span_type(value) == AGR_TYPE_OBJECT)
			see_envelope(g, value);
		else
			g->facts->trouble = "The input is one value, not rows.";
		return 0;
	}
	see_row(g, value);
	for (bool more = true; more && r > 0;) {
		more = see_row(g, next);
		if (more)
			r = agr_scan_next(&next, text, &pos, err);
	}
	return r < 0 ? r : 0;
}

/* One CSV cell from `*pos`; the character behind it says what follows. */
static void read_cell(agr_buf *cell, const char *p, size_t n, size_t *pos, bool *quoted)
{
	size_t i = *pos;

	agr_buf_reset(cell);
	*quoted = i < n && p[i] == '"';
	if (*quoted) {
		for (i++; i < n && (p[i] != '"' || (i + 1 < n && p[i + 1] == '"')); i++) {
			i += p[i] == '"';
			agr_buf_char(cell, p[i]);
		}
		i += i < n;
	}
	while (i < n && p[i] != ',' && p[i] != '\n' && p[i] != '\r')
		agr_buf_char(cell, p[i++]);
	agr_buf_add(cell, "", 0);
	*pos = i;
}

/* The cell as the pipeline reads it: a number, true or false where it is one. */
static void see_cell(struct gatherer *g, size_t column, agr_buf *cell, bool quoted)
{
	agr_text text = { .p = cell->data, .n = cell->len };
	plan_field *field = &g->facts->fields[column];
	agr_span value;

	field->seen++;
	if (cell->len == 0 && !quoted) {
		field->nulls = true;
		return;
	}
	if (!quoted && agr_scan_document(&value, &text, NULL) == 0 && value.n == cell->len &&
		agr_span_type(value) <= AGR_TYPE_NUMBER) {
		if (agr_span_type(value) == AGR_TYPE_NUMBER)
			see_number(g, field, value);
		field->nulls = field->nulls || agr_span_type(value) == AGR_TYPE_NULL;
		if (agr_span_type(value) != AGR_TYPE_NULL)
			field->types |= PLAN_TYPE(agr_span_type(value));
		return;
	}
	see_text(g, field, cell->data, cell->len);
	field->types |= PLAN_STR;
}

static void end_line(const char *p, size_t n, size_t *pos)
{
	if (*pos < n && p[*pos] == '\r')
		++*pos;
	if (*pos < n && p[*pos] == '\n')
		++*pos;
}

static void read_csv(struct gatherer *g, const char *p, size_t n)
{
	agr_buf cell = AGR_BUF_INIT;
	size_t pos = 0, columns = 0;
	bool quoted;

	for (bool more = true; more && !cell.failed && columns < FIELDS_MAX; columns++) {
		read_cell(&cell, p, n, &pos, &quoted);
		if (cell.failed ||
			!new_field(g, agr_plan_text(g->pool, cell.data, cell.len), false))
			break;
		more = pos < n && p[pos] == ',';
		pos += more;
	}
	end_line(p, n, &pos);
	while (pos < n && !cell.failed && !g->pool->failed && g->facts->rows < ROWS_MAX) {
		size_t before = pos;

		g->facts->rows++;
		for (size_t i = 0;; i++) {
			read_cell(&cell, p, n, &pos, &quoted);
			if (!cell.failed && i < g->facts->n)
				see_cell(g, i, &cell, quoted);
			if (pos >= n || p[pos] != ',')
				break;
			pos++;
		}
		end_line(p, n, &pos);
		if (pos == before)
			break;
	}
	if (cell.failed)
		g->pool->failed = true;
	agr_buf_free(&cell);
}

static void finish(plan_facts *facts)
{
	for (size_t i = 0; i < facts->n; i++) {
		plan_field *field = &facts->fields[i];

		field->nulls = field->nulls || field->seen < facts->rows;
		field->dates =
			field->dates && (field->types & PLAN_STR) && !(field->types & ~PLAN_STR);
		field->stamps = field->stamps && field->dates;
	}
	facts->known = facts->n > 0 && !facts->trouble;
	facts->empty = !facts->known && !facts->trouble && !facts->rows;
	if (!facts->known && !facts->trouble)
		facts->trouble =
			facts->rows ? "The input's rows have no fields." : "The input has no rows.";
}

static bool is_json(const char *p, size_t n)
{
	agr_text text = { .p = p, .n = n };
	agr_span value;
	size_t pos = 0;

	if (*p == '[' || *p == '{')
		return true;
	if (agr_scan_next(&value, &text, &pos, NULL) != 1)
		return false;
	return agr_scan_next(&value, &text, &pos, NULL) >= 0; /* what follows it */
}

int agr_plan_facts(
	plan_facts *out, plan_pool *pool, const char *input, size_t len, agentrun_error **err)
{
	struct gatherer g = { out, pool, 0 };
	size_t bom;
	int r = 0;

	memset(out, 0, sizeof(*out));
	if (!input)
		return 0;
	out->given = true;
	bom = agr_bom_len(input, len);
	input += bom;
	len -= bom;
	while (len && agr_is_space(*input)) {
		input++;
		len--;
	}
	if (!len)
		return agentrun_error_raise(
			err, AGENTRUN_EINPUT, "the input is empty: give rows as JSON, NDJSON or CSV");
	if (is_json(input, len)) {
		agr_text text = { .p = input, .n = len };

		r = read_json(&g, &text, err);
	} else if (agr_utf8_invalid(input, len) < len) {
		r = agentrun_error_raise(
			err, AGENTRUN_EINPUT, "the input is neither JSON nor CSV in UTF-8");
	} else {
		read_csv(&g, input, len);
	}
	if (r < 0)
		return r;
	finish(out);
	return pool->failed ? agr_error_oom(err) : 0;
}

const char *agr_plan_field_value(
	const plan_field *field, const char *text, bool *ambiguous)
{
	const char *found = NULL;

	*ambiguous = false;
	for (size_t i = 0; i < field->n_values; i++) {
		const plan_value *value = &field->values[i];

		if (!value->is_string || !agr_str_equal_nocase(value->text, text))
			continue;
		if (strcmp(value->text, text) == 0) {
			*ambiguous = false;
			return value->text;
		}
		*ambiguous = found != NULL;
		found = value->text;
	}
	return found;
}
