// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"

	"libagentrun.example/agentrun"
)

func Example() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	rows := []byte(`[{"city":"Oslo","n":3},{"city":"Rome","n":9}]`)
	top := []byte(`[{"step":"table_sort","field":"n","order":"desc"},{"step":"limit","n":1}]`)
	data, err := rt.ExecutePipeline(context.Background(), top, rows, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(data))
	// Output: [{"city":"Rome","n":9}]
}

func ExampleRuntime_Classify() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	intent, err := rt.Classify("add a hitl node named check after fetch", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(intent.Lane)
	// Output: patch
}

func ExampleRuntime_StreamPipeline() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	in := strings.NewReader("name,age\nAda,36\nAlan,41\n")
	old := []byte(`[{"step":"table_filter","condition":{"field":"age","op":">","value":40}}]`)
	err = rt.StreamPipeline(context.Background(), old, in, os.Stdout,
		&agentrun.ExecuteOptions{OutputFormat: agentrun.FormatCSV})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// name,age
	// Alan,41
}

func ExampleRuntime_ApplyPatch() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	document := []byte(`{"name":"old","tags":["a"]}`)
	patch := []byte(`[{"op":"replace","path":"/name","value":"new"}]`)
	got, err := rt.ApplyPatch(document, patch, &agentrun.PatchOptions{Raw: true, Inverse: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(got.Document))
	fmt.Println(string(got.Inverse))
	// Output:
	// {"name":"new","tags":["a"]}
	// [{"op":"replace","path":"/name","value":"old"}]
}

func ExampleError() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	_, err = rt.ExecutePipeline(context.Background(), []byte(`[{"step":"no_such"}]`), []byte("[]"), nil)
	var e *agentrun.Error
	if errors.Is(err, agentrun.ErrInput) && errors.As(err, &e) {
		fmt.Println("step", e.Where.Step, "retryable", e.Retryable)
	}
	// Output: step 1 retryable false
}

func ExampleStore() {
	store, err := agentrun.NewMemoryStore(0)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	ref, err := store.Put(agentrun.Record{
		agentrun.JobID:      "job-1",
		agentrun.Status:     "completed",
		agentrun.ResultData: `{"n":1}`,
	})
	if err != nil {
		log.Fatal(err)
	}
	data, err := store.Get(ref)
	fmt.Println(string(data), err)
	// Output: {"n":1} <nil>
}

func ExampleEngine_SubmitAll() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	engine, err := rt.NewEngine(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	jobs := [][]byte{
		[]byte(`{"prompt":"count rows","context":{"data":[{"n":1}]}}`),
		[]byte(`{"prompt":"count rows","context":{"data":[{"n":1},{"n":2}]}}`),
	}
	results, err := engine.SubmitAll(context.Background(), jobs)
	if err != nil {
		log.Fatal(err)
	}
	for result := range results {
		fmt.Println(result.Index, string(result.Data))
	}
	// Unordered output:
	// 0 [{"count":1}]
	// 1 [{"count":2}]
}

func ExampleWorker() {
	rt, err := agentrun.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	queue, err := agentrun.NewMemoryQueue(nil) // or redis.NewQueue
	if err != nil {
		log.Fatal(err)
	}
	defer queue.Close()
	worker, err := rt.NewWorker(queue, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer worker.Close()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- worker.Run(ctx) }()

	job := `{"job_id":"j","run_id":"r","node_id":"n","prompt":"count rows","context":{"data":[{"n":1}]}}`
	if err := queue.Enqueue([]byte(job)); err != nil {
		log.Fatal(err)
	}
	message, err := queue.Result(ctx, "j")
	if err != nil {
		log.Fatal(err)
	}
	var result struct{ Status string }
	if err := json.Unmarshal(message, &result); err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Status)
	stop() // it drains
	fmt.Println(<-done)
	// Output:
	// completed
	// <nil>
}

// Shout is a step that puts a field into capitals.
type Shout struct{ field string }

func (s Shout) Push(row []byte, emit func(row []byte)) error {
	var r map[string]any
	if err := json.Unmarshal(row, &r); err != nil {
		return err
	}
	if text, ok := r[s.field].(string); ok {
		r[s.field] = strings.ToUpper(text)
	}
	row, err := json.Marshal(r)
	emit(row)
	return err
}

func (s Shout) Finish(func(row []byte)) error { return nil }

func ExampleStep() {
	rt, err := agentrun.New(&agentrun.Options{Steps: []agentrun.Step{{
		Name:       "shout",
		Summary:    "puts a field into capitals",
		Parameters: `{"type":"object","required":["field"],"properties":{"field":{"type":"string"}}}`,
		Compile: func(args json.RawMessage) (func() agentrun.StepRun, error) {
			var a struct{ Field string }
			err := json.Unmarshal(args, &a)
			return func() agentrun.StepRun { return Shout{a.Field} }, err
		},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	defer rt.Close()
	data, err := rt.ExecutePipeline(context.Background(), []byte(`[{"step":"shout","field":"city"}]`),
		[]byte(`[{"city":"Oslo"}]`), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(data))
	// Output: [{"city":"OSLO"}]
}
