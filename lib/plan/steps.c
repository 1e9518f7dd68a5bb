/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "plan/query.h"

static json_t *step(plan_query *q, const char *name)
{
	json_t *made = agr_plan_object(q->ps->pool);

	agr_plan_put(q->ps->pool, made, "step", agr_plan_str(q->ps->pool, name));
	agr_plan_push(q->ps->pool, q->steps, made);
	return made;
}

static bool among(const json_t *paths, const char *path)
{
	for (size_t i = 0; i < json_array_size(paths); i++)
		if (strcmp(json_string_value(json_array_get(paths, i)), path) == 0)
			return true;
	return false;
}

/* Orders in which the words do not say what is done first. */
static plan_outcome check(plan_query *q)
{
	plan_parser *ps = q->ps;
	bool summary = q->group || q->n_aggs || q->count;
	size_t sorts = json_array_size(q->sorts);

	if (q->group && !q->n_aggs)
		return agr_plan_refuse(ps,
			"Say what of each group: its count, or the sum, average, "
			"minimum or maximum of a field.");
	if (summary && q->select)
		return agr_plan_refuse(
			ps, "It is not clear which fields are wanted of a summary.");
	if (summary && q->limit && q->limit_of_rows)
		return agr_plan_refuse(ps,
			"It is not clear whether the number is of rows or of "
			"results.");
	if (q->n_aggs && q->limit == PLAN_LIMIT_TOP && !sorts)
		return agr_plan_refuse(ps, "Say by what the groups are ranked.");
	if (!q->group && (q->count || q->n_aggs) && (sorts || q->limit))
		return agr_plan_refuse(ps, "One result can be neither sorted nor cut.");
	if (q->group && (q->count || q->distinct || q->distinct_rows))
		return agr_plan_refuse(ps, "It is not clear what is to be counted.");
	if ((q->distinct || q->distinct_rows) && (q->n_aggs || (q->select && q->distinct)))
		return agr_plan_refuse(ps, "It is not clear what is wanted once.");
	for (size_t i = 0; q->distinct && i < sorts; i++)
		if (!among(q->distinct, agr_json_str(json_array_get(q->sorts, i), "field", "")))
			return agr_plan_refuse(ps,
				"Of equal values only one stays, so that there is no other "
				"field to sort by.");
	if (q->limit == PLAN_LIMIT_TOP && sorts && q->undirected && !q->low_is_better)
		return agr_plan_refuse(ps,
			"Say \"ascending\" or \"descending\": the top of what is "
			"sorted may be either end.");
	return PLAN_YES;
}

static void emit_source(plan_query *q)
{
	plan_parser *ps = q->ps;
	const char *path = ps->facts->extract;
	json_t *made;

	if (json_array_size(q->steps))
		return; /* a later stage */
	if (q->url) {
		made = step(q, "http_request");
		agr_plan_put(ps->pool, made, "url", agr_plan_str(ps->pool, q->url));
		if (path)
			agr_plan_put(ps->pool, made, "path", agr_plan_str(ps->pool, path));
	} else if (path) {
		made = step(q, "extract");
		agr_plan_put(ps->pool, made, "path", agr_plan_str(ps->pool, path));
	}
}

static void emit_filter(plan_query *q)
{
	plan_pool *pool = q->ps->pool;
	size_t n = json_array_size(q->conditions);
	json_t *made, *all;

	if (!n)
		return;
	made = step(q, "table_filter");
	if (n == 1) {
		agr_plan_put(pool, made, "condition", json_array_get(q->conditions, 0));
		return;
	}
	all = agr_plan_object(pool);
	agr_plan_put(pool, all, q->any_or ? "or" : "and", q->conditions);
	agr_plan_put(pool, made, "condition", all);
}

static void emit_group(plan_query *q)
{
	plan_pool *pool = q->ps->pool;
	json_t *made = step(q, "groupby"), *list = agr_plan_array(pool);

	agr_plan_put(pool, made, "by", q->group ? q->group : agr_plan_array(pool));
	for (size_t i = 0; i < q->n_aggs; i++) {
		const plan_agg *agg = &q->aggs[i];
		json_t *to = q->n_aggs == 1 ? made : agr_plan_object(pool);

		agr_plan_put(pool, to, "agg", agr_plan_str(pool, agg->agg));
		if (agg->field)
			agr_plan_put(pool, to, "field", agr_plan_str(pool, agg->field->path));
		agr_plan_put(pool, to, "as", agr_plan_str(pool, agg->as));
		agr_plan_push(pool, list, to);
	}
	if (q->n_aggs > 1)
		agr_plan_put(pool, made, "aggs", list);
}

static void emit_distinct(plan_query *q)
{
	json_t *made = step(q, "distinct");

	if (!q->distinct)
		return;
	agr_plan_put(q->ps->pool, made, "by", q->distinct);
	if (q->count || q->distinct_rows)
		return;
	made = step(q, "table_select");
	agr_plan_put(q->ps->pool, made, "fields", q->distinct);
}

static void emit_sort(plan_query *q)
{
	plan_pool *pool = q->ps->pool;
	json_t *made, *key = json_array_get(q->sorts, 0);

	if (!key)
		return;
	made = step(q, "table_sort");
	if (json_array_size(q->sorts) > 1) {
		agr_plan_put(pool, made, "by", q->sorts);
		return;
	}
	agr_plan_put(pool, made, "field", json_object_get(key, "field"));
	agr_plan_put(pool, made, "order", json_object_get(key, "order"));
}

