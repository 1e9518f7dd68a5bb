/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/* The first line is a pipeline, the rest its input. */
#include <stdlib.h>
#include <string.h>

#include "pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rest {
	const char *p;
	size_t n;
	int served;
	size_t at; /* how much of it was read as an answer */
};

/* A few bytes, then more, in turn. */
static int read_answer(void *user, char *to, size_t cap, size_t *len, agentrun_error **err)
{
	struct rest *rest = user;
	size_t n = rest->at % 3 ? 100 : 5;

	(void)err;
	*len = n < rest->n - rest->at ? n : rest->n - rest->at;
	*len = *len < cap ? *len : cap;
	memcpy(to, rest->p + rest->at, *len);
	rest->at += *len;
	return 0;
}

static int fetch(void *user, const agr_pipeline_request *request, agr_response *answer,
	agentrun_error **err)
{
	struct rest *rest = user;

	if (++rest->served > 20)
		return agentrun_error_raise(err, AGENTRUN_ENETWORK, "enough");
	rest->at = 0;
	*answer = (agr_response){ .status = request->timeout_ms == 7 ? 500 : 200,
		.read = read_answer, .user = rest };
	return 0;
}

static int resolve(void *user, const char *ref, agr_response *content,
	agentrun_error **err)
{
	const struct rest *rest = user;
	struct rest *own;

	if (++((struct rest *)user)->served > 20)
		return agentrun_error_raise(err, AGENTRUN_ENETWORK, "enough of %s", ref);
	own = malloc(sizeof(*own));
	if (!own)
		abort();
	*own = (struct rest){ rest->p, rest->n, 0, 0 };
	*content = (agr_response){ .read = read_answer, .user = own, .close = free };
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const agr_pipeline_limits limits = { .max_depth = 64, .max_rows = 2000,
		.max_steps = 32, .max_output_bytes = 1 << 20 };
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, '\n', size) : NULL;
	agentrun_buf out = AGENTRUN_BUF_INIT, again = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	agentrun_error *err = NULL;
	struct rest rest = { "", 0, 0, 0 };
	int r;

	if (end)
		rest = (struct rest){ end + 1, size - (size_t)(end + 1 - text), 0, 0 };
	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = rest.p;
	opts.input_len = rest.n;
	r = agr_execute(&out, text, end ? (size_t)(end - text) : size, &opts, &limits,
		fetch,
		&rest, resolve, &rest, &err);
	if ((r < 0) != (err != NULL))
		abort();
	/* What comes out is JSON, compact and without duplicates. */
	if (!r && (agentrun_rows_write(&again, NULL, out.data, out.len,
			   AGENTRUN_FORMAT_JSON, NULL) < 0 ||
			  again.len != out.len || memcmp(again.data, out.data,
				out.len) != 0))
		abort();
	agentrun_error_free(err);
	agentrun_buf_dispose(&out);
	agentrun_buf_dispose(&again);
	return 0;
}
