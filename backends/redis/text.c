/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "text.h"

#include <stdio.h>
#include <string.h>

void redis_text_add(redis_text *to, const char *text, size_t len)
{
	if (to->status == 0)
		to->status = agentrun_buf_append(&to->buf, text, len);
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
	if (to->status == 0)
		to->status = agentrun_buf_append_json(&to->buf, text, len);
}

void redis_text_name(redis_text *to, const char *name)
{
	if (to->buf.len && to->buf.data[to->buf.len - 1] != '{')
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

void redis_text_free(redis_text *text)
{
	agentrun_buf_dispose(&text->buf);
	text->status = 0;
}
