#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""The library from Python, with ctypes alone: what does a prompt ask for, and a pipeline.

    python3 from_python.py "always email me when the price drops"

Plain functions, text and its length in and out: no wrapper is needed. ctypes lets go of the
interpreter's lock during a call, so threads run beside each other."""
import ctypes as c
import json
import sys

lib = c.CDLL("libagentrun.so.0")


class Buf(c.Structure):
    """agentrun_buf: of the library until agentrun_buf_dispose()."""
    _fields_ = [("data", c.c_void_p), ("len", c.c_size_t)]


class ExecuteOptions(c.Structure):
    """agentrun_execute_options, as far as it is used here: struct_size says so."""
    _fields_ = [("struct_size", c.c_size_t), ("input", c.c_char_p), ("input_len", c.c_size_t),
                ("input_name", c.c_char_p), ("input_format", c.c_int),
                ("output_format", c.c_int)]


P = c.c_void_p
for name, result, arguments in (
        ("ctx_new", c.c_int, (c.POINTER(P), P, c.POINTER(P))),
        ("ctx_free", None, (P,)),
        ("classify", c.c_int, (c.POINTER(P), P, c.c_char_p, c.c_size_t, P, c.POINTER(P))),
        ("intent_lane", c.c_int, (P,)),
        ("lane_name", c.c_char_p, (c.c_int,)),
        ("intent_confidence", c.c_double, (P,)),
        ("intent_free", None, (P,)),
        ("execute_options_init", None, (P, c.c_size_t)),
        ("execute_pipeline", c.c_int, (c.POINTER(Buf), P, c.c_char_p, c.c_size_t, P, c.POINTER(P))),
        ("buf_dispose", None, (c.POINTER(Buf),)),
        ("error_message", c.c_char_p, (P,)),
        ("error_free", None, (P,))):
    function = getattr(lib, "agentrun_" + name)
    function.restype, function.argtypes = result, arguments


class Agentrun:
    def __init__(self):
        self.ctx, self.err = P(), P()
        self.check(lib.agentrun_ctx_new(self.ctx, None, self.err))

    def check(self, status):
        if status < 0:
            message = lib.agentrun_error_message(self.err).decode()
            lib.agentrun_error_free(self.err)
            self.err.value = None
            raise RuntimeError(message)

    def classify(self, prompt):
        """(lane, confidence)"""
        intent, text = P(), prompt.encode()
        self.check(lib.agentrun_classify(intent, self.ctx, text, len(text), None, self.err))
        lane = lib.agentrun_lane_name(lib.agentrun_intent_lane(intent)).decode()
        found = lane, lib.agentrun_intent_confidence(intent)
        lib.agentrun_intent_free(intent)
        return found

    def execute(self, pipeline, rows):
        opts, out = ExecuteOptions(), Buf()
        lib.agentrun_execute_options_init(c.byref(opts), c.sizeof(opts))
        steps, opts.input = json.dumps(pipeline).encode(), json.dumps(rows).encode()
        opts.input_len = len(opts.input)
        self.check(lib.agentrun_execute_pipeline(out, self.ctx, steps, len(steps), c.byref(opts),
                                                 self.err))
        result = json.loads(c.string_at(out.data, out.len))
        lib.agentrun_buf_dispose(out)
        return result

    def close(self):
        lib.agentrun_ctx_free(self.ctx)


if __name__ == "__main__":
    agentrun = Agentrun()
    lane, confidence = agentrun.classify(sys.argv[1] if len(sys.argv) > 1 else "count the rows")
    print(lane, round(confidence, 2))
    print(json.dumps(agentrun.execute([{"step": "top_k", "k": 1, "by": "price"}],
                                      [{"id": 1, "price": 30}, {"id": 2, "price": 40}])))
    try:
        agentrun.execute([{"step": "fly"}], [])
    except RuntimeError as error:
        print(error)
    agentrun.close()
