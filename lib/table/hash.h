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

/* Of two words, and much faster: for a table that is asked a hundred thousand times. Its
 * key is a secret, too, but who saw many hashes could find it out. */
typedef struct agr_hash_key {
	uint64_t a, b;
} agr_hash_key;

void agr_hash_key_init(agr_hash_key *key);
static inline uint64_t agr_hash_words(const agr_hash_key *key, uint64_t a, uint64_t b)
{
	uint64_t x = a ^ key->a, y = b ^ key->b;

	/* Each word is spread over both halves before the two are mixed. */
	x = (x ^ x >> 32) * 0x9e3779b97f4a7c15u;
	y = (y ^ y >> 29) * 0xbf58476d1ce4e5b9u;
	x ^= y >> 31 ^ y << 27;
	x = (x ^ x >> 30) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

#endif
