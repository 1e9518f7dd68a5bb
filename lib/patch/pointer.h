/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * pointer - JSON Pointer, RFC 6901. A token is held as a JSON string, quotes
 * included, so that it can be looked up among, and become, an object's keys.
 */
#ifndef AGR_POINTER_H
#define AGR_POINTER_H

#include "base/arena.h"
#include "table/scan.h"

typedef struct agr_pointer {
	const char *text; /* decoded, as a person would write it */
	size_t len;
	agr_span *tokens;
	size_t n; /* 0: the whole document */
} agr_pointer;

/* Everything lives in the arena; `text` is borrowed for as long. */
int agr_pointer_parse(agr_pointer *out, agr_arena *arena, const char *text, size_t len,
	agentrun_error **err);

/* Does `a` lead to a place inside of what `b` leads to? */
bool agr_pointer_is_below(const agr_pointer *a, const agr_pointer *b);
bool agr_pointer_same(const agr_pointer *a, const agr_pointer *b);

/* An array index: digits without leading zeros. */
bool agr_token_index(agr_span token, size_t *index);
/* "-", the place behind an array's last element. */
bool agr_token_is_end(agr_span token);

/* Append `/token`, escaped, as pointer text. */
void agr_pointer_add_token(agr_buf *out, agr_span token);
void agr_pointer_add_index(agr_buf *out, size_t index);

/* A copy for messages: printable, cut when long. Static text when memory is
 * short. */
#define AGR_SHOWN_MAX 200
const char *agr_shown(agr_arena *arena, const char *text, size_t len);
/* The first `n` tokens; the root is shown as "the document". */
const char *agr_pointer_shown(agr_arena *arena, const agr_pointer *pointer, size_t n);

#endif
