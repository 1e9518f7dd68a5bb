// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package sqlite opens the store of libagentrun-sqlite: records and blobs in one SQLite
// file, which several processes may share.
package sqlite

/*
#cgo pkg-config: agentrun-sqlite
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include <stdlib.h>

#include <agentrun/sqlite.h>

static int open_store(agentrun_store **out, const char *path, int64_t busy_timeout_ms,
	const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_sqlite_store_options opts;

	agentrun_sqlite_store_options_init(&opts, sizeof(opts));
	opts.path = path;
	opts.store = store;
	if (busy_timeout_ms >= 0)
		opts.busy_timeout_ms = busy_timeout_ms;
	return agentrun_sqlite_store_new(out, &opts, err);
}
*/
import "C"

import (
	"time"
	"unsafe"

	"libagentrun.example/agentrun"
)

// Options say how a store is opened.
type Options struct {
	agentrun.StoreOptions
	BusyTimeout time.Duration // to wait for other writers; 0: 5 s; negative: not at all
}

// NewStore opens or makes the file.
func NewStore(path string, opts Options) (*agentrun.Store, error) {
	if err := agentrun.CheckText(path); err != nil {
		return nil, err
	}
	busy := opts.BusyTimeout.Milliseconds()
	switch {
	case opts.BusyTimeout == 0:
		busy = -1
	case opts.BusyTimeout < 0:
		busy = 0
	}
	return agentrun.OpenStore(opts.StoreOptions, func(common unsafe.Pointer) (unsafe.Pointer, error) {
		cpath := C.CString(path)
		defer C.free(unsafe.Pointer(cpath))
		var ptr *C.agentrun_store
		var cerr *C.agentrun_error
		r := C.open_store(&ptr, cpath, C.int64_t(busy), (*C.agentrun_store_options)(common), &cerr)
		return unsafe.Pointer(ptr), agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
	})
}
