/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * codec - a provider's wire format. Encoders and decoders are pure: bytes in, bytes
 * out. They are tolerant readers: what a server leaves out, repeats or adds is no
 * fault as long as it can be told what it means.
 */
#ifndef AGR_CODEC_H
#define AGR_CODEC_H

#include <agentrun/sys/transport.h>

#include "llm/talk.h"

/* One request. Borrowed. */
typedef struct agr_ask {
	const agr_talk *talk;
	const char *base_url; /* no slash at the end; may hold a query */
	const char *model;
	const char *api_key;     /* NULL: none */
	const char *const *headers; /* "Name: value", of the configuration: secret */
	size_t n_headers;
	const char *more;        /* members that are added to the body, as `"a":1`; or NULL */
	const char *temperature; /* a number's text; NULL: the provider's own */
	int64_t max_tokens;
	bool stream;
	bool one_call;           /* at most one tool call is wanted */
	bool no_tools;           /* describe the tools but let none be called */
	bool return_reasoning;
} agr_ask;

#define AGR_WIRE_SHARED 8

/* Text that stands in the body before its byte `at`. */
typedef struct agr_wire_piece {
	size_t at, len;
	const char *text;
} agr_wire_piece;

/* A POST request. Header lines end in '\n'; `secrets` carry keys. The body has gaps: what
 * all requests have in common, the context's for as long as it lives, is not copied into
 * each. */
typedef struct agr_wire {
	agr_buf url, headers, secrets, body;
	agr_wire_piece shared[AGR_WIRE_SHARED];
	size_t n_shared;
} agr_wire;

#define AGR_WIRE_INIT { .url = AGR_BUF_INIT, .headers = AGR_BUF_INIT, \
	.secrets = AGR_BUF_INIT, .body = AGR_BUF_INIT }
void agr_wire_clear(agr_wire *wire);
/* The body as pieces of a request, its gaps filled; `parts` has room for
 * AGR_WIRE_PARTS. Returns how many there are. */
#define AGR_WIRE_PARTS (2 * AGR_WIRE_SHARED + 1)
size_t agr_wire_parts(const agr_wire *wire, agentrun_http_part *parts);

typedef struct agr_codec agr_codec;

struct agr_codec {
	const char *name;
	const char *base_url, *model; /* where nothing is configured */
	int (*encode)(const agr_codec *codec, agr_wire *out, const agr_ask *ask,
		agentrun_error **err);
	/* A whole answer of status 200 to 299: an object, or what else came. An error body
	 * is told from an answer before (failure.c). */
	int (*decode)(const agr_codec *codec, agr_answer *out, agr_span body,
		agentrun_error **err);
	/* One event of a stream; NULL: it does not stream. `event` is its name, or "". */
	int (*event)(agr_answer *out, const char *event, agr_span data, agentrun_error **err);
	/* The stream is at its end; NULL: nothing is left to do. */
	int (*finish)(agr_answer *out, agentrun_error **err);
};

extern const agr_codec agr_codec_openai, agr_codec_responses, agr_codec_anthropic,
	agr_codec_gemini;

/* Read the body of an answer of status 200 to 299, a stream's or a whole one. Text
 * that is no JSON, an error in it, a stream that was cut off: AGENTRUN_ELLM, and
 * *again says whether another attempt may do better; `error` is then the error
 * object, if it held one (p NULL: none). */
int agr_codec_read(const agr_codec *codec, agr_answer *out, const char *content_type,
	const char *body, size_t len, agr_buf *error, agentrun_error **err);

/* A stream that is read as it comes: memory for what it says, not for how it says it. */
typedef struct agr_stream agr_stream;

/* Of this content type, by a codec that reads streams? */
bool agr_stream_fits(const agr_codec *codec, const char *content_type);
int agr_stream_new(agr_stream **out, const agr_codec *codec, agr_answer *answer,
	agentrun_error **err);
/* As agr_codec_read(), bit by bit; nothing is called after an error. */
int agr_stream_feed(agr_stream *stream, const char *bytes, size_t len, agr_buf *error,
	agentrun_error **err);
int agr_stream_end(agr_stream *stream, agr_buf *error, agentrun_error **err);
void agr_stream_free(agr_stream *stream); /* NULL ok */

/* ---- for encoders ------------------------------------------------------------ */

/* base_url + path, put before the base's query if it has one. */
void agr_wire_url(agr_wire *out, const char *base_url, const char *path);
/* "Name: value" into `to`. */
void agr_wire_header(agr_buf *to, const char *name, const char *value);
/* The configured headers, and the members that are added to the body, which then
 * ends. */
void agr_wire_end(agr_wire *out, const agr_ask *ask);
/* Is the host the vendor's own, or Azure's? Compatible servers refuse some of what
 * theirs take. */
bool agr_url_has_host(const char *url, const char *suffix);
/* A JSON string. */
void agr_json_add(agr_buf *out, const char *text);
/* Append text that lives as long as the context: a gap where it is long. */
void agr_wire_share(agr_wire *out, const char *text, size_t len);
/* The system prompt's stable part, a JSON string. */
void agr_wire_add_stable(agr_wire *out, const agr_talk *talk);
/* The system prompt's parts as one text, a JSON string. */
void agr_wire_add_system(agr_wire *out, const agr_talk *talk);
/* A call's arguments as a JSON object, whatever was received. */
void agr_json_add_arguments(agr_buf *out, const agr_call *call);
/* That object's text, a JSON string. */
void agr_json_add_arguments_text(agr_buf *out, const agr_call *call);
/* A tool's name and description, and its schema as the member `parameters`: an
 * object's members without its braces. */
void agr_wire_add_tool(agr_wire *out, const agr_tool *tool, const char *parameters);
/* Is it a model of OpenAI's that reasons? Those take no temperature of one's own. */
bool agr_openai_reasons(const char *model);
/* The member by which prompts that begin alike are told, where the conversation has such a
 * beginning. */
void agr_openai_add_cache_key(agr_buf *body, const agr_talk *talk);

#endif
