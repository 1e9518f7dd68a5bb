/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tool/openapi.h"

#include <stdlib.h>
#include <string.h>

#include "llm/talk.h"
#include "net/url.h"

#define MAX_REFS 16
#define MAX_NAMED 20 /* operations or parameters told in a message */

struct action {
	agr_span document, params;
	agr_span path, item, operation; /* path: its key */
	const char *method;
	const char *document_url;
	agr_buf url, query, headers, cookies;
	agr_buf used; /* names of params that are parameters, each ended by a NUL */
	agentrun_error **err;
};

/* ---- finding things -------------------------------------------------------------------- */

/* One token of a JSON Pointer, decoded; moves `*p` behind it. */
static bool follow_token(agr_span *at, const char **p, const char *end)
{
	agr_buf token = AGR_BUF_INIT;
	bool found;

	while (*p < end && **p != '/') {
		char c = *(*p)++;

		if (c == '~' && *p < end)
			c = *(*p)++ == '1' ? '/' : '~';
		agr_buf_char(&token, c);
	}
	found = !token.failed && agr_span_type(*at) == AGR_TYPE_OBJECT &&
		agr_object_get(*at, token.data ? token.data : "", token.len, at);
	agr_buf_free(&token);
	return found;
}

/* What `value` refers to, when it is {"$ref":"#/…"}; else itself. */
static bool resolve(const struct action *a, agr_span *value)
{
	agr_span ref;

	for (int i = 0; agr_get_typed(*value, "$ref", AGR_TYPE_STRING, &ref); i++) {
		const char *p = ref.p + 1, *end = ref.p + ref.n - 1;

		if (i == MAX_REFS || end - p < 2 || memcmp(p, "#/", 2) != 0)
			return false;
		*value = a->document;
		for (p++; p < end;) {
			p++; /* the slash */
			if (!follow_token(value, &p, end))
				return false;
		}
	}
	return true;
}

static const char *const methods[] = { "get", "post", "put", "patch", "delete" };
static const char *const method_names[] = { "GET", "POST", "PUT", "PATCH", "DELETE" };

/* The operation of this id; the ids that there are go to `known`. */
static bool find_operation(struct action *a, agr_span id, agr_buf *known)
{
	agr_span paths, key, item, operation, own;
	size_t n = 0;
	agr_iter it;

	if (!agr_get_typed(a->document, "paths", AGR_TYPE_OBJECT, &paths))
		return false;
	it = agr_iter_of(paths);
	while (agr_object_next(&it, &key, &item)) {
		if (!resolve(a, &item))
			continue;
		for (size_t i = 0; i < AGR_COUNT(methods); i++) {
			if (!agr_get_typed(item, methods[i], AGR_TYPE_OBJECT, &operation) ||
				!agr_get_typed(operation, "operationId", AGR_TYPE_STRING, &own))
				continue;
			if (agr_string_same(own, id)) {
				a->path = key;
				a->item = item;
				a->operation = operation;
				a->method = method_names[i];
				return true;
			}
			if (n++ < MAX_NAMED) {
				agr_buf_str(known, n > 1 ? ", " : "");
				agr_text_add(known, own);
			}
		}
	}
	return false;
}

/* ---- the address ------------------------------------------------------------------------- */

/* Append a server's url, its variables at their defaults. */
static void add_server(agr_buf *out, agr_span server)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span variables, variable;
	bool has = agr_get_typed(server, "variables", AGR_TYPE_OBJECT, &variables);
	const char *p;

	agr_get_text(server, "url", &text);
	for (p = text.data ? text.data : ""; *p; p++) {
		const char *end = *p == '{' ? strchr(p, '}') : NULL;

		if (end && has && agr_object_get(variables, p + 1, (size_t)(end - p - 1), &variable)) {
			agr_get_text(variable, "default", out);
			p = end;
		} else {
			agr_buf_char(out, *p);
		}
	}
	if (text.failed)
		out->failed = text.failed;
	agr_buf_free(&text);
}

static bool first_server(agr_span holder, agr_span *server)
{
	agr_span servers;
	agr_iter it;

	if (!agr_get_typed(holder, "servers", AGR_TYPE_ARRAY, &servers))
		return false;
	it = agr_iter_of(servers);
	return agr_array_next(&it, server);
}

