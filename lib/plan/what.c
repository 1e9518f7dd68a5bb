/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* What a question is about: "the 10 cheapest Delta flights", "airline and price
 * of flights", "average price", "unique airlines". */
#include <string.h>

#include "plan/query.h"

#define LIST_PART ", and|,|and"
#define PLAN_SIZE_WORDS "highest|largest|biggest|greatest|lowest|smallest"

void agr_plan_add_sort(plan_query *q, const char *path, bool descending)
{
	plan_pool *pool = q->ps->pool;
	json_t *key = agr_plan_object(pool);

	agr_plan_put(pool, key, "field", agr_plan_str(pool, path));
	agr_plan_put(pool, key, "order", agr_plan_str(pool, descending ? "desc" : "asc"));
	agr_plan_push(pool, q->sorts, key);
	q->undirected = false;
}

plan_outcome agr_plan_take_limit(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	plan_limit kind = PLAN_LIMIT_FIRST;
	json_int_t k;

	if (q->limit != PLAN_LIMIT_NONE)
		return PLAN_NO;
	if (agr_plan_take(ps, "top"))
		kind = PLAN_LIMIT_TOP;
	else
		agr_plan_take(ps, "first");
	if (!agr_plan_take_count(ps, 1, &k)) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	q->limit = kind;
	q->k = k;
	return PLAN_YES;
}

/* "largest 4 cities by area": what is measured comes behind the rows. */
static bool measured_behind(plan_parser *ps)
{
	size_t n = agr_plan_at(ps, 0)->number ? 1 : 0;

	return agr_plan_at(ps, n)->kind == PLAN_WORD &&
		!agr_plan_is_reserved(agr_plan_at(ps, n)->low) && agr_plan_ahead(ps, n + 1, "by");
}

static plan_outcome generic_superlative(plan_query *q, const plan_field **value)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	bool descending =
		agr_plan_take(ps, "highest|largest|biggest|greatest|most|maximum|max");
	const plan_field *field;
	plan_outcome r;

	if (!descending && !agr_plan_take(ps, "lowest|smallest|least|fewest|minimum|min"))
		return PLAN_NO;
	if (agr_plan_in_list(ps->words->list[start].low, PLAN_SIZE_WORDS) &&
		measured_behind(ps)) {
		q->extreme = descending ? 1 : -1;
		return PLAN_YES;
	}
	r = agr_plan_take_field(ps, false, &field);
	if (r == PLAN_YES && field->types != PLAN_NUM)
		r = agr_plan_refuse(ps, "%s does not hold numbers only, so none is the %s.",
			field->path, descending ? "highest" : "lowest");
	if (r != PLAN_YES) {
		agr_plan_rewind(ps, start);
		return r;
	}
	agr_plan_add_sort(q, field->path, descending);
	*value = field;
	return PLAN_YES;
}

plan_outcome agr_plan_take_superlative(plan_query *q, const plan_field **value)
{
	plan_parser *ps = q->ps;

	*value = NULL;
	for (const plan_superlative *s = agr_plan_superlatives; s->words; s++) {
		size_t n = agr_plan_ahead(ps, 0, s->words);
		const char *said = agr_plan_words_text(ps->words, ps->pool, ps->pos, ps->pos + n);
		bool descending = s->descending;
		const plan_field *field, *other;
		plan_outcome r;

		if (!n)
			continue;
		r = agr_plan_class_field(ps, s->which, said, &field);
		if (s->which == PLAN_CLASS_DURATION &&
			agr_plan_in_list(agr_plan_at(ps, 0)->low, "fastest|quickest|slowest")) {
			plan_outcome speed = agr_plan_class_field(ps, PLAN_CLASS_SPEED, said, &other);

			if (speed == PLAN_YES && r == PLAN_YES)
				return agr_plan_refuse(
					ps, "\"%s\" could mean %s or %s.", said, field->path, other->path);
			if (speed == PLAN_YES) {
				r = speed;
				field = other;
				descending = !descending;
			}
		}
		if (s->which == PLAN_CLASS_DATE &&
			agr_plan_in_list(agr_plan_at(ps, 0)->low, "oldest|newest") &&
			agr_plan_class_field(ps, PLAN_CLASS_AGE, said, &other) != PLAN_NO)
			return agr_plan_refuse(ps, "It is not clear what \"%s\" means here.", said);
		if (r == PLAN_NO)
			return agr_plan_refuse(
				ps, "There is no field that tells which is the %s.", said);
		if (r != PLAN_YES)
			return r;
		agr_plan_use(ps, n);
		agr_plan_add_sort(q, field->path, descending);
		return PLAN_YES;
	}
	return generic_superlative(q, value);
}

