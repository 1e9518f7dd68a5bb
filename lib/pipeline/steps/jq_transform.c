/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* jq_transform: the document through a query in jq's language. */
#include <stdlib.h>
#include <string.h>

#include "jq/query.h"
#include "pipeline/chain.h"
#include "pipeline/steps/schema.h"
#include "pipeline/steps/steps.h"

static void jq_plan_free(void *plan)
{
	agr_jq_free(plan);
}

static int jq_step_compile(void **plan, const agr_args *args, agentrun_error **err)
{
	static const char wanted[] = "a query such as \"map(.price)\"";
	agr_jq *jq = NULL;
	char *query = NULL;
	int r = agr_args_string(args, "query", &query, err);

	if (r > 0 && query[strspn(query, " \t\r\n")] != '\0')
		r = agr_jq_new(&jq, query, err);
	else if (r >= 0)
		r = agr_args_wrong("query", wanted, (agr_span){ NULL, 0 }, err);
	free(query);
	*plan = jq;
	return r;
}

static int check_run(void *run, agentrun_error **err)
{
	return agr_run_check(run, err);
}

static int jq_apply(const void *plan, agr_run *run, agr_span in, agr_buf *made,
	agr_span *out, agentrun_error **err)
{
	agr_jq_limits limits = { .max_depth = agr_run_max_depth(run), .check = check_run,
		.user = run };

	/* The plan keeps a compiled query for who comes first, and guards it. */
	return agr_jq_run((agr_jq *)plan, in, &limits, made, out, err);
}

const agr_step_type agr_step_jq_transform = {
	.name = "jq_transform",
	.summary = "the document through a query in jq's language",
	.holds = "the document",
	.schema = AGR_SCHEMA("jq_transform", AGR_NEEDED("query"),
		AGR_PARAM("query", "{\"type\":\"string\",\"minLength\":1,"
			AGR_ABOUT("in jq's language; of several outputs an array") "}")),
	.kind = AGR_STEP_DOCUMENT,
	.compile = jq_step_compile,
	.plan_free = jq_plan_free,
	.apply = jq_apply,
};
