/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Compiling, where the data comes from, what a run wants from outside. */
#include <stdio.h>

#include "run_pipeline.h"

#define ALL "{\"step\":\"offset\",\"n\":0}"
#define HTTP(rest) "{\"step\":\"http_request\",\"url\":\"https://api.example.com/v1\"" rest "}"

START_TEST(pipelines_are_read_before_any_data)
{
	fails("[]", "[]", AGENTRUN_EINPUT, 0, "the pipeline is empty");
	fails("[" ALL ",5]", "not json", AGENTRUN_EINPUT, 2, "a step must be an object");
	fails("[" ALL ",{}]", "[]", AGENTRUN_EINPUT, 2, "step is missing");
	fails("[{\"step\":5}]", "[]", AGENTRUN_EINPUT, 1, "step must be");
	fails("[{\"step\":\"table_srot\"}]", "[]", AGENTRUN_EINPUT, 1, "did you mean table_sort?");
	fails("[{\"step\":\"limits\"}]", "[]", AGENTRUN_EINPUT, 1, "did you mean limit?");
	fails("[{\"step\":\"warp\"}]", "[]", AGENTRUN_EINPUT, 1, "known steps: http_request,");
	fails("[" ALL ",{\"step\":\"limit\",\"n\":-1}]", "bad", AGENTRUN_EINPUT, 2,
		"step 2 (limit): n must be");
	fails("[{]", "[]", AGENTRUN_EINPUT, 0, "pipeline:1:3");
	fails("5", "[]", AGENTRUN_EINPUT, 0, "array of steps");
	gives("[{\"step\":\"limit\",\"n\":1,\"note\":\"why\",\"n\":2}]", "[1,2,3]", "[1,2]");
}
END_TEST

static int execute(const char *pipeline, agentrun_buf *out, agentrun_error **err)
{
	return run_with(out, pipeline, "[1]", 3, 0, AGENTRUN_FORMAT_JSON, NULL, err);
}

START_TEST(the_tools_arguments_are_a_pipeline_too)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	ck_assert_int_eq(execute("{\"session_id\":\"s\",\"pipeline\":[" ALL "],\"input_ref\":null}",
		&out, &err), 0);
	ck_assert_str_eq(out.data, "[1]");
	agentrun_buf_dispose(&out);
	ck_assert_int_eq(execute("{\"pipeline\":\"[]\"}", &out, &err), AGENTRUN_EINPUT);
	ck_assert_ptr_nonnull(strstr(agentrun_error_message(err), "not a string"));
	agentrun_error_free(err);
	err = NULL;
	ck_assert_int_eq(execute("{\"steps\":[]}", &out, &err), AGENTRUN_EINPUT);
	agentrun_error_free(err);
}
END_TEST

/* ---- the outside -------------------------------------------------------------- */

struct outside {
	int status, calls;
	const char *body;
	agr_buf seen; /* what was asked for */
	struct pieces rest;
	size_t size, fails_at; /* of the pieces */
	int closed;
};

static void close_rest(void *user)
{
	((struct outside *)user)->closed++;
}

static int read_rest(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	return read_piece(&((struct outside *)user)->rest, to, cap, len, err);
}

static int fetch(void *user, const agr_pipeline_request *q, agr_response *answer,
	agentrun_error **err)
{
	struct outside *o = user;

	(void)err;
	o->calls++;
	agr_buf_printf(&o->seen, "%s %s", q->method, q->url);
	for (size_t i = 0; i < q->n_headers; i++)
		agr_buf_printf(&o->seen, " %s:%s", q->headers[i].name, q->headers[i].value);
	if (q->body)
		agr_buf_printf(&o->seen, " %.*s", (int)q->body_len, q->body);
	if (q->auth_profile)
		agr_buf_printf(&o->seen, " as %s", q->auth_profile);
	if (q->timeout_ms)
		agr_buf_printf(&o->seen, " in %d", (int)q->timeout_ms);
	o->rest = (struct pieces){ o->body, strlen(o->body), o->size ? o->size : SIZE_MAX,
		o->fails_at };
	*answer = (agr_response){ o->status, read_rest, o, close_rest };
	return 0;
}

