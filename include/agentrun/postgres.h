/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The store in PostgreSQL 12 or later (libagentrun-postgres), shared by any number of
 * processes. A put is durable when it returns.
 *
 * Tables, in the first schema of the search path:
 *
 *     agent_results      a column a field of agentrun_record: result_data, error and
 *                        tool_calls JSONB, tokens_used and execution_time_ms BIGINT,
 *                        cache_hit BOOLEAN, created_at and completed_at TIMESTAMPTZ (of
 *                        which milliseconds are read), the others TEXT; job_id UNIQUE
 *     agent_blobs, agent_blob_parts, agent_blob_uploads (a sequence)
 *                        blobs, in parts of up to 1 MiB
 *     agent_schema       the version of these tables
 *
 * JSONB forgets the order and the repetition of keys, how a number was written and
 * blanks, and takes no \u0000. So agent_results has three columns more: result_exact,
 * error_exact and tool_calls_exact, BYTEA, hold the JSON byte for byte, and are what is
 * read; where one is NULL (another program's row), the JSONB is. What JSONB cannot hold
 * at all stands there as one JSON string of the whole text, or as NULL where it is too
 * long for that too.
 *
 * The tables are made by agentrun_store_migrate(), or by the first call on a database
 * that has none. Older ones are only changed by agentrun_store_migrate().
 */
#ifndef AGENTRUN_POSTGRES_H
#define AGENTRUN_POSTGRES_H

#include <agentrun/store.h>

AGENTRUN_BEGIN_DECLS

/** Fields are only ever appended. */
typedef struct agentrun_postgres_store_options {
	size_t struct_size; /**< set by agentrun_postgres_store_options_init() */
	const char *url;    /**< libpq's: postgresql://… or "host=… dbname=…"; NULL: as the
	                         variables PGHOST and so on say. Borrowed */
	int64_t timeout_ms; /**< to connect, and of a statement; init: 30000 */
	size_t max_connections; /**< at once; who wants more waits; init: 8 */
	const agentrun_store_options *store; /**< of every store; NULL: its defaults */
	/* fields above: 0.1 */
} agentrun_postgres_store_options;

AGENTRUN_API void agentrun_postgres_store_options_init(
	agentrun_postgres_store_options *opts, size_t struct_size);

/**
 * A store in PostgreSQL. It connects when it is first used, and again, for as long as
 * the timeout, when a connection that was good is lost.
 *
 * @param out  new store, free with agentrun_store_free(); NULL on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_postgres_store_new(agentrun_store **out,
	const agentrun_postgres_store_options *opts, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
