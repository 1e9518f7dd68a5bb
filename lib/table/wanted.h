/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * wanted - the keys of a row's members that a pipeline looks at, so that the scan
 * which validates the row can note their values on the way.
 */
#ifndef AGR_WANTED_H
#define AGR_WANTED_H

#include "table/scan.h"

typedef struct agr_wanted_key {
	const char *text; /* decoded */
	size_t len;
	size_t next;      /* of the same length modulo 64, or AGR_WANTED_NONE */
} agr_wanted_key;

#define AGR_WANTED_NONE SIZE_MAX

/* Start from agr_wanted_init(). Immutable once a scan uses it. */
typedef struct agr_wanted {
	agr_wanted_key *keys;
	size_t n, cap;
	uint64_t lengths;  /* a bit a length modulo 64 */
	size_t first[64];
} agr_wanted;

void agr_wanted_init(agr_wanted *wanted);
/* The key's number, added when new (the text is borrowed); AGR_WANTED_NONE when
 * memory is short. */
size_t agr_wanted_add(agr_wanted *wanted, const char *text, size_t len);
/* The number of the key written `len` bytes long without escapes, or NONE. */
size_t agr_wanted_find(const agr_wanted *wanted, const char *text, size_t len);
/* The same of a string as it is written, with quotes and escapes. */
size_t agr_wanted_find_escaped(const agr_wanted *wanted, agr_span key);
void agr_wanted_free(agr_wanted *wanted);

#endif
