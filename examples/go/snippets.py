#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""snippets.py FILE.md: what the file shows of Go, as a package that compiles where the
snippets do. `...` stands for the usual look at err."""
import re
import sys

HEAD = """package snippets

import (
	"context"
	"encoding/json"
	"errors"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"libagentrun.example/agentrun"
	"libagentrun.example/agentrun/conformance"
	"libagentrun.example/agentrun/redis"
)

// What the snippets speak of without saying what it is.
var (
	rt         *agentrun.Runtime
	ctx        context.Context
	rows       []byte
	err        error
	ask        func(json.RawMessage) chan json.RawMessage
	show       func([]string)
	retry      func(time.Duration)
	newMyQueue func(time.Duration, int) agentrun.QueueBackend
)
"""

with open(sys.argv[1], encoding="utf-8") as file:
    blocks = re.findall(r"^```go\n(.*?)^```", file.read(), re.M | re.S)
if not blocks:
    sys.exit("there is no Go in " + sys.argv[1])
print(HEAD)
for i, block in enumerate(blocks):
    if block.startswith("func "):
        print(block)
        continue
    block = re.sub(r"^\.\.\.$", "if err != nil {\n\treturn err\n}", block, flags=re.M)
    new = {name for names in re.findall(r"^([\w, ]+) :=", block, re.M)
           for name in names.split(", ")}
    print("func snippet%d() error {\n%s" % (i, block))
    print("".join("_ = %s\n" % name for name in sorted(new)) + "return nil\n}\n")
