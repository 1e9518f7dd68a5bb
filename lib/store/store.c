/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include <agentrun/sys/store.h>

/* What is asked for at once, of a blob that is read whole: most are short. */
#define FIRST_PIECE ((size_t)64 << 10)
#define PIECE ((size_t)1 << 20)

#define HEX_LEN (AGR_SHA256_HEX - 1)

static const agentrun_store_options store_defaults = { .max_inline_bytes = 10485760 };
static const agentrun_store_query query_defaults = { .limit = 100 };

void agentrun_store_options_init(agentrun_store_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &store_defaults, sizeof(store_defaults));
}

void agentrun_store_query_init(agentrun_store_query *query, size_t struct_size)
{
	agentrun_options_init(query, struct_size, &query_defaults, sizeof(query_defaults));
}

static bool is_partial(const agentrun_store_impl *impl)
{
	int n = (impl->blob_begin != NULL) + (impl->blob_add != NULL) +
		(impl->blob_finish != NULL) + (impl->blob_drop != NULL);

	return n != 0 && n != 4;
}

int agentrun_store_new(agentrun_store **out, const agentrun_store_impl *impl,
	void *take_self, const agentrun_store_options *opts, agentrun_error **err)
{
	agentrun_store *store;
	int r;

	*out = NULL;
	store = calloc(1, sizeof(*store));
	if (!store)
		return agr_error_oom(err);
	store->opts = store_defaults;
	r = agentrun_options_read(&store->opts, sizeof(store->opts), opts,
		"agentrun_store_options", err);
	if (r == 0)
		r = agr_impl_read(&store->impl, sizeof(store->impl), impl,
			AGENTRUN_STORE_IMPL_VERSION, "agentrun_store_impl", err);
	if (r == 0 && is_partial(&store->impl))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_store_impl has only some of blob_begin, blob_add, blob_finish, "
			"blob_drop");
	if (r == 0 && (!store->impl.name || !store->impl.put || !store->impl.get ||
		!store->impl.list || !store->impl.put_blob ||
		(!store->impl.get_blob && !store->impl.read_blob) ||
		!store->impl.destroy))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_store_impl lacks a mandatory member");
	if (r == 0) {
		store->name = strdup(store->impl.name);
		store->impl.name = store->name;
		r = store->name ? 0 : agr_error_oom(err);
	}
	if (r < 0) {
		free(store);
		return r;
	}
	store->self = take_self;
	store->blobs = store->opts.take_blobs ? store->opts.take_blobs : store;
	*out = store;
	return 0;
}

void agentrun_store_free(agentrun_store *store)
{
	if (!store)
		return;
	store->impl.destroy(store->self);
	if (store->blobs != store)
		agentrun_store_free(store->blobs);
	free(store->name);
	free(store);
}

size_t agr_store_max_inline(const agentrun_store *store)
{
	return store->opts.max_inline_bytes;
}

bool agr_is_ref(const char *text)
{
	return agr_starts_with(text, AGR_ARTIFACT_PREFIX) ||
		agr_starts_with(text, AGR_CAS_PREFIX);
}

static int set(agentrun_record *record, int field, const char *text,
	agentrun_error **err)
{
	if (agentrun_record_set(record, field, text, text ? strlen(text) : 0) < 0)
		return agr_error_oom(err);
	return 0;
}

static int fill_in(agentrun_record *record, agentrun_error **err)
{
	char id[AGR_UUID_SIZE], now[AGR_TIME_SIZE];
	const char *job = agentrun_record_get(record, AGENTRUN_RECORD_JOB_ID, NULL);
	int r = 0;

	if (!job || !*job)
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "the record has no job_id");
	if (!agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL)) {
		r = agr_uuid_v7(id, err);
		if (r == 0)
			r = set(record, AGENTRUN_RECORD_RESULT_ID, id, err);
	}
	if (r == 0 && !agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL)) {
		agr_clock_iso8601(now, agr_clock_wall_ms());
		r = set(record, AGENTRUN_RECORD_CREATED_AT, now, err);
	}
	return r;
}

static int put_blob(agentrun_store *store, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	agentrun_store *to = store->blobs;

	return to->impl.put_blob(to->self, hex, data, len, err);
}

/* Result data that is too long for a record goes to a blob. */
static int spill(agentrun_store *store, agentrun_record *record,
	agentrun_error **err)
{
	char id[sizeof(AGR_SHA_PREFIX) + HEX_LEN] = AGR_SHA_PREFIX;
	const char *data;
	size_t len = 0;
	int r;

	data = agentrun_record_get(record, AGENTRUN_RECORD_RESULT_DATA, &len);
	if (!data || len <= store->opts.max_inline_bytes)
		return 0;
	agr_sha256_of(id + strlen(AGR_SHA_PREFIX), data, len);
	r = put_blob(store, id + strlen(AGR_SHA_PREFIX), data, len, err);
	if (r == 0)
		r = set(record, AGENTRUN_RECORD_CAS_ID, id, err);
	if (r == 0)
		r = set(record, AGENTRUN_RECORD_RESULT_DATA, NULL, err);
	return r;
}

