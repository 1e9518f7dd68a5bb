#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Runs prompts as people type them and judges what comes out.

The expected rows and workflows are computed here, from the data and a small
description beside each prompt, and never by the library. Three verdicts: right,
unclear (it said that it did not understand) and WRONG, a confident answer to a
question that was not asked. One WRONG fails the run, and so does a share of right
answers below the floor in floor.json. A prompt has `expect`, or in `accept` all that
would be right (of rows: filter, distinct, count, group, having, sort, skip, take,
columns, select, done in that order; "@1" is a column of the groups; of workflows: the
edits). "refused" accepts a plan that the patch rules refuse.
"""
import argparse
import copy
import csv
import itertools
import json
import math
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = ("execute", "patch", "hostile")
MISSING = object()


# Data

def cell(text):
	for kind in (int, float):
		try:
			return kind(text)
		except ValueError:
			pass
	return text if text else None


def load(name):
	path = os.path.join(HERE, "data", name)
	with open(path, encoding="utf-8") as f:
		if name.endswith(".csv"):
			return [{k: cell(v) for k, v in row.items()} for row in csv.DictReader(f)]
		if name.endswith(".ndjson"):
			return [json.loads(line) for line in f]
		return json.load(f)


def field(row, path):
	for part in path.split("."):
		if not isinstance(row, dict) or part not in row:
			return None
		row = row[part]
	return row


# The reference: rows

def same_kind(a, b):
	numbers = (int, float)
	if isinstance(a, bool) or isinstance(b, bool):
		return isinstance(a, bool) and isinstance(b, bool)
	return isinstance(a, numbers) and isinstance(b, numbers) or type(a) is type(b)


def holds(row, cond):
	if isinstance(cond, dict):
		(word, inner), = cond.items()
		if word == "not":
			return not holds(row, inner)
		results = [holds(row, c) for c in inner]
		return any(results) if word == "or" else all(results)
	path, op, want = cond
	have = field(row, path)
	if have is None:
		return False
	if op == "==":
		return same_kind(have, want) and have == want
	if op == "!=":
		return not same_kind(have, want) or have != want
	if op == "in":
		return have in want
	if op == "contains":
		return want in have
	if op == "icontains":
		return want.lower() in have.lower()
	if op == "starts":
		return have.startswith(want)
	if op == "ends":
		return have.endswith(want)
	if not same_kind(have, want):
		return False
	return {"<": have < want, "<=": have <= want, ">": have > want, ">=": have >= want}[op]


def aggregate(rows, agg):
	kind = agg[0]
	if kind == "count":
		return len(rows)
	values = [v for v in (field(r, agg[1]) for r in rows) if v is not None]
	if kind == "distinct":
		return len({json.dumps(v) for v in values})
	if not values:
		return None
	if kind == "avg":
		return math.fsum(values) / len(values)
	return {"sum": math.fsum, "min": min, "max": max}[kind](values)


def group(rows, spec):
	groups = {}
	for row in rows:
		key = [field(row, p) for p in spec["by"]]
		groups.setdefault(json.dumps(key), (key, []))[1].append(row)
	if not spec["by"]:
		groups = {"": ([], rows)}
	return [key + [aggregate(members, a) for a in spec["aggs"]]
		for key, members in groups.values()]


def sort_rows(rows, by):
	for path, order in reversed(by):
		if path.startswith("@"):
			def get(row, i=int(path[1:])):
				return row[i]
		else:
			def get(row, p=path):
				return field(row, p)
		there = [r for r in rows if get(r) is not None]
		gone = [r for r in rows if get(r) is None]
		rows = sorted(there, key=get, reverse=order == "desc")
		rows += gone
	return rows


def distinct(rows, fields):
	seen, out = set(), []
	for row in rows:
		key = json.dumps([field(row, p) for p in fields])
		if key not in seen:
			seen.add(key)
			out.append(row)
	return out


def expected_rows(rows, e):
	"""The rows, each a dict, or the list of a group's values."""
	rows = [r for r in rows if all(holds(r, c) for c in e.get("filter") or [])]
	if e.get("distinct"):
		rows = distinct(rows, e["distinct"])
	if e.get("count"):
		return [[len(rows)]]
	if e.get("group"):
		rows = group(rows, e["group"])
		rows = [r for r in rows if all(holds({"@": r[int(c[0][1:])]}, ["@"] + c[1:])
			for c in e.get("having") or [])]
	rows = sort_rows(rows, e.get("sort") or [])
	rows = rows[e.get("skip") or 0:]
	if e.get("take") is not None:
		rows = rows[:e["take"]]
	if e.get("columns"):
		rows = [[r[i] for i in e["columns"]] for r in rows]
	if e.get("select"):
		rows = [{p: field(r, p) for p in e["select"]} for r in rows]
	return rows


