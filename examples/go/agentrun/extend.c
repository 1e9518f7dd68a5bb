/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Steps and tools that are written in Go. */
#include "tables.h"

#include <string.h>

#include "_cgo_export.h"

/*
 * Rows that cross together: the first time so many, so that a step behind it that wants few
 * is soon content, then twice as many each time, up to so many; and about how many bytes. A
 * crossing hands over to a goroutine and back, which takes as long as some rows do.
 */
#define FIRST_ROWS 64
#define BATCH_ROWS 1024
#define BATCH_BYTES 131072

static int oom(agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

/* ---- steps ---------------------------------------------------------------- */

/* The table's texts must last as long as it. */
struct step {
	uintptr_t handle;
	char *name, *summary, *parameters;
};

/* A step at work: rows wait here until there are enough for a crossing. */
struct step_run {
	uintptr_t handle;
	agentrun_buf rows;
	size_t lens[BATCH_ROWS];
	size_t n, most;
};

struct emitter {
	agentrun_step_emit_fn emit;
	void *to;
};

int agrgo_emit(void *emitter, const char *data, const size_t *lens, size_t n,
	agentrun_error **err)
{
	const struct emitter *e = emitter;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		r = e->emit(e->to, data, lens[i], err);
		data += lens[i];
	}
	return r;
}

static int step_compile(void *self, const char *args, size_t len, void **plan,
	agentrun_error **err)
{
	const struct step *step = self;
	uintptr_t handle = 0;
	int r = agrgoStepCompile(step->handle, (char *)(uintptr_t)args, len, &handle, err);

	*plan = (void *)handle;
	return r;
}

static void step_plan_free(void *self, void *plan)
{
	(void)self;
	if (plan)
		agrgoDelete((uintptr_t)plan);
}

static int step_new_run(void *self, void *plan, void **out, agentrun_error **err)
{
	struct step_run *run = calloc(1, sizeof(*run));

	(void)self;
	*out = run;
	if (!run)
		return oom(err);
	run->most = FIRST_ROWS;
	return agrgoStepBegin((uintptr_t)plan, &run->handle, err);
}

static int flush(struct step_run *run, int last, agentrun_step_emit_fn emit, void *to,
	agentrun_error **err)
{
	struct emitter emitter = { .emit = emit, .to = to };
	int r = agrgoStepPush(run->handle, run->rows.data, run->lens, run->n, last, &emitter,
		err);

	run->n = 0;
	run->most = run->most < BATCH_ROWS ? run->most * 2 : BATCH_ROWS;
	/* What is written next goes where the last was. */
	run->rows.len = 0;
	return r;
}

static int step_push(void *self, void *plan, void *user, const char *row, size_t len,
	agentrun_step_emit_fn emit, void *to, agentrun_error **err)
{
	struct step_run *run = user;

	(void)self;
	(void)plan;
	if (agentrun_buf_append(&run->rows, row, len) < 0)
		return oom(err);
	run->lens[run->n++] = len;
	if (run->n < run->most && run->rows.len < BATCH_BYTES)
		return 0;
	return flush(run, 0, emit, to, err);
}

static int step_finish(void *self, void *plan, void *user, agentrun_step_emit_fn emit,
	void *to, agentrun_error **err)
{
	(void)self;
	(void)plan;
	return flush(user, 1, emit, to, err);
}

static void step_run_free(void *self, void *user)
{
	struct step_run *run = user;

	(void)self;
	if (!run)
		return;
	if (run->handle)
		agrgoDelete(run->handle);
	agentrun_buf_dispose(&run->rows);
	free(run);
}

static void step_free(void *self)
{
	struct step *step = self;

	free(step->name);
	free(step->summary);
	free(step->parameters);
	free(step);
}

static void step_destroy(void *self)
{
	const struct step *step = self;

	agrgoDelete(step->handle);
	step_free(self);
}

int agrgo_add_step(agentrun_ctx *ctx, uintptr_t handle, const char *name,
	const char *summary, const char *parameters, agentrun_error **err)
{
	struct step *step = calloc(1, sizeof(*step));
	agentrun_step_impl impl = {
		.version = AGENTRUN_STEP_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.compile = step_compile,
		.plan_free = step_plan_free,
		.new_run = step_new_run,
		.push = step_push,
		.finish = step_finish,
		.run_free = step_run_free,
		.destroy = step_destroy,
	};
	int r;

	if (!step)
		return oom(err);
	step->handle = handle;
	impl.name = step->name = strdup(name);
	impl.summary = step->summary = summary ? strdup(summary) : NULL;
	impl.parameters = step->parameters = parameters ? strdup(parameters) : NULL;
	r = !impl.name || (summary && !impl.summary) || (parameters && !impl.parameters) ?
		oom(err) : agentrun_ctx_add_step(ctx, &impl, step, err);
	if (r < 0)
		step_free(step);
	return r;
}

/* ---- tools ---------------------------------------------------------------- */

static int tool_start(void *self, agentrun_tool_pending *pending,
	const agentrun_tool_call *call, agentrun_error **err)
{
	(void)err;
	agrgoToolStart((uintptr_t)self, pending, (agentrun_tool_call *)(uintptr_t)call);
	return 0;
}

static void tool_cancel(void *self, const agentrun_tool_pending *pending)
{
	agrgoToolCancel((uintptr_t)self, (agentrun_tool_pending *)(uintptr_t)pending);
}

static void tool_destroy(void *self)
{
	agrgoDelete((uintptr_t)self);
}

int agrgo_add_tool(agentrun_ctx *ctx, uintptr_t handle, const char *name,
	const char *description, const char *parameters, int lane, int pure,
	agentrun_error **err)
{
	const agentrun_tool_impl impl = {
		.version = AGENTRUN_TOOL_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.name = name,
		.description = description,
		.parameters = parameters,
		.lane = lane,
		.destroy = tool_destroy,
		.flags = pure ? AGENTRUN_TOOL_PURE : 0,
		.start = tool_start,
		.cancel = tool_cancel,
	};

	return agentrun_ctx_add_tool(ctx, &impl, (void *)handle, err);
}
