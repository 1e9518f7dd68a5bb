/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "json/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/scan.h"

int agr_json_parse(json_t **out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err)
{
	json_error_t fault;
	int r;

	*out = json_loadb(text, len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
	if (*out)
		return 0;
	if (json_error_code(&fault) == json_error_out_of_memory)
		return agr_error_oom(err);
	r = agentrun_error_raise(err, code, "not valid JSON: %s", fault.text);
	agr_error_at_line(err, name, fault.line > 0 ? (size_t)fault.line : 1,
		fault.column > 0 ? (size_t)fault.column : 1);
	return r;
}

int agr_json_write(agr_buf *out, const json_t *value, agentrun_error **err)
{
	char *text = agr_json_text(value);

	if (!text)
		return agr_error_oom(err);
	agr_buf_str(out, text);
	free(text);
	return agr_buf_check(out, "JSON", err);
}

/* The end of the JSON string whose opening quote is at `p`. */
static const char *string_end(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/* Write the number `p`..`end`, at most 15 digits of it when that is the same
 * double: 19.989999999999998, which jansson writes for 19.99, is another decimal
 * to whoever compares decimals exactly. Returns its length. */
static size_t shorten_real(char *to, const char *p, const char *end)
{
	size_t n = (size_t)(end - p);
	char text[40], *point;
	agr_span before = { p, n }, after = { text, 0 };
	double value = agr_number_double(before);

	if (n < sizeof(text) && memchr(p, '.', n)) {
		snprintf(text, sizeof(text), "%.15g", value);
		point = strpbrk(text, ",.e");
		if (point && *point == ',')
			*point = '.'; /* whatever the locale says */
		after.n = strlen(text);
		if (point && after.n < n && agr_number_double(after) == value) {
			memcpy(to, text, after.n);
			return after.n;
		}
	}
	memmove(to, p, n);
	return n;
}

char *agr_json_text(const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	char *to = text;

	for (const char *p = text; p && *p;) {
		const char *end = p + 1;

		if (*p == '"') {
			end = string_end(p);
		} else if (*p == '-' || agr_is_digit(*p)) {
			end = p + strspn(p, "+-.0123456789eE");
			to += shorten_real(to, p, end);
			p = end;
			continue;
		}
		memmove(to, p, (size_t)(end - p));
		to += end - p;
		p = end;
	}
	if (to)
		*to = '\0';
	return text;
}

const char *agr_json_str(const json_t *object, const char *key,
	const char *fallback)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : fallback;
}

int64_t agr_json_int(const json_t *object, const char *key, int64_t fallback)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? (int64_t)json_integer_value(value)
				      : fallback;
}

const char *agr_json_type_name(const json_t *value)
{
	if (!value)
		return "nothing";
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	default:
		return "null";
	}
}
