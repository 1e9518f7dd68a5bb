/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Puts results for as long as it lives, or looks whether they are what they should be;
 * kills.py kills it.
 *
 *     put BACKEND PLACE put ROUND      a line "JOB REF" for each that is kept
 *     put BACKEND PLACE check [gc]     reads such lines; says what is wrong, and how many
 *                                      records there are
 *
 * What a job's result is follows from its name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentrun/fs.h>
#include <agentrun/store.h>
#ifdef WITH_POSTGRES
#include <agentrun/postgres.h>
#endif
#ifdef WITH_REDIS
#include <agentrun/redis.h>
#endif
#ifdef WITH_SQLITE
#include <agentrun/sqlite.h>
#endif

#define INLINE_MOST 2000

static int fail(const char *what, agentrun_error *err)
{
	printf("%s: %s\n", what, err ? agentrun_error_message(err) : "?");
	agentrun_error_free(err);
	fflush(stdout);
	return EXIT_FAILURE;
}

/* ---- stores --------------------------------------------------------------- */

static int open_sqlite(agentrun_store **out, const char *path,
	const agentrun_store_options *opts, agentrun_error **err)
{
#ifdef WITH_SQLITE
	agentrun_sqlite_store_options sqlite;

	agentrun_sqlite_store_options_init(&sqlite, sizeof(sqlite));
	sqlite.path = path;
	sqlite.busy_timeout_ms = 30000;
	sqlite.store = opts;
	return agentrun_sqlite_store_new(out, &sqlite, err);
#else
	(void)out, (void)path, (void)opts, (void)err;
	return AGENTRUN_EINVAL;
#endif
}

static int open_fs(agentrun_store **out, const char *folder, agentrun_store_options *opts,
	agentrun_error **err)
{
	agentrun_fs_blobs_options fs;
	char blobs[300], records[300];
	int r;

	mkdir(folder, 0777);
	snprintf(blobs, sizeof(blobs), "%s/blobs", folder);
	snprintf(records, sizeof(records), "%s/records.db", folder);
	agentrun_fs_blobs_options_init(&fs, sizeof(fs));
	fs.path = blobs;
	r = agentrun_fs_blobs_new(&opts->take_blobs, &fs, err);
	return r < 0 ? r : open_sqlite(out, records, opts, err);
}

static int open_store(agentrun_store **out, const char *backend, const char *place,
	agentrun_error **err)
{
	agentrun_store_options opts;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = INLINE_MOST;
	if (strcmp(backend, "sqlite") == 0)
		return open_sqlite(out, place, &opts, err);
	if (strcmp(backend, "fs") == 0)
		return open_fs(out, place, &opts, err);
#ifdef WITH_POSTGRES
	if (strcmp(backend, "postgres") == 0) {
		agentrun_postgres_store_options postgres;

		agentrun_postgres_store_options_init(&postgres, sizeof(postgres));
		postgres.url = place;
		postgres.store = &opts;
		return agentrun_postgres_store_new(out, &postgres, err);
	}
#endif
#ifdef WITH_REDIS
	if (strcmp(backend, "redis") == 0) {
		agentrun_redis_store_options redis;

		agentrun_redis_store_options_init(&redis, sizeof(redis));
		redis.url = place;
		redis.store = &opts;
		return agentrun_redis_store_new(out, &redis, err);
	}
#endif
	return AGENTRUN_EINVAL;
}

/* ---- results -------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

/* A JSON string: mostly short, some in a blob, a few in several parts. */
static char *result_of(const char *job, size_t *len)
{
	uint64_t seed = 1469598103934665603ULL;
	char *text;

	for (const char *p = job; *p; p++)
		seed = (seed ^ (unsigned char)*p) * 1099511628211ULL;
	seed = mix(seed);
	*len = (size_t)(seed % 10 < 5 ? 50 + seed % 1000 : seed % 10 < 9 ? 3000 + seed % 60000
		: 1500000 + seed % 1500000);
	text = malloc(*len + 1);
	if (!text)
		abort();
	for (size_t i = 0; i < *len; i++) {
		if (i % 8 == 0)
			seed = mix(seed + i + 1);
		text[i] = (char)('a' + (seed >> i % 8 * 8 & 15));
	}
	text[0] = text[*len - 1] = '"';
	text[*len] = '\0';
	return text;
}

static int put_blob(agentrun_store *store, agentrun_record *record, const char *data,
	size_t len, agentrun_error **err)
{
	agentrun_store_writer *writer = NULL;
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	int r = agentrun_store_writer_new(&writer, store, err);

	for (size_t at = 0; r == 0 && at < len; at += 200000)
		r = agentrun_store_writer_add(writer, data + at,
			len - at < 200000 ? len - at : 200000, err);
	if (r == 0)
		r = agentrun_store_writer_finish(&ref, writer, err);
	if (r == 0)
		agentrun_record_set(record, AGENTRUN_RECORD_CAS_ID, ref.data + 6, ref.len - 6);
	agentrun_store_writer_free(writer);
	agentrun_buf_dispose(&ref);
	return r;
}

