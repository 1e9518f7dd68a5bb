/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/filter.h"

#include <string.h>

#include "plan/dates.h"

#define COPULA "is|are|was|were|be|being|has|have|had"
#define COPULA_NOT "is not|are not|was not|were not|isn't|aren't|wasn't|weren't"
#define NESTING_MAX 8

struct comparison {
	const char *words, *op;
};

/* The longest wording wins. Dates read "after" and "since", numbers do not. */
static const struct comparison comparisons[] = {
	{ "<=|\xe2\x89\xa4|at most|no more than|not more than|up to|no greater than|"
	  "no higher than|"
	  "less than or equal to|not over|not above",
		"<=" },
	{ ">=|\xe2\x89\xa5|at least|no less than|no fewer than|not less than|not fewer than|"
	  "greater than or equal to|more than or equal to|not under|not below|no lower than",
		">=" },
	{ "<|less than|below|under|lower than|smaller than|fewer than", "<" },
	{ ">|more than|greater than|above|over|higher than|"
	  "larger than|bigger than|exceeding|exceeds",
		">" },
	{ "=|==|equal to|equals|equalling|exactly|:", "==" },
	{ "!=|<>|\xe2\x89\xa0|not equal to|other than|does not equal|doesn't equal", "!=" },
	{ "in|one of|any of|in any of|either", "in" },
	{ "not in|not one of|none of|not any of", "not_in" },
	{ "contains|containing|contain|includes|including|include", "contains" },
	{ "does not contain|doesn't contain|not containing|"
	  "do not contain|don't contain|does not include|"
	  "doesn't include|not including",
		"!contains" },
	{ "starts with|starting with|start with|begins with|"
	  "beginning with|begin with",
		"starts_with" },
	{ "ends with|ending with|end with|ending in|ends in", "ends_with" },
	{ "between", "between" },
	{ "not between", "!between" },
	{ "after|later than", "after" },
	{ "before|earlier than|prior to", "before" },
	{ "since|starting", "since" },
	{ "from", "from" },
	{ "until|till|through", "until" },
	{ "on", "on" },
	{ "exists|is present|is set|is not null|is not missing|"
	  "are set|are present",
		"exists" },
	{ "is missing|is null|is not set|is not present|"
	  "does not exist|doesn't exist|are missing",
		"!exists" },
};

json_t *agr_plan_leaf(plan_parser *ps, const char *field, const char *op, json_t *value)
{
	json_t *leaf = agr_plan_object(ps->pool);

	agr_plan_put(ps->pool, leaf, "field", agr_plan_str(ps->pool, field));
	agr_plan_put(ps->pool, leaf, "op", agr_plan_str(ps->pool, op));
	agr_plan_put(ps->pool, leaf, "value", value);
	return leaf;
}

json_t *agr_plan_negated(plan_parser *ps, json_t *condition)
{
	static const char *const pairs[][2] = { { "==", "!=" }, { "in", "not_in" },
		{ "<", ">=" }, { ">", "<=" } };
	const char *op = agr_json_str(condition, "op", "");
	json_t * not ;

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		for (size_t k = 0; k < 2; k++)
			if (strcmp(op, pairs[i][k]) == 0)
				return agr_plan_leaf(ps, agr_json_str(condition, "field", ""),
					pairs[i][1 - k], json_object_get(condition, "value"));
	not = agr_plan_object(ps->pool);
	agr_plan_put(ps->pool, not, "not", condition);
	return not ;
}

static const char *comparison_at(const plan_parser *ps, size_t ahead, size_t *words)
{
	const char *op = NULL;

	*words = 0;
	for (size_t i = 0; i < AGR_COUNT(comparisons); i++) {
		size_t n = agr_plan_ahead(ps, ahead, comparisons[i].words);

		if (n > *words) {
			*words = n;
			op = comparisons[i].op;
		}
	}
	return op;
}

bool agr_plan_comparison_ahead(const plan_parser *ps, size_t ahead)
{
	size_t n;
	const char *op;

	if (agr_plan_ahead(ps, ahead, COPULA "|isn't|aren't|not"))
		return true;
	op = comparison_at(ps, ahead, &n);
	/* "price from URL", "price in Delta flights": no comparison of the price. */
	return op && !agr_plan_in_list(op, "in|since|from|on|until");
}

