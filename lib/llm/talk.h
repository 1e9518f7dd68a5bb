/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * talk - a conversation with a model, whoever the provider is: what was said so
 * far, the tools that are offered, and what the model answered. No I/O.
 *
 *     talk.c        messages, calls, results
 *     answer.c      an answer as it is put together, and whether it is one
 *     sse.c         server-sent events
 *     codec.h       a provider's wire format: talk -> bytes, bytes -> answer
 *     openai.c responses.c anthropic.c gemini.c own.c    one each
 *     failure.c     what an HTTP answer that is no answer means, and when to try again
 *     profile.c     which provider, model, key and address the configuration says
 *     breaker.c     providers that failed too often
 *     turn.c        one answer to one request: attempts, waits, fallbacks
 *     brief.c tools.c     what a model is told, and the tools it may call
 *     strict.c      whether a tool's schema may be strict
 *     plan.c        one turn for agentrun_plan()
 */
#ifndef AGR_TALK_H
#define AGR_TALK_H

#include <agentrun/sys/error.h>

#include "table/scan.h"

/* ---- what was said -------------------------------------------------------- */

/* A tool call as it was received. */
typedef struct agr_call {
	agr_buf id, name, arguments; /* NUL-terminated once finished */
	agr_buf extra;    /* JSON that the provider wants back with the call, or empty */
	bool id_made_up;  /* the provider gave none */
	int64_t index;    /* of a stream; -1: it had none */
} agr_call;

typedef struct agr_tool_result {
	char *id, *name, *content;
	size_t content_len;
	bool is_error;
	bool id_made_up;
} agr_tool_result;

typedef enum agr_role { AGR_ROLE_USER, AGR_ROLE_ASSISTANT, AGR_ROLE_TOOL } agr_role;

typedef struct agr_message_said {
	agr_role role;
	char *text; /* "" where there is none */
	size_t text_len;
	agr_call *calls; /* of an assistant */
	size_t n_calls;
	char *own; /* JSON of the provider's own form of it, or NULL */
	size_t own_len;
	char *reasoning; /* or NULL: kept, returned where a profile says so, never read */
	const void *own_by; /* the codec that can send it back */
	agr_tool_result *results; /* of tools */
	size_t n_results;
} agr_message_said;

/* A tool as it is offered; all text is JSON or borrowed, static for the context. */
typedef struct agr_tool {
	const char *name, *description;
	const char *parameters; /* JSON Schema */
	size_t parameters_len;
	bool strict; /* the schema meets OpenAI's rules for "strict" */
} agr_tool;

typedef struct agr_talk {
	const char *stable; /* first part of the system prompt, the same for every job; lent */
	size_t stable_len;
	const char *stable_json; /* the same as JSON, without its closing quote; or NULL */
	const char *stable_hash; /* of a conversation that agr_brief_write() began */
	struct agr_stable *held; /* whose they are then (brief.h); or NULL */
	char *workflow; /* second part: the same for the same workflow; or NULL */
	agr_message_said *said;
	size_t n_said;
	agr_tool *tools;
	size_t n_tools;
} agr_talk;

void agr_talk_clear(agr_talk *talk);
int agr_talk_add_user(agr_talk *talk, const char *text, size_t len, agentrun_error **err);
int agr_talk_add_tool(agr_talk *talk, const agr_tool *tool, agentrun_error **err);
/* Results go together in one message, in the order of the calls. */
int agr_talk_add_result(agr_talk *talk, const agr_call *call, const char *content,
	size_t len, bool is_error, agentrun_error **err);
/* A tool that is offered, by its name, or NULL. */
const agr_tool *agr_talk_tool(const agr_talk *talk, const char *name);

/* About how many tokens it has, from its length. */
int64_t agr_talk_tokens(const agr_talk *talk);

/* ---- what is answered ------------------------------------------------------ */

