#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""check_tool.py OWN_TOOL TESTS: is the example's tool offered, called and answered for?
TESTS has the scripted provider, tests/cli."""
import json
import os
import subprocess
import sys

sys.path.insert(0, sys.argv[2])
import provider as p  # noqa: E402


def ask(*answers):
    server = p.Provider(*answers)
    env = {**os.environ, "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.url + "/v1"}
    ran = subprocess.run([sys.argv[1]], env=env, capture_output=True, text=True, timeout=60)
    server.close()
    return ran, [json.loads(request.body) for request in server.requests]


def same(got, wanted):
    assert got == wanted, (got, wanted)


ran, requests = ask(p.chat(None, p.call("stock_level", {"article": "lamp"})), p.chat("Twelve."))
same((ran.returncode, ran.stdout), (0, '[{"article":"lamp","left":12}]\n'))
same(len(requests), 2)
offered = {tool["function"]["name"]: tool["function"] for tool in requests[0]["tools"]}
same(offered["stock_level"]["parameters"]["required"], ["article"])
assert '"left":12' in json.dumps(requests[1]).replace("\\", ""), requests[1]

# What the schema does not know is not handed on: the model is told, and mends it.
ran, requests = ask(p.chat(None, p.call("stock_level", {"article": "boat"})),
                    p.chat(None, p.call("stock_level", {"article": "chair"})), p.chat("Three."))
same((ran.returncode, ran.stdout), (0, '[{"article":"chair","left":3}]\n'))
assert "boat" not in ran.stderr, ran.stderr
same(len(requests), 3)
