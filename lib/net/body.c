/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/body.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Two own it: who reads, until it closes it, and the client, until the last event. The
 * later of them frees it. */
struct agr_body {
	agr_http *http;
	uint64_t id;
	agr_buf reading; /* the reader's; from `at` on */
	size_t at;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t change;
	agr_buf come;         /* and not read yet */
	int status;
	bool begun, over, closed, failed;
	agentrun_error *error;
};

static void body_free(agr_body *b)
{
	agentrun_error_free(b->error);
	agr_buf_free(&b->reading);
	agr_buf_free(&b->come);
	pthread_cond_destroy(&b->change);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

static void take_event(agr_body *b, agentrun_http_event *event)
{
	size_t len;
	const char *text = agentrun_http_event_body(event, &len);

	if (!b->begun)
		b->status = agentrun_http_event_status(event);
	b->begun = true;
	agr_buf_add(&b->come, text, len);
	b->failed = b->failed || b->come.failed;
	b->over = !agentrun_http_event_has_more(event) || agentrun_http_event_error(event);
	b->error = agr_http_event_take_error(event);
}

static void on_event(void *user, agentrun_http_event *event)
{
	agr_body *b = user;
	bool last;

	pthread_mutex_lock(&b->lock);
	if (b->closed)
		b->over = !agentrun_http_event_has_more(event) ||
			agentrun_http_event_error(event);
	else
		take_event(b, event);
	last = b->over && b->closed;
	pthread_cond_signal(&b->change);
	pthread_mutex_unlock(&b->lock);
	agentrun_http_event_free(event);
	if (last)
		body_free(b);
}

static int body_new(agr_body **out, agr_http *http, agentrun_error **err)
{
	agr_body *b = calloc(1, sizeof(*b));

	*out = b;
	if (!b)
		return agr_error_oom(err);
	b->http = http;
	b->reading.max = b->come.max = SIZE_MAX;
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->change, NULL);
	return 0;
}

static int start(agr_body *b, agentrun_http_request *request, agentrun_error **err)
{
	bool in_parts;

	request->flags |= AGENTRUN_HTTP_STREAM;
	return agr_http_start_parts(b->http, request, &in_parts, on_event, b, &b->id, err);
}

/* What ended it, once all that came before was read. With the lock held. */
static int raise_error(agr_body *b, agentrun_error **err)
{
	agentrun_error *why = b->error;

	b->error = NULL;
	return b->failed ? agr_error_oom(err) : why ? agr_error_pass(err, why) : 0;
}

int agr_body_open(agr_body **out, agr_http *http, agentrun_http_request *request,
	int *status, agentrun_error **err)
{
	agr_body *b;
	int r = body_new(&b, http, err);

	*out = NULL;
	if (r < 0)
		return r;
	r = start(b, request, err);
	if (r < 0) {
		body_free(b);
		return r;
	}
	pthread_mutex_lock(&b->lock);
	while (!b->begun)
		pthread_cond_wait(&b->change, &b->lock);
	*status = b->status;
	if (b->error && !b->come.len)
		r = raise_error(b, err);
	pthread_mutex_unlock(&b->lock);
	if (r < 0)
		agr_body_close(b);
	else
		*out = b;
	return r;
}

/* Have something to read, unless it is over. */
static int wait_for_more(agr_body *b, agentrun_error **err)
{
	agr_buf read = b->reading;
	int r = 0;

	pthread_mutex_lock(&b->lock);
	while (!b->come.len && !b->over && !b->failed)
		pthread_cond_wait(&b->change, &b->lock);
	if (b->failed || !b->come.len)
		r = raise_error(b, err);
	b->reading = b->come;
	b->come = read;
	agr_buf_reset(&b->come);
	pthread_mutex_unlock(&b->lock);
	b->at = 0;
	return r;
}

int agr_body_read(void *body, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	agr_body *b = body;
	size_t left = b->reading.len - b->at;
	int r = 0;

	*len = 0;
	if (!left) {
		r = wait_for_more(b, err);
		left = b->reading.len;
	}
	if (r < 0 || !left)
		return r;
	*len = left < cap ? left : cap;
	memcpy(to, b->reading.data + b->at, *len);
	b->at += *len;
	return 0;
}

void agr_body_close(void *body)
{
	agr_body *b = body;
	agr_http *http;
	uint64_t id;
	bool over;

	if (!b)
		return;
	http = b->http;
	id = b->id;
	pthread_mutex_lock(&b->lock);
	b->closed = true;
	over = b->over;
	pthread_mutex_unlock(&b->lock);
	if (over)
		body_free(b);
	else
		agr_http_cancel(http, id);
}