/* What a ref names, in two pieces at the least. */
struct content {
	struct outside *o;
	size_t at;
};

static int read_content(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	struct content *c = user;
	size_t left = strlen(c->o->body + c->at);

	cap = c->at || cap < 2 ? cap : 2;

	(void)err;
	*len = left < cap ? left : cap;
	memcpy(to, c->o->body + c->at, *len);
	c->at += *len;
	return 0;
}

static void close_content(void *user)
{
	struct content *c = user;

	c->o->closed++;
	free(c);
}

static int resolve(void *user, const char *ref, agr_response *content,
	agentrun_error **err)
{
	struct outside *o = user;
	struct content *c;

	o->calls++;
	agr_buf_printf(&o->seen, "%s;", ref);
	if (strcmp(ref, "artifact://none") == 0)
		return agentrun_error_raise(err, AGENTRUN_ENOTFOUND, "no such ref: %s", ref);
	c = calloc(1, sizeof(*c));
	ck_assert_ptr_nonnull(c);
	c->o = o;
	*content = (agr_response){ .read = read_content, .user = c, .close = close_content };
	return 0;
}

static int run_outside(struct outside *o, const char *pipeline, const char *input,
	const char *context, agentrun_buf *out, agentrun_error **err)
{
	agentrun_execute_options opts;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = input;
	opts.input_len = input ? strlen(input) : 0;
	opts.context = context;
	opts.context_len = context ? strlen(context) : 0;
	o->seen = (agr_buf)AGR_BUF_INIT;
	o->calls = 0;
	return agr_execute(out, pipeline, strlen(pipeline), &opts, NULL, fetch, o, resolve,
		o, err);
}

static void asks(const char *pipeline, const char *expected)
{
	struct outside o = { .status = 200, .body = "[1]" };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	ck_assert_msg(run_outside(&o, pipeline, NULL, NULL, &out, &err) == 0, "%s",
		agentrun_error_message(err));
	ck_assert_str_eq(o.seen.data, expected);
	agr_buf_free(&o.seen);
	agentrun_buf_dispose(&out);
}

START_TEST(requests_are_complete_when_they_are_asked_for)
{
	asks("[" HTTP("") "]", "GET https://api.example.com/v1");
	asks("[" HTTP(",\"params\":{\"q\":\"a b&\\u00e9\",\"n\":5,\"x\":null,\"t\":[1,true]}") "]",
		"GET https://api.example.com/v1?q=a%20b%26%C3%A9&n=5&t=1&t=true");
	asks("[{\"step\":\"http_request\",\"url\":\"HTTP://u:p@h:8080/?a=1#f\",\"params\":{\"b\":2},"
	     "\"method\":\"get\"}]", "GET HTTP://u:p@h:8080/?a=1&b=2");
	asks("[" HTTP(",\"method\":\"POST\",\"params\":{\"a\": [1, 12345678901234567890]},"
		"\"headers\":{\"X-A\":\"b c\",\"X-N\":5},\"auth_profile\":\"shop\","
		"\"timeout_ms\":500") "]",
		"POST https://api.example.com/v1 X-A:b c X-N:5 {\"a\":[1,12345678901234567890]}"
		" as shop in 500");
	asks("[" HTTP("") "," ALL "," HTTP("") "]",
		"GET https://api.example.com/v1GET https://api.example.com/v1");
}
END_TEST

