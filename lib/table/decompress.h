/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * decompress - a reader of what another reader reads compressed: gzip (RFC 1952, also
 * several members in a row) or zstd (RFC 8878), by zlib and libzstd.
 */
#ifndef AGR_DECOMPRESS_H
#define AGR_DECOMPRESS_H

#include <agentrun/pipeline.h>

typedef struct agr_decompressor agr_decompressor;

typedef enum agr_compression {
	AGR_COMPRESSION_NONE,
	AGR_COMPRESSION_GZIP,
	AGR_COMPRESSION_ZSTD
} agr_compression;

/* The first bytes (copied), then what `read` reads. AGENTRUN_EINPUT: it was built
 * without the library that this wants. */
int agr_decompressor_new(agr_decompressor **out, agr_compression kind, const char *head,
	size_t len, agentrun_read_fn read, void *user, agentrun_error **err);
/* An agentrun_read_fn; `user` is the decompressor. AGENTRUN_EINPUT: damaged or cut. */
int agr_decompressor_read(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err);
void agr_decompressor_free(agr_decompressor *d); /* NULL ok */

#endif
