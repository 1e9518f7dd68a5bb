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
	agentrun_http_event *ready[MAX_WAITING];
	size_t n;
	int woken;
	/* what to do */
	int open_code, submit_code, answer_code, status;
	const char *body;
	int silent, more, dies, no_streams;
	/* what was seen */
	int opened, submitted, cancelled, destroyed;
	char line[400];
};

static struct fake fake;
static agentrun_transport_impl fake_impl;
static struct test_planner planner;

static void fake_complete(struct fake *f, uint64_t id, int code)
{
	agentrun_http_event *e;
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_http_event_new(&e, id, NULL), 0);
	if (code) {
		agentrun_error_raise(&err, code, "the transport's own reason");
		agentrun_http_event_set_error(e, err);
	} else {
		agentrun_http_event_set_status(e, f->status);
		agentrun_http_event_add_header(e, "X-Fake: 1\r\n", 11);
		agentrun_http_event_append_body(e, f->body, strlen(f->body));
		agentrun_http_event_set_more(e, f->more);
	}
	f->ready[f->n++] = e;
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
	if (f->no_streams && r->flags & AGENTRUN_HTTP_STREAM) {
		pthread_mutex_unlock(&f->lock);
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "no streams");
	}
	if (!f->submit_code && !f->silent)
		fake_complete(f, r->id, f->answer_code);
	pthread_mutex_unlock(&f->lock);
	return f->submit_code ? agentrun_error_raise(err, f->submit_code, "not taken") : 0;
}

static int fake_poll(void *self, agentrun_http_event **events, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct fake *f = self;
	struct timespec until;
	int n = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000 + 1;
	pthread_mutex_lock(&f->lock);
	while (!f->n && !f->woken && !f->dies &&
		pthread_cond_timedwait(&f->change, &f->lock, &until) == 0)
		;
	f->woken = 0;
	while (f->n && (size_t)n < max)
		events[n++] = f->ready[--f->n];
	if (f->dies && !n)
		n = agentrun_error_raise(err, AGENTRUN_EIO, "the line was cut");
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
	struct fake *f = self;

	f->destroyed++;
	while (f->n)
		agentrun_http_event_free(f->ready[--f->n]);
}

static int fake_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	struct fake *f = self;

	f->opened++;
	ck_assert_int_eq(agentrun_config_get_bool(config, "http.allow_private_networks", 0), 1);
	return f->open_code ? agentrun_error_raise(err, f->open_code, "not opened") : 0;
}

static void setup(void)
{
	memset(&fake, 0, sizeof(fake));
	pthread_mutex_init(&fake.lock, NULL);
	pthread_cond_init(&fake.change, NULL);
	fake.status = 200;
	fake.body = "[{\"a\":1}]";
	fake_impl = (agentrun_transport_impl){ .version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(fake_impl), .name = "fake", .open = fake_open,
		.submit = fake_submit,
		.poll = fake_poll, .cancel = fake_cancel, .wakeup = fake_wakeup,
		.destroy = fake_destroy };
	planner = (struct test_planner){ .answer = "{}" };
}

/* A context that has the fake for its transport. */
static agentrun_ctx *fake_ctx(void)
{
	agentrun_ctx *ctx = jobs_ctx(&planner);

	ck_assert_int_eq(agentrun_ctx_set_transport(ctx, &fake_impl, &fake, NULL), 0);
	return ctx;
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
	agentrun_ctx *ctx = fake_ctx();
	agentrun_error *err = NULL;

	ck_assert_int_eq(execute(ctx, pipeline, "", &err), code);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
}

