// SPDX-License-Identifier: LicenseRef-agentrun-internal

package memory

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"libagentrun.example/agentrun"
)

// Queue is an agentrun.QueueBackend.
type Queue struct {
	lease         time.Duration
	maxDeliveries int

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
	jobs    []*job        // in order; those that wait, are delayed, or are leased
	dead    []agentrun.DeadLetter
	results map[string][]byte
	known   map[string]bool // ids without a result yet
	last    int             // the number of the last lease
	waiting int             // how many wait in Acquire
	wakeups int
	wake    bool // a wakeup that met none of them
}

type job struct {
	agentrun.Job
	due     time.Time // delayed: when it may be acquired; leased: when the lease lapses
	journal map[string][]byte
}

// NewQueue makes a queue with leases as long as that.
func NewQueue(lease time.Duration, maxDeliveries int) *Queue {
	return &Queue{
		lease:         lease,
		maxDeliveries: maxDeliveries,
		changed:       make(chan struct{}),
		results:       map[string][]byte{},
		known:         map[string]bool{},
	}
}

// tell wakes all who wait; with the lock held.
func (q *Queue) tell() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// wait waits for a change, or until then; with the lock held, which it gives up meanwhile.
func (q *Queue) wait(until time.Time) {
	changed := q.changed
	q.mu.Unlock()
	timer := time.NewTimer(time.Until(until))
	select {
	case <-changed:
	case <-timer.C:
	}
	timer.Stop()
	q.mu.Lock()
}

// Enqueue appends jobs.
func (q *Queue) Enqueue(jobs []agentrun.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range jobs {
		q.add(&job{Job: agentrun.Job{ID: j.ID, Payload: j.Payload, Enqueued: time.Now()}})
	}
	q.tell()
	return nil
}

func (q *Queue) add(j *job) {
	q.jobs = append(q.jobs, j)
	q.known[j.ID] = true
}

func (q *Queue) remove(j *job) {
	for i := range q.jobs {
		if q.jobs[i] == j {
			q.jobs = append(q.jobs[:i:i], q.jobs[i+1:]...)
			return
		}
	}
}

// Whether a job may be acquired: it waits, or its time has come.
func (j *job) ready(now time.Time) bool { return !j.due.After(now) }

// A lease that lapsed goes to the front; a delay that is over keeps its place.
func (q *Queue) reap(now time.Time) {
	var front, rest []*job
	for _, j := range q.jobs {
		switch {
		case j.Lease == "" || !j.ready(now):
			rest = append(rest, j)
		case j.Deliveries >= q.maxDeliveries:
			q.bury(j, "it was delivered too often", now)
		default:
			j.Lease = ""
			front = append(front, j)
		}
	}
	q.jobs = append(front, rest...)
}

func (q *Queue) bury(j *job, reason string, now time.Time) {
	var payload any
	if json.Unmarshal(j.Payload, &payload) != nil {
		payload = string(j.Payload)
	}
	q.dead = append(q.dead, agentrun.DeadLetter{JobID: j.ID, Reason: reason, Deliveries: j.Deliveries,
		Retries: j.Retries, DeadAt: now.UTC(), Payload: payload})
}

// Acquire leases jobs.
func (q *Queue) Acquire(most int, lease, wait time.Duration) ([]agentrun.Job, error) {
	if lease == 0 {
		lease = q.lease
	}
	deadline := time.Now().Add(wait)
	if wait < 0 {
		deadline = time.Now().Add(1 << 62)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting++
	defer func() { q.waiting-- }()
	for wakeups := q.wakeups; ; {
		now := time.Now()
		if out := q.take(most, lease, now); len(out) > 0 || !now.Before(deadline) || q.woken(wakeups) {
			return out, nil
		}
		until := deadline
		for _, j := range q.jobs {
			if j.due.Before(until) {
				until = j.due
			}
		}
		q.wait(until)
	}
}

// woken: was there a wakeup since, or before anybody waited?
func (q *Queue) woken(since int) bool {
	if q.wake {
		q.wake = false
		return true
	}
	return q.wakeups != since
}

func (q *Queue) take(most int, lease time.Duration, now time.Time) (out []agentrun.Job) {
	q.reap(now)
	for _, j := range q.jobs {
		if len(out) == most {
			break
		}
		if j.Lease != "" || !j.ready(now) {
			continue
		}
		q.last++
		j.Lease = fmt.Sprint(q.last)
		j.LeaseFor = lease
		j.due = now.Add(lease)
		j.Deliveries++
		j.Journalled = len(j.journal) > 0
		out = append(out, j.Job)
	}
	return out
}

// find gives the job that is held under a lease; nil: it is not any more.
func (q *Queue) find(lease string, now time.Time) *job {
	for _, j := range q.jobs {
		if j.Lease == lease && lease != "" && !j.ready(now) {
			return j
		}
	}
	return nil
}

// Settle ends leases.
func (q *Queue) Settle(jobs []agentrun.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for i := range jobs {
		if jobs[i].End == agentrun.EndNone {
			continue
		}
		j := q.find(jobs[i].Lease, now)
		jobs[i].Lost, jobs[i].Settled = j == nil, j != nil
		if j != nil {
			q.end(j, &jobs[i], now)
		}
	}
	q.tell()
	return nil
}

func (q *Queue) end(j *job, how *agentrun.Job, now time.Time) {
	q.remove(j)
	switch how.End {
	case agentrun.EndRelease:
		q.release(j, how, now)
		return
	case agentrun.EndReject:
		q.bury(j, how.Reason, now)
	}
	if how.Result != nil {
		q.results[j.ID] = how.Result
	}
	delete(q.known, j.ID)
}

// What is given back goes to the front, a retry to the end.
func (q *Queue) release(j *job, how *agentrun.Job, now time.Time) {
	j.Lease, j.due = "", time.Time{}
	if how.Delay > 0 {
		j.due = now.Add(how.Delay)
	}
	if how.CountsAsRetry {
		j.Retries++
		j.Deliveries = 0
		q.jobs = append(q.jobs, j)
		return
	}
	j.Deliveries--
	q.jobs = append([]*job{j}, q.jobs...)
}

// Renew prolongs leases.
func (q *Queue) Renew(jobs []agentrun.Job, lease time.Duration) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	for i := range jobs {
		j := q.find(jobs[i].Lease, now)
		if j == nil {
			jobs[i].Lost = true
			continue
		}
		if lease > 0 {
			jobs[i].LeaseFor = lease
		}
		j.LeaseFor = jobs[i].LeaseFor
		j.due = now.Add(j.LeaseFor)
		jobs[i].Cancelled = j.Cancelled
	}
	return nil
}

