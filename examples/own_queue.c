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
 * What is optional (to wake up, to cancel, dead letters, journals) it leaves out.
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

struct table_queue {
	pthread_mutex_t lock;
	sqlite3 *db;
	int64_t lease_ms;
	int64_t max_deliveries;
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS job (place INTEGER PRIMARY KEY, id TEXT, payload BLOB,"
	" enqueued INTEGER, due INTEGER, lease TEXT DEFAULT '', deliveries INTEGER DEFAULT 0,"
	" retries INTEGER DEFAULT 0, dead TEXT);"
	"CREATE INDEX IF NOT EXISTS job_lease ON job (lease);"
	"CREATE TABLE IF NOT EXISTS result (id TEXT PRIMARY KEY, message BLOB);";

/* ---- SQL ------------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t); /* that goes on while the program does not run */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int fault(struct table_queue *q, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ESTORAGE, "the queue's table: %s",
		sqlite3_errmsg(q->db));
}

/* `types` has a letter for each ?: t text that ends in NUL, b bytes and their number (a
 * size_t), i an int64_t. NULL and an error. */
static sqlite3_stmt *prepare(struct table_queue *q, agentrun_error **err, const char *sql,
	const char *types, va_list values)
{
	sqlite3_stmt *stmt = NULL;
	int r = sqlite3_prepare_v2(q->db, sql, -1, &stmt, NULL);

	for (int i = 1; r == SQLITE_OK && *types; i++, types++) {
		const char *text = *types == 'i' ? NULL : va_arg(values, const char *);

		if (*types == 't')
			r = sqlite3_bind_text(stmt, i, text, -1, SQLITE_STATIC);
		else if (*types == 'b')
			r = sqlite3_bind_blob64(stmt, i, text, va_arg(values, size_t), SQLITE_STATIC);
		else
			r = sqlite3_bind_int64(stmt, i, va_arg(values, int64_t));
	}
	if (r == SQLITE_OK)
		return stmt;
	fault(q, err);
	sqlite3_finalize(stmt);
	return NULL;
}

static sqlite3_stmt *query(struct table_queue *q, agentrun_error **err, const char *sql,
	const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list values;

	va_start(values, types);
	stmt = prepare(q, err, sql, types, values);
	va_end(values);
	return stmt;
}

/* How many rows it changed, or an error. */
static int change(struct table_queue *q, agentrun_error **err, const char *sql,
	const char *types, ...)
{
	sqlite3_stmt *stmt;
	va_list values;
	int r;

	va_start(values, types);
	stmt = prepare(q, err, sql, types, values);
	va_end(values);
	if (!stmt)
		return AGENTRUN_ESTORAGE;
	r = sqlite3_step(stmt) == SQLITE_DONE ? sqlite3_changes(q->db) : fault(q, err);
	sqlite3_finalize(stmt);
	return r;
}

static int begin(struct table_queue *q, agentrun_error **err)
{
	int r;

	pthread_mutex_lock(&q->lock);
	r = change(q, err, "BEGIN IMMEDIATE", "");
	if (r < 0)
		pthread_mutex_unlock(&q->lock);
	return r < 0 ? r : 0;
}

/* Keep what was done, or nothing of it after an error. */
static int end(struct table_queue *q, int r, agentrun_error **err)
{
	if (r >= 0)
		r = change(q, err, "COMMIT", "");
	if (r < 0)
		change(q, NULL, "ROLLBACK", "");
	pthread_mutex_unlock(&q->lock);
	return r < 0 ? r : 0;
}

/* ---- the table of functions -------------------------------------------------- */

static int table_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	struct table_queue *q = self;
	int r = begin(q, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < agentrun_jobs_count(jobs); i++) {
		const agentrun_job *job = agentrun_jobs_at(jobs, i);
		size_t len;
		const char *payload = agentrun_job_payload(job, &len);

		r = change(q, err, "INSERT INTO job (id, payload, enqueued, due) VALUES (?1, ?2, ?3, ?3)",
			"tbi", agentrun_job_id(job), payload, len, now_ms());
	}
	return end(q, r, err);
}

