/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "json.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/error.h>

#define MAX_DEPTH 512

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* ---- is it JSON? -------------------------------------------------------- */

/* Each of these returns the end of what begins at `p`, or NULL. */

static const char *escape_end(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p != 'u')
		return strchr("\"\\/bfnrt", *p) && *p ? p + 1 : NULL;
	if (end - p < 5)
		return NULL;
	for (int i = 1; i <= 4; i++)
		if (hex_of(p[i]) < 0)
			return NULL;
	return p + 5;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* A bit in each byte that is below 0x20, a quote or a backslash; those above the lowest
 * may be wrong. */
static uint64_t marks_in(uint64_t eight)
{
	uint64_t quote = eight ^ EACH('"'), slash = eight ^ EACH('\\');

	return (((eight - EACH(0x20)) & ~eight) | ((quote - EACH(1)) & ~quote) |
		((slash - EACH(1)) & ~slash)) & EACH(0x80);
}

/* To a quote, a backslash, or what may not be in a string. */
static const char *plain_end(const char *p, const char *end)
{
	uint64_t eight;

	for (; end - p >= 8; p += 8) {
		memcpy(&eight, p, 8);
		eight = marks_in(le64toh(eight));
		if (eight)
			return p + __builtin_ctzll(eight) / 8;
	}
	while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
		p++;
	return p;
}

static const char *string_end(const char *p, const char *end)
{
	for (p = plain_end(p + 1, end); p < end && *p == '\\'; p = plain_end(p, end)) {
		p = escape_end(p + 1, end);
		if (!p)
			return NULL;
	}
	return p < end && *p == '"' ? p + 1 : NULL;
}

static const char *digits_end(const char *p, const char *end)
{
	if (p == end || !is_digit(*p))
		return NULL;
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static const char *number_end(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	p = p < end && *p == '0' ? p + 1 : digits_end(p, end);
	if (p && p < end && *p == '.')
		p = digits_end(p + 1, end);
	if (p && p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits_end(p, end);
	}
	return p;
}

static const char *word_end(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}

static const char *scalar_end(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return string_end(p, end);
	case 't':
		return word_end(p, end, "true");
	case 'f':
		return word_end(p, end, "false");
	case 'n':
		return word_end(p, end, "null");
	default:
		return *p == '-' || is_digit(*p) ? number_end(p, end) : NULL;
	}
}

/* A member's name and its colon. */
static const char *name_end(const char *p, const char *end)
{
	p = p < end && *p == '"' ? string_end(p, end) : NULL;
	p = p ? skip_space(p, end) : NULL;
	return p && p < end && *p == ':' ? skip_space(p + 1, end) : NULL;
}

/* Past what closes after a value, and the comma, to the next value; the depth is
 * 0 when there is none. */
static const char *next_value(const char *p, const char *end, const char *open,
	size_t *depth)
{
	for (; *depth; p++) {
		p = skip_space(p, end);
		if (p == end)
			return NULL;
		if (*p == ',') {
			p = skip_space(p + 1, end);
			return open[*depth - 1] == '{' ? name_end(p, end) : p;
		}
		if (*p != (open[*depth - 1] == '{' ? '}' : ']'))
			return NULL;
		(*depth)--;
	}
	return p;
}

/* `most`: how deep it may be nested, up to MAX_DEPTH. */
static const char *value_end(const char *p, const char *end, size_t most)
{
	char open[MAX_DEPTH];
	size_t depth = 0;

	do {
		if (!p || p == end)
			return NULL;
		if (*p == '{' || *p == '[') {
			if (depth == most)
				return NULL;
			open[depth++] = *p;
			p = skip_space(p + 1, end);
			if (p < end && *p == (open[depth - 1] == '{' ? '}' : ']'))
				p = next_value(p, end, open, &depth);
			else if (open[depth - 1] == '{')
				p = name_end(p, end);
		} else {
			p = scalar_end(p, end);
			if (p)
				p = next_value(p, end, open, &depth);
		}
	} while (depth);
	return p;
}

/* The value from `begin` to `stop` (NULL: it is none) is all that the text holds. */
static redis_span whole(const char *begin, const char *stop, const char *end)
{
	if (!stop || skip_space(stop, end) != end)
		return (redis_span){ NULL, 0 };
	return (redis_span){ begin, (size_t)(stop - begin) };
}

redis_span redis_json_value(const char *text, size_t len)
{
	const char *end = len ? text + len : text, *begin = len ? skip_space(text, end) : text;

	return whole(begin, begin < end ? value_end(begin, end, MAX_DEPTH) : NULL, end);
}

/* ---- looking into JSON -------------------------------------------------- */

static const char *skip_string(const char *p, const char *end)
{
	for (p = plain_end(p + 1, end); *p != '"'; p = plain_end(p, end))
		p += 2; /* a backslash, and what stands behind it */
	return p + 1;
}

