/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * proof - a schema made ready to say of many values that they pass, fast. It knows the
 * keywords that schema.h lists. Where a value does not pass, or to see it takes too much
 * work, it says only that it does not know: agr_schema_check() then tells.
 *
 * It never says that a value passes which agr_schema_check() finds at fault, or where
 * that finds the schema at fault. (Where that finds too much work, it may.)
 */
#ifndef AGR_PROOF_H
#define AGR_PROOF_H

#include "base/arena.h"
#include "table/wanted.h"

typedef struct agr_proof agr_proof;

struct agr_proof_target;
struct agr_proof_regex;

/* The proofs of one schema and its parts. They live in the arena and borrow its text. */
typedef struct agr_proofs {
	agr_span root; /* where references begin */
	agr_arena arena;
	struct agr_proof_target *targets; /* that references lead to */
	size_t n_targets;
	struct agr_proof_regex *regexes;
	size_t work; /* that was done to make them */
	bool failed; /* one of them could not be made */
	agentrun_error *wrong; /* because of this; NULL: it was too much */
} agr_proofs;

/* A value, and what was noted of its members while it was scanned. */
typedef struct agr_proof_value {
	agr_span text;
	const agr_span *slots; /* NULL: they are looked for in the text. Only for a proof
	                        * that was made with `wanted` */
} agr_proof_value;

/* Of a schema's text, which is validated JSON. */
void agr_proofs_init(agr_proofs *proofs, agr_span root);
void agr_proofs_free(agr_proofs *proofs);

/* Behind all references. False: it leads nowhere, or too far. */
bool agr_proofs_follow(agr_proofs *proofs, agr_span *schema);

/* Of one of its parts. The members that it looks at are added to `wanted` (NULL: none
 * is), by whose numbers slots are counted. Of the value's members of these names (may be NULL)
 * it asks no more than whether they are there; it may then be neither anyOf, oneOf, not nor
 * if. NULL: no memory, or there is something
 * that is no schema or no pattern, that leads nowhere, that is too much: then none may be
 * asked, for what agr_schema_check() says of it depends on the way that it takes. */
agr_proof *agr_proof_new(agr_proofs *proofs, agr_span schema, agr_wanted *wanted,
	const char *const *untold, size_t n_untold);
/* What two of them ask. NULL: no memory. */
agr_proof *agr_proof_both(agr_proofs *proofs, agr_proof *a, agr_proof *b);

/* When all were made: may they be asked? Not where one could not be made, or leads to itself
 * without moving into the value. */
bool agr_proofs_are_sound(agr_proofs *proofs);

/* Is each part of the schema that may come to be asked a schema, are its patterns and
 * references right? 0, AGENTRUN_ECONFIG or AGENTRUN_ENOMEM; 0 also where there is too much
 * of it. */
int agr_schema_try(agr_span schema, agentrun_error **err);

/* Who asks, one thread: patterns need room, and there is an end to the work. */
typedef struct agr_proof_run agr_proof_run;

/* So much work in all: schemas that are applied, KiB of values and of long keywords, and what
 * patterns take that take long. NULL: no memory. */
agr_proof_run *agr_proof_run_new(size_t max_work);
void agr_proof_run_free(agr_proof_run *run); /* NULL ok */

/* True: it passes. False: it may not. */
bool agr_proof_passes(agr_proof_run *run, const agr_proof *proof, agr_proof_value value);

/* What is left to be asked of objects that have the same in this slot as `value`, which
 * passes: NULL, or a proof that is never more work. In the arena. */
const agr_proof *agr_proof_rest(agr_proof_run *run, agr_arena *arena, const agr_proof *proof,
	agr_proof_value value, size_t slot);

#endif
