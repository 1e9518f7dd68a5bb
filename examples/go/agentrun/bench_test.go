// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"libagentrun.example/agentrun/internal/peer"
)

// One crossing into a function that does next to nothing.
func BenchmarkCrossing(b *testing.B) {
	for i := 0; i < b.N; i++ {
		peer.Cross()
	}
}

func BenchmarkClassify(b *testing.B) {
	rt := newRuntime(b, nil)
	for i := 0; i < b.N; i++ {
		if _, err := rt.Classify("count rows per country where age > 3", nil); err != nil {
			b.Fatal(err)
		}
	}
}

// A thousand prompts in a crossing; the time is of one.
func BenchmarkClassifyAll(b *testing.B) {
	rt := newRuntime(b, nil)
	prompts := make([]string, 1000)
	for i := range prompts {
		prompts[i] = "count rows per country where age > 3"
	}
	for done := 0; done < b.N; done += len(prompts) {
		if _, err := rt.ClassifyAll(prompts[:min(len(prompts), b.N-done)], nil); err != nil {
			b.Fatal(err)
		}
	}
}

var p1 = []byte(`[{"step":"table_filter","condition":{"field":"price","op":"<","value":500}},
	{"step":"table_sort","field":"price","order":"asc"},{"step":"top_k","k":10},
	{"step":"table_select","fields":["airline","from","to","price"]}]`)