// Close has nothing to do.
func (q *Queue) Close() error { return nil }

// Wakeup makes Acquire return.
func (q *Queue) Wakeup() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.wakeups++
	q.wake = q.waiting == 0
	q.tell()
}

// Result waits for a result.
func (q *Queue) Result(jobID string, wait time.Duration) ([]byte, error) {
	deadline := time.Now().Add(wait)
	if wait < 0 {
		deadline = time.Now().Add(1 << 62)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		result, is := q.results[jobID]
		switch {
		case is:
			return result, nil
		case !q.known[jobID]:
			return nil, agentrun.ErrNotFound
		case !time.Now().Before(deadline):
			return nil, agentrun.ErrTimeout
		}
		q.wait(deadline)
	}
}

// Cancel marks a job.
func (q *Queue) Cancel(jobID string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	found := false
	for _, j := range q.jobs {
		if j.ID == jobID {
			j.Cancelled, found = true, true
		}
	}
	if !found {
		return agentrun.ErrNotFound
	}
	return nil
}

// Stats counts jobs.
func (q *Queue) Stats() (agentrun.QueueStats, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.reap(now)
	out := agentrun.QueueStats{Dead: uint64(len(q.dead))}
	for _, j := range q.jobs {
		switch {
		case j.Lease != "":
			out.Leased++
		case j.ready(now):
			out.Waiting++
		default:
			out.Delayed++
		}
	}
	return out, nil
}

// DeadLetters lists dead letters.
func (q *Queue) DeadLetters(query agentrun.DeadQuery) ([]agentrun.DeadLetter, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.reap(time.Now())
	var out []agentrun.DeadLetter
	for _, letter := range q.dead {
		if query.JobID == "" || letter.JobID == query.JobID {
			out = append(out, letter)
		}
	}
	out = out[min(query.Offset, len(out)):]
	if query.Limit >= 0 {
		out = out[:min(query.Limit, len(out))]
	}
	return out, nil
}

// takeDead removes those of this id, or all, from the dead letters.
func (q *Queue) takeDead(jobID string) (out []agentrun.DeadLetter, err error) {
	q.reap(time.Now())
	var rest []agentrun.DeadLetter
	for _, letter := range q.dead {
		if jobID == "" || letter.JobID == jobID {
			out = append(out, letter)
		} else {
			rest = append(rest, letter)
		}
	}
	q.dead = rest
	if jobID != "" && len(out) == 0 {
		return nil, agentrun.ErrNotFound
	}
	return out, nil
}

// RetryDead enqueues dead letters.
func (q *Queue) RetryDead(jobID string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	letters, err := q.takeDead(jobID)
	for _, letter := range letters {
		payload, is := letter.Payload.(string)
		if !is {
			data, _ := json.Marshal(letter.Payload)
			payload = string(data)
		}
		q.add(&job{Job: agentrun.Job{ID: letter.JobID, Payload: json.RawMessage(payload), Enqueued: time.Now()}})
	}
	q.tell()
	return err
}

// DropDead forgets dead letters.
func (q *Queue) DropDead(jobID string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, err := q.takeDead(jobID)
	return err
}

// PutJournal writes an entry.
func (q *Queue) PutJournal(jobID, lease, name string, value []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.find(lease, time.Now())
	if j == nil {
		return agentrun.ErrNotFound
	}
	if j.journal == nil {
		j.journal = map[string][]byte{}
	}
	j.journal[name] = value
	return nil
}

// Journal reads an entry.
func (q *Queue) Journal(jobID, lease, name string) ([]byte, bool, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.find(lease, time.Now())
	if j == nil {
		return nil, false, agentrun.ErrNotFound
	}
	value, is := j.journal[name]
	return value, is, nil
}
