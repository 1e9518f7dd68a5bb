/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* event - what the library itself does with an agentrun_http_event. */
#ifndef AGR_EVENT_H
#define AGR_EVENT_H

#include <stdbool.h>

#include <agentrun/sys/transport.h>

#include "base/base.h"

/* Its error, now the caller's; or NULL. */
agentrun_error *agr_http_event_take_error(agentrun_http_event *event);
/* It failed before anything of the request was sent, for sure. */
void agr_http_event_set_unsent(agentrun_http_event *event);
bool agr_http_event_is_unsent(const agentrun_http_event *event);
/* The value of the next header of this name from `*at` on (0 at first), or NULL. */
const char *agr_http_event_header_next(const agentrun_http_event *event, const char *name,
	size_t *at);
/* Drop the body, which was read. */
void agr_http_event_drop_body(agentrun_http_event *event);
/* Drop status, headers and body: that was a redirect. */
void agr_http_event_reset(agentrun_http_event *event);

#endif
