/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * json - as much of JSON as messages need: is a text one value, what are its
 * members, what does a string say. A backend stands on the public headers alone,
 * and those hand JSON through as text.
 */
#ifndef REDIS_JSON_H
#define REDIS_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <agentrun/common.h>

/* A value inside a text that somebody else keeps; p == NULL: not there. */
typedef struct redis_span {
	const char *p;
	size_t n;
} redis_span;

/* The one value of the text, without the white space around it; not there when
 * the text is no JSON, or nested deeper than 512. */
redis_span redis_json_value(const char *text, size_t len);
/* The same, and its members where it is an object, as redis_json_members() finds them. */
redis_span redis_json_object(const char *text, size_t len, const char *const *names,
	redis_span *out, size_t n);
/* A member of an object, the last of that name; not there also when `object` is
 * no object or the member is null. The span must be of a text that is JSON. */
redis_span redis_json_get(redis_span object, const char *name);
/* The same of `n` names in one walk. */
void redis_json_members(redis_span object, const char *const *names, redis_span *out,
	size_t n);
/* How many elements an array has; 0 for what is none. */
size_t redis_json_count(redis_span array);
redis_span redis_json_at(redis_span array, size_t i);
/* Is it a value of the type that begins so: '{', '[', '"'? */
bool redis_json_is(redis_span value, char first);
/* Append what a string says; half a surrogate pair becomes U+FFFD.
 * 0, AGENTRUN_ENOMEM */
int redis_json_string(agentrun_buf *out, redis_span string);
/* Does the string say so? */
bool redis_json_says(redis_span string, const char *text);

#endif
