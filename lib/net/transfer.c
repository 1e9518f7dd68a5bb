/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "net/transfer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "net/policy.h"
#include "net/url.h"

#define SMALL_BUFFER 4096L /* for the answers of models: a thousand wait at once */
#define UPLOAD_BUFFER 20480L /* with TLS each that waits has one; a usual prompt leaves at once */
/* A body up to here leaves with the headers, in one piece; libcurl has no further ones. */
#define SMALL_BODY ((size_t)64 * 1024)

void agr_transfer_free(agr_transfer *t)
{
	if (!t)
		return;
	if (t->easy)
		curl_easy_cleanup(t->easy);
	if (t->last_plain)
		t->last_plain->next = NULL;
	curl_slist_free_all(t->plain);
	curl_slist_free_all(t->secrets);
	free(t->method);
	free(t->url);
	agr_pieces_clear(&t->body);
	free(t->joined);
	free(t->host);
	agentrun_http_event_free(t->event);
	free(t);
}
/* ---- one transfer ------------------------------------------------------- */

/* There is something of a stream to hand out. */
static void note_fresh(agr_transfer *t)
{
	agr_transfer **at = t->fresh;

	while (*at && *at != t)
		at = &(*at)->next_fresh;
	if (*at)
		return;
	t->next_fresh = NULL;
	*at = t;
}

void agr_transfer_forget_fresh(agr_transfer *t)
{
	agr_transfer **at = t->fresh;

	while (*at && *at != t)
		at = &(*at)->next_fresh;
	if (*at)
		*at = t->next_fresh;
}

static size_t on_read(char *to, size_t size, size_t n, void *user)
{
	agr_transfer *t = user;

	return agr_pieces_read(&t->body, to, size * n);
}

/* What was sent on a connection that turned out to be dead is sent again. */
static int on_seek(void *user, curl_off_t offset, int origin)
{
	agr_transfer *t = user;

	return origin == SEEK_SET && offset >= 0 &&
		agr_pieces_seek(&t->body, (uint64_t)offset) ? CURL_SEEKFUNC_OK
							     : CURL_SEEKFUNC_CANTSEEK;
}

static size_t on_data(char *data, size_t size, size_t n, void *user)
{
	agr_transfer *t = user;
	size_t len = size * n;

	if (len > t->max_bytes - t->received)
		t->broken = AGENTRUN_ELIMIT;
	else if (agentrun_http_event_append_body(t->event, data, len) < 0)
		t->broken = AGENTRUN_ENOMEM;
	else if (len && t->flags & AGENTRUN_HTTP_STREAM)
		note_fresh(t);
	t->received += t->broken ? 0 : len;
	return t->broken ? CURL_WRITEFUNC_ERROR : len;
}

/* A server that breaks off within its headers has not answered, but libcurl
 * takes that for an answer without a body. */
static size_t on_header(char *line, size_t size, size_t n, void *user)
{
	agr_transfer *t = user;
	size_t len = size * n;

	if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* also after "100 Continue" */
		agr_http_event_reset(t->event);
		t->headed = false;
		if (t->origin)
			t->origin->serial = len >= 7 && line[5] == '1';
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
	agr_transfer *t = user;

	(void)purpose;
	if (!t->trusted && !agr_policy_address_allowed(t->config, &address->addr)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		address->protocol);
}

/* A body that is not long leaves together with the headers, if libcurl has it in one piece:
 * from now, when it has a connection, until it is sent. */
static void join_body(agr_transfer *t)
{
	size_t len = (size_t)t->body.len;

	if (!t->has_body || t->joined || len >= SMALL_BODY)
		return;
	t->joined = malloc(len + 1);
	if (!t->joined)
		return; /* it is read piece by piece */
	agr_pieces_seek(&t->body, 0);
	agr_pieces_read(&t->body, t->joined, len);
	agr_pieces_seek(&t->body, 0);
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->joined);
	t->next_unsent = *t->unsent;
	*t->unsent = t;
}

/* Should it be sent once more, on another connection, it is joined again. */
static void drop_joined(agr_transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, NULL);
	free(t->joined);
	t->joined = NULL;
}

void agr_transfer_forget_unsent(agr_transfer *t)
{
	agr_transfer **at = t->unsent;

	while (*at && *at != t)
		at = &(*at)->next_unsent;
	if (*at)
		*at = t->next_unsent;
	if (t->joined)
		drop_joined(t);
}

void agr_transfers_drop_sent(agr_transfer **unsent)
{
	while (*unsent) {
		agr_transfer *t = *unsent;
		curl_off_t sent = 0;

		curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
		if ((uint64_t)sent < t->body.len) {
			unsent = &t->next_unsent;
			continue;
		}
		*unsent = t->next_unsent;
		drop_joined(t);
	}
}

