/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "torture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/planner.h>
#include <agentrun/sys/tool.h>
#include <agentrun/sys/step.h>
#include <agentrun/sys/transport.h>
#ifdef WITH_SQLITE
#include <agentrun/sqlite.h>
#endif

#define FLOW "{\"nodes\":[{\"id\":\"fetch\",\"type\":\"http\",\"config\":{\"url\":" \
	"\"https://e.org/x\",\"method\":\"GET\"}},{\"id\":\"pick\",\"type\":\"filter\"}," \
	"{\"id\":\"tell\",\"type\":\"task\",\"timeout_ms\":5}],\"edges\":[{\"from\":\"fetch\"," \
	"\"to\":\"pick\"},{\"from\":\"pick\",\"to\":\"tell\",\"condition\":\"x > 1\"}]}"

static agentrun_ctx *ctx;
static char folder[] = "/tmp/agentrun-torture-XXXXXX";
static char config_path[80], env_path[80];

static void say(struct outcome *out, const char *text, size_t len)
{
	size_t room = sizeof(out->text) - 1 - out->len;

	if (len > room)
		len = room;
	if (text)
		memcpy(out->text + out->len, text, len);
	out->len += text ? len : 0;
	out->text[out->len] = '\0';
}

void say_str(struct outcome *out, const char *text)
{
	say(out, text, text ? strlen(text) : 0);
}

/* The C library says of want of memory that there is no thread. */
int no_thread(int r, agentrun_error **err)
{
	if (r != AGENTRUN_EINTERNAL || (err && !strstr(agentrun_error_message(*err), "thread")))
		return r;
	if (err) {
		agentrun_error_free(*err);
		*err = NULL;
	}
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

/* ---- classify ----------------------------------------------------------- */

static int classify(struct outcome *out, agentrun_error **err, const char *prompt,
	const char *workflow, const char *input)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;
	agentrun_classify_options opts;
	agentrun_intent *intent;
	int r;

	agentrun_classify_options_init(&opts, sizeof(opts));
	opts.workflow = workflow;
	opts.workflow_len = workflow ? strlen(workflow) : 0;
	opts.input = input;
	opts.input_len = input ? strlen(input) : 0;
	r = agentrun_classify(&intent, ctx, prompt, strlen(prompt), &opts, err);
	if (r == 0) {
		r = agentrun_intent_json(&json, intent);
		if (r < 0)
			agentrun_error_raise(err, r, "out of memory");
	}
	if (r == 0)
		say(out, json.data, json.len);
	agentrun_buf_dispose(&json);
	agentrun_intent_free(intent);
	return r;
}

static int classify_execute(struct outcome *out, agentrun_error **err)
{
	return classify(out, err, "show me the 10 cheapest flights to LAX", NULL, ROWS);
}

static int classify_patch(struct outcome *out, agentrun_error **err)
{
	return classify(out, err, "always email me when pick fails, \"quickly\"", FLOW, NULL);
}

static int classify_refused(struct outcome *out, agentrun_error **err)
{
	return classify(out, err, "\xff", NULL, NULL);
}

/* ---- plan --------------------------------------------------------------- */

static int plan(struct outcome *out, agentrun_error **err, const char *prompt,
	const char *workflow, const char *input, const char *context)
{
	agentrun_buf json = AGENTRUN_BUF_INIT;
	agentrun_plan_options opts;
	agentrun_plan_result *result;
	int r;

	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.workflow = workflow;
	opts.workflow_len = workflow ? strlen(workflow) : 0;
	opts.input = input;
	opts.input_len = input ? strlen(input) : 0;
	opts.context = context;
	opts.context_len = context ? strlen(context) : 0;
	opts.workflow_tag = "tag";
	r = agentrun_plan(&result, ctx, prompt, strlen(prompt), &opts, err);
	if (r == 0) {
		say_str(out, agentrun_plan_result_call_name(result, 0));
		say_str(out, agentrun_plan_result_call_arguments(result, 0, NULL));
		say_str(out, agentrun_plan_result_message(result));
		r = agentrun_plan_result_json(&json, result);
		if (r < 0)
			agentrun_error_raise(err, r, "out of memory");
	}
	agentrun_buf_dispose(&json);
	agentrun_plan_result_free(result);
	return r;
}

static int plan_query(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "show me the id and price of the 2 cheapest flights to LAX "
		"where carrier.code is AA or price is under $500", NULL, ROWS, NULL);
}

static int plan_group(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "average price and count per to sorted by to descending", NULL, ROWS,
		"{\"session_id\":\"s\",\"previous_results\":[]}");
}

static int plan_context(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "how many rows are there", NULL, NULL,
		"{\"data\":" ROWS ",\"session_id\":\"\\u0073\"}");
}

static int plan_unclear(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "zxqv the blorb of flim", FLOW, ROWS, NULL);
}

static int plan_insert(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "add an http node named load between fetch and pick", FLOW, NULL,
		NULL);
}

static int plan_remove(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "remove pick", FLOW, NULL, NULL);
}

static int plan_settings(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "rename fetch to load and set the timeout of tell to 30 seconds",
		FLOW, NULL, NULL);
}

static int plan_notify(struct outcome *out, agentrun_error **err)
{
	return plan(out, err, "always email me when the price is under 100", FLOW, NULL, NULL);
}

/* ---- pipelines ---------------------------------------------------------- */

