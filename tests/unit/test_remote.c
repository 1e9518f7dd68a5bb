/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A schema at an address: fetched once for all who want it, kept with its ETag, and what
 * stands when it cannot be had. The server is the test's own, on the loopback. */
#include "jobs.h"

#include <agentrun/patch.h>

#define FLOW "{\"nodes\":[{\"id\":\"a\",\"type\":\"task\"}],\"edges\":[]}"
#define ADD_TASK "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"b\",\"type\":\"task\"}}]"
#define ADD_OWN "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":\"b\",\"type\":\"own\"}}]"

/* Allows one more type than TASKS does. */
#define TASKS "{\"properties\":{\"nodes\":{\"items\":{\"properties\":{\"type\":{\"enum\":" \
	"[\"task\"]}}}}}}"
#define TASKS_AND_OWN "{\"properties\":{\"nodes\":{\"items\":{\"properties\":{\"type\":{" \
	"\"enum\":[\"task\",\"own\"]}}}}}}"

/* ---- the server --------------------------------------------------------------------- */

struct server {
	pthread_mutex_t lock; /* guards all below but what start() sets */
	int status;
	const char *headers, *body; /* header lines, each with its end */
	int wait_ms;      /* before it answers; -1: it hangs up instead */
	int requests;
	char heard[4096]; /* the last of them */
	int fd, stop[2];
	pthread_t thread;
	char url[64];
};

static struct server server;

static void answers(int status, const char *headers, const char *body)
{
	pthread_mutex_lock(&server.lock);
	server.status = status;
	server.headers = headers;
	server.body = body;
	server.wait_ms = 0;
	pthread_mutex_unlock(&server.lock);
}

static void answers_after(int wait_ms)
{
	pthread_mutex_lock(&server.lock);
	server.wait_ms = wait_ms;
	pthread_mutex_unlock(&server.lock);
}

static int requests(void)
{
	int n;

	pthread_mutex_lock(&server.lock);
	n = server.requests;
	pthread_mutex_unlock(&server.lock);
	return n;
}

static int heard(const char *text)
{
	int yes;

	pthread_mutex_lock(&server.lock);
	yes = strstr(server.heard, text) != NULL;
	pthread_mutex_unlock(&server.lock);
	return yes;
}

static void serve(int peer)
{
	char text[8192];
	ssize_t n = recv(peer, text, sizeof(server.heard) - 1, 0);
	int wait_ms, len = 0;

	if (n <= 0)
		return;
	text[n] = '\0';
	pthread_mutex_lock(&server.lock);
	server.requests++;
	memcpy(server.heard, text, (size_t)n + 1);
	wait_ms = server.wait_ms;
	len = snprintf(text, sizeof(text), "HTTP/1.1 %d x\r\nConnection: close\r\n"
		"Content-Length: %zu\r\n%s\r\n%s", server.status,
		server.status == 304 ? 0 : strlen(server.body), server.headers,
		server.status == 304 ? "" : server.body);
	pthread_mutex_unlock(&server.lock);
	ck_assert_int_lt(len, (int)sizeof(text));
	if (wait_ms > 0) /* until the test is over, at the most */
		poll(&(struct pollfd){ server.stop[0], POLLIN, 0 }, 1, wait_ms);
	if (wait_ms >= 0)
		(void)!send(peer, text, (size_t)len, MSG_NOSIGNAL);
}

static void *server_run(void *user)
{
	(void)user;
	for (;;) {
		struct pollfd fds[2] = { { server.fd, POLLIN, 0 }, { server.stop[0], POLLIN, 0 } };
		int peer;

		poll(fds, 2, -1);
		if (fds[1].revents)
			return NULL;
		peer = accept(server.fd, NULL, NULL);
		if (peer < 0)
			continue;
		serve(peer);
		close(peer);
	}
}