int agr_store_give_ref(agentrun_buf *ref, const char *prefix, const char *id,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;

	agr_buf_str(&text, prefix);
	agr_buf_str(&text, id);
	return agr_buf_give(&text, ref, "ref", err);
}

bool agr_store_is_local(const agentrun_store *store)
{
	return strcmp(store->name, "memory") == 0;
}

int agr_store_put_many(agentrun_buf *refs, agentrun_store *store,
	agentrun_record *const *records, size_t n, agentrun_error **err)
{
	const agentrun_record *kept[AGR_STORE_MOST] = { NULL };
	agentrun_buf ids[AGR_STORE_MOST];
	int r = 0;

	for (size_t i = 0; i < n; i++)
		ids[i] = (agentrun_buf)AGENTRUN_BUF_INIT;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = fill_in(records[i], err);
		if (r == 0)
			r = spill(store, records[i], err);
		kept[i] = records[i];
	}
	if (r == 0)
		r = store->impl.put(store->self, ids, kept, n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = agr_store_give_ref(&refs[i], AGR_ARTIFACT_PREFIX, ids[i].data, err);
	for (size_t i = 0; i < n; i++) {
		agentrun_buf_dispose(&ids[i]);
		if (r < 0)
			agentrun_buf_dispose(&refs[i]);
	}
	return r;
}

int agentrun_store_put(agentrun_buf *ref, agentrun_store *store,
	agentrun_record *record, agentrun_error **err)
{
	return agr_store_put_many(ref, store, &record, 1, err);
}

static bool is_hex(const char *text)
{
	return strlen(text) == HEX_LEN &&
		strspn(text, "0123456789abcdef") == HEX_LEN;
}

int agr_store_read_digest(char hex[AGR_SHA256_HEX], const char *id, agentrun_error **err)
{
	if (!agr_starts_with(id, AGR_SHA_PREFIX) || !is_hex(id + strlen(AGR_SHA_PREFIX)))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"not a ref: cas://%.100s (it is cas://sha256: and 64 hex digits)", id);
	memcpy(hex, id + strlen(AGR_SHA_PREFIX), AGR_SHA256_HEX);
	return 0;
}

int agr_store_damaged(const char *hex, const char *is, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
		"the blob %s is damaged: its SHA-256 is %s", hex, is);
}

/* Of a backend that gives pieces alone. */
static int read_whole(agentrun_store *from, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	agr_buf all = AGR_BUF_INIT;
	size_t piece = FIRST_PIECE, n = piece;
	int r = 0;

	while (r == 0 && n == piece) {
		char *to;

		piece = all.len < PIECE ? FIRST_PIECE : PIECE;
		to = agr_buf_reserve(&all, piece);
		r = to ? from->impl.read_blob(from->self, hex, all.len, to, piece, &n, err)
		       : agr_error_oom(err);
		all.len += r == 0 ? n : 0;
	}
	agr_buf_add(&all, "", 0);
	if (r == 0)
		r = agr_buf_give(&all, out, "the blob", err);
	agr_buf_free(&all);
	return r;
}

int agr_store_get_blob(agentrun_store *store, const char *hex, agentrun_buf *out,
	agentrun_error **err)
{
	agentrun_store *from = store->blobs;
	char is[AGR_SHA256_HEX];
	int r = from->impl.get_blob ? from->impl.get_blob(from->self, out, hex, err)
				    : read_whole(from, out, hex, err);

	if (r < 0)
		return r;
	agr_sha256_of(is, out->data, out->len);
	if (strcmp(is, hex) == 0)
		return 0;
	agentrun_buf_dispose(out);
	return agr_store_damaged(hex, is, err);
}

int agentrun_store_get_record(agentrun_record **out, agentrun_store *store,
	const char *ref, agentrun_error **err)
{
	int r;

	*out = NULL;
	if (!agr_starts_with(ref, AGR_ARTIFACT_PREFIX))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"not a ref of a record: \"%.100s\" (it is artifact:// and a UUID)", ref);
	r = agentrun_record_new(out, err);
	if (r == 0)
		r = store->impl.get(store->self, *out, AGENTRUN_RECORD_RESULT_ID,
			ref + strlen(AGR_ARTIFACT_PREFIX), err);
	if (r < 0) {
		agentrun_record_free(*out);
		*out = NULL;
	}
	return r;
}

