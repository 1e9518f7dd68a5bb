/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/clock.h"

#include <string.h>
#include <time.h>

#include "base/text.h"

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t agr_clock_wall_ms(void)
{
	return now_ms(CLOCK_REALTIME);
}

int64_t agr_clock_mono_ms(void)
{
	return now_ms(CLOCK_MONOTONIC);
}

int64_t agr_clock_mono_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Days since 1970 of a date in the Gregorian calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 719469;
}

int64_t agr_clock_seconds(const struct tm *tm)
{
	int64_t days = days_of(tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);

	return ((days * 24 + tm->tm_hour) * 60 + tm->tm_min) * 60 + tm->tm_sec;
}

void agr_clock_civil(struct tm *tm, int64_t seconds)
{
	int64_t days = seconds / 86400 - (seconds % 86400 < 0), year, day, month;
	int rest = (int)(seconds - days * 86400);

	/* Years from March on: 400 of them are as long as any other 400. */
	days += 719468;
	year = (4 * days + 3) / 146097 * 100; /* whole centuries */
	day = (4 * days + 3) % 146097 / 4 * 4 + 3;
	year += day / 1461;
	day = day % 1461 / 4;
	month = (5 * day + 2) / 153;
	*tm = (struct tm){
		.tm_year = (int)(year + (month > 9) - 1900),
		.tm_mon = (int)(month > 9 ? month - 10 : month + 2),
		.tm_mday = (int)(day - (153 * month + 2) / 5 + 1),
		.tm_hour = rest / 3600, .tm_min = rest / 60 % 60, .tm_sec = rest % 60,
	};
}

static void put_digits(char *to, int n, int number)
{
	for (; n--; number /= 10)
		to[n] = (char)('0' + number % 10);
}

/* Several times a job: not by strftime(). */
void agr_clock_iso8601(char out[AGR_TIME_SIZE], int64_t wall_ms)
{
	int64_t ms = (wall_ms % 1000 + 1000) % 1000;
	struct tm tm;

	agr_clock_civil(&tm, (wall_ms - ms) / 1000);
	memcpy(out, "0000-00-00T00:00:00.000Z", AGR_TIME_SIZE);
	put_digits(out, 4, tm.tm_year + 1900);
	put_digits(out + 5, 2, tm.tm_mon + 1);
	put_digits(out + 8, 2, tm.tm_mday);
	put_digits(out + 11, 2, tm.tm_hour);
	put_digits(out + 14, 2, tm.tm_min);
	put_digits(out + 17, 2, tm.tm_sec);
	put_digits(out + 20, 3, (int)ms);
}

/* Exactly `n` digits, at most `most`. */
static bool take_digits(const char **text, int n, int most, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (!agr_is_digit((*text)[i]))
			return false;
		*out = *out * 10 + (*text)[i] - '0';
	}
	*text += n;
	return *out <= most;
}

static bool take_char(const char **text, const char *any_of)
{
	if (!**text || !strchr(any_of, **text))
		return false;
	++*text;
	return true;
}

static bool take_date(const char **text, int64_t *days)
{
	static const int lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	bool leap;

	if (!take_digits(text, 4, 9999, &year) || !take_char(text, "-") ||
		!take_digits(text, 2, 12, &month) || !take_char(text, "-") ||
		!take_digits(text, 2, 31, &day) || !month || !day || !year)
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	*days = days_of(year, month, day);
	return day <= lengths[month - 1] && (month != 2 || day < 29 || leap);
}

static bool take_zone(const char **text, int64_t *ms)
{
	bool west = **text == '-';
	int hour, minute = 0;

	if (take_char(text, "Zz") || !**text)
		return true;
	if (!take_char(text, "+-") || !take_digits(text, 2, 23, &hour))
		return false;
	take_char(text, ":");
	if (**text && !take_digits(text, 2, 59, &minute))
		return false;
	*ms += (west ? 60000 : -60000) * ((int64_t)hour * 60 + minute);
	return true;
}

bool agr_clock_parse(int64_t *wall_ms, const char *text)
{
	int hour = 0, minute = 0, second = 0, digit;
	int64_t days;

	if (!take_date(&text, &days))
		return false;
	*wall_ms = days * 86400000;
	if (!*text)
		return true;
	if (!take_char(&text, "Tt ") || !take_digits(&text, 2, 23, &hour) ||
		!take_char(&text, ":") || !take_digits(&text, 2, 59, &minute))
		return false;
	if (take_char(&text, ":")) {
		if (!take_digits(&text, 2, 60, &second))
			return false;
		if (take_char(&text, ".,"))
			for (int unit = 100; take_digits(&text, 1, 9, &digit); unit /= 10)
				*wall_ms += (int64_t)digit * unit;
	}
	*wall_ms += (((int64_t)hour * 60 + minute) * 60 + second) * 1000;
	return take_zone(&text, wall_ms) && !*text;
}

int64_t agr_deadline_in(int64_t timeout_ms)
{
	int64_t now = agr_clock_mono_ms();

	return timeout_ms > 0 && timeout_ms < AGR_DEADLINE_NONE - now
		? now + timeout_ms
		: AGR_DEADLINE_NONE;
}

int64_t agr_deadline_left(int64_t deadline_ms, int64_t cap_ms)
{
	int64_t left;

	if (deadline_ms == AGR_DEADLINE_NONE)
		return cap_ms;
	left = deadline_ms - agr_clock_mono_ms();
	if (left < 0)
		left = 0;
	return left < cap_ms ? left : cap_ms;
}
