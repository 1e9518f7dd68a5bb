/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* fresh - how long an answer may be used without asking again (RFC 9111, a private
 * cache that keeps what it has). */
#ifndef AGR_FRESH_H
#define AGR_FRESH_H

#include "net/event.h"

/* What of Cache-Control matters here. */
typedef struct agr_cache_control {
	bool ask_always;  /* no-cache, or no-store */
	int64_t max_age_sec; /* -1: not said */
} agr_cache_control;

/* Reads any text; what cannot be understood counts as not said, a max-age that is no
 * number as 0. */
agr_cache_control agr_cache_control_read(const char *text);

/* In milliseconds, from when the answer came: by its Cache-Control, less its Age, else by
 * its Expires. -1: it does not say. At most a year. `now` is the wall clock's. */
int64_t agr_fresh_ms(const agentrun_http_event *event, int64_t now);

#endif
