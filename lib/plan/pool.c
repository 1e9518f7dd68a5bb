/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "plan/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 16384
#define ALIGN (sizeof(max_align_t))

struct plan_block {
	struct plan_block *next;
	max_align_t data[];
};

struct plan_owned {
	struct plan_owned *next;
	json_t *value;
};

void *agr_plan_alloc(plan_pool *pool, size_t size)
{
	struct plan_block *block;
	char *at;

	if (size > SIZE_MAX / 2) {
		pool->failed = true;
		return NULL;
	}
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size > pool->size - pool->used) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		block = malloc(sizeof(*block) + room);
		if (!block) {
			pool->failed = true;
			return NULL;
		}
		block->next = pool->blocks;
		pool->blocks = block;
		pool->data = (char *)block->data;
		pool->size = room;
		pool->used = 0;
	}
	at = pool->data + pool->used;
	pool->used += size;
	memset(at, 0, size);
	return at;
}

const char *agr_plan_text(plan_pool *pool, const char *text, size_t len)
{
	char *copy = agr_plan_alloc(pool, len + 1);

	if (!copy)
		return "";
	if (len)
		memcpy(copy, text, len);
	return copy;
}

const char *agr_plan_printf(plan_pool *pool, const char *fmt, ...)
{
	agr_buf buf = AGR_BUF_INIT;
	const char *text = "";
	va_list args;

	va_start(args, fmt);
	agr_buf_vprintf(&buf, fmt, args);
	va_end(args);
	if (buf.failed)
		pool->failed = true;
	else
		text = agr_plan_text(pool, buf.data, buf.len);
	agr_buf_free(&buf);
	return text;
}

void agr_plan_pool_free(plan_pool *pool)
{
	for (struct plan_owned *at = pool->owned; at; at = at->next)
		json_decref(at->value);
	pool->owned = NULL;
	while (pool->blocks) {
		struct plan_block *next = pool->blocks->next;

		free(pool->blocks);
		pool->blocks = next;
	}
	pool->data = NULL;
	pool->used = pool->size = 0;
}

json_t *agr_plan_own(plan_pool *pool, json_t *value)
{
	struct plan_owned *entry = value ? agr_plan_alloc(pool, sizeof(*entry)) : NULL;

	if (!entry) {
		json_decref(value);
		pool->failed = true;
		return NULL;
	}
	entry->value = value;
	entry->next = pool->owned;
	pool->owned = entry;
	return value;
}

json_t *agr_plan_object(plan_pool *pool)
{
	return agr_plan_own(pool, json_object());
}

json_t *agr_plan_array(plan_pool *pool)
{
	return agr_plan_own(pool, json_array());
}

json_t *agr_plan_str(plan_pool *pool, const char *text)
{
	return agr_plan_own(pool, json_string(text));
}

json_t *agr_plan_int(plan_pool *pool, json_int_t number)
{
	return agr_plan_own(pool, json_integer(number));
}

void agr_plan_put(plan_pool *pool, json_t *object, const char *key, json_t *value)
{
	if (json_object_set(object, key, value) < 0)
		pool->failed = true;
}

void agr_plan_push(plan_pool *pool, json_t *array, json_t *value)
{
	if (json_array_append(array, value) < 0)
		pool->failed = true;
}
