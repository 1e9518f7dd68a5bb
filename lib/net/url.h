/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* url - as much of a URL as must be known before any library rewrites it. */
#ifndef AGR_URL_H
#define AGR_URL_H

#include <stdbool.h>

#include "base/base.h"

/* Is it http or https (AGENTRUN_EPOLICY if not) with a host, and without anything
 * that must be escaped (AGENTRUN_EINPUT)? `*host` (yours) is the host as it is
 * written: no user, no port; an IPv6 address in its brackets. */
int agr_url_check(const char *url, char **host, agentrun_error **err);

/* The same for a redirect's Location, which may begin with "//". */
int agr_url_check_location(const char *url, char **host, agentrun_error **err);

/* Append a checked URL: without its fragment, other than ASCII escaped. */
void agr_url_write(agr_buf *out, const char *url);
/* Append text as a query's name or value. */
void agr_url_escape(agr_buf *out, const char *text, size_t len);

/* No control characters: it cannot break out of its header line. */
bool agr_is_header_safe(const char *text);

#endif
