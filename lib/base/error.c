/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#define AGR_ERROR_C
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* A refused document of a million faults is not told fault by fault. */
#define MAX_VIOLATIONS 1000

struct agentrun_error {
	int code;
	bool is_static; /* a flag, because a process may hold two copies of the library */
	int retryable;
	int64_t retry_after_ms;
	size_t line, column, step;
	char *message;
	char *tool;
	char **violations;
	size_t n_violations;
};

static const struct code_info {
	int code;
	const char *type;
	int exit_status;
	int retryable;
} codes[] = {
	{ AGENTRUN_OK, "ok", 0, 0 },
	{ AGENTRUN_EINVAL, "internal", 2, 0 },
	{ AGENTRUN_ENOMEM, "internal", 1, 1 },
	{ AGENTRUN_EINTERNAL, "internal", 1, 0 },
	{ AGENTRUN_EIO, "internal", 1, 0 },
	{ AGENTRUN_ECONFIG, "internal", 3, 0 },
	{ AGENTRUN_EJOB, "invalid_job", 3, 0 },
	{ AGENTRUN_EPLAN, "invalid_plan", 3, 0 },
	{ AGENTRUN_EINPUT, "pipeline_error", 3, 0 },
	{ AGENTRUN_EPIPELINE, "pipeline_error", 1, 0 },
	{ AGENTRUN_ENETWORK, "pipeline_error", 5, 1 },
	{ AGENTRUN_EPATCH, "patch_rejected", 3, 0 },
	{ AGENTRUN_EPOLICY, "policy_refused", 4, 0 },
	{ AGENTRUN_ELIMIT, "policy_refused", 4, 0 },
	{ AGENTRUN_ERATE, "rate_limited", 4, 1 },
	{ AGENTRUN_EBUDGET, "budget_exceeded", 4, 1 },
	{ AGENTRUN_ELLM, "llm_error", 1, 0 },
	{ AGENTRUN_EPROVIDER, "llm_error", 5, 1 },
	{ AGENTRUN_ETIMEDOUT, "timeout", 1, 1 },
	{ AGENTRUN_EORCHESTRATOR, "orchestrator_error", 1, 0 },
	{ AGENTRUN_ESTORAGE, "storage_error", 1, 0 },
	{ AGENTRUN_EBACKEND, "storage_error", 5, 1 },
	{ AGENTRUN_ENOTFOUND, "storage_error", 6, 0 },
	{ AGENTRUN_ECANCELLED, "cancelled", 1, 0 },
};

static char oom_message[] = "out of memory";
static agentrun_error oom = { .code = AGENTRUN_ENOMEM, .is_static = true,
	.retryable = 1, .message = oom_message };

static const struct code_info *code_info(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return &codes[i];
	return code_info(AGENTRUN_EINTERNAL);
}

const char *agentrun_error_code_type(int code)
{
	return code_info(code)->type;
}

int agentrun_error_code_exit_status(int code)
{
	return code_info(code)->exit_status;
}

/* Whoever forgets the code, or has it wrong, means no success all the same. */
static int failure(int code)
{
	return code < 0 ? code : AGENTRUN_EINTERNAL;
}

agentrun_error *agentrun_error_new(int code, const char *message)
{
	agr_buf text = AGR_BUF_INIT;
	agentrun_error *err;

	agr_buf_printable(&text, message, strlen(message));
	agr_buf_add(&text, "", 0);
	err = text.failed ? NULL : calloc(1, sizeof(*err));
	if (!err) {
		agr_buf_free(&text);
		return &oom;
	}
	err->code = failure(code);
	err->retryable = code_info(err->code)->retryable;
	err->message = text.data;
	return err;
}

int agentrun_error_raise(agentrun_error **err, int code, const char *fmt, ...)
{
	agr_buf text = AGR_BUF_INIT;
	va_list args;

	if (!err || *err)
		return failure(code);
	va_start(args, fmt);
	agr_buf_vprintf(&text, fmt, args);
	va_end(args);
	if (text.failed) {
		agr_buf_free(&text);
		*err = &oom;
		return AGENTRUN_ENOMEM;
	}
	*err = agentrun_error_new(code, text.data ? text.data : "");
	agr_buf_free(&text);
	return (*err)->code;
}

