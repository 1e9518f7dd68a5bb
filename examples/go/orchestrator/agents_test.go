// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"libagentrun.example/agentrun"
)

// shaky is a queue whose calls fail so many times before they work.
type shaky struct {
	mu              sync.Mutex
	enqueue, result int
	fault           error
	enqueued        int
	never           bool // a result does not come
	cancelled       []string
}

func (q *shaky) fail(left *int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if *left > 0 {
		*left--
		return q.fault
	}
	return nil
}

func (q *shaky) Enqueue([]agentrun.Job) error {
	q.enqueued++
	return q.fail(&q.enqueue)
}

func (q *shaky) Result(string, time.Duration) ([]byte, error) {
	if err := q.fail(&q.result); err != nil {
		return nil, err
	}
	if q.never {
		return nil, agentrun.ErrTimeout
	}
	return []byte(`{"status":"completed"}`), nil
}

func (q *shaky) Cancel(jobID string) error {
	q.cancelled = append(q.cancelled, jobID)
	return nil
}

func (q *shaky) Acquire(int, time.Duration, time.Duration) ([]agentrun.Job, error) { return nil, nil }
func (q *shaky) Settle([]agentrun.Job) error                                       { return nil }
func (q *shaky) Renew([]agentrun.Job, time.Duration) error                         { return nil }
func (q *shaky) Close() error                                                      { return nil }

func TestQueueFaults(t *testing.T) {
	away := &agentrun.Error{Code: agentrun.ErrBackend, Message: "away", Retryable: true}
	refused := &agentrun.Error{Code: agentrun.ErrStorage, Message: "refused"}
	for name, c := range map[string]struct {
		backend *shaky
		ok      bool // there is a result
		code    agentrun.Code
	}{
		"fine":                 {&shaky{}, true, 0},
		"a passing fault":      {&shaky{enqueue: 2, result: 2, fault: away}, true, 0},
		"refused":              {&shaky{enqueue: 1, fault: refused}, false, agentrun.ErrStorage},
		"a result that is not": {&shaky{result: 1, fault: refused}, false, agentrun.ErrStorage},
	} {
		queue, err := agentrun.NewQueue("shaky", c.backend)
		if err != nil {
			t.Fatal(err)
		}
		a := &queued{queue: queue}
		result, err := a.run(context.Background(), "j", []byte(`{"job_id":"j"}`))
		a.close()
		if (err == nil) != c.ok || (result != nil) != c.ok || err != nil && !errors.Is(err, c.code) {
			t.Errorf("%s: %s, %v", name, result, err)
		}
		// A job that nobody waits for does not go on.
		if cancelled := len(c.backend.cancelled) == 1; cancelled == c.ok {
			t.Errorf("%s: cancelled %v", name, c.backend.cancelled)
		}
	}
	for name, backend := range map[string]*shaky{
		"away while it is enqueued": {enqueue: 1 << 30, fault: away},
		"away while it runs":        {result: 1 << 30, fault: away},
		"it runs for long":          {never: true},
	} {
		queue, err := agentrun.NewQueue("shaky", backend)
		if err != nil {
			t.Fatal(err)
		}
		a := &queued{queue: queue}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		_, err = a.run(ctx, "j", []byte(`{"job_id":"j"}`))
		cancel()
		a.close()
		if !errors.Is(err, context.DeadlineExceeded) || len(backend.cancelled) != 1 {
			t.Errorf("%s: %v, cancelled %v", name, err, backend.cancelled)
		}
	}
}

// What is answered has the status that it is sent with.
func TestAnswers(t *testing.T) {
	store, err := agentrun.NewMemoryStore(0)
	if err != nil {
		t.Fatal(err)
	}
	_, missing := store.Get("artifact://00000000-0000-4000-8000-000000000000")
	store.Close()
	_, closed := store.Get("artifact://00000000-0000-4000-8000-000000000000")
	for name, c := range map[string]struct {
		want int
		out  any
		err  error
	}{
		"fine":                     {200, json.RawMessage(`{"a":1}`), nil},
		"what is no JSON":          {500, json.RawMessage(`{"a":`), nil},
		"what cannot be JSON":      {500, map[string]any{"a": func() {}}, nil},
		"a fault":                  {409, nil, faultf(409, "no")},
		"what is not there":        {404, nil, missing},
		"a store that is closed":   {503, nil, closed},
		"a failure that may pass":  {503, nil, &agentrun.Error{Code: agentrun.ErrBackend, Retryable: true}},
		"wrong use of the library": {422, nil, agentrun.ErrInvalid},
	} {
		w := httptest.NewRecorder()
		h := answer(func(*http.Request, string, []byte) (int, any, error) { return 200, c.out, c.err })
		h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		var out struct{ Error *struct{ Message string } }
		if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != c.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if (out.Error == nil) != (c.want == 200) {
			t.Errorf("%s: %s", name, w.Body)
		}
	}
}
