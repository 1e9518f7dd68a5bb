/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/dates.h"

#include <stdlib.h>
#include <string.h>

#include "plan/filter.h"

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* A year, a month of it (or 0), a day of that (or 0); false when there is none. */
static bool make(plan_parser *ps, int year, int month, int day, plan_date *out)
{
	if (year < 1000 || year > 9998 || month < 0 || month > 12)
		return false;
	if (day && (day < 1 || day > days_in(year, month)))
		return false;
	if (!month) {
		out->from = agr_plan_printf(ps->pool, "%04d", year);
		out->next = agr_plan_printf(ps->pool, "%04d", year + 1);
	} else if (!day) {
		out->from = agr_plan_printf(ps->pool, "%04d-%02d", year, month);
		out->next = month == 12 ? agr_plan_printf(ps->pool, "%04d-01", year + 1)
								: agr_plan_printf(ps->pool, "%04d-%02d", year, month + 1);
	} else {
		out->from = agr_plan_printf(ps->pool, "%04d-%02d-%02d", year, month, day);
		if (day < days_in(year, month))
			day++;
		else if ((day = 1) && month++ == 12)
			month = 1, year++;
		out->next = agr_plan_printf(ps->pool, "%04d-%02d-%02d", year, month, day);
	}
	return true;
}

static int digits(const char *text, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++) {
		if (!agr_is_digit(text[i]))
			return -1;
		value = value * 10 + (text[i] - '0');
	}
	return value;
}

static bool iso_date(plan_parser *ps, const char *text, plan_date *out)
{
	size_t n = agr_plan_iso_date(text);

	if (n == 10)
		return digits(text + 5, 2) > 0 && digits(text + 8, 2) > 0 &&
			make(ps, digits(text, 4), digits(text + 5, 2), digits(text + 8, 2), out);
	if (n > 10) {
		out->from = text;
		out->next = NULL;
		return true;
	}
	return strlen(text) == 7 && text[4] == '-' && digits(text, 4) > 0 &&
		digits(text + 5, 2) > 0 && make(ps, digits(text, 4), digits(text + 5, 2), 0, out);
}

static int year_of(const plan_word *word)
{
	if (word->kind != PLAN_NUMBER || word->unit != PLAN_UNIT_NONE ||
		strlen(word->text) != 4)
		return -1;
	return digits(word->text, 4);
}

/* "5", "5th": 1..31, else 0. */
static int day_of(const plan_word *word)
{
	size_t n = 0;

	while (agr_is_digit(word->low[n]))
		n++;
	if (n < 1 || n > 2 ||
		(word->low[n] && !agr_plan_in_list(word->low + n, "st|nd|rd|th")))
		return 0;
	return digits(word->low, n) <= 31 ? digits(word->low, n) : 0;
}

/* "March 2025", "1 May 2025", "1st of May, 2025", "May 1, 2025". */
static bool written_date(plan_parser *ps, size_t ahead, plan_date *out)
{
	size_t n = 0;
	int day = day_of(agr_plan_at(ps, ahead)), month;

	if (day) {
		n++;
		n += agr_plan_ahead(ps, ahead + n, "of");
	}
	month = agr_plan_month(agr_plan_at(ps, ahead + n)->low);
	if (!month || agr_plan_at(ps, ahead + n)->kind != PLAN_WORD)
		return false;
	n++;
	if (!day && (day = day_of(agr_plan_at(ps, ahead + n))) > 0)
		n++;
	n += agr_plan_ahead(ps, ahead + n, ",|of");
	out->words = n + 1;
	return make(ps, year_of(agr_plan_at(ps, ahead + n)), month, day, out);
}

plan_outcome agr_plan_date_at(plan_parser *ps, size_t ahead, plan_date *out)
{
	const plan_word *word = agr_plan_at(ps, ahead);

	out->words = 1;
	if (word->kind == PLAN_END)
		return PLAN_NO;
	if ((word->kind == PLAN_WORD || word->kind == PLAN_QUOTED) &&
		iso_date(ps, word->text, out))
		return PLAN_YES;
	if (written_date(ps, ahead, out))
		return PLAN_YES;
	out->words = 1;
	if (year_of(word) >= 1900 && year_of(word) < 2200 &&
		make(ps, year_of(word), 0, 0, out))
		return PLAN_YES;
	return PLAN_NO;
}

/* Text compares like time only where both are written in the same way. */
static bool same_form(const plan_field *field, const char *stamp)
{
	size_t n = strlen(stamp);

	for (size_t i = 0; i < field->n_values; i++)
		if (strlen(field->values[i].text) != n || field->values[i].text[n - 1] != 'Z' ||
			stamp[n - 1] != 'Z' || field->values[i].text[10] != stamp[10])
			return false;
	return true;
}

plan_outcome agr_plan_date_condition(plan_parser *ps, const plan_field *field,
	const char *how, const plan_date *date, json_t **out)
{
	const char *from = date->from, *next = date->next;
	bool whole_day = next && strlen(from) == 10 && field->dates && !field->stamps;
	bool equal = strcmp(how, "==") == 0 || strcmp(how, "!=") == 0;

	if (!field->literal && !field->dates)
		return agr_plan_refuse(ps, "%s does not hold dates as YYYY-MM-DD.", field->path);
	if (!next && !same_form(field, from))
		return agr_plan_refuse(ps, "%s is not written like \"%s\".", field->path, from);
	if (!next || whole_day) {
		*out = agr_plan_leaf(ps, field->path, how, agr_plan_str(ps->pool, from));
		return PLAN_YES;
	}
	if (equal) {
		*out =
			agr_plan_leaf(ps, field->path, "starts_with", agr_plan_str(ps->pool, from));
		if (*how == '!')
			*out = agr_plan_negated(ps, *out);
		return PLAN_YES;
	}
	/* Before it: < its beginning. After it: >= what follows it. */
	if (strcmp(how, "<") == 0 || strcmp(how, ">=") == 0)
		*out = agr_plan_leaf(ps, field->path, how, agr_plan_str(ps->pool, from));
	else
		*out = agr_plan_leaf(
			ps, field->path, *how == '>' ? ">=" : "<", agr_plan_str(ps->pool, next));
	return PLAN_YES;
}
