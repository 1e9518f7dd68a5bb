/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* retry_after - when an answer asks to be come back to, in every notation that
 * services use. */
#ifndef AGR_RETRY_AFTER_H
#define AGR_RETRY_AFTER_H

#include "net/event.h"

/* "retry-after" and its kin, in milliseconds; -1: none, or nothing above 0. `now` is the
 * wall clock's. */
int64_t agr_retry_after_ms(const agentrun_http_event *event, int status, int64_t now);

/* Pieces of that. -1: not of that form. */
int64_t agr_duration_ms(const char *text); /* "6m0s", "1.5s", "12ms", "30" (seconds) */
int64_t agr_http_date_ms(const char *text); /* all three forms of RFC 9110 */

#endif