void agentrun_error_free(agentrun_error *err)
{
	if (!err || err->is_static)
		return;
	for (size_t i = 0; i < err->n_violations; i++)
		free(err->violations[i]);
	free(err->violations);
	free(err->tool);
	free(err->message);
	free(err);
}

int agr_error_oom(agentrun_error **err)
{
	if (err && !*err)
		*err = &oom;
	return AGENTRUN_ENOMEM;
}

int agr_error_pass(agentrun_error **err, agentrun_error *take_why)
{
	int code = take_why->code;

	if (err && !*err)
		*err = take_why;
	else
		agentrun_error_free(take_why);
	return code;
}

/* The error that may be changed, or NULL. */
static agentrun_error *changeable(agentrun_error **err)
{
	return err && *err && !(*err)->is_static ? *err : NULL;
}

void agr_error_prefix(agentrun_error **err, const char *fmt, ...)
{
	agentrun_error *e = changeable(err);
	agr_buf raw = AGR_BUF_INIT, text = AGR_BUF_INIT;
	va_list args;

	if (!e)
		return;
	va_start(args, fmt);
	agr_buf_vprintf(&raw, fmt, args);
	va_end(args);
	if (!raw.failed && raw.len) {
		agr_buf_printable(&text, raw.data, raw.len);
		agr_buf_str(&text, ": ");
		agr_buf_str(&text, e->message);
		if (!text.failed) {
			free(e->message);
			e->message = text.data;
			text.data = NULL;
		}
	}
	agr_buf_free(&raw);
	agr_buf_free(&text);
}

int agr_error_recode(agentrun_error **err, int code)
{
	agentrun_error *e = changeable(err);

	if (err && *err && (*err)->is_static)
		return AGENTRUN_ENOMEM;
	if (e) {
		e->code = code;
		e->retryable = code_info(code)->retryable;
	}
	return code;
}

void agr_error_at_line(agentrun_error **err, const char *name, size_t line,
	size_t column)
{
	agentrun_error *e = changeable(err);

	if (!e || e->line)
		return;
	e->line = line;
	e->column = column;
	agr_error_prefix(err, "%s:%zu:%zu", name ? name : "input", line, column);
}

void agr_error_at_behind(agentrun_error **err, const char *name, size_t lines,
	size_t column, const char *part, size_t offset)
{
	for (size_t i = 0; i < offset; i++) {
		column++;
		if (part[i] == '\n') {
			lines++;
			column = 0;
		}
	}
	agr_error_at_line(err, name, lines + 1, column + 1);
}

void agr_error_at(agentrun_error **err, const char *name, const char *text,
	size_t len, size_t offset)
{
	agr_error_at_behind(err, name, 0, 0, text, offset < len ? offset : len);
}

void agr_error_step(agentrun_error **err, size_t step, const char *name)
{
	agentrun_error *e = changeable(err);

	if (!e || e->step)
		return;
	e->step = step;
	agr_error_prefix(err, name ? "step %zu (%s)" : "step %zu", step,
		name ? name : "");
}

void agr_error_tool(agentrun_error **err, const char *tool)
{
	agentrun_error *e = changeable(err);

	if (e && !e->tool)
		e->tool = strdup(tool);
}

void agentrun_error_set_retry(agentrun_error *err, int retryable, int64_t after_ms)
{
	if (!changeable(&err))
		return;
	err->retryable = retryable;
	err->retry_after_ms = after_ms;
}

void agentrun_error_set_place(agentrun_error *err, size_t line, size_t column)
{
	if (!changeable(&err))
		return;
	err->line = line;
	err->column = column;
}

