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
	CHECK(lists_are_filtered_newest_first),
	CHECK(old_records_and_their_blobs_are_removed),
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
