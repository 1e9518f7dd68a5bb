/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* table_filter: the rows that meet a condition. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "regex/regex.h"
#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

enum {
	OP_LT,
	OP_GT,
	OP_LE,
	OP_GE,
	OP_EQ,
	OP_NE,
	OP_IN,
	OP_NOT_IN,
	OP_CONTAINS,
	OP_STARTS_WITH,
	OP_ENDS_WITH,
	OP_MATCHES,
	OP_EXISTS,
	OP_AND, /* from here on not written as `op` */
	OP_OR,
	OP_NOT
};

static const char *const op_names[] = { "<", ">", "<=", ">=", "==", "!=", "in", "not_in",
	"contains", "starts_with", "ends_with", "matches", "exists", NULL };

struct condition {
	int op;
	agr_field field;
	agr_span value;
	bool is_simple;           /* the value is a number, and `number` says it all */
	double number;
	agr_buf text;             /* the value, decoded, when it is a string */
	agr_regex *regex;
	bool wanted;              /* exists: true, or false */
	struct condition *inner;  /* of and, or, not */
	size_t n;
};

/* ---- reading it -------------------------------------------------------------- */

static void condition_clear(struct condition *c)
{
	for (size_t i = 0; i < c->n; i++)
		condition_clear(&c->inner[i]);
	free(c->inner);
	agr_field_clear(&c->field);
	agr_buf_free(&c->text);
	agr_regex_free(c->regex);
}

static int read_condition(struct condition *c, agr_span object,
	agentrun_error **err);

static int read_inner(struct condition *c, const char *name, agr_span list,
	agentrun_error **err)
{
	size_t n = c->op == OP_NOT ? 1 : 0;
	agr_span element;
	agr_iter it;
	int r = 0;

	if (c->op != OP_NOT) {
		n = *list.p == '[' ? agr_span_count(list) : 0;
		if (!n)
			return agr_args_wrong(name, "a list of one condition at least",
				list,
				err);
	}
	c->inner = calloc(n, sizeof(*c->inner));
	if (!c->inner)
		return agr_error_oom(err);
	if (c->op == OP_NOT)
		return read_condition(&c->inner[c->n++], list, err);
	it = agr_iter_of(list);
	while (!r && agr_array_next(&it, &element))
		r = read_condition(&c->inner[c->n++], element, err);
	return r;
}

static int want_string(const struct condition *c, agentrun_error **err)
{
	char name[48];

	if (*c->value.p == '"')
		return 0;
	snprintf(name, sizeof(name), "the value of %s", op_names[c->op]);
	return agr_args_wrong(name, "a string", c->value, err);
}

static int read_value(struct condition *c, const agr_args *args, agentrun_error **err)
{
	char name[48];

	snprintf(name, sizeof(name), "the value of %s", op_names[c->op]);
	c->value.p = NULL;
	/* null is a value here, although nothing equals it. */
	if (!agr_object_get(args->object, "value", 5, &c->value))
		return c->op == OP_EXISTS ? 0 : agr_args_wrong(name, "given", c->value,
			err);
	c->is_simple = agr_span_type(c->value) == AGR_TYPE_NUMBER &&
		agr_number_simple(c->value, &c->number);
	if (*c->value.p == '"') {
		agr_string_decode(&c->text, c->value);
		agr_buf_add(&c->text, "", 0);
		if (c->text.failed)
			return agr_error_oom(err);
	}
	switch (c->op) {
	case OP_IN:
	case OP_NOT_IN:
		return *c->value.p == '[' ? 0
					  : agr_args_wrong(name, "a list", c->value, err);
	case OP_STARTS_WITH:
	case OP_ENDS_WITH:
		return want_string(c, err);
	case OP_MATCHES:
		if (*c->value.p != '"')
			return want_string(c, err);
		return agr_regex_new(&c->regex, c->text.data, c->text.len, false,
			AGENTRUN_EINPUT, err);
	case OP_EXISTS:
		if (*c->value.p != 't' && *c->value.p != 'f' && *c->value.p != 'n')
			return agr_args_wrong(name, "true or false", c->value, err);
		c->wanted = *c->value.p != 'f';
		return 0;
	default:
		return 0;
	}
}

