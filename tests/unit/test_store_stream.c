/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Blobs in parts, blobs elsewhere, and results that go to their blob as they are made. */
#include "unit.h"

#include <stdio.h>

#include <agentrun/engine.h>
#include <agentrun/memory.h>
#include <agentrun/sys/store.h>

#include "engine/engine.h"
#include "table/scan.h"

#define MIB ((size_t)1 << 20)

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

/* ---- a backend that is looked into ----------------------------------------- */

/* Keeps one blob, and counts. */
struct one {
	agentrun_buf blob, upload;
	char hex[65];
	int puts, begun, added, finished, dropped, removed, destroyed;
	int64_t damaged; /* the byte that is read wrong; -1: none */
};

static int one_put(void *self, agentrun_buf *ids, const agentrun_record *const *records,
	size_t n, agentrun_error **why)
{
	(void)self, (void)why;
	for (size_t i = 0; i < n; i++)
		agentrun_buf_set(&ids[i], agentrun_record_get(records[i],
			AGENTRUN_RECORD_RESULT_ID, NULL), 36);
	return 0;
}

static int one_get(void *self, agentrun_record *into, int field, const char *key,
	agentrun_error **why)
{
	(void)self, (void)into, (void)field, (void)key;
	return agentrun_error_raise(why, AGENTRUN_ENOTFOUND, "none");
}

static int one_list(void *self, agentrun_records *into, const agentrun_store_query *query,
	agentrun_error **why)
{
	(void)self, (void)into, (void)query, (void)why;
	return 0;
}

static int one_put_blob(void *self, const char *hex, const char *data, size_t len,
	agentrun_error **why)
{
	struct one *one = self;

	(void)why;
	one->puts++;
	snprintf(one->hex, sizeof(one->hex), "%s", hex);
	return agentrun_buf_set(&one->blob, data ? data : "", len);
}

static int one_get_blob(void *self, agentrun_buf *to, const char *hex, agentrun_error **why)
{
	struct one *one = self;

	if (strcmp(hex, one->hex) != 0)
		return agentrun_error_raise(why, AGENTRUN_ENOTFOUND, "none");
	return agentrun_buf_set(to, one->blob.data, one->blob.len);
}

static int one_begin(void *self, void **upload, agentrun_error **why)
{
	struct one *one = self;

	(void)why;
	one->begun++;
	*upload = &one->upload;
	return 0;
}

static int one_add(void *self, void *upload, const char *data, size_t len,
	agentrun_error **why)
{
	struct one *one = self;

	(void)upload;
	if (++one->added == 3 && one->damaged == -2)
		return agentrun_error_raise(why, AGENTRUN_ESTORAGE, "no room");
	return agentrun_buf_append(&one->upload, data, len);
}

static int one_finish(void *self, void *upload, const char *hex, agentrun_error **why)
{
	struct one *one = self;

	(void)upload, (void)why;
	one->finished++;
	agentrun_buf_dispose(&one->blob);
	one->blob = one->upload;
	one->upload = (agentrun_buf)AGENTRUN_BUF_INIT;
	snprintf(one->hex, sizeof(one->hex), "%s", hex);
	return 0;
}

static void one_drop(void *self, void *upload)
{
	(void)upload;
	((struct one *)self)->dropped++;
}

static int one_read(void *self, const char *hex, uint64_t offset, char *to, size_t cap,
	size_t *len, agentrun_error **why)
{
	struct one *one = self;

	*len = 0;
	if (strcmp(hex, one->hex) != 0)
		return agentrun_error_raise(why, AGENTRUN_ENOTFOUND, "none");
	if (offset < one->blob.len)
		*len = one->blob.len - (size_t)offset < cap ? one->blob.len - (size_t)offset : cap;
	memcpy(to, one->blob.data + offset, *len);
	if (one->damaged >= (int64_t)offset && one->damaged < (int64_t)(offset + *len))
		to[one->damaged - (int64_t)offset] ^= 1;
	return 0;
}