START_TEST(requests_that_could_not_be_sent_are_refused)
{
	fails(HTTP(",\"method\":\"HEAD\""), NULL, AGENTRUN_EINPUT, 1, "method must be \"GET\"");
	fails(HTTP(",\"headers\":{\"A b\":\"c\"}"), NULL, AGENTRUN_EINPUT, 1, "no header's name");
	fails(HTTP(",\"headers\":{\"A\":\"b\\r\\nC: d\"}"), NULL, AGENTRUN_EINPUT, 1,
		"control character");
	fails(HTTP(",\"headers\":{\"A\":\"b\\u0000\"}"), NULL, AGENTRUN_EINPUT, 1,
		"control character");
	fails(HTTP(",\"headers\":{\"content-length\":\"3\"}"), NULL, AGENTRUN_EINPUT, 1,
		"cannot be set");
	fails(HTTP(",\"params\":{\"a\":{}}"), NULL, AGENTRUN_EINPUT, 1, "a value in params");
	fails(HTTP(",\"params\":5"), NULL, AGENTRUN_EINPUT, 1, "params must be an object");
	fails(HTTP(",\"timeout_ms\":0"), NULL, AGENTRUN_EINPUT, 1, "timeout_ms must be");
	fails("{\"step\":\"http_request\"}", NULL, AGENTRUN_EINPUT, 1, "url is missing");
	fails("{\"step\":\"http_request\",\"url\":\"ftp://h/\"}", NULL, AGENTRUN_EPOLICY, 1,
		"only http:// and https://");
	fails("{\"step\":\"http_request\",\"url\":\"http:///x\"}", NULL, AGENTRUN_EINPUT, 1,
		"no host");
	fails("{\"step\":\"http_request\",\"url\":\"http://h/a b\"}", NULL, AGENTRUN_EINPUT, 1,
		"space");
	fails(HTTP(""), NULL, AGENTRUN_EPIPELINE, 1, "no network");
}
END_TEST

/* It comes in pieces of this size, and breaks off where so many bytes are left. */
static void answers_in(size_t size, size_t fails_at, int status, const char *body,
	const char *pipeline, int code, const char *expected)
{
	struct outside o = { .status = status, .body = body, .size = size, .fails_at = fails_at };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int r = run_outside(&o, pipeline, NULL, NULL, &out, &err);

	ck_assert_msg(r == code, "%d: %s", r, agentrun_error_message(err));
	if (code)
		ck_assert_msg(strstr(agentrun_error_message(err), expected), "%s",
			agentrun_error_message(err));
	else
		ck_assert_str_eq(out.data, expected);
	if (code && status != 200)
		ck_assert_int_eq(agentrun_error_is_retryable(err),
			status == 408 || status == 429 || status >= 500);
	ck_assert_int_eq(o.closed, o.calls);
	agentrun_error_free(err);
	agr_buf_free(&o.seen);
	agentrun_buf_dispose(&out);
}

static void answers(int status, const char *body, const char *pipeline, int code,
	const char *expected)
{
	static const size_t sizes[] = { SIZE_MAX, 1, 2, 5, 31 };

	for (size_t i = 0; i < AGR_COUNT(sizes); i++)
		answers_in(sizes[i], 0, status, body, pipeline, code, expected);
}

