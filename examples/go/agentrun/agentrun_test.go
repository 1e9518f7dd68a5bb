// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"
)

func newRuntime(t testing.TB, opts *Options) *Runtime {
	t.Helper()
	rt, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestVersion(t *testing.T) {
	if v := Version(); strings.Count(v, ".") != 2 {
		t.Errorf("version %q", v)
	}
}

func TestOptions(t *testing.T) {
	for name, opts := range map[string]*Options{
		"file": {ConfigFile: "no/such/file.yaml"},
		"text": {ConfigText: []byte("limits:\n  no_such_key: 1\n")},
		"set":  {Set: map[string]string{"no.such": "1"}},
	} {
		_, err := New(opts)
		want := ErrConfig
		if name == "file" {
			want = ErrNotFound
		}
		if !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		var e *Error
		if name == "text" && (!errors.As(err, &e) || e.Where.Line != 2 || e.Where.Column == 0) {
			t.Errorf("text: where is %+v", e)
		}
	}
}

func TestClassify(t *testing.T) {
	rt := newRuntime(t, nil)
	for prompt, lane := range map[string]Lane{
		"count rows per country":                                   LaneExecute,
		"add a hitl node named review_changes after parse_changes": LanePatch,
		"": LaneUnclear,
	} {
		intent, err := rt.Classify(prompt, nil)
		if err != nil {
			t.Fatal(err)
		}
		if intent.Lane != lane {
			t.Errorf("%q: %v", prompt, intent.Lane)
		}
		if intent.Reasoning == "" || len(intent.AllowedTools) == 0 {
			t.Errorf("%q: %+v", prompt, intent)
		}
		for _, word := range append(intent.ExecuteKeywords, intent.PatchKeywords...) {
			if !strings.Contains(strings.ToLower(prompt), strings.ToLower(word)) {
				t.Errorf("%q has no word %q", prompt, word)
			}
		}
	}
	prompts := []string{"count rows per country", "", "add a hitl node named check after fetch", "count rows per country"}
	all, err := rt.ClassifyAll(prompts, nil)
	if err != nil || len(all) != len(prompts) {
		t.Fatalf("%d, %v", len(all), err)
	}
	for i, prompt := range prompts {
		one, err := rt.Classify(prompt, nil)
		if err != nil || !reflect.DeepEqual(*one, all[i]) {
			t.Errorf("%q: %+v, %+v, %v", prompt, one, all[i], err)
		}
	}
	if all, err := rt.ClassifyAll(nil, nil); err != nil || all != nil {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = rt.ClassifyAll([]string{"fine", "\xff"}, nil)
	if !errors.Is(err, ErrInput) || !strings.HasPrefix(err.Error(), "prompt 1: ") {
		t.Errorf("not UTF-8: %v", err)
	}
	if _, err := rt.Classify("\xff\xfe", nil); !errors.Is(err, ErrInput) {
		t.Errorf("not UTF-8: %v", err)
	}
	if LanePatch.String() != "patch" {
		t.Error(LanePatch.String())
	}
}

func TestPlan(t *testing.T) {
	rt := newRuntime(t, nil)
	plan, err := rt.Plan("count rows", &PlanOptions{Planner: "builtin", Input: []byte(`[{"a":1}]`)})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Calls) != 1 || plan.Calls[0].Name != "execute_pipeline" || plan.Model != "builtin" {
		t.Errorf("%+v", plan)
	}
	// What was planned can be run as it is.
	got, err := rt.ExecutePipeline(context.Background(), plan.Calls[0].Arguments, []byte(`[{"a":1},{"a":2}]`), nil)
	if err != nil || string(got) != `[{"count":2}]` {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := rt.Plan("count rows", &PlanOptions{Planner: "nobody"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("unknown planner: %v", err)
	}
}

func TestExecutePipeline(t *testing.T) {
	rt := newRuntime(t, nil)
	ctx := context.Background()
	pipeline := []byte(`[{"step":"table_filter","condition":{"field":"a","op":">","value":1}}]`)
	got, err := rt.ExecutePipeline(ctx, pipeline, []byte("a,b\n1,x\n2,y\n"), &ExecuteOptions{OutputFormat: FormatCSV})
	if err != nil || string(got) != "a,b\n2,y\n" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = rt.ExecutePipeline(ctx, []byte(`[{"step":"count"},{"step":"nonsense"}]`), []byte("[]"), nil)
	var e *Error
	if !errors.Is(err, ErrInput) || !errors.As(err, &e) || e.Where.Step != 2 {
		t.Errorf("bad step: %#v", err)
	}
	_, err = rt.ExecutePipeline(ctx, pipeline, []byte("[{\"a\":1},\n{\"a\":}]"), nil)
	if !errors.As(err, &e) || e.Where.Line != 2 {
		t.Errorf("bad input: %#v", err)
	}
	store := newStore(t)
	ref, err := store.PutBlob([]byte(`[{"a":1},{"a":5}]`))
	if err != nil {
		t.Fatal(err)
	}
	args, _ := json.Marshal(map[string]any{"pipeline": json.RawMessage(pipeline), "input_ref": ref})
	got, err = rt.ExecutePipeline(ctx, args, nil, &ExecuteOptions{Store: store})
	if err != nil || string(got) != `[{"a":5}]` {
		t.Errorf("by ref: %s, %v", got, err)
	}
	// A pipeline that waits for the network ends at the deadline.
	private := privateRuntime(t)
	fetch := []byte(`[{"step":"http_request","url":"` + silent(t) + `"}]`)
	late, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = private.ExecutePipeline(late, fetch, nil, nil)
	if !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("deadline: %v", err)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := rt.ExecutePipeline(done, pipeline, []byte("[]"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// rows is a reader of n rows that are made as they are read.
type rows struct {
	n    int
	rest []byte
}

func (r *rows) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.n == 0 {
			return 0, io.EOF
		}
		r.n--
		r.rest = []byte(`{"n":` + string(rune('0'+r.n%10)) + `,"text":"row"}` + "\n")
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func TestStreamPipeline(t *testing.T) {
	rt := newRuntime(t, nil)
	ctx := context.Background()
	var out bytes.Buffer
	err := rt.StreamPipeline(ctx, []byte(`[{"step":"count"}]`), &rows{n: 100000}, &out, nil)
	if err != nil || out.String() != `[{"count":100000}]` {
		t.Errorf("%s, %v", out.String(), err)
	}
	// One byte at a time, and data together with io.EOF.
	for _, r := range []io.Reader{iotest.OneByteReader(&rows{n: 3}), iotest.DataErrReader(&rows{n: 3})} {
		out.Reset()
		err := rt.StreamPipeline(ctx, []byte(`[{"step":"limit","n":2}]`), r, &out, &ExecuteOptions{InputFormat: FormatNDJSON})
		if err != nil || out.String() != `[{"n":2,"text":"row"},{"n":1,"text":"row"}]` {
			t.Errorf("%s, %v", out.String(), err)
		}
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestStreamFailures(t *testing.T) {
	rt := newRuntime(t, nil)
	ctx := context.Background()
	count := []byte(`[{"step":"count"}]`)
	broken := errors.New("the cable is cut")
	err := rt.StreamPipeline(ctx, count, io.MultiReader(&rows{n: 10}, iotest.ErrReader(broken)), io.Discard, nil)
	if !errors.Is(err, broken) || !errors.Is(err, ErrIO) {
		t.Errorf("reader: %v", err)
	}
	err = rt.StreamPipeline(ctx, count, &rows{n: 10}, writerFunc(func([]byte) (int, error) { return 0, broken }), nil)
	if !errors.Is(err, broken) {
		t.Errorf("writer: %v", err)
	}
	err = rt.StreamPipeline(ctx, count, &rows{n: 10}, writerFunc(func([]byte) (int, error) { return 0, nil }), nil)
	if !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("short write: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	endless := readerFunc(func(p []byte) (int, error) {
		cancel()
		return copy(p, "{\"n\":1}\n"), nil
	})
	err = rt.StreamPipeline(cancelled, count, endless, io.Discard, nil)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCanceled) {
		t.Errorf("cancelled: %v", err)
	}
	late, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	endless = func(p []byte) (int, error) { return copy(p, "{\"n\":1}\n"), nil }
	err = rt.StreamPipeline(late, count, endless, io.Discard, nil)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrTimeout) {
		t.Errorf("deadline: %v", err)
	}
	func() {
		defer func() {
			if v := recover(); v != "oh" {
				t.Errorf("the panic is %v", v)
			}
		}()
		_ = rt.StreamPipeline(ctx, count, readerFunc(func([]byte) (int, error) { panic("oh") }), io.Discard, nil)
	}()
	for _, n := range []int{-1, 1 << 30} {
		err = rt.StreamPipeline(ctx, count, readerFunc(func([]byte) (int, error) { return n, nil }), io.Discard, nil)
		if !errors.Is(err, ErrIO) || !strings.Contains(err.Error(), "count") {
			t.Errorf("a reader that read %d: %v", n, err)
		}
		err = rt.StreamPipeline(ctx, count, &rows{n: 10}, writerFunc(func([]byte) (int, error) { return n, nil }), nil)
		if !errors.Is(err, ErrIO) {
			t.Errorf("a writer that wrote %d: %v", n, err)
		}
	}
}

// A Read or Write that ends its goroutine, as FailNow does, ends the caller's, when nothing
// of the pipeline is left.
func TestStreamGoexit(t *testing.T) {
	rt := newRuntime(t, nil)
	count := []byte(`[{"step":"count"}]`)
	for name, call := range map[string]func() error{
		"reader": func() error {
			return rt.StreamPipeline(context.Background(), count, readerFunc(func([]byte) (int, error) {
				runtime.Goexit()
				return 0, nil
			}), io.Discard, nil)
		},
		"writer": func() error {
			return rt.StreamPipeline(context.Background(), count, &rows{n: 10}, writerFunc(func([]byte) (int, error) {
				runtime.Goexit()
				return 0, nil
			}), nil)
		},
	} {
		returned := false
		run := func(times int) {
			for i := 0; i < times; i++ {
				done := make(chan struct{})
				go func() {
					defer close(done)
					_ = call()
					returned = true
				}()
				<-done
			}
		}
		run(50)
		before := resident(t)
		run(1000)
		if after := resident(t); after-before > 16<<10 {
			t.Errorf("%s: %d KiB before, %d KiB after", name, before, after)
		}
		if returned {
			t.Errorf("%s: StreamPipeline returned", name)
		}
	}
	rt.Close()
	if n := rt.refs.state.Load(); n != closedBit {
		t.Errorf("%d users are left", n-closedBit)
	}
}

// A Log that fails takes nothing with it.
func TestLogEnds(t *testing.T) {
	var events atomic.Int64
	rt := newRuntime(t, &Options{LogLevel: LevelDebug, Log: func(LogEvent) {
		if events.Add(1)%2 == 0 {
			panic("on purpose")
		}
		runtime.Goexit()
	}})
	e := newEngine(t, rt, nil)
	for i := 0; i < 10; i++ {
		if got, err := e.Run(context.Background(), countJob(i)); err != nil || got.Status != "completed" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if events.Load() < 2 {
		t.Errorf("%d events", events.Load())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestApplyPatch(t *testing.T) {
	rt := newRuntime(t, nil)
	workflow := read(t, "../../data/workflow.json")
	if err := rt.CheckWorkflow(workflow, nil); err != nil {
		t.Fatal(err)
	}
	base, err := rt.DocumentHash(workflow)
	if err != nil || len(base) != 64 {
		t.Fatalf("%q, %v", base, err)
	}
	patch := []byte(`{"description":"rename","operations":[{"op":"replace","path":"/name","value":"New"}]}`)
	opts := &PatchOptions{Inverse: true, Preview: true, Hash: true, BaseHash: base}
	got, err := rt.ApplyPatch(workflow, patch, opts)
	if err != nil {
		t.Fatal(err)
	}
	if got.Operations != 1 || got.Description != "rename" || got.Preview == "" ||
		!bytes.Contains(got.Document, []byte(`"name":"New"`)) {
		t.Errorf("%+v", got)
	}
	if hash, _ := rt.DocumentHash(got.Document); hash != got.Hash || hash == base {
		t.Errorf("the hash is %s, not %s", got.Hash, hash)
	}
	back, err := rt.ApplyPatch(got.Document, got.Inverse, &PatchOptions{Hash: true, BaseHash: got.Hash})
	if err != nil || back.Hash != base {
		t.Errorf("undone: %+v, %v", back, err)
	}
	if back != nil && (back.Inverse != nil || back.Preview != "") {
		t.Errorf("not asked for: %+v", back)
	}
	if _, err = rt.ApplyPatch(got.Document, patch, opts); !errors.Is(err, ErrPatch) {
		t.Errorf("wrong base: %v", err)
	}
	_, err = rt.ApplyPatch(workflow, []byte(`[{"op":"remove","path":"/nodes/0"}]`), nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != ErrPatch || len(e.Violations) == 0 {
		t.Errorf("without a start: %#v", err)
	}
	raw, err := rt.ApplyPatch([]byte(`[1]`), []byte(`[{"op":"add","path":"/-","value":2}]`), &PatchOptions{Raw: true})
	if err != nil || string(raw.Document) != "[1,2]" {
		t.Errorf("%s, %v", raw.Document, err)
	}
}

func newStore(t testing.TB) *Store {
	t.Helper()
	store, err := NewMemoryStore(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func TestStore(t *testing.T) {
	store := newStore(t)
	record := Record{JobID: "j1", RunID: "r1", Status: "completed", ResultData: `[{"a":1}]`}
	ref, err := store.Put(record)
	if err != nil || !strings.HasPrefix(ref, "artifact://") || record[ResultID] == "" {
		t.Fatalf("%q, %v, %v", ref, record, err)
	}
	if data, err := store.Get(ref); err != nil || string(data) != `[{"a":1}]` {
		t.Errorf("%s, %v", data, err)
	}
	if again, err := store.Put(Record{JobID: "j1", Status: "completed", ResultData: `2`}); err != nil || again != ref {
		t.Errorf("a second record: %q, %v", again, err)
	}
	found, err := store.FindJob("j1")
	if err != nil || found[RunID] != "r1" || found[ResultData] != `[{"a":1}]` {
		t.Errorf("%v, %v", found, err)
	}
	if same, err := store.Record(ref); err != nil || same[ResultID] != found[ResultID] {
		t.Errorf("%v, %v", same, err)
	}
	if _, err := store.Put(Record{JobID: "j2", RunID: "r2", Status: "failed"}); err != nil {
		t.Error(err)
	}
	if all, err := store.List(Query{}); err != nil || len(all) != 2 {
		t.Errorf("%v, %v", all, err)
	}
	failed, err := store.List(Query{Status: "failed"})
	if err != nil || len(failed) != 1 || failed[0][JobID] != "j2" {
		t.Errorf("%v, %v", failed, err)
	}
	if _, err := store.FindJob("nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("no such job: %v", err)
	}
	if _, err := store.Put(Record{RunID: "r"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no job id: %v", err)
	}
	if ResultID.String() != "result_id" || CompletedAt.String() != "completed_at" {
		t.Error("names of fields")
	}
}

func TestStoreStreams(t *testing.T) {
	store := newStore(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	ref, err := store.PutBlobFrom(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if same, err := store.PutBlob(data); err != nil || same != ref {
		t.Errorf("%q is not %q, %v", same, ref, err)
	}
	r, err := store.Reader(ref)
	if err != nil {
		t.Fatal(err)
	}
	store.Close() // the reader still has it
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if r.Close() != nil || r.Close() != nil {
		t.Error("close")
	}
	if _, err := r.Read(make([]byte, 1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("closed: %v", err)
	}
}

func TestClosed(t *testing.T) {
	rt := newRuntime(t, nil)
	rt.Close()
	rt.Close()
	if _, err := rt.Classify("count rows", nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("classify: %v", err)
	}
	if _, err := rt.NewEngine(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("engine: %v", err)
	}
	store := newStore(t)
	store.Close()
	if _, err := store.PutBlob(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("store: %v", err)
	}
}

// Close while others call: they succeed or are told, and nothing is used after its end.
func TestCloseWhileUsed(t *testing.T) {
	rt := newRuntime(t, nil)
	var all sync.WaitGroup
	for i := 0; i < 8; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for {
				if _, err := rt.Classify("count rows", nil); err != nil {
					if !errors.Is(err, ErrInvalid) {
						t.Error(err)
					}
					return
				}
			}
		}()
	}
	time.Sleep(5 * time.Millisecond)
	rt.Close()
	all.Wait()
}

func TestErrorCodes(t *testing.T) {
	if ErrRate.Type() != "rate_limited" || !strings.Contains(ErrRate.Error(), "rate_limited") {
		t.Error(ErrRate.Error())
	}
	if errors.Is(&Error{Code: ErrRate}, ErrLimit) || !errors.Is(&Error{Code: ErrRate}, ErrRate) {
		t.Error("errors.Is")
	}
}
