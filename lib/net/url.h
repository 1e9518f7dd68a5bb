/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* url - the host of a URL as it is written, before any library rewrites it. */
#ifndef AGR_URL_H
#define AGR_URL_H

#include <stdbool.h>

#include "base/base.h"

/* Is it an http or https URL, or one that begins with "//"? Then `host` becomes
 * a copy (free() it) of what stands between "//", a user and a port. */
int agr_url_host(char **host, const char *url, agentrun_error **err);

/* No control characters or spaces: it cannot break out of its request line. */
bool agr_is_header_safe(const char *text);

#endif
