/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tables.h"

#include <string.h>

#include "_cgo_export.h"

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

/* Exports have no const. */
static char *text(const char *p)
{
	return (char *)(uintptr_t)p;
}

int agrgo_raise(agentrun_error **err, int code, const char *message, int retryable,
	int64_t after_ms)
{
	agentrun_error *made;

	if (!err || *err)
		return code;
	made = agentrun_error_new(code, message);
	if (retryable >= 0)
		agentrun_error_set_retry(made, retryable, after_ms);
	*err = made;
	return code;
}

/* ---- flat texts ----------------------------------------------------------- */

void agrgo_flat_dispose(agrgo_flat *flat)
{
	agentrun_buf_dispose(&flat->text);
	free(flat->lens);
	flat->lens = NULL;
}

static int flat_init(agrgo_flat *flat, size_t room)
{
	*flat = (agrgo_flat){ .lens = calloc(room + 1, sizeof(*flat->lens)) };
	return flat->lens ? 0 : AGENTRUN_ENOMEM;
}

static int flat_add(agrgo_flat *flat, const char *p, size_t len)
{
	flat->lens[flat->n++] = p ? len : AGRGO_UNSET;
	return p ? agentrun_buf_append(&flat->text, p, len) : 0;
}

int agrgo_bufs_set(agentrun_buf *bufs, const char *data, const size_t *lens, size_t n,
	agentrun_error **err)
{
	for (size_t i = 0; i < n; i++) {
		if (agentrun_buf_set(&bufs[i], data, lens[i]) < 0)
			return oom(err);
		data += lens[i];
	}
	return 0;
}

/* ---- records -------------------------------------------------------------- */

static int add_record(agrgo_flat *out, const agentrun_record *record)
{
	int r = 0, fields = agentrun_record_field_count();

	for (int f = 0; r == 0 && f < fields; f++) {
		size_t len = 0;
		const char *p = agentrun_record_get(record, f, &len);

		r = flat_add(out, p, len);
	}
	return r;
}

static int flatten(agrgo_flat *out, const agentrun_record *const *records, size_t n)
{
	int r = flat_init(out, n * (size_t)agentrun_record_field_count());

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_record(out, records[i]);
	if (r < 0)
		agrgo_flat_dispose(out);
	return r;
}

int agrgo_record_flatten(agrgo_flat *out, const agentrun_record *record)
{
	return flatten(out, &record, 1);
}

int agrgo_records_flatten(agrgo_flat *out, const agentrun_records *records)
{
	size_t n = agentrun_records_count(records);
	int r = flat_init(out, n * (size_t)agentrun_record_field_count());

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_record(out, agentrun_records_at(records, i));
	if (r < 0)
		agrgo_flat_dispose(out);
	return r;
}

int agrgo_record_fill(agentrun_record *into, const char *data, const size_t *lens,
	size_t fields, agentrun_error **err)
{
	for (size_t f = 0; f < fields; f++) {
		int r;

		if (lens[f] == AGRGO_UNSET)
			r = agentrun_record_set(into, (int)f, NULL, 0);
		else
			r = agentrun_record_set(into, (int)f, data, lens[f]);
		if (r < 0)
			return agentrun_error_raise(err, r, "a record cannot be filled");
		data += lens[f] == AGRGO_UNSET ? 0 : lens[f];
	}
	return 0;
}

static size_t sum(const size_t *lens, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += lens[i] == AGRGO_UNSET ? 0 : lens[i];
	return total;
}

int agrgo_records_fill(agentrun_records *into, const char *data, const size_t *lens,
	size_t n, size_t fields, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		agentrun_record *record = NULL;

		r = agentrun_record_new(&record, err);
		if (r == 0)
			r = agrgo_record_fill(record, data, lens, fields, err);
		if (r == 0 && agentrun_records_add(into, record) < 0)
			r = oom(err);
		if (r < 0)
			agentrun_record_free(record);
		data += sum(lens, fields);
		lens += fields;
	}
	return r;
}

/* ---- stores --------------------------------------------------------------- */

static int go_put(void *self, agentrun_buf *ids, const agentrun_record *const *records,
	size_t n, agentrun_error **err)
{
	agrgo_flat flat;
	int r = flatten(&flat, records, n);

	if (r < 0)
		return oom(err);
	r = agrgoStorePut((uintptr_t)self, ids, &flat, n, err);
	agrgo_flat_dispose(&flat);
	return r;
}

static int go_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **err)
{
	return agrgoStoreGet((uintptr_t)self, into, field, text(key), err);
}

static int go_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **err)
{
	agentrun_store_query q;
	int r;

	agentrun_store_query_init(&q, sizeof(q));
	r = agentrun_options_read(&q, sizeof(q), query, "agentrun_store_query", err);
	return r < 0 ? r : agrgoStoreList((uintptr_t)self, into, &q, err);
}