static int one_gc(void *self, uint64_t *records, uint64_t *blobs, const char *before,
	agentrun_error **why)
{
	(void)records, (void)before, (void)why;
	((struct one *)self)->removed++;
	*blobs = 1;
	return 0;
}

static void one_destroy(void *self)
{
	struct one *one = self;

	one->destroyed++;
	agentrun_buf_dispose(&one->blob);
	agentrun_buf_dispose(&one->upload);
}

static agentrun_store_impl one_impl(void)
{
	return (agentrun_store_impl){ .version = AGENTRUN_STORE_IMPL_VERSION,
		.struct_size = sizeof(agentrun_store_impl), .name = "one", .put = one_put,
		.get = one_get, .list = one_list, .put_blob = one_put_blob,
		.get_blob = one_get_blob, .destroy = one_destroy, .blob_begin = one_begin,
		.blob_add = one_add, .blob_finish = one_finish, .blob_drop = one_drop,
		.read_blob = one_read };
}

static agentrun_store *store_of(struct one *one, const agentrun_store_impl *impl)
{
	agentrun_store *made;

	ck_assert_int_eq(agentrun_store_new(&made, impl, one, NULL, NULL), 0);
	return made;
}

static int write_bytes(agentrun_store *to, size_t len, size_t step)
{
	agentrun_store_writer *writer;
	char *bytes = malloc(len + 1);
	int r = 0;

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(i * 7 + i / 1000);
	ck_assert_int_eq(agentrun_store_writer_new(&writer, to, NULL), 0);
	for (size_t at = 0; r == 0 && at < len; at += step)
		r = agentrun_store_writer_add(writer, bytes + at, len - at < step ? len - at : step,
			NULL);
	if (r == 0)
		r = agentrun_store_writer_finish(&out, writer, NULL);
	agentrun_store_writer_free(writer);
	free(bytes);
	return r;
}

/* How much comes before it ends: with 0, or with the code. */
static size_t read_bytes(agentrun_store *from, const char *ref, int *code)
{
	agentrun_store_reader *reader;
	char part[50000];
	size_t all = 0, n = 1;

	*code = agentrun_store_reader_new(&reader, from, ref, NULL);
	while (*code == 0 && n) {
		*code = agentrun_store_reader_read(reader, part, sizeof(part), &n, NULL);
		all += n;
	}
	agentrun_store_reader_free(reader);
	return all;
}

START_TEST(parts_are_of_a_mib_and_what_is_short_goes_whole)
{
	struct one one = { .damaged = -1 };
	agentrun_store_impl impl = one_impl();
	agentrun_store *mine = store_of(&one, &impl);
	int code;

	ck_assert_int_eq(write_bytes(mine, MIB - 1, 1000), 0);
	ck_assert_int_eq(one.puts, 1);
	ck_assert_int_eq(one.begun, 0);
	ck_assert_int_eq(write_bytes(mine, 2 * MIB + 5, 70001), 0);
	ck_assert_int_eq(one.begun, 1);
	ck_assert_int_eq(one.added, 3);
	ck_assert_int_eq(one.finished, 1);
	ck_assert_int_eq(one.dropped, 0);
	ck_assert_uint_eq(read_bytes(mine, out.data, &code), 2 * MIB + 5);
	ck_assert_int_eq(code, 0);
	agentrun_store_free(mine);
}
END_TEST

START_TEST(a_writer_that_fails_is_over_and_drops_its_upload)
{
	struct one one = { .damaged = -2 };
	agentrun_store_impl impl = one_impl();
	agentrun_store *mine = store_of(&one, &impl);

	ck_assert_int_eq(write_bytes(mine, 5 * MIB, MIB), AGENTRUN_ESTORAGE);
	ck_assert_int_eq(one.added, 3);
	ck_assert_int_eq(one.finished, 0);
	ck_assert_int_eq(one.dropped, 1);
	agentrun_store_free(mine);
}
END_TEST

