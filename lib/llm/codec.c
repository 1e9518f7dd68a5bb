/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/codec.h"

#include <stdlib.h>
#include <string.h>

#include "llm/sse.h"

#define LEAST_SHARED 512 /* bytes; what is shorter is copied */

void agr_wire_clear(agr_wire *wire)
{
	agr_buf_free(&wire->url);
	agr_buf_free(&wire->headers);
	agr_buf_free(&wire->secrets);
	agr_buf_free(&wire->body);
	wire->n_shared = 0;
}

/* ---- encoding ----------------------------------------------------------------- */

void agr_wire_url(agr_wire *out, const char *base_url, const char *path)
{
	size_t n = strcspn(base_url, "?");
	const char *query = base_url + n;

	while (n && base_url[n - 1] == '/')
		n--;
	agr_buf_add(&out->url, base_url, n);
	agr_buf_str(&out->url, path);
	if (*query && strchr(path, '?')) {
		agr_buf_char(&out->url, '&');
		query++;
	}
	agr_buf_str(&out->url, query);
}

void agr_wire_header(agr_buf *to, const char *name, const char *value)
{
	agr_buf_str(to, name);
	agr_buf_str(to, ": ");
	agr_buf_str(to, value);
	agr_buf_char(to, '\n');
}

void agr_wire_end(agr_wire *out, const agr_ask *ask)
{
	agr_wire_header(&out->headers, "Content-Type", "application/json");
	agr_wire_header(&out->headers, "Accept",
		ask->stream ? "text/event-stream, application/json" : "application/json");
	for (size_t i = 0; i < ask->n_headers; i++) {
		agr_buf_str(&out->secrets, ask->headers[i]);
		agr_buf_char(&out->secrets, '\n');
	}
	if (ask->more && *ask->more) {
		agr_buf_char(&out->body, ',');
		agr_buf_str(&out->body, ask->more);
	}
	agr_buf_char(&out->body, '}');
}