START_TEST(it_is_opened_at_the_first_request_and_freed_with_the_context)
{
	agentrun_ctx *ctx = fake_ctx();

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
	agentrun_ctx *ctx = fake_ctx();

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
	agentrun_ctx *ctx = fake_ctx();
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

static void not_taken(agentrun_ctx *ctx, const char *says)
{
	agentrun_error *err = NULL;

	ck_assert_int_eq(agentrun_ctx_set_transport(ctx, &fake_impl, &fake, &err),
		AGENTRUN_EINVAL);
	ck_assert_msg(strstr(agentrun_error_message(err), says) != NULL, "%s",
		agentrun_error_message(err));
	agentrun_error_free(err);
}

START_TEST(one_that_lacks_a_mandatory_member_is_refused)
{
	const agentrun_transport_impl whole = fake_impl;
	agentrun_ctx *ctx = jobs_ctx(&planner);

	fake_impl.open = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.submit = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.poll = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.cancel = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.wakeup = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.destroy = NULL;
	not_taken(ctx, "mandatory");
	fake_impl = whole;
	fake_impl.version = AGENTRUN_TRANSPORT_IMPL_VERSION + 1;
	not_taken(ctx, "version");
	ck_assert_int_eq(fake.destroyed, 0);
	agentrun_ctx_free(ctx);
}
END_TEST

START_TEST(a_context_takes_one)
{
	agentrun_ctx *ctx = fake_ctx();

	not_taken(ctx, "\"fake\" already");
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(fake.opened, 0);
	ck_assert_int_eq(fake.destroyed, 1);
}
END_TEST

START_TEST(one_that_is_dead_fails_every_request)
{
	agentrun_ctx *ctx = fake_ctx();
	agentrun_error *err = NULL;

	fake.silent = 1;
	fake.dies = 1;
	ck_assert_int_eq(execute(ctx, GET, "", &err), AGENTRUN_EIO);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "the line was cut"));
	agentrun_error_free(err);
	err = NULL;
	usleep(50000);
	fake.silent = fake.submitted = 0;
	ck_assert_int_eq(execute(ctx, GET, "", &err), AGENTRUN_EIO);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "the line was cut"));
	agentrun_error_free(err);
	ck_assert_int_eq(fake.submitted, 0);
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(fake.destroyed, 1);
}
END_TEST

START_TEST(a_part_that_was_not_asked_for_is_a_failure)
{
	fake.more = fake.no_streams = 1;
	refused(GET, AGENTRUN_EINTERNAL, "a part of an answer");
}
END_TEST

START_TEST(one_without_streams_gives_the_answer_whole)
{
	agentrun_ctx *ctx = fake_ctx();

	fake.no_streams = 1;
	ck_assert_int_eq(execute(ctx, GET, "[{\"a\":1}]", NULL), 0);
	ck_assert_int_eq(fake.submitted, 2);
	agentrun_ctx_free(ctx);
}
END_TEST

static int submitted(struct fake *f)
{
	int n;

	pthread_mutex_lock(&f->lock);
	n = f->submitted;
	pthread_mutex_unlock(&f->lock);
	return n;
}

START_TEST(a_cancelled_job_cancels_its_request)
{
	agentrun_ctx *ctx = fake_ctx();
	static const char job[] = "{\"prompt\":\"show me the rows\",\"job_id\":\"j\"}";
	agentrun_engine_options opts;
	agentrun_engine *engine;
	agentrun_result *result = NULL;

	planner.answer = "{\"tool_calls\":[{\"function\":{\"name\":\"execute_pipeline\","
		"\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"http_request\\\","
		"\\\"url\\\":\\\"http://a.example\\\"}]}\"}}]}";
	fake.silent = 1;
	fake.submitted = 0;
	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = "test";
	opts.threads = 1;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
	ck_assert_int_eq(agentrun_engine_submit(engine, job, sizeof(job) - 1, 1, NULL), 0);
	while (!submitted(&fake))
		ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 10), 0);
	ck_assert_int_eq(agentrun_engine_cancel(engine, "j", NULL), 0);
	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 20000), 1);
	expect_failed(result, AGENTRUN_ECANCELLED, "the transport's own reason");
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	ck_assert_int_eq(fake.cancelled, 1);
}
END_TEST

/* ---- libcurl's ---------------------------------------------------------- */

/* libcurl's transport, opened, and what its poll() hands out. */
struct curl {
	const agentrun_transport_impl *impl;
	void *self;
	agentrun_config *config;
	struct loopback server;
	int done;
};

static void curl_start(struct curl *curl, const char *private_networks)
{
	memset(curl, 0, sizeof(*curl));
	loopback_start(&curl->server, 1);
	ck_assert_int_eq(agentrun_config_new(&curl->config, NULL), 0);
	agentrun_config_set(curl->config, "http.allow_private_networks", private_networks, NULL);
	ck_assert_int_eq(agentrun_curl_transport_new(&curl->impl, &curl->self, NULL), 0);
	ck_assert_int_eq(curl->impl->open(curl->self, curl->config, NULL), 0);
}

