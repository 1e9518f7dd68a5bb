/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "pipeline/own.h"

#include <stdlib.h>
#include <string.h>

#include <agentrun/sys/step.h>

#include "ctx/ctx.h"
#include "pipeline/chain.h"
#include "schema/schema.h"

struct agr_own_step {
	agr_step_type type;
	agentrun_step_impl impl;
	void *self;
	struct agr_own_step *next;
};

struct own_plan {
	const agr_own_step *own;
	void *plan;
};

struct own_run {
	void *run;
	int failed; /* what a row that was handed on met; it may have been ignored */
};

/* ---- a step at work ------------------------------------------------------------- */

/* An error of the application's; it need not have said why. */
static int fault(int r, agentrun_error **err)
{
	return r < 0 ? agentrun_error_raise(err, r, "it failed and did not say why") : r;
}

static int own_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	const struct own_plan *p = op->plan;
	struct own_run *run = op->state;
	int r = 0;

	(void)supplied;
	if (p->own->impl.new_run)
		r = fault(p->own->impl.new_run(p->own->self, p->plan, &run->run, err), err);
	return r < 0 ? r : 0;
}

static int own_emit(void *to, const char *text, size_t len, agentrun_error **err)
{
	agr_op *op = to;
	struct own_run *run = op->state;
	agr_text row = { .name = "a row it made", .p = text, .n = len,
		.max_depth = agr_run_max_depth(op->run), .code = AGENTRUN_EPIPELINE };
	agr_span value;

	if (run->failed)
		return run->failed;
	run->failed = agr_scan_document(&value, &row, err);
	if (run->failed < 0)
		return run->failed;
	agr_buf_reset(&op->row);
	agr_buf_add(&op->row, value.p, value.n);
	run->failed = agr_op_emit_made(op, false, err);
	return run->failed;
}

static int result_of(const struct own_run *run, int r, agentrun_error **err)
{
	if (run->failed < 0)
		return run->failed;
	if (r < 0)
		return fault(r, err);
	return r || run->failed ? AGR_ENOUGH : 0;
}

static int own_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	const struct own_plan *p = op->plan;
	struct own_run *run = op->state;
	int r;

	agr_buf_reset(&op->key);
	agr_value_write(&op->key, row->span);
	if (op->key.failed)
		return agr_error_oom(err);
	r = p->own->impl.push(p->own->self, p->plan, run->run, op->key.data, op->key.len,
		own_emit, op, err);
	return result_of(run, r, err);
}

static int own_finish(agr_op *op, agentrun_error **err)
{
	const struct own_plan *p = op->plan;
	struct own_run *run = op->state;
	int r = 0;

	if (p->own->impl.finish)
		r = p->own->impl.finish(p->own->self, p->plan, run->run, own_emit, op, err);
	r = result_of(run, r, err);
	return r < 0 ? r : 0;
}

static void own_close(agr_op *op)
{
	const struct own_plan *p = op->plan;
	struct own_run *run = op->state;

	if (p->own->impl.run_free && run->run)
		p->own->impl.run_free(p->own->self, run->run);
}

static void own_plan_free(void *plan)
{
	struct own_plan *p = plan;

	if (p->own->impl.plan_free && p->plan)
		p->own->impl.plan_free(p->own->self, p->plan);
	free(p);
}

static const agr_step_type own_type = {
	.plan_free = own_plan_free,
	.makes_rows = true,
	.state_size = sizeof(struct own_run),
	.open = own_open,
	.push = own_push,
	.finish = own_finish,
	.close = own_close,
};

/* ---- its parameters --------------------------------------------------------------- */

static void note_fault(void *user, const char *pointer, size_t len, const char *what)
{
	agr_buf *first = user;

	if (!first->len)
		agr_buf_printf(first, "%.*s%s%s", (int)len, pointer, len ? ": " : "", what);
}

