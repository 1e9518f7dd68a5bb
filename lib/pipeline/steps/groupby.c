/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* groupby: one row a group, with what its rows add up to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"
#include "table/sum.h"

enum { AGG_COUNT, AGG_SUM, AGG_AVG, AGG_MIN, AGG_MAX };

static const char *const agg_names[] = { "count", "sum", "avg", "min", "max", NULL };

struct agg {
	int kind;
	bool has_field; /* only count may lack it */
	agr_field field;
	agr_buf name;   /* the key it comes out under, a JSON string */
};

struct groupby {
	agr_fields by;
	struct agg *aggs;
	size_t n;
};

/* What one aggregate knows of one group. */
struct tally {
	size_t count;
	agr_sum sum;
	agr_buf best; /* min and max: the value */
	bool is_simple;
	double number; /* of a simple one */
};

struct groups {
	agr_keyset keys;
	agr_arena arena;
	agr_span *values;      /* by.n a group: the fields as they first came */
	struct tally *tallies; /* n a group */
	size_t n, cap;
};

/* ---- reading it -------------------------------------------------------------- */

static void groupby_plan_free(void *plan)
{
	struct groupby *g = plan;

	for (size_t i = 0; i < g->n; i++) {
		agr_field_clear(&g->aggs[i].field);
		agr_buf_free(&g->aggs[i].name);
	}
	agr_fields_clear(&g->by);
	free(g->aggs);
	free(g);
}

/* "sum_price", or what `as` says. */
static int name_agg(struct agg *agg, const agr_args *args, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span as;
	int r;

	agg->name.max = SIZE_MAX;
	if (agr_args_get(args, "as", &as)) {
		if (*as.p != '"')
			return agr_args_wrong("as", "a name", as, err);
		agr_buf_add(&agg->name, as.p, as.n);
		return agr_buf_check(&agg->name, "as", err);
	}
	agr_buf_str(&text, agg_names[agg->kind]);
	if (agg->has_field) {
		agr_buf_char(&text, '_');
		agr_buf_add(&text, agg->field.path.text, agg->field.path.len);
	}
	r = agr_buf_check(&text, "a name", err);
	if (!r) {
		agr_buf_json_str(&agg->name, text.data, text.len);
		r = agr_buf_check(&agg->name, "a name", err);
	}
	agr_buf_free(&text);
	return r;
}

static int read_agg(struct agg *agg, agr_span object, agentrun_error **err)
{
	agr_args args = { object, NULL };
	agr_span field = { NULL, 0 };
	int r;

	if (*object.p != '{')
		return agr_args_wrong("aggs", "a list of {\"agg\", \"field\", \"as\"}",
			object, err);
	r = agr_args_choice(&args, "agg", agg_names, &agg->kind, err);
	if (r == 0)
		r = agr_args_wrong("agg", "one of count, sum, avg, min, max",
			(agr_span){ NULL, 0 }, err);
	if (r < 0)
		return r;
	agg->has_field = agr_args_get(&args, "field", &field);
	if (agg->has_field || agg->kind != AGG_COUNT) {
		r = agr_args_field(&args, "field", &agg->field, err);
		if (r < 0)
			return r;
	}
	return name_agg(agg, &args, err);
}

static int read_aggs(struct groupby *g, const agr_args *args, agentrun_error **err)
{
	agr_span list, element;
	agr_iter it;
	size_t n = 1;
	bool many = agr_args_get(args, "aggs", &list);
	int r = 0;

	if (many && *list.p != '[')
		return agr_args_wrong("aggs", "a list of {\"agg\", \"field\", \"as\"}",
			list,
			err);
	if (many)
		n = agr_span_count(list);
	if (!n)
		return agr_args_wrong("aggs", "a list of one aggregate at least", list,
			err);
	g->aggs = calloc(n, sizeof(*g->aggs));
	if (!g->aggs)
		return agr_error_oom(err);
	if (!many)
		return read_agg(&g->aggs[g->n++], args->object, err);
	it = agr_iter_of(list);
	while (!r && agr_array_next(&it, &element))
		r = read_agg(&g->aggs[g->n++], element, err);
	return r;
}

/* One column more; two of the same name would hide one another. */
static int add_name(agr_keyset *names, agr_span key, agr_buf *text,
	agentrun_error **err)
{
	bool added;

	agr_buf_reset(text);
	agr_string_decode(text, key);
	agr_buf_add(text, "", 0);
	if (text->failed || agr_keyset_add(names, text->data, text->len, &added) ==
		    AGR_KEYSET_NONE)
		return agr_error_oom(err);
	if (!added)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"two columns would be called %.60s: name them with as",
			text->data);
	return 0;
}

static int check_names(const struct groupby *g, agentrun_error **err)
{
	agr_keyset names = { .n = 0 };
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	for (size_t i = 0; !r && i < g->by.n; i++)
		r = add_name(&names, g->by.list[i].name, &text, err);
	for (size_t i = 0; !r && i < g->n; i++)
		r = add_name(&names,
			(agr_span){ g->aggs[i].name.data, g->aggs[i].name.len }, &text,
			err);
	agr_buf_free(&text);
	agr_keyset_free(&names);
	return r;
}

