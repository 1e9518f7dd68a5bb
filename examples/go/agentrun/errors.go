// SPDX-License-Identifier: LicenseRef-agentrun-internal

package agentrun

/*
#include "shim.h"
*/
import "C"

import (
	"strconv"
	"time"
)

// Code is what kind of failure an [Error] is. A Code is an error itself, for errors.Is.
type Code int

// The codes; docs/errors.md says what each means.
const (
	ErrInvalid      Code = C.AGENTRUN_EINVAL        // wrong use of a function
	ErrNoMemory     Code = C.AGENTRUN_ENOMEM        // out of memory
	ErrInternal     Code = C.AGENTRUN_EINTERNAL     // a defect, or the system failed
	ErrIO           Code = C.AGENTRUN_EIO           // a file, a reader or a writer failed
	ErrConfig       Code = C.AGENTRUN_ECONFIG       // the configuration is wrong
	ErrJob          Code = C.AGENTRUN_EJOB          // the job message is wrong
	ErrPlan         Code = C.AGENTRUN_EPLAN         // no plan, or one that cannot be run
	ErrInput        Code = C.AGENTRUN_EINPUT        // bad step, or input that is not rows
	ErrPipeline     Code = C.AGENTRUN_EPIPELINE     // a step failed while it ran
	ErrNetwork      Code = C.AGENTRUN_ENETWORK      // a host could not be reached
	ErrPatch        Code = C.AGENTRUN_EPATCH        // the patch or its document is wrong
	ErrPolicy       Code = C.AGENTRUN_EPOLICY       // blocked address, lane not allowed
	ErrLimit        Code = C.AGENTRUN_ELIMIT        // a configured limit was reached
	ErrRate         Code = C.AGENTRUN_ERATE         // come back later
	ErrBudget       Code = C.AGENTRUN_EBUDGET       // tokens or money are used up
	ErrModel        Code = C.AGENTRUN_ELLM          // the model's provider failed
	ErrTimeout      Code = C.AGENTRUN_ETIMEDOUT     // the deadline passed
	ErrOrchestrator Code = C.AGENTRUN_EORCHESTRATOR // the orchestrator failed
	ErrStorage      Code = C.AGENTRUN_ESTORAGE      // a store failed
	ErrBackend      Code = C.AGENTRUN_EBACKEND      // a queue or store could not be reached
	ErrNotFound     Code = C.AGENTRUN_ENOTFOUND     // no such ref, job or file
	ErrCanceled     Code = C.AGENTRUN_ECANCELLED    // somebody cancelled the job
	ErrProvider     Code = C.AGENTRUN_EPROVIDER     // the model's provider could not be reached
)

// Type is the error type of the code in result messages, such as "pipeline_error".
func (c Code) Type() string { return C.GoString(C.agentrun_error_code_type(C.int(c))) }

func (c Code) Error() string {
	return "agentrun: " + c.Type() + " (" + strconv.Itoa(int(c)) + ")"
}

// Where is the place that an error is about; members that are not known are zero.
type Where struct {
	Line, Column int    // in a text, from 1; columns count bytes
	Step         int    // of a pipeline, from 1
	Tool         string // whose call failed
}

// Error is a failure that the library reported. Get at it with errors.As.
type Error struct {
	Code       Code
	Message    string        // what, where and what to do, in one line
	Retryable  bool          // the same call may succeed later,
	RetryAfter time.Duration // after so long; 0 when nothing is known
	Where      Where
	Violations []string // what a refused patch or job does wrong

	cause error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Is makes errors.Is(err, agentrun.ErrPatch) and so on true.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap gives what a reader, a writer or the context of the call said.
func (e *Error) Unwrap() error { return e.cause }

// ErrClosed is what a call on something that is closed fails with. It is an [ErrInvalid], too.
var ErrClosed error = &Error{Code: ErrInvalid, Message: "agentrun: used after Close"}

// takeError makes a Go error of what a call returned, and frees the C one.
func takeError(code C.int, cerr *C.agentrun_error) error {
	if code >= 0 {
		return nil
	}
	if cerr == nil {
		return &Error{Code: Code(code), Message: Code(code).Error()}
	}
	out := copyError(cerr)
	C.agentrun_error_free(cerr)
	return out
}

func copyError(cerr *C.agentrun_error) *Error {
	out := &Error{
		Code:       Code(C.agentrun_error_code(cerr)),
		Message:    C.GoString(C.agentrun_error_message(cerr)),
		Retryable:  C.agentrun_error_is_retryable(cerr) != 0,
		RetryAfter: time.Duration(C.agentrun_error_retry_after_ms(cerr)) * time.Millisecond,
		Where: Where{
			Line:   int(C.agentrun_error_line(cerr)),
			Column: int(C.agentrun_error_column(cerr)),
			Step:   int(C.agentrun_error_step(cerr)),
			Tool:   C.GoString(C.agentrun_error_tool(cerr)),
		},
	}
	n := C.agentrun_error_violation_count(cerr)
	for i := C.size_t(0); i < n; i++ {
		out.Violations = append(out.Violations, C.GoString(C.agentrun_error_violation(cerr, i)))
	}
	return out
}
