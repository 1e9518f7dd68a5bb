/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/buf.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define FIRST_CAP 64

char *agr_buf_reserve(agr_buf *buf, size_t more)
{
	size_t want, cap;
	char *data;

	if (buf->failed)
		return NULL;
	if (more > buf->max || buf->len > buf->max - more) {
		buf->failed = AGENTRUN_ELIMIT;
		return NULL;
	}
	want = buf->len + more + 1;
	if (want <= buf->cap)
		return buf->data + buf->len;
	cap = buf->cap ? buf->cap : FIRST_CAP;
	while (cap < want)
		cap = cap > SIZE_MAX / 2 ? want : cap * 2;
	data = agr_meter_take(buf->meter, cap - buf->cap) ? realloc(buf->data, cap) : NULL;
	if (!data) {
		buf->failed = AGENTRUN_ENOMEM;
		return NULL;
	}
	buf->data = data;
	buf->cap = cap;
	return data + buf->len;
}

/* Is there room for so many, without a look at anything else? */
static inline bool has_room(const agr_buf *buf, size_t more)
{
	return !buf->failed && more < buf->cap - buf->len && buf->len <= buf->max &&
		more <= buf->max - buf->len;
}

void agr_buf_add(agr_buf *buf, const void *data, size_t len)
{
	char *to = has_room(buf, len) ? buf->data + buf->len : agr_buf_reserve(buf, len);

	if (!to)
		return;
	if (len)
		memcpy(to, data, len);
	to[len] = '\0';
	buf->len += len;
}

void agr_buf_str(agr_buf *buf, const char *text)
{
	agr_buf_add(buf, text, strlen(text));
}

void agr_buf_char(agr_buf *buf, char c)
{
	char *to = has_room(buf, 1) ? buf->data + buf->len : agr_buf_reserve(buf, 1);

	if (!to)
		return;
	to[0] = c;
	to[1] = '\0';
	buf->len++;
}

/* The digits of a number. */
static void add_number(agr_buf *buf, uint64_t n, bool negative)
{
	char digits[24], *end = digits + sizeof(digits), *p = end;

	do
		*--p = (char)('0' + n % 10);
	while (n /= 10);
	if (negative)
		*--p = '-';
	agr_buf_add(buf, p, (size_t)(end - p));
}

static void add_signed(agr_buf *buf, long long n)
{
	add_number(buf, n < 0 ? -(unsigned long long)n : (unsigned long long)n, n < 0);
}

/* What almost all formats are made of, without the machinery of printf(), which costs ten
 * times as much: %s, %.*s, %c, %d, %u, %zu, %lld, %llu and %%. Returns the format from
 * where it holds something else; what is before that is added. */
static const char *add_plain(agr_buf *buf, const char *fmt, va_list *args)
{
	for (;;) {
		const char *percent = strchrnul(fmt, '%'), *text;
		int n;

		agr_buf_add(buf, fmt, (size_t)(percent - fmt));
		fmt = percent;
		if (!*fmt)
			return fmt;
		if (fmt[1] == 's') {
			text = va_arg(*args, const char *);
			agr_buf_str(buf, text ? text : "(null)");
			fmt += 2;
		} else if (strncmp(fmt + 1, ".*s", 3) == 0) {
			n = va_arg(*args, int);
			text = va_arg(*args, const char *);
			agr_buf_add(buf, text, n < 0 ? strlen(text) : strnlen(text, (size_t)n));
			fmt += 4;
		} else if (fmt[1] == 'd') {
			add_signed(buf, va_arg(*args, int));
			fmt += 2;
		} else if (fmt[1] == 'u') {
			add_number(buf, va_arg(*args, unsigned), false);
			fmt += 2;
		} else if (fmt[1] == 'c') {
			agr_buf_char(buf, (char)va_arg(*args, int));
			fmt += 2;
		} else if (strncmp(fmt + 1, "zu", 2) == 0) {
			add_number(buf, va_arg(*args, size_t), false);
			fmt += 3;
		} else if (strncmp(fmt + 1, "lld", 3) == 0) {
			add_signed(buf, va_arg(*args, long long));
			fmt += 4;
		} else if (strncmp(fmt + 1, "llu", 3) == 0) {
			add_number(buf, va_arg(*args, unsigned long long), false);
			fmt += 4;
		} else if (fmt[1] == '%') {
			agr_buf_char(buf, '%');
			fmt += 2;
		} else {
			return fmt;
		}
	}
}