START_TEST(what_is_damaged_never_ends_well)
{
	static const size_t places[] = { 0, 1000, MIB, 3 * MIB, 3 * MIB + 9 };
	struct one one = { .damaged = -1 };
	agentrun_store_impl impl = one_impl();
	agentrun_store *mine = store_of(&one, &impl);
	int code;

	ck_assert_int_eq(write_bytes(mine, 3 * MIB + 10, MIB), 0);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		one.damaged = (int64_t)places[i];
		ck_assert_uint_le(read_bytes(mine, out.data, &code), 3 * MIB);
		ck_assert_int_eq(code, AGENTRUN_ESTORAGE);
	}
	ck_assert_int_eq(write_bytes(mine, 1000, 10), 0);
	one.damaged = 999;
	ck_assert_uint_eq(read_bytes(mine, out.data, &code), 0); /* not a byte of it */
	ck_assert_int_eq(code, AGENTRUN_ESTORAGE);
	agentrun_store_free(mine);
}
END_TEST

START_TEST(a_table_of_version_1_does_it_whole)
{
	struct one one = { .damaged = -1 };
	agentrun_store_impl impl = one_impl();
	agentrun_store_gc_options opts;
	agentrun_store *mine;
	uint64_t blobs = 0;
	int code;

	impl.version = 1;
	impl.struct_size = offsetof(agentrun_store_impl, blob_begin);
	impl.gc = one_gc;
	mine = store_of(&one, &impl);
	ck_assert_int_eq(write_bytes(mine, 2 * MIB + 5, 70001), 0);
	ck_assert_int_eq(one.begun, 0);
	ck_assert_int_eq(one.puts, 1);
	ck_assert_uint_eq(read_bytes(mine, out.data, &code), 2 * MIB + 5);
	agentrun_store_gc_options_init(&opts, sizeof(opts));
	ck_assert_int_eq(agentrun_store_gc_with(NULL, NULL, mine, &opts, &err), AGENTRUN_EINVAL);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "a grace of 0"));
	ck_assert_int_eq(one.removed, 0);
	ck_assert_int_eq(agentrun_store_gc(NULL, &blobs, mine, NULL, NULL), 0);
	ck_assert_int_eq(one.removed, 1);
	ck_assert_uint_eq(blobs, 1);
	agentrun_store_free(mine);
}
END_TEST

START_TEST(some_of_the_four_is_refused)
{
	struct one one = { .damaged = -1 };
	agentrun_store_impl impl = one_impl();
	agentrun_store *mine;

	impl.blob_drop = NULL;
	ck_assert_int_eq(agentrun_store_new(&mine, &impl, &one, NULL, &err), AGENTRUN_EINVAL);
	ck_assert_ptr_null(mine);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "only some of"));
	ck_assert_int_eq(one.destroyed, 0);
}
END_TEST

START_TEST(blobs_may_be_kept_elsewhere)
{
	struct one records = { .damaged = -1 }, blobs = { .damaged = -1 };
	agentrun_store_impl impl = one_impl(), broken = one_impl();
	agentrun_store_options opts;
	agentrun_store *both;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.take_blobs = store_of(&blobs, &impl);
	broken.put = NULL;
	ck_assert_int_eq(agentrun_store_new(&both, &broken, &records, &opts, NULL),
		AGENTRUN_EINVAL);
	ck_assert_int_eq(blobs.destroyed, 0); /* taken on success only */
	ck_assert_int_eq(agentrun_store_new(&both, &impl, &records, &opts, NULL), 0);
	ck_assert_int_eq(write_bytes(both, 10, 10), 0);
	ck_assert_int_eq(write_bytes(both, 2 * MIB, MIB), 0);
	ck_assert_int_eq(agentrun_store_get(&out, both, out.data, NULL), 0);
	ck_assert_uint_eq(out.len, 2 * MIB);
	ck_assert_int_eq(records.puts + records.begun, 0);
	ck_assert_int_eq(blobs.puts, 1);
	ck_assert_int_eq(blobs.finished, 1);
	agentrun_store_free(both);
	ck_assert_int_eq(records.destroyed, 1);
	ck_assert_int_eq(blobs.destroyed, 1);
}
END_TEST

/* ---- a result on its way ---------------------------------------------------- */

