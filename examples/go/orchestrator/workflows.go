// SPDX-License-Identifier: LicenseRef-agentrun-internal

package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"libagentrun.example/agentrun"
)

// orchestrator is workflows and their runs. Patches and checks are the library's.
type orchestrator struct {
	rt     *agentrun.Runtime
	store  *agentrun.Store
	agents agents
	file   string // keeps the workflows; "": nothing does

	mu        sync.Mutex // guards all below, and what it leads to
	workflows map[string]*workflow
	runs      map[string]*run
	ending    bool
	going     sync.WaitGroup // runs
}

type workflow struct {
	Tag      string             `json:"tag"`
	Owner    string             `json:"owner"`
	Versions []version          `json:"versions"`
	Landed   map[string]landing `json:"landed"` // by Idempotency-Key
}

type version struct {
	Version     int             `json:"version"`
	Hash        string          `json:"hash"` // of the canonical document
	Description string          `json:"description,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	Document    json.RawMessage `json:"document,omitempty"`
}

func (w *workflow) head() *version { return &w.Versions[len(w.Versions)-1] }

// patch is what is asked, landing what is answered.
type patch struct {
	Operations  json.RawMessage `json:"operations"`
	Description string          `json:"description"`
	NodeID      string          `json:"node_id"`
	BaseHash    string          `json:"base_hash"`
}

type landing struct {
	ID         string `json:"id"`
	ArtifactID string `json:"artifact_id"`
	CasID      string `json:"cas_id"`
	Seq        int    `json:"seq"`
	OpCount    int    `json:"op_count"`
	Version    int    `json:"version"`
	Hash       string `json:"hash"`

	Asked string `json:"asked,omitempty"` // a digest of what was; not answered
}

// fault is an error with an HTTP status.
type fault struct {
	status     int
	message    string
	violations []string
}

func (f *fault) Error() string { return f.message }

func faultf(status int, format string, args ...any) error {
	return &fault{status: status, message: fmt.Sprintf(format, args...)}
}

// newOrchestrator reads the file, if there is one.
func newOrchestrator(rt *agentrun.Runtime, store *agentrun.Store, agents agents, file string) (*orchestrator, error) {
	o := &orchestrator{rt: rt, store: store, agents: agents, file: file,
		workflows: map[string]*workflow{}, runs: map[string]*run{}}
	if file == "" {
		return o, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &o.workflows)
	}
	for tag, w := range o.workflows {
		if w == nil || len(w.Versions) == 0 || w.Landed == nil {
			return nil, fmt.Errorf("%s: the workflow %q is not whole", file, tag)
		}
	}
	if err == nil && o.workflows == nil {
		err = fmt.Errorf("%s: there are no workflows in it", file)
	}
	return o, err
}

// close ends the runs and waits for them.
func (o *orchestrator) close() {
	o.mu.Lock()
	o.ending = true
	for _, r := range o.runs {
		r.cancel()
	}
	o.mu.Unlock()
	o.going.Wait()
}

// save keeps the workflows, whole or not at all; with the lock held.
func (o *orchestrator) save() error {
	if o.file == "" {
		return nil
	}
	data, err := json.Marshal(o.workflows)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(o.file), "workflows-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), o.file)
	}
	return err
}

func newID() string {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		panic(err)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func (o *orchestrator) create(tag, owner string, document json.RawMessage) (*workflow, error) {
	if tag == "" {
		return nil, faultf(400, "the workflow has no tag")
	}
	if err := o.rt.CheckWorkflow(document, nil); err != nil {
		return nil, err
	}
	hash, err := o.rt.DocumentHash(document)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.workflows[tag] != nil {
		return nil, faultf(409, "there is a workflow %q already: patch it", tag)
	}
	w := &workflow{Tag: tag, Owner: owner, Landed: map[string]landing{}}
	w.Versions = []version{{Version: 1, Hash: hash, CreatedAt: time.Now().UTC(), Document: document}}
	o.workflows[tag] = w
	if err := o.save(); err != nil {
		delete(o.workflows, tag)
		return nil, err
	}
	return w, nil
}

// find gives a workflow; with the lock held.
func (o *orchestrator) find(tag string) (*workflow, error) {
	if w := o.workflows[tag]; w != nil {
		return w, nil
	}
	return nil, faultf(404, "there is no workflow %q", tag)
}

// land applies a patch to the newest version, once for each key ("": always). first is
// false where it was applied before.
func (o *orchestrator) land(tag, user, key, runID string, body []byte) (out landing, first bool, err error) {
	var p patch
	if err := json.Unmarshal(body, &p); err != nil {
		return out, false, faultf(400, "the patch cannot be read: %v", err)
	}
	asked, err := o.rt.DocumentHash(body)
	if err != nil {
		return out, false, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	w, err := o.find(tag)
	if err != nil {
		return out, false, err
	}
	if w.Owner != user {
		return out, false, faultf(403, "the workflow %q is not %s's", tag, user)
	}
	if before, is := w.Landed[key]; is && key != "" {
		if before.Asked != asked {
			return out, false, faultf(422, "the Idempotency-Key was another patch's")
		}
		return before, false, nil
	}
	head := w.head()
	if p.BaseHash != "" && !strings.EqualFold(p.BaseHash, head.Hash) {
		return out, false, faultf(409, "the workflow %q is at version %d, with another hash than the base_hash", tag, head.Version)
	}
	result, err := o.rt.ApplyPatch(head.Document, p.Operations, &agentrun.PatchOptions{Hash: true})
	if err != nil {
		return out, false, err
	}
	out = landing{ID: newID(), Seq: len(w.Versions), OpCount: result.Operations,
		Version: head.Version + 1, Hash: result.Hash, Asked: asked}
	if out.CasID, out.ArtifactID, err = o.keepPatch(&out, &p, runID, result.Document); err != nil {
		return out, false, err
	}
	w.Versions = append(w.Versions, version{Version: out.Version, Hash: out.Hash,
		Description: p.Description, CreatedAt: time.Now().UTC(), Document: result.Document})
	if key != "" {
		w.Landed[key] = out
	}
	if err := o.save(); err != nil { // as if it had not been
		w.Versions = w.Versions[:len(w.Versions)-1]
		delete(w.Landed, key)
		return out, false, err
	}
	return out, true, nil
}

// keepPatch keeps the new document as a blob, and the patch as a record.
func (o *orchestrator) keepPatch(l *landing, p *patch, runID string, document []byte) (casID, ref string, err error) {
	blob, err := o.store.PutBlob(document)
	if err != nil {
		return "", "", err
	}
	ref, err = o.store.Put(agentrun.Record{
		agentrun.JobID:      "patch." + l.ID,
		agentrun.RunID:      runID,
		agentrun.NodeID:     p.NodeID,
		agentrun.Status:     "completed",
		agentrun.ResultData: string(bytes.TrimSpace(p.Operations)),
	})
	return strings.TrimPrefix(blob, "cas://"), strings.TrimPrefix(ref, "artifact://"), err
}
