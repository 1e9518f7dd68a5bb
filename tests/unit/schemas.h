/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Random schemas of the keywords that are known, and values that they may be asked of. */
#ifndef SCHEMAS_H
#define SCHEMAS_H

#include "base/base.h"

static uint64_t schemas_state = 88172645463325252u;

static inline size_t below(size_t n)
{
	schemas_state ^= schemas_state << 13;
	schemas_state ^= schemas_state >> 7;
	schemas_state ^= schemas_state << 17;
	return (size_t)((schemas_state >> 11) % n);
}

#define ONE_OF(list) ((list)[below(AGR_COUNT(list))])

static const char *const schemas_keys[] = { "a", "b", "type", "config", "name" };
/* From the beginning: what PCRE2 makes of others looks for a letter beyond the text, which
 * valgrind minds. */
static const char *const schemas_patterns[] = { "^[a-z]+$", "^h", "^(ab|b)", "^(a|http)$",
	"^\\\\w{1,4}$", "^(htt)?(p|a)$", "^x-", "^[a-zA-Z0-9_-]+$", "^(\\u00e9|a)" };
static const char *const schemas_scalars[] = { "0", "1", "1.0", "1.5", "-1", "12", "1e400", "2e0",
	"\"a\"", "\"ab\"", "\"http\"", "\"\"", "\"htt\\u0070\"", "\"\\u00e9\"", "\"\xc3\xa9\"",
	"\"a b\"", "true", "false", "null", "\"agent\"" };

/* A value; one that has a key twice where `twice`. */
static void add_value(agr_buf *out, unsigned depth, bool twice)
{
	size_t n = below(4), kind = depth ? below(8) : 0;
	const char *white = below(8) ? "" : " ";
	bool object = kind > 4;

	if (kind < 3) {
		agr_buf_str(out, ONE_OF(schemas_scalars));
		return;
	}
	agr_buf_char(out, object ? '{' : '[');
	for (size_t i = 0; i < n; i++) {
		size_t key = twice ? below(AGR_COUNT(schemas_keys)) : i + (kind - 5) % 2;

		agr_buf_str(out, i ? "," : "");
		agr_buf_str(out, white);
		if (object && !below(16))
			agr_buf_printf(out, "\"x-%s\":", schemas_keys[key]);
		else if (object && !below(16))
			agr_buf_printf(out, "\"\\u00%02x%s\":", schemas_keys[key][0], schemas_keys[key] + 1);
		else if (object)
			agr_buf_printf(out, "\"%s\"%s:%s", schemas_keys[key], white, white);
		add_value(out, depth - 1, twice);
	}
	agr_buf_str(out, white);
	agr_buf_char(out, object ? '}' : ']');
}

static void add_schema(agr_buf *out, unsigned depth);

static void add_schemas(agr_buf *out, unsigned depth)
{
	size_t n = 1 + below(3);

	agr_buf_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		agr_buf_str(out, i ? "," : "");
		add_schema(out, depth);
	}
	agr_buf_char(out, ']');
}

static void add_properties(agr_buf *out, unsigned depth, bool patterns)
{
	size_t first = below(3), n = 1 + below(3);

	agr_buf_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		agr_buf_printf(out, "%s\"%s\":", i ? "," : "", patterns ? ONE_OF(schemas_patterns)
			: schemas_keys[(first + i) % AGR_COUNT(schemas_keys)]);
		add_schema(out, depth);
	}
	agr_buf_char(out, '}');
}

static void add_type(agr_buf *out)
{
	static const char *const types[] = { "\"object\"", "\"string\"", "\"integer\"", "\"number\"",
		"\"array\"", "\"boolean\"", "\"null\"" };

	if (below(3)) {
		agr_buf_str(out, ONE_OF(types));
		return;
	}
	agr_buf_printf(out, "[%s,", ONE_OF(types));
	agr_buf_printf(out, "%s]", ONE_OF(types));
}

/* What says something of a value by itself. */
static void add_value_keyword(agr_buf *out)
{
	static const char *const sizes[] = { "minLength", "maxLength", "minItems", "maxItems",
		"minProperties", "maxProperties" };
	static const char *const numbers[] = { "minimum", "maximum", "exclusiveMinimum",
		"exclusiveMaximum", "multipleOf" };

	switch (below(8)) {
	case 0:
	case 1:
		agr_buf_str(out, "\"type\":");
		add_type(out);
		break;
	case 2:
		agr_buf_printf(out, "\"enum\":[%s,", ONE_OF(schemas_scalars));
		agr_buf_printf(out, "%s,", ONE_OF(schemas_scalars));
		add_value(out, 2, false);
		agr_buf_char(out, ']');
		break;
	case 3:
		agr_buf_printf(out, "\"enum\":[\"a\",\"http\",\"%s\"]", below(2) ? "b" : "agent");
		break;
	case 4:
		agr_buf_printf(out, "\"const\":%s", ONE_OF(schemas_scalars));
		break;
	case 5:
		agr_buf_printf(out, "\"pattern\":\"%s\"", ONE_OF(schemas_patterns));
		break;
	case 6:
		agr_buf_printf(out, "\"%s\":%zu", ONE_OF(sizes), below(3));
		break;
	default:
		agr_buf_printf(out, "\"%s\":%zu", ONE_OF(numbers), 1 + below(2));
	}
}

