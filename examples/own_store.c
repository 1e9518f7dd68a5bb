/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Bring a store backend: a directory with a file a record and a file a blob.
 * One process may use a directory at a time.
 *
 *     cc -o own_store own_store.c \
 *             $(pkg-config --cflags --libs agentrun agentrun-conformance)
 *
 *     ./own_store DIRECTORY            run a job and keep its result there
 *     ./own_store --check DIRECTORY    does the backend do what it must?
 *
 * A record's file is named for its job and holds each field as its length (-1:
 * not set), a newline, the bytes and a newline.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <agentrun/agentrun.h>
#include <agentrun/conformance.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#define RECORD "record-"
#define BLOB "blob-"

struct place {
	char path[4096];
};

struct dir_store {
	pthread_mutex_t lock;
	char *dir;
};

/* ---- files -------------------------------------------------------------- */

static int fault(agentrun_error **err, const char *path)
{
	return agentrun_error_raise(err,
		errno == ENOENT ? AGENTRUN_ENOTFOUND : AGENTRUN_ESTORAGE, "%s: %s", path,
		strerror(errno));
}

static int place_of(struct place *out, const struct dir_store *d, const char *kind,
	const char *name, agentrun_error **err)
{
	size_t n = (size_t)snprintf(out->path, sizeof(out->path), "%s/%s%s", d->dir, kind, name);

	if (n < sizeof(out->path))
		return 0;
	return agentrun_error_raise(err, AGENTRUN_ESTORAGE, "the path %s is too long", d->dir);
}

/* A job's id may hold anything, a file's name may not. */
static int place_of_job(struct place *out, const struct dir_store *d, const char *job_id,
	agentrun_error **err)
{
	char hex[241];
	size_t len = strlen(job_id);

	if (len * 2 >= sizeof(hex))
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"a job_id of %zu bytes is too long for a file's name", len);
	hex[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)job_id[i]);
	return place_of(out, d, RECORD, hex, err);
}

static int read_file(agentrun_buf *out, const char *path, agentrun_error **err)
{
	FILE *in = fopen(path, "rb");
	struct stat st;
	char *data;
	int r = 0;

	if (!in)
		return fault(err, path);
	if (fstat(fileno(in), &st) < 0) {
		fclose(in);
		return fault(err, path);
	}
	data = malloc((size_t)st.st_size + 1);
	if (data && fread(data, 1, (size_t)st.st_size, in) < (size_t)st.st_size)
		r = fault(err, path);
	else if (!data || agentrun_buf_set(out, data, (size_t)st.st_size) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	free(data);
	fclose(in);
	return r;
}

/* Beside the place first, so that no reader ever sees half a file. */
static int write_file(const struct dir_store *d, const char *path, const char *data,
	size_t len, agentrun_error **err)
{
	struct place temp;
	FILE *out;
	int r = place_of(&temp, d, "new", "", err), bad;

	if (r < 0)
		return r;
	out = fopen(temp.path, "wb");
	if (!out)
		return fault(err, temp.path);
	bad = (len && fwrite(data, 1, len, out) < len) || fflush(out) == EOF ||
		fsync(fileno(out)) < 0;
	if (fclose(out) == EOF || bad || rename(temp.path, path) < 0) {
		r = fault(err, path);
		unlink(temp.path);
	}
	return r;
}

/* ---- records ------------------------------------------------------------ */

static int write_record(const struct dir_store *d, const char *path,
	const agentrun_record *record, agentrun_error **err)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int r;

	for (int i = 0; out && i < agentrun_record_field_count(); i++) {
		size_t len = 0;
		const char *field = agentrun_record_get(record, i, &len);

		fprintf(out, "%ld\n", field ? (long)len : -1L);
		fwrite(field ? field : "", 1, field ? len : 0, out);
		fputc('\n', out);
	}
	if (!out || fclose(out) == EOF)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	else
		r = write_file(d, path, text, size, err);
	free(text);
	return r;
}

