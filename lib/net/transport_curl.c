/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The transport on libcurl's multi interface: what comes in, what waits, what is under
 * way (transfer.h), and what goes out.
 *
 * The configuration is read by its public getters and nothing else: the command
 * line, which has a core of its own, hands one in too (cli/open.c).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "net/loop.h"
#include "net/transfer.h"

#define KNOWN_FLAGS \
	(AGENTRUN_HTTP_NO_REDIRECTS | AGENTRUN_HTTP_OPERATOR | AGENTRUN_HTTP_STREAM)

#define CONNECTIONS_AT_ONCE 32 /* by which more are kept when more are wanted */
#define SPARE_HANDLES 256 /* that are kept, so that the next requests need not make any */

struct queue {
	agr_transfer *first, *last;
};

struct curl_transport {
	const agentrun_config *config; /* lent */
	pthread_mutex_t lock;      /* guards what follows */
	struct queue incoming;
	uint64_t *cancels;
	size_t n_cancels;
	char *known_url, *known_host; /* of the last for the operator, which are mostly alike */
	/* The polling thread's: */
	agr_loop loop;
	agr_origins origins;
	struct queue waiting;      /* for the gates of their origins */
	int64_t wait_ms;           /* until one of these opens by itself; 0: none waits */
	agr_transfer *running;
	size_t n_running, most_running;
	agr_transfer *fresh;       /* streams that have something to hand out */
	agr_transfer *unsent;      /* whose bodies may not have left in full */
	struct spare {
		CURL *handles[SPARE_HANDLES];
		size_t n;
	} spare[2];                /* with a large buffer, with a small one */
};

/* ---- handles ------------------------------------------------------------- */

static CURL *take_handle(struct curl_transport *c, const agr_transfer *t)
{
	struct spare *spare = &c->spare[agr_transfer_is_small(t)];
	CURL *e;

	if (spare->n)
		return spare->handles[--spare->n];
	e = curl_easy_init();
	if (e && agr_transfer_prepare(e, c->config, agr_transfer_is_small(t))) {
		curl_easy_cleanup(e);
		e = NULL;
	}
	return e;
}

/* Nothing of the transfer stays in its handle that could be used once more. */
static void give_handle(struct curl_transport *c, agr_transfer *t)
{
	struct spare *spare = &c->spare[agr_transfer_is_small(t)];
	CURL *e = t->easy;

	t->easy = NULL;
	if (!e)
		return;
	if (spare->n == SPARE_HANDLES || curl_easy_setopt(e, CURLOPT_HTTPHEADER, NULL) ||
		curl_easy_setopt(e, CURLOPT_ERRORBUFFER, NULL))
		curl_easy_cleanup(e);
	else
		spare->handles[spare->n++] = e;
}

/* libcurl keeps few connections when few transfers run; as many come again. */
static void keep_connections(struct curl_transport *c)
{
	if (++c->n_running <= c->most_running)
		return;
	c->most_running = c->n_running + CONNECTIONS_AT_ONCE;
	curl_multi_setopt(c->loop.multi, CURLMOPT_MAXCONNECTS, (long)c->most_running);
}

/* Nothing more is done for others at its origin until it has a connection. */
static int start(struct curl_transport *c, agr_transfer *t)
{
	if (!t->easy)
		t->easy = take_handle(c, t);
	if (!t->easy || agr_transfer_set_up(t) || curl_multi_add_handle(c->loop.multi, t->easy))
		return -1;
	agr_origin_close(t->origin, t, agr_clock_mono_ms());
	t->next = c->running;
	t->prev = NULL;
	if (c->running)
		c->running->prev = t;
	c->running = t;
	keep_connections(c);
	return 0;
}

/* ---- events -------------------------------------------------------------- */

static int raise_cancelled(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ECANCELLED, "the request was cancelled");
}

static int raise_fault(const agr_transfer *t, CURLcode fault, agentrun_error **err)
{
	const char *why = *t->fault ? t->fault : curl_easy_strerror(fault);

	if (t->cancelled)
		return raise_cancelled(err);
	if (t->broken == AGENTRUN_ELIMIT)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the answer of %s is larger than the limit of %zu bytes "
			"(http.max_response_bytes)", t->host, t->max_bytes);
	if (t->broken || fault == CURLE_OUT_OF_MEMORY)
		return agr_error_oom(err);
	if (t->blocked)
		return agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"%s is not at a public address: name it in http.allow_hosts, or set "
			"http.allow_private_networks", t->host);
	if (fault == CURLE_OPERATION_TIMEDOUT)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT, "%s did not answer in time",
			t->host);
	return agentrun_error_raise(err, AGENTRUN_ENETWORK, "%s: %s", t->host, why);
}

