/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

size_t agr_utf8_len(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text;

	if (!len)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2)
		return 0;
	if (p[0] < 0xe0)
		return len >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] < 0xf0) {
		if (len < 3 || !is_tail(p[1]) || !is_tail(p[2]))
			return 0;
		if (p[0] == 0xe0 && p[1] < 0xa0)
			return 0; /* overlong */
		return p[0] == 0xed && p[1] >= 0xa0 ? 0 : 3; /* surrogate */
	}
	if (p[0] > 0xf4 || len < 4 || !is_tail(p[1]) || !is_tail(p[2]) ||
		!is_tail(p[3]))
		return 0;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] >= 0x90))
		return 0;
	return 4;
}

size_t agr_utf8_invalid(const char *text, size_t len)
{
	size_t i = 0;

	while (i < len) {
		size_t n = agr_utf8_len(text + i, len - i);

		if (!n)
			return i;
		i += n;
	}
	return len;
}

size_t agr_utf8_put(char to[4], uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

bool agr_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool agr_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char agr_to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool agr_str_equal_nocase(const char *a, const char *b)
{
	for (; *a && agr_to_lower(*a) == agr_to_lower(*b); a++, b++)
		;
	return agr_to_lower(*a) == agr_to_lower(*b);
}

bool agr_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool agr_starts_with_nocase(const char *text, const char *prefix)
{
	for (; *prefix; text++, prefix++)
		if (agr_to_lower(*text) != agr_to_lower(*prefix))
			return false;
	return true;
}

char *agr_strndup(const char *text, size_t len)
{
	char *copy = len < SIZE_MAX ? malloc(len + 1) : NULL;

	if (!copy)
		return NULL;
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

size_t agr_count_lines(const char *p, const char *end)
{
	size_t n = 0;

	while ((p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

bool agr_ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}
