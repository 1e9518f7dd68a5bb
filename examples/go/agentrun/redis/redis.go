// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package redis opens what libagentrun-redis has: a queue, a store, and limits that all
// workers share.
package redis

/*
#cgo pkg-config: agentrun-redis
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include "shim.h"
*/
import "C"

import (
	"time"
	"unsafe"

	"libagentrun.example/agentrun"
)

// QueueOptions say which queue it is. What is zero is as the runtime's configuration has
// it (its keys redis and queue).
type QueueOptions struct {
	URL               string // redis://[[user]:password@]host[:port][/db]
	Mode              string // "list", "stream", "both"
	JobQueue          string
	ResultQueuePrefix string
	Stream            string
	ConsumerGroup     string
	CompletionQueue   string
	Consumer          string // unique; "": host, process and a random number
	Lease             time.Duration
	ResultTTL         time.Duration
	MaxDeliveries     int
}

// NewQueue makes a queue. It connects when it is first used, and again whenever the
// connection is lost.
func NewQueue(rt *agentrun.Runtime, opts QueueOptions) (*agentrun.Queue, error) {
	err := agentrun.CheckText(opts.URL, opts.Mode, opts.JobQueue, opts.ResultQueuePrefix, opts.Stream,
		opts.ConsumerGroup, opts.CompletionQueue, opts.Consumer)
	if err != nil {
		return nil, err
	}
	names := C.agrgo_redis_names{
		url:                 text(opts.URL),
		mode:                text(opts.Mode),
		job_queue:           text(opts.JobQueue),
		result_queue_prefix: text(opts.ResultQueuePrefix),
		stream:              text(opts.Stream),
		consumer_group:      text(opts.ConsumerGroup),
		completion_queue:    text(opts.CompletionQueue),
		consumer:            text(opts.Consumer),
	}
	defer freeNames(&names)
	var ptr *C.agentrun_queue
	err = rt.Lend(func(ctx unsafe.Pointer) error {
		var cerr *C.agentrun_error
		r := C.agrgo_redis_queue(&ptr, (*C.agentrun_ctx)(ctx), names, C.int64_t(opts.Lease.Milliseconds()),
			C.int64_t(opts.ResultTTL.Milliseconds()), C.uint32_t(opts.MaxDeliveries), &cerr)
		return agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
	})
	if err != nil {
		return nil, err
	}
	return agentrun.QueueOf(unsafe.Pointer(ptr)), nil
}

// StoreOptions say which store it is. What is zero is as the configuration has it.
type StoreOptions struct {
	agentrun.StoreOptions
	URL      string
	JobQueue string // names the keys, as for a queue
}

// NewStore makes a store, which connects as a queue does.
func NewStore(rt *agentrun.Runtime, opts StoreOptions) (*agentrun.Store, error) {
	if err := agentrun.CheckText(opts.URL, opts.JobQueue); err != nil {
		return nil, err
	}
	names := C.agrgo_redis_names{url: text(opts.URL), job_queue: text(opts.JobQueue)}
	defer freeNames(&names)
	return agentrun.OpenStore(opts.StoreOptions, func(common unsafe.Pointer) (unsafe.Pointer, error) {
		var ptr *C.agentrun_store
		err := rt.Lend(func(ctx unsafe.Pointer) error {
			var cerr *C.agentrun_error
			r := C.agrgo_redis_store(&ptr, (*C.agentrun_ctx)(ctx), names, (*C.agentrun_store_options)(common), &cerr)
			return agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
		})
		return unsafe.Pointer(ptr), err
	})
}

// LimitsOptions say with whom limits are shared. What is zero is as the configuration has
// it.
type LimitsOptions struct {
	URL      string
	JobQueue string // names the keys, as for a queue
	Lease    time.Duration
}

// ShareLimits lets the runtime's rate limits and budgets be counted in Redis, together
// with those of all who do so. Call it once, before anything else uses the runtime.
func ShareLimits(rt *agentrun.Runtime, opts LimitsOptions) error {
	if err := agentrun.CheckText(opts.URL, opts.JobQueue); err != nil {
		return err
	}
	names := C.agrgo_redis_names{url: text(opts.URL), job_queue: text(opts.JobQueue)}
	defer freeNames(&names)
	return rt.Lend(func(ctx unsafe.Pointer) error {
		var cerr *C.agentrun_error
		r := C.agrgo_redis_limits((*C.agentrun_ctx)(ctx), names, C.int64_t(opts.Lease.Milliseconds()), &cerr)
		return agentrun.ErrorOf(int(r), unsafe.Pointer(cerr))
	})
}

// text is a copy in C's memory, NULL for "".
func text(s string) *C.char {
	if s == "" {
		return nil
	}
	return C.CString(s)
}

func freeNames(n *C.agrgo_redis_names) {
	for _, p := range []*C.char{n.url, n.mode, n.job_queue, n.result_queue_prefix, n.stream,
		n.consumer_group, n.completion_queue, n.consumer} {
		C.free(unsafe.Pointer(p))
	}
}