static int read_record(agentrun_record *into, const char *path, int with_data,
	agentrun_error **err)
{
	agentrun_buf text = AGENTRUN_BUF_INIT;
	int r = read_file(&text, path, err);
	char *at = text.data, *end = at ? at + text.len : at;

	/* A file that an older library wrote ends before the newest fields. */
	for (int i = 0; r == 0 && at < end && i < agentrun_record_field_count(); i++) {
		long len = strtol(at, &at, 10);
		size_t n = len > 0 ? (size_t)len : 0;

		if (*at++ != '\n' || (size_t)(end - at) <= n || at[n] != '\n')
			r = agentrun_error_raise(err, AGENTRUN_ESTORAGE, "%s is damaged", path);
		else if (len >= 0 && (with_data || i != AGENTRUN_RECORD_RESULT_DATA) &&
			agentrun_record_set(into, i, at, n) < 0)
			r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
		at += n + 1;
	}
	agentrun_buf_dispose(&text);
	return r;
}

static int is(const agentrun_record *record, int field, const char *want)
{
	const char *have = agentrun_record_get(record, field, NULL);

	return !want || (have && strcmp(have, want) == 0);
}

/* All records that `fits` says yes to, without their data; in no order. */
static int find(const struct dir_store *d, agentrun_records *into,
	int (*fits)(const agentrun_record *record, const void *what), const void *what,
	agentrun_error **err)
{
	DIR *dir = opendir(d->dir);
	struct dirent *entry;
	int r = dir ? 0 : fault(err, d->dir);

	while (dir && r == 0 && (entry = readdir(dir))) {
		agentrun_record *record = NULL;
		struct place place;

		if (strncmp(entry->d_name, RECORD, strlen(RECORD)) != 0)
			continue;
		r = place_of(&place, d, "", entry->d_name, err);
		if (r == 0)
			r = agentrun_record_new(&record, err);
		if (r == 0)
			r = read_record(record, place.path, 0, err);
		if (r == 0 && fits(record, what)) {
			r = agentrun_records_add(into, record);
			record = r == 0 ? NULL : record;
		}
		agentrun_record_free(record);
	}
	if (dir)
		closedir(dir);
	return r;
}

/* ---- the table ---------------------------------------------------------- */

static int put_one(struct dir_store *d, const agentrun_record *record,
	agentrun_buf *result_id, agentrun_error **err)
{
	agentrun_record *kept = NULL;
	const agentrun_record *stays = record;
	const char *id;
	struct place place;
	int r = place_of_job(&place, d,
		agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL), err);

	if (r == 0)
		r = agentrun_record_new(&kept, err);
	if (r < 0)
		return r;
	if (access(place.path, F_OK) == 0)
		r = read_record(kept, place.path, 0, err);
	if (r == 0 && agentrun_record_get(kept, AGENTRUN_RECORD_STATUS, NULL) &&
		is(kept, AGENTRUN_RECORD_STATUS, "completed"))
		stays = kept;
	else if (r == 0)
		r = write_record(d, place.path, record, err);
	id = agentrun_record_get(stays, AGENTRUN_RECORD_RESULT_ID, NULL);
	if (r == 0 && agentrun_buf_set(result_id, id, strlen(id)) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	agentrun_record_free(kept);
	return r;
}

/* Several records at once would want a journal; the library puts one a call. */
static int dir_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct dir_store *d = self;
	int r;

	if (n != 1)
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"the directory store keeps one record at a time, not %zu", n);
	pthread_mutex_lock(&d->lock);
	r = put_one(d, records[0], result_ids, err);
	pthread_mutex_unlock(&d->lock);
	return r;
}

static int has_result_id(const agentrun_record *record, const void *what)
{
	return is(record, AGENTRUN_RECORD_RESULT_ID, what);
}