static void unlink_running(struct curl_transport *c, agr_transfer *t)
{
	agr_transfer_forget_fresh(t);
	agr_transfer_forget_unsent(t);
	agr_origin_open(t->origin, t, true, agr_clock_mono_ms());
	agr_origin_drop(t->origin);
	t->origin = NULL;
	c->n_running--;
	*(t->prev ? &t->prev->next : &c->running) = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

/* Hand out the transfer's last event and free it. */
static void finish(struct curl_transport *c, agr_transfer *t, agentrun_error *take_why,
	agentrun_http_event **out)
{
	if (take_why) {
		agr_http_event_reset(t->event);
		agentrun_http_event_set_error(t->event, take_why);
	}
	*out = t->event;
	t->event = NULL;
	give_handle(c, t);
	agr_transfer_free(t);
}

/* There was a connection, and something of the request may have gone through it. */
static bool may_be_sent(CURL *easy)
{
	curl_off_t us = 0;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &us) != CURLE_OK || us > 0;
}

/* Fill `out` unless the transfer goes on with a redirect. */
static bool complete(struct curl_transport *c, agr_transfer *t, CURLcode fault,
	agentrun_http_event **out)
{
	agentrun_error *why = NULL;
	long status = 0;
	int r = 0;

	unlink_running(c, t);
	curl_multi_remove_handle(c->loop.multi, t->easy);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (fault || t->cancelled)
		raise_fault(t, fault, &why);
	else if (!t->headed)
		raise_fault(t, CURLE_RECV_ERROR, &why);
	else
		r = agr_transfer_follow(t, status, &why);
	if (r == 1 && start(c, t) == 0)
		return false;
	if (r == 1)
		agr_error_oom(&why);
	agentrun_http_event_set_status(t->event, (int)status);
	if (why && !may_be_sent(t->easy))
		agr_http_event_set_unsent(t->event);
	finish(c, t, why, out);
	return true;
}

static void refuse(struct curl_transport *c, agr_transfer *t, agentrun_http_event **out)
{
	agentrun_error *why = NULL;

	agr_error_oom(&why);
	finish(c, t, why, out);
}

/* What came of a stream's body since the last time; but a redirect is not the
 * answer. */
static bool take_part(agr_transfer *t, agentrun_http_event **out)
{
	agentrun_http_event *rest;
	long status = 0;
	size_t len;

	agentrun_http_event_body(t->event, &len);
	if (!(t->flags & AGENTRUN_HTTP_STREAM) || !t->headed || !len)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (agr_transfer_is_redirect(t, status) || agentrun_http_event_new(&rest, t->id, NULL) < 0)
		return false; /* without memory for another event it comes with the next */
	agentrun_http_event_set_status(t->event, (int)status);
	agentrun_http_event_set_more(t->event, 1);
	*out = t->event;
	t->event = rest;
	return true;
}

/* ---- the vtable --------------------------------------------------------- */

static int transport_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)err;
	((struct curl_transport *)self)->config = config;
	return 0;
}

static void queue_push(struct queue *queue, agr_transfer *t)
{
	t->next = NULL;
	*(queue->first ? &queue->last->next : &queue->first) = t;
	queue->last = t;
}

static agr_transfer *queue_pop(struct queue *queue)
{
	agr_transfer *t = queue->first;

	if (t)
		queue->first = t->next;
	return t;
}

/* Take the transfer of this id off; NULL: it is not there. */
static agr_transfer *queue_unlink(struct queue *queue, uint64_t id)
{
	agr_transfer *t = queue->first, *before = NULL;

	for (; t && t->id != id; t = t->next)
		before = t;
	if (!t)
		return NULL;
	*(before ? &before->next : &queue->first) = t->next;
	if (queue->last == t)
		queue->last = before;
	return t;
}