START_TEST(answers_are_rows_while_they_arrive)
{
	static const char sum[] = "{\"step\":\"groupby\",\"by\":[],\"agg\":\"sum\",\"field\":\"n\"}";
	char rows[200], nested[200], each[200];

	snprintf(rows, sizeof(rows), "[" HTTP("") ",%s]", sum);
	snprintf(nested, sizeof(nested), "[" HTTP(",\"path\":\"d.r\"") ",%s]", sum);
	snprintf(each, sizeof(each), "[" HTTP(",\"path\":\"f[].p\"") ",%s]", sum);
	answers(200, "[{\"n\":1},{\"n\":2}]", rows, 0, "[{\"sum_n\":3}]");
	answers(200, "{\"n\":1}\n{\"n\":2}\n", rows, 0, "[{\"sum_n\":3}]");
	answers(200, "n,m\n1,x\n5,\"y\n\"\n", rows, 0, "[{\"sum_n\":6}]");
	answers(200, "{\"d\":{\"r\":[{\"n\":1},{\"n\":2}]},\"next\":null}", nested, 0, "[{\"sum_n\":3}]");
	answers(200, "{\"d\":{\"r\":[{\"n\":\"x\"}]},\"d\":{\"r\":[{\"n\":2}]}}", nested, 0, "[{\"sum_n\":2}]");
	answers(200, "{\"f\":[{\"p\":{\"n\":1}},{\"p\":{\"n\":3}}]}", each, 0, "[{\"sum_n\":4}]");
	answers(200, "{\"d\":{\"x\":1}}", nested, AGENTRUN_EPIPELINE, "step 1 (http_request): "
		"api.example.com: there is nothing at d.r: the object there has x");
	answers(200, "{\"d\":{\"r\":7}}", nested, AGENTRUN_EPIPELINE, "step 2 (groupby): wants an array, got a number");
	answers(200, "[{\"n\":1},{\"n\":}]", rows, AGENTRUN_EPIPELINE,
		"step 1 (http_request): api.example.com: answer:1:15: not valid JSON");
	answers(200, "{\"d\":{\"r\":[{\"n\":1}]},}", nested, AGENTRUN_EPIPELINE,
		"step 1 (http_request): api.example.com: answer:1:22: not valid JSON");
	answers(200, "[{\"n\":1},{\"n\":\"x\"}]", rows, AGENTRUN_EPIPELINE, "step 2 (groupby): ");
	answers(200, "", rows, AGENTRUN_EPIPELINE, "step 2 (groupby): wants an array, got null");
	answers(200, " \n", rows, AGENTRUN_EPIPELINE, "step 1 (http_request): api.example.com: answer:2:1: "
		"the input is empty");
	/* It breaks off. */
	for (size_t left = 1; left < 20; left++) {
		answers_in(3, left, 200, "[{\"n\":1},{\"n\":2}]", rows, AGENTRUN_EBACKEND,
			"step 1 (http_request): the tape tore");
		answers_in(3, left, 200, "{\"d\":{\"r\":[{\"n\":1}]}}", nested, AGENTRUN_EBACKEND,
			"step 1 (http_request): the tape tore");
		answers_in(3, left, 200, "{\"d\":{\"r\":[{\"n\":1}]}}", "[" HTTP("") "]", AGENTRUN_EBACKEND,
			"step 1 (http_request): the tape tore");
		answers_in(3, left, 500, "what went wrong there", rows, AGENTRUN_EBACKEND, "the tape tore");
	}
}
END_TEST

START_TEST(answers_become_the_data)
{
	static const char *const bare = "[" HTTP("") "]";

	answers(200, "{\"a\": 1}", bare, 0, "{\"a\":1}");
	answers(200, "{\"d\":{\"r\":[3,1]}}", "[" HTTP(",\"path\":\"d.r\"")
		",{\"step\":\"limit\",\"n\":1}]", 0, "[3]");
	answers(200, "{\"f\":[{\"p\":1},{\"p\":2}]}", "[" HTTP(",\"path\":\"f[].p\"") "]", 0, "[1,2]");
	answers(200, "{\"a\":1}\n{\"a\":2}\n", bare, 0, "[{\"a\":1},{\"a\":2}]");
	answers(204, "", bare, 0, "null");
	answers(200, "{\"d\":1}", "[" HTTP(",\"path\":\"x\"") "]", AGENTRUN_EPIPELINE,
		"step 1 (http_request): api.example.com: there is nothing at x");
	answers(200, "<html>", bare, AGENTRUN_EPIPELINE, "answer:1:1: not valid JSON");
	answers(404, "not\nhere", bare, AGENTRUN_EPIPELINE,
		"step 1 (http_request): GET api.example.com answered with status 404: not\\x0ahere");
	answers(429, "", bare, AGENTRUN_EPIPELINE, "status 429");
	answers(503, "", bare, AGENTRUN_EPIPELINE, "status 503");
	answers(408, "", bare, AGENTRUN_EPIPELINE, "status 408");
	answers(302, "", bare, AGENTRUN_EPIPELINE, "status 302");
	answers(200, "{}", "[" HTTP("") "," ALL "]", AGENTRUN_EPIPELINE, "step 2 (offset): wants");
}
END_TEST

