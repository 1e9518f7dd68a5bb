/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The store as the configuration says: records in one backend, blobs there or in another.
 * Each backend's library is loaded when it is needed. */
#include <limits.h>
#include <string.h>

#include <agentrun/fs.h>
#include <agentrun/memory.h>
#include <agentrun/postgres.h>
#include <agentrun/redis.h>
#include <agentrun/sqlite.h>

#include "cli.h"

/* What a backend is opened with. */
struct place {
	const agentrun_config *settings;
	const char *backend, *path, *url; /* path and url: or NULL */
	const agentrun_store_options *store;
};

/* A library's two functions, as what they are: `make` and `init` point to pointers. */
static int load_two(const char *library, const char *make_name, void *make,
	const char *init_name, void *init, agentrun_error **err)
{
	void *found[2] = { cli_load_function(library, make_name, err), NULL };

	if (found[0])
		found[1] = cli_load_function(library, init_name, err);
	if (!found[1])
		return AGENTRUN_EBACKEND;
	memcpy(make, &found[0], sizeof(found[0]));
	memcpy(init, &found[1], sizeof(found[1]));
	return 0;
}

static int open_memory(const struct place *place, agentrun_store **out,
	agentrun_error **err)
{
	agentrun_memory_store_options opts;

	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = place->store;
	return agentrun_memory_store_new(out, &opts, err);
}

static int open_sqlite(const struct place *place, agentrun_store **out,
	agentrun_error **err)
{
	int (*make)(agentrun_store **, const agentrun_sqlite_store_options *, agentrun_error **);
	void (*init)(agentrun_sqlite_store_options *, size_t);
	agentrun_sqlite_store_options opts;
	int r = load_two(LIBAGENTRUN_SQLITE, "agentrun_sqlite_store_new", &make,
		"agentrun_sqlite_store_options_init", &init, err);

	if (r < 0)
		return r;
	init(&opts, sizeof(opts));
	opts.path = place->path ? place->path
		: agentrun_config_get(place->settings, "storage.path");
	opts.store = place->store;
	return make(out, &opts, err);
}

static int open_postgres(const struct place *place, agentrun_store **out,
	agentrun_error **err)
{
	int (*make)(agentrun_store **, const agentrun_postgres_store_options *,
		agentrun_error **);
	void (*init)(agentrun_postgres_store_options *, size_t);
	agentrun_postgres_store_options opts;
	int64_t seconds;
	int r = load_two(LIBAGENTRUN_POSTGRES, "agentrun_postgres_store_new", &make,
		"agentrun_postgres_store_options_init", &init, err);

	if (r < 0)
		return r;
	init(&opts, sizeof(opts));
	opts.url = place->url ? place->url
		: agentrun_config_get(place->settings, "storage.url");
	seconds = agentrun_config_get_int(place->settings, "storage.timeout_sec",
		opts.timeout_ms / 1000);
	opts.timeout_ms = 1000 * (seconds < INT_MAX / 1000 ? seconds : INT_MAX / 1000);
	opts.max_connections = (size_t)agentrun_config_get_int(place->settings,
		"storage.max_connections", (int64_t)opts.max_connections);
	opts.store = place->store;
	return make(out, &opts, err);
}

static int open_redis(const struct place *place, agentrun_store **out,
	agentrun_error **err)
{
	int (*make)(agentrun_store **, const agentrun_redis_store_options *, agentrun_error **);
	void (*init)(agentrun_redis_store_options *, size_t);
	agentrun_redis_store_options opts;
	int r = load_two(LIBAGENTRUN_REDIS, "agentrun_redis_store_new", &make,
		"agentrun_redis_store_options_init", &init, err);

	if (r < 0)
		return r;
	init(&opts, sizeof(opts));
	opts.config = place->settings;
	opts.url = place->url; /* NULL: the configured one */
	opts.store = place->store;
	return make(out, &opts, err);
}

/* Blobs alone. */
static int open_fs(const struct place *place, agentrun_store **out, agentrun_error **err)
{
	int (*make)(agentrun_store **, const agentrun_fs_blobs_options *, agentrun_error **);
	void (*init)(agentrun_fs_blobs_options *, size_t);
	agentrun_fs_blobs_options opts;
	int r = load_two(LIBAGENTRUN_FS, "agentrun_fs_blobs_new", &make,
		"agentrun_fs_blobs_options_init", &init, err);

	if (r < 0)
		return r;
	init(&opts, sizeof(opts));
	if (place->path)
		opts.path = place->path;
	return make(out, &opts, err);
}

static int open_place(const struct place *place, agentrun_store **out,
	agentrun_error **err)
{
	static const struct {
		const char *name;
		int (*open)(const struct place *place, agentrun_store **out,
			agentrun_error **err);
	} backends[] = { { "sqlite", open_sqlite }, { "postgres", open_postgres },
		{ "redis", open_redis }, { "fs", open_fs } };

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (strcmp(place->backend, backends[i].name) == 0)
			return backends[i].open(place, out, err);
	return open_memory(place, out, err);
}

int cli_open_store(cli_global *global, agentrun_store **out, agentrun_error **err)
{
	const agentrun_config *settings = agentrun_ctx_config(global->ctx);
	agentrun_store_options opts;
	struct place blobs = { .settings = settings,
		.backend = agentrun_config_get(settings, "storage.cas.backend"),
		.path = agentrun_config_get(settings, "storage.cas.path"),
		.url = agentrun_config_get(settings, "storage.cas.url") };
	struct place records = { .settings = settings, .store = &opts,
		.backend = agentrun_config_get(settings, "storage.backend") };
	int r = 0;

	*out = NULL;
	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = (size_t)agentrun_config_get_int(settings,
		"storage.max_inline_bytes", (int64_t)opts.max_inline_bytes);
	if (!agentrun_config_get_bool(settings, "storage.cas_enabled", 1))
		opts.max_inline_bytes = SIZE_MAX;
	if (blobs.backend)
		r = open_place(&blobs, &opts.take_blobs, err);
	if (r == 0)
		r = open_place(&records, out, err);
	if (r < 0)
		agentrun_store_free(opts.take_blobs);
	return r;
}