static void add_keyword(agr_buf *out, unsigned depth)
{
	static const char *const ones[] = { "additionalProperties", "propertyNames", "items",
		"contains", "not" };
	static const char *const lists[] = { "allOf", "anyOf", "oneOf", "items" };

	switch (below(9)) {
	case 0:
		add_value_keyword(out);
		break;
	case 1:
	case 2:
		agr_buf_str(out, "\"properties\":");
		add_properties(out, depth, false);
		break;
	case 3:
		agr_buf_printf(out, "\"required\":[\"%s\"]", ONE_OF(schemas_keys));
		break;
	case 4:
		agr_buf_str(out, "\"patternProperties\":");
		add_properties(out, depth, true);
		break;
	case 5:
		agr_buf_printf(out, "\"%s\":", ONE_OF(ones));
		add_schema(out, depth);
		break;
	case 6:
		agr_buf_printf(out, "\"%s\":", ONE_OF(lists));
		add_schemas(out, depth);
		break;
	case 7:
		agr_buf_str(out, "\"if\":");
		add_schema(out, depth);
		agr_buf_printf(out, ",\"%s\":", below(2) ? "then" : "else");
		add_schema(out, depth);
		break;
	default:
		agr_buf_str(out, below(8) ? "\"uniqueItems\":true" : "\"format\":\"x\"");
		agr_buf_str(out, ",\"additionalItems\":");
		add_schema(out, depth);
	}
}

/* Now and then one that is none. */
static void add_schema(agr_buf *out, unsigned depth)
{
	static const char *const refs[] = { "#", "#/definitions/p", "#/definitions/q",
		"#/definitions/r", "#/definitions/q/properties/b" };
	size_t n = 1 + below(3), kind = below(16);

	if (kind == 0) {
		agr_buf_str(out, below(2) ? "true" : below(2) ? "false" : "{}");
		return;
	}
	if (kind < 4) {
		agr_buf_printf(out, "{\"$ref\":\"%s\"}", below(100) ? ONE_OF(refs) : "#/nowhere");
		return;
	}
	if (!below(200)) {
		agr_buf_str(out, below(2) ? "7" : "{\"pattern\":\"(\"}");
		return;
	}
	agr_buf_char(out, '{');
	for (size_t i = 0; i < n; i++) {
		agr_buf_str(out, i ? "," : "");
		if (depth)
			add_keyword(out, depth - 1);
		else
			add_value_keyword(out);
	}
	agr_buf_char(out, '}');
}

/* With definitions, which there mostly are. */
static inline void add_whole_schema(agr_buf *out, unsigned depth)
{
	static const char *const names[] = { "p", "q", "r" };

	agr_buf_str(out, "{\"definitions\":{");
	for (size_t i = 0; i < AGR_COUNT(names); i++) {
		agr_buf_printf(out, "%s\"%s\":", i ? "," : "", names[i]);
		if (i == 1) {
			agr_buf_str(out, "{\"properties\":{\"b\":");
			add_schema(out, depth - 1);
			agr_buf_str(out, "}}");
		} else {
			add_schema(out, depth - 1);
		}
	}
	agr_buf_str(out, "},");
	add_keyword(out, depth - 1);
	agr_buf_char(out, ',');
	add_keyword(out, depth - 1);
	agr_buf_char(out, '}');
}

/* Of objects whose `type` says what else they are. */
static inline void add_kinds(agr_buf *out, unsigned depth)
{
	static const char *const lists[] = { "oneOf", "anyOf", "allOf" };
	static const char *const types[] = { "{\"const\":\"a\"}", "{\"const\":\"http\"}",
		"{\"enum\":[\"agent\",\"a\"]}", "{\"type\":\"string\"}", "{\"not\":{\"const\":\"a\"}}",
		"{\"pattern\":\"^h\"}" };
	size_t n = 1 + below(4), list = below(AGR_COUNT(lists));

	agr_buf_printf(out, "{\"definitions\":{\"p\":{\"minimum\":1},\"q\":{},\"r\":{\"type\":\"string\"}},"
		"\"%s\":[", lists[list]);
	for (size_t i = 0; i < n; i++) {
		agr_buf_printf(out, "%s{\"if\":{\"properties\":{\"type\":%s}},", i ? "," : "",
			ONE_OF(types));
		agr_buf_printf(out, "\"%s\":{\"properties\":{\"%s\":", below(2) ? "then" : "else",
			ONE_OF(schemas_keys));
		add_schema(out, depth);
		agr_buf_printf(out, "}},\"properties\":{\"type\":%s,\"%s\":",
			list == 2 ? "true" : ONE_OF(types), below(2) ? "a" : "config");
		add_schema(out, depth);
		agr_buf_str(out, below(4) ? "}}" : "},\"additionalProperties\":false}");
	}
	agr_buf_str(out, "],\"required\":[\"type\"]");
	if (!below(3)) {
		agr_buf_str(out, ",\"properties\":{\"type\":true,\"a\":true,\"b\":true,\"config\":");
		add_schema(out, depth);
		agr_buf_str(out, "},\"additionalProperties\":");
		add_schema(out, 1);
	}
	agr_buf_char(out, '}');
}

static inline void add_kind(agr_buf *out, unsigned depth)
{
	static const char *const types[] = { "a", "http", "agent" };

	agr_buf_printf(out, "{\"type\":\"%s\"", ONE_OF(types));
	for (size_t i = 0; i < AGR_COUNT(schemas_keys); i++) {
		if (i == 2 || below(2))
			continue;
		agr_buf_printf(out, ", \"%s\":", schemas_keys[i]);
		add_value(out, depth, false);
	}
	agr_buf_char(out, '}');
}

#endif
