#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""check_readme.py SOURCE_ROOT AGENTRUN: the commands of README.md print what it says."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

root, agentrun = sys.argv[1], os.path.abspath(sys.argv[2])
if not shutil.which("jq"):
    print("jq is not installed")
    sys.exit(77)


def commands():
    """(command, what it prints) of the indented lines that begin with "$ ". """
    with open(os.path.join(root, "README.md"), encoding="utf-8") as readme:
        for block in re.findall(r"(?:^    .*\n)+", readme.read(), re.M):
            for part in re.split(r"^    \$ ", block, flags=re.M)[1:]:
                command, *output = [re.sub("^    ", "", line)
                                    for line in part.rstrip("\n").split("\n")]
                yield command, "\n".join(output)


faults = 0
with tempfile.TemporaryDirectory() as folder:
    os.symlink(os.path.join(root, "examples"), os.path.join(folder, "examples"))
    environment = dict(os.environ, PATH=os.path.dirname(agentrun) + ":" +
                       os.environ["PATH"])
    environment.pop("AGENTRUN_CONFIG", None)
    n = 0
    for command, wanted in commands():
        n += 1
        done = subprocess.run(command, shell=True, cwd=folder, env=environment,
                              capture_output=True, text=True, check=False)
        have = (done.stdout + done.stderr).rstrip("\n")
        if have != wanted:
            faults += 1
            print("$ %s\nwanted:\n%s\nhave:\n%s" % (command, wanted, have))
    if n < 8:
        faults += 1
        print("only %d commands were found" % n)
print(faults, "faults")
sys.exit(1 if faults else 0)
