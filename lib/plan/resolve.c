/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/resolve.h"

#include <stdlib.h>
#include <string.h>

#define PHRASE_MAX 4
#define VALUE_WORDS_MAX 6
#define NAMES_MAX 12

/* How well words name a field; a better one hides every worse one. */
enum rank {
	RANK_SAME, /* the whole name */
	RANK_SINGULAR,
	RANK_LAST, /* the last name of a path: name -> carrier.name */
	RANK_BASE, /* without its unit: duration -> duration_min */
	RANK_CLASS, /* another word for it: cost -> price */
	RANK_VERB, /* departing, departed -> departs */
	RANK_LETTER, /* one letter wrong */
	RANK_NONE
};

struct phrase {
	const char *parts, *singular;
	bool one_word;
};

bool agr_plan_is_number_field(const plan_field *field)
{
	return field->literal || field->types == PLAN_NUM;
}

static plan_class class_of(const char *parts)
{
	for (plan_class which = PLAN_CLASS_PRICE; which <= PLAN_CLASS_AGE; which++)
		if (!strchr(parts, ' ') && agr_plan_in_class(parts, which))
			return which;
	return PLAN_CLASS_NONE;
}

static bool same_verb(const char *a, const char *b)
{
	static const char *const tails[] = { "ing", "ed", "s", "es", "" };
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	for (size_t i = 0; n >= 4 && i < AGR_COUNT(tails); i++)
		for (size_t k = 0; k < AGR_COUNT(tails); k++)
			if (strcmp(a + n, tails[i]) == 0 && strcmp(b + n, tails[k]) == 0)
				return true;
	return false;
}

static enum rank rank_of(
	plan_parser *ps, const struct phrase *said, const plan_field *field)
{
	const char *singular = agr_plan_singular(ps->pool, field->parts);
	size_t base = agr_plan_base_len(field->parts);
	plan_class which;

	if (strcmp(said->parts, field->parts) == 0)
		return RANK_SAME;
	if (strcmp(said->singular, singular) == 0)
		return RANK_SINGULAR;
	if (field->nested &&
		strcmp(said->singular, agr_plan_singular(ps->pool, field->last)) == 0)
		return RANK_LAST;
	if (base &&
		((strlen(said->singular) == base &&
			 memcmp(said->singular, field->parts, base) == 0) ||
			(strlen(said->parts) == base &&
				memcmp(said->parts, field->parts, base) == 0)))
		return RANK_BASE;
	which = said->one_word ? class_of(said->singular) : PLAN_CLASS_NONE;
	if ((which == PLAN_CLASS_PRICE || which == PLAN_CLASS_RATING ||
			which == PLAN_CLASS_DURATION) &&
		agr_plan_in_class(field->parts, which) && !strchr(field->parts, ' ') &&
		field->types == PLAN_NUM)
		return RANK_CLASS;
	if (said->one_word && field->dates && same_verb(said->parts, field->parts))
		return RANK_VERB;
	if (said->one_word && strlen(said->parts) >= 4 && strlen(field->parts) >= 4 &&
		!agr_plan_is_reserved(said->parts) &&
		(agr_plan_one_letter_off(said->parts, field->parts) ||
			agr_plan_one_letter_off(said->singular, field->parts)))
		return RANK_LETTER;
	return RANK_NONE;
}

static plan_outcome ambiguous(
	plan_parser *ps, const char *said, const plan_field *const *found, size_t n)
{
	agr_buf names = AGR_BUF_INIT;

	for (size_t i = 0; i < n && i < NAMES_MAX; i++)
		agr_buf_printf(&names, "%s%s", i ? ", " : "", found[i]->path);
	agr_plan_refuse(
		ps, "\"%s\" could mean several fields: %s.", said, names.data ? names.data : "");
	agr_buf_free(&names);
	return PLAN_REFUSED;
}

/* Is the word a value in the data? Then it is no misspelt field. */
static bool is_value(const plan_parser *ps, const char *text)
{
	bool several;

	for (size_t i = 0; i < ps->facts->n; i++)
		if (agr_plan_field_value(&ps->facts->fields[i], text, &several))
			return true;
	return false;
}

