/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Options that can grow, for backends: one rule for every struct that begins
 * with `size_t struct_size`.
 *
 * A program that was compiled against an older header hands in a shorter
 * struct: the fields it lacks keep their defaults. One compiled against a newer
 * header hands in a longer one: it is taken while the part that is not known
 * here is zero, and refused otherwise, because to ignore a field would do
 * something else than was asked.
 */
#ifndef AGENTRUN_SYS_OPTIONS_H
#define AGENTRUN_SYS_OPTIONS_H

#include <agentrun/error.h>

AGENTRUN_BEGIN_DECLS

/**
 * The body of an ..._options_init(): zero, then the defaults as far as there is
 * room, then the size.
 *
 * @param opts     the caller's struct, `size` bytes of it; nothing is done where
 *                 they are fewer than a size_t
 * @param defaults yours, `defaults_size` bytes; its struct_size does not matter
 */
AGENTRUN_API void agentrun_options_init(void *opts, size_t size,
	const void *defaults, size_t defaults_size);

/**
 * Read a caller's struct over the defaults, into your newest layout.
 *
 * @param known holds the defaults, `known_size` bytes; afterwards what was
 *              given, its struct_size `known_size`; as it was on failure
 * @param given the caller's; NULL leaves the defaults
 * @param name  of the struct, for messages: "agentrun_redis_queue_options"
 * @return 0, AGENTRUN_EINVAL (struct_size is not set, or a field is that is not
 *         known here)
 */
AGENTRUN_API int agentrun_options_read(void *known, size_t known_size,
	const void *given, const char *name, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
