/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/sha256.h"

#include <string.h>

static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* A round, in which no word moves: who calls it turns their names. */
static inline void turn(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e,
	uint32_t f, uint32_t g, uint32_t *h, uint32_t word)
{
	uint32_t t = *h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (g ^ (e & (f ^ g))) + word;

	*d += t;
	*h = t + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
}

static void transform(uint32_t state[8], const unsigned char *p)
{
	uint32_t w[64], s[8];

	for (int i = 0; i < 16; i++, p += 4)
		w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
			(uint32_t)p[2] << 8 | p[3];
	for (int i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];

		w[i] = w[i - 16] + (rotr(a, 7) ^ rotr(a, 18) ^ a >> 3) + w[i - 7] +
			(rotr(b, 17) ^ rotr(b, 19) ^ b >> 10);
	}
	memcpy(s, state, sizeof(s));
	for (int i = 0; i < 64; i += 8) {
		uint32_t t[8];

		for (int j = 0; j < 8; j++)
			t[j] = k[i + j] + w[i + j];
		turn(s[0], s[1], s[2], &s[3], s[4], s[5], s[6], &s[7], t[0]);
		turn(s[7], s[0], s[1], &s[2], s[3], s[4], s[5], &s[6], t[1]);
		turn(s[6], s[7], s[0], &s[1], s[2], s[3], s[4], &s[5], t[2]);
		turn(s[5], s[6], s[7], &s[0], s[1], s[2], s[3], &s[4], t[3]);
		turn(s[4], s[5], s[6], &s[7], s[0], s[1], s[2], &s[3], t[4]);
		turn(s[3], s[4], s[5], &s[6], s[7], s[0], s[1], &s[2], t[5]);
		turn(s[2], s[3], s[4], &s[5], s[6], s[7], s[0], &s[1], t[6]);
		turn(s[1], s[2], s[3], &s[4], s[5], s[6], s[7], &s[0], t[7]);
	}
	for (int i = 0; i < 8; i++)
		state[i] += s[i];
}

void agr_sha256_init(agr_sha256 *sha)
{
	static const uint32_t start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(sha->state, start, sizeof(start));
	sha->bytes = 0;
}

void agr_sha256_add(agr_sha256 *sha, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t held = sha->bytes % 64;

	sha->bytes += len;
	if (held) {
		size_t n = 64 - held < len ? 64 - held : len;

		memcpy(sha->block + held, p, n);
		p += n;
		len -= n;
		if (held + n < 64)
			return;
		transform(sha->state, sha->block);
	}
	for (; len >= 64; p += 64, len -= 64)
		transform(sha->state, p);
	if (len)
		memcpy(sha->block, p, len);
}

void agr_sha256_hex(agr_sha256 *sha, char hex[AGR_SHA256_HEX])
{
	static const char digits[] = "0123456789abcdef";
	static const unsigned char pad[64] = { 0x80 };
	uint64_t bits = sha->bytes * 8;
	unsigned char length[8];

	for (int i = 7; i >= 0; i--, bits >>= 8)
		length[i] = (unsigned char)bits;
	agr_sha256_add(sha, pad, 1 + (119 - sha->bytes % 64) % 64);
	agr_sha256_add(sha, length, 8);
	for (int i = 0; i < 64; i++)
		hex[i] = digits[sha->state[i / 8] >> (28 - i % 8 * 4) & 15];
	hex[64] = '\0';
}

void agr_sha256_of(char hex[AGR_SHA256_HEX], const void *data, size_t len)
{
	agr_sha256 sha;

	agr_sha256_init(&sha);
	agr_sha256_add(&sha, data, len);
	agr_sha256_hex(&sha, hex);
}
