/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The transport on libcurl's multi interface. Redirects are followed here, not
 * by libcurl, so that each one's host is judged as it is written; addresses are
 * judged where the socket is opened, after DNS.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "base/base.h"
#include "config/config.h"
#include "net/http.h"
#include "net/policy.h"
#include "net/url.h"

struct transfer {
	struct transfer *next; /* of `incoming` or `running` */
	uint64_t id;
	CURL *easy;
	struct curl_slist *plain, *secrets; /* secrets stay with the first origin */
	struct curl_slist *sent;            /* of this hop */
	char *method, *url, *body, *host;
	size_t body_len;
	agr_buf answer;
	int64_t deadline_ms;
	long redirects_left;
	const agentrun_config *config;
	bool trusted, blocked, cancelled;
	bool headed;  /* the answer's headers came to their end */
	bool strayed; /* a redirect led to another origin */
	char fault[CURL_ERROR_SIZE];
};

struct curl_transport {
	CURLM *multi;
	agentrun_config *config;
	pthread_mutex_t lock;      /* guards incoming and cancels */
	struct transfer *incoming; /* newest first */
	uint64_t *cancels;
	size_t n_cancels;
	struct transfer *running;  /* the polling thread's */
};

static void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->plain);
	curl_slist_free_all(t->secrets);
	curl_slist_free_all(t->sent);
	free(t->method);
	free(t->url);
	free(t->body);
	free(t->host);
	agr_buf_free(&t->answer);
	free(t);
}

/* ---- one transfer ------------------------------------------------------- */

static size_t on_data(char *data, size_t size, size_t n, void *user)
{
	struct transfer *t = user;

	agr_buf_add(&t->answer, data, size * n);
	return t->answer.failed ? 0 : size * n;
}

/* A server that breaks off within its headers has not answered, but libcurl
 * takes that for an answer without a body. */
static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	struct transfer *t = user;

	t->headed = n && (*line == '\r' || *line == '\n');
	return size * n;
}

static curl_socket_t on_open_socket(void *user, curlsocktype purpose,
	struct curl_sockaddr *address)
{
	struct transfer *t = user;

	(void)purpose;
	if (!t->trusted && !agr_policy_address_allowed(t->config, &address->addr)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		address->protocol);
}

static int add_header(struct curl_slist **list, const char *line,
	agentrun_error **err)
{
	struct curl_slist *grown = curl_slist_append(*list, line);

	if (!grown)
		return agr_error_oom(err);
	*list = grown;
	return 0;
}

static bool is_credential(const char *line)
{
	return strncasecmp(line, "authorization:", 14) == 0 ||
		strncasecmp(line, "cookie:", 7) == 0;
}

static int add_headers(struct transfer *t, const char *const *lines, size_t n,
	bool secret, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		if (!agr_is_header_safe(lines[i]))
			return agentrun_error_raise(err, AGENTRUN_EINPUT,
				"a header holds a control character: \"%.100s\"", lines[i]);
		r = add_header(secret || is_credential(lines[i]) ? &t->secrets : &t->plain,
			lines[i], err);
	}
	return r;
}

/* Take what libcurl made of the host only where it is what was written. */
static int check_url(struct transfer *t, agentrun_error **err)
{
	char *host = NULL, *parsed = NULL;
	CURLU *url;
	CURLUcode fault;
	int r = agr_url_check(t->url, &host, err);

	if (r < 0)
		return r;
	url = curl_url();
	fault = url ? curl_url_set(url, CURLUPART_URL, t->url, 0) : CURLUE_OUT_OF_MEMORY;
	if (!fault)
		fault = curl_url_get(url, CURLUPART_HOST, &parsed, 0);
	if (fault == CURLUE_OUT_OF_MEMORY)
		r = agr_error_oom(err);
	else if (fault)
		r = agentrun_error_raise(err, AGENTRUN_EINPUT, "not a valid url: \"%.200s\" (%s)",
			t->url, curl_url_strerror(fault));
	else
		r = agr_policy_check_host(t->config, host, &t->trusted, err);
	if (r == 0 && *host != '[' && !agr_str_equal_nocase(host, parsed))
		r = agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"the host \"%s\" is refused: write it as \"%s\"", host, parsed);
	curl_free(parsed);
	curl_url_cleanup(url);
	free(t->host);
	t->host = host;
	return r;
}

