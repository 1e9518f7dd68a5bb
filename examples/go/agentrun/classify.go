// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Lane is what a prompt asks for.
type Lane int

// The lanes.
const (
	LaneUnclear Lane = C.AGENTRUN_LANE_UNCLEAR
	LaneExecute Lane = C.AGENTRUN_LANE_EXECUTE // a one-time data operation
	LanePatch   Lane = C.AGENTRUN_LANE_PATCH   // a permanent change of the workflow
)

func (l Lane) String() string { return C.GoString(C.agentrun_lane_name(C.int(l))) }

// ClassifyMode is who classifies.
type ClassifyMode int

// The modes.
const (
	ClassifyAuto    ClassifyMode = C.AGENTRUN_CLASSIFY_AUTO // as classifier.mode says
	ClassifyBuiltin ClassifyMode = C.AGENTRUN_CLASSIFY_BUILTIN
	ClassifyModel   ClassifyMode = C.AGENTRUN_CLASSIFY_LLM    // a model, always
	ClassifyHybrid  ClassifyMode = C.AGENTRUN_CLASSIFY_HYBRID // a model where unsure
)

// ClassifyOptions are what Classify may know besides the prompt.
type ClassifyOptions struct {
	Workflow []byte // JSON of the current workflow
	Input    []byte // JSON or NDJSON rows
	Mode     ClassifyMode
}

// Intent is what a prompt is about.
type Intent struct {
	Lane                     Lane
	Confidence               float64 // chance that the lane is right, 0..1
	ExecuteScore, PatchScore float64 // how much speaks for each, 0..1
	Reasoning                string
	ExecuteKeywords          []string // words of the prompt that spoke for it
	PatchKeywords            []string
	AllowedTools             []string // that a planner may use
}

// Classify tells what a prompt asks for. It waits only where a model is asked.
func (rt *Runtime) Classify(prompt string, opts *ClassifyOptions) (*Intent, error) {
	size := C.size_t(len(prompt))
	intents, _, err := rt.classify(lendString(prompt), &size, 1, opts)
	if err != nil {
		return nil, err
	}
	return &intents[0], nil
}

// ClassifyAll classifies prompts, many in one crossing. It fails with the first of them
// that cannot be.
func (rt *Runtime) ClassifyAll(prompts []string, opts *ClassifyOptions) ([]Intent, error) {
	if len(prompts) == 0 {
		return nil, nil
	}
	var flat flatText
	for _, prompt := range prompts {
		flat.add(prompt)
	}
	intents, failed, err := rt.classify(flat.text(), flat.sizes(), len(prompts), opts)
	if err != nil {
		return nil, fmt.Errorf("prompt %d: %w", failed, err)
	}
	return intents, nil
}

func (rt *Runtime) classify(data *C.char, lens *C.size_t, n int, opts *ClassifyOptions) ([]Intent, int, error) {
	if opts == nil {
		opts = &ClassifyOptions{}
	}
	if err := rt.refs.acquire(); err != nil {
		return nil, 0, err
	}
	defer rt.refs.release()
	numbers := make([]C.agrgo_intent, n)
	var buf C.agentrun_buf
	var failed C.size_t
	var cerr *C.agentrun_error
	r := C.agrgo_classify(&numbers[0], &buf, rt.ptr, data, lens, C.size_t(n),
		lend(opts.Workflow), C.size_t(len(opts.Workflow)),
		lend(opts.Input), C.size_t(len(opts.Input)), C.int(opts.Mode), &failed, &cerr)
	if r < 0 {
		return nil, int(failed), takeError(r, cerr)
	}
	return readIntents(numbers, string(takeBuf(&buf))), 0, nil
}

