/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * Jobs with a model, many at once, over a transport of the test's own: it answers each
 * request a little later, from another thread, and fails some of them. And a provider
 * and a tool that an application registers.
 */
#include "unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <agentrun/engine.h>
#include <agentrun/sys/provider.h>
#include <agentrun/sys/tool.h>
#include <agentrun/sys/transport.h>

#include "base/base.h"

#define JOBS 200

/* ---- the transport ------------------------------------------------------------------ */

struct pending {
	struct pending *next;
	uint64_t id;
	int64_t due_ms;
	int status;
	agentrun_error *error;
	const char *body, *header;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct pending *list;
	int woken;
	int64_t delay_ms;
	int in_flight, most;
	unsigned n;
	/* What to answer; `body` is the request's. */
	void (*script)(struct pending *to, const char *body, unsigned n);
} net;

static int net_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)self, (void)config, (void)err;
	return 0;
}

static int net_submit(void *self, const agentrun_http_request *request, agentrun_error **err)
{
	struct pending *p = calloc(1, sizeof(*p));

	(void)self, (void)err;
	p->id = request->id;
	p->status = 200;
	p->due_ms = agr_clock_mono_ms() + net.delay_ms;
	pthread_mutex_lock(&net.lock);
	net.script(p, request->body, net.n++);
	p->next = net.list;
	net.list = p;
	if (++net.in_flight > net.most)
		net.most = net.in_flight;
	pthread_cond_signal(&net.work);
	pthread_mutex_unlock(&net.lock);
	return 0;
}

static agentrun_http_event *event_of(struct pending *p)
{
	agentrun_http_event *event;

	ck_assert_int_eq(agentrun_http_event_new(&event, p->id, NULL), 0);
	agentrun_http_event_set_status(event, p->status);
	if (p->header)
		agentrun_http_event_add_header(event, p->header, strlen(p->header));
	if (p->body)
		agentrun_http_event_append_body(event, p->body, strlen(p->body));
	if (p->error)
		agentrun_http_event_set_error(event, p->error);
	free(p);
	return event;
}

static int net_poll(void *self, agentrun_http_event **events, size_t max, int timeout_ms,
	agentrun_error **err)
{
	int64_t until = agr_clock_mono_ms() + timeout_ms;
	int n = 0;

	(void)self, (void)err;
	pthread_mutex_lock(&net.lock);
	while (!n && !net.woken && agr_clock_mono_ms() < until) {
		struct timespec t;

		for (struct pending **at = &net.list; *at && (size_t)n < max;) {
			struct pending *p = *at;

			if (p->due_ms > agr_clock_mono_ms()) {
				at = &p->next;
				continue;
			}
			*at = p->next;
			net.in_flight--;
			events[n++] = event_of(p);
		}
		if (n)
			break;
		clock_gettime(CLOCK_REALTIME, &t);
		t.tv_nsec += 2000000;
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&net.work, &net.lock, &t);
	}
	net.woken = 0;
	pthread_mutex_unlock(&net.lock);
	return n;
}

static void net_cancel(void *self, uint64_t id)
{
	(void)self;
	pthread_mutex_lock(&net.lock);
	for (struct pending *p = net.list; p; p = p->next)
		if (p->id == id) {
			p->due_ms = 0;
			if (!p->error)
				p->error = agentrun_error_new(AGENTRUN_ECANCELLED, "cancelled");
		}
	pthread_cond_signal(&net.work);
	pthread_mutex_unlock(&net.lock);
}

static void net_wakeup(void *self)
{
	(void)self;
	pthread_mutex_lock(&net.lock);
	net.woken = 1;
	pthread_cond_signal(&net.work);
	pthread_mutex_unlock(&net.lock);
}

static void net_destroy(void *self)
{
	(void)self;
	while (net.list) {
		struct pending *next = net.list->next;

		agentrun_error_free(net.list->error);
		free(net.list);
		net.list = next;
	}
}

/* ---- the engine ----------------------------------------------------------------------- */

static agentrun_ctx *ctx;
static agentrun_engine *engine;
static agentrun_config *config;

