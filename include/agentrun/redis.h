/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The queue, the store and the limits in Redis 6.2 or later (libagentrun-redis). Jobs come
 * as items of a list, as entries of a stream, or both.
 *
 * Every key is made from names of the configuration, so that a hash tag in them
 * (`{agent}:jobs`) keeps a job's keys in one cluster slot. Below, B is
 * `redis.job_queue` without a final `:jobs`, P is `redis.result_queue_prefix`,
 * S is `redis.stream`, G is S, a colon and `redis.consumer_group`.
 *
 * Both modes:
 *
 *     P:JOB_ID           list of one result message; expires after result_ttl_ms
 *
 * List mode; C is a consumer:
 *
 *     B:jobs             list of job messages: RPUSH to it
 *     B:processing:C     list of the messages that C has in hand
 *     B:consumers        sorted set of consumers by when their heartbeat lapses
 *     B:leases           sorted set of leases by when they lapse
 *     B:held:C           hash: lease -> what is known of it
 *     B:delayed          sorted set of retries by when they are due
 *     B:dead             list of dead letters, JSON: job_id, reason, deliveries,
 *                        retries, dead_at, payload
 *     B:cancelled        sorted set of job ids
 *     B:journal:JOB_ID   hash of finished tool calls, for the worker; removed when
 *                        the job is accepted or rejected, if B:journals, a set,
 *                        has the job's id
 *     B:returned, B:popped, B:done, B:done:old, B:settled:CALL, B:acted:CALL,
 *     B:sweep, B:scan    counts of messages that came back, what was sent twice,
 *                        what was done for want of whose answer it may be asked
 *                        again (ten minutes), housekeeping
 *
 * Stream mode:
 *
 *     S                  stream of tasks, its only field `token`; entries are
 *                        acknowledged, not deleted
 *     S:dead             stream of dead letters: the fields of the entry, then
 *                        job_id, reason, deliveries, retries, dead_at
 *     completion_signals list of completions (redis.completion_queue)
 *     ir:RUN_ID          read: the run's workflow
 *     G:leases, G:held, G:ready, G:delayed, G:retries, G:consumers, G:cancelled,
 *     G:journal:JOB_ID, G:journals, G:popped, G:done, G:done:old, G:settled:CALL,
 *     G:acted:CALL, G:sweep, G:scan
 *
 * The store:
 *
 *     B:record:ID        hash: a record, a field a member that is set
 *     B:record-of:JOB_ID the result_id of a job's record
 *     B:records          sorted set of records by when they were created
 *     cas:sha256:HEX     a blob, up to 512 MiB; B:blobs is the set of those that it put,
 *                        B:blobs-put a sorted set of them by when they were last put
 *     B:upload:N         a blob on its way in, for an hour after its last part
 *     cas:ID             the result data of the record ID, as below
 *     context:RUN_ID     hash, field NODE_ID:output: a ref, whose JSON is at
 *                        cas:REF; set for a completed record with both ids, and read
 *                        by the queue for agentrun_queue_node_output()
 *
 * Limits:
 *
 *     B:limit:KEY:NAME   what is counted of the limit of that key of the configuration for
 *                        that user or workflow; a budget's ends in a colon and the day's
 *                        number; it, and rate_limit.global's, have one more, with :held
 *                        behind it; they expire
 */
#ifndef AGENTRUN_REDIS_H
#define AGENTRUN_REDIS_H

#include <agentrun/config.h>
#include <agentrun/queue.h>
#include <agentrun/store.h>
#include <agentrun/sys/limits.h>

AGENTRUN_BEGIN_DECLS

