/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/query.h"

#include <string.h>

/* What may stand between the rows and a condition. */
#define INTRO \
	"where|with|having|that have|that has|which have|which has|who have|that are|that is|" \
	"which are|which is|who are|who is|that were|that was|whose|that|which|are|is|were"
#define LIGHT_INTRO "with the|with a|with an|having the|having a|having an"

typedef enum connector {
	CONN_NONE,
	CONN_AND,
	CONN_COMMA,
	CONN_OR,
	CONN_BUT,
	CONN_THEN
} connector;

static connector take_connector(plan_parser *ps)
{
	if (agr_plan_take(ps, ", and then|and then|, then|then|; then"))
		return CONN_THEN;
	if (agr_plan_take(ps, ", and|and"))
		return CONN_AND;
	if (agr_plan_take(ps, ", or|or"))
		return CONN_OR;
	if (agr_plan_take(ps, ", but|but"))
		return CONN_BUT;
	return agr_plan_take(ps, ",|;") ? CONN_COMMA : CONN_NONE;
}

static bool is_equality(const json_t *condition)
{
	return agr_plan_in_list(agr_json_str(condition, "op", ""), "==|in");
}

/* "to LAX and to SFO": no row is both, so that is not what was meant. */
static bool excludes_another(const json_t *conditions, const json_t *condition)
{
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *other = json_array_get(conditions, i);

		if (is_equality(other) && is_equality(condition) &&
			strcmp(agr_json_str(other, "field", ""),
				agr_json_str(condition, "field", "")) == 0)
			return true;
	}
	return false;
}

/* Join a condition to those before it. Where "and" and "or" meet, only people
 * who know each other know what is meant. */
static plan_outcome join(plan_query *q, connector how, const plan_condition *c)
{
	plan_parser *ps = q->ps;
	size_t n = json_array_size(q->conditions);

	if (q->closed)
		return agr_plan_refuse(ps, "It is not clear how far the exception reaches.");
	if (how == CONN_OR && (!n || q->last_negated || c->negated))
		return agr_plan_refuse(ps, "It is not clear what the \"or\" joins.");
	if (how == CONN_OR)
		q->any_or = true;
	else if (n)
		q->any_and = true;
	if (q->any_or && q->any_and)
		return agr_plan_refuse(ps,
			"\"and\" and \"or\" are mixed; put parentheses around what "
			"belongs together.");
	if (how != CONN_OR && excludes_another(q->conditions, c->json))
		return agr_plan_refuse(ps, "%s cannot be two values at once; say \"or\".",
			agr_json_str(c->json, "field", ""));
	agr_plan_push(ps->pool, q->conditions, c->json);
	q->last_field = c->field;
	q->last_negated = c->negated;
	return PLAN_YES;
}

static plan_outcome where_clause(plan_query *q, connector how)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	plan_condition c = { NULL, NULL, false };
	bool where = agr_plan_take(ps,
		"where|filter by|filter on|filter for|filter where|filter|"
		"for which|keep only|keep only the ones with|only where|"
		"keep where");
	plan_outcome r;

	if (where && !json_array_size(q->conditions)) {
		size_t before = ps->pos;

		agr_plan_skip(ps, "the|all");
		if (agr_plan_take_subject(q))
			agr_plan_take(ps, INTRO);
		else
			agr_plan_rewind(ps, before);
	}
	ps->no_bare_value = true;
	r = agr_plan_condition(ps, where, &c);
	ps->no_bare_value = how == CONN_OR;
	if (r == PLAN_NO && start > 0 && agr_plan_ahead(ps, 0, INTRO)) {
		bool plain = where || agr_plan_ahead(ps, 0, "with|having|whose");

		agr_plan_take(ps, INTRO);
		r = agr_plan_condition(ps, plain, &c);
		if (r == PLAN_NO) {
			agr_plan_rewind(ps, start);
			if (agr_plan_take(ps, LIGHT_INTRO))
				r = agr_plan_condition(ps, where, &c);
		}
	}
	ps->no_bare_value = false;
	if (r == PLAN_YES && where)
		q->explicit_step = true;
	/* In "where a = 1 and b = 2" the syntax stays explicit. */
	if (r == PLAN_YES)
		return join(q, how, &c);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