static agentrun_store *tight_store(size_t max_inline_bytes)
{
	agentrun_memory_store_options memory;
	agentrun_store_options opts;
	agentrun_store *tight;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = max_inline_bytes;
	agentrun_memory_store_options_init(&memory, sizeof(memory));
	memory.store = &opts;
	ck_assert_int_eq(agentrun_memory_store_new(&tight, &memory, NULL), 0);
	return tight;
}

static const char *const lists[] = {
	"[]", "[1]", "[1,2,3]", "[1,2,3,4]", "[[],[1,[2,3]],{}]",
	"[{\"a\":[1,2,{\"b\":\"],[\"}]},\"x,y\\\\\",\"\\\"],\",null,true,5]",
	"[\"\\\\\\\"\",{\"]\":\"[\"},{\"a\":1,\"b\":[]},[[[]]],1.50,2]",
};

START_TEST(what_went_by_has_the_preview_of_what_is_held)
{
	static const char *const previews[] = {
		"{\"type\":\"dataset\",\"row_count\":0,\"sample\":[]}",
		"{\"type\":\"dataset\",\"row_count\":1,\"sample\":[1]}",
		"{\"type\":\"dataset\",\"row_count\":3,\"sample\":[1,2,3]}",
		"{\"type\":\"dataset\",\"row_count\":4,\"sample\":[1,2,3]}",
		"{\"type\":\"dataset\",\"row_count\":3,\"sample\":[[],[1,[2,3]],{}]}",
		"{\"type\":\"dataset\",\"row_count\":6,\"sample\":"
			"[{\"a\":[1,2,{\"b\":\"],[\"}]},\"x,y\\\\\",\"\\\"],\"]}",
		"{\"type\":\"dataset\",\"row_count\":6,\"sample\":"
			"[\"\\\\\\\"\",{\"]\":\"[\"},{\"a\":1,\"b\":[]}]}",
	};
	agentrun_store *tight = tight_store(0);

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		for (size_t step = 1; step <= strlen(lists[i]); step++) {
			agr_buf preview = AGR_BUF_INIT;
			agr_spilled *spilled = NULL;
			agr_spill *spill;
			size_t len = strlen(lists[i]);

			ck_assert_int_eq(agr_spill_new(&spill, tight, NULL), 0);
			for (size_t at = 0; at < len; at += step)
				ck_assert_int_eq(agr_spill_write(spill, lists[i] + at,
					len - at < step ? len - at : step, NULL), 0);
			ck_assert_int_eq(agr_spill_finish(spill, &out, &spilled, NULL), 0);
			ck_assert_ptr_nonnull(spilled);
			agr_spilled_preview(&preview, spilled, false);
			ck_assert_str_eq(preview.data, previews[i]);
			ck_assert_int_eq(agentrun_store_get(&out, tight, agr_spilled_ref(spilled),
				NULL), 0);
			ck_assert_str_eq(out.data, lists[i]);
			agr_buf_reset(&preview);
			agr_spilled_preview(&preview, spilled, false); /* it may be asked again */
			ck_assert_str_eq(preview.data, previews[i]);
			agr_spilled_free(spilled);
			agr_spill_free(spill);
			agr_buf_free(&preview);
		}
	}
	agentrun_store_free(tight);
}
END_TEST

static agentrun_result *run_job(agentrun_ctx *ctx, agentrun_store *in, const char *job,
	uint32_t stream)
{
	agentrun_engine_options opts;
	agentrun_result *result;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = in;
	opts.stream_results = stream;
	opts.threads = 1;
	ck_assert_int_eq(agentrun_run(&result, ctx, job, strlen(job), &opts, NULL), 0);
	ck_assert_str_eq(agentrun_result_status(result), "completed");
	return result;
}

/* The value of a member at the top of the message. */
static char *member(const agentrun_result *result, const char *name)
{
	size_t len;
	const char *message = agentrun_result_payload(result, &len);
	agr_text text = { .name = "message", .p = message, .n = len };
	agr_span root, value;

	ck_assert_int_eq(agr_scan_document(&root, &text, NULL), 0);
	ck_assert(agr_object_get(root, name, strlen(name), &value));
	return agr_strndup(value.p, value.n);
}

