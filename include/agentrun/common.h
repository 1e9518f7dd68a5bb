/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * What every other header needs: the export macro, the version, and the buffer
 * in which the library hands text out.
 *
 * Text goes in as pointer + length (UTF-8, no terminating NUL needed) and is
 * borrowed for the call unless a comment says otherwise. Text comes out either
 * as a `const` pointer lent by the object that owns it, or in an ::agentrun_buf
 * that the caller releases.
 */
#ifndef AGENTRUN_COMMON_H
#define AGENTRUN_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include <agentrun/version.h>

#ifdef __cplusplus
#define AGENTRUN_BEGIN_DECLS extern "C" {
#define AGENTRUN_END_DECLS }
#else
#define AGENTRUN_BEGIN_DECLS
#define AGENTRUN_END_DECLS
#endif

#if defined(__GNUC__)
#define AGENTRUN_API __attribute__((visibility("default")))
#define AGENTRUN_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define AGENTRUN_API
#define AGENTRUN_PRINTF(fmt, args)
#endif

AGENTRUN_BEGIN_DECLS

/**
 * Bytes that the library allocated and the caller now owns.
 *
 * Start from AGENTRUN_BUF_INIT (or zeroed memory). A function that fills one
 * replaces what it held. `data` is always followed by a NUL that `len` does not
 * count; `data` is NULL when nothing was ever written.
 */
typedef struct agentrun_buf {
	char *data;
	size_t len;
} agentrun_buf;

#define AGENTRUN_BUF_INIT { NULL, 0 }

/** Release what the buffer holds and reset it. NULL and empty are fine. */
AGENTRUN_API void agentrun_buf_dispose(agentrun_buf *buf);

/**
 * Replace the buffer's content by a copy of `len` bytes. For backends that fill
 * an agentrun_buf.
 *
 * @return 0 or AGENTRUN_ENOMEM (the buffer is then empty)
 */
AGENTRUN_API int agentrun_buf_set(agentrun_buf *buf, const char *data,
	size_t len);

/**
 * Append `len` bytes.
 *
 * @return 0 or AGENTRUN_ENOMEM (the buffer is then as it was)
 */
AGENTRUN_API int agentrun_buf_append(agentrun_buf *buf, const char *data,
	size_t len);

/**
 * Append text as a JSON string, quotes and escapes included; invalid UTF-8
 * becomes U+FFFD.
 *
 * @return 0 or AGENTRUN_ENOMEM (the buffer is then as it was)
 */
AGENTRUN_API int agentrun_buf_append_json(agentrun_buf *buf, const char *text,
	size_t len);

/** The version of the library that is running, e.g. "0.1.0". Static. */
AGENTRUN_API const char *agentrun_version(void);
/** The same to compare with AGENTRUN_VERSION_NUMBER, that of the headers. */
AGENTRUN_API uint32_t agentrun_version_number(void);

AGENTRUN_END_DECLS
#endif
