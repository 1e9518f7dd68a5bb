/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "regex/runs.h"

#include <string.h>

#include "base/base.h"

struct reader {
	const char *p, *end;
	agr_runs *runs;
};

static void add_range(struct reader *r, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		r->runs->classes[c] |= (uint16_t)(1u << r->runs->n);
}

static bool is_punctuation(char c)
{
	return c > 0 && strchr("!\"#%&',/:;<=>@_`~ -", c);
}

/* What stands behind a backslash: a class, or a letter that means itself. */
static bool read_escape(struct reader *r)
{
	char c = *r->p++;

	if (c == 'd' || c == 'w')
		add_range(r, '0', '9');
	if (c == 'w') {
		add_range(r, 'a', 'z');
		add_range(r, 'A', 'Z');
		add_range(r, '_', '_');
	}
	if (c == 'd' || c == 'w')
		return true;
	if (c <= 0 || !strchr("-./:$^[](){}|?*+\\", c))
		return false;
	add_range(r, (unsigned char)c, (unsigned char)c);
	return true;
}

static bool is_plain(char c)
{
	return agr_is_alpha(c) || agr_is_digit(c);
}

/* One letter of a class, or from one to another. A minus is itself at both ends. */
static bool read_letters(struct reader *r, bool first)
{
	char from = *r->p++, to = from;

	if (from == '\\')
		return r->p < r->end && read_escape(r) && (r->p == r->end || *r->p != '-');
	if (from == '-' && !first && (r->p == r->end || *r->p != ']'))
		return false;
	if (is_plain(from) && r->end - r->p >= 2 && r->p[0] == '-' && r->p[1] != ']') {
		to = r->p[1];
		r->p += 2;
		if (!is_plain(to) || to < from)
			return false;
	} else if (!is_plain(from) && !is_punctuation(from) &&
		(from <= 0 || !strchr(".$?*+(){}|", from))) {
		return false;
	}
	add_range(r, (unsigned char)from, (unsigned char)to);
	return true;
}

static bool read_class(struct reader *r)
{
	bool first = true;

	while (r->p < r->end && *r->p != ']') {
		if (!read_letters(r, first))
			return false;
		first = false;
	}
	return r->p < r->end && *r->p++ == ']' && !first;
}

static bool read_number(struct reader *r, uint16_t *out)
{
	unsigned n = 0;
	const char *from = r->p;

	for (; r->p < r->end && agr_is_digit(*r->p) && n < 1000; r->p++)
		n = 10 * n + (unsigned)(*r->p - '0');
	*out = (uint16_t)n;
	return r->p > from && n < 1000;
}

/* Behind the brace: {3}, {3,} or {3,5}. */
static bool read_counts(struct reader *r, uint16_t *least, uint16_t *most)
{
	if (!read_number(r, least))
		return false;
	*most = *least;
	if (r->p < r->end && *r->p == ',') {
		r->p++;
		*most = UINT16_MAX;
		if (r->p < r->end && *r->p != '}' && !read_number(r, most))
			return false;
	}
	return r->p < r->end && *r->p++ == '}' && *least <= *most;
}

/* How often. Not as few as will do, nor without giving back. */
static bool read_times(struct reader *r, uint16_t *least, uint16_t *most)
{
	char c = r->p < r->end ? *r->p : '\0';

	*least = *most = 1;
	if (!c || !strchr("?*+{", c))
		return true;
	r->p++;
	if (c == '{') {
		if (!read_counts(r, least, most))
			return false;
	} else {
		*least = c == '+';
		*most = c == '?' ? 1 : UINT16_MAX;
	}
	return r->p == r->end || !strchr("?*+{", *r->p);
}

static bool read_run(struct reader *r)
{
	size_t n = r->runs->n;
	char c = *r->p++;
	bool ok = n < AGR_RUNS_MAX;

	if (ok && c == '[')
		ok = read_class(r);
	else if (ok && c == '\\')
		ok = r->p < r->end && read_escape(r);
	else if (ok && (is_plain(c) || is_punctuation(c)))
		add_range(r, (unsigned char)c, (unsigned char)c);
	else
		ok = false;
	if (!ok || !read_times(r, &r->runs->least[n], &r->runs->most[n]))
		return false;
	r->runs->n++;
	return true;
}

/* May this run take all that it can get? It may where nothing that could come next would
 * have taken a part of it. */
static bool is_greedy(const agr_runs *runs, size_t at)
{
	unsigned next = 0;

	if (runs->least[at] == runs->most[at])
		return true;
	for (size_t i = at + 1; i < runs->n; i++) {
		next |= 1u << i;
		if (runs->least[i])
			break;
	}
	for (size_t c = 0; c < 256; c++)
		if (runs->classes[c] >> at & 1 && runs->classes[c] & next)
			return false;
	return true;
}

bool agr_runs_read(agr_runs *runs, const char *pattern, size_t len)
{
	struct reader r = { pattern, pattern + len, runs };

	memset(runs, 0, sizeof(*runs));
	if (!len || *r.p++ != '^')
		return false;
	while (r.p < r.end && !runs->to_end) {
		if (*r.p == '$') {
			runs->to_end = true;
			r.p++;
		} else if (!read_run(&r)) {
			return false;
		}
	}
	for (size_t i = 0; i < runs->n; i++)
		if (!is_greedy(runs, i))
			return false;
	return r.p == r.end;
}

bool agr_runs_match(const agr_runs *runs, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	for (size_t i = 0; i < runs->n; i++) {
		const unsigned char *from = p, *most = end;

		if (runs->most[i] < end - p)
			most = p + runs->most[i];
		if (runs->most[i] == UINT16_MAX)
			most = end;
		while (p < most && runs->classes[*p] >> i & 1)
			p++;
		if (p - from < runs->least[i])
			return false;
	}
	return !runs->to_end || p == end;
}
