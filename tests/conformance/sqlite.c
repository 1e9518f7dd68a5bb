/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <unistd.h>

#include <agentrun/sqlite.h>

#include "run.h"

struct place {
	char path[64];
};

static int open_store(void *user, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_sqlite_store_options opts;

	agentrun_sqlite_store_options_init(&opts, sizeof(opts));
	opts.path = ((struct place *)user)->path;
	opts.store = store;
	return agentrun_sqlite_store_new(out, &opts, err);
}

static void reset_store(void *user)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	char path[80];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", ((struct place *)user)->path, tails[i]);
		unlink(path);
	}
}

int main(void)
{
	char dir[] = "/tmp/agentrun-sqlite-XXXXXX";
	struct place place;
	const agentrun_conformance_store store = { .struct_size = sizeof(store),
		.user = &place, .open = open_store, .reset = reset_store, .is_durable = 1,
		.report = run_report };
	int failed;

	if (!mkdtemp(dir))
		return EXIT_FAILURE;
	snprintf(place.path, sizeof(place.path), "%s/results.db", dir);
	failed = agentrun_conformance_check_store(&store);
	rmdir(dir);
	return run_end(failed);
}
