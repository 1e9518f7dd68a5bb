/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Bring a queue backend: a table in SQLite, which outlives the program and which several
 * programs may share. A row that is due may be acquired; a lease is a name in the row, and
 * makes it due again when it lapses.
 *
 *     cc -o own_queue own_queue.c \
 *             $(pkg-config --cflags --libs agentrun agentrun-conformance sqlite3)
 *
 *     ./own_queue FILE            queue two jobs, work them off, print their results
 *     ./own_queue --check FILE    does the backend do what it must?
 *
 * Of what is optional it keeps results; it leaves out to wake up, to cancel, to count, dead
 * letters and journals.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include <agentrun/agentrun.h>
#include <agentrun/conformance.h>
#include <agentrun/sys/queue.h>

/* ---- the backend --------------------------------------------------------------- */

struct table_queue {
	sqlite3 *db; /* one statement at a time, from any thread */
	int64_t lease_ms, max_deliveries;
};

/* A job stays where it is when it ended, with its result: `due` is then NULL. */
static const char schema[] =
	"CREATE TABLE IF NOT EXISTS job (place INTEGER PRIMARY KEY, id TEXT, payload BLOB,"
	" enqueued INTEGER, due INTEGER, lease TEXT, deliveries INTEGER DEFAULT 0,"
	" retries INTEGER DEFAULT 0, dead TEXT, result BLOB);"
	"CREATE INDEX IF NOT EXISTS job_open ON job (place) WHERE due IS NOT NULL;"
	"CREATE INDEX IF NOT EXISTS job_lease ON job (lease);"
	"CREATE INDEX IF NOT EXISTS job_id ON job (id);";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t); /* that goes on while the program does not run */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Run a statement. `types` has a letter for each ?: t text that ends in NUL, b bytes and
 * their number (a size_t), i an int64_t. How many rows went to `each`, which may be NULL: how
 * many were changed then; or an error. */
static int sql(struct table_queue *q, int (*each)(void *user, sqlite3_stmt *row,
	agentrun_error **err), void *user, agentrun_error **err, const char *text,
	const char *types, ...)
{
	sqlite3_stmt *stmt = NULL;
	va_list values;
	int rows = 0, bad = 0, r;

	sqlite3_mutex_enter(sqlite3_db_mutex(q->db)); /* which may be entered twice */
	r = sqlite3_prepare_v2(q->db, text, -1, &stmt, NULL);
	va_start(values, types);
	for (int i = 1; r == SQLITE_OK && *types; i++, types++) {
		const char *p = *types == 'i' ? NULL : va_arg(values, const char *);

		if (*types == 't')
			r = sqlite3_bind_text(stmt, i, p, -1, SQLITE_STATIC);
		else if (*types == 'b')
			r = sqlite3_bind_blob64(stmt, i, p, va_arg(values, size_t), SQLITE_STATIC);
		else
			r = sqlite3_bind_int64(stmt, i, va_arg(values, int64_t));
	}
	va_end(values);
	while (r == SQLITE_OK && bad == 0 && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
		bad = each(user, stmt, err);
		rows++;
		r = SQLITE_OK;
	}
	if (r == SQLITE_DONE && !each)
		rows = sqlite3_changes(q->db);
	else if (r != SQLITE_DONE && bad == 0)
		bad = agentrun_error_raise(err, AGENTRUN_ESTORAGE, "the queue's table: %s",
			sqlite3_errmsg(q->db));
	sqlite3_finalize(stmt);
	sqlite3_mutex_leave(sqlite3_db_mutex(q->db));
	return bad < 0 ? bad : rows;
}

static int table_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	struct table_queue *q = self;
	int r;

	sqlite3_mutex_enter(sqlite3_db_mutex(q->db));
	r = sql(q, NULL, NULL, err, "BEGIN IMMEDIATE", "");
	for (size_t i = 0; r >= 0 && i < agentrun_jobs_count(jobs); i++) {
		const agentrun_job *job = agentrun_jobs_at(jobs, i);
		size_t len;
		const char *payload = agentrun_job_payload(job, &len);

		r = sql(q, NULL, NULL, err, "INSERT INTO job (id, payload, enqueued, due)"
			" VALUES (?1, ?2, ?3, ?3)", "tbi", agentrun_job_id(job), payload, len,
			now_ms());
	}
	if (r >= 0)
		r = sql(q, NULL, NULL, err, "COMMIT", "");
	if (r < 0)
		sql(q, NULL, NULL, NULL, "ROLLBACK", "");
	sqlite3_mutex_leave(sqlite3_db_mutex(q->db));
	return r < 0 ? r : 0;
}

