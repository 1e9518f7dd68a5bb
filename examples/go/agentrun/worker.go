// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"
)

// WorkerOptions say how a [Worker] works; what is zero is as the configuration has it.
type WorkerOptions struct {
	Store        *Store        // where results go; nil: a memory store of its own
	Planner      string        // "": "auto"
	Threads      int           // that compute; 0: service.workers
	Concurrency  int           // jobs in hand; 0: service.concurrency
	Lease        time.Duration // 0: the queue's own
	DrainTimeout time.Duration // 0: service.drain_timeout_sec; negative: none at all
}

// Worker takes jobs from a queue, runs them in an engine, keeps their results and answers.
type Worker struct {
	ptr   *C.agentrun_worker
	refs  refs
	begun atomic.Bool
}

// NewWorker makes a worker of the runtime's configuration.
func (rt *Runtime) NewWorker(queue *Queue, opts *WorkerOptions) (*Worker, error) {
	if opts == nil {
		opts = &WorkerOptions{}
	}
	if err := checkCounts(opts.Threads, opts.Concurrency); err != nil {
		return nil, err
	}
	if err := CheckText(opts.Planner); err != nil {
		return nil, err
	}
	uses := []*refs{&rt.refs, &queue.refs}
	var store *C.agentrun_store
	if opts.Store != nil {
		uses = append(uses, &opts.Store.refs)
		store = opts.Store.ptr
	}
	release, err := acquireAll(uses)
	if err != nil {
		return nil, err
	}
	drain := opts.DrainTimeout.Milliseconds()
	switch {
	case opts.DrainTimeout == 0:
		drain = -1
	case opts.DrainTimeout < 0:
		drain = 0
	}
	planner := text(opts.Planner)
	defer freeText(planner)
	w := &Worker{}
	var cerr *C.agentrun_error
	r := C.agrgo_worker_new(&w.ptr, rt.ptr, queue.ptr, store, planner, C.uint32_t(opts.Threads),
		C.uint32_t(opts.Concurrency), C.int64_t(opts.Lease.Milliseconds()), C.int64_t(drain), &cerr)
	if r < 0 {
		release()
		return nil, takeError(r, cerr)
	}
	ptr := w.ptr
	w.refs.free = func() {
		C.agentrun_worker_free(ptr)
		release()
	}
	runtime.SetFinalizer(w, (*Worker).Close)
	return w, nil
}

// Run works until ctx is done, then drains: it takes no more jobs, lets those in hand
// finish for as long as DrainTimeout, and gives the rest back. The error is nil where
// every job in hand was settled. A queue or store that cannot be reached is waited for.
//
// A worker runs once. Run has an OS thread as long as it runs, as the worker's other two
// threads, whatever the number of jobs.
func (w *Worker) Run(ctx context.Context) error {
	if err := w.refs.acquire(); err != nil {
		return err
	}
	defer w.refs.release()
	if !w.begun.CompareAndSwap(false, true) {
		return &Error{Code: ErrInvalid, Message: "agentrun: a worker runs once"}
	}
	stop := context.AfterFunc(ctx, func() { w.Stop(false) })
	defer stop()
	var cerr *C.agentrun_error
	r := C.agentrun_worker_run(w.ptr, &cerr)
	return takeError(r, cerr)
}

// Stop ends Run, as the end of its context does; now: jobs in hand are given back at once.
func (w *Worker) Stop(now bool) {
	if w.refs.acquire() == nil {
		C.agentrun_worker_stop(w.ptr, flag(now))
		w.refs.release()
	}
}

// Close gives back what is in hand and frees the worker when Run has returned.
func (w *Worker) Close() error {
	runtime.SetFinalizer(w, nil)
	w.Stop(true)
	w.refs.close()
	return nil
}

// Quiet takes no more jobs, but finishes those in hand and keeps running; or goes on.
func (w *Worker) Quiet(quiet bool) {
	if w.refs.acquire() == nil {
		C.agentrun_worker_quiet(w.ptr, flag(quiet))
		w.refs.release()
	}
}

// WorkerStats is what a worker did, in jobs.
type WorkerStats struct {
	Completed, Failed, Retried, Rejected uint64
	GivenBack, Lost, Redelivered         uint64
	InHand                               uint64
	Threads                              int
	Running, Quiet                       bool
}

// Stats tells what the worker did so far.
func (w *Worker) Stats() (WorkerStats, error) {
	if err := w.refs.acquire(); err != nil {
		return WorkerStats{}, err
	}
	defer w.refs.release()
	var s C.agentrun_worker_stats
	var cerr *C.agentrun_error
	if r := C.agrgo_worker_stats(&s, w.ptr, &cerr); r < 0 {
		return WorkerStats{}, takeError(r, cerr)
	}
	return WorkerStats{
		Completed:   uint64(s.completed),
		Failed:      uint64(s.failed),
		Retried:     uint64(s.retried),
		Rejected:    uint64(s.rejected),
		GivenBack:   uint64(s.given_back),
		Lost:        uint64(s.lost),
		Redelivered: uint64(s.redelivered),
		InHand:      uint64(s.in_hand),
		Threads:     int(s.threads),
		Running:     s.running != 0,
		Quiet:       s.quiet != 0,
	}, nil
}

// Metrics is what it did in Prometheus' text format.
func (w *Worker) Metrics() (string, error) {
	if err := w.refs.acquire(); err != nil {
		return "", err
	}
	defer w.refs.release()
	var buf C.agentrun_buf
	var cerr *C.agentrun_error
	if r := C.agentrun_worker_metrics(&buf, w.ptr, &cerr); r < 0 {
		return "", takeError(r, cerr)
	}
	return string(takeBuf(&buf)), nil
}

// Check tells whether the queue and the store can be reached.
func (w *Worker) Check() error {
	if err := w.refs.acquire(); err != nil {
		return err
	}
	defer w.refs.release()
	var cerr *C.agentrun_error
	r := C.agentrun_worker_check(w.ptr, &cerr)
	return takeError(r, cerr)
}