static int read_condition(struct condition *c, agr_span object, agentrun_error **err)
{
	static const char *const names[] = { "and", "or", "not" };
	static const char wanted[] =
		"{\"field\", \"op\", \"value\"}, or one of and, or, not";
	agr_args args = { object, NULL };
	agr_span inner, op = { NULL, 0 };
	int r, found = 0;

	c->text.max = SIZE_MAX;
	c->wanted = true;
	if (*object.p != '{')
		return agr_args_wrong("condition", wanted, object, err);
	for (int i = 0; i < 3; i++) {
		if (!agr_args_get(&args, names[i], &op))
			continue;
		found++;
		c->op = OP_AND + i;
		inner = op;
	}
	if (found > 1 || (found && agr_args_get(&args, "field", &op)))
		return agr_args_wrong("condition", wanted, object, err);
	if (found)
		return read_inner(c, names[c->op - OP_AND], inner, err);
	r = agr_args_field(&args, "field", &c->field, err);
	if (r < 0)
		return r;
	r = agr_args_choice(&args, "op", op_names, &c->op, err);
	if (r == 0)
		r = agr_args_wrong("op", "an operator such as == or contains",
			(agr_span){ NULL, 0 }, err);
	return r < 0 ? r : read_value(c, &args, err);
}

static void filter_plan_free(void *plan)
{
	condition_clear(plan);
	free(plan);
}

static int filter_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct condition *c = calloc(1, sizeof(*c));
	agr_span value = { NULL, 0 };

	*plan = c;
	if (!c)
		return agr_error_oom(err);
	if (!agr_args_get(args, "condition", &value))
		return agr_args_wrong("condition", "an object", value, err);
	return read_condition(c, value, err);
}

/* ---- judging a row ------------------------------------------------------------ */

static bool is_bool(agr_span v)
{
	return *v.p == 't' || *v.p == 'f';
}

static bool same_type(agr_span a, agr_span b)
{
	return agr_span_type(a) == agr_span_type(b) || (is_bool(a) && is_bool(b));
}

static int compare_to(const struct condition *c, agr_span value)
{
	double number;

	if (c->is_simple && agr_number_simple(value, &number))
		return (number > c->number) - (number < c->number);
	return agr_value_compare(value, c->value);
}

/* Are they of one type, and in the order that the condition wants? */
static bool ordered(const struct condition *c, agr_span value)
{
	int diff;

	if (!same_type(value, c->value))
		return false;
	diff = compare_to(c, value);
	switch (c->op) {
	case OP_LT:
		return diff < 0;
	case OP_GT:
		return diff > 0;
	case OP_LE:
		return diff <= 0;
	default:
		return diff >= 0;
	}
}

static bool has_element(agr_span array, agr_span value)
{
	agr_iter it = agr_iter_of(array);
	agr_span element;

	while (agr_array_next(&it, &element))
		if (agr_value_equal(element, value))
			return true;
	return false;
}

/* A string field against the condition's text. */
static int judge_text(const struct condition *c, const char *p, size_t n,
	agr_match *match, agentrun_error **err)
{
	const char *text = c->text.data;
	size_t len = c->text.len;

	if (c->op == OP_MATCHES)
		return agr_regex_test(c->regex, match, p, n, err);
	if (len > n)
		return 0;
	if (!len)
		return 1;
	if (c->op == OP_STARTS_WITH)
		return memcmp(p, text, len) == 0;
	if (c->op == OP_ENDS_WITH)
		return memcmp(p + n - len, text, len) == 0;
	return memmem(p, n, text, len) != NULL;
}

static int judge_string(agr_op *op, const struct condition *c, agr_span value,
	agentrun_error **err)
{
	agr_match *match = *(agr_match **)op->state;

	if (*value.p != '"' || *c->value.p != '"')
		return 0;
	if (agr_string_is_plain(value))
		return judge_text(c, value.p + 1, value.n - 2, match, err);
	agr_buf_reset(&op->key);
	agr_string_decode(&op->key, value);
	if (op->key.failed)
		return agr_error_oom(err);
	return judge_text(c, op->key.data, op->key.len, match, err);
}

