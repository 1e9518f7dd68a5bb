/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * pg - the store in PostgreSQL. A call takes a connection of the pool, does its
 * statements and gives it back; every call may be done again from its start, which is
 * what a lost connection leads to.
 *
 *     pool.c     connections, statements, faults
 *     migrate.c  the tables
 *     blobs.c    blobs in parts
 *     store.c    records, and the table of functions
 */
#ifndef POSTGRES_PG_H
#define POSTGRES_PG_H

#include <pthread.h>
#include <stdbool.h>

#include <libpq-fe.h>

#include <agentrun/sys/store.h>

#define PG_MAX_PARAMS 20

struct pg_conn {
	PGconn *db;
	struct pg_conn *next; /* in the pool */
	bool broken;
};

struct pg_store {
	char *url;           /* or NULL */
	int64_t timeout_ms;
	size_t max_connections;
	pthread_mutex_t lock;
	pthread_cond_t given; /* a connection came back */
	struct pg_conn *idle;
	size_t n_open;
	bool was_up;         /* a connection was made once */
	bool is_current;     /* the tables were found to be this version's */
};

int pg_oom(agentrun_error **err);

/* ---- pool.c --------------------------------------------------------------- */

int pg_init(struct pg_store *s);
void pg_clear(struct pg_store *s);

/* `beyond`: also where all are in use, for who holds it long and must not keep others, or
 * himself, from theirs. */
int pg_take(struct pg_store *s, struct pg_conn **out, bool beyond, agentrun_error **err);
void pg_give(struct pg_store *s, struct pg_conn *conn); /* NULL ok */

/* What a call does over a connection. It may be done again from the start. */
typedef int (*pg_work)(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err);
/* Do it, once the tables are there; again while the connection is lost, or the server
 * wants it so, until the timeout is over. */
int pg_run(struct pg_store *s, pg_work work, void *user, agentrun_error **err);
/* The same, whatever the tables are like. */
int pg_run_raw(struct pg_store *s, pg_work work, void *user, agentrun_error **err);

/* A statement's parameters, borrowed: text, bytes (of BYTEA or TEXT), or NULL. */
struct pg_params {
	const char *value[PG_MAX_PARAMS];
	int len[PG_MAX_PARAMS], format[PG_MAX_PARAMS], n;
	char number[4][24]; /* room for numbers that are handed over */
	int n_numbers;
};

void pg_text(struct pg_params *params, const char *text); /* NULL ok */
void pg_bytes(struct pg_params *params, const char *data, size_t len);
void pg_number(struct pg_params *params, int64_t number);

/* Do one statement; results come in binary: cast numbers to text. `params` may be NULL.
 * PQclear() the result; NULL on failure. */
int pg_exec(struct pg_conn *conn, PGresult **out, const char *sql,
	const struct pg_params *params, agentrun_error **err);
/* The same without a result. `changed` (or NULL): how many rows were. */
int pg_do(struct pg_conn *conn, const char *sql, const struct pg_params *params,
	uint64_t *changed, agentrun_error **err);

/* ---- migrate.c ------------------------------------------------------------ */

int pg_migrate(void *self, agentrun_error **err);
/* Are the tables this version's? Makes them where there are none. */
int pg_check_tables(struct pg_store *s, struct pg_conn *conn, agentrun_error **err);

/* ---- blobs.c -------------------------------------------------------------- */

int pg_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err);
int pg_get_blob(void *self, agentrun_buf *out, const char *hex, agentrun_error **err);
int pg_blob_begin(void *self, void **out_upload, agentrun_error **err);
int pg_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err);
int pg_blob_finish(void *self, void *take_upload, const char *hex, agentrun_error **err);
void pg_blob_drop(void *self, void *take_upload);
int pg_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err);
int pg_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err);
int pg_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err);

#endif
