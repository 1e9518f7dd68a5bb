/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/thread.h"
#include "ctx/ctx.h"
#include "net/fresh.h"
#include "net/http.h"
#include "net/retry_after.h"
#include "net/url.h"
#include "schema/schema.h"

#define KEY "workflow.schema" /* what messages begin with */

#define FRESH_MS 60000     /* where the server does not say how long */
#define FRESH_MOST_MS ((int64_t)86400000) /* whatever it says */
#define REFRESH_MS 5000    /* that an answer is waited for where there is a schema already */
#define RETRY_MS 1000      /* after a failure, where there is none */
#define RETRY_LATER_MS 30000 /* where there is one */
#define RETRY_MOST_MS ((int64_t)300000) /* whatever the server asks for */
#define HEADERS 3

struct agr_remote {
	agentrun_ctx *ctx;
	const char *url;
	pthread_mutex_t lock;   /* guards all below */
	pthread_cond_t came;
	agr_rules *rules;       /* NULL: none came yet */
	char *etag, *modified;  /* header lines that ask whether it changed; or NULL */
	int64_t ask_ms;         /* it is not asked for before then (monotonic) */
	agentrun_error *why;    /* the last request failed; or NULL */
	int64_t fresh_ms;       /* how long what came may be used; -1: the server does not say */
	bool fetching;
	bool reading;           /* what came is read by one of those who want it */
	unsigned answers;       /* that came, or were read */
	agentrun_http_event *event; /* that came and was not read yet */
	int64_t came_ms, came_wall_ms; /* when it did */
	agr_rules_wait *waiting;
};

int agr_remote_is_url(const char *schema, agentrun_error **err)
{
	const char *p = schema;

	while (agr_is_alpha(*p) || (p > schema && (agr_is_digit(*p) || strchr("+-.", *p)) && *p))
		p++;
	if (p == schema || !agr_starts_with(p, "://"))
		return 0;
	if (agr_starts_with_nocase(schema, "http://") || agr_starts_with_nocase(schema, "https://"))
		return 1;
	return agentrun_error_raise(err, AGENTRUN_ECONFIG,
		KEY " must be a file, or an address that begins with http:// or https://, "
		"not %.*s://", (int)(p - schema), schema);
}

int agr_remote_new(agr_remote **out, agentrun_ctx *ctx, const char *url, agentrun_error **err)
{
	agr_remote *remote = calloc(1, sizeof(*remote));

	*out = remote;
	if (!remote)
		return agr_error_oom(err);
	remote->ctx = ctx;
	remote->url = url;
	pthread_mutex_init(&remote->lock, NULL);
	pthread_cond_init(&remote->came, NULL);
	return 0;
}

void agr_remote_free(agr_remote *remote)
{
	if (!remote)
		return;
	agr_rules_release(remote->rules);
	agentrun_http_event_free(remote->event);
	agentrun_error_free(remote->why);
	free(remote->etag);
	free(remote->modified);
	pthread_cond_destroy(&remote->came);
	pthread_mutex_destroy(&remote->lock);
	free(remote);
}

/* ---- what came ----------------------------------------------------------------------- */

/* As its `type` has it, if there is one: what tells of a problem has its own there. */
static bool is_of_objects(agr_span schema)
{
	agr_span type, name;
	agr_iter it;

	if (!agr_object_get(schema, "type", 4, &type))
		return true;
	if (agr_span_type(type) != AGR_TYPE_ARRAY)
		return agr_span_type(type) == AGR_TYPE_STRING && agr_string_is(type, "object", 6);
	for (it = agr_iter_of(type); agr_array_next(&it, &name);)
		if (agr_span_type(name) == AGR_TYPE_STRING && agr_string_is(name, "object", 6))
			return true;
	return false;
}

/* A page that says that something is wrong, or any other object, is a schema that allows
 * everything, as far as JSON Schema goes. Nobody means one that says nothing. */
static bool says_something(agr_span schema)
{
	static const char *const words[] = { "type", "properties", "required", "allOf", "anyOf",
		"oneOf", "not", "if", "$ref", "enum", "const", "patternProperties",
		"additionalProperties", "propertyNames", "minProperties", "maxProperties" };
	agr_span value;

	if (agr_span_type(schema) != AGR_TYPE_OBJECT || !is_of_objects(schema))
		return false;
	for (size_t i = 0; i < AGR_COUNT(words); i++)
		if (agr_object_get(schema, words[i], strlen(words[i]), &value))
			return true;
	return agr_object_get(schema, "$schema", 7, &value);
}

