/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int redis_config_of(const agentrun_config **out, agentrun_config **own,
	const agentrun_config *given, agentrun_error **err)
{
	int r = 0;

	*own = NULL;
	if (!given)
		r = agentrun_config_new(own, err);
	*out = given ? given : *own;
	return r;
}

/* The fraction, without the locale's decimal point. */
int64_t redis_milliseconds_of(const agentrun_config *config, const char *key)
{
	const char *p = agentrun_config_get(config, key);
	int64_t ms = 0, unit = 100;

	for (; p && *p >= '0' && *p <= '9' && ms < INT_MAX / 10000; p++)
		ms = ms * 10 + (*p - '0');
	ms *= 1000;
	if (p && *p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
			ms += (*p - '0') * unit;
	return ms;
}

static int copy_key(char **out, const agentrun_config *config, const char *key,
	agentrun_error **err)
{
	const char *value = agentrun_config_get(config, key);

	if (!value || !*value || *out)
		return 0;
	*out = strdup(value);
	return *out ? 0 : agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

int redis_address_of(redis_address *out, const agentrun_config *config, const char *url,
	agentrun_error **err)
{
	int r = 0;

	memset(out, 0, sizeof(*out));
	url = url ? url : agentrun_config_get(config, "redis.url");
	if (url && *url) {
		r = redis_address_parse(out, url, err);
	} else {
		out->port = (int)agentrun_config_get_int(config, "redis.port", 6379);
		out->db = (int)agentrun_config_get_int(config, "redis.db", 0);
		r = copy_key(&out->host, config, "redis.host", err);
	}
	out->tls = out->tls || agentrun_config_get_bool(config, "redis.tls", 0);
	/* What the url says of the user stands above the keys. */
	if (r == 0 && !out->password)
		r = copy_key(&out->user, config, "redis.username", err);
	if (r == 0)
		r = copy_key(&out->password, config, "redis.password", err);
	out->timeout_ms = (int)redis_milliseconds_of(config, "redis.timeout");
	if (out->timeout_ms < 1)
		out->timeout_ms = 5000;
	if (r == 0)
		r = redis_address_finish(out, err);
	if (r < 0)
		redis_address_free(out);
	return r;
}