static void server_start(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	memset(&server, 0, sizeof(server));
	pthread_mutex_init(&server.lock, NULL);
	server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(server.fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(server.fd, 128), 0);
	ck_assert_int_eq(getsockname(server.fd, (struct sockaddr *)&at, &len), 0);
	ck_assert_int_eq(pipe(server.stop), 0);
	snprintf(server.url, sizeof(server.url), "http://127.0.0.1:%d/flow.schema.json",
		ntohs(at.sin_port));
	answers(200, "", TASKS);
	ck_assert_int_eq(pthread_create(&server.thread, NULL, server_run, NULL), 0);
}

static void server_stop(void)
{
	(void)!write(server.stop[1], "x", 1);
	pthread_join(server.thread, NULL);
	close(server.stop[0]);
	close(server.stop[1]);
	close(server.fd);
	pthread_mutex_destroy(&server.lock);
}

/* ---- what the tests share -------------------------------------------------------------- */

static struct test_planner planner;
static agentrun_ctx *ctx;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char logged[8192];

static void note_log(void *user, const agentrun_log_event *event)
{
	(void)user;
	pthread_mutex_lock(&log_lock);
	snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged), "%s\n",
		event->message);
	pthread_mutex_unlock(&log_lock);
}

static int was_logged(const char *text)
{
	int yes;

	pthread_mutex_lock(&log_lock);
	yes = strstr(logged, text) != NULL;
	pthread_mutex_unlock(&log_lock);
	return yes;
}

/* The private networks are not open: the address is the operator's. */
static void open_ctx(const char *more_key, const char *more_value)
{
	const agentrun_planner_impl impl = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "test", .plan = test_plan,
		.destroy = test_planner_free };
	agentrun_ctx_options opts;
	agentrun_config *config;

	agentrun_ctx_free(ctx);
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	ck_assert_int_eq(agentrun_config_set(config, "workflow.schema", server.url, NULL), 0);
	if (more_key)
		ck_assert_int_eq(agentrun_config_set(config, more_key, more_value, NULL), 0);
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	opts.log = note_log;
	ck_assert_int_eq(agentrun_ctx_new(&ctx, &opts, NULL), 0);
	agentrun_config_free(config);
	planner = (struct test_planner){ .answer = "{\"tool_calls\":[{\"function\":{\"name\":"
		"\"patch_workflow\",\"arguments\":\"{\\\"patch_spec\\\":{\\\"operations\\\":[{"
		"\\\"op\\\":\\\"add\\\",\\\"path\\\":\\\"/nodes/-\\\",\\\"value\\\":{"
		"\\\"id\\\":\\\"b\\\",\\\"type\\\":\\\"own\\\"}}]}}\"}}]}" };
	ck_assert_int_eq(agentrun_ctx_add_planner(ctx, &impl, &planner, NULL), 0);
}

static void setup(void)
{
	logged[0] = '\0';
	server_start();
	open_ctx(NULL, NULL);
}

static void teardown(void)
{
	server_stop();
	agentrun_ctx_free(ctx);
	ctx = NULL;
}

static int apply(const char *patch, agentrun_error **err)
{
	agentrun_patch_result *result;
	int r = agentrun_apply_patch(&result, ctx, FLOW, strlen(FLOW), patch, strlen(patch),
		NULL, err);

	agentrun_patch_result_free(result);
	return r;
}

static void applies(const char *patch)
{
	agentrun_error *err = NULL;

	ck_assert_msg(apply(patch, &err) == 0, "%s", agentrun_error_message(err));
}

static void fails(const char *patch, int code, int retryable, const char *says)
{
	agentrun_error *err = NULL;

	ck_assert_int_eq(apply(patch, &err), code);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	ck_assert_msg(agentrun_error_is_retryable(err) == retryable, "%s",
		agentrun_error_message(err));
	agentrun_error_free(err);
}

static void is_refused(const char *patch)
{
	fails(patch, AGENTRUN_EPATCH, 0, "is not allowed, choose one of");
}

static int64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- one after the other ----------------------------------------------------------------- */