static void add_any(agr_buf *buf, const char *fmt, va_list args)
{
	char few[256]; /* most are short: then once is enough */
	va_list again;
	int n;
	char *to;

	va_copy(again, args);
	n = vsnprintf(few, sizeof(few), fmt, again);
	va_end(again);
	if (n < 0) {
		buf->failed = AGENTRUN_ENOMEM;
		return;
	}
	to = agr_buf_reserve(buf, (size_t)n);
	if (!to)
		return;
	if ((size_t)n < sizeof(few))
		memcpy(to, few, (size_t)n + 1);
	else
		vsnprintf(to, (size_t)n + 1, fmt, args);
	buf->len += (size_t)n;
}

void agr_buf_vprintf(agr_buf *buf, const char *fmt, va_list args)
{
	va_list rest;

	va_copy(rest, args);
	fmt = add_plain(buf, fmt, &rest);
	if (*fmt)
		add_any(buf, fmt, rest);
	va_end(rest);
}

void agr_buf_printf(agr_buf *buf, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	agr_buf_vprintf(buf, fmt, args);
	va_end(args);
}

static void json_escape(agr_buf *buf, unsigned char c)
{
	static const char names[] = "btn\0fr"; /* \b \t \n (\v) \f \r from 0x08 */

	if (c == '"' || c == '\\') {
		agr_buf_add(buf, (const char[]){ '\\', (char)c }, 2);
	} else if (c >= 0x08 && c <= 0x0d && names[c - 0x08]) {
		agr_buf_add(buf, (const char[]){ '\\', names[c - 0x08] }, 2);
	} else {
		agr_buf_printf(buf, "\\u%04x", c);
	}
}

