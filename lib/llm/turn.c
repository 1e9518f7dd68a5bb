/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/turn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/backoff.h"
#include "llm/failure.h"
#include "llm/profile.h"
#include "net/http.h"

#define BACKOFF_BASE_MS 500
#define BACKOFF_MOST_MS 8000
#define LEAST_SECRET 8 /* a shorter value of a header is a word of its own */

enum state { STATE_BEGIN, STATE_SEND, STATE_WAIT_ANSWER, STATE_JUDGE, STATE_WAIT_TIME,
	STATE_DONE };

struct agr_turn {
	agentrun_ctx *ctx;
	agr_llm *llm;
	const agr_talk *talk;
	agr_turn_options opts;
	char *id_prefix; /* ours */
	const agr_profile **who; /* the provider, then its fallbacks; lent by the context */
	size_t n_who, at;
	enum state state;
	unsigned attempt;  /* of this candidate, from 0 */
	unsigned attempts; /* in all */
	int64_t wake_ms;
	agr_wire wire;
	const char **lines; /* of the request's headers, then its secret ones */
	agentrun_http_part parts[AGR_WIRE_PARTS];
	agentrun_http_request request;
	agentrun_http_event *event; /* the answer; of one that comes in parts the first */
	agr_stream *stream;         /* that is read as it comes, or NULL */
	agentrun_error *stream_error; /* what ended it */
	agr_buf stream_fault;         /* the error that it held, or empty */
	agr_answer answer;
};

/* ---- who is asked ------------------------------------------------------------------ */

static int add_candidate(agr_turn *turn, const char *name, const char *model,
	agentrun_error **err)
{
	const agr_profile **grown = realloc(turn->who, (turn->n_who + 1) * sizeof(*grown));
	int r;

	if (!grown)
		return agr_error_oom(err);
	turn->who = grown;
	r = agr_llm_profile(&grown[turn->n_who], turn->llm, name, model, err);
	turn->n_who += r == 0;
	return r;
}

/* `llm.fallback`: NAME, or NAME/MODEL, one a line. */
static int add_fallbacks(agr_turn *turn, agentrun_error **err)
{
	const char *line = agentrun_config_get(turn->ctx->config, "llm.fallback");
	int r = 0;

	while (r == 0 && line && *line) {
		size_t n = strcspn(line, "\n");
		char *name = agr_strndup(line, n), *model;

		if (!name)
			return agr_error_oom(err);
		model = strchr(name, '/');
		if (model)
			*model++ = '\0';
		r = add_candidate(turn, name, model && *model ? model : NULL, err);
		if (r < 0)
			agr_error_prefix(err, "llm.fallback");
		free(name);
		line += n + (line[n] == '\n');
	}
	return r;
}

int agr_turn_new(agr_turn **out, agentrun_ctx *ctx, const agr_talk *talk,
	const agr_turn_options *opts, agentrun_error **err)
{
	agr_turn *turn = calloc(1, sizeof(*turn));
	int r;

	*out = NULL;
	if (!turn)
		return agr_error_oom(err);
	turn->ctx = ctx;
	turn->talk = talk;
	turn->opts = *opts;
	turn->wire = (agr_wire)AGR_WIRE_INIT;
	turn->stream_fault = (agr_buf)AGR_BUF_INIT;
	agr_answer_init(&turn->answer);
	if (!turn->opts.max_tokens)
		turn->opts.max_tokens = agentrun_config_get_int(ctx->config, "llm.max_tokens", 4000);
	turn->id_prefix = strdup(opts->id_prefix ? opts->id_prefix : "call");
	r = turn->id_prefix ? 0 : agr_error_oom(err);
	if (r == 0)
		r = agr_ctx_llm(&turn->llm, ctx, err);
	if (r == 0)
		r = add_candidate(turn, opts->provider, opts->model, err);
	if (r == 0)
		r = add_fallbacks(turn, err);
	turn->at = opts->start_at < turn->n_who ? opts->start_at : 0;
	if (r < 0)
		agr_turn_free(turn);
	else
		*out = turn;
	return r;
}

/* What came of an attempt. */
static void drop_answer(agr_turn *turn)
{
	agr_stream_free(turn->stream);
	turn->stream = NULL;
	agentrun_error_free(turn->stream_error);
	turn->stream_error = NULL;
	agr_buf_free(&turn->stream_fault);
	agr_answer_clear(&turn->answer);
}

void agr_turn_free(agr_turn *turn)
{
	if (!turn)
		return;
	drop_answer(turn);
	free(turn->who);
	free(turn->id_prefix);
	free(turn->lines);
	agr_wire_clear(&turn->wire);
	agentrun_http_event_free(turn->event);
	free(turn);
}

