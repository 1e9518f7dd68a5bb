/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The store suite. Every check gets an empty store. */
#include <pthread.h>
#include <stdlib.h>

#include "suite.h"

#define HELLO_HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

typedef struct store_case {
	suite_check check;
	const agentrun_conformance_store *backend;
	agentrun_store *store;
} store_case;

static void set(agentrun_record *record, int field, const char *text)
{
	agentrun_record_set(record, field, text, strlen(text));
}

static agentrun_record *record_of(const char *job, const char *data)
{
	agentrun_record *record = NULL;

	if (agentrun_record_new(&record, NULL) < 0)
		return NULL;
	set(record, AGENTRUN_RECORD_JOB_ID, job);
	set(record, AGENTRUN_RECORD_STATUS, "completed");
	if (data)
		set(record, AGENTRUN_RECORD_RESULT_DATA, data);
	return record;
}

/* Put one record; its ref in `ref`. */
static int put(store_case *c, const char *job, const char *data, agentrun_buf *ref)
{
	agentrun_record *record = record_of(job, data);
	int r = record ? agentrun_store_put(ref, c->store, record, NULL) : AGENTRUN_ENOMEM;

	agentrun_record_free(record);
	return r;
}

static int is(const agentrun_buf *buf, const char *text)
{
	return buf->len == strlen(text) && memcmp(buf->data, text, buf->len) == 0;
}

static int field_is(const agentrun_record *record, int field, const char *text)
{
	const char *have = agentrun_record_get(record, field, NULL);

	return text ? have && strcmp(have, text) == 0 : !have;
}

static void reopen(store_case *c)
{
	agentrun_store_free(c->store);
	c->store = NULL;
	EXPECT(&c->check, c->backend->open(c->backend->user, &c->store, NULL, NULL) == 0);
}

/* The same store, with a limit to what a record holds itself. */
static void reopen_with_limit(store_case *c, size_t max_inline_bytes)
{
	agentrun_store_options opts;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = max_inline_bytes;
	agentrun_store_free(c->store);
	c->store = NULL;
	EXPECT(&c->check, c->backend->open(c->backend->user, &c->store, &opts, NULL) == 0);
}

/* ---- checks ------------------------------------------------------------- */

static void what_is_put_can_be_got(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;

	EXPECT(&c->check, put(c, "job-1", "{\"a\":[1,\"\xc3\xa9\"]}", &ref) == 0);
	EXPECT(&c->check, ref.data && strncmp(ref.data, "artifact://", 11) == 0);
	EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "{\"a\":[1,\"\xc3\xa9\"]}"));
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

static void every_field_comes_back(store_case *c)
{
	static const char *const values[] = {
		"00000000-0000-7000-8000-000000000001", "job-f", "run", "node", "[1]", NULL, NULL,
		"failed", "{\"type\":\"timeout\"}", "[{\"id\":\"1\"}]", "12", "true", "34", "model",
		"2026-01-02T03:04:05.678Z", "2026-01-02T03:04:06.000Z",
	};
	agentrun_record *record = NULL, *back = NULL;
	agentrun_buf ref = AGENTRUN_BUF_INIT;

	REQUIRE(&c->check, agentrun_record_new(&record, NULL) == 0);
	for (int i = 0; i < (int)(sizeof(values) / sizeof(values[0])); i++)
		if (values[i])
			set(record, i, values[i]);
	EXPECT(&c->check, agentrun_store_put(&ref, c->store, record, NULL) == 0);
	EXPECT(&c->check, agentrun_store_find_job(&back, c->store, "job-f", NULL) == 0);
	for (int i = 0; back && i < (int)(sizeof(values) / sizeof(values[0])); i++)
		EXPECT(&c->check, field_is(back, i, values[i]));
	agentrun_record_free(record);
	agentrun_record_free(back);
	agentrun_buf_dispose(&ref);
}