static int execute(struct outcome *out, agentrun_error **err, const char *pipeline,
	const char *input, int format)
{
	agentrun_execute_options opts;
	agentrun_buf data = AGENTRUN_BUF_INIT;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = input;
	opts.input_len = strlen(input);
	opts.input_name = "input.json";
	opts.output_format = format;
	r = agentrun_execute_pipeline(&data, ctx, pipeline, strlen(pipeline), &opts, err);
	if (r == 0)
		say(out, data.data, data.len);
	agentrun_buf_dispose(&data);
	return r;
}

static int execute_filter_sort(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"table_filter\",\"condition\":{\"or\":[{\"and\":["
		"{\"field\":\"to\",\"op\":\"starts_with\",\"value\":\"LA\"},{\"not\":{\"field\":"
		"\"carrier.code\",\"op\":\"in\",\"value\":[\"DL\",\"XX\"]}}]},{\"field\":\"tags\","
		"\"op\":\"contains\",\"value\":\"x\"},{\"field\":\"to\",\"op\":\"matches\","
		"\"value\":\"^J\"}]}},{\"step\":\"table_sort\",\"by\":[{\"field\":\"price\"},"
		"{\"field\":\"id\",\"order\":\"desc\"}]},{\"step\":\"table_select\",\"fields\":"
		"[\"id\",\"carrier.code\",\"to\"]}]", ROWS, AGENTRUN_FORMAT_JSON);
}

static int execute_group_join(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"groupby\",\"by\":[\"to\"],\"aggs\":[{\"agg\":"
		"\"count\"},{\"agg\":\"sum\",\"field\":\"price\"},{\"agg\":\"avg\",\"field\":"
		"\"price\"},{\"agg\":\"max\",\"field\":\"id\",\"as\":\"m\"}]},{\"step\":\"join\","
		"\"right\":[{\"code\":\"LAX\",\"name\":\"Los Angeles\"},{\"code\":\"LAX\",\"to\":1}],"
		"\"left_on\":\"to\",\"right_on\":\"code\",\"how\":\"left\"},{\"step\":\"rename\","
		"\"fields\":{\"name\":\"city\"}},{\"step\":\"top_k\",\"k\":2,\"by\":\"m\"}]", ROWS,
		AGENTRUN_FORMAT_TABLE);
}

static int execute_shapes(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "{\"session_id\":\"s\",\"pipeline\":[{\"step\":\"flatten\","
		"\"field\":\"tags\"},{\"step\":\"distinct\",\"by\":[\"tags\"]},{\"step\":"
		"\"extract\",\"path\":\"[].carrier\"},{\"step\":\"offset\",\"n\":0},{\"step\":"
		"\"limit\",\"n\":5},{\"step\":\"distinct\"}]}", ROWS, AGENTRUN_FORMAT_CSV);
}

static int execute_text(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"derive\",\"as\":\"x\",\"expr\":\"if(price / 3 > "
		"100 and `to` != 'y', concat(upper(to), round(price * 1.19, 1)), coalesce("
		"substr(carrier.code, -1), length(tags), -abs(id) == 1.5))\"},"
		"{\"step\":\"regex_extract\",\"field\":\"to\",\"pattern\":\"[AJ](.)\",\"as\":\"y\"},"
		"{\"step\":\"derive\",\"as\":\"d\",\"expr\":\"concat('2025-0', id)\"},"
		"{\"step\":\"parse_date\",\"field\":\"d\",\"format\":\"%Y-%m\"},"
		"{\"step\":\"parse_date\",\"field\":\"d\",\"as\":\"e\"}]", ROWS,
		AGENTRUN_FORMAT_JSON);
}

static int execute_bad_expr(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"derive\",\"as\":\"x\",\"expr\":\"sqrt(2)\"}]",
		ROWS, AGENTRUN_FORMAT_JSON);
}

static int execute_bad_operand(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"derive\",\"as\":\"x\",\"expr\":\"to * 2\"}]", ROWS,
		AGENTRUN_FORMAT_JSON);
}

/* ---- a step of an application ------------------------------------------- */

static int twice_compile(void *self, const char *args, size_t len, void **plan,
	agentrun_error **err)
{
	(void)self;
	(void)args;
	(void)len;
	*plan = malloc(1);
	return *plan ? 0 : agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static void twice_free(void *self, void *plan)
{
	(void)self;
	free(plan);
}

static int twice_push(void *self, void *plan, void *run, const char *row, size_t len,
	agentrun_step_emit_fn emit, void *to, agentrun_error **err)
{
	int r = emit(to, row, len, err);

	(void)self;
	(void)plan;
	(void)run;
	return r ? r : emit(to, row, len, err);
}

static int add_step(agentrun_ctx *to, agentrun_error **err)
{
	static const agentrun_step_impl twice = { .version = AGENTRUN_STEP_IMPL_VERSION,
		.struct_size = sizeof(twice), .name = "twice", .compile = twice_compile,
		.plan_free = twice_free, .push = twice_push, .parameters =
		"{\"properties\":{\"n\":{\"type\":\"integer\",\"pattern\":\"x\"}}}" };

	return agentrun_ctx_add_step(to, &twice, NULL, err);
}

static int own_step(struct outcome *out, agentrun_error **err, const char *steps)
{
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	agentrun_ctx *own;
	int r = agentrun_ctx_new(&own, NULL, err);

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = ROWS;
	opts.input_len = strlen(ROWS);
	if (r == 0)
		r = add_step(own, err);
	if (r == 0)
		r = agentrun_execute_pipeline(&data, own, steps, strlen(steps), &opts, err);
	if (r == 0)
		say(out, data.data, data.len);
	agentrun_buf_dispose(&data);
	agentrun_ctx_free(own);
	return r;
}

static int step_own(struct outcome *out, agentrun_error **err)
{
	return own_step(out, err, "[{\"step\":\"twice\",\"n\":1},{\"step\":\"twice\"}]");
}

static int step_own_refused(struct outcome *out, agentrun_error **err)
{
	return own_step(out, err, "[{\"step\":\"twice\",\"n\":\"a\"}]");
}

static int execute_csv(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"table_sort\",\"field\":\"b\"},{\"step\":\"top_k\","
		"\"k\":1,\"by\":\"a\",\"order\":\"asc\"}]", "a,b\n2,\"x \"\"y\"\"\"\n1,\n",
		AGENTRUN_FORMAT_NDJSON);
}