START_TEST(a_schema_is_fetched_and_kept)
{
	applies(ADD_TASK);
	is_refused(ADD_OWN);
	ck_assert_int_eq(agentrun_workflow_check(ctx, FLOW, strlen(FLOW), NULL, NULL), 0);
	ck_assert_int_eq(requests(), 1);
	ck_assert(heard("GET /flow.schema.json HTTP/1.1\r\n"));
	ck_assert(!heard("If-None-Match"));
}
END_TEST

START_TEST(what_needs_no_schema_fetches_none)
{
	agentrun_patch_result *result;
	agentrun_patch_options opts;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = 1;
	ck_assert_int_eq(agentrun_apply_patch(&result, ctx, "{}", 2, "[]", 2, &opts, NULL), 0);
	agentrun_patch_result_free(result);
	opts.raw = 0;
	opts.schema = TASKS_AND_OWN;
	opts.schema_len = strlen(TASKS_AND_OWN);
	ck_assert_int_eq(agentrun_apply_patch(&result, ctx, FLOW, strlen(FLOW), ADD_OWN,
		strlen(ADD_OWN), &opts, NULL), 0);
	agentrun_patch_result_free(result);
	ck_assert_int_eq(requests(), 0);
}
END_TEST

START_TEST(one_that_has_not_changed_is_not_sent_again)
{
	answers(200, "ETag: W/\"v1\"\r\nLast-Modified: Tue, 14 Nov 2023 22:14:20 GMT\r\n"
		"Cache-Control: no-cache\r\n", TASKS);
	applies(ADD_TASK);
	answers(304, "", "");
	applies(ADD_TASK);
	ck_assert_int_eq(requests(), 2);
	ck_assert(heard("If-None-Match: W/\"v1\"\r\n"));
	ck_assert(heard("If-Modified-Since: Tue, 14 Nov 2023 22:14:20 GMT\r\n"));
	/* What 304 does not say stays as it was: it is asked for each time. */
	is_refused(ADD_OWN);
	ck_assert_int_eq(requests(), 3);
	answers(304, "Cache-Control: max-age=3600\r\n", "");
	applies(ADD_TASK);
	is_refused(ADD_OWN);
	ck_assert_int_eq(requests(), 4);
	ck_assert(!was_logged("changed"));
}
END_TEST

/* RFC 9110, 15.4.5: 304 has the ETag that 200 would have had. */
START_TEST(what_304_says_of_the_schema_counts_from_then_on)
{
	answers(200, "Last-Modified: Tue, 14 Nov 2023 22:14:20 GMT\r\nCache-Control: no-cache\r\n",
		TASKS);
	applies(ADD_TASK);
	answers(304, "ETag: \"one\"\r\n", "");
	applies(ADD_TASK);
	ck_assert(!heard("If-None-Match"));
	applies(ADD_TASK);
	ck_assert(heard("If-None-Match: \"one\"\r\n"));
	ck_assert(heard("If-Modified-Since: Tue, 14 Nov 2023 22:14:20 GMT\r\n"));
	answers(304, "ETag: \"two\"\r\n", "");
	applies(ADD_TASK);
	applies(ADD_TASK);
	ck_assert(heard("If-None-Match: \"two\"\r\n"));
	is_refused(ADD_OWN);
}
END_TEST

START_TEST(a_changed_one_takes_the_place_of_the_old)
{
	answers(200, "ETag: \"1\"\r\nCache-Control: max-age=1\r\n", TASKS);
	is_refused(ADD_OWN);
	answers(200, "ETag: \"2\"\r\nCache-Control: no-cache\r\n", TASKS_AND_OWN);
	is_refused(ADD_OWN);
	ck_assert_int_eq(requests(), 1);
	usleep(1100000);
	applies(ADD_OWN);
	ck_assert(heard("If-None-Match: \"1\"\r\n"));
	ck_assert(was_logged("has changed"));
	answers(200, "", TASKS); /* without an ETag: it is not asked about with the old one */
	is_refused(ADD_OWN);
	ck_assert(heard("If-None-Match: \"2\"\r\n"));
	ck_assert_int_eq(requests(), 3);
}
END_TEST

