/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * options - read a caller's versioned options struct into our newest layout.
 *
 * A caller compiled against an older header passes a smaller struct: the fields
 * it lacks keep the defaults. One compiled against a newer header passes a
 * larger one: a field that we do not know must be zero, or the call is refused,
 * because ignoring it would do something else than was asked.
 */
#ifndef AGR_OPTIONS_H
#define AGR_OPTIONS_H

#include <agentrun/sys/error.h>

/*
 * `known` holds the defaults; `given` (NULL ok) begins with a size_t
 * struct_size. `name` is the struct's name, for messages.
 */
int agr_options_read(void *known, size_t known_size, const void *given,
	const char *name, agentrun_error **err);

/* A `reserved` field, as one that is not known: it must be zero. */
int agr_options_reserved(uint32_t reserved, const char *name, agentrun_error **err);

/* The body of a public *_options_init(): zero, then defaults, then the size. */
void agr_options_init(void *given, size_t given_size, const void *defaults,
	size_t defaults_size);

/*
 * Copy a versioned implementation table (uint32_t version, struct_size first).
 */
int agr_impl_read(void *known, size_t known_size, const void *given,
	uint32_t version, const char *name, agentrun_error **err);

#endif
