/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/http.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

#define BATCH 64
#define BUCKETS 256
#define IDLE_POLL_MS 1000

struct call {
	struct call *next;
	uint64_t id;
	bool stream;
	agr_http_event_fn on_event;
	void *user;
	agentrun_http_event *spare; /* in case that it must be failed without memory */
};

struct agr_http {
	agentrun_transport_impl impl;
	void *self;
	pthread_t thread;
	pthread_mutex_t lock;  /* guards all below */
	struct call *calls[BUCKETS]; /* by id */
	uint64_t next_id;
	agentrun_error *death; /* what poll() said at last; NULL: it lives */
	atomic_bool stop;
};

static void call_free(struct call *call)
{
	if (!call)
		return;
	agentrun_http_event_free(call->spare);
	free(call);
}

/* ---- calls under way ----------------------------------------------------- */

/* The call of this id, taken off the list if `take`. With the lock held. */
static struct call *find_call(agr_http *http, uint64_t id, bool take)
{
	struct call **at = &http->calls[id % BUCKETS], *found;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	found = *at;
	if (found && take)
		*at = found->next;
	return found;
}

static struct call *take_call(agr_http *http, uint64_t id)
{
	struct call *call;

	pthread_mutex_lock(&http->lock);
	call = find_call(http, id, true);
	pthread_mutex_unlock(&http->lock);
	return call;
}

/* A call that is off the list ends without an answer. */
static void fail_call(struct call *call, int code, const char *why)
{
	agentrun_http_event *event = call->spare;

	call->spare = NULL;
	agentrun_http_event_set_error(event, agentrun_error_new(code, why));
	call->on_event(call->user, event);
	call_free(call);
}

/* Any call, taken off the list; NULL: there is none. */
static struct call *take_any(agr_http *http)
{
	struct call *call = NULL;

	pthread_mutex_lock(&http->lock);
	for (size_t i = 0; i < BUCKETS && !call; i++) {
		call = http->calls[i];
		if (call)
			http->calls[i] = call->next;
	}
	pthread_mutex_unlock(&http->lock);
	return call;
}

static void fail_all(agr_http *http, int code, const char *why)
{
	struct call *call;

	while ((call = take_any(http)))
		fail_call(call, code, why);
}

static void deliver(agr_http *http, agentrun_http_event *event)
{
	bool last = !agentrun_http_event_has_more(event) || agentrun_http_event_error(event);
	struct call *call;

	/* Only this thread ends calls, so one that stays on the list is safe to use. */
	pthread_mutex_lock(&http->lock);
	call = find_call(http, agentrun_http_event_id(event), false);
	if (call && (last || !call->stream))
		find_call(http, call->id, true);
	pthread_mutex_unlock(&http->lock);
	if (!call) {
		agentrun_http_event_free(event);
	} else if (last) {
		call->on_event(call->user, event);
		call_free(call);
	} else if (call->stream) {
		call->on_event(call->user, event);
	} else {
		agentrun_http_event_free(event);
		http->impl.cancel(http->self, call->id);
		fail_call(call, AGENTRUN_EINTERNAL,
			"the transport gave a part of an answer that was to come whole");
	}
}

/* ---- the thread ---------------------------------------------------------- */

static void die(agr_http *http, agentrun_error *take_why)
{
	if (!take_why)
		take_why = agentrun_error_new(AGENTRUN_EINTERNAL,
			"the HTTP transport failed and did not say why");
	pthread_mutex_lock(&http->lock);
	http->death = take_why;
	pthread_mutex_unlock(&http->lock);
	fail_all(http, agentrun_error_code(take_why), agentrun_error_message(take_why));
}

static void *io_loop(void *user)
{
	agr_http *http = user;
	agentrun_http_event *events[BATCH];

	while (!atomic_load(&http->stop)) {
		agentrun_error *why = NULL;
		int n = http->impl.poll(http->self, events, BATCH, IDLE_POLL_MS, &why);

		if (n < 0) {
			die(http, why);
			break;
		}
		agentrun_error_free(why);
		for (int i = 0; i < n; i++)
			deliver(http, events[i]);
	}
	return NULL;
}

int agr_http_new(agr_http **out, const agentrun_transport_impl *impl, void *self,
	agentrun_error **err)
{
	agr_http *http = calloc(1, sizeof(*http));
	int r;

	*out = NULL;
	if (!http)
		return agr_error_oom(err);
	http->impl = *impl;
	http->self = self;
	pthread_mutex_init(&http->lock, NULL);
	r = agr_thread_start(&http->thread, io_loop, http, err);
	if (r < 0) {
		pthread_mutex_destroy(&http->lock);
		free(http);
		return r;
	}
	*out = http;
	return 0;
}

static bool is_dead(agr_http *http)
{
	bool dead;

	pthread_mutex_lock(&http->lock);
	dead = http->death != NULL;
	pthread_mutex_unlock(&http->lock);
	return dead;
}

