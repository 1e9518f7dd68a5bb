/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "orchestrator/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "net/event.h"
#include "net/retry_after.h"

#define BACKOFF_BASE_MS 250
#define BACKOFF_MOST_MS 10000
#define MESSAGE_MAX 500 /* of what the orchestrator says */

void agr_exchange_free(agr_exchange *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n_headers; i++)
		free(x->headers[i]);
	agentrun_http_event_free(x->event);
	agr_buf_free(&x->answer_text);
	free(x->url);
	free(x->body);
	free(x);
}

agentrun_http_request *agr_exchange_request(agr_exchange *x)
{
	return &x->request;
}

void agr_exchange_supply(agr_exchange *x, agentrun_http_event *take_event)
{
	x->event = take_event;
}

int64_t agr_exchange_wake_ms(const agr_exchange *x)
{
	return x->wake_ms;
}

agr_span agr_exchange_answer(const agr_exchange *x)
{
	return x->answer;
}

/* What is not known of a patch is said; the same job again finds it out, for the key is the
 * same. */
static void tell_unknown(const agr_exchange *x, agentrun_error **why)
{
	if (x->may_be_done)
		agr_error_prefix(why, "the patch may have landed, its outcome is unknown (the job can "
			"be sent again: its Idempotency-Key is the same)");
}

/* ---- sending --------------------------------------------------------------------- */

static int raise_late(const agr_exchange *x, agentrun_error **err)
{
	int r = agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
		"the deadline passed before the orchestrator answered");

	tell_unknown(x, err);
	return r;
}

static int send_request(agr_exchange *x, agentrun_error **err)
{
	int64_t timeout = 1000 * agentrun_config_get_int(x->ctx->config,
		"orchestrator.timeout_sec", 30);

	timeout = agr_deadline_left(x->deadline_ms, timeout);
	if (timeout <= 0)
		return raise_late(x, err);
	x->request = (agentrun_http_request){
		.struct_size = sizeof(x->request),
		.method = x->method,
		.url = x->url,
		.headers = (const char *const *)x->headers,
		.n_headers = x->n_headers,
		.body = x->body,
		.body_len = x->body ? strlen(x->body) : 0,
		.timeout_ms = timeout,
		.max_response_bytes = (size_t)agentrun_config_get_int(x->ctx->config,
			"http.max_response_bytes", 67108864),
		.flags = AGENTRUN_HTTP_NO_REDIRECTS | AGENTRUN_HTTP_OPERATOR,
	};
	x->sent = true;
	return AGR_EXCHANGE_WANTS_HTTP;
}

/* ---- what came back --------------------------------------------------------------- */

/* {"error":{"message"}}, {"error":TEXT}, {"message"}, {"detail"}: the text, or the body. */
static agr_span message_of(const char *body, size_t len)
{
	static const char *const names[] = { "message", "detail", "error" };
	agr_text text = { .p = body, .n = len };
	agr_span root, value, inner;

	if (agr_scan_document(&root, &text, NULL) < 0 ||
		agr_span_type(root) != AGR_TYPE_OBJECT)
		return (agr_span){ body, len };
	if (agr_object_get(root, "error", 5, &inner) &&
		agr_span_type(inner) == AGR_TYPE_OBJECT)
		root = inner;
	for (size_t i = 0; i < AGR_COUNT(names); i++)
		if (agr_object_get(root, names[i], strlen(names[i]), &value) &&
			agr_span_type(value) == AGR_TYPE_STRING)
			return value;
	return root;
}

static int raise_status(const agr_exchange *x, int status, bool retryable, int64_t wait_ms,
	agentrun_error **err)
{
	agr_buf said = AGR_BUF_MAX(MESSAGE_MAX), plain = AGR_BUF_INIT;
	const char *body;
	size_t len;
	agr_span message;
	int r;

	body = agentrun_http_event_body(x->event, &len);
	message = message_of(body, len);
	if (message.n && *message.p == '"')
		agr_string_decode(&plain, message);
	else
		agr_buf_add(&plain, message.p, message.n);
	agr_buf_printable(&said, plain.data ? plain.data : "",
		plain.len < MESSAGE_MAX / 4 ? plain.len : MESSAGE_MAX / 4);
	r = agentrun_error_raise(err, AGENTRUN_EORCHESTRATOR,
		"the orchestrator answered with status %d%s%s", status, said.len ? ": " : "",
		said.len ? said.data : "");
	if (err && r == AGENTRUN_EORCHESTRATOR)
		agentrun_error_set_retry(*err, retryable, wait_ms > 0 ? wait_ms : 0);
	agr_buf_free(&said);
	agr_buf_free(&plain);
	return r;
}

static int read_answer(agr_exchange *x, const char *body, size_t len,
	agentrun_error **err)
{
	agr_text text = { .name = "the orchestrator's answer", .code = AGENTRUN_EORCHESTRATOR };
	int r;

	agr_buf_reset(&x->answer_text);
	agr_buf_add(&x->answer_text, body, len);
	r = agr_buf_check(&x->answer_text, "the orchestrator's answer", err);
	text.p = x->answer_text.data ? x->answer_text.data : "";
	text.n = x->answer_text.len;
	if (r == 0)
		r = agr_scan_document(&x->answer, &text, err);
	if (r == 0 && agr_span_type(x->answer) != AGR_TYPE_OBJECT)
		r = agentrun_error_raise(err, AGENTRUN_EORCHESTRATOR,
			"the orchestrator's answer is no JSON object");
	return r;
}