static int judge_field(agr_op *op, const struct condition *c, const agr_row *row,
	agentrun_error **err)
{
	agr_span value;
	bool there = agr_field_get(&c->field, row, &value);

	if (c->op == OP_EXISTS)
		return there == c->wanted;
	if (!there)
		return 0;
	switch (c->op) {
	case OP_EQ:
		return agr_value_equal(value, c->value);
	case OP_NE:
		return !agr_value_equal(value, c->value);
	case OP_IN:
		return has_element(c->value, value);
	case OP_NOT_IN:
		return !has_element(c->value, value);
	case OP_CONTAINS:
		if (*value.p == '[')
			return has_element(value, c->value);
		return judge_string(op, c, value, err);
	case OP_STARTS_WITH:
	case OP_ENDS_WITH:
	case OP_MATCHES:
		return judge_string(op, c, value, err);
	default:
		return ordered(c, value);
	}
}

static int judge(agr_op *op, const struct condition *c, const agr_row *row,
	agentrun_error **err)
{
	int r = c->op == OP_AND;

	if (c->op < OP_AND)
		return judge_field(op, c, row, err);
	if (c->op == OP_NOT) {
		r = judge(op, c->inner, row, err);
		return r < 0 ? r : !r;
	}
	for (size_t i = 0; i < c->n && r == (c->op == OP_AND); i++)
		r = judge(op, &c->inner[i], row, err);
	return r;
}

static bool condition_want(struct condition *c, agr_wanted *wanted)
{
	if (c->op < OP_AND)
		return agr_field_want(&c->field, wanted);
	for (size_t i = 0; i < c->n; i++)
		if (!condition_want(&c->inner[i], wanted))
			return false;
	return true;
}

static bool filter_want(void *plan, agr_wanted *wanted)
{
	return condition_want(plan, wanted);
}

static int filter_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	(void)supplied;
	return agr_match_new(op->state, err);
}

static int filter_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	int r = judge(op, op->plan, row, err);

	return r > 0 ? agr_op_emit(op, row, err) : r;
}

static void filter_close(agr_op *op)
{
	agr_match_free(*(agr_match **)op->state);
}

#define INNER "{\"$ref\":\"#/definitions/condition\"}"
#define MANY(name) \
	"{\"required\":[\"" name "\"],\"properties\":{\"" name "\":{\"type\":\"array\"," \
	"\"minItems\":1,\"items\":" INNER "}}}"
/* Where `op` is one of these, `value` is that. */
#define VALUE_OF(ops, then) \
	"{\"if\":{\"properties\":{\"op\":{\"enum\":[" ops "]}}},\"then\":" then "}"
#define COMPARISON \
	"{\"required\":[\"field\",\"op\"],\"properties\":{\"field\":" AGR_FIELD \
	",\"op\":{\"enum\":[\"<\",\">\",\"<=\",\">=\",\"==\",\"!=\",\"in\",\"not_in\"," \
	"\"contains\",\"starts_with\",\"ends_with\",\"matches\",\"exists\"]},\"value\":{}}," \
	"\"allOf\":[{\"if\":{\"properties\":{\"op\":{\"const\":\"exists\"}}}," \
	"\"then\":{\"properties\":{\"value\":{\"type\":[\"boolean\",\"null\"]}}}," \
	"\"else\":{\"required\":[\"value\"]}}," \
	VALUE_OF("\"in\",\"not_in\"", \
		"{\"properties\":{\"value\":{\"type\":\"array\"}}}") "," \
	VALUE_OF("\"starts_with\",\"ends_with\",\"matches\"", \
		"{\"properties\":{\"value\":{\"type\":\"string\"}}}") "]}"

const agr_step_type agr_step_table_filter = {
	.name = "table_filter",
	.summary = "the rows that meet a condition",
	.holds = "nothing",
	.schema = AGR_SCHEMA_MORE("table_filter", AGR_NEEDED("condition"),
		AGR_PARAM("condition", INNER),
		",\"definitions\":{\"condition\":{\"type\":\"object\",\"oneOf\":[" COMPARISON ","
		MANY("and") "," MANY("or") ",{\"required\":[\"not\"],\"properties\":{\"not\":" INNER
		"}}]}}"),
	.compile = filter_compile,
	.plan_free = filter_plan_free,
	.state_size = sizeof(agr_match *),
	.open = filter_open,
	.want = filter_want,
	.push = filter_push,
	.close = filter_close,
};
