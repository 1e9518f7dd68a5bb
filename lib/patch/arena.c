/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/arena.h"

#include <stdint.h>
#include <stdlib.h>

#define CHUNK_SIZE ((size_t)16 * 1024)
#define ALIGN (sizeof(max_align_t))

struct agr_chunk {
	struct agr_chunk *next;
	max_align_t data[];
};

static char *add_chunk(agr_arena *arena, size_t size)
{
	struct agr_chunk *chunk = malloc(sizeof(*chunk) + size);

	if (!chunk)
		return NULL;
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	return (char *)chunk->data;
}

void *agr_arena_alloc(agr_arena *arena, size_t n, size_t size)
{
	size_t want;
	char *p;

	if (size && n > (SIZE_MAX / 2) / size)
		return NULL;
	want = n * size + (n * size == 0); /* nothing, too, has a place */
	want = (want + ALIGN - 1) / ALIGN * ALIGN;
	if (want > CHUNK_SIZE / 4)
		return add_chunk(arena, want);
	if (want > arena->left) {
		p = add_chunk(arena, CHUNK_SIZE);
		if (!p)
			return NULL;
		arena->p = p;
		arena->left = CHUNK_SIZE;
	}
	p = arena->p;
	arena->p += want;
	arena->left -= want;
	return p;
}

void agr_arena_free(agr_arena *arena)
{
	while (arena->chunks) {
		struct agr_chunk *next = arena->chunks->next;

		free(arena->chunks);
		arena->chunks = next;
	}
	arena->p = NULL;
	arena->left = 0;
}
