/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * The command line is linked with the library's core but not with libcurl,
 * SQLite and the like: those are loaded when a command needs them, because
 * loading them takes longer than a whole `classify`.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <agentrun/http.h>
#include <agentrun/redis.h>
#include <agentrun/sys/transport.h>

#include "cli.h"

void *cli_load_function(const char *library, const char *symbol, agentrun_error **err)
{
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL), *function;

	function = handle ? dlsym(handle, symbol) : NULL;
	if (!function)
		agentrun_error_raise(err, AGENTRUN_EBACKEND, "%s cannot be loaded: %s", library,
			dlerror());
	return function;
}

/* ---- the transport ------------------------------------------------------- */

/* libcurl's, from libagentrun. That has a core of its own, and what the two hand
 * each other (errors, events, the configuration) they take for their own: they
 * must be of one version. */
struct loaded {
	const agentrun_transport_impl *impl;
	void *self; /* NULL: not loaded yet */
};

static int load_transport(struct loaded *loaded, agentrun_error **err)
{
	int (*make)(const agentrun_transport_impl **, void **, agentrun_error **);
	uint32_t (*version)(void);
	void *found[2] = {
		cli_load_function(LIBAGENTRUN, "agentrun_version_number", err),
		cli_load_function(LIBAGENTRUN, "agentrun_curl_transport_new", err),
	};

	if (!found[0] || !found[1])
		return AGENTRUN_EBACKEND;
	memcpy(&version, &found[0], sizeof(version));
	memcpy(&make, &found[1], sizeof(make));
	if (version() != AGENTRUN_VERSION_NUMBER)
		return agentrun_error_raise(err, AGENTRUN_EBACKEND,
			"%s is not of version " AGENTRUN_VERSION ", which this program needs",
			LIBAGENTRUN);
	return make(&loaded->impl, &loaded->self, err);
}

static int loaded_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	struct loaded *loaded = self;
	int r = loaded->self ? 0 : load_transport(loaded, err);

	return r < 0 ? r : loaded->impl->open(loaded->self, config, err);
}

static int loaded_submit(void *self, const agentrun_http_request *request,
	agentrun_error **err)
{
	struct loaded *loaded = self;

	return loaded->impl->submit(loaded->self, request, err);
}

static int loaded_poll(void *self, agentrun_http_event **events, size_t max,
	int timeout_ms, agentrun_error **err)
{
	struct loaded *loaded = self;

	return loaded->impl->poll(loaded->self, events, max, timeout_ms, err);
}

static void loaded_cancel(void *self, uint64_t id)
{
	struct loaded *loaded = self;

	loaded->impl->cancel(loaded->self, id);
}

static void loaded_wakeup(void *self)
{
	struct loaded *loaded = self;

	loaded->impl->wakeup(loaded->self);
}

static void loaded_destroy(void *self)
{
	struct loaded *loaded = self;

	if (loaded->self)
		loaded->impl->destroy(loaded->self);
	free(loaded);
}

static int set_transport(agentrun_ctx *ctx, agentrun_error **err)
{
	static const agentrun_transport_impl impl = {
		.version = AGENTRUN_TRANSPORT_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.name = "curl",
		.open = loaded_open,
		.submit = loaded_submit,
		.poll = loaded_poll,
		.cancel = loaded_cancel,
		.wakeup = loaded_wakeup,
		.destroy = loaded_destroy,
		.features = AGENTRUN_TRANSPORT_BODY_PARTS, /* libagentrun's own, of this version */
	};
	struct loaded *loaded = calloc(1, sizeof(*loaded));
	int r;

	if (!loaded)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	r = agentrun_ctx_set_transport(ctx, &impl, loaded, err);
	if (r < 0)
		free(loaded);
	return r;
}

/* ---- the context --------------------------------------------------------- */

static const char *const levels[] = { "debug", "info", "warn", "error", "off" };

static void add_member(agentrun_buf *line, const char *name, const char *text)
{
	if (!text)
		return;
	agentrun_buf_append(line, line->len ? ",\"" : "{\"", 2);
	agentrun_buf_append(line, name, strlen(name));
	agentrun_buf_append(line, "\":", 2);
	agentrun_buf_append_json(line, text, strlen(text));
}

