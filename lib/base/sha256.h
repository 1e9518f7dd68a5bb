/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * sha256 - FIPS 180-4. Our own because loading libcrypto costs more than twice
 * the whole start of the command line, and a digest is all we would use of it.
 */
#ifndef AGR_SHA256_H
#define AGR_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define AGR_SHA256_HEX 65

typedef struct agr_sha256 {
	uint32_t state[8];
	uint64_t bytes;
	unsigned char block[64];
} agr_sha256;

void agr_sha256_init(agr_sha256 *sha);
void agr_sha256_add(agr_sha256 *sha, const void *data, size_t len);
void agr_sha256_hex(agr_sha256 *sha, char hex[AGR_SHA256_HEX]); /* ends it */

/* The digest of one piece of text. */
void agr_sha256_of(char hex[AGR_SHA256_HEX], const void *data, size_t len);

#endif
