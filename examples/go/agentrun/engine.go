// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// EngineOptions say how an [Engine] works.
type EngineOptions struct {
	Store         *Store // where results go; nil: a memory store of its own
	Threads       int    // that compute; 0: service.workers
	MaxJobs       int    // in flight; 0: service.concurrency
	Planner       string // "": "auto"
	StreamResults bool   // long results go to their blob as they are made
}

// Result is what became of one job.
type Result struct {
	Index   int             // of the job in [Engine.SubmitAll], from 0
	JobID   string          // made up where the message had none
	Status  string          // "completed", "failed"
	Payload json.RawMessage // the result message
	Data    json.RawMessage // the resulting data; nil when the job failed
	Preview string          // for a patch: what changed
	Err     error           // why the job failed, an [*Error]; nil when it completed
}

// Engine runs many jobs at once. A job has a thread of the engine's while it computes,
// and none while it waits; results come through channels, which are buffered, so that
// nobody has to read them for the engine to go on.
type Engine struct{ *engine }

// What the goroutine that polls refers to: an Engine that was forgotten can then be
// finalized.
type engine struct {
	ptr  *C.agentrun_engine
	refs refs
	fd   *os.File // a duplicate of the engine's, in the poller of Go
	done chan struct{}

	gate sync.RWMutex // held to read while jobs are submitted, to write to end that

	mu      sync.Mutex
	closed  bool
	next    uint64 // tag
	pending map[uint64]*batch
	room    chan struct{} // closed when results were taken; nil: nobody waits
}

// batch is jobs that were submitted together: the tags from first on.
type batch struct {
	first uint64
	left  int // results to come, and 1 while jobs are submitted
	ch    chan *Result
	stop  func() bool // of context.AfterFunc
}

const pollMax = 64

// NewEngine makes an engine of the runtime's configuration.
func (rt *Runtime) NewEngine(opts *EngineOptions) (*Engine, error) {
	if opts == nil {
		opts = &EngineOptions{}
	}
	if err := checkCounts(opts.Threads, opts.MaxJobs); err != nil {
		return nil, err
	}
	if err := CheckText(opts.Planner); err != nil {
		return nil, err
	}
	uses := []*refs{&rt.refs}
	var store *C.agentrun_store
	if opts.Store != nil {
		uses = append(uses, &opts.Store.refs)
		store = opts.Store.ptr
	}
	release, err := acquireAll(uses)
	if err != nil {
		return nil, err
	}
	planner := text(opts.Planner)
	defer freeText(planner)
	var ptr *C.agentrun_engine
	var cerr *C.agentrun_error
	r := C.agrgo_engine_new(&ptr, rt.ptr, store, C.uint32_t(opts.Threads),
		C.uint32_t(opts.MaxJobs), planner, flag(opts.StreamResults), &cerr)
	if r < 0 {
		release()
		return nil, takeError(r, cerr)
	}
	e := &engine{ptr: ptr, done: make(chan struct{}), pending: map[uint64]*batch{}, next: 1}
	e.refs.free = func() {
		C.agentrun_engine_free(ptr)
		release()
	}
	if err := e.start(); err != nil {
		e.refs.close()
		return nil, err
	}
	out := &Engine{e}
	// Of a forgotten engine the jobs are let end: somebody may wait for them.
	runtime.SetFinalizer(out, func(out *Engine) { out.end() })
	return out, nil
}

func (e *engine) start() error {
	fd := C.agrgo_dup(C.agentrun_engine_fd(e.ptr))
	if fd < 0 {
		return &Error{Code: ErrInternal, Message: "agentrun: no descriptor is left"}
	}
	e.fd = os.NewFile(uintptr(fd), "agentrun engine")
	// Refused where the poller of Go has not taken the descriptor.
	if err := e.fd.SetReadDeadline(time.Time{}); err != nil {
		e.fd.Close()
		return &Error{Code: ErrInternal, Message: "agentrun: cannot poll the engine", cause: err}
	}
	raw, err := e.fd.SyscallConn()
	if err != nil {
		e.fd.Close()
		return &Error{Code: ErrInternal, Message: "agentrun: cannot poll the engine", cause: err}
	}
	if err := e.refs.acquire(); err != nil {
		e.fd.Close()
		return err
	}
	go e.poll(raw)
	return nil
}

