/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The transport on libcurl's multi interface. Redirects are followed here, not
 * by libcurl, so that each one's host is judged as it is written; addresses are
 * judged where the socket is opened, after DNS.
 *
 * The configuration is read by its public getters and nothing else: the command
 * line, which has a core of its own, hands one in too (cli/open.c).
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <curl/curl.h>

#include "net/event.h"
#include "net/policy.h"
#include "net/url.h"

#define KNOWN_FLAGS \
	(AGENTRUN_HTTP_NO_REDIRECTS | AGENTRUN_HTTP_OPERATOR | AGENTRUN_HTTP_STREAM)

struct transfer {
	struct transfer *next; /* of `incoming` or `running` */
	struct transfer *prev; /* of `running` */
	uint64_t id;
	CURL *easy;
	struct curl_slist *plain, *secrets; /* secrets stay with the first origin */
	struct curl_slist *sent;            /* of this hop */
	char *method, *url, *body, *host;
	size_t body_len;
	uint32_t flags;
	agentrun_http_event *event; /* the answer; there from the start */
	size_t received, max_bytes;
	int broken; /* why we broke off: AGENTRUN_ELIMIT, _ENOMEM; 0: we did not */
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
	const agentrun_config *config; /* lent */
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
	agentrun_http_event_free(t->event);
	free(t);
}

/* ---- one transfer ------------------------------------------------------- */

static size_t on_data(char *data, size_t size, size_t n, void *user)
{
	struct transfer *t = user;
	size_t len = size * n;

	if (len > t->max_bytes - t->received)
		t->broken = AGENTRUN_ELIMIT;
	else if (agentrun_http_event_append_body(t->event, data, len) < 0)
		t->broken = AGENTRUN_ENOMEM;
	t->received += t->broken ? 0 : len;
	return t->broken ? CURL_WRITEFUNC_ERROR : len;
}

/* A server that breaks off within its headers has not answered, but libcurl
 * takes that for an answer without a body. */
static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	struct transfer *t = user;
	size_t len = size * n;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* also after "100 Continue" */
		agr_http_event_reset(t->event);
		t->headed = false;
	} else if (len && (*line == '\r' || *line == '\n')) {
		t->headed = true;
	} else if (agentrun_http_event_add_header(t->event, line, len) < 0) {
		t->broken = AGENTRUN_ENOMEM;
		return CURL_WRITEFUNC_ERROR;
	}
	return len;
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
	return agr_starts_with_nocase(line, "authorization:") ||
		agr_starts_with_nocase(line, "cookie:");
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
	else if (t->flags & AGENTRUN_HTTP_OPERATOR && !t->strayed)
		t->trusted = true;
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

static int copy_request(struct transfer *t, const agentrun_http_request *request,
	agentrun_error **err)
{
	int r;

	t->easy = curl_easy_init();
	t->method = strdup(request->method);
	t->url = strdup(request->url);
	if (request->body) {
		t->body = agr_strndup(request->body, request->body_len);
		t->body_len = request->body_len;
	}
	if (!t->easy || !t->method || !t->url || (request->body && !t->body))
		return agr_error_oom(err);
	r = agentrun_http_event_new(&t->event, request->id, err);
	if (r == 0)
		r = add_headers(t, request->headers, request->n_headers, false, err);
	if (r == 0)
		r = add_headers(t, request->secret_headers, request->n_secret_headers, true, err);
	return r < 0 ? r : check_url(t, err);
}

