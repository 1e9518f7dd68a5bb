// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"context"
	"encoding/json"
	"fmt"
)

// run is a workflow at work.
type run struct {
	ID     string               `json:"run_id"`
	Tag    string               `json:"tag"`
	Owner  string               `json:"owner"`
	Status string               `json:"status"` // "running", "completed", "failed"
	Nodes  map[string]nodeState `json:"nodes"`

	data   json.RawMessage // rows that it was given, or nil
	cancel context.CancelFunc
}

// nodeState is how far a node is; one that is not there has not begun.
type nodeState struct {
	Status    string          `json:"status"` // "running", "completed", "failed"
	ResultRef string          `json:"result_ref,omitempty"`
	Preview   json.RawMessage `json:"preview,omitempty"`
	Error     json.RawMessage `json:"error,omitempty"`
}

// graph is what a run looks at of a workflow.
type graph struct {
	Nodes []struct {
		ID     string `json:"id"`
		Type   string `json:"type"`
		Config struct {
			Task string `json:"task"`
		} `json:"config"`
	} `json:"nodes"`
	Edges []struct{ From, To string } `json:"edges"`
}

func (g *graph) before(id string) (from []string) {
	for _, edge := range g.Edges {
		if edge.To == id {
			from = append(from, edge.From)
		}
	}
	return from
}

// start begins a run of a workflow's newest version.
func (o *orchestrator) start(tag, owner string, data json.RawMessage) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, err := o.find(tag); err != nil {
		return "", err
	}
	if o.ending {
		return "", faultf(503, "the orchestrator is shutting down")
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{ID: newID(), Tag: tag, Owner: owner, Status: "running",
		Nodes: map[string]nodeState{}, data: data, cancel: cancel}
	o.runs[r.ID] = r
	o.going.Add(1)
	go o.work(ctx, r)
	return r.ID, nil
}

// work runs nodes as they become ready, until none is. The workflow is looked at again
// each time: a patch may have changed it.
func (o *orchestrator) work(ctx context.Context, r *run) {
	defer o.going.Done()
	defer r.cancel()
	ended := make(chan struct{})
	for running := 0; ; running-- {
		jobs, err := o.ready(r)
		for id, job := range jobs {
			running++
			go func() {
				o.runNode(ctx, r, id, job)
				ended <- struct{}{}
			}()
		}
		if running == 0 {
			o.finish(r, err)
			return
		}
		<-ended
	}
}

// ready gives the jobs of the agents that may begin, which have then.
func (o *orchestrator) ready(r *run) (map[string][]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var g graph
	if err := json.Unmarshal(o.workflows[r.Tag].head().Document, &g); err != nil {
		return nil, err
	}
	jobs := map[string][]byte{}
	for again := true; again; {
		again = false
		for _, node := range g.Nodes {
			if _, begun := r.Nodes[node.ID]; begun || !r.completed(g.before(node.ID)) {
				continue
			}
			if node.Type != "agent" {
				r.Nodes[node.ID] = nodeState{Status: "completed"}
				again = true // those behind it may be ready now
				continue
			}
			job, err := json.Marshal(r.job(&g, node.ID, node.Config.Task))
			if err != nil {
				return jobs, err
			}
			r.Nodes[node.ID] = nodeState{Status: "running"}
			jobs[node.ID] = job
		}
	}
	return jobs, nil
}

func (r *run) completed(ids []string) bool {
	for _, id := range ids {
		if r.Nodes[id].Status != "completed" {
			return false
		}
	}
	return true
}

// hasData: is there something that other nodes can start from? A patch's answer is not.
func (s nodeState) hasData() bool {
	var preview struct{ Type string }
	_ = json.Unmarshal(s.Preview, &preview)
	return s.ResultRef != "" && preview.Type != "patch"
}

// sources are the results that a node starts from: of the nodes before it, or of those
// before them where they have none.
func (r *run) sources(g *graph, id string) (out []map[string]any) {
	seen := map[string]bool{} // several ways may lead back to a node
	var look func(id string)
	look = func(id string) {
		for _, from := range g.before(id) {
			if seen[from] {
				continue
			}
			seen[from] = true
			if state := r.Nodes[from]; state.hasData() {
				out = append(out, map[string]any{"node_id": from, "result_ref": state.ResultRef, "preview": state.Preview})
			} else {
				look(from)
			}
		}
	}
	look(id)
	return out
}

// job is the message of an agent. The workflow is not in it: an agent that wants to change
// it asks for the newest.
func (r *run) job(g *graph, id, task string) map[string]any {
	about := map[string]any{
		"workflow_state": map[string]any{"current_step": len(r.Nodes) + 1, "total_steps": len(g.Nodes)},
	}
	if sources := r.sources(g, id); sources != nil {
		about["previous_results"] = sources
	} else if r.data != nil {
		about["data"] = r.data
	}
	return map[string]any{
		"version": "1.0", "job_id": jobID(r, id), "run_id": r.ID, "node_id": id,
		"workflow_tag": r.Tag, "workflow_owner": r.Owner, "prompt": task, "context": about,
	}
}

func jobID(r *run, node string) string { return r.ID + "." + node }

func (o *orchestrator) runNode(ctx context.Context, r *run, id string, job []byte) {
	var m message
	payload, err := o.agents.run(ctx, jobID(r, id), job)
	if err == nil {
		err = json.Unmarshal(payload, &m)
	}
	if err != nil {
		said, _ := json.Marshal(map[string]string{"message": err.Error()})
		m = message{Status: "failed", Error: said}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	r.Nodes[id] = nodeState{Status: m.Status, ResultRef: m.ResultRef, Preview: m.Preview, Error: m.Error}
}

// finish says how a run ended. Nodes behind one that failed have not begun.
func (o *orchestrator) finish(r *run, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	r.Status = "completed"
	for _, state := range r.Nodes {
		if state.Status != "completed" {
			r.Status = "failed"
		}
	}
	if err != nil {
		r.Status = fmt.Sprint("failed: ", err)
	}
}