static void report_nothing(void *user, const char *pointer, size_t len, const char *what)
{
	(void)user, (void)pointer, (void)len, (void)what;
}

/* Can it be asked at all? Where its references lead nowhere, it cannot. That it goes round in
 * circles shows when it is asked. */
static int try_schema(agr_span schema, agentrun_error **err)
{
	static const char flow[] = "{\"nodes\":[{\"id\":\"a\",\"type\":\"task\",\"config\":{}}],"
		"\"edges\":[]}";
	int r = agr_schema_try(schema, err);

	if (r == 0)
		r = agr_schema_check(schema, (agr_span){ flow, sizeof(flow) - 1 }, report_nothing,
			NULL, err);
	return r < 0 ? r : 0;
}

/* `there` are the rules that are there already, or NULL. */
static int read_rules(agr_rules **out, const agentrun_http_event *event, agr_rules *there,
	agentrun_error **err)
{
	size_t len;
	const char *body = agentrun_http_event_body(event, &len);
	int r;

	if (there && there->text_len == len && memcmp(there->text, body, len) == 0) {
		*out = agr_rules_hold(there);
		return 0;
	}
	r = agr_rules_new(out, "the answer", body, len, err);
	if (r == 0 && !says_something((*out)->schema))
		r = agentrun_error_raise(err, AGENTRUN_ECONFIG,
			"the answer is JSON, but no JSON Schema of a workflow");
	if (r == 0)
		r = try_schema((*out)->schema, err);
	if (r < 0) {
		agr_rules_release(*out);
		*out = NULL;
	}
	return r;
}

/* "If-None-Match: " and its like, for the next time; nothing where memory is short. Where the
 * answer has no such header, what an answer before had counts only if that was the same
 * schema's. */
static void note_validator(char **line, const char *asks, const char *value, bool same)
{
	agr_buf text = AGR_BUF_INIT;

	if (!value && same)
		return;
	free(*line);
	*line = NULL;
	if (!value || !agr_is_header_safe(value))
		return;
	agr_buf_printf(&text, "%s: %s", asks, value);
	*line = agr_buf_give_str(&text, NULL);
}

static void note_validators(agr_remote *remote, const agentrun_http_event *event, bool same)
{
	note_validator(&remote->etag, "If-None-Match", agentrun_http_event_header(event, "etag"),
		same);
	note_validator(&remote->modified, "If-Modified-Since",
		agentrun_http_event_header(event, "last-modified"), same);
}

static int raise_status(int status, agentrun_error **err)
{
	const char *what = status >= 300 && status < 400 && status != 304 ?
		": redirects are not followed" : "";

	return agentrun_error_raise(err, status >= 500 || status == 408 || status == 429 ?
		AGENTRUN_ENETWORK : AGENTRUN_ECONFIG,
		"the server answered with status %d%s", status, what);
}

/* Without the lock: a schema may be long. The event becomes rules; 304 says that those that are
 * there stand. */
static int read_answer(agr_rules **out, agentrun_http_event *event, agr_rules *there,
	agentrun_error **err)
{
	agentrun_error *why = agr_http_event_take_error(event);
	int status = agentrun_http_event_status(event);

	*out = NULL;
	if (why)
		return agr_error_pass(err, why);
	if (status == 304 && there) {
		*out = agr_rules_hold(there);
		return 0;
	}
	return status == 200 ? read_rules(out, event, there, err) : raise_status(status, err);
}

/* An answer that says nothing of it leaves what was said of the schema before. */
static int64_t fresh_ms(agr_remote *remote, const agentrun_http_event *event, int64_t wall)
{
	int64_t ms = agr_fresh_ms(event, wall);

	if (ms >= 0)
		remote->fresh_ms = ms;
	ms = remote->fresh_ms < 0 ? FRESH_MS : remote->fresh_ms;
	return ms < FRESH_MOST_MS ? ms : FRESH_MOST_MS;
}

