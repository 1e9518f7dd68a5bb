/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/failure.h"
#include "net/retry_after.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "llm/talk.h"

#define MAX_BODY ((size_t)65536) /* what is searched for the key before it is cut */

void agr_blot(agr_buf *text, const char *secret)
{
	size_t len = secret ? strlen(secret) : 0;
	char *at = text->data;

	if (len < 4 || !at || text->failed)
		return;
	while ((at = strstr(at, secret))) {
		size_t from = (size_t)(at - text->data);

		memmove(at + 3, at + len, text->len - from - len + 1);
		memset(at, '*', 3);
		text->len -= len - 3;
	}
}

/* ---- what the body says -------------------------------------------------------- */

/* The text of an HTML page: its title, else what is not a tag. */
static void add_page(agr_buf *out, const char *text, size_t len)
{
	const char *end = text + len;
	bool tag = false, space = false;

	for (const char *p = text; p + 7 < end; p++)
		if (agr_starts_with_nocase(p, "<title>")) {
			text = p + 7;
			break;
		}
	for (; text < end && out->len < MAX_BODY; text++) {
		if (agr_starts_with_nocase(text, "</title"))
			break;
		if (*text == '<' || *text == '>') {
			tag = *text == '<';
			space = true;
		} else if (agr_is_space(*text)) {
			space = true;
		} else if (!tag) {
			if (space && out->len)
				agr_buf_char(out, ' ');
			space = false;
			agr_buf_char(out, *text);
		}
	}
}

struct said {
	agr_buf message, type, code, detail; /* detail: Anthropic's details.error_code */
	int64_t retry_ms; /* Google's RetryInfo */
};

static void read_details(struct said *said, agr_span error)
{
	agr_span details, item;
	agr_buf delay = AGR_BUF_INIT;
	agr_iter it;

	if (!agr_get(error, "details", &details))
		return;
	agr_get_text(details, "error_code", &said->detail);
	if (agr_span_type(details) != AGR_TYPE_ARRAY)
		return;
	it = agr_iter_of(details);
	while (agr_array_next(&it, &item)) {
		if (!agr_get_is(item, "@type", "type.googleapis.com/google.rpc.RetryInfo"))
			continue;
		agr_text_reset(&delay);
		if (agr_get_text(item, "retryDelay", &delay) && delay.data)
			said->retry_ms = agr_duration_ms(delay.data);
	}
	agr_buf_free(&delay);
}

static void read_error(struct said *said, agr_span error)
{
	agr_span value;

	if (agr_span_type(error) == AGR_TYPE_STRING) {
		agr_text_add(&said->message, error);
		return;
	}
	if (!agr_get_text(error, "message", &said->message) &&
		!agr_get_text(error, "detail", &said->message) &&
		(agr_get(error, "detail", &value) || agr_get(error, "message", &value)))
		agr_buf_add(&said->message, value.p, value.n); /* a list of them, as JSON */
	agr_get_text(error, "type", &said->type);
	if (!agr_get_text(error, "code", &said->code))
		agr_get_text(error, "status", &said->code);
	read_details(said, error);
}

static void read_body(struct said *said, const char *body, size_t len)
{
	agr_text text = { .p = body, .n = len };
	agr_span value, error;
	agr_iter it;

	if (agr_scan_document(&value, &text, NULL) < 0) {
		if (len && strchr("<\r\n\t ", *body))
			add_page(&said->message, body, len);
		else
			agr_buf_add(&said->message, body, len < MAX_BODY ? len : MAX_BODY);
	} else {
		if (agr_span_type(value) == AGR_TYPE_ARRAY) {
			it = agr_iter_of(value);
			if (!agr_array_next(&it, &value))
				value = (agr_span){ "null", 4 };
		}
		read_error(said, agr_get(value, "error", &error) ? error : value);
	}
	agr_buf_add(&said->message, "", 0);
	agr_buf_add(&said->type, "", 0);
	agr_buf_add(&said->code, "", 0);
	agr_buf_add(&said->detail, "", 0);
}

/* ---- what it means -------------------------------------------------------------- */

static bool is_one_of(const agr_buf *text, const char *const *names)
{
	for (; text->data && *names; names++)
		if (strcmp(text->data, *names) == 0)
			return true;
	return false;
}

/* Compared exactly, and only of a 429: what a user wrote may be echoed in a message. */
static bool is_money(const struct said *said, int status, bool may_wait)
{
	static const char *const codes[] = { "insufficient_quota", "credit_balance_exhausted",
		"organization_spend_limit_exceeded", "project_spend_limit_exceeded",
		"organization_usage_limit_exceeded", NULL };
	static const char *const types[] = { "insufficient_quota", NULL };
	static const char *const details[] = { "enforced_spend_limit_reached", NULL };

	return status == 429 && (is_one_of(&said->code, codes) ||
		is_one_of(&said->type, types) || (!may_wait && is_one_of(&said->detail, details)));
}

