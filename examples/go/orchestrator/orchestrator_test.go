// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"libagentrun.example/agentrun"
)

// service is an orchestrator that is listening. between sees every request first, where it
// is not nil, and may keep it from the orchestrator.
type service struct {
	*orchestrator
	t       *testing.T
	url     string
	mu      sync.Mutex
	between func(w http.ResponseWriter, r *http.Request, next http.Handler)
	keys    []string // of the patches that came
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	between := s.between
	if strings.Contains(r.URL.Path, "/patch") {
		s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	}
	s.mu.Unlock()
	if between != nil {
		between(w, r, s.handler())
		return
	}
	s.handler().ServeHTTP(w, r)
}

func (s *service) patchKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.keys...)
}

// opener has the address of the orchestrator, too.
type opener func(rt *agentrun.Runtime, self string) (*agentrun.Store, agents, error)

func local(rt *agentrun.Runtime, _ string) (*agentrun.Store, agents, error) { return openLocal(rt) }

func startService(t *testing.T, open opener, set map[string]string) *service {
	t.Helper()
	s := &service{t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	all := map[string]string{"orchestrator.api_url": s.url, "llm.provider": "builtin"}
	for key, value := range set {
		all[key] = value
	}
	rt, err := agentrun.New(&agentrun.Options{Set: all})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rt.Close() })
	store, agents, err := open(rt, s.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	t.Cleanup(agents.close)
	if s.orchestrator, err = newOrchestrator(rt, store, agents, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// redisServer starts one, where there is one.
func redisServer(t *testing.T) (url string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server was not found")
	}
	socket := filepath.Join(t.TempDir(), "redis.sock")
	server := exec.Command(program, "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
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

// ask makes a request and reads the answer.
func (s *service) ask(method, path, user, key string, body any) (int, map[string]any) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := http.NewRequest(method, s.url+"/api/v1"+path, bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range map[string]string{"X-User-ID": user, "Idempotency-Key": key} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		out = map[string]any{"text": strings.TrimSpace(string(text))}
	}
	return answer.StatusCode, out
}

func agent(id, task string) map[string]any {
	return map[string]any{"id": id, "type": "agent", "config": map[string]any{"task": task}}
}

func (s *service) create(tag string, nodes []any, edges ...[2]string) {
	s.t.Helper()
	list := []any{}
	for _, e := range edges {
		list = append(list, map[string]string{"from": e[0], "to": e[1]})
	}
	status, out := s.ask("POST", "/workflows", "ada", "", map[string]any{
		"tag": tag, "workflow": map[string]any{"nodes": nodes, "edges": list}})
	if status != 201 {
		s.t.Fatalf("%d %v", status, out)
	}
}

// runToEnd starts a run and waits for it.
func (s *service) runToEnd(tag string, rows ...any) run {
	s.t.Helper()
	in := map[string]any{"tag": tag}
	if rows != nil {
		in["data"] = rows
	}
	status, out := s.ask("POST", "/runs", "ada", "", in)
	if status != 202 {
		s.t.Fatalf("%d %v", status, out)
	}
	return s.wait(out["run_id"].(string))
}

func (s *service) wait(id string) run {
	s.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		_, out := s.ask("GET", "/runs/"+id, "", "", nil)
		if out["status"] != "running" {
			var r run
			data, _ := json.Marshal(out)
			if err := json.Unmarshal(data, &r); err != nil {
				s.t.Fatal(err)
			}
			return r
		}
	}
	s.t.Fatal("the run does not end")
	return run{}
}

func (s *service) result(ref string) string {
	s.t.Helper()
	data, err := s.store.Get(ref)
	if err != nil {
		s.t.Error(err)
	}
	return string(data)
}

func (s *service) version(tag string) (float64, string) {
	s.t.Helper()
	status, out := s.ask("GET", "/workflows/"+tag+"?materialize=true", "", "", nil)
	if status != 200 {
		s.t.Fatalf("%d %v", status, out)
	}
	document, _ := json.Marshal(out["workflow"])
	return out["version"].(float64), string(document)
}

var rows = []any{map[string]any{"price": 9}, map[string]any{"price": 90}, map[string]any{"price": 900}}

// lanes is what both lanes do, wherever the agents run.
func lanes(t *testing.T, open opener) {
	s := startService(t, open, nil)
	// Execute: a job, a plan, a pipeline, a result that is stored, and its ref on to the
	// next node, through one that is no agent.
	s.create("prices", []any{agent("cheap", "filter rows where price < 100"),
		map[string]any{"id": "mark", "type": "task"}, agent("many", "count rows")},
		[2]string{"cheap", "mark"}, [2]string{"mark", "many"})
	r := s.runToEnd("prices", rows...)
	if r.Status != "completed" || r.Nodes["mark"].Status != "completed" {
		t.Fatalf("%+v", r)
	}
	if got := s.result(r.Nodes["cheap"].ResultRef); got != `[{"price":9},{"price":90}]` {
		t.Error(got)
	}
	if got := s.result(r.Nodes["many"].ResultRef); got != `[{"count":2}]` {
		t.Error(got)
	}
	if status, out := s.ask("GET", "/results?ref="+r.Nodes["many"].ResultRef, "", "", nil); status != 200 || out["text"] != `[{"count":2}]` {
		t.Errorf("%d %v", status, out)
	}
	// Patch: a job, a patch, that is applied here: a new version, with which the run goes
	// on.
	s.create("growing", []any{agent("grow", "add an agent node named more after grow with the task \"count rows\"")})
	r = s.runToEnd("growing", rows...)
	n, document := s.version("growing")
	if n != 2 || !strings.Contains(document, `"id":"more"`) {
		t.Fatalf("version %v: %s, %+v", n, document, r)
	}
	if got := s.result(r.Nodes["more"].ResultRef); r.Status != "completed" || got != `[{"count":3}]` {
		t.Errorf("the run did not go on with the new version: %s, %+v", got, r)
	}
	if !strings.Contains(string(r.Nodes["grow"].Preview), `"type":"patch"`) {
		t.Errorf("%s", r.Nodes["grow"].Preview)
	}
	// A failure stops what is behind it.
	s.create("failing", []any{agent("bad", "wriggle"), agent("after", "count rows")}, [2]string{"bad", "after"})
	r = s.runToEnd("failing", rows...)
	if _, begun := r.Nodes["after"]; r.Status != "failed" || begun || !bytes.Contains(r.Nodes["bad"].Error, []byte("invalid_plan")) {
		t.Errorf("%+v", r)
	}
}

func TestInProcess(t *testing.T) { lanes(t, local) }

func TestRedis(t *testing.T) {
	url := redisServer(t)
	lanes(t, func(rt *agentrun.Runtime, _ string) (*agentrun.Store, agents, error) {
		return openRedis(rt, url, true)
	})
}

// Agents in processes of the program "agentrun worker", which AGENTRUN names.
func TestProcesses(t *testing.T) {
	program := os.Getenv("AGENTRUN")
	if program == "" {
		t.Skip("AGENTRUN does not name the program agentrun")
	}
	url := redisServer(t)
	config := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(config, []byte("storage: {backend: redis}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	lanes(t, func(rt *agentrun.Runtime, self string) (*agentrun.Store, agents, error) {
		for i := 0; i < 2; i++ {
			worker := exec.Command(program, "-c", config, "worker")
			worker.Env = append(os.Environ(), "REDIS_URL="+url, "ORCHESTRATOR_URL="+self, "PORT=0")
			worker.Stderr = os.Stderr
			if err := worker.Start(); err != nil {
				return nil, nil, err
			}
			t.Cleanup(func() {
				_ = worker.Process.Signal(syscall.SIGTERM)
				if err := worker.Wait(); err != nil {
					t.Errorf("a worker ended with %v", err)
				}
			})
		}
		return openRedis(rt, url, false)
	})
}

const growTask = "add a task node named tell after grow"

// The connection breaks when the patch was applied: it comes again, and is not.
func TestPatchOnce(t *testing.T) {
	s := startService(t, local, nil)
	s.create("flow", []any{agent("grow", growTask)})
	var once sync.Once
	s.between = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		broken := false
		if strings.HasSuffix(r.URL.Path, "/patches") {
			once.Do(func() { broken = true })
		}
		if !broken {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
	r := s.runToEnd("flow")
	keys := s.patchKeys()
	if n, _ := s.version("flow"); n != 2 || r.Status != "completed" || len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
		t.Errorf("version %v, %q, %+v", n, keys, r)
	}
}

// A worker is stopped while it waits for the answer to its patch. The job is delivered
// again, to another one: one version, one result.
func TestRedelivery(t *testing.T) {
	url := redisServer(t)
	s := startService(t, func(rt *agentrun.Runtime, _ string) (*agentrun.Store, agents, error) {
		return openRedis(rt, url, false)
	}, nil)
	s.create("flow", []any{agent("grow", growTask)})
	landed, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.mu.Lock()
	s.between = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if strings.HasSuffix(r.URL.Path, "/patches") {
			once.Do(func() {
				next.ServeHTTP(httptest.NewRecorder(), r)
				close(landed)
				<-gone
				panic(http.ErrAbortHandler)
			})
		}
		next.ServeHTTP(w, r)
	}
	s.mu.Unlock()
	status, out := s.ask("POST", "/runs", "ada", "", map[string]any{"tag": "flow"})
	if status != 202 {
		t.Fatalf("%d %v", status, out)
	}
	queue := s.agents.(*queued).queue
	work := func(ctx context.Context, drain time.Duration) *agentrun.Worker {
		w, err := s.rt.NewWorker(queue, &agentrun.WorkerOptions{Store: s.store, DrainTimeout: drain})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
		return w
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-landed
		cancel()
	}()
	first := work(ctx, -1)
	defer first.Close()
	if stats, err := first.Stats(); err != nil || stats.GivenBack != 1 {
		t.Errorf("%+v, %v", stats, err)
	}
	close(gone)
	ctx, cancel = context.WithCancel(context.Background())
	var r run
	go func() {
		defer cancel()
		r = s.wait(out["run_id"].(string))
	}()
	second := work(ctx, 0)
	defer second.Close()
	keys := s.patchKeys()
	if n, _ := s.version("flow"); n != 2 || r.Status != "completed" || len(keys) != 2 || keys[0] != keys[1] {
		t.Errorf("version %v, %q, %+v", n, keys, r)
	}
	records, err := s.store.List(agentrun.Query{RunID: r.ID, NodeID: "grow", Status: "completed"})
	jobs := 0
	for _, record := range records {
		if record[agentrun.JobID] == r.ID+".grow" {
			jobs++
		}
	}
	if err != nil || jobs != 1 {
		t.Errorf("%d records of the job, %v", jobs, err)
	}
}

