/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The tables, version by version. One transaction brings them from whatever version
 * they have to this one's; who does it holds an advisory lock, so that two that begin
 * at once do it once. Every step also stands tables that are there already, as another
 * program's table of the same shape may be.
 */
#include <stdlib.h>
#include <string.h>

#include "pg.h"

/* Any number, the same for all of us. */
#define LOCK "SELECT pg_advisory_xact_lock(71230613, 8)"

static const char *const version_1[] = {
	"CREATE TABLE IF NOT EXISTS agent_results ("
	" result_id TEXT COLLATE \"C\" PRIMARY KEY,"
	" job_id TEXT COLLATE \"C\" NOT NULL UNIQUE,"
	" run_id TEXT,"
	" node_id TEXT,"
	" result_data JSONB,"
	" cas_id TEXT,"
	" s3_ref TEXT,"
	" status TEXT,"
	" error JSONB,"
	" tool_calls JSONB,"
	" tokens_used BIGINT,"
	" cache_hit BOOLEAN,"
	" execution_time_ms BIGINT,"
	" llm_model TEXT,"
	" created_at TIMESTAMPTZ NOT NULL DEFAULT now(),"
	" completed_at TIMESTAMPTZ)",
	"ALTER TABLE agent_results ADD COLUMN IF NOT EXISTS result_exact BYTEA,"
	" ADD COLUMN IF NOT EXISTS error_exact BYTEA,"
	" ADD COLUMN IF NOT EXISTS tool_calls_exact BYTEA",
	"CREATE INDEX IF NOT EXISTS agent_results_listed ON agent_results"
	" (created_at DESC, ((result_id::text) COLLATE \"C\") DESC)",
	"CREATE INDEX IF NOT EXISTS agent_results_run ON agent_results (run_id)",
	"CREATE INDEX IF NOT EXISTS agent_results_cas ON agent_results (cas_id)",
	"CREATE TABLE IF NOT EXISTS agent_blobs ("
	" sha256 TEXT COLLATE \"C\" PRIMARY KEY,"
	" upload BIGINT NOT NULL,"
	" size BIGINT NOT NULL,"
	" put_at TIMESTAMPTZ NOT NULL)",
	"CREATE TABLE IF NOT EXISTS agent_blob_parts ("
	" upload BIGINT NOT NULL,"
	" at BIGINT NOT NULL,"
	" data BYTEA NOT NULL,"
	" PRIMARY KEY (upload, at))",
	/* Not compressed, so that a piece can be read without the rest. */
	"ALTER TABLE agent_blob_parts ALTER COLUMN data SET STORAGE EXTERNAL",
	"CREATE SEQUENCE IF NOT EXISTS agent_blob_uploads",
	/* JSON that JSONB cannot hold is a string there. */
	"CREATE OR REPLACE FUNCTION agent_jsonb(exact BYTEA) RETURNS JSONB"
	" LANGUAGE plpgsql IMMUTABLE STRICT AS $$"
	" BEGIN RETURN convert_from(exact, 'UTF8')::jsonb;"
	" EXCEPTION WHEN data_exception OR program_limit_exceeded OR character_not_in_repertoire"
	"  OR untranslatable_character OR statement_too_complex THEN"
	"  BEGIN RETURN to_jsonb(convert_from(exact, 'UTF8'));"
	"  EXCEPTION WHEN data_exception OR program_limit_exceeded"
	"   OR character_not_in_repertoire OR untranslatable_character THEN RETURN NULL; END;"
	" END $$",
	NULL,
};

static const char *const *const versions[] = { version_1 };

#define NEWEST ((int)(sizeof(versions) / sizeof(versions[0])))

static int read_version(struct pg_conn *conn, int *version, agentrun_error **err)
{
	PGresult *result;
	int r = pg_exec(conn, &result, "SELECT to_regclass('agent_schema') IS NULL", NULL, err);
	bool none;

	*version = 0;
	if (r < 0)
		return r;
	none = *PQgetvalue(result, 0, 0);
	PQclear(result);
	if (none)
		return 0;
	r = pg_exec(conn, &result, "SELECT max(version)::text FROM agent_schema", NULL, err);
	if (r == 0 && PQntuples(result) && !PQgetisnull(result, 0, 0))
		*version = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return r;
}

static int is_newer(int version, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
		"PostgreSQL: the tables were made by a newer version (schema %d, this one knows %d)",
		version, NEWEST);
}

static int go_to(struct pg_conn *conn, int version, agentrun_error **err)
{
	struct pg_params params = { .n = 0 };
	int r = 0;

	for (const char *const *sql = versions[version - 1]; r == 0 && *sql; sql++)
		r = pg_do(conn, *sql, NULL, NULL, err);
	pg_number(&params, version);
	if (r == 0)
		r = pg_do(conn, "INSERT INTO agent_schema (version, applied_at)"
			" VALUES ($1, now())", &params, NULL, err);
	return r;
}

static int migrate(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	int version = 0;
	int r = pg_do(conn, "BEGIN", NULL, NULL, err);

	(void)s;
	(void)user;
	if (r == 0) /* an index of a large table takes its time */
		r = pg_do(conn, "SET LOCAL statement_timeout = 0", NULL, NULL, err);
	if (r == 0)
		r = pg_do(conn, LOCK, NULL, NULL, err);
	if (r == 0)
		r = pg_do(conn, "CREATE TABLE IF NOT EXISTS agent_schema"
			" (version INTEGER PRIMARY KEY, applied_at TIMESTAMPTZ NOT NULL)", NULL, NULL,
			err);
	if (r == 0)
		r = read_version(conn, &version, err);
	if (r == 0 && version > NEWEST)
		r = is_newer(version, err);
	while (r == 0 && version < NEWEST)
		r = go_to(conn, ++version, err);
	return r < 0 ? r : pg_do(conn, "COMMIT", NULL, NULL, err);
}

int pg_migrate(void *self, agentrun_error **err)
{
	return pg_run_raw(self, migrate, NULL, err);
}

int pg_check_tables(struct pg_store *s, struct pg_conn *conn, agentrun_error **err)
{
	bool known;
	int version, r;

	pthread_mutex_lock(&s->lock);
	known = s->is_current;
	pthread_mutex_unlock(&s->lock);
	if (known)
		return 0;
	r = read_version(conn, &version, err);
	if (r == 0 && version == 0)
		r = migrate(s, conn, NULL, err);
	else if (r == 0 && version > NEWEST)
		r = is_newer(version, err);
	else if (r == 0 && version < NEWEST)
		r = agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"PostgreSQL: the tables are of an older version (schema %d of %d): "
			"agentrun store migrate brings them up to date", version, NEWEST);
	pthread_mutex_lock(&s->lock);
	s->is_current = r == 0;
	pthread_mutex_unlock(&s->lock);
	return r;
}
