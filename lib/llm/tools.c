/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "llm/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "llm/llm.h"
#include "llm/strict.h"
#include "patch/workflow.h"
#include "pipeline/own.h"
#include "pipeline/pipeline.h"
#include "schema/schema.h"
#include "tool/own.h"

/* ---- execute_pipeline ------------------------------------------------------------ */

/* More tools of the application's than this are not offered but found. */
#define MAX_OFFERED 24

struct steps {
	agr_buf list, definitions;
};

/* A step's schema without its definitions, which move to the root. */
static void add_step(struct steps *steps, const char *name, const char *schema)
{
	agr_span root = { schema, schema ? strlen(schema) : 0 }, key, value, k, v;
	agr_iter it, inner;
	bool first = true;

	agr_buf_str(&steps->list, steps->list.len ? ",{" : "{");
	if (!schema)
		agr_buf_printf(&steps->list, "\"type\":\"object\",\"required\":[\"step\"],"
			"\"properties\":{\"step\":{\"const\":\"%s\"}}", name);
	it = agr_iter_of(schema ? root : (agr_span){ "{}", 2 });
	while (agr_object_next(&it, &key, &value)) {
		if (!agr_string_is(key, "definitions", 11)) {
			if (!first)
				agr_buf_char(&steps->list, ',');
			first = false;
			agr_buf_add(&steps->list, key.p, key.n);
			agr_buf_char(&steps->list, ':');
			agr_buf_add(&steps->list, value.p, value.n);
			continue;
		}
		inner = agr_iter_of(value);
		while (agr_object_next(&inner, &k, &v)) {
			if (steps->definitions.len)
				agr_buf_char(&steps->definitions, ',');
			agr_buf_add(&steps->definitions, k.p, k.n);
			agr_buf_char(&steps->definitions, ':');
			agr_buf_add(&steps->definitions, v.p, v.n);
		}
	}
	agr_buf_char(&steps->list, '}');
}

/* "$defs" is the newer name, and the one that all providers know. */
static void rename_refs(agr_buf *text)
{
	static const char old[] = "\"#/definitions/", new[] = "\"#/$defs/";
	char *at = text->data;

	while (at && !text->failed && (at = strstr(at, old))) {
		size_t behind = text->len - (size_t)(at - text->data) - (sizeof(old) - 1);

		memcpy(at, new, sizeof(new) - 1);
		memmove(at + sizeof(new) - 1, at + sizeof(old) - 1, behind + 1);
		text->len -= sizeof(old) - sizeof(new);
	}
}

static void pipeline_schema(agr_buf *out, const agentrun_ctx *ctx)
{
	struct steps steps = { AGR_BUF_INIT, AGR_BUF_INIT };

	for (size_t i = 0; agr_step_name(i); i++)
		add_step(&steps, agr_step_name(i), agr_step_schema(i));
	for (const agr_own_step *own = ctx->steps; own; own = agr_own_next(own))
		add_step(&steps, agr_own_name(own), agr_own_parameters(own));
	agr_buf_str(out, "{\"type\":\"object\",\"properties\":{\"pipeline\":{\"type\":\"array\","
		"\"minItems\":1,\"description\":\"the steps, in order; data flows from step to "
		"step\",\"items\":{\"anyOf\":[");
	agr_buf_add(out, steps.list.data, steps.list.len);
	agr_buf_str(out, "]}},\"input_ref\":{\"type\":\"string\",\"description\":\"artifact:// "
		"or cas:// ref of the data to begin from, when it is not the request's rows\"},"
		"\"session_id\":{\"type\":\"string\"}},\"required\":[\"pipeline\"],\"$defs\":{");
	agr_buf_add(out, steps.definitions.data, steps.definitions.len);
	agr_buf_str(out, "}}");
	if (steps.list.failed || steps.definitions.failed)
		out->failed = AGENTRUN_ENOMEM;
	rename_refs(out);
	agr_buf_free(&steps.list);
	agr_buf_free(&steps.definitions);
}