static int groupby_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct groupby *g = calloc(1, sizeof(*g));
	int r;

	*plan = g;
	if (!g)
		return agr_error_oom(err);
	r = agr_args_fields(args, "by", &g->by, err);
	if (r == 0)
		r = agr_args_wrong("by", "a list of fields", (agr_span){ NULL, 0 }, err);
	if (r > 0)
		r = read_aggs(g, args, err);
	return r < 0 ? r : check_names(g, err);
}

/* ---- gathering ---------------------------------------------------------------- */

static bool reserve(struct groups *s, const struct groupby *g)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	void *grown;

	if (s->n < s->cap)
		return true;
	if (!agr_arena_charge(&s->arena, (cap - s->cap) *
		(g->n * sizeof(*s->tallies) + (g->by.n + 1) * sizeof(*s->values))))
		return false;
	grown = realloc(s->tallies, cap * g->n * sizeof(*s->tallies));
	if (!grown)
		return false;
	s->tallies = grown;
	grown = realloc(s->values, cap * (g->by.n + 1) * sizeof(*s->values));
	if (!grown)
		return false;
	s->values = grown;
	s->cap = cap;
	return true;
}

static int add_group(struct groups *s, const struct groupby *g, agr_row *row,
	agentrun_error **err)
{
	agr_span value;

	if (!reserve(s, g))
		return agr_error_oom(err);
	for (size_t i = 0; i < g->by.n; i++) {
		agr_span *kept = &s->values[s->n * g->by.n + i];

		*kept = (agr_span){ "null", 4 };
		if (!agr_field_get(&g->by.list[i], row, &value))
			continue;
		*kept = agr_arena_keep(&s->arena, value, row->lasting);
		if (!kept->p)
			return agr_error_oom(err);
	}
	memset(&s->tallies[s->n * g->n], 0, g->n * sizeof(*s->tallies));
	s->n++;
	return 0;
}

static int not_number(const agr_op *op, const struct agg *agg, agr_span value,
	agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EPIPELINE,
		"%s of %s wants numbers, got %s in row %zu", agg_names[agg->kind],
		agg->field.path.text, agr_type_phrase(value), op->rows_in);
}

static int tally_best(struct tally *t, const struct agg *agg, agr_span value,
	agentrun_error **err)
{
	agr_span best = { t->best.data, t->best.len };
	double number = 0;
	bool is_simple = agr_span_type(value) == AGR_TYPE_NUMBER &&
		agr_number_simple(value, &number);
	int diff = 0;

	if (best.n && is_simple && t->is_simple)
		diff = (number > t->number) - (number < t->number);
	else if (best.n)
		diff = agr_value_compare(value, best);
	if (best.n && (agg->kind == AGG_MIN ? diff >= 0 : diff <= 0))
		return 0;
	t->is_simple = is_simple;
	t->number = number;
	agr_buf_reset(&t->best);
	t->best.max = SIZE_MAX;
	agr_buf_add(&t->best, value.p, value.n);
	return agr_buf_check(&t->best, "a value", err);
}

static int tally_value(agr_op *op, struct tally *t, const struct agg *agg,
	agr_span value, agentrun_error **err)
{
	if (agg->kind == AGG_COUNT)
		return 0;
	if (agg->kind == AGG_SUM || agg->kind == AGG_AVG) {
		if (agr_span_type(value) != AGR_TYPE_NUMBER)
			return not_number(op, agg, value, err);
		return agr_sum_add(&t->sum, value) < 0 ? agr_error_oom(err) : 0;
	}
	return tally_best(t, agg, value, err);
}

static bool groupby_want(void *plan, agr_wanted *wanted)
{
	struct groupby *g = plan;

	for (size_t i = 0; i < g->n; i++)
		if (g->aggs[i].has_field && !agr_field_want(&g->aggs[i].field, wanted))
			return false;
	return agr_fields_want(&g->by, wanted);
}

static int groupby_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct groupby *g = op->plan;
	struct groups *s = op->state;
	agr_span value = { NULL, 0 };
	size_t at;
	bool added;
	int r = 0;

	s->arena.meter = s->keys.arena.meter = agr_op_meter(op);
	agr_buf_reset(&op->key);
	for (size_t i = 0; i < g->by.n; i++) {
		if (agr_field_get(&g->by.list[i], row, &value))
			agr_value_canonical(&op->key, value);
		else
			agr_buf_char(&op->key, 'n');
	}
	if (op->key.failed)
		return agr_error_oom(err);
	at = agr_keyset_add(&s->keys, op->key.data, op->key.len, &added);
	if (at == AGR_KEYSET_NONE)
		return agr_error_oom(err);
	if (added)
		r = add_group(s, g, row, err);
	for (size_t i = 0; !r && i < g->n; i++) {
		struct tally *t = &s->tallies[at * g->n + i];

		if (g->aggs[i].has_field &&
			!agr_field_get(&g->aggs[i].field, row, &value))
			continue;
		t->count++;
		r = tally_value(op, t, &g->aggs[i], value, err);
	}
	return r;
}

