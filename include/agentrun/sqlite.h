/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The store in one SQLite file (libagentrun-sqlite). Several processes may share
 * the file: it is kept in WAL mode, and a put is durable when it returns.
 *
 * Tables: `agent_results`, a column a field of agentrun_record, and `cas_blobs`
 * (sha256, data). They are made when the store is opened.
 */
#ifndef AGENTRUN_SQLITE_H
#define AGENTRUN_SQLITE_H

#include <agentrun/store.h>

AGENTRUN_BEGIN_DECLS

/** Fields are only ever appended. */
typedef struct agentrun_sqlite_store_options {
	size_t struct_size;   /**< set by agentrun_sqlite_store_options_init() */
	const char *path;     /**< the file; init: "agentrun.db". Borrowed */
	int64_t busy_timeout_ms; /**< wait for other writers; init: 5000; 0: do not */
	const agentrun_store_options *store; /**< of every store; NULL: its defaults */
	/* fields above: 0.1 */
} agentrun_sqlite_store_options;

AGENTRUN_API void agentrun_sqlite_store_options_init(agentrun_sqlite_store_options *opts,
	size_t struct_size);

/**
 * Open or make the file.
 *
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_EBACKEND (cannot be opened),
 *         AGENTRUN_ESTORAGE (not a database, or of a newer version), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_sqlite_store_new(agentrun_store **out,
	const agentrun_sqlite_store_options *opts, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
