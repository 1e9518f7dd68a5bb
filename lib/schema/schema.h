/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * schema - check a JSON value against a JSON Schema (draft-07, the part that
 * describes data): type, enum, const, properties, patternProperties,
 * additionalProperties, propertyNames, required, minProperties, maxProperties,
 * items, additionalItems, contains, minItems, maxItems, uniqueItems, minLength,
 * maxLength, pattern, minimum, maximum, exclusiveMinimum, exclusiveMaximum,
 * multipleOf, allOf, anyOf, oneOf, not, if/then/else, and $ref to a place in the
 * same schema ("#", "#/definitions/x"). Other members, format among them, are
 * ignored, as the specification wants; a $ref elsewhere is an error.
 *
 * Works on validated text (table/scan.h) and builds nothing.
 */
#ifndef AGR_SCHEMA_H
#define AGR_SCHEMA_H

#include "table/scan.h"

/* One fault: where in the value (JSON pointer, "" for all of it), and what. */
typedef void (*agr_schema_report_fn)(
	void *user, const char *pointer, size_t pointer_len, const char *what);

/*
 * Reports every fault of `value`. Returns how many there were, or
 * AGENTRUN_ECONFIG (the schema is wrong: a $ref that leads nowhere or round in
 * circles, a pattern that is none), AGENTRUN_ELIMIT (too much work),
 * AGENTRUN_ENOMEM.
 */
int agr_schema_check(agr_span schema, agr_span value, agr_schema_report_fn report,
	void *user, agentrun_error **err);

/* The same with so much work at the most: schemas that are applied, KiB of their texts that are
 * gone through, and what patterns take that take long. Else AGENTRUN_ELIMIT. */
int agr_schema_check_within(size_t max_work, agr_span schema, agr_span value,
	agr_schema_report_fn report, void *user, agentrun_error **err);

#endif
