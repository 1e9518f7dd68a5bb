/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * pool - memory that lives as long as one call of the planner. Failure is
 * sticky: a text that could not be made is "", and the entry asks once at the
 * end whether anything failed, so that the grammar is free of error paths.
 */
#ifndef AGR_PLAN_POOL_H
#define AGR_PLAN_POOL_H

#include "json/json.h"

struct plan_block;
struct plan_owned;

typedef struct plan_pool {
	struct plan_block *blocks;
	char *data; /* of the newest block, or the caller's */
	size_t used, size; /* of the newest block */
	struct plan_owned *owned;
	bool failed;
} plan_pool;

/* `first`, an array of char that is aligned for anything, is used up before more is asked
 * for: most calls want no more. */
#define PLAN_POOL_INIT(first) { NULL, (first), 0, sizeof(first), NULL, false }

/* Zeroed memory, or NULL (and `failed`). */
void *agr_plan_alloc(plan_pool *pool, size_t size);
/* A copy with a NUL behind; "" when memory is short. */
const char *agr_plan_text(plan_pool *pool, const char *text, size_t len);
const char *agr_plan_printf(plan_pool *pool, const char *fmt, ...)
	AGENTRUN_PRINTF(2, 3);
void agr_plan_pool_free(plan_pool *pool);

/* jansson values, which the pool owns: they are freed with it, and whatever they
 * are put into takes a reference of its own. NULL only when memory is short. */
json_t *agr_plan_own(plan_pool *pool, json_t *value);
json_t *agr_plan_object(plan_pool *pool);
json_t *agr_plan_array(plan_pool *pool);
json_t *agr_plan_str(plan_pool *pool, const char *text);
json_t *agr_plan_int(plan_pool *pool, json_int_t number);
void agr_plan_put(plan_pool *pool, json_t *object, const char *key,
	json_t *value);
void agr_plan_push(plan_pool *pool, json_t *array, json_t *value);

#endif
