/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * buf - a growing byte buffer with a ceiling from birth and a sticky failure:
 * append without checking, ask once at the end.
 */
#ifndef AGR_BUF_H
#define AGR_BUF_H

#include <stdarg.h>
#include <stdbool.h>

#include <agentrun/common.h>
#include <agentrun/error.h>

#include "base/meter.h"

typedef struct agr_buf {
	char *data;   /* NUL-terminated once anything was written */
	size_t len;
	size_t cap;
	size_t max;   /* ceiling on len; SIZE_MAX: none */
	int failed;   /* 0, AGENTRUN_ENOMEM or AGENTRUN_ELIMIT; then appends do nothing */
	agr_meter *meter; /* NULL, or what counts its memory; lent */
} agr_buf;

#define AGR_BUF_INIT { NULL, 0, 0, SIZE_MAX, 0, NULL }
#define AGR_BUF_MAX(bytes) { NULL, 0, 0, (bytes), 0, NULL }
#define AGR_BUF_METERED(by) { NULL, 0, 0, SIZE_MAX, 0, (by) }

void agr_buf_add(agr_buf *buf, const void *data, size_t len);
void agr_buf_str(agr_buf *buf, const char *text);
void agr_buf_char(agr_buf *buf, char c);
void agr_buf_printf(agr_buf *buf, const char *fmt, ...) AGENTRUN_PRINTF(2, 3);
void agr_buf_vprintf(agr_buf *buf, const char *fmt, va_list args);

/* Append `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD. */
void agr_buf_json_str(agr_buf *buf, const char *text, size_t len);
/* The same, but half a surrogate pair, as UTF-8 would have it, becomes \uXXXX. */
void agr_buf_json_raw(agr_buf *buf, const char *text, size_t len);

/* Append text for a person: control characters, C1 and invalid UTF-8 as \xNN. */
void agr_buf_printable(agr_buf *buf, const char *text, size_t len);

/* Make room for `more` bytes and return where they go (then add to len), or NULL. */
char *agr_buf_reserve(agr_buf *buf, size_t more);

/* Keep the memory, drop the content (and the failure). */
void agr_buf_reset(agr_buf *buf);
void agr_buf_free(agr_buf *buf);

/* 0, or raise what failed: "out of memory", or "`what` is larger than N bytes". */
int agr_buf_check(const agr_buf *buf, const char *what, agentrun_error **err);

/* Move the content out (a "" when empty); the buffer is empty afterwards. */
int agr_buf_give(agr_buf *buf, agentrun_buf *out, const char *what,
	agentrun_error **err);
/* The same as a NUL-terminated string to free(); NULL and the error on failure. */
char *agr_buf_give_str(agr_buf *buf, agentrun_error **err);

#endif