/* Without memory for it, it is handed out again when the lease lapses. */
static int hand_out(void *into, sqlite3_stmt *row, agentrun_error **err)
{
	agentrun_job *job = NULL;
	int r = agentrun_job_new(&job, (const char *)sqlite3_column_text(row, 0),
		sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1), err);

	if (r == 0)
		r = agentrun_job_set_lease(job, (const char *)sqlite3_column_text(row, 3),
			sqlite3_column_int64(row, 4));
	if (r == 0) {
		agentrun_job_set_enqueued_ms(job, sqlite3_column_int64(row, 2));
		agentrun_job_set_counts(job, (uint32_t)sqlite3_column_int64(row, 5),
			(uint32_t)sqlite3_column_int64(row, 6));
		r = agentrun_jobs_add(into, job);
	}
	if (r < 0)
		agentrun_job_free(job);
	return r;
}

static int table_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	struct table_queue *q = self;
	int64_t until = now_ms() + timeout_ms;
	size_t n = 0;
	int r;

	for (;;) {
		r = sql(q, NULL, NULL, err, "UPDATE job SET lease = NULL, due = NULL, dead ="
			" 'delivered too often' WHERE lease IS NOT NULL AND due <= ? AND"
			" deliveries >= ?", "ii", now_ms(), q->max_deliveries);
		while (r >= 0 && n < max && (r = sql(q, hand_out, into, err, "UPDATE job SET lease ="
			" hex(randomblob(8)), due = ?1 + ?2, deliveries = deliveries + 1 WHERE place ="
			" (SELECT place FROM job WHERE due <= ?1 ORDER BY place LIMIT 1) RETURNING id,"
			" payload, enqueued, lease, ?2, deliveries, retries", "ii", now_ms(),
			lease_ms ? lease_ms : q->lease_ms)) > 0)
			n++;
		if (r < 0 || n || (timeout_ms >= 0 && now_ms() >= until))
			return r < 0 ? r : 0;
		usleep(20000);
	}
}

/* How many rows: none where the lease is another's by now. */
static int settle_one(struct table_queue *q, const agentrun_job *job, agentrun_error **err)
{
	const char *lease = agentrun_job_lease(job), *result;
	int action = agentrun_job_action(job);
	size_t len;

	if (action == AGENTRUN_ACTION_RELEASE) /* a retry to the end, else to its place */
		return sql(q, NULL, NULL, err, "UPDATE job SET lease = NULL, due = ?2, retries ="
			" retries + ?3, deliveries = iif(?3, 0, deliveries - 1), place ="
			" iif(?3, (SELECT max(place) + 1 FROM job), place) WHERE lease = ?1", "tii",
			lease, now_ms() + agentrun_job_delay_ms(job),
			(int64_t)agentrun_job_counts_as_retry(job));
	result = agentrun_job_result(job, &len);
	return sql(q, NULL, NULL, err, "UPDATE job SET lease = NULL, due = NULL, dead = ?2,"
		" result = ?3 WHERE lease = ?1", "ttb", lease,
		action == AGENTRUN_ACTION_REJECT ? agentrun_job_reason(job) : NULL, result, len);
}

static int table_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	int rows = 0;

	for (size_t i = 0; rows >= 0 && i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);

		if (agentrun_job_action(job) == AGENTRUN_ACTION_NONE)
			continue;
		rows = settle_one(self, job, err);
		if (rows > 0)
			agentrun_job_set_settled(job);
		else if (rows == 0)
			agentrun_job_set_lost(job, 1);
	}
	return rows < 0 ? rows : 0;
}

static int table_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	int rows = 0;

	for (size_t i = 0; rows >= 0 && i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);
		int64_t length = lease_ms ? lease_ms : agentrun_job_lease_ms(job);

		rows = sql(self, NULL, NULL, err, "UPDATE job SET due = ? WHERE lease = ?", "it",
			now_ms() + length, agentrun_job_lease(job));
		if (rows == 0)
			agentrun_job_set_lost(job, 1);
		else if (rows > 0)
			agentrun_job_set_lease(job, NULL, length);
	}
	return rows < 0 ? rows : 0;
}

static int take_result(void *out, sqlite3_stmt *row, agentrun_error **err)
{
	(void)err;
	return agentrun_buf_set(out, sqlite3_column_blob(row, 0),
		(size_t)sqlite3_column_bytes(row, 0));
}

static int table_result(void *self, agentrun_buf *out, const char *job_id, int timeout_ms,
	agentrun_error **err)
{
	int64_t until = now_ms() + timeout_ms;
	int rows;

	while ((rows = sql(self, take_result, out, err, "SELECT result FROM job WHERE id = ?"
		" AND result IS NOT NULL ORDER BY place LIMIT 1", "t", job_id)) == 0) {
		if (timeout_ms >= 0 && now_ms() >= until)
			return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT,
				"job %.100s has no result yet", job_id);
		usleep(20000);
	}
	return rows < 0 ? rows : 0;
}

