/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

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

void agr_clock_iso8601(char out[AGR_TIME_SIZE], int64_t wall_ms)
{
	time_t seconds = (time_t)(wall_ms / 1000);
	unsigned ms = (unsigned)(wall_ms % 1000);
	char date[20];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out, AGR_TIME_SIZE, "%s.%03uZ", date, ms % 1000);
}

int64_t agr_deadline_in(int64_t timeout_ms)
{
	return timeout_ms > 0 ? agr_clock_mono_ms() + timeout_ms
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