/* A connection that is shared was judged for whoever opened it. */
static int on_request(void *user, char *address, char *local, int port, int local_port)
{
	agr_transfer *t = user;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	const struct sockaddr *peer = NULL;

	(void)local;
	(void)port;
	(void)local_port;
	agr_origin_open(t->origin, t, false, 0);
	join_body(t);
	if (t->trusted)
		return CURL_PREREQFUNC_OK;
	if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
		peer = (const struct sockaddr *)&v4;
	else if (inet_pton(AF_INET6, address, &v6.sin6_addr) == 1)
		peer = (const struct sockaddr *)&v6;
	if (peer && agr_policy_address_allowed(t->config, peer))
		return CURL_PREREQFUNC_OK;
	t->blocked = true;
	return CURL_PREREQFUNC_ABORT;
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

static int add_headers(agr_transfer *t, const char *const *lines, size_t n,
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
static int check_url(agr_transfer *t, agentrun_error **err)
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

static int copy_request(agr_transfer *t, const agentrun_http_request *request,
	agentrun_error **err)
{
	int r;

	t->method = strdup(request->method);
	t->url = strdup(request->url);
	if (!t->method || !t->url)
		return agr_error_oom(err);
	t->has_body = request->body || request->n_body_parts;
	r = agr_pieces_copy(&t->body, request, err);
	if (r < 0)
		return r;
	r = agentrun_http_event_new(&t->event, request->id, err);
	if (r == 0)
		r = add_headers(t, request->headers, request->n_headers, false, err);
	if (r == 0)
		r = add_headers(t, request->secret_headers, request->n_secret_headers, true, err);
	if (r == 0 && t->host)
		t->trusted = true;
	else if (r == 0)
		r = check_url(t, err);
	return r;
}

int agr_transfer_new(agr_transfer **out, const agentrun_config *config,
	const agentrun_http_request *request, char *take_host, agentrun_error **err)
{
	agr_transfer *t = calloc(1, sizeof(*t));
	int r;

	*out = NULL;
	if (!t) {
		free(take_host);
		return agr_error_oom(err);
	}
	t->host = take_host;
	t->id = request->id;
	t->config = config;
	t->flags = request->flags;
	t->max_bytes = request->max_response_bytes;
	t->deadline_ms = agr_deadline_in(request->timeout_ms);
	t->redirects_left = (long)agentrun_config_get_int(config, "http.max_redirects", 5);
	r = copy_request(t, request, err);
	if (r < 0)
		agr_transfer_free(t);
	else
		*out = t;
	return r;
}

const char *agr_transfer_host(const agr_transfer *t)
{
	return t->flags & AGENTRUN_HTTP_OPERATOR ? t->host : NULL;
}

/* The headers of this hop: the two lists as one, or the first alone. */
static struct curl_slist *hop_headers(agr_transfer *t)
{
	struct curl_slist *secrets = t->strayed ? NULL : t->secrets;

	if (!t->plain)
		return secrets;
	if (!t->last_plain) /* on the first hop; then the lists hang together */
		for (t->last_plain = t->plain; t->last_plain->next;)
			t->last_plain = t->last_plain->next;
	t->last_plain->next = secrets;
	return t->plain;
}

/* What libcurl takes 0 for: no limit. */
static long time_left(const agr_transfer *t)
{
	return t->deadline_ms == AGR_DEADLINE_NONE ? 0 :
		(long)agr_deadline_left(t->deadline_ms, 86400000) + 1;
}

#define SET(option, value) \
	do { \
		if (!fault) \
			fault = curl_easy_setopt(e, option, value); \
	} while (0)

/* What is the same for every request. */
CURLcode agr_transfer_prepare(CURL *e, const agentrun_config *config, bool small)
{
	CURLcode fault = CURLE_OK;

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_USERAGENT, "agentrun/" AGENTRUN_VERSION);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	SET(CURLOPT_BUFFERSIZE, small ? SMALL_BUFFER : (long)CURL_MAX_WRITE_SIZE);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_WRITEFUNCTION, on_data);
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	if (agentrun_config_get(config, "http.ca_file"))
		SET(CURLOPT_CAINFO, agentrun_config_get(config, "http.ca_file"));
	return fault;
}

CURLcode agr_transfer_set_up(agr_transfer *t)
{
	CURL *e = t->easy;
	CURLcode fault = CURLE_OK;

	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PRIVATE, t);
	/* To wait whether a connection can be shared is good with TLS, whose handshake
	 * tells. Without, only the first answer does: a slow one would hold up all others. */
	SET(CURLOPT_PIPEWAIT, strncasecmp(t->url, "https:", 6) == 0 ? 1L : 0L);
	SET(CURLOPT_HTTPHEADER, hop_headers(t));
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_READDATA, t);
	SET(CURLOPT_SEEKDATA, t);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_ERRORBUFFER, t->fault);
	SET(CURLOPT_TIMEOUT_MS, time_left(t));
	agr_pieces_seek(&t->body, 0);
	if (t->has_body) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body.len);
	} else {
		SET(CURLOPT_HTTPGET, 1L);
	}
	SET(CURLOPT_CUSTOMREQUEST, t->method);
	return fault;
}
#undef SET

bool agr_transfer_is_small(const agr_transfer *t)
{
	return t->flags & AGENTRUN_HTTP_OPERATOR;
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
static int check_location(agr_transfer *t, agentrun_error **err)
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
static int change_method(agr_transfer *t, long status)
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
	t->has_body = false;
	return 0;
}

bool agr_transfer_is_redirect(const agr_transfer *t, long status)
{
	return status >= 300 && status <= 399 && !(t->flags & AGENTRUN_HTTP_NO_REDIRECTS);
}

/* 1: another hop was set up, 0: this answer is the final one, < 0: refused. */
int agr_transfer_follow(agr_transfer *t, long status,
	agentrun_error **err)
{
	char *to = NULL, *url;
	int r;

	if (!agr_transfer_is_redirect(t, status) ||
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
	t->headed = false;
	return 1;
}