static void table_destroy(void *self)
{
	struct table_queue *q = self;

	sqlite3_close(q->db);
	free(q);
}

static const agentrun_queue_impl table_impl = {
	.version = AGENTRUN_QUEUE_IMPL_VERSION,
	.struct_size = sizeof(table_impl),
	.name = "table",
	.enqueue = table_enqueue,
	.acquire = table_acquire,
	.settle = table_settle,
	.renew = table_renew,
	.destroy = table_destroy,
	.result = table_result, /* optional */
};

static int open_table(const char *path, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	struct table_queue *q = calloc(1, sizeof(*q));
	int r;

	*out = NULL;
	if (!q)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	q->lease_ms = lease_ms;
	q->max_deliveries = max_deliveries;
	r = sqlite3_open(path, &q->db);
	if (r == SQLITE_OK)
		r = sqlite3_busy_timeout(q->db, 5000);
	if (r == SQLITE_OK)
		r = sqlite3_exec(q->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(q->db, schema, NULL, NULL, NULL);
	r = r == SQLITE_OK ? agentrun_queue_new(out, &table_impl, q, err)
			   : agentrun_error_raise(err, AGENTRUN_ESTORAGE, "%s: %s", path,
				sqlite3_errmsg(q->db));
	if (r < 0)
		table_destroy(q);
	return r;
}

/* ---- the program ------------------------------------------------------------- */

static int open_empty(void *path, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	unlink(path);
	return open_table(path, out, lease_ms, max_deliveries, err);
}

static void report(void *user, const char *check, const char *failure)
{
	(void)user;
	printf("%s %s%s%s\n", failure ? "FAIL" : "ok", check, failure ? ": " : "",
		failure ? failure : "");
}

static int check(char *path)
{
	const agentrun_conformance_queue backend = { .struct_size = sizeof(backend),
		.user = path, .open = open_empty, .report = report };
	int failed = agentrun_conformance_check_queue(&backend);

	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}

static int enqueue(agentrun_queue *queue, const char *id, const char *prompt,
	agentrun_error **err)
{
	agentrun_jobs *jobs = NULL;
	agentrun_job *job = NULL;
	char text[400];
	int n = snprintf(text, sizeof(text), "{\"version\":\"1.0\",\"job_id\":\"%s\",\"run_id\":\"r\","
		"\"node_id\":\"n\",\"prompt\":\"%s\",\"context\":{\"data\":[{\"id\":1,\"price\":30},"
		"{\"id\":2,\"price\":10}]}}", id, prompt);
	int r = agentrun_jobs_new(&jobs, err);

	if (r == 0)
		r = agentrun_job_new(&job, id, text, (size_t)n, err);
	if (r == 0)
		r = agentrun_jobs_add(jobs, job);
	if (r < 0)
		agentrun_job_free(job);
	else
		r = agentrun_queue_enqueue(queue, jobs, err);
	agentrun_jobs_free(jobs);
	return r;
}

static int print_result(agentrun_queue *queue, const char *id, agentrun_error **err)
{
	agentrun_buf result = AGENTRUN_BUF_INIT;
	int r = agentrun_queue_result(&result, queue, id, 30000, err);

	if (r == 0)
		printf("%s\n", result.data);
	agentrun_buf_dispose(&result);
	return r;
}

static void *work(void *worker)
{
	agentrun_worker_run(worker, NULL);
	return NULL;
}

static int run(agentrun_ctx *ctx, agentrun_queue *queue, agentrun_error **err)
{
	agentrun_worker *worker = NULL;
	pthread_t thread;
	int r = agentrun_worker_new(&worker, ctx, queue, NULL, err);

	if (r == 0)
		r = enqueue(queue, "first", "count rows", err);
	if (r == 0)
		r = enqueue(queue, "second", "show me the cheapest", err);
	if (r == 0 && pthread_create(&thread, NULL, work, worker) != 0)
		r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "no thread can be started");
	else if (r == 0) {
		r = print_result(queue, "first", err);
		if (r == 0)
			r = print_result(queue, "second", err);
		agentrun_worker_stop(worker, 0);
		pthread_join(thread, NULL);
	}
	agentrun_worker_free(worker);
	return r;
}

int main(int argc, char **argv)
{
	agentrun_error *err = NULL;
	agentrun_queue *queue = NULL;
	agentrun_ctx *ctx = NULL;
	int r;

	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check(argv[2]);
	if (argc != 2) {
		fprintf(stderr, "usage: own_queue [--check] FILE\n");
		return 2;
	}
	r = open_table(argv[1], &queue, 30000, 5, &err);
	if (r == 0)
		r = agentrun_ctx_new(&ctx, NULL, &err);
	if (r == 0)
		r = run(ctx, queue, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_queue_free(queue);
	agentrun_ctx_free(ctx);
	return r < 0 ? 1 : 0;
}