/* Has this url been found good? Then its host, yours. */
static char *known_host(struct curl_transport *c, const agentrun_http_request *request)
{
	char *host = NULL;

	if (!(request->flags & AGENTRUN_HTTP_OPERATOR))
		return NULL;
	pthread_mutex_lock(&c->lock);
	if (c->known_url && strcmp(c->known_url, request->url) == 0)
		host = strdup(c->known_host);
	pthread_mutex_unlock(&c->lock);
	return host;
}

/* With the lock held. Without memory it is found out anew. */
static void remember_host(struct curl_transport *c, const agr_transfer *t)
{
	const char *host = agr_transfer_host(t);
	char *url, *copy;

	if (!host || (c->known_url && strcmp(c->known_url, t->url) == 0))
		return;
	url = strdup(t->url);
	copy = strdup(host);
	if (!url || !copy) {
		free(url);
		free(copy);
		return;
	}
	free(c->known_url);
	free(c->known_host);
	c->known_url = url;
	c->known_host = copy;
}

static int transport_submit(void *self, const agentrun_http_request *request_in,
	agentrun_error **err)
{
	struct curl_transport *c = self;
	agentrun_http_request request = { .struct_size = sizeof(request) };
	agr_transfer *t;
	bool first;
	int r = agentrun_options_read(&request, sizeof(request), request_in,
		"agentrun_http_request", err);

	if (r == 0)
		r = agr_options_reserved(request.reserved, "agentrun_http_request", err);
	if (r == 0 && request.flags & ~(uint32_t)KNOWN_FLAGS)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_http_request.flags holds one that is not known here: %#x",
			request.flags);
	if (r == 0)
		r = agr_transfer_new(&t, c->config, &request, known_host(c, &request), err);
	if (r != 0)
		return r;
	pthread_mutex_lock(&c->lock);
	remember_host(c, t);
	t->fresh = &c->fresh;
	t->unsent = &c->unsent;
	first = !c->incoming.first;
	queue_push(&c->incoming, t);
	pthread_mutex_unlock(&c->lock);
	if (first) /* else it was woken, and has not looked yet */
		agr_loop_wake(&c->loop);
	return 0;
}

static void transport_cancel(void *self, uint64_t id)
{
	struct curl_transport *c = self;
	uint64_t *grown;

	pthread_mutex_lock(&c->lock);
	grown = realloc(c->cancels, (c->n_cancels + 1) * sizeof(*grown));
	if (grown) { /* else the request ends by its timeout */
		c->cancels = grown;
		grown[c->n_cancels++] = id;
	}
	pthread_mutex_unlock(&c->lock);
	agr_loop_wake(&c->loop);
}

static void transport_wakeup(void *self)
{
	agr_loop_wake(&((struct curl_transport *)self)->loop);
}

/* All that came in, and what waited before it. */
static void take_in(struct curl_transport *c)
{
	agr_transfer *t, *next;

	pthread_mutex_lock(&c->lock);
	t = c->incoming.first;
	c->incoming = (struct queue){ NULL, NULL };
	pthread_mutex_unlock(&c->lock);
	for (; t; t = next) {
		next = t->next;
		t->origin = agr_origin_take(&c->origins, t->url);
		queue_push(&c->waiting, t);
	}
}

/* Start what may start; returns how many had to be refused into `out`. */
static int start_waiting(struct curl_transport *c, agentrun_http_event **out, size_t max)
{
	struct queue queue;
	agr_transfer *t;
	int n = 0;

	take_in(c);
	queue = c->waiting;
	c->waiting = (struct queue){ NULL, NULL };
	c->wait_ms = 0;
	while ((t = queue_pop(&queue))) {
		int64_t wait = (size_t)n < max ? agr_origin_wait(t->origin, agr_clock_mono_ms())
					       : 1;

		if (wait > 0) {
			c->wait_ms = c->wait_ms && c->wait_ms < wait ? c->wait_ms : wait;
			queue_push(&c->waiting, t);
		} else if (start(c, t) < 0) {
			agr_origin_drop(t->origin);
			t->origin = NULL;
			refuse(c, t, &out[n++]);
		} else if (t->origin && t->origin->opener == t) {
			agr_loop_kick(&c->loop); /* most find a connection at once */
		}
	}
	return n;
}

