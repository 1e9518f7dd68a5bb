// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package agentrun runs agent jobs in this process: it classifies a prompt, plans
// it, runs data pipelines, patches workflows, keeps results, and works off many jobs
// at once. It is libagentrun through cgo and wants nothing else:
//
//	rt, err := agentrun.New(nil)
//	if err != nil {
//		return err
//	}
//	defer rt.Close()
//	rows, err := rt.ExecutePipeline(ctx, []byte(`[{"step":"count"}]`), data, nil)
//
// # Ownership
//
// What a call takes is only read while the call runs; what it returns is Go memory.
// A [Runtime], a [Store], a [Queue], an [Engine] and a [Worker] hold memory of C: Close
// them. One that is still in use by another call, or by what was made with it, is freed
// when that ends, so the order of Close does not matter. A finalizer closes what was
// forgotten, some time.
//
// # Goroutines and threads
//
// All methods of these may be called from any number of
// goroutines. A call of C has an OS thread while it runs: ExecutePipeline with a step
// that asks the network, and Plan with a provider, hold theirs until the answer is
// there. Work that waits belongs in an [Engine], where a job has no thread while it
// waits, and neither have the goroutines that wait for its result.
//
// # Written in Go
//
// [Step] and [Tool] are steps of pipelines and tools of models; a [StoreBackend] and a
// [QueueBackend] are what a Store and a Queue are made of. They are called on threads of
// the library, several at once. The folders below bind backends that are written in C.
//
// # Errors
//
// Errors of the library are of type [*Error]; errors.Is compares them with the codes,
// as in errors.Is(err, agentrun.ErrLimit).
package agentrun

/*
#cgo pkg-config: agentrun
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include "shim.h"
*/
import "C"

import (
	"fmt"
	"math"
	"runtime"
	"runtime/cgo"
	"sync/atomic"
	"unsafe"
)

// Version is that of the library that runs, such as "0.1.0".
func Version() string { return C.GoString(C.agentrun_version()) }

// Level tells how much a log event matters.
type Level int

// The levels of the log.
const (
	LevelDebug Level = iota
	LevelInfo
	LevelWarn
	LevelError
)

// LogEvent is something that happened.
type LogEvent struct {
	Level        Level
	Subject      string // "engine", "llm", ...
	Message      string // one line for a person
	JobID, RunID string // what it is about, or ""
}

// Options say how a [Runtime] is configured. Each member stands above those before it.
type Options struct {
	ConfigFile string            // a YAML file
	ConfigText []byte            // YAML text
	Env        bool              // read OPENAI_API_KEY, REDIS_URL and so on
	Set        map[string]string // single keys, such as "limits.max_threads"

	// Log takes events of LogLevel and above; nil: none. It is called several times at
	// once, and must not call back into this package. A panic of it is lost.
	Log      func(LogEvent)
	LogLevel Level

	Steps []Step // of pipelines, written in Go
	Tools []Tool // that a model may call, likewise
}

// Runtime is what all calls share: configuration, log, HTTP connections. Make one.
type Runtime struct {
	ptr  *C.agentrun_ctx
	refs refs
}

// New makes a Runtime; nil options mean the built-in configuration.
func New(opts *Options) (*Runtime, error) {
	if opts == nil {
		opts = &Options{}
	}
	config, err := newConfig(opts)
	if err != nil {
		return nil, err
	}
	defer C.agentrun_config_free(config)

	var log cgo.Handle
	if opts.Log != nil {
		log = cgo.NewHandle(opts.Log)
	}
	rt := &Runtime{}
	var cerr *C.agentrun_error
	if r := C.agrgo_ctx_new(&rt.ptr, config, C.uintptr_t(log), C.int(opts.LogLevel), &cerr); r < 0 {
		if log != 0 {
			log.Delete()
		}
		return nil, takeError(r, cerr)
	}
	ptr := rt.ptr
	rt.refs.free = func() {
		C.agentrun_ctx_free(ptr)
		if log != 0 {
			log.Delete()
		}
	}
	runtime.SetFinalizer(rt, (*Runtime).Close)
	if err := rt.extend(opts.Steps, opts.Tools); err != nil {
		rt.Close()
		return nil, err
	}
	return rt, nil
}

// Close frees the Runtime once no call and no Engine uses it. It may be called again.
func (rt *Runtime) Close() error {
	runtime.SetFinalizer(rt, nil)
	rt.refs.close()
	return nil
}

