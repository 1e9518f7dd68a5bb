/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <errno.h>
#include <string.h>

#include "sqlite.h"

int sqlite_oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static const char *advice(int code)
{
	switch (code) {
	case SQLITE_FULL:
		return "; make room there, or keep results elsewhere (storage.path)";
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return "; whoever puts results must be able to write the file and its folder";
	default:
		return "";
	}
}

int sqlite_fault(const struct sqlite_store *s, agentrun_error **err)
{
	int code = s->db ? sqlite3_errcode(s->db) & 0xff : SQLITE_NOMEM;
	int kind = AGENTRUN_ESTORAGE;
	int r, number;

	if (code == SQLITE_NOMEM)
		return sqlite_oom(err);
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_CANTOPEN)
		kind = AGENTRUN_EBACKEND;
	number = code == SQLITE_IOERR ? sqlite3_system_errno(s->db) : 0;
	r = agentrun_error_raise(err, kind, "%s: %s%s%s%s", s->path, sqlite3_errmsg(s->db),
		number ? ": " : "", number ? strerror(number) : "",
		advice(number == ENOSPC ? SQLITE_FULL : code));
	if (code == SQLITE_FULL || number == ENOSPC)
		agentrun_error_set_retry(err ? *err : NULL, 1, 0);
	return r;
}

int sqlite_run(struct sqlite_store *s, const char *sql, agentrun_error **err)
{
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) ? sqlite_fault(s, err) : 0;
}

int sqlite_prepare(struct sqlite_store *s, sqlite3_stmt **out, const char *sql,
	agentrun_error **err)
{
	return sqlite3_prepare_v2(s->db, sql, -1, out, NULL) ? sqlite_fault(s, err) : 0;
}

int sqlite_finish(struct sqlite_store *s, sqlite3_stmt *stmt, agentrun_error **err)
{
	int r = sqlite3_step(stmt) == SQLITE_DONE ? 0 : sqlite_fault(s, err);

	sqlite3_finalize(stmt);
	return r;
}

void sqlite_bind(sqlite3_stmt *stmt, int at, const char *text, size_t len)
{
	if (text)
		sqlite3_bind_text64(stmt, at, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

int sqlite_end(struct sqlite_store *s, int r, agentrun_error **err)
{
	if (r == 0)
		r = sqlite_run(s, "COMMIT", err);
	if (r < 0 && !sqlite3_get_autocommit(s->db))
		sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
