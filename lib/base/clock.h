/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* clock - wall time for what people read, monotonic time for deadlines. */
#ifndef AGR_CLOCK_H
#define AGR_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define AGR_TIME_SIZE 25
#define AGR_DEADLINE_NONE INT64_MAX

int64_t agr_clock_wall_ms(void); /* since 1970 */
int64_t agr_clock_mono_ms(void); /* never goes back */
int64_t agr_clock_mono_ns(void);

/* "2026-11-22T17:41:00.123Z" */
void agr_clock_iso8601(char out[AGR_TIME_SIZE], int64_t wall_ms);

/* A date and time in UTC as seconds since 1970, and back: as timegm() and gmtime_r(), but
 * of all years from 1 to 9999 also where time_t has 32 bits. Of `tm`, years to seconds
 * count, whose months must be 0 to 11. */
struct tm;
int64_t agr_clock_seconds(const struct tm *tm);
void agr_clock_civil(struct tm *tm, int64_t seconds);

/* Read "2026-11-22", "2026-11-22T17:41:00Z", "2026-11-22 17:41:00.5+01:00": a date,
 * a time where there is one (without a zone: UTC). */
bool agr_clock_parse(int64_t *wall_ms, const char *text);

/* A monotonic deadline `timeout_ms` from now; 0 means none. */
int64_t agr_deadline_in(int64_t timeout_ms);
/* Milliseconds left, 0 when it has passed, at most `cap_ms`. */
int64_t agr_deadline_left(int64_t deadline_ms, int64_t cap_ms);

#endif