static void log_json(const agentrun_log_event *event)
{
	agentrun_buf line = AGENTRUN_BUF_INIT;
	struct timespec now;
	struct tm utc;
	char time[40];
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	n = strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(time + n, sizeof(time) - n, ".%03dZ", (int)(now.tv_nsec / 1000000));
	add_member(&line, "time", time);
	add_member(&line, "level", levels[event->level]);
	add_member(&line, "subject", event->subject);
	add_member(&line, "job_id", event->job_id);
	add_member(&line, "run_id", event->run_id);
	add_member(&line, "message", event->message);
	if (agentrun_buf_append(&line, "}\n", 2) == 0)
		fputs(line.data, stderr);
	agentrun_buf_dispose(&line);
}

static void log_line(void *user, const agentrun_log_event *event)
{
	const cli_global *global = user;

	if (global->log_json)
		log_json(event);
	else if (event->run_id && event->level > AGENTRUN_LOG_DEBUG)
		fprintf(stderr, "%s %s: %s (run %s)\n", levels[event->level], event->subject,
			event->message, event->run_id);
	else
		fprintf(stderr, "%s %s: %s\n", levels[event->level], event->subject,
			event->message);
}

static int level_of(const char *name)
{
	int level = 0;

	while (level < AGENTRUN_LOG_OFF && strcmp(levels[level], name) != 0)
		level++;
	return level;
}

void cli_log(cli_global *global, int level, const char *subject, const char *fmt, ...)
{
	char message[512];
	va_list args;

	if (level < level_of(agentrun_config_get(global->settings, "log.level")))
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	log_line(global, &(agentrun_log_event){ .level = level, .subject = subject,
		.message = message });
}

static int read_settings(cli_global *global, agentrun_error **err)
{
	const char *path = global->config ? global->config : getenv("AGENTRUN_CONFIG");
	int r = agentrun_config_new(&global->settings, err);

	if (r < 0)
		return r;
	if (path && *path)
		r = agentrun_config_load_file(global->settings, path, err);
	else if (access("config.yaml", F_OK) == 0)
		r = agentrun_config_load_file(global->settings, "config.yaml", err);
	if (r == 0)
		r = agentrun_config_load_env(global->settings, err);
	if (r == 0 && global->log_level)
		r = agentrun_config_set(global->settings, "log.level", global->log_level, err);
	if (r == 0 && global->log_format)
		r = agentrun_config_set(global->settings, "log.format", global->log_format, err);
	return r;
}

int cli_open(cli_global *global, agentrun_error **err)
{
	agentrun_ctx_options opts;
	int r = read_settings(global, err);

	if (r < 0)
		return r;
	global->log_json =
		strcmp(agentrun_config_get(global->settings, "log.format"), "json") == 0;
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = global->settings;
	opts.log = log_line;
	opts.log_user = global;
	opts.log_level = level_of(agentrun_config_get(global->settings, "log.level"));
	r = agentrun_ctx_new(&global->ctx, &opts, err);
	return r < 0 ? r : set_transport(global->ctx, err);
}

void cli_close(cli_global *global)
{
	agentrun_ctx_free(global->ctx);
	agentrun_config_free(global->settings);
	global->ctx = NULL;
	global->settings = NULL;
}

/* ---- the queue ---------------------------------------------------------- */

int cli_open_queue(cli_global *global, agentrun_queue **out, agentrun_error **err)
{
	int (*make)(agentrun_queue **, const agentrun_redis_queue_options *, agentrun_error **);
	void (*init)(agentrun_redis_queue_options *, size_t);
	void *found[2] = {
		cli_load_function(LIBAGENTRUN_REDIS, "agentrun_redis_queue_new", err),
		cli_load_function(LIBAGENTRUN_REDIS, "agentrun_redis_queue_options_init", err),
	};
	agentrun_redis_queue_options opts;

	if (!found[0] || !found[1])
		return AGENTRUN_EBACKEND;
	memcpy(&make, &found[0], sizeof(make));
	memcpy(&init, &found[1], sizeof(init));
	init(&opts, sizeof(opts));
	opts.config = agentrun_ctx_config(global->ctx);
	return make(out, &opts, err);
}

/* ---- limits ------------------------------------------------------------- */