static plan_outcome match_fields(plan_parser *ps, const struct phrase *said,
	const char *as_written, const plan_field **field)
{
	const plan_field *found[NAMES_MAX];
	enum rank best = RANK_NONE;
	size_t n = 0;

	for (size_t i = 0; i < ps->facts->n; i++) {
		const plan_field *candidate = &ps->facts->fields[i];
		enum rank rank = rank_of(ps, said, candidate);

		if (rank < best) {
			best = rank;
			n = 0;
		}
		if (rank == best && rank != RANK_NONE && n < NAMES_MAX)
			found[n++] = candidate;
	}
	if (!n || (best == RANK_LETTER && is_value(ps, as_written)))
		return PLAN_NO;
	if (n > 1) { /* of names that differ in case only, the one as written */
		for (size_t i = 0; i < n; i++)
			if (strcmp(found[i]->path, as_written) == 0) {
				*field = found[i];
				return PLAN_YES;
			}
		return ambiguous(ps, as_written, found, n);
	}
	*field = found[0];
	return PLAN_YES;
}

/* "total > 5": a word of the grammar that is a field here, as it is compared. */
static bool is_named_like_grammar(const plan_parser *ps, size_t ahead)
{
	return agr_plan_ahead(
			   ps, ahead, "total|count|number|average|year|month|day|rank|order|sum") &&
		agr_plan_ahead(ps, ahead + 1,
			"<|>|<=|>=|=|==|!=|is|under|over|desc|descending|asc|"
			"ascending");
}

static plan_outcome literal_field(
	plan_parser *ps, size_t ahead, const plan_field **field, size_t *words)
{
	const plan_word *word = agr_plan_at(ps, ahead);
	plan_field *made;

	if (word->number || (word->kind != PLAN_WORD && word->kind != PLAN_QUOTED) ||
		(word->kind == PLAN_WORD && agr_plan_is_reserved(word->low) &&
			!is_named_like_grammar(ps, ahead)) ||
		!*word->text)
		return PLAN_NO;
	made = agr_plan_alloc(ps->pool, sizeof(*made));
	if (!made)
		return PLAN_NO;
	*made = (plan_field){ .path = word->text,
		.parts = agr_plan_parts(ps->pool, word->text),
		.last = word->low,
		.literal = true };
	*field = made;
	*words = 1;
	return PLAN_YES;
}

plan_outcome agr_plan_field_at(
	plan_parser *ps, size_t ahead, bool literal, const plan_field **field, size_t *words)
{
	size_t longest = 0;

	if (!ps->facts->known)
		return literal ? literal_field(ps, ahead, field, words) : PLAN_NO;
	while (longest < PHRASE_MAX &&
		(agr_plan_at(ps, ahead + longest)->kind == PLAN_WORD ||
			agr_plan_at(ps, ahead + longest)->kind == PLAN_QUOTED))
		longest++;
	for (size_t n = longest; n > 0; n--) {
		const plan_word *first = agr_plan_at(ps, ahead);
		struct phrase said = { .one_word = n == 1 };
		const char *text = n == 1 ? first->text
								  : agr_plan_words_text(ps->words, ps->pool,
										ps->pos + ahead, ps->pos + ahead + n);
		plan_outcome r;

		said.parts = agr_plan_parts(ps->pool, text);
		if (!*said.parts)
			continue;
		said.singular = agr_plan_singular(ps->pool, said.parts);
		r = match_fields(ps, &said, text, field);
		*words = n;
		if (r != PLAN_NO)
			return r;
	}
	return PLAN_NO;
}

plan_outcome agr_plan_take_field(plan_parser *ps, bool literal, const plan_field **field)
{
	size_t start = ps->pos, n;
	plan_outcome r;

	r = agr_plan_field_at(ps, 0, literal, field, &n);
	if (r == PLAN_NO) {
		agr_plan_skip(ps, "the|a|an|their|its");
		r = agr_plan_field_at(ps, 0, literal, field, &n);
	}
	if (r == PLAN_YES)
		agr_plan_use(ps, n);
	else
		agr_plan_rewind(ps, start);
	return r;
}

