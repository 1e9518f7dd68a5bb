/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* zip_loaded - included before lib/table/decompress.c where it is compiled for the
 * command line: zlib and libzstd are then loaded by the first compressed input. */
#ifndef CLI_ZIP_LOADED_H
#define CLI_ZIP_LOADED_H

#include "loaded.h"

#ifdef AGR_HAVE_ZLIB
#include <zlib.h>

#define CLI_ZLIB_FUNCTIONS(X) X(inflateInit2_) X(inflateReset) X(inflate) X(inflateEnd)
typedef struct cli_zlib_table {
	CLI_ZLIB_FUNCTIONS(CLI_POINTER)
} cli_zlib_table;
extern cli_zlib_table cli_zlib;
int cli_zlib_load(agentrun_error **err);
#endif

#ifdef AGR_HAVE_ZSTD
#include <zstd.h>

#define CLI_ZSTD_FUNCTIONS(X) \
	X(ZSTD_createDStream) X(ZSTD_decompressStream) X(ZSTD_isError) X(ZSTD_getErrorName) \
	X(ZSTD_freeDStream)
typedef struct cli_zstd_table {
	CLI_ZSTD_FUNCTIONS(CLI_POINTER)
} cli_zstd_table;
extern cli_zstd_table cli_zstd;
int cli_zstd_load(agentrun_error **err);
#endif

#ifndef CLI_LOADED_C
#define AGR_ZLIB_LOAD(err) cli_zlib_load(err)
#define AGR_ZSTD_LOAD(err) cli_zstd_load(err)
#define inflateInit2_ cli_zlib.inflateInit2_
#define inflateReset cli_zlib.inflateReset
#define inflate cli_zlib.inflate
#define inflateEnd cli_zlib.inflateEnd
#define ZSTD_createDStream cli_zstd.ZSTD_createDStream
#define ZSTD_decompressStream cli_zstd.ZSTD_decompressStream
#define ZSTD_isError cli_zstd.ZSTD_isError
#define ZSTD_getErrorName cli_zstd.ZSTD_getErrorName
#define ZSTD_freeDStream cli_zstd.ZSTD_freeDStream
#endif

#endif