static int execute_ndjson(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"count\"}]", "{\"a\":1}\n{\"a\":2}\n",
		AGENTRUN_FORMAT_JSON);
}

struct piece {
	const char *at;
};

/* Seven bytes at a time. */
static int read_piece(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	struct piece *p = user;

	(void)err;
	*len = strlen(p->at) < 7 ? strlen(p->at) : 7;
	*len = *len < cap ? *len : cap;
	memcpy(to, p->at, *len);
	p->at += *len;
	return 0;
}

static int execute_read(struct outcome *out, agentrun_error **err, const char *steps,
	const char *input)
{
	struct piece piece = { input };
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.read = read_piece;
	opts.read_user = &piece;
	r = agentrun_execute_pipeline(&data, ctx, steps, strlen(steps), &opts, err);
	if (r == 0)
		say(out, data.data, data.len);
	agentrun_buf_dispose(&data);
	return r;
}

static int execute_read_csv(struct outcome *out, agentrun_error **err)
{
	return execute_read(out, err, "[{\"step\":\"table_sort\",\"field\":\"a\"}]",
		"a,b\n2,\"x \"\"y\n\"\"\"\r\n1,z");
}

static int execute_read_nested(struct outcome *out, agentrun_error **err)
{
	return execute_read(out, err, "[{\"step\":\"extract\",\"path\":\"d.i[].r[]\"},{\"step\":"
		"\"groupby\",\"by\":[],\"agg\":\"sum\",\"field\":\"n\"}]",
		"{\"d\":{\"i\":[{\"r\":[{\"n\":\"x\"}]}],\"i\":[{\"r\":[{\"n\":5}]},{\"r\":5}]},"
		"\"d\":{\"i\":[{\"r\":[{\"n\":1},{\"n\":2}]},{}]}}");
}

static int execute_read_nothing(struct outcome *out, agentrun_error **err)
{
	return execute_read(out, err, "[{\"step\":\"extract\",\"path\":\"d.i\"},{\"step\":"
		"\"count\"}]", "{\"d\":{\"i\":[1]},\"d\":{\"j\":[1]}}");
}

static int execute_bad_step(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"limit\",\"n\":1},{\"step\":\"warp\"}]", ROWS,
		AGENTRUN_FORMAT_JSON);
}

static int execute_bad_input(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"count\"}]", "[1,2\n,tru]", AGENTRUN_FORMAT_JSON);
}

static int execute_bad_sum(struct outcome *out, agentrun_error **err)
{
	return execute(out, err, "[{\"step\":\"groupby\",\"by\":[],\"agg\":\"sum\",\"field\":"
		"\"to\"}]", ROWS, AGENTRUN_FORMAT_JSON);
}

static int rows(struct outcome *out, agentrun_error **err)
{
	static const char text[] = "a,b\n1,2\n3,x\n";
	agentrun_buf json = AGENTRUN_BUF_INIT, table = AGENTRUN_BUF_INIT;
	int r = agentrun_rows_read(&json, ctx, text, sizeof(text) - 1, AGENTRUN_FORMAT_AUTO,
		"text", err);

	if (r == 0)
		r = agentrun_rows_write(&table, ctx, json.data, json.len, AGENTRUN_FORMAT_TABLE,
			err);
	if (r == 0)
		say(out, table.data, table.len);
	agentrun_buf_dispose(&json);
	agentrun_buf_dispose(&table);
	return r;
}

/* ---- a transport --------------------------------------------------------- */

/* Answers the only request there is. */
static struct wire {
	pthread_mutex_t lock;
	pthread_cond_t change;
	agentrun_http_event *event;
	int woken;
	int posts; /* that came to a service */
} wire = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0 };

static int wire_open(void *self, const agentrun_config *config, agentrun_error **err)
{
	(void)self;
	(void)config;
	(void)err;
	wire.woken = 0;
	return 0;
}

#define MODEL_CALLS "{\"model\":\"m\",\"choices\":[{\"message\":{\"content\":\"Let me see.\"," \
	"\"tool_calls\":[{\"id\":\"\",\"extra_content\":{\"s\":1},\"function\":{\"name\":" \
	"\"execute_pipeline\",\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":\\\"count\\\"}]}\"}}," \
	"{\"id\":\"b\",\"function\":{\"name\":\"no_such_tool\",\"arguments\":\"{\"}}]}}]," \
	"\"usage\":{\"total_tokens\":5}}"
#define MODEL_POSTS "{\"model\":\"m\",\"choices\":[{\"message\":{\"content\":null,\"tool_calls\":[" \
	"{\"id\":\"a\",\"function\":{\"name\":\"execute_pipeline\",\"arguments\":\"" POST_ROWS \
	"\"}}]}}],\"usage\":{\"total_tokens\":5}}"
