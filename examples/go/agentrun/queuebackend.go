// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "tables.h"
*/
import "C"

import (
	"encoding/json"
	"runtime/cgo"
	"time"
	"unsafe"
)

// QueueBackend keeps jobs for a [Queue], at least once, by leases. Its methods are called
// from several threads at once. Errors are as those of a [StoreBackend].
type QueueBackend interface {
	// Enqueue appends all of the jobs (ID, Payload, Enqueued) or none.
	Enqueue(jobs []Job) error
	// Acquire leases up to most jobs for so long (0: as long as the backend likes), and
	// waits for the first; none in time is fine. A negative wait is for ever. Jobs whose
	// leases lapsed come first. A job that was delivered too often is a dead letter.
	Acquire(most int, lease, wait time.Duration) ([]Job, error)
	// Settle ends leases as each job's End says, with its Result: all or nothing a job.
	// It sets the job's Settled, or Lost where somebody else has the lease; then nothing
	// of it counts.
	Settle(jobs []Job) error
	// Renew prolongs leases to so long from now (0: each job's LeaseFor), and sets Lost
	// and Cancelled, and LeaseFor where it is another one.
	Renew(jobs []Job, lease time.Duration) error
	// Close is called once, when the queue is freed.
	Close() error
}

// Ending is what is to be done with a job that is settled.
type Ending int

// The endings.
const (
	EndNone    Ending = C.AGENTRUN_ACTION_NONE    // nothing: it is settled or lost already
	EndAccept  Ending = C.AGENTRUN_ACTION_ACCEPT  // drop it, publish its result
	EndRelease Ending = C.AGENTRUN_ACTION_RELEASE // back to the queue, publish nothing
	EndReject  Ending = C.AGENTRUN_ACTION_REJECT  // to the dead letters, publish its result
)

// Job is a job as a [QueueBackend] sees it.
type Job struct {
	ID       string // "" where the payload has none that can be read
	Payload  json.RawMessage
	Enqueued time.Time

	// From Acquire on.
	Lease      string        // what the backend knows the lease by
	LeaseFor   time.Duration // how long it is
	Deliveries int           // times it was handed out, this one included
	Retries    int           // times it failed and was released
	Cancelled  bool          // somebody asked for that
	Journalled bool          // its journal holds something

	// In Settle and Renew.
	End           Ending
	Delay         time.Duration // EndRelease: until it may be acquired
	CountsAsRetry bool          // EndRelease: else this delivery does not count
	Reason        string        // EndReject
	Result        json.RawMessage
	Data          json.RawMessage // the resulting data, of which Result has a preview
	Lost, Settled bool
}

// Waker is a QueueBackend whose Acquire can be made to return, or the next one.
type Waker interface{ Wakeup() }

// Resulter is a QueueBackend that keeps results: [ErrTimeout] where none came in time,
// ErrNotFound for a job that it never heard of.
type Resulter interface {
	Result(jobID string, wait time.Duration) ([]byte, error)
}

// Canceler is a QueueBackend that marks jobs as cancelled.
type Canceler interface{ Cancel(jobID string) error }

// Counter is a QueueBackend that counts its jobs.
type Counter interface{ Stats() (QueueStats, error) }

// DeadKeeper is a QueueBackend whose dead letters can be looked at. See [DeadLetter].
type DeadKeeper interface {
	DeadLetters(query DeadQuery) ([]DeadLetter, error) // of no Limit where it is negative
	RetryDead(jobID string) error                      // "": all
	DropDead(jobID string) error
}

// Journaler is a QueueBackend that notes what jobs did outside. A journal is a job's; it
// is dropped when the job is accepted or rejected. ErrNotFound where the lease is not held
// any more.
type Journaler interface {
	PutJournal(jobID, lease, name string, value []byte) error
	Journal(jobID, lease, name string) (value []byte, found bool, err error)
}

// Outputter is a QueueBackend that knows what nodes of a run put out.
type Outputter interface {
	NodeOutput(runID, nodeID string) (output []byte, found bool, err error)
}

// NewQueue makes a queue of a backend that is written in Go, which it takes over unless it
// fails. The name appears in messages.
func NewQueue(name string, backend QueueBackend) (*Queue, error) {
	if backend == nil {
		return nil, &Error{Code: ErrInvalid, Message: "agentrun: there is no backend"}
	}
	if err := CheckText(name); err != nil {
		return nil, err
	}
	handle := cgo.NewHandle(backend)
	cname := C.CString(name)
	defer freeText(cname)
	var ptr *C.agentrun_queue
	var cerr *C.agentrun_error
	r := C.agrgo_queue_new(&ptr, C.uintptr_t(handle), cname, queueExtras(backend), &cerr)
	if r < 0 {
		handle.Delete()
		return nil, takeError(r, cerr)
	}
	return QueueOf(unsafe.Pointer(ptr)), nil
}

