/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * sse - server-sent events, as the HTML standard reads them, byte by byte however
 * they are cut: any line end, comments, several data lines. An event that the end of
 * the stream cut off is told all the same, because servers leave the last blank line
 * out.
 */
#ifndef AGR_SSE_H
#define AGR_SSE_H

#include "base/base.h"

/* An event that has data; both texts end in NUL. 0, or an error that ends it. */
typedef int (*agr_sse_fn)(void *user, const char *event, const char *data, size_t len,
	agentrun_error **err);

typedef struct agr_sse {
	agr_buf line, data, event;
	bool cr, any_data, begun;
} agr_sse;

#define AGR_SSE_INIT { AGR_BUF_INIT, AGR_BUF_INIT, AGR_BUF_INIT, false, false, false }

int agr_sse_feed(agr_sse *sse, const char *bytes, size_t len, agr_sse_fn on_event,
	void *user, agentrun_error **err);
int agr_sse_end(agr_sse *sse, agr_sse_fn on_event, void *user, agentrun_error **err);
void agr_sse_clear(agr_sse *sse);

#endif
