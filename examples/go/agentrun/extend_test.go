// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var pushed int // rows, in all runs so far

// every hands on each n-th row, and says at the end how many it saw.
type every struct{ n, seen int }

func (e *every) Push(row []byte, emit func([]byte)) error {
	var r struct{ Fail, Panic, Exit bool }
	if err := json.Unmarshal(row, &r); err != nil {
		return err
	}
	switch {
	case r.Panic:
		panic("on purpose")
	case r.Exit:
		runtime.Goexit()
	case r.Fail:
		return &Error{Code: ErrLimit, Message: "no more of these", Retryable: true, RetryAfter: time.Second}
	}
	pushed++
	if e.seen++; e.seen%e.n == 0 {
		emit(row)
	}
	return nil
}

func (e *every) Finish(emit func([]byte)) error {
	emit([]byte(fmt.Sprintf(`{"seen":%d}`, e.seen)))
	return nil
}

var everyStep = Step{
	Name:       "every",
	Summary:    "each n-th row",
	Parameters: `{"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}}`,
	Compile: func(args json.RawMessage) (func() StepRun, error) {
		var a struct{ N int }
		if err := json.Unmarshal(args, &a); err != nil {
			return nil, err
		}
		if a.N < 1 {
			return nil, errors.New("n is too small")
		}
		return func() StepRun { return &every{n: a.N} }, nil
	},
}

func TestStep(t *testing.T) {
	rt := newRuntime(t, &Options{Steps: []Step{everyStep, sameStep}})
	ctx := context.Background()
	run := func(pipeline, input string) (string, error) {
		out, err := rt.ExecutePipeline(ctx, []byte(pipeline), []byte(input), nil)
		return string(out), err
	}
	if got, err := run(`[{"step":"every","n":2}]`, `[{"a":1},{"a":2},{"a":3}]`); err != nil || got != `[{"a":2},{"seen":3}]` {
		t.Errorf("%s, %v", got, err)
	}
	// Many batches, and a step behind that wants no more.
	var out bytes.Buffer
	err := rt.StreamPipeline(ctx, []byte(`[{"step":"every","n":1},{"step":"count"}]`), &rows{n: 100000}, &out, nil)
	if err != nil || out.String() != `[{"count":100001}]` {
		t.Errorf("%s, %v", out.String(), err)
	}
	out.Reset()
	pushed = 0
	err = rt.StreamPipeline(ctx, []byte(`[{"step":"every","n":3},{"step":"limit","n":1}]`), &rows{n: 100000}, &out, nil)
	if err != nil || out.String() != `[{"n":7,"text":"row"}]` || pushed > 100 {
		t.Errorf("%s, %d pushed, %v", out.String(), pushed, err)
	}
	for pipeline, code := range map[string]Code{
		`[{"step":"every"}]`:       ErrInput, // the schema says no
		`[{"step":"every","n":0}]`: ErrInput, // Compile does
	} {
		var e *Error
		if _, err := run(pipeline, "[]"); !errors.Is(err, code) || !errors.As(err, &e) || e.Where.Step != 1 {
			t.Errorf("%s: %#v", pipeline, err)
		}
	}
	_, err = run(`[{"step":"every","n":1}]`, `[{"a":1},{"fail":true}]`)
	var e *Error
	if !errors.Is(err, ErrLimit) || !errors.As(err, &e) || !e.Retryable || e.RetryAfter != time.Second {
		t.Errorf("%#v", err)
	}
	// The error of a step behind one in Go is that one's.
	_, err = run(`[{"step":"limit","n":9},{"step":"same"},{"step":"groupby","by":[],"agg":"sum","field":"a"}]`, `[{"a":"text"}]`)
	if !errors.As(err, &e) || e.Where.Step != 3 || strings.Contains(err.Error(), "behind") {
		t.Errorf("%#v", err)
	}
	if _, err := run(`[{"step":"every","n":1}]`, `[{"panic":true}]`); !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("a panic: %v", err)
	}
	if _, err := run(`[{"step":"every","n":1}]`, `[{"exit":true}]`); !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("an ended goroutine: %v", err)
	}
	if _, err := New(&Options{Steps: []Step{everyStep, everyStep}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a name that is taken: %v", err)
	}
}

// keeper keeps what it emits by for longer than it may.
type keeper struct{ emit *func([]byte) }