/* ---- the request --------------------------------------------------------------------- */

/* Cut a text of lines into its lines, in place. */
static size_t cut_lines(agr_buf *text, const char **lines)
{
	char *p = text->data;
	size_t n = 0;

	while (p && *p) {
		char *end = strchr(p, '\n');

		if (lines)
			lines[n] = p;
		n++;
		if (lines && end)
			*end = '\0';
		p = end ? end + 1 : NULL;
	}
	return n;
}

static bool wants_stream(const agr_turn *turn)
{
	return turn->who[turn->at]->codec->event &&
		agentrun_config_get_bool(turn->ctx->config, "llm.stream", 0);
}

static int encode(agr_turn *turn, agentrun_error **err)
{
	const agr_profile *who = turn->who[turn->at];
	agr_ask ask = { .talk = turn->talk, .base_url = who->base_url, .model = who->model,
		.api_key = who->api_key, .headers = (const char *const *)who->headers,
		.n_headers = who->n_headers, .more = who->more, .temperature = turn->llm->temperature,
		.max_tokens = turn->opts.max_tokens,
		.stream = wants_stream(turn),
		.one_call = turn->opts.one_call, .no_tools = turn->opts.no_tools,
		.return_reasoning = who->return_reasoning };
	size_t plain, secret;
	int r;

	agr_wire_clear(&turn->wire);
	turn->wire = (agr_wire)AGR_WIRE_INIT;
	r = who->codec->encode(who->codec, &turn->wire, &ask, err);
	agr_buf_add(&turn->wire.url, "", 0);
	if (r == 0 && (turn->wire.url.failed || turn->wire.headers.failed ||
		turn->wire.secrets.failed || turn->wire.body.failed))
		r = agr_error_oom(err);
	if (r < 0)
		return r;
	plain = cut_lines(&turn->wire.headers, NULL);
	secret = cut_lines(&turn->wire.secrets, NULL);
	free(turn->lines);
	turn->lines = calloc(plain + secret + 1, sizeof(*turn->lines));
	if (!turn->lines)
		return agr_error_oom(err);
	cut_lines(&turn->wire.headers, turn->lines);
	cut_lines(&turn->wire.secrets, turn->lines + plain);
	turn->request.n_headers = plain;
	turn->request.n_secret_headers = secret;
	return 0;
}

static int64_t timeout_of(const agr_turn *turn)
{
	double seconds = agr_llm_number(turn->ctx->config, "llm.timeout_sec", 30);
	int64_t ms = seconds > 86400 ? 86400000 : (int64_t)(seconds * 1000);

	return agr_deadline_left(turn->opts.deadline_ms, ms > 0 ? ms : 86400000);
}

static int raise_late(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
		"the deadline passed before the model answered");
}

static int send_request(agr_turn *turn, agentrun_error **err)
{
	agentrun_http_request *q = &turn->request;
	int64_t timeout = timeout_of(turn);

	if (timeout <= 0)
		return raise_late(err);
	q->struct_size = sizeof(*q);
	q->method = "POST";
	q->url = turn->wire.url.data;
	q->headers = turn->lines;
	q->secret_headers = turn->lines + q->n_headers;
	q->body_parts = turn->parts;
	q->n_body_parts = agr_wire_parts(&turn->wire, turn->parts);
	q->timeout_ms = timeout;
	q->max_response_bytes = (size_t)agentrun_config_get_int(turn->ctx->config,
		"http.max_response_bytes", 67108864);
	q->flags = AGENTRUN_HTTP_NO_REDIRECTS | AGENTRUN_HTTP_OPERATOR |
		(wants_stream(turn) ? (uint32_t)AGENTRUN_HTTP_STREAM : 0);
	drop_answer(turn);
	turn->attempts++;
	turn->state = STATE_WAIT_ANSWER;
	return AGR_TURN_WANTS_HTTP;
}

/* ---- when it fails -------------------------------------------------------------------- */

/* 0 to 1. */
static double chance(void)
{
	return agr_random() / 4294967296.0;
}

static int64_t backoff_ms(const agr_turn *turn, int64_t asked_ms)
{
	if (asked_ms > 0) /* a little later, so that not all come at once */
		return asked_ms + (int64_t)(chance() * (double)(asked_ms < 2500 ? asked_ms / 10
									       : 250));
	return (int64_t)(chance() *
		(double)agr_backoff_ms(BACKOFF_BASE_MS, BACKOFF_MOST_MS, turn->attempt));
}