static bool is_transient(const struct said *said, int status)
{
	static const char *const types[] = { "overloaded_error", "rate_limit_error",
		"api_error", "server_error", "timeout_error", "slow_down", NULL };
	static const char *const codes[] = { "server_error", "rate_limit_exceeded", "slow_down",
		"UNAVAILABLE", "RESOURCE_EXHAUSTED", "INTERNAL", "DEADLINE_EXCEEDED",
		"overloaded", "timeout", NULL };

	if (status >= 200 && status < 300) /* an error within an answer */
		return is_one_of(&said->type, types) || is_one_of(&said->code, codes);
	return status == 408 || status == 409 || status == 425 || status == 429 ||
		status >= 500;
}

static bool other_model_may_do(const struct said *said, int status)
{
	static const char *const codes[] = { "context_length_exceeded", "model_not_found",
		"request_too_large", NULL };

	return status == 404 || status == 413 || is_one_of(&said->code, codes) ||
		is_one_of(&said->type, codes);
}

static void judge(agr_failure *out, const struct said *said, int status,
	const agentrun_http_event *event)
{
	const char *should = agentrun_http_event_header(event, "x-should-retry");

	out->wait_ms = agr_retry_after_ms(event, status, agr_clock_wall_ms());
	if (said->retry_ms > out->wait_ms)
		out->wait_ms = said->retry_ms;
	out->is_sick = status >= 500;
	if (is_money(said, status, out->wait_ms > 0))
		out->remedy = AGR_REMEDY_NONE;
	else if (is_transient(said, status))
		out->remedy = should && agr_starts_with(should, "false") ? AGR_REMEDY_FALLBACK
									: AGR_REMEDY_RETRY;
	else
		out->remedy = other_model_may_do(said, status) ? AGR_REMEDY_FALLBACK
							       : AGR_REMEDY_NONE;
}

static const char *meaning_of(int status)
{
	switch (status) {
	case 400: return "bad request";
	case 401: return "the key is not accepted";
	case 402: return "payment required";
	case 403: return "forbidden";
	case 404: return "no such model or address";
	case 413: return "the request is too large";
	case 429: return "too many requests";
	case 500: return "internal server error";
	case 502: return "bad gateway";
	case 503: return "service unavailable";
	case 504: return "gateway timeout";
	case 529: return "overloaded";
	default: return "no reason given";
	}
}

static int raise(const agr_failure *failure, const struct said *said, int status,
	agentrun_error **err)
{
	const char *name = said->code.len ? said->code.data : said->type.data;
	bool redirect = status >= 300 && status < 400;
	char wait[64] = "";
	int r;

	if (failure->remedy == AGR_REMEDY_RETRY && failure->wait_ms > 0)
		snprintf(wait, sizeof(wait), "; it asks to come back in %lld s",
			(long long)((failure->wait_ms + 999) / 1000));
	r = agentrun_error_raise(err, AGENTRUN_ELLM, "HTTP %d: %.500s%s%.100s%s%s", status,
		redirect ? "redirects of a provider are not followed: correct its base_url" :
		said->message.len ? said->message.data : meaning_of(status),
		name && *name ? " (" : "", name && *name ? name : "", name && *name ? ")" : "",
		wait);

	if (err && *err && agentrun_error_code(*err) == AGENTRUN_ELLM)
		agentrun_error_set_retry(*err, failure->remedy == AGR_REMEDY_RETRY,
			failure->remedy == AGR_REMEDY_RETRY && failure->wait_ms > 0 ?
			failure->wait_ms : 0);
	return r;
}

int agr_failure_of_answer(agr_failure *out, int status,
	const agentrun_http_event *event, const char *error, size_t len,
	const char *secret, agentrun_error **err)
{
	struct said said = { AGR_BUF_INIT, AGR_BUF_INIT, AGR_BUF_INIT, AGR_BUF_INIT, -1 };
	agr_buf *texts[] = { &said.message, &said.type, &said.code, &said.detail };
	int r = 0;

	*out = (agr_failure){ AGR_REMEDY_NONE, -1, false };
	read_body(&said, error, len);
	for (size_t i = 0; i < AGR_COUNT(texts); i++) {
		agr_blot(texts[i], secret);
		r = texts[i]->failed ? agr_error_oom(err) : r;
	}
	if (r == 0) {
		judge(out, &said, status, event);
		r = raise(out, &said, status, err);
	}
	for (size_t i = 0; i < AGR_COUNT(texts); i++)
		agr_buf_free(texts[i]);
	return r;
}

void agr_failure_of_transport(agr_failure *out, agentrun_error **err)
{
	int code = agentrun_error_code(*err);

	*out = (agr_failure){ AGR_REMEDY_NONE, -1, false };
	if (code == AGENTRUN_ENETWORK || code == AGENTRUN_ETIMEDOUT) {
		out->remedy = AGR_REMEDY_RETRY;
		out->is_sick = true;
		agr_error_recode(err, AGENTRUN_EPROVIDER);
	} else if (code == AGENTRUN_EPOLICY || code == AGENTRUN_EINPUT) {
		agr_error_recode(err, AGENTRUN_ECONFIG); /* the address is the operator's */
	} else if (code == AGENTRUN_ELIMIT) {
		agr_error_recode(err, AGENTRUN_ELLM);
	}
}