START_TEST(the_one_that_is_there_stands_when_no_better_comes)
{
	static const struct {
		int status;
		const char *body, *says;
	} wrong[] = {
		{ 500, "oops", "status 500" },
		{ 404, "none", "status 404" },
		{ 302, "", "redirects are not followed" },
		{ 200, "<html>", "workflow.schema: the answer:1:1" },
		{ 200, "{\"error\":\"down\"}", "no JSON Schema" },
		{ 200, "{\"properties\":{\"edges\":{\"items\":{\"$ref\":\"#/nowhere\"}}}}", "leads nowhere" },
		{ 200, "", "the answer" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int before = requests();

		logged[0] = '\0';
		open_ctx(NULL, NULL);
		answers(200, "Cache-Control: no-cache\r\n", TASKS);
		applies(ADD_TASK);
		answers(wrong[i].status, "Cache-Control: no-cache\r\n", wrong[i].body);
		is_refused(ADD_OWN);
		applies(ADD_TASK);
		ck_assert_msg(was_logged(wrong[i].says), "%s: %s", wrong[i].says, logged);
		ck_assert(was_logged("the one that is there stands"));
		/* It is left alone for a while then. */
		ck_assert_int_eq(requests(), before + 2);
	}
}
END_TEST

START_TEST(a_slow_server_does_not_hold_up_who_has_a_schema)
{
	int64_t begun;

	answers(200, "Cache-Control: no-cache\r\n", TASKS);
	applies(ADD_TASK);
	answers_after(60000);
	begun = mono_ms();
	applies(ADD_TASK);
	ck_assert_int_ge(mono_ms() - begun, 4000);
	ck_assert_int_lt(mono_ms() - begun, 30000);
	begun = mono_ms();
	is_refused(ADD_OWN);
	ck_assert_int_lt(mono_ms() - begun, 4000);
	ck_assert(was_logged("the one that is there stands"));
}
END_TEST

START_TEST(without_any_nothing_is_applied)
{
	static const struct {
		int status, wait_ms, code;
		const char *body, *says;
	} wrong[] = {
		{ 500, 0, AGENTRUN_ENETWORK, "", "workflow.schema: the server answered with status 500" },
		{ 429, 0, AGENTRUN_ENETWORK, "", "status 429" },
		{ 404, 0, AGENTRUN_ECONFIG, "", "status 404" },
		{ 301, 0, AGENTRUN_ECONFIG, "", "status 301: redirects are not followed" },
		{ 304, 0, AGENTRUN_ECONFIG, "", "status 304" },
		{ 204, 0, AGENTRUN_ECONFIG, "", "status 204" },
		{ 200, 0, AGENTRUN_ECONFIG, "nodes: []", "workflow.schema: the answer:1:1" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"type\":\"object\"} x", "the answer:1:19" },
		{ 200, 0, AGENTRUN_ECONFIG, "[]", "no JSON Schema" },
		{ 200, 0, AGENTRUN_ECONFIG, "true", "no JSON Schema" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"message\":\"hello\"}", "no JSON Schema" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"type\":\"about:blank\",\"title\":\"down\"}",
			"no JSON Schema" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"type\":[\"array\"]}", "no JSON Schema" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"$ref\":\"#/nowhere\"}", "leads nowhere" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"properties\":{\"nodes\":{\"items\":[7]}}}",
			"a schema must be" },
		/* Also what no workflow of one node comes to. */
		{ 200, 0, AGENTRUN_ECONFIG, "{\"properties\":{\"edges\":{\"items\":{\"$ref\":"
			"\"#/definitions/edge\"}}}}", "#/definitions/edge\" leads nowhere" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"properties\":{\"meta\":{\"anyOf\":[{\"type\":\"null\"},"
			"{\"pattern\":\"(\"}]}}}", "the schema's pattern" },
		{ 200, 0, AGENTRUN_ECONFIG, "{\"properties\":{\"meta\":{\"items\":\"string\"}}}",
			"a schema must be" },
		{ 200, -1, AGENTRUN_ENETWORK, "", "workflow.schema" },
		{ 200, 3000, AGENTRUN_ETIMEDOUT, "", "workflow.schema" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int before = requests();

		open_ctx("orchestrator.timeout_sec", "1");
		answers(wrong[i].status, "", wrong[i].body);
		answers_after(wrong[i].wait_ms);
		fails(ADD_TASK, wrong[i].code, 1, wrong[i].says);
		fails(ADD_TASK, wrong[i].code, 1, wrong[i].says); /* without another request */
		ck_assert_int_eq(requests(), before + 1);
	}
	answers(200, "", TASKS);
	usleep(1100000);
	applies(ADD_TASK); /* asked for again, and there */
	is_refused(ADD_OWN);
}
END_TEST

START_TEST(one_that_is_too_large_is_none)
{
	open_ctx("http.max_response_bytes", "50");
	fails(ADD_TASK, AGENTRUN_ELIMIT, 1, "workflow.schema");
}
END_TEST

START_TEST(a_server_that_asks_to_be_left_alone_is)
{
	agentrun_error *err = NULL;

	answers(503, "Retry-After: 100\r\n", "");
	ck_assert_int_eq(apply(ADD_TASK, &err), AGENTRUN_ENETWORK);
	ck_assert_int_gt(agentrun_error_retry_after_ms(err), 90000);
	ck_assert_int_le(agentrun_error_retry_after_ms(err), 100000);
	agentrun_error_free(err);
	usleep(1100000);
	fails(ADD_TASK, AGENTRUN_ENETWORK, 1, "status 503");
	ck_assert_int_eq(requests(), 1);
}
END_TEST

/* ---- many at once -------------------------------------------------------------------------- */

static void *apply_many(void *user)
{
	const int *n = user;

	for (int i = 0; i < *n; i++) {
		ck_assert_int_eq(apply(ADD_TASK, NULL), 0);
		ck_assert_int_eq(apply(ADD_OWN, NULL), AGENTRUN_EPATCH);
	}
	return NULL;
}

static void run_threads(int n)
{
	pthread_t threads[8];

	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, apply_many, &n), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(many_threads_want_it_at_once_and_one_request_is_made)
{
	answers_after(300);
	run_threads(20);
	ck_assert_int_eq(requests(), 1);
}
END_TEST

START_TEST(threads_that_ask_again_each_time_share_what_comes)
{
	answers(200, "ETag: \"1\"\r\nCache-Control: no-cache\r\n", TASKS);
	applies(ADD_TASK);
	answers(304, "", "");
	run_threads(10);
	ck_assert_int_gt(requests(), 2);
	ck_assert_int_le(requests(), 162); /* each its own, at the most */
}
END_TEST

#define JOB "{\"job_id\":\"j%d\",\"run_id\":\"r\",\"node_id\":\"n\",\"prompt\":\"add a node\"," \
	"\"current_workflow\":" FLOW "%s}"

static agentrun_engine *open_engine(void)
{
	agentrun_engine_options opts;
	agentrun_engine *engine;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	opts.threads = 2;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	return engine;
}

static void submit(agentrun_engine *engine, int i, const char *more)
{
	char job[1024];
	int n = snprintf(job, sizeof(job), JOB, i, more);

	ck_assert_int_eq(agentrun_engine_submit(engine, job, (size_t)n, (uint64_t)i, NULL), 0);
}

static agentrun_result *next_result(agentrun_engine *engine)
{
	agentrun_result *result = NULL;

	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 60000), 1);
	return result;
}

