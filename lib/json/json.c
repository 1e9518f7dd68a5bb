/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "json/json.h"

#include <float.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table/scan.h"

/* ---- reading ------------------------------------------------------------ */

/*
 * The tree is built here from text the scanner has validated, not by jansson's
 * own parser: when memory runs out that one drops a character of a string and
 * goes on.
 */
struct reader {
	const char *p;
	const char *end;
	const char *fault; /* NULL: out of memory */
	bool loose;
};

static json_t *read_value(struct reader *in);

static char skip_space(struct reader *in)
{
	while (in->p < in->end && strchr(" \t\r\n", *in->p))
		in->p++;
	return in->p < in->end ? *in->p : '\0';
}

static agr_span read_scalar(struct reader *in)
{
	agr_span scalar = { in->p, 0 };

	if (*in->p == '"')
		in->p = agr_skip_value(in->p);
	else
		while (in->p < in->end && !strchr(" \t\r\n,]}", *in->p))
			in->p++;
	scalar.n = (size_t)(in->p - scalar.p);
	return scalar;
}

static json_t *read_number(struct reader *in)
{
	const char *start = in->p;
	agr_span number = read_scalar(in);
	int64_t whole;
	double real = agr_number_double(number);
	bool is_whole = agr_number_is_integer(number);

	if (is_whole && agr_number_int64(number, &whole))
		return json_integer(whole);
	if (in->loose && real - real != 0)
		real = real > 0 ? DBL_MAX : -DBL_MAX;
	if ((!is_whole || in->loose) && real - real == 0)
		return json_real(real);
	in->fault = is_whole ? "an integer that is too big here"
			     : "a number that is too big here";
	in->p = start;
	return NULL;
}

/* Decoded, with a NUL behind it; out->failed when out of memory. */
static void read_text(struct reader *in, agr_buf *out)
{
	agr_string_decode(out, read_scalar(in));
	agr_buf_add(out, "", 0);
}

static json_t *read_string(struct reader *in)
{
	agr_buf text = AGR_BUF_INIT;
	json_t *json = NULL;

	read_text(in, &text);
	if (!text.failed)
		json = json_stringn_nocheck(text.data, text.len);
	agr_buf_free(&text);
	return json;
}

static json_t *read_array(struct reader *in)
{
	json_t *array = json_array();

	in->p++;
	while (array && skip_space(in) != ']') {
		if (json_array_append_new(array, read_value(in)) < 0) {
			json_decref(array);
			return NULL;
		}
		if (skip_space(in) == ',')
			in->p++;
	}
	in->p++;
	return array;
}

static int read_member(struct reader *in, json_t *object)
{
	const char *start = in->p;
	agr_buf key = AGR_BUF_INIT;
	int r = -1;

	read_text(in, &key);
	if (!key.failed && !in->loose && memchr(key.data, '\0', key.len)) {
		in->fault = "a NUL character in a key";
		in->p = start;
	} else if (!key.failed) {
		skip_space(in);
		in->p++; /* the colon */
		skip_space(in);
		r = json_object_setn_new_nocheck(object, key.data, key.len, read_value(in));
	}
	agr_buf_free(&key);
	return r;
}

static json_t *read_object(struct reader *in)
{
	json_t *object = json_object();

	in->p++;
	while (object && skip_space(in) != '}') {
		if (read_member(in, object) < 0) {
			json_decref(object);
			return NULL;
		}
		if (skip_space(in) == ',')
			in->p++;
	}
	in->p++;
	return object;
}

static json_t *read_value(struct reader *in)
{
	switch (skip_space(in)) {
	case '{':
		return read_object(in);
	case '[':
		return read_array(in);
	case '"':
		return read_string(in);
	case 'n':
		read_scalar(in);
		return json_null();
	case 't':
		read_scalar(in);
		return json_true();
	case 'f':
		read_scalar(in);
		return json_false();
	default:
		return read_number(in);
	}
}