/* "where a < 1 and b = 2" without data: what follows "and" is explicit as well. */
static plan_outcome next_condition(plan_query *q, connector how)
{
	plan_parser *ps = q->ps;
	plan_condition c = { NULL, NULL, false };
	plan_outcome r;

	if (ps->facts->known || !json_array_size(q->conditions) ||
		(how != CONN_AND && how != CONN_OR))
		return PLAN_NO;
	r = agr_plan_condition(ps, true, &c);
	return r == PLAN_YES ? join(q, how, &c) : r;
}

static plan_outcome except_clause(plan_query *q, connector how)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	plan_condition c = { NULL, NULL, false };
	bool outer = ps->negative;
	plan_outcome r;

	if (!agr_plan_take(ps,
			"except for|except|excluding|other than|apart from|but not|"
			"exclude|leaving out|leave out|filter out|without those|"
			"without the ones|but without"))
		return PLAN_NO;
	agr_plan_take(ps, "all the ones|the ones|those|all those|any|all|ones|the");
	ps->negative = true;
	r = agr_plan_condition(ps, false, &c);
	if (r == PLAN_NO && agr_plan_take(ps, INTRO))
		r = agr_plan_condition(ps, false, &c);
	ps->negative = outer;
	/* "without stops": the words are a condition themselves. */
	if (r == PLAN_NO || (r == PLAN_YES && c.negated)) {
		agr_plan_rewind(ps, start);
		return r == PLAN_NO
			? r
			: agr_plan_refuse(ps, "An exception of an exception is too much.");
	}
	if (r == PLAN_REFUSED)
		return r;
	if (!agr_plan_take_subject(q))
		agr_plan_take(ps, "ones");
	c.json = agr_plan_negated(ps, c.json);
	c.negated = true;
	r = join(q, how == CONN_BUT ? CONN_AND : how, &c);
	q->closed = true;
	return r;
}

static int direction(plan_parser *ps)
{
	if (agr_plan_take(ps,
			"descending|desc|in descending order|highest first|"
			"high to low|from high to low|highest to lowest|"
			"from highest to lowest|largest first|most first|"
			"newest first|latest first|most recent first|biggest first|"
			"most expensive first|longest first|( descending )|"
			"in reverse order|descendingly|decreasing"))
		return 1;
	if (agr_plan_take(ps,
			"ascending|asc|in ascending order|lowest first|low to high|"
			"from low to high|lowest to highest|from lowest to highest|"
			"smallest first|oldest first|earliest first|cheapest first|"
			"shortest first|least first|alphabetically|"
			"in alphabetical order|increasing"))
		return 0;
	return -1;
}

static plan_outcome sort_key(plan_query *q, const char **path, bool *low_is_better)
{
	const plan_field *field;
	plan_outcome r;

	*low_is_better = false;
	if (q->group && q->n_aggs)
		return agr_plan_group_key(q, path);
	r = agr_plan_take_field(q->ps, true, &field);
	if (r != PLAN_YES)
		return r;
	*path = field->path;
	*low_is_better = agr_plan_in_class(field->parts, PLAN_CLASS_PRICE) ||
		agr_plan_in_class(field->parts, PLAN_CLASS_DURATION);
	return PLAN_YES;
}

/* Direction words that name what they order ("cheapest first") must fit. */
static plan_outcome take_sort_keys(plan_query *q)
{
	plan_parser *ps = q->ps;
	bool first = true;

	for (;;) {
		size_t start = ps->pos;
		const char *path;
		bool low_is_better;
		int way = -1;
		plan_outcome r;

		if (!first &&
			!agr_plan_take(ps,
				", then by|then by|and then by|, then|then|, and|,|and by|"
				"and"))
			return PLAN_YES;
		agr_plan_skip(ps, "the|by");
		r = sort_key(q, &path, &low_is_better);
		if (r != PLAN_YES) {
			if (r == PLAN_NO)
				agr_plan_rewind(ps, start);
			return r == PLAN_NO && !first ? PLAN_YES : r;
		}
		if (!first && agr_plan_comparison_ahead(ps, 0))
			return agr_plan_refuse(
				ps, "It is not clear whether %s is sorted by or compared.", path);
		agr_plan_skip(ps, ",");
		way = direction(ps);
		if (way < 0 && ps->pos > start && ps->marks[ps->pos - 1] == PLAN_IGNORED)
			agr_plan_rewind(ps, ps->pos - 1);
		agr_plan_add_sort(q, path, way == 1);
		q->undirected = way < 0;
		q->low_is_better = low_is_better;
		first = false;
	}
}