void agr_http_free(agr_http *http)
{
	if (!http)
		return;
	atomic_store(&http->stop, true);
	if (!is_dead(http))
		http->impl.wakeup(http->self);
	pthread_join(http->thread, NULL);
	fail_all(http, AGENTRUN_ECANCELLED, "the context was freed");
	agentrun_error_free(http->death);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

/* ---- requests ------------------------------------------------------------ */

static struct call *call_new(const agentrun_http_request *request,
	agr_http_event_fn on_event, void *user, agentrun_error **err)
{
	struct call *call = calloc(1, sizeof(*call));

	if (!call) {
		agr_error_oom(err);
		return NULL;
	}
	call->stream = request->flags & AGENTRUN_HTTP_STREAM;
	call->on_event = on_event;
	call->user = user;
	if (agentrun_http_event_new(&call->spare, 0, err) < 0) {
		call_free(call);
		return NULL;
	}
	return call;
}

/* Put a call on the list, unless the transport is dead. It may be over as soon as
 * it is there. */
static int add_call(agr_http *http, struct call *call, uint64_t *id,
	agentrun_error **err)
{
	int r = 0;

	pthread_mutex_lock(&http->lock);
	if (http->death) {
		r = agentrun_error_raise(err, agentrun_error_code(http->death), "%s",
			agentrun_error_message(http->death));
	} else {
		*id = call->id = ++http->next_id;
		call->next = http->calls[call->id % BUCKETS];
		http->calls[call->id % BUCKETS] = call;
	}
	pthread_mutex_unlock(&http->lock);
	return r;
}

/* A transport that does not take pieces is given them as one. */
static int submit(agr_http *http, const agentrun_http_request *request, agentrun_error **why)
{
	agentrun_http_request whole = *request;
	agr_buf body = AGR_BUF_INIT;
	int r;

	if (!request->n_body_parts || http->impl.features & AGENTRUN_TRANSPORT_BODY_PARTS)
		return http->impl.submit(http->self, request, why);
	for (size_t i = 0; i < request->n_body_parts; i++)
		agr_buf_add(&body, request->body_parts[i].data, request->body_parts[i].len);
	r = agr_buf_check(&body, "request", why);
	whole.body = body.data ? body.data : "";
	whole.body_len = body.len;
	whole.body_parts = NULL;
	whole.n_body_parts = 0;
	if (r == 0)
		r = http->impl.submit(http->self, &whole, why);
	agr_buf_free(&body);
	return r;
}

int agr_http_start(agr_http *http, agentrun_http_request *request,
	agr_http_event_fn on_event, void *user, uint64_t *id, agentrun_error **err)
{
	struct call *call = call_new(request, on_event, user, err);
	agentrun_error *why = NULL;
	int r;

	if (!call)
		return AGENTRUN_ENOMEM;
	r = add_call(http, call, &request->id, err);
	if (r < 0) {
		call_free(call);
		return r;
	}
	if (id)
		*id = request->id;
	r = submit(http, request, &why);
	if (r == 0)
		return 0;
	call = take_call(http, request->id);
	if (!call) { /* the transport died meanwhile, and on_event was told */
		agentrun_error_free(why);
		return 0;
	}
	call_free(call);
	if (!why)
		return agentrun_error_raise(err, r, "the HTTP transport \"%s\" refused the request",
			http->impl.name);
	return agr_error_pass(err, why);
}

int agr_http_start_parts(agr_http *http, agentrun_http_request *request, bool *in_parts,
	agr_http_event_fn on_event, void *user, uint64_t *id, agentrun_error **err)
{
	agentrun_error *why = NULL;
	int r;

	*in_parts = request->flags & AGENTRUN_HTTP_STREAM;
	r = agr_http_start(http, request, on_event, user, id, &why);
	if (r == AGENTRUN_EINVAL && *in_parts) {
		agentrun_error_free(why);
		why = NULL;
		*in_parts = false;
		request->flags &= ~(uint32_t)AGENTRUN_HTTP_STREAM;
		r = agr_http_start(http, request, on_event, user, id, &why);
	}
	return r < 0 ? agr_error_pass(err, why) : 0;
}

void agr_http_cancel(agr_http *http, uint64_t id)
{
	if (!is_dead(http))
		http->impl.cancel(http->self, id);
}

struct wait {
	pthread_mutex_t lock;
	pthread_cond_t ready;
	agentrun_http_event *answer;
};

static void wait_done(void *user, agentrun_http_event *take_event)
{
	struct wait *wait = user;

	pthread_mutex_lock(&wait->lock);
	wait->answer = take_event;
	pthread_cond_signal(&wait->ready);
	pthread_mutex_unlock(&wait->lock);
}

int agr_http_fetch(agr_http *http, agentrun_http_request *request,
	agentrun_http_event **answer, agentrun_error **err)
{
	struct wait wait = { .answer = NULL };
	int r;

	*answer = NULL;
	pthread_mutex_init(&wait.lock, NULL);
	pthread_cond_init(&wait.ready, NULL);
	r = agr_http_start(http, request, wait_done, &wait, NULL, err);
	if (r == 0) {
		agentrun_error *why;

		pthread_mutex_lock(&wait.lock);
		while (!wait.answer)
			pthread_cond_wait(&wait.ready, &wait.lock);
		pthread_mutex_unlock(&wait.lock);
		why = agr_http_event_take_error(wait.answer);
		if (why) {
			agentrun_http_event_free(wait.answer);
			r = agr_error_pass(err, why);
		} else {
			*answer = wait.answer;
		}
	}
	pthread_cond_destroy(&wait.ready);
	pthread_mutex_destroy(&wait.lock);
	return r;
}
