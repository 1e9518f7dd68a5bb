/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * proof - a schema made ready to say of many values that they pass, fast. It knows the
 * keywords that tell what a value is (type, enum and const of strings, required,
 * properties, items of a list's elements, minimum, allOf, anyOf, not, if/then/else);
 * where a schema has others that matter, or a value does not pass, it says only that it
 * does not know. agr_schema_check() then tells.
 */
#ifndef AGR_PROOF_H
#define AGR_PROOF_H

#include "base/arena.h"
#include "table/wanted.h"

typedef struct agr_proof agr_proof;

/* A value, and what was noted of its members while it was scanned. */
typedef struct agr_proof_value {
	agr_span text;
	const agr_span *slots; /* NULL: they are looked for in the text. Only for a proof
	                        * that was made with `wanted` */
} agr_proof_value;

/* Everything lives in the arena and borrows the schema. The members that it looks at are
 * added to `wanted` (NULL: none is), by whose numbers slots are counted. NULL: no
 * memory. */
const agr_proof *agr_proof_new(agr_arena *arena, agr_span schema, agr_wanted *wanted);

/* True: it passes. False: it may not. */
bool agr_proof_passes(const agr_proof *proof, agr_proof_value value);

/* What is left to be asked of values that have the same in this slot (a number below 64)
 * as one that passes: NULL, or a proof that is never more work. In the arena. */
const agr_proof *agr_proof_rest(agr_arena *arena, const agr_proof *proof,
	agr_proof_value value, size_t slot);

#endif
