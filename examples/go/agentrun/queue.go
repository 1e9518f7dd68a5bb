// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
#include "tables.h"
*/
import "C"

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"time"
	"unsafe"
)

// Queue is a queue of jobs that a [Worker], in this process or another, works off.
type Queue struct {
	ptr  *C.agentrun_queue
	refs refs
}

// MemoryQueueOptions say how a queue in memory works; what is 0 is as the library has it.
type MemoryQueueOptions struct {
	Lease         time.Duration // of a job that is taken; 0: 30 s
	MaxDeliveries int           // then a job is a dead letter; 0: 5
}

// NewMemoryQueue makes a queue that forgets everything when it is closed.
func NewMemoryQueue(opts *MemoryQueueOptions) (*Queue, error) {
	if opts == nil {
		opts = &MemoryQueueOptions{}
	}
	if err := checkCounts(opts.MaxDeliveries); err != nil {
		return nil, err
	}
	var ptr *C.agentrun_queue
	var cerr *C.agentrun_error
	r := C.agrgo_memory_queue(&ptr, C.int64_t(opts.Lease.Milliseconds()), C.uint32_t(opts.MaxDeliveries), &cerr)
	if r < 0 {
		return nil, takeError(r, cerr)
	}
	return QueueOf(unsafe.Pointer(ptr)), nil
}

// Close frees the queue once no call and no Worker uses it. It may be called again.
func (q *Queue) Close() error {
	runtime.SetFinalizer(q, nil)
	q.refs.close()
	return nil
}

// Enqueue appends all of the job messages, in one crossing, or none. Each is a JSON object
// with a job_id.
func (q *Queue) Enqueue(jobs ...[]byte) error {
	if err := q.refs.acquire(); err != nil {
		return err
	}
	defer q.refs.release()
	var flat flatText
	for _, job := range jobs {
		var known struct {
			ID string `json:"job_id"`
		}
		// What cannot be read is the worker's to refuse: it has no id.
		_ = json.Unmarshal(job, &known)
		flat.add(readable(known.ID))
		flat.addBytes(job)
	}
	var cerr *C.agentrun_error
	r := C.agrgo_enqueue(q.ptr, flat.text(), flat.sizes(), C.size_t(len(jobs)), &cerr)
	return takeError(r, cerr)
}

// readable is a job's id, "" where C would read another: the worker refuses such a job.
func readable(id string) string {
	if CheckText(id) != nil {
		return ""
	}
	return id
}

// How often a result is looked for: this often at first, then ever less.
const (
	resultWait    = time.Millisecond
	resultWaitMax = 250 * time.Millisecond
)

// Result waits for a job's result message, until ctx is done. It has no thread while it
// waits: the queue is asked now and then.
func (q *Queue) Result(ctx context.Context, jobID string) ([]byte, error) {
	if err := CheckText(jobID); err != nil {
		return nil, err
	}
	if err := q.refs.acquire(); err != nil {
		return nil, err
	}
	defer q.refs.release()
	id := C.CString(jobID)
	defer freeText(id)
	for wait := resultWait; ; wait = min(2*wait, resultWaitMax) {
		var buf C.agentrun_buf
		var cerr *C.agentrun_error
		r := C.agentrun_queue_result(&buf, q.ptr, id, 0, &cerr)
		if r == 0 {
			return takeBuf(&buf), nil
		}
		if err := takeError(r, cerr); !errors.Is(err, ErrTimeout) {
			return nil, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// named calls a function that takes a job's id; "" is NULL.
func (q *Queue) named(jobID string, f func(id *C.char, cerr **C.agentrun_error) C.int) error {
	if err := CheckText(jobID); err != nil {
		return err
	}
	if err := q.refs.acquire(); err != nil {
		return err
	}
	defer q.refs.release()
	id := text(jobID)
	defer freeText(id)
	var cerr *C.agentrun_error
	r := f(id, &cerr)
	return takeError(r, cerr)
}

// Cancel asks that a job be cancelled, waiting or running.
func (q *Queue) Cancel(jobID string) error {
	return q.named(jobID, func(id *C.char, cerr **C.agentrun_error) C.int {
		return C.agentrun_queue_cancel(q.ptr, id, cerr)
	})
}

// QueueStats are numbers of jobs.
type QueueStats struct{ Waiting, Delayed, Leased, Dead uint64 }

// Stats counts the jobs.
func (q *Queue) Stats() (QueueStats, error) {
	var stats C.agentrun_queue_stats
	err := q.named("", func(_ *C.char, cerr **C.agentrun_error) C.int {
		return C.agrgo_queue_stats(q.ptr, &stats, cerr)
	})
	return QueueStats{
		Waiting: uint64(stats.waiting),
		Delayed: uint64(stats.delayed),
		Leased:  uint64(stats.leased),
		Dead:    uint64(stats.dead),
	}, err
}

// DeadQuery says which dead letters to list, oldest first.
type DeadQuery struct {
	JobID  string // "": any
	Limit  int    // 0: 100; negative: no limit
	Offset int
}

// DeadLetter is a job that could not be done.
type DeadLetter struct {
	JobID      string
	Reason     string
	Deliveries int
	Retries    int
	DeadAt     time.Time
	Payload    any // the job message, or its text where it is no JSON
}

// deadLetter is one as it crosses.
type deadLetter struct {
	JobID      string `json:"job_id"`
	Reason     string `json:"reason"`
	Deliveries int    `json:"deliveries"`
	Retries    int    `json:"retries"`
	DeadAt     int64  `json:"dead_at"` // milliseconds since 1970
	Payload    any    `json:"payload"`
}

// MarshalJSON writes it as the library does.
func (l DeadLetter) MarshalJSON() ([]byte, error) {
	return json.Marshal(deadLetter{l.JobID, l.Reason, l.Deliveries, l.Retries, l.DeadAt.UnixMilli(), l.Payload})
}

// UnmarshalJSON reads one as the library writes it.
func (l *DeadLetter) UnmarshalJSON(data []byte) error {
	var in deadLetter
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*l = DeadLetter{in.JobID, in.Reason, in.Deliveries, in.Retries, time.UnixMilli(in.DeadAt), in.Payload}
	return nil
}

// DeadLetters lists dead letters.
func (q *Queue) DeadLetters(query DeadQuery) ([]DeadLetter, error) {
	limit := query.Limit
	if limit == 0 {
		limit = 100
	}
	var buf C.agentrun_buf
	err := q.named(query.JobID, func(id *C.char, cerr **C.agentrun_error) C.int {
		return C.agrgo_dead_list(&buf, q.ptr, id, C.size_t(max(limit, 0)), C.size_t(max(query.Offset, 0)), cerr)
	})
	if err != nil {
		return nil, err
	}
	var out []DeadLetter
	if err := json.Unmarshal(takeBuf(&buf), &out); err != nil {
		return nil, &Error{Code: ErrInternal, Message: "agentrun: the dead letters cannot be read", cause: err}
	}
	return out, nil
}

// RetryDead puts a dead letter back on the queue; "": all of them.
func (q *Queue) RetryDead(jobID string) error {
	return q.named(jobID, func(id *C.char, cerr **C.agentrun_error) C.int {
		return C.agentrun_queue_dead_retry(q.ptr, id, cerr)
	})
}

// DropDead forgets a dead letter.
func (q *Queue) DropDead(jobID string) error {
	return q.named(jobID, func(id *C.char, cerr **C.agentrun_error) C.int {
		return C.agentrun_queue_dead_drop(q.ptr, id, cerr)
	})
}
