/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Numbers as the text they came as: exact at any length. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/scan.h"
#include "table/word.h"

/* What most numbers are: DIGITS / 10^scale, at most 18 digits and no exponent. */
struct short_number {
	int64_t digits;
	unsigned scale, n;
};

/* Eight digits at once, a byte each, the first the most significant. */
static uint64_t eight_digits(uint64_t word)
{
	word = (word * 10 + (word >> 8)) & 0x00ff00ff00ff00ffu;
	word = (word * 100 + (word >> 16)) & 0x0000ffff0000ffffu;
	return (word * 10000 + (word >> 32)) & 0xffffffffu;
}

/* The same for the `n` bytes at `p`, eight at the most and without a sign. */
static bool read_shortest(struct short_number *out, const char *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101u, tops = ones << 7;
	uint64_t used = ~(uint64_t)0 >> (64 - 8 * n);
	uint64_t word = agr_word_of(p, n) ^ (ones * '0' & used);
	uint64_t others = (word + ones * (0x7f - 9)) & tops;

	out->scale = 0;
	if (others) { /* bytes of a number are below 0x80: no carries */
		unsigned point = (unsigned)__builtin_ctzll(others) & ~7u;
		uint64_t before = ((uint64_t)1 << point) - 1;

		if ((others & (others - 1)) || p[point / 8] != '.')
			return false;
		word = (word & before) | (word >> 8 & ~before);
		n--;
		out->scale = (unsigned)n - point / 8;
	}
	out->n = (unsigned)n;
	out->digits = (int64_t)eight_digits(word << (64 - 8 * n));
	return true;
}

static bool read_short(struct short_number *out, agr_span number)
{
	const char *p = number.p, *end = p + number.n, *point = NULL;
	uint64_t digits = 0;

	if (number.n > 20)
		return false;
	p += *p == '-';
	if (end - p <= 8) {
		if (!read_shortest(out, p, (size_t)(end - p)))
			return false;
		if (*number.p == '-')
			out->digits = -out->digits;
		return true;
	}
	out->n = (unsigned)(end - p);
	for (; p < end; p++) {
		unsigned digit = (unsigned)*p - '0';

		if (digit < 10) {
			digits = digits * 10 + digit;
		} else if (*p == '.') {
			point = p + 1;
			out->n--;
		} else {
			return false;
		}
	}
	if (out->n > 18)
		return false;
	out->scale = point ? (unsigned)(end - point) : 0;
	out->digits = *number.p == '-' ? -(int64_t)digits : (int64_t)digits;
	return true;
}

/* Powers of ten that are doubles, so that one division rounds only once. */
static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10,
	1e11, 1e12, 1e13, 1e14, 1e15 };

bool agr_number_simple(agr_span number, double *out)
{
	struct short_number s;

	if (!read_short(&s, number) || s.n > 15)
		return false;
	*out = s.digits || *number.p != '-' ? (double)s.digits / tens[s.scale] : -0.0;
	return true;
}

static int64_t power_of_ten(unsigned n)
{
	int64_t power = 1;

	while (n--)
		power *= 10;
	return power;
}

/* Both short: one is multiplied up to the other's scale. */
static int compare_short(const struct short_number *a, const struct short_number *b)
{
	int64_t x = a->digits, y = b->digits, up;

	if (a->scale == b->scale)
		return (x > y) - (x < y);
	if (a->scale < b->scale) {
		up = power_of_ten(b->scale - a->scale);
		if (__builtin_mul_overflow(x, up, &x))
			return a->digits < 0 ? -1 : 1;
	} else {
		up = power_of_ten(a->scale - b->scale);
		if (__builtin_mul_overflow(y, up, &y))
			return b->digits < 0 ? 1 : -1;
	}
	return (x > y) - (x < y);
}

/* A number's digits without leading and trailing zeros, as 0.DIGITS * 10^exp. */
struct decimal {
	bool negative;
	bool zero;
	const char *p, *end; /* digits, with at most one '.' among them */
	int64_t exp;
};

/* An exponent of any length, held at a bound beyond any text's length. */
static int64_t read_exponent(const char *p, const char *end)
{
	const int64_t bound = (int64_t)1 << 60;
	bool negative = false;
	int64_t value = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (; p < end; p++)
		if (value < bound / 10)
			value = value * 10 + (*p - '0');
		else
			value = bound;
	return negative ? -value : value;
}

static struct decimal decimal_of(agr_span number)
{
	struct decimal d = { .p = number.p, .end = number.p + number.n };
	const char *point = NULL, *first = NULL, *last = NULL, *e = d.end;

	if (*d.p == '-') {
		d.negative = true;
		d.p++;
	}
	for (const char *p = d.p; p < d.end; p++) {
		if (*p == '.') {
			point = p;
		} else if (*p == 'e' || *p == 'E') {
			e = p;
			break;
		} else if (*p != '0') {
			first = first ? first : p;
			last = p;
		}
	}
	if (!first) {
		d.zero = true;
		return d;
	}
	point = point ? point : e;
	d.exp = first < point ? point - first : point - first + 1;
	if (e < d.end)
		d.exp += read_exponent(e + 1, d.end);
	d.p = first;
	d.end = last + 1;
	return d;
}

static int digits_compare(const struct decimal *a, const struct decimal *b)
{
	const char *p = a->p, *q = b->p;

	for (;;) {
		if (p < a->end && *p == '.')
			p++;
		if (q < b->end && *q == '.')
			q++;
		if (p >= a->end || q >= b->end)
			return (int)(p < a->end) - (int)(q < b->end);
		if (*p != *q)
			return *p < *q ? -1 : 1;
		p++;
		q++;
	}
}