static int go_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **err)
{
	return agrgoStorePutBlob((uintptr_t)self, text(hex), text(data), len, err);
}

static int go_get_blob(void *self, agentrun_buf *out, const char *hex, agentrun_error **err)
{
	return agrgoStoreGetBlob((uintptr_t)self, out, text(hex), err);
}

static void go_close(void *self)
{
	agrgoClose((uintptr_t)self);
}

static int go_migrate(void *self, agentrun_error **err)
{
	return agrgoStoreMigrate((uintptr_t)self, err);
}

static int go_read_blob(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **err)
{
	return agrgoStoreReadBlob((uintptr_t)self, text(hex), offset, to, cap, len, err);
}

static int go_blob_begin(void *self, void **upload, agentrun_error **err)
{
	uintptr_t handle = 0;
	int r = agrgoStoreBlobBegin((uintptr_t)self, &handle, err);

	*upload = (void *)handle;
	return r;
}

static int go_blob_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **err)
{
	(void)self;
	return agrgoStoreBlobAdd((uintptr_t)upload, text(data), len, err);
}

static int go_blob_finish(void *self, void *upload, const char *hex, agentrun_error **err)
{
	(void)self;
	return agrgoStoreBlobFinish((uintptr_t)upload, text(hex), err);
}

static void go_blob_drop(void *self, void *upload)
{
	(void)self;
	agrgoStoreBlobDrop((uintptr_t)upload);
}

static int go_remove_records(void *self, uint64_t *removed, const char *before,
	agentrun_error **err)
{
	return agrgoStoreRemoveRecords((uintptr_t)self, removed, text(before), err);
}

static int go_mark_blobs(void *self, const char *digests, size_t n, unsigned char *named,
	agentrun_error **err)
{
	return agrgoStoreMarkBlobs((uintptr_t)self, text(digests), n, named, err);
}

static int go_list_blobs(void *self, agentrun_buf *digests, agentrun_buf *cursor,
	int64_t before_ms, agentrun_error **err)
{
	return agrgoStoreListBlobs((uintptr_t)self, digests, cursor, before_ms, err);
}

static int go_remove_blob(void *self, const char *hex, int64_t before_ms, int *removed,
	agentrun_error **err)
{
	return agrgoStoreRemoveBlob((uintptr_t)self, text(hex), before_ms, removed, err);
}

static void store_extras(agentrun_store_impl *impl, int has)
{
	if (has & AGRGO_STORE_MIGRATE)
		impl->migrate = go_migrate;
	if (has & AGRGO_STORE_READ)
		impl->read_blob = go_read_blob;
	if (has & AGRGO_STORE_UPLOAD) {
		impl->blob_begin = go_blob_begin;
		impl->blob_add = go_blob_add;
		impl->blob_finish = go_blob_finish;
		impl->blob_drop = go_blob_drop;
	}
	if (has & AGRGO_STORE_KEEP_RECORDS) {
		impl->remove_records = go_remove_records;
		impl->mark_blobs = go_mark_blobs;
	}
	if (has & AGRGO_STORE_KEEP_BLOBS) {
		impl->list_blobs = go_list_blobs;
		impl->remove_blob = go_remove_blob;
	}
}

agentrun_store_options *agrgo_store_options(size_t max_inline, agentrun_store *take_blobs)
{
	agentrun_store_options *opts = calloc(1, sizeof(*opts));

	if (!opts)
		return NULL;
	agentrun_store_options_init(opts, sizeof(*opts));
	if (max_inline > 0)
		opts->max_inline_bytes = max_inline;
	opts->take_blobs = take_blobs;
	return opts;
}

int agrgo_store_new(agentrun_store **out, uintptr_t handle, const char *name, int has,
	size_t max_inline, agentrun_store *take_blobs, agentrun_error **err)
{
	agentrun_store_impl impl = {
		.version = AGENTRUN_STORE_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.name = name,
		.put = go_put,
		.get = go_get,
		.list = go_list,
		.put_blob = go_put_blob,
		.get_blob = go_get_blob,
		.destroy = go_close,
	};
	agentrun_store_options *opts = agrgo_store_options(max_inline, take_blobs);
	int r;

	if (!opts)
		return oom(err);
	store_extras(&impl, has);
	r = agentrun_store_new(out, &impl, (void *)handle, opts, err);
	free(opts);
	return r;
}

/* ---- queues --------------------------------------------------------------- */