func queueExtras(backend QueueBackend) (has C.int) {
	if _, ok := backend.(Waker); ok {
		has |= C.AGRGO_QUEUE_WAKEUP
	}
	if _, ok := backend.(Resulter); ok {
		has |= C.AGRGO_QUEUE_RESULT
	}
	if _, ok := backend.(Canceler); ok {
		has |= C.AGRGO_QUEUE_CANCEL
	}
	if _, ok := backend.(Counter); ok {
		has |= C.AGRGO_QUEUE_STATS
	}
	if _, ok := backend.(DeadKeeper); ok {
		has |= C.AGRGO_QUEUE_DEAD
	}
	if _, ok := backend.(Journaler); ok {
		has |= C.AGRGO_QUEUE_JOURNAL
	}
	if _, ok := backend.(Outputter); ok {
		has |= C.AGRGO_QUEUE_OUTPUT
	}
	return has
}

// millisOf is 0 where nobody knows the time.
func millisOf(t time.Time) C.int64_t {
	if t.IsZero() {
		return 0
	}
	return C.int64_t(t.UnixMilli())
}

func millis(ms C.int64_t) time.Duration { return time.Duration(ms) * time.Millisecond }

func copyJobs(flat *C.agrgo_job, n C.size_t) ([]C.agrgo_job, []Job) {
	from := unsafe.Slice(flat, int(n))
	out := make([]Job, len(from))
	for i := range from {
		f := &from[i]
		out[i] = Job{
			ID:            C.GoString(f.id),
			Payload:       copyBytes(f.payload, f.payload_len),
			Enqueued:      time.UnixMilli(int64(f.enqueued_ms)),
			Lease:         C.GoString(f.lease),
			LeaseFor:      millis(f.lease_ms),
			Deliveries:    int(f.deliveries),
			Retries:       int(f.retries),
			Cancelled:     f.cancelled != 0,
			Journalled:    f.journalled != 0,
			End:           Ending(f.action),
			Delay:         millis(f.delay_ms),
			CountsAsRetry: f.counts_as_retry != 0,
			Reason:        C.GoString(f.reason),
			Result:        copyBytes(f.result, f.result_len),
			Data:          copyBytes(f.data, f.data_len),
			Lost:          f.lost != 0,
			Settled:       f.settled != 0,
		}
	}
	return from, out
}

//export agrgoQueueEnqueue
func agrgoQueueEnqueue(handle C.uintptr_t, flat *C.agrgo_job, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		_, jobs := copyJobs(flat, n)
		return backendOf[QueueBackend](handle).Enqueue(jobs)
	})
}

//export agrgoQueueAcquire
func agrgoQueueAcquire(handle C.uintptr_t, into *C.agentrun_jobs, most C.size_t, leaseMS C.int64_t, waitMS C.int, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		jobs, err := backendOf[QueueBackend](handle).Acquire(int(most), millis(leaseMS), millis(C.int64_t(waitMS)))
		if err != nil || len(jobs) == 0 {
			return err
		}
		var texts flatText
		numbers := make([]C.agrgo_job, len(jobs))
		for i, job := range jobs {
			if err := CheckText(job.Lease); err != nil {
				return err
			}
			texts.add(readable(job.ID))
			texts.add(job.Lease)
			texts.addBytes(job.Payload)
			numbers[i] = C.agrgo_job{
				lease_ms:    C.int64_t(job.LeaseFor.Milliseconds()),
				enqueued_ms: millisOf(job.Enqueued),
				deliveries:  C.uint32_t(job.Deliveries),
				retries:     C.uint32_t(job.Retries),
				cancelled:   flag(job.Cancelled),
				journalled:  flag(job.Journalled),
			}
		}
		var cerr *C.agentrun_error
		r := C.agrgo_jobs_fill(into, &numbers[0], texts.text(), texts.sizes(), C.size_t(len(jobs)), &cerr)
		return takeError(r, cerr)
	})
}

