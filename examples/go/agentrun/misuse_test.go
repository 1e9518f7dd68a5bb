// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/internal/memory"
)

// handles are one of each kind that is closed.
type handles struct {
	rt     *agentrun.Runtime
	store  *agentrun.Store
	queue  *agentrun.Queue
	engine *agentrun.Engine
	worker *agentrun.Worker
}

func newHandles(t *testing.T) (h handles) {
	h.rt = must[*agentrun.Runtime](t)(agentrun.New(nil))
	h.store = must[*agentrun.Store](t)(agentrun.NewStore("go", &memory.Store{}, agentrun.StoreOptions{}))
	h.queue = must[*agentrun.Queue](t)(agentrun.NewQueue("go", memory.NewQueue(30*time.Second, 5)))
	h.engine = must[*agentrun.Engine](t)(h.rt.NewEngine(&agentrun.EngineOptions{Store: h.store}))
	h.worker = must[*agentrun.Worker](t)(h.rt.NewWorker(h.queue, &agentrun.WorkerOptions{Store: h.store}))
	return h
}

func (h handles) closers() []io.Closer {
	return []io.Closer{h.rt, h.store, h.queue, h.engine, h.worker}
}

// calls are all that can be made with handles.
func (h handles) calls() map[string]func() error {
	ctx := context.Background()
	count := []byte(`[{"step":"count"}]`)
	flow := []byte(`{"nodes":[{"id":"a","type":"task"}],"edges":[]}`)
	done, cancel := context.WithCancel(ctx)
	cancel()
	return map[string]func() error{
		"Classify":        func() error { _, err := h.rt.Classify("count rows", nil); return err },
		"ClassifyAll":     func() error { _, err := h.rt.ClassifyAll([]string{"a", "b"}, nil); return err },
		"Plan":            func() error { _, err := h.rt.Plan("count rows", nil); return err },
		"ExecutePipeline": func() error { _, err := h.rt.ExecutePipeline(ctx, count, []byte(`[]`), nil); return err },
		"StreamPipeline":  func() error { return h.rt.StreamPipeline(ctx, count, strings.NewReader("[]"), io.Discard, nil) },
		"with a store": func() error {
			_, err := h.rt.ExecutePipeline(ctx, count, []byte(`[]`), &agentrun.ExecuteOptions{Store: h.store})
			return err
		},
		"ApplyPatch":    func() error { _, err := h.rt.ApplyPatch(flow, []byte(`[]`), nil); return err },
		"CheckWorkflow": func() error { return h.rt.CheckWorkflow(flow, nil) },
		"DocumentHash":  func() error { _, err := h.rt.DocumentHash(flow); return err },
		"NewEngine":     func() error { e, err := h.rt.NewEngine(nil); closeIf(e, err); return err },
		"NewWorker":     func() error { w, err := h.rt.NewWorker(h.queue, nil); closeIf(w, err); return err },
		"Put": func() error {
			_, err := h.store.Put(agentrun.Record{agentrun.JobID: "j", agentrun.Status: "completed"})
			return err
		},
		"Get": func() error {
			_, err := h.store.Get("artifact://00000000-0000-4000-8000-000000000000")
			return unless(err, agentrun.ErrNotFound)
		},
		"PutBlob":     func() error { _, err := h.store.PutBlob([]byte("x")); return err },
		"PutBlobFrom": func() error { _, err := h.store.PutBlobFrom(strings.NewReader("x")); return err },
		"Reader": func() error {
			_, err := h.store.Reader("artifact://00000000-0000-4000-8000-000000000000")
			return unless(err, agentrun.ErrNotFound)
		},
		"Record": func() error {
			_, err := h.store.Record("artifact://00000000-0000-4000-8000-000000000000")
			return unless(err, agentrun.ErrNotFound)
		},
		"FindJob": func() error { _, err := h.store.FindJob("nobody"); return unless(err, agentrun.ErrNotFound) },
		"List":    func() error { _, err := h.store.List(agentrun.Query{}); return err },
		"Migrate": func() error { return h.store.Migrate() },
		"Collect": func() error { _, _, err := h.store.Collect(time.Time{}, time.Hour); return err },
		"Enqueue": func() error { return h.queue.Enqueue(message("j", "count rows")) },
		"Result": func() error {
			_, err := h.queue.Result(done, "j")
			return unless(unless(err, agentrun.ErrNotFound), context.Canceled)
		},
		"Cancel":      func() error { return unless(h.queue.Cancel("j"), agentrun.ErrNotFound) },
		"QueueStats":  func() error { _, err := h.queue.Stats(); return err },
		"DeadLetters": func() error { _, err := h.queue.DeadLetters(agentrun.DeadQuery{}); return err },
		"RetryDead":   func() error { return h.queue.RetryDead("") },
		"DropDead":    func() error { return unless(h.queue.DropDead("j"), agentrun.ErrNotFound) },
		"Run": func() error {
			_, err := h.engine.Run(ctx, message("j", "count rows"))
			return unless(err, agentrun.ErrCanceled)
		},
		"Submit": func() error { _, err := h.engine.Submit(ctx, message("j", "count rows")); return err },
		"TrySubmit": func() error {
			_, err := h.engine.TrySubmit(ctx, message("j", "count rows"))
			return unless(err, agentrun.ErrLimit)
		},
		"SubmitAll":   func() error { _, err := h.engine.SubmitAll(ctx, [][]byte{message("j", "count rows"), nil}); return err },
		"WorkerStats": func() error { _, err := h.worker.Stats(); return err },
		"Metrics":     func() error { _, err := h.worker.Metrics(); return err },
		"Check":       func() error { return h.worker.Check() },
	}
}