static void starts_from(const char *pipeline, const char *input, const char *context,
	int code, const char *seen, const char *expected)
{
	struct outside o = { .status = 200, .body = "[\"ref\",1.50]" };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int r = run_outside(&o, pipeline, input, context, &out, &err);

	ck_assert_msg(r == code, "%d: %s", r, agentrun_error_message(err));
	ck_assert_str_eq(o.seen.data ? o.seen.data : "", seen);
	if (code)
		ck_assert_msg(strstr(agentrun_error_message(err), expected), "%s",
			agentrun_error_message(err));
	else
		ck_assert_str_eq(out.data, expected);
	agentrun_error_free(err);
	agr_buf_free(&o.seen);
	agentrun_buf_dispose(&out);
}

START_TEST(the_input_is_the_first_that_is_there)
{
	static const char *const by_ref =
		"{\"pipeline\":[" ALL "],\"input_ref\":\"artifact://a\"}";
	static const char *const plain = "[" ALL "]";
	static const char *const full = "{\"data\":[1.0,12345678901234567890],"
		"\"previous_results\":[{\"result_ref\":\"r1\"},{\"result_ref\":\"r2\"}]}";

	starts_from(by_ref, "[2]", full, 0, "artifact://a;", "[\"ref\",1.50]");
	starts_from(plain, "[2]", full, 0, "", "[2]");
	starts_from(plain, NULL, full, 0, "", "[1.0,12345678901234567890]");
	starts_from(plain, NULL, "{\"data\":null,\"previous_results\":["
		"{\"result_ref\":\"r1\"},{\"result_ref\":\"r2\"}]}", 0, "r2;", "[\"ref\",1.50]");
	starts_from(plain, NULL, "{\"previous_results\":[]}", AGENTRUN_EINPUT, "", "no input");
	starts_from(plain, NULL, NULL, AGENTRUN_EINPUT, "", "no input");
	starts_from(plain, NULL, "[]", AGENTRUN_EINPUT, "", "context must be an object");
	starts_from(plain, NULL, "{\"data\":[}", AGENTRUN_EINPUT, "", "context:1:10");
	starts_from("{\"pipeline\":[" ALL "],\"input_ref\":\"artifact://none\"}", NULL, NULL,
		AGENTRUN_ENOTFOUND, "artifact://none;", "no such ref");
	starts_from("{\"pipeline\":[" HTTP("") "],\"input_ref\":\"artifact://a\"}", NULL, NULL, 0,
		"GET https://api.example.com/v1", "[\"ref\",1.50]");
}
END_TEST

#define JOIN(ref) "[" ALL ",{\"step\":\"join\",\"on\":\"k\",\"right\":\"" ref "\"}]"

START_TEST(a_join_may_ask_for_its_right_side)
{
	struct outside o = { .body = "[{\"k\":1,\"v\":2}]" };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;

	ck_assert_int_eq(run_outside(&o, JOIN("r"), "[{\"k\":1}]", NULL, &out, &err), 0);
	ck_assert_str_eq(out.data, "[{\"k\":1,\"v\":2}]");
	ck_assert_int_eq(o.calls, 1);
	agr_buf_free(&o.seen);
	o.body = "{\"k\":1}";
	ck_assert_int_eq(run_outside(&o, JOIN("r"), "[]", NULL, &out, &err), AGENTRUN_EPIPELINE);
	ck_assert_uint_eq(agentrun_error_step(err), 2);
	agentrun_error_free(err);
	err = NULL;
	agr_buf_free(&o.seen);
	ck_assert_int_eq(run_outside(&o, JOIN("artifact://none"), "[]", NULL, &out, &err),
		AGENTRUN_ENOTFOUND);
	ck_assert_uint_eq(agentrun_error_step(err), 2);
	agentrun_error_free(err);
	agr_buf_free(&o.seen);
	agentrun_buf_dispose(&out);
}
END_TEST