/* The row that a query found, under a new lease. */
static int lease_row(struct table_queue *q, sqlite3_stmt *row, agentrun_jobs *into,
	int64_t lease_ms, agentrun_error **err)
{
	agentrun_job *job = NULL;
	unsigned long long random;
	char lease[20];
	int r = agentrun_job_new(&job, (const char *)sqlite3_column_text(row, 1),
		sqlite3_column_blob(row, 2), (size_t)sqlite3_column_bytes(row, 2), err);

	sqlite3_randomness(sizeof(random), &random);
	snprintf(lease, sizeof(lease), "%llx", random);
	if (r == 0)
		r = agentrun_job_set_lease(job, lease, lease_ms);
	if (r == 0)
		r = change(q, err, "UPDATE job SET lease = ?, due = ?, deliveries = deliveries + 1"
			" WHERE place = ?", "tii", lease, now_ms() + lease_ms,
			(int64_t)sqlite3_column_int64(row, 0));
	if (r >= 0) {
		agentrun_job_set_enqueued_ms(job, sqlite3_column_int64(row, 3));
		agentrun_job_set_counts(job, (uint32_t)sqlite3_column_int64(row, 4) + 1,
			(uint32_t)sqlite3_column_int64(row, 5));
		r = agentrun_jobs_add(into, job);
	}
	if (r < 0)
		agentrun_job_free(job);
	return r;
}

/* How many could be had at once. */
static int lease_due(struct table_queue *q, agentrun_jobs *into, size_t max,
	int64_t lease_ms, agentrun_error **err)
{
	size_t before = agentrun_jobs_count(into);
	sqlite3_stmt *row;
	int r = begin(q, err);

	if (r < 0)
		return r;
	r = change(q, err, "UPDATE job SET dead = 'delivered too often', lease = '' WHERE dead IS NULL"
		" AND lease <> '' AND due <= ? AND deliveries >= ?", "ii", now_ms(), q->max_deliveries);
	row = r < 0 ? NULL : query(q, err, "SELECT place, id, payload, enqueued, deliveries, retries"
		" FROM job WHERE dead IS NULL AND due <= ? ORDER BY place LIMIT ?", "ii", now_ms(),
		(int64_t)max);
	if (!row)
		r = AGENTRUN_ESTORAGE;
	while (r >= 0 && sqlite3_step(row) == SQLITE_ROW)
		r = lease_row(q, row, into, lease_ms, err);
	sqlite3_finalize(row);
	r = end(q, r, err);
	while (r < 0 && agentrun_jobs_count(into) > before)
		agentrun_job_free(agentrun_jobs_take(into, before)); /* not leased after all */
	return r < 0 ? r : (int)(agentrun_jobs_count(into) - before);
}

static int table_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	struct table_queue *q = self;
	int64_t until = now_ms() + timeout_ms;
	int r;

	while ((r = lease_due(q, into, max, lease_ms ? lease_ms : q->lease_ms, err)) == 0 &&
		(timeout_ms < 0 || now_ms() < until))
		usleep(20000);
	return r < 0 ? r : 0;
}

static int publish(struct table_queue *q, const agentrun_job *job, agentrun_error **err)
{
	size_t len;
	const char *result = agentrun_job_result(job, &len);

	return !result ? 0 : change(q, err, "INSERT OR IGNORE INTO result VALUES (?, ?)", "tb",
		agentrun_job_id(job), result, len);
}

/* How many rows: none where the lease is another's by now. */
static int settle_one(struct table_queue *q, const agentrun_job *job, agentrun_error **err)
{
	const char *lease = agentrun_job_lease(job);
	int64_t due = now_ms() + agentrun_job_delay_ms(job);
	int n;

	if (agentrun_job_action(job) == AGENTRUN_ACTION_RELEASE)
		return agentrun_job_counts_as_retry(job)
			? change(q, err, "UPDATE job SET lease = '', due = ?, deliveries = 0, retries ="
				" retries + 1, place = (SELECT max(place) + 1 FROM job) WHERE lease = ?",
				"it", due, lease)
			: change(q, err, "UPDATE job SET lease = '', due = ?, deliveries = deliveries - 1"
				" WHERE lease = ?", "it", due, lease);
	if (agentrun_job_action(job) == AGENTRUN_ACTION_REJECT)
		n = change(q, err, "UPDATE job SET lease = '', dead = ? WHERE lease = ?", "tt",
			agentrun_job_reason(job), lease);
	else
		n = change(q, err, "DELETE FROM job WHERE lease = ?", "t", lease);
	return n > 0 && publish(q, job, err) < 0 ? AGENTRUN_ESTORAGE : n;
}

