/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/sse.h"

#include <string.h>

void agr_sse_clear(agr_sse *sse)
{
	agr_buf_free(&sse->line);
	agr_buf_free(&sse->data);
	agr_buf_free(&sse->event);
}

static int dispatch(agr_sse *sse, agr_sse_fn on_event, void *user, agentrun_error **err)
{
	int r = 0;

	if (sse->any_data) {
		agr_buf_add(&sse->data, "", 0);
		agr_buf_add(&sse->event, "", 0);
		if (sse->data.failed || sse->event.failed)
			return agr_error_oom(err);
		r = on_event(user, sse->event.data, sse->data.data, sse->data.len, err);
	}
	agr_buf_reset(&sse->data);
	agr_buf_reset(&sse->event);
	sse->any_data = false;
	return r;
}

static int take_line(agr_sse *sse, agr_sse_fn on_event, void *user, agentrun_error **err)
{
	const char *line, *colon, *value;
	size_t len = sse->line.len, name, rest;
	int r = 0;

	agr_buf_add(&sse->line, "", 0);
	if (sse->line.failed)
		return agr_error_oom(err);
	line = sse->line.data;
	if (!sse->begun && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	sse->begun = true;
	colon = memchr(line, ':', len);
	name = colon ? (size_t)(colon - line) : len;
	value = colon ? colon + 1 : line + len;
	if (colon && value < line + len && *value == ' ')
		value++;
	rest = (size_t)(line + len - value);
	if (!len) {
		r = dispatch(sse, on_event, user, err);
	} else if (name == 4 && memcmp(line, "data", 4) == 0) {
		if (sse->any_data)
			agr_buf_char(&sse->data, '\n');
		agr_buf_add(&sse->data, value, rest);
		sse->any_data = true;
	} else if (name == 5 && memcmp(line, "event", 5) == 0) {
		if (!sse->event.failed)
			agr_buf_reset(&sse->event);
		agr_buf_add(&sse->event, value, rest);
	}
	agr_buf_reset(&sse->line);
	return r;
}

int agr_sse_feed(agr_sse *sse, const char *bytes, size_t len, agr_sse_fn on_event,
	void *user, agentrun_error **err)
{
	const char *end = bytes + len;
	int r = 0;

	while (r == 0 && bytes < end) {
		size_t n = 0;

		if (sse->cr && *bytes == '\n') { /* the second half of CRLF */
			sse->cr = false;
			bytes++;
			continue;
		}
		sse->cr = false;
		while (bytes + n < end && bytes[n] != '\n' && bytes[n] != '\r')
			n++;
		agr_buf_add(&sse->line, bytes, n);
		bytes += n;
		if (bytes == end)
			break;
		sse->cr = *bytes++ == '\r';
		r = take_line(sse, on_event, user, err);
	}
	return r;
}

int agr_sse_end(agr_sse *sse, agr_sse_fn on_event, void *user, agentrun_error **err)
{
	int r = sse->line.len ? take_line(sse, on_event, user, err) : 0;

	return r < 0 ? r : dispatch(sse, on_event, user, err);
}
