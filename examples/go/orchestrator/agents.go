// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"context"
	"encoding/json"

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

func (a *queued) run(ctx context.Context, jobID string, job []byte) ([]byte, error) {
	if err := a.queue.Enqueue(job); err != nil {
		return nil, err
	}
	result, err := a.queue.Result(ctx, jobID)
	if ctx.Err() != nil {
		_ = a.queue.Cancel(jobID) // it may be done by now
	}
	return result, err
}

func (a *queued) close() {
	if a.worker != nil {
		a.stop()
		<-a.done
		a.worker.Close()
	}
	a.queue.Close()
}
