/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The store in this process' memory: an array of records with a hash index over
 * result ids and job ids, and blobs by digest. Records that arrive out of the order in
 * which they are listed are brought into it when they are listed.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <agentrun/memory.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#include "index.h"

struct blob {
	char *hex; /* stays in place: it is the index's key */
	char *data;
	size_t len;
	int64_t put_ms; /* last */
};

struct memory_store {
	pthread_mutex_t lock;
	agentrun_record **records;
	size_t n_records;
	bool unordered;
	memory_index by_result, by_job; /* to a place in records */
	struct blob *blobs;
	size_t n_blobs;
	memory_index by_hex;
};

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int copy_record(agentrun_record *to, const agentrun_record *from,
	int without, agentrun_error **err)
{
	for (int i = 0; i < agentrun_record_field_count(); i++) {
		size_t len = 0;
		const char *text = agentrun_record_get(from, i, &len);

		if (i != without && agentrun_record_set(to, i, text, len) < 0)
			return oom(err);
	}
	return 0;
}

static const char *text_of(const agentrun_record *record, int field)
{
	const char *text = agentrun_record_get(record, field, NULL);

	return text ? text : "";
}

static void index_record(struct memory_store *m, size_t at)
{
	memory_index_add(&m->by_result,
		text_of(m->records[at], AGENTRUN_RECORD_RESULT_ID), at);
	memory_index_add(&m->by_job, text_of(m->records[at], AGENTRUN_RECORD_JOB_ID), at);
}

static void unindex_record(struct memory_store *m, const agentrun_record *record)
{
	memory_index_remove(&m->by_result, text_of(record, AGENTRUN_RECORD_RESULT_ID));
	memory_index_remove(&m->by_job, text_of(record, AGENTRUN_RECORD_JOB_ID));
}

/* As text: times are all written in one way. */
static int compare(const agentrun_record *a, const char *created_at, const char *result_id)
{
	int order = strcmp(text_of(a, AGENTRUN_RECORD_CREATED_AT), created_at);

	return order ? order : strcmp(text_of(a, AGENTRUN_RECORD_RESULT_ID), result_id);
}

static int compare_records(const agentrun_record *a, const agentrun_record *b)
{
	return compare(a, text_of(b, AGENTRUN_RECORD_CREATED_AT),
		text_of(b, AGENTRUN_RECORD_RESULT_ID));
}

static int compare_places(const void *a, const void *b)
{
	return compare_records(*(agentrun_record *const *)a, *(agentrun_record *const *)b);
}

/* Is the record at `at` where it belongs? Look at both sides. */
static void note_order(struct memory_store *m, size_t at)
{
	if ((at && compare_records(m->records[at - 1], m->records[at]) > 0) ||
		(at + 1 < m->n_records && compare_records(m->records[at], m->records[at + 1]) > 0))
		m->unordered = true;
}

static void bring_into_order(struct memory_store *m)
{
	if (!m->unordered)
		return;
	qsort(m->records, m->n_records, sizeof(agentrun_record *), compare_places);
	memory_index_clear(&m->by_result);
	memory_index_clear(&m->by_job);
	for (size_t i = 0; i < m->n_records; i++)
		index_record(m, i);
	m->unordered = false;
}

static int add_record(struct memory_store *m, const agentrun_record *record,
	agentrun_error **err)
{
	agentrun_record **grown, *copy = NULL;
	int r;

	grown = realloc(m->records, (m->n_records + 1) * sizeof(agentrun_record *));
	if (!grown)
		return oom(err);
	m->records = grown;
	r = agentrun_record_new(&copy, err);
	if (r == 0)
		r = copy_record(copy, record, -1, err);
	if (r == 0 && (memory_index_reserve(&m->by_result) < 0 ||
		memory_index_reserve(&m->by_job) < 0))
		r = oom(err);
	if (r < 0) {
		agentrun_record_free(copy);
		return r;
	}
	grown[m->n_records] = copy;
	index_record(m, m->n_records++);
	note_order(m, m->n_records - 1);
	return 0;
}