static int advance_with(agr_run_options *opts, agentrun_error **err)
{
	agr_pipeline *pipeline;
	agr_run *run;
	int r;

	opts->input = "[1,2]";
	opts->input_len = 5;
	ck_assert_int_eq(agr_pipeline_compile(&pipeline, "[" ALL "]", strlen("[" ALL "]"), NULL,
		NULL), 0);
	ck_assert_int_eq(agr_run_new(&run, pipeline, opts, NULL), 0);
	r = agr_run_advance(run, err);
	agr_run_free(run);
	agr_pipeline_free(pipeline);
	return r;
}

START_TEST(a_run_ends_when_it_is_cancelled_or_late)
{
	agr_run_options opts = { .deadline_ms = 1 };
	agentrun_error *err = NULL;
	atomic_int cancelled = 1;

	ck_assert_int_eq(advance_with(&opts, &err), AGENTRUN_ETIMEDOUT);
	agentrun_error_free(err);
	err = NULL;
	opts.deadline_ms = AGR_DEADLINE_NONE;
	ck_assert_int_eq(advance_with(&opts, &err), AGR_RUN_DONE);
	opts.cancelled = &cancelled;
	ck_assert_int_eq(advance_with(&opts, &err), AGENTRUN_ECANCELLED);
	agentrun_error_free(err);
}
END_TEST

START_TEST(a_run_says_no_to_what_it_did_not_ask_for)
{
	struct outside o = { .body = "[]" };
	const agr_response content = { .user = &o, .close = close_rest };
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agr_pipeline *pipeline;
	agr_run *run;

	ck_assert_int_eq(agr_pipeline_compile(&pipeline, "[" HTTP("") "]",
		strlen("[" HTTP("") "]"), NULL, NULL), 0);
	ck_assert_int_eq(agr_run_new(&run, pipeline, NULL, NULL), 0);
	ck_assert_ptr_null(agr_run_request(run));
	ck_assert_int_eq(agr_run_advance(run, NULL), AGR_RUN_WANTS_HTTP);
	ck_assert_str_eq(agr_run_request(run)->host, "api.example.com");
	ck_assert_int_eq(agr_run_supply_ref(run, &content, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(o.closed, 1); /* also what is refused is closed */
	ck_assert_int_eq(agr_run_take_output(run, &out, 0, NULL), AGENTRUN_EINVAL);
	ck_assert_int_eq(agr_run_supply_response(run, 500, NULL, 0, NULL), AGENTRUN_EPIPELINE);
	ck_assert_int_eq(agr_run_advance(run, NULL), AGENTRUN_EINVAL);
	agr_run_free(run);
	agr_pipeline_free(pipeline);
}
END_TEST

START_TEST(bytes_pass_through_a_long_pipeline_unchanged)
{
	gives("[" ALL ",{\"step\":\"table_sort\",\"field\":\"n\"},{\"step\":\"distinct\"},"
	      "{\"step\":\"rename\",\"fields\":{\"q\":\"r\"}}," ALL "]",
		"[{\"n\":1.500e+0,\"s\":\"\\u00e9\\/\",\"q\":{\"z\":1,\"a\":2,\"z\":0}},"
		"{\"n\":-0,\"n\":0.10}]",
		"[{\"n\":0.10},{\"n\":1.500e+0,\"s\":\"\\u00e9\\/\",\"r\":{\"z\":0,\"a\":2}}]");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pipelines_are_read_before_any_data,
		the_tools_arguments_are_a_pipeline_too,
		requests_are_complete_when_they_are_asked_for,
		requests_that_could_not_be_sent_are_refused,
		answers_become_the_data,
		answers_are_rows_while_they_arrive,
		the_input_is_the_first_that_is_there,
		a_join_may_ask_for_its_right_side,
		a_run_ends_when_it_is_cancelled_or_late,
		a_run_says_no_to_what_it_did_not_ask_for,
		bytes_pass_through_a_long_pipeline_unchanged,
		NULL,
	};

	return unit_main(unit_suite("pipeline", tests));
}
