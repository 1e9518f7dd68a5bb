/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * loop - libcurl's multi interface driven by epoll: a turn costs what happened on the
 * sockets, not how many transfers wait for an answer.
 *
 * One thread's, but for agr_loop_wake(). Needs libcurl (transport_curl.c's alone).
 */
#ifndef AGR_LOOP_H
#define AGR_LOOP_H

#include <curl/curl.h>

#include "base/base.h"

typedef struct agr_loop {
	CURLM *multi;
	int epoll, wake; /* wake: an eventfd */
	int64_t due_ns;  /* when libcurl wants to be called (monotonic); -1: it does not */
	int64_t last_ns; /* when the last turn began */
	bool *wanted;    /* by descriptor: does libcurl want to know of it? */
	size_t n_wanted;
} agr_loop;

/* On failure agr_loop_close() is still due. */
int agr_loop_open(agr_loop *loop, agentrun_error **err);
void agr_loop_close(agr_loop *loop);

/* Let libcurl work on what happened, or wait up to `timeout_ms` (-1: as long as it takes)
 * for something to happen. With many transfers under way turns are kept some milliseconds
 * apart: libcurl looks at every stream of a connection for whatever comes on it, so to look
 * at ten answers at once costs a tenth. 0, or AGENTRUN_EINTERNAL. */
int agr_loop_turn(agr_loop *loop, size_t running, int timeout_ms, agentrun_error **err);
/* Let libcurl begin what was just added. */
void agr_loop_kick(agr_loop *loop);
/* End a wait, or the next one. Any thread. */
void agr_loop_wake(agr_loop *loop);

#endif