/* ---- the rows ------------------------------------------------------------------ */

static int write_sum(agr_buf *out, const struct agg *agg, struct tally *t,
	agentrun_error **err)
{
	double total = 0.0;
	int r;

	if (agg->kind == AGG_SUM) {
		r = agr_sum_write(out, &t->sum);
	} else {
		r = agr_sum_double(&t->sum, &total);
		total /= (double)t->count;
		if (!r && !isfinite(total))
			r = AGENTRUN_EPIPELINE;
		if (!r)
			agr_number_write(out, total);
	}
	if (r == AGENTRUN_EPIPELINE)
		return agentrun_error_raise(err, r,
			"%s of %s is beyond the range of a number", agg_names[agg->kind],
			agg->field.path.text);
	return r < 0 ? agr_error_oom(err) : 0;
}

static int write_agg(agr_buf *out, const struct agg *agg, struct tally *t,
	agentrun_error **err)
{
	if (agg->kind == AGG_COUNT) {
		agr_buf_printf(out, "%zu", t->count);
		return 0;
	}
	if (!t->count) {
		agr_buf_str(out, "null");
		return 0;
	}
	if (agg->kind == AGG_SUM || agg->kind == AGG_AVG)
		return write_sum(out, agg, t, err);
	agr_buf_add(out, t->best.data, t->best.len);
	return 0;
}

static int write_group(agr_op *op, size_t at, agentrun_error **err)
{
	const struct groupby *g = op->plan;
	struct groups *s = op->state;
	int r = 0;

	agr_buf_reset(&op->row);
	agr_buf_char(&op->row, '{');
	for (size_t i = 0; i < g->by.n; i++) {
		const agr_span *value = &s->values[at * g->by.n + i];

		agr_buf_add(&op->row, g->by.list[i].name.p, g->by.list[i].name.n);
		agr_buf_char(&op->row, ':');
		agr_buf_add(&op->row, value->p, value->n);
		agr_buf_char(&op->row, ',');
	}
	for (size_t i = 0; !r && i < g->n; i++) {
		if (i)
			agr_buf_char(&op->row, ',');
		agr_buf_add(&op->row, g->aggs[i].name.data, g->aggs[i].name.len);
		agr_buf_char(&op->row, ':');
		r = write_agg(&op->row, &g->aggs[i], &s->tallies[at * g->n + i], err);
	}
	agr_buf_char(&op->row, '}');
	return r;
}

static int groupby_finish(agr_op *op, agentrun_error **err)
{
	struct groups *s = op->state;
	int r = 0;

	for (size_t i = 0; !r && i < s->n; i++) {
		r = write_group(op, i, err);
		if (!r)
			r = agr_op_emit_made(op, false, err);
	}
	return r;
}

static void groupby_close(agr_op *op)
{
	const struct groupby *g = op->plan;
	struct groups *s = op->state;

	for (size_t i = 0; i < s->n * g->n; i++) {
		agr_sum_free(&s->tallies[i].sum);
		agr_buf_free(&s->tallies[i].best);
	}
	free(s->tallies);
	free(s->values);
	agr_arena_free(&s->arena);
	agr_keyset_free(&s->keys);
}

#define AGGREGATE \
	"\"agg\":{\"enum\":[\"count\",\"sum\",\"avg\",\"min\",\"max\"]}," \
	"\"field\":" AGR_FIELD ",\"as\":{\"type\":\"string\"}"
/* All but count want a field. */
#define WITH_FIELD \
	",\"anyOf\":[{\"properties\":{\"agg\":{\"const\":\"count\"}}}," \
	"{\"required\":[\"field\"]}]"

const agr_step_type agr_step_groupby = {
	.name = "groupby",
	.summary = "one row a group: count, sum, avg, min, max",
	.holds = "a sum of every group",
	.schema = AGR_SCHEMA_MORE("groupby", AGR_NEEDED("by"),
		AGR_PARAM("by", AGR_FIELDS("a field or several; [] for one group")) "," AGGREGATE
		AGR_PARAM("aggs", "{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":"
			"\"object\",\"properties\":{" AGGREGATE "},\"required\":[\"agg\"]"
			WITH_FIELD "}}"),
		",\"anyOf\":[{\"required\":[\"aggs\"]},{\"required\":[\"agg\"]" WITH_FIELD "}]"),
	.compile = groupby_compile,
	.plan_free = groupby_plan_free,
	.state_size = sizeof(struct groups),
	.want = groupby_want,
	.makes_rows = true,
	.push = groupby_push,
	.finish = groupby_finish,
	.close = groupby_close,
};
