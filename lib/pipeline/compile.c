/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Pipeline text -> compiled steps. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/own.h"

#define STEPS_DEFAULT 256

agr_pipeline_limits agr_pipeline_limits_default(void)
{
	return (agr_pipeline_limits){
		.max_input_bytes = (size_t)2 << 30,
		.max_rows = 50000000,
		.max_depth = AGR_DEPTH_DEFAULT,
		.max_steps = STEPS_DEFAULT,
		.max_response_bytes = (size_t)64 << 20,
		.max_output_bytes = (size_t)2 << 30,
	};
}

/* Is one the other but for one letter more, less, changed or swapped? */
static bool one_edit_away(const char *a, size_t n, const char *b, size_t m)
{
	size_t i = 0, tail = 0;

	while (i < n && i < m && a[i] == b[i])
		i++;
	while (tail < n - i && tail < m - i && a[n - 1 - tail] == b[m - 1 - tail])
		tail++;
	n -= i + tail;
	m -= i + tail;
	return (n <= 1 && m <= 1) ||
		(n == 2 && m == 2 && a[i] == b[i + 1] && a[i + 1] == b[i]);
}

static int unknown_step(const char *name, size_t len, const agr_own_step *own,
	agentrun_error **err)
{
	agr_buf known = AGR_BUF_INIT;
	const char *near = NULL, *step;
	int r;

	for (size_t i = 0; (step = agr_step_name(i)); i++) {
		agr_buf_printf(&known, "%s%s", i ? ", " : "", step);
		if (one_edit_away(name, len, step, strlen(step)))
			near = step;
	}
	for (; own; own = agr_own_next(own))
		agr_buf_printf(&known, ", %s", agr_own_name(own));
	r = agr_buf_check(&known, "text", err);
	if (!r)
		r = agentrun_error_raise(err, AGENTRUN_EINPUT,
			"there is no such step%s%s%s; known steps: %s",
			near ? ": did you mean " : "", near ? near : "",
			near ? "?" : "", known.data);
	agr_buf_free(&known);
	return r;
}

static int compile_step(agr_compiled *step, agr_span object, agr_members *members,
	agr_buf *name, const agr_own_step *steps, agentrun_error **err)
{
	const agr_own_step *own;
	agr_args args = { object, members };
	agr_span value = { NULL, 0 };

	if (*object.p != '{')
		return agr_args_wrong("a step", "an object {\"step\": NAME, ...}", object,
			err);
	if (!agr_members_read(members, object))
		return agr_error_oom(err);
	if (!agr_args_get(&args, "step", &value) || *value.p != '"')
		return agr_args_wrong("step", "a step's name", value, err);
	agr_string_decode(name, value);
	agr_buf_add(name, "", 0);
	if (name->failed)
		return agr_error_oom(err);
	step->type = agr_step_find(name->data, name->len);
	own = step->type ? NULL : agr_own_find(steps, name->data, name->len);
	if (own) {
		int r = agr_own_compile(own, step, &args, err);

		step->name = step->type ? step->type->name : NULL;
		return r;
	}
	if (!step->type)
		return unknown_step(name->data, name->len, steps, err);
	step->name = step->type->name;
	return step->type->compile(&step->plan, &args, err);
}

/* Room for one step more. What the text holds is passed over once, not counted first. */
static int reserve(agr_pipeline *p, size_t *cap, agentrun_error **err)
{
	void *grown;

	if (p->n < *cap)
		return 0;
	*cap = *cap ? 2 * *cap : 8;
	grown = realloc(p->steps, *cap * sizeof(*p->steps));
	if (!grown)
		return agr_error_oom(err);
	p->steps = grown;
	memset(p->steps + p->n, 0, (*cap - p->n) * sizeof(*p->steps));
	return 0;
}