#define MODEL_ENDS "{\"choices\":[{\"message\":{\"content\":\"3.\"},\"finish_reason\":" \
	"\"stop\"}],\"usage\":{\"total_tokens\":7}}"
#define SCHEMA "{\"type\":\"object\",\"properties\":{\"nodes\":{\"items\":{\"required\":[" \
	"\"id\"],\"properties\":{\"type\":{\"enum\":[\"http\",\"filter\",\"task\"]}}}}}}"
#define MODEL_STREAM "data: {\"type\":\"message_start\",\"message\":{\"model\":\"c\"," \
	"\"usage\":{\"input_tokens\":3}}}\n\ndata: {\"type\":\"content_block_start\"," \
	"\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\ndata: {\"type\":" \
	"\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"h\"}}" \
	"\n\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\ndata: {\"type\":" \
	"\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":" \
	"\"t\",\"name\":\"a\",\"input\":{}}}\n\ndata: {\"type\":\"content_block_stop\"," \
	"\"index\":1}\n\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":" \
	"\"tool_use\"},\"usage\":{\"output_tokens\":2}}\n\ndata: {\"type\":\"message_stop\"}\n\n"

static const char *body_for(const agentrun_http_request *request)
{
	if (strstr(request->url, "/flow.schema.json"))
		return SCHEMA;
	if (strstr(request->url, "/messages"))
		return MODEL_STREAM;
	if (!strstr(request->url, "/chat/completions"))
		return ROWS;
	if (strstr(request->body, "\"role\":\"tool\""))
		return MODEL_ENDS;
	return strstr(request->body, "send the rows") ? MODEL_POSTS : MODEL_CALLS;
}

