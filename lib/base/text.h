/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* text - UTF-8 and small string helpers. */
#ifndef AGR_TEXT_H
#define AGR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length (1..4) of the valid UTF-8 sequence at `text`, 0 when it is invalid. */
size_t agr_utf8_len(const char *text, size_t len);

/* Offset of the first invalid byte, or `len`. */
size_t agr_utf8_invalid(const char *text, size_t len);

/* Write a code point (no surrogate) as UTF-8; returns 1..4. */
size_t agr_utf8_put(char to[4], uint32_t code_point);

size_t agr_count_lines(const char *p, const char *end);

/* ASCII only, whatever the locale. */
bool agr_is_space(char c);
static inline bool agr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool agr_is_hex(char c)
{
	return agr_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool agr_is_alpha(char c);
char agr_to_lower(char c);
bool agr_str_equal_nocase(const char *a, const char *b);
bool agr_starts_with(const char *text, const char *prefix);
/* Do the `len` bytes of `text` end so? */
bool agr_ends_with(const char *text, size_t len, const char *end);
bool agr_starts_with_nocase(const char *text, const char *prefix);

/* A copy of `len` bytes with a NUL behind, or NULL; free() it. */
char *agr_strndup(const char *text, size_t len);

#endif
