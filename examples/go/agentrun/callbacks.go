// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/cgo"
	"strings"
	"unsafe"
)

// stream is what a pipeline reads from and writes to. C knows it by a handle.
type stream struct {
	ctx        context.Context
	r          io.Reader
	w          io.Writer
	eof        bool
	err        error // why it failed, which C is told a code of only
	panicked   bool
	panicValue any
}

// guard turns a panic into a failure, so that it does not unwind frames of C, which
// would leak what they hold. StreamPipeline raises it again.
func (s *stream) guard(code *C.int) {
	if v := recover(); v != nil {
		s.panicked, s.panicValue = true, v
		*code = C.AGENTRUN_EIO
	}
}

func (s *stream) fail(err error) C.int {
	s.err = err
	if err == s.ctx.Err() {
		if err == context.DeadlineExceeded {
			return C.AGENTRUN_ETIMEDOUT
		}
		return C.AGENTRUN_ECANCELLED
	}
	return C.AGENTRUN_EIO
}

//export agrgoRead
func agrgoRead(handle C.uintptr_t, to *C.char, room C.size_t, n *C.size_t) (code C.int) {
	s := cgo.Handle(handle).Value().(*stream)
	defer s.guard(&code)
	*n = 0
	if s.eof {
		return 0
	}
	if err := s.ctx.Err(); err != nil {
		return s.fail(err)
	}
	p := unsafe.Slice((*byte)(unsafe.Pointer(to)), int(room))
	for tries := 0; tries < 100; tries++ {
		got, err := s.r.Read(p)
		*n = C.size_t(got)
		switch {
		case err == io.EOF:
			s.eof = true
			return 0
		case err != nil:
			return s.fail(err)
		case got > 0:
			return 0
		}
	}
	return s.fail(io.ErrNoProgress)
}

//export agrgoWrite
func agrgoWrite(handle C.uintptr_t, data *C.char, n C.size_t) (code C.int) {
	s := cgo.Handle(handle).Value().(*stream)
	defer s.guard(&code)
	if err := s.ctx.Err(); err != nil {
		return s.fail(err)
	}
	wrote, err := s.w.Write(unsafe.Slice((*byte)(unsafe.Pointer(data)), int(n)))
	if err == nil && wrote < int(n) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return s.fail(err)
	}
	return 0
}

//export agrgoLog
func agrgoLog(handle C.uintptr_t, level C.int, subject, message, jobID, runID *C.char) {
	log := cgo.Handle(handle).Value().(func(LogEvent))
	log(LogEvent{
		Level:   Level(level),
		Subject: C.GoString(subject),
		Message: C.GoString(message),
		JobID:   C.GoString(jobID),
		RunID:   C.GoString(runID),
	})
}

// callback runs what C asked for. An error or a panic of it becomes an error of C, so that
// neither unwinds frames of C. An error that is none of this package's gets the code
// `other`.
func callback(cerr **C.agentrun_error, other Code, run func() error) (code C.int) {
	defer func() {
		if v := recover(); v != nil {
			code = raise(cerr, ErrInternal, fmt.Errorf("panic: %v", v))
		}
	}()
	if err := run(); err != nil {
		return raise(cerr, other, err)
	}
	return 0
}

// raise makes an error of C, where there is none yet, and returns its code.
func raise(cerr **C.agentrun_error, other Code, err error) C.int {
	code, retryable, after := other, C.int(-1), C.int64_t(0)
	var e *Error
	switch {
	case errors.As(err, &e):
		code, retryable, after = e.Code, flag(e.Retryable), C.int64_t(e.RetryAfter.Milliseconds())
	case errors.As(err, &code):
	case errors.Is(err, context.Canceled):
		code = ErrCanceled
	case errors.Is(err, context.DeadlineExceeded):
		code = ErrTimeout
	}
	if code >= 0 { // of an Error without one, say: no success all the same
		code = other
	}
	message := C.CString(strings.ReplaceAll(err.Error(), "\x00", " "))
	defer freeText(message)
	return C.agrgo_raise(cerr, C.int(code), message, retryable, after)
}

//export agrgoDelete
func agrgoDelete(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
