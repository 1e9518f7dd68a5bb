/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <stdlib.h>
#include <string.h>

#include "ctx/ctx.h"
#include "patch/apply.h"
#include "patch/canonical.h"
#include "patch/facts.h"
#include "patch/ir.h"
#include "patch/outline.h"
#include "patch/result.h"
#include "patch/rulebook.h"
#include "patch/workflow.h"

/* A value of the deepest allowed level, within an operation, within a patch,
 * within the arguments of the tool. */
#define PATCH_DEPTH (AGR_DEPTH_DEFAULT + 4)

/* What a write may want beyond the document's and the patch's length, so that the text
 * is not moved at its end. */
#define ROOM_MORE 256

static const agentrun_patch_options patch_defaults = {
	.struct_size = sizeof(agentrun_patch_options),
};

void agentrun_patch_options_init(agentrun_patch_options *opts, size_t struct_size)
{
	agentrun_options_init(opts, struct_size, &patch_defaults, sizeof(patch_defaults));
}

static int read_options(agentrun_patch_options *opts, const agentrun_patch_options *given,
	agentrun_error **err)
{
	int r;

	*opts = patch_defaults;
	r = agentrun_options_read(opts, sizeof(*opts), given, "agentrun_patch_options", err);
	if (r < 0)
		return r;
	if (opts->preview_format < AGENTRUN_PREVIEW_TEXT ||
		opts->preview_format > AGENTRUN_PREVIEW_MERMAID)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"a preview is text, JSON, DOT or Mermaid, not format %d",
			opts->preview_format);
	if (opts->raw && opts->preview_format != AGENTRUN_PREVIEW_TEXT)
		return agentrun_error_raise(err, AGENTRUN_EINVAL,
			"only a workflow's preview can be a graph, not any document's");
	return 0;
}

static agr_text text_of(const char *name, const char *text, size_t len, size_t depth)
{
	return (agr_text){.name = name,
		.p = text ? text : "",
		.n = text ? len : 0,
		.max_depth = depth,
		.code = AGENTRUN_EPATCH};
}

static int scan(agr_span *out, const char *name, const char *text, size_t len,
	size_t depth, agentrun_error **err)
{
	agr_text what = text_of(name, text, len, depth);

	return agr_scan_document(out, &what, err);
}

static const char *document_name(const char *given)
{
	return given ? given : "document";
}

size_t agr_patch_max_bytes(const agentrun_ctx *ctx)
{
	return ctx ? (size_t)agentrun_config_get_int(ctx->config,
			     "limits.max_document_bytes", AGR_PATCH_MAX_BYTES)
		   : AGR_PATCH_MAX_BYTES;
}

/* The caller's, else the configured ones. */
static int get_rules(agr_rules **out, const agentrun_ctx *ctx, const char *schema, size_t len,
	agentrun_error **err)
{
	return schema ? agr_rules_of_text(out, ctx, schema, len, err)
		      : agr_rules_get(out, ctx, err);
}

static int check_base(agr_span document, const char *wanted, agentrun_error **err)
{
	char hash[AGR_SHA256_HEX];
	int r;

	if (!wanted)
		return 0;
	r = agr_canonical_hash(hash, document, err);
	if (r < 0 || agr_str_equal_nocase(hash, wanted))
		return r;
	return agentrun_error_raise(err, AGENTRUN_EPATCH,
		"the document has changed: the patch was made for base hash %.80s, this "
		"document's is %s",
		wanted, hash);
}

/* One call of agentrun_apply_patch(). */
struct job {
	const agentrun_ctx *ctx;
	agentrun_patch_options opts;
	const agr_rules *rules; /* NULL with `raw` */
	size_t max_bytes;
	agr_arena arena;
	agr_faults faults;
	agr_outline outline;
	agr_facts facts;
	agr_span given; /* the document as it came */
	agr_buf flow;   /* the same with its nodes and edges in arrays, where they were not */
	agr_span before, after;
	agr_patch patch;
	agr_patching patching;
	agentrun_patch_result *result;
	agentrun_error **err;
};

static int read_patch(struct job *job, const char *patch, size_t patch_len)
{
	const char *name = job->opts.patch_name ? job->opts.patch_name : "patch";
	agr_span text;
	int r = scan(&text, name, patch, patch_len, PATCH_DEPTH, job->err);

	if (r == 0)
		r = agr_patch_read(
			&job->patch, &job->arena, text, &job->faults, job->err);
	return r < 0 ? r
		     : agr_faults_raise(&job->faults, "the patch is malformed", job->err);
}