plan_outcome agr_plan_class_field(
	plan_parser *ps, plan_class which, const char *said, const plan_field **field)
{
	const plan_field *found[NAMES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < ps->facts->n; i++) {
		const plan_field *candidate = &ps->facts->fields[i];
		bool fits = which == PLAN_CLASS_DATE
			? candidate->dates
			: candidate->types == PLAN_NUM && agr_plan_in_class(candidate->parts, which);

		if (fits && n < NAMES_MAX)
			found[n++] = candidate;
	}
	if (!n)
		return PLAN_NO;
	if (n > 1)
		return ambiguous(ps, said, found, n);
	*field = found[0];
	return PLAN_YES;
}

static plan_outcome value_among(
	plan_parser *ps, const char *text, const plan_field **field, const char **value)
{
	const plan_field *found[NAMES_MAX];
	size_t n = 0;
	bool several = false, two_cases = false;

	for (size_t i = 0; i < ps->facts->n; i++) {
		const plan_field *candidate = &ps->facts->fields[i];
		const char *hit;

		if (*field && candidate != *field)
			continue;
		hit = agr_plan_field_value(candidate, text, &several);
		if (!hit)
			continue;
		two_cases = two_cases || several;
		*value = hit;
		if (n < NAMES_MAX)
			found[n++] = candidate;
	}
	if (!n)
		return PLAN_NO;
	if (n > 1)
		return ambiguous(ps, text, found, n);
	if (two_cases)
		return agr_plan_refuse(
			ps, "\"%s\" is written in several ways in %s.", text, found[0]->path);
	*field = found[0];
	return PLAN_YES;
}

plan_outcome agr_plan_known_value(
	plan_parser *ps, const plan_field **field, const char **value, size_t *words)
{
	size_t left = ps->words->n - ps->pos;

	for (size_t n = left < VALUE_WORDS_MAX ? left : VALUE_WORDS_MAX; n > 0; n--) {
		const plan_word *first = agr_plan_at(ps, 0);
		const char *text = n == 1
			? first->text
			: agr_plan_words_text(ps->words, ps->pool, ps->pos, ps->pos + n);
		plan_outcome r;

		if (n == 1 && first->kind == PLAN_WORD && !*field &&
			agr_plan_is_reserved(first->low))
			continue;
		r = value_among(ps, text, field, value);
		*words = n;
		if (r != PLAN_NO)
			return r;
	}
	return PLAN_NO;
}

/* The unit that a field's name tells: duration_min, price_usd, share_pct. */
static plan_unit field_unit(const plan_field *field)
{
	static const struct {
		const char *words;
		plan_unit unit;
	} table[] = { { "min|mins|minutes", PLAN_UNIT_MINUTES },
		{ "s|sec|secs|seconds", PLAN_UNIT_SECONDS },
		{ "ms|milliseconds|millis", PLAN_UNIT_MS }, { "h|hours|hrs", PLAN_UNIT_HOURS },
		{ "days", PLAN_UNIT_DAYS }, { "usd|dollars", PLAN_UNIT_USD },
		{ "eur|euros", PLAN_UNIT_EUR }, { "gbp|pounds", PLAN_UNIT_GBP },
		{ "pct|percent|percentage", PLAN_UNIT_PERCENT } };
	const char *last = strrchr(field->parts, ' ');

	for (size_t i = 0; i < AGR_COUNT(table); i++)
		if (agr_plan_in_list(last ? last + 1 : field->parts, table[i].words))
			return table[i].unit;
	return PLAN_UNIT_NONE;
}

static bool holds_money(plan_parser *ps, const plan_field *field)
{
	static const char money[] =
		"price|cost|fare|amount|total|revenue|sales|fee|salary|pay|"
		"budget|balance|value|spend|spent|income|gross|net|charge|"
		"tax|discount|profit|margin|tip|wage|rent|bill|payment|"
		"credit|debit|subtotal|msrp|usd|turnover|bonus";
	size_t base = agr_plan_base_len(field->parts);
	const char *name = base ? agr_plan_text(ps->pool, field->parts, base) : field->parts;
	const char *last;

	name = agr_plan_singular(ps->pool, name);
	last = strrchr(name, ' ');
	return agr_plan_in_list(last ? last + 1 : name, money);
}

