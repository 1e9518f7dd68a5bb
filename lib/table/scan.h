/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * scan - JSON text as spans. A document is validated once (RFC 8259: grammar,
 * UTF-8, depth); everything below then trusts it and only finds its way in it.
 * No tree is built and nothing is copied: a value is the bytes it came as.
 *
 * A span of a value starts at its first byte and ends behind its last one, no
 * white space around. A key's span includes its quotes. Spans borrow the text.
 */
#ifndef AGR_SCAN_H
#define AGR_SCAN_H

#include <stdbool.h>

#include "base/base.h"

typedef struct agr_span {
	const char *p;
	size_t n;
} agr_span;

/* In the order in which values of different types sort. */
typedef enum agr_type {
	AGR_TYPE_NULL,
	AGR_TYPE_FALSE,
	AGR_TYPE_TRUE,
	AGR_TYPE_NUMBER,
	AGR_TYPE_STRING,
	AGR_TYPE_ARRAY,
	AGR_TYPE_OBJECT
} agr_type;

static inline bool agr_is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* 3 where the text begins with a UTF-8 byte order mark, else 0. */
size_t agr_bom_len(const char *p, size_t n);

#define AGR_DEPTH_DEFAULT 512
#define AGR_DEPTH_MAX 8192 /* code below recurses this deep at the most */

/* What a text is, for validation and messages. */
typedef struct agr_text {
	const char *name; /* a file's name for messages; NULL: "input" */
	const char *p;
	size_t n;
	size_t max_depth; /* 0: AGR_DEPTH_DEFAULT */
	int code;         /* for a fault; 0: AGENTRUN_EINPUT. Depth is AGENTRUN_ELIMIT */
} agr_text;

/* Validate exactly one value with nothing but white space (or a leading UTF-8
 * byte order mark) around it. The error says name:line:column. */
int agr_scan_document(agr_span *out, const agr_text *text,
	agentrun_error **err);

/* Validate the next value from byte `*pos` on, and move `*pos` behind it.
 * Returns 1 with the value, 0 at the end of the text, or an error. */
int agr_scan_next(agr_span *out, const agr_text *text, size_t *pos,
	agentrun_error **err);

/* From here on: validated text only. */

agr_type agr_span_type(agr_span value);

/* Walk an array or object: `agr_iter it = agr_iter_of(value);` */
typedef struct agr_iter {
	const char *p;
} agr_iter;

agr_iter agr_iter_of(agr_span value);
bool agr_array_next(agr_iter *it, agr_span *value);
bool agr_object_next(agr_iter *it, agr_span *key, agr_span *value);
/* Elements of an array, members of an object (duplicates counted). */
size_t agr_span_count(agr_span value);

/* The end of the value that begins at `p`, inside an array or object: a number
 * ends where something else follows it. */
const char *agr_skip_value(const char *p);

static inline const char *agr_skip_white(const char *p)
{
	while (agr_is_white(*p))
		p++;
	return p;
}

/* Behind the string that begins at `p`. *has_escape becomes true where it has one, else it
 * stays as it is. */
static inline const char *agr_skip_string(const char *p, bool *has_escape)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\') {
			*has_escape = true;
			p++;
		}
	}
	return p + 1;
}

/* What agr_string_is() asks where the first bytes do not tell. */
bool agr_string_is_all(agr_span string, const char *text, size_t len);
/* Is this string (quotes included) `text` once its escapes are decoded? */
static inline bool agr_string_is(agr_span string, const char *text, size_t len)
{
	/* Most keys differ in their first byte. */
	if (!len || (string.p[1] != *text && string.p[1] != '\\'))
		return !len && string.n == 2;
	return agr_string_is_all(string, text, len);
}
/* Are two strings the same text, however escaped? */
bool agr_string_same(agr_span a, agr_span b);
/* By code point of the decoded text: <0, 0, >0. */
int agr_string_compare(agr_span a, agr_span b);
/* Hash of the decoded text; equal for equal text, another in another process. */
uint64_t agr_string_hash(agr_span string);
/* Append the decoded text; a lone surrogate becomes U+FFFD. */
void agr_string_decode(agr_buf *out, agr_span string);
/* The same, but half a surrogate pair comes as the three bytes that UTF-8 would have for it,
 * which agr_buf_json_raw() knows. */
void agr_string_decode_raw(agr_buf *out, agr_span string);
/* Does it hold no escape, so that its bytes between the quotes are its text? */
bool agr_string_is_plain(agr_span string);

/* Member `key` of an object; of duplicates the last. */
bool agr_object_get(agr_span object, const char *key, size_t len,
	agr_span *out);

/* Append the value as compact JSON: no white space, of duplicate keys the last
 * value at the place of the first; scalars byte for byte. */
void agr_value_write(agr_buf *out, agr_span value);

/* Exact comparison of two numbers of any length, by value: <0, 0, >0. */
int agr_number_compare(agr_span a, agr_span b);
/* Nearest double (infinite when there is none), whatever the locale. */
double agr_number_double(agr_span number);
/* Append the double as the shortest JSON number that reads back as the same. */
void agr_number_write(agr_buf *out, double value);
/* Append text that is the same for equal numbers, ending in ';'. */
void agr_number_canonical(agr_buf *out, agr_span number);
/* Is it of 15 digits at most and no exponent? Then its double, which is its own: such
 * numbers compare as their doubles do. */
bool agr_number_simple(agr_span number, double *out);
/* Is it written without fraction and exponent? */
bool agr_number_is_integer(agr_span number);
/* Is it a whole number that fits (1.0 and 1e2 are whole)? */
bool agr_number_int64(agr_span number, int64_t *out);

/* Total order: by type (agr_type), then numbers by value, strings by code
 * point, arrays element by element, objects by sorted keys, then values. */
int agr_value_compare(agr_span a, agr_span b);
/* Same JSON value: numbers by value, objects whatever the order of keys. */
bool agr_value_equal(agr_span a, agr_span b);

#endif
