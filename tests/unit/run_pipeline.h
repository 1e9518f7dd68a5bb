/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* Run pipelines in a test: from text to text, every text without a NUL behind. */
#ifndef RUN_PIPELINE_H
#define RUN_PIPELINE_H

#include "unit.h"

#include "pipeline/pipeline.h"

/* A copy that a sanitizer guards to the byte. */
static inline char *exact_copy(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, text, len);
	return copy;
}

/* Hands out a text in pieces. */
struct pieces {
	const char *text;
	size_t left, size;
	size_t fails_at; /* so many bytes are left; 0: never, or no more */
};

static inline int read_piece(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err)
{
	struct pieces *p = user;
	size_t n = p->size < cap ? p->size : cap;

	if (p->fails_at && p->left <= p->fails_at) { /* once: then it ends */
		p->left = p->fails_at = 0;
		return agentrun_error_raise(err, AGENTRUN_EBACKEND, "the tape tore");
	}
	*len = n < p->left ? n : p->left;
	memcpy(to, p->text, *len);
	p->text += *len;
	p->left -= *len;
	return 0;
}

static inline int run_with(agentrun_buf *out, const char *pipeline,
	const char *input, size_t input_len, int in_format, int out_format,
	const agr_pipeline_limits *limits, agentrun_error **err)
{
	agentrun_execute_options opts;
	size_t len = strlen(pipeline);
	char *steps = exact_copy(pipeline, len);
	char *rows = input ? exact_copy(input, input_len) : NULL;
	int r;

	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rows;
	opts.input_len = input_len;
	opts.input_format = in_format;
	opts.output_format = out_format;
	r = agr_execute(out, steps, len, &opts, limits, NULL, NULL, NULL, NULL, err);
	free(steps);
	free(rows);
	return r;
}

/* One step's text is enough: a pipeline of it is made. */
static inline void gives_format(const char *pipeline, const char *input, int format,
	const char *expected)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	agr_buf steps = AGR_BUF_INIT;
	int r;

	agr_buf_printf(&steps, *pipeline == '[' ? "%s" : "[%s]", pipeline);
	r = run_with(&out, steps.data, input, strlen(input), AGENTRUN_FORMAT_AUTO, format,
		NULL, &err);
	ck_assert_msg(r == 0, "%s on %s: %s", pipeline, input,
		agentrun_error_message(err));
	ck_assert_msg(strcmp(out.data, expected) == 0, "%s on %s:\n got %s\nwant %s",
		pipeline, input, out.data, expected);
	agr_buf_free(&steps);
	agentrun_buf_dispose(&out);
}

static inline void gives(const char *pipeline, const char *input,
	const char *expected)
{
	gives_format(pipeline, input, AGENTRUN_FORMAT_JSON, expected);
}

/* Fails with this code at this step (0: none), saying `part`. */
static inline void fails(const char *pipeline, const char *input, int code,
	size_t step, const char *part)
{
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_error *err = NULL;
	agr_buf steps = AGR_BUF_INIT;
	int r;

	agr_buf_printf(&steps, *pipeline == '{' ? "[%s]" : "%s", pipeline);
	r = run_with(&out, steps.data, input, input ? strlen(input) : 0,
		AGENTRUN_FORMAT_AUTO, AGENTRUN_FORMAT_JSON, NULL, &err);
	ck_assert_msg(r == code && agentrun_error_code(err) == code,
		"%s on %s: code %d, want %d: %s", pipeline, input ? input : "(none)", r,
		code,
		agentrun_error_message(err));
	ck_assert_msg(agentrun_error_step(err) == step, "%s: step %zu, want %zu: %s",
		pipeline, agentrun_error_step(err), step, agentrun_error_message(err));
	ck_assert_msg(strstr(agentrun_error_message(err), part), "%s: '%s' lacks '%s'",
		pipeline, agentrun_error_message(err), part);
	agentrun_error_free(err);
	agr_buf_free(&steps);
	agentrun_buf_dispose(&out);
}

#endif
