/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <string.h>

#include "plan/query.h"

static const struct {
	const char *words, *agg;
} aggregates[] = { { "average|avg|mean|the average|the mean", "avg" },
	{ "total|sum|sum of|total of|the total|the sum of", "sum" },
	{ "average of|mean of|avg of|the average of", "avg" },
	{ "minimum|min|lowest|smallest|minimum of|the minimum|"
	  "the lowest|the smallest",
		"min" },
	{ "maximum|max|highest|largest|biggest|maximum of|"
	  "the maximum|the highest|the largest",
		"max" } };

void agr_plan_add_agg(plan_query *q, const char *agg, const plan_field *field)
{
	plan_agg *to;

	if (q->n_aggs == PLAN_AGGS_MAX) {
		agr_plan_refuse(q->ps, "That is more than %d aggregates.", PLAN_AGGS_MAX);
		return;
	}
	to = &q->aggs[q->n_aggs++];
	to->agg = agg;
	to->field = field;
	to->as = field ? agr_plan_printf(q->ps->pool, "%s_%s", agg, field->path) : "count";
}

static bool take_name(plan_parser *ps, const char **agg)
{
	size_t best = 0;

	for (size_t i = 0; i < AGR_COUNT(aggregates); i++) {
		size_t n = agr_plan_ahead(ps, 0, aggregates[i].words);

		if (n > best) {
			best = n;
			*agg = aggregates[i].agg;
		}
	}
	agr_plan_use(ps, best);
	return best > 0;
}

static plan_outcome field_of(plan_parser *ps, const char *agg, const plan_field **field)
{
	plan_outcome r = agr_plan_take_field(ps, true, field);

	if (r == PLAN_YES && !agr_plan_is_number_field(*field) &&
		!(agr_plan_in_list(agg, "min|max") && (*field)->dates))
		r = agr_plan_refuse(ps, "%s does not hold numbers only, so there is no %s of it.",
			(*field)->path, agg);
	return r;
}

/* "average price", "total revenue": the words of it, and its parts. */
static plan_outcome aggregate_at(
	plan_query *q, const char **agg, const plan_field **field)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	plan_outcome r = take_name(ps, agg) ? field_of(ps, *agg, field) : PLAN_NO;

	if (r != PLAN_YES)
		agr_plan_rewind(ps, start);
	return r;
}

/* "min, max and average price": several of one field. */
static plan_outcome shared_at(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos, n = 0;
	const char *aggs[PLAN_AGGS_MAX];
	const plan_field *field;
	plan_outcome r = PLAN_NO;

	while (n < PLAN_AGGS_MAX && take_name(ps, &aggs[n])) {
		for (size_t i = 0; i < n; i++)
			if (strcmp(aggs[i], aggs[n]) == 0)
				goto out;
		n++;
		if (!agr_plan_take(ps, ", and|,|and")) {
			r = n > 1 ? field_of(ps, aggs[n - 1], &field) : PLAN_NO;
			break;
		}
	}
	for (size_t i = 0; r == PLAN_YES && i < n; i++)
		if (agr_plan_in_list(aggs[i], "sum|avg") && !agr_plan_is_number_field(field))
			r = PLAN_NO;
	for (size_t i = 0; r == PLAN_YES && i < n; i++)
		agr_plan_add_agg(q, aggs[i], field);
out:
	if (r != PLAN_YES)
		agr_plan_rewind(ps, start);
	return r;
}

/* "number of flights", "flight count", "count". */
static bool count_at(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;

	if (!agr_plan_take(ps,
			"the number of|number of|the count of|count of|count|"
			"how many"))
		return false;
	agr_plan_skip(ps, "the|all");
	if (agr_plan_take_subject(q) || agr_plan_ended(ps) ||
		agr_plan_ahead(ps, 0,
			"by|per|for each|and|,|for every|in each|of each|desc|"
			"descending"))
		return true;
	agr_plan_rewind(ps, start);
	return false;
}

plan_outcome agr_plan_take_group(plan_query *q, const char *words)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	json_t *paths;
	int n;

	if (q->group || !agr_plan_take(ps, words))
		return PLAN_NO;
	paths = agr_plan_array(ps->pool);
	agr_plan_skip(ps, "the|each|every");
	n = agr_plan_take_fields(q, paths, NULL);
	if (n < 0)
		return PLAN_REFUSED;
	if (n == 0) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	q->group = paths;
	q->explicit_step = true;
	return PLAN_YES;
}

/* "average price and total seats [of ...] [by airline]". */
plan_outcome agr_plan_take_aggregate(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool any = false;

	for (;;) {
		const plan_field *field;
		const char *agg;
		size_t before = ps->pos;
		plan_outcome r;

		if (any && !agr_plan_take(ps, ", and|,|and"))
			return PLAN_YES;
		agr_plan_skip(ps, "the");
		r = shared_at(q);
		if (r == PLAN_YES) {
			any = true;
			continue;
		}
		if (r == PLAN_NO)
			r = aggregate_at(q, &agg, &field);
		if (r == PLAN_REFUSED)
			return r;
		/* The least of all is a row's value; of groups it is an aggregate. */
		if (r == PLAN_YES && !any && agr_plan_in_list(agg, "min|max") && !q->group &&
			!agr_plan_ahead(
				ps, 0, "by|per|for each|for every|in each|of each|and|,|grouped by"))
			r = PLAN_NO;
		if (r == PLAN_YES)
			agr_plan_add_agg(q, agg, field);
		else if (any && count_at(q))
			agr_plan_add_agg(q, "count", NULL);
		else {
			agr_plan_rewind(ps, any ? before : start);
			return any ? PLAN_YES : PLAN_NO;
		}
		any = true;
	}
}