static void a_second_put_of_a_job_keeps_the_first(store_case *c)
{
	agentrun_buf one = AGENTRUN_BUF_INIT, two = AGENTRUN_BUF_INIT;
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_records *list = NULL;

	EXPECT(&c->check, put(c, "job-2", "1", &one) == 0 && put(c, "job-2", "2", &two) == 0);
	EXPECT(&c->check, one.data && two.data && strcmp(one.data, two.data) == 0);
	EXPECT(&c->check, one.data && agentrun_store_get(&data, c->store, one.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "1"));
	EXPECT(&c->check, agentrun_store_list(&list, c->store, NULL, NULL) == 0);
	EXPECT(&c->check, list && agentrun_records_count(list) == 1);
	agentrun_records_free(list);
	agentrun_buf_dispose(&one);
	agentrun_buf_dispose(&two);
	agentrun_buf_dispose(&data);
}

static void a_failed_job_may_be_tried_again(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;
	agentrun_record *failed = record_of("job-3", NULL), *back = NULL;

	REQUIRE(&c->check, failed != NULL);
	set(failed, AGENTRUN_RECORD_STATUS, "failed");
	EXPECT(&c->check, agentrun_store_put(&ref, c->store, failed, NULL) == 0);
	EXPECT(&c->check, put(c, "job-3", "3", &ref) == 0);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "3"));
	EXPECT(&c->check, agentrun_store_find_job(&back, c->store, "job-3", NULL) == 0);
	EXPECT(&c->check, back && field_is(back, AGENTRUN_RECORD_STATUS, "completed"));
	agentrun_record_free(failed);
	agentrun_record_free(back);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

static void what_is_not_there_is_not_found(store_case *c)
{
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_record *record = NULL;
	agentrun_error *err = NULL;

	EXPECT(&c->check, agentrun_store_get(&data, c->store,
		"artifact://00000000-0000-4000-8000-000000000000", &err) == AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, agentrun_error_code(err) == AGENTRUN_ENOTFOUND);
	agentrun_error_free(err);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, "cas://sha256:" HELLO_HEX, NULL) ==
		AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, agentrun_store_find_job(&record, c->store, "none", NULL) ==
		AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, record == NULL && data.data == NULL);
}

static void a_bad_ref_is_refused(store_case *c)
{
	static const char *const bad[] = { "", "artifact:/x", "cas://sha256:12", "cas://md5:12",
		"http://x", "cas://sha256:ZZf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" };
	agentrun_buf data = AGENTRUN_BUF_INIT;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT(&c->check,
			agentrun_store_get(&data, c->store, bad[i], NULL) == AGENTRUN_EINVAL);
}

static void blobs_are_named_by_their_digest(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;

	EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "hello", 5, NULL) == 0);
	EXPECT(&c->check, is(&ref, "cas://sha256:" HELLO_HEX));
	EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "hello", 5, NULL) == 0);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "hello"));
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

static void blobs_hold_any_bytes(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;
	char bytes[70000];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 31);
	EXPECT(&c->check,
		agentrun_store_put_blob(&ref, c->store, bytes, sizeof(bytes), NULL) == 0);
	EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, data.len == sizeof(bytes) && memcmp(data.data, bytes, data.len) == 0);
	EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "", 0, NULL) == 0);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, data.len == 0);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

static void a_large_result_goes_to_a_blob(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;
	agentrun_record *back = NULL;

	reopen_with_limit(c, 8);
	REQUIRE(&c->check, c->store != NULL);
	EXPECT(&c->check, put(c, "job-l", "[1,2,3,4,5]", &ref) == 0);
	EXPECT(&c->check,
		ref.data && agentrun_store_get_record(&back, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, back && field_is(back, AGENTRUN_RECORD_RESULT_DATA, NULL));
	EXPECT(&c->check, back && agentrun_record_get(back, AGENTRUN_RECORD_CAS_ID, NULL));
	EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "[1,2,3,4,5]"));
	agentrun_record_free(back);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

/* ---- exact ---------------------------------------------------------------- */

