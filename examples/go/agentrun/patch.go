// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"encoding/json"
	"unsafe"
)

// PreviewFormat is what a preview is written as.
type PreviewFormat int

// The formats of a preview.
const (
	PreviewText    PreviewFormat = C.AGENTRUN_PREVIEW_TEXT // lines for a person
	PreviewJSON    PreviewFormat = C.AGENTRUN_PREVIEW_JSON
	PreviewDOT     PreviewFormat = C.AGENTRUN_PREVIEW_DOT     // for Graphviz
	PreviewMermaid PreviewFormat = C.AGENTRUN_PREVIEW_MERMAID // for Mermaid
)

// PatchOptions say how a patch is applied and what is wanted of it.
type PatchOptions struct {
	Raw           bool // any JSON document, no workflow rules
	Inverse       bool // make the patch that undoes this one
	Preview       bool // make the preview
	PreviewFormat PreviewFormat
	Hash          bool   // make the hash of the new document
	BaseHash      string // hex SHA-256 that the document must have; "": any
	Schema        []byte // JSON Schema of a workflow; nil: the configured one
	DocumentName  string // stand for the texts in messages
	PatchName     string
}

// PatchResult is a patch that was applied.
type PatchResult struct {
	Document    json.RawMessage // the new document, compact
	Inverse     json.RawMessage // nil when it was not asked for
	Preview     string
	Hash        string // the new document's, its next BaseHash
	Operations  int
	Description string // of the patch
}

// ApplyPatch applies a JSON Patch (RFC 6902) to a workflow or, with Raw, to any
// document: all of it or nothing. The error of a refused patch lists the Violations.
// It never waits.
func (rt *Runtime) ApplyPatch(document, patch []byte, opts *PatchOptions) (*PatchResult, error) {
	if opts == nil {
		opts = &PatchOptions{}
	}
	if err := CheckText(opts.BaseHash, opts.DocumentName, opts.PatchName); err != nil {
		return nil, err
	}
	if err := rt.refs.acquire(); err != nil {
		return nil, err
	}
	defer rt.refs.release()
	c := C.agrgo_patch_options{
		raw:            flag(opts.Raw),
		want_inverse:   flag(opts.Inverse),
		want_preview:   flag(opts.Preview),
		want_hash:      flag(opts.Hash),
		preview_format: C.int(opts.PreviewFormat),
		base_hash:      text(opts.BaseHash),
		document_name:  text(opts.DocumentName),
		patch_name:     text(opts.PatchName),
	}
	defer freeText(c.base_hash, c.document_name, c.patch_name)
	var result *C.agentrun_patch_result
	var cerr *C.agentrun_error
	r := C.agrgo_apply_patch(&result, rt.ptr, lend(document), C.size_t(len(document)),
		lend(patch), C.size_t(len(patch)), lend(opts.Schema), C.size_t(len(opts.Schema)),
		c, &cerr)
	if r < 0 {
		return nil, takeError(r, cerr)
	}
	defer C.agentrun_patch_result_free(result)
	var n C.size_t
	out := &PatchResult{
		Operations:  int(C.agentrun_patch_result_operation_count(result)),
		Description: C.GoString(C.agentrun_patch_result_description(result)),
		Hash:        C.GoString(C.agentrun_patch_result_hash(result)),
	}
	p := C.agentrun_patch_result_document(result, &n)
	out.Document = copyBytes(p, n)
	if p = C.agentrun_patch_result_inverse(result, &n); p != nil {
		out.Inverse = copyBytes(p, n)
	}
	if p = C.agentrun_patch_result_preview(result, &n); p != nil {
		out.Preview = string(unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)))
	}
	return out, nil
}

// CheckWorkflow checks a workflow against the rules and a schema (nil: the configured
// one). The error lists the Violations.
func (rt *Runtime) CheckWorkflow(document, schema []byte) error {
	if err := rt.refs.acquire(); err != nil {
		return err
	}
	defer rt.refs.release()
	var cerr *C.agentrun_error
	r := C.agrgo_workflow_check(rt.ptr, lend(document), C.size_t(len(document)),
		lend(schema), C.size_t(len(schema)), &cerr)
	return takeError(r, cerr)
}

// DocumentHash is the hex SHA-256 of a document's canonical form (RFC 8785), what a
// BaseHash is.
func (rt *Runtime) DocumentHash(document []byte) (string, error) {
	if err := rt.refs.acquire(); err != nil {
		return "", err
	}
	defer rt.refs.release()
	var hex [65]C.char
	var cerr *C.agentrun_error
	r := C.agentrun_document_hash(&hex[0], rt.ptr, lend(document), C.size_t(len(document)), &cerr)
	if r < 0 {
		return "", takeError(r, cerr)
	}
	return C.GoString(&hex[0]), nil
}

func flag(on bool) C.int {
	if on {
		return 1
	}
	return 0
}