func newConfig(opts *Options) (*C.agentrun_config, error) {
	texts := []string{opts.ConfigFile}
	for key, value := range opts.Set {
		texts = append(texts, key, value)
	}
	if err := CheckText(texts...); err != nil {
		return nil, err
	}
	var config *C.agentrun_config
	var cerr *C.agentrun_error
	r := C.agentrun_config_new(&config, &cerr)
	if r == 0 && opts.ConfigFile != "" {
		path := C.CString(opts.ConfigFile)
		r = C.agentrun_config_load_file(config, path, &cerr)
		C.free(unsafe.Pointer(path))
	}
	if r == 0 && len(opts.ConfigText) > 0 {
		name := C.CString("Options.ConfigText")
		r = C.agentrun_config_load_text(config, name, lend(opts.ConfigText),
			C.size_t(len(opts.ConfigText)), &cerr)
		C.free(unsafe.Pointer(name))
	}
	if r == 0 && opts.Env {
		r = C.agentrun_config_load_env(config, &cerr)
	}
	for key, value := range opts.Set {
		if r != 0 {
			break
		}
		k, v := C.CString(key), C.CString(value)
		r = C.agentrun_config_set(config, k, v, &cerr)
		C.free(unsafe.Pointer(k))
		C.free(unsafe.Pointer(v))
	}
	if r < 0 {
		C.agentrun_config_free(config)
		return nil, takeError(r, cerr)
	}
	return config, nil
}

// refs counts who uses an object of C, so that it is freed when the last is done.
type refs struct {
	state atomic.Int64 // users, and closedBit
	free  func()
}

const closedBit = math.MinInt64

func (c *refs) acquire() error {
	if c.free == nil {
		return &Error{Code: ErrInvalid, Message: "agentrun: it was not made by a function of this package"}
	}
	for {
		v := c.state.Load()
		if v < 0 {
			return ErrClosed
		}
		if c.state.CompareAndSwap(v, v+1) {
			return nil
		}
	}
}

func (c *refs) release() {
	if c.state.Add(-1) == closedBit {
		c.free()
	}
}

// giveAway closes without freeing, where nobody uses it.
func (c *refs) giveAway() error {
	if !c.state.CompareAndSwap(0, closedBit) {
		return &Error{Code: ErrInvalid, Message: "agentrun: it is in use, or closed"}
	}
	return nil
}

func (c *refs) close() {
	for {
		v := c.state.Load()
		if v < 0 {
			return
		}
		if c.state.CompareAndSwap(v, v|closedBit) {
			if v == 0 && c.free != nil {
				c.free()
			}
			return
		}
	}
}

// acquireAll acquires all or none, and gives what releases them.
func acquireAll(all []*refs) (release func(), err error) {
	for i, r := range all {
		if err := r.acquire(); err != nil {
			for _, got := range all[:i] {
				got.release()
			}
			return nil, err
		}
	}
	return func() {
		for _, r := range all {
			r.release()
		}
	}, nil
}

// lend gives a slice's bytes to C for one call. What it points to holds no pointers, so
// cgo has nothing to forbid. An empty slice that is not nil is not NULL.
func lend(b []byte) *C.char {
	if len(b) > 0 {
		return (*C.char)(unsafe.Pointer(&b[0]))
	}
	if b != nil {
		return (*C.char)(unsafe.Pointer(&nothing))
	}
	return nil
}

var nothing byte

// copyBytes copies bytes of C, however many; C.GoBytes stops at 2 GiB.
func copyBytes(p *C.char, n C.size_t) []byte {
	if p == nil {
		return nil
	}
	out := make([]byte, int(n))
	copy(out, unsafe.Slice((*byte)(unsafe.Pointer(p)), int(n)))
	return out
}

// checkCounts refuses numbers that C cannot be told.
func checkCounts(all ...int) error {
	for _, n := range all {
		if n < 0 || uint64(n) > math.MaxUint32 {
			return &Error{Code: ErrInvalid, Message: fmt.Sprintf("agentrun: %d is no number of anything", n)}
		}
	}
	return nil
}

// text is a copy in C's memory, NULL for "".
func text(s string) *C.char {
	if s == "" {
		return nil
	}
	return C.CString(s)
}

func freeText(all ...*C.char) {
	for _, p := range all {
		C.free(unsafe.Pointer(p))
	}
}

// takeBuf copies a buffer of C and releases it.
func takeBuf(buf *C.agentrun_buf) []byte {
	out := copyBytes(buf.data, buf.len)
	C.agentrun_buf_dispose(buf)
	return out
}

// lendString is lend for a string; C only reads it.
func lendString(s string) *C.char {
	if s == "" {
		return (*C.char)(unsafe.Pointer(&nothing))
	}
	return (*C.char)(unsafe.Pointer(unsafe.StringData(s)))
}
