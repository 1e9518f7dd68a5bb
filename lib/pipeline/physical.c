/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* From the steps as they were written to the operators that run: what can be done
 * together or earlier without a different result, and what the scan is to note. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/compiled.h"
#include "pipeline/nested.h"
#include "pipeline/steps/steps.h"

/* A filter behind a sort comes before it: there is less to sort, in the same order. */
static void filters_first(agr_compiled *ops, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		for (size_t k = i; k && ops[k].type == &agr_step_table_filter &&
			ops[k - 1].type == &agr_step_table_sort; k--) {
			agr_compiled sort = ops[k - 1];

			ops[k - 1] = ops[k];
			ops[k] = sort;
		}
	}
}

/* The k of a step that keeps the first k rows as they stand, or -1. */
static int64_t first_rows(const agr_compiled *op)
{
	if (op->type == &agr_step_limit)
		return *(const int64_t *)op->plan;
	return op->type == &agr_step_top_k ? agr_top_k_first(op->plan) : -1;
}

/* A sort and what follows it. Sort and the first k: a bounded selection. Sort and
 * select: only what is selected is kept. True when they are now one. */
static bool fuse(agr_compiled *sort, const agr_compiled *next, agentrun_error **err)
{
	int64_t k = first_rows(next);

	if (k >= 0) {
		void *plan = agr_top_k_of(agr_sort_order(sort->plan), k);

		sort->with = next->number;
		if (!plan)
			agr_error_oom(err);
		sort->type = &agr_step_top_k;
		sort->plan = plan;
		sort->owned = true;
		return true;
	}
	if (next->type != &agr_step_table_select)
		return false;
	agr_sort_then(sort->plan, next->plan);
	sort->with = next->number;
	return true;
}

static int fuse_sorts(agr_pipeline *p, agentrun_error **err)
{
	size_t to = 0;

	for (size_t i = 0; i < p->n_ops; i++) {
		agr_compiled *op = &p->ops[to++];

		*op = p->ops[i];
		if (op->type == &agr_step_table_sort && i + 1 < p->n_ops &&
			fuse(op, &p->ops[i + 1], err))
			i++;
		if (op->owned && !op->plan) {
			p->n_ops = to;
			return AGENTRUN_ENOMEM;
		}
	}
	p->n_ops = to;
	return 0;
}

/* What is to be noted of the rows that the operators from `from` on get. */
static int plan_rows(agr_pipeline *p, size_t from, agr_wanted *wanted,
	agentrun_error **err)
{
	for (size_t i = from; i < p->n_ops; i++) {
		agr_compiled *op = &p->ops[i];
		int r;

		if (op->type->kind != AGR_STEP_ROWS || !op->type->want)
			break;
		if (!op->type->want(op->plan, wanted))
			return agr_error_oom(err);
		if (op->type == &agr_step_join) {
			r = plan_rows(p, i + 1, agr_join_names(op->plan), err);
			return r < 0 ? r : agr_join_link(op->plan, wanted, err);
		}
		if (op->type->makes_rows && first_rows(op) < 0)
			break;
	}
	return 0;
}

static int plan_scan(agr_pipeline *p, size_t from, agentrun_error **err)
{
	agr_wanted *wanted = malloc(sizeof(*wanted));

	p->ops[from].wanted = wanted;
	if (!wanted)
		return agr_error_oom(err);
	agr_wanted_init(wanted);
	return plan_rows(p, from, wanted, err);
}

const agr_path *agr_pipeline_way(const agr_pipeline *p, size_t at)
{
	const agr_step_type *type = p->ops[at].type;
	const agr_path *path = type->answer_path ? type->answer_path(p->ops[at].plan) : NULL;

	if (!path || at + 1 == p->n_ops || p->ops[at + 1].type->kind != AGR_STEP_ROWS)
		return NULL;
	return agr_nested_can(path) ? path : NULL;
}

int agr_pipeline_plan(agr_pipeline *p, agentrun_error **err)
{
	int r;

	p->ops = malloc(p->n * sizeof(*p->ops));
	if (!p->ops)
		return agr_error_oom(err);
	memcpy(p->ops, p->steps, p->n * sizeof(*p->ops));
	p->n_ops = p->n;
	filters_first(p->ops, p->n_ops);
	r = fuse_sorts(p, err);
	for (size_t i = 0; !r && i < p->n_ops; i++) {
		if (p->ops[i].type->kind == AGR_STEP_ROWS &&
			(i == 0 || p->ops[i - 1].type->kind != AGR_STEP_ROWS))
			r = plan_scan(p, i, err);
	}
	return r;
}

void agr_pipeline_unplan(agr_pipeline *p)
{
	for (size_t i = 0; i < p->n_ops; i++) {
		if (p->ops[i].owned && p->ops[i].plan)
			p->ops[i].type->plan_free(p->ops[i].plan);
		if (p->ops[i].wanted)
			agr_wanted_free(p->ops[i].wanted);
		free(p->ops[i].wanted);
	}
	free(p->ops);
}
