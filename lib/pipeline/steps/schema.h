/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* schema - pieces of the JSON Schemas that the steps give for their parameters. Macros,
 * because a step's schema is one string literal in its entry. */
#ifndef AGR_STEPS_SCHEMA_H
#define AGR_STEPS_SCHEMA_H

/* `properties` is a row of AGR_PARAM(), `required` one of AGR_NEEDED(), `more` begins
 * with a comma: other members of the schema. */
#define AGR_SCHEMA_MORE(name, required, properties, more) \
	"{\"type\":\"object\",\"properties\":{\"step\":{\"const\":\"" name "\"}" properties \
	"},\"required\":[\"step\"" required "]" more "}"
#define AGR_SCHEMA(name, required, properties) \
	AGR_SCHEMA_MORE(name, required, properties, "")

#define AGR_PARAM(name, schema) ",\"" name "\":" schema
#define AGR_NEEDED(name) ",\"" name "\""

#define AGR_ABOUT(text) "\"description\":\"" text "\""
#define AGR_STRING(about) "{\"type\":\"string\"," AGR_ABOUT(about) "}"

#define AGR_FIELD "{\"type\":\"string\"," AGR_ABOUT("a field, or a path: carrier.code") "}"
#define AGR_FIELDS(about) \
	"{\"type\":[\"string\",\"array\"],\"items\":{\"type\":\"string\"}," AGR_ABOUT(about) "}"
#define AGR_WHOLE(least, about) \
	"{\"type\":\"integer\",\"minimum\":" least "," AGR_ABOUT(about) "}"
#define AGR_ORDER "{\"enum\":[\"asc\",\"desc\"]}"

/* A field, or a list of fields and {field, order}. */
#define AGR_ORDER_ENTRY \
	"{\"type\":[\"string\",\"object\"],\"properties\":{\"field\":" AGR_FIELD \
	",\"order\":" AGR_ORDER "},\"required\":[\"field\"]}"
#define AGR_ORDER_BY \
	"{\"type\":[\"string\",\"object\",\"array\"],\"minItems\":1,\"items\":" AGR_ORDER_ENTRY \
	"," AGR_ABOUT("a field, or a list of fields or {field, order}") "}"

#endif
