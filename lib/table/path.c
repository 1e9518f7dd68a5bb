/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/path.h"

#include <stdlib.h>
#include <string.h>

static bool part_add(agr_path *path, agr_path_part part)
{
	path->parts[path->n++] = part;
	return true;
}

/* Behind '['; moves `*at` behind ']'. */
static bool read_bracket(agr_path *path, const char **at, bool each)
{
	agr_path_part part = { .kind = AGR_PART_INDEX };
	const char *p = *at;
	bool negative = *p == '-';

	if (*p == ']') {
		part.kind = AGR_PART_EACH;
		*at = p + 1;
		return each && part_add(path, part);
	}
	p += negative;
	if (!agr_is_digit(*p))
		return false;
	for (; agr_is_digit(*p); p++) {
		if (part.index > INT32_MAX)
			return false;
		part.index = part.index * 10 + (*p - '0');
	}
	if (*p != ']')
		return false;
	if (negative)
		part.index = -part.index;
	*at = p + 1;
	return part_add(path, part);
}

static bool read_parts(agr_path *path, bool each)
{
	const char *p = path->text, *end = p + path->len;
	bool key_next = *p != '[';

	if (*p == '.' && path->len > 1) { /* as jq writes it */
		p++;
		key_next = *p != '[';
	}
	while (p < end || key_next) {
		if (key_next) {
			agr_path_part part = { .kind = AGR_PART_KEY, .key = p };

			while (p < end && *p != '.' && *p != '[' && *p != ']')
				p++;
			part.len = (size_t)(p - part.key);
			if (!part.len)
				return false;
			part_add(path, part);
			key_next = false;
		} else if (*p == '[') {
			p++;
			if (!read_bracket(path, &p, each))
				return false;
		} else if (*p == '.') {
			p++;
			key_next = true;
		} else {
			return false;
		}
	}
	return path->n > 0;
}

int agr_path_read(agr_path *path, agr_span string, bool each)
{
	agr_buf text = AGR_BUF_INIT;

	memset(path, 0, sizeof(*path));
	agr_string_decode(&text, string);
	agr_buf_add(&text, "", 0);
	if (text.failed) {
		agr_buf_free(&text);
		return AGENTRUN_ENOMEM;
	}
	path->text = text.data;
	path->len = text.len;
	/* Every part takes a byte at the least. */
	path->parts = calloc(path->len + 1, sizeof(*path->parts));
	if (!path->parts)
		return AGENTRUN_ENOMEM;
	if (!read_parts(path, each)) {
		path->n = 0;
		return AGENTRUN_EINPUT;
	}
	return 0;
}

void agr_path_clear(agr_path *path)
{
	free(path->text);
	free(path->parts);
	memset(path, 0, sizeof(*path));
}

static bool element(agr_span array, int64_t index, agr_span *out)
{
	agr_iter it = agr_iter_of(array);
	agr_span found;

	if (index < 0)
		index += (int64_t)agr_span_count(array);
	if (index < 0)
		return false;
	while (agr_array_next(&it, &found)) {
		if (index-- == 0) {
			*out = found;
			return true;
		}
	}
	return false;
}

bool agr_path_enter(const agr_path_part *part, agr_span value, agr_span *out)
{
	if (part->kind == AGR_PART_KEY)
		return *value.p == '{' &&
			agr_object_get(value, part->key, part->len, out);
	return *value.p == '[' && element(value, part->index, out);
}

int agr_field_read(agr_field *field, agr_span string)
{
	int r = agr_path_read(&field->path, string, false);

	field->name = string;
	field->whole = field->head = AGR_WANTED_NONE;
	return r == AGENTRUN_EINPUT ? 0 : r;
}

void agr_field_clear(agr_field *field)
{
	agr_path_clear(&field->path);
}

/* Is its text more than one key? */
static bool is_path(const agr_field *field)
{
	const agr_path *path = &field->path;

	return path->n > 1 || (path->n == 1 && path->parts[0].len != path->len);
}

bool agr_field_want(agr_field *field, agr_wanted *wanted)
{
	const agr_path *path = &field->path;

	field->whole = agr_wanted_add(wanted, path->text, path->len);
	if (field->whole == AGR_WANTED_NONE)
		return false;
	if (!is_path(field) || path->parts[0].kind != AGR_PART_KEY)
		return true;
	field->head = agr_wanted_add(wanted, path->parts[0].key, path->parts[0].len);
	return field->head != AGR_WANTED_NONE;
}

static bool enter(const agr_path *path, size_t from, agr_span value, agr_span *out)
{
	for (size_t i = from; i < path->n; i++)
		if (!agr_path_enter(&path->parts[i], value, &value))
			return false;
	*out = value;
	return true;
}

static bool find_noted(const agr_field *field, const agr_span *slots, agr_span *out)
{
	*out = slots[field->whole];
	if (out->p)
		return true;
	return field->head != AGR_WANTED_NONE && slots[field->head].p &&
		enter(&field->path, 1, slots[field->head], out);
}

bool agr_field_find(const agr_field *field, const agr_row *row, agr_span *out)
{
	const agr_path *path = &field->path;

	if (row->slots)
		return find_noted(field, row->slots, out);
	if (*row->span.p != '{')
		return false;
	if (agr_object_get(row->span, path->text, path->len, out))
		return true;
	return is_path(field) && enter(path, 0, row->span, out);
}

bool agr_field_get(const agr_field *field, const agr_row *row, agr_span *out)
{
	return agr_field_find(field, row, out) && *out->p != 'n';
}