def close(a, b):
	if isinstance(a, float) or isinstance(b, float):
		return same_kind(a, b) and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
	if isinstance(a, dict) and isinstance(b, dict):
		return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
	if isinstance(a, list) and isinstance(b, list):
		return len(a) == len(b) and all(map(close, a, b))
	return type(a) is type(b) and a == b


def like_row(want, have):
	if not isinstance(have, dict):
		return False
	return close(want, list(have.values()) if isinstance(want, list) else have)


def same_rows(want, have, ordered):
	if not isinstance(have, list) or len(want) != len(have):
		return False
	if ordered:
		return all(map(like_row, want, have))
	rest = list(have)
	for w in want:
		for i, h in enumerate(rest):
			if like_row(w, h):
				del rest[i]
				break
		else:
			return False
	return True


# The reference: workflows

def edge(flow, a, b):
	for e in flow["edges"]:
		if e["from"] == a and e["to"] == b:
			return e
	raise KeyError("no edge %s -> %s" % (a, b))


def node(flow, name):
	return next(n for n in flow["nodes"] if n["id"] == name)


def put(thing, path, value):
	*way, last = path.split("/")
	for part in way:
		thing = thing.setdefault(part, {})
	if value is MISSING:
		thing.pop(last, None)
	else:
		thing[last] = value


def remove_node(flow, name, heal):
	into = [e for e in flow["edges"] if e["to"] == name]
	out = [e for e in flow["edges"] if e["from"] == name]
	flow["nodes"] = [n for n in flow["nodes"] if n["id"] != name]
	flow["edges"] = [e for e in flow["edges"] if name not in (e["from"], e["to"])]
	if heal:
		for a in into:
			for b in out:
				e = {"from": a["from"], "to": b["to"]}
				cond = a.get("condition", b.get("condition"))
				if cond is not None:
					e["condition"] = cond
				flow["edges"].append(e)


def rename_node(flow, old, new):
	node(flow, old)["id"] = new
	for e in flow["edges"]:
		for end in ("from", "to"):
			if e[end] == old:
				e[end] = new


def edit(flow, op, heal):
	kind, *args = op
	if kind == "add":
		flow["nodes"].append(args[0])
	elif kind == "remove":
		remove_node(flow, args[0], heal)
	elif kind == "rename":
		rename_node(flow, *args)
	elif kind == "set":
		put(node(flow, args[0]), args[1], args[2])
	elif kind == "unset":
		put(node(flow, args[0]), args[1], MISSING)
	elif kind == "edge":
		e = {"from": args[0], "to": args[1]}
		if len(args) > 2:
			e["condition"] = args[2]
		flow["edges"].append(e)
	elif kind == "cut":
		flow["edges"].remove(edge(flow, *args))
	elif kind == "edge_set":
		put(edge(flow, args[0], args[1]), args[2], args[3])
	elif kind == "edge_unset":
		put(edge(flow, args[0], args[1]), args[2], MISSING)
	else:
		raise ValueError(kind)


def matches(want, have):
	"""A value that is {"has": [texts]} is any text that holds one of them, {"any": []}
	one of these, {"some": true} whatever there is."""
	if isinstance(want, dict) and len(want) == 1:
		(word, arg), = want.items()
		if word == "has":
			return isinstance(have, str) and any(t in have.lower() for t in arg)
		if word == "any":
			return have in arg
		if word == "some":
			return have is not None
	if isinstance(want, dict) and isinstance(have, dict):
		return want.keys() == have.keys() and all(matches(want[k], have[k]) for k in want)
	return close(want, have)


def plain(new):
	"""A new node without the members that say nothing."""
	return {k: v for k, v in new.items() if v != {} and k not in ("name", "label")}


def same_flow(want, have, old):
	"""An id that begins with * stands for one that the planner thought of."""
	if not isinstance(have, dict) or set(have) != set(old):
		return False
	wild = [n["id"] for n in want["nodes"] if n["id"].startswith("*")]
	known = {n["id"] for n in old["nodes"] + want["nodes"]}
	fresh = [n["id"] for n in have["nodes"] if n["id"] not in known]
	if len(wild) != len(fresh) or len(wild) > 3:
		return False
	for ids in itertools.permutations(fresh):
		guess = copy.deepcopy(want)
		for star, name in zip(wild, ids):
			rename_node(guess, star, name)
		if same_named_flow(guess, have, {n["id"] for n in old["nodes"]}):
			return True
	return False