int cli_share_limits(cli_global *global, bool by_itself, agentrun_error **err)
{
	const agentrun_config *settings = agentrun_ctx_config(global->ctx);
	const char *backend = agentrun_config_get(settings, "rate_limit.backend");
	int (*make)(const agentrun_limits_impl **, void **, const agentrun_redis_limits_options *,
		agentrun_error **);
	void (*init)(agentrun_redis_limits_options *, size_t);
	const agentrun_limits_impl *impl;
	agentrun_redis_limits_options opts;
	void *found[2], *self;
	int r;

	if (strcmp(backend, "redis") != 0 && (!by_itself || strcmp(backend, "auto") != 0))
		return 0;
	found[0] = cli_load_function(LIBAGENTRUN_REDIS, "agentrun_redis_limits_new", err);
	found[1] = cli_load_function(LIBAGENTRUN_REDIS, "agentrun_redis_limits_options_init", err);
	if (!found[0] || !found[1])
		return AGENTRUN_EBACKEND;
	memcpy(&make, &found[0], sizeof(make));
	memcpy(&init, &found[1], sizeof(init));
	init(&opts, sizeof(opts));
	opts.config = settings;
	r = make(&impl, &self, &opts, err);
	if (r < 0)
		return r;
	r = agentrun_ctx_set_limits(global->ctx, impl, self, err);
	if (r < 0)
		impl->destroy(self);
	return r;
}

/* ---- the endpoints -------------------------------------------------------- */

int cli_endpoints_open(cli_global *global, agentrun_worker *worker,
	cli_endpoints *endpoints, agentrun_error **err)
{
	int (*make)(agentrun_http_server **, agentrun_ctx *, agentrun_worker *,
		const agentrun_http_server_options *, agentrun_error **);
	int (*port)(const agentrun_http_server *);
	void *found[3] = {
		cli_load_function(LIBAGENTRUN_HTTP, "agentrun_http_server_new", err),
		cli_load_function(LIBAGENTRUN_HTTP, "agentrun_http_server_port", err),
		cli_load_function(LIBAGENTRUN_HTTP, "agentrun_http_server_free", err),
	};
	int r;

	if (!found[0] || !found[1] || !found[2])
		return AGENTRUN_EBACKEND;
	memcpy(&make, &found[0], sizeof(make));
	memcpy(&port, &found[1], sizeof(port));
	memcpy(&endpoints->close, &found[2], sizeof(endpoints->close));
	r = make(&endpoints->server, global->ctx, worker, NULL, err);
	if (r == 0)
		endpoints->port = port(endpoints->server);
	return r;
}

void cli_endpoints_close(cli_endpoints *endpoints)
{
	if (endpoints->server)
		endpoints->close(endpoints->server);
	endpoints->server = NULL;
}

/* ---- values ------------------------------------------------------------- */

int cli_read_value(cli_global *global, agentrun_buf *out, const char *path,
	cli_shape shape, agentrun_error **err)
{
	agentrun_buf text = AGENTRUN_BUF_INIT;
	int r = cli_read(&text, path, err);

	if (r == 0)
		r = agentrun_rows_read(out, global->ctx, text.data, text.len,
			shape == CLI_ROWS ? AGENTRUN_FORMAT_AUTO : AGENTRUN_FORMAT_JSON,
			cli_name_of(path), err);
	if (r == 0 && shape == CLI_OBJECT && *out->data != '{')
		r = agentrun_error_raise(err, AGENTRUN_EINPUT, "%s: a JSON object is wanted here",
			cli_name_of(path));
	agentrun_buf_dispose(&text);
	return r;
}

/* ---- rows --------------------------------------------------------------- */

int cli_output_format(const cli_global *global, const cli_command *command,
	int terminal)
{
	int format;

	if (!global->output)
		return cli_is_terminal() ? terminal : AGENTRUN_FORMAT_JSON;
	format = agentrun_format_from_name(global->output);
	if (format < AGENTRUN_FORMAT_JSON) {
		cli_usage(command, "--output wants json, ndjson, csv or table, not \"%s\"",
			global->output);
		return -1;
	}
	return format;
}

int cli_write_rows(cli_global *global, const cli_command *command, const char *json,
	size_t len)
{
	int format = cli_output_format(global, command, AGENTRUN_FORMAT_TABLE);
	agentrun_buf text = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	int status;

	if (format < 0)
		return EXIT_USAGE;
	if (format == AGENTRUN_FORMAT_JSON)
		return cli_write_line(json, len);
	if (agentrun_rows_write(&text, global->ctx, json, len, format, &err) < 0)
		return cli_fail(err);
	status = cli_write(text.data, text.len);
	if (!status)
		status = cli_finish();
	agentrun_buf_dispose(&text);
	return status;
}