static int wire_submit(void *self, const agentrun_http_request *request,
	agentrun_error **err)
{
	const char *body = body_for(request);
	agentrun_http_event *event;
	int r = agentrun_http_event_new(&event, request->id, err);

	(void)self;
	if (r < 0)
		return r;
	agentrun_http_event_set_status(event, 200);
	if (agentrun_http_event_add_header(event, "A: b", 4) < 0 ||
		agentrun_http_event_add_header(event, "ETag: \"e\"", 9) < 0 ||
		agentrun_http_event_add_header(event, "Cache-Control: no-cache", 23) < 0 ||
		agentrun_http_event_append_body(event, body, strlen(body)) < 0) {
		agentrun_http_event_free(event);
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	pthread_mutex_lock(&wire.lock);
	wire.posts += strcmp(request->method, "POST") == 0 &&
		!strstr(request->url, "/chat/completions");
	wire.event = event;
	pthread_cond_signal(&wire.change);
	pthread_mutex_unlock(&wire.lock);
	return 0;
}

static int wire_poll(void *self, agentrun_http_event **events, size_t max, int timeout_ms,
	agentrun_error **err)
{
	int n = 0;

	(void)self;
	(void)max;
	(void)timeout_ms;
	(void)err;
	pthread_mutex_lock(&wire.lock);
	while (!wire.event && !wire.woken)
		pthread_cond_wait(&wire.change, &wire.lock);
	wire.woken = 0;
	if (wire.event)
		events[n++] = wire.event;
	wire.event = NULL;
	pthread_mutex_unlock(&wire.lock);
	return n;
}

static void wire_cancel(void *self, uint64_t id)
{
	(void)self;
	(void)id;
}

static void wire_wakeup(void *self)
{
	(void)self;
	pthread_mutex_lock(&wire.lock);
	wire.woken = 1;
	pthread_cond_signal(&wire.change);
	pthread_mutex_unlock(&wire.lock);
}

static void wire_destroy(void *self)
{
	(void)self;
}

static const agentrun_transport_impl wire_impl = {
	.version = AGENTRUN_TRANSPORT_IMPL_VERSION, .struct_size = sizeof(wire_impl),
	.name = "wire", .open = wire_open, .submit = wire_submit, .poll = wire_poll,
	.cancel = wire_cancel, .wakeup = wire_wakeup, .destroy = wire_destroy };

int wire_posts(bool forget)
{
	int n = wire.posts;

	wire.posts = forget ? 0 : n;
	return n;
}

int open_wired(agentrun_ctx **out, agentrun_error **err)
{
	static const char *const settings[][2] = { { "llm.api_key", "k" },
		{ "llm.headers", "A: b" }, { "llm.fallback", "anthropic" },
		{ "llm.providers.anthropic.api_key", "k" },
		{ "llm.providers.openai.body", "{\"x\":1}" }, { "rate_limit.per_user", "9/s" },
		{ "budget.tokens_per_user_per_day", "99999" }, { "agents.a.instructions", "i" } };
	agentrun_ctx_options opts;
	agentrun_config *config;
	int r = agentrun_config_new(&config, err);

	*out = NULL;
	for (size_t i = 0; r == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
		r = agentrun_config_set(config, settings[i][0], settings[i][1], err);
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	if (r == 0)
		r = agentrun_ctx_new(out, &opts, err);
	if (r == 0)
		r = agentrun_ctx_set_transport(*out, &wire_impl, NULL, err);
	agentrun_config_free(config);
	return r;
}

static int plan_by_model(struct outcome *out, agentrun_error **err, const char *provider)
{
	agentrun_plan_result *plan = NULL;
	agentrun_plan_options opts;
	agentrun_ctx *own;
	int r = open_wired(&own, err);

	agentrun_plan_options_init(&opts, sizeof(opts));
	opts.planner = provider;
	opts.workflow = FLOW;
	opts.workflow_len = strlen(FLOW);
	opts.input = ROWS;
	opts.input_len = strlen(ROWS);
	opts.workflow_owner = "ann";
	if (r == 0)
		r = agentrun_plan(&plan, own, "what is it", 10, &opts, err);
	if (r == 0) {
		say_str(out, agentrun_plan_result_message(plan));
		say_str(out, agentrun_plan_result_call_arguments(plan, 0, NULL));
	}
	agentrun_plan_result_free(plan);
	agentrun_ctx_free(own);
	return no_thread(r, err);
}

static int plan_model(struct outcome *out, agentrun_error **err)
{
	return plan_by_model(out, err, "openai");
}

static int plan_model_stream(struct outcome *out, agentrun_error **err)
{
	return plan_by_model(out, err, "anthropic");
}

static int job_model(struct outcome *out, agentrun_error **err)
{
	static const char job[] = "{\"job_id\":\"j\",\"prompt\":\"what is it\","
		"\"workflow_owner\":\"ann\",\"context\":{\"data\":" ROWS "}}";
	agentrun_result *result = NULL;
	agentrun_ctx *own;
	int r = open_wired(&own, err);

	if (r == 0)
		r = agentrun_run(&result, own, job, sizeof(job) - 1, NULL, err);
	if (r == 0 && agentrun_result_error(result))
		r = agentrun_error_raise(err, agentrun_error_code(agentrun_result_error(result)),
			"%s", agentrun_error_message(agentrun_result_error(result)));
	if (r == 0)
		say_str(out, agentrun_result_data(result, NULL));
	agentrun_result_free(result);
	agentrun_ctx_free(own);
	return no_thread(r, err);
}

static int execute_http(struct outcome *out, agentrun_error **err)
{
	static const char pipeline[] = "[{\"step\":\"http_request\",\"url\":"
		"\"https://a.example/\",\"headers\":{\"X\":\"y\"}}]";
	agentrun_buf data = AGENTRUN_BUF_INIT;
	agentrun_ctx *own;
	int r = agentrun_ctx_new(&own, NULL, err);

	if (r == 0)
		r = agentrun_ctx_set_transport(own, &wire_impl, NULL, err);
	if (r == 0)
		r = agentrun_execute_pipeline(&data, own, pipeline, sizeof(pipeline) - 1, NULL,
			err);
	if (r == 0)
		say(out, data.data, data.len);
	agentrun_buf_dispose(&data);
	agentrun_ctx_free(own);
	return no_thread(r, err);
}

/* ---- patches ------------------------------------------------------------ */

static int apply(struct outcome *out, agentrun_error **err, const char *document,
	const char *patch, int raw)
{
	agentrun_patch_options opts;
	agentrun_patch_result *result;
	size_t len;
	int r;

	agentrun_patch_options_init(&opts, sizeof(opts));
	opts.raw = raw;
	opts.want_inverse = 1;
	opts.want_preview = 1;
	opts.want_hash = 1;
	r = agentrun_apply_patch(&result, ctx, document, strlen(document), patch, strlen(patch),
		&opts, err);
	if (r == 0) {
		say_str(out, agentrun_patch_result_document(result, NULL));
		say_str(out, agentrun_patch_result_inverse(result, NULL));
		say(out, agentrun_patch_result_preview(result, &len), 0);
		say(out, agentrun_patch_result_preview(result, NULL), len);
		say_str(out, agentrun_patch_result_hash(result));
	}
	agentrun_patch_result_free(result);
	return r;
}

static int patch_workflow(struct outcome *out, agentrun_error **err)
{
	return apply(out, err, FLOW, "{\"description\":\"d\",\"operations\":[{\"op\":\"add\","
		"\"path\":\"/edges/-\",\"value\":{\"from\":\"tell\",\"to\":\"ask\"}},{\"op\":\"add\","
		"\"path\":\"/nodes/-\",\"value\":{\"id\":\"ask\",\"type\":\"agent\",\"config\":"
		"{\"task\":\"t\"},\"retry\":{\"max_attempts\":2}}},{\"op\":\"replace\",\"path\":"
		"\"/nodes/0/config/url\",\"value\":\"https://e.org/y\"},{\"op\":\"remove\",\"path\":"
		"\"/nodes/2/timeout_ms\"}]}", 0);
}

static int patch_refused(struct outcome *out, agentrun_error **err)
{
	return apply(out, err, FLOW, "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		"\"a b\",\"type\":\"x\"}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":{\"from\":"
		"\"tell\",\"to\":\"fetch\"}},{\"op\":\"add\",\"path\":\"/edges/-\",\"value\":"
		"{\"from\":\"nowhere\",\"to\":1}}]", 0);
}

static int patch_raw(struct outcome *out, agentrun_error **err)
{
	return apply(out, err, "{\"a\":[1,{\"b\":null}],\"c~/d\":\"\\u00e9\",\"a\":[3]}",
		"[{\"op\":\"move\",\"from\":\"/c~0~1d\",\"path\":\"/a/0\"},{\"op\":\"copy\",\"from\":"
		"\"/a\",\"path\":\"/z\"},{\"op\":\"test\",\"path\":\"/z/1\",\"value\":3.0},{\"op\":"
		"\"replace\",\"path\":\"/a\",\"value\":{\"k\":[]}}]", 1);
}

static int patch_failed(struct outcome *out, agentrun_error **err)
{
	return apply(out, err, "{\"a\":1}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":2}]", 1);
}

static int patch_schema(struct outcome *out, agentrun_error **err)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":{\"nodes\":{\"items\":"
		"{\"required\":[\"id\"],\"properties\":{\"type\":{\"enum\":[\"http\",\"filter\","
		"\"task\"]},\"id\":{\"pattern\":\"^[a-z]+$\"}}}}}}";
	agentrun_workflow_options opts;
	int r;

	agentrun_workflow_options_init(&opts, sizeof(opts));
	opts.schema = schema;
	opts.schema_len = sizeof(schema) - 1;
	r = agentrun_workflow_check(ctx, FLOW, strlen(FLOW), &opts, err);
	if (r == 0)
		say_str(out, "valid");
	return r;
}

/* The schema is at an address; the second time what is there is asked about. */
static int patch_remote_schema(struct outcome *out, agentrun_error **err)
{
	static const char patch[] = "[{\"op\":\"add\",\"path\":\"/nodes/-\",\"value\":{\"id\":"
		"\"x\",\"type\":\"task\"}}]";
	agentrun_patch_result *result = NULL;
	agentrun_ctx_options opts;
	agentrun_config *config;
	agentrun_ctx *own = NULL;
	int r = agentrun_config_new(&config, err);

	if (r == 0)
		r = agentrun_config_set(config, "workflow.schema",
			"https://a.example/flow.schema.json", err);
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	if (r == 0)
		r = agentrun_ctx_new(&own, &opts, err);
	if (r == 0)
		r = agentrun_ctx_set_transport(own, &wire_impl, NULL, err);
	for (int i = 0; r == 0 && i < 2; i++) {
		r = agentrun_apply_patch(&result, own, FLOW, strlen(FLOW), patch,
			sizeof(patch) - 1, NULL, err);
		if (r == 0)
			say_str(out, agentrun_patch_result_document(result, NULL));
		agentrun_patch_result_free(result);
	}
	agentrun_ctx_free(own);
	agentrun_config_free(config);
	return no_thread(r, err);
}

static int document_hash(struct outcome *out, agentrun_error **err)
{
	char hex[65];
	int r = agentrun_document_hash(hex, ctx, FLOW, strlen(FLOW), err);

	if (r == 0)
		say_str(out, hex);
	return r;
}

/* ---- stores ------------------------------------------------------------- */

static int fill(agentrun_record *record, const char *job, const char *data)
{
	int r = agentrun_record_set(record, AGENTRUN_RECORD_JOB_ID, job, strlen(job));

	if (r == 0)
		r = agentrun_record_set(record, AGENTRUN_RECORD_STATUS, "completed", 9);
	if (r == 0)
		r = agentrun_record_set(record, AGENTRUN_RECORD_RESULT_DATA, data, strlen(data));
	return r;
}

static int put_and_get(struct outcome *out, agentrun_store *store, const char *job,
	const char *data, agentrun_error **err)
{
	agentrun_buf ref = AGENTRUN_BUF_INIT, back = AGENTRUN_BUF_INIT;
	agentrun_record *record, *found = NULL;
	int r = agentrun_record_new(&record, err);

	if (r == 0 && fill(record, job, data) < 0)
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	if (r == 0)
		r = agentrun_store_put(&ref, store, record, err);
	if (r == 0)
		r = agentrun_store_get(&back, store, ref.data, err);
	if (r == 0)
		r = agentrun_store_find_job(&found, store, job, err);
	if (r == 0)
		say(out, back.data, back.len);
	agentrun_record_free(record);
	agentrun_record_free(found);
	agentrun_buf_dispose(&ref);
	agentrun_buf_dispose(&back);
	return r;
}

static int use_store(struct outcome *out, agentrun_store *store, agentrun_error **err)
{
	agentrun_records *records = NULL;
	agentrun_buf ref = AGENTRUN_BUF_INIT;
	uint64_t removed = 0;
	int r;

	r = put_and_get(out, store, "one", "[1]", err);
	if (r == 0)
		r = put_and_get(out, store, "two", "[\"a blob\"]", err);
	if (r == 0)
		r = agentrun_store_put_blob(&ref, store, "abc", 3, err);
	if (r == 0)
		r = agentrun_store_list(&records, store, NULL, err);
	if (r == 0)
		say_str(out, agentrun_records_count(records) == 2 ? "two records" : "?");
	if (r == 0)
		r = agentrun_store_gc(&removed, NULL, store, "2999-01-01", err);
	if (r == 0)
		say_str(out, removed == 2 ? "both removed" : "?");
	agentrun_buf_dispose(&ref);
	agentrun_records_free(records);
	return r;
}

static agentrun_store_options small_records(void)
{
	agentrun_store_options opts;

	agentrun_store_options_init(&opts, sizeof(opts));
	opts.max_inline_bytes = 4;
	return opts;
}

static int memory_store(struct outcome *out, agentrun_error **err)
{
	agentrun_memory_store_options opts;
	agentrun_store_options small = small_records();
	agentrun_store *store;
	int r;

	agentrun_memory_store_options_init(&opts, sizeof(opts));
	opts.store = &small;
	r = agentrun_memory_store_new(&store, &opts, err);
	if (r == 0)
		r = use_store(out, store, err);
	agentrun_store_free(store);
	return r;
}

#ifdef WITH_SQLITE
static int sqlite_store(struct outcome *out, agentrun_error **err)
{
	agentrun_store_options small = small_records();
	agentrun_sqlite_store_options opts;
	agentrun_store *store;
	int r;

	agentrun_sqlite_store_options_init(&opts, sizeof(opts));
	opts.path = ":memory:";
	opts.store = &small;
	r = agentrun_sqlite_store_new(&store, &opts, err);
	if (r == 0)
		r = use_store(out, store, err);
	agentrun_store_free(store);
	return r;
}
#endif

/* ---- queues ------------------------------------------------------------- */

static int make_job(agentrun_jobs *jobs, agentrun_error **err)
{
	static const char payload[] = "{\"prompt\":\"x\"}";
	agentrun_job *job;
	int r = agentrun_job_new(&job, "j", payload, sizeof(payload) - 1, err);

	if (r == 0 && agentrun_jobs_add(jobs, job) < 0) {
		agentrun_job_free(job);
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	}
	return r;
}

static int use_queue(struct outcome *out, agentrun_queue *queue, agentrun_jobs *jobs,
	agentrun_jobs *taken, agentrun_error **err)
{
	agentrun_job *job;
	agentrun_buf text = AGENTRUN_BUF_INIT;
	int r = make_job(jobs, err);

	if (r == 0)
		r = agentrun_queue_enqueue(queue, jobs, err);
	if (r == 0)
		r = agentrun_queue_acquire(queue, taken, 1, 1000, 0, err);
	if (r == 0)
		r = agentrun_queue_renew(queue, taken, 0, err);
	job = agentrun_jobs_at(taken, 0);
	if (r == 0 && job && (agentrun_job_set_result(job, "{}", 2) < 0 ||
		agentrun_job_reject(job, "because") < 0))
		r = agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	if (r == 0)
		r = agentrun_queue_settle(queue, taken, err);
	if (r == 0)
		say_str(out, job && agentrun_job_is_settled(job) ? "settled" : "?");
	if (r == 0)
		r = agentrun_queue_result(&text, queue, "j", 0, err);
	if (r == 0)
		say(out, text.data, text.len);
	if (r == 0)
		r = agentrun_queue_dead_list(&text, queue, NULL, err);
	if (r == 0)
		say_str(out, strstr(text.data, "because") ? "dead" : "?");
	if (r == 0)
		r = agentrun_queue_dead_retry(queue, NULL, err);
	agentrun_buf_dispose(&text);
	return r;
}

static int memory_queue(struct outcome *out, agentrun_error **err)
{
	agentrun_jobs *jobs = NULL, *taken = NULL;
	agentrun_queue *queue;
	int r = agentrun_memory_queue_new(&queue, NULL, err);

	if (r == 0)
		r = agentrun_jobs_new(&jobs, err);
	if (r == 0)
		r = agentrun_jobs_new(&taken, err);
	if (r == 0)
		r = use_queue(out, queue, jobs, taken, err);
	agentrun_jobs_free(jobs);
	agentrun_jobs_free(taken);
	agentrun_queue_free(queue);
	return r;
}

/* ---- jobs --------------------------------------------------------------- */

static int run_job(struct outcome *out, agentrun_error **err, const char *job,
	const char *planner)
{
	agentrun_engine_options opts;
	agentrun_result *result;
	int r, code;

	agentrun_engine_options_init(&opts, sizeof(opts));
	opts.planner = planner;
	r = agentrun_run(&result, ctx, job, strlen(job), &opts, err);
	if (r < 0)
		return no_thread(r, err);
	code = agentrun_error_code(agentrun_result_error(result));
	if (code == 0)
		say_str(out, agentrun_result_data(result, NULL));
	else
		agentrun_error_raise(err, code, "%s",
			agentrun_error_message(agentrun_result_error(result)));
	if (!strstr(agentrun_result_payload(result, NULL), agentrun_result_status(result)))
		code = agentrun_error_raise(err, AGENTRUN_EINTERNAL, "the message lacks the status");
	agentrun_result_free(result);
	return code;
}

static int job_execute(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"version\":\"1.0\",\"job_id\":\"j\",\"run_id\":\"r\","
		"\"prompt\":\"show me the 2 cheapest\",\"context\":{\"data\":" ROWS
		",\"session_id\":\"s\"},\"timeout_sec\":600}", NULL);
}