// A model plans: first it runs a pipeline, then it says what came of that.
func TestModel(t *testing.T) {
	var asked sync.Map
	stub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked.Store(string(body), true)
		message := map[string]any{"role": "assistant", "content": "There are two."}
		if !bytes.Contains(body, []byte(`"role":"tool"`)) {
			message = map[string]any{"role": "assistant", "tool_calls": []any{map[string]any{
				"id": "call_1", "type": "function", "function": map[string]any{
					"name": "execute_pipeline",
					"arguments": `{"session_id":"s","pipeline":[{"step":"table_filter",` +
						`"condition":{"field":"price","op":"<","value":100}},{"step":"count"}]}`,
				}}}}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"model":   "stub",
			"choices": []any{map[string]any{"message": message, "finish_reason": "stop"}},
			"usage":   map[string]any{"total_tokens": 7},
		})
	}))
	defer stub.Close()
	s := startService(t, local, map[string]string{
		"llm.provider": "openai", "llm.base_url": stub.URL, "llm.api_key": "none"})
	s.create("prices", []any{agent("cheap", "how many rows are there that cost less than a hundred?")})
	r := s.runToEnd("prices", rows...)
	if r.Status != "completed" {
		t.Fatalf("%+v, %s", r, r.Nodes["cheap"].Error)
	}
	if got := s.result(r.Nodes["cheap"].ResultRef); got != `[{"count":2}]` {
		t.Error(got)
	}
	turns := 0
	asked.Range(func(any, any) bool { turns++; return true })
	if turns != 2 {
		t.Errorf("the model was asked %d times", turns)
	}
}

