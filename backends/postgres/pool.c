/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pg.h"

#define FIRST_WAIT_MS 20
#define LONGEST_WAIT_MS 1000

int pg_oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int64_t clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- faults --------------------------------------------------------------- */

/* libpq's words in one line, without what its first word says anyway. */
static void first_line(char *to, size_t size, const char *text)
{
	size_t n = 0;

	if (strncmp(text, "ERROR:", 6) == 0 || strncmp(text, "FATAL:", 6) == 0)
		text += 6;
	while (*text == ' ')
		text++;
	for (; *text && n + 1 < size; text++) {
		char c = *text == '\n' || *text == '\t' ? ' ' : *text;

		if (c != ' ' || (n && to[n - 1] != ' '))
			to[n++] = c;
	}
	while (n && to[n - 1] == ' ')
		n--;
	to[n] = '\0';
}

static bool begins(const char *state, const char *with)
{
	return strncmp(state, with, strlen(with)) == 0;
}

/* Might the same statement do on this server, or another connection, in a while? */
static bool is_passing(const char *state)
{
	return begins(state, "08") ||     /* connection */
		begins(state, "57P") ||   /* shut down, starting, terminated */
		begins(state, "40") ||    /* serialization, deadlock */
		strcmp(state, "53300") == 0; /* too many connections */
}

static const char *advice(const char *state)
{
	if (strcmp(state, "53100") == 0)
		return "; make room on its disk";
	if (strcmp(state, "57014") == 0)
		return "; storage.timeout_sec is how long it may take";
	if (strcmp(state, "42501") == 0)
		return "; let a role that may do it run agentrun store migrate once";
	return "";
}

static int fault_of(struct pg_conn *conn, const PGresult *result, agentrun_error **err)
{
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	const char *text = PQerrorMessage(conn->db);
	char line[400];
	int r;

	if (result && PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY))
		text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	first_line(line, sizeof(line), text);
	conn->broken = PQstatus(conn->db) != CONNECTION_OK || !state || begins(state, "57P");
	if (!state || is_passing(state))
		return agentrun_error_raise(err, AGENTRUN_EBACKEND, "PostgreSQL: %s",
			*line ? line : "the connection was lost");
	r = agentrun_error_raise(err, AGENTRUN_ESTORAGE, "PostgreSQL: %s (SQLSTATE %s)%s", line,
		state, advice(state));
	/* No room, no memory, timed out: it may do later. */
	if (begins(state, "53") || strcmp(state, "57014") == 0)
		agentrun_error_set_retry(err ? *err : NULL, 1, 0);
	return r;
}

/* ---- statements ----------------------------------------------------------- */

static void add(struct pg_params *params, const char *value, size_t len, int format)
{
	params->value[params->n] = value;
	params->len[params->n] = (int)len;
	params->format[params->n++] = format;
}

void pg_text(struct pg_params *params, const char *text)
{
	add(params, text, 0, 0);
}

void pg_bytes(struct pg_params *params, const char *data, size_t len)
{
	add(params, data, len, 1);
}

void pg_number(struct pg_params *params, int64_t number)
{
	char *to = params->number[params->n_numbers++];

	snprintf(to, sizeof(params->number[0]), "%" PRId64, number);
	add(params, to, 0, 0);
}

int pg_exec(struct pg_conn *conn, PGresult **out, const char *sql,
	const struct pg_params *params, agentrun_error **err)
{
	static const struct pg_params none;
	ExecStatusType status;
	int r;

	params = params ? params : &none;
	*out = PQexecParams(conn->db, sql, params->n, NULL, params->value, params->len,
		params->format, 1);
	status = PQresultStatus(*out);
	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return 0;
	r = fault_of(conn, *out, err);
	PQclear(*out);
	*out = NULL;
	return r;
}

int pg_do(struct pg_conn *conn, const char *sql, const struct pg_params *params,
	uint64_t *changed, agentrun_error **err)
{
	PGresult *result;
	int r = pg_exec(conn, &result, sql, params, err);

	if (r == 0 && changed)
		*changed = strtoull(PQcmdTuples(result), NULL, 10);
	PQclear(result);
	return r;
}

