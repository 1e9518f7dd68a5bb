/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/**
 * @file
 * Blobs as files in a folder (libagentrun-fs), for a store that keeps its records
 * elsewhere: hand it on as agentrun_store_options.take_blobs. Several processes may
 * share the folder.
 *
 *     PATH/ab/HEX     a blob, under its hex SHA-256, in the folder of its first two
 *                     letters
 *     PATH/tmp/       what is being written
 *     PATH/lock       locked by who puts (shared) and by who removes
 *
 * A blob is written to a file of its own, synced, renamed, and the folder is synced
 * before it counts as put: it is there whole or not at all, whoever is killed when.
 * What killed writers leave in tmp/ goes with the next agentrun_store_gc_with().
 */
#ifndef AGENTRUN_FS_H
#define AGENTRUN_FS_H

#include <agentrun/store.h>

AGENTRUN_BEGIN_DECLS

/** Fields are only ever appended. */
typedef struct agentrun_fs_blobs_options {
	size_t struct_size; /**< set by agentrun_fs_blobs_options_init() */
	const char *path;   /**< the folder; made where its parent is there; init:
	                         "agentrun-blobs". Borrowed */
	/* fields above: 0.1 */
} agentrun_fs_blobs_options;

AGENTRUN_API void agentrun_fs_blobs_options_init(agentrun_fs_blobs_options *opts,
	size_t struct_size);

/**
 * Open or make the folder. A folder that cannot be written is fine for reading. It
 * takes blobs alone: a put of a record is refused.
 *
 * @param out  free it with agentrun_store_free(), or hand it on as `take_blobs`; NULL
 *             on failure
 * @param opts NULL for defaults
 * @return 0, AGENTRUN_EINVAL, AGENTRUN_EBACKEND (the folder cannot be opened or made),
 *         AGENTRUN_ENOMEM
 */
AGENTRUN_API int agentrun_fs_blobs_new(agentrun_store **out,
	const agentrun_fs_blobs_options *opts, agentrun_error **err);

AGENTRUN_END_DECLS
#endif