// readIntents makes intents of numbers and NUL-terminated texts, which become parts of
// `rest`.
func readIntents(numbers []C.agrgo_intent, rest string) []Intent {
	next := func() (s string) {
		s, rest, _ = strings.Cut(rest, "\x00")
		return s
	}
	list := func(n C.size_t) (all []string) {
		for ; n > 0; n-- {
			all = append(all, next())
		}
		return all
	}
	out := make([]Intent, len(numbers))
	for i := range numbers {
		from := &numbers[i]
		out[i] = Intent{
			Lane:            Lane(from.lane),
			Confidence:      float64(from.confidence),
			ExecuteScore:    float64(from.execute),
			PatchScore:      float64(from.patch),
			Reasoning:       next(),
			ExecuteKeywords: list(from.n_execute),
			PatchKeywords:   list(from.n_patch),
			AllowedTools:    list(from.n_tools),
		}
	}
	return out
}

// PlanOptions are what Plan may know besides the prompt.
type PlanOptions struct {
	Planner       string // "": "auto"; else "builtin", "openai", ...
	Workflow      []byte // JSON of the current workflow
	Context       []byte // JSON object, a job's context
	Input         []byte // rows: JSON, NDJSON or CSV
	WorkflowTag   string // passed on to patch_workflow
	WorkflowOwner string
	NodeID        string // the workflow node that asks
	Lane          Lane   // only that lane's tools; LaneUnclear: any
}

// Call is a tool call of a plan.
type Call struct {
	ID, Name  string
	Arguments json.RawMessage
}

// Plan is the tool calls that answer a prompt.
type Plan struct {
	Calls        []Call // none when the answer is "unclear"
	Message      string // for a person
	FinishReason string // "tool_calls", "unclear", or what a provider reported
	Model        string // "builtin" for the built-in planner
	TokensUsed   int64
}

// Plan asks a planner once; nothing is run. With the built-in planner it does not
// wait; with a provider the call has an OS thread until the answer is there.
func (rt *Runtime) Plan(prompt string, opts *PlanOptions) (*Plan, error) {
	if opts == nil {
		opts = &PlanOptions{}
	}
	if err := CheckText(opts.Planner, opts.WorkflowTag, opts.WorkflowOwner, opts.NodeID); err != nil {
		return nil, err
	}
	if err := rt.refs.acquire(); err != nil {
		return nil, err
	}
	defer rt.refs.release()
	names := C.agrgo_plan_names{
		planner:        text(opts.Planner),
		workflow_tag:   text(opts.WorkflowTag),
		workflow_owner: text(opts.WorkflowOwner),
		node_id:        text(opts.NodeID),
		lane:           C.int(opts.Lane),
	}
	defer freeText(names.planner, names.workflow_tag, names.workflow_owner, names.node_id)
	var plan *C.agentrun_plan_result
	var cerr *C.agentrun_error
	r := C.agrgo_plan(&plan, rt.ptr, lendString(prompt), C.size_t(len(prompt)),
		lend(opts.Workflow), C.size_t(len(opts.Workflow)),
		lend(opts.Context), C.size_t(len(opts.Context)),
		lend(opts.Input), C.size_t(len(opts.Input)), names, &cerr)
	if r < 0 {
		return nil, takeError(r, cerr)
	}
	defer C.agentrun_plan_result_free(plan)
	out := &Plan{
		Message:      C.GoString(C.agentrun_plan_result_message(plan)),
		FinishReason: C.GoString(C.agentrun_plan_result_finish_reason(plan)),
		Model:        C.GoString(C.agentrun_plan_result_model(plan)),
		TokensUsed:   int64(C.agentrun_plan_result_tokens_used(plan)),
	}
	n := C.agentrun_plan_result_call_count(plan)
	for i := C.size_t(0); i < n; i++ {
		var size C.size_t
		arguments := C.agentrun_plan_result_call_arguments(plan, i, &size)
		out.Calls = append(out.Calls, Call{
			ID:        C.GoString(C.agentrun_plan_result_call_id(plan, i)),
			Name:      C.GoString(C.agentrun_plan_result_call_name(plan, i)),
			Arguments: copyBytes(arguments, size),
		})
	}
	return out, nil
}