static int transfer_new(struct transfer **out, const struct curl_transport *c,
	const agentrun_http_request *request, agentrun_error **err)
{
	struct transfer *t = calloc(1, sizeof(*t));
	int r;

	*out = NULL;
	if (!t)
		return agr_error_oom(err);
	t->id = request->id;
	t->config = c->config;
	t->flags = request->flags;
	t->max_bytes = request->max_response_bytes;
	t->deadline_ms = agr_deadline_in(request->timeout_ms);
	t->redirects_left = (long)agentrun_config_get_int(c->config, "http.max_redirects", 5);
	r = copy_request(t, request, err);
	if (r < 0)
		transfer_free(t);
	else
		*out = t;
	return r;
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

/* What libcurl takes 0 for: no limit. */
static long time_left(const struct transfer *t)
{
	return t->deadline_ms == AGR_DEADLINE_NONE ? 0 :
		(long)agr_deadline_left(t->deadline_ms, 86400000) + 1;
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
	/* To wait whether a connection can be shared is good with TLS, whose handshake
	 * tells. Without, only the first answer does: a slow one would hold up all others. */
	SET(CURLOPT_PIPEWAIT, strncasecmp(t->url, "https:", 6) == 0 ? 1L : 0L);
	SET(CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* each request has one: 64 KiB by default */
	SET(CURLOPT_HTTPHEADER, t->sent);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_ERRORBUFFER, t->fault);
	if (agentrun_config_get(t->config, "http.ca_file"))
		SET(CURLOPT_CAINFO, agentrun_config_get(t->config, "http.ca_file"));
	SET(CURLOPT_TIMEOUT_MS, time_left(t));
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
	t->prev = NULL;
	if (c->running)
		c->running->prev = t;
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
	if (r == 0 && !(t->flags & AGENTRUN_HTTP_OPERATOR)) /* else where it leads is judged */
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

static bool is_redirect(const struct transfer *t, long status)
{
	return status >= 300 && status <= 399 && !(t->flags & AGENTRUN_HTTP_NO_REDIRECTS);
}

/* 1: another hop was set up, 0: this answer is the final one, < 0: refused. */
static int follow(struct curl_transport *c, struct transfer *t, long status,
	agentrun_error **err)
{
	char *to = NULL, *url;
	int r;

	if (!is_redirect(t, status) ||
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
	agr_http_event_reset(t->event);
	t->received = 0;
	curl_easy_reset(t->easy);
	return start(c, t) < 0 ? agr_error_oom(err) : 1;
}

/* ---- events -------------------------------------------------------------- */

static int raise_cancelled(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ECANCELLED, "the request was cancelled");
}

static int raise_fault(const struct transfer *t, CURLcode fault, agentrun_error **err)
{
	const char *why = *t->fault ? t->fault : curl_easy_strerror(fault);

	if (t->cancelled)
		return raise_cancelled(err);
	if (t->broken == AGENTRUN_ELIMIT)
		return agentrun_error_raise(err, AGENTRUN_ELIMIT,
			"the answer of %s is larger than the limit of %zu bytes "
			"(http.max_response_bytes)", t->host, t->max_bytes);
	if (t->broken || fault == CURLE_OUT_OF_MEMORY)
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
	*(t->prev ? &t->prev->next : &c->running) = t->next;
	if (t->next)
		t->next->prev = t->prev;
}

/* Hand out the transfer's last event and free it. */
static void finish(struct transfer *t, agentrun_error *take_why,
	agentrun_http_event **out)
{
	if (take_why) {
		agr_http_event_reset(t->event);
		agentrun_http_event_set_error(t->event, take_why);
	}
	*out = t->event;
	t->event = NULL;
	transfer_free(t);
}

/* Fill `out` unless the transfer goes on with a redirect. */
static bool complete(struct curl_transport *c, struct transfer *t, CURLcode fault,
	agentrun_http_event **out)
{
	agentrun_error *why = NULL;
	long status = 0;
	int r = 0;

	unlink_running(c, t);
	curl_multi_remove_handle(c->multi, t->easy);
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (fault || t->cancelled)
		raise_fault(t, fault, &why);
	else if (!t->headed)
		raise_fault(t, CURLE_RECV_ERROR, &why);
	else
		r = follow(c, t, status, &why);
	if (r == 1)
		return false;
	agentrun_http_event_set_status(t->event, (int)status);
	finish(t, why, out);
	return true;
}

static void refuse(struct transfer *t, agentrun_http_event **out)
{
	agentrun_error *why = NULL;

	agr_error_oom(&why);
	finish(t, why, out);
}

/* What came of a stream's body since the last time; but a redirect is not the
 * answer. */
static bool take_part(struct transfer *t, agentrun_http_event **out)
{
	agentrun_http_event *rest;
	long status = 0;
	size_t len;

	agentrun_http_event_body(t->event, &len);
	if (!(t->flags & AGENTRUN_HTTP_STREAM) || !t->headed || !len)
		return false;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (is_redirect(t, status) || agentrun_http_event_new(&rest, t->id, NULL) < 0)
		return false; /* without memory for another event it comes with the next */
	agentrun_http_event_set_status(t->event, (int)status);
	agentrun_http_event_set_more(t->event, 1);
	*out = t->event;
	t->event = rest;
	return true;
}

/* ---- the vtable --------------------------------------------------------- */

static int transport_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)err;
	((struct curl_transport *)self)->config = config;
	return 0;
}

