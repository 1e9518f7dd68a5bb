/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* rename: other names for fields, in their place. */
#include <stdlib.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

struct rename {
	agr_field *fields;
	agr_span *names;
	size_t n;
};

static const char wanted[] = "an object {\"old name\": \"new name\"}";

static void rename_plan_free(void *plan)
{
	struct rename *p = plan;

	for (size_t i = 0; i < p->n; i++)
		agr_field_clear(&p->fields[i]);
	free(p->fields);
	free(p->names);
	free(p);
}

static int add_pairs(struct rename *p, agr_span object, agentrun_error **err)
{
	agr_iter it = agr_iter_of(object);
	agr_span from, to;

	while (agr_object_next(&it, &from, &to)) {
		if (*to.p != '"')
			return agr_args_wrong("fields", wanted, object, err);
		p->names[p->n] = to;
		if (agr_field_read(&p->fields[p->n++], from) < 0)
			return agr_error_oom(err);
	}
	return 0;
}

static int rename_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct rename *p = calloc(1, sizeof(*p));
	agr_span object = { NULL, 0 };
	size_t n;

	*plan = p;
	if (!p)
		return agr_error_oom(err);
	if (!agr_args_get(args, "fields", &object) || *object.p != '{')
		return agr_args_wrong("fields", wanted, object, err);
	n = agr_span_count(object);
	if (!n)
		return agr_args_wrong("fields", wanted, object, err);
	p->fields = calloc(n, sizeof(*p->fields));
	p->names = calloc(n, sizeof(*p->names));
	if (!p->fields || !p->names)
		return agr_error_oom(err);
	return add_pairs(p, object, err);
}

static int rename_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	const struct rename *p = op->plan;
	agr_edit **edits = op->state;

	(void)supplied;
	*edits = calloc(p->n, sizeof(**edits));
	return *edits ? 0 : agr_error_oom(err);
}

static int rename_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct rename *p = op->plan;
	agr_edit *edits = *(agr_edit **)op->state;
	agr_span plain, value;
	agr_row plain_row;
	size_t n = 0;

	/* Without duplicates first: every one of a field's would have to change. */
	agr_buf_reset(&op->key);
	agr_value_write(&op->key, row->span);
	if (op->key.failed)
		return agr_error_oom(err);
	plain = (agr_span){ op->key.data, op->key.len };
	plain_row = agr_row_of(plain);
	for (size_t i = 0; i < p->n; i++) {
		if (!agr_field_find(&p->fields[i], &plain_row, &value))
			continue;
		edits[n].at = value.p;
		edits[n++].key = p->names[i];
	}
	if (!n)
		return agr_op_emit(op, row, err);
	agr_buf_reset(&op->row);
	agr_value_write_edited(&op->row, plain, edits, n);
	return agr_op_emit_made(op, false, err);
}

static void rename_close(agr_op *op)
{
	free(*(agr_edit **)op->state);
}

const agr_step_type agr_step_rename = {
	.name = "rename",
	.summary = "other names for fields",
	.holds = "nothing",
	.schema = AGR_SCHEMA("rename", AGR_NEEDED("fields"), AGR_PARAM("fields",
		"{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":"
		"{\"type\":\"string\"}," AGR_ABOUT("{old name: new name}") "}")),
	.compile = rename_compile,
	.plan_free = rename_plan_free,
	.state_size = sizeof(agr_edit *),
	.open = rename_open,
	.makes_rows = true,
	.push = rename_push,
	.close = rename_close,
};