static int parse(json_t **out, const char *name, const char *text, size_t len,
	int code, bool loose, agentrun_error **err)
{
	agr_text what = { .name = name, .p = text, .n = len, .code = code };
	struct reader in = { .loose = loose };
	agr_span value;
	int r;

	*out = NULL;
	r = agr_scan_document(&value, &what, err);
	if (r < 0)
		return r;
	in.p = value.p;
	in.end = value.p + value.n;
	*out = read_value(&in);
	if (*out)
		return 0;
	if (!in.fault)
		return agr_error_oom(err);
	r = agentrun_error_raise(err, code, "%s", in.fault);
	agr_error_at(err, name, text, len, (size_t)(in.p - text));
	return r;
}

int agr_json_parse(json_t **out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err)
{
	return parse(out, name, text, len, code, false, err);
}

int agr_json_parse_loosely(json_t **out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err)
{
	return parse(out, name, text, len, code, true, err);
}

/* ---- writing ------------------------------------------------------------ */

int agr_json_write(agr_buf *out, const json_t *value, agentrun_error **err)
{
	char *text = agr_json_text(value);

	if (!text)
		return agr_error_oom(err);
	agr_buf_str(out, text);
	free(text);
	return agr_buf_check(out, "JSON", err);
}

static int add_text(const char *text, size_t len, void *user)
{
	agr_buf *out = user;

	agr_buf_add(out, text, len);
	return out->failed ? -1 : 0;
}

/* At most 15 digits of it when that is the same double: 19.989999999999998, which jansson
 * writes for 19.99, is another decimal to whoever compares decimals exactly. */
static int add_real(agr_buf *out, const json_t *real)
{
	size_t from = out->len;
	char text[40], *point;
	agr_span before, after = { text, 0 };
	double value;

	if (json_dump_callback(real, add_text, out, JSON_ENCODE_ANY) < 0)
		return -1;
	before = (agr_span){ out->data + from, out->len - from };
	value = agr_number_double(before);
	if (before.n >= sizeof(text) || !memchr(before.p, '.', before.n))
		return 0;
	snprintf(text, sizeof(text), "%.15g", value);
	point = strpbrk(text, ",.e");
	if (point && *point == ',')
		*point = '.'; /* whatever the locale says */
	after.n = strlen(text);
	if (point && after.n < before.n && agr_number_double(after) == value) {
		out->len = from;
		agr_buf_add(out, text, after.n);
	}
	return 0;
}

static int add_value(agr_buf *out, const json_t *value);

static int add_object(agr_buf *out, const json_t *value)
{
	json_t *object = (json_t *)value; /* which iterating does not change */
	void *at = json_object_iter(object);
	int r = 0;

	agr_buf_char(out, '{');
	for (bool first = true; r == 0 && at; first = false) {
		if (!first)
			agr_buf_char(out, ',');
		agr_buf_json_str(out, json_object_iter_key(at), json_object_iter_key_len(at));
		agr_buf_char(out, ':');
		r = add_value(out, json_object_iter_value(at));
		at = json_object_iter_next(object, at);
	}
	agr_buf_char(out, '}');
	return r;
}

static int add_array(agr_buf *out, const json_t *array)
{
	size_t n = json_array_size(array);
	int r = 0;

	agr_buf_char(out, '[');
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (i)
			agr_buf_char(out, ',');
		r = add_value(out, json_array_get(array, i));
	}
	agr_buf_char(out, ']');
	return r;
}

/* Not jansson's own writer, which hands out a text in pieces of some bytes, and its json_dumps()
 * goes on where it could not write a key. */
static int add_value(agr_buf *out, const json_t *value)
{
	if (!value)
		return -1;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return add_object(out, value);
	case JSON_ARRAY:
		return add_array(out, value);
	case JSON_STRING:
		agr_buf_json_str(out, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		agr_buf_printf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		return add_real(out, value);
	default:
		agr_buf_str(out, json_is_true(value) ? "true" : json_is_false(value) ? "false"
			: "null");
	}
	return out->failed ? -1 : 0;
}

char *agr_json_text(const json_t *value)
{
	agr_buf out = AGR_BUF_INIT;

	if (add_value(&out, value) == 0)
		return agr_buf_give_str(&out, NULL);
	agr_buf_free(&out);
	return NULL;
}

/* ---- members ------------------------------------------------------------ */

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