static int job_patch(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"task\":\"add a task node named ask after tell\","
		"\"current_workflow\":" FLOW ",\"workflow_tag\":\"t\",\"workflow_owner\":\"o\"}",
		NULL);
}

static int job_invalid(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"version\":5,\"run_id\":[],\"context\":{\"session_id\":1,"
		"\"previous_results\":[1]}}", NULL);
}

static int job_unclear(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"prompt\":\"zxqv the blorb\",\"job_id\":\"j\"}", NULL);
}

static int job_planned(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"prompt\":\"show me the rows\",\"context\":{\"data\":" ROWS
		"}}", "torture");
}

static int job_tool(struct outcome *out, agentrun_error **err)
{
	return run_job(out, err, "{\"job_id\":\"j\",\"prompt\":\"answer\"}", "torture");
}

static int start_answer(void *self, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err)
{
	(void)self;
	(void)call;
	(void)err;
	agentrun_tool_finish(pending, "[42]", 4, NULL);
	return 0;
}

static int give_plan(void *self, agentrun_buf *answer, const char *text,
	size_t len, const agentrun_plan_options *opts, agentrun_error **err)
{
	static const char count[] = "{\"tool_calls\":[{\"function\":{\"name\":"
		"\"execute_pipeline\",\"arguments\":\"{\\\"pipeline\\\":[{\\\"step\\\":"
		"\\\"count\\\"}]}\"}}],\"message\":\"done\"}";
	static const char call[] = "{\"tool_calls\":[{\"function\":{\"name\":\"answer\","
		"\"arguments\":\"{}\"}}]}";
	const char *json = len == 6 && memcmp(text, "answer", 6) == 0 ? call : count;

	(void)self;
	(void)opts;
	if (agentrun_buf_set(answer, json, strlen(json)) < 0)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	return 0;
}

