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
	"libagentrun.example/agentrun/internal/apart"
)

// Report is told of every check: its name, and why it failed ("": it passed). A panic of it
// goes on to the caller when the suite is done, as does runtime.Goexit; likewise Reset's.
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
	s := &suite{store: store, report: store.Report}
	h := cgo.NewHandle(s)
	defer h.Delete()
	return s.failures(C.agrgo_check_store(C.uintptr_t(h), flag(store.Durable)))
}

// CheckQueue returns an error where a check failed.
func CheckQueue(queue Queue) error {
	s := &suite{queue: queue, report: queue.Report}
	h := cgo.NewHandle(s)
	defer h.Delete()
	return s.failures(C.agrgo_check_queue(C.uintptr_t(h), flag(queue.Wakes)))
}

// suite is one under way. C knows it by a handle.
type suite struct {
	store  Store
	queue  Queue
	report Report
	ended  *apart.Ending // how a Reset or Report did that did not return
}

func suiteOf(handle C.uintptr_t) *suite { return cgo.Handle(handle).Value().(*suite) }

func (s *suite) call(f func()) {
	if ended := apart.Run(f); ended != nil {
		s.ended = ended
	}
}

func (s *suite) failures(n C.int) error {
	s.ended.Again()
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

// opened hands what open gave to C.
func opened(out *unsafe.Pointer, cerr unsafe.Pointer, open func() (unsafe.Pointer, error)) C.int {
	var err error
	if ended := apart.Run(func() { *out, err = open() }); ended != nil {
		err = ended
	}
	if err != nil {
		*out = nil
		return C.int(agentrun.RaiseError(cerr, err))
	}
	return 0
}

//export agrgoConformanceStore
func agrgoConformanceStore(handle C.uintptr_t, out *unsafe.Pointer, maxInline C.size_t, blobs unsafe.Pointer, cerr unsafe.Pointer) C.int {
	return opened(out, cerr, func() (unsafe.Pointer, error) {
		if blobs != nil {
			return nil, errors.New("blobs of another store are not handed on here")
		}
		store, err := suiteOf(handle).store.Open(agentrun.StoreOptions{MaxInline: int(maxInline)})
		if err != nil {
			return nil, err
		}
		return store.GiveAway()
	})
}

//export agrgoConformanceReset
func agrgoConformanceReset(handle C.uintptr_t) {
	s := suiteOf(handle)
	if s.store.Reset != nil {
		s.call(s.store.Reset)
	}
}

//export agrgoConformanceQueue
func agrgoConformanceQueue(handle C.uintptr_t, out *unsafe.Pointer, leaseMS C.int64_t, maxDeliveries C.uint32_t, cerr unsafe.Pointer) C.int {
	return opened(out, cerr, func() (unsafe.Pointer, error) {
		queue, err := suiteOf(handle).queue.Open(time.Duration(leaseMS)*time.Millisecond, int(maxDeliveries))
		if err != nil {
			return nil, err
		}
		return queue.GiveAway()
	})
}

//export agrgoConformanceReport
func agrgoConformanceReport(handle C.uintptr_t, check, failure *C.char) {
	s := suiteOf(handle)
	if s.report != nil {
		s.call(func() { s.report(C.GoString(check), C.GoString(failure)) })
	}
}