/* A row is no X when several rows share one X ("customers" in a list of orders). */
static bool shared_by_rows(plan_query *q, const char *singular)
{
	const plan_facts *facts = q->ps->facts;
	size_t n = strlen(singular);

	for (size_t i = 0; i < facts->n; i++) {
		const plan_field *field = &facts->fields[i];

		if (field->repeats && strncmp(field->parts, singular, n) == 0 &&
			field->parts[n] == ' ' &&
			agr_plan_in_list(
				field->parts + n + 1, "id|name|code|key|no|number|title|email"))
			return true;
	}
	return false;
}

/* Is it the stem of a value in a column of few values? "refunds", "refunded". */
static bool hints_at_value(plan_query *q, const char *singular)
{
	const plan_facts *facts = q->ps->facts;
	size_t n = strlen(singular);

	for (size_t i = 0; i < facts->n; i++)
		for (size_t k = 0; facts->fields[i].repeats && k < facts->fields[i].n_values;
			 k++) {
			const char *value = facts->fields[i].values[k].text;
			size_t same = 0;

			if (strchr(value, ' '))
				continue;
			while (same < n && agr_to_lower(value[same]) == singular[same])
				same++;
			if (same == n || (same >= 5 && strlen(value) <= n + 4))
				return true;
		}
	return false;
}

/* "the cheapest order", not "order by". */
static bool is_noun_order(plan_parser *ps)
{
	return agr_plan_ahead(ps, 0, "order") && !agr_plan_ahead(ps, 1, "by|them|it|the");
}

/* The name of the rows: a general word, or once a noun that nothing contradicts. */
bool agr_plan_take_subject(plan_query *q)
{
	plan_parser *ps = q->ps;
	const plan_word *word = agr_plan_at(ps, 0);
	bool plural = agr_plan_is_plural(word->low);
	const plan_field *field;
	const char *singular;
	size_t n;

	if (q->subject || word->kind != PLAN_WORD)
		return false;
	if (agr_plan_in_list(word->low, PLAN_ROW_NOUNS)) {
		q->general = true;
		q->singular = agr_plan_in_list(
			word->low, "row|record|item|result|entry|object|line|one|element");
	} else {
		if ((agr_plan_is_reserved(word->low) && !is_noun_order(ps)) || word->number ||
			agr_plan_hides_condition(word->low) || strlen(word->low) < 3)
			return false;
		for (const char *p = word->low; *p; p++)
			if (!agr_is_alpha(*p))
				return false;
		singular = agr_plan_singular(ps->pool, word->low);
		if (agr_plan_hides_condition(singular) ||
			agr_plan_field_at(ps, 0, false, &field, &n) != PLAN_NO ||
			shared_by_rows(q, singular) || hints_at_value(q, singular))
			return false;
		/* One is enough only where one was asked for. */
		if (!plural && q->k > 1)
			return false;
		if (!plural && !json_array_size(q->sorts) && !q->extreme &&
			!agr_plan_ahead(ps, 1,
				"with the most|with the highest|with the lowest|"
				"with the largest|with the fewest|with the smallest"))
			return false;
		q->singular = !plural;
	}
	agr_plan_use(ps, 1);
	q->subject = true;
	return true;
}

int agr_plan_take_fields(plan_query *q, json_t *paths, const plan_field **only)
{
	plan_parser *ps = q->ps;
	int n = 0;

	for (;;) {
		const plan_field *field;
		size_t start = ps->pos;
		plan_outcome r;

		if (n && !agr_plan_take(ps, LIST_PART))
			return n;
		agr_plan_skip(ps, "then");
		r = agr_plan_take_field(ps, true, &field);
		if (r == PLAN_REFUSED)
			return PLAN_REFUSED;
		if (r == PLAN_YES && agr_plan_comparison_ahead(ps, 0) &&
			!agr_plan_ahead(ps, 0, "are there|is there|were there")) {
			agr_plan_rewind(ps, start);
			return n ? agr_plan_refuse(ps,
						   "It is not clear whether %s is asked for or compared; say "
						   "\"where\" before a condition.",
						   field->path)
					 : 0;
		}
		if (r == PLAN_NO) {
			agr_plan_rewind(ps, start);
			return n;
		}
		agr_plan_push(ps->pool, paths, agr_plan_str(ps->pool, field->path));
		if (only)
			*only = field;
		n++;
	}
}