/* What one put found: nothing, a record that stays, or one that gives way. */
static bool is_kept(const struct memory_store *m, const agentrun_record *record,
	size_t *at, bool *stays)
{
	if (!memory_index_find(&m->by_job, text_of(record, AGENTRUN_RECORD_JOB_ID), at))
		return false;
	*stays = strcmp(text_of(m->records[*at], AGENTRUN_RECORD_STATUS), "completed") == 0;
	return true;
}

static int replace_record(struct memory_store *m, size_t at,
	const agentrun_record *record, agentrun_error **err)
{
	agentrun_record *copy = NULL;
	int r = agentrun_record_new(&copy, err);

	if (r == 0)
		r = copy_record(copy, record, -1, err);
	if (r < 0) {
		agentrun_record_free(copy);
		return r;
	}
	unindex_record(m, m->records[at]);
	agentrun_record_free(m->records[at]);
	m->records[at] = copy;
	index_record(m, at);
	note_order(m, at);
	return 0;
}

static int put_one(struct memory_store *m, const agentrun_record *record,
	agentrun_buf *result_id, agentrun_error **err)
{
	const char *id = text_of(record, AGENTRUN_RECORD_RESULT_ID);
	bool stays = false;
	size_t at, other;
	bool found = is_kept(m, record, &at, &stays);

	if (found && stays)
		id = text_of(m->records[at], AGENTRUN_RECORD_RESULT_ID);
	else if (memory_index_find(&m->by_result, id, &other) && !(found && other == at))
		return agentrun_error_raise(err, AGENTRUN_ESTORAGE,
			"the result_id %s belongs to another job", id);
	if (agentrun_buf_set(result_id, id, strlen(id)) < 0)
		return oom(err);
	if (stays)
		return 0;
	if (found)
		return replace_record(m, at, record, err);
	return add_record(m, record, err);
}