static bool has_currency_column(const plan_parser *ps)
{
	for (size_t i = 0; i < ps->facts->n; i++)
		if (strcmp(ps->facts->fields[i].last, "currency") == 0)
			return true;
	return false;
}

static plan_outcome convert_duration(plan_parser *ps, const plan_field *field,
	const plan_word *number, plan_unit unit, json_t **out)
{
	static const double ms[] = { [PLAN_UNIT_MS] = 1,
		[PLAN_UNIT_SECONDS] = 1000,
		[PLAN_UNIT_MINUTES] = 60000,
		[PLAN_UNIT_HOURS] = 3600000,
		[PLAN_UNIT_DAYS] = 86400000 };
	plan_unit to = field_unit(field);
	double value;

	if (to < PLAN_UNIT_MS || to > PLAN_UNIT_DAYS)
		return agr_plan_refuse(ps, "It is not known in which unit %s is.", field->path);
	if (to == unit) {
		*out = agr_plan_number(ps, number->number);
		return PLAN_YES;
	}
	value = agr_number_double((agr_span){ number->number, strlen(number->number) }) *
		ms[unit] / ms[to];
	if (value > 1e15 || value < -1e15 || value != (double)(json_int_t)value)
		return agr_plan_refuse(ps, "\"%s\" is no whole number in the unit of %s.",
			number->text, field->path);
	*out = agr_plan_int(ps->pool, (json_int_t)value);
	return PLAN_YES;
}

static plan_outcome refuse_unit(
	plan_parser *ps, const plan_field *field, const plan_word *number)
{
	return agr_plan_refuse(ps,
		"It is not clear what \"%s\" means for %s; give the number "
		"as it is written in the data.",
		number->text, field->path);
}

plan_outcome agr_plan_number_for(plan_parser *ps, const plan_field *field,
	const plan_word *number, plan_unit unit, json_t **out)
{
	bool money = unit >= PLAN_UNIT_USD && unit <= PLAN_UNIT_GBP;

	*out = NULL;
	if (!agr_plan_is_number_field(field))
		return agr_plan_refuse(ps,
			"%s does not hold numbers only, so \"%s\" cannot be "
			"compared with it.",
			field->path, number->text);
	if (unit >= PLAN_UNIT_MS && unit <= PLAN_UNIT_DAYS)
		return convert_duration(ps, field, number, unit, out);
	if (unit == PLAN_UNIT_M || (unit != PLAN_UNIT_NONE && field->literal && !money))
		return refuse_unit(ps, field, number);
	if (money &&
		(has_currency_column(ps) ||
			(field_unit(field) != PLAN_UNIT_NONE && field_unit(field) != unit) ||
			(!field->literal && !holds_money(ps, field))))
		return refuse_unit(ps, field, number);
	/* 20% may be 20 or 0.2; values above 1 in a column so named decide. */
	if (unit == PLAN_UNIT_PERCENT &&
		(field->most <= 1.0 ||
			(field_unit(field) != PLAN_UNIT_PERCENT &&
				!agr_plan_in_list(field->last,
					"rate|share|ratio|margin|discount|humidity|growth|"
					"utilization|completion|progress|occupancy|load|usage"))))
		return refuse_unit(ps, field, number);
	*out = agr_plan_number(ps, number->number);
	if (!*out && !ps->pool->failed)
		return agr_plan_refuse(ps, "The number \"%s\" is too large.", number->text);
	return PLAN_YES;
}

const char *agr_plan_field_names(plan_parser *ps)
{
	const char *names = "";

	for (size_t i = 0; i < ps->facts->n && i < NAMES_MAX; i++)
		names = agr_plan_printf(
			ps->pool, "%s%s%s", names, i ? ", " : "", ps->facts->fields[i].path);
	if (ps->facts->n > NAMES_MAX)
		names = agr_plan_printf(ps->pool, "%s, ...", names);
	return names;
}