bool agr_url_has_host(const char *url, const char *suffix)
{
	const char *host = strstr(url, "://"), *at;
	size_t n, len = strlen(suffix);

	if (!host)
		return false;
	host += 3;
	n = strcspn(host, "/?#");
	at = memchr(host, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	for (size_t i = 0; i < n; i++)
		if (host[i] == ':')
			n = i;
	return n >= len && strncmp(host + n - len, suffix, len) == 0 &&
		(n == len || *suffix == '.');
}

void agr_json_add(agr_buf *out, const char *text)
{
	agr_buf_json_str(out, text, strlen(text));
}

void agr_wire_share(agr_wire *out, const char *text, size_t len)
{
	if (len < LEAST_SHARED || out->n_shared == AGR_WIRE_SHARED)
		agr_buf_add(&out->body, text, len);
	else
		out->shared[out->n_shared++] = (agr_wire_piece){ out->body.len, len, text };
}

size_t agr_wire_parts(const agr_wire *wire, agentrun_http_part *parts)
{
	size_t n = 0, from = 0;

	for (size_t i = 0; i <= wire->n_shared; i++) {
		size_t to = i < wire->n_shared ? wire->shared[i].at : wire->body.len;

		if (to > from)
			parts[n++] = (agentrun_http_part){ wire->body.data + from, to - from, 0 };
		if (i < wire->n_shared)
			parts[n++] = (agentrun_http_part){ wire->shared[i].text,
				wire->shared[i].len, 1 };
		from = to;
	}
	return n;
}

/* Without its closing quote. */
static void add_stable(agr_wire *out, const agr_talk *talk)
{
	if (talk->stable_json) {
		agr_wire_share(out, talk->stable_json, strlen(talk->stable_json));
		return;
	}
	agr_json_add(&out->body, talk->stable ? talk->stable : "");
	if (!out->body.failed)
		out->body.len--;
}

void agr_wire_add_stable(agr_wire *out, const agr_talk *talk)
{
	add_stable(out, talk);
	agr_buf_char(&out->body, '"');
}

void agr_wire_add_system(agr_wire *out, const agr_talk *talk)
{
	agr_buf *body = &out->body;
	size_t at;

	add_stable(out, talk);
	if (!talk->workflow) {
		agr_buf_char(body, '"');
		return;
	}
	agr_buf_str(body, "\\n\\n"); /* the two become one text */
	at = body->len;
	agr_json_add(body, talk->workflow);
	if (body->failed)
		return;
	memmove(body->data + at, body->data + at + 1, body->len - at - 1);
	body->len--;
	body->data[body->len] = '\0';
}

void agr_json_add_arguments(agr_buf *out, const agr_call *call)
{
	if (agr_is_json_object(call->arguments.data, call->arguments.len)) {
		agr_buf_add(out, call->arguments.data, call->arguments.len);
		return;
	}
	agr_buf_str(out, "{\"not_json\":");
	agr_buf_json_str(out, call->arguments.data, call->arguments.len);
	agr_buf_char(out, '}');
}

void agr_json_add_arguments_text(agr_buf *out, const agr_call *call)
{
	agr_buf arguments = AGR_BUF_INIT;

	agr_json_add_arguments(&arguments, call);
	agr_buf_json_str(out, arguments.data, arguments.len);
	if (arguments.failed)
		out->failed = arguments.failed;
	agr_buf_free(&arguments);
}

void agr_wire_add_tool(agr_wire *out, const agr_tool *tool, const char *parameters)
{
	agr_buf_str(&out->body, "\"name\":");
	agr_json_add(&out->body, tool->name);
	agr_buf_str(&out->body, ",\"description\":");
	agr_json_add(&out->body, tool->description);
	agr_buf_printf(&out->body, ",\"%s\":", parameters);
	agr_wire_share(out, tool->parameters, tool->parameters_len);
}

bool agr_openai_reasons(const char *model)
{
	return agr_starts_with(model, "gpt-5") || (*model == 'o' && agr_is_digit(model[1]));
}

/* ---- decoding ----------------------------------------------------------------- */

struct agr_stream {
	const agr_codec *codec;
	agr_answer *out;
	agr_buf *error;
	bool began;  /* there was an event that says something */
	bool broken; /* one that is no JSON */
	agr_sse sse;
};

/* `error` of an object, or of the first element of a list (Gemini's streams). */
static bool find_error(agr_span body, agr_span *out)
{
	static const char *const names[] = { "type", "error", "response" };
	agr_span members[3];
	agr_iter it;

	if (agr_span_type(body) == AGR_TYPE_ARRAY) {
		it = agr_iter_of(body);
		if (!agr_array_next(&it, &body))
			return false;
	}
	agr_get_all(body, names, members, 3);
	if (agr_is_a(members[0], AGR_TYPE_STRING)) {
		if (agr_string_is(members[0], "response.failed", 15) &&
			agr_get(members[2], "error", out))
			return true;
		if (agr_string_is(members[0], "error", 5) && !members[1].p) {
			*out = body; /* Responses: the event itself */
			return true;
		}
	}
	*out = members[1];
	return agr_is_a(members[1], AGR_TYPE_OBJECT) || agr_is_a(members[1], AGR_TYPE_STRING);
}

static int take_error(agr_buf *error, agr_span body, agentrun_error **err)
{
	agr_buf_reset(error);
	agr_buf_add(error, body.p, body.n);
	agr_buf_add(error, "", 0);
	if (error->failed)
		return agr_error_oom(err);
	return agentrun_error_raise(err, AGENTRUN_ELLM, "the provider answered with an error");
}

static int take_event(void *user, const char *event, const char *data, size_t len,
	agentrun_error **err)
{
	agr_stream *r = user;
	agr_text text = { .p = data, .n = len };
	agr_span value, error;

	if (strcmp(data, "[DONE]") == 0) {
		r->out->done = true;
		return 0;
	}
	if (agr_scan_document(&value, &text, NULL) < 0) {
		r->broken = true;
		return 0;
	}
	if (find_error(value, &error))
		return take_error(r->error, error, err);
	r->began = true;
	return r->codec->event(r->out, event, value, err);
}

static int raise_retryable(agentrun_error **err, const char *what)
{
	int r = agentrun_error_raise(err, AGENTRUN_ELLM, "%s", what);

	if (err && *err && agentrun_error_code(*err) == AGENTRUN_ELLM)
		agentrun_error_set_retry(*err, 1, 0);
	return r;
}

int agr_stream_new(agr_stream **out, const agr_codec *codec, agr_answer *answer,
	agentrun_error **err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return agr_error_oom(err);
	**out = (agr_stream){ .codec = codec, .out = answer, .sse = AGR_SSE_INIT };
	answer->streamed = true;
	return 0;
}

void agr_stream_free(agr_stream *stream)
{
	if (!stream)
		return;
	agr_sse_clear(&stream->sse);
	free(stream);
}

int agr_stream_feed(agr_stream *stream, const char *bytes, size_t len, agr_buf *error,
	agentrun_error **err)
{
	int r;

	stream->error = error;
	r = agr_sse_feed(&stream->sse, bytes, len, take_event, stream, err);
	stream->out->streamed = true; /* a codec may have made the answer anew */
	return r;
}

int agr_stream_end(agr_stream *stream, agr_buf *error, agentrun_error **err)
{
	int r;

	stream->error = error;
	r = agr_sse_end(&stream->sse, take_event, stream, err);
	stream->out->streamed = true;
	if (r == 0 && !stream->began)
		r = raise_retryable(err, "the provider sent a stream without an event");
	if (r == 0 && stream->codec->finish)
		r = stream->codec->finish(stream->out, err);
	if (r == 0 && (stream->broken || stream->out->end == AGR_END_NONE) && !stream->out->done)
		r = raise_retryable(err, "the provider's stream broke off");
	return r;
}

static int read_stream(const agr_codec *codec, agr_answer *out, const char *body, size_t len,
	agr_buf *error, agentrun_error **err)
{
	agr_stream *stream;
	int r = agr_stream_new(&stream, codec, out, err);

	if (r == 0)
		r = agr_stream_feed(stream, body, len, error, err);
	if (r == 0)
		r = agr_stream_end(stream, error, err);
	agr_stream_free(stream);
	return r;
}

static bool says_stream(const char *content_type)
{
	return content_type && agr_starts_with_nocase(content_type, "text/event-stream");
}

bool agr_stream_fits(const agr_codec *codec, const char *content_type)
{
	return codec->event && says_stream(content_type);
}

static bool is_stream(const char *content_type, const char *body, size_t len)
{
	if (says_stream(content_type))
		return true;
	while (len && agr_is_space(*body)) {
		body++;
		len--;
	}
	return len >= 6 && (*body == ':' || memcmp(body, "data:", 5) == 0 ||
		memcmp(body, "event:", 6) == 0);
}

int agr_codec_read(const agr_codec *codec, agr_answer *out, const char *content_type,
	const char *body, size_t len, agr_buf *error, agentrun_error **err)
{
	agr_text text = { .name = "answer", .p = body, .n = len };
	agr_span value, fault;

	if (codec->event && is_stream(content_type, body, len))
		return read_stream(codec, out, body, len, error, err);
	if (agr_scan_document(&value, &text, NULL) < 0)
		return raise_retryable(err, len ? "the provider's answer is no JSON, or was cut off"
						: "the provider's answer is empty");
	if (find_error(value, &fault))
		return take_error(error, fault, err);
	return codec->decode(codec, out, value, err);
}
