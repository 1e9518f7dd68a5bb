/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "base/options.h"

#include <string.h>

static int raise_unknown(const char *name, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EINVAL,
		"%s sets a field that this library (%s) does not know", name, AGENTRUN_VERSION);
}

static int refuse_unknown(const void *given, size_t given_size,
	size_t known_size, const char *name, agentrun_error **err)
{
	const unsigned char *bytes = given;

	for (size_t i = known_size; i < given_size; i++)
		if (bytes[i])
			return raise_unknown(name, err);
	return 0;
}

int agr_options_reserved(uint32_t reserved, const char *name, agentrun_error **err)
{
	return reserved ? raise_unknown(name, err) : 0;
}

int agentrun_options_read(void *known, size_t known_size, const void *given,
	const char *name, agentrun_error **err)
{
	size_t size;

	if (!given) {
		memcpy(known, &known_size, sizeof(known_size));
		return 0;
	}
	memcpy(&size, given, sizeof(size));
	if (size < sizeof(size) || size > (size_t)1024 * 1024)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"%s.struct_size is not set: call %s_init() first", name, name);
	if (refuse_unknown(given, size, known_size, name, err) < 0)
		return AGENTRUN_EINVAL;
	memcpy(known, given, size < known_size ? size : known_size);
	memcpy(known, &known_size, sizeof(known_size));
	return 0;
}

void agentrun_options_init(void *opts, size_t size, const void *defaults,
	size_t defaults_size)
{
	if (size < sizeof(size))
		return;
	memset(opts, 0, size);
	memcpy(opts, defaults, size < defaults_size ? size : defaults_size);
	memcpy(opts, &size, sizeof(size));
}

int agr_impl_read(void *known, size_t known_size, const void *given,
	uint32_t version, const char *name, agentrun_error **err)
{
	uint32_t head[2];

	if (!given)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "no %s", name);
	memcpy(head, given, sizeof(head));
	if (head[0] < 1 || head[0] > version)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"%s version %u is not known here (1 to %u are)", name,
			head[0], version);
	if (head[1] < sizeof(head) || head[1] > 64 * 1024)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"%s.struct_size is not set", name);
	if (refuse_unknown(given, head[1], known_size, name, err) < 0)
		return AGENTRUN_EINVAL;
	memset(known, 0, known_size);
	memcpy(known, given, head[1] < known_size ? head[1] : known_size);
	return 0;
}
