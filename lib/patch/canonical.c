/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/canonical.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ------------------------------------------------------------------ */

/* A number as 0.DIGITS * 10^point, no zeros at either end. */
struct decimal {
	char digits[32];
	char text[64];
	int n;
	int point;
	bool negative;
};

/* Read "d.ddde+xx", whatever the locale's decimal point is. */
static void read_printed(struct decimal *out, const char *text)
{
	const char *e = strchr(text, 'e');

	out->n = 0;
	out->negative = *text == '-';
	for (const char *p = text; p < e; p++)
		if (agr_is_digit(*p))
			out->digits[out->n++] = *p;
	while (out->n > 1 && out->digits[out->n - 1] == '0')
		out->n--;
	out->digits[out->n] = '\0';
	out->point = (int)strtol(e + 1, NULL, 10) + 1;
}

/* As JSON text, kept in the decimal itself. */
static agr_span decimal_span(struct decimal *d)
{
	int n = snprintf(d->text, sizeof(d->text), "%s%.1s.%s0e%d",
		d->negative ? "-" : "", d->digits, d->digits + 1, d->point - 1);

	return (agr_span){d->text, (size_t)n};
}

/* The shortest digits that read back as `value`. Up to 15 digits survive the
 * way there and back, so that trimmed zeros tell; below that, only where the
 * double itself has fewer bits. */
static struct decimal shortest(double value)
{
	struct decimal d;
	char text[64];

	for (int n = fabs(value) < DBL_MIN ? 1 : 15; n <= 17; n++) {
		snprintf(text, sizeof(text), "%.*e", n - 1, value);
		read_printed(&d, text);
		if (agr_number_double(decimal_span(&d)) == value)
			break;
	}
	return d;
}

/* Number::toString of ECMAScript. */
static void write_double(agr_buf *out, const struct decimal *d)
{
	if (d->negative)
		agr_buf_char(out, '-');
	if (d->point > 21 || d->point < -5) {
		agr_buf_printf(
			out, d->n > 1 ? "%.1s.%s" : "%.1s%s", d->digits, d->digits + 1);
		agr_buf_printf(out, "e%+d", d->point - 1);
		return;
	}
	if (d->point <= 0) {
		agr_buf_str(out, "0.");
		for (int i = d->point; i < 0; i++)
			agr_buf_char(out, '0');
		agr_buf_str(out, d->digits);
		return;
	}
	for (int i = 0; i < d->point || i < d->n; i++) {
		if (i == d->point)
			agr_buf_char(out, '.');
		agr_buf_char(out, i < d->n ? d->digits[i] : '0');
	}
}

/* The significant digits in a number's text, no zeros at either end. */
struct digits {
	const char *first, *last;
	size_t n;
	int64_t exponent; /* of the last digit */
};

static int64_t read_exponent(const char *p, const char *end)
{
	const int64_t bound = (int64_t)1 << 60;
	bool negative = *p == '-';
	int64_t value = 0;

	for (p += *p == '-' || *p == '+'; p < end; p++)
		value = value < bound / 10 ? value * 10 + (*p - '0') : bound;
	return negative ? -value : value;
}

static struct digits digits_of(agr_span number)
{
	struct digits d = {NULL, NULL, 0, 0};
	const char *end = number.p + number.n, *point = NULL, *p;
	size_t zeros = 0;

	for (p = number.p; p < end && *p != 'e' && *p != 'E'; p++) {
		if (*p == '.')
			point = p;
		if (!agr_is_digit(*p) || (*p == '0' && !d.first))
			continue;
		d.first = d.first ? d.first : p;
		zeros = *p == '0' ? zeros + 1 : 0;
		d.last = *p == '0' ? d.last : p;
		d.n++;
	}
	d.n -= zeros;
	point = point ? point : p;
	if (d.n)
		d.exponent = d.last < point ? point - d.last - 1 : point - d.last;
	if (p < end)
		d.exponent += read_exponent(p + 1, end);
	return d;
}

static void write_exact(agr_buf *out, agr_span number, const struct digits *d)
{
	if (*number.p == '-')
		agr_buf_char(out, '-');
	for (const char *p = d->first; p <= d->last; p++)
		if (*p != '.')
			agr_buf_char(out, *p);
	if (d->exponent)
		agr_buf_printf(out, "e%+lld", (long long)d->exponent);
}

