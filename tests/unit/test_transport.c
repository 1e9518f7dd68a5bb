/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* A transport of one's own, and the one on libcurl under a race. */
#include "jobs.h"

#include <agentrun/pipeline.h>
#include <agentrun/sys/transport.h>

#define MAX_WAITING 8
#define GET "[{\"step\":\"http_request\",\"url\":\"https://shop.example/a?b=1\"}]"

/* Answers each request, unless it was told otherwise. */
struct fake {
	pthread_mutex_t lock;
	pthread_cond_t change;
	agentrun_http_completion ready[MAX_WAITING];
	size_t n;
	int woken;
	/* what to do */
	int open_code, submit_code, answer_code, status;
	const char *body;
	int silent;
	/* what was seen */
	int opened, submitted, cancelled, destroyed;
	char line[400];
};

static struct fake fake;
static agentrun_transport_impl fake_impl;
static struct test_planner planner;

static void fake_complete(struct fake *f, uint64_t id, int code)
{
	agentrun_http_completion *c = &f->ready[f->n++];

	memset(c, 0, sizeof(*c));
	c->struct_size = sizeof(*c);
	c->id = id;
	if (code) {
		agentrun_error_raise(&c->error, code, "the transport's own reason");
	} else {
		c->status = f->status;
		agentrun_buf_set(&c->body, f->body, strlen(f->body));
	}
	pthread_cond_broadcast(&f->change);
}

static int fake_submit(void *self, const agentrun_http_request *r, agentrun_error **err)
{
	struct fake *f = self;

	pthread_mutex_lock(&f->lock);
	f->submitted++;
	snprintf(f->line, sizeof(f->line), "%s %s headers:%zu first:%s secrets:%zu secret:%s "
		"body:%.*s", r->method, r->url, r->n_headers,
		r->n_headers ? r->headers[0] : "", r->n_secret_headers,
		r->n_secret_headers ? r->secret_headers[0] : "", (int)r->body_len,
		r->body ? r->body : "");
	if (!f->submit_code && !f->silent)
		fake_complete(f, r->id, f->answer_code);
	pthread_mutex_unlock(&f->lock);
	return f->submit_code ? agentrun_error_raise(err, f->submit_code, "not taken") : 0;
}

static int fake_poll(void *self, agentrun_http_completion *out, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct fake *f = self;
	struct timespec until;
	int n = 0;

	(void)err;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000 + 1;
	pthread_mutex_lock(&f->lock);
	while (!f->n && !f->woken &&
		pthread_cond_timedwait(&f->change, &f->lock, &until) == 0)
		;
	f->woken = 0;
	while (f->n && (size_t)n < max)
		out[n++] = f->ready[--f->n];
	pthread_mutex_unlock(&f->lock);
	return n;
}

static void fake_cancel(void *self, uint64_t id)
{
	struct fake *f = self;

	pthread_mutex_lock(&f->lock);
	f->cancelled++;
	fake_complete(f, id, AGENTRUN_ECANCELLED);
	pthread_mutex_unlock(&f->lock);
}

static void fake_wakeup(void *self)
{
	struct fake *f = self;

	pthread_mutex_lock(&f->lock);
	f->woken = 1;
	pthread_cond_broadcast(&f->change);
	pthread_mutex_unlock(&f->lock);
}

static void fake_destroy(void *self)
{
	((struct fake *)self)->destroyed++;
}

static int fake_open(void *user, agentrun_transport_impl *impl, void **self,
	const agentrun_config *config, agentrun_error **err)
{
	struct fake *f = user;

	f->opened++;
	ck_assert_int_eq(agentrun_config_get_bool(config, "http.allow_private_networks", 0), 1);
	if (f->open_code)
		return agentrun_error_raise(err, f->open_code, "not opened");
	*impl = fake_impl;
	*self = f;
	return 0;
}

static void setup(void)
{
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	pthread_cond_init(&fake.change, NULL);
	fake.status = 200;
	fake.body = "[{\"a\":1}]";
	fake_impl = (agentrun_transport_impl){ .version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(fake_impl), .name = "fake", .submit = fake_submit,
		.poll = fake_poll, .cancel = fake_cancel, .wakeup = fake_wakeup,
		.destroy = fake_destroy };
	planner = (struct test_planner){ .answer = "{}" };
}

