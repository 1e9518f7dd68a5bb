// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"runtime/cgo"
	"sync"
	"unsafe"

	"libagentrun.example/agentrun/internal/apart"
)

// Step is a pipeline step that is written in Go. Pipelines name it as they do the others.
type Step struct {
	Name       string
	Summary    string
	Parameters string // JSON Schema of the step's object, or ""

	// Compile reads the step's object, {"step":Name,...}, which Parameters has passed.
	// What it returns begins a run: the step at work on one input.
	Compile func(args json.RawMessage) (func() StepRun, error)
}

// StepRun is a step at work. One call of it is under way at a time. Rows are JSON; they
// cross in batches, and emit takes as many as there are. A row that is pushed is lent for
// the call, as emit is; a row that is emitted may be changed afterwards.
type StepRun interface {
	Push(row []byte, emit func(row []byte)) error
	// Finish is called when no more rows come, or are wanted; not after a failure.
	Finish(emit func(row []byte)) error
}

// Tool is something that a model may call while it works on a job, written in Go. A call
// has a goroutine, and neither it nor its job a thread while it waits.
type Tool struct {
	Name        string // 1 to 64 of A-Z a-z 0-9 _ -
	Description string // what it does and when to use it, for a model
	Parameters  string // JSON Schema of an object; "": it takes none
	Lane        Lane   // it is offered to prompts of this lane; LaneUnclear: to all
	Pure        bool   // it changes nothing, so a job that is run again calls it again

	// Call does it and returns a JSON value. An error is told to the model, which may try
	// otherwise. ctx is done when the job waits no longer.
	Call func(ctx context.Context, call *ToolCall) (json.RawMessage, error)
}

// ToolCall is who calls a [Tool], and with what.
type ToolCall struct {
	JobID         string
	CallID        string // the same when the call is repeated
	WorkflowTag   string
	WorkflowOwner string
	Arguments     json.RawMessage
}

// extend registers steps and tools, before others know of the runtime.
func (rt *Runtime) extend(steps []Step, tools []Tool) error {
	for i := range steps {
		if err := rt.addStep(&steps[i]); err != nil {
			return err
		}
	}
	for i := range tools {
		if err := rt.addTool(&tools[i]); err != nil {
			return err
		}
	}
	return nil
}

func (rt *Runtime) addStep(step *Step) error {
	if step.Compile == nil {
		return &Error{Code: ErrInvalid, Message: "agentrun: the step " + step.Name + " has no Compile"}
	}
	if err := CheckText(step.Name, step.Summary, step.Parameters); err != nil {
		return err
	}
	handle := cgo.NewHandle(step.Compile)
	name, summary, parameters := C.CString(step.Name), text(step.Summary), text(step.Parameters)
	defer freeText(name, summary, parameters)
	var cerr *C.agentrun_error
	r := C.agrgo_add_step(rt.ptr, C.uintptr_t(handle), name, summary, parameters, &cerr)
	if r < 0 {
		handle.Delete()
	}
	return takeError(r, cerr)
}

func (rt *Runtime) addTool(tool *Tool) error {
	if tool.Call == nil {
		return &Error{Code: ErrInvalid, Message: "agentrun: the tool " + tool.Name + " has no Call"}
	}
	if err := CheckText(tool.Name, tool.Description, tool.Parameters); err != nil {
		return err
	}
	handle := cgo.NewHandle(&toolCalls{call: tool.Call, under: map[*C.agentrun_tool_pending]context.CancelFunc{}})
	name, description, parameters := C.CString(tool.Name), C.CString(tool.Description), text(tool.Parameters)
	defer freeText(name, description, parameters)
	var cerr *C.agentrun_error
	r := C.agrgo_add_tool(rt.ptr, C.uintptr_t(handle), name, description, parameters,
		C.int(tool.Lane), flag(tool.Pure), &cerr)
	if r < 0 {
		handle.Delete()
	}
	return takeError(r, cerr)
}

//export agrgoStepCompile
func agrgoStepCompile(handle C.uintptr_t, args *C.char, n C.size_t, plan *C.uintptr_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrInput, func() error {
		compile := cgo.Handle(handle).Value().(func(json.RawMessage) (func() StepRun, error))
		begin, err := compile(copyBytes(args, n))
		if err == nil {
			*plan = C.uintptr_t(cgo.NewHandle(begin))
		}
		return err
	})
}

//export agrgoStepBegin
func agrgoStepBegin(plan C.uintptr_t, run *C.uintptr_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrPipeline, func() error {
		begin := cgo.Handle(plan).Value().(func() StepRun)
		*run = C.uintptr_t(cgo.NewHandle(&stepRun{StepRun: begin()}))
		return nil
	})
}