/* May the same be asked again, and is there time to wait for it? */
static bool can_wait(agr_turn *turn, const agr_failure *failure)
{
	const agentrun_config *config = turn->ctx->config;
	double longest = agr_llm_number(config, "llm.max_wait_sec", 60);
	int64_t wait;

	if (failure->remedy != AGR_REMEDY_RETRY ||
		turn->attempt >= agentrun_config_get_int(config, "llm.max_retries", 3))
		return false;
	wait = backoff_ms(turn, failure->wait_ms);
	if (failure->wait_ms > (int64_t)(longest * 1000) ||
		wait >= agr_deadline_left(turn->opts.deadline_ms, INT64_MAX))
		return false;
	turn->wake_ms = agr_clock_mono_ms() + wait;
	return true;
}

static void log_failure(const agr_turn *turn, const agentrun_error *why, const char *then)
{
	agr_log(turn->ctx, AGENTRUN_LOG_DEBUG, "llm", "%s (%s): %s; %s",
		turn->who[turn->at]->name, turn->who[turn->at]->model,
		agentrun_error_message(why), then);
}

/* What to do about it: wait (0), another model (0), or give up (the error). */
static int recover(agr_turn *turn, const agr_failure *failure, agentrun_error *take_why,
	agentrun_error **err)
{
	bool pressed = turn->opts.deadline_ms != AGR_DEADLINE_NONE &&
		agr_clock_mono_ms() >= turn->opts.deadline_ms;

	if (pressed) {
		agentrun_error_free(take_why);
		return raise_late(err);
	}
	if (can_wait(turn, failure)) {
		log_failure(turn, take_why, "trying again");
		turn->attempt++;
		turn->state = STATE_WAIT_TIME;
	} else if (failure->remedy != AGR_REMEDY_NONE && turn->at + 1 < turn->n_who) {
		log_failure(turn, take_why, "falling back to the next provider or model");
		turn->at++;
		turn->attempt = 0;
		turn->state = STATE_BEGIN;
	} else {
		if (turn->attempts > 1)
			agr_error_prefix(&take_why, "after %u attempts", turn->attempts);
		agr_error_prefix(&take_why, "%s", turn->who[turn->at]->name);
		return agr_error_pass(err, take_why);
	}
	agentrun_error_free(take_why);
	return 0;
}

static void report_health(agr_turn *turn, bool sick)
{
	const agentrun_config *config = turn->ctx->config;

	agr_breaker_report(&turn->llm->breakers, turn->who[turn->at]->name, sick,
		agr_clock_mono_ms(),
		(unsigned)agentrun_config_get_int(config, "llm.breaker_failures", 10),
		(int64_t)(agr_llm_number(config, "llm.breaker_sec", 30) * 1000));
}

/* ---- the answer ------------------------------------------------------------------------ */

/* Headers hold secrets too: of each what stands behind its last space. */
static int read_failure(agr_turn *turn, agr_failure *failure, const char *body, size_t len,
	agentrun_error **err)
{
	const agr_profile *who = turn->who[turn->at];
	agr_buf text = AGR_BUF_INIT;
	int r;

	agr_buf_add(&text, body, len);
	for (size_t i = 0; i < who->n_headers; i++) {
		const char *secret = strrchr(who->headers[i], ' ');

		if (secret && strlen(secret + 1) >= LEAST_SECRET)
			agr_blot(&text, secret + 1);
	}
	r = agr_buf_check(&text, "answer", err);
	if (r == 0)
		r = agr_failure_of_answer(failure, agentrun_http_event_status(turn->event),
			turn->event, text.data, text.len, who->api_key, err);
	agr_buf_free(&text);
	return r;
}

/* Some of a stream came. It is read on until something is wrong with it. */
static void feed(agr_turn *turn, const agentrun_http_event *part)
{
	const agr_codec *codec = turn->who[turn->at]->codec;
	size_t len;
	const char *bytes = agentrun_http_event_body(part, &len);
	int r = 0;

	if (!turn->stream)
		r = agr_stream_new(&turn->stream, codec, &turn->answer, &turn->stream_error);
	if (r == 0 && !turn->stream_error)
		agr_stream_feed(turn->stream, bytes, len, &turn->stream_fault,
			&turn->stream_error);
}

/* Is its body one that is read as it comes? Pages of errors are not. */
static bool is_streamed(const agr_turn *turn)
{
	int status = agentrun_http_event_status(turn->event);

	return status >= 200 && status <= 299 && agr_stream_fits(turn->who[turn->at]->codec,
		agentrun_http_event_header(turn->event, "content-type"));
}