static void json_comes_back_byte_for_byte(store_case *c)
{
	static const char *const texts[] = {
		"{\"b\":1,\"a\":2,\"b\":3}", "[1.0,1e2,-0,0.10,1E+400,123456789012345678901234567890]",
		"\"\\u0000 \\ud834\\udd1e \\/ \\ud834 \xc3\xa9\"", " { \"a\" :\n[ ] } ", "{\"\\u0000\":null}",
		"\"\\\\u0000\"", "true",
	};
	static const int fields[] = { AGENTRUN_RECORD_RESULT_DATA, AGENTRUN_RECORD_ERROR,
		AGENTRUN_RECORD_TOOL_CALLS };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		agentrun_record *record = record_of("exact", NULL), *back = NULL;
		agentrun_buf ref = AGENTRUN_BUF_INIT;

		REQUIRE(&c->check, record != NULL);
		set(record, AGENTRUN_RECORD_STATUS, "failed"); /* it gives way to the next */
		for (int k = 0; k < 3; k++)
			set(record, fields[k], texts[i]);
		EXPECT(&c->check, agentrun_store_put(&ref, c->store, record, NULL) == 0);
		EXPECT(&c->check, agentrun_store_find_job(&back, c->store, "exact", NULL) == 0);
		for (int k = 0; back && k < 3; k++)
			EXPECT(&c->check, field_is(back, fields[k], texts[i]));
		agentrun_record_free(record);
		agentrun_record_free(back);
		agentrun_buf_dispose(&ref);
	}
}

/* ---- in parts ------------------------------------------------------------- */

#define LARGE 3500000
#define STEP 99991

static char *large_bytes(unsigned seed)
{
	char *bytes = malloc(LARGE);

	for (size_t i = 0; bytes && i < LARGE; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = (char)(seed >> 16);
	}
	return bytes;
}

static int write_parts(store_case *c, const char *bytes, size_t len, size_t step,
	agentrun_buf *ref)
{
	agentrun_store_writer *writer = NULL;
	int r = agentrun_store_writer_new(&writer, c->store, NULL);

	for (size_t at = 0; r == 0 && at < len; at += step)
		r = agentrun_store_writer_add(writer, bytes + at, len - at < step ? len - at : step,
			NULL);
	if (r == 0)
		r = agentrun_store_writer_finish(ref, writer, NULL);
	agentrun_store_writer_free(writer);
	return r;
}

/* Does it read as these bytes, in steps of that size? */
static int reads_as(store_case *c, const char *ref, const char *bytes, size_t len, size_t step)
{
	agentrun_store_reader *reader = NULL;
	char *part = malloc(step);
	size_t at = 0, n = 1;
	int good = part && agentrun_store_reader_new(&reader, c->store, ref, NULL) == 0;

	while (good && n) {
		good = agentrun_store_reader_read(reader, part, step, &n, NULL) == 0 &&
			n <= len - at && memcmp(part, bytes + at, n) == 0;
		at += n;
	}
	agentrun_store_reader_free(reader);
	free(part);
	return good && at == len;
}

static void a_blob_in_parts_is_one_blob(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, whole = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;
	char *bytes = large_bytes(1);

	REQUIRE(&c->check, bytes != NULL);
	EXPECT(&c->check, write_parts(c, bytes, LARGE, STEP, &ref) == 0);
	EXPECT(&c->check, write_parts(c, bytes, LARGE, LARGE, &whole) == 0);
	EXPECT(&c->check, ref.data && whole.data && strcmp(ref.data, whole.data) == 0);
	EXPECT(&c->check, agentrun_store_put_blob(&whole, c->store, bytes, LARGE, NULL) == 0);
	EXPECT(&c->check, ref.data && strcmp(ref.data, whole.data) == 0);
	EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, data.len == LARGE && memcmp(data.data, bytes, LARGE) == 0);
	EXPECT(&c->check, ref.data && reads_as(c, ref.data, bytes, LARGE, 4097));
	EXPECT(&c->check, ref.data && reads_as(c, ref.data, bytes, LARGE, (size_t)LARGE * 2));
	free(bytes);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&whole);
	agentrun_buf_dispose(&data);
}

static void a_long_blob_that_comes_whole_can_be_read_in_parts(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	char *bytes = malloc((size_t)LARGE * 2);

	REQUIRE(&c->check, bytes != NULL);
	memset(bytes, 'x', (size_t)LARGE * 2);
	EXPECT(&c->check,
		agentrun_store_put_blob(&ref, c->store, bytes, (size_t)LARGE * 2, NULL) == 0);
	EXPECT(&c->check, ref.data && reads_as(c, ref.data, bytes, (size_t)LARGE * 2, STEP));
	free(bytes);
	agentrun_buf_dispose(&ref);
}

