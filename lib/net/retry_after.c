/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* When to come back, in every notation that providers use. */
#include <stdio.h>
#include <string.h>

#include "net/retry_after.h"

#define LONGEST_MS ((int64_t)366 * 86400 * 1000)

/* Digits with an optional fraction, in thousandths; moves `*text` behind them. */
static bool take_number(const char **text, int64_t *thousandths)
{
	const char *p = *text;
	int64_t value = 0, unit = 100;

	if (!agr_is_digit(*p))
		return false;
	for (; agr_is_digit(*p); p++)
		value = value < LONGEST_MS ? value * 10 + (int64_t)(*p - '0') * 1000 : value;
	if (*p == '.')
		for (p++; agr_is_digit(*p); p++, unit /= 10)
			value += (*p - '0') * unit;
	*thousandths = value;
	*text = p;
	return true;
}

/* How many milliseconds a unit has, in thousandths; 0: it is none. */
static int64_t take_unit(const char **text)
{
	static const struct {
		const char *name;
		int64_t thousandths;
	} units[] = {
		{ "ms", 1000 }, { "us", 1 }, { "\xc2\xb5s", 1 }, { "\xce\xbcs", 1 }, { "ns", 0 },
		{ "h", 3600000000 }, { "m", 60000000 }, { "s", 1000000 }, { "d", 86400000000 },
	};

	for (size_t i = 0; i < AGR_COUNT(units); i++) {
		if (!agr_starts_with(*text, units[i].name))
			continue;
		*text += strlen(units[i].name);
		return units[i].thousandths;
	}
	return -1;
}

int64_t agr_duration_ms(const char *text)
{
	int64_t total = 0, value, unit;

	while (agr_is_space(*text))
		text++;
	if (!take_number(&text, &value))
		return -1;
	if (!*text || agr_is_space(*text)) /* without a unit: seconds */
		return value < LONGEST_MS ? value : LONGEST_MS;
	for (;;) {
		unit = take_unit(&text);
		if (unit < 0)
			return -1;
		if (value > LONGEST_MS)
			value = LONGEST_MS;
		total += unit >= 1000 ? value * (unit / 1000) / 1000 : value * unit / 1000000;
		if (total > LONGEST_MS)
			total = LONGEST_MS;
		if (!*text || agr_is_space(*text))
			return total;
		if (!take_number(&text, &value))
			return -1;
	}
}

/* A number of up to four digits, white space before it; moves `*p` behind it. */
static bool take_part(const char **p, int *out)
{
	int n = 0;

	while (**p == ' ')
		(*p)++;
	*out = 0;
	for (; n < 4 && agr_is_digit(**p); n++)
		*out = *out * 10 + (*(*p)++ - '0');
	return n > 0;
}

static bool take_char(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool take_month(const char **p, int *month)
{
	static const char *const names[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };

	while (**p == ' ')
		(*p)++;
	for (int i = 0; i < 12; i++)
		if (strncmp(*p, names[i], 3) == 0) {
			*p += 3;
			*month = i + 1;
			return true;
		}
	return false;
}

struct date {
	int year, month, day, hour, minute, second;
};

static bool take_time(const char **p, struct date *d)
{
	return take_part(p, &d->hour) && take_char(p, ':') && take_part(p, &d->minute) &&
		take_char(p, ':') && take_part(p, &d->second);
}

/* "06 Nov 1994 08:49:37", "06-Nov-94 08:49:37" */
static bool take_dated(const char *p, struct date *d)
{
	if (!take_part(&p, &d->day) || (*p != ' ' && *p != '-'))
		return false;
	p++;
	if (!take_month(&p, &d->month) || (*p != ' ' && *p != '-'))
		return false;
	p++;
	if (!take_part(&p, &d->year))
		return false;
	if (d->year < 100)
		d->year += d->year < 70 ? 2000 : 1900;
	return take_time(&p, d);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool take_asctime(const char *p, struct date *d)
{
	p += strcspn(p, " ");
	return take_month(&p, &d->month) && take_part(&p, &d->day) && take_time(&p, d) &&
		take_part(&p, &d->year);
}

static int64_t days_since_1970(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year, era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int64_t agr_http_date_ms(const char *text)
{
	const char *comma = strchr(text, ',');
	struct date d = { 0, 0, 0, 0, 0, 0 };

	if (comma ? !take_dated(comma + 1, &d) : !take_asctime(text, &d))
		return -1;
	if (d.day < 1 || d.day > 31 || d.hour > 23 || d.minute > 59 || d.second > 60 ||
		d.year < 1970)
		return -1;
	return ((days_since_1970(d.year, d.month, d.day) * 24 + d.hour) * 60 + d.minute) * 60000 +
		(int64_t)d.second * 1000;
}

/* ---- headers ------------------------------------------------------------------ */

static int64_t positive(int64_t ms)
{
	return ms > 0 ? ms : -1;
}

/* The server's own clock is the better "now" of a date that it names. */
static int64_t until(const agentrun_http_event *event, int64_t then, int64_t now)
{
	const char *date = agentrun_http_event_header(event, "date");
	int64_t there = date ? agr_http_date_ms(date) : -1;

	return positive(then - (there > 0 ? there : now));
}

/* The reset of one limit; what is not used up is not what was hit. */
static int64_t reset_ms(const agentrun_http_event *event, const char *left_name,
	const char *reset_name, int64_t now)
{
	const char *left = agentrun_http_event_header(event, left_name);
	const char *reset = agentrun_http_event_header(event, reset_name);
	int64_t then;

	if (!reset || (left && agr_duration_ms(left) > 0))
		return -1;
	if (strchr(reset, 'T') && agr_clock_parse(&then, reset))
		return positive(then - now);
	return positive(agr_duration_ms(reset));
}

static int64_t of_limits(const agentrun_http_event *event, int64_t now)
{
	static const char *const of_openai[] = { "requests", "tokens" };
	static const char *const of_anthropic[] = { "requests", "tokens", "input-tokens",
		"output-tokens" };
	char left[64], reset[64];
	int64_t most = -1, ms;

	for (size_t i = 0; i < AGR_COUNT(of_openai); i++) {
		snprintf(left, sizeof(left), "x-ratelimit-remaining-%s", of_openai[i]);
		snprintf(reset, sizeof(reset), "x-ratelimit-reset-%s", of_openai[i]);
		ms = reset_ms(event, left, reset, now);
		most = ms > most ? ms : most;
	}
	for (size_t i = 0; i < AGR_COUNT(of_anthropic); i++) {
		snprintf(left, sizeof(left), "anthropic-ratelimit-%s-remaining", of_anthropic[i]);
		snprintf(reset, sizeof(reset), "anthropic-ratelimit-%s-reset", of_anthropic[i]);
		ms = reset_ms(event, left, reset, now);
		most = ms > most ? ms : most;
	}
	return most;
}

int64_t agr_retry_after_ms(const agentrun_http_event *event, int status, int64_t now)
{
	const char *text = agentrun_http_event_header(event, "retry-after-ms");
	int64_t ms = -1;

	if (text && take_number(&text, &ms) && ms >= 1000)
		return ms / 1000;
	text = agentrun_http_event_header(event, "retry-after");
	if (text) {
		ms = positive(agr_duration_ms(text));
		if (ms < 0)
			ms = agr_http_date_ms(text) > 0 ? until(event, agr_http_date_ms(text), now)
							: -1;
	}
	return ms < 0 && status == 429 ? of_limits(event, now) : ms;
}