static int put(agentrun_store *store, const char *job, agentrun_buf *ref,
	agentrun_error **err)
{
	agentrun_record *record = NULL;
	size_t len;
	char *data = result_of(job, &len);
	int r = agentrun_record_new(&record, err);

	if (r == 0) {
		agentrun_record_set(record, AGENTRUN_RECORD_JOB_ID, job, strlen(job));
		agentrun_record_set(record, AGENTRUN_RECORD_STATUS, "completed", 9);
		if (len > 1000000)
			r = put_blob(store, record, data, len, err);
		else
			agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, data, len);
	}
	if (r == 0)
		r = agentrun_store_put(ref, store, record, err);
	agentrun_record_free(record);
	free(data);
	return r;
}

/* Some jobs are put again in every round. */
static int put_all(agentrun_store *store, const char *round)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	char job[100], line[200];

	for (int i = 0; i < 100000; i++) {
		int n;

		if (i % 4 == 3)
			snprintf(job, sizeof(job), "again-%d", i % 50);
		else
			snprintf(job, sizeof(job), "job-%s-%d", round, i);
		if (put(store, job, &ref, &err) < 0)
			return fail(job, err);
		n = snprintf(line, sizeof(line), "%s %s\n", job, ref.data);
		if (write(STDOUT_FILENO, line, (size_t)n) != n)
			return EXIT_FAILURE;
	}
	agentrun_buf_dispose(&ref);
	return EXIT_SUCCESS;
}

/* ---- checks --------------------------------------------------------------- */

static int is_right(agentrun_store *store, const char *job, const char *ref)
{
	agentrun_store_reader *reader = NULL;
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	size_t len, at = 0, n = 1;
	char *want = result_of(job, &len), part[70000];
	int r = agentrun_store_get(&data, store, ref, &err);

	if (r == 0 && (data.len != len || memcmp(data.data, want, len) != 0))
		r = -1;
	if (r == 0)
		r = agentrun_store_reader_new(&reader, store, ref, &err);
	while (r == 0 && n) {
		r = agentrun_store_reader_read(reader, part, sizeof(part), &n, &err);
		if (r == 0 && (n > len - at || memcmp(part, want + at, n) != 0))
			r = -1;
		at += n;
	}
	agentrun_store_reader_free(reader);
	agentrun_buf_dispose(&data);
	free(want);
	if (r < 0 || at != len) {
		printf("WRONG %s %s: %s\n", job, ref, err ? agentrun_error_message(err) :
			"another result");
		agentrun_error_free(err);
		return 0;
	}
	return 1;
}

/* What was acknowledged, from stdin: is it all there, under the ref that was told? */
static int check_acknowledged(agentrun_store *store)
{
	char job[100], ref[100], now[100];
	int wrong = 0;

	while (scanf("%99s %99s", job, ref) == 2) {
		agentrun_record *record = NULL;

		if (agentrun_store_find_job(&record, store, job, NULL) < 0) {
			printf("LOST %s %s\n", job, ref);
			wrong++;
			continue;
		}
		snprintf(now, sizeof(now), "artifact://%.60s",
			agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
		if (strcmp(now, ref) != 0) {
			printf("TWICE %s %s %s\n", job, ref, now);
			wrong++;
		}
		agentrun_record_free(record);
	}
	return wrong;
}

/* Is every record whole, whether or not it was acknowledged? */
static int check_records(agentrun_store *store, size_t *n, agentrun_error **err)
{
	agentrun_store_query query;
	agentrun_records *list = NULL;
	char ref[100];
	int wrong = 0;

	agentrun_store_query_init(&query, sizeof(query));
	query.limit = 0;
	if (agentrun_store_list(&list, store, &query, err) < 0)
		return -1;
	*n = agentrun_records_count(list);
	for (size_t i = 0; i < *n; i++) {
		const agentrun_record *record = agentrun_records_at(list, i);

		snprintf(ref, sizeof(ref), "artifact://%.60s",
			agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL));
		wrong += !is_right(store, agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL),
			ref);
	}
	agentrun_records_free(list);
	return wrong;
}

static int check(agentrun_store *store, int gc)
{
	agentrun_error *err = NULL;
	uint64_t blobs = 0;
	size_t n = 0;
	int wrong = 0, more;

	if (gc && agentrun_store_gc(NULL, &blobs, store, NULL, &err) < 0)
		return fail("gc", err);
	wrong = check_acknowledged(store);
	more = check_records(store, &n, &err);
	if (more < 0)
		return fail("list", err);
	printf("%zu records, %llu blobs of none, %d wrong\n", n, (unsigned long long)blobs,
		wrong + more);
	return wrong + more ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	agentrun_store *store = NULL;
	agentrun_error *err = NULL;
	int status;

	if (argc < 4)
		return 2;
	if (open_store(&store, argv[1], argv[2], &err) < 0)
		return fail("open", err);
	status = strcmp(argv[3], "put") == 0 ? put_all(store, argc > 4 ? argv[4] : "0")
					     : check(store, argc > 4);
	agentrun_store_free(store);
	return status;
}