static void empty_and_short_blobs_in_parts(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, record = AGENTRUN_BUF_INIT;

	EXPECT(&c->check, write_parts(c, "", 0, 1, &ref) == 0);
	EXPECT(&c->check, ref.data && reads_as(c, ref.data, "", 0, 10));
	EXPECT(&c->check, write_parts(c, "hello", 5, 2, &ref) == 0);
	EXPECT(&c->check, is(&ref, "cas://sha256:" HELLO_HEX));
	EXPECT(&c->check, ref.data && reads_as(c, ref.data, "hello", 5, 2));
	EXPECT(&c->check, put(c, "job-r", "[1,2]", &record) == 0);
	EXPECT(&c->check, record.data && reads_as(c, record.data, "[1,2]", 5, 2));
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&record);
}

static void what_is_not_finished_is_not_there(store_case *c)
{
	agentrun_store_writer *writer = NULL;
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;

	EXPECT(&c->check, agentrun_store_writer_new(&writer, c->store, NULL) == 0);
	EXPECT(&c->check, writer && agentrun_store_writer_add(writer, "hello", 5, NULL) == 0);
	agentrun_store_writer_free(writer);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, "cas://sha256:" HELLO_HEX, NULL) ==
		AGENTRUN_ENOTFOUND);
	EXPECT(&c->check, agentrun_store_writer_new(&writer, c->store, NULL) == 0);
	EXPECT(&c->check, writer && agentrun_store_writer_add(writer, "hello", 5, NULL) == 0);
	EXPECT(&c->check, writer && agentrun_store_writer_finish(&ref, writer, NULL) == 0);
	EXPECT(&c->check,
		writer && agentrun_store_writer_add(writer, "x", 1, NULL) == AGENTRUN_EINVAL);
	EXPECT(&c->check,
		writer && agentrun_store_writer_finish(&ref, writer, NULL) == AGENTRUN_EINVAL);
	agentrun_store_writer_free(writer);
	EXPECT(&c->check, agentrun_store_get(&data, c->store, "cas://sha256:" HELLO_HEX, NULL) == 0);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

static void put_dated(store_case *c, const char *job, const char *run, const char *date)
{
	agentrun_record *record = record_of(job, "null");
	agentrun_buf ref = AGENTRUN_BUF_INIT;

	REQUIRE(&c->check, record != NULL);
	set(record, AGENTRUN_RECORD_RUN_ID, run);
	set(record, AGENTRUN_RECORD_CREATED_AT, date);
	EXPECT(&c->check, agentrun_store_put(&ref, c->store, record, NULL) == 0);
	agentrun_record_free(record);
	agentrun_buf_dispose(&ref);
}

/* Do these jobs, separated by blanks, come out of the query? */
static int lists(store_case *c, const agentrun_store_query *query, const char *jobs)
{
	agentrun_records *list = NULL;
	char have[200] = "";

	if (agentrun_store_list(&list, c->store, query, NULL) < 0)
		return 0;
	for (size_t i = 0; i < agentrun_records_count(list); i++) {
		size_t end = strlen(have);

		snprintf(have + end, sizeof(have) - end, "%.20s ",
			agentrun_record_get(agentrun_records_at(list, i), AGENTRUN_RECORD_JOB_ID,
				NULL));
	}
	agentrun_records_free(list);
	return strcmp(have, jobs) == 0;
}

static void lists_are_filtered_newest_first(store_case *c)
{
	agentrun_store_query query;

	put_dated(c, "a", "r1", "2026-01-01T00:00:00.000Z");
	put_dated(c, "b", "r2", "2026-01-02T00:00:00.000Z");
	put_dated(c, "c", "r1", "2026-01-03T00:00:00.000Z");
	agentrun_store_query_init(&query, sizeof(query));
	EXPECT(&c->check, lists(c, &query, "c b a "));
	query.limit = 1;
	query.offset = 1;
	EXPECT(&c->check, lists(c, &query, "b "));
	agentrun_store_query_init(&query, sizeof(query));
	query.run_id = "r1";
	EXPECT(&c->check, lists(c, &query, "c a "));
	query.since = "2026-01-02T00:00:00.000Z";
	EXPECT(&c->check, lists(c, &query, "c "));
	query.status = "failed";
	EXPECT(&c->check, lists(c, &query, ""));
}