static int transport_submit(void *self, const agentrun_http_request *request_in,
	agentrun_error **err)
{
	struct curl_transport *c = self;
	agentrun_http_request request = { .struct_size = sizeof(request) };
	struct transfer *t;
	int r = agentrun_options_read(&request, sizeof(request), request_in,
		"agentrun_http_request", err);

	if (r == 0)
		r = agr_options_reserved(request.reserved, "agentrun_http_request", err);
	if (r == 0 && request.flags & ~(uint32_t)KNOWN_FLAGS)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_http_request.flags holds one that is not known here: %#x",
			request.flags);
	if (r == 0)
		r = transfer_new(&t, c, &request, err);
	if (r != 0)
		return r;
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
static int take_incoming(struct curl_transport *c, agentrun_http_event **out,
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

static int take_cancels(struct curl_transport *c, agentrun_http_event **out,
	size_t max)
{
	int n = 0;

	pthread_mutex_lock(&c->lock);
	while (c->n_cancels && (size_t)n < max) {
		uint64_t id = c->cancels[--c->n_cancels];
		struct transfer *t = unlink_id(&c->incoming, id);

		if (t) { /* it came and went since take_incoming() */
			agentrun_error *why = NULL;

			raise_cancelled(&why);
			finish(t, why, &out[n++]);
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

static int take_finished(struct curl_transport *c, agentrun_http_event **out,
	size_t max)
{
	int n = 0, left, active;
	CURLMsg *message;

	curl_multi_perform(c->multi, &active); /* a fault shows in curl_multi_poll() */
	while ((size_t)n < max && (message = curl_multi_info_read(c->multi, &left))) {
		CURLcode fault = message->data.result;
		char *t = NULL;

		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t);
		n += complete(c, (struct transfer *)(void *)t, fault, &out[n]);
	}
	return n;
}

static int take_parts(struct curl_transport *c, agentrun_http_event **out, size_t max)
{
	int n = 0;

	for (struct transfer *t = c->running; t && (size_t)n < max; t = t->next)
		n += take_part(t, &out[n]);
	return n;
}

static int collect(struct curl_transport *c, agentrun_http_event **events, size_t max)
{
	int n = take_incoming(c, events, max);

	n += take_cancels(c, events + n, max - (size_t)n);
	n += take_finished(c, events + n, max - (size_t)n);
	return n + take_parts(c, events + n, max - (size_t)n);
}

static int transport_poll(void *self, agentrun_http_event **events, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct curl_transport *c = self;
	int n = collect(c, events, max);
	CURLMcode fault;

	if (n)
		return n;
	fault = curl_multi_poll(c->multi, NULL, 0, timeout_ms, NULL);
	if (fault && fault != CURLM_OUT_OF_MEMORY)
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "libcurl: %s",
			curl_multi_strerror(fault));
	return collect(c, events, max);
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
	free(c->cancels);
	pthread_mutex_destroy(&c->lock);
	free(c);
	curl_global_cleanup();
}

int agentrun_curl_transport_new(const agentrun_transport_impl **impl, void **self,
	agentrun_error **err)
{
	static const agentrun_transport_impl curl_impl = {
		.version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(curl_impl),
		.name = "curl",
		.open = transport_open,
		.submit = transport_submit,
		.poll = transport_poll,
		.cancel = transport_cancel,
		.wakeup = transport_wakeup,
		.destroy = transport_destroy,
	};
	struct curl_transport *c;

	*impl = &curl_impl;
	*self = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return agentrun_error_raise(err, AGENTRUN_EINTERNAL, "libcurl does not start");
	c = calloc(1, sizeof(*c));
	if (!c) {
		curl_global_cleanup();
		return agr_error_oom(err);
	}
	pthread_mutex_init(&c->lock, NULL);
	c->multi = curl_multi_init();
	if (!c->multi) {
		transport_destroy(c);
		return agr_error_oom(err);
	}
	*self = c;
	return 0;
}