static plan_outcome flush(plan_query *q)
{
	if (q->select || q->group || q->n_aggs || q->count || q->distinct || q->distinct_rows)
		return agr_plan_refuse(q->ps, "It is not clear what comes after \"then\".");
	if (agr_plan_emit(q) != PLAN_YES)
		return PLAN_REFUSED;
	q->conditions = agr_plan_array(q->ps->pool);
	q->sorts = agr_plan_array(q->ps->pool);
	q->any_or = q->any_and = q->closed = q->last_negated = q->undirected = false;
	q->limit = PLAN_LIMIT_NONE;
	return PLAN_YES;
}

static plan_outcome sort_clause(plan_query *q, connector how)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool verb = agr_plan_take(ps,
		"sort by|order by|rank by|sort them by|order them by|"
		"sort it by|sort on|sort the results by|rank them by");
	plan_outcome r;

	if (!verb && agr_plan_ahead(ps, 0, "sort|order|rank")) {
		agr_plan_use(ps, 1);
		agr_plan_skip(ps, "the|all|all the");
		verb = (agr_plan_take_subject(q) || agr_plan_ahead(ps, 0, "by")) &&
			agr_plan_take(ps, "by");
	}
	if (!verb &&
		!agr_plan_take(ps, "sorted by|ordered by|ranked by|in order of|sorted on")) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	if (json_array_size(q->sorts) && !(how == CONN_THEN && verb && q->limit))
		return agr_plan_refuse(ps, "Two orders are asked for.");
	if (verb && q->limit && how != CONN_THEN && json_array_size(q->conditions) + q->k > 0)
		return agr_plan_refuse(ps,
			"It is not clear whether to sort before or after taking "
			"the first rows; say which comes first.");
	if (verb && q->limit && flush(q) != PLAN_YES)
		return PLAN_REFUSED;
	q->explicit_step = true;
	r = take_sort_keys(q);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

/* "descending" behind "sorted by price", or of groups with one result. */
static plan_outcome direction_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t n = json_array_size(q->sorts);
	bool groups = !n && q->group && q->n_aggs == 1;
	json_t *last;
	int way;

	if ((!groups && !(n && q->undirected)) || (way = direction(ps)) < 0)
		return PLAN_NO;
	if (groups) {
		agr_plan_add_sort(q, q->aggs[0].as, way);
		return PLAN_YES;
	}
	last = json_array_get(q->sorts, n - 1);
	agr_plan_put(ps->pool, last, "order", agr_plan_str(ps->pool, way ? "desc" : "asc"));
	q->undirected = false;
	return PLAN_YES;
}

/* "top 10 ... by revenue": the highest; of prices nobody knows. */
static plan_outcome top_by_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	const plan_field *field;
	plan_outcome r;
	int way;

	if (json_array_size(q->sorts) || q->limit != PLAN_LIMIT_TOP || !agr_plan_take(ps, "by"))
		return PLAN_NO;
	agr_plan_skip(ps, "the");
	r = agr_plan_take_field(ps, true, &field);
	if (r != PLAN_YES) {
		if (r == PLAN_NO)
			agr_plan_rewind(ps, start);
		return r;
	}
	way = direction(ps);
	if (way < 0 && (agr_plan_in_class(field->parts, PLAN_CLASS_PRICE) ||
		agr_plan_in_class(field->parts, PLAN_CLASS_DURATION) ||
		!agr_plan_is_number_field(field)))
		return agr_plan_refuse(ps, "It is not clear which end of %s is the top; say lowest "
			"or highest.", field->path);
	agr_plan_add_sort(q, field->path, way != 0);
	return PLAN_YES;
}

/* The "by area" of "the largest cities by area", or of "the longest by duration"
 * once more what they are sorted by. */