static int execute(agentrun_ctx *ctx, const char *pipeline, const char *want,
	agentrun_error **err)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	int r = agentrun_execute_pipeline(&out, ctx, pipeline, strlen(pipeline), NULL, err);

	if (r == 0)
		ck_assert_str_eq(out.data, want);
	agentrun_buf_dispose(&out);
	return r;
}

/* A context with the fake, one pipeline, and what came of it. */
static void refused(const char *pipeline, int code, const char *says)
{
	agentrun_ctx *ctx = jobs_ctx_with(&planner, fake_open, &fake);
	agentrun_error *err = NULL;

	ck_assert_int_eq(execute(ctx, pipeline, "", &err), code);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
}

START_TEST(it_is_opened_at_the_first_request_and_freed_with_the_context)
{
	agentrun_ctx *ctx = jobs_ctx_with(&planner, fake_open, &fake);

	ck_assert_int_eq(fake.opened, 0);
	ck_assert_int_eq(execute(ctx, GET, "[{\"a\":1}]", NULL), 0);
	ck_assert_int_eq(execute(ctx, GET, "[{\"a\":1}]", NULL), 0);
	ck_assert_int_eq(fake.opened, 1);
	ck_assert_int_eq(fake.submitted, 2);
	ck_assert_int_eq(fake.destroyed, 0);
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(fake.destroyed, 1);
}
END_TEST

START_TEST(it_gets_the_request_complete)
{
	agentrun_ctx *ctx = jobs_ctx_with(&planner, fake_open, &fake);

	ck_assert_int_eq(execute(ctx, GET, "[{\"a\":1}]", NULL), 0);
	ck_assert_str_eq(fake.line,
		"GET https://shop.example/a?b=1 headers:0 first: secrets:0 secret: body:");
	ck_assert_int_eq(execute(ctx, "[{\"step\":\"http_request\",\"url\":\"http://a.example\","
		"\"method\":\"put\",\"params\":{\"x\":[1]}}]", "[{\"a\":1}]", NULL), 0);
	ck_assert_str_eq(fake.line, "PUT http://a.example headers:1 "
		"first:Content-Type: application/json secrets:0 secret: body:{\"x\":[1]}");
	ck_assert_int_eq(execute(ctx, "[{\"step\":\"http_request\",\"url\":\"http://a.example\","
		"\"method\":\"POST\",\"params\":{},\"headers\":{\"content-type\":\"text/x\"}}]",
		"[{\"a\":1}]", NULL), 0);
	ck_assert_str_eq(fake.line, "POST http://a.example headers:1 first:content-type: text/x "
		"secrets:0 secret: body:{}");
	agentrun_ctx_free(ctx);
}
END_TEST

START_TEST(its_failures_are_the_step_s)
{
	fake.answer_code = AGENTRUN_ENETWORK;
	refused(GET, AGENTRUN_ENETWORK, "step 1 (http_request): the transport's own reason");
	fake.answer_code = AGENTRUN_EPOLICY;
	refused(GET, AGENTRUN_EPOLICY, "step 1 (http_request): the transport's own reason");
	fake.answer_code = 0;
	fake.submit_code = AGENTRUN_EINPUT;
	refused(GET, AGENTRUN_EINPUT, "step 1 (http_request): not taken");
	fake.submit_code = 0;
	fake.status = 503;
	refused(GET, AGENTRUN_EPIPELINE, "503");
	fake.status = 200;
	fake.body = "<html>";
	refused(GET, AGENTRUN_EPIPELINE, "not valid JSON");
}
END_TEST

START_TEST(one_that_cannot_be_opened_is_tried_again_the_next_time)
{
	agentrun_ctx *ctx = jobs_ctx_with(&planner, fake_open, &fake);
	agentrun_error *err = NULL;

	fake.open_code = AGENTRUN_EBACKEND;
	ck_assert_int_eq(execute(ctx, GET, "", &err), AGENTRUN_EBACKEND);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "not opened"));
	agentrun_error_free(err);
	fake.open_code = 0;
	ck_assert_int_eq(execute(ctx, GET, "[{\"a\":1}]", NULL), 0);
	agentrun_ctx_free(ctx);
}
END_TEST