// poll hands out results until the engine is closed and the last job is done. Between
// them it is parked in the poller of Go, without a thread.
func (e *engine) poll(raw syscall.RawConn) {
	out := (*[pollMax]C.agrgo_result)(C.calloc(pollMax, C.size_t(unsafe.Sizeof(C.agrgo_result{}))))
	room := (**C.agentrun_result)(C.calloc(pollMax, C.size_t(unsafe.Sizeof(uintptr(0)))))
	_ = raw.Read(func(uintptr) bool {
		for {
			n := C.agrgo_poll(e.ptr, &out[0], room, pollMax)
			if n > 0 {
				e.deliver(out[:n])
				C.agrgo_results_free(&out[0], n)
				continue
			}
			e.mu.Lock()
			end := e.closed && len(e.pending) == 0
			e.mu.Unlock()
			return end
		}
	})
	C.free(unsafe.Pointer(out))
	C.free(unsafe.Pointer(room))
	e.fd.Close()
	e.refs.close()
	e.refs.release()
	close(e.done)
}

func (e *engine) deliver(results []C.agrgo_result) {
	made := make([]*Result, len(results))
	for i := range results {
		made[i] = newResult(&results[i])
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range results {
		tag := uint64(results[i].tag)
		b := e.pending[tag]
		if b == nil {
			continue
		}
		delete(e.pending, tag)
		made[i].Index = int(tag - b.first)
		b.ch <- made[i] // never blocks: there is room for all of them
		b.drop(1)
	}
	if e.room != nil {
		close(e.room)
		e.room = nil
	}
}

// drop takes n off what is to come; with the lock held.
func (b *batch) drop(n int) {
	b.left -= n
	if b.left > 0 {
		return
	}
	close(b.ch)
	if b.stop != nil {
		b.stop()
	}
}

func newResult(from *C.agrgo_result) *Result {
	out := &Result{
		JobID:   C.GoString(from.job_id),
		Status:  C.GoString(from.status),
		Payload: copyBytes(from.payload, from.payload_len),
		Data:    copyBytes(from.data, from.data_len),
	}
	if from.preview != nil {
		out.Preview = string(unsafe.Slice((*byte)(unsafe.Pointer(from.preview)), int(from.preview_len)))
	}
	if from.error != nil {
		out.Err = copyError(from.error)
	}
	return out
}

// Submit starts a job, and waits for room where MaxJobs are in flight. The channel gets
// the one result and is closed; what is wrong in the job is a failed result, too. When
// ctx is done the job is cancelled, and its result says so soon.
func (e *Engine) Submit(ctx context.Context, job []byte) (<-chan *Result, error) {
	ch, err := e.submitAll(ctx, job, []C.size_t{0, C.size_t(len(job))}, true)
	runtime.KeepAlive(e)
	return ch, err
}

// TrySubmit is Submit that does not wait: where there is no room it fails with
// [ErrLimit].
func (e *Engine) TrySubmit(ctx context.Context, job []byte) (<-chan *Result, error) {
	ch, err := e.submitAll(ctx, job, []C.size_t{0, C.size_t(len(job))}, false)
	runtime.KeepAlive(e)
	return ch, err
}

// SubmitAll starts jobs, many in one crossing, and waits for room where it must. The
// channel gets a result for each, in the order in which they end, and is closed; it has
// room for all of them. On failure those that were started still come, through a channel
// that is then not nil.
func (e *Engine) SubmitAll(ctx context.Context, jobs [][]byte) (<-chan *Result, error) {
	offsets := make([]C.size_t, 1, len(jobs)+1)
	total := 0
	for _, job := range jobs {
		total += len(job)
		offsets = append(offsets, C.size_t(total))
	}
	data := make([]byte, 0, total)
	for _, job := range jobs {
		data = append(data, job...)
	}
	ch, err := e.submitAll(ctx, data, offsets, true)
	runtime.KeepAlive(e)
	return ch, err
}

// Run submits a job and waits for its result. The error is the result's, too.
func (e *Engine) Run(ctx context.Context, job []byte) (*Result, error) {
	ch, err := e.Submit(ctx, job)
	if err != nil {
		return nil, err
	}
	result := <-ch
	runtime.KeepAlive(e)
	return result, result.Err
}

func (e *engine) submitAll(ctx context.Context, data []byte, offsets []C.size_t, wait bool) (<-chan *Result, error) {
	n := len(offsets) - 1
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := &batch{left: 1, ch: make(chan *Result, n)}
	e.mu.Lock()
	b.first = e.next
	e.next += uint64(n)
	e.mu.Unlock()

	started := 0
	var err error
	for started < n && err == nil {
		var took int
		var room <-chan struct{}
		took, room, err = e.submitSome(b, data, offsets, started)
		started += took
		if room == nil || !wait {
			continue
		}
		err = nil
		select {
		case <-room:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if started > 0 && ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { e.cancel(b.first, started) })
		e.mu.Lock()
		b.stop = stop
		e.mu.Unlock()
	}
	e.mu.Lock()
	b.drop(1)
	e.mu.Unlock()
	if started == 0 && err != nil {
		return nil, err
	}
	return b.ch, err
}

// submitSome submits what there is room for, from job i on. Where there is none it fails
// with ErrLimit and gives a channel that is closed when there is some again.
func (e *engine) submitSome(b *batch, data []byte, offsets []C.size_t, i int) (int, <-chan struct{}, error) {
	e.gate.RLock()
	defer e.gate.RUnlock()
	n := min(len(offsets)-1-i, 1024)
	first := b.first + uint64(i)
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return 0, nil, ErrClosed
	}
	for k := 0; k < n; k++ {
		e.pending[first+uint64(k)] = b
	}
	b.left += n
	// Before the engine is asked, or the results that make room could come between.
	if e.room == nil {
		e.room = make(chan struct{})
	}
	room := e.room
	e.mu.Unlock()

	var code C.int
	var cerr *C.agentrun_error
	took := int(C.agrgo_submit(e.ptr, lend(data), &offsets[i], C.size_t(n), C.uint64_t(first), &code, &cerr))
	if code == 0 {
		return took, nil, nil
	}
	e.mu.Lock()
	for k := took; k < n; k++ {
		delete(e.pending, first+uint64(k))
	}
	b.left -= n - took // not to 0: submitAll holds one
	e.mu.Unlock()
	if code == C.AGENTRUN_ELIMIT {
		return took, room, takeError(code, cerr)
	}
	return took, nil, takeError(code, cerr)
}

