/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* text - a text that is put together piece by piece, with one check at the end. */
#ifndef REDIS_TEXT_H
#define REDIS_TEXT_H

#include <agentrun/common.h>

#include "json.h"

typedef struct redis_text {
	char *data;
	size_t len, cap;
	int status; /* 0, or AGENTRUN_ENOMEM: some of it is missing */
} redis_text;

#define REDIS_TEXT_INIT { NULL, 0, 0, 0 }

void redis_text_add(redis_text *to, const char *text, size_t len);
void redis_text_str(redis_text *to, const char *text);
void redis_text_int(redis_text *to, int64_t number);
/* As a JSON string. */
void redis_text_json(redis_text *to, const char *text, size_t len);
/* A comma where the object that is written has members, then `"name":`. */
void redis_text_name(redis_text *to, const char *name);
/* The same and a value as it stands; nothing where it is not there. */
void redis_text_member(redis_text *to, const char *name, redis_span value);
/* Append it to `out` and free it: 0, AGENTRUN_ENOMEM. */
int redis_text_give(redis_text *text, agentrun_buf *out);
void redis_text_free(redis_text *text);

#endif
