/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * options - read a caller's versioned struct into our newest layout. The rule is
 * the public one of sys/options.h; the same for a table of functions.
 */
#ifndef AGR_OPTIONS_H
#define AGR_OPTIONS_H

#include <agentrun/sys/error.h>
#include <agentrun/sys/options.h>

/* A `reserved` field, as one that is not known: it must be zero. */
int agr_options_reserved(uint32_t reserved, const char *name, agentrun_error **err);

/*
 * Copy a versioned implementation table (uint32_t version, struct_size first).
 */
int agr_impl_read(void *known, size_t known_size, const void *given,
	uint32_t version, const char *name, agentrun_error **err);

#endif