/* "average price", of an aggregate that was asked for. */
static const char *asked_aggregate(plan_query *q)
{
	plan_parser *ps = q->ps;
	const plan_field *field;
	const char *agg;
	size_t start = ps->pos;

	if (aggregate_at(q, &agg, &field) == PLAN_YES)
		for (size_t i = 0; i < q->n_aggs; i++)
			if (strcmp(q->aggs[i].agg, agg) == 0 && q->aggs[i].field &&
				strcmp(q->aggs[i].field->path, field->path) == 0)
				return q->aggs[i].as;
	agr_plan_rewind(ps, start);
	return NULL;
}

/* "count", "the average", "avg_price": one of the results; `n` says of how many. */
static const char *named_aggregate(plan_query *q, size_t *n)
{
	static const char *const names[][2] = { { "avg", "average|avg|mean|the average" },
		{ "sum", "total|sum|the total|the sum" }, { "min", "minimum|min" },
		{ "max", "maximum|max" },
		{ "count", "count|the count|number|the number|number of them" } };
	plan_parser *ps = q->ps;
	const char *found = NULL;
	size_t words = 0;

	*n = 0;
	for (size_t i = 0; i < q->n_aggs; i++) {
		const char *as = q->aggs[i].as;

		if (as && strcmp(agr_plan_at(ps, 0)->text, as) == 0) {
			agr_plan_use(ps, 1);
			*n = 1;
			return as;
		}
		for (size_t k = 0; k < AGR_COUNT(names); k++) {
			size_t ahead = agr_plan_ahead(ps, 0, names[k][1]);

			if (!ahead || strcmp(names[k][0], q->aggs[i].agg) != 0)
				continue;
			words = ahead;
			found = q->aggs[i].as;
			++*n;
		}
	}
	if (*n == 1)
		agr_plan_use(ps, words);
	return found;
}

/* A column of the result of groupby, by its own name or as it was asked for. */
plan_outcome agr_plan_group_key(plan_query *q, const char **as)
{
	plan_parser *ps = q->ps;
	const plan_field *field;
	size_t n = 1;
	plan_outcome r;

	*as = asked_aggregate(q);
	if (!*as)
		*as = named_aggregate(q, &n);
	if (n > 1)
		return agr_plan_refuse(
			ps, "It is not clear which of the results orders the groups.");
	if (*as)
		return PLAN_YES;
	r = agr_plan_take_field(ps, true, &field);
	if (r != PLAN_YES)
		return r;
	*as = field->path;
	for (size_t i = 0; i < json_array_size(q->group); i++)
		if (strcmp(json_string_value(json_array_get(q->group, i)), field->path) == 0)
			return PLAN_YES;
	*as = q->aggs[0].as;
	if (q->n_aggs == 1 && q->aggs[0].field &&
		strcmp(q->aggs[0].field->path, field->path) == 0)
		return PLAN_YES;
	return agr_plan_refuse(ps, "After grouping there is no %s to sort by.", field->path);
}

/* "most flights", "highest average price", behind "airline with the". */
static plan_outcome most_of(plan_query *q, bool *descending)
{
	plan_parser *ps = q->ps;
	const plan_field *field;
	const char *agg;
	plan_outcome r;

	*descending = agr_plan_ahead(ps, 0, "most|highest|largest|biggest|greatest") > 0;
	if (!*descending && !agr_plan_ahead(ps, 0, "fewest|lowest|smallest|least"))
		return PLAN_NO;
	if (agr_plan_ahead(ps, 0, "most|fewest|least") &&
		agr_plan_at(ps, 1)->kind == PLAN_WORD) {
		agr_plan_use(ps, 1);
		if (agr_plan_take_subject(q)) {
			agr_plan_add_agg(q, "count", NULL);
			return PLAN_YES;
		}
		return PLAN_NO;
	}
	agr_plan_use(ps, 1);
	if (count_at(q)) {
		agr_plan_add_agg(q, "count", NULL);
		return PLAN_YES;
	}
	if (agr_plan_ahead(ps, 0, "min|max|minimum|maximum|lowest|highest"))
		return PLAN_NO;
	r = aggregate_at(q, &agg, &field);
	if (r == PLAN_YES)
		agr_plan_add_agg(q, agg, field);
	return r;
}

/* "airline" was said: does "with the most flights" or, of a top N, "by average
 * price" follow? Then the rows are grouped by it and the groups put in order. */
plan_outcome agr_plan_rank_groups(plan_query *q, const plan_field *by)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool subject = q->subject, descending = true;
	const plan_field *field;
	const char *agg;
	plan_outcome r = PLAN_NO;

	if (agr_plan_take(ps, "with the|has the|have the|having the|had the|with|has|have")) {
		r = most_of(q, &descending);
	} else if (q->limit == PLAN_LIMIT_TOP && agr_plan_take(ps, "by")) {
		agr_plan_skip(ps, "the");
		r = aggregate_at(q, &agg, &field);
		if (r == PLAN_YES)
			agr_plan_add_agg(q, agg, field);
		if (r == PLAN_NO && count_at(q)) {
			agr_plan_add_agg(q, "count", NULL);
			r = PLAN_YES;
		}
	}
	if (r == PLAN_YES && (by->types & PLAN_TYPE(AGR_TYPE_OBJECT)))
		r = agr_plan_refuse(ps, "%s holds objects; name a field inside.", by->path);
	if (r != PLAN_YES) {
		agr_plan_rewind(ps, start);
		q->subject = subject;
		return r;
	}
	q->group = agr_plan_array(ps->pool);
	agr_plan_push(ps->pool, q->group, agr_plan_str(ps->pool, by->path));
	q->limit_of_rows = false;
	agr_plan_add_sort(q, q->aggs[q->n_aggs - 1].as, descending);
	return PLAN_YES;
}