int agr_number_compare(agr_span a, agr_span b)
{
	struct short_number s, t;
	struct decimal x, y;
	int diff;

	if (read_short(&s, a) && read_short(&t, b))
		return compare_short(&s, &t);
	x = decimal_of(a);
	y = decimal_of(b);
	if (x.zero || y.zero) {
		if (x.zero && y.zero)
			return 0;
		if (x.zero)
			return y.negative ? 1 : -1;
		return x.negative ? -1 : 1;
	}
	if (x.negative != y.negative)
		return x.negative ? -1 : 1;
	diff = x.exp != y.exp ? (x.exp < y.exp ? -1 : 1) : digits_compare(&x, &y);
	return x.negative ? -diff : diff;
}

/* More digits cannot move the nearest double once one that is not 0 is kept in
 * place of the rest: no double's midpoint has more than 767. */
#define DIGITS_MAX 800

/* Digits without the point, at most DIGITS_MAX; the last may stand for others. */
static size_t copy_digits(char *to, const struct decimal *d)
{
	size_t n = 0;

	for (const char *p = d->p; p < d->end; p++) {
		if (*p == '.')
			continue;
		if (n == DIGITS_MAX) {
			to[n - 1] = '1'; /* sticky: what is cut off is not zero */
			break;
		}
		to[n++] = *p;
	}
	return n;
}

double agr_number_double(agr_span number)
{
	struct decimal d;
	char text[DIGITS_MAX + 32];
	size_t n = 0;
	double value;

	if (agr_number_simple(number, &value))
		return value;
	d = decimal_of(number);
	if (d.zero)
		return d.negative ? -0.0 : 0.0;
	if (d.exp > 400)
		return d.negative ? -HUGE_VAL : HUGE_VAL;
	if (d.exp < -400)
		return d.negative ? -0.0 : 0.0;
	/* No point in it, so no locale can misread it. */
	n = copy_digits(text, &d);
	snprintf(text + n, sizeof(text) - n, "e%lld", (long long)d.exp - (long long)n);
	value = strtod(text, NULL);
	return d.negative ? -value : value;
}

/* DIGITS and the exponent of 0.DIGITS of a double with `precision` digits;
 * the point that printf() puts there depends on the locale and is left out. */
static int double_digits(char digits[20], double value, int precision)
{
	char text[64];
	size_t n = 0;
	char *p = text;

	snprintf(text, sizeof(text), "%.*e", precision - 1, value);
	for (; *p && *p != 'e'; p++)
		if (agr_is_digit(*p) && n < 19)
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	digits[n] = '\0';
	return (int)strtol(p + 1, NULL, 10) + 1;
}

static double digits_double(const char *digits, int exp)
{
	char text[48];

	snprintf(text, sizeof(text), "%se%d", digits, exp - (int)strlen(digits));
	return strtod(text, NULL);
}

static void write_digits(agr_buf *out, const char *digits, int exp)
{
	int n = (int)strlen(digits);

	if (exp > 0 && exp <= 21) {
		agr_buf_add(out, digits, (size_t)(n < exp ? n : exp));
		for (int i = n; i < exp; i++)
			agr_buf_char(out, '0');
		if (n > exp) {
			agr_buf_char(out, '.');
			agr_buf_str(out, digits + exp);
		}
	} else if (exp <= 0 && exp > -6) {
		agr_buf_str(out, "0.");
		for (int i = exp; i < 0; i++)
			agr_buf_char(out, '0');
		agr_buf_str(out, digits);
	} else {
		agr_buf_char(out, digits[0]);
		if (n > 1) {
			agr_buf_char(out, '.');
			agr_buf_str(out, digits + 1);
		}
		agr_buf_printf(out, "e%+d", exp - 1);
	}
}

void agr_number_write(agr_buf *out, double value)
{
	char digits[20];
	int exp = 0;

	if (value == 0.0) {
		agr_buf_char(out, '0');
		return;
	}
	if (value < 0) {
		agr_buf_char(out, '-');
		value = -value;
	}
	/* 15 digits survive any normal double, and trailing zeros are dropped. */
	for (int precision = value < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
		exp = double_digits(digits, value, precision);
		/* Equality is the question here: does it read back the same? */
		if (!(digits_double(digits, exp) < value) &&
			!(digits_double(digits, exp) > value))
			break;
	}
	write_digits(out, digits, exp);
}

void agr_number_canonical(agr_buf *out, agr_span number)
{
	struct decimal d = decimal_of(number);

	agr_buf_char(out, '#');
	if (d.zero) {
		agr_buf_str(out, "0;");
		return;
	}
	if (d.negative)
		agr_buf_char(out, '-');
	for (const char *p = d.p; p < d.end; p++)
		if (*p != '.')
			agr_buf_char(out, *p);
	agr_buf_printf(out, "e%lld;", (long long)d.exp);
}

bool agr_number_is_integer(agr_span number)
{
	for (size_t i = 0; i < number.n; i++)
		if (!agr_is_digit(number.p[i]) && number.p[i] != '-')
			return false;
	return true;
}

bool agr_number_int64(agr_span number, int64_t *out)
{
	struct decimal d = decimal_of(number);
	uint64_t value = 0;
	int64_t left = d.exp;

	if (d.zero) {
		*out = 0;
		return true;
	}
	if (left < 1 || left > 19)
		return false;
	for (const char *p = d.p; p < d.end || left > 0; left--) {
		unsigned digit = 0;

		if (p < d.end && *p == '.')
			p++;
		if (p < d.end)
			digit = (unsigned)(*p++ - '0');
		if (left <= 0)
			return false;
		value = value * 10 + digit;
	}
	if (value > (uint64_t)INT64_MAX + d.negative)
		return false;
	*out = d.negative ? (int64_t)(0 - value) : (int64_t)value;
	return true;
}