static void old_records_and_their_blobs_are_removed(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	uint64_t records = 0, blobs = 0;
	agentrun_store_query query;
	int r;

	reopen_with_limit(c, 1);
	REQUIRE(&c->check, c->store != NULL);
	put_dated(c, "old", "r", "2020-01-01T00:00:00.000Z");
	put_dated(c, "new", "r", "2026-01-01T00:00:00.000Z");
	EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "x", 1, NULL) == 0);
	r = agentrun_store_gc(&records, &blobs, c->store, "2021-01-01T00:00:00.000Z", NULL);
	agentrun_buf_dispose(&ref);
	if (r == AGENTRUN_EINVAL)
		return; /* an optional member */
	EXPECT(&c->check, r == 0 && records == 1 && blobs == 1);
	agentrun_store_query_init(&query, sizeof(query));
	EXPECT(&c->check, lists(c, &query, "new "));
}

/* ---- pages ---------------------------------------------------------------- */

#define LISTED 23

/* Go through all pages; how many records came, or -1 where they came out of order or the
 * backend cannot. */
static int count_pages(store_case *c, size_t page)
{
	char time[40] = "", id[60] = "";
	agentrun_store_query query;
	int n = 0, added = 1;

	while (added > 0) {
		agentrun_records *list = NULL;

		agentrun_store_query_init(&query, sizeof(query));
		query.limit = page;
		query.after_created_at = *id ? time : NULL;
		query.after_result_id = *id ? id : NULL;
		if (agentrun_store_list(&list, c->store, &query, NULL) < 0)
			return -1;
		added = (int)agentrun_records_count(list);
		for (int i = 0; i < added; i++) {
			const agentrun_record *record = agentrun_records_at(list, (size_t)i);
			const char *t = agentrun_record_get(record, AGENTRUN_RECORD_CREATED_AT, NULL);
			const char *r = agentrun_record_get(record, AGENTRUN_RECORD_RESULT_ID, NULL);
			int order = *id ? strcmp(t, time) : -1;

			if (order > 0 || (order == 0 && strcmp(r, id) >= 0))
				added = -1000;
			snprintf(time, sizeof(time), "%s", t);
			snprintf(id, sizeof(id), "%s", r);
		}
		agentrun_records_free(list);
		n += added;
	}
	return n < 0 ? -1 : n;
}

static void lists_come_in_pages(store_case *c)
{
	agentrun_store_query query;
	agentrun_records *list = NULL;
	char job[20], date[40];

	/* Some share a time, and they do not come in its order. */
	for (int i = 0; i < LISTED; i++) {
		snprintf(job, sizeof(job), "page-%d", i);
		snprintf(date, sizeof(date), "2026-01-%02dT00:00:00.000Z", 1 + i * 7 % 10);
		put_dated(c, job, "r", date);
	}
	EXPECT(&c->check, count_pages(c, 5) == LISTED);
	EXPECT(&c->check, count_pages(c, 1) == LISTED);
	EXPECT(&c->check, count_pages(c, 0) == LISTED);
	agentrun_store_query_init(&query, sizeof(query));
	query.after_created_at = "2026-01-01T00:00:00.000Z";
	EXPECT(&c->check, agentrun_store_list(&list, c->store, &query, NULL) == AGENTRUN_EINVAL);
	query.after_result_id = ""; /* behind whatever has that time */
	EXPECT(&c->check, lists(c, &query, ""));
}

/* ---- keeping house -------------------------------------------------------- */