static struct transfer *transfer_new(struct curl_transport *c,
	const agentrun_http_request *request, agentrun_error **err)
{
	struct transfer *t = calloc(1, sizeof(*t));

	if (!t) {
		agr_error_oom(err);
		return NULL;
	}
	t->id = request->id;
	t->config = c->config;
	t->answer = (agr_buf)AGR_BUF_MAX(request->max_response_bytes);
	t->deadline_ms = agr_deadline_in(request->timeout_ms);
	t->redirects_left = (long)agentrun_config_get_int(c->config, "http.max_redirects", 5);
	t->easy = curl_easy_init();
	t->method = strdup(request->method);
	t->url = strdup(request->url);
	if (request->body) {
		t->body = agr_strndup(request->body, request->body_len);
		t->body_len = request->body_len;
	}
	if (!t->easy || !t->method || !t->url || (request->body && !t->body))
		agr_error_oom(err);
	else if (add_headers(t, request->headers, request->n_headers, false, err) == 0 &&
		add_headers(t, request->secret_headers, request->n_secret_headers, true,
			err) == 0 &&
		check_url(t, err) == 0)
		return t;
	transfer_free(t);
	return NULL;
}

static int hop_headers(struct transfer *t)
{
	struct curl_slist *lists[] = { t->plain, t->strayed ? NULL : t->secrets };
	int r = 0;

	curl_slist_free_all(t->sent);
	t->sent = NULL;
	for (size_t i = 0; i < AGR_COUNT(lists); i++)
		for (struct curl_slist *s = lists[i]; r == 0 && s; s = s->next)
			r = add_header(&t->sent, s->data, NULL);
	return r;
}

static CURLcode set_up(struct transfer *t)
{
	CURL *e = t->easy;
	CURLcode fault = CURLE_OK;

#define SET(option, value) \
	do { \
		if (!fault) \
			fault = curl_easy_setopt(e, option, value); \
	} while (0)
	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_USERAGENT, "agentrun/" AGENTRUN_VERSION);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_PIPEWAIT, 1L);
	SET(CURLOPT_HTTPHEADER, t->sent);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_ERRORBUFFER, t->fault);
	SET(CURLOPT_TIMEOUT_MS, (long)agr_deadline_left(t->deadline_ms, 86400000) + 1);
	if (t->body) {
		SET(CURLOPT_POSTFIELDS, t->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	SET(CURLOPT_CUSTOMREQUEST, t->method);
#undef SET
	return fault;
}

static int start(struct curl_transport *c, struct transfer *t)
{
	if (hop_headers(t) < 0 || set_up(t) || curl_multi_add_handle(c->multi, t->easy))
		return -1;
	t->next = c->running;
	c->running = t;
	return 0;
}

/* ---- redirects ---------------------------------------------------------- */

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL, *y = NULL;
	bool same = !curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) &&
		!curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) && agr_str_equal_nocase(x, y);

	curl_free(x);
	curl_free(y);
	return same;
}

static bool same_origin(const char *a, const char *b)
{
	CURLU *x = curl_url(), *y = curl_url();
	bool same = x && y && !curl_url_set(x, CURLUPART_URL, a, 0) &&
		!curl_url_set(y, CURLUPART_URL, b, 0) &&
		same_part(x, y, CURLUPART_SCHEME) && same_part(x, y, CURLUPART_HOST) &&
		same_part(x, y, CURLUPART_PORT);

	curl_url_cleanup(x);
	curl_url_cleanup(y);
	return same;
}

/* The Location as the server wrote it: libcurl's own answer is rewritten. */
static int check_location(struct transfer *t, agentrun_error **err)
{
	struct curl_header *location;
	bool trusted;
	char *host;
	int r;

	if (curl_easy_header(t->easy, "location", 0, CURLH_HEADER, -1, &location))
		return 0;
	if (!strstr(location->value, "//") || *location->value == '?' ||
		(*location->value == '/' && location->value[1] != '/'))
		return 0; /* relative: the host stays */
	r = agr_url_check_location(location->value, &host, err);
	if (r == 0)
		r = agr_policy_check_host(t->config, host, &trusted, err);
	free(host);
	return r;
}

/* POST becomes GET as browsers and curl do it (RFC 9110, 15.4). */
static int change_method(struct transfer *t, long status)
{
	char *get;

	if (strcmp(t->method, "GET") == 0 || status == 307 || status == 308 ||
		(status != 303 && strcmp(t->method, "POST") != 0))
		return 0;
	get = strdup("GET");
	if (!get)
		return -1;
	free(t->method);
	t->method = get;
	free(t->body);
	t->body = NULL;
	return 0;
}

