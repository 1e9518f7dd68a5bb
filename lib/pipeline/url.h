/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* url - as much of a URL as a request needs before it goes to the network. */
#ifndef AGR_URL_H
#define AGR_URL_H

#include "base/base.h"

/* Is it http or https with a host and without anything that must be escaped?
 * *host (yours) is what messages call it: no user, no port. */
int agr_url_check(const char *url, char **host, agentrun_error **err);

/* Append a checked URL: without its fragment, other than ASCII escaped. */
void agr_url_write(agr_buf *out, const char *url);

/* Append text as a query's name or value. */
void agr_url_escape(agr_buf *out, const char *text, size_t len);

#endif