static int memory_put(void *self, agentrun_buf *result_ids,
	const agentrun_record *const *records, size_t n, agentrun_error **err)
{
	struct memory_store *m = self;
	size_t before;
	int r = 0;

	pthread_mutex_lock(&m->lock);
	before = m->n_records;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = put_one(m, records[i], &result_ids[i], err);
	while (r < 0 && m->n_records > before) {
		unindex_record(m, m->records[--m->n_records]);
		agentrun_record_free(m->records[m->n_records]);
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int memory_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	struct memory_store *m = self;
	size_t at;
	int r;

	pthread_mutex_lock(&m->lock);
	if (memory_index_find(field == AGENTRUN_RECORD_JOB_ID ? &m->by_job : &m->by_result,
		key, &at))
		r = copy_record(into, m->records[at], -1, err);
	else
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no record has the %s %.100s",
			agentrun_record_field_name(field), key);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int wanted(const char *want, const agentrun_record *record, int field)
{
	return !want || strcmp(want, text_of(record, field)) == 0;
}

static int matches(const agentrun_store_query *q, const agentrun_record *record)
{
	return wanted(q->run_id, record, AGENTRUN_RECORD_RUN_ID) &&
		wanted(q->node_id, record, AGENTRUN_RECORD_NODE_ID) &&
		wanted(q->status, record, AGENTRUN_RECORD_STATUS) &&
		(!q->since ||
			strcmp(text_of(record, AGENTRUN_RECORD_CREATED_AT), q->since) >= 0) &&
		(!q->after_created_at ||
			compare(record, q->after_created_at, q->after_result_id) < 0);
}

static int memory_list(void *self, agentrun_records *into,
	const agentrun_store_query *query, agentrun_error **err)
{
	agentrun_store_query q = { .struct_size = sizeof(q) };
	struct memory_store *m = self;
	size_t taken = 0;
	int r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&m->lock);
	bring_into_order(m);
	for (size_t i = m->n_records; r == 0 && i > 0; i--) {
		agentrun_record *copy = NULL;

		if (q.limit && taken >= q.limit)
			break;
		if (!matches(&q, m->records[i - 1]) || (q.offset && q.offset--))
			continue;
		r = agentrun_record_new(&copy, err);
		if (r == 0)
			r = copy_record(copy, m->records[i - 1], AGENTRUN_RECORD_RESULT_DATA, err);
		if (r == 0 && agentrun_records_add(into, copy) < 0)
			r = oom(err);
		if (r < 0)
			agentrun_record_free(copy);
		taken++;
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int add_blob(struct memory_store *m, const char *hex, const char *data,
	size_t len, agentrun_error **err)
{
	struct blob *grown = realloc(m->blobs, (m->n_blobs + 1) * sizeof(*grown));
	struct blob *blob;

	if (!grown)
		return oom(err);
	m->blobs = grown;
	blob = &grown[m->n_blobs];
	blob->hex = strdup(hex);
	blob->data = malloc(len ? len : 1);
	if (!blob->hex || !blob->data || memory_index_reserve(&m->by_hex) < 0) {
		free(blob->hex);
		free(blob->data);
		return oom(err);
	}
	if (len)
		memcpy(blob->data, data, len);
	blob->len = len;
	blob->put_ms = now_ms();
	memory_index_add(&m->by_hex, blob->hex, m->n_blobs++);
	return 0;
}

static int memory_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	struct memory_store *m = self;
	size_t at;
	int r = 0;

	pthread_mutex_lock(&m->lock);
	if (!memory_index_find(&m->by_hex, hex, &at))
		r = add_blob(m, hex, data, len, err);
	else
		m->blobs[at].put_ms = now_ms();
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int memory_get_blob(void *self, agentrun_buf *out, const char *hex,
	agentrun_error **err)
{
	struct memory_store *m = self;
	size_t at;
	int r = 0;

	pthread_mutex_lock(&m->lock);
	if (!memory_index_find(&m->by_hex, hex, &at))
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s", hex);
	else if (agentrun_buf_set(out, m->blobs[at].data, m->blobs[at].len) < 0)
		r = oom(err);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int memory_read_blob(void *self, const char *hex, uint64_t offset, char *to,
	size_t cap, size_t *len, agentrun_error **err)
{
	struct memory_store *m = self;
	size_t at;
	int r = 0;

	*len = 0;
	pthread_mutex_lock(&m->lock);
	if (!memory_index_find(&m->by_hex, hex, &at)) {
		r = agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no blob is named %.100s", hex);
	} else if (offset < m->blobs[at].len) {
		*len = m->blobs[at].len - (size_t)offset;
		if (*len > cap)
			*len = cap;
		memcpy(to, m->blobs[at].data + offset, *len);
	}
	pthread_mutex_unlock(&m->lock);
	return r;
}

/* ---- keeping house ------------------------------------------------------- */

/* Drop records before `before`, keep the others in order, index them again. */
static int memory_remove_records(void *self, uint64_t *removed, const char *before,
	agentrun_error **err)
{
	struct memory_store *m = self;
	size_t kept = 0, n;

	(void)err;
	pthread_mutex_lock(&m->lock);
	n = m->n_records;
	memory_index_clear(&m->by_result);
	memory_index_clear(&m->by_job);
	for (size_t i = 0; i < n; i++) {
		agentrun_record *record = m->records[i];

		if (strcmp(text_of(record, AGENTRUN_RECORD_CREATED_AT), before) < 0) {
			agentrun_record_free(record);
			continue;
		}
		m->records[kept] = record;
		index_record(m, kept++);
	}
	m->n_records = kept;
	*removed = n - kept;
	pthread_mutex_unlock(&m->lock);
	return 0;
}

#define HEX_LEN 64
#define CAS "sha256:"

static int compare_digests(const void *a, const void *b)
{
	return memcmp(*(const char *const *)a, *(const char *const *)b, HEX_LEN);
}

static int memory_mark_blobs(void *self, const char *digests, size_t n,
	unsigned char *named, agentrun_error **err)
{
	struct memory_store *m = self;
	const char **sorted = malloc((n ? n : 1) * sizeof(*sorted));

	if (!sorted)
		return oom(err);
	for (size_t i = 0; i < n; i++)
		sorted[i] = digests + i * HEX_LEN;
	qsort(sorted, n, sizeof(*sorted), compare_digests);
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n_records; i++) {
		const char *cas = text_of(m->records[i], AGENTRUN_RECORD_CAS_ID);
		const char *const *found = NULL;

		cas = strncmp(cas, CAS, strlen(CAS)) == 0 ? cas + strlen(CAS) : "";
		if (strlen(cas) == HEX_LEN)
			found = bsearch(&cas, sorted, n, sizeof(*sorted), compare_digests);
		if (found)
			named[(size_t)(*found - digests) / HEX_LEN] = 1;
	}
	pthread_mutex_unlock(&m->lock);
	free(sorted);
	return 0;
}

static int memory_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	struct memory_store *m = self;
	int r = 0;

	(void)cursor; /* all of them at once */
	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; r == 0 && i < m->n_blobs; i++)
		if (m->blobs[i].put_ms < before_ms &&
			agentrun_buf_append(digests, m->blobs[i].hex, HEX_LEN) < 0)
			r = oom(err);
	pthread_mutex_unlock(&m->lock);
	return r;
}