static int run_patch(struct job *job)
{
	agentrun_error *err = NULL;
	int r;

	job->patching.arena = &job->arena;
	job->patching.root = job->outline.root;
	job->patching.want_inverse = job->opts.want_inverse != 0;
	r = agr_patch_run(&job->patching, &job->patch, &err);
	if (r == AGENTRUN_EPATCH && job->flow.len)
		agr_error_prefix(&err,
			"the workflow has its nodes keyed by id, the patch is of the "
			"form with the arrays \"nodes\" and \"edges\"");
	/* What fails is also the one violation, for those who read only these. */
	if (r == AGENTRUN_EPATCH)
		r = agr_error_violation(job->err, r, agentrun_error_message(err), "%s",
			agentrun_error_message(err));
	else if (r < 0)
		r = agentrun_error_raise(job->err, r, "%s", agentrun_error_message(err));
	agentrun_error_free(err);
	return r;
}

static int read_text(struct job *job, const char *document, size_t len)
{
	agr_text text =
		text_of(document_name(job->opts.document_name), document, len, 0);
	size_t n_watches = job->rules ? AGR_COUNT(job->facts.watches) : 0;
	int r = 0;

	if (job->rules)
		r = agr_facts_init(
			&job->facts, &job->arena, job->rules, text.p, text.n, job->err);
	if (r == 0)
		r = agr_outline_read(&job->outline, &job->arena, &text,
			job->facts.watches, n_watches, job->err);

	job->before = job->outline.root.text;
	return r;
}

/* A patch is of the form with arrays, and so is what comes of it: a pointer into the
 * other one would mean something else. */
static int read_document(struct job *job, const char *document, size_t len)
{
	agr_tree_value nodes;
	int r = read_text(job, document, len);

	job->given = job->before;
	if (r < 0 || !job->rules || !agr_tree_get(&job->outline.root, "nodes", &nodes) ||
		agr_tree_type(&nodes) != AGR_TYPE_OBJECT)
		return r;
	agr_ir_write(&job->flow, job->given);
	r = agr_buf_check(&job->flow, "the workflow", job->err);
	agr_facts_free(&job->facts);
	memset(&job->facts, 0, sizeof(job->facts));
	return r < 0 ? r : read_text(job, job->flow.data, job->flow.len);
}

/* What is written is made of valid values: it need not be read again. */
static int write_document(struct job *job, size_t patch_len)
{
	agr_buf text = AGR_BUF_MAX(job->max_bytes);
	agentrun_buf *out = &job->result->document;
	size_t about = job->before.n + patch_len + ROOM_MORE;
	int r;

	if (about < job->max_bytes)
		agr_buf_reserve(&text, about);
	r = agr_tree_write(&text, &job->patching.root, &job->outline.source, job->err);
	if (r == 0)
		r = agr_buf_give(&text, out, "the patched document", job->err);
	agr_buf_free(&text);
	job->after = (agr_span){out->data, out->len};
	return r;
}

static int check_workflow(struct job *job)
{
	agr_workflow_check check = {.document = job->after,
		.before = job->before,
		.patching = &job->patching,
		.schema = job->rules ? job->rules->schema : (agr_span){NULL, 0},
		.faults = &job->faults,
		.arena = &job->arena,
		.err = job->err};
	int r;

	if (!job->rules)
		return 0;
	/* Mostly nothing is wrong, which is seen soon. */
	r = agr_facts_prove(&job->facts, &job->patching.root, &job->outline.source, job->err);
	if (r)
		return r < 0 ? r : 0;
	r = agr_workflow_check_all(&check);
	return r < 0 ? r
		     : agr_faults_raise(
			       &job->faults, "the patched workflow is refused", job->err);
}

static int write_preview(struct job *job, agr_buf *out)
{
	if (job->opts.raw)
		return agr_preview_document(out, job->before, job->after, job->err);
	if (job->opts.preview_format == AGENTRUN_PREVIEW_TEXT)
		return agr_preview_workflow(out, job->before, job->after, job->err);
	return agr_preview_graph(out, job->before, job->after, job->opts.preview_format,
		job->err);
}

static int write_extras(struct job *job)
{
	agr_buf text = AGR_BUF_MAX(job->max_bytes);
	int r = 0;

	if (job->opts.want_inverse) {
		r = agr_inverse_write(&text, &job->patching.journal, job->err);
		if (r == 0)
			r = agr_buf_give(&text, &job->result->inverse,
				"the inverse patch", job->err);
	}
	if (r == 0 && job->opts.want_preview) {
		r = write_preview(job, &text);
		if (r == 0)
			r = agr_buf_give(
				&text, &job->result->preview, "the preview", job->err);
	}
	if (r == 0 && job->patch.description.p) {
		agr_string_decode(&text, job->patch.description);
		r = agr_buf_give(
			&text, &job->result->description, "the description", job->err);
	}
	agr_buf_free(&text);
	job->result->operations = job->patch.n;
	if (r < 0 || !job->opts.want_hash)
		return r;
	return agr_canonical_hash(job->result->hash, job->after, job->err);
}

