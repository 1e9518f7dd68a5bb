/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The front that every store backend stands behind: refs, ids, times, spill. */
#include "unit.h"

#include <agentrun/memory.h>
#include <agentrun/store.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/store.h>

#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static agentrun_store *store;
static agentrun_buf out;
static agentrun_error *err;

static void setup(void)
{
	ck_assert_int_eq(agentrun_memory_store_new(&store, NULL, NULL), 0);
	out = (agentrun_buf)AGENTRUN_BUF_INIT;
	err = NULL;
}

static void teardown(void)
{
	agentrun_buf_dispose(&out);
	agentrun_error_free(err);
	agentrun_store_free(store);
}

static agentrun_record *record_of(const char *job, const char *data)
{
	agentrun_record *record;

	ck_assert_int_eq(agentrun_record_new(&record, NULL), 0);
	if (job)
		agentrun_record_set(record, AGENTRUN_RECORD_JOB_ID, job, strlen(job));
	if (data)
		agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, data, strlen(data));
	agentrun_record_set(record, AGENTRUN_RECORD_STATUS, "completed", 9);
	return record;
}

static const char *field(const agentrun_record *record, int which)
{
	return agentrun_record_get(record, which, NULL);
}

START_TEST(a_record_gets_an_id_a_time_and_a_ref)
{
	agentrun_record *record = record_of("j", "[1]"), *again;

	ck_assert_int_eq(agentrun_store_put(&out, store, record, NULL), 0);
	ck_assert_int_eq(strncmp(out.data, "artifact://", 11), 0);
	ck_assert_str_eq(out.data + 11, field(record, AGENTRUN_RECORD_RESULT_ID));
	ck_assert_uint_eq(strlen(field(record, AGENTRUN_RECORD_CREATED_AT)), 24);
	ck_assert_int_eq(agentrun_store_get_record(&again, store, out.data, NULL), 0);
	ck_assert_str_eq(field(again, AGENTRUN_RECORD_JOB_ID), "j");
	agentrun_record_free(again);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_str_eq(out.data, "[1]");
	agentrun_record_free(record);
}
END_TEST

START_TEST(a_record_without_a_job_is_refused)
{
	agentrun_record *record = record_of(NULL, "1");

	ck_assert_int_eq(agentrun_store_put(&out, store, record, &err), AGENTRUN_EINVAL);
	ck_assert_str_eq(agentrun_error_message(err), "the record has no job_id");
	agentrun_record_set(record, AGENTRUN_RECORD_JOB_ID, "", 0);
	ck_assert_int_eq(agentrun_store_put(&out, store, record, NULL), AGENTRUN_EINVAL);
	agentrun_record_free(record);
}
END_TEST

START_TEST(bad_refs_are_told_from_missing_ones)
{
	static const char *const wrong[] = { "", "x", "artifact:", "artifact:/x", "Artifact://x",
		" artifact://x", "cas://", "cas://sha256:", "cas://md5:" ABC, "cas://" ABC,
		"cas://sha256:" ABC "0", "cas://sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A3"
		"96177A9CB410FF61F20015AD", "cas://sha256:../../../etc/passwd", "http://x" };
	agentrun_record *record = NULL;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(agentrun_store_get(&out, store, wrong[i], NULL) == AGENTRUN_EINVAL,
			"%s", wrong[i]);
	ck_assert_int_eq(agentrun_store_get(&out, store, "artifact://x", NULL),
		AGENTRUN_ENOTFOUND);
	ck_assert_int_eq(agentrun_store_get(&out, store, "artifact://", NULL),
		AGENTRUN_ENOTFOUND);
	ck_assert_int_eq(agentrun_store_get(&out, store, "cas://sha256:" ABC, &err),
		AGENTRUN_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), ABC));
	ck_assert_int_eq(agentrun_store_get_record(&record, store, "cas://sha256:" ABC, NULL),
		AGENTRUN_EINVAL);
	ck_assert_ptr_null(record);
	ck_assert_int_eq(agentrun_store_find_job(&record, store, "nobody", NULL),
		AGENTRUN_ENOTFOUND);
	ck_assert_ptr_null(record);
}
END_TEST

