/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <microhttpd.h>

#include <agentrun/http.h>
#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>

#define TIMEOUT_SEC 120 /* of a silent connection */

struct agentrun_http_server {
	struct MHD_Daemon *daemon;
	agentrun_worker *worker;
	char *name, *token; /* token NULL: none */
	bool open;          /* on the loopback alone */
	size_t max_body;
};

/* A request while its body comes in. */
struct request {
	agentrun_buf body;
	int too_long;
};

/* What is answered. */
struct answer {
	unsigned status;
	const char *type;
	agentrun_buf body;
};

static const agentrun_http_server_options defaults = {
	.port = -1,
	.max_connections = 64,
	.max_body_bytes = (size_t)16 << 20,
};

void agentrun_http_server_options_init(agentrun_http_server_options *opts,
	size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

/* ---- answers ------------------------------------------------------------------- */

static void say(struct answer *answer, unsigned status, const char *text)
{
	answer->status = status;
	agentrun_buf_append(&answer->body, text, strlen(text));
}

static void say_json(struct answer *answer, const char *text)
{
	agentrun_buf_append_json(&answer->body, text, strlen(text));
}

static void refuse(struct answer *answer, unsigned status, const char *why)
{
	answer->body.len = 0;
	say(answer, status, "{\"error\":");
	say_json(answer, why);
	say(answer, status, "}");
}

static void refuse_error(struct answer *answer, unsigned status, agentrun_error *err)
{
	refuse(answer, status, agentrun_error_message(err));
	agentrun_error_free(err);
}

/* ---- endpoints ----------------------------------------------------------------- */

static void health(const agentrun_http_server *s, struct answer *answer)
{
	agentrun_worker_stats stats = { .struct_size = sizeof(stats) };
	unsigned status;
	char numbers[80];

	agentrun_worker_stats_read(&stats, s->worker, NULL);
	status = stats.running ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	say(answer, status, stats.running ? "{\"status\":\"ok\",\"service\":"
					  : "{\"status\":\"draining\",\"service\":");
	say_json(answer, s->name);
	snprintf(numbers, sizeof(numbers), ",\"workers\":%u,\"running\":%s}", stats.threads,
		stats.running ? "true" : "false");
	say(answer, status, numbers);
}

static void ready(const agentrun_http_server *s, struct answer *answer)
{
	agentrun_error *err = NULL;

	if (agentrun_worker_check(s->worker, &err) < 0)
		refuse_error(answer, MHD_HTTP_SERVICE_UNAVAILABLE, err);
	else
		say(answer, MHD_HTTP_OK, "{\"status\":\"ready\"}");
}

static void metrics(const agentrun_http_server *s, struct answer *answer)
{
	agentrun_error *err = NULL;

	answer->type = "text/plain; version=0.0.4; charset=utf-8";
	answer->status = MHD_HTTP_OK;
	if (agentrun_worker_metrics(&answer->body, s->worker, &err) < 0)
		refuse_error(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, err);
}

static void set_quiet(const agentrun_http_server *s, struct answer *answer, int quiet)
{
	agentrun_worker_quiet(s->worker, quiet);
	say(answer, MHD_HTTP_OK, quiet ? "{\"status\":\"quiet\"}" : "{\"status\":\"ok\"}");
}

/* The job: the body, or one of the prompt in the query. NULL: neither. */
static const char *job_of(struct MHD_Connection *connection, const struct request *request,
	agentrun_buf *made, size_t *len)
{
	static const char begin[] = "{\"prompt\":";
	const char *prompt = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND,
		"prompt");

	if (!prompt)
		prompt = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "task");
	if (!prompt) {
		*len = request->body.len;
		return request->body.len ? request->body.data : NULL;
	}
	if (agentrun_buf_append(made, begin, sizeof(begin) - 1) < 0 ||
		agentrun_buf_append_json(made, prompt, strlen(prompt)) < 0 ||
		agentrun_buf_append(made, "}", 1) < 0)
		return NULL;
	*len = made->len;
	return made->data;
}

static void chat(const agentrun_http_server *s, struct answer *answer,
	struct MHD_Connection *connection, const struct request *request)
{
	agentrun_buf made = AGENTRUN_BUF_INIT;
	agentrun_result *result = NULL;
	agentrun_error *err = NULL;
	const char *job, *message;
	size_t len;

