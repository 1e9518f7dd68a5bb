/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Blobs as files; records in memory, then in SQLite. */
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentrun/fs.h>
#include <agentrun/memory.h>
#ifdef WITH_SQLITE
#include <agentrun/sqlite.h>
#endif

#include "run.h"

struct place {
	char dir[64], blobs[80], file[80];
	int sqlite;
};

static int open_records(const struct place *place, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_memory_store_options memory;

#ifdef WITH_SQLITE
	agentrun_sqlite_store_options sqlite;

	if (place->sqlite) {
		agentrun_sqlite_store_options_init(&sqlite, sizeof(sqlite));
		sqlite.path = place->file;
		sqlite.store = store;
		return agentrun_sqlite_store_new(out, &sqlite, err);
	}
#else
	(void)place;
#endif
	agentrun_memory_store_options_init(&memory, sizeof(memory));
	memory.store = store;
	return agentrun_memory_store_new(out, &memory, err);
}

static int open_store(void *user, agentrun_store **out,
	const agentrun_store_options *given, agentrun_error **err)
{
	const struct place *place = user;
	agentrun_fs_blobs_options fs;
	agentrun_store_options opts;
	int r;

	mkdir(place->dir, 0777);
	agentrun_store_options_init(&opts, sizeof(opts));
	if (given)
		opts = *given;
	agentrun_fs_blobs_options_init(&fs, sizeof(fs));
	fs.path = place->blobs;
	r = agentrun_fs_blobs_new(&opts.take_blobs, &fs, err);
	if (r == 0)
		r = open_records(place, out, &opts, err);
	if (r < 0)
		agentrun_store_free(opts.take_blobs);
	return r;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type, (void)where;
	return remove(path);
}

static void reset_store(void *user)
{
	nftw(((struct place *)user)->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	struct place place = { .dir = "/tmp/agentrun-fs-XXXXXX" };
	agentrun_conformance_store store = { .struct_size = sizeof(store), .user = &place,
		.open = open_store, .reset = reset_store, .report = run_report };
	int failed;

	if (!mkdtemp(place.dir))
		return EXIT_FAILURE;
	snprintf(place.blobs, sizeof(place.blobs), "%s/blobs", place.dir);
	snprintf(place.file, sizeof(place.file), "%s/results.db", place.dir);
	printf("-- records in memory\n");
	failed = agentrun_conformance_check_store(&store);
#ifdef WITH_SQLITE
	printf("-- records in SQLite\n");
	place.sqlite = 1;
	store.is_durable = 1;
	failed += agentrun_conformance_check_store(&store);
#endif
	return run_end(failed);
}
