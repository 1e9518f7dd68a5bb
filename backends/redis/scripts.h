/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* scripts - what Redis does in one piece: scripts/NAME.lua as text, made by
 * embed.py. What each takes and gives stands at its head. */
#ifndef REDIS_SCRIPTS_H
#define REDIS_SCRIPTS_H

/* Both modes have the same, in the same order. */
enum {
	REDIS_LIST_ACQUIRE,
	REDIS_LIST_SETTLE,
	REDIS_LIST_RENEW,
	REDIS_LIST_FORGET,
	REDIS_LIST_LEAVE,
	REDIS_LIST_STATS,
	REDIS_LIST_FIND,
	REDIS_LIST_DEAD,
	REDIS_LIST_JOURNAL,
	REDIS_STREAM_ACQUIRE,
	REDIS_STREAM_SETTLE,
	REDIS_STREAM_RENEW,
	REDIS_STREAM_FORGET,
	REDIS_STREAM_LEAVE,
	REDIS_STREAM_STATS,
	REDIS_STREAM_FIND,
	REDIS_STREAM_DEAD,
	REDIS_STREAM_JOURNAL,
	REDIS_STORE_PUT,
	REDIS_STORE_GC,
	REDIS_SCRIPTS
};

extern const char *const redis_scripts[REDIS_SCRIPTS];

#endif