/* ---- configuration and context ------------------------------------------ */

static int config_text(struct outcome *out, agentrun_error **err)
{
	/* Fewer than 16 nodes: libyaml 0.2.5 loses memory when it cannot grow its list
	 * of nodes. */
	static const char yaml[] = "service: {port: 9000, name: '${TORTURE_NONE:-x}'}\nhttp:\n"
		"  allow_hosts: [a, b]\n";
	agentrun_config *config;
	int r = agentrun_config_new(&config, err);

	if (r == 0)
		r = agentrun_config_load_text(config, "c.yaml", yaml, sizeof(yaml) - 1, err);
	if (r == 0) {
		say_str(out, agentrun_config_get(config, "service.name"));
		say_str(out, agentrun_config_get(config, "http.allow_hosts"));
	}
	agentrun_config_free(config);
	return r;
}

static int config_refused(struct outcome *out, agentrun_error **err)
{
	static const char yaml[] = "service:\n  port: ${TORTURE_NONE}\n";
	agentrun_config *config;
	int r = agentrun_config_new(&config, err);

	(void)out;
	if (r == 0)
		r = agentrun_config_load_text(config, "c.yaml", yaml, sizeof(yaml) - 1, err);
	agentrun_config_free(config);
	return r;
}

static int config_file(struct outcome *out, agentrun_error **err)
{
	agentrun_ctx_options opts;
	agentrun_config *config;
	agentrun_ctx *other = NULL;
	int r = agentrun_config_new(&config, err);

	if (r == 0)
		r = agentrun_config_load_file(config, config_path, err);
	if (r == 0)
		r = agentrun_config_load_env(config, err);
	agentrun_ctx_options_init(&opts, sizeof(opts));
	opts.config = config;
	if (r == 0)
		r = agentrun_ctx_new(&other, &opts, err);
	if (r == 0) {
		say_str(out, agentrun_config_get(agentrun_ctx_config(other), "llm.model"));
		say_str(out, agentrun_config_get(agentrun_ctx_config(other), "service.port"));
	}
	agentrun_ctx_free(other);
	agentrun_config_free(config);
	return r;
}