static plan_outcome add_condition(plan_query *q, const plan_condition *condition)
{
	agr_plan_push(q->ps->pool, q->conditions, condition->json);
	q->last_field = condition->field;
	q->last_negated = condition->negated;
	return PLAN_YES;
}

/* Adjectives, then the name of the rows. */
static plan_outcome take_rows(plan_query *q)
{
	plan_parser *ps = q->ps;

	for (;;) {
		plan_condition condition = { NULL, NULL, false };
		size_t start = ps->pos;
		plan_outcome r;

		if (agr_plan_take_subject(q))
			return PLAN_YES;
		r = agr_plan_ahead(ps, 0, "not|non") || agr_plan_at(ps, 0)->kind != PLAN_WORD
			? PLAN_NO
			: agr_plan_adjective(ps, &condition);
		if (r != PLAN_YES)
			return r;
		if (ps->pos == start)
			return PLAN_NO;
		add_condition(q, &condition);
	}
}

static plan_outcome take_distinct(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	json_t *paths = agr_plan_array(ps->pool);
	int n;

	if (!agr_plan_take(ps, "unique|distinct|different"))
		return PLAN_NO;
	agr_plan_take(ps, "values of|values for|values in");
	n = agr_plan_take_fields(q, paths, NULL);
	if (n < 0)
		return PLAN_REFUSED;
	if (n > 0) {
		agr_plan_take(ps, "values");
		q->distinct = paths;
	} else if (agr_plan_take_subject(q)) {
		q->distinct_rows = true;
	} else {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	q->explicit_step = true;
	return PLAN_YES;
}

/* "show airlines" of rows that share them: each once, or one a row? */
static bool unclear_whether_distinct(plan_query *q, const plan_field *only, int n)
{
	const plan_word *word = &q->ps->words->list[q->ps->pos - 1];

	return n == 1 && (only->repeats || (only->types & PLAN_TYPE(AGR_TYPE_OBJECT))) &&
		only->types != PLAN_NUM && agr_plan_is_plural(word->low) &&
		!agr_plan_is_plural(only->last) && !agr_plan_ahead(q->ps, 0, "of|for");
}

/* "airline and price of flights": fields, and what they are fields of. */
static plan_outcome take_projection(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	json_t *paths = agr_plan_array(ps->pool);
	const plan_field *only = NULL;
	plan_outcome r;
	int n;

	agr_plan_skip(ps, "the|all|every");
	agr_plan_take(ps, "columns|fields|column|field");
	if (!ps->facts->known && agr_plan_at(ps, 1)->kind == PLAN_WORD &&
		!agr_plan_ahead(ps, 1, "and|of|for|from"))
		n = 0;
	else
		n = agr_plan_take_fields(q, paths, &only);
	if (n < 0)
		return PLAN_REFUSED;
	if (n == 0 || (!ps->facts->known && n == 1)) {
		agr_plan_rewind(ps, start);
		return PLAN_NO;
	}
	if (n == 1) {
		r = agr_plan_rank_groups(q, only);
		if (r != PLAN_NO) {
			q->singular = !agr_plan_is_plural(ps->words->list[start].low) &&
				!agr_plan_is_plural(agr_plan_at(ps, 0)->low);
			return r;
		}
	}
	if (n == 1 && !q->asked && agr_plan_is_reserved(ps->words->list[start].low) &&
		agr_plan_in_list(ps->words->list[start].low, "to|from|in|on|at|by|of|for|with"))
		return agr_plan_refuse(ps, "It is not clear whether the field %s is wanted.",
			only->path);
	if (n == 1 && agr_plan_in_list(only->parts, "total|sum|count|average|number"))
		return agr_plan_refuse(ps,
			"It is not clear whether the field %s is wanted or a %s to "
			"be computed.",
			only->path, only->path);
	if (unclear_whether_distinct(q, only, n))
		return agr_plan_refuse(ps,
			"Several rows share one %s: say \"unique %s\" for each "
			"once, or \"%s of each row\".",
			only->path, only->path, only->path);
	q->select = paths;
	q->explicit_step = true;
	if (agr_plan_take(ps,
			"of each|of every|for each|for every|of all|for all|of the|"
			"for the|of|for")) {
		agr_plan_skip(ps, "the");
		return agr_plan_what(q);
	}
	return PLAN_YES;
}

static plan_outcome take_head_value(plan_query *q, const plan_field *value)
{
	plan_parser *ps = q->ps;
	size_t before = ps->pos;

	/* "the lowest price" is a value; "the lowest price flight" is a row. */
	if (take_rows(q) == PLAN_YES && q->subject)
		return PLAN_YES;
	if (ps->reason)
		return PLAN_REFUSED;
	if (ps->pos != before)
		return agr_plan_refuse(ps, "It is not clear what the %s is of.", value->path);
	q->select = agr_plan_array(ps->pool);
	agr_plan_push(ps->pool, q->select, agr_plan_str(ps->pool, value->path));
	if (q->limit == PLAN_LIMIT_NONE) {
		q->limit = PLAN_LIMIT_FIRST;
		q->k = 1;
	}
	if (agr_plan_take(ps, "of|for|among")) {
		agr_plan_skip(ps, "all|the");
		return take_rows(q) == PLAN_REFUSED ? PLAN_REFUSED : PLAN_YES;
	}
	return PLAN_YES;
}

/* "average price of Delta flights". */
static plan_outcome take_aggregated_rows(plan_query *q)
{
	plan_parser *ps = q->ps;
	size_t start = ps->pos;
	plan_outcome r;

	if (!agr_plan_take(ps,
			"of all|for all|of the|for the|across all|over all|of|for|"
			"in|among"))
		return PLAN_YES;
	agr_plan_skip(ps, "the");
	r = take_rows(q);
	if (r == PLAN_NO && ps->pos <= start + 3 && !json_array_size(q->conditions))
		agr_plan_rewind(ps, start);
	return r == PLAN_REFUSED ? r : PLAN_YES;
}

/* "show me the cheapest", with nothing behind it, is one; of "what are the newest" there
 * are several. */
static bool stands_alone(const plan_parser *ps, size_t at)
{
	const plan_word *words = ps->words->list;

	return agr_plan_ended(ps) && at > 0 && agr_plan_in_list(words[at - 1].low, "the") &&
		!(at > 1 && agr_plan_in_list(words[at - 2].low, "are|were"));
}

plan_outcome agr_plan_what(plan_query *q)
{
	plan_parser *ps = q->ps;
	const plan_field *value = NULL;
	size_t start = ps->pos, rows;
	plan_outcome r;
	bool inner = q->select != NULL;

	agr_plan_skip(ps, PLAN_FILLER);
	if (agr_plan_ahead(ps, 0, "only|just") && !agr_plan_ahead(ps, 1, "the|if"))
		agr_plan_take(ps, "only|just");
	agr_plan_take(ps, "all of the|all the|all|every|only the|just the");
	r = inner ? PLAN_NO : agr_plan_take_aggregate(q);
	if (r == PLAN_YES)
		return take_aggregated_rows(q);
	if (r != PLAN_NO)
		return r;
	q->limit_of_rows = agr_plan_take_limit(q) == PLAN_YES;
	r = inner ? PLAN_NO : take_distinct(q);
	if (r != PLAN_NO)
		return r;
	rows = ps->pos;
	r = agr_plan_take_superlative(q, &value);
	if (r == PLAN_REFUSED)
		return r;
	if (r == PLAN_YES && !value && stands_alone(ps, rows))
		q->singular = true;
	if (r == PLAN_YES && agr_plan_take_limit(q) == PLAN_YES)
		q->limit_of_rows = true;
	if (r == PLAN_YES)
		q->explicit_step = true;
	if (value)
		return take_head_value(q, value);
	rows = ps->pos;
	r = take_rows(q);
	if (r == PLAN_YES || r == PLAN_REFUSED)
		return r;
	/* Adjectives may have been read already; fields come next only without. */
	if (ps->pos != rows || inner || json_array_size(q->sorts))
		return ps->pos > start ? PLAN_YES : PLAN_NO;
	r = take_projection(q);
	return r == PLAN_NO && ps->pos > start ? PLAN_YES : r;
}