/* With the lock held: these are the rules from now on. Returns how long. */
static int64_t take_rules(agr_remote *remote, agr_rules *take_rules,
	const agentrun_http_event *event)
{
	bool same = agentrun_http_event_status(event) == 304;

	if (remote->rules && remote->rules != take_rules)
		agr_log(remote->ctx, AGENTRUN_LOG_INFO, "schema", "%s has changed", KEY);
	agr_rules_release(remote->rules);
	remote->rules = take_rules;
	note_validators(remote, event, same);
	if (!same)
		remote->fresh_ms = -1; /* that of the one before counts no more */
	return fresh_ms(remote, event, remote->came_wall_ms);
}

/* With the lock held: there are none. Returns how long not to ask again. */
static int64_t take_failure(agr_remote *remote, agentrun_error *take_why,
	const agentrun_http_event *event)
{
	int64_t least = remote->rules ? RETRY_LATER_MS : RETRY_MS;
	int64_t wait = agr_retry_after_ms(event, agentrun_http_event_status(event),
		remote->came_wall_ms);

	agr_error_prefix(&take_why, KEY);
	remote->why = take_why;
	/* Where there is none, whoever wants it is told why. */
	agr_log(remote->ctx, remote->rules ? AGENTRUN_LOG_WARN : AGENTRUN_LOG_DEBUG, "schema",
		"%s; %s", agentrun_error_message(take_why), remote->rules ?
		"the one that is there stands" : "there is none yet");
	wait = wait < RETRY_MOST_MS ? wait : RETRY_MOST_MS;
	return wait < least ? least : wait;
}

static void tell(agr_remote *remote);

/* With the lock held, but not while what came is read: the request is over. */
static void settle(agr_remote *remote)
{
	agr_rules *rules, *there = remote->rules ? agr_rules_hold(remote->rules) : NULL;
	agentrun_http_event *event = remote->event;
	agentrun_error *why = NULL;
	int64_t wait;
	int r;

	remote->event = NULL;
	remote->reading = true;
	pthread_mutex_unlock(&remote->lock);
	r = read_answer(&rules, event, there, &why);
	agr_rules_release(there);
	pthread_mutex_lock(&remote->lock);
	remote->reading = false;
	agentrun_error_free(remote->why);
	remote->why = NULL;
	wait = r == 0 ? take_rules(remote, rules, event) : take_failure(remote, why, event);
	/* Perhaps nobody was left to read it then, and it is old now. */
	remote->ask_ms = remote->came_ms + wait;
	agentrun_http_event_free(event);
	tell(remote);
}

/* ---- asking ----------------------------------------------------------------------------- */

/* With the lock held: everybody who waits is told. */
static void tell(agr_remote *remote)
{
	agr_rules_wait *wait;

	remote->answers++;
	while ((wait = remote->waiting)) {
		remote->waiting = wait->next;
		wait->waiting = false;
		wait->ready(wait->user);
	}
	pthread_cond_broadcast(&remote->came);
}

/* With the lock held: it came. */
static void announce(agr_remote *remote, agentrun_http_event *take_event)
{
	remote->event = take_event;
	remote->came_ms = agr_clock_mono_ms();
	remote->came_wall_ms = agr_clock_wall_ms();
	remote->fetching = false;
	tell(remote);
}

/* On the HTTP client's thread. */
static void answer_came(void *user, agentrun_http_event *take_event)
{
	agr_remote *remote = user;

	pthread_mutex_lock(&remote->lock);
	announce(remote, take_event);
	pthread_mutex_unlock(&remote->lock);
}

/* With the lock held, which answer_came() waits for. */
static int start(agr_remote *remote, agentrun_error **err)
{
	const agentrun_config *config = remote->ctx->config;
	const char *headers[HEADERS] = { "Accept: application/schema+json, application/json" };
	agentrun_http_request request = {
		.struct_size = sizeof(request),
		.method = "GET",
		.url = remote->url,
		.headers = headers,
		.n_headers = 1,
		.timeout_ms = 1000 * agentrun_config_get_int(config, "orchestrator.timeout_sec",
			30),
		.max_response_bytes = (size_t)agentrun_config_get_int(config,
			"http.max_response_bytes", 67108864),
		.flags = AGENTRUN_HTTP_NO_REDIRECTS | AGENTRUN_HTTP_OPERATOR,
	};
	struct agr_http *http;
	int r = agr_ctx_http(&http, remote->ctx, err);

	if (remote->rules && remote->etag)
		headers[request.n_headers++] = remote->etag;
	if (remote->rules && remote->modified)
		headers[request.n_headers++] = remote->modified;
	if (remote->rules && request.timeout_ms > REFRESH_MS)
		request.timeout_ms = REFRESH_MS;
	return r < 0 ? r : agr_http_start(http, &request, answer_came, remote, NULL, err);
}

