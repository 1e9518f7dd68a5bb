/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * failure - what it means that a provider did not answer: whether the same request may
 * do better, when, and whether another model may. Pure: what came in, what it says.
 */
#ifndef AGR_FAILURE_H
#define AGR_FAILURE_H

#include <agentrun/sys/transport.h>

#include "table/scan.h"

typedef enum agr_remedy {
	AGR_REMEDY_NONE,     /* the request or the account is at fault */
	AGR_REMEDY_RETRY,    /* the same again, then another model */
	AGR_REMEDY_FALLBACK  /* another model at once */
} agr_remedy;

typedef struct agr_failure {
	agr_remedy remedy;
	int64_t wait_ms;   /* what the provider asked for; -1: nothing */
	bool is_sick;      /* counts against the provider's health */
} agr_failure;

/* An answer whose status is not 200 to 299, or (status 200) whose body held the
 * `error`. Raises AGENTRUN_ELLM with the status and the provider's message, in which
 * `secret` (NULL ok) is blotted out. */
int agr_failure_of_answer(agr_failure *out, int status,
	const agentrun_http_event *event, const char *error, size_t len,
	const char *secret, agentrun_error **err);

/* No answer came: *err is the transport's error and becomes the provider's. */
void agr_failure_of_transport(agr_failure *out, agentrun_error **err);

/* Replace each `secret` in `text` by "***". */
void agr_blot(agr_buf *text, const char *secret);

#endif
