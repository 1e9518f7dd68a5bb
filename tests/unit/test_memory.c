/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* limits.job_memory_bytes: what makes a job hold much ends it, and it alone. */
#include "jobs.h"

#include <agentrun/memory.h>

#include "base/arena.h"
#include "base/buf.h"

#define LIMIT "1000000"
#define ROWS 5000 /* about 400 kB */

static struct test_planner planner;
static agentrun_ctx *ctx;
static agentrun_engine *engine;
static agentrun_buf job, plan;

static void make_job(void)
{
	char row[128];

	agentrun_buf_set(&job, "", 0);
	agentrun_buf_append(&job, "{\"prompt\":\"the rows\",\"context\":{\"data\":[", 40);
	for (int i = 0; i < ROWS; i++) {
		int n = snprintf(row, sizeof(row), "%s{\"id\":%d,\"k\":1,\"t\":\"%050d\"}",
			i ? "," : "", i, i * 7 % ROWS);

		agentrun_buf_append(&job, row, (size_t)n);
	}
	agentrun_buf_append(&job, "]}}", 3);
}

static void setup(void)
{
	agentrun_engine_options opts;
	agentrun_config *config;
	agentrun_ctx_options ctx_opts;
	const agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "test", .plan = test_plan,
		.destroy = test_planner_free };

	planner = (struct test_planner){ .answer = "{}" };
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "limits.job_memory_bytes", LIMIT, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "http.allow_private_networks", "true",
		NULL), 0);
	agentrun_ctx_options_init(&ctx_opts, sizeof(ctx_opts));
	ctx_opts.config = config;
	ck_assert_int_eq(agentrun_ctx_new(&ctx, &ctx_opts, NULL), 0);
	agentrun_config_free(config);
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, &planner, NULL), 0);
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	make_job();
}

static void teardown(void)
{
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	agentrun_buf_dispose(&job);
	agentrun_buf_dispose(&plan);
}

static agentrun_result *run(const char *pipeline)
{
	static const char head[] = "{\"tool_calls\":[{\"function\":{\"name\":"
		"\"execute_pipeline\",\"arguments\":";
	agentrun_result *result = NULL;
	agentrun_buf arguments = AGENTRUN_BUF_INIT;

	agentrun_buf_set(&arguments, "{\"pipeline\":", 12);
	agentrun_buf_append(&arguments, pipeline, strlen(pipeline));
	agentrun_buf_append(&arguments, "}", 1);
	agentrun_buf_set(&plan, head, sizeof(head) - 1);
	agentrun_buf_append_json(&plan, arguments.data, arguments.len);
	agentrun_buf_append(&plan, "}}]}", 5);
	agentrun_buf_dispose(&arguments);
	planner.answer = plan.data;
	ck_assert_int_eq(agentrun_engine_submit(engine, job.data, job.len, 0, NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 60000), 1);
	return result;
}

static void is_refused(const char *pipeline)
{
	agentrun_result *result = run(pipeline);

	const char *says = agentrun_result_payload(result, NULL);

	ck_assert_msg(strstr(says, "\"type\":\"policy_refused\"") != NULL, "%s: %.500s",
		pipeline, says);
	expect_failed(result, AGENTRUN_ELIMIT, "the limit is " LIMIT ": give it less data, or "
		"raise limits.job_memory_bytes");
}

static void is_done(const char *pipeline, const char *data)
{
	expect_data(run(pipeline), data);
}

START_TEST(what_holds_little_is_done)
{
	is_done("[{\"step\":\"count\"}]", "[{\"count\":5000}]");
	is_done("[{\"step\":\"top_k\",\"k\":1,\"by\":\"id\",\"order\":\"desc\"},"
		"{\"step\":\"table_select\",\"fields\":[\"id\"]}]", "[{\"id\":4999}]");
	is_done("[{\"step\":\"groupby\",\"by\":[\"k\"],\"agg\":\"max\",\"field\":\"id\"}]",
		"[{\"k\":1,\"max_id\":4999}]");
}
END_TEST