static plan_outcome measure_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos, n = json_array_size(q->sorts);
	const plan_field *field;
	plan_outcome r;

	if (!q->extreme && (n != 1 || !q->subject || q->group || q->undirected))
		return PLAN_NO;
	if (!agr_plan_take(ps, "by"))
		return PLAN_NO;
	r = agr_plan_take_field(ps, false, &field);
	if (r == PLAN_YES && q->extreme && field->types != PLAN_NUM)
		return agr_plan_refuse(ps, "%s does not hold numbers only.", field->path);
	if (r == PLAN_YES && q->extreme) {
		agr_plan_add_sort(q, field->path, q->extreme > 0);
		q->extreme = 0;
		return PLAN_YES;
	}
	if (r == PLAN_YES &&
		strcmp(agr_json_str(json_array_get(q->sorts, 0), "field", ""), field->path) == 0)
		return PLAN_YES;
	if (r != PLAN_REFUSED)
		agr_plan_rewind(ps, start);
	return r == PLAN_REFUSED ? r : PLAN_NO;
}

/* "cheapest first", "with the highest price". */
static plan_outcome superlative_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos, n = json_array_size(q->sorts);
	const plan_field *value;
	bool attached;
	plan_outcome r;

	if (n)
		return PLAN_NO;
	attached = agr_plan_take(ps, "with the|having the|has the|have the|that have the|"
		"that has the|is the|are the|which have the|which has the");
	if (!attached)
		agr_plan_take(ps, "by");
	r = agr_plan_take_superlative(q, &value);
	if (r == PLAN_REFUSED)
		return r;
	if (r == PLAN_YES && agr_plan_take(ps, "first"))
		return PLAN_YES;
	if (r == PLAN_YES && attached && q->select && !q->subject)
		return agr_plan_refuse(ps, "It is not clear whether the most of single rows is "
			"meant, or of all rows that share one; name the rows.");
	if (r == PLAN_YES && attached) {
		if (q->limit == PLAN_LIMIT_NONE && q->singular) {
			q->limit = PLAN_LIMIT_FIRST;
			q->k = 1;
		}
		return PLAN_YES;
	}
	json_array_clear(q->sorts);
	agr_plan_rewind(ps, start);
	return PLAN_NO;
}

static plan_outcome limit_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool verb = agr_plan_take(ps,
		"take only the|take only|take the|take|limit to|"
		"limit it to|limited to|limit|keep only the|keep only|"
		"keep the|keep|return only the|return the|show only the|"
		"show the|only the|only|just the|just|give me the|get the|"
		"return|show|get|and only the");
	bool first = agr_plan_ahead(ps, 0, "first|top") > 0;
	plan_outcome r = PLAN_NO;

	if (verb || first)
		r = agr_plan_take_limit(q);
	if (r != PLAN_YES) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	/* The top of rows that were sorted just now are the first of them. */
	if (verb || json_array_size(q->sorts))
		q->limit = PLAN_LIMIT_FIRST;
	if (!q->group && (q->n_aggs || q->count))
		q->limit_of_rows = true;
	q->explicit_step = true;
	agr_plan_take(ps, "of them|of those");
	if (!agr_plan_take_subject(q))
		agr_plan_take(ps, PLAN_ROW_NOUNS);
	return PLAN_YES;
}

static plan_outcome select_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	json_t *paths = agr_plan_array(ps->pool);
	int n;

	if (q->select ||
		!agr_plan_take(ps,
			"show only the|show only|select only|select|show just|"
			"show me only|show|return only|return|display only|display|"
			"keep only the|keep only|only the|only|just the|just|list|"
			"give me only|give me|include only|project|with only the|"
			"with only|keep|with just"))
		return PLAN_NO;
	agr_plan_skip(ps, PLAN_FILLER);
	agr_plan_take(ps, "columns|fields|column|field");
	n = agr_plan_take_fields(q, paths, NULL);
	if (n < 0)
		return PLAN_REFUSED;
	if (!n) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	agr_plan_take(ps, "columns|fields|column|field");
	q->select = paths;
	q->explicit_step = true;
	return PLAN_YES;
}