static void curl_stop(struct curl *curl)
{
	curl->impl->destroy(curl->self);
	agentrun_config_free(curl->config);
	loopback_stop(&curl->server);
}

static agentrun_http_request curl_request(const struct curl *curl, uint32_t flags)
{
	return (agentrun_http_request){ .struct_size = sizeof(agentrun_http_request), .id = 7,
		.method = "GET", .url = curl->server.url, .timeout_ms = 20000,
		.max_response_bytes = 1000, .flags = flags };
}

static agentrun_http_event *curl_next(struct curl *curl)
{
	agentrun_http_event *event = NULL;
	int n = 0;

	for (int i = 0; i < 2000 && n == 0; i++)
		n = curl->impl->poll(curl->self, &event, 1, 20, NULL);
	ck_assert_int_eq(n, 1);
	ck_assert(agentrun_http_event_id(event) == 7);
	return event;
}

static agentrun_http_event *curl_get(struct curl *curl, uint32_t flags)
{
	agentrun_http_request request = curl_request(curl, flags);

	ck_assert_int_eq(curl->impl->submit(curl->self, &request, NULL), 0);
	return curl_next(curl);
}

static void expect_event(agentrun_http_event *event, int status, const char *body, int more)
{
	const agentrun_error *err = agentrun_http_event_error(event);

	ck_assert_msg(err == NULL, "%s", agentrun_error_message(err));
	ck_assert_int_eq(agentrun_http_event_status(event), status);
	ck_assert_str_eq(agentrun_http_event_body(event, NULL), body);
	ck_assert_int_eq(agentrun_http_event_has_more(event), more);
	agentrun_http_event_free(event);
}

START_TEST(an_answer_brings_its_headers)
{
	agentrun_http_event *event;
	struct curl curl;

	curl_start(&curl, "true");
	curl.server.says = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
		"HTTP/1.1 429 Slow Down\r\nRETRY-after: \t7\r\nTransfer-Encoding: chunked\r\n\r\n"
		"3\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n";
	event = curl_get(&curl, 0);
	ck_assert_str_eq(agentrun_http_event_header(event, "Retry-After"), "7");
	ck_assert_str_eq(agentrun_http_event_header(event, "x-trailer"), "t");
	ck_assert_ptr_null(agentrun_http_event_header(event, "link"));
	ck_assert_ptr_null(agentrun_http_event_header(event, "retry"));
	expect_event(event, 429, "abc", 0);
	curl_stop(&curl);
}
END_TEST

START_TEST(a_stream_comes_in_parts)
{
	agentrun_http_event *event;
	struct curl curl;

	curl_start(&curl, "true");
	curl.server.says = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nX-A: b\r\n\r\none ";
	curl.server.then = "two.";
	event = curl_get(&curl, AGENTRUN_HTTP_STREAM);
	ck_assert_str_eq(agentrun_http_event_header(event, "x-a"), "b");
	expect_event(event, 200, "one ", 1);
	expect_event(curl_next(&curl), 200, "two.", 0);
	event = curl_get(&curl, 0);
	expect_event(event, 200, "one two.", 0);
	curl_stop(&curl);
}
END_TEST

START_TEST(a_stream_is_no_longer_than_its_limit)
{
	agentrun_http_request request;
	agentrun_http_event *event;
	struct curl curl;

	curl_start(&curl, "true");
	curl.server.says = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\none ";
	curl.server.then = "two.";
	request = curl_request(&curl, AGENTRUN_HTTP_STREAM);
	request.max_response_bytes = 7;
	ck_assert_int_eq(curl.impl->submit(curl.self, &request, NULL), 0);
	expect_event(curl_next(&curl), 200, "one ", 1);
	event = curl_next(&curl);
	ck_assert_int_eq(agentrun_error_code(agentrun_http_event_error(event)),
		AGENTRUN_ELIMIT);
	agentrun_http_event_free(event);
	curl_stop(&curl);
}
END_TEST

