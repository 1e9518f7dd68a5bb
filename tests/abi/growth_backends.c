/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Structs that grow, of stores and queues. */
#include "growth.h"

#include <agentrun/fs.h>
#include <agentrun/sys/queue.h>
#include <agentrun/sys/store.h>
#ifdef WITH_SQLITE
#include <agentrun/http.h>
#include <agentrun/sqlite.h>
#endif
#ifdef WITH_POSTGRES
#include <agentrun/postgres.h>
#endif
#ifdef WITH_REDIS
#include <agentrun/redis.h>
#endif
#ifdef WITH_CONFORMANCE
#include <agentrun/conformance.h>
#endif

/* ---- stores ---------------------------------------------------------------- */

static void store_options_init(void *s, size_t size)
{
	agentrun_store_options_init(s, size);
}

static int use_memory_store(const void *s)
{
	agentrun_store *store;
	int r = agentrun_memory_store_new(&store, s, NULL);

	agentrun_store_free(store);
	return r;
}

static int use_store_options(const void *s)
{
	agentrun_memory_store_options opts;

	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = s;
	return use_memory_store(&opts);
}

static void memory_store_init(void *s, size_t size)
{
	agentrun_memory_store_options_init(s, size);
}

static void store_query_init(void *s, size_t size)
{
	agentrun_store_query_init(s, size);
}

static int use_store_query(const void *s)
{
	agentrun_records *records = NULL;
	agentrun_store *store;
	int r = agentrun_memory_store_new(&store, NULL, NULL);

	if (r == 0)
		r = agentrun_store_list(&records, store, s, NULL);
	agentrun_records_free(records);
	agentrun_store_free(store);
	return r;
}

static void gc_options_init(void *s, size_t size)
{
	agentrun_store_gc_options_init(s, size);
}

static int use_gc_options(const void *s)
{
	agentrun_store *store;
	int r = agentrun_memory_store_new(&store, NULL, NULL);

	if (r == 0)
		r = agentrun_store_gc_with(NULL, NULL, store, s, NULL);
	agentrun_store_free(store);
	return r;
}

/* Any folder will do: nothing is put. */
static void fs_init(void *s, size_t size)
{
	static const char tmp[] = "/tmp";
	const char *path = tmp;

	agentrun_fs_blobs_options_init(s, size);
	memcpy((char *)s + offsetof(agentrun_fs_blobs_options, path), &path, sizeof(path));
}

static int use_fs(const void *s)
{
	agentrun_store *store;
	int r = agentrun_fs_blobs_new(&store, s, NULL);

	agentrun_store_free(store);
	return r;
}

#ifdef WITH_POSTGRES
static void postgres_init(void *s, size_t size)
{
	agentrun_postgres_store_options_init(s, size);
}

static int use_postgres(const void *s)
{
	agentrun_store *store;
	int r = agentrun_postgres_store_new(&store, s, NULL);

	agentrun_store_free(store);
	return r;
}
#endif

#ifdef WITH_HTTP
static void http_init(void *s, size_t size)
{
	int port = 0;

	agentrun_http_server_options_init(s, size);
	if (size >= offsetof(agentrun_http_server_options, port) + sizeof(port))
		memcpy((char *)s + offsetof(agentrun_http_server_options, port), &port, sizeof(port));
}

static int use_http(const void *s)
{
	agentrun_http_server *server = NULL;
	agentrun_worker *worker = NULL;
	agentrun_queue *queue = NULL;
	agentrun_ctx *ctx;
	int r = agentrun_ctx_new(&ctx, NULL, NULL);

	if (r == 0)
		r = agentrun_memory_queue_new(&queue, NULL, NULL);
	if (r == 0)
		r = agentrun_worker_new(&worker, ctx, queue, NULL, NULL);
	if (r == 0)
		r = agentrun_http_server_new(&server, ctx, worker, s, NULL);
	agentrun_http_server_free(server);
	agentrun_worker_free(worker);
	agentrun_queue_free(queue);
	agentrun_ctx_free(ctx);
	return r;
}
#endif

#ifdef WITH_SQLITE
/* The path is the first field that every version knows. */
static void sqlite_init(void *s, size_t size)
{
	static const char memory[] = ":memory:";
	const char *path = memory;

	agentrun_sqlite_store_options_init(s, size);
	memcpy((char *)s + offsetof(agentrun_sqlite_store_options, path), &path, sizeof(path));
}

