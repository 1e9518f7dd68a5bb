/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tls.h"

#include <errno.h>

#ifndef REDIS_HAVE_TLS

int redis_tls_start(redis_tls **out, int fd, const redis_address *address,
	agentrun_error **err)
{
	(void)fd;
	*out = NULL;
	return agentrun_error_raise(err, AGENTRUN_ECONFIG,
		"redis at %s: this build has no TLS", address->label);
}

ssize_t redis_tls_write(redis_tls *tls, const char *data, size_t len)
{
	(void)tls;
	(void)data;
	(void)len;
	errno = ENOTCONN;
	return -1;
}

ssize_t redis_tls_read(redis_tls *tls, char *to, size_t len)
{
	(void)tls;
	(void)to;
	(void)len;
	errno = ENOTCONN;
	return -1;
}

void redis_tls_free(redis_tls *tls)
{
	(void)tls;
}

#endif