static int take_cancels(struct curl_transport *c, agentrun_http_event **out,
	size_t max)
{
	int n = 0;

	pthread_mutex_lock(&c->lock);
	while (c->n_cancels && (size_t)n < max) {
		uint64_t id = c->cancels[--c->n_cancels];
		agr_transfer *t = queue_unlink(&c->incoming, id);

		if (!t)
			t = queue_unlink(&c->waiting, id);
		if (t) {
			agentrun_error *why = NULL;

			agr_origin_drop(t->origin);
			raise_cancelled(&why);
			finish(c, t, why, &out[n++]);
			continue;
		}
		for (t = c->running; t && t->id != id;)
			t = t->next;
		if (t) {
			t->cancelled = true;
			n += complete(c, t, CURLE_OK, &out[n]);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

static int take_finished(struct curl_transport *c, agentrun_http_event **out,
	size_t max)
{
	int n = 0, left;
	CURLMsg *message;

	while ((size_t)n < max && (message = curl_multi_info_read(c->loop.multi, &left))) {
		CURLcode fault = message->data.result;
		char *t = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		n += complete(c, (agr_transfer *)(void *)t, fault, &out[n]);
	}
	return n;
}

static int take_parts(struct curl_transport *c, agentrun_http_event **out, size_t max)
{
	int n = 0;

	for (agr_transfer *t = c->fresh, *next; t && (size_t)n < max; t = next) {
		next = t->next_fresh;
		if (!take_part(t, &out[n]))
			continue;
		agr_transfer_forget_fresh(t);
		n++;
	}
	return n;
}

static int collect(struct curl_transport *c, agentrun_http_event **events, size_t max)
{
	int n = start_waiting(c, events, max);

	n += take_cancels(c, events + n, max - (size_t)n);
	n += take_finished(c, events + n, max - (size_t)n);
	return n + take_parts(c, events + n, max - (size_t)n);
}

static int transport_poll(void *self, agentrun_http_event **events, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct curl_transport *c = self;
	int n = collect(c, events, max), r;

	if (n)
		return n;
	if (c->wait_ms && (timeout_ms < 0 || timeout_ms > c->wait_ms))
		timeout_ms = (int)c->wait_ms;
	r = agr_loop_turn(&c->loop, c->n_running, timeout_ms, err);
	agr_transfers_drop_sent(&c->unsent);
	return r < 0 ? r : collect(c, events, max);
}

static void free_list(struct curl_transport *c, agr_transfer *t, bool running)
{
	while (t) {
		agr_transfer *next = t->next;

		if (running)
			curl_multi_remove_handle(c->loop.multi, t->easy);
		agr_transfer_free(t);
		t = next;
	}
}

static void transport_destroy(void *self)
{
	struct curl_transport *c = self;

	free_list(c, c->running, true);
	free_list(c, c->incoming.first, false);
	free_list(c, c->waiting.first, false);
	for (size_t i = 0; i < AGR_COUNT(c->spare); i++)
		while (c->spare[i].n)
			curl_easy_cleanup(c->spare[i].handles[--c->spare[i].n]);
	agr_loop_close(&c->loop);
	agr_origins_clear(&c->origins);
	free(c->cancels);
	free(c->known_url);
	free(c->known_host);
	pthread_mutex_destroy(&c->lock);
	free(c);
	curl_global_cleanup();
}

int agentrun_curl_transport_new(const agentrun_transport_impl **impl, void **self,
	agentrun_error **err)
{
	static const agentrun_transport_impl curl_impl = {
		.version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(curl_impl),
		.name = "curl",
		.open = transport_open,
		.submit = transport_submit,
		.poll = transport_poll,
		.cancel = transport_cancel,
		.wakeup = transport_wakeup,
		.destroy = transport_destroy,
		.features = AGENTRUN_TRANSPORT_BODY_PARTS,
	};
	struct curl_transport *c;
	int r;

	*impl = &curl_impl;
	*self = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "libcurl does not start");
	c = calloc(1, sizeof(*c));
	if (!c) {
		curl_global_cleanup();
		return agr_error_oom(err);
	}
	pthread_mutex_init(&c->lock, NULL);
	r = agr_loop_open(&c->loop, err);
	if (r < 0) {
		transport_destroy(c);
		return r;
	}
	*self = c;
	return 0;
}