static void spread_job(agrgo_job *to, const agentrun_job *job)
{
	*to = (agrgo_job){
		.id = agentrun_job_id(job),
		.lease = agentrun_job_lease(job),
		.reason = agentrun_job_reason(job),
		.lease_ms = agentrun_job_lease_ms(job),
		.enqueued_ms = agentrun_job_enqueued_ms(job),
		.delay_ms = agentrun_job_delay_ms(job),
		.deliveries = agentrun_job_deliveries(job),
		.retries = agentrun_job_retries(job),
		.action = agentrun_job_action(job),
		.counts_as_retry = agentrun_job_counts_as_retry(job),
		.cancelled = agentrun_job_is_cancelled(job),
		.journalled = agentrun_job_is_journalled(job),
		.lost = agentrun_job_is_lost(job),
		.settled = agentrun_job_is_settled(job),
	};
	to->payload = agentrun_job_payload(job, &to->payload_len);
	to->result = agentrun_job_result(job, &to->result_len);
	to->data = agentrun_job_data(job, &to->data_len);
}

static agrgo_job *spread_jobs(const agentrun_jobs *jobs, size_t *n, agentrun_error **err)
{
	agrgo_job *out;

	*n = agentrun_jobs_count(jobs);
	out = calloc(*n + 1, sizeof(*out));
	if (!out)
		oom(err);
	for (size_t i = 0; out && i < *n; i++)
		spread_job(&out[i], agentrun_jobs_at(jobs, i));
	return out;
}

static int go_enqueue(void *self, const agentrun_jobs *jobs, agentrun_error **err)
{
	size_t n;
	agrgo_job *flat = spread_jobs(jobs, &n, err);
	int r = flat ? agrgoQueueEnqueue((uintptr_t)self, flat, n, err) : AGENTRUN_ENOMEM;

	free(flat);
	return r;
}

static int go_acquire(void *self, agentrun_jobs *into, size_t max, int64_t lease_ms,
	int timeout_ms, agentrun_error **err)
{
	return agrgoQueueAcquire((uintptr_t)self, into, max, lease_ms, timeout_ms, err);
}

/* Also after a failure: some may be settled by then. */
static int go_settle(void *self, agentrun_jobs *jobs, agentrun_error **err)
{
	size_t n;
	agrgo_job *flat = spread_jobs(jobs, &n, err);
	int r = flat ? agrgoQueueSettle((uintptr_t)self, flat, n, err) : AGENTRUN_ENOMEM;

	for (size_t i = 0; flat && i < n; i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);

		if (flat[i].settled)
			agentrun_job_set_settled(job);
		else if (flat[i].lost)
			agentrun_job_set_lost(job, 1);
	}
	free(flat);
	return r;
}

static int go_renew(void *self, agentrun_jobs *jobs, int64_t lease_ms, agentrun_error **err)
{
	size_t n;
	agrgo_job *flat = spread_jobs(jobs, &n, err);
	int r = flat ? agrgoQueueRenew((uintptr_t)self, flat, n, lease_ms, err) : AGENTRUN_ENOMEM;

	for (size_t i = 0; r == 0 && i < n; i++) {
		agentrun_job *job = agentrun_jobs_at(jobs, i);

		agentrun_job_set_lost(job, flat[i].lost);
		agentrun_job_set_cancelled(job, flat[i].cancelled);
		agentrun_job_set_lease(job, NULL, flat[i].lease_ms);
	}
	free(flat);
	return r;
}

static void go_wakeup(void *self)
{
	agrgoQueueWakeup((uintptr_t)self);
}

static int go_result(void *self, agentrun_buf *out, const char *job_id, int timeout_ms,
	agentrun_error **err)
{
	return agrgoQueueResult((uintptr_t)self, out, text(job_id), timeout_ms, err);
}

static int go_cancel(void *self, const char *job_id, agentrun_error **err)
{
	return agrgoQueueCancel((uintptr_t)self, text(job_id), err);
}

/* Of struct_size bytes: it may be shorter than ours. */
static int go_stats(void *self, agentrun_queue_stats *stats, agentrun_error **err)
{
	agentrun_queue_stats all = { .struct_size = sizeof(all) };
	size_t size = stats->struct_size < sizeof(all) ? stats->struct_size : sizeof(all);
	int r = agrgoQueueStats((uintptr_t)self, &all, err);

	if (r == 0)
		memcpy((char *)stats + sizeof(size_t), (char *)&all + sizeof(size_t),
			size - sizeof(size_t));
	return r;
}

static int go_dead_list(void *self, agentrun_buf *out, const agentrun_dead_query *query,
	agentrun_error **err)
{
	agentrun_dead_query q;
	int r;

	agentrun_dead_query_init(&q, sizeof(q));
	r = agentrun_options_read(&q, sizeof(q), query, "agentrun_dead_query", err);
	return r < 0 ? r : agrgoQueueDeadList((uintptr_t)self, out, &q, err);
}

static int go_dead_retry(void *self, const char *job_id, agentrun_error **err)
{
	return agrgoQueueDeadRetry((uintptr_t)self, text(job_id), err);
}

static int go_dead_drop(void *self, const char *job_id, agentrun_error **err)
{
	return agrgoQueueDeadDrop((uintptr_t)self, text(job_id), err);
}

