/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * The store, the queue and the counter of limits in this process' memory. They are in the core, forget
 * everything at exit, and are what programs that embed the library and tests
 * start from.
 */
#ifndef AGENTRUN_MEMORY_H
#define AGENTRUN_MEMORY_H

#include <agentrun/queue.h>
#include <agentrun/store.h>
#include <agentrun/sys/limits.h>

AGENTRUN_BEGIN_DECLS

/** Fields are only ever appended. */
typedef struct agentrun_memory_store_options {
	size_t struct_size; /**< set by agentrun_memory_store_options_init() */
	const agentrun_store_options *store; /**< of every store; NULL: its defaults */
	/* fields above: 0.1 */
} agentrun_memory_store_options;

AGENTRUN_API void agentrun_memory_store_options_init(
	agentrun_memory_store_options *opts, size_t struct_size);
/**
 * A store in memory.
 *
 * @param out  new store, free with agentrun_store_free(); NULL on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_memory_store_new(agentrun_store **out,
	const agentrun_memory_store_options *opts, agentrun_error **err);

/** Fields are only ever appended. */
typedef struct agentrun_memory_queue_options {
	size_t struct_size; /**< set by agentrun_memory_queue_options_init() */
	int64_t lease_ms;   /**< of an acquire that says 0; init: 30000 */
	size_t max_results; /**< results kept for agentrun_queue_result(); init: 100000 */
	uint32_t max_deliveries; /**< then a job is a dead letter; init: 5 */
	uint32_t reserved;  /**< 0 */
	/* fields above: 0.1 */
} agentrun_memory_queue_options;

AGENTRUN_API void agentrun_memory_queue_options_init(
	agentrun_memory_queue_options *opts, size_t struct_size);
/**
 * A queue in memory.
 *
 * @param out  new queue, free with agentrun_queue_free(); NULL on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_memory_queue_new(agentrun_queue **out,
	const agentrun_memory_queue_options *opts, agentrun_error **err);

/**
 * A counter of limits in memory, for agentrun_ctx_set_limits(). A context without another
 * makes one by itself.
 *
 * @param impl static
 * @param self yours: give it away or call (*impl)->destroy(); NULL on failure
 * @return 0, AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_memory_limits_new(const agentrun_limits_impl **impl, void **self,
	agentrun_error **err);

AGENTRUN_END_DECLS
#endif