START_TEST(data_over_the_limit_goes_to_a_blob)
{
	agentrun_record *small = record_of("s", "abc"), *large = record_of("l", "abcd");

	agentrun_store_options opts;
	agentrun_memory_store_options memory;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = 3;
	agentrun_memory_store_options_init(&memory, sizeof(memory));
	memory.store = &opts;
	agentrun_store_free(store);
	ck_assert_int_eq(agentrun_memory_store_new(&store, &memory, NULL), 0);
	ck_assert_int_eq(agentrun_store_put(&out, store, small, NULL), 0);
	ck_assert_ptr_null(field(small, AGENTRUN_RECORD_CAS_ID));
	ck_assert_int_eq(agentrun_store_put(&out, store, large, NULL), 0);
	ck_assert_ptr_null(field(large, AGENTRUN_RECORD_RESULT_DATA));
	ck_assert_int_eq(strncmp(field(large, AGENTRUN_RECORD_CAS_ID), "sha256:", 7), 0);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_str_eq(out.data, "abcd");
	agentrun_record_free(small);
	agentrun_record_free(large);
}
END_TEST

START_TEST(blobs_are_kept_under_their_digest)
{
	ck_assert_int_eq(agentrun_store_put_blob(&out, store, "abc", 3, NULL), 0);
	ck_assert_str_eq(out.data, "cas://sha256:" ABC);
	ck_assert_int_eq(agentrun_store_put_blob(&out, store, "abc", 3, NULL), 0);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_uint_eq(out.len, 3);
	ck_assert_int_eq(agentrun_store_put_blob(&out, store, "\0\xff", 2, NULL), 0);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_uint_eq(out.len, 2);
	ck_assert_int_eq(agentrun_store_put_blob(&out, store, "", 0, NULL), 0);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(a_record_without_data_reads_as_null)
{
	agentrun_record *record = record_of("j", NULL);

	ck_assert_int_eq(agentrun_store_put(&out, store, record, NULL), 0);
	ck_assert_int_eq(agentrun_store_get(&out, store, out.data, NULL), 0);
	ck_assert_str_eq(out.data, "null");
	agentrun_record_free(record);
}
END_TEST

START_TEST(times_are_read_or_refused)
{
	static const char *const wrong[] = { "tomorrow", "", "2026", "2026-13-01", "zzzz" };
	agentrun_record *record = record_of("j", "1");
	agentrun_store_query query;
	agentrun_records *records;
	uint64_t removed = 9;

	ck_assert_int_eq(agentrun_store_put(&out, store, record, NULL), 0);
	agentrun_record_free(record);
	agentrun_store_query_init(&query, sizeof(query));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		query.since = wrong[i];
		ck_assert_int_eq(agentrun_store_list(&records, store, &query, NULL),
			AGENTRUN_EINVAL);
		ck_assert_ptr_null(records);
		ck_assert_int_eq(agentrun_store_gc(&removed, NULL, store, wrong[i], NULL),
			AGENTRUN_EINVAL);
		ck_assert_uint_eq(removed, 0);
	}
	query.since = "2020-01-01";
	ck_assert_int_eq(agentrun_store_list(&records, store, &query, NULL), 0);
	ck_assert_uint_eq(agentrun_records_count(records), 1);
	agentrun_records_free(records);
	ck_assert_int_eq(agentrun_store_gc(&removed, NULL, store, "1066-10-14", NULL), 0);
	ck_assert_uint_eq(removed, 0);
	ck_assert_int_eq(agentrun_store_gc(&removed, NULL, store, "2999-01-01T00:00:00+14:00",
		NULL), 0);
	ck_assert_uint_eq(removed, 1);
}
END_TEST

START_TEST(records_print_as_json_with_nulls)
{
	agentrun_record *record = record_of("j\"\n", "{\"a\":1}");

	agentrun_record_set(record, AGENTRUN_RECORD_TOKENS_USED, "7", 1);
	ck_assert_int_eq(agentrun_record_json(&out, record), 0);
	ck_assert_str_eq(out.data, "{\"result_id\":null,\"job_id\":\"j\\\"\\n\",\"run_id\":null,"
		"\"node_id\":null,\"result_data\":{\"a\":1},\"cas_id\":null,\"s3_ref\":null,"
		"\"status\":\"completed\",\"error\":null,\"tool_calls\":null,\"tokens_used\":7,"
		"\"cache_hit\":null,\"execution_time_ms\":null,\"llm_model\":null,"
		"\"created_at\":null,\"completed_at\":null}");
	ck_assert_int_eq(agentrun_record_field_count(), AGENTRUN_RECORD_COMPLETED_AT + 1);
	ck_assert_int_eq(agentrun_record_set(record, agentrun_record_field_count(), "x", 1),
		AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_record_set(record, -1, "x", 1), AGENTRUN_EINVAL);
	ck_assert_ptr_null(agentrun_record_get(record, 99, NULL));
	ck_assert_ptr_null(agentrun_record_field_name(-1));
	ck_assert_str_eq(agentrun_record_field_name(AGENTRUN_RECORD_CAS_ID), "cas_id");
	ck_assert_int_eq(agentrun_record_set(record, AGENTRUN_RECORD_STATUS, NULL, 0), 0);
	ck_assert_ptr_null(field(record, AGENTRUN_RECORD_STATUS));
	agentrun_record_free(record);
}
END_TEST

