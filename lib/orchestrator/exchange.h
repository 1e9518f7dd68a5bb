/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* exchange - what request.c writes and exchange.c sends. */
#ifndef AGR_EXCHANGE_H
#define AGR_EXCHANGE_H

#include "orchestrator/orchestrator.h"

#define AGR_EXCHANGE_HEADERS 4

struct agr_exchange {
	agentrun_ctx *ctx;
	int64_t deadline_ms;
	const char *method;
	char *url, *body;      /* body NULL: none */
	char *headers[AGR_EXCHANGE_HEADERS];
	size_t n_headers;

	agentrun_http_request request;
	agentrun_http_event *event; /* that came in, or NULL */
	unsigned attempt;      /* that failed so far */
	int64_t wake_ms;
	bool sent, done;
	bool may_be_done;      /* an attempt may have done it, but its answer was lost */
	agr_buf answer_text;
	agr_span answer;
};

#endif