static plan_outcome source_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t n = agr_plan_ahead(ps, 0, "from|at|in|of|using|via");

	if (agr_plan_at(ps, n)->kind != PLAN_URL)
		return PLAN_NO;
	if (q->url)
		return agr_plan_refuse(ps, "Two addresses are given.");
	q->url = agr_plan_at(ps, n)->text;
	q->explicit_step = true;
	agr_plan_use(ps, n + 1);
	return PLAN_YES;
}

static plan_outcome group_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool any = q->n_aggs > 0;
	plan_outcome r = PLAN_NO;

	if ((any || q->count) && !q->subject &&
		agr_plan_take(ps, "for all|of all|for the|of the|for|of|among")) {
		if (agr_plan_take_subject(q))
			return PLAN_YES;
		agr_plan_rewind(ps, start);
	}
	if (!q->group && (any || q->count) && !q->distinct)
		r = agr_plan_take_group(q,
			"grouped by|group by|for each|for every|in each|of each|"
			"per|by|broken down by|and group by|group them by");
	else if (!q->group && agr_plan_ahead(ps, 0, "grouped by|group by"))
		r = agr_plan_take_group(q, "grouped by|group by");
	if (r == PLAN_YES && q->count) {
		q->count = false;
		agr_plan_add_agg(q, "count", NULL);
	}
	if (r != PLAN_NO || any || q->count)
		return r;
	if (!q->group && agr_plan_take(ps, "group")) {
		agr_plan_skip(ps, "the|all");
		if (agr_plan_take_subject(q))
			r = agr_plan_take_group(q, "by");
		if (r == PLAN_NO)
			agr_plan_rewind(ps, start);
		return r;
	}
	if (!q->group)
		return PLAN_NO;
	if (agr_plan_take(ps,
			"count them|count the rows|count rows|count|with counts|"
			"with the count|with count|and their count")) {
		agr_plan_add_agg(q, "count", NULL);
		agr_plan_take_subject(q);
		return PLAN_YES;
	}
	agr_plan_take(ps,
		"with the|with|compute the|compute|calculate the|calculate|"
		"show the|show");
	r = agr_plan_take_aggregate(q);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

static plan_outcome distinct_clause(plan_query *q)
{
	plan_parser *ps = q->ps;
	json_t *paths = agr_plan_array(ps->pool);
	int n = 0;

	if (q->distinct || q->distinct_rows)
		return PLAN_NO;
	if (!agr_plan_take(ps,
			"remove duplicates|remove the duplicates|drop duplicates|"
			"deduplicate|dedupe|without duplicates|"
			"remove duplicate rows|no duplicates"))
		return PLAN_NO;
	q->distinct_rows = true;
	q->explicit_step = true;
	agr_plan_take_subject(q);
	if (agr_plan_take(ps, "by|on"))
		n = agr_plan_take_fields(q, paths, NULL);
	if (n < 0)
		return PLAN_REFUSED;
	if (n > 0)
		q->distinct = paths;
	return PLAN_YES;
}

static plan_outcome count_clause(plan_query *q)
{
	plan_parser *ps = q->ps;

	if (q->count || q->n_aggs || q->group || q->select)
		return PLAN_NO;
	if (!agr_plan_take(ps,
			"count them|count the rows|count the results|count rows|"
			"how many are there|count"))
		return PLAN_NO;
	q->count = true;
	q->explicit_step = true;
	return PLAN_YES;
}

static plan_outcome clause(plan_query *q, connector how)
{
	plan_outcome r = source_clause(q);

	if (how == CONN_OR) /* joins conditions alone */
		return r != PLAN_NO
			? agr_plan_refuse(q->ps, "It is not clear what the \"or\" joins.")
			: (r = next_condition(q, how)) != PLAN_NO ? r
													  : where_clause(q, how);
	if (r == PLAN_NO)
		r = sort_clause(q, how);
	if (r == PLAN_NO)
		r = measure_clause(q);
	if (r == PLAN_NO)
		r = group_clause(q);
	if (r == PLAN_NO)
		r = direction_clause(q);
	if (r == PLAN_NO)
		r = top_by_clause(q);
	if (r == PLAN_NO)
		r = superlative_clause(q);
	if (r == PLAN_NO)
		r = distinct_clause(q);
	if (r == PLAN_NO)
		r = limit_clause(q);
	if (r == PLAN_NO)
		r = except_clause(q, how);
	if (r == PLAN_NO && !(q->limit && how == CONN_THEN))
		r = next_condition(q, how);
	if (r == PLAN_NO && !(q->limit && how == CONN_THEN))
		r = where_clause(q, how);
	if (r == PLAN_NO)
		r = select_clause(q);
	if (r == PLAN_NO)
		r = count_clause(q);
	return r;
}

