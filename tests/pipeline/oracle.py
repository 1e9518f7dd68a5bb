# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""What each step of a pipeline is to make of rows, said as plainly as can be."""
import math
import re

from values import NULL, canon, compact, member, merged, order_key, string

INTEGER = re.compile(r"-?\d+\Z")


class Refused(Exception):
    """The run fails in the step at hand."""


# ---- fields ------------------------------------------------------------------

def parts_of(text):
    return [int(i) if i else k for k, i in re.findall(r"([^.\[\]]+)|\[(-?\d+)\]", text)]


def find(row, text):
    """The field's value, or None."""
    if row[0] != "obj":
        return None
    value = member(row, text)
    if value is not None:
        return value
    value = row
    for part in parts_of(text):
        if isinstance(part, str):
            value = member(value, part) if value[0] == "obj" else None
        elif value[0] == "arr" and -len(value[1]) <= part < len(value[1]):
            value = value[1][part]
        else:
            value = None
        if value is None:
            return None
    return value


def get(row, text):
    value = find(row, text)
    return None if value == NULL else value


# ---- order -------------------------------------------------------------------

def sorted_rows(rows, by):
    rows = list(rows)
    for field, desc in reversed(by):
        keyed = [(get(row, field), row) for row in rows]
        there = [(order_key(v), row) for v, row in keyed if v is not None]
        # reverse keeps equal ones in their order
        there.sort(key=lambda pair: pair[0], reverse=desc)
        rows = [row for _, row in there] + [row for v, row in keyed if v is None]
    return rows


def order_of(step, default):
    fallback = step.get("order", default)
    by = step.get("by", step.get("field"))
    by = by if isinstance(by, list) else [by]
    return [(b, fallback == "desc") if isinstance(b, str) else
            (b["field"], b.get("order", fallback) == "desc") for b in by]


def table_sort(rows, step):
    return sorted_rows(rows, order_of(step, "asc"))


def top_k(rows, step):
    if "by" in step:
        rows = sorted_rows(rows, order_of(step, "desc"))
    return rows[:step["k"]]


# ---- conditions --------------------------------------------------------------

def ordered(op, value, wanted):
    if value[0] != wanted[0]:
        return False
    a, b = order_key(value), order_key(wanted)
    return {"<": a < b, ">": a > b, "<=": a <= b, ">=": a >= b}[op]


def judge_text(op, value, wanted):
    if op == "contains" and value[0] == "arr":
        return canon(wanted) in map(canon, value[1])
    if value[0] != "str" or wanted[0] != "str":
        return False
    return {"contains": value[2].find(wanted[2]) >= 0,
            "starts_with": value[2].startswith(wanted[2]),
            "ends_with": value[2].endswith(wanted[2])}[op]


def meets(row, c):
    """Here a condition's value is a value of values.py."""
    for name, of in (("and", all), ("or", any)):
        if name in c:
            return of(meets(row, inner) for inner in c[name])
    if "not" in c:
        return not meets(row, c["not"])
    value, op, wanted = get(row, c["field"]), c["op"], merged(c.get("value", NULL))
    if op == "exists":
        return (value is not None) == (wanted != ("bool", False))
    if value is None:
        return False
    if op in ("==", "!="):
        return (canon(value) == canon(wanted)) == (op == "==")
    if op in ("in", "not_in"):
        return (canon(value) in map(canon, wanted[1])) == (op == "in")
    if op in ("<", ">", "<=", ">="):
        return ordered(op, value, wanted)
    return judge_text(op, value, wanted)


def table_filter(rows, step):
    return [row for row in rows if meets(row, step["condition"])]


# ---- groups ------------------------------------------------------------------

