// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func newEngine(t testing.TB, rt *Runtime, opts *EngineOptions) *Engine {
	t.Helper()
	e, err := rt.NewEngine(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func countJob(i int) []byte {
	return []byte(fmt.Sprintf(`{"job_id":"job-%d","prompt":"count rows","context":{"data":[%s{"n":0}]}}`,
		i, strings.Repeat(`{"n":1},`, i%5)))
}

func TestEngineRun(t *testing.T) {
	rt := newRuntime(t, nil)
	store := newStore(t)
	e := newEngine(t, rt, &EngineOptions{Store: store})
	got, err := e.Run(context.Background(), countJob(2))
	if err != nil || got.JobID != "job-2" || got.Status != "completed" || string(got.Data) != `[{"count":3}]` {
		t.Errorf("%+v, %v", got, err)
	}
	if record, err := store.FindJob("job-2"); err != nil || record[Status] != "completed" {
		t.Errorf("%v, %v", record, err)
	}
	got, err = e.Run(context.Background(), []byte(`{"prompt":`))
	if !errors.Is(err, ErrJob) || got == nil || got.Status != "failed" {
		t.Errorf("%+v, %v", got, err)
	}
	patch := read(t, "../../data/patch_job.json")
	got, err = e.Run(context.Background(), patch)
	if err != nil || got.Preview == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEngineSubmitAll(t *testing.T) {
	rt := newRuntime(t, nil)
	e := newEngine(t, rt, &EngineOptions{MaxJobs: 16})
	jobs := make([][]byte, 500)
	for i := range jobs {
		jobs[i] = countJob(i)
	}
	ch, err := e.SubmitAll(context.Background(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for result := range ch {
		want := fmt.Sprintf(`[{"count":%d}]`, result.Index%5+1)
		if result.Err != nil || string(result.Data) != want || result.JobID != fmt.Sprint("job-", result.Index) {
			t.Errorf("%d: %+v", result.Index, result)
		}
		seen[result.Index] = true
	}
	if len(seen) != len(jobs) {
		t.Errorf("%d results", len(seen))
	}
	if ch, err := e.SubmitAll(context.Background(), nil); err != nil {
		t.Error(err)
	} else if _, more := <-ch; more {
		t.Error("a result of no job")
	}
}

// slow is a server that answers when it is told to.
func slow(t testing.TB) (url string, answer func()) {
	release := make(chan struct{})
	var once sync.Once
	answer = func() { once.Do(func() { close(release) }) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
		fmt.Fprint(w, `[{"n":1}]`)
	}))
	t.Cleanup(func() {
		answer()
		server.Close()
	})
	return server.URL, answer
}

func waitingJob(id, url string) []byte {
	return []byte(fmt.Sprintf(`{"job_id":%q,"prompt":"fetch %s and count rows"}`, id, url))
}

func privateRuntime(t testing.TB) *Runtime {
	return newRuntime(t, &Options{Set: map[string]string{"http.allow_private_networks": "true"}})
}

func TestEngineCancel(t *testing.T) {
	rt := privateRuntime(t)
	e := newEngine(t, rt, nil)
	url, _ := slow(t)
	ctx, cancel := context.WithCancel(context.Background())
	ch, err := e.Submit(ctx, waitingJob("cancelled", url))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case result := <-ch:
		t.Fatalf("did not wait: %+v, %v", result, result.Err)
	case <-time.After(100 * time.Millisecond):
	}
	cancel()
	if result := <-ch; !errors.Is(result.Err, ErrCanceled) {
		t.Errorf("%+v", result)
	}
	if _, more := <-ch; more {
		t.Error("a second result")
	}
	if _, err := e.Submit(ctx, countJob(0)); !errors.Is(err, context.Canceled) {
		t.Errorf("submitted with a context that is done: %v", err)
	}
}

func TestEngineLimit(t *testing.T) {
	rt := privateRuntime(t)
	e := newEngine(t, rt, &EngineOptions{MaxJobs: 1})
	url, answer := slow(t)
	first, err := e.Submit(context.Background(), waitingJob("first", url))
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.TrySubmit(context.Background(), countJob(0))
	if !errors.Is(err, ErrLimit) {
		t.Errorf("no room: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := e.Submit(ctx, countJob(0)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for room: %v", err)
	}
	answer()
	second, err := e.Submit(context.Background(), countJob(0))
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range []<-chan *Result{first, second} {
		if result := <-ch; result.Err != nil {
			t.Error(result.Err)
		}
	}
}

func TestEngineClose(t *testing.T) {
	rt := privateRuntime(t)
	e := newEngine(t, rt, nil)
	rt.Close() // the engine still has it
	url, _ := slow(t)
	var all []<-chan *Result
	for i := 0; i < 10; i++ {
		ch, err := e.Submit(context.Background(), waitingJob(fmt.Sprint("j", i), url))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, ch)
	}
	var closers sync.WaitGroup
	for i := 0; i < 3; i++ {
		closers.Add(1)
		go func() {
			defer closers.Done()
			e.Close()
		}()
	}
	closers.Wait()
	for _, ch := range all {
		if result := <-ch; !errors.Is(result.Err, ErrCanceled) {
			t.Errorf("%+v", result)
		}
	}
	if _, err := e.Submit(context.Background(), countJob(0)); !errors.Is(err, ErrInvalid) {
		t.Errorf("submitted after Close: %v", err)
	}
	if n := e.InFlight(); n != 0 {
		t.Errorf("%d in flight", n)
	}
}