static bool is_text_field(const plan_field *field)
{
	return field->literal || field->types == PLAN_STR;
}

static bool is_bool_field(const plan_field *field)
{
	return field->types && !(field->types & ~PLAN_BOOL);
}

/* Values of a preposition's field must look like those in the data: "to LAX" is
 * a value where all are three capitals, "to anywhere" is none. */
static bool looks_alike(const plan_field *field, const char *text)
{
	size_t n = strlen(text);

	if (!field->n_values)
		return false;
	for (size_t i = 0; i < field->n_values; i++) {
		const char *value = field->values[i].text;
		bool upper = value[0] >= 'A' && value[0] <= 'Z';

		if (!upper || !(text[0] >= 'A' && text[0] <= 'Z'))
			return false;
		if (strlen(value) != n && n <= 4)
			return false;
		if ((n > 1 && value[1] >= 'A' && value[1] <= 'Z') !=
			(n > 1 && text[1] >= 'A' && text[1] <= 'Z'))
			return false;
	}
	return true;
}

/* "JFK": letters that are all capitals. */
static bool is_code(const plan_word *word)
{
	for (const char *p = word->text; *p; p++)
		if (*p < 'A' || *p > 'Z')
			return false;
	return word->kind == PLAN_WORD && strlen(word->text) > 1;
}

static plan_outcome refuse_type(
	plan_parser *ps, const plan_field *field, const char *text)
{
	return agr_plan_refuse(ps, "\"%s\" is no value for %s, which holds %s.", text,
		field->path,
		field->types == PLAN_NUM	   ? "numbers"
			: is_bool_field(field)	   ? "true or false"
			: field->types == PLAN_STR ? "text"
									   : "other values");
}

static plan_outcome number_value(plan_parser *ps, const plan_field *field, json_t **out)
{
	const plan_word *word = agr_plan_at(ps, 0);
	size_t n;
	plan_unit unit = agr_plan_unit_at(ps, 0, &n);
	plan_outcome r;

	if (field->types == PLAN_STR && unit == PLAN_UNIT_NONE && !word->spelled) {
		*out = agr_plan_str(ps->pool, word->text);
		agr_plan_use(ps, 1);
		return PLAN_YES;
	}
	if (is_bool_field(field))
		return refuse_type(ps, field, word->text);
	r = agr_plan_number_for(ps, field, word, unit, out);
	if (r == PLAN_YES)
		agr_plan_use(ps, n);
	return r;
}