func (k keeper) Push(row []byte, emit func([]byte)) error {
	*k.emit = emit
	emit(row)
	return nil
}

func (k keeper) Finish(func([]byte)) error { return nil }

func TestLateEmit(t *testing.T) {
	var emit func([]byte)
	rt := newRuntime(t, &Options{Steps: []Step{{Name: "keep", Compile: func(json.RawMessage) (func() StepRun, error) {
		return func() StepRun { return keeper{&emit} }, nil
	}}}})
	got, err := rt.ExecutePipeline(context.Background(), []byte(`[{"step":"keep"}]`), []byte(`[1]`), nil)
	if err != nil || string(got) != "[1]" {
		t.Errorf("%s, %v", got, err)
	}
	emit(bytes.Repeat([]byte("1"), 2*emitBytes)) // leads nowhere any more
}

// Whatever of a step ends its goroutine, the pipeline fails; on a thread of an engine, too.
func TestStepEnds(t *testing.T) {
	step := func(name string, compile, begin, push, finish func()) Step {
		return Step{Name: name, Compile: func(json.RawMessage) (func() StepRun, error) {
			compile()
			return func() StepRun {
				begin()
				return ending{push, finish}
			}, nil
		}}
	}
	fine, exit := func() {}, runtime.Goexit
	rt := newRuntime(t, &Options{Steps: []Step{
		step("in_compile", exit, fine, fine, fine),
		step("in_begin", fine, exit, fine, fine),
		step("in_push", fine, fine, exit, fine),
		step("in_finish", fine, fine, fine, exit),
		{Name: "nothing", Compile: func(json.RawMessage) (func() StepRun, error) { return nil, nil }},
		{Name: "no_run", Compile: func(json.RawMessage) (func() StepRun, error) { return func() StepRun { return nil }, nil }},
	}})
	for _, name := range []string{"in_compile", "in_begin", "in_push", "in_finish", "nothing", "no_run"} {
		_, err := rt.ExecutePipeline(context.Background(), []byte(`[{"step":"`+name+`"}]`), []byte(`[{"a":1}]`), nil)
		var e *Error
		if !errors.Is(err, ErrInternal) || !errors.As(err, &e) || e.Where.Step != 1 {
			t.Errorf("%s: %#v", name, err)
		}
	}
	opts := model(t, "execute_pipeline", `{"session_id":"s","pipeline":[{"step":"in_push"}]}`)
	opts.Steps = []Step{step("in_push", fine, fine, exit, fine)}
	e := newEngine(t, newRuntime(t, opts), nil)
	if _, err := e.Run(context.Background(), []byte(`{"prompt":"do it","context":{"data":[{"a":1}]}}`)); !errors.Is(err, ErrInternal) {
		t.Errorf("in a job: %v", err)
	}
}

type ending struct{ push, finish func() }

func (e ending) Push([]byte, func([]byte)) error { e.push(); return nil }
func (e ending) Finish(func([]byte)) error       { e.finish(); return nil }

// model is an LLM's provider that calls a tool once in each conversation, and then says
// what the tool gave.
func model(t testing.TB, tool, arguments string) *Options {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		message := map[string]any{"role": "assistant", "content": "It is done."}
		if !bytes.Contains(body, []byte(`"role":"tool"`)) {
			message = map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{
				"id": "call_1", "type": "function",
				"function": map[string]any{"name": tool, "arguments": arguments},
			}}}
		}
		json.NewEncoder(w).Encode(map[string]any{
			"model":   "stub",
			"choices": []any{map[string]any{"message": message, "finish_reason": "stop"}},
			"usage":   map[string]any{"total_tokens": 5},
		})
	}))
	t.Cleanup(server.Close)
	return &Options{Set: map[string]string{
		"llm.provider": "openai", "llm.base_url": server.URL, "llm.api_key": "none",
	}}
}