/* Each keeps its rows in a way of its own. */
START_TEST(what_holds_much_is_refused_and_the_next_job_is_done)
{
	static const char *const much[] = {
		"[{\"step\":\"derive\",\"as\":\"u\",\"expr\":\"concat(t, t)\"},"
		"{\"step\":\"table_sort\",\"field\":\"t\"}]",
		"[{\"step\":\"derive\",\"as\":\"u\",\"expr\":\"concat(t, t)\"},"
		"{\"step\":\"top_k\",\"by\":\"t\",\"k\":4999},{\"step\":\"count\"}]",
		"[{\"step\":\"derive\",\"as\":\"u\",\"expr\":\"concat(t, t)\"},"
		"{\"step\":\"distinct\"},{\"step\":\"count\"}]",
		"[{\"step\":\"groupby\",\"by\":[\"t\"],\"agg\":\"count\"},{\"step\":\"count\"}]",
		"[{\"step\":\"join\",\"on\":\"k\",\"right\":[{\"k\":1,\"a\":1},{\"k\":1,\"a\":2},"
		"{\"k\":1,\"a\":3},{\"k\":1,\"a\":4}]}]",
		"[{\"step\":\"derive\",\"as\":\"u\",\"expr\":\"concat(t, t, t, t)\"}]",
#ifdef AGR_HAVE_PCRE2
		"[{\"step\":\"regex_extract\",\"field\":\"t\",\"pattern\":\"(.*)\",\"as\":\"u\"}]",
#endif
	};

	for (size_t i = 0; i < sizeof(much) / sizeof(much[0]); i++) {
		is_refused(much[i]);
		is_done("[{\"step\":\"count\"}]", "[{\"count\":5000}]");
	}
}
END_TEST

START_TEST(a_message_is_counted)
{
	agentrun_result *result = NULL;
	char *long_job = malloc(1200000);

	memset(long_job, ' ', 1200000);
	memcpy(long_job, "{\"job_id\":\"long\",\"prompt\":\"x\"}", 30);
	ck_assert_int_eq(agentrun_engine_submit(engine, long_job, 1200000, 0, NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 60000), 1);
	ck_assert_str_eq(agentrun_result_job_id(result), "long");
	expect_failed(result, AGENTRUN_ELIMIT, "limits.job_memory_bytes");
	free(long_job);
}
END_TEST

START_TEST(an_answer_is_counted)
{
	struct loopback server;
	char pipeline[200], *body = malloc(900000);

	memset(body, ' ', 900000);
	memcpy(body, "HTTP/1.1 200 OK\r\nContent-Length: 800000\r\nConnection: close\r\n\r\n[]", 64);
	body[64 + 800000 - 2] = '\0';
	loopback_start(&server, 1);
	server.says = body;
	snprintf(pipeline, sizeof(pipeline), "[{\"step\":\"http_request\",\"url\":\"%s\"}]",
		server.url);
	is_refused(pipeline);
	loopback_stop(&server);
	free(body);
}
END_TEST

START_TEST(a_meter_counts_what_arenas_and_buffers_take_and_give)
{
	agr_meter meter = { .most = 100000 };
	agr_arena arena = { .meter = &meter };
	agr_buf buf = AGR_BUF_METERED(&meter);

	ck_assert_ptr_nonnull(agr_arena_bytes(&arena, 10));
	ck_assert_uint_gt(meter.used, 65536);
	agr_buf_add(&buf, "abc", 3);
	ck_assert_ptr_null(agr_arena_bytes(&arena, 70000));
	ck_assert(agr_meter_is_over(&meter));
	ck_assert_uint_gt(meter.wanted, 100000);
	ck_assert_ptr_null(agr_buf_reserve(&buf, 90000));
	ck_assert_int_eq(buf.failed, AGENTRUN_ENOMEM);
	agr_buf_free(&buf);
	agr_arena_free(&arena);
	ck_assert_uint_eq(meter.used, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		what_holds_little_is_done,
		what_holds_much_is_refused_and_the_next_job_is_done,
		a_message_is_counted,
		an_answer_is_counted,
		a_meter_counts_what_arenas_and_buffers_take_and_give,
		NULL,
	};

	return unit_main(unit_suite_with("memory", tests, setup, teardown));
}