static bool write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	return file && fputs(text, file) >= 0 && fclose(file) == 0;
}

bool calls_begin(void)
{
	const agentrun_planner_impl planner = { .version = AGENTRUN_PLANNER_IMPL_VERSION,
		.struct_size = sizeof(planner), .name = "torture", .plan = give_plan };
	const agentrun_tool_impl tool = { .version = AGENTRUN_TOOL_IMPL_VERSION,
		.struct_size = sizeof(tool), .name = "answer", .description = "answers",
		.start = start_answer };

	unsetenv("PORT");
	unsetenv("TORTURE_NONE");
	if (!mkdtemp(folder))
		return false;
	snprintf(config_path, sizeof(config_path), "%s/c.yaml", folder);
	snprintf(env_path, sizeof(env_path), "%s/.env", folder);
	return write_file(config_path, "llm: {model: '${MODEL}'}\n") &&
		write_file(env_path, "# x\nexport MODEL='m'\nPORT=9999\n") &&
		agentrun_ctx_new(&ctx, NULL, NULL) == 0 &&
		agentrun_ctx_add_planner(ctx, &planner, NULL, NULL) == 0 &&
		agentrun_ctx_add_tool(ctx, &tool, NULL, NULL) == 0;
}

void calls_end(void)
{
	agentrun_ctx_free(ctx);
	unlink(config_path);
	unlink(env_path);
	rmdir(folder);
}

#define CALL(name) { #name, name }

const struct call calls[] = {
	CALL(classify_execute), CALL(classify_patch), CALL(classify_refused),
	CALL(plan_query), CALL(plan_group), CALL(plan_context), CALL(plan_unclear),
	CALL(plan_insert), CALL(plan_remove), CALL(plan_settings), CALL(plan_notify),
	CALL(execute_filter_sort), CALL(execute_group_join), CALL(execute_shapes),
	CALL(execute_csv), CALL(execute_read_csv), CALL(execute_read_nested),
	CALL(execute_read_nothing), CALL(execute_ndjson), CALL(execute_bad_step),
	CALL(execute_text), CALL(execute_bad_expr), CALL(execute_bad_operand),
	CALL(step_own), CALL(step_own_refused),
	CALL(execute_bad_input), CALL(execute_bad_sum), CALL(rows),
	CALL(execute_http), CALL(plan_model), CALL(plan_model_stream), CALL(job_model),
	CALL(patch_workflow), CALL(patch_refused), CALL(patch_raw), CALL(patch_failed),
	CALL(patch_schema), CALL(patch_remote_schema), CALL(document_hash),
	CALL(memory_store),
#ifdef WITH_SQLITE
	CALL(sqlite_store),
#endif
	CALL(memory_queue),
	CALL(job_execute), CALL(job_patch), CALL(job_invalid), CALL(job_unclear),
	CALL(job_planned), CALL(job_tool), CALL(journal_of_plan), CALL(journal_of_talk),
	CALL(config_text), CALL(config_refused), CALL(config_file),
};

const size_t n_calls = sizeof(calls) / sizeof(calls[0]);
