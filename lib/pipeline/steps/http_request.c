/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* http_request: the request as data, complete before anything runs. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"
#include "net/url.h"

struct http {
	agr_pipeline_request request;
	agr_path path;
	bool has_path;
};

static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", NULL };

static void http_plan_free(void *plan)
{
	struct http *h = plan;
	agr_pipeline_request *r = &h->request;

	for (size_t i = 0; i < r->n_headers; i++) {
		free(r->headers[i].name);
		free(r->headers[i].value);
	}
	free(r->headers);
	free(r->url);
	free(r->host);
	free(r->body);
	free(r->auth_profile);
	agr_path_clear(&h->path);
	free(h);
}

static int read_method(agr_pipeline_request *request, const agr_args *args,
	agentrun_error **err)
{
	char *text = NULL;
	int choice = 0, r = agr_args_string(args, "method", &text, err);

	request->method = methods[0];
	if (r <= 0)
		return r;
	while (methods[choice] && !agr_str_equal_nocase(text, methods[choice]))
		choice++;
	free(text);
	request->method = methods[choice];
	return request->method ? 0 : agr_args_choice(args, "method", methods, &choice,
		err);
}

/* ---- parameters ---------------------------------------------------------------- */

static int add_query(agr_buf *url, agr_span name, agr_span value,
	agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	if (*value.p == '{' || *value.p == '[')
		return agr_args_wrong("a value in params",
			"a string, a number, true, false or a list of these", value, err);
	agr_buf_char(url, memchr(url->data, '?', url->len) ? '&' : '?');
	agr_string_decode(&text, name);
	agr_url_escape(url, text.data, text.len);
	agr_buf_char(url, '=');
	if (*value.p == '"') {
		agr_buf_reset(&text);
		agr_string_decode(&text, value);
		agr_url_escape(url, text.data, text.len);
	} else {
		agr_url_escape(url, value.p, value.n);
	}
	r = agr_buf_check(&text, "params", err);
	agr_buf_free(&text);
	return r;
}

static int add_params(agr_buf *url, agr_span params, agentrun_error **err)
{
	agr_members m = { .n = 0 };
	agr_span element;
	agr_iter it;
	int r = 0;

	if (*params.p != '{')
		return agr_args_wrong("params", "an object", params, err);
	if (!agr_members_read(&m, params))
		return agr_error_oom(err);
	for (size_t i = 0; !r && i < m.n; i++) {
		agr_span value = m.list[i].value;

		if (*value.p == 'n')
			continue;
		if (*value.p != '[') {
			r = add_query(url, m.list[i].key, value, err);
			continue;
		}
		it = agr_iter_of(value);
		while (!r && agr_array_next(&it, &element))
			r = add_query(url, m.list[i].key, element, err);
	}
	agr_members_free(&m);
	return r;
}

static int read_body(agr_pipeline_request *request, agr_span params,
	agentrun_error **err)
{
	agr_buf body = AGR_BUF_INIT;
	agentrun_buf out = AGENTRUN_BUF_INIT;
	int r;

	if (*params.p != '{' && *params.p != '[')
		return agr_args_wrong("params",
			"an object (or an array) to be sent as JSON",
			params, err);
	agr_value_write(&body, params);
	r = agr_buf_give(&body, &out, "params", err);
	request->body = out.data;
	request->body_len = out.len;
	return r;
}

static int read_url(agr_pipeline_request *request, const agr_args *args,
	agentrun_error **err)
{
	agr_span value = { NULL, 0 }, params;
	agr_buf url = AGR_BUF_INIT;
	char *text = NULL;
	int r = agr_args_string(args, "url", &text, err);

	if (r == 0)
		r = agr_args_wrong("url", "an http or https URL", value, err);
	if (r > 0)
		r = agr_url_check(text, &request->host, err);
	if (!r)
		agr_url_write(&url, text);
	free(text);
	if (!r && agr_args_get(args, "params", &params))
		r = request->method == methods[0] ? add_params(&url, params, err)
						  : read_body(request, params, err);
	if (!r) {
		request->url = agr_buf_give_str(&url, err);
		r = request->url ? 0 : AGENTRUN_ENOMEM;
	}
	agr_buf_free(&url);
	return r;
}

/* ---- headers ------------------------------------------------------------------- */

static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++)
		if (!agr_is_alpha(*p) && !agr_is_digit(*p) &&
			!strchr("!#$%&'*+-.^_`|~", *p))
			return false;
	return *text;
}

