/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "conn.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tls.h"

#define READ_BYTES 65536

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The connection is of no more use. */
static int lost(redis_conn *conn, agentrun_error **err, const char *why)
{
	conn->broken = true;
	return agentrun_error_raise(err, AGENTRUN_EBACKEND, "redis at %s: %s",
		conn->address->label, why);
}

static int lost_errno(redis_conn *conn, agentrun_error **err, int code)
{
	char text[128];

	return lost(conn, err, strerror_r(code, text, sizeof(text)));
}

/* Wait for the socket: 1, or 0 at the deadline. */
static int wait_for(const redis_conn *conn, short what, int64_t deadline)
{
	struct pollfd fd = { .fd = conn->fd, .events = what };

	if (what == POLLIN && conn->tls && redis_tls_pending(conn->tls))
		return 1;
	for (;;) {
		int64_t left = deadline - now_ms();
		int n = poll(&fd, 1, left > 0 ? (int)(left < 60000 ? left : 60000) : 0);

		if (n > 0)
			return 1;
		if (left <= 0 && n == 0)
			return 0;
	}
}

/* ---- connecting --------------------------------------------------------- */

static int try_address(redis_conn *conn, int family, const struct sockaddr *to,
	socklen_t len, int64_t deadline)
{
	int yes = 1, fault = 0;
	socklen_t size = sizeof(fault);

	conn->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (conn->fd < 0)
		return errno;
	if (connect(conn->fd, to, len) < 0) {
		fault = errno;
		if (fault == EINPROGRESS || fault == EAGAIN) {
			fault = ETIMEDOUT;
			if (wait_for(conn, POLLOUT, deadline))
				getsockopt(conn->fd, SOL_SOCKET, SO_ERROR, &fault, &size);
		}
	}
	if (fault) {
		close(conn->fd);
		conn->fd = -1;
		return fault;
	}
	if (family != AF_UNIX) {
		setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
		setsockopt(conn->fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	}
	return 0;
}

static int connect_unix(redis_conn *conn, int64_t deadline, agentrun_error **err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = conn->address->path;
	int fault = ENAMETOOLONG;

	if (strlen(path) < sizeof(to.sun_path)) {
		memcpy(to.sun_path, path, strlen(path));
		fault = try_address(conn, AF_UNIX, (struct sockaddr *)&to, sizeof(to), deadline);
	}
	return fault ? lost_errno(conn, err, fault) : 0;
}

static int connect_host(redis_conn *conn, int64_t deadline, agentrun_error **err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *at;
	char port[12];
	int fault;

	snprintf(port, sizeof(port), "%d", conn->address->port);
	fault = getaddrinfo(conn->address->host, port, &hints, &list);
	if (fault)
		return lost(conn, err, gai_strerror(fault));
	fault = EADDRNOTAVAIL;
	for (at = list; at && conn->fd < 0; at = at->ai_next)
		fault = try_address(conn, at->ai_family, at->ai_addr, at->ai_addrlen, deadline);
	freeaddrinfo(list);
	return fault ? lost_errno(conn, err, fault) : 0;
}

/* AUTH is left out where there is no password, SELECT where it is database 0. */
static int write_greeting(redis_conn *conn)
{
	const redis_address *a = conn->address;
	int n = 0;

	if (a->password) {
		redis_conn_begin(conn, a->user ? 3 : 2);
		redis_conn_word(conn, "AUTH");
		if (a->user)
			redis_conn_word(conn, a->user);
		redis_conn_word(conn, a->password);
		n++;
	}
	if (a->db) {
		redis_conn_begin(conn, 2);
		redis_conn_word(conn, "SELECT");
		redis_conn_int(conn, a->db);
		n++;
	}
	return n;
}

/* The scripts are loaded anew each time: the server may be another one. */
static int greet(redis_conn *conn, agentrun_error **err)
{
	int n = write_greeting(conn), r;
	redisReply *reply = NULL;

	for (int i = 0; i < REDIS_SCRIPTS; i++) {
		redis_conn_begin(conn, 3);
		redis_conn_word(conn, "SCRIPT");
		redis_conn_word(conn, "LOAD");
		redis_conn_word(conn, redis_scripts[i]);
	}
	redis_conn_begin(conn, 2);
	redis_conn_word(conn, "CLIENT");
	redis_conn_word(conn, "ID");
	r = redis_conn_send(conn, err);
	for (int i = 0; r == 0 && i < n + REDIS_SCRIPTS + 1; i++) {
		r = redis_conn_reply(conn, &reply, 0, err);
		if (r == 0)
			r = redis_conn_fault(conn, reply, err);
		if (r == 0 && i >= n && i < n + REDIS_SCRIPTS)
			snprintf(conn->sha[i - n], sizeof(conn->sha[0]), "%.40s",
				reply->str ? reply->str : "");
		else if (r == 0 && i == n + REDIS_SCRIPTS)
			snprintf(conn->id, sizeof(conn->id), "%lld", reply->integer);
		freeReplyObject(reply);
		reply = NULL;
	}
	return r;
}

int redis_conn_open(redis_conn **out, const redis_address *address,
	agentrun_error **err)
{
	redis_conn *conn = calloc(1, sizeof(*conn));
	int64_t deadline = now_ms() + address->timeout_ms;
	int r;

	*out = NULL;
	if (!conn)
		return oom(err);
	conn->fd = -1;
	conn->address = address;
	conn->reader = redisReaderCreate();
	r = !conn->reader ? oom(err) : address->path ? connect_unix(conn, deadline, err)
		: connect_host(conn, deadline, err);
	if (r == 0 && address->tls)
		r = redis_tls_start(&conn->tls, conn->fd, address, err);
	if (r == 0)
		r = greet(conn, err);
	if (r < 0)
		redis_conn_free(conn);
	else
		*out = conn;
	return r;
}

void redis_conn_free(redis_conn *conn)
{
	if (!conn)
		return;
	redis_tls_free(conn->tls);
	if (conn->fd >= 0)
		close(conn->fd);
	if (conn->reader)
		redisReaderFree(conn->reader);
	free(conn->out);
	free(conn);
}

bool redis_conn_is_alive(const redis_conn *conn)
{
	struct pollfd fd = { .fd = conn->fd, .events = POLLIN };

	/* Nothing was asked: whatever there is to read is the end. */
	return !conn->broken && poll(&fd, 1, 0) == 0;
}

/* ---- writing ------------------------------------------------------------ */

/* Room for `more` bytes; NULL when out of memory, from then on. */
static char *room_for(redis_conn *conn, size_t more)
{
	size_t want = conn->out_len + more;

	if (want > conn->out_cap && !conn->out_of_memory) {
		size_t cap = want < 4096 ? 4096 : want * 2;
		char *grown = realloc(conn->out, cap);

		conn->out_of_memory = !grown;
		if (grown) {
			conn->out = grown;
			conn->out_cap = cap;
		}
	}
	return conn->out_of_memory ? NULL : conn->out + conn->out_len;
}

/* The digits of a number, ending at `end`; returns where they begin. */
static char *digits_of(uint64_t number, char *end)
{
	do
		*--end = (char)('0' + number % 10);
	while (number /= 10);
	return end;
}

static void write_head(redis_conn *conn, char kind, size_t number)
{
	char digits[24], *end = digits + sizeof(digits), *p = digits_of(number, end);
	char *to = room_for(conn, 32);
	size_t n = (size_t)(end - p);

	if (!to)
		return;
	*to++ = kind;
	memcpy(to, p, n);
	to[n] = '\r';
	to[n + 1] = '\n';
	conn->out_len += n + 3;
}

void redis_conn_begin(redis_conn *conn, size_t words)
{
	write_head(conn, '*', words);
}

void redis_conn_bytes(redis_conn *conn, const char *bytes, size_t len)
{
	char *to;

	write_head(conn, '$', len);
	to = room_for(conn, len + 2);
	if (!to)
		return;
	if (len)
		memcpy(to, bytes, len);
	to[len] = '\r';
	to[len + 1] = '\n';
	conn->out_len += len + 2;
}

void redis_conn_word(redis_conn *conn, const char *text)
{
	redis_conn_bytes(conn, text, strlen(text));
}

void redis_conn_int(redis_conn *conn, int64_t number)
{
	char digits[24], *end = digits + sizeof(digits);
	char *p = digits_of(number < 0 ? -(uint64_t)number : (uint64_t)number, end);

	if (number < 0)
		*--p = '-';
	redis_conn_bytes(conn, p, (size_t)(end - p));
}

void redis_conn_script(redis_conn *conn, int script, size_t keys, size_t args)
{
	redis_conn_begin(conn, 3 + keys + args);
	redis_conn_word(conn, "EVALSHA");
	redis_conn_word(conn, conn->sha[script]);
	redis_conn_int(conn, (int64_t)keys);
}

static ssize_t write_some(redis_conn *conn, const char *data, size_t len)
{
	return conn->tls ? redis_tls_write(conn->tls, data, len)
		: send(conn->fd, data, len, MSG_NOSIGNAL);
}

int redis_conn_send(redis_conn *conn, agentrun_error **err)
{
	int64_t deadline = now_ms() + conn->address->timeout_ms;
	size_t at = 0, len = conn->out_len;

	conn->out_len = 0;
	conn->sent = len;
	if (conn->out_of_memory) {
		conn->broken = true;
		return oom(err);
	}
	while (at < len) {
		ssize_t n = write_some(conn, conn->out + at, len - at);

		if (n > 0) {
			at += (size_t)n;
			deadline = now_ms() + conn->address->timeout_ms;
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			return lost_errno(conn, err, errno);
		} else if (!wait_for(conn, POLLOUT, deadline)) {
			return lost(conn, err, "it takes nothing more: no answer in time");
		}
	}
	if (conn->out_cap > (size_t)1024 * 1024) {
		free(conn->out);
		conn->out = NULL;
		conn->out_cap = 0;
	}
	return 0;
}

/* ---- reading ------------------------------------------------------------ */

static int next_reply(redis_conn *conn, redisReply **out, agentrun_error **err)
{
	void *reply = NULL;

	*out = NULL;
	if (redisReaderGetReply(conn->reader, &reply) != REDIS_OK) {
		conn->broken = true;
		if (conn->reader->err == REDIS_ERR_OOM)
			return oom(err);
		return lost(conn, err, conn->reader->errstr);
	}
	*out = reply;
	return 0;
}

/* What has come in, to the reader. 1: there was something, 0: not yet. */
static int read_some(redis_conn *conn, agentrun_error **err)
{
	char bytes[READ_BYTES];
	ssize_t n = conn->tls ? redis_tls_read(conn->tls, bytes, sizeof(bytes))
		: recv(conn->fd, bytes, sizeof(bytes), 0);

	if (n == 0)
		return lost(conn, err, "it closed the connection");
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return lost_errno(conn, err, errno);
	if (redisReaderFeed(conn->reader, bytes, (size_t)n) != REDIS_OK) {
		conn->broken = true;
		return oom(err);
	}
	return 1;
}

int redis_conn_try_reply(redis_conn *conn, redisReply **out, agentrun_error **err)
{
	int r = next_reply(conn, out, err);

	while (r == 0 && !*out) {
		r = read_some(conn, err);
		if (r <= 0)
			return r;
		r = next_reply(conn, out, err);
	}
	return r;
}

int redis_conn_reply(redis_conn *conn, redisReply **out, int64_t patience_ms,
	agentrun_error **err)
{
	/* A long question takes the server long: 20 MB a second at least. */
	int64_t patience = patience_ms + conn->address->timeout_ms +
		(int64_t)(conn->sent / 20000);
	int r = next_reply(conn, out, err);

	while (r == 0 && !*out) {
		if (!wait_for(conn, POLLIN, now_ms() + patience))
			return lost(conn, err, "no answer in time");
		r = read_some(conn, err);
		if (r == 1)
			r = next_reply(conn, out, err);
	}
	return r;
}

int redis_conn_call(redis_conn *conn, redisReply **out, agentrun_error **err)
{
	int r = redis_conn_send(conn, err);

	*out = NULL;
	if (r == 0)
		r = redis_conn_reply(conn, out, 0, err);
	if (r == 0)
		r = redis_conn_fault(conn, *out, err);
	if (r < 0) {
		freeReplyObject(*out);
		*out = NULL;
	}
	return r;
}

/* ---- faults ------------------------------------------------------------- */

static const struct fault {
	const char *code;
	int kind;
	bool leave; /* connect anew: another server may be behind the name by then */
	bool retryable;
	const char *advice;
} faults[] = {
	{ "LOADING", AGENTRUN_EBACKEND, false, true, "it is still reading its data" },
	{ "READONLY", AGENTRUN_EBACKEND, true, true,
		"it is a read-only replica: name the master" },
	{ "NOSCRIPT", AGENTRUN_EBACKEND, true, true, "it forgot our scripts" },
	{ "MASTERDOWN", AGENTRUN_EBACKEND, true, true, "it has lost its master" },
	{ "CLUSTERDOWN", AGENTRUN_EBACKEND, false, true, "the cluster is down" },
	{ "TRYAGAIN", AGENTRUN_EBACKEND, false, true, "the cluster moves these keys" },
	{ "BUSY", AGENTRUN_EBACKEND, false, true, "a script keeps it busy" },
	{ "NOREPLICAS", AGENTRUN_EBACKEND, false, true, "it has too few replicas" },
	{ "UNBLOCKED", AGENTRUN_EBACKEND, true, true, "it became a replica" },
	{ "OOM", AGENTRUN_ESTORAGE, false, true,
		"it is out of memory: raise its maxmemory" },
	{ "MISCONF", AGENTRUN_ESTORAGE, false, true,
		"it cannot write to its disk, and takes nothing" },
	{ "WRONGTYPE", AGENTRUN_ESTORAGE, false, false,
		"a key of ours holds another type: rename redis.job_queue or redis.stream" },
	{ "NOAUTH", AGENTRUN_ESTORAGE, true, false, "it wants redis.password" },
	{ "WRONGPASS", AGENTRUN_ESTORAGE, true, false,
		"redis.username or redis.password is wrong" },
	{ "NOPERM", AGENTRUN_ESTORAGE, false, false, "the user lacks a permission" },
	{ "CROSSSLOT", AGENTRUN_ESTORAGE, false, false,
		"a cluster wants one hash tag in all names, as in {agent}:jobs" },
	{ "MOVED", AGENTRUN_ESTORAGE, false, false,
		"the keys are on another node of the cluster: name that one" },
	{ "unknown command", AGENTRUN_ESTORAGE, false, false,
		"Redis 6.2 or later is wanted" },
	{ "max number of clients", AGENTRUN_EBACKEND, true, true,
		"it has too many clients" },
};

/* Redis 6 has the code of a fault inside a script further behind. */
static const struct fault *fault_of(const char *text)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const char *at = strstr(text, faults[i].code);

		if (at && (at == text || at[-1] == ' ' || at[-1] == '-'))
			return &faults[i];
	}
	return NULL;
}

int redis_conn_fault(redis_conn *conn, const redisReply *reply, agentrun_error **err)
{
	const struct fault *fault;
	bool mine = err && !*err;

	if (!reply || reply->type != REDIS_REPLY_ERROR)
		return 0;
	fault = fault_of(reply->str);
	if (!fault)
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE, "redis at %s: %.300s",
			conn->address->label, reply->str);
	conn->broken = conn->broken || fault->leave;
	agentrun_error_raise(err, fault->kind, "redis at %s: %s (%.200s)",
		conn->address->label, fault->advice, reply->str);
	if (mine)
		agentrun_error_set_retry(*err, fault->retryable, 0);
	return fault->kind;
}
