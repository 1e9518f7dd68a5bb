// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/internal/memory"
)

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// run starts a worker; what it returns ends and waits for it.
func run(t testing.TB, w *agentrun.Worker) (end func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(cancel)
	return func() error {
		cancel()
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Second):
			t.Fatal("the worker does not end")
			return nil
		}
	}
}

func message(id, prompt string) []byte {
	data, _ := json.Marshal(map[string]any{
		"version": "1.0", "job_id": id, "run_id": "r", "node_id": "n", "prompt": prompt,
		"context": map[string]any{"data": []any{map[string]any{"n": 1}, map[string]any{"n": 2}}},
	})
	return data
}

// A worker over a queue and a store that are both written in Go.
func TestWorker(t *testing.T) {
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	queue := must[*agentrun.Queue](t)(agentrun.NewQueue("go", memory.NewQueue(30*time.Second, 5)))
	store := must[*agentrun.Store](t)(agentrun.NewStore("go", &memory.Store{}, agentrun.StoreOptions{}))
	w := must[*agentrun.Worker](t)(rt.NewWorker(queue, &agentrun.WorkerOptions{Store: store, Threads: 1, Concurrency: 8}))
	// What uses them keeps them.
	defer w.Close()
	defer queue.Close()
	defer store.Close()

	var jobs [][]byte
	for i := 0; i < 50; i++ {
		jobs = append(jobs, message(fmt.Sprint("job-", i), "count rows"))
	}
	jobs = append(jobs, message("bad", "wriggle"), []byte(`{"prompt":`))
	if err := queue.Enqueue(jobs...); err != nil {
		t.Fatal(err)
	}
	if err := w.Check(); err != nil {
		t.Error(err)
	}
	end := run(t, w)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := 0; i < 50; i++ {
		id := fmt.Sprint("job-", i)
		result := must[[]byte](t)(queue.Result(ctx, id))
		if !strings.Contains(string(result), `"status":"completed"`) {
			t.Errorf("%s", result)
		}
		if record, err := store.FindJob(id); err != nil || record[agentrun.ResultData] != `[{"count":2}]` {
			t.Errorf("%v, %v", record, err)
		}
	}
	if result := must[[]byte](t)(queue.Result(ctx, "bad")); !strings.Contains(string(result), `"status":"failed"`) {
		t.Errorf("%s", result)
	}
	if _, err := queue.Result(ctx, "nobody"); !errors.Is(err, agentrun.ErrNotFound) {
		t.Errorf("a job that nobody knows: %v", err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if stats := must[agentrun.WorkerStats](t)(w.Stats()); stats.Completed != 50 || stats.Rejected == 0 || stats.Running {
		t.Errorf("%+v", stats)
	}
	if text, err := w.Metrics(); err != nil || !strings.Contains(text, "agentrun_jobs_total") {
		t.Errorf("%s, %v", text, err)
	}
	if err := w.Run(ctx); !errors.Is(err, agentrun.ErrInvalid) {
		t.Errorf("a second run: %v", err)
	}
	letters := must[[]agentrun.DeadLetter](t)(queue.DeadLetters(agentrun.DeadQuery{}))
	if len(letters) == 0 || letters[len(letters)-1].Reason == "" {
		t.Errorf("%+v", letters)
	}
	if err := queue.RetryDead(""); err != nil {
		t.Error(err)
	}
	if stats := must[agentrun.QueueStats](t)(queue.Stats()); stats.Waiting != uint64(len(letters)) || stats.Dead != 0 {
		t.Errorf("%+v", stats)
	}
}

// What does not end in time when the worker's context is done goes back to the queue.
func TestWorkerDrains(t *testing.T) {
	began := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began <- struct{}{}
		select {
		case <-time.After(300 * time.Millisecond):
			fmt.Fprint(w, `[{"n":1}]`)
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	rt := must[*agentrun.Runtime](t)(agentrun.New(&agentrun.Options{
		Set: map[string]string{"http.allow_private_networks": "true"},
	}))
	defer rt.Close()
	queue := must[*agentrun.Queue](t)(agentrun.NewMemoryQueue(nil))
	defer queue.Close()
	for name, drain := range map[string]time.Duration{"in_time": 10 * time.Second, "late": -1} {
		w := must[*agentrun.Worker](t)(rt.NewWorker(queue, &agentrun.WorkerOptions{DrainTimeout: drain}))
		if err := queue.Enqueue(message(name, "fetch "+server.URL+" and count rows")); err != nil {
			t.Fatal(err)
		}
		end := run(t, w)
		<-began
		if err := end(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		stats := must[agentrun.WorkerStats](t)(w.Stats())
		if given := stats.GivenBack == 1; given != (drain < 0) {
			t.Errorf("%s: %+v", name, stats)
		}
		w.Close()
		if drain > 0 {
			continue
		}
		if stats := must[agentrun.QueueStats](t)(queue.Stats()); stats.Waiting != 1 {
			t.Errorf("%+v", stats)
		}
		// Cancelled before anybody has it: no worker does it.
		if err := queue.Cancel(name); err != nil {
			t.Error(err)
		}
		w = must[*agentrun.Worker](t)(rt.NewWorker(queue, nil))
		end = run(t, w)
		result := must[[]byte](t)(queue.Result(context.Background(), name))
		if !strings.Contains(string(result), `"type":"cancelled"`) {
			t.Errorf("%s", result)
		}
		end()
		w.Close()
	}
}

// Errors and panics of a backend in Go become errors of the calls.
func TestBackendFaults(t *testing.T) {
	backend := &faulty{}
	store := must[*agentrun.Store](t)(agentrun.NewStore("faulty", backend, agentrun.StoreOptions{}))
	for _, c := range []struct {
		fault error
		code  agentrun.Code
	}{
		{errors.New("odd"), agentrun.ErrStorage},
		{fmt.Errorf("gone: %w", agentrun.ErrBackend), agentrun.ErrBackend},
		{&agentrun.Error{Code: agentrun.ErrBackend, Message: "later", Retryable: true, RetryAfter: time.Minute}, agentrun.ErrBackend},
		{&agentrun.Error{Message: "no code", Retryable: true, RetryAfter: time.Minute}, agentrun.ErrStorage},
		{agentrun.Code(1), agentrun.ErrStorage},
		{context.DeadlineExceeded, agentrun.ErrTimeout},
		{exits, agentrun.ErrInternal},
		{badText{}, agentrun.ErrInternal}, // its Error panics
		{nil, agentrun.ErrInternal},       // it panics
	} {
		backend.fault = c.fault
		_, err := store.List(agentrun.Query{})
		if !errors.Is(err, c.code) || (c.code != agentrun.ErrInternal && !strings.Contains(err.Error(), c.fault.Error())) {
			t.Errorf("%v: %v", c.fault, err)
		}
		var want, got *agentrun.Error
		if errors.As(c.fault, &want) && (!errors.As(err, &got) || got.RetryAfter != want.RetryAfter || !got.Retryable) {
			t.Errorf("%#v", err)
		}
	}
	store.Close()
	store.Close()
	if backend.closed != 1 {
		t.Errorf("closed %d times", backend.closed)
	}
	// Blobs are kept by another store, which is taken over only if that works.
	blobs := must[*agentrun.Store](t)(agentrun.NewMemoryStore(0))
	store = must[*agentrun.Store](t)(agentrun.NewStore("faulty", backend, agentrun.StoreOptions{MaxInline: 1, Blobs: blobs}))
	defer store.Close()
	if _, err := blobs.List(agentrun.Query{}); !errors.Is(err, agentrun.ErrInvalid) {
		t.Errorf("a store that was given away: %v", err)
	}
	if _, err := agentrun.NewStore("faulty", backend, agentrun.StoreOptions{Blobs: blobs}); !errors.Is(err, agentrun.ErrInvalid) {
		t.Errorf("given away twice: %v", err)
	}
	ref := must[string](t)(store.PutBlob([]byte("hello")))
	if data, err := store.Get(ref); err != nil || string(data) != "hello" {
		t.Errorf("%s, %v", data, err)
	}
}

var exits = errors.New("ends its goroutine")

type badText struct{}

func (badText) Error() string { panic("on purpose") }

type faulty struct {
	memory.Store
	fault  error
	closed int
}

func (f *faulty) List(agentrun.Query) ([]agentrun.Record, error) {
	switch f.fault {
	case nil:
		panic("on purpose")
	case exits:
		runtime.Goexit()
	}
	return nil, f.fault
}

func (f *faulty) Close() error {
	f.closed++
	runtime.Goexit()
	return nil
}

// A worker goes on, and ends, whatever its queue and store do, on threads that are none of
// Go's.
func TestWorkerOverFaults(t *testing.T) {
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("odd") },
		"away":  func() error { return &agentrun.Error{Code: agentrun.ErrBackend, Message: "away", Retryable: true} },
		"panic": func() error { panic("on purpose") },
		"exit":  func() error { runtime.Goexit(); return nil },
	} {
		t.Run(name, func(t *testing.T) {
			rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
			defer rt.Close()
			backend := &moody{Queue: memory.NewQueue(30*time.Second, 5), store: &memory.Store{}, fail: fail}
			queue := must[*agentrun.Queue](t)(agentrun.NewQueue("moody", backend))
			defer queue.Close()
			store := must[*agentrun.Store](t)(agentrun.NewStore("moody", moodyStore{backend}, agentrun.StoreOptions{}))
			defer store.Close()
			if err := queue.Enqueue(message("j", "count rows")); err != nil {
				t.Fatal(err)
			}
			w := must[*agentrun.Worker](t)(rt.NewWorker(queue, &agentrun.WorkerOptions{Store: store, DrainTimeout: -1}))
			defer w.Close()
			end := run(t, w)
			for backend.calls.Load() < 8 {
				time.Sleep(time.Millisecond)
			}
			backend.well.Store(true)
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			defer cancel()
			if result, err := queue.Result(ctx, "j"); err != nil || !strings.Contains(string(result), `"completed"`) {
				t.Errorf("%s, %v", result, err)
			}
			if err := end(); err != nil {
				t.Error(err)
			}
		})
	}
}

// moody is a queue and a store that first fail at every other call, and then are well.
type moody struct {
	*memory.Queue
	store *memory.Store
	fail  func() error
	calls atomic.Int64
	well  atomic.Bool
}

func (m *moody) mood() error {
	if !m.well.Load() && m.calls.Add(1)%2 == 1 {
		return m.fail()
	}
	return nil
}

func (m *moody) Acquire(most int, lease, wait time.Duration) ([]agentrun.Job, error) {
	if err := m.mood(); err != nil {
		return nil, err
	}
	return m.Queue.Acquire(most, lease, min(wait, 10*time.Millisecond))
}

func (m *moody) Settle(jobs []agentrun.Job) error {
	if err := m.mood(); err != nil {
		return err
	}
	return m.Queue.Settle(jobs)
}

type moodyStore struct{ *moody }

func (m moodyStore) Put(records []agentrun.Record) ([]string, error) {
	if err := m.mood(); err != nil {
		return nil, err
	}
	return m.store.Put(records)
}
func (m moodyStore) Get(by agentrun.Field, key string) (agentrun.Record, error) {
	return m.store.Get(by, key)
}
func (m moodyStore) List(query agentrun.Query) ([]agentrun.Record, error) { return m.store.List(query) }
func (m moodyStore) PutBlob(hex string, data []byte) error                { return m.store.PutBlob(hex, data) }
func (m moodyStore) GetBlob(hex string) ([]byte, error)                   { return m.store.GetBlob(hex) }
func (m moodyStore) Close() error                                         { return nil }

func TestCollect(t *testing.T) {
	store := must[*agentrun.Store](t)(agentrun.NewStore("go", &memory.Store{}, agentrun.StoreOptions{MaxInline: 10}))
	defer store.Close()
	for i := 0; i < 3; i++ {
		must[string](t)(store.Put(agentrun.Record{
			agentrun.JobID: fmt.Sprint(i), agentrun.Status: "completed",
			agentrun.CreatedAt:  fmt.Sprintf("202%d-01-01T00:00:00.000Z", i),
			agentrun.ResultData: fmt.Sprintf(`{"a long text":%d}`, i),
		}))
	}
	must[string](t)(store.PutBlob([]byte("nobody names it")))
	time.Sleep(10 * time.Millisecond)
	records, blobs, err := store.Collect(time.Date(2021, 6, 1, 0, 0, 0, 0, time.UTC), time.Millisecond)
	if err != nil || records != 2 || blobs != 3 {
		t.Errorf("%d, %d, %v", records, blobs, err)
	}
	if record, err := store.FindJob("2"); err != nil || record[agentrun.CASID] == "" {
		t.Errorf("%v, %v", record, err)
	}
	if err := store.Migrate(); err != nil {
		t.Error(err)
	}
}

// Jobs through backends that are written in Go, the same ones again and again.
func TestBackendsNoLeak(t *testing.T) {
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	queue := must[*agentrun.Queue](t)(agentrun.NewQueue("go", memory.NewQueue(30*time.Second, 5)))
	defer queue.Close()
	store := must[*agentrun.Store](t)(agentrun.NewStore("go", &memory.Store{}, agentrun.StoreOptions{}))
	defer store.Close()
	w := must[*agentrun.Worker](t)(rt.NewWorker(queue, &agentrun.WorkerOptions{Store: store}))
	defer w.Close()
	end := run(t, w)
	jobs := make([][]byte, 100)
	for i := range jobs {
		jobs[i] = message(fmt.Sprint("j", i), "count rows")
	}
	agentrun.Flat(t, agentrun.Calls(20000), func(n int) {
		for done := 0; done < n; done += len(jobs) {
			if err := queue.Enqueue(jobs...); err != nil {
				t.Fatal(err)
			}
			for must[agentrun.QueueStats](t)(queue.Stats()) != (agentrun.QueueStats{}) {
				time.Sleep(time.Millisecond)
			}
			must[[]agentrun.Record](t)(store.List(agentrun.Query{Limit: 10}))
			if _, err := store.FindJob("nobody"); !errors.Is(err, agentrun.ErrNotFound) {
				t.Fatal(err)
			}
		}
		runtime.GC()
	})
	if err := end(); err != nil {
		t.Error(err)
	}
}
