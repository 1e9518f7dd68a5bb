/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Apply a JSON Patch (RFC 6902, pointers of RFC 6901) to a workflow or to any
 * JSON document: all of it or nothing. Operations are counted from 1, in messages
 * too: "operation 3" is the third.
 */
#ifndef AGENTRUN_PATCH_H
#define AGENTRUN_PATCH_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

/** A patch that was applied. Immutable. */
typedef struct agentrun_patch_result agentrun_patch_result;

/** What a preview is written as. A graph holds what is there now and, marked, what was
 * added, removed and changed. */
enum {
	AGENTRUN_PREVIEW_TEXT,    /**< lines for a person */
	AGENTRUN_PREVIEW_JSON,    /**< an object `{"nodes":[...],"edges":[...]}` of what is not
	                               as it was: `{"change","before","after"}`, with
	                               `change` added, removed or changed */
	AGENTRUN_PREVIEW_DOT,     /**< a graph for Graphviz */
	AGENTRUN_PREVIEW_MERMAID  /**< a flowchart for Mermaid */
};

/** Fields are only ever appended. All text is borrowed for the call. */
typedef struct agentrun_patch_options {
	size_t struct_size; /**< set by agentrun_patch_options_init() */
	int raw;            /**< 1: any JSON document, no workflow rules */
	int want_inverse;   /**< 1: make the patch that undoes this one */
	int want_preview;   /**< 1: make the preview for a person */
	const char *base_hash; /**< hex SHA-256 the document must have, or NULL */
	const char *schema; /**< JSON Schema of a workflow; NULL: the file or the address
	                         that `workflow.schema` names, else the built-in one */
	size_t schema_len;
	const char *document_name; /**< stand for the texts in messages, or NULL */
	const char *patch_name;
	int want_hash;      /**< 1: make the hash of the new document */
	int preview_format; /**< AGENTRUN_PREVIEW_...; with `raw` only the text */
	/* fields above: 0.1 */
} agentrun_patch_options;

AGENTRUN_API void agentrun_patch_options_init(agentrun_patch_options *opts,
	size_t struct_size);

/**
 * Apply a patch. Blocks only where `workflow.schema` is an address and the schema that
 * was fetched from there is no longer fresh: then it is asked for, once for all who want
 * it, and where a schema is there already that takes 5 seconds at the most.
 *
 * @param out      new result, free with agentrun_patch_result_free(); NULL on
 *                 failure
 * @param ctx      NULL: the built-in defaults
 * @param document JSON text of the workflow (arrays `nodes` and `edges`; nodes that
 *                 are keyed by id become that form, which is what the patch is of and
 *                 what comes out) or, with `raw`, of anything
 * @param patch    JSON text: an array of operations, or an object that holds
 *                 one as `operations` (and a `description`), or the arguments
 *                 of patch_workflow, which hold that object as `patch_spec`
 * @return 0, AGENTRUN_EPATCH (the error lists every violation, with operation
 *         and pointer), AGENTRUN_ELIMIT (a text nested deeper than 512 levels, a
 *         result of more than 64 MiB), AGENTRUN_EINVAL (no such format, or none for
 *         any document), AGENTRUN_ECONFIG (the schema is wrong),
 *         AGENTRUN_ENOTFOUND, AGENTRUN_EIO (the schema file), AGENTRUN_ENETWORK,
 *         AGENTRUN_ETIMEDOUT (no schema could be fetched yet; retryable, as are
 *         AGENTRUN_ECONFIG and AGENTRUN_ELIMIT then), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_apply_patch(agentrun_patch_result **out,
	agentrun_ctx *ctx, const char *document, size_t document_len,
	const char *patch, size_t patch_len, const agentrun_patch_options *opts,
	agentrun_error **err);
AGENTRUN_API void agentrun_patch_result_free(
	agentrun_patch_result *result); /**< NULL ok */

/** The new document as compact JSON; lent. `*len` may be NULL. */
AGENTRUN_API const char *agentrun_patch_result_document(
	const agentrun_patch_result *result, size_t *len);
/**
 * The undoing patch, a JSON array; lent, NULL when it was not asked for. Applied
 * to the new document it gives the old one by value: a member that was removed
 * comes back behind its neighbours, because a patch cannot say where it stood.
 */
AGENTRUN_API const char *agentrun_patch_result_inverse(
	const agentrun_patch_result *result, size_t *len);
/** What changed, in the format that was asked for; lent, NULL when it was not. */
AGENTRUN_API const char *agentrun_patch_result_preview(
	const agentrun_patch_result *result, size_t *len);
/** Hex SHA-256 of the new document's canonical form (RFC 8785), its next base hash;
 * lent, NULL when it was not asked for. */
AGENTRUN_API const char *agentrun_patch_result_hash(
	const agentrun_patch_result *result);
/** How many operations the patch holds. */
AGENTRUN_API size_t agentrun_patch_result_operation_count(
	const agentrun_patch_result *result);
/** The patch's description, "" when it has none; lent. */
AGENTRUN_API const char *agentrun_patch_result_description(
	const agentrun_patch_result *result);

/** Fields are only ever appended. All text is borrowed for the call. */
typedef struct agentrun_workflow_options {
	size_t struct_size; /**< set by agentrun_workflow_options_init() */
	const char *schema; /**< as in agentrun_patch_options */
	size_t schema_len;
	const char *document_name; /**< stands for the text in messages, or NULL */
	/* fields above: 0.1 */
} agentrun_workflow_options;

AGENTRUN_API void agentrun_workflow_options_init(
	agentrun_workflow_options *opts, size_t struct_size);

/**
 * Check a workflow, in either form, against the rules and the schema without changing
 * it. Blocks as agentrun_apply_patch() does. Pointers in messages are into the form with
 * arrays.
 *
 * @param ctx  NULL: the built-in defaults
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EPATCH (the error lists every violation),
 *         AGENTRUN_ELIMIT, AGENTRUN_ECONFIG (the schema is wrong), and what else a
 *         schema fails with in agentrun_apply_patch(), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_workflow_check(agentrun_ctx *ctx,
	const char *document, size_t document_len,
	const agentrun_workflow_options *opts, agentrun_error **err);

/**
 * Hex SHA-256 of a document's canonical form (RFC 8785), what a base hash is.
 *
 * RFC 8785 takes numbers for doubles. One that says more than a double can (a
 * whole number such as 2^53+1, more than 17 significant digits, 1e400) keeps its
 * own digits here, so that documents that differ in it do not share a hash.
 *
 * @param hex 65 bytes, NUL included
 * @param ctx NULL: the built-in defaults
 * @return 0, AGENTRUN_EPATCH (not JSON), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_document_hash(char hex[65], agentrun_ctx *ctx,
	const char *document, size_t document_len, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
