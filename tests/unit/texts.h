/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Made-up JSON texts, the same ones every time, and a place for a text right before
 * memory that cannot be read, so that a step beyond its end is a crash. */
#ifndef TEXTS_H
#define TEXTS_H

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

/* ck_assert_msg() tells of every success with a system call: too slow for millions. */
#define must(condition, ...) \
	do { \
		if (!(condition)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

static uint64_t texts_state;

/* Every test begins with this: its texts do not depend on the tests before it. */
static inline void texts_seed(uint64_t seed)
{
	texts_state = 88172645463325252u ^ seed << 32;
}

static inline size_t below(size_t n)
{
	texts_state ^= texts_state << 13;
	texts_state ^= texts_state >> 7;
	texts_state ^= texts_state << 17;
	return n ? (size_t)((texts_state >> 11) % n) : 0;
}

/* ---- a fence ---------------------------------------------------------------- */

#define FENCE_ROOM ((size_t)1 << 20)

/* A copy of the text whose end is the last byte before the fence. It stays until
 * the next one. */
static inline const char *fenced(const char *p, size_t n)
{
	static char *room;

	if (!room) {
		room = mmap(NULL, FENCE_ROOM + 65536, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (room == MAP_FAILED ||
			mprotect(room + FENCE_ROOM, 65536, PROT_NONE) < 0 ||
			n > FENCE_ROOM)
			abort();
	}
	if (n > FENCE_ROOM)
		abort();
	if (n)
		memcpy(room + FENCE_ROOM - n, p, n);
	return room + FENCE_ROOM - n;
}

/* ---- valid texts ------------------------------------------------------------ */

/* `style` 0: no white space; the higher the more. */
static inline void add_white(agr_buf *to, unsigned style)
{
	size_t n = !style || below(4) >= style ? 0 : below(40) ? 1 + below(3) : below(200);

	while (n--)
		agr_buf_char(to, " \n\r\t"[below(4)]);
}

static inline void add_hex4(agr_buf *to, unsigned value)
{
	char text[8];

	snprintf(text, sizeof(text), below(2) ? "%04x" : "%04X", value & 0xffff);
	agr_buf_str(to, text);
}

/* A few bytes that may stand in a string. */
static inline void add_piece(agr_buf *to)
{
	static const char *const pieces[] = { "\xc3\xa9", "\xc2\x80", "\xdf\xbf",
		"\xe0\xa0\x80", "\xe2\x82\xac", "\xed\x9f\xbf", "\xef\xbf\xbf",
		"\xf0\x90\x80\x80", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\\\"", "\\\\",
		"\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\\\\\\\", "\\\\\\\"", "{\\\"a\\\":",
		"[1,", "]", "}", ":", ",", " ", "  ", "\x7f", "null", "-1" };
	size_t which = below(60);

	if (which < AGR_COUNT(pieces)) {
		agr_buf_str(to, pieces[which]);
	} else if (which == 40) {
		agr_buf_str(to, "\\u");
		add_hex4(to, 1 + (unsigned)below(0xd7ff));
	} else if (which == 41) {
		agr_buf_str(to, "\\u");
		add_hex4(to, 0xd800 + (unsigned)below(0x400));
		agr_buf_str(to, "\\u");
		add_hex4(to, 0xdc00 + (unsigned)below(0x400));
	} else {
		agr_buf_char(to, (char)('a' + below(26)));
	}
}

static inline void add_string(agr_buf *to)
{
	size_t n = below(8) ? below(10) : below(50) ? below(90) : below(9000);

	agr_buf_char(to, '"');
	while (n--)
		add_piece(to);
	agr_buf_char(to, '"');
}

static inline void add_digits(agr_buf *to, size_t n)
{
	while (n--)
		agr_buf_char(to, (char)('0' + below(10)));
}

/* Without a leading 0, unless it is the only digit. */
static inline void add_number(agr_buf *to)
{
	if (below(4) == 0)
		agr_buf_char(to, '-');
	if (below(5) == 0) {
		agr_buf_char(to, '0');
	} else {
		agr_buf_char(to, (char)('1' + below(9)));
		add_digits(to, below(9));
	}
	if (below(3) == 0) {
		agr_buf_char(to, '.');
		add_digits(to, 1 + below(8));
	}
	if (below(8) == 0) {
		agr_buf_char(to, "eE"[below(2)]);
		agr_buf_str(to, &"+\0-\0"[below(3)]);
		add_digits(to, 1 + below(2));
	}
}

static inline void add_scalar(agr_buf *to)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t which = below(10);

	if (which < 3)
		agr_buf_str(to, words[which]);
	else if (which < 7)
		add_number(to);
	else
		add_string(to);
}

static inline void add_value(agr_buf *to, unsigned depth, unsigned style)
{
	size_t n = below(6), kind = depth ? below(5) : 2;

	if (kind >= 2) {
		add_scalar(to);
		return;
	}
	agr_buf_char(to, kind ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			agr_buf_char(to, ',');
		add_white(to, style);
		if (kind) {
			add_string(to);
			add_white(to, style);
			agr_buf_char(to, ':');
			add_white(to, style);
		}
		add_value(to, depth - 1, style);
		add_white(to, style);
	}
	add_white(to, style);
	agr_buf_char(to, kind ? '}' : ']');
}

/* ---- texts that are wrong, or may be ---------------------------------------- */

static inline void add_noise(agr_buf *to, size_t n)
{
	static const char marks[] = "{}[]\",:\\/-.+eEu0123456789 \n\t\r\x01\x1f\x7f"
				    "\x80\xbf\xc2\xe2\xed\xf0\xff" "trufalsn\"\"\\\\";

	while (n--)
		agr_buf_char(to, below(20) ? marks[below(sizeof(marks) - 1)]
					   : (char)below(256));
}

/* Change the text in one place. */
static inline void mutate(agr_buf *text)
{
	size_t at = below(text->len + 1), n = 1 + (below(3) ? 0 : below(8));
	agr_buf out = AGR_BUF_INIT;

	agr_buf_add(&out, text->data, at);
	switch (below(5)) {
	case 0: /* something is lost */
		at = at + n < text->len ? at + n : text->len;
		break;
	case 1: /* something is added */
		add_noise(&out, n);
		break;
	case 2: /* something else is there */
		add_noise(&out, n);
		at = at + n < text->len ? at + n : text->len;
		break;
	case 3: /* something comes again */
		n = below(30) < text->len - at ? below(text->len - at) % 30 : 0;
		agr_buf_add(&out, text->data + at, n);
		break;
	default: /* a bit is wrong */
		if (at < text->len)
			agr_buf_char(&out, (char)(text->data[at++] ^ 1 << below(8)));
	}
	agr_buf_add(&out, text->data + at, text->len - at);
	agr_buf_free(text);
	*text = out;
}

#endif