static int use_sqlite(const void *s)
{
	agentrun_store *store;
	int r = agentrun_sqlite_store_new(&store, s, NULL);

	agentrun_store_free(store);
	return r;
}
#endif

static int never(void)
{
	return AGENTRUN_EBACKEND;
}

static void nothing(void *self)
{
	(void)self;
}

static int no_put(void *self, agentrun_buf *ids, const agentrun_record *const *records,
	size_t n, agentrun_error **err)
{
	(void)self, (void)ids, (void)records, (void)n, (void)err;
	return never();
}

static int no_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	(void)self, (void)into, (void)field, (void)key, (void)err;
	return never();
}

static int no_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	(void)self, (void)into, (void)query, (void)err;
	return never();
}

static int no_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	(void)self, (void)hex, (void)data, (void)len, (void)err;
	return never();
}

static int no_get_blob(void *self, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	(void)self, (void)out, (void)hex, (void)err;
	return never();
}

static void store_impl_init(void *s, size_t size)
{
	agentrun_store_impl impl = { .version = AGENTRUN_STORE_IMPL_VERSION,
		.struct_size = (uint32_t)size, .name = "growth", .put = no_put, .get = no_get,
		.list = no_list, .put_blob = no_put_blob, .get_blob = no_get_blob,
		.destroy = nothing };

	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static int use_store_impl(const void *s)
{
	agentrun_store *store;
	int r = agentrun_store_new(&store, s, NULL, NULL, NULL);

	/* What an older table lacks is not there. */
	MUST("agentrun_store_impl",
		r < 0 || agentrun_store_gc(NULL, NULL, store, NULL, NULL) == AGENTRUN_EINVAL);
	agentrun_store_free(store);
	return r;
}

/* ---- queues ---------------------------------------------------------------- */

static void memory_queue_init(void *s, size_t size)
{
	agentrun_memory_queue_options_init(s, size);
}

static int use_memory_queue(const void *s)
{
	agentrun_queue *queue;
	int r = agentrun_memory_queue_new(&queue, s, NULL);

	agentrun_queue_free(queue);
	return r;
}

static void dead_query_init(void *s, size_t size)
{
	agentrun_dead_query_init(s, size);
}

static int use_dead_query(const void *s)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_queue *queue;
	int r = agentrun_memory_queue_new(&queue, NULL, NULL);

	if (r == 0)
		r = agentrun_queue_dead_list(&out, queue, s, NULL);
	agentrun_buf_dispose(&out);
	agentrun_queue_free(queue);
	return r;
}

static int no_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	(void)self, (void)jobs, (void)err;
	return never();
}

static int no_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	(void)self, (void)into, (void)max, (void)lease_ms, (void)timeout_ms, (void)err;
	return never();
}

static int no_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	(void)self, (void)jobs, (void)err;
	return never();
}

static int no_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms,
	agentrun_error **err)
{
	(void)self, (void)jobs, (void)lease_ms, (void)err;
	return never();
}

/* A backend of this header's: it may write the whole struct. */
static int all_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err)
{
	(void)self, (void)err;
	stats->waiting = 1;
	stats->delayed = 2;
	stats->leased = 3;
	stats->dead = 4;
	return 0;
}

static void queue_impl_of(void *s, size_t size, uint32_t version)
{
	agentrun_queue_impl impl = { .version = version,
		.struct_size = (uint32_t)size, .name = "growth", .enqueue = no_enqueue,
		.acquire = no_acquire, .settle = no_settle, .renew = no_renew,
		.destroy = nothing, .stats = all_stats };

	memcpy(s, &impl, size < sizeof(impl) ? size : sizeof(impl));
}

static void queue_impl_init(void *s, size_t size)
{
	queue_impl_of(s, size, AGENTRUN_QUEUE_IMPL_VERSION);
}

static void first_queue_impl_init(void *s, size_t size)
{
	queue_impl_of(s, size, 1);
}