/** Text is borrowed for the call. Fields are only ever appended. */
typedef struct agentrun_redis_queue_options {
	size_t struct_size; /**< set by agentrun_redis_queue_options_init() */
	/** Its keys `redis` and `queue` say what is not set below; NULL: the defaults. */
	const agentrun_config *config;
	const char *url;            /**< `redis://[[user]:password@]host[:port][/db]`,
	                                 `rediss://…`, `unix:///path[?db=N]` */
	const char *mode;           /**< "list", "stream", "both" */
	const char *job_queue;
	const char *result_queue_prefix;
	const char *stream;
	const char *consumer_group;
	const char *completion_queue;
	const char *consumer;       /**< unique; NULL: host, process and a random number */
	int64_t lease_ms;           /**< of an acquire that says 0 */
	int64_t result_ttl_ms;      /**< init: 86400000 */
	uint32_t max_deliveries;    /**< then a job is a dead letter */
	uint32_t reserved;          /**< 0 */
	/* fields above: 0.1 */
} agentrun_redis_queue_options;

AGENTRUN_API void agentrun_redis_queue_options_init(agentrun_redis_queue_options *opts,
	size_t struct_size);

/**
 * A queue in Redis. It connects when it is first used and again whenever the
 * connection is lost: each call tries for up to `redis.timeout`, and once more where the
 * first connection gave no answer, then fails with AGENTRUN_EBACKEND, which may be tried
 * again. What Redis refuses (a wrong
 * password, no memory left, a key of another type) is AGENTRUN_ESTORAGE.
 *
 * agentrun_queue_result() reads a result and leaves it for others; who takes
 * results with BLPOP takes it away from all. A job that is delivered too often
 * gets a result of status `failed`.
 *
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ECONFIG (a wrong url, TLS that is not
 *         built in), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_redis_queue_new(agentrun_queue **out,
	const agentrun_redis_queue_options *opts, agentrun_error **err);

/** Text is borrowed for the call. Fields are only ever appended. */
typedef struct agentrun_redis_store_options {
	size_t struct_size; /**< set by agentrun_redis_store_options_init() */
	const agentrun_config *config; /**< its key `redis`; NULL: the defaults */
	const char *url;       /**< as for a queue */
	const char *job_queue; /**< names the keys, as for a queue */
	const agentrun_store_options *store; /**< of every store; NULL: its defaults */
	/* fields above: 0.1 */
} agentrun_redis_store_options;

AGENTRUN_API void agentrun_redis_store_options_init(agentrun_redis_store_options *opts,
	size_t struct_size);

/**
 * A store in Redis. It connects as a queue does. It is as durable as the server's
 * persistence (appendonly) makes it.
 *
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ECONFIG, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_redis_store_new(agentrun_store **out,
	const agentrun_redis_store_options *opts, agentrun_error **err);

/** Text is borrowed for the call. Fields are only ever appended. */
typedef struct agentrun_redis_limits_options {
	size_t struct_size; /**< set by agentrun_redis_limits_options_init() */
	const agentrun_config *config; /**< its keys `redis` and `rate_limit`; NULL: the
	                                    defaults */
	const char *url;       /**< as for a queue */
	const char *job_queue; /**< names the keys, as for a queue */
	int64_t lease_ms;      /**< init: 0, `rate_limit.lease_sec` */
	/* fields above: 0.1 */
} agentrun_redis_limits_options;

AGENTRUN_API void agentrun_redis_limits_options_init(agentrun_redis_limits_options *opts,
	size_t struct_size);

/**
 * Limits that every process which uses the same server and names shares, for
 * agentrun_ctx_set_limits(). Each call of take() is one script, so all or nothing whoever
 * else comes at the same time, by the server's clock.
 *
 * It connects when it is first used. take() waits for the answer of the server, up to a
 * second (or `redis.timeout`, if that is less), and so long once more where a connection gave
 * none, then fails with AGENTRUN_EBACKEND, which may be tried again. What is settled, and the leases, are told to the server by a thread of
 * its own, in batches; without a connection it keeps them, and tries again until it is
 * freed. A process that is killed holds nothing once its leases are over.
 *
 * @param impl static
 * @param self yours: give it away or call (*impl)->destroy(); NULL on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ECONFIG, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_redis_limits_new(const agentrun_limits_impl **impl, void **self,
	const agentrun_redis_limits_options *opts, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