/* ---- connections ---------------------------------------------------------- */

int pg_init(struct pg_store *s)
{
	pthread_condattr_t attr;

	if (pthread_mutex_init(&s->lock, NULL) != 0)
		return -1;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->given, &attr);
	pthread_condattr_destroy(&attr);
	return 0;
}

static void close_all(struct pg_conn *list)
{
	while (list) {
		struct pg_conn *next = list->next;

		PQfinish(list->db);
		free(list);
		list = next;
	}
}

void pg_clear(struct pg_store *s)
{
	close_all(s->idle);
	pthread_cond_destroy(&s->given);
	pthread_mutex_destroy(&s->lock);
	free(s->url);
}

static void ignore_notice(void *user, const char *message)
{
	(void)user;
	(void)message;
}

/* An acknowledged write must not be lost, whatever the server's default is. */
static int set_session(const struct pg_store *s, struct pg_conn *conn, agentrun_error **err)
{
	struct pg_params params = { .n = 0 };

	pg_number(&params, s->timeout_ms < INT_MAX ? s->timeout_ms : INT_MAX);
	return pg_do(conn, "SELECT set_config('statement_timeout', $1, false),"
		" set_config('lock_timeout', $1, false),"
		" set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
		" WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)",
		&params, NULL, err);
}

/* In steps, as a connection that is made in one prints what the server remarks
 * meanwhile. 0 when it is over, one way or the other. */
static int wait_for_connection(const struct pg_store *s, struct pg_conn *conn,
	agentrun_error **err)
{
	int64_t deadline = clock_ms() + s->timeout_ms, left;
	PostgresPollingStatusType wants = PGRES_POLLING_WRITING;

	while (wants != PGRES_POLLING_OK && wants != PGRES_POLLING_FAILED) {
		struct pollfd fd = { .fd = PQsocket(conn->db),
			.events = wants == PGRES_POLLING_READING ? POLLIN : POLLOUT };

		left = deadline - clock_ms();
		if (left <= 0)
			return agentrun_error_raise(err, AGENTRUN_EBACKEND,
				"PostgreSQL: no connection to \"%.200s\" within %" PRId64 " ms",
				PQhost(conn->db) ? PQhost(conn->db) : "", s->timeout_ms);
		if (poll(&fd, 1, left < INT_MAX ? (int)left : INT_MAX) > 0)
			wants = PQconnectPoll(conn->db);
	}
	return 0;
}

static int connect_to(const struct pg_store *s, struct pg_conn *conn, agentrun_error **err)
{
	char ms[24];
	const char *names[] = { "tcp_user_timeout", "keepalives_idle",
		"keepalives_interval", "keepalives_count", "fallback_application_name",
		"dbname", "client_encoding", NULL };
	/* What the url says of the first stands above them, as it comes behind. */
	const char *values[] = { ms, "10", "5", "3", "agentrun", s->url, "UTF8", NULL };
	int64_t wait = s->timeout_ms < INT_MAX ? s->timeout_ms : INT_MAX;
	char line[400];
	int r;

	snprintf(ms, sizeof(ms), "%" PRId64, wait);
	conn->db = PQconnectStartParams(names, values, 1);
	if (!conn->db)
		return pg_oom(err);
	PQsetNoticeProcessor(conn->db, ignore_notice, NULL);
	r = PQstatus(conn->db) == CONNECTION_BAD ? 0 : wait_for_connection(s, conn, err);
	if (r < 0)
		return r;
	if (PQstatus(conn->db) == CONNECTION_OK)
		return set_session(s, conn, err);
	first_line(line, sizeof(line), PQerrorMessage(conn->db));
	return agentrun_error_raise(err, AGENTRUN_EBACKEND, "PostgreSQL: %s", line);
}

static int open_one(struct pg_store *s, struct pg_conn **out, agentrun_error **err)
{
	struct pg_conn *conn = calloc(1, sizeof(*conn));
	int r = conn ? connect_to(s, conn, err) : pg_oom(err);

	pthread_mutex_lock(&s->lock);
	if (r == 0)
		s->was_up = true;
	else
		s->n_open--;
	pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
	if (r < 0) {
		close_all(conn);
		return r;
	}
	*out = conn;
	return 0;
}

