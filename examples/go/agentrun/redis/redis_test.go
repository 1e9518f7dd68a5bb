// SPDX-License-Identifier: LicenseRef-agentrun-internal

package redis_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/redis"
)

// server starts one, where there is one.
func server(t *testing.T) (url string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server was not found")
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for i := 0; i < 500; i++ {
		if c, err := net.Dial("unix", socket); err == nil {
			c.Close()
			return "unix://" + socket
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("redis-server does not listen")
	return ""
}

func newRuntime(t *testing.T, set map[string]string) *agentrun.Runtime {
	t.Helper()
	rt, err := agentrun.New(&agentrun.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	return rt
}

func job(i int) []byte {
	return []byte(fmt.Sprintf(`{"job_id":"j%d","run_id":"r","node_id":"n%d","workflow_owner":"ada","prompt":"count rows","context":{"data":[{"n":1}]}}`, i, i))
}

func TestWorker(t *testing.T) {
	rt := newRuntime(t, map[string]string{"redis.url": server(t)})
	store, err := redis.NewStore(rt, redis.StoreOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	queue, err := redis.NewQueue(rt, redis.QueueOptions{JobQueue: "{go}:jobs", Lease: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	jobs := make([][]byte, 1000)
	for i := range jobs {
		jobs[i] = job(i)
	}
	if err := queue.Enqueue(jobs...); err != nil {
		t.Fatal(err)
	}
	if stats, err := queue.Stats(); err != nil || stats.Waiting != 1000 {
		t.Errorf("%+v, %v", stats, err)
	}
	short, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
	defer cancel()
	if _, err := queue.Result(short, "j0"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a result of a job that waits: %v", err)
	}
	worker, err := rt.NewWorker(queue, &agentrun.WorkerOptions{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	defer worker.Close()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()
	wait, end := context.WithTimeout(context.Background(), 30*time.Second)
	defer end()
	for i := range jobs {
		result, err := queue.Result(wait, fmt.Sprint("j", i))
		if err != nil || !strings.Contains(string(result), `"status":"completed"`) {
			t.Fatalf("%s, %v", result, err)
		}
	}
	// What is no job is a dead letter.
	if err := queue.Enqueue([]byte(`{"job_id":"bad"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := queue.Result(wait, "bad"); err != nil {
		t.Error(err)
	}
	letters, err := queue.DeadLetters(agentrun.DeadQuery{JobID: "bad"})
	if err != nil || len(letters) != 1 || letters[0].JobID != "bad" || letters[0].Reason == "" || time.Since(letters[0].DeadAt).Abs() > time.Minute {
		t.Errorf("%+v, %v", letters, err)
	}
	if err := queue.DropDead("bad"); err != nil {
		t.Error(err)
	}
	if err := queue.RetryDead("bad"); !errors.Is(err, agentrun.ErrNotFound) {
		t.Errorf("retried what was dropped: %v", err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if stats, err := worker.Stats(); err != nil || stats.Completed != 1000 || stats.InHand != 0 {
		t.Errorf("%+v, %v", stats, err)
	}
	if record, err := store.FindJob("j7"); err != nil || record[agentrun.ResultData] != `[{"count":1}]` {
		t.Errorf("%v, %v", record, err)
	}
}

// Two runtimes, one limit.
func TestShareLimits(t *testing.T) {
	url := server(t)
	limited := 0
	for i := 0; i < 2; i++ {
		rt := newRuntime(t, map[string]string{"redis.url": url, "rate_limit.per_user": "1/day"})
		if err := redis.ShareLimits(rt, redis.LimitsOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := redis.ShareLimits(rt, redis.LimitsOptions{}); !errors.Is(err, agentrun.ErrInvalid) {
			t.Errorf("twice: %v", err)
		}
		engine, err := rt.NewEngine(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := engine.Run(context.Background(), job(i)); errors.Is(err, agentrun.ErrRate) {
			limited++
		} else if err != nil {
			t.Error(err)
		}
		engine.Close()
	}
	if limited != 1 {
		t.Errorf("%d of two jobs were limited", limited)
	}
}

func TestOptions(t *testing.T) {
	rt := newRuntime(t, nil)
	if _, err := redis.NewQueue(rt, redis.QueueOptions{URL: "http://x"}); !errors.Is(err, agentrun.ErrConfig) {
		t.Errorf("%v", err)
	}
	queue, err := redis.NewQueue(rt, redis.QueueOptions{URL: "unix:///no/such/socket"})
	if err != nil {
		t.Fatal(err)
	}
	defer queue.Close()
	if err := queue.Enqueue(job(0)); !errors.Is(err, agentrun.ErrBackend) {
		t.Errorf("%v", err)
	}
}
