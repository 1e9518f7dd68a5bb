/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A program of somebody else: it knows the installed headers and what pkg-config
 * says, nothing more. check.sh builds it with and without the other libraries.
 */
#include <stdio.h>
#include <string.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/error.h>
#ifdef WITH_SQLITE
#include <agentrun/sqlite.h>
#endif
#ifdef WITH_FS
#include <agentrun/fs.h>
#endif
#ifdef WITH_POSTGRES
#include <agentrun/postgres.h>
#endif
#ifdef WITH_HTTP
#include <agentrun/http.h>
#endif
#ifdef WITH_REDIS
#include <agentrun/redis.h>
#endif
#ifdef WITH_CONFORMANCE
#include <agentrun/conformance.h>
#endif

static int run_job(agentrun_ctx *ctx, agentrun_store *store, agentrun_error **err)
{
	static const char job[] = "{\"job_id\":\"consumer\",\"prompt\":\"count rows\","
		"\"context\":{\"data\":[{\"a\":1},{\"a\":2}]}}";
	agentrun_engine_options opts;
	agentrun_result *result = NULL;
	const char *data;
	int r;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	r = agentrun_run(&result, ctx, job, sizeof(job) - 1, &opts, err);
	if (r < 0)
		return r;
	data = agentrun_result_data(result, NULL);
	if (!data || strcmp(data, "[{\"count\":2}]") != 0)
		r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "wrong data: %s",
			agentrun_result_payload(result, NULL));
	agentrun_result_free(result);
	return r;
}

/* The library's own transport is in it: a private address is refused by it. */
static int refuse_private(agentrun_ctx *ctx, agentrun_error **err)
{
	static const char pipeline[] =
		"[{\"step\":\"http_request\",\"url\":\"http://127.0.0.1:9/\"}]";
	agentrun_buf out = AGENTRUN_BUF_INIT;
	int r = agentrun_execute_pipeline(&out, ctx, pipeline, sizeof(pipeline) - 1, NULL,
		NULL);

	agentrun_buf_dispose(&out);
	return r == AGENTRUN_EPOLICY ? 0 : agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"a request to 127.0.0.1 ended with %d", r);
}

static int open_store(agentrun_store **out, const char *path, agentrun_error **err)
{
#ifdef WITH_SQLITE
	agentrun_sqlite_store_options opts;

	agentrun_sqlite_store_options_init(&opts, sizeof(opts));
	opts.path = path;
	return agentrun_sqlite_store_new(out, &opts, err);
#elif defined(WITH_FS)
	agentrun_memory_store_options memory;
	agentrun_fs_blobs_options blobs;
	agentrun_store_options opts;
	int r;

	agentrun_fs_blobs_options_init(&blobs, sizeof(blobs));
	blobs.path = path;
	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = 1;
	agentrun_memory_store_options_init(&memory, sizeof(memory));
	memory.store = &opts;
	r = agentrun_fs_blobs_new(&opts.take_blobs, &blobs, err);
	return r < 0 ? r : agentrun_memory_store_new(out, &memory, err);
#else
	(void)path;
	return agentrun_memory_store_new(out, NULL, err);
#endif
}

#ifdef WITH_CONFORMANCE
static int open_memory(void *user, agentrun_store **out,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_memory_store_options opts;

	(void)user;
	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = store;
	return agentrun_memory_store_new(out, &opts, err);
}

static void forget(void *user)
{
	(void)user;
}

static int check_memory(agentrun_error **err)
{
	const agentrun_conformance_store memory = { .struct_size = sizeof(memory),
		.open = open_memory, .reset = forget };
	int failed = agentrun_conformance_check_store(&memory);

	return failed ? agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"%d checks failed", failed) : 0;
}
#endif

#ifdef WITH_HTTP
static int serve(agentrun_ctx *ctx, agentrun_error **err)
{
	agentrun_http_server_options opts;
	agentrun_http_server *server = NULL;
	agentrun_worker *worker = NULL;
	agentrun_queue *queue = NULL;
	int r = agentrun_memory_queue_new(&queue, NULL, err);

	agentrun_http_server_options_init(&opts, sizeof(opts));
	opts.port = 0;
	if (r == 0)
		r = agentrun_worker_new(&worker, ctx, queue, NULL, err);
	if (r == 0)
		r = agentrun_http_server_new(&server, ctx, worker, &opts, err);
	agentrun_http_server_free(server);
	agentrun_worker_free(worker);
	agentrun_queue_free(queue);
	return r;
}
#endif

#ifdef WITH_REDIS
/* No server is there: it is the linking that counts. */
static int check_redis(agentrun_error **err)
{
	agentrun_redis_queue_options opts;
	agentrun_queue_stats stats = { .struct_size = sizeof(stats) };
	agentrun_queue *queue = NULL;
	int r;

	agentrun_redis_queue_options_init(&opts, sizeof(opts));
	opts.url = "redis://127.0.0.1:9";
	r = agentrun_redis_queue_new(&queue, &opts, err);
	if (r == 0 && agentrun_queue_stats_read(&stats, queue, NULL) != AGENTRUN_EBACKEND)
		r = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "port 9 gave an answer");
	agentrun_queue_free(queue);
	return r;
}
#endif

#ifdef WITH_POSTGRES
/* Nobody is there, and it says so. */
static int check_postgres(agentrun_error **err)
{
	agentrun_postgres_store_options opts;
	agentrun_records *records;
	agentrun_store *store;
	int r;

	agentrun_postgres_store_options_init(&opts, sizeof(opts));
	opts.url = "postgresql://127.0.0.1:1/none";
	r = agentrun_postgres_store_new(&store, &opts, err);
	if (r < 0)
		return r;
	r = agentrun_store_list(&records, store, NULL, NULL);
	agentrun_store_free(store);
	return r == AGENTRUN_EBACKEND ? 0 : agentrun_error_raise(err, AGENTRUN_EINTERNAL,
		"a server that is not there answered with %d", r);
}
#endif

int main(int argc, char **argv)
{
	agentrun_ctx *ctx = NULL;
	agentrun_store *store = NULL;
	agentrun_error *err = NULL;
	int r = strcmp(agentrun_version(), AGENTRUN_VERSION) == 0 ? 0 : 1;

	if (r == 0)
		r = agentrun_ctx_new(&ctx, NULL, &err);
	if (r == 0)
		r = open_store(&store, argc > 1 ? argv[1] : "", &err);
	if (r == 0)
		r = run_job(ctx, store, &err);
	if (r == 0)
		r = refuse_private(ctx, &err);
#ifdef WITH_HTTP
	if (r == 0)
		r = serve(ctx, &err);
#endif
#ifdef WITH_REDIS
	if (r == 0)
		r = check_redis(&err);
#endif
#ifdef WITH_POSTGRES
	if (r == 0)
		r = check_postgres(&err);
#endif
#ifdef WITH_CONFORMANCE
	if (r == 0)
		r = check_memory(&err);
#endif
	agentrun_store_free(store);
	agentrun_ctx_free(ctx);
	printf("%s\n", err ? agentrun_error_message(err) : r == 0 ? "fine" : "not fine");
	agentrun_error_free(err);
	return r == 0 ? 0 : 1;
}
