#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""check.py SOURCE_ROOT BUILD_ROOT AGENTRUN CC: the words keep up with the code.

Every public function stands in a manual page, with its prototype as in the header; every
option of the program stands in agentrun(1); every manual and file that is referred to
exists; programs and functions that are shown compile."""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

root, build, agentrun, cc = sys.argv[1:5]
faults = []


def read(*path):
    with open(os.path.join(root, *path), encoding="utf-8") as file:
        return file.read()


def squeeze(text):
    return re.sub(r"\s+", "", text)


pages = {os.path.basename(path): read("man", os.path.basename(path))
         for path in glob.glob(os.path.join(root, "man", "*.[13]"))}
markdown = ["README.md", "CHANGELOG.md"] + [
    os.path.relpath(path, root) for folder in ("docs", "examples/data")
    for path in sorted(glob.glob(os.path.join(root, folder, "*.md")))]


def functions():
    paths = glob.glob(os.path.join(root, "include", "agentrun", "**", "*.h"),
                      recursive=True)
    for path in sorted(paths):
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)
        text = re.sub(r"\) AGENTRUN_PRINTF\([^)]*\)", ")", text)
        for kind, name, arguments in re.findall(
                r"^AGENTRUN_API\s+([^;(]*?)(agentrun_\w+)\(([^;]*)\);", text, re.M):
            yield kind, name, arguments


def documented():
    found = {}
    for text in pages.values():
        for kind, name, body in re.findall(
                r'^\.Ft (.*)\n\.Fo (\S+)\n((?:\.Fa .*\n)+)\.Fc', text, re.M):
            arguments = re.findall(r'^\.Fa "?(.*?)"?$', body, re.M)
            found[name] = squeeze(kind.strip('"') + "|" + ",".join(arguments))
    return found


def check_functions():
    known, n = documented(), 0
    for kind, name, arguments in functions():
        n += 1
        wanted = squeeze(kind + "|" + arguments)
        if name not in known:
            faults.append("no manual page has the prototype of " + name)
        elif known.pop(name) != wanted:
            faults.append("the prototype of %s is not the header's" % name)
    faults.extend("no header has " + name for name in known)
    if n < 140:
        faults.append("only %d functions were found" % n)


def check_options():
    page = pages["agentrun.1"].replace("Fl Fl ", "--")
    top = subprocess.run([agentrun, "--help"], capture_output=True, text=True, check=True)
    commands = re.findall(r"^  (\w+) ", top.stdout, re.M)
    if len(commands) < 6:
        faults.append("agentrun --help lists only %s" % commands)
    for command in commands:
        if not re.search(r"^\.Ss %s$" % command, page, re.M):
            faults.append("agentrun(1) lacks the command " + command)
        done = subprocess.run([agentrun, command, "--help"], capture_output=True,
                              text=True, check=True)
        for option in set(re.findall(r"^ +(?:-\w, )?--([\w-]+)", done.stdout, re.M)):
            if not re.search(r"--%s\b" % option, page):
                faults.append("agentrun(1) lacks --%s of %s" % (option, command))


def check_steps():
    """The program knows all steps; its help and the docs list them."""
    done = subprocess.run([agentrun, "exec", '[{"step":"?"}]', "--input", os.devnull],
                          capture_output=True, text=True, check=False)
    known = re.search(r"known steps: (.*)$", done.stderr, re.M)
    steps = known.group(1).split(", ") if known else []
    if len(steps) < 18:
        faults.append("agentrun exec knows only the steps %s" % steps)
    done = subprocess.run([agentrun, "exec", "--help"], capture_output=True, text=True,
                          check=True)
    listed = re.search(r"^Steps:\n((?:  .*\n)*)", done.stdout, re.M)
    table = json.loads(subprocess.run([agentrun, "exec", "--steps"], capture_output=True,
                                      text=True, check=True).stdout)
    if not listed or [line.split(None, 1) for line in listed.group(1).splitlines()] != [
            [step["step"], step["summary"]] for step in table]:
        faults.append("agentrun exec --help does not list the steps as --steps does")
    if [step["step"] for step in table] != steps:
        faults.append("agentrun exec --steps does not list the steps %s" % steps)
    headings = re.findall(r"^### (.*)$", read("docs", "pipeline.md"), re.M)
    described = [name for heading in headings for name in heading.split(", ")]
    for step in steps:
        if described.count(step) != 1:
            faults.append("docs/pipeline.md does not describe " + step)
    for name in set(described) - set(steps):
        faults.append("docs/pipeline.md describes %s, which is no step" % name)


    for step in table:
        check_parameters(step["step"], step["parameters"]["properties"], steps)


def check_parameters(step, parameters, known_steps):
    """The step's section names all parameters, and what it lists at its beginning are
    parameters."""
    section = re.search(r"^### (?:\w+, )*%s(?:, \w+)*\n(.*?)(?=^##)" % step,
                        read("docs", "pipeline.md"), re.M | re.S)
    text = section.group(1) if section else ""
    for name in parameters:
        if name != "step" and not re.search(r"[`{ ,]%s[`:} ,]" % name, text):
            faults.append("docs/pipeline.md does not tell the parameter %s of %s" % (
                name, step))
    listed = re.match(r"\n((?:`\w+`,?\s*)+(?:and\s*`\w+`)?)", text)
    for name in re.findall(r"`(\w+)`", listed.group(1) if listed else ""):
        if name not in parameters and not name.isupper() and name not in known_steps:
            faults.append("docs/pipeline.md tells of %s a parameter %s that it has not" % (
                step, name))


def check_references():
    for name, text in pages.items():
        for other, section in re.findall(r"^\.Xr (agentrun\w*|libagentrun) (\d)", text,
                                         re.M):
            if "%s.%s" % (other, section) not in pages:
                faults.append("%s refers to %s(%s)" % (name, other, section))
        for path in re.findall(r"^\.Pa ((?:docs|examples)/\S+)", text, re.M):
            if not os.path.exists(os.path.join(root, path)):
                faults.append("%s refers to %s" % (name, path))
    folders = "|".join(("include", "lib", "backends", "cli", "docs", "examples", "man",
                        "scripts", "tests", "pkgconfig"))
    for name in markdown:
        text = read(name)
        for path in re.findall(r"\]\(([^)#:]+)[^)]*\)", text):
            place = os.path.join(root, os.path.dirname(name), path)
            if not path.startswith("http") and not os.path.exists(place):
                faults.append("%s links to %s" % (name, path))
        for path in re.findall(r"`((?:%s)/[\w./-]+)`" % folders, text):
            if not os.path.exists(os.path.join(root, path)):
                faults.append("%s names %s" % (name, path))


def snippets():
    for name, text in pages.items():
        for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S):
            if block.startswith("#include"):
                yield name, "c", block.replace("\\e", "\\")
    for name in markdown:
        for kind, block in re.findall(r"^```(c|cpp)\n(.*?)^```", read(name), re.M | re.S):
            yield name, kind, block


def check_snippets():
    with tempfile.TemporaryDirectory() as folder:
        for name, kind, block in snippets():
            path = os.path.join(folder, "snippet." + kind)
            with open(path, "w", encoding="utf-8") as out:
                out.write(block)
            done = subprocess.run(
                [cc, "-std=c11" if kind == "c" else "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
                 "-I" + os.path.join(root, "include"),
                 "-I" + os.path.join(build, "include"), path],
                capture_output=True, text=True, check=False)
            if done.returncode:
                faults.append("an example of %s does not compile:\n%s" % (name,
                                                                          done.stderr))


check_functions()
check_options()
check_steps()
check_references()
check_snippets()
print("\n".join(faults) or "fine")
sys.exit(1 if faults else 0)