func TestEngineManyGoroutines(t *testing.T) {
	rt := newRuntime(t, nil)
	e := newEngine(t, rt, &EngineOptions{MaxJobs: 8})
	var all sync.WaitGroup
	for g := 0; g < 16; g++ {
		all.Add(1)
		go func(g int) {
			defer all.Done()
			for i := 0; i < 20; i++ {
				got, err := e.Run(context.Background(), countJob(g))
				if err != nil || string(got.Data) != fmt.Sprintf(`[{"count":%d}]`, g%5+1) {
					t.Errorf("%+v, %v", got, err)
				}
			}
		}(g)
	}
	all.Wait()
}

// A forgotten engine lets its jobs end, and then is freed with its goroutine.
func TestEngineForgotten(t *testing.T) {
	rt := newRuntime(t, nil)
	ch, done := func() (<-chan *Result, chan struct{}) {
		e, err := rt.NewEngine(nil)
		if err != nil {
			t.Fatal(err)
		}
		ch, err := e.Submit(context.Background(), countJob(0))
		if err != nil {
			t.Fatal(err)
		}
		return ch, e.done
	}()
	for i := 0; i < 200; i++ {
		runtime.GC()
		select {
		case <-done:
			if result := <-ch; result.Err != nil {
				t.Error(result.Err)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Error("it is still there")
}

func threads(t testing.TB) int {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("no /proc")
	}
	return len(entries)
}

// silent is a server of connections that it never answers, without a goroutine each.
func silent(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		var open []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				for _, c := range open {
					c.Close()
				}
				return
			}
			open = append(open, c)
		}
	}()
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String() + "/"
}

// Ten thousand jobs that wait, and one goroutine: few threads.
func TestTenThousandInFlight(t *testing.T) {
	const jobs = 10000
	rt := privateRuntime(t)
	e := newEngine(t, rt, &EngineOptions{MaxJobs: jobs})
	url := silent(t)
	all := make([][]byte, jobs)
	for i := range all {
		all[i] = waitingJob(fmt.Sprint("w", i), url)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ch, err := e.SubmitAll(ctx, all)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	n, flying := threads(t), e.InFlight()
	t.Logf("%d jobs in flight, %d threads", flying, n)
	if flying != jobs {
		t.Errorf("%d in flight", flying)
	}
	if n > 20 {
		t.Errorf("%d threads", n)
	}
	cancel()
	got := 0
	for result := range ch {
		if !errors.Is(result.Err, ErrCanceled) && got < 3 {
			t.Errorf("%+v", result)
		}
		got++
	}
	if got != jobs {
		t.Errorf("%d results", got)
	}
}