/* What the arguments are checked against: a step's own faults are told better by the
 * compiler, which knows them all. */
static const char pipeline_check[] = "{\"type\":\"object\",\"required\":[\"pipeline\"],"
	"\"properties\":{\"pipeline\":{\"type\":\"array\",\"minItems\":1,\"items\":"
	"{\"type\":\"object\",\"required\":[\"step\"],\"properties\":{\"step\":"
	"{\"type\":\"string\"}}}},\"input_ref\":{\"type\":[\"string\",\"null\"]},"
	"\"session_id\":{\"type\":[\"string\",\"null\"]}}}";

/* ---- the others -------------------------------------------------------------------- */

static const char patch_schema[] =
	"{\"type\":\"object\",\"properties\":{\"patch_spec\":{\"type\":\"object\","
	"\"properties\":{\"operations\":{\"type\":\"array\",\"minItems\":1,\"description\":"
	"\"RFC 6902 operations, applied in order, all or none\",\"items\":{\"type\":\"object\","
	"\"properties\":{\"op\":{\"enum\":[\"add\",\"remove\",\"replace\",\"move\",\"copy\","
	"\"test\"]},\"path\":{\"type\":\"string\",\"description\":\"JSON Pointer, such as "
	"/nodes/0/config/url or /nodes/-\"},\"from\":{\"type\":\"string\",\"description\":"
	"\"of move and copy\"},\"value\":{\"description\":\"of add, replace and test\"}},"
	"\"required\":[\"op\",\"path\"]}},\"description\":{\"type\":\"string\",\"description\":"
	"\"one sentence for a person: what changes\"}},\"required\":[\"operations\"]},"
	"\"workflow_tag\":{\"type\":\"string\"},\"workflow_owner\":{\"type\":\"string\"}},"
	"\"required\":[\"patch_spec\"]}";

/* The one of our own that may be strict: the others hold values of any form - rows, members
 * of a workflow, parameters of an operation. */
static const char search_schema[] =
	"{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\","
	"\"description\":\"what the tool should do\"},\"limit\":{\"type\":[\"integer\",\"null\"],"
	"\"minimum\":1,\"description\":\"how many at the most; null: 5\"}},"
	"\"required\":[\"query\",\"limit\"],\"additionalProperties\":false}";

/* What is checked: a server that is not strict leaves out what is null. */
static const char search_check[] =
	"{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\",\"minLength\":1},"
	"\"limit\":{\"type\":[\"integer\",\"null\"],\"minimum\":1}},\"required\":[\"query\"]}";

static const char openapi_schema[] =
	"{\"type\":\"object\",\"properties\":{\"openapi_url\":{\"type\":\"string\","
	"\"description\":\"address of an OpenAPI 3 document\"},\"operation_id\":{\"type\":"
	"\"string\"},\"params\":{\"type\":\"object\",\"description\":\"the operation's "
	"parameters by name; a request body as the member body\"},\"auth_profile\":{\"type\":"
	"[\"string\",\"null\"],\"description\":\"a configured profile\"}},"
	"\"required\":[\"openapi_url\",\"operation_id\"]}";

static const char delegate_schema[] =
	"{\"type\":\"object\",\"properties\":{\"agent_type\":{\"type\":\"string\",\"description\":"
	"\"name of a configured agent\"},\"inputs\":{\"type\":\"object\",\"description\":\"what "
	"it works on: task says what it is to do, data are rows in place of the request's\"},"
	"\"config\":{\"type\":[\"object\",\"null\"]}},\"required\":[\"agent_type\",\"inputs\"]}";