START_TEST(one_that_lacks_a_mandatory_member_is_refused)
{
	const agentrun_transport_impl whole = fake_impl;

	fake_impl.submit = NULL;
	refused(GET, AGENTRUN_EINVAL, "mandatory");
	fake_impl = whole;
	fake_impl.poll = NULL;
	refused(GET, AGENTRUN_EINVAL, "mandatory");
	fake_impl = whole;
	fake_impl.cancel = NULL;
	refused(GET, AGENTRUN_EINVAL, "mandatory");
	fake_impl = whole;
	fake_impl.wakeup = NULL;
	refused(GET, AGENTRUN_EINVAL, "mandatory");
	ck_assert_int_eq(fake.destroyed, 4);
	fake_impl = whole;
	fake_impl.destroy = NULL;
	refused(GET, AGENTRUN_EINVAL, "mandatory");
	fake_impl = whole;
	fake_impl.version = 2;
	refused(GET, AGENTRUN_EINVAL, "version");
}
END_TEST

START_TEST(a_cancelled_job_cancels_its_request)
{
	agentrun_ctx *ctx = jobs_ctx_with(&planner, fake_open, &fake);
	static const char job[] = "{\"prompt\":\"show me the rows\",\"job_id\":\"j\"}";
	agentrun_engine_options opts;
	agentrun_engine *engine;
	agentrun_result *result = NULL;

	planner.answer = "{\"tool_calls\":[{\"function\":{\"name\":\"execute_pipeline\","
		"\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"http_request\\\","
		"\\\"url\\\":\\\"http://a.example\\\"}]}\"}}]}";
	fake.silent = 1;
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	opts.threads = 1;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	ck_assert_int_eq(agentrun_engine_submit(engine, job, sizeof(job) - 1, 1, NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 300), 0);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "j"), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 20000), 1);
	expect_failed(result, AGENTRUN_ECANCELLED, "the transport's own reason");
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(fake.cancelled, 1);
}
END_TEST

/* ---- libcurl's ---------------------------------------------------------- */

struct race {
	agentrun_transport_impl impl;
	void *self;
	int done;
};

static void *poll_until_done(void *user)
{
	struct race *race = user;

	while (__atomic_load_n(&race->done, __ATOMIC_SEQ_CST) >= 0) {
		agentrun_http_completion out[4];
		int n = race->impl.poll(race->self, out, 4, 100, NULL);

		for (int i = 0; i < n; i++) {
			agentrun_buf_dispose(&out[i].body);
			agentrun_error_free(out[i].error);
		}
		__atomic_fetch_add(&race->done, n, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

START_TEST(a_request_that_is_cancelled_at_once_ends)
{
	struct race race = { .done = 0 };
	agentrun_http_request request = { .struct_size = sizeof(request), .method = "GET",
		.timeout_ms = 50000, .max_response_bytes = 1000 };
	const int n = 1500;
	agentrun_config *config;
	struct loopback server;
	pthread_t thread;

	loopback_start(&server, 0);
	request.url = server.url;
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	agentrun_config_set(config, "http.allow_private_networks", "true", NULL);
	ck_assert_int_eq(agentrun_curl_transport_open(NULL, &race.impl, &race.self, config,
		NULL), 0);
	pthread_create(&thread, NULL, poll_until_done, &race);
	for (int i = 1; i <= n; i++) {
		request.id = (uint64_t)i;
		ck_assert_int_eq(race.impl.submit(race.self, &request, NULL), 0);
		for (volatile int spin = 0; spin < i % 50 * 200; spin++)
			;
		race.impl.cancel(race.self, request.id);
	}
	for (int i = 0; i < 200 && __atomic_load_n(&race.done, __ATOMIC_SEQ_CST) < n; i++)
		usleep(50000);
	ck_assert_int_eq(__atomic_exchange_n(&race.done, -100000, __ATOMIC_SEQ_CST), n);
	pthread_join(thread, NULL);
	race.impl.destroy(race.self);
	agentrun_config_free(config);
	loopback_stop(&server);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		it_is_opened_at_the_first_request_and_freed_with_the_context,
		it_gets_the_request_complete,
		its_failures_are_the_step_s,
		one_that_cannot_be_opened_is_tried_again_the_next_time,
		one_that_lacks_a_mandatory_member_is_refused,
		a_cancelled_job_cancels_its_request,
		a_request_that_is_cancelled_at_once_ends,
		NULL,
	};

	return unit_main(unit_suite_with("transport", tests, setup, NULL));
}
