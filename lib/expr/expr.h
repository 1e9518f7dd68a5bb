/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * expr - expressions over a row's fields, such as
 * `round(price * 1.19, 2)` or `if(carrier.code == 'AA', upper(name), null)`.
 *
 * An expression is read once into a tree, which is immutable and may be used by many
 * threads. Evaluating it looks at the fields it names and writes a JSON value.
 * docs/pipeline.md has the language.
 */
#ifndef AGR_EXPR_H
#define AGR_EXPR_H

#include "table/path.h"

typedef struct agr_expr agr_expr;

/* AGENTRUN_EINPUT names the character (from 1), AGENTRUN_ELIMIT an expression that is
 * too deep or too long. The text is copied; it holds no NUL. */
int agr_expr_new(agr_expr **out, const char *text, size_t len, agentrun_error **err);
void agr_expr_free(agr_expr *expr); /* NULL ok */

/* Look for its fields in the slots of rows. False when memory is short. */
bool agr_expr_want(agr_expr *expr, agr_wanted *wanted);

/* Append its value for this row as JSON. `scratch` is for what lies between.
 * AGENTRUN_EPIPELINE where a value is of a type that an operator does not take. */
int agr_expr_eval(const agr_expr *expr, const agr_row *row, agr_buf *scratch,
	agr_buf *out, agentrun_error **err);

#endif
