// SPDX-License-Identifier: LicenseRef-agentrun-internal

// Package peer runs what the benchmarks run, but in C: what there is to reach.
package peer

/*
#cgo pkg-config: agentrun
#cgo CFLAGS: -std=c11 -D_GNU_SOURCE
#include <time.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/step.h>

// Nanoseconds that `rounds` calls took, or an error code.
static int64_t execute(const char *pipeline, size_t pipeline_len, const char *input,
	size_t input_len, uint32_t threads, int rounds)
{
	struct timespec from, to;
	agentrun_buf out = AGENTRUN_BUF_INIT;
	agentrun_execute_options opts;
	agentrun_ctx *ctx;
	int r = agentrun_ctx_new(&ctx, NULL, NULL);

	if (r < 0)
		return r;
	agentrun_execute_options_init(&opts, sizeof(opts));
	opts.input = input;
	opts.input_len = input_len;
	opts.threads = threads;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; r == 0 && i < rounds; i++)
		r = agentrun_execute_pipeline(&out, ctx, pipeline, pipeline_len, &opts, NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	agentrun_buf_dispose(&out);
	agentrun_ctx_free(ctx);
	if (r < 0)
		return r;
	return (int64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec);
}

static int push_same(void *self, void *plan, void *run, const char *row, size_t len,
	agentrun_step_emit_fn emit, void *to, agentrun_error **err)
{
	(void)self, (void)plan, (void)run;
	return emit(to, row, len, err);
}

static int add_same(agentrun_ctx *ctx, const char *name)
{
	static agentrun_step_impl impl = {
		.version = AGENTRUN_STEP_IMPL_VERSION,
		.struct_size = sizeof(impl),
		.push = push_same,
	};

	impl.name = name;
	return agentrun_ctx_add_step(ctx, &impl, NULL, NULL);
}
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// Execute runs a pipeline over and over, without a crossing between.
func Execute(pipeline, input []byte, threads, rounds int) (time.Duration, error) {
	ns := C.execute((*C.char)(unsafe.Pointer(&pipeline[0])), C.size_t(len(pipeline)),
		(*C.char)(unsafe.Pointer(&input[0])), C.size_t(len(input)),
		C.uint32_t(threads), C.int(rounds))
	if ns < 0 {
		return 0, fmt.Errorf("peer: code %d", int64(ns))
	}
	return time.Duration(ns), nil
}

// Cross calls a function that does next to nothing.
func Cross() uint32 { return uint32(C.agentrun_version_number()) }

// AddSame registers a step that hands rows on as they are.
func AddSame(ctx unsafe.Pointer, name string) error {
	if r := C.add_same((*C.agentrun_ctx)(ctx), C.CString(name)); r < 0 { // the name is static
		return fmt.Errorf("peer: code %d", int(r))
	}
	return nil
}
