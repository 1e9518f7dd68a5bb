/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Strings, however their text is escaped. */
#include "table/scan.h"

#include <string.h>

#include "table/hash.h"

/* Reads the decoded bytes of a string one code point at a time. */
struct decoder {
	const char *p, *end;
	char bytes[4];
	size_t n;
	bool raw; /* half a surrogate pair stays as it is */
};

static struct decoder decoder_of(agr_span string)
{
	return (struct decoder){ .p = string.p + 1, .end = string.p + string.n - 1 };
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return agr_to_lower(c) - 'a' + 10;
}

static uint32_t hex4(const char *p)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (uint32_t)hex_digit(p[i]);
	return value;
}

/* `d->p` is behind "\u". */
static void decode_u(struct decoder *d)
{
	uint32_t c = hex4(d->p);

	d->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && d->end - d->p >= 6 && d->p[0] == '\\' &&
		d->p[1] == 'u') {
		uint32_t low = hex4(d->p + 2);

		if (low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			d->p += 6;
		}
	}
	if (c >= 0xd800 && c < 0xe000 && !d->raw)
		c = 0xfffd;
	d->n = agr_utf8_put(d->bytes, c);
}

static bool decode_next(struct decoder *d)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *known;

	if (d->p >= d->end)
		return false;
	if (*d->p != '\\') {
		d->n = agr_utf8_len(d->p, (size_t)(d->end - d->p));
		memcpy(d->bytes, d->p, d->n);
		d->p += d->n;
		return true;
	}
	d->p += 2;
	if (d->p[-1] == 'u') {
		decode_u(d);
		return true;
	}
	known = strchr(from, d->p[-1]);
	d->bytes[0] = known ? to[known - from] : d->p[-1];
	d->n = 1;
	return true;
}

bool agr_string_is_plain(agr_span string)
{
	return !memchr(string.p, '\\', string.n);
}

bool agr_string_is_all(agr_span string, const char *text, size_t len)
{
	struct decoder d;

	if (string.n == len + 2 && memcmp(string.p + 1, text, len) == 0 &&
		!memchr(text, '\\', len))
		return true;
	if (agr_string_is_plain(string))
		return false;
	d = decoder_of(string);
	while (decode_next(&d)) {
		if (d.n > len || memcmp(text, d.bytes, d.n) != 0)
			return false;
		text += d.n;
		len -= d.n;
	}
	return len == 0;
}

static int plain_compare(agr_span a, agr_span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int diff = memcmp(a.p + 1, b.p + 1, n - 2);

	return diff ? diff : (a.n > b.n) - (a.n < b.n);
}

int agr_string_compare(agr_span a, agr_span b)
{
	struct decoder x = decoder_of(a), y = decoder_of(b);
	int diff;

	/* UTF-8 sorts by code point as it stands. */
	if (agr_string_is_plain(a) && agr_string_is_plain(b))
		return plain_compare(a, b);
	for (;;) {
		bool more_x = decode_next(&x), more_y = decode_next(&y);

		if (!more_x || !more_y)
			return (int)more_x - (int)more_y;
		diff = memcmp(x.bytes, y.bytes, x.n < y.n ? x.n : y.n);
		if (diff)
			return diff;
	}
}

bool agr_string_same(agr_span a, agr_span b)
{
	/* Most keys differ in their first byte, which is their closing quote when empty. */
	if (a.p[1] != b.p[1] && a.p[1] != '\\' && b.p[1] != '\\')
		return false;
	if (a.n == b.n && memcmp(a.p, b.p, a.n) == 0)
		return true;
	if (agr_string_is_plain(a) && agr_string_is_plain(b))
		return false;
	return agr_string_compare(a, b) == 0;
}

uint64_t agr_string_hash(agr_span string)
{
	struct decoder d = decoder_of(string);
	agr_hash hash;

	if (agr_string_is_plain(string))
		return agr_hash_of(string.p + 1, string.n - 2);
	agr_hash_init(&hash);
	while (decode_next(&d))
		agr_hash_add(&hash, d.bytes, d.n);
	return agr_hash_end(&hash);
}

static void decode(agr_buf *out, agr_span string, bool raw)
{
	struct decoder d;

	if (agr_string_is_plain(string)) {
		agr_buf_add(out, string.p + 1, string.n - 2);
		return;
	}
	d = decoder_of(string);
	d.raw = raw;
	while (d.p < d.end) {
		const char *escape = memchr(d.p, '\\', (size_t)(d.end - d.p));
		const char *stop = escape ? escape : d.end;

		if (stop > d.p)
			agr_buf_add(out, d.p, (size_t)(stop - d.p));
		d.p = stop;
		if (decode_next(&d))
			agr_buf_add(out, d.bytes, d.n);
	}
}

void agr_string_decode(agr_buf *out, agr_span string)
{
	decode(out, string, false);
}

void agr_string_decode_raw(agr_buf *out, agr_span string)
{
	decode(out, string, true);
}