int agentrun_store_find_job(agentrun_record **out, agentrun_store *store,
	const char *job_id, agentrun_error **err)
{
	int r;

	*out = NULL;
	r = agentrun_record_new(out, err);
	if (r == 0)
		r = store->impl.get(store->self, *out, AGENTRUN_RECORD_JOB_ID, job_id, err);
	if (r < 0) {
		agentrun_record_free(*out);
		*out = NULL;
	}
	return r;
}

/* A record's own data, or its blob. */
static int look_into(agentrun_store *store, const char *ref, agentrun_buf *out,
	char hex[AGR_SHA256_HEX], agentrun_error **err)
{
	agentrun_record *record;
	const char *data, *cas;
	size_t len = 0;
	int r = agentrun_store_get_record(&record, store, ref, err);

	if (r < 0)
		return r;
	data = agentrun_record_get(record, AGENTRUN_RECORD_RESULT_DATA, &len);
	cas = agentrun_record_get(record, AGENTRUN_RECORD_CAS_ID, NULL);
	if (!data && cas)
		r = agr_store_read_digest(hex, cas, err) < 0 ? AGENTRUN_EINVAL : 1;
	else if (agentrun_buf_set(out, data ? data : "null", data ? len : 4) < 0)
		r = agr_error_oom(err);
	agentrun_record_free(record);
	return r;
}

int agr_store_resolve(agentrun_store *store, const char *ref, agentrun_buf *out,
	char hex[AGR_SHA256_HEX], agentrun_error **err)
{
	if (agr_starts_with(ref, AGR_CAS_PREFIX))
		return agr_store_read_digest(hex, ref + strlen(AGR_CAS_PREFIX), err) < 0
			? AGENTRUN_EINVAL : 1;
	if (agr_starts_with(ref, AGR_ARTIFACT_PREFIX))
		return look_into(store, ref, out, hex, err);
	return agentrun_error_raise(err, AGENTRUN_EINVAL,
		"not a ref: \"%.100s\" (artifact://UUID or cas://sha256:HEX)", ref);
}

int agentrun_store_get(agentrun_buf *out, agentrun_store *store, const char *ref,
	agentrun_error **err)
{
	char hex[AGR_SHA256_HEX];
	int r = agr_store_resolve(store, ref, out, hex, err);

	return r == 1 ? agr_store_get_blob(store, hex, out, err) : r;
}

int agentrun_store_put_blob(agentrun_buf *ref, agentrun_store *store,
	const char *data, size_t len, agentrun_error **err)
{
	char hex[AGR_SHA256_HEX];
	int r;

	agr_sha256_of(hex, data, len);
	r = put_blob(store, hex, data, len, err);
	return r < 0 ? r : agr_store_give_ref(ref, AGR_CAS_PREFIX AGR_SHA_PREFIX, hex, err);
}

int agr_store_read_time(char out[AGR_TIME_SIZE], const char *text, const char *name,
	agentrun_error **err)
{
	int64_t ms;

	if (!agr_clock_parse(&ms, text))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"%s: \"%.60s\" is no time: write it as 2026-01-31T12:00:00Z", name, text);
	agr_clock_iso8601(out, ms < 0 ? 0 : ms);
	return 0;
}

int agentrun_store_list(agentrun_records **out, agentrun_store *store,
	const agentrun_store_query *query_in, agentrun_error **err)
{
	agentrun_store_query query = query_defaults;
	char since[AGR_TIME_SIZE], after[AGR_TIME_SIZE];
	int r;

	*out = NULL;
	r = agentrun_options_read(&query, sizeof(query), query_in, "agentrun_store_query", err);
	if (r == 0 && query.since) {
		r = agr_store_read_time(since, query.since, "since", err);
		query.since = since;
	}
	if (r == 0 && !query.after_created_at != !query.after_result_id)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_store_query has only one of after_created_at and after_result_id");
	if (r == 0 && query.after_created_at) {
		r = agr_store_read_time(after, query.after_created_at, "after", err);
		query.after_created_at = after;
	}
	if (r == 0)
		r = agentrun_records_new(out, err);
	if (r == 0)
		r = store->impl.list(store->self, *out, &query, err);
	if (r < 0) {
		agentrun_records_free(*out);
		*out = NULL;
	}
	return r;
}

int agentrun_store_migrate(agentrun_store *store, agentrun_error **err)
{
	int r = store->impl.migrate ? store->impl.migrate(store->self, err) : 0;

	return r == 0 && store->blobs != store ? agentrun_store_migrate(store->blobs, err) : r;
}
