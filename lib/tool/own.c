/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "tool/own.h"

#include <stdlib.h>
#include <string.h>

#include "llm/tools.h"
#include "table/scan.h"

#define NAME_MAX_BYTES 64

struct agr_own_tool {
	agentrun_tool_impl impl;
	void *self;
	agr_own_tool *next;
};

const agr_own_tool *agr_own_tool_find(const agr_own_tool *list, const char *name)
{
	while (list && strcmp(list->impl.name, name) != 0)
		list = list->next;
	return list;
}

const agr_own_tool *agr_own_tool_next(const agr_own_tool *tool)
{
	return tool->next;
}

const char *agr_own_tool_name(const agr_own_tool *tool)
{
	return tool->impl.name;
}

const char *agr_own_tool_description(const agr_own_tool *tool)
{
	return tool->impl.description;
}

const char *agr_own_tool_parameters(const agr_own_tool *tool)
{
	return tool->impl.parameters;
}

int agr_own_tool_lane(const agr_own_tool *tool)
{
	return tool ? tool->impl.lane : -1;
}

bool agr_own_tool_is_pure(const agr_own_tool *tool)
{
	return tool->impl.flags & AGENTRUN_TOOL_PURE;
}

bool agr_own_tool_waits(const agr_own_tool *tool)
{
	return tool->impl.start != NULL;
}

static int explain(int r, agentrun_error **err)
{
	return r < 0 ? agentrun_error_raise(err, r, "it failed and did not say why") : 0;
}

int agr_own_tool_call(const agr_own_tool *tool, agentrun_buf *result,
	const agentrun_tool_call *call, agentrun_error **err)
{
	return explain(tool->impl.call(tool->self, result, call, err), err);
}

int agr_own_tool_start(const agr_own_tool *tool, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err)
{
	return explain(tool->impl.start(tool->self, pending, call, err), err);
}

void agr_own_tool_cancel(const agr_own_tool *tool, const agentrun_tool_pending *pending)
{
	if (tool->impl.cancel)
		tool->impl.cancel(tool->self, pending);
}

int agr_own_tool_check(const agr_own_tool *tool, const agentrun_buf *result,
	agentrun_error **err)
{
	agr_text text = { .name = tool->impl.name, .code = AGENTRUN_EPIPELINE,
		.p = result->data ? result->data : "", .n = result->len };
	agr_span value;
	int r = agr_scan_document(&value, &text, err);

	if (r < 0)
		agr_error_prefix(err, "the tool's result is no JSON");
	return r;
}

/* ---- the list --------------------------------------------------------------------- */

static bool is_name(const char *name)
{
	size_t n = name ? strlen(name) : 0;

	for (size_t i = 0; i < n; i++)
		if (!agr_is_alpha(name[i]) && !agr_is_digit(name[i]) && name[i] != '_' &&
			name[i] != '-')
			return false;
	return n && n <= NAME_MAX_BYTES;
}

static int check_impl(const agentrun_ctx *ctx, const agentrun_tool_impl *impl,
	agentrun_error **err)
{
	agr_text text = { .name = "parameters", .p = impl->parameters,
		.n = impl->parameters ? strlen(impl->parameters) : 0, .code = AGENTRUN_EINVAL };
	agr_span schema;
	int r = 0;

	if (!is_name(impl->name) || !impl->description || !(impl->call || impl->start))
		return agentrun_error_raise(err, AGENTRUN_EINVAL, "agentrun_tool_impl wants name "
			"(1 to 64 of A-Z a-z 0-9 _ -), description, and call or start");
	if (impl->lane < AGENTRUN_LANE_UNCLEAR || impl->lane > AGENTRUN_LANE_PATCH)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_tool_impl.lane is none: %d", impl->lane);
	if (impl->reserved || impl->flags & ~(uint32_t)AGENTRUN_TOOL_PURE)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_tool_impl: a flag that is not known, or reserved is not 0");
	if (agr_tool_lane(ctx, impl->name) >= 0)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"a tool named \"%s\" is there already", impl->name);
	if (impl->parameters)
		r = agr_scan_document(&schema, &text, err);
	if (r == 0 && impl->parameters && agr_span_type(schema) != AGR_TYPE_OBJECT)
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the parameters of the tool \"%s\" are no JSON Schema object", impl->name);
	return r;
}

static void own_free(agr_own_tool *own)
{
	free((char *)own->impl.name);
	free((char *)own->impl.description);
	free((char *)own->impl.parameters);
	free(own);
}

int agentrun_ctx_add_tool(agentrun_ctx *ctx, const agentrun_tool_impl *impl_in,
	void *take_self, agentrun_error **err)
{
	agentrun_tool_impl impl;
	agr_own_tool *own, **last = &ctx->tools;
	int r = agr_impl_read(&impl, sizeof(impl), impl_in, AGENTRUN_TOOL_IMPL_VERSION,
		"agentrun_tool_impl", err);

	if (r == 0)
		r = check_impl(ctx, &impl, err);
	if (r < 0)
		return r;
	own = calloc(1, sizeof(*own));
	if (!own)
		return agr_error_oom(err);
	own->impl = impl;
	own->self = take_self;
	own->impl.name = strdup(impl.name);
	own->impl.description = strdup(impl.description);
	own->impl.parameters = strdup(impl.parameters ? impl.parameters :
		"{\"type\":\"object\",\"properties\":{}}");
	if (!own->impl.name || !own->impl.description || !own->impl.parameters) {
		own_free(own);
		return agr_error_oom(err);
	}
	while (*last)
		last = &(*last)->next;
	*last = own;
	return 0;
}

void agr_own_tools_free(agr_own_tool *list)
{
	while (list) {
		agr_own_tool *next = list->next;

		if (list->impl.destroy)
			list->impl.destroy(list->self);
		own_free(list);
		list = next;
	}
}