func closeIf(c io.Closer, err error) {
	if err == nil {
		c.Close()
	}
}

// unless is err where it is not what a call may well say.
func unless(err, fine error) error {
	if errors.Is(err, fine) {
		return nil
	}
	return err
}

func TestUseAfterClose(t *testing.T) {
	h := newHandles(t)
	for name, call := range h.calls() {
		if err := call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := 0; i < 2; i++ { // twice is fine
		for _, c := range h.closers() {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	for name, call := range h.calls() {
		if err := call(); !errors.Is(err, agentrun.ErrClosed) || !errors.Is(err, agentrun.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := h.worker.Run(context.Background()); !errors.Is(err, agentrun.ErrClosed) {
		t.Errorf("Worker.Run: %v", err)
	}
	h.worker.Stop(true)
	h.worker.Quiet(true)
	if n := h.engine.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

// All that can be called, while everything is closed, in any order, from several goroutines.
func TestCloseBesideCalls(t *testing.T) {
	for round := 0; round < 5; round++ {
		h := newHandles(t)
		var all sync.WaitGroup
		begin := make(chan struct{})
		all.Add(1)
		go func() {
			defer all.Done()
			<-begin
			if err := h.worker.Run(context.Background()); err != nil && !errors.Is(err, agentrun.ErrClosed) {
				t.Errorf("Worker.Run: %v", err)
			}
		}()
		for name, call := range h.calls() {
			name, call := name, call
			all.Add(1)
			go func() {
				defer all.Done()
				<-begin
				for {
					err := call()
					if errors.Is(err, agentrun.ErrClosed) {
						return
					}
					if err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			}()
		}
		close(begin)
		time.Sleep(20 * time.Millisecond)
		for i, c := range h.closers() {
			c, after := c, time.Duration((i*7+round*3)%5)*5*time.Millisecond
			for n := 0; n < 2; n++ {
				all.Add(1)
				go func() {
					defer all.Done()
					time.Sleep(after)
					c.Close()
				}()
			}
		}
		all.Wait()
	}
}

func TestZeroValues(t *testing.T) {
	for name, call := range (handles{rt: &agentrun.Runtime{}, store: &agentrun.Store{}, queue: &agentrun.Queue{}, worker: &agentrun.Worker{}}).calls() {
		switch name {
		case "Run", "Submit", "TrySubmit", "SubmitAll":
			continue // of an Engine, which is nil
		}
		if err := call(); !errors.Is(err, agentrun.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, c := range []io.Closer{&agentrun.Runtime{}, &agentrun.Store{}, &agentrun.Queue{}, &agentrun.Worker{}} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What C cannot be told is refused here: it would be another number, or a shorter text.
func TestRefused(t *testing.T) {
	h := newHandles(t)
	for _, c := range h.closers() {
		defer c.Close()
	}
	const nul = "a\x00b"
	ctx := context.Background()
	calls := map[string]func() error{
		"no store":    func() error { _, err := agentrun.NewStore("x", nil, agentrun.StoreOptions{}); return err },
		"no queue":    func() error { _, err := agentrun.NewQueue("x", nil); return err },
		"store name":  func() error { _, err := agentrun.NewStore(nul, &memory.Store{}, agentrun.StoreOptions{}); return err },
		"queue name":  func() error { _, err := agentrun.NewQueue(nul, memory.NewQueue(0, 0)); return err },
		"config file": func() error { _, err := agentrun.New(&agentrun.Options{ConfigFile: nul}); return err },
		"config key": func() error {
			_, err := agentrun.New(&agentrun.Options{Set: map[string]string{"limits.max_rows\x00": "1"}})
			return err
		},
		"config value": func() error {
			_, err := agentrun.New(&agentrun.Options{Set: map[string]string{"limits.max_rows": "1\x00"}})
			return err
		},
		"step": func() error {
			_, err := agentrun.New(&agentrun.Options{Steps: []agentrun.Step{{Name: nul, Compile: func(json.RawMessage) (func() agentrun.StepRun, error) { return nil, nil }}}})
			return err
		},
		"tool": func() error {
			_, err := agentrun.New(&agentrun.Options{Tools: []agentrun.Tool{{Name: nul}}})
			return err
		},
		"plan": func() error { _, err := h.rt.Plan("x", &agentrun.PlanOptions{WorkflowTag: nul}); return err },
		"input name": func() error {
			_, err := h.rt.ExecutePipeline(ctx, []byte(`[{"step":"count"}]`), nil, &agentrun.ExecuteOptions{InputName: nul})
			return err
		},
		"hash":   func() error { _, err := h.rt.ApplyPatch(nil, nil, &agentrun.PatchOptions{BaseHash: nul}); return err },
		"ref":    func() error { _, err := h.store.Get(nul); return err },
		"reader": func() error { _, err := h.store.Reader(nul); return err },
		"record": func() error { _, err := h.store.Record(nul); return err },
		"query":  func() error { _, err := h.store.List(agentrun.Query{RunID: nul}); return err },
		"result": func() error { _, err := h.queue.Result(ctx, nul); return err },
		"cancel": func() error { return h.queue.Cancel(nul) },
	}
	for _, n := range []int{-1, math.MinInt, math.MaxInt} {
		n := n
		for name, call := range map[string]func() error{
			"threads": func() error { _, err := h.rt.NewEngine(&agentrun.EngineOptions{Threads: n}); return err },
			"jobs":    func() error { _, err := h.rt.NewEngine(&agentrun.EngineOptions{MaxJobs: n}); return err },
			"worker":  func() error { _, err := h.rt.NewWorker(h.queue, &agentrun.WorkerOptions{Concurrency: n}); return err },
			"deliveries": func() error {
				_, err := agentrun.NewMemoryQueue(&agentrun.MemoryQueueOptions{MaxDeliveries: n})
				return err
			},
			"inline": func() error { _, err := agentrun.NewMemoryStore(n); return err },
			"scan": func() error {
				_, err := h.rt.ExecutePipeline(ctx, []byte(`[{"step":"count"}]`), nil, &agentrun.ExecuteOptions{Threads: n})
				return err
			},
		} {
			calls[fmt.Sprint(name, " ", n)] = call
		}
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, agentrun.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A backend that answers with what it should not.
func TestLyingBackends(t *testing.T) {
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	for name, jobs := range map[string][]agentrun.Job{
		"more than it was asked for": make([]agentrun.Job, 5000),
		"without a lease":            {{ID: "j", Payload: message("j", "count rows")}},
		"with wrong numbers":         {{ID: "j", Payload: message("j", "count rows"), Lease: "l", LeaseFor: -time.Second, Deliveries: -3, Retries: -1}},
		"with a NUL":                 {{ID: "j\x00", Payload: message("j", "count rows"), Lease: "l\x00"}},
		"of another id":              {{ID: "other", Payload: message("j", "count rows"), Lease: "l", LeaseFor: time.Minute}},
	} {
		backend := &liar{jobs: jobs, asked: make(chan struct{}, 1000)}
		queue := must[*agentrun.Queue](t)(agentrun.NewQueue("liar", backend))
		w := must[*agentrun.Worker](t)(rt.NewWorker(queue, &agentrun.WorkerOptions{Concurrency: 4, DrainTimeout: -1}))
		end := run(t, w)
		for i := 0; i < 3; i++ {
			select {
			case <-backend.asked:
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: the worker does not go on", name)
			}
		}
		_ = end()
		w.Close()
		queue.Close()
	}
	for name, backend := range map[string]lyingStore{
		"no ids":       {},
		"two ids":      {ids: []string{"a", "b"}},
		"another id":   {ids: []string{"no UUID\x00"}},
		"wrong fields": {ids: []string{""}, record: agentrun.Record{agentrun.Field(99): "x", agentrun.TokensUsed: "many", agentrun.CASID: "junk"}},
		"no blob":      {ids: []string{""}, record: agentrun.Record{agentrun.CASID: "sha256:" + strings.Repeat("0", 64)}},
	} {
		store := must[*agentrun.Store](t)(agentrun.NewStore("liar", backend, agentrun.StoreOptions{MaxInline: 1}))
		_, _ = store.Put(agentrun.Record{agentrun.JobID: "j", agentrun.Status: "completed", agentrun.ResultData: "[1,2]"})
		if data, err := store.Get("cas://sha256:" + strings.Repeat("0", 64)); err == nil {
			t.Errorf("%s: a damaged blob is %q", name, data)
		}
		if data, err := store.Get("artifact://00000000-0000-4000-8000-000000000000"); err == nil && backend.record != nil {
			t.Errorf("%s: %q", name, data)
		}
		e := must[*agentrun.Engine](t)(rt.NewEngine(&agentrun.EngineOptions{Store: store}))
		result, err := e.Run(context.Background(), message("j", "count rows"))
		if result == nil || (result.Status == "completed") != (err == nil) {
			t.Errorf("%s: %+v, %v", name, result, err)
		}
		e.Close()
		store.Close()
	}
}

// A job whose id holds a NUL is refused, and is no other's.
func TestNULInJobID(t *testing.T) {
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	for name, queue := range map[string]*agentrun.Queue{
		"memory": must[*agentrun.Queue](t)(agentrun.NewMemoryQueue(nil)),
		"go":     must[*agentrun.Queue](t)(agentrun.NewQueue("go", memory.NewQueue(30*time.Second, 5))),
	} {
		if err := queue.Enqueue(message("victim\x00", "count rows"), message("behind", "count rows")); err != nil {
			t.Fatal(err)
		}
		w := must[*agentrun.Worker](t)(rt.NewWorker(queue, nil))
		end := run(t, w)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		must[[]byte](t)(queue.Result(ctx, "behind"))
		cancel()
		var dead []agentrun.DeadLetter
		for len(dead) == 0 {
			time.Sleep(time.Millisecond)
			dead = must[[]agentrun.DeadLetter](t)(queue.DeadLetters(agentrun.DeadQuery{}))
		}
		if since := time.Since(dead[0].DeadAt); len(dead) != 1 || since < 0 || since > time.Minute || dead[0].Reason == "" || dead[0].Payload == nil {
			t.Errorf("%s: %+v", name, dead)
		}
		if result, err := queue.Result(context.Background(), "victim"); !errors.Is(err, agentrun.ErrNotFound) {
			t.Errorf("%s: %s, %v", name, result, err)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
		w.Close()
		queue.Close()
	}
}

type liar struct {
	memory.Queue
	jobs  []agentrun.Job
	asked chan struct{}
}

func (l *liar) Acquire(int, time.Duration, time.Duration) ([]agentrun.Job, error) {
	select {
	case l.asked <- struct{}{}:
	default:
		time.Sleep(time.Millisecond)
	}
	return l.jobs, nil
}
func (l *liar) Settle(jobs []agentrun.Job) error {
	for i := range jobs {
		jobs[i].Settled = true
	}
	return nil
}
func (l *liar) Renew(jobs []agentrun.Job, _ time.Duration) error {
	for i := range jobs {
		jobs[i].LeaseFor = -time.Second
	}
	return nil
}

type lyingStore struct {
	ids    []string
	record agentrun.Record
}

func (l lyingStore) Put([]agentrun.Record) ([]string, error)             { return l.ids, nil }
func (l lyingStore) Get(agentrun.Field, string) (agentrun.Record, error) { return l.record, nil }
func (l lyingStore) List(agentrun.Query) ([]agentrun.Record, error)      { return nil, nil }
func (l lyingStore) PutBlob(string, []byte) error                        { return nil }
func (l lyingStore) GetBlob(string) ([]byte, error)                      { return []byte("another"), nil }
func (l lyingStore) ReadBlobAt(_ string, p []byte, _ int64) (int, error) { return len(p) + 1, nil }
func (l lyingStore) Close() error                                        { return nil }

// A context that is done before, while and after a job runs.
func TestContexts(t *testing.T) {
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	e := must[*agentrun.Engine](t)(rt.NewEngine(&agentrun.EngineOptions{MaxJobs: 8}))
	defer e.Close()
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.SubmitAll(done, [][]byte{message("j", "count rows")}); !errors.Is(err, context.Canceled) {
		t.Errorf("before: %v", err)
	}
	if err := rt.StreamPipeline(done, []byte(`[{"step":"count"}]`), strings.NewReader("[]"), io.Discard, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("before: %v", err)
	}
	jobs := make([][]byte, 200)
	for i := range jobs {
		jobs[i] = message(fmt.Sprint("j", i), "count rows")
	}
	for after := time.Duration(0); after < 10*time.Millisecond; after += time.Millisecond {
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(after, cancel)
		ch, err := e.SubmitAll(ctx, jobs)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		n := 0
		if ch != nil {
			for result := range ch {
				n++
				if result.Err != nil && !errors.Is(result.Err, agentrun.ErrCanceled) {
					t.Errorf("while: %v", result.Err)
				}
			}
		}
		if err == nil && n != len(jobs) {
			t.Errorf("%d results", n)
		}
		cancel()
	}
	ctx, cancel := context.WithCancel(context.Background())
	ch := must[<-chan *agentrun.Result](t)(e.SubmitAll(ctx, jobs))
	for e.InFlight() > 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	for result := range ch {
		if result.Err != nil {
			t.Errorf("after: %v", result.Err)
		}
	}
}

// Much, in one piece.
func TestHuge(t *testing.T) {
	if testing.Short() {
		t.Skip("it wants 1 GiB of memory")
	}
	rt := must[*agentrun.Runtime](t)(agentrun.New(nil))
	defer rt.Close()
	row := []byte(`{"n":1,"text":"` + strings.Repeat("x", 1000) + `"},`)
	input := append([]byte{'['}, bytes.Repeat(row, 128<<10)...)
	input[len(input)-1] = ']'
	out := must[[]byte](t)(rt.ExecutePipeline(context.Background(), []byte(`[{"step":"count"}]`), input, nil))
	if string(out) != `[{"count":131072}]` {
		t.Errorf("%.100s", out)
	}
	// A value of it.
	long := strings.Repeat("y", 64<<20)
	store := must[*agentrun.Store](t)(agentrun.NewMemoryStore(0))
	defer store.Close()
	ref := must[string](t)(store.PutBlob([]byte(long)))
	if data := must[[]byte](t)(store.Get(ref)); string(data) != long {
		t.Errorf("%d bytes", len(data))
	}
	if _, err := rt.Classify(long[:32<<20], nil); err != nil && !errors.Is(err, agentrun.ErrLimit) && !errors.Is(err, agentrun.ErrInvalid) {
		t.Error(err)
	}
	if _, err := rt.ExecutePipeline(context.Background(), []byte(long), nil, nil); !errors.Is(err, agentrun.ErrInput) {
		t.Errorf("%v", err)
	}
}
