/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* table_select: some fields, in the order and under the names asked for. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

struct column {
	agr_buf name; /* what it comes out behind: `{"key":`, or with a comma */
	agr_field field;
};

struct select {
	struct column *columns;
	size_t n;
};

static const char wanted[] = "a list of fields, or an object {\"as\": \"field\"}";

static void select_plan_free(void *plan)
{
	struct select *s = plan;

	for (size_t i = 0; i < s->n; i++) {
		agr_buf_free(&s->columns[i].name);
		agr_field_clear(&s->columns[i].field);
	}
	free(s->columns);
	free(s);
}

static int add_column(struct select *s, agr_span name, agr_span field,
	agr_span whole, agentrun_error **err)
{
	struct column *column;

	if (*field.p != '"')
		return agr_args_wrong("fields", wanted, whole, err);
	column = &s->columns[s->n++];
	column->name.max = SIZE_MAX;
	agr_buf_char(&column->name, s->n > 1 ? ',' : '{');
	agr_buf_add(&column->name, name.p, name.n);
	agr_buf_char(&column->name, ':');
	if (column->name.failed || agr_field_read(&column->field, field) < 0)
		return agr_error_oom(err);
	return 0;
}

static int add_listed(struct select *s, agr_span list, agr_keyset *seen,
	agentrun_error **err)
{
	agr_iter it = agr_iter_of(list);
	agr_buf text = AGR_BUF_INIT;
	agr_span field;
	bool added;
	int r = 0;

	while (!r && agr_array_next(&it, &field)) {
		if (*field.p != '"') {
			r = agr_args_wrong("fields", wanted, list, err);
			break;
		}
		agr_buf_reset(&text);
		agr_string_decode(&text, field);
		if (text.failed || agr_keyset_add(seen, text.data, text.len, &added) ==
			    AGR_KEYSET_NONE)
			r = agr_error_oom(err);
		else if (added)
			r = add_column(s, field, field, list, err);
	}
	agr_buf_free(&text);
	return r;
}

static int add_named(struct select *s, agr_span object, agentrun_error **err)
{
	agr_members m = { .n = 0 };
	int r = 0;

	if (!agr_members_read(&m, object))
		r = agr_error_oom(err);
	for (size_t i = 0; !r && i < m.n; i++)
		r = add_column(s, m.list[i].key, m.list[i].value, object, err);
	agr_members_free(&m);
	return r;
}

static int select_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct select *s = calloc(1, sizeof(*s));
	agr_keyset seen = { .n = 0 };
	agr_span fields = { NULL, 0 };
	size_t n;
	int r;

	*plan = s;
	if (!s)
		return agr_error_oom(err);
	if (!agr_args_get(args, "fields", &fields) ||
		(*fields.p != '[' && *fields.p != '{'))
		return agr_args_wrong("fields", wanted, fields, err);
	n = agr_span_count(fields);
	if (!n)
		return agr_args_wrong("fields", wanted, fields, err);
	s->columns = calloc(n, sizeof(*s->columns));
	if (!s->columns)
		return agr_error_oom(err);
	r = *fields.p == '{' ? add_named(s, fields, err)
			     : add_listed(s, fields, &seen, err);
	agr_keyset_free(&seen);
	return r;
}

static bool select_want(void *plan, agr_wanted *keys)
{
	struct select *s = plan;

	for (size_t i = 0; i < s->n; i++)
		if (!agr_field_want(&s->columns[i].field, keys))
			return false;
	return true;
}

void agr_select_make(const void *plan, const agr_row *row, agr_buf *out)
{
	const struct select *s = plan;
	agr_span value;

	agr_buf_reset(out);
	for (size_t i = 0; i < s->n; i++) {
		const struct column *column = &s->columns[i];

		agr_buf_add(out, column->name.data, column->name.len);
		if (!agr_field_find(&column->field, row, &value))
			agr_buf_str(out, "null");
		else if (*value.p == '{' || *value.p == '[')
			agr_value_write(out, value);
		else
			agr_buf_add(out, value.p, value.n);
	}
	agr_buf_char(out, '}');
}

static int select_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	agr_select_make(op->plan, row, &op->row);
	return agr_op_emit_made(op, true, err);
}

const agr_step_type agr_step_table_select = {
	.name = "table_select",
	.summary = "only these fields, in this order; a missing one is null",
	.holds = "nothing",
	.schema = AGR_SCHEMA("table_select", AGR_NEEDED("fields"), AGR_PARAM("fields",
		"{\"type\":[\"array\",\"object\"],\"minItems\":1,\"items\":" AGR_FIELD
		",\"minProperties\":1,\"additionalProperties\":" AGR_FIELD ","
		AGR_ABOUT("a list of fields, or {as: field}") "}")),
	.compile = select_compile,
	.plan_free = select_plan_free,
	.want = select_want,
	.makes_rows = true,
	.push = select_push,
};