static int go_journal_put(void *self, const char *job_id, const char *lease,
	const char *name, const char *value, size_t len, agentrun_error **err)
{
	return agrgoQueueJournalPut((uintptr_t)self, text(job_id), text(lease), text(name),
		text(value), len, err);
}

static int go_journal_get(void *self, agentrun_buf *out, int *found, const char *job_id,
	const char *lease, const char *name, agentrun_error **err)
{
	return agrgoQueueJournalGet((uintptr_t)self, out, found, text(job_id), text(lease),
		text(name), err);
}

static int go_node_output(void *self, agentrun_buf *out, int *found, const char *run_id,
	const char *node_id, agentrun_error **err)
{
	return agrgoQueueNodeOutput((uintptr_t)self, out, found, text(run_id), text(node_id),
		err);
}

static void queue_extras(agentrun_queue_impl *impl, int has)
{
	if (has & AGRGO_QUEUE_WAKEUP)
		impl->wakeup = go_wakeup;
	if (has & AGRGO_QUEUE_RESULT)
		impl->result = go_result;
	if (has & AGRGO_QUEUE_CANCEL)
		impl->cancel = go_cancel;
	if (has & AGRGO_QUEUE_STATS)
		impl->stats = go_stats;
	if (has & AGRGO_QUEUE_DEAD) {
		impl->dead_list = go_dead_list;
		impl->dead_retry = go_dead_retry;
		impl->dead_drop = go_dead_drop;
	}
	if (has & AGRGO_QUEUE_JOURNAL) {
		impl->journal_put = go_journal_put;
		impl->journal_get = go_journal_get;
	}
	if (has & AGRGO_QUEUE_OUTPUT)
		impl->node_output = go_node_output;
}

int agrgo_queue_new(agentrun_queue **out, uintptr_t handle, const char *name, int has,
	agentrun_error **err)
{
	agentrun_queue_impl impl = {
		.version = AGENTRUN_QUEUE_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.name = name,
		.enqueue = go_enqueue,
		.acquire = go_acquire,
		.settle = go_settle,
		.renew = go_renew,
		.destroy = go_close,
	};

	queue_extras(&impl, has);
	return agentrun_queue_new(out, &impl, (void *)handle, err);
}

/* A C string of a text that does not end in NUL. */
static int make_job(agentrun_job **out, const char *id, size_t id_len, const char *payload,
	size_t len, agentrun_error **err)
{
	char *name = strndup(id, id_len);
	int r = name ? agentrun_job_new(out, name, payload, len, err) : oom(err);

	free(name);
	return r;
}

static int lease_job(agentrun_job *job, const agrgo_job *from, const char *lease, size_t len,
	agentrun_error **err)
{
	char *name = strndup(lease, len);
	int r = name ? agentrun_job_set_lease(job, name, from->lease_ms) : AGENTRUN_ENOMEM;

	free(name);
	agentrun_job_set_counts(job, from->deliveries, from->retries);
	agentrun_job_set_enqueued_ms(job, from->enqueued_ms);
	agentrun_job_set_cancelled(job, from->cancelled);
	agentrun_job_set_journalled(job, from->journalled);
	return r < 0 ? oom(err) : 0;
}

static int add_job(agentrun_jobs *into, agentrun_job *job, agentrun_error **err)
{
	if (agentrun_jobs_add(into, job) == 0)
		return 0;
	return oom(err);
}

int agrgo_jobs_fill(agentrun_jobs *into, const agrgo_job *jobs, const char *data,
	const size_t *lens, size_t n, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++, lens += 3) {
		const char *lease = data + lens[0], *payload = lease + lens[1];
		agentrun_job *job = NULL;

		r = make_job(&job, data, lens[0], payload, lens[2], err);
		if (r == 0)
			r = lease_job(job, &jobs[i], lease, lens[1], err);
		if (r == 0)
			r = add_job(into, job, err);
		if (r < 0)
			agentrun_job_free(job);
		data = payload + lens[2];
	}
	return r;
}

int agrgo_enqueue(agentrun_queue *queue, const char *data, const size_t *lens, size_t n,
	agentrun_error **err)
{
	agentrun_jobs *jobs = NULL;
	int r = agentrun_jobs_new(&jobs, err);

	for (size_t i = 0; r == 0 && i < n; i++, lens += 2) {
		agentrun_job *job = NULL;

		r = make_job(&job, data, lens[0], data + lens[0], lens[1], err);
		if (r == 0)
			r = add_job(jobs, job, err);
		if (r < 0)
			agentrun_job_free(job);
		data += lens[0] + lens[1];
	}
	if (r == 0)
		r = agentrun_queue_enqueue(queue, jobs, err);
	agentrun_jobs_free(jobs);
	return r;
}
