/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "table/hash.h"

#include <string.h>

#include "table/word.h"

/* Only its address is used. */
static const char anchor;

static uint64_t rotate(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static void add_word(agr_hash *hash, uint64_t word)
{
	hash->v[3] ^= word;
	sip_round(hash->v);
	hash->v[0] ^= word;
}

void agr_hash_init(agr_hash *hash)
{
	uint64_t key = (uint64_t)(uintptr_t)&anchor * 0x9e3779b97f4a7c15u;
	uint64_t key2 = rotate(key, 29) * 0xbf58476d1ce4e5b9u;

	hash->v[0] = key ^ 0x736f6d6570736575u;
	hash->v[1] = key2 ^ 0x646f72616e646f6du;
	hash->v[2] = key ^ 0x6c7967656e657261u;
	hash->v[3] = key2 ^ 0x7465646279746573u;
	hash->tail = 0;
	hash->n = 0;
}

void agr_hash_add(agr_hash *hash, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t word;

	while (len) {
		if (hash->n % 8 == 0 && len >= 8) {
			memcpy(&word, p, 8);
			add_word(hash, word);
			p += 8;
			len -= 8;
			hash->n += 8;
			continue;
		}
		hash->tail |= (uint64_t)*p++ << (hash->n % 8 * 8);
		len--;
		if (++hash->n % 8 == 0) {
			/* The same word that a whole read would have given. */
			unsigned char bytes[8];

			for (int i = 0; i < 8; i++)
				bytes[i] = (unsigned char)(hash->tail >> (i * 8));
			memcpy(&word, bytes, 8);
			add_word(hash, word);
			hash->tail = 0;
		}
	}
}

uint64_t agr_hash_end(agr_hash *hash)
{
	add_word(hash, hash->tail | (uint64_t)hash->n << 56);
	hash->v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(hash->v);
	return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}

void agr_hash_key_init(agr_hash_key *key)
{
	key->a = agr_hash_of("a", 1);
	key->b = agr_hash_of("b", 1);
}

uint64_t agr_hash_of(const void *data, size_t len)
{
	const char *p = data;
	agr_hash hash;
	uint64_t word;

	agr_hash_init(&hash);
	for (hash.n = len; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		add_word(&hash, word);
		p += sizeof(word);
	}
	hash.tail = agr_word_of(p, len);
	return agr_hash_end(&hash);
}
