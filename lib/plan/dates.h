/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* dates - days, months and years in a prompt, and what it means to be before,
 * on or after them for a column of ISO 8601 text. There is no clock: "today" is
 * not understood. */
#ifndef AGR_PLAN_DATES_H
#define AGR_PLAN_DATES_H

#include "plan/parser.h"

typedef struct plan_date {
	const char *from; /* "2025-03-01", "2025-03", "2025", or a whole timestamp */
	const char *next; /* the next day, month or year; NULL for a timestamp */
	size_t words;
} plan_date;

/* The date `ahead` of the place. Moves nothing. */
plan_outcome agr_plan_date_at(plan_parser *ps, size_t ahead, plan_date *out);

/* "field `how` date" as a condition; `how` is one of "== != < <= > >=" where <
 * means before its beginning and > after its end. */
plan_outcome agr_plan_date_condition(plan_parser *ps, const plan_field *field,
	const char *how, const plan_date *date, json_t **out);

#endif
