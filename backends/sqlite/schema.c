/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The tables, version by version; the file's user_version says which it has. One
 * transaction brings them to this one's, so two that begin at once do it once. */
#include <stdio.h>

#include "sqlite.h"

static const char version_1[] =
	"CREATE TABLE IF NOT EXISTS agent_results ("
	" result_id TEXT PRIMARY KEY NOT NULL,"
	" job_id TEXT UNIQUE NOT NULL,"
	" run_id TEXT,"
	" node_id TEXT,"
	" result_data TEXT,"
	" cas_id TEXT,"
	" s3_ref TEXT,"
	" status TEXT,"
	" error TEXT,"
	" tool_calls TEXT,"
	" tokens_used INTEGER,"
	" cache_hit TEXT,"
	" execution_time_ms INTEGER,"
	" llm_model TEXT,"
	" created_at TEXT NOT NULL,"
	" completed_at TEXT"
	");"
	"CREATE INDEX IF NOT EXISTS agent_results_created ON agent_results (created_at);"
	"CREATE INDEX IF NOT EXISTS agent_results_run ON agent_results (run_id);"
	"CREATE INDEX IF NOT EXISTS agent_results_cas ON agent_results (cas_id);"
	"CREATE TABLE IF NOT EXISTS cas_blobs ("
	" sha256 TEXT PRIMARY KEY NOT NULL,"
	" data BLOB NOT NULL"
	") WITHOUT ROWID;";

/* A blob in parts has no bytes of its own, but the number of the upload that brought
 * them. cas_uploads holds those that are under way. */
static const char version_2[] =
	"ALTER TABLE cas_blobs ADD COLUMN upload INTEGER;"
	"ALTER TABLE cas_blobs ADD COLUMN put_ms INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE cas_uploads ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" added_ms INTEGER NOT NULL"
	");"
	"CREATE TABLE cas_parts ("
	" upload INTEGER NOT NULL,"
	" at INTEGER NOT NULL,"
	" data BLOB NOT NULL,"
	" PRIMARY KEY (upload, at)"
	");"
	"DROP INDEX IF EXISTS agent_results_created;"
	"CREATE INDEX agent_results_listed ON agent_results (created_at, result_id);";

static const char *const versions[] = { version_1, version_2 };

#define NEWEST ((int)(sizeof(versions) / sizeof(versions[0])))

static int read_version(struct sqlite_store *s, int *version, agentrun_error **err)
{
	sqlite3_stmt *stmt;
	int r = sqlite_prepare(s, &stmt, "PRAGMA user_version", err);

	if (r < 0)
		return r;
	if (sqlite3_step(stmt) == SQLITE_ROW)
		*version = sqlite3_column_int(stmt, 0);
	else
		r = sqlite_fault(s, err);
	sqlite3_finalize(stmt);
	if (r == 0 && *version > NEWEST)
		r = agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"%s was made by a newer version (schema %d, this one knows %d)",
			s->path, *version, NEWEST);
	return r;
}

static int bring_up(struct sqlite_store *s, agentrun_error **err)
{
	char sql[64];
	int version = 0, r = sqlite_run(s, "BEGIN IMMEDIATE", err);

	if (r < 0)
		return r;
	r = read_version(s, &version, err); /* another process may have been quicker */
	while (r == 0 && version < NEWEST)
		r = sqlite_run(s, versions[version++], err);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", NEWEST);
	if (r == 0)
		r = sqlite_run(s, sql, err);
	return sqlite_end(s, r, err);
}

int sqlite_migrate(void *self, agentrun_error **err)
{
	struct sqlite_store *s = self;
	int version = 0, r;

	pthread_mutex_lock(&s->lock);
	r = read_version(s, &version, err);
	if (r == 0 && version < NEWEST)
		r = bring_up(s, err);
	pthread_mutex_unlock(&s->lock);
	return r;
}
