/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* options - what an agentrun_config says of Redis. */
#ifndef REDIS_OPTIONS_H
#define REDIS_OPTIONS_H

#include <agentrun/config.h>

#include "conn.h"

/* The configuration that was given, or the built-in defaults: then `*own` is to be
 * freed. */
int redis_config_of(const agentrun_config **out, agentrun_config **own,
	const agentrun_config *given, agentrun_error **err);
/* The server; `url` NULL: the configuration's. */
int redis_address_of(redis_address *out, const agentrun_config *config, const char *url,
	agentrun_error **err);
/* A number of seconds, as milliseconds. */
int64_t redis_milliseconds_of(const agentrun_config *config, const char *key);

#endif
