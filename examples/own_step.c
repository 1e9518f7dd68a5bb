/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * A pipeline step of your own: `sample` hands on every n-th row, and says at the end how
 * many it saw. A pipeline then names it as it does the others.
 *
 *     cc -o own_step own_step.c $(pkg-config --cflags --libs agentrun)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/step.h>

/* The parameters, checked before compile() sees them. */
static const char parameters[] =
	"{\"type\":\"object\",\"required\":[\"every\"],\"properties\":{"
	"\"every\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":1000000}}}";

struct plan {
	unsigned long every;
};

struct run {
	unsigned long seen;
};

/* One member of a flat object, without a JSON library; the schema says what it is. */
static unsigned long read_number(const char *args, const char *key)
{
	const char *at = strstr(args, key);

	return at ? strtoul(at + strlen(key), NULL, 10) : 0;
}

static int sample_compile(void *self, const char *args, size_t len, void **out,
	agentrun_error **err)
{
	struct plan *plan = malloc(sizeof(*plan));

	(void)self;
	(void)len;
	*out = plan;
	if (!plan)
		return agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
	plan->every = read_number(args, "\"every\":");
	return 0;
}

static void sample_plan_free(void *self, void *plan)
{
	(void)self;
	free(plan);
}

static int sample_new_run(void *self, void *plan, void **out, agentrun_error **err)
{
	(void)self;
	(void)plan;
	*out = calloc(1, sizeof(struct run));
	return *out ? 0 : agentrun_error_raise(err, AGENTRUN_ENOMEM, "out of memory");
}

static int sample_push(void *self, void *plan, void *user, const char *row, size_t len,
	agentrun_step_emit_fn emit, void *to, agentrun_error **err)
{
	const struct plan *p = plan;
	struct run *run = user;

	(void)self;
	return run->seen++ % p->every == 0 ? emit(to, row, len, err) : 0;
}

static int sample_finish(void *self, void *plan, void *user, agentrun_step_emit_fn emit,
	void *to, agentrun_error **err)
{
	const struct run *run = user;
	char row[64];
	int n = snprintf(row, sizeof(row), "{\"seen\":%lu}", run->seen);

	(void)self;
	(void)plan;
	return emit(to, row, (size_t)n, err);
}

static void sample_run_free(void *self, void *run)
{
	(void)self;
	free(run);
}

static const agentrun_step_impl sample = {
	.version = AGENTRUN_STEP_IMPL_VERSION,
	.struct_size = sizeof(agentrun_step_impl),
	.name = "sample",
	.summary = "every n-th row, and how many there were",
	.parameters = parameters,
	.compile = sample_compile,
	.plan_free = sample_plan_free,
	.new_run = sample_new_run,
	.push = sample_push,
	.finish = sample_finish,
	.run_free = sample_run_free,
};

int main(int argc, char **argv)
{
	static const char rows[] = "[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":4},{\"id\":5}]";
	const char *steps = argc > 1 ? argv[1] : "[{\"step\":\"sample\",\"every\":2}]";
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	agentrun_ctx *ctx = NULL;
	agentrun_error *err = NULL;
	int r = agentrun_ctx_new(&ctx, NULL, &err);

	if (r == 0)
		r = agentrun_ctx_add_step(ctx, &sample, NULL, &err);
	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rows;
	opts.input_len = sizeof(rows) - 1;
	if (r == 0)
		r = agentrun_execute_pipeline(&out, ctx, steps, strlen(steps), &opts, &err);
	puts(r == 0 ? out.data : agentrun_error_message(err));
	agentrun_buf_dispose(&out);
	agentrun_error_free(err);
	agentrun_ctx_free(ctx);
	return r == 0 ? 0 : 1;
}
