/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include "patch/faults.h"

#include <string.h>

void agr_faults_add(agr_faults *faults, const char *fmt, ...)
{
	va_list args;

	if (faults->n++ >= AGR_FAULTS_KEPT)
		return;
	va_start(args, fmt);
	agr_buf_vprintf(&faults->text, fmt, args);
	va_end(args);
	agr_buf_add(&faults->text, "", 1);
}

int agr_faults_raise(const agr_faults *faults, const char *what, agentrun_error **err)
{
	const char *line, *end;
	agr_buf summary = AGR_BUF_INIT;
	int code = AGENTRUN_EPATCH;

	if (faults->text.failed)
		return agr_error_oom(err);
	if (!faults->n)
		return 0;
	line = faults->text.data;
	end = line + faults->text.len;
	agr_buf_printf(&summary, "%s: %s", what, line);
	if (faults->n > 1)
		agr_buf_printf(&summary, " (and %zu more)", faults->n - 1);
	if (summary.failed) {
		agr_buf_free(&summary);
		return agr_error_oom(err);
	}
	for (; line < end; line += strlen(line) + 1)
		code = agr_error_violation(err, code, summary.data, "%s", line);
	agr_buf_free(&summary);
	return code;
}

void agr_faults_free(agr_faults *faults)
{
	agr_buf_free(&faults->text);
	faults->n = 0;
}