static int dir_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	struct dir_store *d = self;
	agentrun_records *found = NULL;
	struct place place;
	int r = agentrun_records_new(&found, err);

	pthread_mutex_lock(&d->lock);
	if (r == 0 && field == AGENTRUN_RECORD_RESULT_ID) {
		r = find(d, found, has_result_id, key, err);
		if (r == 0 && agentrun_records_count(found) == 0)
			r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "there is no %.100s", key);
		if (r == 0)
			key = agentrun_record_get(agentrun_records_at(found, 0),
				AGENTRUN_RECORD_JOB_ID, NULL);
	}
	if (r == 0)
		r = place_of_job(&place, d, key, err);
	if (r == 0)
		r = read_record(into, place.path, 1, err);
	pthread_mutex_unlock(&d->lock);
	agentrun_records_free(found);
	return r;
}

/* By time, and of one time by id. */
static int compare(const agentrun_record *a, const char *created_at, const char *result_id)
{
	const char *made = agentrun_record_get(a, AGENTRUN_RECORD_CREATED_AT, NULL);
	int order = strcmp(made ? made : "", created_at);

	return order ? order
		     : strcmp(agentrun_record_get(a, AGENTRUN_RECORD_RESULT_ID, NULL), result_id);
}

static int matches(const agentrun_record *record, const void *what)
{
	const agentrun_store_query *q = what;
	const char *made = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL);

	return is(record, AGENTRUN_RECORD_RUN_ID, q->run_id) &&
		is(record, AGENTRUN_RECORD_NODE_ID, q->node_id) &&
		is(record, AGENTRUN_RECORD_STATUS, q->status) &&
		(!q->since || (made && strcmp(made, q->since) >= 0)) &&
		(!q->after_created_at ||
			compare(record, q->after_created_at, q->after_result_id) < 0);
}

static int newest_first(const void *a, const void *b)
{
	const agentrun_record *first = *(agentrun_record *const *)a;

	return compare(*(agentrun_record *const *)b,
		agentrun_record_get(first, AGENTRUN_RECORD_CREATED_AT, NULL),
		agentrun_record_get(first, AGENTRUN_RECORD_RESULT_ID, NULL));
}

static int copy_to(agentrun_records *into, const agentrun_record *from)
{
	agentrun_record *copy = NULL;
	int r = agentrun_record_new(&copy, NULL);

	for (int i = 0; r == 0 && i < agentrun_record_field_count(); i++) {
		size_t len = 0;
		const char *text = agentrun_record_get(from, i, &len);

		r = agentrun_record_set(copy, i, text, len);
	}
	if (r == 0)
		r = agentrun_records_add(into, copy);
	if (r < 0)
		agentrun_record_free(copy);
	return r;
}

static int dir_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct dir_store *d = self;
	const agentrun_record **order = NULL;
	agentrun_records *found = NULL;
	size_t n = 0, taken = 0;
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err);

	if (r < 0)
		return r;
	r = agentrun_records_new(&found, err);
	pthread_mutex_lock(&d->lock);
	if (r == 0)
		r = find(d, found, matches, &q, err);
	pthread_mutex_unlock(&d->lock);
	if (r == 0) {
		n = agentrun_records_count(found);
		order = calloc(n + 1, sizeof(agentrun_record *));
		r = order ? 0 : AGENTRUN_ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < n; i++)
		order[i] = agentrun_records_at(found, i);
	if (r == 0)
		qsort(order, n, sizeof(agentrun_record *), newest_first);
	for (size_t i = q.offset; r == 0 && i < n; i++)
		if (!q.limit || taken++ < q.limit)
			r = copy_to(into, order[i]);
	free(order);
	agentrun_records_free(found);
	return r == AGENTRUN_ENOMEM ? agentrun_error_raise(err, r, "out of memory") : r;
}

static int dir_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct dir_store *d = self;
	struct place place;
	int r = place_of(&place, d, BLOB, hex, err);

	pthread_mutex_lock(&d->lock);
	if (r == 0 && access(place.path, F_OK) < 0)
		r = write_file(d, place.path, data, len, err);
	pthread_mutex_unlock(&d->lock);
	return r;
}

