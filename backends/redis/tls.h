/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* tls - TLS over a connected, non-blocking socket, by OpenSSL; where it is not built
 * in, every start fails. The system's certificates are trusted (SSL_CERT_FILE), and
 * the host must be the certificate's. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include <sys/types.h>

#include "conn.h"

typedef struct redis_tls redis_tls;

int redis_tls_start(redis_tls **out, int fd, const redis_address *address,
	agentrun_error **err);
/* As send() and recv(): -1 with EAGAIN when nothing can be done now. */
ssize_t redis_tls_write(redis_tls *tls, const char *data, size_t len);
ssize_t redis_tls_read(redis_tls *tls, char *to, size_t len);
/* Is there something to read that poll() does not know of? */
bool redis_tls_pending(const redis_tls *tls);
void redis_tls_free(redis_tls *tls); /* NULL ok; the socket stays open */

#endif
