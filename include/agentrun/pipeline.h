/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Run a data pipeline: JSON, NDJSON or CSV in, rows through a list of steps,
 * JSON (or NDJSON, CSV, a table) out. Numbers and strings leave as the bytes
 * they came in as unless a step computed them. `agentrun exec --help`
 * lists the steps; see agentrun_execute_pipeline(3).
 */
#ifndef AGENTRUN_PIPELINE_H
#define AGENTRUN_PIPELINE_H

#include <agentrun/store.h>

AGENTRUN_BEGIN_DECLS

enum {
	AGENTRUN_FORMAT_AUTO = 0, /**< input only: told by looking at it */
	AGENTRUN_FORMAT_JSON = 1,
	AGENTRUN_FORMAT_NDJSON = 2,
	AGENTRUN_FORMAT_CSV = 3,
	AGENTRUN_FORMAT_TABLE = 4 /**< output only: aligned, for a person */
};

/** AGENTRUN_FORMAT_... for "json", "ndjson", "csv", "table"; -1 otherwise. */
AGENTRUN_API int agentrun_format_from_name(const char *name);

/** In place of the data: how a pipeline is run. */
enum {
	AGENTRUN_EXPLAIN_NO = 0,
	AGENTRUN_EXPLAIN_PLAN = 1,   /**< how it would be run; nothing is read */
	AGENTRUN_EXPLAIN_ANALYZE = 2 /**< it is run, and rows and time are told as well */
};

/**
 * Read input: store up to `cap` bytes in `to` and their number in *len, 0 at the end.
 * Returns 0, or an error code with *err raised.
 */
typedef int (*agentrun_read_fn)(void *user, char *to, size_t cap, size_t *len,
	agentrun_error **err);

/** Take a part of the result. Returns 0, or an error code with *err raised. */
typedef int (*agentrun_write_fn)(void *user, const char *data, size_t len,
	agentrun_error **err);

/** Fields are only ever appended. All text is borrowed for the call. */
typedef struct agentrun_execute_options {
	size_t struct_size; /**< set by agentrun_execute_options_init() */
	const char *input;  /**< the data; NULL: none, or `context` */
	size_t input_len;
	const char *input_name; /**< stands for the input in messages, or NULL */
	int input_format;   /**< AGENTRUN_FORMAT_...; init: AUTO */
	int output_format;  /**< AGENTRUN_FORMAT_...; init: JSON */
	const char *context; /**< JSON object, a job's `context`, or NULL: `data`, then
	                          the last of `previous_results`, stand in for `input` */
	size_t context_len;
	agentrun_store *store; /**< resolves refs; NULL: refs are errors */
	int64_t timeout_ms;  /**< 0: none */
	/**
	 * Called on this thread to read the input, in place of `input`. Rows then take as
	 * much memory as the pipeline has to remember, however long the input is; a
	 * document that is no array is read to its end first, unless the pipeline begins
	 * with `extract`.
	 */
	agentrun_read_fn read;
	void *read_user;
	/**
	 * Called on this thread with the result, in place of `out`. JSON and NDJSON come in
	 * parts as they are made, once there are 4 MiB of it: what fails after that has
	 * written some.
	 */
	agentrun_write_fn write;
	void *write_user;
	int explain;         /**< AGENTRUN_EXPLAIN_...: the result is an array of what is
	                          done, a row an operator, in place of the data */
	/** That scan JSON and NDJSON where there is much of it, this one included; the
	 * result is the same for any number. 0: as `limits.max_threads` says. */
	uint32_t threads;
	/* fields above: 0.1 */
} agentrun_execute_options;

AGENTRUN_API void agentrun_execute_options_init(
	agentrun_execute_options *opts, size_t struct_size);

/**
 * Run a pipeline. Blocks on the network where a step asks for it.
 *
 * @param out      the resulting data, yours; no newline at the end of JSON. May be
 *                 NULL where opts->write takes it
 * @param opts     NULL for defaults
 * @param pipeline JSON text: an array of steps, or the arguments of the tool
 *                 execute_pipeline, `{session_id, pipeline, input_ref}`
 * @return 0, AGENTRUN_EINVAL (no context, wrong options), AGENTRUN_EINPUT (bad
 *         step or input; the error says which step, or line and column),
 *         AGENTRUN_EPIPELINE, AGENTRUN_ENETWORK, AGENTRUN_EPOLICY,
 *         AGENTRUN_ELIMIT, AGENTRUN_ETIMEDOUT, AGENTRUN_ENOTFOUND (a ref),
 *         AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_execute_pipeline(agentrun_buf *out, agentrun_ctx *ctx,
	const char *pipeline, size_t pipeline_len,
	const agentrun_execute_options *opts, agentrun_error **err);

/** The name of the built-in step `i`, static; NULL past the last. */
AGENTRUN_API const char *agentrun_step_name(size_t i);
/** One line about it, static; NULL past the last. */
AGENTRUN_API const char *agentrun_step_summary(size_t i);

/**
 * Describe the steps that a pipeline may have, for a model, a form or a check: a JSON
 * array of `{"step", "summary", "parameters"}`, built-in steps first. `parameters` is a
 * JSON Schema of the step's object.
 *
 * @param ctx whose own steps are told as well; NULL: only those built in
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_steps_describe(agentrun_buf *out, agentrun_ctx *ctx,
	agentrun_error **err);

/**
 * Read rows in any input format as one JSON value, validated: what a job message
 * holds as `context.data`.
 *
 * @param ctx    NULL: the built-in defaults
 * @param format AGENTRUN_FORMAT_...; AUTO: told by looking at it
 * @param name   stands for the text in messages, or NULL
 * @return 0, AGENTRUN_EINPUT (with line and column), AGENTRUN_ELIMIT,
 *         AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_rows_read(agentrun_buf *out, agentrun_ctx *ctx,
	const char *text, size_t len, int format, const char *name,
	agentrun_error **err);

/**
 * Print rows (a JSON array, or any JSON value) in another format.
 *
 * @param ctx    NULL: the built-in defaults
 * @param format AGENTRUN_FORMAT_..., not AUTO
 * @return 0, AGENTRUN_EINPUT, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_rows_write(agentrun_buf *out, agentrun_ctx *ctx,
	const char *json, size_t len, int format, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
