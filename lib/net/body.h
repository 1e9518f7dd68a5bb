/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * body - an answer's body while it arrives, for one thread that waits for it. What has
 * come and was not read yet is held, so memory is bounded by how much longer the network
 * is than its reader, and at the most by the request's max_response_bytes.
 */
#ifndef AGR_BODY_H
#define AGR_BODY_H

#include "net/http.h"

typedef struct agr_body agr_body;

/* Begin a request and wait until it has a status. On failure its error was raised. */
int agr_body_open(agr_body **out, agr_http *http, agentrun_http_request *request,
	int *status, agentrun_error **err);
/* An agentrun_read_fn; `body` is an agr_body. */
int agr_body_read(void *body, char *to, size_t cap, size_t *len, agentrun_error **err);
/* Ends the request where it is not over. NULL ok. */
void agr_body_close(void *body);

#endif