/* 1: another hop was set up, 0: this answer is the final one, < 0: refused. */
static int follow(struct curl_transport *c, struct transfer *t, long status,
	agentrun_error **err)
{
	char *to = NULL, *url;
	int r;

	if (status < 300 || status > 399 ||
		curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &to) || !to)
		return 0;
	if (t->redirects_left-- <= 0)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"more than %lld redirects (http.max_redirects)",
			(long long)agentrun_config_get_int(t->config, "http.max_redirects", 5));
	r = check_location(t, err);
	url = r == 0 ? strdup(to) : NULL;
	if (r < 0)
		return r;
	if (!url || change_method(t, status) < 0) {
		free(url);
		return agr_error_oom(err);
	}
	t->strayed = t->strayed || !same_origin(t->url, url);
	free(t->url);
	t->url = url;
	r = check_url(t, err);
	if (r < 0)
		return r;
	agr_buf_reset(&t->answer);
	curl_easy_reset(t->easy);
	return start(c, t) < 0 ? agr_error_oom(err) : 1;
}

/* ---- completions -------------------------------------------------------- */

static int raise_cancelled(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ECANCELLED, "the request was cancelled");
}

static int raise_fault(const struct transfer *t, CURLcode fault, agentrun_error **err)
{
	const char *why = *t->fault ? t->fault : curl_easy_strerror(fault);

	if (t->cancelled)
		return raise_cancelled(err);
	if (t->answer.failed == AGENTRUN_ELIMIT)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the answer of %s is larger than the limit of %zu bytes "
			"(http.max_response_bytes)", t->host, t->answer.max);
	if (t->answer.failed || fault == CURLE_OUT_OF_MEMORY)
		return agr_error_oom(err);
	if (t->blocked)
		return agentrun_error_raise(err, AGENTRUN_EPOLICY,
			"%s is not at a public address: name it in http.allow_hosts, or set "
			"http.allow_private_networks", t->host);
	if (fault == CURLE_OPERATION_TIMEDOUT)
		return agentrun_error_raise(err, AGENTRUN_ETIMEDOUT, "%s did not answer in time",
			t->host);
	return agentrun_error_raise(err, AGENTRUN_ENETWORK, "%s: %s", t->host, why);
}

