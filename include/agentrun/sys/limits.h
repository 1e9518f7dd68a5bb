/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Bring a counter of limits. What the configuration's `rate_limit` and `budget` keys allow
 * is read, priced and told of by the library; who keeps count - this process, or a server
 * that several share - is one of these, handed in with agentrun_ctx_set_limits(). The
 * library's own one counts in this process' memory (agentrun_memory_limits_new()).
 *
 * take() is called before a job begins and before each turn of a model, on a thread that
 * computes; it may take a round trip to a server near by, but is not to wait for one that
 * does not answer much longer than a second. settle() is not to wait at all.
 */
#ifndef AGENTRUN_SYS_LIMITS_H
#define AGENTRUN_SYS_LIMITS_H

#include <agentrun/ctx.h>
#include <agentrun/sys/error.h>

AGENTRUN_BEGIN_DECLS

#define AGENTRUN_LIMITS_IMPL_VERSION 1

/** Kinds of limits. */
enum {
	/** A bucket that holds `most` and fills again within `period_ms`. */
	AGENTRUN_LIMIT_BUCKET = 1,
	/** At most `most` within any `period_ms`. */
	AGENTRUN_LIMIT_WINDOW = 2,
	/** At most `most` at once: each is held until it is settled. */
	AGENTRUN_LIMIT_SLOTS = 3,
	/** At most `most` in the period of the number `period`; what is taken is reserved
	 * until it is settled at what it came to. */
	AGENTRUN_LIMIT_BUDGET = 4
};

/** One limit, and what is wanted of it. `key` and `name` together tell it from others. */
typedef struct agentrun_limit {
	size_t struct_size; /**< sizeof(agentrun_limit) */
	int kind;           /**< AGENTRUN_LIMIT_... */
	const char *key;    /**< the configuration's: "rate_limit.per_user" */
	const char *name;   /**< whom it counts for: a user, a workflow; "" for all */
	int64_t most;
	int64_t period_ms;  /**< of a bucket or window; a budget's is as long */
	int64_t period;     /**< of a budget: of days, since 1970 */
	int64_t amount;     /**< take: what is wanted; settle: what a budget's came to */
	int64_t taken;      /**< settle: what was taken */
	/* fields above: 0.1 */
} agentrun_limit;

/** What is taken, or settled, in one piece. Borrowed for the call. */
typedef struct agentrun_limits_request {
	size_t struct_size; /**< sizeof(agentrun_limits_request) */
	const char *id;     /**< names what is held: unique, printable, not longer than 40 */
	const agentrun_limit *const *limits;
	size_t n;
	int64_t now_ms;     /**< of a clock that only goes on, for who has no better one */
	/* fields above: 0.1 */
} agentrun_limits_request;

/** Which limit did not allow it. */
typedef struct agentrun_limits_refusal {
	size_t struct_size; /**< set by the caller */
	size_t index;       /**< of the request's limits */
	int64_t used;       /**< of it, by others; reserved included */
	int64_t wait_ms;    /**< when it may allow it; 0: that is not known */
	/* fields above: 0.1 */
} agentrun_limits_refusal;

/** `self` is private state; several threads may call at once. */
typedef struct agentrun_limits_impl {
	uint32_t version;     /**< AGENTRUN_LIMITS_IMPL_VERSION */
	uint32_t struct_size; /**< sizeof(agentrun_limits_impl) */
	const char *name;     /**< "redis"; copied; appears in messages */
	/** Mandatory. Take from all of the limits, or from none: 0; 1 and the refusal, of
	 * the first that does not allow it; or an error, after which nothing is held, or not
	 * for long. A counter that others share holds slots and reservations under a lease,
	 * which it prolongs by itself as long as this process lives: what a process held that
	 * was killed is free again when the lease is over. */
	int (*take)(void *self, const agentrun_limits_request *request,
		agentrun_limits_refusal *refusal, agentrun_error **err);
	/** Mandatory. Give slots back and book budgets at what they came to, also where the
	 * reservation lapsed meanwhile. Once for what was taken; buckets and windows are not
	 * among the limits. What cannot be told to a server now is told later. */
	void (*settle)(void *self, const agentrun_limits_request *request);
	/** Mandatory. Frees `self`; no other call is running. */
	void (*destroy)(void *self);
	/* members above: version 1 */
} agentrun_limits_impl;

/**
 * Keep count of a context's limits so, instead of in this process' memory. Before the
 * context is shared between threads, and once.
 *
 * @param impl copied
 * @param take_self owned by the context on success
 * @return 0, AGENTRUN_EINVAL (a mandatory member is missing, or the context has them
 *         already), AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_ctx_set_limits(agentrun_ctx *ctx,
	const agentrun_limits_impl *impl, void *take_self, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