/* The tools of the library itself, in the order in which they are offered. */
static const struct built_in {
	const char *name;
	int lane; /* AGENTRUN_LANE_UNCLEAR: of every lane */
	const char *description;
	const char *schema; /* NULL: pipeline_schema() */
} built_in[] = {
	{ AGR_TOOL_EXECUTE, AGENTRUN_LANE_EXECUTE,
		"Run a data pipeline once, on the request's rows, on a ref or on what its first "
		"step fetches, and return the resulting data. Changes nothing for good.", NULL },
	{ AGR_TOOL_PATCH, AGENTRUN_LANE_PATCH,
		"Change the current workflow for good, by a JSON Patch (RFC 6902). Returns what "
		"changed, or every rule that the result would break.", patch_schema },
	{ AGR_TOOL_SEARCH, AGENTRUN_LANE_UNCLEAR,
		"Find tools by what they do. Returns their names, descriptions and parameters.",
		search_schema },
	{ AGR_TOOL_OPENAPI, AGENTRUN_LANE_EXECUTE,
		"Call one operation of an HTTP API that an OpenAPI 3 document describes, and "
		"return what it answers.", openapi_schema },
	{ AGR_TOOL_DELEGATE, AGENTRUN_LANE_EXECUTE,
		"Let another agent, one that is configured, work on something of its own, and "
		"return its result.", delegate_schema },
};

/* ---- the table ---------------------------------------------------------------------- */

static const struct built_in *find_built_in(const char *name)
{
	for (size_t i = 0; i < AGR_COUNT(built_in); i++)
		if (strcmp(built_in[i].name, name) == 0)
			return &built_in[i];
	return NULL;
}

int agr_tool_lane(const agentrun_ctx *ctx, const char *name)
{
	const struct built_in *tool = find_built_in(name);

	if (tool)
		return tool->lane;
	return agr_own_tool_lane(agr_own_tool_find(ctx->tools, name));
}

bool agr_tool_fits(const agentrun_ctx *ctx, const char *name, int lane)
{
	int of = agr_tool_lane(ctx, name);

	return of >= 0 && (lane == AGENTRUN_LANE_UNCLEAR || of == AGENTRUN_LANE_UNCLEAR ||
		of == lane);
}

static int add_tool(agr_llm *llm, const char *name, const char *description,
	agr_buf *schema, agentrun_error **err)
{
	agr_tool *grown = realloc(llm->tools, (llm->n_tools + 1) * sizeof(*grown)), *tool;

	if (!grown) {
		agr_buf_free(schema);
		return agr_error_oom(err);
	}
	llm->tools = grown;
	tool = &grown[llm->n_tools++];
	*tool = (agr_tool){ .name = strdup(name), .description = strdup(description),
		.parameters_len = schema->len };
	tool->parameters = agr_buf_give_str(schema, err);
	if (!tool->parameters)
		return AGENTRUN_ENOMEM;
	tool->strict = agr_schema_is_strict((agr_span){ tool->parameters, tool->parameters_len });
	return tool->name && tool->description ? 0 : agr_error_oom(err);
}

/* The length of the next configured agent's name, at agents.NAME; 0: there are no more.
 * `*i` moves behind its key. */
static size_t next_agent(const agentrun_config *config, size_t *i)
{
	static const char end[] = ".instructions";
	const char *key;

	while ((key = agr_config_key_at(config, (*i)++))) {
		size_t len = strlen(key);

		if (agr_starts_with(key, "agents.") && len > 7 + sizeof(end) - 1 &&
			strcmp(key + len - (sizeof(end) - 1), end) == 0)
			return len - 7 - (sizeof(end) - 1);
	}
	return 0;
}

/* Who there is to delegate to. */
static void add_agents(agr_buf *out, const agentrun_config *config)
{
	size_t i = 0, n;

	agr_buf_str(out, " Agents:");
	while ((n = next_agent(config, &i))) {
		const char *name = agr_config_key_at(config, i - 1) + 7, *about;
		char key[160];

		snprintf(key, sizeof(key), "agents.%.*s.description", (int)(n < 100 ? n : 100), name);
		about = agentrun_config_get(config, key);
		agr_buf_printf(out, " %.*s%s%s%s;", (int)n, name, about ? " (" : "",
			about ? about : "", about ? ")" : "");
	}
}

