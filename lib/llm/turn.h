/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * turn - one answer of a model to one request: attempts, waits, other models where one
 * fails. A state machine that never blocks: it says what it wants and goes on when it
 * has it. One thread's at a time.
 *
 * No request is repeated after an answer that was read. No wait outlasts the deadline,
 * and none is longer than llm.max_wait_sec: then the turn fails at once, and the error
 * says when to come back.
 */
#ifndef AGR_TURN_H
#define AGR_TURN_H

#include "llm/codec.h"
#include "llm/llm.h"

typedef struct agr_turn agr_turn;

typedef struct agr_turn_options {
	const char *provider;  /* its name */
	const char *model;     /* NULL: the configured one */
	int64_t deadline_ms;   /* monotonic; AGR_DEADLINE_NONE */
	const char *id_prefix; /* of calls without an id: PREFIX_N */
	size_t first_id;       /* N of the first */
	size_t start_at;       /* which of provider and fallbacks is asked first */
	bool one_call, no_tools;
	bool may_be_silent;    /* an answer without a word or a call is one */
	int64_t max_tokens;    /* 0: llm.max_tokens */
} agr_turn_options;

enum {
	AGR_TURN_DONE = 0,
	AGR_TURN_WANTS_HTTP = 1, /* agr_turn_request(), then agr_turn_supply() */
	AGR_TURN_WANTS_TIME = 2  /* call again at agr_turn_wake_ms() */
};

/* `ctx` and `talk` are borrowed until the turn is freed; the options are copied. */
int agr_turn_new(agr_turn **out, agentrun_ctx *ctx, const agr_talk *talk,
	const agr_turn_options *opts, agentrun_error **err);
void agr_turn_free(agr_turn *turn); /* NULL ok */

/* AGR_TURN_..., or the error that ends it. */
int agr_turn_advance(agr_turn *turn, agentrun_error **err);

agentrun_http_request *agr_turn_request(agr_turn *turn);
/* The client has copied the request: its bytes need not be kept. */
void agr_turn_sent(agr_turn *turn);
/* A request with AGENTRUN_HTTP_STREAM has its events put in one by one, on whatever thread,
 * while nothing else is done with the turn: true with the last one. */
bool agr_turn_take_part(agr_turn *turn, agentrun_http_event *take_event);
/* The answer is there; NULL: all of it was taken in parts. */
void agr_turn_supply(agr_turn *turn, agentrun_http_event *take_event);
/* The client would not begin the request: *err, which it raised, becomes the
 * provider's. Returns its code. */
int agr_turn_refused(agr_turn *turn, agentrun_error **err);
int64_t agr_turn_wake_ms(const agr_turn *turn); /* monotonic */

/* Of a turn that is done. The caller may take what it wants of the answer. */
agr_answer *agr_turn_answer(agr_turn *turn);
const agr_codec *agr_turn_codec(const agr_turn *turn);
/* Whom it asked last, and how often in all. */
const char *agr_turn_provider(const agr_turn *turn);
const char *agr_turn_model(const agr_turn *turn);
size_t agr_turn_candidate(const agr_turn *turn);
unsigned agr_turn_attempts(const agr_turn *turn);

/* All of it, blocking. */
int agr_turn_run(agr_turn *turn, agentrun_error **err);

#endif
