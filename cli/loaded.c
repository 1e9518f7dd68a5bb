/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#define CLI_LOADED_C
#include "loaded.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

#include <agentrun/sys/error.h>

#include "jq_loaded.h"
#include "zip_loaded.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static int load(cli_loaded *loaded, agentrun_error **err)
{
	void *handle = dlopen(loaded->library, RTLD_NOW | RTLD_LOCAL);
	char *to = loaded->functions;

	for (size_t i = 0; i < loaded->n; i++) {
		void *function = handle ? dlsym(handle, loaded->names[i]) : NULL;

		if (!function)
			return agentrun_error_raise(err, AGENTRUN_EBACKEND,
				"%s cannot be loaded: %s", loaded->library, dlerror());
		memcpy(to + i * sizeof(function), &function, sizeof(function));
	}
	loaded->done = true;
	return 0;
}

int cli_load(cli_loaded *loaded, agentrun_error **err)
{
	int r = 0;

	pthread_mutex_lock(&lock);
	if (!loaded->done)
		r = load(loaded, err);
	pthread_mutex_unlock(&lock);
	return r;
}

/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define TABLE(variable, file, LIST) \
	static const char *const variable##_names[] = { LIST(CLI_NAME) }; \
	static cli_loaded variable##_loaded = { file, variable##_names, \
		sizeof(variable##_names) / sizeof(char *), &variable, false };
/* NOLINTEND(bugprone-macro-parentheses) */

#ifdef AGR_HAVE_JQ
cli_jq_table cli_jq;
TABLE(cli_jq, "libjq.so.1", CLI_JQ_FUNCTIONS)

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
	return cli_load(&cli_jq_loaded, err);
}
#endif

#ifdef AGR_HAVE_ZLIB
cli_zlib_table cli_zlib;
TABLE(cli_zlib, "libz.so.1", CLI_ZLIB_FUNCTIONS)

int cli_zlib_load(agentrun_error **err)
{
	return cli_load(&cli_zlib_loaded, err);
}
#endif

#ifdef AGR_HAVE_ZSTD
cli_zstd_table cli_zstd;
TABLE(cli_zstd, "libzstd.so.1", CLI_ZSTD_FUNCTIONS)

int cli_zstd_load(agentrun_error **err)
{
	return cli_load(&cli_zstd_loaded, err);
}
#endif