static void set(const char *key, const char *value)
{
	ck_assert_int_eq(agentrun_config_set(config, key, value, NULL), 0);
}

static void setup(void)
{
	memset(&net, 0, sizeof(net));
	pthread_mutex_init(&net.lock, NULL);
	pthread_cond_init(&net.work, NULL);
	ck_assert_int_eq(agentrun_config_new(&config, NULL), 0);
	set("llm.provider", "openai");
	set("llm.api_key", "sk-of-the-test");
	ctx = NULL;
	engine = NULL;
}

static void teardown(void)
{
	agentrun_engine_free(engine);
	agentrun_ctx_free(ctx);
	agentrun_config_free(config);
}

static void open_ctx(void)
{
	static const agentrun_transport_impl impl = { .version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(impl), .name = "test", .open = net_open,
		.submit = net_submit, .poll = net_poll, .cancel = net_cancel,
		.wakeup = net_wakeup, .destroy = net_destroy };
	agentrun_ctx_options opts;

	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	ck_assert_int_eq(agentrun_ctx_new(&ctx, &opts, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_set_transport(ctx, &impl, NULL, NULL), 0);
}

static void open_engine(void)
{
	agentrun_engine_options opts;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.threads = 2;
	ck_assert_int_eq(agentrun_engine_new(&engine, ctx, &opts, NULL), 0);
}

static void submit(int i, const char *more)
{
	char job[400];

	snprintf(job, sizeof(job), "{\"prompt\":\"how many flights are there\",\"job_id\":\"j%d\"%s,"
		"\"context\":{\"data\":[{\"id\":1},{\"id\":2},{\"id\":%d}]}}", i, more, i);
	ck_assert_int_eq(agentrun_engine_submit(engine, job, strlen(job), (uint64_t)i, NULL), 0);
}

static agentrun_result *take(void)
{
	agentrun_result *result = NULL;

	ck_assert_int_eq(agentrun_engine_poll(engine, &result, 1, 60000), 1);
	return result;
}

static void expect_count(agentrun_result *result)
{
	ck_assert_msg(agentrun_result_error(result) == NULL, "%s",
		agentrun_error_message(agentrun_result_error(result)));
	ck_assert_str_eq(agentrun_result_data(result, NULL), "[{\"count\":3}]");
	agentrun_result_free(result);
}

#define CALL "{\"model\":\"m\",\"choices\":[{\"message\":{\"tool_calls\":[{\"id\":\"c1\"," \
	"\"function\":{\"name\":\"execute_pipeline\",\"arguments\":" \
	"\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"count\\\"}]}\"}}]}}],\"usage\":{\"total_tokens\":50}}"
#define CLOSE "{\"choices\":[{\"message\":{\"content\":\"3 rows.\"},\"finish_reason\":\"stop\"}]," \
	"\"usage\":{\"total_tokens\":70,\"prompt_tokens_details\":{\"cached_tokens\":9}}}"

/* A call, then the closing words. */
static void converse(struct pending *to, const char *body, unsigned n)
{
	(void)n;
	to->body = strstr(body, "\"role\":\"tool\"") ? CLOSE : CALL;
}

/* The same, but every third request fails in one way or another. */
static void stumble(struct pending *to, const char *body, unsigned n)
{
	converse(to, body, n);
	if (n % 3)
		return;
	switch (n / 3 % 4) {
	case 0:
		to->status = 503;
		to->body = "{\"error\":{\"message\":\"later\"}}";
		break;
	case 1:
		to->status = 429;
		to->header = "retry-after-ms: 5";
		break;
	case 2:
		to->error = agentrun_error_new(AGENTRUN_ENETWORK, "connection reset");
		break;
	default:
		to->body = "{\"choices\":[{\"mess";
	}
}

static void be_down(struct pending *to, const char *body, unsigned n)
{
	(void)body, (void)n;
	to->status = 503;
	to->header = "retry-after: 30";
}

/* ---- jobs ------------------------------------------------------------------------------ */

START_TEST(many_jobs_wait_at_once_and_none_holds_a_thread)
{
	net.script = converse;
	net.delay_ms = 1000; /* longer than valgrind takes to submit a quarter */
	open_ctx();
	open_engine();
	for (int i = 0; i < JOBS; i++)
		submit(i, "");
	for (int i = 0; i < JOBS; i++)
		expect_count(take());
	ck_assert_int_gt(net.most, JOBS / 4);
	ck_assert_uint_eq(net.n, (size_t)2 * JOBS); /* no call is made twice */
}
END_TEST

START_TEST(failures_that_pass_are_ridden_out)
{
	net.script = stumble;
	net.delay_ms = 2;
	set("llm.max_retries", "12");
	set("llm.breaker_failures", "0");
	open_ctx();
	open_engine();
	for (int i = 0; i < JOBS; i++)
		submit(i, "");
	for (int i = 0; i < JOBS; i++)
		expect_count(take());
}
END_TEST

START_TEST(jobs_that_sleep_are_cancelled_at_once)
{
	int64_t began = agr_clock_mono_ms();

	net.script = be_down;
	set("llm.breaker_failures", "0");
	open_ctx();
	open_engine();
	for (int i = 0; i < 50; i++)
		submit(i, "");
	usleep(200000); /* most are asleep by now */
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(agentrun_engine_cancel_tag(engine, (uint64_t)i, NULL), 0);
	for (int i = 0; i < 50; i++) {
		agentrun_result *result = take();

		ck_assert_int_eq(agentrun_error_code(agentrun_result_error(result)),
			AGENTRUN_ECANCELLED);
		agentrun_result_free(result);
	}
	ck_assert_int_lt(agr_clock_mono_ms() - began, 20000);
	submit(99, ""); /* and one is asleep when the engine goes */
	usleep(50000);
}
END_TEST

START_TEST(a_wait_beyond_the_deadline_fails_at_once_and_says_when)
{
	agentrun_result *result;

	net.script = be_down;
	open_ctx();
	open_engine();
	submit(1, ",\"timeout_sec\":20");
	result = take();
	ck_assert_int_eq(agentrun_error_code(agentrun_result_error(result)), AGENTRUN_ELLM);
	ck_assert_int_eq(agentrun_error_retry_after_ms(agentrun_result_error(result)), 30000);
	ck_assert_int_eq(agentrun_error_is_retryable(agentrun_result_error(result)), 1);
	ck_assert_uint_eq(net.n, 1);
	agentrun_result_free(result);
}
END_TEST

START_TEST(limits_refuse_jobs_and_budgets_turns)
{
	int refused = 0, spent = 0;

	net.script = converse;
	set("rate_limit.per_user", "3/h");
	set("budget.tokens_per_workflow_per_day", "100000");
	open_ctx();
	open_engine();
	for (int i = 0; i < 5; i++)
		submit(i, ",\"workflow_owner\":\"ann\"");
	for (int i = 0; i < 5; i++) {
		agentrun_result *result = take();
		const agentrun_error *why = agentrun_result_error(result);

		if (why) {
			ck_assert_int_eq(agentrun_error_code(why), AGENTRUN_ERATE);
			ck_assert_int_gt(agentrun_error_retry_after_ms(why), 3500000);
			refused++;
		}
		agentrun_result_free(result);
	}
	ck_assert_int_eq(refused, 2);
	for (int i = 0; i < JOBS; i++)
		submit(i, ",\"workflow_tag\":\"w\"");
	for (int i = 0; i < JOBS; i++) {
		agentrun_result *result = take();
		const agentrun_error *why = agentrun_result_error(result);

		if (why)
			ck_assert_int_eq(agentrun_error_code(why), AGENTRUN_EBUDGET);
		else
			spent += 120;
		agentrun_result_free(result);
	}
	ck_assert_int_gt(spent, 0);
	ck_assert_int_le(spent, 100000);
	submit(1, ",\"workflow_tag\":\"w\""); /* what was reserved was given back */
	expect_count(take());
}
END_TEST

/* ---- an application's own ----------------------------------------------------------------- */

static int own_encode(void *self, agentrun_provider_request *request,
	const agentrun_provider_call *call, agentrun_error **err)
{
	(void)self, (void)err;
	ck_assert_str_eq(call->base_url, "http://own");
	ck_assert_str_eq(call->model, "own-1");
	agentrun_buf_append(&request->url, "http://own/ask", 14);
	agentrun_buf_append(&request->secret_headers, "X-Key: k\n", 9);
	return agentrun_buf_append(&request->body, call->conversation, call->conversation_len);
}

static int own_decode(void *self, agentrun_buf *answer, const char *body, size_t len,
	agentrun_error **err)
{
	(void)self, (void)err;
	return agentrun_buf_append(answer, body, len);
}

static void own_script(struct pending *to, const char *body, unsigned n)
{
	(void)n;
	if (!strstr(body, "\"role\":\"tool\"")) {
		ck_assert_ptr_nonnull(strstr(body, "\"name\":\"add\""));
		to->body = "{\"calls\":[{\"name\":\"add\",\"arguments\":{\"a\":2,\"b\":3}}],\"own\":[7]}";
	} else {
		ck_assert_ptr_nonnull(strstr(body, "\"own\":[7]"));
		to->body = "{\"text\":\"It is 5.\",\"end\":\"stop\",\"model\":\"own-1b\","
			"\"usage\":{\"total\":12}}";
	}
}

static int add(void *self, agentrun_buf *result, const agentrun_tool_call *call,
	agentrun_error **err)
{
	atomic_int *calls = self;

	atomic_fetch_add(calls, 1);
	if (strcmp(call->arguments, "{\"a\":2,\"b\":3}") != 0)
		return agentrun_error_raise(err, AGENTRUN_EINPUT, "odd arguments");
	return agentrun_buf_append(result, "{\"sum\":5}", 9);
}

START_TEST(an_application_brings_a_provider_and_a_tool)
{
	static atomic_int calls;
	const agentrun_provider_impl provider = { .version = AGENTRUN_PROVIDER_IMPL_VERSION,
		.struct_size = sizeof(provider), .name = "own", .base_url = "http://own",
		.model = "own-1", .encode = own_encode, .decode = own_decode };
	const agentrun_tool_impl tool = { .version = AGENTRUN_TOOL_IMPL_VERSION,
		.struct_size = sizeof(tool), .name = "add", .description = "adds",
		.parameters = "{\"type\":\"object\",\"required\":[\"a\",\"b\"]}", .call = add };
	agentrun_result *result;
	const char *message;

	net.script = own_script;
	set("llm.provider", "own");
	open_ctx();
	ck_assert_int_eq(agentrun_ctx_add_provider(ctx, &provider, NULL, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_add_provider(ctx, &provider, NULL, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agentrun_ctx_add_tool(ctx, &tool, &calls, NULL), 0);
	ck_assert_int_eq(agentrun_ctx_add_tool(ctx, &tool, &calls, NULL), AGENTRUN_EINVAL);
	open_engine();
	submit(1, "");
	result = take();
	ck_assert_msg(agentrun_result_error(result) == NULL, "%s",
		agentrun_error_message(agentrun_result_error(result)));
	ck_assert_str_eq(agentrun_result_data(result, NULL), "{\"sum\":5}");
	message = agentrun_result_payload(result, NULL);
	ck_assert_ptr_nonnull(strstr(message, "\"message\":\"It is 5.\",\"tokens_used\":12"));
	ck_assert_ptr_nonnull(strstr(message, "\"llm_model\":\"own-1b\""));
	ck_assert_ptr_nonnull(strstr(message, "\"id\":\"call_j1_1\""));
	ck_assert_int_eq(atomic_load(&calls), 1);
	agentrun_result_free(result);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		many_jobs_wait_at_once_and_none_holds_a_thread,
		failures_that_pass_are_ridden_out,
		jobs_that_sleep_are_cancelled_at_once,
		a_wait_beyond_the_deadline_fails_at_once_and_says_when,
		limits_refuse_jobs_and_budgets_turns,
		an_application_brings_a_provider_and_a_tool,
		NULL,
	};

	return unit_main(unit_suite_with("llm_jobs", tests, setup, teardown));
}