func TestPatches(t *testing.T) {
	s := startService(t, local, nil)
	s.create("flow", []any{map[string]any{"id": "a", "type": "task"}})
	add := func(id string) map[string]any {
		return map[string]any{"description": "adds " + id, "node_id": nil, "operations": []any{
			map[string]any{"op": "add", "path": "/nodes/-", "value": map[string]any{"id": id, "type": "task"}}}}
	}
	const path = "/workflows/flow/patch"
	status, first := s.ask("PATCH", path, "ada", "k1", add("b"))
	if status != 201 || first["seq"] != 1.0 || first["op_count"] != 1.0 || first["version"] != 2.0 {
		t.Fatalf("%d %v", status, first)
	}
	for _, name := range []string{"id", "artifact_id", "cas_id"} {
		if text, _ := first[name].(string); text == "" {
			t.Errorf("no %s in %v", name, first)
		}
	}
	if got := s.result("cas://" + first["cas_id"].(string)); !strings.Contains(got, `"id":"b"`) {
		t.Error(got)
	}
	if got := s.result("artifact://" + first["artifact_id"].(string)); !strings.Contains(got, `"op":"add"`) {
		t.Error(got)
	}
	if status, again := s.ask("PATCH", path, "ada", "k1", add("b")); status != 200 || fmt.Sprint(again) != fmt.Sprint(first) {
		t.Errorf("%d %v", status, again)
	}
	based := func(hash any) map[string]any {
		p := add("c")
		p["base_hash"] = hash
		return p
	}
	for name, c := range map[string]struct {
		want                   int
		method, path, who, key string
		body                   any
	}{
		"a key of another":     {422, "PATCH", path, "ada", "k1", add("c")},
		"another's workflow":   {403, "PATCH", path, "bob", "k2", add("c")},
		"nobody":               {401, "PATCH", path, "", "k2", add("c")},
		"no workflow":          {404, "PATCH", "/workflows/none/patch", "ada", "k2", add("c")},
		"no run":               {404, "POST", "/runs/none/patches", "ada", "k2", add("c")},
		"an old base":          {409, "PATCH", path, "ada", "k2", based(strings.Repeat("0", 64))},
		"a node twice":         {422, "PATCH", path, "ada", "k2", add("b")},
		"no patch":             {400, "PATCH", path, "ada", "k2", "patch"},
		"no such version":      {404, "GET", "/workflows/flow?version=9", "", "", nil},
		"a workflow twice":     {409, "POST", "/workflows", "ada", "", map[string]any{"tag": "flow", "workflow": map[string]any{"nodes": []any{agent("a", "b")}, "edges": []any{}}}},
		"a workflow that ends": {422, "POST", "/workflows", "ada", "", map[string]any{"tag": "f", "workflow": map[string]any{"nodes": []any{}, "edges": []any{}}}},
	} {
		status, out := s.ask(c.method, c.path, c.who, c.key, c.body)
		if status != c.want {
			t.Errorf("%s: %d %v", name, status, out)
		}
		if said, _ := out["error"].(map[string]any); name == "a node twice" && said["violations"] == nil {
			t.Errorf("%s: %v", name, out)
		}
	}
	if status, out := s.ask("PATCH", path, "ada", "k3", based(first["hash"])); status != 201 {
		t.Errorf("the right base: %d %v", status, out)
	}
	if n, _ := s.version("flow"); n != 3 {
		t.Errorf("version %v", n)
	}
	if status, old := s.ask("GET", "/workflows/flow?version=1&materialize=true", "", "", nil); status != 200 || strings.Contains(fmt.Sprint(old), "id:b") {
		t.Errorf("%d %v", status, old)
	}
}

