/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Classify a prompt: is it a one-time data operation (`execute`), a permanent
 * change of the workflow (`patch`), or can neither be told (`unclear`)?
 *
 * The built-in classifier needs no network, is deterministic, and takes
 * microseconds. A model may be asked instead, or where that is not sure
 * (`classifier.mode`).
 */
#ifndef AGENTRUN_INTENT_H
#define AGENTRUN_INTENT_H

#include <agentrun/ctx.h>

AGENTRUN_BEGIN_DECLS

enum {
	AGENTRUN_LANE_UNCLEAR = 0,
	AGENTRUN_LANE_EXECUTE = 1,
	AGENTRUN_LANE_PATCH = 2
};

/** Who classifies. */
enum {
	AGENTRUN_CLASSIFY_AUTO = 0,    /**< as `classifier.mode` says; without a context
	                                    the built-in classifier */
	AGENTRUN_CLASSIFY_BUILTIN = 1,
	AGENTRUN_CLASSIFY_LLM = 2,     /**< a model, always */
	AGENTRUN_CLASSIFY_HYBRID = 3   /**< a model, where the built-in one is not sure */
};

/** "unclear", "execute", "patch"; static. */
AGENTRUN_API const char *agentrun_lane_name(int lane);

/** What a prompt is about. Immutable. */
typedef struct agentrun_intent agentrun_intent;

/** Fields are only ever appended. */
typedef struct agentrun_classify_options {
	size_t struct_size; /**< set by agentrun_classify_options_init() */
	const char *workflow; /**< JSON of the current workflow, or NULL; borrowed */
	size_t workflow_len;
	const char *input;    /**< JSON or NDJSON rows, or NULL; borrowed */
	size_t input_len;
	int mode;           /**< AGENTRUN_CLASSIFY_...; init: AUTO */
	uint32_t reserved;  /**< 0 */
	/* fields above: 0.1 */
} agentrun_classify_options;

AGENTRUN_API void agentrun_classify_options_init(
	agentrun_classify_options *opts, size_t struct_size);

/**
 * Classify one prompt. Blocks only where a model is asked.
 *
 * @param out  new intent, free with agentrun_intent_free(); NULL on failure
 * @param ctx  NULL: the built-in defaults, and no model
 * @param text borrowed, `len` bytes of UTF-8; an empty text is `unclear`
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL (wrong options), AGENTRUN_EINPUT (not UTF-8),
 *         AGENTRUN_ELIMIT, AGENTRUN_ENOMEM; where a model is asked also
 *         AGENTRUN_ECONFIG (no provider), AGENTRUN_ELLM, AGENTRUN_EPROVIDER,
 *         AGENTRUN_EBUDGET
 */
AGENTRUN_API int agentrun_classify(agentrun_intent **out, agentrun_ctx *ctx,
	const char *text, size_t len, const agentrun_classify_options *opts,
	agentrun_error **err);
AGENTRUN_API void agentrun_intent_free(agentrun_intent *intent); /**< NULL ok */

/** AGENTRUN_LANE_... */
AGENTRUN_API int agentrun_intent_lane(const agentrun_intent *intent);
/** Chance that the lane is right, 0..1. */
AGENTRUN_API double agentrun_intent_confidence(const agentrun_intent *intent);
/** How much speaks for AGENTRUN_LANE_PATCH or _EXECUTE, 0..1. */
AGENTRUN_API double agentrun_intent_score(const agentrun_intent *intent,
	int lane);
/** What decided, as a sentence; lent. */
AGENTRUN_API const char *agentrun_intent_reasoning(
	const agentrun_intent *intent);
/** How many words of the prompt spoke for AGENTRUN_LANE_PATCH or _EXECUTE. */
AGENTRUN_API size_t agentrun_intent_keyword_count(
	const agentrun_intent *intent, int lane);
/** Word `i` of the prompt that spoke for a lane, lent; NULL past the end. */
AGENTRUN_API const char *agentrun_intent_keyword(const agentrun_intent *intent,
	int lane, size_t i);
/**
 * Tool `i` that a planner may use, lent; NULL past the end. One lane's tools
 * when the confidence reaches `classifier.threshold`, all of them otherwise.
 */
AGENTRUN_API const char *agentrun_intent_allowed_tool(
	const agentrun_intent *intent, size_t i);
AGENTRUN_API size_t agentrun_intent_allowed_tool_count(
	const agentrun_intent *intent);
/** What `agentrun classify` prints, as one line of JSON without a newline. */
AGENTRUN_API int agentrun_intent_json(agentrun_buf *out,
	const agentrun_intent *intent);

AGENTRUN_END_DECLS
#endif