def same_named_flow(want, have, names):
	if len(have["nodes"]) != len(want["nodes"]):
		return False
	by_id = {n["id"]: n for n in have["nodes"]}
	for w in want["nodes"]:
		h = by_id.get(w["id"])
		if h is None:
			return False
		if w.pop("loose", False):
			h = {k: h[k] for k in w if k in h}
		elif w["id"] not in names:
			h = plain(h)
		if not matches(w, h):
			return False
	rest = list(have["edges"])
	for w in want["edges"]:
		found = next((e for e in rest if matches(w, e)), None)
		if found is None:
			return False
		rest.remove(found)
	return not rest


# Running and judging

class Runner:
	def __init__(self, program):
		self.program = program
		self.data = {}

	def call(self, case, *more):
		where = "--workflow" if "workflow" in case else "--input"
		name = case.get("workflow") or case["data"]
		args = [self.program, "run", case["prompt"], where,
			os.path.join(HERE, "data", name), "--planner", "builtin"]
		p = subprocess.run(args + list(more), stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
		return p.returncode, p.stdout.decode("utf-8")

	def original(self, case):
		name = case.get("workflow") or case["data"]
		if name not in self.data:
			self.data[name] = load(name)
		return copy.deepcopy(self.data[name])

	def run(self, case):
		"""(outcome, message, planned calls, output)"""
		_, text = self.call(case)
		result = json.loads(text)
		meta = result.get("metadata") or {}
		message = meta.get("message") or (result.get("error") or {}).get("message", "")
		calls = [c["function"] for c in meta.get("tool_calls") or []]
		planned = "; ".join(c["arguments"] for c in calls)
		if result["status"] != "completed":
			kind = result["error"]["type"]
			if kind == "invalid_plan" and not calls:
				return "unclear", message, planned, None
			return "refused", result["error"]["message"], planned, None
		if not calls:
			return "unclear", message, planned, None
		code, text = self.call(case, "--output", "json")
		return "done", message, planned, json.loads(text) if code == 0 else None

	def fits(self, case, expect, output):
		if "workflow" not in case:
			want = expected_rows(self.original(case), expect)
			return same_rows(want, output, bool(expect.get("sort")))
		for heal in (True, False):
			old = self.original(case)
			want = copy.deepcopy(old)
			for op in copy.deepcopy(expect):
				edit(want, op, heal)
			if same_flow(want, output, old):
				return True
		return False

	def judge(self, case):
		outcome, message, planned, output = self.run(case)
		if outcome == "unclear":
			verdict = "unclear"
		elif outcome == "refused":
			verdict = "right" if "refused" in case["accept"] else "WRONG"
		elif any(self.fits(case, e, output) for e in case["accept"] if e != "refused"):
			verdict = "right"
		else:
			verdict = "WRONG"
		return verdict, message, planned, output


def read_cases(name):
	cases = []
	with open(os.path.join(HERE, name + ".jsonl"), encoding="utf-8") as f:
		for number, line in enumerate(f, 1):
			if not line.strip():
				continue
			case = json.loads(line)
			case["line"] = number
			if "accept" not in case:
				case["accept"] = [case["expect"]] if "expect" in case else []
			cases.append(case)
	return cases


def run_file(runner, name, options):
	counts = {"right": 0, "unclear": 0, "WRONG": 0}
	for case in read_cases(name):
		verdict, message, planned, output = runner.judge(case)
		counts[verdict] += 1
		if verdict != "right" and (verdict == "WRONG" or options.verbose):
			print("%s:%d %s: %s" % (name, case["line"], verdict, case["prompt"]))
			print("\t%s" % message)
			if verdict == "WRONG":
				print("\t%s" % planned)
				print("\t%s" % json.dumps(output)[:400])
	return counts


def main():
	parser = argparse.ArgumentParser()
	parser.add_argument("program", help="the agentrun binary")
	parser.add_argument("-v", "--verbose", action="store_true", help="also what was unclear")
	parser.add_argument("-f", "--file", choices=FILES, help="only this file")
	options = parser.parse_args()
	with open(os.path.join(HERE, "floor.json"), encoding="utf-8") as f:
		floors = json.load(f)
	runner = Runner(options.program)
	failed = False
	table = []
	for name in (options.file,) if options.file else FILES:
		counts = run_file(runner, name, options)
		share = 100 * counts["right"] / max(1, sum(counts.values()))
		low = share < floors.get(name, 0)
		failed = failed or low or counts["WRONG"] > 0
		table.append((name, counts["right"], counts["unclear"], counts["WRONG"],
			"%.1f%%" % share, "below the floor of %d%%" % floors[name] if low else ""))
	print("%-10s %6s %8s %6s %8s" % ("file", "right", "unclear", "WRONG", "share"))
	for row in table:
		print("%-10s %6d %8d %6d %8s %s" % row)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