plan_outcome agr_plan_emit(plan_query *q)
{
	plan_pool *pool = q->ps->pool;
	plan_outcome r = check(q);
	json_t *made;

	if (r != PLAN_YES)
		return r;
	emit_source(q);
	emit_filter(q);
	if (q->distinct || q->distinct_rows)
		emit_distinct(q);
	if (q->count)
		step(q, "count");
	if (q->n_aggs)
		emit_group(q);
	emit_sort(q);
	if (q->limit) {
		made = step(q, "top_k");
		agr_plan_put(pool, made, "k", agr_plan_int(pool, q->k));
	}
	if (q->select) {
		made = step(q, "table_select");
		agr_plan_put(pool, made, "fields", q->select);
	}
	/* "show all rows": as they are, which is a step as well. Of "show all flights"
	 * not one word could be checked against the data. */
	if (!json_array_size(q->steps) && q->general && q->ps->facts->known) {
		made = step(q, "offset");
		agr_plan_put(pool, made, "n", agr_plan_int(pool, 0));
	}
	if (!json_array_size(q->steps))
		return agr_plan_refuse(q->ps, "It is not clear what to do with the data.");
	return PLAN_YES;
}

static const char *describe_condition(plan_pool *pool, const json_t *condition)
{
	static const char *const words[] = { "and", "or" };
	char *text;
	const char *out = "";

	if (json_object_get(condition, "not"))
		return agr_plan_printf(pool, "not (%s)",
			describe_condition(pool, json_object_get(condition, "not")));
	for (size_t i = 0; i < AGR_COUNT(words); i++) {
		const json_t *list = json_object_get(condition, words[i]);

		for (size_t k = 0; k < json_array_size(list); k++)
			out =
				agr_plan_printf(pool, "%s%s%s%s%s", out, k ? " " : "", k ? words[i] : "",
					k ? " " : "", describe_condition(pool, json_array_get(list, k)));
		if (list)
			return agr_plan_printf(pool, "(%s)", out);
	}
	text = agr_json_text(json_object_get(condition, "value"));
	if (!text)
		pool->failed = true;
	out = agr_plan_printf(pool, "%s %s %s", agr_json_str(condition, "field", ""),
		agr_json_str(condition, "op", ""), text ? text : "");
	free(text);
	return out;
}

static const char *names(plan_pool *pool, const json_t *list)
{
	const char *out = "";

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		out = agr_plan_printf(pool, "%s%s%s%s%s", out, i ? ", " : "",
			json_is_string(item)
				? json_string_value(item)
				: agr_json_str(item, "field", agr_json_str(item, "as", "")),
			json_is_string(item) ? "" : " ", agr_json_str(item, "order", ""));
	}
	return out;
}

static const char *describe_step(plan_pool *pool, const json_t *made)
{
	const char *name = agr_json_str(made, "step", "");
	const char *order = agr_json_str(made, "order", "asc");

	if (strcmp(name, "table_filter") == 0)
		return agr_plan_printf(pool, "keeps rows where %s",
			describe_condition(pool, json_object_get(made, "condition")));
	if (strcmp(name, "table_sort") == 0)
		return json_object_get(made, "by")
			? agr_plan_printf(
				  pool, "sorts by %s", names(pool, json_object_get(made, "by")))
			: agr_plan_printf(pool, "sorts by %s %s", agr_json_str(made, "field", ""),
				  strcmp(order, "desc") == 0 ? "descending" : "ascending");
	if (strcmp(name, "top_k") == 0)
		return agr_plan_printf(pool, "takes the first %" JSON_INTEGER_FORMAT,
			json_integer_value(json_object_get(made, "k")));
	if (strcmp(name, "table_select") == 0)
		return agr_plan_printf(
			pool, "shows %s", names(pool, json_object_get(made, "fields")));
	if (strcmp(name, "groupby") == 0)
		return agr_plan_printf(pool, "groups by %s for %s",
			json_array_size(json_object_get(made, "by"))
				? names(pool, json_object_get(made, "by"))
				: "nothing",
			json_object_get(made, "aggs") ? names(pool, json_object_get(made, "aggs"))
										  : agr_json_str(made, "as", ""));
	if (strcmp(name, "http_request") == 0)
		return agr_plan_printf(pool, "fetches %s", agr_json_str(made, "url", ""));
	if (strcmp(name, "extract") == 0)
		return agr_plan_printf(
			pool, "takes the rows in %s", agr_json_str(made, "path", ""));
	if (strcmp(name, "distinct") == 0)
		return "keeps the first of equal rows";
	return strcmp(name, "count") == 0 ? "counts the rows" : "gives all rows";
}

const char *agr_plan_describe(plan_pool *pool, const json_t *steps)
{
	const char *out = "";

	for (size_t i = 0; i < json_array_size(steps); i++)
		out = agr_plan_printf(pool, "%s%s%s", out, i ? "; " : "",
			describe_step(pool, json_array_get(steps, i)));
	if (!*out)
		return out;
	return agr_plan_printf(
		pool, "%c%s.", *out >= 'a' && *out <= 'z' ? *out - 32 : *out, out + 1);
}
