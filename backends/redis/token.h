/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * token - what stands in the stream, and what stands in a job message, each made
 * from the other; and the completion that answers a token. Values are copied as
 * they stand, so that who checks the job message sees what was sent.
 */
#ifndef REDIS_TOKEN_H
#define REDIS_TOKEN_H

#include <agentrun/error.h>

#include "json.h"
#include "text.h"

/* What a queue wants to know of a message in line: a token, or a job message. Spans
 * borrow its text; not there where it says nothing. */
typedef struct redis_message {
	const char *text;
	size_t len;
	redis_span value; /* all of it; not there: it is no JSON */
	redis_span id, run, sent, created;
} redis_message;

void redis_message_read(redis_message *out, const char *text, size_t len, bool is_token);
/* Append its id; "" when there is none that can be read, or one that holds a NUL. */
int redis_message_id(agentrun_buf *out, const redis_message *message);
/* Append the run's id; "" when there is none. */
int redis_message_run(agentrun_buf *out, const redis_message *message);
/* When it was sent, or else created, milliseconds since 1970; 0: not said. */
int64_t redis_message_sent_ms(const redis_message *message);

/* Append the job message of a token. `workflow` is the JSON at ir:RUN_ID, p NULL
 * when there is none. What is no JSON object is appended as it is: it is no job,
 * and whoever reads it says so. */
int redis_token_job(agentrun_buf *out, const redis_message *token, redis_span workflow);
/* Append the token of a job message; what is no JSON object as it is. */
int redis_token_of_job(agentrun_buf *out, const char *job, size_t len);

/* Milliseconds since 1970 of an ISO 8601 time; 0: not one. */
int64_t redis_time_of(const char *text, size_t len);

/* Append the completion of a job: `result` is its result message, `data` the data
 * that came out (p NULL: none). */
int redis_completion(agentrun_buf *out, const char *job, size_t job_len,
	const char *result, size_t result_len, redis_span data);
/* Append a result message of status `failed`. */
int redis_failure(agentrun_buf *out, const char *job_id, const char *message,
	int64_t now_ms);

#endif