def number_text(value):
    """A double as short as it can be, written as JavaScript does."""
    if value == 0:
        return "0"
    sign, value = "-" if value < 0 else "", abs(value)
    mantissa, exp = ("%r" % value if "e" in "%r" % value else "%re0" % value).split("e")
    whole, _, rest = mantissa.partition(".")
    digits = (whole + rest).lstrip("0")
    point = len(whole) + int(exp) - (len(whole + rest) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        text = digits[:point].ljust(point, "0")
        return sign + text + ("." + digits[point:] if digits[point:] else "")
    if -6 < point <= 0:
        return sign + "0." + "0" * -point + digits
    return "%s%s%se%+d" % (sign, digits[0], "." + digits[1:] if digits[1:] else "",
                           point - 1)


def total_of(values):
    """The exact sum of integers, or the double nearest to the sum of doubles."""
    if any(v[0] != "num" for v in values):
        raise Refused
    whole = sum(int(v[1]) for v in values if INTEGER.match(v[1]))
    others = [float(v[1]) for v in values if not INTEGER.match(v[1])]
    if not others:
        return whole
    try:
        total = math.fsum(others + [float(whole)])
    except (OverflowError, ValueError):
        raise Refused from None
    if not math.isfinite(total) or not all(map(math.isfinite, others)):
        raise Refused
    return total


def aggregate(rows, agg):
    values = rows
    if "field" in agg:
        values = [v for v in (get(row, agg["field"]) for row in rows) if v is not None]
    kind = agg["agg"]
    if kind == "count":
        return ("num", str(len(values)))
    if not values:
        return NULL
    if kind in ("min", "max"):
        return (min if kind == "min" else max)(values, key=order_key)
    total = total_of(values)
    if kind == "avg":
        try:
            total = float(total) / len(values)
        except OverflowError:
            raise Refused from None
    return ("num", str(total) if isinstance(total, int) else number_text(total))


def groupby(rows, step):
    groups = {}
    for row in rows:
        values = [get(row, f) or NULL for f in step["by"]]
        groups.setdefault(tuple(map(canon, values)), (values, []))[1].append(row)
    out = []
    for values, inside in groups.values():
        members = [(string(f), v) for f, v in zip(step["by"], values)]
        for agg in step["aggs"]:
            members.append((string(agg["as"]), aggregate(inside, agg)))
        out.append(merged(("obj", members)))
    return out


# ---- joins -------------------------------------------------------------------

def join_key(row, fields):
    values = [get(row, f) for f in fields]
    return None if None in values else tuple(map(canon, values))


def joined(left, right):
    """The left's fields and the right's, each under a name of its own."""
    members, names = list(left[1]), {k[2] for k, _ in left[1]}
    own = {k[2] for k, _ in right}
    taken = set(names)
    for key, value in right:
        text = key[2]
        if text in names:
            while text in taken or text in own:
                text += "_right"
            key = ("str", key[1][:-1] + text[len(key[2]):] + '"', text)
        taken.add(text)
        members.append((key, value))
    return ("obj", members)


def join(rows, step):
    left_on = step.get("on", step.get("left_on"))
    right_on = step.get("on", step.get("right_on"))
    rights, columns = {}, {}
    for right in map(merged, step["right"][1]):
        if right[0] != "obj":
            continue
        fields = [(k, v) for k, v in right[1] if k[2] not in right_on]
        for key, _ in fields:
            columns.setdefault(key[2], (key, NULL))
        key = join_key(right, right_on)
        if key is not None:
            rights.setdefault(key, []).append(fields)
    out = []
    for row in rows:
        matches = rights.get(join_key(row, left_on), [])
        if not matches and step.get("how") == "left":
            matches = [list(columns.values())]
        out += [joined(row, m) if row[0] == "obj" else row for m in matches]
    return out


# ---- the others --------------------------------------------------------------

def table_select(rows, step):
    fields = step["fields"]
    if isinstance(fields, list):
        fields = {f: f for f in fields}
    return [("obj", [(string(name), find(row, f) or NULL)
                     for name, f in fields.items()]) for row in rows]


def replaced(v, path, value):
    """The value with what lies at the path replaced."""
    if not path:
        return value
    if v[0] == "obj":
        return ("obj", [(k, replaced(m, path[1:], value) if k[2] == path[0] else m)
                        for k, m in v[1]])
    at = path[0] % len(v[1])
    return ("arr", [replaced(e, path[1:], value) if i == at else e
                    for i, e in enumerate(v[1])])


def path_in(row, field):
    return [field] if member(row, field) is not None else parts_of(field)


def flatten(rows, step):
    out = []
    for row in rows:
        value = get(row, step["field"])
        if value is None:
            continue
        if value[0] != "arr":
            out.append(row)
            continue
        path = path_in(row, step["field"])
        out += [replaced(row, path, element) for element in value[1]]
    return out


def distinct(rows, step):
    seen = {}
    for row in rows:
        key = tuple(canon(get(row, f) or NULL) for f in step["by"]) \
            if "by" in step else canon(row)
        seen.setdefault(key, row)
    return list(seen.values())


def rename_in(v, names, at):
    """What lies at the path `at`, with the members whose path is in names renamed."""
    if v[0] == "arr":
        return ("arr", [rename_in(e, names, at + (i,)) for i, e in enumerate(v[1])])
    if v[0] != "obj":
        return v
    members = {}
    for key, value in v[1]:
        new = names.get(at + (key[2],))
        name = string(new) if new is not None else key
        value = rename_in(value, names, at + (key[2],))
        known = members.get(name[2])
        if known is None:
            members[name[2]] = (name, value, new is not None)
        elif new is not None or not known[2]:
            members[name[2]] = (known[0], value, new is not None)
    return ("obj", [(k, m) for k, m, _ in members.values()])


def rename(rows, step):
    out = []
    for row in rows:
        names = {}
        for old, new in step["fields"].items():
            if find(row, old) is not None:
                names.setdefault(tuple(path_in(row, old)), new)
        out.append(rename_in(row, names, ()))
    return out


STEPS = {
    "table_sort": table_sort, "table_filter": table_filter, "table_select": table_select,
    "top_k": top_k, "groupby": groupby, "join": join, "flatten": flatten,
    "distinct": distinct, "rename": rename,
    "limit": lambda rows, step: rows[:step["n"]],
    "offset": lambda rows, step: rows[step["n"]:],
    "count": lambda rows, step: [("obj", [(string("count"), ("num", str(len(rows))))])],
}


def run(rows, pipeline):
    """The rows that come out; or the number of the step that refuses."""
    rows = [merged(row) for row in rows]
    for number, step in enumerate(pipeline, 1):
        try:
            rows = STEPS[step["step"]](rows, step)
        except Refused:
            return number
    return [compact(row) for row in rows]