static int dir_get_blob(void *self, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	struct place place;
	int r = place_of(&place, self, BLOB, hex, err);

	return r < 0 ? r : read_file(out, place.path, err);
}

static void dir_destroy(void *self)
{
	struct dir_store *d = self;

	pthread_mutex_destroy(&d->lock);
	free(d->dir);
	free(d);
}

static const agentrun_store_impl dir_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(dir_impl),
	.name = "directory",
	.put = dir_put,
	.get = dir_get,
	.list = dir_list,
	.put_blob = dir_put_blob,
	.get_blob = dir_get_blob,
	.destroy = dir_destroy,
};

static int open_directory(void *user, agentrun_store **out,
	const agentrun_store_options *opts, agentrun_error **err)
{
	struct dir_store *d = calloc(1, sizeof(*d));
	int r;

	*out = NULL;
	if (!d || !(d->dir = strdup(user))) {
		free(d);
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	pthread_mutex_init(&d->lock, NULL);
	if (mkdir(d->dir, 0700) < 0 && errno != EEXIST)
		r = agentrun_error_raise(err, AGENTRUN_EBACKEND, "%s: %s", d->dir,
			strerror(errno));
	else
		r = agentrun_store_new(out, &dir_impl, d, opts, err);
	if (r < 0)
		dir_destroy(d);
	return r;
}

/* ---- the program -------------------------------------------------------- */

static void clear_directory(void *user)
{
	struct dir_store d = { .dir = user };
	DIR *dir = opendir(user);
	struct dirent *entry;
	struct place place;

	while (dir && (entry = readdir(dir)))
		if (strncmp(entry->d_name, RECORD, strlen(RECORD)) == 0 ||
			strncmp(entry->d_name, BLOB, strlen(BLOB)) == 0)
			if (place_of(&place, &d, "", entry->d_name, NULL) == 0)
				unlink(place.path);
	if (dir)
		closedir(dir);
}

static void report(void *user, const char *check, const char *failure)
{
	(void)user;
	printf("%s %s%s%s\n", failure ? "FAIL" : "ok", check, failure ? ": " : "",
		failure ? failure : "");
}

static int check(char *dir)
{
	const agentrun_conformance_store backend = { .struct_size = sizeof(backend),
		.user = dir, .open = open_directory, .reset = clear_directory, .is_durable = 1,
		.report = report };
	int failed = agentrun_conformance_check_store(&backend);

	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}

static int run_job(agentrun_ctx *ctx, agentrun_store *store, agentrun_error **err)
{
	static const char job[] = "{\"job_id\":\"hello\",\"prompt\":\"count rows\","
		"\"context\":{\"data\":[{\"a\":1},{\"a\":2},{\"a\":3}]}}";
	agentrun_engine_options opts;
	agentrun_record *record = NULL;
	agentrun_result *result = NULL;
	int r;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = store;
	r = agentrun_run(&result, ctx, job, sizeof(job) - 1, &opts, err);
	if (r == 0)
		r = agentrun_store_find_job(&record, store, "hello", err);
	if (r == 0)
		printf("%s %s\n", agentrun_record_get(record, AGENTRUN_RECORD_STATUS, NULL),
			agentrun_record_get(record, AGENTRUN_RECORD_RESULT_DATA, NULL));
	agentrun_record_free(record);
	agentrun_result_free(result);
	return r;
}

int main(int argc, char **argv)
{
	agentrun_error *err = NULL;
	agentrun_store *store = NULL;
	agentrun_ctx *ctx = NULL;
	int r;

	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return check(argv[2]);
	if (argc != 2) {
		fprintf(stderr, "usage: own_store [--check] DIRECTORY\n");
		return 2;
	}
	r = open_directory(argv[1], &store, NULL, &err);
	if (r == 0)
		r = agentrun_ctx_new(&ctx, NULL, &err);
	if (r == 0)
		r = run_job(ctx, store, &err);
	if (r < 0)
		fprintf(stderr, "%s\n", agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
	agentrun_store_free(store);
	return r < 0 ? 1 : 0;
}
