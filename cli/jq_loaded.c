/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#define CLI_JQ_LOADED_C
#include "jq_loaded.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include <agentrun/sys/error.h>

cli_jq_table cli_jq;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char *missing = "libjq.so.1";

static void load(void)
{
#define NAME(function) #function,
	static const char *const names[] = { CLI_JQ_FUNCTIONS(NAME) };
	void *handle = dlopen("libjq.so.1", RTLD_NOW | RTLD_LOCAL);
	char *to = (char *)&cli_jq;

	if (!handle)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *function = dlsym(handle, names[i]);

		missing = names[i];
		if (!function)
			return;
		memcpy(to + i * sizeof(function), &function, sizeof(function));
	}
	missing = NULL;
}

jv_kind cli_jv_get_kind(jv value)
{
	return cli_jq.jv_get_kind(value);
}

void cli_jv_free(jv value)
{
	cli_jq.jv_free(value);
}

int cli_jq_load(agentrun_error **err)
{
	pthread_once(&once, load);
	return !missing ? 0 : agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"libjq cannot be loaded: %s is missing", missing);
}
