// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package postgres opens the store of libagentrun-postgres: records and blobs in
// PostgreSQL.
package postgres

/*
#cgo pkg-config: agentrun-postgres
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include <stdlib.h>

#include <agentrun/postgres.h>

static int open_store(agentrun_store **out, const char *url, int64_t timeout_ms,
	size_t max_connections, const agentrun_store_options *store, agentrun_error **err)
{
	agentrun_postgres_store_options opts;

	agentrun_postgres_store_options_init(&opts, sizeof(opts));
	opts.url = url;
	opts.store = store;
	if (timeout_ms > 0)
		opts.timeout_ms = timeout_ms;
	if (max_connections > 0)
		opts.max_connections = max_connections;
	return agentrun_postgres_store_new(out, &opts, err);
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
	Timeout        time.Duration // to connect, and of a statement; 0: 30 s
	MaxConnections int           // at once; 0: 8
}

// NewStore makes a store of the database that the url names, as libpq understands it. It
// connects when it is first used.
func NewStore(url string, opts Options) (*agentrun.Store, error) {
	if err := agentrun.CheckText(url); err != nil {
		return nil, err
	}
	return agentrun.OpenStore(opts.StoreOptions, func(common unsafe.Pointer) (unsafe.Pointer, error) {
		curl := C.CString(url)
		defer C.free(unsafe.Pointer(curl))
		var ptr *C.agentrun_store
		var cerr *C.agentrun_error
		r := C.open_store(&ptr, curl, C.int64_t(opts.Timeout.Milliseconds()), C.size_t(opts.MaxConnections),
			(*C.agentrun_store_options)(common), &cerr)
		return unsafe.Pointer(ptr), agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
	})
}