//export agrgoQueueSettle
func agrgoQueueSettle(handle C.uintptr_t, flat *C.agrgo_job, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		from, jobs := copyJobs(flat, n)
		err := backendOf[QueueBackend](handle).Settle(jobs)
		for i := range from {
			from[i].settled, from[i].lost = flag(jobs[i].Settled), flag(jobs[i].Lost)
		}
		return err
	})
}

//export agrgoQueueRenew
func agrgoQueueRenew(handle C.uintptr_t, flat *C.agrgo_job, n C.size_t, leaseMS C.int64_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		from, jobs := copyJobs(flat, n)
		err := backendOf[QueueBackend](handle).Renew(jobs, millis(leaseMS))
		for i := range from {
			from[i].lost, from[i].cancelled = flag(jobs[i].Lost), flag(jobs[i].Cancelled)
			from[i].lease_ms = C.int64_t(jobs[i].LeaseFor.Milliseconds())
		}
		return err
	})
}

//export agrgoQueueWakeup
func agrgoQueueWakeup(handle C.uintptr_t) {
	_ = callback(nil, ErrStorage, func() error {
		backendOf[Waker](handle).Wakeup()
		return nil
	})
}

//export agrgoQueueResult
func agrgoQueueResult(handle C.uintptr_t, out *C.agentrun_buf, jobID *C.char, waitMS C.int, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		result, err := backendOf[Resulter](handle).Result(C.GoString(jobID), millis(C.int64_t(waitMS)))
		if err != nil {
			return err
		}
		return setBuf(out, result)
	})
}

//export agrgoQueueCancel
func agrgoQueueCancel(handle C.uintptr_t, jobID *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return backendOf[Canceler](handle).Cancel(C.GoString(jobID))
	})
}

//export agrgoQueueStats
func agrgoQueueStats(handle C.uintptr_t, out *C.agentrun_queue_stats, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		stats, err := backendOf[Counter](handle).Stats()
		out.waiting, out.delayed = C.uint64_t(stats.Waiting), C.uint64_t(stats.Delayed)
		out.leased, out.dead = C.uint64_t(stats.Leased), C.uint64_t(stats.Dead)
		return err
	})
}

//export agrgoQueueDeadList
func agrgoQueueDeadList(handle C.uintptr_t, out *C.agentrun_buf, q *C.agentrun_dead_query, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		query := DeadQuery{JobID: C.GoString(q.job_id), Limit: int(q.limit), Offset: int(q.offset)}
		if q.limit == 0 {
			query.Limit = -1
		}
		letters, err := backendOf[DeadKeeper](handle).DeadLetters(query)
		if err != nil {
			return err
		}
		if letters == nil {
			letters = []DeadLetter{} // an array, never null
		}
		data, err := json.Marshal(letters)
		if err != nil {
			return err
		}
		return setBuf(out, data)
	})
}

//export agrgoQueueDeadRetry
func agrgoQueueDeadRetry(handle C.uintptr_t, jobID *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return backendOf[DeadKeeper](handle).RetryDead(C.GoString(jobID))
	})
}

//export agrgoQueueDeadDrop
func agrgoQueueDeadDrop(handle C.uintptr_t, jobID *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return backendOf[DeadKeeper](handle).DropDead(C.GoString(jobID))
	})
}

//export agrgoQueueJournalPut
func agrgoQueueJournalPut(handle C.uintptr_t, jobID, lease, name, value *C.char, n C.size_t, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		return backendOf[Journaler](handle).PutJournal(C.GoString(jobID), C.GoString(lease),
			C.GoString(name), copyBytes(value, n))
	})
}

// setFound fills a buffer, or tells that there is nothing.
func setFound(out *C.agentrun_buf, found *C.int, value []byte, is bool, err error) error {
	*found = flag(is)
	if err != nil || !is {
		return err
	}
	return setBuf(out, value)
}

//export agrgoQueueJournalGet
func agrgoQueueJournalGet(handle C.uintptr_t, out *C.agentrun_buf, found *C.int, jobID, lease, name *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		value, is, err := backendOf[Journaler](handle).Journal(C.GoString(jobID), C.GoString(lease), C.GoString(name))
		return setFound(out, found, value, is, err)
	})
}

//export agrgoQueueNodeOutput
func agrgoQueueNodeOutput(handle C.uintptr_t, out *C.agentrun_buf, found *C.int, runID, nodeID *C.char, cerr **C.agentrun_error) C.int {
	return callback(cerr, ErrStorage, func() error {
		output, is, err := backendOf[Outputter](handle).NodeOutput(C.GoString(runID), C.GoString(nodeID))
		return setFound(out, found, output, is, err)
	})
}
