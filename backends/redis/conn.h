/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * conn - one connection to Redis: commands are written one behind the other, then
 * sent, then each has its reply. hiredis reads the replies; the socket is ours, so
 * that no write raises SIGPIPE and every wait has an end.
 *
 * A connection that is `broken` has lost its place, or its server is not the one
 * that is wanted any more: it is closed, not used again.
 */
#ifndef REDIS_CONN_H
#define REDIS_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include <agentrun/sys/error.h>

#include "scripts.h"

/* Where the server is and how to enter. */
typedef struct redis_address {
	char *host, *path; /* one of them */
	int port;
	int db;
	char *user, *password; /* or NULL */
	bool tls;
	int timeout_ms;    /* to connect, and to answer */
	char *label;       /* "127.0.0.1:6379", for messages */
} redis_address;

/* Read redis://, rediss:// or unix:// into what is zeroed. */
int redis_address_parse(redis_address *out, const char *url, agentrun_error **err);
/* Make the label, and refuse what this build cannot do. */
int redis_address_finish(redis_address *address, agentrun_error **err);
void redis_address_free(redis_address *address);

typedef struct redis_conn {
	struct redis_conn *next; /* in the pool */
	const redis_address *address;
	int fd;
	redisReader *reader;
	struct redis_tls *tls; /* or NULL */
	char *out;
	size_t out_len, out_cap;
	bool out_of_memory;    /* a command is missing in `out` */
	bool broken;
	size_t sent;           /* bytes that no answer came to yet */
	bool once;             /* what was sent must not be sent again */
	char id[24];           /* what CLIENT UNBLOCK knows it by */
	char sha[REDIS_SCRIPTS][41];
} redis_conn;

int redis_conn_open(redis_conn **out, const redis_address *address,
	agentrun_error **err);
void redis_conn_free(redis_conn *conn); /* NULL ok */
/* Is the other end still there, as far as is known here? */
bool redis_conn_is_alive(const redis_conn *conn);

/* Write a command: say of how many words it is, then the words. */
void redis_conn_begin(redis_conn *conn, size_t words);
void redis_conn_word(redis_conn *conn, const char *text);
void redis_conn_bytes(redis_conn *conn, const char *bytes, size_t len);
void redis_conn_int(redis_conn *conn, int64_t number);
/* The beginning of a call of a script: three words, to be followed by `keys` keys
 * and `args` arguments. */
void redis_conn_script(redis_conn *conn, int script, size_t keys, size_t args);

/* Send what was written. */
int redis_conn_send(redis_conn *conn, agentrun_error **err);
/* The next reply, also one that tells of a fault; yours: freeReplyObject().
 * `patience_ms` is given on top of the address' timeout. */
int redis_conn_reply(redis_conn *conn, redisReply **out, int64_t patience_ms,
	agentrun_error **err);
/* The next reply if there is one by now. `*out` NULL: not yet. Does not wait. */
int redis_conn_try_reply(redis_conn *conn, redisReply **out, agentrun_error **err);
/* Send, and the reply of the one command that was written; a reply that tells of
 * a fault is one of ours. */
int redis_conn_call(redis_conn *conn, redisReply **out, agentrun_error **err);

/* What a reply tells of a fault, as an error of ours; 0 when it does not. `conn`
 * is broken where another one may do better. */
int redis_conn_fault(redis_conn *conn, const redisReply *reply, agentrun_error **err);

#endif
