// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"fmt"
	"runtime"
	"strings"
	"unsafe"
)

// What follows is for packages that bind other libraries of C, as the folders below this
// one do: it hands out and takes in pointers of C. Each package of Go has types of C of
// its own, so that they are unsafe.Pointer here.

// StoreOf takes over an agentrun_store. Who calls it gives the store away.
func StoreOf(store unsafe.Pointer) *Store {
	ptr := (*C.agentrun_store)(store)
	s := &Store{ptr: ptr}
	s.refs.free = func() { C.agentrun_store_free(ptr) }
	runtime.SetFinalizer(s, (*Store).Close)
	return s
}

// GiveAway is the opposite of [StoreOf]: the agentrun_store is the caller's, and s is
// closed. It fails where s is in use.
func (s *Store) GiveAway() (unsafe.Pointer, error) {
	if err := s.refs.giveAway(); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(s, nil)
	return unsafe.Pointer(s.ptr), nil
}

// QueueOf takes over an agentrun_queue. Who calls it gives the queue away.
func QueueOf(queue unsafe.Pointer) *Queue {
	ptr := (*C.agentrun_queue)(queue)
	q := &Queue{ptr: ptr}
	q.refs.free = func() { C.agentrun_queue_free(ptr) }
	runtime.SetFinalizer(q, (*Queue).Close)
	return q
}

// GiveAway is the opposite of [QueueOf]. It fails where q is in use.
func (q *Queue) GiveAway() (unsafe.Pointer, error) {
	if err := q.refs.giveAway(); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(q, nil)
	return unsafe.Pointer(q.ptr), nil
}

// Lend calls f with the agentrun_ctx, which is there until f returns.
func (rt *Runtime) Lend(f func(ctx unsafe.Pointer) error) error {
	if err := rt.refs.acquire(); err != nil {
		return err
	}
	defer rt.refs.release()
	return f(unsafe.Pointer(rt.ptr))
}

// ErrorOf makes a Go error of what a function of C returned: nil where code is not
// negative. It takes over the agentrun_error, which may be NULL.
func ErrorOf(code int, err unsafe.Pointer) error {
	return takeError(C.int(code), (*C.agentrun_error)(err))
}

// RaiseError is the opposite, for functions of Go that C calls: it sets the
// agentrun_error that err (of the type agentrun_error **) points to, and gives the code
// to return.
func RaiseError(err unsafe.Pointer, cause error) int {
	return int(failureOf(ErrInternal, cause).raise((**C.agentrun_error)(err)))
}

// CheckText fails with [ErrInvalid] where a text has a NUL in it: for C it would end there,
// and name something else.
func CheckText(all ...string) error {
	for _, s := range all {
		if strings.IndexByte(s, 0) >= 0 {
			return &Error{Code: ErrInvalid, Message: fmt.Sprintf("agentrun: there is a NUL in %.100q", s)}
		}
	}
	return nil
}

// StoreOptions are those of every store.
type StoreOptions struct {
	MaxInline int    // longer result data goes to a blob; 0: 10 MiB
	Blobs     *Store // keeps the blobs in the store's place, which takes it over; or nil
}

// OpenStore calls open with the agentrun_store_options that opts stand for, and takes
// over the agentrun_store that it makes.
func OpenStore(opts StoreOptions, open func(opts unsafe.Pointer) (unsafe.Pointer, error)) (*Store, error) {
	if err := checkCounts(opts.MaxInline); err != nil {
		return nil, err
	}
	blobs, err := opts.takeBlobs()
	if err != nil {
		return nil, err
	}
	common := C.agrgo_store_options(C.size_t(opts.MaxInline), blobs)
	if common == nil {
		opts.giveBlobsBack()
		return nil, &Error{Code: ErrNoMemory, Message: "agentrun: out of memory"}
	}
	defer C.free(unsafe.Pointer(common))
	ptr, err := open(unsafe.Pointer(common))
	if err != nil {
		opts.giveBlobsBack()
		return nil, err
	}
	return StoreOf(ptr), nil
}

func (o *StoreOptions) takeBlobs() (*C.agentrun_store, error) {
	if o.Blobs == nil {
		return nil, nil
	}
	ptr, err := o.Blobs.GiveAway()
	return (*C.agentrun_store)(ptr), err
}

// giveBlobsBack undoes takeBlobs: nobody took them.
func (o *StoreOptions) giveBlobsBack() {
	if o.Blobs != nil {
		o.Blobs.refs.state.Store(0)
		runtime.SetFinalizer(o.Blobs, (*Store).Close)
	}
}
