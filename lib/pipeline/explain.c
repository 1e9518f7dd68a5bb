/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* How a pipeline is run, for who asks. */
#include <string.h>

#include "pipeline/chain.h"
#include "pipeline/steps/steps.h"

static void add_stats(agr_buf *out, size_t rows_in, size_t rows_out, int64_t ns)
{
	agr_buf_printf(out, ",\"rows_in\":%zu,\"rows_out\":%zu,\"time_ms\":", rows_in,
		rows_out);
	ns /= 1000;
	agr_number_write(out, (double)ns / 1000);
}

/* The scan before the operators that get its rows. */
static void add_scan(agr_buf *out, const agr_compiled *op, const agr_op_stats *stats,
	int64_t read_ns)
{
	agr_buf detail = AGR_BUF_INIT;

	agr_buf_str(&detail, op->wanted->n ? "for " : "no field is looked at");
	for (size_t i = 0; i < op->wanted->n; i++) {
		agr_buf_str(&detail, i ? ", " : "");
		agr_buf_add(&detail, op->wanted->keys[i].text, op->wanted->keys[i].len);
	}
	agr_buf_str(out, "{\"operator\":\"scan\",\"steps\":null,\"detail\":");
	agr_buf_json_str(out, detail.data ? detail.data : "", detail.len);
	agr_buf_str(out, ",\"holds\":\"a block of the input\"");
	if (stats && stats->ran)
		add_stats(out, stats->rows_in, stats->rows_in, read_ns);
	agr_buf_str(out, "},");
	if (detail.failed)
		out->failed = detail.failed;
	agr_buf_free(&detail);
}

static void add_operator(agr_buf *out, const agr_pipeline *p, const agr_compiled *op,
	const agr_op_stats *stats)
{
	agr_buf_printf(out, "{\"operator\":\"%s\",\"steps\":\"%zu", op->type->name,
		op->number);
	if (op->with)
		agr_buf_printf(out, ", %zu", op->with);
	agr_buf_str(out, "\",\"detail\":");
	if (op->with)
		agr_buf_printf(out, "\"%s and %s in one\"", op->name,
			p->steps[op->with - 1].name);
	else
		agr_buf_json_str(out, op->type->summary, strlen(op->type->summary));
	agr_buf_str(out, ",\"holds\":");
	if (op->with && op->type == &agr_step_table_sort)
		agr_buf_str(out, "\"of every row what is selected\"");
	else if (op->type == &agr_step_extract && op == p->ops && agr_pipeline_way(p, 0))
		agr_buf_str(out, "\"of what a reader reads a block, and the result to the end\"");
	else
		agr_buf_json_str(out, op->type->holds, strlen(op->type->holds));
	if (stats && stats->ran)
		add_stats(out, stats->rows_in, stats->rows_out, stats->time_ns);
	agr_buf_char(out, '}');
}

void agr_pipeline_explain(agr_buf *out, const agr_pipeline *p, const agr_run *run)
{
	agr_buf_char(out, '[');
	for (size_t i = 0; i < p->n_ops; i++) {
		const agr_op_stats *stats = run ? agr_run_stats(run, i) : NULL;

		if (i)
			agr_buf_char(out, ',');
		if (p->ops[i].wanted)
			add_scan(out, &p->ops[i], stats, run ? agr_run_read_ns(run) : 0);
		add_operator(out, p, &p->ops[i], stats);
	}
	agr_buf_char(out, ']');
}
