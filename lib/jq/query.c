/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "jq/query.h"

#include <stdlib.h>

#ifdef AGR_HAVE_JQ

#include <float.h>
#include <jq.h>
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <string.h>

#include "base/thread.h"

#ifndef AGR_JQ_LOAD
#define AGR_JQ_LOAD(err) 0 /* where libjq is linked */
#endif

#define STACK_BYTES ((size_t)256 << 20) /* taken as it is used */
#define CHECK_MS 10
#define SHOWN_MAX 200

/*
 * Before the query, on its first line: what reaches beyond its input is defined anew.
 * halt ends the process that runs jq; here jq_halt() is how a run is stopped from
 * outside, and must not be called twice. Behind the | neither import nor include is
 * grammar.
 */
static const char prelude[] =
	"def env: {}; def stderr: .; def debug: .; def input: error(\"there is no other "
	"input\"); def inputs: empty; def input_filename: null; def get_search_list: []; "
	"def modulemeta: error(\"there are no modules\"); "
	"def halt: error(\"halt is not available\"); def halt_error: error; "
	"def halt_error(code): error; "
	"{} as $ENV | ";

struct agr_jq {
	char *program;
	_Atomic(jq_state *) spare; /* compiled, and used by nobody */
};

/* One piece of work for libjq, and what became of it. */
struct work {
	const char *program;
	jq_state *state;
	agr_span in;        /* p is NULL: only compile */
	size_t max_depth;
	agr_buf *made;
	size_t outputs;
	agr_buf message;    /* the first that libjq had */
	int code;           /* 0 or an error's; raised when the thread has ended */
	jmp_buf no_memory;
	atomic_int stop;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool running, done; /* guarded by lock */
};

/* ---- values in and out ------------------------------------------------------- */

static jv value_in(struct work *w, agr_span value);

static jv string_in(struct work *w, agr_span string)
{
	agr_buf text = AGR_BUF_INIT;
	jv made;

	if (agr_string_is_plain(string))
		return jv_string_sized(string.p + 1, (int)string.n - 2);
	agr_string_decode(&text, string);
	if (text.failed) {
		agr_buf_free(&text);
		w->code = AGENTRUN_ENOMEM;
		return jv_null();
	}
	made = jv_string_sized(text.len ? text.data : "", (int)text.len);
	agr_buf_free(&text);
	return made;
}

static jv container_in(struct work *w, agr_span value)
{
	jv made = *value.p == '[' ? jv_array() : jv_object();
	agr_iter it = agr_iter_of(value);
	agr_span key, element;

	if (*value.p == '[') {
		while (agr_array_next(&it, &element) && !w->code)
			made = jv_array_append(made, value_in(w, element));
		return made;
	}
	while (agr_object_next(&it, &key, &element) && !w->code) {
		jv name = string_in(w, key);

		made = w->code ? made : jv_object_set(made, name, value_in(w, element));
	}
	return made;
}

static jv value_in(struct work *w, agr_span value)
{
	if (atomic_load_explicit(&w->stop, memory_order_relaxed))
		w->code = AGENTRUN_ECANCELLED;
	switch (*value.p) {
	case 'n':
		return jv_null();
	case 't':
	case 'f':
		return jv_bool(*value.p == 't');
	case '"':
		return string_in(w, value);
	case '[':
	case '{':
		return container_in(w, value);
	default:
		return jv_number(agr_number_double(value));
	}
}

static void value_out(struct work *w, jv value, size_t depth);

static void string_out(struct work *w, jv string)
{
	agr_buf_json_str(w->made, jv_string_value(string),
		(size_t)jv_string_length_bytes(jv_copy(string)));
}

/* As jq does: what is beyond the doubles is the largest, what is none is null. */
static void number_out(agr_buf *out, double number)
{
	if (isnan(number))
		agr_buf_str(out, "null");
	else
		agr_number_write(out, isfinite(number) ? number
					      : number < 0    ? -DBL_MAX
							      : DBL_MAX);
}

static void array_out(struct work *w, jv array, size_t depth)
{
	int n = jv_array_length(jv_copy(array));

	agr_buf_char(w->made, '[');
	for (int i = 0; i < n && !w->code; i++) {
		if (i)
			agr_buf_char(w->made, ',');
		value_out(w, jv_array_get(jv_copy(array), i), depth);
	}
	agr_buf_char(w->made, ']');
}

static void object_out(struct work *w, jv object, size_t depth)
{
	bool first = true;

	agr_buf_char(w->made, '{');
	for (int i = jv_object_iter(object); jv_object_iter_valid(object, i) && !w->code;
		i = jv_object_iter_next(object, i)) {
		jv key = jv_object_iter_key(object, i);

		if (!first)
			agr_buf_char(w->made, ',');
		first = false;
		string_out(w, key);
		jv_free(key);
		agr_buf_char(w->made, ':');
		value_out(w, jv_object_iter_value(object, i), depth);
	}
	agr_buf_char(w->made, '}');
}