/* With the lock held: a request that was not even begun is over, too. */
static void fetch(agr_remote *remote)
{
	agentrun_http_event *event;
	agentrun_error *why = NULL;

	remote->fetching = true;
	if (start(remote, &why) == 0)
		return;
	if (agentrun_http_event_new(&event, 0, NULL) < 0) {
		remote->fetching = false; /* nobody waits: it was not under way */
		agentrun_error_free(remote->why);
		remote->why = why;
		remote->ask_ms = agr_clock_mono_ms() + RETRY_MS;
		return;
	}
	agentrun_http_event_set_error(event, why);
	announce(remote, event);
	settle(remote);
}

/* With the lock held: go by what is there, after `waited` or while it is fresh. 1: a
 * request is under way, or what came is read, and is to be waited for. */
static int go_on(agr_remote *remote, bool waited, agr_rules **out, agentrun_error **err)
{
	if (remote->event)
		settle(remote);
	if (!waited && !remote->fetching && !remote->reading &&
		agr_clock_mono_ms() >= remote->ask_ms)
		fetch(remote);
	if (remote->reading || (remote->fetching && !waited))
		return AGR_RULES_COMING;
	if (remote->rules) {
		*out = agr_rules_hold(remote->rules);
		return 0;
	}
	if (!remote->why) /* who waited for one that somebody else has read since */
		return agentrun_error_raise(err, AGENTRUN_ENETWORK,
			KEY ": there is no schema yet");
	agentrun_error_raise(err, agentrun_error_code(remote->why), "%s",
		agentrun_error_message(remote->why));
	if (err)
		agentrun_error_set_retry(*err, 1, agr_deadline_left(remote->ask_ms, INT64_MAX));
	return agentrun_error_code(remote->why);
}

int agr_remote_want(agr_remote *remote, agr_rules **out, agr_rules_wait *wait,
	agentrun_error **err)
{
	int r;

	pthread_mutex_lock(&remote->lock);
	r = go_on(remote, wait->waited, out, err);
	if (r == AGR_RULES_COMING) {
		wait->on = remote;
		wait->waiting = wait->waited = true;
		wait->next = remote->waiting;
		remote->waiting = wait;
	}
	pthread_mutex_unlock(&remote->lock);
	return r;
}

int agr_rules_sleep(agr_rules_wait *wait, int (*sleep)(void *user))
{
	agr_remote *remote = wait->on;
	int r;

	pthread_mutex_lock(&remote->lock);
	r = wait->waiting ? sleep(wait->user) : 0; /* who sleeps may be awake elsewhere now */
	pthread_mutex_unlock(&remote->lock);
	return r;
}

void agr_rules_forget(agr_rules_wait *wait)
{
	agr_remote *remote = wait->on;
	agr_rules_wait **at;

	if (!remote)
		return;
	pthread_mutex_lock(&remote->lock);
	for (at = &remote->waiting; wait->waiting && *at; at = &(*at)->next) {
		if (*at == wait) {
			*at = wait->next;
			wait->waiting = false;
			break;
		}
	}
	wait->waited = false;
	wait->on = NULL;
	pthread_mutex_unlock(&remote->lock);
}

int agr_remote_get(agr_remote *remote, agr_rules **out, agentrun_error **err)
{
	int r;

	pthread_mutex_lock(&remote->lock);
	r = go_on(remote, false, out, err);
	while (r == AGR_RULES_COMING) {
		unsigned before = remote->answers;

		while (remote->answers == before)
			pthread_cond_wait(&remote->came, &remote->lock);
		r = go_on(remote, true, out, err);
	}
	pthread_mutex_unlock(&remote->lock);
	return r;
}

void agr_remote_known(agr_remote *remote, agr_rules **out)
{
	pthread_mutex_lock(&remote->lock);
	if (remote->event)
		settle(remote);
	while (remote->reading)
		pthread_cond_wait(&remote->came, &remote->lock);
	*out = remote->rules ? agr_rules_hold(remote->rules) : NULL;
	pthread_mutex_unlock(&remote->lock);
}
