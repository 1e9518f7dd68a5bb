/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)64 * 1024)
#define ALIGN (sizeof(max_align_t))

struct agr_chunk {
	struct agr_chunk *next;
	max_align_t data[];
};

bool agr_arena_charge(agr_arena *arena, size_t bytes)
{
	if (!agr_meter_take(arena->meter, bytes))
		return false;
	arena->charged += bytes;
	return true;
}

static char *add_chunk(agr_arena *arena, size_t size)
{
	struct agr_chunk *chunk;

	if (!agr_arena_charge(arena, sizeof(*chunk) + size))
		return NULL;
	chunk = malloc(sizeof(*chunk) + size);
	if (!chunk)
		return NULL;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return (char *)chunk->data;
}

char *agr_arena_bytes(agr_arena *arena, size_t len)
{
	char *p;

	if (len > arena->left) {
		/* A big one has a chunk of its own; the one in use stays in use. */
		if (len > CHUNK_SIZE / 4)
			return len < SIZE_MAX / 2 ? add_chunk(arena, len) : NULL;
		p = add_chunk(arena, CHUNK_SIZE);
		if (!p)
			return NULL;
		arena->p = p;
		arena->left = CHUNK_SIZE;
	}
	if (!arena->p)
		return add_chunk(arena, len + 1); /* nothing, too, has a place */
	p = arena->p;
	arena->p += len;
	arena->left -= len;
	return p;
}

void *agr_arena_alloc(agr_arena *arena, size_t n, size_t size)
{
	size_t off = arena->p ? (size_t)((uintptr_t)arena->p % ALIGN) : 0;
	size_t pad = off ? ALIGN - off : 0;

	if (size && n > (SIZE_MAX / 2) / size)
		return NULL;
	if (pad > arena->left)
		arena->left = 0; /* a new chunk begins aligned */
	else
		agr_arena_bytes(arena, pad);
	return agr_arena_bytes(arena, n * size + (n * size == 0));
}

void agr_arena_free(agr_arena *arena)
{
	while (arena->chunks) {
		struct agr_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	agr_meter_give(arena->meter, arena->charged);
	arena->charged = 0;
	arena->p = NULL;
	arena->left = 0;
}