/* An answer of status 200 to 299: it must be a JSON object. */
static int take_answer(agr_exchange *x, agentrun_error **err)
{
	size_t len;
	const char *body = agentrun_http_event_body(x->event, &len);
	int r = read_answer(x, body, len, err);

	/* It may have done what it was asked: asking again with the same key tells. */
	if (r == AGENTRUN_EORCHESTRATOR && err)
		agentrun_error_set_retry(*err, 1, 0);
	return r;
}

void agr_exchange_name(const agr_exchange *x, char hex[AGR_SHA256_HEX])
{
	agr_sha256 sha;

	agr_sha256_init(&sha);
	agr_sha256_add(&sha, x->method, strlen(x->method) + 1);
	agr_sha256_add(&sha, x->url, strlen(x->url) + 1);
	if (x->body)
		agr_sha256_add(&sha, x->body, strlen(x->body));
	agr_sha256_hex(&sha, hex);
}

int agr_exchange_recall(agr_exchange *x, const char *answer, size_t len,
	agentrun_error **err)
{
	int r = read_answer(x, answer, len, err);

	x->done = r == 0;
	return r;
}

/* Of an attempt that failed: may it have done what it was asked? A status says no where the
 * orchestrator says it itself, and does not when it broke down, or somebody between. */
static bool may_be_done(const agr_exchange *x, const agentrun_error *why, int status)
{
	if (!x->body || agr_http_event_is_unsent(x->event))
		return false;
	if (!status || (status >= 200 && status <= 299))
		return agentrun_error_code(why) != AGENTRUN_ENOMEM;
	return status == 500 || status == 502 || status == 504;
}

/* Is the patch refused for good, by who looked at it, and at its key? Then the attempts before did
 * nothing, too. Who has not let it in, or sends it elsewhere, knows nothing of them. */
static bool is_refusal(const agentrun_error *why, int status)
{
	return !agentrun_error_is_retryable(why) &&
		(status == 400 || status == 409 || status == 412 || status == 422);
}

/* 0: it is an answer. *wait_ms: what it asks to wait, -1: nothing. */
static int judge(agr_exchange *x, int64_t *wait_ms, agentrun_error **err)
{
	agentrun_error *why = agr_http_event_take_error(x->event);
	int status = agentrun_http_event_status(x->event);

	*wait_ms = -1;
	if (why) {
		int code = agentrun_error_code(why);

		agr_error_prefix(&why, "orchestrator");
		if (code != AGENTRUN_ENOMEM && code != AGENTRUN_ECANCELLED) {
			agr_error_recode(&why, AGENTRUN_EORCHESTRATOR);
			agentrun_error_set_retry(why, code == AGENTRUN_ENETWORK ||
				code == AGENTRUN_ETIMEDOUT, 0);
		}
		return agr_error_pass(err, why);
	}
	if (status >= 200 && status <= 299)
		return take_answer(x, err);
	*wait_ms = agr_retry_after_ms(x->event, status, agr_clock_wall_ms());
	return raise_status(x, status, status == 408 || status == 429 || status >= 500, *wait_ms,
		err);
}

/* ---- trying again ------------------------------------------------------------------ */

/* May it be sent again, and is there time to wait for it? */
static bool can_wait(agr_exchange *x, const agentrun_error *why, int64_t asked_ms)
{
	int64_t wait = asked_ms > 0 ? asked_ms : agr_backoff_jitter(
		agr_backoff_ms(BACKOFF_BASE_MS, BACKOFF_MOST_MS, x->attempt), agr_random());

	if (!agentrun_error_is_retryable(why) || x->attempt >=
		agentrun_config_get_int(x->ctx->config, "orchestrator.max_retries", 5))
		return false;
	if (wait > 60000 || wait >= agr_deadline_left(x->deadline_ms, INT64_MAX))
		return false;
	x->wake_ms = agr_clock_mono_ms() + wait;
	return true;
}

static int recover(agr_exchange *x, agentrun_error *take_why, int64_t asked_ms,
	bool refused, agentrun_error **err)
{
	int code = agentrun_error_code(take_why);

	if (code == AGENTRUN_EORCHESTRATOR && can_wait(x, take_why, asked_ms)) {
		agr_log(x->ctx, AGENTRUN_LOG_DEBUG, "orchestrator", "%s; trying again",
			agentrun_error_message(take_why));
		agentrun_error_free(take_why);
		x->attempt++;
		return AGR_EXCHANGE_WANTS_TIME;
	}
	if (x->attempt)
		agr_error_prefix(&take_why, "after %u attempts", x->attempt + 1);
	if (!refused)
		tell_unknown(x, &take_why);
	return agr_error_pass(err, take_why);
}

int agr_exchange_advance(agr_exchange *x, agentrun_error **err)
{
	agentrun_error *why = NULL;
	int64_t asked_ms;
	int status;

	if (x->done)
		return AGR_EXCHANGE_DONE;
	if (!x->event) {
		if (x->attempt && !x->sent && agr_clock_mono_ms() < x->wake_ms)
			return AGR_EXCHANGE_WANTS_TIME;
		return send_request(x, err);
	}
	judge(x, &asked_ms, &why);
	status = agentrun_http_event_status(x->event);
	x->may_be_done = x->may_be_done || (why && may_be_done(x, why, status));
	agentrun_http_event_free(x->event);
	x->event = NULL;
	x->sent = false;
	if (why)
		return recover(x, why, asked_ms, is_refusal(why, status), err);
	x->done = true;
	return AGR_EXCHANGE_DONE;
}
