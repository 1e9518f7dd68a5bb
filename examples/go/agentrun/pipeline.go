// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"io"
	"runtime/cgo"
	"time"
)

// Format is how rows are written.
type Format int

// The formats.
const (
	FormatAuto   Format = C.AGENTRUN_FORMAT_AUTO // input: told by looking at it; output: JSON
	FormatJSON   Format = C.AGENTRUN_FORMAT_JSON
	FormatNDJSON Format = C.AGENTRUN_FORMAT_NDJSON
	FormatCSV    Format = C.AGENTRUN_FORMAT_CSV
	FormatTable  Format = C.AGENTRUN_FORMAT_TABLE // output only: aligned, for a person
)

// Explain is what a pipeline gives in place of its data.
type Explain int

// What may be explained.
const (
	ExplainNo      Explain = C.AGENTRUN_EXPLAIN_NO
	ExplainPlan    Explain = C.AGENTRUN_EXPLAIN_PLAN    // how it would be run; nothing is read
	ExplainAnalyze Explain = C.AGENTRUN_EXPLAIN_ANALYZE // it is run, with rows and time
)

// ExecuteOptions say how a pipeline is run.
type ExecuteOptions struct {
	InputName    string // stands for the input in messages
	InputFormat  Format
	OutputFormat Format
	Context      []byte // JSON object, a job's context: stands in for nil input
	Store        *Store // resolves refs; nil: refs are errors
	Explain      Explain
	Threads      int // that scan long input; 0: as limits.max_threads says
}

// ExecutePipeline runs a pipeline over input and returns the resulting data.
//
// The deadline of ctx ends it. A cancellation does not, once it runs: use
// [Runtime.StreamPipeline], where it is seen at the next read or write, or an [Engine].
func (rt *Runtime) ExecutePipeline(ctx context.Context, pipeline, input []byte, opts *ExecuteOptions) ([]byte, error) {
	var out C.agentrun_buf
	if err := rt.execute(ctx, &out, pipeline, input, 0, 0, opts); err != nil {
		return nil, err
	}
	return takeBuf(&out), nil
}

// StreamPipeline runs a pipeline from a reader (nil: no input) to a writer, in memory
// that does not grow with the input where the steps allow that. Both are called one at a
// time, on goroutines of their own, and not after it returns. What they say is found by
// errors.Is and errors.As in the error; a panic of theirs goes on to the caller, as does
// runtime.Goexit. What fails late has written some.
//
// The deadline of ctx ends it, a cancellation at the next read or write.
func (rt *Runtime) StreamPipeline(ctx context.Context, pipeline []byte, r io.Reader, w io.Writer, opts *ExecuteOptions) error {
	s := &stream{ctx: ctx, r: r, w: w}
	h := cgo.NewHandle(s)
	defer h.Delete()
	var read C.uintptr_t
	if r != nil {
		read = C.uintptr_t(h)
	}
	err := rt.execute(ctx, nil, pipeline, nil, read, C.uintptr_t(h), opts)
	s.ended.Again()
	if e, ok := err.(*Error); ok && s.err != nil {
		e.cause = s.err
	}
	return err
}

func (rt *Runtime) execute(ctx context.Context, out *C.agentrun_buf, pipeline, input []byte, read, write C.uintptr_t, opts *ExecuteOptions) error {
	if opts == nil {
		opts = &ExecuteOptions{}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkCounts(opts.Threads); err != nil {
		return err
	}
	if err := CheckText(opts.InputName); err != nil {
		return err
	}
	if err := rt.refs.acquire(); err != nil {
		return err
	}
	defer rt.refs.release()
	c := C.agrgo_execute_options{
		input_format:  C.int(opts.InputFormat),
		output_format: C.int(opts.OutputFormat),
		explain:       C.int(opts.Explain),
		threads:       C.uint32_t(opts.Threads),
		read:          read,
		write:         write,
	}
	if opts.OutputFormat == FormatAuto {
		c.output_format = C.AGENTRUN_FORMAT_JSON
	}
	if deadline, ok := ctx.Deadline(); ok {
		// 0 would be none at all.
		c.timeout_ms = C.int64_t(max(time.Until(deadline).Milliseconds(), 1))
	}
	if opts.Store != nil {
		if err := opts.Store.refs.acquire(); err != nil {
			return err
		}
		defer opts.Store.refs.release()
		c.store = opts.Store.ptr
	}
	if opts.InputName != "" {
		c.input_name = text(opts.InputName)
		defer freeText(c.input_name)
	}
	var cerr *C.agentrun_error
	r := C.agrgo_execute(out, rt.ptr, lend(pipeline), C.size_t(len(pipeline)),
		lend(input), C.size_t(len(input)), lend(opts.Context), C.size_t(len(opts.Context)),
		c, &cerr)
	err := takeError(r, cerr)
	// A step may have a shorter timeout of its own. Milliseconds were cut off above.
	deadline, ok := ctx.Deadline()
	if e, is := err.(*Error); ok && is && e.Code == ErrTimeout && time.Until(deadline) < 2*time.Millisecond {
		e.cause = context.DeadlineExceeded
	}
	return err
}
