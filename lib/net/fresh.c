/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/fresh.h"

#include <string.h>

#include "net/retry_after.h"

#define MOST_SEC ((int64_t)365 * 86400)

static bool is_token(char c)
{
	return c && !strchr(" \t,;=\"", c);
}

/* Digits, perhaps in quotes, which some send; -1: others. */
static int64_t read_seconds(const char *text)
{
	int64_t value = 0;

	text += *text == '"';
	if (!agr_is_digit(*text))
		return -1;
	for (; agr_is_digit(*text); text++)
		value = value < MOST_SEC ? 10 * value + (*text - '0') : MOST_SEC;
	return value < MOST_SEC ? value : MOST_SEC;
}

/* Behind a directive's argument, at the next comma or the end. */
static const char *skip_argument(const char *p)
{
	bool quoted = false;

	for (; *p && (quoted || *p != ','); p++) {
		if (quoted && *p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
	}
	return p;
}

static const char *skip_separators(const char *p)
{
	return p + strspn(p, ", \t");
}

static bool is_directive(const char *p, size_t n, const char *name)
{
	return n == strlen(name) && agr_starts_with_nocase(p, name);
}

agr_cache_control agr_cache_control_read(const char *text)
{
	agr_cache_control out = { .max_age_sec = -1 };
	const char *p = skip_separators(text);

	while (*p) {
		const char *name = p;
		size_t n;

		while (is_token(*p))
			p++;
		n = (size_t)(p - name);
		/* Where it names fields, only these must be asked for again: not the body. */
		if ((is_directive(name, n, "no-cache") && *p != '=') ||
			is_directive(name, n, "no-store"))
			out.ask_always = true;
		if (is_directive(name, n, "max-age")) {
			int64_t sec = *p == '=' ? read_seconds(p + 1) : -1;

			sec = sec < 0 ? 0 : sec;
			if (out.max_age_sec < 0 || sec < out.max_age_sec)
				out.max_age_sec = sec;
		}
		p = skip_separators(skip_argument(p));
	}
	return out;
}

/* By its own clock, where it has one. */
static int64_t until_expires(const agentrun_http_event *event, const char *expires, int64_t now)
{
	const char *date = agentrun_http_event_header(event, "date");
	int64_t there = date ? agr_http_date_ms(date) : -1, then = agr_http_date_ms(expires);

	there = there > 0 ? there : now;
	if (then <= there) /* "0", and what is no date, is over */
		return 0;
	return then - there < 1000 * MOST_SEC ? then - there : 1000 * MOST_SEC;
}

/* Of all lines of that name, the strictest. */
static agr_cache_control read_all(const agentrun_http_event *event)
{
	agr_cache_control all = { .max_age_sec = -1 };
	const char *text;
	size_t at = 0;

	while ((text = agr_http_event_header_next(event, "cache-control", &at))) {
		agr_cache_control one = agr_cache_control_read(text);

		all.ask_always = all.ask_always || one.ask_always;
		if (one.max_age_sec >= 0 && (all.max_age_sec < 0 ||
						    one.max_age_sec < all.max_age_sec))
			all.max_age_sec = one.max_age_sec;
	}
	return all;
}

int64_t agr_fresh_ms(const agentrun_http_event *event, int64_t now)
{
	agr_cache_control said = read_all(event);
	const char *text;
	int64_t age;

	if (said.ask_always)
		return 0;
	if (said.max_age_sec >= 0) {
		text = agentrun_http_event_header(event, "age");
		age = text ? read_seconds(text) : 0;
		age = age < 0 ? 0 : age;
		return age < said.max_age_sec ? 1000 * (said.max_age_sec - age) : 0;
	}
	text = agentrun_http_event_header(event, "expires");
	return text ? until_expires(event, text, now) : -1;
}
