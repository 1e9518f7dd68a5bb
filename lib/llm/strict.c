/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/strict.h"

#include <string.h>

#define MOST_DEPTH 10 /* deeper ones are refused */

static bool is_strict(agr_span schema, unsigned depth);

static bool is_one_of(agr_span key, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (agr_string_is(key, names[i], strlen(names[i])))
			return true;
	return false;
}

static bool is_known(agr_span key)
{
	static const char *const known[] = { "type", "properties", "required",
		"additionalProperties", "items", "anyOf", "enum", "const", "description", "title",
		"$ref", "$defs", "definitions", "pattern", "format", "minimum", "maximum",
		"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems" };

	return is_one_of(key, known, AGR_COUNT(known));
}

static bool is_required(agr_span required, agr_span name)
{
	agr_iter it = agr_iter_of(required);
	agr_span item;

	while (agr_array_next(&it, &item))
		if (agr_span_type(item) == AGR_TYPE_STRING && agr_string_same(item, name))
			return true;
	return false;
}

/* Each member of an object of schemas, or element of a list of them. */
static bool all_are(agr_span list, unsigned depth)
{
	agr_iter it = agr_iter_of(list);
	bool object = agr_span_type(list) == AGR_TYPE_OBJECT;
	agr_span key, value;

	if (!object && agr_span_type(list) != AGR_TYPE_ARRAY)
		return false;
	while (object ? agr_object_next(&it, &key, &value) : agr_array_next(&it, &value))
		if (!is_strict(value, depth))
			return false;
	return true;
}

static bool may_be_object(agr_span schema)
{
	agr_span type, item, properties;
	agr_iter it;

	if (agr_get(schema, "properties", &properties))
		return true;
	if (!agr_get(schema, "type", &type) || agr_span_type(type) != AGR_TYPE_ARRAY)
		return agr_get_is(schema, "type", "object");
	it = agr_iter_of(type);
	while (agr_array_next(&it, &item))
		if (agr_string_is(item, "object", 6))
			return true;
	return false;
}

static bool is_closed(agr_span schema, unsigned depth)
{
	agr_span more, properties, required = { "[]", 2 }, key, value;
	agr_iter it;

	if (!agr_get_typed(schema, "additionalProperties", AGR_TYPE_FALSE, &more) ||
		!agr_get_typed(schema, "properties", AGR_TYPE_OBJECT, &properties))
		return false;
	agr_get_typed(schema, "required", AGR_TYPE_ARRAY, &required);
	it = agr_iter_of(properties);
	while (agr_object_next(&it, &key, &value))
		if (!is_required(required, key))
			return false;
	return all_are(properties, depth);
}

static bool is_strict(agr_span schema, unsigned depth)
{
	static const char *const says_what[] = { "type", "anyOf", "enum", "const", "$ref" };
	agr_iter it;
	agr_span key, value, inner;
	bool says = false;

	if (!depth-- || agr_span_type(schema) != AGR_TYPE_OBJECT)
		return false;
	it = agr_iter_of(schema);
	while (agr_object_next(&it, &key, &value)) {
		if (!is_known(key))
			return false;
		says = says || is_one_of(key, says_what, AGR_COUNT(says_what));
	}
	if (!says || (may_be_object(schema) && !is_closed(schema, depth)))
		return false;
	if (agr_get(schema, "items", &inner) ? !is_strict(inner, depth)
					     : agr_get_is(schema, "type", "array"))
		return false;
	return (!agr_get(schema, "anyOf", &inner) || all_are(inner, depth)) &&
		(!agr_get(schema, "$defs", &inner) || all_are(inner, depth)) &&
		(!agr_get(schema, "definitions", &inner) || all_are(inner, depth));
}

bool agr_schema_is_strict(agr_span schema)
{
	agr_span any;

	return agr_span_type(schema) == AGR_TYPE_OBJECT && agr_get_is(schema, "type", "object") &&
		!agr_get(schema, "anyOf", &any) && is_strict(schema, MOST_DEPTH);
}