START_TEST(a_job_s_rows_go_to_their_blob_as_they_are_made)
{
	static const char job[] = "{\"job_id\":\"%s\",\"prompt\":\"where n > 1\",\"context\":"
		"{\"data\":[{\"n\":1},{\"n\":2,\"s\":\"],\"},{\"n\":3},{\"n\":4},{\"n\":5}]}}";
	agentrun_store *tight = tight_store(10);
	agentrun_result *held, *streamed;
	agentrun_ctx *ctx;
	char one[300], two[300], *a, *b, *ref;

	ck_assert_int_eq(agentrun_ctx_new(&ctx, NULL, NULL), 0);
	snprintf(one, sizeof(one), job, "one");
	snprintf(two, sizeof(two), job, "two");
	held = run_job(ctx, tight, one, 0);
	streamed = run_job(ctx, tight, two, 1);
	ck_assert_ptr_nonnull(agentrun_result_data(held, NULL));
	ck_assert_ptr_null(agentrun_result_data(streamed, NULL));
	a = member(held, "result_preview");
	b = member(streamed, "result_preview");
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
	ref = member(streamed, "result_ref"); /* a JSON string */
	ref[strlen(ref) - 1] = '\0';
	ck_assert_int_eq(agentrun_store_get(&out, tight, ref + 1, NULL), 0);
	ck_assert_str_eq(out.data, agentrun_result_data(held, NULL));
	free(ref);
	agentrun_result_free(held);
	agentrun_result_free(streamed);
	agentrun_ctx_free(ctx);
	agentrun_store_free(tight);
}
END_TEST

START_TEST(a_job_that_is_handed_out_again_has_the_same_preview)
{
	static const char job[] = "{\"job_id\":\"j\",\"run_id\":\"r\",\"node_id\":\"n\",\"prompt\":"
		"\"where n > 0\",\"context\":{\"data\":[{\"n\":1},{\"n\":2},{\"n\":3},{\"n\":4}]}}";
	agentrun_store *tight = tight_store(10);
	agentrun_engine_options opts;
	agentrun_submit_options submit;
	agentrun_engine *engine;
	agentrun_result *first, *second;
	agentrun_ctx *ctx;
	char *a, *b;

	ck_assert_int_eq(agentrun_ctx_new(&ctx, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.store = tight;
	opts.stream_results = 1;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	agentrun_submit_options_init(&submit, sizeof(submit));
	ck_assert_int_eq(agentrun_engine_submit_with(engine, job, strlen(job), &submit, NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &first, 1, -1), 1);
	submit.flags = AGENTRUN_SUBMIT_REDELIVERED;
	ck_assert_int_eq(agentrun_engine_submit_with(engine, job, strlen(job), &submit, NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &second, 1, -1), 1);
	a = member(first, "result_preview");
	b = member(second, "result_preview");
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
	a = member(first, "result_ref");
	b = member(second, "result_ref");
	ck_assert_str_eq(a, b);
	free(a);
	free(b);
	agentrun_result_free(first);
	agentrun_result_free(second);
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	agentrun_store_free(tight);
}
END_TEST

START_TEST(a_reserved_field_is_zero)
{
	agentrun_engine_options opts;
	agentrun_engine *engine;
	agentrun_ctx *ctx;

	ck_assert_int_eq(agentrun_ctx_new(&ctx, NULL, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.reserved = 1;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), AGENTRUN_EINVAL);
	agentrun_ctx_free(ctx);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		parts_are_of_a_mib_and_what_is_short_goes_whole,
		a_writer_that_fails_is_over_and_drops_its_upload,
		what_is_damaged_never_ends_well,
		a_table_of_version_1_does_it_whole,
		some_of_the_four_is_refused,
		blobs_may_be_kept_elsewhere,
		what_went_by_has_the_preview_of_what_is_held,
		a_job_s_rows_go_to_their_blob_as_they_are_made,
		a_job_that_is_handed_out_again_has_the_same_preview,
		a_reserved_field_is_zero,
		NULL,
	};

	return unit_main(unit_suite_with("store_stream", tests, setup, teardown));
}