/* The body's length and the connection are the transport's business. */
static bool is_refused(const char *name)
{
	return agr_str_equal_nocase(name, "Content-Length") ||
		agr_str_equal_nocase(name, "Transfer-Encoding") ||
		agr_str_equal_nocase(name, "Connection");
}

static char *decoded(agr_span value, agentrun_error **err)
{
	agr_buf text = AGR_BUF_INIT;

	if (*value.p == '"')
		agr_string_decode(&text, value);
	else
		agr_buf_add(&text, value.p, value.n);
	/* A NUL ends it early, where the checks below then look no further. */
	if (text.len && memchr(text.data, '\0', text.len))
		text.data[0] = '\n';
	return agr_buf_give_str(&text, err);
}

static int check_header(const agr_header *h, agentrun_error **err)
{
	if (!is_token(h->name))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"headers has a name that is no header's name: \"%.60s\"",
			h->name);
	if (is_refused(h->name))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the header %s cannot be set", h->name);
	for (const char *p = h->value; *p; p++)
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
			return agentrun_error_raise(err, AGENTRUN_EINPUT,
				"the value of the header %s holds a control character",
				h->name);
	return 0;
}

static int read_headers(agr_pipeline_request *request, const agr_args *args,
	agentrun_error **err)
{
	agr_members m = { .n = 0 };
	agr_span object;
	int r = 0;

	if (!agr_args_get(args, "headers", &object))
		return 0;
	if (*object.p != '{')
		return agr_args_wrong("headers", "an object {\"Name\": \"value\"}",
			object, err);
	if (!agr_members_read(&m, object))
		return agr_error_oom(err);
	request->headers = calloc(m.n + 1, sizeof(*request->headers));
	if (!request->headers)
		r = agr_error_oom(err);
	for (size_t i = 0; !r && i < m.n; i++) {
		agr_span value = m.list[i].value;
		agr_header *h = &request->headers[request->n_headers++];

		if (*value.p == '{' || *value.p == '[' || *value.p == 'n') {
			r = agr_args_wrong("a value in headers", "a string", value, err);
			break;
		}
		h->name = decoded(m.list[i].key, err);
		h->value = decoded(value, err);
		r = h->name && h->value ? check_header(h, err) : AGENTRUN_ENOMEM;
	}
	agr_members_free(&m);
	return r;
}

/* ---- the step ------------------------------------------------------------------ */

static int http_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct http *h = calloc(1, sizeof(*h));
	agr_span path;
	int r;

	*plan = h;
	if (!h)
		return agr_error_oom(err);
	r = read_method(&h->request, args, err);
	if (!r)
		r = read_url(&h->request, args, err);
	if (!r)
		r = read_headers(&h->request, args, err);
	if (!r)
		r = agr_args_string(args, "auth_profile", &h->request.auth_profile, err);
	if (r >= 0)
		r = agr_args_whole(args, "timeout_ms", 1, &h->request.timeout_ms, err);
	if (r < 0)
		return r;
	h->has_path = agr_args_get(args, "path", &path);
	return h->has_path ? agr_args_path("path", path, &h->path, err) : 0;
}

static const agr_pipeline_request *http_request(const void *plan)
{
	return &((const struct http *)plan)->request;
}

static const agr_path *http_path(const void *plan)
{
	const struct http *h = plan;

	return h->has_path ? &h->path : NULL;
}

const agr_step_type agr_step_http_request = {
	.name = "http_request",
	.summary = "fetch JSON over HTTP; it becomes the data",
	.holds = "the answer, or a block of it where steps take its rows",
	.schema = AGR_SCHEMA("http_request", AGR_NEEDED("url"),
		AGR_PARAM("url", AGR_STRING("http or https"))
		AGR_PARAM("method", "{\"enum\":[\"GET\",\"POST\",\"PUT\",\"PATCH\",\"DELETE\"]}")
		AGR_PARAM("params", "{\"type\":[\"object\",\"array\"],"
			AGR_ABOUT("GET: the query; else sent as JSON") "}")
		AGR_PARAM("headers", "{\"type\":\"object\",\"additionalProperties\":"
			"{\"type\":[\"string\",\"number\",\"boolean\"]}}")
		AGR_PARAM("auth_profile", AGR_STRING("a configured profile"))
		AGR_PARAM("timeout_ms", AGR_WHOLE("1", "milliseconds"))
		AGR_PARAM("path", AGR_STRING("where the rows are in the answer: data.items"))),
	.kind = AGR_STEP_HTTP,
	.compile = http_compile,
	.plan_free = http_plan_free,
	.request = http_request,
	.answer_path = http_path,
};
