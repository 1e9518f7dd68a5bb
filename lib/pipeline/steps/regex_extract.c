/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* regex_extract: what a pattern finds in a field. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"
#include "regex/regex.h"

struct regex_extract {
	agr_field field;
	agr_span as;
	agr_regex *regex;
};

static void regex_plan_free(void *plan)
{
	struct regex_extract *p = plan;

	agr_field_clear(&p->field);
	agr_regex_free(p->regex);
	free(p);
}

static int regex_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	struct regex_extract *p = calloc(1, sizeof(*p));
	agr_buf text = AGR_BUF_INIT;
	agr_span pattern = { NULL, 0 };
	int r;

	*plan = p;
	if (!p)
		return agr_error_oom(err);
	r = agr_args_field(args, "field", &p->field, err);
	if (r == 0)
		r = agr_args_key(args, "as", p->field.name, &p->as, err);
	if (r < 0)
		return r;
	if (!agr_args_get(args, "pattern", &pattern) || *pattern.p != '"')
		return agr_args_wrong("pattern", "a regular expression", pattern, err);
	agr_string_decode(&text, pattern);
	r = agr_buf_check(&text, "pattern", err);
	if (r == 0)
		r = agr_regex_new(&p->regex, text.data, text.len, false, AGENTRUN_EINPUT,
			err);
	agr_buf_free(&text);
	return r;
}

static bool regex_want(void *plan, agr_wanted *wanted)
{
	struct regex_extract *p = plan;

	return agr_field_want(&p->field, wanted);
}

static int regex_open(agr_op *op, agr_span supplied, agentrun_error **err)
{
	(void)supplied;
	return agr_match_new(op->state, err);
}

/* Into op->key, as JSON. */
static int extract(agr_op *op, agr_span value, agentrun_error **err)
{
	const struct regex_extract *p = op->plan;
	const char *text = value.p + 1;
	size_t len = value.n - 2, from, to;
	int r;

	if (!agr_string_is_plain(value)) {
		agr_buf_reset(&op->row);
		agr_string_decode(&op->row, value);
		if (op->row.failed)
			return agr_error_oom(err);
		text = op->row.len ? op->row.data : "";
		len = op->row.len;
	}
	r = agr_regex_find(p->regex, *(agr_match **)op->state, text, len, &from, &to, err);
	if (r > 0)
		agr_buf_json_str(&op->key, text + from, to - from);
	else if (r == 0)
		agr_buf_str(&op->key, "null");
	return r < 0 ? r : agr_buf_check(&op->key, "what was extracted", err);
}

static int regex_push(agr_op *op, agr_row *row, agentrun_error **err)
{
	static const agr_span null = { "null", 4 };
	const struct regex_extract *p = op->plan;
	agr_span value;
	int r;

	if (!agr_field_get(&p->field, row, &value) || *value.p != '"')
		return agr_op_emit_with(op, row, p->as, null, err);
	agr_buf_reset(&op->key);
	r = extract(op, value, err);
	if (r < 0)
		return r;
	return agr_op_emit_with(op, row, p->as, (agr_span){ op->key.data, op->key.len }, err);
}

static void regex_close(agr_op *op)
{
	agr_match_free(*(agr_match **)op->state);
}

const agr_step_type agr_step_regex_extract = {
	.name = "regex_extract",
	.summary = "what a pattern finds in a string field",
	.holds = "nothing",
	.schema = AGR_SCHEMA("regex_extract",
		AGR_NEEDED("field") AGR_NEEDED("pattern"), AGR_PARAM("field", AGR_FIELD)
		AGR_PARAM("pattern", AGR_STRING("PCRE2; its first group counts, if it has one"))
		AGR_PARAM("as", AGR_STRING("the field that it becomes; default: the same"))),
	.compile = regex_compile,
	.plan_free = regex_plan_free,
	.state_size = sizeof(agr_match *),
	.open = regex_open,
	.want = regex_want,
	.makes_rows = true,
	.push = regex_push,
	.close = regex_close,
};