static int compile_steps(agr_pipeline *p, agr_span array, size_t max_steps,
	const agr_own_step *own, agentrun_error **err)
{
	agr_iter it = agr_iter_of(array);
	agr_buf name = AGR_BUF_INIT;
	agr_members members = { .list = NULL };
	agr_span object;
	size_t cap = 0;
	int r = 0;

	while (!r && agr_array_next(&it, &object)) {
		if (p->n == max_steps) {
			r = agentrun_error_raise(err, AGENTRUN_ELIMIT,
				"the pipeline has %zu steps, the limit is %zu",
				agr_span_count(array), max_steps);
			goto out;
		}
		r = reserve(p, &cap, err);
		if (r < 0)
			goto out;
		agr_buf_reset(&name);
		p->steps[p->n].number = p->n + 1;
		r = compile_step(&p->steps[p->n++], object, &members, &name, own, err);
	}
	if (!r && !p->n)
		r = agentrun_error_raise(err, AGENTRUN_EINPUT,
			"the pipeline is empty: it must be a list of one step at least");
	else if (r < 0)
		agr_error_step(err, p->n, name.len && name.len <= 64 ? name.data : NULL);
out:
	agr_members_free(&members);
	agr_buf_free(&name);
	return r;
}

/* The array of steps in either form. */
static int find_steps(agr_pipeline *p, agr_span *steps, agentrun_error **err)
{
	agr_args args = { *steps, NULL };
	int r;

	if (*steps->p == '[')
		return 0;
	if (*steps->p != '{' || !agr_args_get(&args, "pipeline", steps))
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"a pipeline must be an array of steps, or an object with the "
			"member pipeline");
	if (*steps->p == '"')
		return agentrun_error_raise(err, AGENTRUN_EINPUT,
			"pipeline must be an array of steps, not a string of one");
	if (*steps->p != '[')
		return agr_args_wrong("pipeline", "an array of steps", *steps, err);
	r = agr_args_string(&args, "input_ref", &p->input_ref, err);
	if (p->input_ref && !*p->input_ref) {
		free(p->input_ref);
		p->input_ref = NULL;
	}
	return r < 0 ? r : 0;
}

static int compile(agr_pipeline *p, size_t len, const agr_pipeline_limits *limits,
	agentrun_error **err)
{
	agr_text text = { .name = "pipeline", .p = p->text, .n = len };
	size_t max_steps = limits && limits->max_steps ? limits->max_steps
						       : STEPS_DEFAULT;
	agr_span steps;
	int r;

	text.max_depth = limits ? limits->max_depth : 0;
	r = agr_scan_document(&steps, &text, err);
	if (!r)
		r = find_steps(p, &steps, err);
	if (!r)
		r = compile_steps(p, steps, max_steps, limits ? limits->own : NULL, err);
	return r < 0 ? r : agr_pipeline_plan(p, err);
}

int agr_pipeline_compile(agr_pipeline **out, const char *text, size_t len,
	const agr_pipeline_limits *limits, agentrun_error **err)
{
	agr_pipeline *p = calloc(1, sizeof(*p));
	int r;

	*out = NULL;
	if (p)
		p->text = agr_strndup(text, len);
	if (!p || !p->text) {
		r = agr_error_oom(err);
		goto out;
	}
	r = compile(p, len, limits, err);
	if (r < 0)
		goto out;
	*out = p;
	p = NULL;
out:
	agr_pipeline_free(p);
	return r;
}

void agr_pipeline_free(agr_pipeline *p)
{
	if (!p)
		return;
	agr_pipeline_unplan(p);
	for (size_t i = 0; i < p->n; i++)
		if (p->steps[i].plan)
			p->steps[i].type->plan_free(p->steps[i].plan);
	free(p->steps);
	free(p->input_ref);
	free(p->text);
	free(p);
}

size_t agr_pipeline_steps(const agr_pipeline *p)
{
	return p->n;
}

const char *agr_pipeline_step_name(const agr_pipeline *p, size_t i)
{
	return p->steps[i].type->name;
}

bool agr_pipeline_is_source(const agr_pipeline *p)
{
	return p->steps[0].type->kind == AGR_STEP_HTTP;
}