START_TEST(jobs_wait_for_it_without_a_thread)
{
	agentrun_engine *engine = open_engine();

	answers(200, "", TASKS_AND_OWN);
	answers_after(300);
	for (int i = 0; i < 100; i++)
		submit(engine, i, "");
	for (int i = 0; i < 100; i++) {
		agentrun_result *result = next_result(engine);

		ck_assert_msg(agentrun_result_error(result) == NULL, "%s",
			agentrun_result_payload(result, NULL));
		agentrun_result_free(result);
	}
	ck_assert_int_eq(requests(), 1);
	agentrun_engine_free(engine);
}
END_TEST

START_TEST(jobs_without_a_schema_fail_and_may_be_tried_again)
{
	agentrun_engine *engine = open_engine();

	answers(503, "Retry-After: 20\r\n", "");
	for (int i = 0; i < 20; i++)
		submit(engine, i, "");
	for (int i = 0; i < 20; i++) {
		agentrun_result *result = next_result(engine);
		const agentrun_error *err = agentrun_result_error(result);

		ck_assert_ptr_nonnull(err);
		ck_assert_int_eq(agentrun_error_is_retryable(err), 1);
		ck_assert_int_gt(agentrun_error_retry_after_ms(err), 10000);
		expect_failed(result, AGENTRUN_EORCHESTRATOR, "workflow.schema");
	}
	ck_assert_int_eq(requests(), 1);
	agentrun_engine_free(engine);
}
END_TEST