/* Takes the value. */
static void value_out(struct work *w, jv value, size_t depth)
{
	if (atomic_load_explicit(&w->stop, memory_order_relaxed))
		w->code = AGENTRUN_ECANCELLED;
	else if (w->made->failed)
		w->code = w->made->failed;
	switch (jv_get_kind(value)) {
	case JV_KIND_TRUE:
	case JV_KIND_FALSE:
		agr_buf_str(w->made, jv_get_kind(value) == JV_KIND_TRUE ? "true" : "false");
		break;
	case JV_KIND_NUMBER:
		number_out(w->made, jv_number_value(value));
		break;
	case JV_KIND_STRING:
		string_out(w, value);
		break;
	case JV_KIND_ARRAY:
	case JV_KIND_OBJECT:
		if (depth >= w->max_depth)
			w->code = AGENTRUN_ELIMIT;
		else if (jv_get_kind(value) == JV_KIND_ARRAY)
			array_out(w, value, depth + 1);
		else
			object_out(w, value, depth + 1);
		break;
	default:
		agr_buf_str(w->made, "null");
	}
	jv_free(value);
}

/* ---- on libjq's thread -------------------------------------------------------- */

/* The first line of a message of libjq's; takes it. */
static void keep_message(void *user, jv message)
{
	struct work *w = user;
	jv text = jv_get_kind(message) == JV_KIND_STRING ? message
							 : jv_dump_string(message, 0);
	const char *p = jv_string_value(text);
	const char *shell = strstr(p, " (Unix shell quoting issues?)");
	size_t n = strcspn(p, "\n");

	if (n && p[n - 1] == ':') /* before the line that is quoted */
		n--;
	if (!w->message.len) {
		if (agr_starts_with(p, "jq: error: ")) {
			p += 11;
			n -= 11;
		}
		if (shell && shell < p + n) {
			agr_buf_printable(&w->message, p, (size_t)(shell - p));
			n -= (size_t)(shell - p) + strlen(" (Unix shell quoting issues?)");
			p = shell + strlen(" (Unix shell quoting issues?)");
		}
		for (; n > SHOWN_MAX || (n && (p[n] & 0xc0) == 0x80); n--)
			;
		agr_buf_printable(&w->message, p, n);
		agr_buf_add(&w->message, "", 0);
	}
	jv_free(text);
}

/* libjq 1.6 does not hand its handler what it was given for it. */
static _Thread_local struct work *current;

static void out_of_memory(void *user)
{
	(void)user;
	longjmp(current->no_memory, 1);
}

static void compile(struct work *w)
{
	w->state = jq_init();
	if (!w->state) {
		w->code = AGENTRUN_ENOMEM;
		return;
	}
	jq_set_nomem_handler(w->state, out_of_memory, NULL);
	jq_set_error_cb(w->state, keep_message, w);
	/* Nowhere to look for modules. */
	jq_set_attr(w->state, jv_string("JQ_LIBRARY_PATH"), jv_array());
	if (!jq_compile(w->state, w->program))
		w->code = AGENTRUN_EINPUT;
}

static void set_running(struct work *w, bool running)
{
	pthread_mutex_lock(&w->lock);
	w->running = running;
	pthread_mutex_unlock(&w->lock);
}

static void run(struct work *w)
{
	jv in = value_in(w, w->in), value;

	if (w->code) {
		jv_free(in);
		return;
	}
	jq_set_error_cb(w->state, keep_message, w);
	jq_start(w->state, in, 0);
	set_running(w, true);
	while (jv_is_valid(value = jq_next(w->state)) && !w->code) {
		if (w->outputs++)
			agr_buf_char(w->made, ',');
		value_out(w, value, 1);
	}
	/* With a code the last value may be one, which libjq must not be asked this of. */
	if (!w->code && jv_invalid_has_msg(jv_copy(value))) {
		w->code = AGENTRUN_EPIPELINE;
		keep_message(w, jv_invalid_get_msg(value));
	} else {
		jv_free(value);
	}
}

