/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Numbers as the text they came as: exact at any length. */
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "table/scan.h"

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
	struct decimal x = decimal_of(a), y = decimal_of(b);
	int diff;

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

/* strtod() whatever the host's locale says of the decimal point. */
static double strtod_c(char *text)
{
	char point = *localeconv()->decimal_point;
	char *dot = point == '.' ? NULL : strchr(text, '.');

	if (dot)
		*dot = point;
	return strtod(text, NULL);
}

double agr_number_double(agr_span number)
{
	char small[64], *copy = small;
	double value;

	if (number.n >= sizeof(small))
		copy = malloc(number.n + 1);
	if (!copy)
		return 0.0;
	memcpy(copy, number.p, number.n);
	copy[number.n] = '\0';
	value = strtod_c(copy);
	if (copy != small)
		free(copy);
	return value;
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
