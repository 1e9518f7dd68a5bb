/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * json - the control plane's JSON trees: jobs, plans, tool calls, provider
 * answers. Nothing else in the library includes jansson.h. Rows and patch
 * documents do not come here: see table/scan.h.
 */
#ifndef AGR_JSON_H
#define AGR_JSON_H

#include <jansson.h>

#include "base/base.h"

/* Parse one value of any type. Invalid text raises `code` with
 * name:line:column. The result is yours: json_decref(). */
int agr_json_parse(json_t **out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err);

/* The same of a text that is only looked at, never written again: where a number
 * does not fit, the tree has the nearest double that does, and a key may hold NUL
 * (the json_object_keylen_... calls tell). So it takes whatever the scanner does. */
int agr_json_parse_loosely(json_t **out, const char *name, const char *text,
	size_t len, int code, agentrun_error **err);

/* Compact text (key order kept), appended. */
int agr_json_write(agr_buf *out, const json_t *value, agentrun_error **err);
/* The same as a string to free(). NULL when out of memory. */
char *agr_json_text(const json_t *value);

/* A member's text, or `fallback` when it is missing or no string. */
const char *agr_json_str(const json_t *object, const char *key,
	const char *fallback);
/* A member's whole number, or `fallback`. */
int64_t agr_json_int(const json_t *object, const char *key, int64_t fallback);

/* "an object", "a string": for messages. */
const char *agr_json_type_name(const json_t *value);

#endif