func (e *engine) cancel(first uint64, n int) {
	if e.refs.acquire() != nil {
		return
	}
	defer e.refs.release()
	C.agrgo_cancel(e.ptr, C.uint64_t(first), C.size_t(n))
}

// InFlight is how many jobs were submitted whose results did not come yet.
func (e *Engine) InFlight() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.pending)
}

// Close cancels what still runs and waits for it: every channel gets its results. It
// may be called again, and from several goroutines, but not by what a job of it calls,
// such as a tool: that would wait for itself.
func (e *Engine) Close() error {
	runtime.SetFinalizer(e, nil)
	e.end()
	e.mu.Lock()
	tags := make([]uint64, 0, len(e.pending))
	for tag := range e.pending {
		tags = append(tags, tag)
	}
	e.mu.Unlock()
	for _, tag := range tags {
		e.cancel(tag, 1)
	}
	<-e.done
	return nil
}

// end lets no more jobs in, and the goroutine that polls end with the last.
func (e *engine) end() {
	e.gate.Lock()
	e.mu.Lock()
	first := !e.closed
	e.closed = true
	e.mu.Unlock()
	e.gate.Unlock()
	if first && e.refs.acquire() == nil {
		C.agentrun_engine_wakeup(e.ptr)
		e.refs.release()
	}
}
