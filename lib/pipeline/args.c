/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Reading a step's parameters, and saying what is wrong with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/step.h"

#define SHOWN_MAX 60

bool agr_args_get(const agr_args *args, const char *name, agr_span *out)
{
	size_t len = strlen(name);

	if (!args->members)
		return agr_object_get(args->object, name, len, out) && *out->p != 'n';
	for (size_t i = 0; i < args->members->n; i++) {
		const agr_member *m = &args->members->list[i];

		if (agr_string_is(m->key, name, len)) {
			*out = m->value;
			return *out->p != 'n';
		}
	}
	return false;
}

int agr_args_wrong(const char *name, const char *wanted, agr_span got,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	size_t n;
	int r;

	if (!got.p)
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"%s is missing: it must be %s", name, wanted);
	agr_value_write(&text, got);
	if (text.failed) {
		agr_buf_free(&text);
		return agr_error_oom(err);
	}
	n = text.len;
	if (n > SHOWN_MAX)
		for (n = SHOWN_MAX; n && (text.data[n] & 0xc0) == 0x80;)
			n--;
	r = agentrun_error_raise(err, AGENTRUN_EINPUT, "%s must be %s, got %.*s%s", name,
		wanted, (int)n, text.data, n < text.len ? "..." : "");
	agr_buf_free(&text);
	return r;
}

const char *agr_type_phrase(agr_span value)
{
	static const char *const phrases[] = { "null", "false", "true", "a number",
		"a string", "an array", "an object" };

	return phrases[agr_span_type(value)];
}

int agr_args_whole(const agr_args *args, const char *name, int64_t least,
	int64_t *out, agentrun_error **err)
{
	static const agr_span most = { "9223372036854775807", 19 };
	agr_span value;
	char wanted[64];

	if (!agr_args_get(args, name, &value))
		return 0;
	if (agr_span_type(value) == AGR_TYPE_NUMBER) {
		if (agr_number_int64(value, out) && *out >= least)
			return 1;
		/* No table and no wait is that long: what is more is the same. */
		if (agr_number_compare(value, most) > 0) {
			*out = INT64_MAX;
			return 1;
		}
	}
	snprintf(wanted, sizeof(wanted), "a whole number of at least %lld",
		(long long)least);
	return agr_args_wrong(name, wanted, value, err);
}

int agr_args_choice(const agr_args *args, const char *name,
	const char *const *names, int *out, agentrun_error **err)
{
	agr_buf wanted = AGR_BUF_INIT;
	agr_span value;
	int r;

	if (!agr_args_get(args, name, &value))
		return 0;
	for (int i = 0; names[i]; i++) {
		if (*value.p == '"' &&
			agr_string_is(value, names[i], strlen(names[i]))) {
			*out = i;
			return 1;
		}
	}
	for (int i = 0; names[i]; i++)
		agr_buf_printf(&wanted, "%s\"%s\"",
			!i ? "" : names[i + 1] ? ", " : " or ", names[i]);
	r = agr_buf_check(&wanted, name, err);
	if (!r)
		r = agr_args_wrong(name, wanted.data, value, err);
	agr_buf_free(&wanted);
	return r;
}

int agr_args_string(const agr_args *args, const char *name, char **out,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span value;

	if (!agr_args_get(args, name, &value))
		return 0;
	if (*value.p != '"')
		return agr_args_wrong(name, "a string", value, err);
	agr_string_decode(&text, value);
	if (text.len && memchr(text.data, '\0', text.len)) {
		agr_buf_free(&text);
		return agr_args_wrong(name, "a string without NUL", value, err);
	}
	*out = agr_buf_give_str(&text, err);
	return *out ? 1 : AGENTRUN_ENOMEM;
}

static int fields_add(agr_fields *out, agr_span string, agentrun_error **err)
{
	int r = agr_field_read(&out->list[out->n++], string);

	return r < 0 ? agr_error_oom(err) : 0;
}

int agr_args_fields(const agr_args *args, const char *name, agr_fields *out,
	agentrun_error **err)
{
	static const char wanted[] = "a field's name or a list of them";
	agr_span value, element;
	agr_iter it;
	size_t n = 1;

	memset(out, 0, sizeof(*out));
	if (!agr_args_get(args, name, &value))
		return 0;
	if (*value.p == '[')
		n = agr_span_count(value);
	else if (*value.p != '"')
		return agr_args_wrong(name, wanted, value, err);
	out->list = calloc(n ? n : 1, sizeof(*out->list));
	if (!out->list)
		return agr_error_oom(err);
	if (*value.p == '"')
		return fields_add(out, value, err) < 0 ? AGENTRUN_ENOMEM : 1;
	it = agr_iter_of(value);
	while (agr_array_next(&it, &element)) {
		if (*element.p != '"')
			return agr_args_wrong(name, wanted, value, err);
		if (fields_add(out, element, err) < 0)
			return AGENTRUN_ENOMEM;
	}
	return 1;
}

void agr_fields_clear(agr_fields *fields)
{
	for (size_t i = 0; i < fields->n; i++)
		agr_field_clear(&fields->list[i]);
	free(fields->list);
	memset(fields, 0, sizeof(*fields));
}

bool agr_fields_want(agr_fields *fields, agr_wanted *wanted)
{
	for (size_t i = 0; i < fields->n; i++)
		if (!agr_field_want(&fields->list[i], wanted))
			return false;
	return true;
}

int agr_args_field(const agr_args *args, const char *name, agr_field *out,
	agentrun_error **err)
{
	agr_span value = { NULL, 0 };

	if (!agr_args_get(args, name, &value) || *value.p != '"')
		return agr_args_wrong(name, "a field's name", value, err);
	return agr_field_read(out, value) < 0 ? agr_error_oom(err) : 0;
}

int agr_args_key(const agr_args *args, const char *name, agr_span fallback,
	agr_span *out, agentrun_error **err)
{
	agr_span value = { NULL, 0 };

	if (!agr_args_get(args, name, &value))
		value = fallback;
	if (!value.p || *value.p != '"')
		return agr_args_wrong(name, "a name", value, err);
	*out = value;
	return 0;
}

int agr_args_path(const char *name, agr_span value, agr_path *out,
	agentrun_error **err)
{
	static const char wanted[] = "a path such as \"data.items\" or "
				     "\"features[].properties\"";
	int r;

	if (!value.p || *value.p != '"')
		return agr_args_wrong(name, wanted, value, err);
	r = agr_path_read(out, value, true);
	if (r == AGENTRUN_ENOMEM)
		return agr_error_oom(err);
	return r < 0 ? agr_args_wrong(name, wanted, value, err) : 0;
}
