// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"libagentrun.example/agentrun"
)

// message is what comes of a job.
type message struct {
	Status    string          `json:"status"`
	ResultRef string          `json:"result_ref,omitempty"`
	Preview   json.RawMessage `json:"result_preview,omitempty"`
	Error     json.RawMessage `json:"error,omitempty"`
}

// agents runs the jobs of agent nodes. run waits for the result message, with no thread.
type agents interface {
	run(ctx context.Context, jobID string, job []byte) ([]byte, error)
	close()
}

// inProcess runs them in this process.
type inProcess struct{ engine *agentrun.Engine }

func (a inProcess) run(ctx context.Context, _ string, job []byte) ([]byte, error) {
	result, err := a.engine.Run(ctx, job)
	if result == nil {
		return nil, err
	}
	return result.Payload, nil // of a failed job, too
}

func (a inProcess) close() { a.engine.Close() }

// queued hands them to workers.
type queued struct {
	queue  *agentrun.Queue
	worker *agentrun.Worker // of this process, or nil
	stop   context.CancelFunc
	done   chan struct{}
}

// work works off the queue here.
func (a *queued) work(rt *agentrun.Runtime, store *agentrun.Store) (err error) {
	a.worker, err = rt.NewWorker(a.queue, &agentrun.WorkerOptions{Store: store})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a.stop, a.done = cancel, make(chan struct{})
	go func() {
		defer close(a.done)
		_ = a.worker.Run(ctx) // what was not settled is handed out again
	}()
	return nil
}

// run sees failures of the queue through that pass: the job may be with a worker meanwhile.
// A message that comes twice has one result.
func (a *queued) run(ctx context.Context, jobID string, job []byte) (result []byte, err error) {
	err = patiently(ctx, func() error { return a.queue.Enqueue(job) })
	if err == nil {
		err = patiently(ctx, func() (err error) {
			result, err = a.queue.Result(ctx, jobID)
			return err
		})
	}
	if err != nil { // nobody waits for it any more
		_ = a.queue.Cancel(jobID) // it may not be there, or done by now
	}
	return result, err
}

// How long to wait between calls that fail: this long at first, then ever longer.
const (
	againAfter    = 100 * time.Millisecond
	againAfterMax = 5 * time.Second
)

// patiently calls f again for as long as its failure may pass and ctx is not done.
func patiently(ctx context.Context, f func() error) error {
	for wait := againAfter; ; wait = min(2*wait, againAfterMax) {
		err := f()
		var failed *agentrun.Error
		if !errors.As(err, &failed) || !failed.Retryable {
			return err
		}
		select {
		case <-time.After(max(wait, failed.RetryAfter)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *queued) close() {
	if a.worker != nil {
		a.stop()
		<-a.done
		a.worker.Close()
	}
	a.queue.Close()
}