bool agr_turn_take_part(agr_turn *turn, agentrun_http_event *take_event)
{
	bool last = !agentrun_http_event_has_more(take_event) ||
		agentrun_http_event_error(take_event);
	size_t len;
	const char *bytes = agentrun_http_event_body(take_event, &len);
	bool first = !turn->event;

	if (first)
		turn->event = take_event;
	if (is_streamed(turn)) {
		feed(turn, take_event);
		agr_http_event_drop_body(turn->event);
	} else if (!first && agentrun_http_event_append_body(turn->event, bytes, len) < 0) {
		agentrun_http_event_set_error(turn->event,
			agentrun_error_new(AGENTRUN_ENOMEM, "out of memory"));
	}
	if (!first) {
		if (agentrun_http_event_error(take_event))
			agentrun_http_event_set_error(turn->event,
				agr_http_event_take_error(take_event));
		agentrun_http_event_free(take_event);
	}
	return last;
}

static int end_stream(agr_turn *turn, agr_buf *fault, agentrun_error **err)
{
	agentrun_error *why = turn->stream_error;

	turn->stream_error = NULL;
	if (!why && agr_stream_end(turn->stream, &turn->stream_fault, &why) == 0)
		return 0;
	*fault = turn->stream_fault;
	turn->stream_fault = (agr_buf)AGR_BUF_INIT;
	return agr_error_pass(err, why);
}

/* 0: an answer was read; else what is wrong with it, and what may help. */
static int read_answer(agr_turn *turn, agr_failure *failure, agentrun_error **err)
{
	const agr_profile *who = turn->who[turn->at];
	int status = agentrun_http_event_status(turn->event);
	agr_buf fault = AGR_BUF_INIT;
	const char *body;
	size_t len;
	int r;

	*failure = (agr_failure){ AGR_REMEDY_NONE, -1, false };
	body = agentrun_http_event_body(turn->event, &len);
	if (status < 200 || status > 299)
		return read_failure(turn, failure, body, len, err);
	if (turn->stream)
		r = end_stream(turn, &fault, err);
	else
		r = agr_codec_read(who->codec, &turn->answer,
			agentrun_http_event_header(turn->event, "content-type"), body, len, &fault,
			err);
	if (r < 0 && fault.len) { /* the answer was an error */
		agentrun_error_free(*err);
		*err = NULL;
		r = read_failure(turn, failure, fault.data, fault.len, err);
	} else if (r < 0 && r != AGENTRUN_ENOMEM) {
		failure->remedy = agentrun_error_is_retryable(*err) ? AGR_REMEDY_RETRY
								    : AGR_REMEDY_NONE;
	} else if (r == 0) {
		r = agr_answer_finish(&turn->answer, turn->id_prefix, turn->opts.first_id, err);
	}
	agr_buf_free(&fault);
	return r;
}

static int judge(agr_turn *turn, agentrun_error **err)
{
	agentrun_error *why = agr_http_event_take_error(turn->event);
	agr_failure failure;
	int r;

	if (why)
		agr_failure_of_transport(&failure, &why);
	else
		(void)read_answer(turn, &failure, &why);
	agentrun_http_event_free(turn->event);
	turn->event = NULL;
	report_health(turn, why && failure.is_sick);
	if (why)
		return agentrun_error_code(why) == AGENTRUN_ENOMEM ||
			agentrun_error_code(why) == AGENTRUN_ECANCELLED ?
			agr_error_pass(err, why) : recover(turn, &failure, why, err);
	turn->state = STATE_DONE;
	if (turn->opts.may_be_silent && agr_answer_is_silent(&turn->answer))
		return 0;
	r = agr_answer_check(&turn->answer, turn->opts.max_tokens, err);
	if (r < 0)
		agr_error_prefix(err, "%s", turn->who[turn->at]->name);
	return r;
}

/* ---- the machine ------------------------------------------------------------------------ */

static int begin(agr_turn *turn, agentrun_error **err)
{
	const agr_failure closed = { AGR_REMEDY_FALLBACK, -1, false };
	agentrun_error *why = NULL;
	int64_t wait;

	if (!agr_breaker_allows(&turn->llm->breakers, turn->who[turn->at]->name,
		agr_clock_mono_ms(), &wait)) {
		agentrun_error_raise(&why, AGENTRUN_EPROVIDER,
			"it failed too often in a row and is left alone for %lld ms more",
			(long long)wait);
		if (agentrun_error_code(why) == AGENTRUN_EPROVIDER)
			agentrun_error_set_retry(why, 1, wait);
		return recover(turn, &closed, why, err);
	}
	turn->state = STATE_SEND;
	return 0;
}

