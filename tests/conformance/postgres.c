/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* In the server that $AGENTRUN_TEST_POSTGRES names (tests/postgres/server.py). */
#include <libpq-fe.h>

#include <agentrun/postgres.h>

#include "run.h"

static int open_store(void *user, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_postgres_store_options opts;

	agentrun_postgres_store_options_init(&opts, sizeof(opts));
	opts.url = user;
	opts.store = store;
	return agentrun_postgres_store_new(out, &opts, err);
}

static void reset_store(void *user)
{
	PGconn *db = PQconnectdb(user);

	PQclear(PQexec(db, "SET client_min_messages = warning;"
		" DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
	PQfinish(db);
}

int main(void)
{
	const agentrun_conformance_store store = { .struct_size = sizeof(store),
		.user = getenv("AGENTRUN_TEST_POSTGRES"), .open = open_store, .reset = reset_store,
		.is_durable = 1, .report = run_report };

	if (!store.user)
		return 77;
	return run_end(agentrun_conformance_check_store(&store));
}