func TestTool(t *testing.T) {
	opts := model(t, "ask", `{"what":"all"}`)
	opts.Tools = []Tool{{
		Name:        "ask",
		Description: "asks somebody",
		Parameters:  `{"type":"object","required":["what"]}`,
		Call: func(_ context.Context, call *ToolCall) (json.RawMessage, error) {
			if call.JobID != "j" || call.CallID == "" || string(call.Arguments) != `{"what":"all"}` {
				return nil, fmt.Errorf("called with %+v", call)
			}
			return json.RawMessage(`{"answer":42}`), nil
		},
	}}
	rt := newRuntime(t, opts)
	e := newEngine(t, rt, nil)
	got, err := e.Run(context.Background(), []byte(`{"job_id":"j","prompt":"ask about it"}`))
	if err != nil || string(got.Data) != `{"answer":42}` || !bytes.Contains(got.Payload, []byte("It is done.")) {
		t.Errorf("%+v, %v", got, err)
	}
}

// Calls that wait have no thread, nor have their jobs.
func TestToolsWait(t *testing.T) {
	const jobs = 500
	release := make(chan struct{})
	var waiting sync.WaitGroup
	waiting.Add(jobs)
	opts := model(t, "wait", `{}`)
	opts.Tools = []Tool{{Name: "wait", Description: "waits", Call: func(ctx context.Context, _ *ToolCall) (json.RawMessage, error) {
		waiting.Done()
		select {
		case <-release:
			return json.RawMessage(`1`), nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}}
	rt := newRuntime(t, opts)
	e := newEngine(t, rt, &EngineOptions{MaxJobs: jobs, Threads: 2})
	all := make([][]byte, jobs)
	for i := range all {
		all[i] = []byte(fmt.Sprintf(`{"job_id":"w%d","prompt":"wait for it"}`, i))
	}
	ch, err := e.SubmitAll(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
	n := threads(t) // those of the stub of the model are among them
	t.Logf("%d calls wait, %d threads", jobs, n)
	if n > 40 {
		t.Errorf("%d threads", n)
	}
	close(release)
	n = 0
	for result := range ch {
		if result.Err != nil || string(result.Data) != "1" {
			t.Fatalf("%+v, %v", result, result.Err)
		}
		n++
	}
	if n != jobs {
		t.Errorf("%d results", n)
	}
}

func TestToolEnds(t *testing.T) {
	began, ended := make(chan string, 10), make(chan string, 10)
	opts := model(t, "end", `{}`)
	opts.Tools = []Tool{{Name: "end", Description: "ends", Call: func(ctx context.Context, call *ToolCall) (json.RawMessage, error) {
		began <- call.JobID
		switch call.JobID {
		case "panics":
			panic("on purpose")
		case "exits":
			runtime.Goexit()
		case "fails":
			return nil, &Error{Code: ErrBackend, Message: "nobody is there", Retryable: true}
		case "lies":
			return json.RawMessage(`{`), nil
		}
		<-ctx.Done()
		ended <- call.JobID
		return nil, ctx.Err()
	}}}
	rt := newRuntime(t, opts)
	e := newEngine(t, rt, nil)
	job := func(id, more string) []byte {
		return []byte(fmt.Sprintf(`{"job_id":%q,"prompt":"end it"%s}`, id, more))
	}
	_, err := e.Run(context.Background(), job("panics", ""))
	if !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("a panic: %v", err)
	}
	_, err = e.Run(context.Background(), job("exits", ""))
	if !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "Goexit") {
		t.Errorf("an ended goroutine: %v", err)
	}
	var failed *Error
	_, err = e.Run(context.Background(), job("fails", ""))
	if !errors.Is(err, ErrBackend) || !errors.As(err, &failed) || !failed.Retryable || failed.Where.Tool != "end" {
		t.Errorf("a failure: %#v", err)
	}
	// The model is told, and has nothing else to do.
	if _, err = e.Run(context.Background(), job("lies", "")); err == nil {
		t.Error("a result that is no JSON was taken")
	}
	for len(began) > 0 {
		<-began
	}
	ctx, cancel := context.WithCancel(context.Background())
	ch, err := e.Submit(ctx, job("cancelled", ""))
	if err != nil {
		t.Fatal(err)
	}
	<-began
	cancel()
	if result := <-ch; !errors.Is(result.Err, ErrCanceled) {
		t.Errorf("%+v", result)
	}
	if id := <-ended; id != "cancelled" {
		t.Error(id)
	}
	// Closed with a call under way, which then still ends.
	if _, err := e.Submit(context.Background(), job("closed", "")); err != nil {
		t.Fatal(err)
	}
	<-began
	e.Close()
	rt.Close()
	if id := <-ended; id != "closed" {
		t.Error(id)
	}
}