	job = job_of(connection, request, &made, &len);
	if (!job) {
		refuse(answer, MHD_HTTP_BAD_REQUEST,
			"a prompt is wanted: ?prompt=TEXT, or a JSON body");
	} else if (agentrun_worker_run_one(&result, s->worker, job, len, &err) < 0) {
		refuse_error(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, err);
	} else {
		const agentrun_error *why = agentrun_result_error(result);

		message = agentrun_result_payload(result, &len);
		agentrun_buf_append(&answer->body, message, len);
		answer->status = agentrun_error_code(why) == AGENTRUN_EJOB ? MHD_HTTP_BAD_REQUEST
									   : MHD_HTTP_OK;
	}
	agentrun_result_free(result);
	agentrun_buf_dispose(&made);
}

/* ---- who may ask ---------------------------------------------------------------- */

/* The same time for any two texts of a length. */
static int same(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned char differ = 0;

	if (strlen(b) != n)
		return 0;
	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

static int may(const agentrun_http_server *s, struct answer *answer,
	struct MHD_Connection *connection)
{
	static const char scheme[] = "Bearer ";
	const char *given = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		MHD_HTTP_HEADER_AUTHORIZATION);

	if (s->open)
		return 1;
	if (!s->token)
		refuse(answer, MHD_HTTP_FORBIDDEN,
			"closed, because service.auth_token is not configured");
	else if (given && strncmp(given, scheme, sizeof(scheme) - 1) == 0 &&
		same(given + sizeof(scheme) - 1, s->token))
		return 1;
	else
		refuse(answer, MHD_HTTP_UNAUTHORIZED, "a bearer token is wanted");
	return 0;
}

/* ---- requests -------------------------------------------------------------------- */

static void post(const agentrun_http_server *s, struct answer *answer, const char *url,
	struct MHD_Connection *connection, const struct request *request)
{
	if (!may(s, answer, connection))
		return;
	if (request->too_long)
		refuse(answer, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too long");
	else if (strcmp(url, "/test/chat") == 0)
		chat(s, answer, connection, request);
	else
		set_quiet(s, answer, strcmp(url, "/quiet") == 0);
}

static void get(const agentrun_http_server *s, struct answer *answer, const char *url)
{
	if (strcmp(url, "/health") == 0)
		health(s, answer);
	else if (strcmp(url, "/ready") == 0)
		ready(s, answer);
	else
		metrics(s, answer);
}

static int is_one_of(const char *url, const char *const *list)
{
	while (*list && strcmp(url, *list) != 0)
		list++;
	return *list != NULL;
}

static void dispatch(const agentrun_http_server *s, struct answer *answer, const char *url,
	const char *method, struct MHD_Connection *connection, const struct request *request)
{
	static const char *const gets[] = { "/health", "/ready", "/metrics", NULL };
	static const char *const posts[] = { "/test/chat", "/quiet", "/resume", NULL };
	int reads = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

	if (reads && is_one_of(url, gets))
		get(s, answer, url);
	else if (strcmp(method, "POST") == 0 && is_one_of(url, posts))
		post(s, answer, url, connection, request);
	else if (is_one_of(url, gets) || is_one_of(url, posts))
		refuse(answer, MHD_HTTP_METHOD_NOT_ALLOWED,
			is_one_of(url, gets) ? "only GET" : "only POST");
	else
		refuse(answer, MHD_HTTP_NOT_FOUND, "there is nothing here");
}

static enum MHD_Result reply(struct MHD_Connection *connection, struct answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(answer->body.len,
		answer->body.data, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result r;

	if (!response) {
		agentrun_buf_dispose(&answer->body);
		return MHD_NO;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	r = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return r;
}

static void take_body(const agentrun_http_server *s, struct request *request,
	const char *data, size_t len)
{
	if (len > s->max_body - request->body.len ||
		agentrun_buf_append(&request->body, data, len) < 0)
		request->too_long = 1;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection,
	const char *url, const char *method, const char *version, const char *data,
	size_t *len, void **state)
{
	const agentrun_http_server *s = user;
	struct answer answer = { .type = "application/json" };
	struct request *request = *state;

	(void)version;
	if (!request) {
		*state = calloc(1, sizeof(*request));
		return *state ? MHD_YES : MHD_NO;
	}
	if (*len) {
		if (!request->too_long)
			take_body(s, request, data, *len);
		*len = 0;
		return MHD_YES;
	}
	dispatch(s, &answer, url, method, connection, request);
	return reply(connection, &answer);
}

static void done(void *user, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode how)
{
	struct request *request = *state;

	(void)user;
	(void)connection;
	(void)how;
	if (request)
		agentrun_buf_dispose(&request->body);
	free(request);
}

/* ---- life ------------------------------------------------------------------------ */

static bool is_loopback(const struct sockaddr *at)
{
	if (at->sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)at)->sin6_addr);
	return ntohl(((const struct sockaddr_in *)(const void *)at)->sin_addr.s_addr) >> 24 == 127;
}

static int listen_at(agentrun_http_server *s, const struct addrinfo *at,
	const agentrun_http_server_options *opts)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
		MHD_USE_POLL | (at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0);

