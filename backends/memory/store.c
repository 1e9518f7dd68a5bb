/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The store in this process' memory: an array of records in the order of their
 * arrival with a hash index over result ids and job ids, and blobs by digest.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/memory.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>
#include <agentrun/sys/store.h>

#include "index.h"

struct blob {
	char *hex; /* stays in place: it is the index's key */
	char *data;
	size_t len;
	int used;
};

struct memory_store {
	pthread_mutex_t lock;
	agentrun_record **records;
	size_t n_records;
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

/* In the old one's place; what is listed newest first goes by that place. */
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
			strcmp(text_of(record, AGENTRUN_RECORD_CREATED_AT), q->since) >= 0);
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

/* Drop records before `before`, keep the others in order, index them again. */
static uint64_t drop_records(struct memory_store *m, const char *before)
{
	size_t kept = 0, n = m->n_records;

	memory_index_clear(&m->by_result);
	memory_index_clear(&m->by_job);
	for (size_t i = 0; i < n; i++) {
		agentrun_record *record = m->records[i];

		if (before &&
			strcmp(text_of(record, AGENTRUN_RECORD_CREATED_AT), before) < 0) {
			agentrun_record_free(record);
			continue;
		}
		m->records[kept] = record;
		index_record(m, kept++);
	}
	m->n_records = kept;
	return n - kept;
}

static uint64_t drop_blobs(struct memory_store *m)
{
	size_t kept = 0, n = m->n_blobs, at;

	for (size_t i = 0; i < n; i++)
		m->blobs[i].used = 0;
	for (size_t i = 0; i < m->n_records; i++) {
		const char *cas = text_of(m->records[i], AGENTRUN_RECORD_CAS_ID);

		if (strlen(cas) > 7 && memory_index_find(&m->by_hex, cas + 7, &at))
			m->blobs[at].used = 1;
	}
	memory_index_clear(&m->by_hex);
	for (size_t i = 0; i < n; i++) {
		if (!m->blobs[i].used) {
			free(m->blobs[i].hex);
			free(m->blobs[i].data);
			continue;
		}
		memory_index_add(&m->by_hex, m->blobs[i].hex, kept);
		m->blobs[kept++] = m->blobs[i];
	}
	m->n_blobs = kept;
	return n - kept;
}

static int memory_gc(void *self, uint64_t *records_removed, uint64_t *blobs_removed,
	const char *before, agentrun_error **err)
{
	struct memory_store *m = self;

	(void)err;
	pthread_mutex_lock(&m->lock);
	*records_removed = drop_records(m, before);
	*blobs_removed = drop_blobs(m);
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
	.gc = memory_gc,
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
