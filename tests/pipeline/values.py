# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""JSON values that remember how they were written, and random ones.

A value is a tuple: ("null",), ("bool", b), ("num", raw), ("str", raw, text),
("arr", [values]) or ("obj", [(key, value)]), where a key is a "str"."""
import decimal
import random

NULL = ("null",)
LONE = "\ufffd"  # what half a surrogate pair reads as


# ---- what a value is ---------------------------------------------------------

def number_key(raw):
    """Sign, digits and exponent: the same for all spellings of a number."""
    sign, digits, exp = decimal.Decimal(raw).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    short = text.rstrip("0")
    return (sign, short, exp + len(text) - len(short)) if short else (0, "", 0)


def canon(v):
    """Equal for equal values; fit for a dictionary."""
    kind = v[0]
    if kind == "num":
        return ("num", number_key(v[1]))
    if kind == "str":
        return ("str", v[2])
    if kind == "arr":
        return ("arr", tuple(map(canon, v[1])))
    if kind == "obj":
        return ("obj", tuple(sorted((k[2], canon(m)) for k, m in v[1])))
    return v


def order_key(v):
    """Python's order of these is the order of the values."""
    kind = v[0]
    if kind == "num":
        return (3, decimal.Decimal(v[1]))
    if kind == "str":
        return (4, v[2])
    if kind == "arr":
        return (5, list(map(order_key, v[1])))
    if kind == "obj":
        members = sorted((k[2], i) for i, (k, _) in enumerate(v[1]))
        return (6, [k for k, _ in members],
                [order_key(v[1][i][1]) for _, i in members])
    return (0,) if kind == "null" else (2 if v[1] else 1,)


def merged(v):
    """Without duplicate keys: the last value, at the first's place."""
    if v[0] == "arr":
        return ("arr", [merged(e) for e in v[1]])
    if v[0] != "obj":
        return v
    members = {}
    for key, value in v[1]:
        members[key[2]] = (members.get(key[2], (key,))[0], merged(value))
    return ("obj", list(members.values()))


def member(v, text):
    for key, value in v[1]:
        if key[2] == text:
            return value
    return None


# ---- text --------------------------------------------------------------------

def compact(v):
    kind = v[0]
    if kind == "arr":
        return "[" + ",".join(map(compact, v[1])) + "]"
    if kind == "obj":
        return "{" + ",".join(k[1] + ":" + compact(m) for k, m in v[1]) + "}"
    if kind == "bool":
        return "true" if v[1] else "false"
    return "null" if kind == "null" else v[1]


def spaced(v, space):
    """With white space from `space()` wherever it may be."""
    kind = v[0]
    if kind == "arr":
        inner = ",".join(space() + spaced(e, space) + space() for e in v[1])
        return "[" + (inner or space()) + "]"
    if kind == "obj":
        inner = ",".join(space() + k[1] + space() + ":" + space() + spaced(m, space) +
                         space() for k, m in v[1])
        return "{" + (inner or space()) + "}"
    return compact(v)


def spell(text, rng=None):
    """A JSON string of the text, with escapes where rng has it so."""
    out = []
    for c in text:
        code = ord(c)
        if rng and rng.random() < 0.08:
            units = c.encode("utf-16-be")
            out += ["\\u%02x%02X" % (units[i], units[i + 1])
                    for i in range(0, len(units), 2)]
        elif c in '"\\' or (c == "/" and rng and rng.random() < 0.3):
            out.append("\\" + c)
        elif code < 0x20:
            known = {8: "b", 12: "f", 10: "n", 13: "r", 9: "t"}.get(code)
            out.append("\\" + known if known else "\\u%04x" % code)
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def string(text, rng=None):
    return ("str", spell(text, rng), text)


# ---- random ones --------------------------------------------------------------

NUMBERS = """0 -0 0.0 -0.0 0e5 1 1.0 1.00 1e0 10e-1 0.1e1 2 3 10 1e1 100 1E2 1E+2 -1 -1.0
    0.1 0.10 0.1000000000000000000001 0.5 5e-1 -0.5 99.99 99.990 1e400 10e399 1e401 -1e400
    1e-400
    1e-401 -1e-400 9007199254740992 9007199254740993 9007199254740992.0 9007199254740994
    123456789012345 123456789012345.0 1234567890123456 0.123456789012345
    9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809
    18446744073709551616 123456789012345678901234567890 123456789012345678901234567891
    1.7976931348623157e308 4.9e-324 2.5e-324 1.00000000000000000001""".split()
TEXTS = ["", "a", "ab", "abc", "abc\0", "abc\0d", "abcdefg", "abcdefgh", "abcdefg\0", "b",
         "abcdefghi", "abcdefghj", "abcdefgh\0", "A", "é", "e\u0301", "日本", "\U0001f600",
         "\uffff", "\ue000", "a/b", 'q"q', "back\\slash", "\n", "\x7f", "1", "null", "\0", "\0\0"]


class Random(random.Random):
    """Values, tables and white space."""

    def number(self):
        if self.random() < 0.4:
            return ("num", self.choice(NUMBERS))
        whole = str(self.randrange(10 ** self.randrange(1, 6)))
        sign = self.choice(["", "", "-"])
        if self.random() < 0.5:
            return ("num", sign + whole)
        return ("num", "%s%s.%0*d" % (sign, whole, self.randrange(1, 4), self.randrange(10)))

    def text(self):
        if self.random() < 0.03:
            half = "\\u%04x" % self.randrange(0xd800, 0xe000)
            return ("str", '"x' + half + 'y"', "x" + LONE + "y")
        if self.random() < 0.3:
            return string("prefix-%d" % self.randrange(50), self)
        if self.random() < 0.02:
            return string("long" * self.randrange(100), self)
        return string(self.choice(TEXTS), self)

    def value(self, depth=2):
        what = self.random()
        if what < 0.35:
            return self.number()
        if what < 0.65:
            return self.text()
        if what < 0.75:
            return ("bool", self.random() < 0.5)
        if what < 0.8 or not depth:
            return NULL
        if what < 0.9:
            return ("arr", [self.value(depth - 1) for _ in range(self.randrange(4))])
        return self.object(["x", "y", "z", "a.b"], depth - 1)

    def object(self, keys, depth):
        names = [k for k in keys if self.random() < 0.5]
        if names and self.random() < 0.05:
            names.append(self.choice(names))
        return ("obj", [(string(k, self if self.random() < 0.1 else None),
                         self.value(depth)) for k in names])

    def space(self):
        return self.choice(["", "", "", " ", "\n", "\t", "\r\n", "  \n    "])