static void *thread_body(void *user)
{
	struct work *w = user;

	if (setjmp(w->no_memory)) {
		/* Nobody knows what state that left: it is lost. */
		w->state = NULL;
		w->code = AGENTRUN_ENOMEM;
	} else {
		current = w;
		jv_nomem_handler(out_of_memory, w);
		if (!w->state)
			compile(w);
		if (!w->code && w->in.p)
			run(w);
	}
	pthread_mutex_lock(&w->lock);
	w->running = false;
	w->done = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* ---- around it ------------------------------------------------------------------ */

/* Wait for the thread, or stop it: libjq looks at that before each instruction. */
static int wait_for(struct work *w, const agr_jq_limits *limits, agentrun_error **err)
{
	int r = 0;

	pthread_mutex_lock(&w->lock);
	while (!w->done) {
		agr_cond_wait_ms(&w->changed, &w->lock, r ? 1000 : CHECK_MS);
		if (w->done || r || !limits || !limits->check)
			continue;
		r = limits->check(limits->user, err);
		if (r < 0)
			atomic_store(&w->stop, 1);
		if (r < 0 && w->running)
			jq_halt(w->state, jv_invalid(), jv_invalid());
	}
	pthread_mutex_unlock(&w->lock);
	return r;
}

static int raise(const struct work *w, agentrun_error **err)
{
	const char *message = w->message.len ? w->message.data : "it gave no reason";

	switch (w->code) {
	case 0:
		return 0;
	case AGENTRUN_EINPUT:
		return agentrun_error_raise(err, AGENTRUN_EINPUT, "the query is wrong: %s",
			message);
	case AGENTRUN_EPIPELINE:
		return agentrun_error_raise(err, AGENTRUN_EPIPELINE, "the query failed: %s",
			message);
	case AGENTRUN_ELIMIT:
		if (w->made->failed)
			return agr_buf_check(w->made, "what the query gives", err);
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"what the query gives is nested deeper than %zu levels", w->max_depth);
	default:
		return agr_error_oom(err);
	}
}

static int work_on(struct work *w, const agr_jq_limits *limits, agentrun_error **err)
{
	pthread_t thread;
	int r;

	w->message.max = SIZE_MAX;
	if (pthread_mutex_init(&w->lock, NULL))
		return agr_error_oom(err);
	if (agr_cond_init(&w->changed)) {
		pthread_mutex_destroy(&w->lock);
		return agr_error_oom(err);
	}
	r = agr_thread_start_deep(&thread, STACK_BYTES, thread_body, w, err);
	if (r == 0) {
		r = wait_for(w, limits, err);
		pthread_join(thread, NULL);
		if (r == 0)
			r = raise(w, err);
	}
	/* A state that was stopped or failed is not used again. */
	if (r < 0 && w->state)
		jq_teardown(&w->state);
	agr_buf_free(&w->message);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	return r;
}

int agr_jq_new(agr_jq **out, const char *query, agentrun_error **err)
{
	agr_jq *jq = calloc(1, sizeof(*jq));
	struct work w = { .in = { NULL, 0 } };
	agr_buf program = AGR_BUF_INIT;
	int r;

	*out = NULL;
	if (!jq)
		return agr_error_oom(err);
	r = AGR_JQ_LOAD(err);
	if (r < 0) {
		free(jq);
		return r;
	}
	atomic_init(&jq->spare, NULL);
	agr_buf_str(&program, prelude);
	agr_buf_str(&program, query);
	jq->program = agr_buf_give_str(&program, err);
	if (!jq->program) {
		free(jq);
		return AGENTRUN_ENOMEM;
	}
	w.program = jq->program;
	r = work_on(&w, NULL, err);
	if (r < 0) {
		agr_jq_free(jq);
		return r;
	}
	atomic_store(&jq->spare, w.state);
	*out = jq;
	return 0;
}

void agr_jq_free(agr_jq *jq)
{
	jq_state *spare;

	if (!jq)
		return;
	spare = atomic_load(&jq->spare);
	if (spare)
		jq_teardown(&spare);
	free(jq->program);
	free(jq);
}

int agr_jq_run(agr_jq *jq, agr_span in, const agr_jq_limits *limits, agr_buf *made,
	agr_span *out, agentrun_error **err)
{
	struct work w = { .program = jq->program, .in = in, .made = made,
		.max_depth = limits->max_depth ? limits->max_depth : AGR_DEPTH_DEFAULT };
	jq_state *none = NULL;
	size_t from = made->len;
	int r;

	/* libjq counts in ints. */
	if (in.n > INT_MAX / 2)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"%zu bytes are more than jq takes", in.n);
	w.state = atomic_exchange(&jq->spare, NULL);
	agr_buf_char(made, '[');
	r = work_on(&w, limits, err);
	if (r < 0)
		return r;
	agr_buf_char(made, ']');
	r = agr_buf_check(made, "what the query gives", err);
	if (!atomic_compare_exchange_strong(&jq->spare, &none, w.state))
		jq_teardown(&w.state);
	if (w.outputs == 1)
		*out = (agr_span){ made->data + from + 1, made->len - from - 2 };
	else
		*out = (agr_span){ made->data + from, made->len - from };
	return r;
}

#else

int agr_jq_new(agr_jq **out, const char *query, agentrun_error **err)
{
	(void)query;
	*out = NULL;
	return agentrun_error_raise(err, AGENTRUN_EINPUT,
		"jq needs libjq, and this library was built without it");
}

void agr_jq_free(agr_jq *jq)
{
	(void)jq;
}

int agr_jq_run(agr_jq *jq, agr_span in, const agr_jq_limits *limits, agr_buf *made,
	agr_span *out, agentrun_error **err)
{
	(void)jq;
	(void)in;
	(void)limits;
	(void)made;
	(void)out;
	return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "there is no libjq");
}

#endif