/* To the end of a value of a text that is JSON. */
static const char *skip_value(const char *p, const char *end)
{
	size_t depth = 0;

	if (*p != '{' && *p != '[' && *p != '"') {
		while (p < end && !is_space(*p) && *p != ',' && *p != '}' && *p != ']')
			p++;
		return p;
	}
	do {
		/* Brackets and braces differ by one bit. */
		while (*p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
			p++;
		if (*p == '"') {
			p = skip_string(p, end);
			continue;
		}
		depth += (*p | 0x20) == '{' ? 1 : -(size_t)1;
		p++;
	} while (depth);
	return p;
}

bool redis_json_is(redis_span value, char first)
{
	return value.p && *value.p == first;
}

/* The member at `*p` and its value; `*p` moves to the next one, or to the end. */
static redis_span next_member(const char **p, const char *end, redis_span *value)
{
	redis_span key = { *p, 0 };

	*p = skip_string(*p, end);
	key.n = (size_t)(*p - key.p);
	*p = skip_space(*p, end) + 1; /* the colon */
	value->p = skip_space(*p, end);
	*p = skip_value(value->p, end);
	value->n = (size_t)(*p - value->p);
	*p = skip_space(*p, end);
	if (**p == ',')
		*p = skip_space(*p + 1, end);
	return key;
}

/* Null is as good as not there. */
static void take_member(const char *const *names, redis_span *out, size_t n, redis_span key,
	redis_span value)
{
	for (size_t i = 0; i < n; i++)
		if (redis_json_says(key, names[i]))
			out[i] = *value.p == 'n' ? (redis_span){ NULL, 0 } : value;
}

static void clear(redis_span *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (redis_span){ NULL, 0 };
}

void redis_json_members(redis_span object, const char *const *names, redis_span *out,
	size_t n)
{
	const char *p, *end;

	clear(out, n);
	if (!redis_json_is(object, '{'))
		return;
	end = object.p + object.n;
	for (p = skip_space(object.p + 1, end); *p != '}';) {
		redis_span value, key = next_member(&p, end, &value);

		take_member(names, out, n, key, value);
	}
}

/* The end of the object that begins at `p`, or NULL; its members are taken. */
static const char *object_end(const char *p, const char *end, const char *const *names,
	redis_span *out, size_t n)
{
	p = skip_space(p + 1, end);
	if (p < end && *p == '}')
		return p + 1;
	for (;;) {
		const char *key = p, *value = name_end(p, end);

		p = value && value < end ? value_end(value, end, MAX_DEPTH - 1) : NULL;
		if (!p)
			return NULL;
		/* What follows the name's quote is no part of what it says. */
		take_member(names, out, n, (redis_span){ key, (size_t)(skip_string(key, end) - key) },
			(redis_span){ value, (size_t)(p - value) });
		p = skip_space(p, end);
		if (p == end || (*p != ',' && *p != '}'))
			return NULL;
		if (*p == '}')
			return p + 1;
		p = skip_space(p + 1, end);
	}
}

redis_span redis_json_object(const char *text, size_t len, const char *const *names,
	redis_span *out, size_t n)
{
	const char *end = len ? text + len : text, *begin = len ? skip_space(text, end) : text;
	redis_span value;

	clear(out, n);
	if (begin == end || *begin != '{')
		return redis_json_value(text, len);
	value = whole(begin, object_end(begin, end, names, out, n), end);
	if (!value.p)
		clear(out, n);
	return value;
}

redis_span redis_json_get(redis_span object, const char *name)
{
	redis_span found;

	redis_json_members(object, &name, &found, 1);
	return found;
}

/* Element `i`, and how many there are up to it. */
static size_t walk_to(redis_span array, size_t i, redis_span *element)
{
	const char *p, *end, *begin;
	size_t n = 0;

	*element = (redis_span){ NULL, 0 };
	if (!redis_json_is(array, '['))
		return 0;
	end = array.p + array.n;
	p = skip_space(array.p + 1, end);
	while (*p != ']') {
		begin = p;
		p = skip_value(begin, end);
		if (n++ == i) {
			*element = (redis_span){ begin, (size_t)(p - begin) };
			return n;
		}
		p = skip_space(p, end);
		if (*p == ',')
			p = skip_space(p + 1, end);
	}
	return n;
}

size_t redis_json_count(redis_span array)
{
	redis_span element;

	return walk_to(array, SIZE_MAX, &element);
}

redis_span redis_json_at(redis_span array, size_t i)
{
	redis_span element;

	walk_to(array, i, &element);
	return element;
}

/* ---- strings ------------------------------------------------------------ */

static unsigned unit_of(const char *p)
{
	unsigned unit = 0;

	for (int i = 0; i < 4; i++)
		unit = unit << 4 | (unsigned)hex_of(p[i]);
	return unit;
}

static size_t utf8_of(char *to, unsigned c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* What follows the backslash at `*p`, as bytes; `*p` moves past it. */
static size_t unescape(const char **p, char *to)
{
	static const char names[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	const char *known = strchr(names, **p);
	unsigned c, low;

	if (**p != 'u') {
		*to = known ? meanings[known - names] : **p;
		(*p)++;
		return 1;
	}
	c = unit_of(*p + 1);
	*p += 5;
	if (c >= 0xd800 && c < 0xdc00 && (*p)[0] == '\\' && (*p)[1] == 'u') {
		low = unit_of(*p + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			*p += 6;
		}
	}
	return utf8_of(to, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
}

int redis_json_string(agentrun_buf *out, redis_span string)
{
	const char *p = string.p + 1, *end = string.p + string.n - 1;
	char *plain, *to;
	int r;

	if (!memchr(p, '\\', (size_t)(end - p)))
		return agentrun_buf_append(out, p, (size_t)(end - p));
	plain = to = malloc(string.n); /* an escape is longer than what it says */
	if (!plain)
		return AGENTRUN_ENOMEM;
	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		to += unescape(&p, to);
	}
	r = agentrun_buf_append(out, plain, (size_t)(to - plain));
	free(plain);
	return r;
}

bool redis_json_says(redis_span string, const char *text)
{
	const char *p, *end;

	if (!redis_json_is(string, '"'))
		return false;
	p = string.p + 1;
	end = string.p + string.n - 1;
	while (p < end) {
		char bytes[4];
		size_t n = 1;

		if (*p == '\\') {
			p++;
			n = unescape(&p, bytes);
		} else {
			bytes[0] = *p++;
		}
		for (size_t i = 0; i < n; i++, text++)
			if (!*text || *text != bytes[i])
				return false;
	}
	return !*text;
}
