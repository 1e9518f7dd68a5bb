/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * hash - a keyed hash (SipHash-1-3) of bytes, for tables whose keys come from
 * outside. The key differs from process to process where addresses do, so that
 * nobody can prepare keys that collide. No output may depend on a hash.
 */
#ifndef AGR_HASH_H
#define AGR_HASH_H

#include <stddef.h>
#include <stdint.h>

typedef struct agr_hash {
	uint64_t v[4];
	uint64_t tail; /* the last n % 8 bytes */
	size_t n;
} agr_hash;

void agr_hash_init(agr_hash *hash);
void agr_hash_add(agr_hash *hash, const void *data, size_t len);
uint64_t agr_hash_end(agr_hash *hash);

uint64_t agr_hash_of(const void *data, size_t len);

#endif
