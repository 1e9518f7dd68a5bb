/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/http.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/thread.h"

#define BATCH 64
#define IDLE_POLL_MS 1000

struct call {
	struct call *next;
	uint64_t id;
	agr_http_done_fn done;
	void *user;
};

struct agr_http {
	agentrun_transport_impl impl;
	void *self;
	pthread_t thread;
	pthread_mutex_t lock; /* guards calls and next_id */
	struct call *calls;
	uint64_t next_id;
	atomic_bool stop;
};

static struct call *take_call(agr_http *http, uint64_t id)
{
	struct call **at, *found;

	pthread_mutex_lock(&http->lock);
	for (at = &http->calls; *at && (*at)->id != id; at = &(*at)->next)
		;
	found = *at;
	if (found)
		*at = found->next;
	pthread_mutex_unlock(&http->lock);
	return found;
}

static void deliver(agr_http *http, agentrun_http_completion *answer)
{
	struct call *call = take_call(http, answer->id);

	if (!call) {
		agentrun_buf_dispose(&answer->body);
		agentrun_error_free(answer->error);
		return;
	}
	call->done(call->user, answer);
	free(call);
}

static void *io_loop(void *user)
{
	agr_http *http = user;
	agentrun_http_completion answers[BATCH];

	while (!atomic_load(&http->stop)) {
		int n = http->impl.poll(http->self, answers, BATCH, IDLE_POLL_MS, NULL);

		for (int i = 0; i < n; i++)
			deliver(http, &answers[i]);
	}
	return NULL;
}

int agr_http_new(agr_http **out, agentrun_transport_open_fn open, void *user,
	const agentrun_config *config, agentrun_error **err)
{
	agentrun_transport_impl impl;
	agr_http *http = calloc(1, sizeof(*http));
	int r;

	*out = NULL;
	if (!http)
		return agr_error_oom(err);
	memset(&impl, 0, sizeof(impl));
	r = open(user, &impl, &http->self, config, err);
	if (r < 0)
		goto fail;
	r = agr_impl_read(&http->impl, sizeof(http->impl), &impl,
		AGENTRUN_TRANSPORT_IMPL_VERSION, "agentrun_transport_impl", err);
	if (r == 0 && (!http->impl.submit || !http->impl.poll || !http->impl.cancel ||
		!http->impl.wakeup || !http->impl.destroy))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_transport_impl lacks a mandatory member");
	if (r < 0) {
		if (http->impl.destroy)
			http->impl.destroy(http->self);
		goto fail;
	}
	pthread_mutex_init(&http->lock, NULL);
	r = agr_thread_start(&http->thread, io_loop, http, err);
	if (r < 0) {
		http->impl.destroy(http->self);
		pthread_mutex_destroy(&http->lock);
		goto fail;
	}
	*out = http;
	return 0;
fail:
	free(http);
	return r;
}

void agr_http_free(agr_http *http)
{
	if (!http)
		return;
	atomic_store(&http->stop, true);
	http->impl.wakeup(http->self);
	pthread_join(http->thread, NULL);
	while (http->calls) {
		agentrun_http_completion answer = { .struct_size = sizeof(answer),
			.id = http->calls->id };

		agentrun_error_raise(&answer.error, AGENTRUN_ECANCELLED,
			"the context was freed");
		deliver(http, &answer);
	}
	http->impl.destroy(http->self);
	pthread_mutex_destroy(&http->lock);
	free(http);
}

int agr_http_start(agr_http *http, agentrun_http_request *request,
	agr_http_done_fn done, void *user, uint64_t *id, agentrun_error **err)
{
	struct call *call = malloc(sizeof(*call));
	int r;

	if (!call)
		return agr_error_oom(err);
	call->done = done;
	call->user = user;
	pthread_mutex_lock(&http->lock);
	request->id = call->id = ++http->next_id;
	call->next = http->calls;
	http->calls = call;
	pthread_mutex_unlock(&http->lock);
	if (id)
		*id = request->id;
	r = http->impl.submit(http->self, request, err);
	if (r < 0)
		free(take_call(http, request->id));
	return r;
}

void agr_http_cancel(agr_http *http, uint64_t id)
{
	http->impl.cancel(http->self, id);
}

struct wait {
	pthread_mutex_t lock;
	pthread_cond_t ready;
	bool done;
	agentrun_http_completion answer;
};

static void wait_done(void *user, agentrun_http_completion *answer)
{
	struct wait *wait = user;

	pthread_mutex_lock(&wait->lock);
	wait->answer = *answer;
	wait->done = true;
	pthread_cond_signal(&wait->ready);
	pthread_mutex_unlock(&wait->lock);
}

int agr_http_fetch(agr_http *http, agentrun_http_request *request, int *status,
	agentrun_buf *body, agentrun_error **err)
{
	struct wait wait = { .done = false };
	int r;

	pthread_mutex_init(&wait.lock, NULL);
	pthread_cond_init(&wait.ready, NULL);
	r = agr_http_start(http, request, wait_done, &wait, NULL, err);
	if (r == 0) {
		pthread_mutex_lock(&wait.lock);
		while (!wait.done)
			pthread_cond_wait(&wait.ready, &wait.lock);
		pthread_mutex_unlock(&wait.lock);
		*status = wait.answer.status;
		if (wait.answer.error) {
			r = agentrun_error_code(wait.answer.error);
			agentrun_buf_dispose(&wait.answer.body);
			if (err && !*err)
				*err = wait.answer.error;
			else
				agentrun_error_free(wait.answer.error);
		} else {
			agentrun_buf_dispose(body);
			*body = wait.answer.body;
		}
	}
	pthread_cond_destroy(&wait.ready);
	pthread_mutex_destroy(&wait.lock);
	return r;
}