/* The code of half a surrogate pair; 0: it is none. */
static unsigned surrogate_at(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	if (len < 3 || p[0] != 0xed || p[1] < 0xa0 || p[1] > 0xbf || (p[2] & 0xc0) != 0x80)
		return 0;
	return 0xd000U | (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* How many of these eight bytes a JSON string has as they are, up to the first that may
 * be none: one of ASCII that needs no escape. */
static size_t plain_bytes(const char *text)
{
	uint64_t eight, quote, slash;

	memcpy(&eight, text, sizeof(eight));
	eight = le64toh(eight);
	quote = eight ^ EACH('"');
	slash = eight ^ EACH('\\');
	eight = (eight | (eight - EACH(0x20)) | (quote - EACH(1)) | (slash - EACH(1))) & EACH(0x80);
	return eight ? (size_t)__builtin_ctzll(eight) / 8 : 8;
}

static void json_str(agr_buf *buf, const char *text, size_t len, bool raw)
{
	size_t i = 0, run = 0;

	agr_buf_char(buf, '"');
	while (i < len) {
		unsigned char c;
		size_t n = len - i >= 8 ? plain_bytes(text + i) : 0;

		i += n;
		if (n == 8)
			continue;
		c = (unsigned char)text[i];
		n = c < 0x80 ? 1 : agr_utf8_len(text + i, len - i);
		if (n && c >= 0x20 && c != '"' && c != '\\') {
			i += n;
			continue;
		}
		agr_buf_add(buf, text + run, i - run);
		if (n) {
			json_escape(buf, c);
		} else if (raw && surrogate_at(text + i, len - i)) {
			agr_buf_printf(buf, "\\u%04x", surrogate_at(text + i, len - i));
			i += 2;
		} else {
			agr_buf_str(buf, "\xef\xbf\xbd");
		}
		run = ++i;
	}
	agr_buf_add(buf, text + run, len - run);
	agr_buf_char(buf, '"');
}

void agr_buf_json_str(agr_buf *buf, const char *text, size_t len)
{
	json_str(buf, text, len, false);
}

void agr_buf_json_raw(agr_buf *buf, const char *text, size_t len)
{
	json_str(buf, text, len, true);
}

void agr_buf_printable(agr_buf *buf, const char *text, size_t len)
{
	size_t i = 0, run = 0;

	while (i < len) {
		unsigned char c = (unsigned char)text[i];
		size_t n = c < 0x80 ? 1 : agr_utf8_len(text + i, len - i);
		bool c1 = n == 2 && c == 0xc2 && (unsigned char)text[i + 1] < 0xa0;

		if (n && c >= 0x20 && c != 0x7f && !c1) {
			i += n;
			continue;
		}
		agr_buf_add(buf, text + run, i - run);
		agr_buf_printf(buf, "\\x%02x", c);
		run = ++i;
	}
	agr_buf_add(buf, text + run, len - run);
}

void agr_buf_reset(agr_buf *buf)
{
	buf->len = 0;
	buf->failed = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void agr_buf_free(agr_buf *buf)
{
	free(buf->data);
	agr_meter_give(buf->meter, buf->cap);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	buf->failed = 0;
}

int agr_buf_check(const agr_buf *buf, const char *what, agentrun_error **err)
{
	if (buf->failed == AGENTRUN_ELIMIT)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"%s is larger than the limit of %zu bytes", what, buf->max);
	return buf->failed ? agr_error_oom(err) : 0;
}

int agr_buf_give(agr_buf *buf, agentrun_buf *out, const char *what,
	agentrun_error **err)
{
	int r;

	agr_buf_add(buf, "", 0);
	r = agr_buf_check(buf, what, err);
	if (r < 0) {
		agr_buf_free(buf);
		return r;
	}
	agentrun_buf_dispose(out);
	out->data = buf->data;
	out->len = buf->len;
	agr_meter_give(buf->meter, buf->cap);
	buf->data = NULL;
	buf->len = buf->cap = 0;
	return 0;
}

char *agr_buf_give_str(agr_buf *buf, agentrun_error **err)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;

	if (agr_buf_give(buf, &out, "text", err) < 0)
		return NULL;
	return out.data;
}

void agentrun_buf_dispose(agentrun_buf *buf)
{
	if (!buf)
		return;
	free(buf->data);
	buf->data = NULL;
	buf->len = 0;
}

int agentrun_buf_set(agentrun_buf *buf, const char *data, size_t len)
{
	char *copy = len < SIZE_MAX ? malloc(len + 1) : NULL;

	if (copy && len)
		memcpy(copy, data, len);
	agentrun_buf_dispose(buf);
	if (!copy)
		return AGENTRUN_ENOMEM;
	copy[len] = '\0';
	buf->data = copy;
	buf->len = len;
	return 0;
}

int agentrun_buf_append(agentrun_buf *buf, const char *data, size_t len)
{
	size_t want = FIRST_CAP;
	char *grown;

	if (len > SIZE_MAX / 2 || buf->len > SIZE_MAX / 2 - len - 1)
		return AGENTRUN_ENOMEM;
	/* Powers of two, so that all but a few of these change nothing. */
	while (want <= buf->len + len)
		want *= 2;
	grown = realloc(buf->data, want);
	if (!grown)
		return AGENTRUN_ENOMEM;
	if (len)
		memcpy(grown + buf->len, data, len);
	buf->data = grown;
	buf->len += len;
	grown[buf->len] = '\0';
	return 0;
}

int agentrun_buf_append_json(agentrun_buf *buf, const char *text, size_t len)
{
	agr_buf json = AGR_BUF_INIT;
	int r;

	agr_buf_json_str(&json, text, len);
	r = json.failed ? AGENTRUN_ENOMEM : agentrun_buf_append(buf, json.data, json.len);
	agr_buf_free(&json);
	return r;
}
