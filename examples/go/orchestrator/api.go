// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"libagentrun.example/agentrun"
)

const maxBody = 16 << 20

// answer is a handler's: a status and what is sent as JSON, or an error.
type answer func(r *http.Request, user string, body []byte) (int, any, error)

func (o *orchestrator) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]answer{
		"POST /api/v1/workflows":              o.postWorkflow,
		"GET /api/v1/workflows/{tag}":         o.getWorkflow,
		"GET /api/v1/workflows/{tag}/log":     o.getLog,
		"PATCH /api/v1/workflows/{tag}/patch": o.patchWorkflow,
		"POST /api/v1/runs":                   o.postRun,
		"GET /api/v1/runs/{id}":               o.getRun,
		"POST /api/v1/runs/{id}/patches":      o.patchRun,
		"GET /api/v1/results":                 o.getResult,
	} {
		mux.Handle(pattern, h)
	}
	return mux
}

// ServeHTTP reads the body, and knows who asks: whoever changes something must say so.
func (h answer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	user := r.Header.Get("X-User-ID")
	status, out := 0, any(nil)
	switch {
	case err != nil:
		err = faultf(413, "the body cannot be read: %v", err)
	case user == "" && r.Method != http.MethodGet:
		err = faultf(401, "X-User-ID is missing")
	default:
		status, out, err = h(r, user, body)
	}
	var text []byte
	if err == nil {
		text, err = encode(out)
	}
	if err != nil {
		status, out = explain(err)
		text, _ = encode(out) // texts, which always can be
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who asked may be gone
}

// encode makes the whole of an answer, before its status is sent.
func encode(out any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // documents go out as they are
	err := encoder.Encode(out)
	return text.Bytes(), err
}

// explain is an error as it is answered. What the library refused is the client's fault.
func explain(err error) (int, any) {
	said := map[string]any{"message": err.Error()}
	status := http.StatusInternalServerError
	var f *fault
	var e *agentrun.Error
	switch {
	case errors.As(err, &f):
		status = f.status
	case errors.Is(err, agentrun.ErrNotFound):
		status = http.StatusNotFound
	case errors.As(err, &e) && e.Retryable, errors.Is(err, agentrun.ErrClosed): // it is shutting down
		status = http.StatusServiceUnavailable
	case errors.Is(err, agentrun.ErrPatch), errors.Is(err, agentrun.ErrInput), errors.Is(err, agentrun.ErrInvalid),
		errors.Is(err, agentrun.ErrLimit):
		status = http.StatusUnprocessableEntity
	}
	if e != nil && e.Violations != nil {
		said["violations"] = e.Violations
	}
	return status, map[string]any{"error": said}
}

func (o *orchestrator) postWorkflow(_ *http.Request, user string, body []byte) (int, any, error) {
	var in struct {
		Tag      string          `json:"tag"`
		Workflow json.RawMessage `json:"workflow"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return 0, nil, faultf(400, "the workflow cannot be read: %v", err)
	}
	w, err := o.create(in.Tag, user, in.Workflow)
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, map[string]any{"tag": w.Tag, "version": 1, "hash": w.Versions[0].Hash}, nil
}

// getWorkflow: ?version=N is another than the newest; with ?materialize=true the document
// is in it.
func (o *orchestrator) getWorkflow(r *http.Request, _ string, _ []byte) (int, any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, err := o.find(r.PathValue("tag"))
	if err != nil {
		return 0, nil, err
	}
	v := w.head()
	if asked := r.URL.Query().Get("version"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 || n > len(w.Versions) {
			return 0, nil, faultf(404, "the workflow %q has no version %q", w.Tag, asked)
		}
		v = &w.Versions[n-1]
	}
	out := map[string]any{"tag": w.Tag, "owner": w.Owner, "version": v.Version, "hash": v.Hash}
	if r.URL.Query().Get("materialize") == "true" {
		out["workflow"] = v.Document
	}
	return http.StatusOK, out, nil
}

// getLog lists the versions, without their documents.
func (o *orchestrator) getLog(r *http.Request, _ string, _ []byte) (int, any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	w, err := o.find(r.PathValue("tag"))
	if err != nil {
		return 0, nil, err
	}
	out := append([]version(nil), w.Versions...)
	for i := range out {
		out[i].Document = nil
	}
	return http.StatusOK, out, nil
}

func (o *orchestrator) patchWorkflow(r *http.Request, user string, body []byte) (int, any, error) {
	return o.answerPatch(r, r.PathValue("tag"), user, "", body)
}

// patchRun is for agents: the run goes on with the new version.
func (o *orchestrator) patchRun(r *http.Request, user string, body []byte) (int, any, error) {
	id := r.PathValue("id")
	o.mu.Lock()
	run := o.runs[id]
	o.mu.Unlock()
	if run == nil {
		return 0, nil, faultf(404, "there is no run %q", id)
	}
	return o.answerPatch(r, run.Tag, user, id, body)
}

// answerPatch: 201, or 200 where it was applied before.
func (o *orchestrator) answerPatch(r *http.Request, tag, user, runID string, body []byte) (int, any, error) {
	out, first, err := o.land(tag, user, r.Header.Get("Idempotency-Key"), runID, body)
	out.Asked = ""
	if first {
		return http.StatusCreated, out, err
	}
	return http.StatusOK, out, err
}

func (o *orchestrator) postRun(_ *http.Request, user string, body []byte) (int, any, error) {
	var in struct {
		Tag  string          `json:"tag"`
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return 0, nil, faultf(400, "the run cannot be read: %v", err)
	}
	id, err := o.start(in.Tag, user, in.Data)
	return http.StatusAccepted, map[string]string{"run_id": id}, err
}

func (o *orchestrator) getRun(r *http.Request, _ string, _ []byte) (int, any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	run := o.runs[r.PathValue("id")]
	if run == nil {
		return 0, nil, faultf(404, "there is no run %q", r.PathValue("id"))
	}
	data, err := json.Marshal(run) // while nobody changes it
	return http.StatusOK, json.RawMessage(data), err
}

// getResult: ?ref=artifact://UUID, as a run's nodes have it.
func (o *orchestrator) getResult(r *http.Request, _ string, _ []byte) (int, any, error) {
	data, err := o.store.Get(r.URL.Query().Get("ref"))
	return http.StatusOK, json.RawMessage(data), err
}