static void a_young_blob_stays(store_case *c)
{
	agentrun_store_gc_options opts;
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;
	uint64_t records = 0, blobs = 0;
	int r;

	agentrun_store_gc_options_init(&opts, sizeof(opts));
	EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "hello", 5, NULL) == 0);
	r = agentrun_store_gc_with(&records, &blobs, c->store, &opts, NULL);
	if (r != AGENTRUN_EINVAL) { /* an optional member */
		EXPECT(&c->check, r == 0 && records == 0 && blobs == 0);
		EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
		EXPECT(&c->check, agentrun_store_gc(&records, &blobs, c->store, NULL, NULL) == 0);
		EXPECT(&c->check, blobs == 1);
		EXPECT(&c->check, ref.data &&
			agentrun_store_get(&data, c->store, ref.data, NULL) == AGENTRUN_ENOTFOUND);
		EXPECT(&c->check, agentrun_store_put_blob(&ref, c->store, "hello", 5, NULL) == 0);
		EXPECT(&c->check, agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	}
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

struct keeper {
	store_case *c;
	char refs[40][64];
};

/* Each result goes to a blob; the blobs of some are there already, and old. */
static void *put_results(void *user)
{
	struct keeper *k = user;
	char job[40], data[40];

	for (int i = 0; i < 40; i++) {
		agentrun_buf ref = AGENTRUN_BUF_INIT;

		snprintf(job, sizeof(job), "kept-%d-%p", i, (void *)k);
		snprintf(data, sizeof(data), "[%d]", i);
		if (put(k->c, job, data, &ref) == 0)
			snprintf(k->refs[i], sizeof(k->refs[i]), "%s", ref.data);
		agentrun_buf_dispose(&ref);
	}
	return NULL;
}

static void keeping_house_spares_what_is_being_put(store_case *c)
{
	struct keeper keepers[2] = { { .c = c }, { .c = c } };
	agentrun_store_gc_options opts;
	agentrun_buf data = AGENTRUN_BUF_INIT;
	pthread_t threads[2];
	int n = 0, r = 0;

	reopen_with_limit(c, 1);
	REQUIRE(&c->check, c->store != NULL);
	for (int i = 0; i < 40; i += 2) {
		char text[40];

		snprintf(text, sizeof(text), "[%d]", i);
		EXPECT(&c->check,
			agentrun_store_put_blob(&data, c->store, text, strlen(text), NULL) == 0);
	}
	agentrun_store_gc_options_init(&opts, sizeof(opts));
	opts.grace_ms = 2000;
	while (n < 2 && pthread_create(&threads[n], NULL, put_results, &keepers[n]) == 0)
		n++;
	for (int i = 0; i < 20 && r == 0; i++)
		r = agentrun_store_gc_with(NULL, NULL, c->store, &opts, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	EXPECT(&c->check, n == 2 && (r == 0 || r == AGENTRUN_EINVAL));
	r = agentrun_store_gc(NULL, NULL, c->store, NULL, NULL);
	EXPECT(&c->check, r == 0 || r == AGENTRUN_EINVAL);
	for (int i = 0; i < n; i++)
		for (int k = 0; k < 40; k++)
			EXPECT(&c->check, *keepers[i].refs[k] &&
				agentrun_store_get(&data, c->store, keepers[i].refs[k], NULL) == 0);
	agentrun_buf_dispose(&data);
}

static void *migrate_once(void *user)
{
	store_case *c = user;
	agentrun_store *store = NULL;
	int r = c->backend->open(c->backend->user, &store, NULL, NULL);

	if (r == 0)
		r = agentrun_store_migrate(store, NULL);
	agentrun_store_free(store);
	return r == 0 ? c : NULL;
}

static void migrations_may_be_repeated_and_meet(store_case *c)
{
	pthread_t threads[4];
	void *good = NULL;
	int n = 0;

	EXPECT(&c->check, agentrun_store_migrate(c->store, NULL) == 0);
	EXPECT(&c->check, agentrun_store_migrate(c->store, NULL) == 0);
	if (!c->backend->is_durable)
		return;
	agentrun_store_free(c->store);
	c->store = NULL;
	c->backend->reset(c->backend->user);
	while (n < 4 && pthread_create(&threads[n], NULL, migrate_once, c) == 0)
		n++;
	for (int i = 0; i < n; i++) {
		pthread_join(threads[i], &good);
		EXPECT(&c->check, good != NULL);
	}
	EXPECT(&c->check, n == 4);
}

static void what_was_put_survives(store_case *c)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, data = AGENTRUN_BUF_INIT;

	if (!c->backend->is_durable)
		return;
	EXPECT(&c->check, put(c, "job-d", "[true]", &ref) == 0);
	reopen(c);
	REQUIRE(&c->check, c->store != NULL);
	EXPECT(&c->check, ref.data && agentrun_store_get(&data, c->store, ref.data, NULL) == 0);
	EXPECT(&c->check, is(&data, "[true]"));
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&data);
}