START_TEST(a_redirect_may_be_the_answer)
{
	agentrun_http_event *event;
	struct curl curl;

	curl_start(&curl, "true");
	curl.server.says = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 2\r\n"
		"Connection: close\r\n\r\nno";
	event = curl_get(&curl, AGENTRUN_HTTP_NO_REDIRECTS);
	ck_assert_str_eq(agentrun_http_event_header(event, "location"), "/");
	expect_event(event, 302, "no", 0);
	event = curl_get(&curl, AGENTRUN_HTTP_STREAM);
	ck_assert_int_eq(agentrun_error_code(agentrun_http_event_error(event)),
		AGENTRUN_ELIMIT);
	agentrun_http_event_free(event);
	curl_stop(&curl);
}
END_TEST

START_TEST(an_operator_s_url_may_be_anywhere_but_not_what_it_leads_to)
{
	agentrun_http_event *event;
	struct loopback other;
	struct curl curl;
	char says[200];

	curl_start(&curl, "false");
	event = curl_get(&curl, 0);
	ck_assert_int_eq(agentrun_error_code(agentrun_http_event_error(event)),
		AGENTRUN_EPOLICY);
	agentrun_http_event_free(event);
	expect_event(curl_get(&curl, AGENTRUN_HTTP_OPERATOR), 200, "[{\"a\":1}]", 0);
	loopback_start(&other, 1);
	snprintf(says, sizeof(says), "HTTP/1.1 302 Found\r\nLocation: %s\r\n"
		"Content-Length: 0\r\n\r\n", other.url);
	curl.server.says = says;
	event = curl_get(&curl, AGENTRUN_HTTP_OPERATOR);
	ck_assert_int_eq(agentrun_error_code(agentrun_http_event_error(event)),
		AGENTRUN_EPOLICY);
	agentrun_http_event_free(event);
	loopback_stop(&other);
	curl_stop(&curl);
}
END_TEST

START_TEST(a_request_with_an_unknown_flag_or_field_is_refused)
{
	struct {
		agentrun_http_request known;
		size_t unknown;
	} newer;
	agentrun_http_request request, *older;
	agentrun_error *err = NULL;
	struct curl curl;

	curl_start(&curl, "true");
	request = curl_request(&curl, 8);
	ck_assert_int_eq(curl.impl->submit(curl.self, &request, &err), AGENTRUN_EINVAL);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "0x8"));
	agentrun_error_free(err);
	request = curl_request(&curl, 0);
	request.reserved = 1;
	ck_assert_int_eq(curl.impl->submit(curl.self, &request, NULL), AGENTRUN_EINVAL);
	newer.known = curl_request(&curl, 0);
	newer.known.struct_size = sizeof(newer);
	newer.unknown = 1;
	ck_assert_int_eq(curl.impl->submit(curl.self, &newer.known, NULL), AGENTRUN_EINVAL);
	request = curl_request(&curl, 0);
	request.struct_size = offsetof(agentrun_http_request, flags);
	older = malloc(request.struct_size); /* so that reading on is caught */
	memcpy(older, &request, request.struct_size);
	ck_assert_int_eq(curl.impl->submit(curl.self, older, NULL), 0);
	expect_event(curl_next(&curl), 200, "[{\"a\":1}]", 0);
	free(older);
	curl_stop(&curl);
}
END_TEST

