/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/sum.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE 1000000000
#define BASE_DIGITS 9

/* ---- integers ------------------------------------------------------------ */

/* Bring every limb into (-BASE, BASE); the last takes what is left. */
static void carry(agr_sum *sum)
{
	for (size_t i = 0; i + 1 < sum->n_limbs; i++) {
		sum->limbs[i + 1] += sum->limbs[i] / BASE;
		sum->limbs[i] %= BASE;
	}
	sum->carry_due = 0;
}

/* Room for `n` limbs and two for what is carried: 10^18 terms of one size. */
static bool limbs_reserve(agr_sum *sum, size_t n)
{
	int64_t *limbs;

	if (sum->limbs && n + 2 <= sum->n_limbs)
		return true;
	limbs = realloc(sum->limbs, (n + 2) * sizeof(*limbs));
	if (!limbs)
		return false;
	memset(limbs + sum->n_limbs, 0, (n + 2 - sum->n_limbs) * sizeof(*limbs));
	sum->limbs = limbs;
	sum->n_limbs = n + 2;
	return true;
}

static int add_digits(agr_sum *sum, const char *digits, size_t n, bool negative)
{
	if (!limbs_reserve(sum, n / BASE_DIGITS + 1))
		return AGENTRUN_ENOMEM;
	for (size_t i = 0; n; i++) {
		size_t take = n < BASE_DIGITS ? n : BASE_DIGITS;
		int64_t group = 0;

		for (size_t k = n - take; k < n; k++)
			group = group * 10 + (digits[k] - '0');
		sum->limbs[i] += negative ? -group : group;
		n -= take;
	}
	if (++sum->carry_due == INT32_MAX)
		carry(sum);
	return 0;
}

static int add_integer(agr_sum *sum, agr_span number)
{
	bool negative = *number.p == '-';
	int64_t value, total;

	if (agr_number_int64(number, &value) &&
		!__builtin_add_overflow(sum->small, value, &total)) {
		sum->small = total;
		return 0;
	}
	return add_digits(sum, number.p + negative, number.n - negative, negative);
}

/* Give every limb the sign of the whole; returns that sign. */
static int settle(agr_sum *sum)
{
	int sign = 0;

	carry(sum);
	for (size_t i = sum->n_limbs; i-- > 0 && !sign;)
		sign = (sum->limbs[i] > 0) - (sum->limbs[i] < 0);
	for (size_t i = 0; i + 1 < sum->n_limbs; i++) {
		sum->limbs[i] *= sign;
		if (sum->limbs[i] < 0) {
			sum->limbs[i] += BASE;
			sum->limbs[i + 1] -= sign;
		}
		sum->limbs[i] *= sign;
	}
	return sign;
}

static void write_integer(agr_buf *out, agr_sum *sum)
{
	char text[24];
	size_t i;
	int sign;

	if (!sum->limbs) {
		agr_buf_printf(out, "%lld", (long long)sum->small);
		return;
	}
	snprintf(text, sizeof(text), "%lld", (long long)sum->small);
	if (add_digits(sum, text + (*text == '-'), strlen(text) - (*text == '-'),
		    *text == '-') < 0) {
		out->failed = AGENTRUN_ENOMEM;
		return;
	}
	sum->small = 0;
	sign = settle(sum);
	for (i = sum->n_limbs; i > 1 && !sum->limbs[i - 1]; i--)
		;
	agr_buf_printf(out, "%s%lld", sign < 0 ? "-" : "",
		(long long)sum->limbs[i - 1] * (sign ? sign : 1));
	while (--i > 0)
		agr_buf_printf(out, "%09lld", (long long)sum->limbs[i - 1] * sign);
}

/* ---- doubles ------------------------------------------------------------- */

/* Shewchuk: the partials' sum is exactly the sum of all terms so far. */
static int add_double(agr_sum *sum, double x)
{
	size_t n = 0;

	if (!isfinite(x)) {
		sum->beyond = true;
		return 0;
	}
	for (size_t i = 0; i < sum->n_partials; i++) {
		double y = sum->partials[i], high, low;

		if (fabs(x) < fabs(y)) {
			double swap = x;

			x = y;
			y = swap;
		}
		high = x + y;
		low = y - (high - x);
		if (low < 0.0 || low > 0.0)
			sum->partials[n++] = low;
		x = high;
	}
	if (!isfinite(x)) {
		sum->beyond = true;
		return 0;
	}
	if (n == sum->cap_partials) {
		size_t cap = n ? n * 2 : 8;
		double *grown = realloc(sum->partials, cap * sizeof(*grown));

		if (!grown)
			return AGENTRUN_ENOMEM;
		sum->partials = grown;
		sum->cap_partials = cap;
	}
	sum->partials[n++] = x;
	sum->n_partials = n;
	return 0;
}

/* The partials' sum, rounded once (half to even). */
static double partials_total(const agr_sum *sum)
{
	size_t n = sum->n_partials;
	double high, low = 0.0;

	if (!n)
		return 0.0;
	high = sum->partials[--n];
	while (n && !(low < 0.0 || low > 0.0)) {
		double x = high, y = sum->partials[--n];

		high = x + y;
		low = y - (high - x);
	}
	/* What lies below may break the tie that `low` is. */
	if (n && ((low < 0.0 && sum->partials[n - 1] < 0.0) ||
			 (low > 0.0 && sum->partials[n - 1] > 0.0))) {
		double twice = low * 2.0, sum2 = high + twice;

		if (!(twice < sum2 - high) && !(twice > sum2 - high))
			high = sum2;
	}
	return high;
}

/* ---- both ---------------------------------------------------------------- */

int agr_sum_add(agr_sum *sum, agr_span number)
{
	if (agr_number_is_integer(number))
		return add_integer(sum, number);
	sum->fractional = true;
	return add_double(sum, agr_number_double(number));
}

/* The doubles' sum and `whole`, rounded once more. */
static int add_whole(const agr_sum *sum, double whole, double *out)
{
	agr_sum both = { .beyond = sum->beyond };
	int r = add_double(&both, whole);

	for (size_t i = 0; !r && i < sum->n_partials; i++)
		r = add_double(&both, sum->partials[i]);
	*out = both.beyond ? HUGE_VAL : partials_total(&both);
	agr_sum_free(&both);
	return r;
}

int agr_sum_double(agr_sum *sum, double *out)
{
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	write_integer(&text, sum);
	if (text.failed)
		r = AGENTRUN_ENOMEM;
	else
		*out = agr_number_double((agr_span){ text.data, text.len });
	agr_buf_free(&text);
	if (!r && sum->fractional)
		r = add_whole(sum, *out, out);
	return r;
}

int agr_sum_write(agr_buf *out, agr_sum *sum)
{
	double total;
	int r;

	if (!sum->fractional) {
		write_integer(out, sum);
		return out->failed ? AGENTRUN_ENOMEM : 0;
	}
	r = agr_sum_double(sum, &total);
	if (r < 0)
		return r;
	if (!isfinite(total))
		return AGENTRUN_EPIPELINE;
	agr_number_write(out, total);
	return out->failed ? AGENTRUN_ENOMEM : 0;
}

void agr_sum_free(agr_sum *sum)
{
	free(sum->limbs);
	free(sum->partials);
	memset(sum, 0, sizeof(*sum));
}
