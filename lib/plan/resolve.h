/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * resolve - words of the prompt against the data: which field do they name, of
 * which field are they a value. One answer, or none, or a refusal that lists
 * the candidates; never the best of several.
 */
#ifndef AGR_PLAN_RESOLVE_H
#define AGR_PLAN_RESOLVE_H

#include "plan/parser.h"

/* The field that the words `ahead` name, and how many words they are. With
 * `literal`, and when no data is known, one plain word is taken as it stands.
 * Moves nothing. REFUSED when several fields could be meant. */
plan_outcome agr_plan_field_at(plan_parser *ps, size_t ahead, bool literal,
	const plan_field **field, size_t *words);
/* The same, and use the words (articles before them are skipped). */
plan_outcome agr_plan_take_field(plan_parser *ps, bool literal,
	const plan_field **field);

/* The only field of a class ("price" for money); REFUSED when there are several. */
plan_outcome agr_plan_class_field(plan_parser *ps, plan_class which,
	const char *said, const plan_field **field);

/* Words at the place that are a value seen in the data: of `*field` when that is
 * set, else of exactly one field, which is then stored. */
plan_outcome agr_plan_known_value(plan_parser *ps, const plan_field **field,
	const char **value, size_t *words);

/* Does a number with this unit suit the field? Stores the JSON value, converted
 * to the field's unit. */
plan_outcome agr_plan_number_for(plan_parser *ps, const plan_field *field,
	const plan_word *number, plan_unit unit, json_t **out);

/* "price, carrier.name, ...": for messages. */
const char *agr_plan_field_names(plan_parser *ps);

bool agr_plan_is_number_field(const plan_field *field);

#endif
