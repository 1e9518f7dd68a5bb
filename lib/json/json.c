/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#include "table/scan.h"

/* ---- reading ------------------------------------------------------------ */

/*
 * The tree is built here from the scanner's spans, not by jansson's own parser:
 * when memory runs out that one drops a character of a string and goes on.
 */
struct fault {
	const char *what; /* NULL: out of memory */
	const char *at;
};

static json_t *tree_of(agr_span value, struct fault *fault);

static json_t *number_of(agr_span number, struct fault *fault)
{
	int64_t whole;
	double real;

	if (agr_number_is_integer(number)) {
		if (agr_number_int64(number, &whole))
			return json_integer(whole);
		*fault = (struct fault){ "an integer that is too big here", number.p };
		return NULL;
	}
	real = agr_number_double(number);
	if (real - real == 0)
		return json_real(real);
	*fault = (struct fault){ "a number that is too big here", number.p };
	return NULL;
}

static json_t *string_of(agr_span string)
{
	agr_buf text = AGR_BUF_INIT;
	json_t *json = NULL;

	agr_string_decode(&text, string);
	agr_buf_add(&text, "", 0);
	if (!text.failed)
		json = json_stringn_nocheck(text.data, text.len);
	agr_buf_free(&text);
	return json;
}

static json_t *array_of(agr_span array, struct fault *fault)
{
	json_t *json = json_array();
	agr_iter it = agr_iter_of(array);
	agr_span element;

	while (json && agr_array_next(&it, &element)) {
		if (json_array_append_new(json, tree_of(element, fault)) < 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static int add_member(json_t *object, agr_span key, agr_span value, struct fault *fault)
{
	agr_buf name = AGR_BUF_INIT;
	int r = -1;

	agr_string_decode(&name, key);
	agr_buf_add(&name, "", 0);
	if (!name.failed && memchr(name.data, '\0', name.len))
		*fault = (struct fault){ "a NUL character in a key", key.p };
	else if (!name.failed)
		r = json_object_set_new_nocheck(object, name.data, tree_of(value, fault));
	agr_buf_free(&name);
	return r;
}

static json_t *object_of(agr_span object, struct fault *fault)
{
	json_t *json = json_object();
	agr_iter it = agr_iter_of(object);
	agr_span key, value;

	while (json && agr_object_next(&it, &key, &value)) {
		if (add_member(json, key, value, fault) < 0) {
			json_decref(json);
			json = NULL;
		}
	}
	return json;
}

static json_t *tree_of(agr_span value, struct fault *fault)
{
	switch (agr_span_type(value)) {
	case AGR_TYPE_NULL:
		return json_null();
	case AGR_TYPE_FALSE:
		return json_false();
	case AGR_TYPE_TRUE:
		return json_true();
	case AGR_TYPE_NUMBER:
		return number_of(value, fault);
	case AGR_TYPE_STRING:
		return string_of(value);
	case AGR_TYPE_ARRAY:
		return array_of(value, fault);
	default:
		return object_of(value, fault);
	}
}

int agr_json_parse(json_t **out, const char *name, const char *text, size_t len,
	int code, agentrun_error **err)
{
	agr_text what = { .name = name, .p = text, .n = len, .code = code };
	struct fault fault = { NULL, NULL };
	agr_span value;
	int r;

	*out = NULL;
	r = agr_scan_document(&value, &what, err);
	if (r < 0)
		return r;
	*out = tree_of(value, &fault);
	if (*out)
		return 0;
	if (!fault.what)
		return agr_error_oom(err);
	r = agentrun_error_raise(err, code, "%s", fault.what);
	agr_error_at(err, name, text, len, (size_t)(fault.at - text));
	return r;
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

/* Not json_dumps(): it goes on where it could not write a key. */
char *agr_json_text(const json_t *value)
{
	agr_buf out = AGR_BUF_INIT;

	if (value && json_dump_callback(value, add_text, &out,
		JSON_COMPACT | JSON_ENCODE_ANY) == 0)
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
