/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* extract: what lies at a path inside a document. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

int agr_path_missing(const agr_path *path, agr_span in, const agr_buf *keys,
	agentrun_error **err)
{
	bool object = *in.p == '{';

	if (object && (!keys->len || keys->failed))
		return agentrun_error_raise(err, AGENTRUN_EPIPELINE, "there is nothing at %s",
			path->text);
	return agentrun_error_raise(err, AGENTRUN_EPIPELINE,
		object ? "there is nothing at %s: the object there has %.*s"
		       : "there is nothing at %s: %.*s is there", path->text,
		object ? (int)keys->len : INT_MAX, object ? keys->data : agr_type_phrase(in));
}

static int nothing_there(const agr_path *path, agr_span in, agentrun_error **err)
{
	agr_buf keys = AGR_BUF_INIT;
	agr_iter it;
	agr_span key, value;
	int n = 0, r;

	if (*in.p == '{') {
		it = agr_iter_of(in);
		while (agr_object_next(&it, &key, &value) && n++ < AGR_SHOWN_KEYS) {
			agr_buf_str(&keys, n > 1 ? ", " : "");
			agr_string_decode(&keys, key);
		}
	}
	r = agr_path_missing(path, in, &keys, err);
	agr_buf_free(&keys);
	return r;
}

int agr_path_not_array(const agr_path *path, agr_span value, agentrun_error **err)
{
	return agentrun_error_raise(err, AGENTRUN_EPIPELINE,
		"[] in %s wants an array, got %s", path->text, agr_type_phrase(value));
}

static void add_element(agr_buf *made, agr_span value)
{
	if (made->len > 1)
		agr_buf_char(made, ',');
	agr_buf_add(made, value.p, value.n);
}

int agr_path_collect(const agr_path *path, size_t i, agr_span value, agr_buf *made,
	agentrun_error **err)
{
	static const agr_span null = { "null", 4 };
	agr_iter it;
	agr_span element;
	int r = 0;

	for (; i < path->n && path->parts[i].kind != AGR_PART_EACH; i++)
		if (!agr_path_enter(&path->parts[i], value, &value))
			value = null;
	if (i == path->n) {
		add_element(made, value);
		return 0;
	}
	if (*value.p == 'n')
		return 0;
	if (*value.p != '[')
		return agr_path_not_array(path, value, err);
	it = agr_iter_of(value);
	while (!r && agr_array_next(&it, &element))
		r = agr_path_collect(path, i + 1, element, made, err);
	return r;
}

int agr_path_extract(const agr_path *path, agr_span in, agr_buf *made,
	agr_span *out, agentrun_error **err)
{
	agr_span value = in;
	size_t i = 0;
	int r;

	if (*in.p == '{' && agr_object_get(in, path->text, path->len, out))
		return 0;
	for (; i < path->n && path->parts[i].kind != AGR_PART_EACH; i++)
		if (!agr_path_enter(&path->parts[i], value, &value))
			return nothing_there(path, value, err);
	if (i == path->n) {
		*out = value;
		return 0;
	}
	if (*value.p != '[')
		return agr_path_not_array(path, value, err);
	agr_buf_char(made, '[');
	r = agr_path_collect(path, i, value, made, err);
	agr_buf_char(made, ']');
	if (!r)
		r = agr_buf_check(made, "what was extracted", err);
	*out = (agr_span){ made->data, made->len };
	return r;
}

static void extract_plan_free(void *plan)
{
	agr_path_clear(plan);
	free(plan);
}

static int extract_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	agr_path *path = calloc(1, sizeof(*path));
	agr_span value = { NULL, 0 };

	*plan = path;
	if (!path)
		return agr_error_oom(err);
	if (!agr_args_get(args, "path", &value))
		value.p = NULL;
	return agr_args_path("path", value, path, err);
}

static int extract_apply(const void *plan, agr_run *run, agr_span in, agr_buf *made,
	agr_span *out, agentrun_error **err)
{
	(void)run;
	return agr_path_extract(plan, in, made, out, err);
}

static const agr_path *extract_path(const void *plan)
{
	return plan;
}

const agr_step_type agr_step_extract = {
	.name = "extract",
	.summary = "what lies at a path inside a nested document",
	.holds = "the document",
	.schema = AGR_SCHEMA("extract", AGR_NEEDED("path"), AGR_PARAM("path", AGR_STRING(
		"where the rows are: data.items, [0].rows, features[].properties"))),
	.kind = AGR_STEP_DOCUMENT,
	.compile = extract_compile,
	.plan_free = extract_plan_free,
	.apply = extract_apply,
	.answer_path = extract_path,
};