static size_t own_count(const agentrun_ctx *ctx)
{
	size_t n = 0;

	for (const agr_own_tool *own = ctx->tools; own; own = agr_own_tool_next(own))
		n++;
	return n;
}

bool agr_tool_is_offered(const agentrun_ctx *ctx, const char *name)
{
	bool many = own_count(ctx) > MAX_OFFERED;
	size_t first = 0;

	if (strcmp(name, AGR_TOOL_SEARCH) == 0)
		return many;
	if (strcmp(name, AGR_TOOL_DELEGATE) == 0)
		return next_agent(ctx->config, &first) > 0;
	return find_built_in(name) || !many;
}

int agr_llm_make_tools(agr_llm *llm, const agentrun_ctx *ctx, agentrun_error **err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < AGR_COUNT(built_in); i++) {
		const struct built_in *tool = &built_in[i];
		agr_buf schema = AGR_BUF_INIT, about = AGR_BUF_INIT;

		if (tool->schema)
			agr_buf_str(&schema, tool->schema);
		else
			pipeline_schema(&schema, ctx);
		agr_buf_str(&about, tool->description);
		if (strcmp(tool->name, AGR_TOOL_DELEGATE) == 0)
			add_agents(&about, ctx->config);
		r = agr_buf_check(&about, "description", err);
		if (r == 0)
			r = add_tool(llm, tool->name, about.data, &schema, err);
		else
			agr_buf_free(&schema);
		agr_buf_free(&about);
	}
	for (const agr_own_tool *own = ctx->tools; r == 0 && own; own = agr_own_tool_next(own)) {
		agr_buf schema = AGR_BUF_INIT;

		agr_buf_str(&schema, agr_own_tool_parameters(own));
		r = add_tool(llm, agr_own_tool_name(own), agr_own_tool_description(own), &schema,
			err);
	}
	return r;
}

/* ---- checking -------------------------------------------------------------------------- */

struct faults {
	agr_buf text;
	size_t n;
};

static void note_fault(void *user, const char *pointer, size_t len, const char *what)
{
	struct faults *faults = user;

	if (faults->n++ >= 10)
		return;
	agr_buf_printf(&faults->text, "%s%.*s%s%s", faults->n > 1 ? "; " : "", (int)len,
		pointer, len ? ": " : "", what);
}

static agr_span check_of(const agr_tool *tool)
{
	if (strcmp(tool->name, AGR_TOOL_EXECUTE) == 0)
		return (agr_span){ pipeline_check, sizeof(pipeline_check) - 1 };
	if (strcmp(tool->name, AGR_TOOL_SEARCH) == 0)
		return (agr_span){ search_check, sizeof(search_check) - 1 };
	return (agr_span){ tool->parameters, tool->parameters_len };
}

int agr_tool_check(const agr_tool *tool, const char *arguments, size_t len,
	agentrun_error **err)
{
	agr_text text = { .name = "arguments", .p = arguments, .n = len,
		.code = AGENTRUN_EPLAN };
	agr_span value, schema = check_of(tool);
	struct faults faults = { AGR_BUF_INIT, 0 };
	int r = agr_scan_document(&value, &text, err);

	if (r < 0) {
		agr_error_prefix(err, "the arguments of %s are not JSON", tool->name);
		return r;
	}
	r = agr_schema_check(schema, value, note_fault, &faults, err);
	if (r > 0)
		r = faults.text.failed ? agr_error_oom(err) :
			agentrun_error_raise(err, AGENTRUN_EPLAN,
				"the arguments of %s break its schema: %s", tool->name,
				faults.text.data);
	agr_buf_free(&faults.text);
	return r;
}