START_TEST(a_job_that_waits_can_be_cancelled_and_runs_out_of_time)
{
	agentrun_engine *engine = open_engine();
	int64_t begun = mono_ms();

	answers_after(60000);
	submit(engine, 1, "");
	submit(engine, 2, ",\"timeout_sec\":1");
	while (!requests())
		usleep(1000);
	usleep(100000);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "j1", NULL), 0);
	expect_failed(next_result(engine), AGENTRUN_ECANCELLED, "cancelled");
	expect_failed(next_result(engine), AGENTRUN_ETIMEDOUT, "timeout_sec");
	ck_assert_int_lt(mono_ms() - begun, 20000);
	submit(engine, 3, ""); /* waits while all is freed */
	usleep(50000);
	agentrun_engine_free(engine);
	ck_assert_int_eq(requests(), 1);
}
END_TEST

/* Its time runs from when it came, also where nobody was there to read it. */
START_TEST(an_answer_that_nobody_waited_for_grows_old)
{
	agentrun_engine *engine = open_engine();

	answers(200, "Cache-Control: max-age=1\r\n", TASKS);
	answers_after(300);
	submit(engine, 1, "");
	while (!requests())
		usleep(1000);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "j1", NULL), 0);
	expect_failed(next_result(engine), AGENTRUN_ECANCELLED, "cancelled");
	usleep(1800000);
	answers(200, "", TASKS_AND_OWN);
	applies(ADD_OWN);
	ck_assert_int_eq(requests(), 2);
	agentrun_engine_free(engine);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_schema_is_fetched_and_kept,
		what_needs_no_schema_fetches_none,
		one_that_has_not_changed_is_not_sent_again,
		what_304_says_of_the_schema_counts_from_then_on,
		a_changed_one_takes_the_place_of_the_old,
		the_one_that_is_there_stands_when_no_better_comes,
		a_slow_server_does_not_hold_up_who_has_a_schema,
		without_any_nothing_is_applied,
		one_that_is_too_large_is_none,
		a_server_that_asks_to_be_left_alone_is,
		many_threads_want_it_at_once_and_one_request_is_made,
		threads_that_ask_again_each_time_share_what_comes,
		jobs_wait_for_it_without_a_thread,
		jobs_without_a_schema_fail_and_may_be_tried_again,
		a_job_that_waits_can_be_cancelled_and_runs_out_of_time,
		an_answer_that_nobody_waited_for_grows_old,
		NULL,
	};

	return unit_main(unit_suite_with("remote", tests, setup, teardown));
}
