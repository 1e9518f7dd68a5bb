// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include <stddef.h>
#include <stdint.h>

#include <agentrun/error.h>
*/
import "C"

import (
	"context"
	"io"
	"runtime/cgo"
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