/* An idle one, NULL and the right to open one, or AGENTRUN_EBACKEND. */
static int wait_for_one(struct pg_store *s, struct pg_conn **out, bool beyond,
	agentrun_error **err)
{
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(s->timeout_ms / 1000) + 1;
	pthread_mutex_lock(&s->lock);
	while (!beyond && !s->idle && s->n_open >= s->max_connections && r == 0)
		r = pthread_cond_timedwait(&s->given, &s->lock, &until);
	*out = s->idle;
	if (*out) {
		s->idle = (*out)->next;
		r = 0;
	} else if (beyond || s->n_open < s->max_connections) {
		s->n_open++;
		r = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return r == 0 ? 0 : agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"PostgreSQL: all %zu connections are in use", s->max_connections);
}

int pg_take(struct pg_store *s, struct pg_conn **out, bool beyond, agentrun_error **err)
{
	int r = wait_for_one(s, out, beyond, err);

	if (r == 0 && !*out)
		r = open_one(s, out, err);
	return r;
}

void pg_give(struct pg_store *s, struct pg_conn *conn)
{
	struct pg_conn *old = NULL;

	if (!conn)
		return;
	/* Nobody else may go on in what was not ended. */
	if (PQtransactionStatus(conn->db) != PQTRANS_IDLE && !conn->broken &&
		pg_do(conn, "ROLLBACK", NULL, NULL, NULL) < 0)
		conn->broken = true;
	pthread_mutex_lock(&s->lock);
	conn->next = NULL;
	if (conn->broken) { /* the others are likely to be so too */
		old = s->idle;
		s->idle = NULL;
		conn->next = old;
		old = conn;
		for (const struct pg_conn *c = old; c; c = c->next)
			s->n_open--;
	} else if (s->n_open > s->max_connections) {
		old = conn;
		s->n_open--;
	} else {
		conn->next = s->idle;
		s->idle = conn;
	}
	pthread_cond_signal(&s->given);
	pthread_mutex_unlock(&s->lock);
	close_all(old);
}

static bool has_been_up(struct pg_store *s)
{
	bool up;

	pthread_mutex_lock(&s->lock);
	up = s->was_up;
	pthread_mutex_unlock(&s->lock);
	return up;
}

static int64_t backoff_ms(unsigned n)
{
	int64_t wait = FIRST_WAIT_MS;

	while (--n && wait < LONGEST_WAIT_MS)
		wait *= 2;
	wait = wait < LONGEST_WAIT_MS ? wait : LONGEST_WAIT_MS;
	return wait / 2 + clock_ms() % (wait / 2 + 1); /* not all at once */
}

int pg_run_raw(struct pg_store *s, pg_work work, void *user, agentrun_error **err)
{
	int64_t deadline = clock_ms() + s->timeout_ms;

	for (unsigned tries = 1;; tries++) {
		agentrun_error *why = NULL;
		struct pg_conn *conn = NULL;
		int64_t wait = backoff_ms(tries);
		int r = pg_take(s, &conn, false, &why);

		if (r == 0)
			r = work(s, conn, user, &why);
		pg_give(s, conn);
		if (r != AGENTRUN_EBACKEND || !has_been_up(s) || clock_ms() + wait >= deadline) {
			if (r < 0 && err && !*err)
				*err = why;
			else
				agentrun_error_free(why);
			return r;
		}
		agentrun_error_free(why);
		sleep_ms(wait);
	}
}

struct checked {
	pg_work work;
	void *user;
};

static int check_and_run(struct pg_store *s, struct pg_conn *conn, void *user,
	agentrun_error **err)
{
	const struct checked *c = user;
	int r = pg_check_tables(s, conn, err);

	return r < 0 ? r : c->work(s, conn, c->user, err);
}

int pg_run(struct pg_store *s, pg_work work, void *user, agentrun_error **err)
{
	struct checked checked = { work, user };

	return pg_run_raw(s, check_and_run, &checked, err);
}