/* `text` as it stands when the document is at document_url. */
static void add_joined(agr_buf *out, const char *document_url, const char *text)
{
	const char *host = strstr(document_url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;
	const char *last;

	if (strstr(text, "://")) {
		agr_buf_str(out, text);
		return;
	}
	if (!host) {
		agr_buf_str(out, text);
		return;
	}
	if (text[0] == '/' && text[1] == '/') {
		agr_buf_add(out, document_url, (size_t)(host + 1 - document_url));
		agr_buf_str(out, text);
		return;
	}
	if (!path)
		path = document_url + strcspn(document_url, "?#");
	if (*text == '/' || !*text) {
		agr_buf_add(out, document_url, (size_t)(path - document_url));
		agr_buf_str(out, text);
		return;
	}
	last = path;
	for (const char *p = path; *p && *p != '?' && *p != '#'; p++)
		if (*p == '/')
			last = p;
	agr_buf_add(out, document_url, (size_t)(last - document_url));
	agr_buf_char(out, '/');
	agr_buf_str(out, text[0] == '.' && text[1] == '/' ? text + 2 : text);
}

static void add_base(struct action *a)
{
	agr_buf server = AGR_BUF_INIT;
	agr_span found;

	if (first_server(a->operation, &found) || first_server(a->item, &found) ||
		first_server(a->document, &found))
		add_server(&server, found);
	agr_buf_add(&server, "", 0);
	if (server.failed)
		a->url.failed = server.failed;
	else
		add_joined(&a->url, a->document_url, server.data);
	agr_buf_free(&server);
	while (a->url.len && a->url.data[a->url.len - 1] == '/')
		a->url.len--;
}

/* ---- parameters -------------------------------------------------------------------------- */

/* A scalar as text; an array's elements separated by commas; an object as JSON. */
static void add_plain(agr_buf *out, agr_span value)
{
	agr_iter it;
	agr_span element;
	bool first = true;

	if (agr_span_type(value) == AGR_TYPE_STRING) {
		agr_text_add(out, value);
	} else if (agr_span_type(value) == AGR_TYPE_ARRAY) {
		it = agr_iter_of(value);
		while (agr_array_next(&it, &element)) {
			if (!first)
				agr_buf_char(out, ',');
			first = false;
			add_plain(out, element);
		}
	} else {
		agr_buf_add(out, value.p, value.n);
	}
}

static void add_query(struct action *a, const agr_buf *name, agr_span value)
{
	agr_buf text = AGR_BUF_INIT;
	agr_span element;
	agr_iter it;

	if (agr_span_type(value) == AGR_TYPE_ARRAY) { /* form, exploded: the default */
		it = agr_iter_of(value);
		while (agr_array_next(&it, &element))
			add_query(a, name, element);
		return;
	}
	add_plain(&text, value);
	agr_buf_char(&a->query, a->query.len ? '&' : '?');
	agr_url_escape(&a->query, name->data, name->len);
	agr_buf_char(&a->query, '=');
	agr_url_escape(&a->query, text.data ? text.data : "", text.len);
	if (text.failed)
		a->query.failed = text.failed;
	agr_buf_free(&text);
}

static void add_header(struct action *a, const agr_buf *name, agr_span value)
{
	static const char *const not_here[] = { "accept", "content-type", "authorization" };
	agr_buf text = AGR_BUF_INIT;

	for (size_t i = 0; i < AGR_COUNT(not_here); i++)
		if (agr_str_equal_nocase(name->data, not_here[i]))
			return;
	add_plain(&text, value);
	if (a->headers.len)
		agr_buf_char(&a->headers, ',');
	agr_buf_json_str(&a->headers, name->data, name->len);
	agr_buf_char(&a->headers, ':');
	agr_buf_json_str(&a->headers, text.data ? text.data : "", text.len);
	if (text.failed)
		a->headers.failed = text.failed;
	agr_buf_free(&text);
}

static void add_cookie(struct action *a, const agr_buf *name, agr_span value)
{
	if (a->cookies.len)
		agr_buf_str(&a->cookies, "; ");
	agr_buf_add(&a->cookies, name->data, name->len);
	agr_buf_char(&a->cookies, '=');
	add_plain(&a->cookies, value);
}

/* Put the value where the path has {name}. */
static void fill_path(struct action *a, const agr_buf *name, agr_span value)
{
	agr_buf filled = AGR_BUF_INIT, text = AGR_BUF_INIT;
	const char *p = a->url.data, *end = p + a->url.len;

	add_plain(&text, value);
	while (p < end) {
		if (*p == '{' && (size_t)(end - p) >= name->len + 2 &&
			memcmp(p + 1, name->data, name->len) == 0 && p[name->len + 1] == '}') {
			agr_url_escape(&filled, text.data ? text.data : "", text.len);
			p += name->len + 2;
		} else {
			agr_buf_char(&filled, *p++);
		}
	}
	agr_buf_add(&filled, "", 0);
	if (text.failed)
		filled.failed = text.failed;
	agr_buf_free(&text);
	agr_buf_free(&a->url);
	a->url = filled;
}

static int take_parameter(struct action *a, agr_span parameter)
{
	agr_buf name = AGR_BUF_INIT;
	agr_span value, required;
	int r = 0;

	if (!resolve(a, &parameter) || !agr_get_text(parameter, "name", &name) || !name.len) {
		agr_buf_free(&name);
		return 0;
	}
	agr_buf_add(&a->used, name.data, name.len + 1);
	if (!a->params.p || !agr_object_get(a->params, name.data, name.len, &value) ||
		agr_span_type(value) == AGR_TYPE_NULL) {
		if (agr_get_typed(parameter, "required", AGR_TYPE_TRUE, &required))
			r = agentrun_error_raise(a->err, AGENTRUN_EINPUT,
				"params lacks \"%.100s\", which the operation needs", name.data);
	} else if (agr_get_is(parameter, "in", "query")) {
		add_query(a, &name, value);
	} else if (agr_get_is(parameter, "in", "header")) {
		add_header(a, &name, value);
	} else if (agr_get_is(parameter, "in", "cookie")) {
		add_cookie(a, &name, value);
	} else if (agr_get_is(parameter, "in", "path")) {
		fill_path(a, &name, value);
	}
	agr_buf_free(&name);
	return r;
}

static bool is_used(const struct action *a, agr_span key)
{
	const char *p = a->used.data, *end = p ? p + a->used.len : NULL;

	for (; p < end; p += strlen(p) + 1)
		if (agr_string_is(key, p, strlen(p)))
			return true;
	return false;
}

static int take_parameters(struct action *a)
{
	const agr_span holders[] = { a->operation, a->item };
	agr_span list, parameter;
	agr_iter it;
	int r = 0;

	for (size_t i = 0; i < AGR_COUNT(holders); i++) {
		if (!agr_get_typed(holders[i], "parameters", AGR_TYPE_ARRAY, &list))
			continue;
		it = agr_iter_of(list);
		while (r == 0 && agr_array_next(&it, &parameter)) {
			agr_span resolved = parameter, name;

			/* The operation's own stand above the path's. */
			if (i == 1 && resolve(a, &resolved) &&
				agr_get_typed(resolved, "name", AGR_TYPE_STRING, &name) &&
				is_used(a, name))
				continue;
			r = take_parameter(a, parameter);
		}
	}
	return r;
}

/* ---- the body ------------------------------------------------------------------------------ */

/* `params.body`, else the members that are no parameters; those are wrong where there is
 * no body. */
static int add_body(struct action *a, agr_buf *out)
{
	agr_span request, body, key, value;
	bool takes = agr_get_typed(a->operation, "requestBody", AGR_TYPE_OBJECT, &request);
	agr_buf rest = AGR_BUF_INIT;
	agr_iter it;
	int r = 0;

	if (takes && agr_get(a->params, "body", &body) && !is_used(a, (agr_span){ "\"body\"", 6 })) {
		agr_buf_str(out, ",\"params\":");
		agr_buf_add(out, body.p, body.n);
		return 0;
	}
	it = agr_iter_of(a->params.p ? a->params : (agr_span){ "{}", 2 });
	while (r == 0 && agr_object_next(&it, &key, &value)) {
		if (is_used(a, key))
			continue;
		if (!takes)
			r = agentrun_error_raise(a->err, AGENTRUN_EINPUT,
				"the operation has no parameter %.*s", (int)(key.n < 100 ? key.n : 100),
				key.p);
		agr_buf_char(&rest, rest.len ? ',' : '{');
		agr_buf_add(&rest, key.p, key.n);
		agr_buf_char(&rest, ':');
		agr_buf_add(&rest, value.p, value.n);
	}
	if (r == 0 && rest.len) {
		agr_buf_str(out, ",\"params\":");
		agr_buf_add(out, rest.data, rest.len);
		agr_buf_char(out, '}');
	}
	if (rest.failed)
		out->failed = rest.failed;
	agr_buf_free(&rest);
	return r;
}

/* ---- together ------------------------------------------------------------------------------ */

static int write_step(struct action *a, agr_span arguments, agr_buf *out)
{
	agr_span profile;
	int r;

	agr_buf_add(&a->url, a->query.data ? a->query.data : "", a->query.len);
	agr_buf_str(out, "[{\"step\":\"http_request\",\"url\":");
	agr_buf_json_str(out, a->url.data ? a->url.data : "", a->url.len);
	agr_buf_printf(out, ",\"method\":\"%s\",\"headers\":{", a->method);
	agr_buf_add(out, a->headers.data ? a->headers.data : "", a->headers.len);
	if (a->cookies.len) {
		agr_buf_str(out, a->headers.len ? ",\"Cookie\":" : "\"Cookie\":");
		agr_buf_json_str(out, a->cookies.data, a->cookies.len);
	}
	agr_buf_char(out, '}');
	if (agr_get_typed(arguments, "auth_profile", AGR_TYPE_STRING, &profile)) {
		agr_buf_str(out, ",\"auth_profile\":");
		agr_buf_add(out, profile.p, profile.n);
	}
	r = add_body(a, out);
	agr_buf_str(out, "}]");
	if (r == 0 && (a->url.failed || a->query.failed || a->headers.failed ||
		a->cookies.failed || a->used.failed))
		return agr_error_oom(a->err);
	return r < 0 ? r : agr_buf_check(out, "request", a->err);
}

static int check_path(const struct action *a)
{
	const char *open = a->url.data ? memchr(a->url.data, '{', a->url.len) : NULL;
	size_t n = open ? strcspn(open, "}") : 0;

	return !open ? 0 : agentrun_error_raise(a->err, AGENTRUN_EINPUT,
		"params lacks \"%.*s\", a part of the path", (int)(n ? n - 1 : 0), open + 1);
}

static int build(struct action *a, agr_span arguments, agr_buf *out)
{
	agr_buf known = AGR_BUF_INIT;
	agr_span id;
	int r = 0;

	if (!agr_get_typed(arguments, "operation_id", AGR_TYPE_STRING, &id))
		return agentrun_error_raise(a->err, AGENTRUN_EINPUT, "operation_id is missing");
	if (!find_operation(a, id, &known)) {
		agr_buf_add(&known, "", 0);
		r = agentrun_error_raise(a->err, AGENTRUN_EINPUT, known.len && !known.failed ?
			"the document has no operation %.*s; it has %.1000s" :
			"the document has no operation %.*s%.0s (is it OpenAPI 3, in JSON?)",
			(int)(id.n < 100 ? id.n : 100), id.p, known.failed ? "" : known.data);
	}
	agr_buf_free(&known);
	if (r < 0)
		return r;
	add_base(a);
	agr_text_add(&a->url, a->path);
	agr_buf_add(&a->url, "", 0);
	r = a->url.failed ? agr_error_oom(a->err) : take_parameters(a);
	if (r == 0)
		r = check_path(a);
	return r < 0 ? r : write_step(a, arguments, out);
}

int agr_openapi_pipeline(agr_buf *out, agr_span document, const char *document_url,
	agr_span arguments, agentrun_error **err)
{
	struct action a = { .document = document, .document_url = document_url,
		.url = AGR_BUF_INIT, .query = AGR_BUF_INIT, .headers = AGR_BUF_INIT,
		.cookies = AGR_BUF_INIT, .used = AGR_BUF_INIT, .err = err };
	int r;

	if (!agr_get_typed(arguments, "params", AGR_TYPE_OBJECT, &a.params))
		a.params.p = NULL;
	r = build(&a, arguments, out);
	agr_buf_free(&a.url);
	agr_buf_free(&a.query);
	agr_buf_free(&a.headers);
	agr_buf_free(&a.cookies);
	agr_buf_free(&a.used);
	return r;
}