int agr_step_check_schema(const char *schema, agr_span object, agentrun_error **err)
{
	agr_buf first = AGR_BUF_INIT;
	agr_text text = { .name = "parameters", .p = schema, .n = strlen(schema) };
	agr_span value;
	int r = agr_scan_document(&value, &text, err);

	if (r == 0)
		r = agr_schema_check(value, object, note_fault, &first, err);
	if (r > 0)
		r = first.failed ? agr_error_oom(err)
				 : agentrun_error_raise(err, AGENTRUN_EINPUT, "%s", first.data);
	agr_buf_free(&first);
	return r;
}

int agr_own_compile(const agr_own_step *own, agr_compiled *step, const agr_args *args,
	agentrun_error **err)
{
	struct own_plan *p;
	agr_buf text = AGR_BUF_INIT;
	int r = 0;

	step->type = &own->type;
	if (own->impl.parameters)
		r = agr_step_check_schema(own->impl.parameters, args->object, err);
	if (r < 0)
		return r;
	step->plan = p = calloc(1, sizeof(*p));
	if (!p)
		return agr_error_oom(err);
	p->own = own;
	if (!own->impl.compile)
		return 0;
	agr_value_write(&text, args->object);
	r = agr_buf_check(&text, "a step", err);
	if (r == 0)
		r = fault(own->impl.compile(own->self, text.data, text.len, &p->plan, err), err);
	agr_buf_free(&text);
	return r < 0 ? r : 0;
}

/* ---- the list ------------------------------------------------------------------- */

const agr_own_step *agr_own_next(const agr_own_step *step)
{
	return step->next;
}

const char *agr_own_name(const agr_own_step *step)
{
	return step->impl.name;
}

const char *agr_own_summary(const agr_own_step *step)
{
	return step->type.summary;
}

const char *agr_own_parameters(const agr_own_step *step)
{
	return step->impl.parameters;
}

const agr_own_step *agr_own_find(const agr_own_step *list, const char *name, size_t len)
{
	for (; list; list = list->next)
		if (strlen(list->impl.name) == len && memcmp(list->impl.name, name, len) == 0)
			return list;
	return NULL;
}

static int check_impl(const agentrun_ctx *ctx, const agentrun_step_impl *impl,
	agentrun_error **err)
{
	agr_text text = { .name = "parameters", .code = AGENTRUN_EINVAL };
	agr_span schema;
	int r;

	if (!impl->name || !*impl->name || !impl->push)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"agentrun_step_impl wants name and push");
	if (agr_step_find(impl->name, strlen(impl->name)) ||
		agr_own_find(ctx->steps, impl->name, strlen(impl->name)))
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"a step named \"%s\" is there already", impl->name);
	if (!impl->parameters)
		return 0;
	text.p = impl->parameters;
	text.n = strlen(impl->parameters);
	r = agr_scan_document(&schema, &text, err);
	if (r == 0 && *schema.p != '{')
		r = agentrun_error_raise(err, AGENTRUN_EINVAL,
			"the parameters of the step \"%s\" are no JSON Schema object", impl->name);
	return r;
}

int agentrun_ctx_add_step(agentrun_ctx *ctx, const agentrun_step_impl *impl_in,
	void *take_self, agentrun_error **err)
{
	agentrun_step_impl impl;
	agr_own_step *own, **last = &ctx->steps;
	int r = agr_impl_read(&impl, sizeof(impl), impl_in, AGENTRUN_STEP_IMPL_VERSION,
		"agentrun_step_impl", err);

	if (r == 0)
		r = check_impl(ctx, &impl, err);
	if (r < 0)
		return r;
	own = calloc(1, sizeof(*own));
	if (!own)
		return agr_error_oom(err);
	own->type = own_type;
	own->type.name = impl.name;
	own->type.summary = impl.summary ? impl.summary : "";
	own->type.holds = "what the application keeps";
	own->impl = impl;
	own->self = take_self;
	while (*last)
		last = &(*last)->next;
	*last = own;
	return 0;
}

void agr_own_steps_free(agr_own_step *list)
{
	while (list) {
		agr_own_step *next = list->next;

		if (list->impl.destroy)
			list->impl.destroy(list->self);
		free(list);
		list = next;
	}
}
