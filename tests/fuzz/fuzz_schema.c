/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A schema up to the first newline, a value behind it. The proof of the schema, where it has
 * one, says of the value what the check says, also of its members as a scan notes them.
 */
#include <stdlib.h>
#include <string.h>

#include "schema/proof.h"
#include "schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int good)
{
	if (!good)
		abort();
}

static void ignore(void *user, const char *pointer, size_t len, const char *what)
{
	(void)user, (void)pointer, (void)len;
	must(what[0] != '\0');
}

/* `passes` is sure; that it does not may be for the work that it takes. */
static void agree(bool passes, int checked)
{
	if (checked == AGENTRUN_ELIMIT)
		return;
	must(checked >= 0);
	must(passes == (checked == 0));
}

static agr_span *note(const agr_wanted *wanted, agr_span value)
{
	agr_span *slots = calloc(wanted->n + 1, sizeof(*slots)), key, member;
	agr_iter it;

	if (!slots || *value.p != '{')
		return slots;
	for (it = agr_iter_of(value); agr_object_next(&it, &key, &member);) {
		size_t at = agr_wanted_find_escaped(wanted, key);

		if (at != AGR_WANTED_NONE)
			slots[at] = member;
	}
	return slots;
}

/* What is left of a value that passes, it passes, too. */
static void ask_noted(agr_proof_run *run, const agr_proof *proof, const agr_wanted *wanted,
	agr_span value, int checked)
{
	agr_span *slots = note(wanted, value);
	agr_arena arena = AGR_ARENA_INIT;
	agr_proof_value noted = { value, slots };
	const agr_proof *rest;

	must(slots != NULL);
	agree(agr_proof_passes(run, proof, noted), checked);
	if (checked == 0 && *value.p == '{' && slots[0].p) {
		rest = agr_proof_rest(run, &arena, proof, noted, 0);
		must(!rest || agr_proof_passes(run, rest, noted));
	}
	agr_arena_free(&arena);
	free(slots);
}

static void ask(agr_span schema, agr_span value)
{
	int checked = agr_schema_check_within(50000, schema, value, ignore, NULL, NULL);
	agr_proof_run *run = agr_proof_run_new(100000000);
	const agr_proof *proof, *noted;
	agr_proofs proofs;
	agr_wanted wanted;

	must(run != NULL);
	agr_wanted_init(&wanted);
	must(agr_wanted_add(&wanted, "type", 4) == 0);
	agr_proofs_init(&proofs, schema);
	proof = agr_proof_new(&proofs, schema, NULL, NULL, 0);
	noted = agr_proof_new(&proofs, schema, &wanted, NULL, 0);
	must(!proof == !noted);
	if (noted && agr_proofs_are_sound(&proofs) && checked != AGENTRUN_ELIMIT) {
		agree(agr_proof_passes(run, proof, (agr_proof_value){ value, NULL }), checked);
		ask_noted(run, noted, &wanted, value, checked);
	}
	agr_proofs_free(&proofs);
	agr_wanted_free(&wanted);
	agr_proof_run_free(run);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *newline = size ? memchr(text, '\n', size) : NULL;
	agr_text what[2];
	agr_span read[2];

	if (!newline)
		return 0;
	what[0] = (agr_text){ .p = text, .n = (size_t)(newline - text) };
	/* Deeper ones it may leave. */
	what[1] = (agr_text){ .p = newline + 1, .n = size - what[0].n - 1, .max_depth = 12 };
	if (agr_scan_document(&read[0], &what[0], NULL) == 0 &&
		agr_scan_document(&read[1], &what[1], NULL) == 0)
		ask(read[0], read[1]);
	return 0;
}