static int use_queue_impl(const void *s)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_queue *queue;
	int found, r = agentrun_queue_new(&queue, s, NULL, NULL);

	MUST("agentrun_queue_impl",
		r < 0 || agentrun_queue_cancel(queue, "a", NULL) == AGENTRUN_EINVAL);
	MUST("agentrun_queue_impl", r < 0 || agentrun_queue_journal_put(queue, "a", "l", "n",
		"", 0, NULL) == AGENTRUN_EINVAL);
	MUST("agentrun_queue_impl", r < 0 || agentrun_queue_node_output(&out, &found, queue,
		"r", "n", NULL) == AGENTRUN_EINVAL);
	agentrun_queue_free(queue);
	return r;
}

static void check_stats(void)
{
	static const char name[] = "agentrun_queue_stats";
	const size_t old = offsetof(agentrun_queue_stats, leased);
	agentrun_queue_stats seen = { 0 };
	char *older = malloc(old);
	struct {
		agentrun_queue_stats known;
		uint64_t later;
	} newer = { .known = { .struct_size = sizeof(newer) }, .later = 9 };
	agentrun_queue_impl impl;
	agentrun_queue *queue;

	queue_impl_init(&impl, sizeof(impl));
	if (!older || agentrun_queue_new(&queue, &impl, NULL, NULL) < 0)
		abort();
	memcpy(older, &old, sizeof(old));
	MUST(name, agentrun_queue_stats_read((void *)older, queue, NULL) == 0);
	memcpy(&seen, older, old);
	MUST(name, seen.struct_size == old && seen.waiting == 1 && seen.delayed == 2);
	MUST(name, agentrun_queue_stats_read(&newer.known, queue, NULL) == 0);
	MUST(name, newer.known.struct_size == sizeof(newer) && newer.known.dead == 4);
	MUST(name, newer.later == 0);
	newer.known.struct_size = 0;
	MUST(name, agentrun_queue_stats_read(&newer.known, queue, NULL) == AGENTRUN_EINVAL);
	agentrun_queue_free(queue);
	free(older);
}

/* ---- the suites ------------------------------------------------------------ */

#ifdef WITH_CONFORMANCE
static int cannot_open_store(void *user, agentrun_store **out,
	const agentrun_store_options *opts, agentrun_error **err)
{
	(void)user, (void)out, (void)opts, (void)err;
	return never();
}

static void check_store_init(void *s, size_t size)
{
	agentrun_conformance_store known = { .struct_size = size, .open = cannot_open_store,
		.reset = nothing };

	memcpy(s, &known, size < sizeof(known) ? size : sizeof(known));
}

/* Every check fails, as none can be run: the struct was taken. */
static int use_check_store(const void *s)
{
	int failed = agentrun_conformance_check_store(s);

	return failed > 0 ? 0 : failed < 0 ? failed : AGENTRUN_EINTERNAL;
}

static int cannot_open_queue(void *user, agentrun_queue **out, int64_t lease_ms,
	uint32_t max_deliveries, agentrun_error **err)
{
	(void)user, (void)out, (void)lease_ms, (void)max_deliveries, (void)err;
	return never();
}

static void check_queue_init(void *s, size_t size)
{
	agentrun_conformance_queue known = { .struct_size = size, .open = cannot_open_queue };

	memcpy(s, &known, size < sizeof(known) ? size : sizeof(known));
}

static int use_check_queue(const void *s)
{
	int failed = agentrun_conformance_check_queue(s);

	return failed > 0 ? 0 : failed < 0 ? failed : AGENTRUN_EINTERNAL;
}

static int cannot_open_limits(void *user, const agentrun_limits_impl **impl, void **self,
	int64_t lease_ms, agentrun_error **err)
{
	(void)user;
	(void)impl;
	(void)self;
	(void)lease_ms;
	return agentrun_error_raise(err, AGENTRUN_EBACKEND, "not here");
}

static void no_reset(void *user)
{
	(void)user;
}

static void check_limits_init(void *s, size_t size)
{
	agentrun_conformance_limits known = { .struct_size = size, .open = cannot_open_limits,
		.reset = no_reset };

	memcpy(s, &known, size < sizeof(known) ? size : sizeof(known));
}

static int use_check_limits(const void *s)
{
	int failed = agentrun_conformance_check_limits(s);

	return failed > 0 ? 0 : failed < 0 ? failed : AGENTRUN_EINTERNAL;
}