// stepRun gathers what a run emits, for one crossing.
type stepRun struct {
	StepRun
	out    flatText
	to     unsafe.Pointer     // of the push under way, as the next; nil: there is none
	cerr   **C.agentrun_error // what those behind say goes there as it is
	enough bool
	failed C.int // what those behind returned
}

// errBehind stands for the error of a step behind this one.
var errBehind = errors.New("a step behind it failed")

const emitBytes = 64 << 10

func (s *stepRun) emit(row []byte) {
	if s.to == nil || s.enough || s.failed < 0 {
		return // kept for longer than it was lent: what it led to is gone
	}
	s.out.addBytes(row)
	if len(s.out.data) >= emitBytes {
		s.flush()
	}
}

func (s *stepRun) flush() {
	if s.enough || s.failed < 0 || len(s.out.lens) == 0 {
		return
	}
	r := C.agrgo_emit(s.to, s.out.text(), s.out.sizes(), C.size_t(len(s.out.lens)), s.cerr)
	s.out.data, s.out.lens = s.out.data[:0], s.out.lens[:0]
	s.enough = r > 0
	s.failed = min(r, 0)
}

// push takes a batch. With last, no more come.
func (s *stepRun) push(rows []byte, lens []C.size_t, last bool) error {
	for _, n := range lens {
		if s.enough || s.failed < 0 {
			break
		}
		if err := s.Push(rows[:n:n], s.emit); err != nil {
			return err
		}
		rows = rows[n:]
	}
	if last && s.failed == 0 {
		if err := s.Finish(s.emit); err != nil {
			return err
		}
	}
	s.flush()
	if s.failed < 0 {
		return errBehind
	}
	return nil
}

//export agrgoStepPush
func agrgoStepPush(run C.uintptr_t, rows *C.char, lens *C.size_t, n C.size_t, last C.int, to unsafe.Pointer, cerr **C.agentrun_error) C.int {
	s := cgo.Handle(run).Value().(*stepRun)
	s.to, s.cerr = to, cerr
	r := callback(cerr, ErrPipeline, func() error {
		sizes := unsafe.Slice(lens, int(n))
		var total C.size_t
		for _, size := range sizes {
			total += size
		}
		return s.push(view(rows, total), sizes, last != 0)
	})
	s.to, s.cerr = nil, nil
	switch {
	case s.failed < 0:
		return s.failed
	case r == 0 && s.enough:
		return C.AGENTRUN_STEP_ENOUGH
	}
	return r
}

// toolCalls is a tool, and its calls that are under way.
type toolCalls struct {
	call  func(context.Context, *ToolCall) (json.RawMessage, error)
	mu    sync.Mutex
	under map[*C.agentrun_tool_pending]context.CancelFunc
}

//export agrgoToolStart
func agrgoToolStart(handle C.uintptr_t, pending *C.agentrun_tool_pending, c *C.agentrun_tool_call) {
	t := cgo.Handle(handle).Value().(*toolCalls)
	call := &ToolCall{
		JobID:         C.GoString(c.job_id),
		CallID:        C.GoString(c.call_id),
		WorkflowTag:   C.GoString(c.workflow_tag),
		WorkflowOwner: C.GoString(c.workflow_owner),
		Arguments:     copyBytes(c.arguments, c.arguments_len),
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.mu.Lock()
	t.under[pending] = cancel
	t.mu.Unlock()
	t.run(ctx, pending, call)
}

// run begins a call, which ends with agentrun_tool_finish() however it ends.
func (t *toolCalls) run(ctx context.Context, pending *C.agentrun_tool_pending, call *ToolCall) {
	var result json.RawMessage
	var why failure
	go apart.Watch(func() {
		var err error
		result, err = t.call(ctx, call)
		why = failureOf(ErrPipeline, err)
	}, func(ended *apart.Ending) {
		if ended != nil {
			why = failureOf(ErrInternal, ended)
		}
		t.mu.Lock()
		cancel := t.under[pending]
		delete(t.under, pending) // before another call can have this address
		t.mu.Unlock()
		cancel()
		var cerr *C.agentrun_error
		why.raise(&cerr)
		C.agentrun_tool_finish(pending, lend(result), C.size_t(len(result)), cerr)
	})
}

//export agrgoToolCancel
func agrgoToolCancel(handle C.uintptr_t, pending *C.agentrun_tool_pending) {
	t := cgo.Handle(handle).Value().(*toolCalls)
	t.mu.Lock()
	cancel := t.under[pending]
	t.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}