static void write_number(agr_buf *out, agr_span number)
{
	const int64_t safe = (int64_t)1 << 53;
	struct digits d = digits_of(number);
	struct decimal near;
	agr_buf text = AGR_BUF_INIT;
	double value;
	int64_t whole;

	if (!d.n) {
		agr_buf_char(out, '0');
		return;
	}
	if (agr_number_int64(number, &whole) && whole >= -safe && whole <= safe) {
		agr_buf_printf(out, "%lld", (long long)whole);
		return;
	}
	/* 17 digits tell all doubles apart: more cannot be the shortest text of one. */
	if (d.n > 17) {
		write_exact(out, number, &d);
		return;
	}
	write_exact(&text, number, &d);
	value = text.failed ? 0.0 : agr_number_double((agr_span){text.data, text.len});
	if (isfinite(value) && value != 0.0) {
		near = shortest(value);
		if (d.exponent < 0 ||
			agr_number_compare(number, decimal_span(&near)) == 0) {
			agr_buf_reset(&text);
			write_double(&text, &near);
		}
	}
	if (text.failed)
		out->failed = text.failed;
	agr_buf_add(out, text.data, text.len);
	agr_buf_free(&text);
}

/* ---- strings and objects --------------------------------------------------------- */

static void write_string(agr_buf *out, agr_span string)
{
	agr_buf plain = AGR_BUF_INIT;

	agr_string_decode(&plain, string);
	if (plain.failed)
		out->failed = plain.failed;
	else
		agr_buf_json_str(out, plain.data ? plain.data : "", plain.len);
	agr_buf_free(&plain);
}

struct member {
	size_t key, len;  /* the decoded key's place in `keys` */
	const char *text; /* the same, once `keys` no longer moves */
	size_t place;
	agr_span value;
};

/* UTF-16 order differs from that of UTF-8's bytes in one thing only: surrogates
 * (lead bytes f0 to f4) come before U+E000 to U+FFFF (ee and ef). */
static int unit_order(unsigned char c)
{
	return c >= 0xf0 ? 0xee : c >= 0xee ? c + 0x10 : c;
}

static int key_order(const struct member *a, const struct member *b)
{
	size_t n = a->len < b->len ? a->len : b->len;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a->text[i],
			      y = (unsigned char)b->text[i];

		if (x == y)
			continue;
		if (x >= 0xf0 && y >= 0xf0)
			return (int)x - (int)y;
		return unit_order(x) - unit_order(y);
	}
	return (a->len > b->len) - (a->len < b->len);
}

static int member_order(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int diff = key_order(x, y);

	return diff ? diff : (x->place > y->place) - (x->place < y->place);
}

static struct member *list_members(agr_span object, agr_buf *keys, size_t *n)
{
	size_t count = agr_span_count(object);
	struct member *list = malloc((count ? count : 1) * sizeof(*list));
	agr_iter it = agr_iter_of(object);
	agr_span key, value;

	*n = 0;
	if (!list)
		return NULL;
	while (agr_object_next(&it, &key, &value)) {
		struct member *m = &list[*n];

		m->key = keys->len;
		agr_string_decode(keys, key);
		m->len = keys->len - m->key;
		m->value = value;
		m->place = (*n)++;
	}
	for (size_t i = 0; i < *n; i++)
		list[i].text = keys->data ? keys->data + list[i].key : "";
	return list;
}

static void write_object(agr_buf *out, agr_span object)
{
	agr_buf keys = AGR_BUF_INIT;
	size_t n;
	struct member *list = list_members(object, &keys, &n);
	bool first = true;

	if (!list || keys.failed) {
		out->failed = AGENTRUN_ENOMEM;
		goto out;
	}
	qsort(list, n, sizeof(*list), member_order);
	agr_buf_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && key_order(&list[i], &list[i + 1]) == 0)
			continue; /* a duplicate; the last one counts */
		if (!first)
			agr_buf_char(out, ',');
		first = false;
		agr_buf_json_str(out, list[i].text, list[i].len);
		agr_buf_char(out, ':');
		agr_canonical_write(out, list[i].value);
	}
	agr_buf_char(out, '}');
out:
	free(list);
	agr_buf_free(&keys);
}

void agr_canonical_write(agr_buf *out, agr_span value)
{
	agr_iter it;
	agr_span element;
	bool first = true;

	switch (agr_span_type(value)) {
	case AGR_TYPE_OBJECT:
		write_object(out, value);
		return;
	case AGR_TYPE_NUMBER:
		write_number(out, value);
		return;
	case AGR_TYPE_STRING:
		write_string(out, value);
		return;
	case AGR_TYPE_ARRAY:
		break;
	default:
		agr_buf_add(out, value.p, value.n);
		return;
	}
	agr_buf_char(out, '[');
	for (it = agr_iter_of(value); agr_array_next(&it, &element); first = false) {
		if (!first)
			agr_buf_char(out, ',');
		agr_canonical_write(out, element);
	}
	agr_buf_char(out, ']');
}

int agr_canonical_hash(char hex[AGR_SHA256_HEX], agr_span value, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r;

	agr_canonical_write(&text, value);
	r = agr_buf_check(&text, "the canonical document", err);
	if (r == 0)
		agr_sha256_of(hex, text.data, text.len);
	agr_buf_free(&text);
	return r;
}
