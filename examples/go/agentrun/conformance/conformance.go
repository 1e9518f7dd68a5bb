// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package conformance runs the suites of libagentrun-conformance, which the library's own
// backends pass, over stores and queues of any origin: those that are written in Go, for
// their tests, as well as those of C.
package conformance

/*
#cgo pkg-config: agentrun-conformance
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime/cgo"
	"time"
	"unsafe"

	"libagentrun.example/agentrun"
)

// Report is told of every check: its name, and why it failed ("": it passed).
type Report func(check, failure string)

// Store is how a store is checked.
type Store struct {
	// Open opens a store with these options. One that is opened again after it was
	// closed holds what was put, where it is Durable.
	Open    func(opts agentrun.StoreOptions) (*agentrun.Store, error)
	Reset   func() // remove what it keeps, for the next check; nil: nothing to do
	Durable bool
	Report  Report // may be nil
}

// Queue is how a queue is checked.
type Queue struct {
	Open   func(lease time.Duration, maxDeliveries int) (*agentrun.Queue, error) // an empty one
	Wakes  bool                                                                  // it can be woken
	Report Report                                                                // may be nil
}

// CheckStore returns an error where a check failed.
func CheckStore(store Store) error {
	h := cgo.NewHandle(&store)
	defer h.Delete()
	return failures(C.agrgo_check_store(C.uintptr_t(h), flag(store.Durable)))
}

// CheckQueue returns an error where a check failed.
func CheckQueue(queue Queue) error {
	h := cgo.NewHandle(&queue)
	defer h.Delete()
	return failures(C.agrgo_check_queue(C.uintptr_t(h), flag(queue.Wakes)))
}

func failures(n C.int) error {
	if n > 0 {
		return fmt.Errorf("conformance: %d checks failed", int(n))
	}
	return agentrun.ErrorOf(int(n), nil)
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}

// opened hands what Open gave to C. Neither an error nor a panic unwinds frames of C.
func opened(cerr unsafe.Pointer, open func() (unsafe.Pointer, error)) (ptr unsafe.Pointer, code int) {
	defer func() {
		if v := recover(); v != nil {
			code = agentrun.RaiseError(cerr, fmt.Errorf("panic: %v", v))
		}
	}()
	ptr, err := open()
	if err != nil {
		return nil, agentrun.RaiseError(cerr, err)
	}
	return ptr, 0
}

//export agrgoConformanceStore
func agrgoConformanceStore(handle C.uintptr_t, out *unsafe.Pointer, maxInline C.size_t, blobs unsafe.Pointer, cerr unsafe.Pointer) C.int {
	ptr, code := opened(cerr, func() (unsafe.Pointer, error) {
		if blobs != nil {
			return nil, errors.New("blobs of another store are not handed on here")
		}
		store, err := cgo.Handle(handle).Value().(*Store).Open(agentrun.StoreOptions{MaxInline: int(maxInline)})
		if err != nil {
			return nil, err
		}
		return store.GiveAway()
	})
	*out = ptr
	return C.int(code)
}

//export agrgoConformanceReset
func agrgoConformanceReset(handle C.uintptr_t) {
	if reset := cgo.Handle(handle).Value().(*Store).Reset; reset != nil {
		reset()
	}
}

//export agrgoConformanceQueue
func agrgoConformanceQueue(handle C.uintptr_t, out *unsafe.Pointer, leaseMS C.int64_t, maxDeliveries C.uint32_t, cerr unsafe.Pointer) C.int {
	ptr, code := opened(cerr, func() (unsafe.Pointer, error) {
		queue, err := cgo.Handle(handle).Value().(*Queue).Open(time.Duration(leaseMS)*time.Millisecond, int(maxDeliveries))
		if err != nil {
			return nil, err
		}
		return queue.GiveAway()
	})
	*out = ptr
	return C.int(code)
}

//export agrgoConformanceReport
func agrgoConformanceReport(handle C.uintptr_t, check, failure *C.char) {
	var report Report
	switch of := cgo.Handle(handle).Value().(type) {
	case *Store:
		report = of.Report
	case *Queue:
		report = of.Report
	}
	if report != nil {
		report(C.GoString(check), C.GoString(failure))
	}
}