static void unlink_running(struct curl_transport *c, const struct transfer *t)
{
	struct transfer **at = &c->running;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

static void start_answer(const struct transfer *t, agentrun_http_completion *out)
{
	memset(out, 0, sizeof(*out));
	out->struct_size = sizeof(*out);
	out->id = t->id;
}

/* Fill `out` unless the transfer goes on with a redirect. */
static bool complete(struct curl_transport *c, struct transfer *t, CURLcode fault,
	agentrun_http_completion *out)
{
	long status = 0;
	int r = 0;

	start_answer(t, out);
	unlink_running(c, t);
	curl_multi_remove_handle(c->multi, t->easy);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (fault || t->cancelled)
		raise_fault(t, fault, &out->error);
	else if (!t->headed)
		raise_fault(t, CURLE_RECV_ERROR, &out->error);
	else
		r = follow(c, t, status, &out->error);
	if (r == 1)
		return false;
	if (!out->error) {
		out->status = (int)status;
		agr_buf_give(&t->answer, &out->body, "answer", &out->error);
	}
	transfer_free(t);
	return true;
}

static void refuse(struct transfer *t, agentrun_http_completion *out)
{
	start_answer(t, out);
	agr_error_oom(&out->error);
	transfer_free(t);
}

/* ---- the vtable --------------------------------------------------------- */

static int transport_submit(void *self, const agentrun_http_request *request,
	agentrun_error **err)
{
	struct curl_transport *c = self;
	agentrun_error *why = NULL;
	struct transfer *t = transfer_new(c, request, &why);
	int r = agentrun_error_code(why);

	if (!t) {
		if (err && !*err)
			*err = why;
		else
			agentrun_error_free(why);
		return r;
	}
	pthread_mutex_lock(&c->lock);
	t->next = c->incoming;
	c->incoming = t;
	pthread_mutex_unlock(&c->lock);
	curl_multi_wakeup(c->multi);
	return 0;
}

static void transport_cancel(void *self, uint64_t id)
{
	struct curl_transport *c = self;
	uint64_t *grown;

	pthread_mutex_lock(&c->lock);
	grown = realloc(c->cancels, (c->n_cancels + 1) * sizeof(*grown));
	if (grown) { /* else the request ends by its timeout */
		c->cancels = grown;
		grown[c->n_cancels++] = id;
	}
	pthread_mutex_unlock(&c->lock);
	curl_multi_wakeup(c->multi);
}

static void transport_wakeup(void *self)
{
	curl_multi_wakeup(((struct curl_transport *)self)->multi);
}

/* Start what came in; returns how many had to be refused into `out`. */
static int take_incoming(struct curl_transport *c, agentrun_http_completion *out,
	size_t max)
{
	int n = 0;

	for (;;) {
		struct transfer *t;

		pthread_mutex_lock(&c->lock);
		t = (size_t)n < max ? c->incoming : NULL;
		if (t)
			c->incoming = t->next;
		pthread_mutex_unlock(&c->lock);
		if (!t)
			return n;
		if (start(c, t) < 0)
			refuse(t, &out[n++]);
	}
}

/* Take the transfer of this id off the list; NULL: it is not there. */
static struct transfer *unlink_id(struct transfer **list, uint64_t id)
{
	struct transfer *t;

	while (*list && (*list)->id != id)
		list = &(*list)->next;
	t = *list;
	if (t)
		*list = t->next;
	return t;
}

static int take_cancels(struct curl_transport *c, agentrun_http_completion *out,
	size_t max)
{
	int n = 0;

	pthread_mutex_lock(&c->lock);
	while (c->n_cancels && (size_t)n < max) {
		uint64_t id = c->cancels[--c->n_cancels];
		struct transfer *t = unlink_id(&c->incoming, id);

		if (t) { /* it came and went since take_incoming() */
			start_answer(t, &out[n]);
			raise_cancelled(&out[n++].error);
			transfer_free(t);
			continue;
		}
		for (t = c->running; t && t->id != id;)
			t = t->next;
		if (t) {
			t->cancelled = true;
			n += complete(c, t, CURLE_OK, &out[n]);
		}
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

static int take_finished(struct curl_transport *c, agentrun_http_completion *out,
	size_t max)
{
	int n = 0, left, active;
	CURLMsg *message;

	curl_multi_perform(c->multi, &active);
	while ((size_t)n < max && (message = curl_multi_info_read(c->multi, &left))) {
		CURLcode fault = message->data.result;
		char *t = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		n += complete(c, (struct transfer *)(void *)t, fault, &out[n]);
	}
	return n;
}

static int transport_poll(void *self, agentrun_http_completion *out, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct curl_transport *c = self;
	int n = take_incoming(c, out, max);

	(void)err;
	n += take_cancels(c, out + n, max - (size_t)n);
	n += take_finished(c, out + n, max - (size_t)n);
	if (n)
		return n;
	curl_multi_poll(c->multi, NULL, 0, timeout_ms, NULL);
	n = take_incoming(c, out, max);
	return n + take_finished(c, out + n, max - (size_t)n);
}

static void free_list(struct curl_transport *c, struct transfer *t, bool running)
{
	while (t) {
		struct transfer *next = t->next;

		if (running)
			curl_multi_remove_handle(c->multi, t->easy);
		transfer_free(t);
		t = next;
	}
}

static void transport_destroy(void *self)
{
	struct curl_transport *c = self;

	free_list(c, c->running, true);
	free_list(c, c->incoming, false);
	if (c->multi)
		curl_multi_cleanup(c->multi);
	agentrun_config_free(c->config);
	free(c->cancels);
	pthread_mutex_destroy(&c->lock);
	free(c);
	curl_global_cleanup();
}

int agentrun_curl_transport_open(void *user, agentrun_transport_impl *impl,
	void **self, const agentrun_config *config, agentrun_error **err)
{
	static const agentrun_transport_impl curl_impl = {
		.version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(curl_impl),
		.name = "curl",
		.submit = transport_submit,
		.poll = transport_poll,
		.cancel = transport_cancel,
		.wakeup = transport_wakeup,
		.destroy = transport_destroy,
	};
	struct curl_transport *c;

	(void)user;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "libcurl does not start");
	c = calloc(1, sizeof(*c));
	if (!c) {
		curl_global_cleanup();
		return agr_error_oom(err);
	}
	pthread_mutex_init(&c->lock, NULL);
	c->multi = curl_multi_init();
	if (!c->multi || agr_config_copy(&c->config, config, err) < 0) {
		transport_destroy(c);
		return agr_error_oom(err);
	}
	*impl = curl_impl;
	*self = c;
	return 0;
}