	s->open = is_loopback(at->ai_addr);
	errno = 0;
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, s,
		MHD_OPTION_SOCK_ADDR, at->ai_addr,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)opts->max_connections,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SEC,
		MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u,
		MHD_OPTION_NOTIFY_COMPLETED, done, NULL, MHD_OPTION_END);
	return s->daemon ? 0 : -1;
}

static int open_address(agentrun_http_server *s, const agentrun_http_server_options *opts,
	agentrun_error **err)
{
	const struct addrinfo hints = { .ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char port[16];
	int r;

	snprintf(port, sizeof(port), "%d", opts->port);
	r = getaddrinfo(opts->host, port, &hints, &found);
	if (r)
		return agentrun_error_raise(err, AGENTRUN_EBACKEND, "service.host %.100s: %s",
			opts->host, gai_strerror(r));
	r = listen_at(s, found, opts);
	freeaddrinfo(found);
	if (r == 0)
		return 0;
	return agentrun_error_raise(err, AGENTRUN_EBACKEND,
		"the HTTP endpoints cannot listen on %.100s, port %s%s%s", opts->host, port,
		errno ? ": " : "", errno ? strerror(errno) : "");
}

static int copy(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? AGENTRUN_ENOMEM : 0;
}

int agentrun_http_server_new(agentrun_http_server **out, agentrun_ctx *ctx,
	agentrun_worker *worker, const agentrun_http_server_options *opts_in,
	agentrun_error **err)
{
	agentrun_http_server_options opts = defaults;
	const agentrun_config *config;
	agentrun_http_server *s;
	int r = agentrun_options_read(&opts, sizeof(opts), opts_in,
		"agentrun_http_server_options", err);

	*out = NULL;
	if (r == 0 && (!ctx || !worker || opts.port > 65535))
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"an HTTP server wants a context, a worker and a port up to 65535");
	if (r < 0)
		return r;
	config = agentrun_ctx_config(ctx);
	if (!opts.host)
		opts.host = agentrun_config_get(config, "service.host");
	if (!opts.token)
		opts.token = agentrun_config_get(config, "service.auth_token");
	/* An empty one would let everybody in. */
	if (opts.token && !*opts.token)
		opts.token = NULL;
	if (opts.port < 0)
		opts.port = (int)agentrun_config_get_int(config, "service.port", 8082);
	s = calloc(1, sizeof(*s));
	if (!s || copy(&s->name, agentrun_config_get(config, "service.name")) < 0 ||
		copy(&s->token, opts.token) < 0) {
		agentrun_http_server_free(s);
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	s->worker = worker;
	s->max_body = opts.max_body_bytes;
	r = open_address(s, &opts, err);
	if (r < 0)
		agentrun_http_server_free(s);
	else
		*out = s;
	return r;
}

int agentrun_http_server_port(const agentrun_http_server *s)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon,
		MHD_DAEMON_INFO_BIND_PORT);

	return info ? info->port : 0;
}

void agentrun_http_server_free(agentrun_http_server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	free(s->name);
	free(s->token);
	free(s);
}
