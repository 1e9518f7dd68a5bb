// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"context"
	"errors"
	"io"
	"runtime/cgo"
	"strings"
	"time"

	"libagentrun.example/agentrun/internal/apart"
)

// stream is what a pipeline reads from and writes to. C knows it by a handle.
type stream struct {
	ctx   context.Context
	r     io.Reader
	w     io.Writer
	eof   bool
	err   error         // why it failed, which C is told a code of only
	ended *apart.Ending // how, where a Read or Write did not return
}

// call is a Read or Write. StreamPipeline ends as it does where it does not return.
func (s *stream) call(f func() C.int) C.int {
	code := C.int(C.AGENTRUN_EIO)
	if ended := apart.Run(func() { code = f() }); ended != nil {
		s.ended = ended
	}
	return code
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

// read fills p, with what one Read gives; n is 0 at the end.
func (s *stream) read(p []byte) (n int, code C.int) {
	if s.eof {
		return 0, 0
	}
	if err := s.ctx.Err(); err != nil {
		return 0, s.fail(err)
	}
	for tries := 0; tries < 100; tries++ {
		n, err := s.r.Read(p)
		switch {
		case n < 0 || n > len(p):
			return 0, s.fail(errBadCount)
		case err == io.EOF:
			s.eof = true
			return n, 0
		case err != nil:
			return n, s.fail(err)
		case n > 0:
			return n, 0
		}
	}
	return 0, s.fail(io.ErrNoProgress)
}

// errBadCount is what a Read or Write of somebody else's is told that claims to have done
// more than it was asked for, or less than nothing.
var errBadCount = errors.New("it returned an impossible count")

//export agrgoRead
func agrgoRead(handle C.uintptr_t, to *C.char, room C.size_t, n *C.size_t) C.int {
	s := cgo.Handle(handle).Value().(*stream)
	*n = 0
	got := 0
	code := s.call(func() (code C.int) {
		got, code = s.read(view(to, room))
		return code
	})
	*n = C.size_t(got)
	return code
}

//export agrgoWrite
func agrgoWrite(handle C.uintptr_t, data *C.char, n C.size_t) C.int {
	s := cgo.Handle(handle).Value().(*stream)
	return s.call(func() C.int {
		if err := s.ctx.Err(); err != nil {
			return s.fail(err)
		}
		if err := writeAll(s.w, view(data, n)); err != nil {
			return s.fail(err)
		}
		return 0
	})
}

func writeAll(w io.Writer, p []byte) error {
	n, err := w.Write(p)
	switch {
	case n < 0 || n > len(p):
		return errBadCount
	case err == nil && n < len(p):
		return io.ErrShortWrite
	}
	return err
}

//export agrgoLog
func agrgoLog(handle C.uintptr_t, level C.int, subject, message, jobID, runID *C.char) {
	log := cgo.Handle(handle).Value().(func(LogEvent))
	event := LogEvent{
		Level:   Level(level),
		Subject: C.GoString(subject),
		Message: C.GoString(message),
		JobID:   C.GoString(jobID),
		RunID:   C.GoString(runID),
	}
	_ = apart.Run(func() { log(event) }) // there is nobody to tell
}

// callback runs what C asked for, on a goroutine of its own. Its error becomes one of C, as
// does a panic, or the end of the goroutine. An error that is none of this package's gets
// the code `other`.
func callback(cerr **C.agentrun_error, other Code, run func() error) C.int {
	var why failure
	if ended := apart.Run(func() { why = failureOf(other, run()) }); ended != nil {
		why = failureOf(ErrInternal, ended)
	}
	return why.raise(cerr)
}

// failure is an error as C is told it.
type failure struct {
	code      Code // 0: it is none
	message   string
	retryable int // negative: as is usual for the code
	after     time.Duration
}

// failureOf asks an error, whose methods are somebody else's.
func failureOf(other Code, err error) failure {
	if err == nil {
		return failure{}
	}
	out := failure{code: other, retryable: -1}
	var e *Error
	switch {
	case errors.As(err, &e):
		out.code, out.retryable, out.after = e.Code, int(flag(e.Retryable)), e.RetryAfter
	case errors.As(err, &out.code):
	case errors.Is(err, context.Canceled):
		out.code = ErrCanceled
	case errors.Is(err, context.DeadlineExceeded):
		out.code = ErrTimeout
	}
	if out.code >= 0 { // of an Error without one, say: no success all the same
		out.code = other
	}
	out.message = strings.ReplaceAll(err.Error(), "\x00", " ")
	return out
}

// raise makes an error of C, where there is none yet, and returns its code.
func (f failure) raise(cerr **C.agentrun_error) C.int {
	if f.code == 0 {
		return 0
	}
	message := C.CString(f.message)
	defer freeText(message)
	return C.agrgo_raise(cerr, C.int(f.code), message, C.int(f.retryable), C.int64_t(f.after.Milliseconds()))
}

//export agrgoDelete
func agrgoDelete(handle C.uintptr_t) { cgo.Handle(handle).Delete() }