/* ---- a backend of one's own ---------------------------------------------- */

static int lie(void *self, agentrun_buf *into, const char *hex, agentrun_error **why)
{
	(void)self;
	(void)hex;
	(void)why;
	return agentrun_buf_set(into, "other", 5);
}

static int no_put(void *self, agentrun_buf *ids,
	const agentrun_record *const *records, size_t n, agentrun_error **why)
{
	(void)self;
	(void)records;
	(void)n;
	(void)ids;
	return agentrun_error_raise(why, AGENTRUN_EBACKEND, "gone");
}

static int no_get(void *self, agentrun_record *into, int which, const char *key,
	agentrun_error **why)
{
	(void)self;
	(void)which;
	(void)key;
	(void)into;
	return agentrun_error_raise(why, AGENTRUN_EBACKEND, "gone");
}

static int no_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **why)
{
	(void)self;
	(void)query;
	(void)into;
	return agentrun_error_raise(why, AGENTRUN_EBACKEND, "gone");
}

static int no_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **why)
{
	(void)self;
	(void)hex;
	(void)data;
	(void)len;
	return agentrun_error_raise(why, AGENTRUN_EBACKEND, "gone");
}

static void count_destroy(void *self)
{
	++*(int *)self;
}

START_TEST(a_backend_s_failures_come_through)
{
	agentrun_store_impl impl = { .version = AGENTRUN_STORE_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "mine", .put = no_put, .get = no_get,
		.list = no_list, .put_blob = no_blob, .get_blob = lie,
		.destroy = count_destroy };
	agentrun_record *record = record_of("j", "1");
	agentrun_records *records;
	agentrun_store *mine;
	agentrun_error *again = NULL;
	char name[] = "mine";
	int destroyed = 0;

	impl.get_blob = NULL;
	ck_assert_int_eq(agentrun_store_new(&mine, &impl, &destroyed, NULL, &err), AGENTRUN_EINVAL);
	ck_assert_ptr_null(mine);
	ck_assert_int_eq(destroyed, 0);
	impl.get_blob = lie;
	impl.name = name;
	ck_assert_int_eq(agentrun_store_new(&mine, &impl, &destroyed, NULL, NULL), 0);
	ck_assert_int_eq(agentrun_store_put(&out, mine, record, NULL), AGENTRUN_EBACKEND);
	ck_assert_int_eq(agentrun_store_list(&records, mine, NULL, NULL), AGENTRUN_EBACKEND);
	ck_assert_ptr_null(records);
	ck_assert_int_eq(agentrun_store_get(&out, mine, "artifact://x", NULL),
		AGENTRUN_EBACKEND);
	ck_assert_int_eq(agentrun_store_get(&out, mine, "cas://sha256:" ABC, NULL),
		AGENTRUN_ESTORAGE);
	ck_assert_ptr_null(out.data);
	ck_assert_int_eq(agentrun_store_migrate(mine, NULL), 0);
	name[0] = '?'; /* the store has a copy */
	ck_assert_int_eq(agentrun_store_gc(NULL, NULL, mine, NULL, &again), AGENTRUN_EINVAL);
	ck_assert_str_eq(agentrun_error_message(again),
		"the mine store cannot remove what it keeps");
	agentrun_error_free(again);
	agentrun_store_free(mine);
	ck_assert_int_eq(destroyed, 1);
	agentrun_record_free(record);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_record_gets_an_id_a_time_and_a_ref,
		a_record_without_a_job_is_refused,
		bad_refs_are_told_from_missing_ones,
		data_over_the_limit_goes_to_a_blob,
		blobs_are_kept_under_their_digest,
		a_record_without_data_reads_as_null,
		times_are_read_or_refused,
		records_print_as_json_with_nulls,
		a_backend_s_failures_come_through,
		NULL,
	};

	return unit_main(unit_suite_with("store", tests, setup, teardown));
}
