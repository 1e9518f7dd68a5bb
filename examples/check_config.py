#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""check_config.py AGENTRUN CONFIG.YAML KEYS.C ENV.EXAMPLE: the sample holds every
key of the table with its default, the real parser takes it, and also the lines that
are comments; the variables it wants stand in the example of an .env."""
import os
import re
import subprocess
import sys
import tempfile

agentrun, sample, table, dotenv = map(os.path.abspath, sys.argv[1:])

KEY = re.compile(r"^( *)(# +)?([a-z_0-9]+):( .*)?$")


def known_keys():
    """name -> default, None where there is none"""
    text = open(table, encoding="utf-8").read()
    entry = re.compile(r'^\t(TEXT|INT|PORT|NUMBER|SHARE|BOOL|CHOICE|LIST)\("([^"]+)",\s*(.*)$', re.M)
    keys = {}
    for kind, name, rest in entry.findall(text):
        values = re.findall(r'"((?:[^"\\]|\\.)*)"|(NULL)', rest)
        place = 1 if kind == "CHOICE" else 0
        keys[name] = None if kind == "LIST" or values[place][1] else values[place][0]
    assert len(keys) > 50, "the table was not understood"
    return keys


def lines():
    """(key, value, is a comment) of each line of the sample that holds a key"""
    path = []
    for line in open(sample, encoding="utf-8"):
        match = KEY.match(line.rstrip("\n"))
        if not match:
            continue
        indent, mark, name, rest = match.groups()
        depth = (len(indent) + (len(mark) - 2 if mark else 0)) // 2
        path[depth:] = [name]
        value = re.sub(r"\s+#.*", "", rest or "").strip()
        if value:
            yield ".".join(path), value, bool(mark)


def load(text, environment):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        done = subprocess.run(
            [agentrun, "-c", path, "exec", '[{"step":"count"}]', "--input", "-"],
            input=b"[1,2]", capture_output=True, env=environment, cwd=folder, check=False)
    assert done.returncode == 0 and done.stdout == b'[{"count":2}]\n', done


def pattern_of(key, keys):
    for name in keys:
        if re.fullmatch(name.replace(".", r"\.").replace("*", "[^.]+"), key):
            return name
    raise AssertionError("the sample has the key %s, the table has not" % key)


keys = known_keys()
seen = {}
for key, value, comment in lines():
    name = pattern_of(key, keys)
    assert name not in seen, key + " stands twice"
    seen[name] = value
    if keys[name] is None:
        assert comment, key + " has no default and is set"
    elif not comment:
        assert value == keys[name], "%s: %s, default %s" % (key, value, keys[name])
missing = set(keys) - set(seen)
assert not missing, "the sample lacks " + ", ".join(sorted(missing))

text = open(sample, encoding="utf-8").read()
variables = set(re.findall(r"\$\{([A-Z_]+)\}", " ".join(seen.values())))
example = open(dotenv, encoding="utf-8").read()
for variable in variables:
    assert re.search("^#? *%s=" % variable, example, re.M), variable + " is not in " + dotenv

plain = {k: v for k, v in os.environ.items() if k not in variables}
load(text, plain)
commented = re.sub(r"^( *)# ( *[a-z_0-9]+:( |$))", r"\1\2", text, flags=re.M)
assert commented.count("\n  # ") == 0, "a comment is left"
load(commented, dict(plain, **{variable: "x" for variable in variables}))
print(len(keys), "keys")
