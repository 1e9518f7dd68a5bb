#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""plans.py PLANS PROVIDER: many plans by a model at once, over HTTP/2, when the provider takes
a second for each. What it costs us, not the provider."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

plans, provider = sys.argv[1:]
IN_FLIGHT, TOTAL = 1000, 10000
openssl = shutil.which("openssl")
if not openssl:
    print("skipped: openssl is needed")
    sys.exit(77)
with tempfile.TemporaryDirectory() as folder:
    cert, key = pathlib.Path(folder) / "cert.pem", pathlib.Path(folder) / "key.pem"
    subprocess.run([openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key,
                    "-out", cert], check=True, capture_output=True)
    with subprocess.Popen([provider, cert, key, "1000"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        url = f"https://127.0.0.1:{process.stdout.readline().strip()}"
        done = subprocess.run([plans, url + "/v1", cert, str(IN_FLIGHT), str(TOTAL)],
                              capture_output=True, text=True, check=False)
        process.stdin.close()
        stats = json.loads(process.stdout.read())
if done.returncode:
    sys.exit(f"plans failed: {done.stderr}")
got = json.loads(done.stdout)
memory = (got["rss_kib"] - got["idle_rss_kib"]) / 1024
print(f"{IN_FLIGHT} plans at once, {TOTAL} in all, 1 s of latency: {got['plans_per_s']} plans/s "
      f"(at most {IN_FLIGHT} are possible), {got['cpu_us']} us of CPU a plan (the provider's: "
      f"{stats['cpu_us']}), {memory:.1f} MiB over idle, {stats['sessions']} connections")
