// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun_test

import (
	"context"
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