struct putter {
	store_case *c;
	char ref[8][64];
};

static void *put_same_jobs(void *user)
{
	struct putter *p = user;
	char job[16];

	for (int i = 0; i < 8; i++) {
		agentrun_buf ref = AGENTRUN_BUF_INIT;

		snprintf(job, sizeof(job), "same-%d", i);
		if (put(p->c, job, "1", &ref) == 0)
			snprintf(p->ref[i], sizeof(p->ref[i]), "%s", ref.data);
		agentrun_buf_dispose(&ref);
	}
	return NULL;
}

static void threads_that_put_the_same_job_get_one_record(store_case *c)
{
	struct putter putters[4] = { { c, { "" } }, { c, { "" } }, { c, { "" } }, { c, { "" } } };
	pthread_t threads[4];
	int n = 0;

	while (n < 4 && pthread_create(&threads[n], NULL, put_same_jobs, &putters[n]) == 0)
		n++;
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	EXPECT(&c->check, n == 4);
	for (int i = 0; i < 8; i++)
		for (int k = 0; k < n; k++)
			EXPECT(&c->check, *putters[k].ref[i] &&
				strcmp(putters[k].ref[i], putters[0].ref[i]) == 0);
}

static const struct {
	const char *name;
	void (*run)(store_case *c);
} checks[] = {
#define CHECK(name) { #name, name }
	CHECK(what_is_put_can_be_got),
	CHECK(every_field_comes_back),
	CHECK(a_second_put_of_a_job_keeps_the_first),
	CHECK(a_failed_job_may_be_tried_again),
	CHECK(what_is_not_there_is_not_found),
	CHECK(a_bad_ref_is_refused),
	CHECK(blobs_are_named_by_their_digest),
	CHECK(blobs_hold_any_bytes),
	CHECK(a_large_result_goes_to_a_blob),
	CHECK(json_comes_back_byte_for_byte),
	CHECK(a_blob_in_parts_is_one_blob),
	CHECK(a_long_blob_that_comes_whole_can_be_read_in_parts),
	CHECK(empty_and_short_blobs_in_parts),
	CHECK(what_is_not_finished_is_not_there),
	CHECK(lists_are_filtered_newest_first),
	CHECK(old_records_and_their_blobs_are_removed),
	CHECK(lists_come_in_pages),
	CHECK(a_young_blob_stays),
	CHECK(keeping_house_spares_what_is_being_put),
	CHECK(migrations_may_be_repeated_and_meet),
	CHECK(what_was_put_survives),
	CHECK(threads_that_put_the_same_job_get_one_record),
#undef CHECK
};

int agentrun_conformance_check_store(const agentrun_conformance_store *given)
{
	agentrun_conformance_store backend = { .struct_size = sizeof(backend) };
	int failed = 0;

	if (agentrun_options_read(&backend, sizeof(backend), given,
		"agentrun_conformance_store", NULL) < 0 || !backend.open || !backend.reset)
		return AGENTRUN_EINVAL;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		store_case c = { .backend = &backend };
		agentrun_error *err = NULL;

		backend.reset(backend.user);
		if (backend.open(backend.user, &c.store, NULL, &err) == 0)
			checks[i].run(&c);
		else
			snprintf(c.check.why, sizeof(c.check.why), "open: %s",
				agentrun_error_message(err));
		agentrun_error_free(err);
		agentrun_store_free(c.store);
		failed += *c.check.why != '\0';
		if (backend.report)
			backend.report(backend.user, checks[i].name,
				*c.check.why ? c.check.why : NULL);
	}
	backend.reset(backend.user);
	return failed;
}