// What is in the file is there again.
func TestState(t *testing.T) {
	s := startService(t, local, nil)
	s.file = filepath.Join(t.TempDir(), "workflows.json")
	s.create("flow", []any{map[string]any{"id": "a", "type": "task"}})
	patch := map[string]any{"operations": []any{map[string]any{"op": "add", "path": "/nodes/0/name", "value": "first"}}}
	if status, out := s.ask("PATCH", "/workflows/flow/patch", "ada", "k", patch); status != 201 {
		t.Fatalf("%d %v", status, out)
	}
	again, err := newOrchestrator(s.rt, s.store, s.agents, s.file)
	if err != nil {
		t.Fatal(err)
	}
	w := again.workflows["flow"]
	if w == nil || len(w.Versions) != 2 || w.Landed["k"].Version != 2 || !strings.Contains(string(w.head().Document), "first") {
		t.Errorf("%+v", w)
	}
	for _, text := range []string{``, `null`, `[]`, `{"flow":null}`, `{"flow":{"tag":"flow","versions":[],"landed":{}}}`, `{"flow":{"versions":[{}]}}`} {
		if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := newOrchestrator(s.rt, s.store, s.agents, s.file); err == nil {
			t.Errorf("a file that holds %q was taken", text)
		}
	}
}

// The program itself: it listens, and ends when it is told to.
func TestServe(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := serve(ctx, "127.0.0.1:0", "", "", "", false); err != nil {
		t.Error(err)
	}
	if err := serve(ctx, "127.0.0.1:0", "no-such-file.yaml", "", "", false); err == nil {
		t.Error("a configuration that is not there was read")
	}
}

// Documents go out as they came in.
func TestBytes(t *testing.T) {
	s := startService(t, local, nil)
	const document = `{"nodes":[{"id":"a","type":"task","config":{"n":1.50,"text":"<&\u00e9>"}}],"edges":[]}`
	r, err := http.NewRequest("POST", s.url+"/api/v1/workflows", strings.NewReader(`{"tag":"signs","workflow":`+document+`}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-User-ID", "ada")
	if answer, err := http.DefaultClient.Do(r); err != nil || answer.StatusCode != 201 {
		t.Fatalf("%v, %v", answer, err)
	}
	answer, err := http.Get(s.url + "/api/v1/workflows/signs?materialize=true")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); !bytes.Contains(text, []byte(document)) {
		t.Errorf("%s", text)
	}
}