static void check_reserved(void)
{
	agentrun_conformance_limits limits;
	agentrun_conformance_queue known;

	check_limits_init(&limits, sizeof(limits));
	limits.reserved = 1;
	MUST("agentrun_conformance_limits",
		agentrun_conformance_check_limits(&limits) == AGENTRUN_EINVAL);

	check_queue_init(&known, sizeof(known));
	known.reserved = 1;
	MUST("agentrun_conformance_queue",
		agentrun_conformance_check_queue(&known) == AGENTRUN_EINVAL);
}
#endif

#ifdef WITH_REDIS
static void redis_queue_init(void *s, size_t size)
{
	agentrun_redis_queue_options_init(s, size);
}

static int use_redis_queue(const void *s)
{
	agentrun_queue *queue;
	int r = agentrun_redis_queue_new(&queue, s, NULL);

	agentrun_queue_free(queue);
	return r;
}

static void redis_store_init(void *s, size_t size)
{
	agentrun_redis_store_options_init(s, size);
}

static int use_redis_store(const void *s)
{
	agentrun_store *store;
	int r = agentrun_redis_store_new(&store, s, NULL);

	agentrun_store_free(store);
	return r;
}

static void redis_limits_init(void *s, size_t size)
{
	agentrun_redis_limits_options_init(s, size);
}

static int use_redis_limits(const void *s)
{
	const agentrun_limits_impl *impl;
	void *self;
	int r = agentrun_redis_limits_new(&impl, &self, s, NULL);

	if (r == 0)
		impl->destroy(self);
	return r;
}
#endif

static const struct subject subjects[] = {
	SUBJECT(agentrun_store_options, max_inline_bytes, store_options_init,
		use_store_options),
	SUBJECT(agentrun_memory_store_options, store, memory_store_init, use_memory_store),
	SUBJECT(agentrun_store_query, limit, store_query_init, use_store_query),
	SUBJECT(agentrun_store_query, after_created_at, store_query_init, use_store_query),
	SUBJECT(agentrun_store_options, take_blobs, store_options_init, use_store_options),
	SUBJECT(agentrun_store_gc_options, grace_ms, gc_options_init, use_gc_options),
	SUBJECT(agentrun_store_impl, migrate, store_impl_init, use_store_impl),
	SUBJECT(agentrun_store_impl, blob_begin, store_impl_init, use_store_impl),
	/* A shorter one would use the default folder. */
	{ "agentrun_fs_blobs_options", sizeof(agentrun_fs_blobs_options),
		sizeof(agentrun_fs_blobs_options), fs_init, use_fs },
#ifdef WITH_POSTGRES
	SUBJECT(agentrun_postgres_store_options, max_connections, postgres_init, use_postgres),
#endif
	SUBJECT(agentrun_memory_queue_options, max_deliveries, memory_queue_init,
		use_memory_queue),
	SUBJECT(agentrun_dead_query, offset, dead_query_init, use_dead_query),
	SUBJECT(agentrun_queue_impl, wakeup, queue_impl_init, use_queue_impl),
	SUBJECT(agentrun_queue_impl, journal_put, first_queue_impl_init, use_queue_impl),
#ifdef WITH_HTTP
	SUBJECT(agentrun_http_server_options, port, http_init, use_http),
#endif
#ifdef WITH_SQLITE
	SUBJECT(agentrun_sqlite_store_options, busy_timeout_ms, sqlite_init, use_sqlite),
#endif
#ifdef WITH_REDIS
	SUBJECT(agentrun_redis_queue_options, max_deliveries, redis_queue_init,
		use_redis_queue),
	SUBJECT(agentrun_redis_store_options, store, redis_store_init, use_redis_store),
	SUBJECT(agentrun_redis_limits_options, lease_ms, redis_limits_init, use_redis_limits),
#endif
#ifdef WITH_CONFORMANCE
	SUBJECT(agentrun_conformance_store, report, check_store_init, use_check_store),
	SUBJECT(agentrun_conformance_queue, report, check_queue_init, use_check_queue),
	SUBJECT(agentrun_conformance_limits, report, check_limits_init, use_check_limits),
#endif
};

int main(void)
{
	check_stats();
#ifdef WITH_CONFORMANCE
	check_reserved();
#endif
	return report(subjects, sizeof(subjects) / sizeof(subjects[0]));
}
