/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/event.h"

#include <stdlib.h>
#include <string.h>

struct agentrun_http_event {
	uint64_t id;
	int status, more;
	char **headers; /* "Name: value" */
	size_t n_headers;
	agr_buf body;
	agentrun_error *error;
	bool unsent;
};

int agentrun_http_event_new(agentrun_http_event **out, uint64_t id, agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return agr_error_oom(err);
	(*out)->id = id;
	(*out)->body = (agr_buf)AGR_BUF_INIT;
	return 0;
}

static void clear_headers(agentrun_http_event *event)
{
	while (event->n_headers)
		free(event->headers[--event->n_headers]);
}

void agentrun_http_event_free(agentrun_http_event *event)
{
	if (!event)
		return;
	clear_headers(event);
	free(event->headers);
	agr_buf_free(&event->body);
	agentrun_error_free(event->error);
	free(event);
}

void agentrun_http_event_set_status(agentrun_http_event *event, int status)
{
	event->status = status;
}

int agentrun_http_event_add_header(agentrun_http_event *event, const char *line,
	size_t len)
{
	char **grown, *copy;

	while (len && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	copy = agr_strndup(line, len);
	grown = copy ? realloc(event->headers, (event->n_headers + 1) * sizeof(*grown)) : NULL;
	if (!grown) {
		free(copy);
		return AGENTRUN_ENOMEM;
	}
	event->headers = grown;
	grown[event->n_headers++] = copy;
	return 0;
}

int agentrun_http_event_append_body(agentrun_http_event *event, const char *data,
	size_t len)
{
	agr_buf_add(&event->body, data, len);
	if (!event->body.failed)
		return 0;
	event->body.failed = 0; /* what it held is still there */
	return AGENTRUN_ENOMEM;
}

void agentrun_http_event_set_more(agentrun_http_event *event, int more)
{
	event->more = more;
}

void agentrun_http_event_set_error(agentrun_http_event *event, agentrun_error *take_error)
{
	if (event->error)
		agentrun_error_free(take_error);
	else
		event->error = take_error;
}

uint64_t agentrun_http_event_id(const agentrun_http_event *event)
{
	return event->id;
}

int agentrun_http_event_status(const agentrun_http_event *event)
{
	return event->status;
}

const char *agr_http_event_header_next(const agentrun_http_event *event, const char *name,
	size_t *at)
{
	size_t len = strlen(name);

	while (*at < event->n_headers) {
		const char *value = event->headers[(*at)++];

		if (!agr_starts_with_nocase(value, name) || value[len] != ':')
			continue;
		for (value += len + 1; *value == ' ' || *value == '\t';)
			value++;
		return value;
	}
	return NULL;
}

const char *agentrun_http_event_header(const agentrun_http_event *event, const char *name)
{
	size_t at = 0;

	return agr_http_event_header_next(event, name, &at);
}

const char *agentrun_http_event_body(const agentrun_http_event *event, size_t *len)
{
	if (len)
		*len = event->body.len;
	return event->body.data ? event->body.data : "";
}

int agentrun_http_event_has_more(const agentrun_http_event *event)
{
	return event->more;
}

const agentrun_error *agentrun_http_event_error(const agentrun_http_event *event)
{
	return event->error;
}

void agr_http_event_set_unsent(agentrun_http_event *event)
{
	event->unsent = true;
}

bool agr_http_event_is_unsent(const agentrun_http_event *event)
{
	return event->unsent;
}

agentrun_error *agr_http_event_take_error(agentrun_http_event *event)
{
	agentrun_error *error = event->error;

	event->error = NULL;
	return error;
}

void agr_http_event_drop_body(agentrun_http_event *event)
{
	agr_buf_free(&event->body);
}

void agr_http_event_reset(agentrun_http_event *event)
{
	clear_headers(event);
	agr_buf_reset(&event->body);
	event->status = 0;
}