static int apply(struct job *job, const char *document, size_t document_len,
	const char *patch, size_t patch_len)
{
	int r = read_document(job, document, document_len);

	if (r == 0)
		r = read_patch(job, patch, patch_len);
	if (r == 0)
		r = check_base(job->given, job->opts.base_hash, job->err);
	if (r == 0)
		r = run_patch(job);
	if (r == 0)
		r = write_document(job, patch_len);
	if (r == 0)
		r = check_workflow(job);
	return r < 0 ? r : write_extras(job);
}

int agr_patch_apply(agentrun_patch_result **out, const agentrun_ctx *ctx,
	const agr_rules *rules, const char *document, size_t document_len,
	const char *patch, size_t patch_len, const agentrun_patch_options *opts,
	agentrun_error **err)
{
	struct job job;
	int r;

	*out = NULL;
	memset(&job, 0, sizeof(job));
	job.opts = *opts;
	job.rules = rules;
	job.max_bytes = agr_patch_max_bytes(ctx);
	job.faults = (agr_faults)AGR_FAULTS_INIT;
	job.flow = (agr_buf)AGR_BUF_MAX(job.max_bytes);
	job.err = err;
	job.result = calloc(1, sizeof(*job.result));
	if (!job.result)
		return agr_error_oom(err);
	r = apply(&job, document, document_len, patch, patch_len);
	if (r == 0) {
		*out = job.result;
		job.result = NULL;
	}
	agentrun_patch_result_free(job.result);
	agr_facts_free(&job.facts);
	agr_buf_free(&job.flow);
	agr_faults_free(&job.faults);
	agr_arena_free(&job.arena);
	return r;
}

int agentrun_apply_patch(agentrun_patch_result **out, agentrun_ctx *ctx,
	const char *document, size_t document_len, const char *patch, size_t patch_len,
	const agentrun_patch_options *opts_in, agentrun_error **err)
{
	agentrun_patch_options opts;
	agr_rules *rules = NULL;
	int r;

	*out = NULL;
	r = read_options(&opts, opts_in, err);
	if (r == 0 && !opts.raw)
		r = get_rules(&rules, ctx, opts.schema, opts.schema_len, err);
	if (r == 0)
		r = agr_patch_apply(out, ctx, rules, document, document_len, patch,
			patch_len, &opts, err);
	agr_rules_release(rules);
	return r;
}

void agentrun_workflow_options_init(agentrun_workflow_options *opts, size_t struct_size)
{
	const agentrun_workflow_options defaults = {.schema = NULL};

	agentrun_options_init(opts, struct_size, &defaults, sizeof(defaults));
}

int agentrun_workflow_check(agentrun_ctx *ctx, const char *document,
	size_t document_len, const agentrun_workflow_options *given, agentrun_error **err)
{
	agr_arena arena = AGR_ARENA_INIT;
	agr_faults faults = AGR_FAULTS_INIT;
	agr_workflow_check check = {.faults = &faults, .arena = &arena, .err = err};
	agentrun_workflow_options opts = {.schema = NULL};
	agr_buf compact = AGR_BUF_INIT;
	agr_rules *rules = NULL;
	int r;

	r = agentrun_options_read(&opts, sizeof(opts), given, "agentrun_workflow_options", err);
	if (r == 0)
		r = scan(&check.document, document_name(opts.document_name), document, document_len, 0,
			err);
	if (r == 0)
		r = get_rules(&rules, ctx, opts.schema, opts.schema_len, err);
	if (r == 0) {
		check.schema = rules->schema;
		if (agr_ir_is(check.document)) {
			compact.max = agr_patch_max_bytes(ctx);
			agr_ir_write(&compact, check.document);
		} else {
			agr_value_write(&compact, check.document);
		}
		r = agr_buf_check(&compact, "the workflow", err);
		check.document = (agr_span){compact.data, compact.len};
	}
	if (r == 0)
		r = agr_workflow_check_all(&check);
	if (r == 0)
		r = agr_faults_raise(&faults, "the workflow is refused", err);
	agr_buf_free(&compact);
	agr_rules_release(rules);
	agr_faults_free(&faults);
	agr_arena_free(&arena);
	return r;
}

int agentrun_document_hash(char hex[65], agentrun_ctx *ctx, const char *document,
	size_t document_len, agentrun_error **err)
{
	agr_span value;
	int r = scan(&value, "document", document, document_len, 0, err);

	(void)ctx; /* no limit of the configuration applies */
	return r < 0 ? r : agr_canonical_hash(hex, value, err);
}