func flights(n int) []byte {
	var out bytes.Buffer
	r := rand.New(rand.NewSource(1))
	places := []string{"LAX", "JFK", "OSL", "FRA", "NRT"}
	out.WriteByte('[')
	for i := 0; i < n; i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"id":%d,"airline":"A%d","carrier":{"code":"C%d"},"from":%q,"to":%q,"price":%.2f,"duration_min":%d}`,
			i, r.Intn(20), r.Intn(9), places[r.Intn(5)], places[r.Intn(5)], 50+r.Float64()*1500, 40+r.Intn(900))
	}
	out.WriteByte(']')
	return out.Bytes()
}

// P1 on 1e5 rows, in turns with the same call in C; the throughput is a percentage of it,
// by the clock, and by the processor's time where the machine does other things too.
func BenchmarkP1(b *testing.B) {
	rt := newRuntime(b, nil)
	input := flights(100000)
	opts := &ExecuteOptions{Threads: 1}
	var here, there, hereCPU, thereCPU time.Duration
	for i := 0; i < b.N; i++ {
		cpu := processorTime(b)
		took, err := peer.Execute(p1, input, 1, 1)
		if err != nil {
			b.Fatal(err)
		}
		there += took
		thereCPU += processorTime(b) - cpu
		cpu = processorTime(b)
		from := time.Now()
		if _, err := rt.ExecutePipeline(context.Background(), p1, input, opts); err != nil {
			b.Fatal(err)
		}
		here += time.Since(from)
		hereCPU += processorTime(b) - cpu
	}
	b.ReportMetric(float64(here.Nanoseconds())/float64(b.N), "ns/go")
	b.ReportMetric(float64(there.Nanoseconds())/float64(b.N), "ns/c")
	b.ReportMetric(100*float64(there)/float64(here), "%ofC")
	b.ReportMetric(100*float64(thereCPU)/float64(hereCPU), "%ofC-cpu")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkP1Stream is the same through an io.Reader.
func BenchmarkP1Stream(b *testing.B) {
	rt := newRuntime(b, nil)
	input := flights(100000)
	b.SetBytes(int64(len(input)))
	for i := 0; i < b.N; i++ {
		var out bytes.Buffer
		if err := rt.StreamPipeline(context.Background(), p1, bytes.NewReader(input), &out, &ExecuteOptions{Threads: 1}); err != nil {
			b.Fatal(err)
		}
	}
}

// Rows through a step that hands them on, in Go and in C, in turns, by the processor's
// time.
func BenchmarkStep(b *testing.B) {
	rt := newRuntime(b, &Options{Steps: []Step{sameStep}})
	if err := rt.Lend(func(ctx unsafe.Pointer) error { return peer.AddSame(ctx, "same_c") }); err != nil {
		b.Fatal(err)
	}
	const n = 100000
	input := flights(n)
	run := func(step string) time.Duration {
		pipeline := []byte(`[{"step":"` + step + `"},{"step":"count"}]`)
		from := processorTime(b)
		if _, err := rt.ExecutePipeline(context.Background(), pipeline, input, &ExecuteOptions{Threads: 1}); err != nil {
			b.Fatal(err)
		}
		return processorTime(b) - from
	}
	var here, there time.Duration
	for i := 0; i < b.N; i++ {
		there += run("same_c")
		here += run("same")
	}
	b.ReportMetric(float64(here.Nanoseconds())/float64(b.N)/n, "ns/row-go")
	b.ReportMetric(float64(there.Nanoseconds())/float64(b.N)/n, "ns/row-c")
}

var sameStep = Step{
	Name:    "same",
	Compile: func(json.RawMessage) (func() StepRun, error) { return func() StepRun { return same{} }, nil },
}

type same struct{}

func (same) Push(row []byte, emit func([]byte)) error { emit(row); return nil }
func (same) Finish(func([]byte)) error                { return nil }

// Jobs through an engine, a batch at a time.
func BenchmarkJobs(b *testing.B) {
	rt := newRuntime(b, nil)
	e := newEngine(b, rt, &EngineOptions{MaxJobs: 1000})
	jobs := make([][]byte, b.N)
	for i := range jobs {
		jobs[i] = []byte(`{"prompt":"count rows","context":{"data":[{"n":0}]}}`)
	}
	b.ResetTimer()
	ch, err := e.SubmitAll(context.Background(), jobs)
	if err != nil {
		b.Fatal(err)
	}
	for result := range ch {
		if result.Err != nil {
			b.Fatal(result.Err)
		}
	}
}

// raced: the race detector is in this program.
var raced bool

// Flat runs calls in rounds, until a round leaves the process as it was.
func Flat(t *testing.T, calls int, run func(n int)) {
	if raced {
		// Some hundred bytes, of Go alone: a loop that starts goroutines and waits for them is enough.
		t.Skip("the race detector keeps something of every goroutine that was: run this without")
	}
	run(calls / 2)
	// The collector of Go may want more once; what is lost is lost in every round.
	for round := 1; ; round++ {
		before := resident(t)
		run(calls)
		after := resident(t)
		t.Logf("%d calls: %d KiB before, %d KiB after", calls, before, after)
		if after-before < 3<<10 {
			return
		}
		if round == 3 {
			t.Fatal("the process grows")
		}
	}
}

// Calls is how many calls a test for leaks makes: AGENTRUN_GO_CALLS, 1000000 for the long
// run.
func Calls(usual int) int {
	if v := os.Getenv("AGENTRUN_GO_CALLS"); v != "" {
		fmt.Sscan(v, &usual)
	}
	return usual
}

func resident(t testing.TB) int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc")
	}
	_, rest, _ := strings.Cut(string(data), "VmRSS:")
	var kib int
	fmt.Sscan(rest, &kib)
	return kib
}

// Many calls of every kind, failures too: the memory of the process stays as it is.
func TestNoLeak(t *testing.T) {
	calls := Calls(200000)
	rt := newRuntime(t, &Options{Steps: []Step{everyStep}})
	store := newStore(t)
	e := newEngine(t, rt, &EngineOptions{Store: store})
	ctx := context.Background()
	ref, err := store.PutBlob([]byte(`[{"a":1}]`))
	if err != nil {
		t.Fatal(err)
	}
	count := []byte(`[{"step":"count"}]`)
	kinds := []func() error{
		func() error { _, err := rt.Classify("count rows", nil); return err },
		func() error { _, err := rt.Plan("count rows", &PlanOptions{Planner: "builtin"}); return err },
		func() error { _, err := rt.ExecutePipeline(ctx, count, []byte(`[{"a":1}]`), nil); return err },
		func() error {
			var out bytes.Buffer
			return rt.StreamPipeline(ctx, count, strings.NewReader("[]"), &out, nil)
		},
		func() error {
			_, err := rt.ApplyPatch([]byte(`{}`), []byte(`[{"op":"add","path":"/a","value":1}]`), &PatchOptions{Raw: true, Inverse: true, Preview: true, Hash: true})
			return err
		},
		func() error {
			_, err := rt.ExecutePipeline(ctx, []byte(`[{"step":"every","n":1}]`), []byte(`[{"a":1}]`), nil)
			return err
		},
		func() error { _, err := store.Get(ref); return err },
		func() error { _, err := store.List(Query{}); return err },
		// Of one id, as a memory store keeps a record of each; one job fails.
		func() error { _, err := e.TrySubmit(ctx, countJob(1)); return err },
		func() error { _, err := e.TrySubmit(ctx, []byte(`{"job_id":"fails","prompt":1}`)); return err },
		func() error {
			if _, err := rt.ExecutePipeline(ctx, []byte(`[{"step":"?"}]`), nil, nil); err == nil {
				t.Error("no error")
			}
			return nil
		},
	}
	run := func(n int) {
		for i := 0; i < n; i++ {
			if err := kinds[i%len(kinds)](); err != nil && !errors.Is(err, ErrLimit) {
				t.Fatal(i, err)
			}
		}
		for e.InFlight() > 0 {
			time.Sleep(time.Millisecond)
		}
		runtime.GC()
	}
	Flat(t, calls, run)
}