static int memory_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	struct memory_store *m = self;
	size_t at;

	(void)err;
	*removed = 0;
	pthread_mutex_lock(&m->lock);
	if (memory_index_find(&m->by_hex, hex, &at) && m->blobs[at].put_ms < before_ms) {
		memory_index_remove(&m->by_hex, hex);
		free(m->blobs[at].hex);
		free(m->blobs[at].data);
		m->blobs[at] = m->blobs[--m->n_blobs];
		if (at < m->n_blobs) { /* the last one took its place */
			memory_index_remove(&m->by_hex, m->blobs[at].hex);
			memory_index_add(&m->by_hex, m->blobs[at].hex, at);
		}
		*removed = 1;
	}
	pthread_mutex_unlock(&m->lock);
	return 0;
}

static void memory_destroy(void *self)
{
	struct memory_store *m = self;

	for (size_t i = 0; i < m->n_records; i++)
		agentrun_record_free(m->records[i]);
	for (size_t i = 0; i < m->n_blobs; i++) {
		free(m->blobs[i].hex);
		free(m->blobs[i].data);
	}
	free(m->records);
	free(m->blobs);
	memory_index_free(&m->by_result);
	memory_index_free(&m->by_job);
	memory_index_free(&m->by_hex);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

static const agentrun_store_impl store_impl = {
	.version = AGENTRUN_STORE_IMPL_VERSION,
	.struct_size = sizeof(store_impl),
	.name = "memory",
	.put = memory_put,
	.get = memory_get,
	.list = memory_list,
	.put_blob = memory_put_blob,
	.get_blob = memory_get_blob,
	.destroy = memory_destroy,
	.read_blob = memory_read_blob,
	.remove_records = memory_remove_records,
	.mark_blobs = memory_mark_blobs,
	.list_blobs = memory_list_blobs,
	.remove_blob = memory_remove_blob,
};

void agentrun_memory_store_options_init(agentrun_memory_store_options *opts,
	size_t struct_size)
{
	const agentrun_memory_store_options defaults = { .store = NULL };

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_memory_store_new(agentrun_store **out,
	const agentrun_memory_store_options *opts, agentrun_error **err)
{
	agentrun_memory_store_options known = { .store = NULL };
	struct memory_store *m;
	int r;

	*out = NULL;
	r = agentrun_options_read(&known, sizeof(known), opts,
		"agentrun_memory_store_options", err);
	if (r < 0)
		return r;
	m = calloc(1, sizeof(*m));
	if (!m)
		return oom(err);
	pthread_mutex_init(&m->lock, NULL);
	r = agentrun_store_new(out, &store_impl, m, known.store, err);
	if (r < 0)
		memory_destroy(m);
	return r;
}
