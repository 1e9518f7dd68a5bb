/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/parser.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void agr_plan_parser_start(plan_parser *ps, plan_pool *pool, const plan_words *words,
	const agr_plan_request *request)
{
	memset(ps, 0, sizeof(*ps));
	ps->pool = pool;
	ps->words = words;
	ps->request = request;
	ps->marks = agr_plan_alloc(pool, (words->n + 1) * sizeof(*ps->marks));
}

const plan_word *agr_plan_at(const plan_parser *ps, size_t ahead)
{
	size_t at = ps->pos + ahead;

	return &ps->words->list[at < ps->words->n ? at : ps->words->n];
}

bool agr_plan_ended(const plan_parser *ps)
{
	return ps->pos >= ps->words->n;
}

static inline bool is_said(const plan_word *word)
{
	return word->kind == PLAN_WORD || word->kind == PLAN_SYMBOL;
}

/* How many words `p` (up to `end`) is, when it stands `ahead`; else 0. */
static size_t phrase_ahead(
	const plan_parser *ps, size_t ahead, const char *p, const char *end)
{
	size_t n = 0;

	while (p < end) {
		const plan_word *word = agr_plan_at(ps, ahead + n++);
		const char *stop = memchr(p, ' ', (size_t)(end - p));
		size_t len = (size_t)((stop ? stop : end) - p);

		if (!is_said(word) || strncmp(word->low, p, len) != 0 || word->low[len])
			return 0;
		p += len + (stop != NULL);
	}
	return n;
}

size_t agr_plan_ahead(const plan_parser *ps, size_t ahead, const char *alternatives)
{
	const plan_word *word = agr_plan_at(ps, ahead);
	size_t best = 0;

	if (!is_said(word))
		return 0;
	for (const char *p = alternatives, *end; *p; p = *end ? end + 1 : end) {
		size_t n;

		/* Most begin with another letter. */
		if (*p != *word->low) {
			for (end = p; *end && *end != '|';)
				end++;
			continue;
		}
		end = strchrnul(p, '|');
		n = phrase_ahead(ps, ahead, p, end);
		if (n > best)
			best = n;
	}
	return best;
}

void agr_plan_use(plan_parser *ps, size_t n)
{
	for (; n && !agr_plan_ended(ps); n--)
		ps->marks[ps->pos++] = PLAN_USED;
}

bool agr_plan_take(plan_parser *ps, const char *alternatives)
{
	size_t n = agr_plan_ahead(ps, 0, alternatives);

	agr_plan_use(ps, n);
	return n > 0;
}

void agr_plan_skip(plan_parser *ps, const char *alternatives)
{
	for (size_t n; (n = agr_plan_ahead(ps, 0, alternatives)) > 0;)
		for (; n; n--)
			ps->marks[ps->pos++] = PLAN_IGNORED;
}

void agr_plan_rewind(plan_parser *ps, size_t pos)
{
	while (ps->pos > pos)
		ps->marks[--ps->pos] = PLAN_UNUSED;
}

plan_outcome agr_plan_refuse(plan_parser *ps, const char *fmt, ...)
{
	agr_buf text = AGR_BUF_INIT;
	va_list args;

	if (ps->reason)
		return PLAN_REFUSED;
	va_start(args, fmt);
	agr_buf_vprintf(&text, fmt, args);
	va_end(args);
	agr_buf_add(&text, "", 0);
	if (text.failed)
		ps->pool->failed = true;
	ps->reason = text.failed ? "" : agr_plan_text(ps->pool, text.data, text.len);
	agr_buf_free(&text);
	return PLAN_REFUSED;
}

static bool whole_number(const char *number, json_int_t *out)
{
	char *end;
	long long value;

	if (!number)
		return false;
	errno = 0;
	value = strtoll(number, &end, 10);
	*out = value;
	return !*end && errno == 0;
}

bool agr_plan_take_count(plan_parser *ps, long least, json_int_t *out)
{
	const plan_word *word = agr_plan_at(ps, 0);
	size_t n = 1;

	if (agr_plan_ahead(ps, 0, "a dozen")) {
		word = agr_plan_at(ps, 1);
		n = 2;
	}
	if (strchr(word->text, ' ') && word->kind == PLAN_NUMBER)
		return false; /* "10 million" is an amount, not how many rows */
	if (word->unit != PLAN_UNIT_NONE || !whole_number(word->number, out) || *out < least)
		return false;
	agr_plan_use(ps, n);
	return true;
}

json_t *agr_plan_number(plan_parser *ps, const char *number)
{
	json_int_t whole;
	agr_span span = { number, strlen(number) };

	if (whole_number(number, &whole))
		return agr_plan_int(ps->pool, whole);
	if (!strchr(number, '.'))
		return NULL;
	return agr_plan_own(ps->pool, json_real(agr_number_double(span)));
}

plan_unit agr_plan_unit_at(const plan_parser *ps, size_t ahead, size_t *words)
{
	static const struct {
		const char *words;
		plan_unit unit;
	} table[] = { { "dollars|dollar|usd|bucks", PLAN_UNIT_USD },
		{ "euros|euro|eur", PLAN_UNIT_EUR }, { "pounds|gbp", PLAN_UNIT_GBP },
		{ "percent|%", PLAN_UNIT_PERCENT },
		{ "milliseconds|millisecond|ms", PLAN_UNIT_MS },
		{ "seconds|second|secs|sec|s", PLAN_UNIT_SECONDS },
		{ "minutes|minute|mins|min", PLAN_UNIT_MINUTES },
		{ "hours|hour|hrs|hr|h", PLAN_UNIT_HOURS }, { "days|day", PLAN_UNIT_DAYS } };
	const plan_word *word = agr_plan_at(ps, ahead);

	*words = 1;
	if (word->unit != PLAN_UNIT_NONE)
		return word->unit;
	for (size_t i = 0; i < AGR_COUNT(table); i++)
		if (agr_plan_ahead(ps, ahead + 1, table[i].words)) {
			*words = 2;
			return table[i].unit;
		}
	return PLAN_UNIT_NONE;
}

plan_outcome agr_plan_take_duration(plan_parser *ps, json_int_t *ms)
{
	static const json_int_t scale[] = { [PLAN_UNIT_MS] = 1,
		[PLAN_UNIT_SECONDS] = 1000,
		[PLAN_UNIT_MINUTES] = 60000,
		[PLAN_UNIT_HOURS] = 3600000,
		[PLAN_UNIT_DAYS] = 86400000 };
	const plan_word *word = agr_plan_at(ps, 0);
	size_t n;
	plan_unit unit;
	double value;

	if (!word->number)
		return PLAN_NO;
	unit = agr_plan_unit_at(ps, 0, &n);
	if (unit < PLAN_UNIT_MS || unit > PLAN_UNIT_DAYS)
		return agr_plan_refuse(
			ps, "\"%s\" needs a unit of time, as in 30 seconds.", word->text);
	value = agr_number_double((agr_span){ word->number, strlen(word->number) }) *
		(double)scale[unit];
	if (value < 0 || value > 1e12 || value != (double)(json_int_t)value)
		return agr_plan_refuse(ps, "\"%s\" is no time that can be set.", word->text);
	*ms = (json_int_t)value;
	agr_plan_use(ps, n);
	return PLAN_YES;
}