typedef enum agr_end {
	AGR_END_NONE,     /* nothing was said about it: cut off? */
	AGR_END_STOP,
	AGR_END_CALLS,
	AGR_END_LENGTH,
	AGR_END_FILTER,
	AGR_END_REFUSAL,
	AGR_END_BROKEN,   /* the model wrote a tool call that the provider could not read */
	AGR_END_OTHER
} agr_end;

/* -1: the provider did not say. Input includes what was cached, output what was
 * thought. */
typedef struct agr_usage {
	int64_t input, output, cached, cache_write, total;
} agr_usage;

typedef struct agr_answer {
	agr_buf text, refusal, reasoning;
	agr_call *calls;
	size_t n_calls;
	agr_end end;
	agr_buf finish_reason, model; /* the provider's own words; may be empty */
	agr_usage usage;
	agr_buf own;      /* as in agr_message_said; may be empty */
	bool streamed, done; /* a stream said that it was at its end */
	bool empty;       /* no choices, no candidates */
	agr_buf blocked;  /* why the prompt was refused, or empty */
	agr_buf scratch;  /* of a stream's decoder */
} agr_answer;

void agr_answer_init(agr_answer *answer);
void agr_answer_clear(agr_answer *answer);
/* A new call at the end; NULL: no memory. */
agr_call *agr_answer_add_call(agr_answer *answer);
/* A delta's call: of this index, else of this id, else the last one (NULL: there is
 * none). */
agr_call *agr_answer_find_call(agr_answer *answer, int64_t index, agr_span id);
/* Ids where there are none ("PREFIX_N", from `first` on), "{}" for no arguments, all
 * text terminated. */
int agr_answer_finish(agr_answer *answer, const char *prefix, size_t first,
	agentrun_error **err);
/* 0, or AGENTRUN_ELLM: cut off, filtered, refused, empty. `max_tokens` for messages. */
int agr_answer_check(const agr_answer *answer, int64_t max_tokens, agentrun_error **err);
/* Did the model come to an end without a word, as it may behind a tool's result? */
bool agr_answer_is_silent(const agr_answer *answer);
/* All that the answer cost; 0 where nothing is known. */
int64_t agr_usage_tokens(const agr_usage *usage);

/* Move an answer into the conversation, as what the assistant said. */
int agr_talk_take_answer(agr_talk *talk, agr_answer *answer, const void *codec,
	agentrun_error **err);

/* ---- reading ---------------------------------------------------------------- */

/* A member that is there and not null. */
bool agr_get(agr_span object, const char *key, agr_span *out);
/* The members of several names, in one walk; p NULL: it is not there. */
void agr_get_all(agr_span object, const char *const *keys, agr_span *out, size_t n);
/* Is it there, and of this type? */
bool agr_is_a(agr_span value, agr_type type);
/* As agr_get(), of this type. */
bool agr_get_typed(agr_span object, const char *key, agr_type type, agr_span *out);
/* Append a string member's text, NUL characters replaced. */
bool agr_get_text(agr_span object, const char *key, agr_buf *out);
/* A number's whole part; `fallback` where there is none, or one beyond 2^53. */
int64_t agr_get_int(agr_span object, const char *key, int64_t fallback);
/* The same of a value; p NULL: there is none. */
int64_t agr_int_of(agr_span value, int64_t fallback);
/* Is the string member this text? */
bool agr_get_is(agr_span object, const char *key, const char *text);
void agr_text_add(agr_buf *out, agr_span string);
/* The same of arguments, which are kept as they are: NUL characters too, and halves of
 * surrogate pairs, which become whole ones where both came. */
void agr_arguments_add(agr_buf *out, agr_span string);
bool agr_get_arguments(agr_span object, const char *key, agr_buf *out);
/* Drop the text, but not that some of it was lost. */
void agr_text_reset(agr_buf *text);
/* Is it one JSON object? */
bool agr_is_json_object(const char *text, size_t len);

#endif