static int table_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);
		int rows;

		if (agentrun_job_action(job) == AGENTRUN_ACTION_NONE)
			continue;
		r = begin(self, err);
		if (r < 0)
			return r;
		rows = settle_one(self, job, err);
		r = end(self, rows, err);
		if (r == 0 && rows > 0)
			agentrun_job_set_settled(job);
		else if (r == 0)
			agentrun_job_set_lost(job, 1);
	}
	return r;
}

static int table_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	struct table_queue *q = self;
	int r = begin(q, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < agentrun_jobs_count(jobs); i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);
		int64_t length = lease_ms ? lease_ms : agentrun_job_lease_ms(job);

		r = change(q, err, "UPDATE job SET due = ? WHERE lease = ?", "it", now_ms() + length,
			agentrun_job_lease(job));
		if (r == 0)
			agentrun_job_set_lost(job, 1);
		else if (r > 0)
			agentrun_job_set_lease(job, NULL, length);
	}
	return end(q, r, err);
}

static int table_result(void *self, agentrun_buf *out, const char *job_id, int timeout_ms,
	agentrun_error **err)
{
	struct table_queue *q = self;
	int64_t until = now_ms() + timeout_ms;
	int r = AGENTRUN_ETIMEDOUT;

	for (;;) {
		sqlite3_stmt *row;

		pthread_mutex_lock(&q->lock);
		row = query(q, err, "SELECT message FROM result WHERE id = ?", "t", job_id);
		if (row && sqlite3_step(row) == SQLITE_ROW)
			r = agentrun_buf_set(out, sqlite3_column_blob(row, 0),
				(size_t)sqlite3_column_bytes(row, 0));
		sqlite3_finalize(row);
		pthread_mutex_unlock(&q->lock);
		if (!row)
			return AGENTRUN_ESTORAGE;
		if (r != AGENTRUN_ETIMEDOUT)
			return r;
		if (timeout_ms >= 0 && now_ms() >= until)
			return agentrun_error_raise(err, r, "job %.100s has no result yet", job_id);
		usleep(20000);
	}
}

static int table_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err)
{
	struct table_queue *q = self;
	sqlite3_stmt *row;

	pthread_mutex_lock(&q->lock);
	row = query(q, err, "SELECT total(dead IS NULL AND due <= ?1),"
		" total(dead IS NULL AND due > ?1 AND lease = ''),"
		" total(dead IS NULL AND due > ?1 AND lease <> ''), total(dead IS NOT NULL) FROM job",
		"i", now_ms());
	if (row && sqlite3_step(row) == SQLITE_ROW) {
		stats->waiting = (uint64_t)sqlite3_column_int64(row, 0);
		stats->delayed = (uint64_t)sqlite3_column_int64(row, 1);
		stats->leased = (uint64_t)sqlite3_column_int64(row, 2);
		stats->dead = (uint64_t)sqlite3_column_int64(row, 3);
	}
	sqlite3_finalize(row);
	pthread_mutex_unlock(&q->lock);
	return row ? 0 : AGENTRUN_ESTORAGE;
}

static void table_destroy(void *self)
{
	struct table_queue *q = self;

	sqlite3_close(q->db);
	pthread_mutex_destroy(&q->lock);
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
	.result = table_result,
	.stats = table_stats,
};

static int open_table(const char *path, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	struct table_queue *q = calloc(1, sizeof(*q));
	int r;

	*out = NULL;
	if (!q)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	pthread_mutex_init(&q->lock, NULL);
	q->lease_ms = lease_ms;
	q->max_deliveries = max_deliveries;
	r = sqlite3_open(path, &q->db);
	if (r == SQLITE_OK)
		r = sqlite3_busy_timeout(q->db, 5000);
	if (r == SQLITE_OK)
		r = sqlite3_exec(q->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	if (r == SQLITE_OK)
		r = sqlite3_exec(q->db, schema, NULL, NULL, NULL);
	r = r == SQLITE_OK ? agentrun_queue_new(out, &table_impl, q, err) : fault(q, err);
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
	if (r == 0)
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
	if (r == 0 && pthread_create(&thread, NULL, work, worker) == 0) {
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