static void end_of_sentence(plan_parser *ps)
{
	if (ps->pos + 1 == ps->words->n)
		agr_plan_skip(ps, ".|?|!");
}

static void clauses(plan_query *q)
{
	plan_parser *ps = q->ps;

	while (!agr_plan_ended(ps) && !ps->reason && !ps->pool->failed) {
		size_t start = ps->pos;
		connector how;
		plan_outcome r;

		end_of_sentence(ps);
		agr_plan_skip(ps, "please");
		if (agr_plan_ended(ps))
			return;
		how = take_connector(ps);
		r = clause(q, how);
		if (r == PLAN_NO) {
			agr_plan_skip(ps, "the|please|me");
			if (ps->marks[ps->pos ? ps->pos - 1 : 0] == PLAN_IGNORED && ps->pos > start)
				r = clause(q, how);
		}
		if (r == PLAN_NO) { /* leave the word behind and go on, to name them all */
			agr_plan_rewind(ps, start);
			ps->lost++;
			ps->pos++;
		}
	}
}

/* "which airline has the most flights", "which flights are under $500". */
static plan_outcome which_head(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	const plan_field *field;
	const plan_word *noun;
	bool plural;
	plan_outcome r;

	if (!agr_plan_take(ps, "which|what"))
		return PLAN_NO;
	noun = agr_plan_at(ps, 0);
	plural = agr_plan_is_plural(noun->low);
	if (agr_plan_take_field(ps, false, &field) == PLAN_YES) {
		r = agr_plan_rank_groups(q, field);
		if (r == PLAN_YES && !plural) {
			q->limit = PLAN_LIMIT_FIRST;
			q->k = 1;
		}
		if (r == PLAN_NO)
			agr_plan_rewind(ps, start);
		return r;
	}
	ps->reason = NULL;
	agr_plan_rewind(ps, start);
	agr_plan_take(ps, "which|what");
	q->k = 1; /* a singular noun will do: "which flight has the most seats" */
	agr_plan_add_sort(q, "", false);
	r = agr_plan_take_subject(q) ? PLAN_YES : PLAN_NO;
	json_array_clear(q->sorts);
	q->k = 0;
	if (r == PLAN_YES && q->singular &&
		!agr_plan_ahead(ps, 0, "has the|had the|is the|with the|is|has"))
		r = PLAN_NO;
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

/* How many seats there are is a sum, not how many values differ. */
static bool names_number(const plan_query *q)
{
	const char *path = json_string_value(json_array_get(q->select, 0));

	for (size_t i = 0; i < q->ps->facts->n; i++)
		if (strcmp(q->ps->facts->fields[i].path, path) == 0)
			return q->ps->facts->fields[i].types != PLAN_STR;
	return true;
}

/* "how many", "count the number of": and whether each is to count once. */
static bool take_count_words(plan_parser *ps, bool *each)
{
	if (!agr_plan_take(ps, "how many|count|the number of|number of|count of|the count of"))
		return false;
	agr_plan_skip(ps, "the|all|all the");
	agr_plan_take(ps, "number of");
	*each = agr_plan_take(ps, "unique|distinct|different");
	return true;
}

/* What is counted: rows, or - of a field that names something - its values. */
static plan_outcome take_counted(plan_query *q, size_t start, bool *each)
{
	plan_parser *ps = q->ps;
	plan_outcome r = agr_plan_what(q);

	if (r == PLAN_REFUSED && strstr(ps->reason, "unique")) {
		ps->reason = NULL; /* to count airlines is to count each once */
		agr_plan_rewind(ps, start);
		take_count_words(ps, each);
		*each = true;
		return PLAN_NO;
	}
	if (r != PLAN_YES)
		return r;
	if (q->n_aggs || json_array_size(q->sorts) || q->limit || (q->select &&
		(json_array_size(q->select) > 1 || names_number(q))))
		return agr_plan_refuse(ps, "It is not clear what is to be counted.");
	q->distinct = q->select;
	q->select = NULL;
	return r;
}

/* "how many flights", "count the Delta flights", "number of airlines". */
static plan_outcome count_head(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	json_t *paths = agr_plan_array(ps->pool);
	bool each = false;
	int n;

	if (!take_count_words(ps, &each))
		return PLAN_NO;
	q->count = true;
	q->explicit_step = true;
	if (!each && take_counted(q, start, &each) == PLAN_REFUSED)
		return PLAN_REFUSED;
	if (each) {
		n = agr_plan_take_fields(q, paths, NULL);
		if (n < 0 || n > 1)
			return agr_plan_refuse(ps, "It is not clear what is to be counted.");
		if (n)
			q->distinct = paths;
		else
			q->distinct_rows = agr_plan_take_subject(q);
	}
	agr_plan_take(ps, "are there|there are|is there|do we have|exist|were there|in total");
	return PLAN_YES;
}

static void polite(plan_parser *ps)
{
	agr_plan_skip(ps,
		"please|can you|could you|would you|i want to|"
		"i want you to|i would like to|i'd like to|i need to|"
		"i want|i need|let me|hey|hi|hello|,");
}

static plan_outcome head(plan_query *q)
{
	plan_parser *ps = q->ps;
	plan_outcome r;
	size_t start;

	polite(ps);
	start = ps->pos;
	q->asked = agr_plan_take(ps,
		"show|list|get|fetch|find|give|display|return|print|"
		"retrieve|see|select|what is|what are|what's|what was|"
		"what were|pull|search for|look up|tell|load|read");
	agr_plan_skip(ps, PLAN_FILLER);
	r = count_head(q);
	if (r == PLAN_NO)
		r = which_head(q);
	if (r == PLAN_NO)
		r = source_clause(q);
	if (r == PLAN_NO)
		r = agr_plan_what(q);
	if (r == PLAN_NO && ps->pos > start && ps->pos < ps->words->n &&
		agr_plan_ahead(ps, 0, "only|just"))
		agr_plan_rewind(ps, start);
	return r;
}

/* One of many is asked for: "the cheapest flight". */
static void settle_singular(plan_query *q)
{
	if (q->limit == PLAN_LIMIT_NONE && q->singular && json_array_size(q->sorts) &&
		!q->group) {
		q->limit = PLAN_LIMIT_FIRST;
		q->k = 1;
	}
	if (q->limit == PLAN_LIMIT_NONE && q->singular && q->n_aggs &&
		json_array_size(q->sorts)) {
		q->limit = PLAN_LIMIT_FIRST;
		q->k = 1;
	}
}

json_t *agr_plan_query(plan_parser *ps)
{
	plan_query q = { .ps = ps };

	q.steps = agr_plan_array(ps->pool);
	q.conditions = agr_plan_array(ps->pool);
	q.sorts = agr_plan_array(ps->pool);
	if (head(&q) != PLAN_REFUSED) {
		q.any_and = json_array_size(q.conditions) > 1;
		settle_singular(&q);
		clauses(&q);
		settle_singular(&q);
	}
	if (ps->reason || ps->lost || ps->pool->failed)
		return NULL;
	if (!ps->facts->known && !q.url && (ps->facts->trouble || !q.explicit_step) &&
		!(ps->facts->empty && q.count && !q.group)) {
		agr_plan_refuse(ps, "%s",
			ps->facts->trouble ? ps->facts->trouble
							   : "Which data? Give rows as input, or an address to fetch "
								 "them from.");
		return NULL;
	}
	if (q.extreme) {
		agr_plan_refuse(ps, "Say by what field the rows are the most or the least.");
		return NULL;
	}
	if (ps->words->n == 1 && ps->words->list[0].number) {
		agr_plan_refuse(ps, "Say what is wanted of that number.");
		return NULL;
	}
	if (!q.asked && json_array_size(q.select) == 1 && ps->words->n <= 2) {
		agr_plan_refuse(ps, "Say what is wanted of that field.");
		return NULL;
	}
	if (agr_plan_emit(&q) != PLAN_YES)
		return NULL;
	return q.steps;
}
