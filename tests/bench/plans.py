#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""plans.py PLANS H2.JS: many plans by a model at once, over HTTP/2, when the provider
takes a second for each. What it costs us, not the provider."""
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request

plans, server = sys.argv[1:]
IN_FLIGHT, TOTAL = 1000, 6000
node, openssl = shutil.which("node"), shutil.which("openssl")
if not node or not openssl:
    print("skipped: node and openssl are needed")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    cert, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    with subprocess.Popen([node, server, cert, key, "1000"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True, env={"PLAIN": "1"}) as process:
        url = f"https://127.0.0.1:{process.stdout.readline().strip()}"
        done = subprocess.run([plans, url + "/v1", cert, str(IN_FLIGHT), str(TOTAL)],
                              capture_output=True, text=True, check=False)
        context = ssl.create_default_context(cafile=cert)
        with urllib.request.urlopen(url, context=context) as answer:
            stats = json.load(answer)
        process.stdin.close()
if done.returncode:
    sys.exit(f"plans failed: {done.stderr}")
got = json.loads(done.stdout)
connections = stats["sessions"] - 1
memory = (got["rss_kib"] - got["idle_rss_kib"]) / 1024
print(f"{IN_FLIGHT} plans at once, {TOTAL} in all, 1 s of latency: {got['plans_per_s']} plans/s "
      f"(at most {IN_FLIGHT} are possible), {got['cpu_us']} us of CPU a plan, {memory:.1f} MiB over "
      f"idle, {connections} connections")