int agr_turn_advance(agr_turn *turn, agentrun_error **err)
{
	for (;;) {
		int r = 0;

		switch (turn->state) {
		case STATE_BEGIN:
			r = begin(turn, err);
			break;
		case STATE_SEND:
			r = encode(turn, err);
			return r < 0 ? r : send_request(turn, err);
		case STATE_WAIT_ANSWER:
			return AGR_TURN_WANTS_HTTP;
		case STATE_JUDGE:
			r = judge(turn, err);
			break;
		case STATE_WAIT_TIME:
			if (agr_clock_mono_ms() < turn->wake_ms)
				return AGR_TURN_WANTS_TIME;
			turn->state = STATE_SEND;
			break;
		default:
			return AGR_TURN_DONE;
		}
		if (r < 0)
			return r;
	}
}

agentrun_http_request *agr_turn_request(agr_turn *turn)
{
	return &turn->request;
}

void agr_turn_sent(agr_turn *turn)
{
	agr_wire_clear(&turn->wire);
	turn->wire = (agr_wire)AGR_WIRE_INIT;
}

void agr_turn_supply(agr_turn *turn, agentrun_http_event *take_event)
{
	if (take_event)
		turn->event = take_event;
	turn->state = STATE_JUDGE;
}

int64_t agr_turn_wake_ms(const agr_turn *turn)
{
	return turn->wake_ms;
}

agr_answer *agr_turn_answer(agr_turn *turn)
{
	return &turn->answer;
}

const agr_codec *agr_turn_codec(const agr_turn *turn)
{
	return turn->who[turn->at]->codec;
}

const char *agr_turn_provider(const agr_turn *turn)
{
	return turn->who[turn->at]->name;
}

const char *agr_turn_model(const agr_turn *turn)
{
	return turn->who[turn->at]->model;
}

size_t agr_turn_candidate(const agr_turn *turn)
{
	return turn->at;
}

unsigned agr_turn_attempts(const agr_turn *turn)
{
	return turn->attempts;
}

/* ---- blocking ---------------------------------------------------------------------------- */

static void sleep_until(int64_t wake_ms)
{
	int64_t left = agr_deadline_left(wake_ms, 86400000);
	struct timespec t = { (time_t)(left / 1000), (long)(left % 1000 * 1000000) };

	nanosleep(&t, NULL); /* cut short by a signal: asked again */
}

struct wait {
	agr_turn *turn;
	bool in_parts;
	pthread_mutex_t lock;
	pthread_cond_t change;
	bool came;
	agentrun_http_event *event; /* unless it came in parts */
};

static void event_came(void *user, agentrun_http_event *take_event)
{
	struct wait *wait = user;

	if (wait->in_parts) {
		if (!agr_turn_take_part(wait->turn, take_event))
			return;
		take_event = NULL;
	}
	pthread_mutex_lock(&wait->lock);
	wait->event = take_event;
	wait->came = true;
	pthread_cond_signal(&wait->change);
	pthread_mutex_unlock(&wait->lock);
}

/* As agr_http_fetch(), but what went wrong stays in the event. */
static int fetch(agr_turn *turn, agentrun_error **err)
{
	struct wait wait = { .turn = turn };
	agr_http *http;
	int r = agr_ctx_http(&http, turn->ctx, err);

	if (r < 0)
		return r;
	pthread_mutex_init(&wait.lock, NULL);
	pthread_cond_init(&wait.change, NULL);
	r = agr_http_start_parts(http, &turn->request, &wait.in_parts, event_came, &wait, NULL,
		err);
	if (r == 0) {
		pthread_mutex_lock(&wait.lock);
		while (!wait.came)
			pthread_cond_wait(&wait.change, &wait.lock);
		pthread_mutex_unlock(&wait.lock);
		agr_turn_supply(turn, wait.event);
	}
	pthread_cond_destroy(&wait.change);
	pthread_mutex_destroy(&wait.lock);
	return r;
}

int agr_turn_refused(agr_turn *turn, agentrun_error **err)
{
	agr_failure failure;

	agr_failure_of_transport(&failure, err);
	agr_error_prefix(err, "%s", turn->who[turn->at]->name);
	return agentrun_error_code(*err);
}

int agr_turn_run(agr_turn *turn, agentrun_error **err)
{
	int r;

	while ((r = agr_turn_advance(turn, err)) > 0) {
		if (r == AGR_TURN_WANTS_TIME) {
			sleep_until(turn->wake_ms);
			continue;
		}
		r = fetch(turn, err);
		if (r < 0)
			return err && *err ? agr_turn_refused(turn, err) : r;
	}
	return r;
}
