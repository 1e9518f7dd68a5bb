// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package fs opens the blobs of libagentrun-fs: a file each, in a folder. They are for a
// store that keeps its records elsewhere:
//
//	blobs, err := fs.NewBlobs("/var/lib/agentrun/blobs")
//	...
//	store, err := sqlite.NewStore("agentrun.db", sqlite.Options{
//		StoreOptions: agentrun.StoreOptions{Blobs: blobs},
//	})
package fs

/*
#cgo pkg-config: agentrun-fs
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include <stdlib.h>

#include <agentrun/fs.h>

static int open_blobs(agentrun_store **out, const char *path, agentrun_error **err)
{
	agentrun_fs_blobs_options opts;

	agentrun_fs_blobs_options_init(&opts, sizeof(opts));
	opts.path = path;
	return agentrun_fs_blobs_new(out, &opts, err);
}
*/
import "C"

import (
	"unsafe"

	"libagentrun.example/agentrun"
)

// NewBlobs opens or makes the folder. A put of a record is refused.
func NewBlobs(path string) (*agentrun.Store, error) {
	if err := agentrun.CheckText(path); err != nil {
		return nil, err
	}
	cpath := C.CString(path)
	defer C.free(unsafe.Pointer(cpath))
	var ptr *C.agentrun_store
	var cerr *C.agentrun_error
	if r := C.open_blobs(&ptr, cpath, &cerr); r < 0 {
		return nil, agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
	}
	return agentrun.StoreOf(unsafe.Pointer(ptr)), nil
}