int agentrun_error_add_violation(agentrun_error *err, const char *violation)
{
	agr_buf text = AGR_BUF_INIT;
	char **grown;

	if (!changeable(&err) || err->n_violations >= MAX_VIOLATIONS)
		return 0;
	agr_buf_printable(&text, violation, strlen(violation));
	agr_buf_add(&text, "", 0);
	grown = text.failed ? NULL : realloc(err->violations,
		(err->n_violations + 1) * sizeof(*grown));
	if (!grown) {
		agr_buf_free(&text);
		return AGENTRUN_ENOMEM;
	}
	err->violations = grown;
	grown[err->n_violations++] = text.data;
	return 0;
}

int agr_error_violation(agentrun_error **err, int code, const char *summary,
	const char *fmt, ...)
{
	agr_buf text = AGR_BUF_INIT;
	agentrun_error *e;
	va_list args;

	if (!err)
		return code;
	code = agentrun_error_raise(err, code, "%s", summary);
	e = changeable(err);
	if (!e || e->n_violations >= MAX_VIOLATIONS)
		return e ? e->code : code;
	va_start(args, fmt);
	agr_buf_vprintf(&text, fmt, args);
	va_end(args);
	if (!text.failed)
		agentrun_error_add_violation(e, text.data ? text.data : "");
	agr_buf_free(&text);
	return e->code;
}

int agentrun_error_code(const agentrun_error *err)
{
	return err ? err->code : 0;
}

const char *agentrun_error_message(const agentrun_error *err)
{
	return err ? err->message : "no error";
}

int agentrun_error_is_retryable(const agentrun_error *err)
{
	return err ? err->retryable : 0;
}

int64_t agentrun_error_retry_after_ms(const agentrun_error *err)
{
	return err ? err->retry_after_ms : 0;
}

size_t agentrun_error_line(const agentrun_error *err)
{
	return err ? err->line : 0;
}

size_t agentrun_error_column(const agentrun_error *err)
{
	return err ? err->column : 0;
}

size_t agentrun_error_step(const agentrun_error *err)
{
	return err ? err->step : 0;
}

const char *agentrun_error_tool(const agentrun_error *err)
{
	return err ? err->tool : NULL;
}

size_t agentrun_error_violation_count(const agentrun_error *err)
{
	return err ? err->n_violations : 0;
}

const char *agentrun_error_violation(const agentrun_error *err, size_t i)
{
	return err && i < err->n_violations ? err->violations[i] : NULL;
}

static void json_or_null(agr_buf *buf, const char *text)
{
	if (text)
		agr_buf_json_str(buf, text, strlen(text));
	else
		agr_buf_str(buf, "null");
}

int agentrun_error_json(agentrun_buf *out, const agentrun_error *err)
{
	agr_buf buf = AGR_BUF_INIT;

	agr_buf_str(&buf, "{\"type\":");
	json_or_null(&buf, agentrun_error_code_type(agentrun_error_code(err)));
	agr_buf_str(&buf, ",\"message\":");
	json_or_null(&buf, agentrun_error_message(err));
	agr_buf_printf(&buf, ",\"retryable\":%s",
		agentrun_error_is_retryable(err) ? "true" : "false");
	agr_buf_str(&buf, ",\"tool\":");
	json_or_null(&buf, agentrun_error_tool(err));
	if (agentrun_error_step(err))
		agr_buf_printf(&buf, ",\"step\":%zu", agentrun_error_step(err));
	else
		agr_buf_str(&buf, ",\"step\":null");
	if (agentrun_error_retry_after_ms(err))
		agr_buf_printf(&buf, ",\"retry_after_ms\":%lld",
			(long long)agentrun_error_retry_after_ms(err));
	else
		agr_buf_str(&buf, ",\"retry_after_ms\":null");
	agr_buf_str(&buf, ",\"violations\":[");
	for (size_t i = 0; i < agentrun_error_violation_count(err); i++) {
		if (i)
			agr_buf_char(&buf, ',');
		json_or_null(&buf, agentrun_error_violation(err, i));
	}
	agr_buf_str(&buf, "]}");
	return agr_buf_give(&buf, out, "error", NULL);
}