static void *poll_until_done(void *user)
{
	struct curl *curl = user;

	while (__atomic_load_n(&curl->done, __ATOMIC_SEQ_CST) >= 0) {
		agentrun_http_event *events[4];
		int n = curl->impl->poll(curl->self, events, 4, 100, NULL);

		for (int i = 0; i < n; i++)
			agentrun_http_event_free(events[i]);
		__atomic_fetch_add(&curl->done, n, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

START_TEST(a_request_that_is_cancelled_at_once_ends)
{
	agentrun_http_request request;
	const int n = 1500;
	pthread_t thread;
	struct curl curl;

	curl_start(&curl, "true");
	curl.server.answers = 0;
	request = curl_request(&curl, 0);
	request.timeout_ms = 50000;
	pthread_create(&thread, NULL, poll_until_done, &curl);
	for (int i = 1; i <= n; i++) {
		request.id = (uint64_t)i;
		ck_assert_int_eq(curl.impl->submit(curl.self, &request, NULL), 0);
		for (volatile int spin = 0; spin < i % 50 * 200; spin++)
			;
		curl.impl->cancel(curl.self, request.id);
	}
	for (int i = 0; i < 200 && __atomic_load_n(&curl.done, __ATOMIC_SEQ_CST) < n; i++)
		usleep(50000);
	ck_assert_int_eq(__atomic_exchange_n(&curl.done, -100000, __ATOMIC_SEQ_CST), n);
	pthread_join(thread, NULL);
	curl_stop(&curl);
}
END_TEST

/* A server that answers the first request of a connection, and hangs up on the second
 * once it has all of it. */
struct hanger {
	int listener;
	size_t len;       /* of a body */
	int connections, bodies;
};

/* Read one request; is its body what was sent? -1: the other end is gone. */
static int read_body(const struct hanger *h, int fd)
{
	size_t have = 0, room = h->len + 4096, head;
	char *text = calloc(1, room), *body = NULL;
	int good = -1;

	while (have < room - 1) {
		ssize_t n = recv(fd, text + have, room - 1 - have, 0);

		if (n <= 0)
			break;
		have += (size_t)n;
		body = strstr(text, "\r\n\r\n");
		head = body ? (size_t)(body + 4 - text) : 0;
		if (!body || have < head + h->len)
			continue;
		good = 1;
		for (size_t i = 0; i < h->len; i++)
			good = good && body[4 + i] == (char)('a' + i % 26);
		break;
	}
	free(text);
	return good;
}

static void *hang_up(void *user)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
	struct hanger *h = user;
	int fd;

	while ((fd = accept(h->listener, NULL, NULL)) >= 0) {
		int good = read_body(h, fd);

		h->connections++;
		h->bodies += good == 1;
		if (good == 1 && send(fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL) > 0)
			h->bodies += read_body(h, fd) == 1;
		close(fd);
	}
	return NULL;
}

static void post_twice(struct curl *curl, struct hanger *h, const char *body)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	/* In two pieces, one of which is copied. */
	const agentrun_http_part parts[] = { { body, h->len / 2, 1 },
		{ body + h->len / 2, h->len - h->len / 2, 0 } };
	agentrun_http_request request = curl_request(curl, 0);
	socklen_t len = sizeof(at);
	pthread_t thread;
	char url[64];

	h->connections = h->bodies = 0;
	h->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(h->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(h->listener, 8), 0);
	getsockname(h->listener, (struct sockaddr *)&at, &len);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(at.sin_port));
	pthread_create(&thread, NULL, hang_up, h);
	request.url = url;
	request.method = "POST";
	request.body_parts = parts;
	request.n_body_parts = 2;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(curl->impl->submit(curl->self, &request, NULL), 0);
		expect_event(curl_next(curl), 200, "ok", 0);
	}
	shutdown(h->listener, SHUT_RDWR);
	curl->impl->destroy(curl->self); /* its connection is what the server waits for */
	pthread_join(thread, NULL);
	close(h->listener);
	ck_assert_int_eq(agentrun_curl_transport_new(&curl->impl, &curl->self, NULL), 0);
	ck_assert_int_eq(curl->impl->open(curl->self, curl->config, NULL), 0);
}

START_TEST(a_body_is_sent_again_where_the_connection_was_dead)
{
	static const size_t lengths[] = { 2, 19000, 65535, 65536, 300000 };
	char *body = malloc(300000);
	struct hanger hanger;
	struct curl curl;

	for (size_t i = 0; i < 300000; i++)
		body[i] = (char)('a' + i % 26);
	curl_start(&curl, "true");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		hanger.len = lengths[i];
		post_twice(&curl, &hanger, body);
		ck_assert_int_eq(hanger.connections, 2);
		ck_assert_int_eq(hanger.bodies, 3);
	}
	curl_stop(&curl);
	free(body);
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
		a_context_takes_one,
		one_that_is_dead_fails_every_request,
		a_part_that_was_not_asked_for_is_a_failure,
		one_without_streams_gives_the_answer_whole,
		a_cancelled_job_cancels_its_request,
		an_answer_brings_its_headers,
		a_stream_comes_in_parts,
		a_stream_is_no_longer_than_its_limit,
		a_redirect_may_be_the_answer,
		an_operator_s_url_may_be_anywhere_but_not_what_it_leads_to,
		a_request_with_an_unknown_flag_or_field_is_refused,
		a_request_that_is_cancelled_at_once_ends,
		a_body_is_sent_again_where_the_connection_was_dead,
		NULL,
	};

	return unit_main(unit_suite_with("transport", tests, setup, NULL));
}
