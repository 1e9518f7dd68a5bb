/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/error.h>

#define FIRST_CAP 512

/* Room for `more` bytes; false: there is no memory, from then on. */
static bool make_room(redis_text *to, size_t more)
{
	size_t cap = to->cap ? to->cap : FIRST_CAP;
	char *grown;

	if (to->status < 0 || more <= to->cap - to->len)
		return to->status == 0;
	while (cap - to->len < more && cap <= SIZE_MAX / 4)
		cap *= 2;
	grown = cap - to->len < more ? NULL : realloc(to->data, cap);
	if (!grown) {
		to->status = AGENTRUN_ENOMEM;
		return false;
	}
	to->data = grown;
	to->cap = cap;
	return true;
}

void redis_text_add(redis_text *to, const char *text, size_t len)
{
	if (!len || !make_room(to, len))
		return;
	memcpy(to->data + to->len, text, len);
	to->len += len;
}

void redis_text_str(redis_text *to, const char *text)
{
	redis_text_add(to, text, strlen(text));
}

void redis_text_int(redis_text *to, int64_t number)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)number);
	redis_text_str(to, digits);
}

void redis_text_json(redis_text *to, const char *text, size_t len)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;

	if (to->status == 0)
		to->status = agentrun_buf_append_json(&json, text, len);
	redis_text_add(to, json.data, json.len);
	agentrun_buf_dispose(&json);
}

void redis_text_name(redis_text *to, const char *name)
{
	if (to->len && to->data[to->len - 1] != '{')
		redis_text_str(to, ",");
	redis_text_str(to, "\"");
	redis_text_str(to, name);
	redis_text_str(to, "\":");
}

void redis_text_member(redis_text *to, const char *name, redis_span value)
{
	if (!value.p)
		return;
	redis_text_name(to, name);
	redis_text_add(to, value.p, value.n);
}

int redis_text_give(redis_text *text, agentrun_buf *out)
{
	int r = text->status < 0 ? text->status
		: agentrun_buf_append(out, text->data, text->len);

	redis_text_free(text);
	return r;
}

void redis_text_free(redis_text *text)
{
	free(text->data);
	*text = (redis_text)REDIS_TEXT_INIT;
}