static plan_outcome bool_value(plan_parser *ps, const plan_field *field, json_t **out)
{
	bool yes = agr_plan_ahead(ps, 0, "true|yes") > 0;

	if (!yes && !agr_plan_ahead(ps, 0, "false|no"))
		return PLAN_NO;
	if (!field->literal && !is_bool_field(field))
		return PLAN_NO;
	*out = agr_plan_own(ps->pool, json_boolean(yes));
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

/* A word that was not seen in the data, where the field was named. */
static plan_outcome unseen_value(plan_parser *ps, const plan_field *field, json_t **out)
{
	const plan_word *word = agr_plan_at(ps, 0);
	const plan_field *other;
	size_t n;

	if (word->kind == PLAN_WORD &&
		(agr_plan_is_reserved(word->low) || agr_plan_comparison_ahead(ps, 1)))
		return PLAN_NO;
	if (word->kind != PLAN_WORD && word->kind != PLAN_QUOTED && word->kind != PLAN_URL)
		return PLAN_NO;
	if (word->kind == PLAN_WORD && ps->facts->known) {
		plan_outcome r = agr_plan_field_at(ps, 0, false, &other, &n);

		if (r != PLAN_NO)
			return PLAN_NO;
	}
	if (!is_text_field(field))
		return refuse_type(ps, field, word->text);
	if (field->dates)
		return refuse_type(ps, field, word->text);
	*out = agr_plan_str(ps->pool, word->text);
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

/* One value of `field`; `seen` means: only one that the data shows. */
static plan_outcome take_value(
	plan_parser *ps, const plan_field *field, bool seen, json_t **out)
{
	const plan_field *of = field;
	const plan_word *word = agr_plan_at(ps, 0);
	const char *text;
	size_t n;
	plan_outcome r;

	if (word->kind == PLAN_QUOTED && is_text_field(field)) {
		bool several;

		text = agr_plan_field_value(field, word->text, &several);
		*out = agr_plan_str(ps->pool, text && !several ? text : word->text);
		agr_plan_use(ps, 1);
		return PLAN_YES;
	}
	r = field->literal ? PLAN_NO : agr_plan_known_value(ps, &of, &text, &n);
	if (r == PLAN_YES) {
		*out = agr_plan_str(ps->pool, text);
		agr_plan_use(ps, n);
	}
	if (r != PLAN_NO)
		return r;
	if (word->number && seen && field->types == PLAN_STR)
		return PLAN_NO; /* "from 2025" is no airport */
	if (word->number)
		return number_value(ps, field, out);
	r = bool_value(ps, field, out);
	if (r != PLAN_NO || (seen && !(is_code(word) && looks_alike(field, word->text))))
		return r;
	return unseen_value(ps, field, out);
}

/* Text for contains and the like: quoted, or one word. */
static plan_outcome take_text(plan_parser *ps, const plan_field *field, json_t **out)
{
	const plan_word *word = agr_plan_at(ps, 0);

	if (!is_text_field(field) && field->types != PLAN_TYPE(AGR_TYPE_ARRAY))
		return agr_plan_refuse(ps, "%s holds no text to look into.", field->path);
	if (word->kind != PLAN_QUOTED && word->kind != PLAN_NUMBER &&
		(word->kind != PLAN_WORD || agr_plan_is_reserved(word->low)))
		return PLAN_NO;
	*out = agr_plan_str(ps->pool, word->text);
	agr_plan_use(ps, 1);
	return PLAN_YES;
}

/* More values behind `first`: ", B or C", and with `list` also ", B and C". */
static plan_outcome more_values(
	plan_parser *ps, const plan_field *field, json_t *values, bool list, bool any_and)
{
	size_t start = ps->pos, kept = json_array_size(values);
	bool closed = list;

	for (;;) {
		size_t before = ps->pos;
		bool or = agr_plan_take(ps, "or|, or");
		bool and = ! or &&any_and && agr_plan_take(ps, "and|, and");
		json_t *value = NULL;
		plan_outcome r;

		if (! or &&!and&&!agr_plan_take(ps, ","))
			break;
		r = take_value(ps, field, !list && ps->facts->known, &value);
		if (r == PLAN_REFUSED)
			return r;
		if (r == PLAN_NO) {
			agr_plan_rewind(ps, before);
			break;
		}
		agr_plan_push(ps->pool, values, value);
		closed = closed || or || and;
	}
	if (!closed) { /* commas alone may as well part two conditions */
		agr_plan_rewind(ps, start);
		while (json_array_size(values) > kept)
			json_array_remove(values, json_array_size(values) - 1);
	}
	return PLAN_YES;
}

static plan_outcome equals(
	plan_parser *ps, const plan_field *field, const char *op, bool seen, json_t **out)
{
	bool negative = strcmp(op, "!=") == 0 || strcmp(op, "not_in") == 0;
	bool list = strcmp(op, "in") == 0 || strcmp(op, "not_in") == 0;
	const char *close = !list	 ? NULL
		: agr_plan_take(ps, "(") ? ")"
		: agr_plan_take(ps, "[") ? "]"
								 : NULL;
	json_t *values = agr_plan_array(ps->pool), *value = NULL;
	plan_outcome r;

	if (field->types & ~(PLAN_STR | PLAN_NUM | PLAN_BOOL))
		return agr_plan_refuse(
			ps, "%s holds lists or objects; name a field inside.", field->path);
	r = take_value(ps, field, seen, &value);
	if (r != PLAN_YES)
		return r;
	agr_plan_push(ps->pool, values, value);
	r = more_values(ps, field, values, list, list || negative || ps->negative);
	if (r != PLAN_YES)
		return r;
	if (close && !agr_plan_take(ps, close))
		return agr_plan_refuse(ps, "A closing \"%s\" is missing.", close);
	if (json_array_size(values) > 1)
		*out = agr_plan_leaf(ps, field->path, negative ? "not_in" : "in", values);
	else
		*out = agr_plan_leaf(ps, field->path, negative ? "!=" : "==", value);
	return PLAN_YES;
}

/* "A and B", behind "between". */
static plan_outcome range(plan_parser *ps, const plan_field *field, json_t **out)
{
	json_t *both = agr_plan_array(ps->pool), *and = agr_plan_object(ps->pool);
	json_t *low = NULL, *high = NULL;
	const plan_word *from = agr_plan_at(ps, 0), *to;
	plan_unit unit, last;
	size_t n, m;

	if (!from->number)
		return PLAN_NO;
	unit = agr_plan_unit_at(ps, 0, &n);
	if (!agr_plan_ahead(ps, n, "and|to"))
		return PLAN_NO;
	to = agr_plan_at(ps, n + 1);
	if (!to->number)
		return PLAN_NO;
	last = agr_plan_unit_at(ps, n + 1, &m);
	unit = unit == PLAN_UNIT_NONE ? last : unit;
	last = last == PLAN_UNIT_NONE ? unit : last;
	if (agr_plan_number_for(ps, field, from, unit, &low) != PLAN_YES ||
		agr_plan_number_for(ps, field, to, last, &high) != PLAN_YES)
		return PLAN_REFUSED;
	if (json_number_value(low) > json_number_value(high))
		return agr_plan_refuse(
			ps, "Between %s and %s there is nothing.", from->text, to->text);
	agr_plan_use(ps, n + 1 + m);
	agr_plan_push(ps->pool, both, agr_plan_leaf(ps, field->path, ">=", low));
	agr_plan_push(ps->pool, both, agr_plan_leaf(ps, field->path, "<=", high));
	agr_plan_put(ps->pool, and, "and", both);
	*out = and;
	return PLAN_YES;
}

static plan_outcome date_range(plan_parser *ps, const plan_field *field, json_t **out)
{
	json_t *both = agr_plan_array(ps->pool), *and = agr_plan_object(ps->pool);
	json_t *low = NULL, *high = NULL;
	plan_date from, to;

	if (agr_plan_date_at(ps, 0, &from) != PLAN_YES ||
		!agr_plan_ahead(ps, from.words, "and|to") ||
		agr_plan_date_at(ps, from.words + 1, &to) != PLAN_YES)
		return PLAN_NO;
	if (strcmp(from.from, to.from) > 0)
		return agr_plan_refuse(ps, "%s is after %s.", from.from, to.from);
	if (agr_plan_date_condition(ps, field, ">=", &from, &low) != PLAN_YES ||
		agr_plan_date_condition(ps, field, "<=", &to, &high) != PLAN_YES)
		return PLAN_REFUSED;
	agr_plan_use(ps, from.words + 1 + to.words);
	agr_plan_push(ps->pool, both, low);
	agr_plan_push(ps->pool, both, high);
	agr_plan_put(ps->pool, and, "and", both);
	*out = and;
	return PLAN_YES;
}

static const char *date_op(const char *op)
{
	static const char *const pairs[][2] = { { "after", ">" }, { "before", "<" },
		{ "since", ">=" }, { "from", ">=" }, { "until", "<=" }, { "on", "==" },
		{ "in", "==" }, { "==", "==" }, { "!=", "!=" }, { "<", "<" }, { ">", ">" },
		{ "<=", "<=" }, { ">=", ">=" } };

	for (size_t i = 0; i < AGR_COUNT(pairs); i++)
		if (strcmp(op, pairs[i][0]) == 0)
			return pairs[i][1];
	return NULL;
}

/* "field OP" was read, and the place is behind it: what follows is compared. */
static plan_outcome compared(
	plan_parser *ps, const plan_field *field, const char *op, json_t **out)
{
	bool may_date = field->dates || field->literal;
	const plan_word *word = agr_plan_at(ps, 0);
	json_t *value = NULL;
	plan_date date;
	plan_outcome r;

	agr_plan_skip(ps, "the");
	if (strcmp(op, "between") == 0)
		return field->dates || (may_date && !word->number) ? date_range(ps, field, out)
														   : range(ps, field, out);
	if (may_date && date_op(op) && !(field->literal && word->kind == PLAN_NUMBER) &&
		agr_plan_date_at(ps, 0, &date) == PLAN_YES) {
		if (strcmp(op, "from") == 0 && strlen(date.from) < 10)
			return agr_plan_refuse(ps, "Say \"in\" or \"since\" %s.", date.from);
		r = agr_plan_date_condition(ps, field, date_op(op), &date, out);
		if (r == PLAN_YES)
			agr_plan_use(ps, date.words);
		return r;
	}
	if (agr_plan_in_list(op, "contains|starts_with|ends_with")) {
		r = take_text(ps, field, &value);
		if (r == PLAN_YES)
			*out = agr_plan_leaf(ps, field->path, op, value);
		return r;
	}
	if (agr_plan_in_list(op, "==|!=|in|not_in"))
		return equals(ps, field, op, false, out);
	if (!agr_plan_in_list(op, "<|>|<=|>="))
		return PLAN_NO;
	if (!word->number)
		return PLAN_NO;
	if (field->types & PLAN_STR)
		return agr_plan_refuse(ps,
			"%s holds text; \"%s\" cannot be compared with it as a "
			"number.",
			field->path, word->text);
	r = number_value(ps, field, &value);
	if (r == PLAN_YES)
		*out = agr_plan_leaf(ps, field->path, op, value);
	return r;
}

static json_t *existence(plan_parser *ps, const plan_field *field, bool negative)
{
	json_t *leaf =
		agr_plan_leaf(ps, field->path, "exists", agr_plan_own(ps->pool, json_true()));

	return negative ? agr_plan_negated(ps, leaf) : leaf;
}

/* "to LAX": a value right behind the field's name. */
static plan_outcome value_behind(
	plan_parser *ps, const plan_field *field, const plan_word *name, json_t **out)
{
	const plan_word *word = agr_plan_at(ps, 0);
	bool preposition = agr_plan_in_list(name->low, "to|from|by|in|on|at|for|of|with|via");
	bool number = word->number && field->types == PLAN_NUM && !preposition;

	if (preposition && word->kind == PLAN_WORD && is_text_field(field) &&
		!agr_plan_is_reserved(word->low) && looks_alike(field, word->text)) {
		const plan_field *of = field;
		const char *text;
		size_t n;

		if (agr_plan_known_value(ps, &of, &text, &n) == PLAN_NO)
			return equals(ps, field, "==", false, out);
	}
	if (!number && word->number && !preposition && field->types != PLAN_STR)
		return PLAN_NO;
	return equals(ps, field, "==", true, out);
}

/* How a field was named, and what came right behind it. */
struct said {
	const plan_word *name;
	bool copula, negative; /* "is", "is not" */
};

static plan_outcome behind_field(plan_parser *ps, const struct said *said, const char *op,
	size_t words, plan_condition *out)
{
	bool negative = said->negative, outer = ps->negative;
	plan_outcome r;

	ps->negative = outer || negative;
	if (op) {
		agr_plan_use(ps, words);
		if (*op == '!' && op[1] != '=') {
			negative = !negative;
			op++;
		}
		r = compared(ps, out->field, op, &out->json);
	} else if (said->copula || negative) {
		r = compared(ps, out->field, "==", &out->json);
	} else { /* of a field that nobody has seen, only a comparison is clear */
		r = out->field->literal ? PLAN_NO
								: value_behind(ps, out->field, said->name, &out->json);
	}
	ps->negative = outer;
	if (r == PLAN_YES && negative)
		out->json = agr_plan_negated(ps, out->json);
	return r;
}

static plan_outcome field_condition(
	plan_parser *ps, bool explicit_syntax, plan_condition *out)
{
	size_t start = ps->pos, n, words;
	struct said said = { .name = NULL };
	const plan_field *field;
	const char *op;
	bool negative;
	plan_outcome r;

	agr_plan_skip(ps, "the|a|an");
	said.name = agr_plan_at(ps, 0);
	r = agr_plan_field_at(ps, 0, explicit_syntax, &field, &n);
	if (r != PLAN_YES) {
		agr_plan_rewind(ps, start);
		return r;
	}
	agr_plan_use(ps, n);
	out->field = field;
	op = comparison_at(ps, 0, &words);
	if (op && strstr(op, "exists")) {
		agr_plan_use(ps, words);
		out->json = existence(ps, field, *op == '!');
		return PLAN_YES;
	}
	negative = agr_plan_take(ps, COPULA_NOT);
	said.copula = negative || agr_plan_take(ps, COPULA);
	op = comparison_at(ps, 0, &words);
	if (!op && agr_plan_take(ps, "not")) {
		negative = !negative;
		op = comparison_at(ps, 0, &words);
	}
	if (op && agr_plan_in_list(op, "since|from|on") && !field->dates) {
		op = NULL; /* "price from SFO": that is another condition */
		words = 0;
	}
	said.negative = negative;
	r = behind_field(ps, &said, op, words, out);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

/* Which field is meant by "under $500", "after 2025-03-01", "at least 2 stops"? */
static plan_outcome implied_field(plan_parser *ps, plan_class said, const char *op,
	size_t behind, const plan_field **field, size_t *words)
{
	const plan_word *word = agr_plan_at(ps, 0);
	plan_unit unit;
	plan_date date;
	size_t n = 1;
	plan_outcome r;

	*words = 0;
	if (said != PLAN_CLASS_NONE)
		return agr_plan_class_field(ps, said, word->text, field);
	if (!word->number || agr_plan_month(agr_plan_at(ps, 1)->low) ||
		agr_plan_in_list(op, "in|on|since|until|after|before"))
		return agr_plan_date_at(ps, 0, &date) == PLAN_YES
			? agr_plan_class_field(ps, PLAN_CLASS_DATE, word->text, field)
			: PLAN_NO;
	unit = agr_plan_unit_at(ps, 0, &n);
	r = agr_plan_field_at(ps, behind ? behind : n, false, field, words);
	if (r == PLAN_YES && agr_plan_is_number_field(*field) &&
		!agr_plan_comparison_ahead(ps, (behind ? behind : n) + *words))
		return r;
	*words = 0;
	if (unit >= PLAN_UNIT_USD && unit <= PLAN_UNIT_GBP)
		return agr_plan_class_field(ps, PLAN_CLASS_MONEY, word->text, field);
	if (unit >= PLAN_UNIT_MS && unit <= PLAN_UNIT_DAYS)
		return agr_plan_class_field(ps, PLAN_CLASS_DURATION, word->text, field);
	return PLAN_NO;
}

static plan_class class_said(plan_parser *ps)
{
	if (agr_plan_take(ps,
			"costing|priced|priced at|that cost|that costs|which cost|"
			"which costs"))
		return PLAN_CLASS_MONEY;
	if (agr_plan_take(ps, "lasting|that last|that take|that lasts"))
		return PLAN_CLASS_DURATION;
	return PLAN_CLASS_NONE;
}

/* Where the number of "between 2 and 3 stops" ends, so that the field can follow. */
static size_t behind_range(const plan_parser *ps)
{
	size_t n, m;

	if (!agr_plan_at(ps, 0)->number)
		return 0;
	agr_plan_unit_at(ps, 0, &n);
	if (!agr_plan_ahead(ps, n, "and") || !agr_plan_at(ps, n + 1)->number)
		return 0;
	agr_plan_unit_at(ps, n + 1, &m);
	return n + 1 + m;
}

static const struct {
	const char *words, *op;
	plan_class which;
} comparatives[] = { { "cheaper than|less expensive than", "<", PLAN_CLASS_MONEY },
	{ "more expensive than|pricier than", ">", PLAN_CLASS_MONEY },
	{ "shorter than|faster than", "<", PLAN_CLASS_DURATION },
	{ "longer than|slower than", ">", PLAN_CLASS_DURATION } };

static const char *implied_op(plan_parser *ps, plan_class *which)
{
	size_t words;
	const char *op;

	for (size_t i = 0; i < AGR_COUNT(comparatives); i++)
		if (agr_plan_take(ps, comparatives[i].words)) {
			*which = comparatives[i].which;
			return comparatives[i].op;
		}
	*which = class_said(ps);
	op = comparison_at(ps, 0, &words);
	agr_plan_use(ps, words);
	return op;
}

/* The comparison comes first: "under $500", "with at least 2 stops", "in March 2025". */
static plan_outcome implied_condition(plan_parser *ps, plan_condition *out)
{
	size_t start = ps->pos, n = 0;
	const plan_field *field = NULL;
	const plan_word *word;
	plan_class which;
	const char *op = implied_op(ps, &which);
	bool negative = false;
	plan_outcome r = PLAN_NO;

	if (op && *op == '!' && op[1] != '=') {
		negative = true;
		op++;
	}
	word = agr_plan_at(ps, 0);
	if (op && strcmp(op, "from") != 0 && (word->number || word->kind == PLAN_WORD) &&
		ps->facts->known) {
		r = implied_field(
			ps, which, op, strcmp(op, "between") == 0 ? behind_range(ps) : 0, &field, &n);
		if (r == PLAN_NO && word->number && !agr_plan_in_list(op, "in|on|since"))
			r = agr_plan_refuse(ps, "It is not clear which field \"%s\" is about.",
				agr_plan_words_text(ps->words, ps->pool, start, ps->pos + 1));
	}
	if (r == PLAN_YES)
		r = compared(ps, field, op, &out->json);
	if (r == PLAN_YES) {
		agr_plan_use(ps, n);
		out->field = field;
		if (negative)
			out->json = agr_plan_negated(ps, out->json);
	} else if (r == PLAN_NO) {
		agr_plan_rewind(ps, start);
	}
	return r;
}

/* "2 stops", "no stops", "without stops". */
static plan_outcome counted_condition(plan_parser *ps, plan_condition *out)
{
	size_t start = ps->pos, n;
	bool none = agr_plan_take(ps, "no|without|with no|without any|zero|with zero");
	const plan_word *word = agr_plan_at(ps, 0);
	const plan_field *field;
	json_t *value = NULL;
	plan_outcome r;

	if (!none && (!word->number || word->unit != PLAN_UNIT_NONE))
		return PLAN_NO;
	if (!none)
		agr_plan_use(ps, 1);
	r = agr_plan_field_at(ps, 0, false, &field, &n);
	if (r == PLAN_YES && none && is_bool_field(field)) {
		value = agr_plan_own(ps->pool, json_false());
	} else if (r == PLAN_YES && agr_plan_is_number_field(field) &&
		(!none || (field->integers && field->least == 0.0))) {
		value = none ? agr_plan_int(ps->pool, 0) : agr_plan_number(ps, word->number);
	} else if (r == PLAN_YES) {
		r = none ? agr_plan_refuse(
					   ps, "It is not clear what it means to have no %s.", field->path)
				 : PLAN_NO;
	}
	if (r != PLAN_YES || !value) {
		agr_plan_rewind(ps, start);
		return r == PLAN_YES ? PLAN_NO : r;
	}
	agr_plan_use(ps, n);
	out->field = field;
	out->json = agr_plan_leaf(ps, field->path, "==", value);
	return PLAN_YES;
}

plan_outcome agr_plan_adjective(plan_parser *ps, plan_condition *out)
{
	const plan_field *field = NULL, *named;
	const char *text;
	size_t n;
	plan_outcome r;

	if (agr_plan_at(ps, 0)->kind == PLAN_WORD &&
		!agr_plan_is_reserved(agr_plan_at(ps, 0)->low)) {
		r = agr_plan_field_at(ps, 0, false, &field, &n);
		if (r == PLAN_YES && is_bool_field(field)) {
			agr_plan_use(ps, n);
			out->field = field;
			out->json =
				agr_plan_leaf(ps, field->path, "==", agr_plan_own(ps->pool, json_true()));
			return PLAN_YES;
		}
		if (r != PLAN_NO)
			return PLAN_NO;
		field = NULL;
	}
	r = agr_plan_known_value(ps, &field, &text, &n);
	if (r != PLAN_YES)
		return r;
	out->field = field;
	r = equals(ps, field, "==", true, &out->json); /* "Delta", or "Delta or United" */
	if (r == PLAN_YES && agr_plan_field_at(ps, 0, false, &named, &n) == PLAN_YES &&
		named == field &&
		!agr_plan_in_list(agr_plan_at(ps, 0)->low, "to|from|by|in|on|at"))
		agr_plan_use(ps, n); /* "economy class" */
	return r;
}

/* "to LAX" where the field is called destination, "in economy", "by Delta". */
static plan_outcome preposition_condition(plan_parser *ps, plan_condition *out)
{
	static const char *const meant[][2] = { { "to", "destination|dest|arrival" },
		{ "from", "origin|source|departure" } };
	size_t start = ps->pos;
	const plan_word *word = agr_plan_at(ps, 0);
	const plan_field *field = NULL;
	plan_outcome r;

	if (!agr_plan_take(ps, "to|from|in|on|at|by|for|of|with|via|using"))
		return PLAN_NO;
	for (size_t i = 0; i < ps->facts->n; i++)
		if (strcmp(ps->facts->fields[i].parts, word->low) == 0) {
			agr_plan_rewind(
				ps, start); /* "from Germany" in a column that has no Germany */
			return PLAN_NO;
		}
	for (size_t i = 0; i < ps->facts->n; i++)
		for (size_t k = 0; k < AGR_COUNT(meant); k++)
			if (strcmp(word->low, meant[k][0]) == 0 &&
				agr_plan_in_list(ps->facts->fields[i].parts, meant[k][1]))
				field = &ps->facts->fields[i];
	if (field) {
		out->field = field;
		r = value_behind(ps, field, word, &out->json);
	} else {
		r = agr_plan_ahead(ps, 0, "the") ? PLAN_NO : agr_plan_adjective(ps, out);
	}
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}

static plan_outcome conditions_in_parentheses(
	plan_parser *ps, bool explicit_syntax, plan_condition *out)
{
	json_t *list = agr_plan_array(ps->pool), *joined = agr_plan_object(ps->pool);
	const char *word = NULL;

	for (;;) {
		plan_outcome r = agr_plan_condition(ps, explicit_syntax, out);
		const char *next;

		if (r != PLAN_YES)
			return r == PLAN_NO
				? agr_plan_refuse(ps, "The text in parentheses is no condition.")
				: r;
		agr_plan_push(ps->pool, list, out->json);
		if (agr_plan_take(ps, ")"))
			break;
		next = agr_plan_take(ps, "and") ? "and" : agr_plan_take(ps, "or") ? "or" : NULL;
		if (!next || (word && strcmp(word, next) != 0))
			return agr_plan_refuse(ps,
				"The conditions in parentheses must be joined by \"and\" "
				"alone or \"or\" alone.");
		word = next;
	}
	if (word) {
		agr_plan_put(ps->pool, joined, word, list);
		out->json = joined;
	}
	out->field = NULL;
	return PLAN_YES;
}

static size_t depth_so_far(const plan_parser *ps)
{
	size_t n = 0;

	for (size_t i = 0; i < ps->pos; i++)
		n += ps->words->list[i].kind == PLAN_SYMBOL && ps->words->list[i].low[0] == '(';
	return n;
}

static bool is_negative(const json_t *condition)
{
	return json_object_get(condition, "not") ||
		agr_plan_in_list(agr_json_str(condition, "op", ""), "!=|not_in");
}

plan_outcome agr_plan_condition(
	plan_parser *ps, bool explicit_syntax, plan_condition *out)
{
	size_t start = ps->pos;
	bool negative = false, outer = ps->negative;
	plan_outcome r;

	if (agr_plan_ahead(ps, 0, "(") && depth_so_far(ps) < NESTING_MAX) {
		agr_plan_take(ps, "(");
		return conditions_in_parentheses(ps, explicit_syntax, out);
	}
	r = implied_condition(ps, out); /* knows "not more than" */
	if (r != PLAN_NO)
		return r;
	negative = agr_plan_take(ps, "not");
	ps->negative = ps->negative || negative;
	if (negative && agr_plan_ahead(ps, 0, "(") && depth_so_far(ps) < NESTING_MAX) {
		agr_plan_take(ps, "(");
		r = conditions_in_parentheses(ps, explicit_syntax, out);
	}
	if (r == PLAN_NO)
		r = field_condition(ps, explicit_syntax, out);
	if (r == PLAN_NO && ps->facts->known && negative)
		r = implied_condition(ps, out);
	if (r == PLAN_NO && ps->facts->known)
		r = counted_condition(ps, out);
	if (r == PLAN_NO && ps->facts->known)
		r = preposition_condition(ps, out);
	if (r == PLAN_NO && ps->facts->known && (negative || !ps->no_bare_value))
		r = agr_plan_adjective(ps, out);
	ps->negative = outer;
	out->negated = negative || (r == PLAN_YES && is_negative(out->json));
	if (r == PLAN_YES && negative)
		out->json = agr_plan_negated(ps, out->json);
	if (r == PLAN_NO)
		agr_plan_rewind(ps, start);
	return r;
}
