# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Made-up flights, the same on every machine. A record is about 250 bytes: an id,
airline, two airports, price, stops, minutes, a time, seats, up to three tags, a
carrier with code and name, and a note (plain, escaped or beyond ASCII).

    flights.py DIR N [FORM ...]   write DIR/flights-N.json and its other forms
"""
import itertools
import json
import os
import sys

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
AIRLINES = [a + b + c for a, b, c in zip("KQZBDVMXHGTWPLRNSFCJ", "ELIAEOUYEAIOAEUOIAYE", "NTRSLMKDPBVXGQCHWJFZ")]
AIRPORTS = ["LAX"] + [a + b + c for a, b, c in itertools.islice(
    zip("BCDFGHJKLMNPQRSTVWXZ" * 2, "AEIOUY" * 7, "TRNSLDMKPG" * 4), 39)]
TAGS = ["night", "wifi", "lunch", "nonstop", "flex", "green", "shared", "late"]
NOTES = [
    "on time",
    "the gate is announced two hours before departure",
    "hand luggage of one piece, up to eight kilos",
    "d\u00e9part diff\u00e9r\u00e9 \u2014 45 min au plus",
    'the crew asks to be called \\"the crew\\"',
    "first leg\\nsecond leg\\tthird leg",
    "\\u00e0 bient\\u00f4t \\u263c",
    "\u7a93\u5074\u306e\u5e2d\u306f\u6e80\u5e2d\u3067\u3059",
    "kept in D:\\\\flights\\\\old",
    "\U0001F6EC landed early",
]


def numbers(seed):
    """Whole numbers below 2^32, well mixed (an LCG's upper half)."""
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        yield state >> 32


def carriers():
    pick = numbers(11)
    codes = [a + b + c for a in LETTERS for b in LETTERS for c in "123"]
    words = ["North", "Red", "Polar", "City", "Gulf", "Alpine", "Pacific"]
    lands = ["US", "KE", "BR", "DE", "IN", "FR", "JP", "GB"]
    rows = []
    for i in range(1000):
        code = codes[i * 7 % len(codes)]
        word = words[next(pick) % len(words)]
        rows.append((code, f"{word} {code} Airways", lands[next(pick) % len(lands)]))
    return rows


def records(n):
    """The text of every record."""
    pick = numbers(2024).__next__
    known = carriers()
    form = (
        '{"id":%d,"airline":"%s","from":"%s","to":"%s","price":%d.%02d,"stops":%d,'
        '"duration_min":%d,"departs":"2025-%02d-%02dT%02d:%02d:00Z","seats":%d,'
        '"tags":[%s],"carrier":{"code":"%s","name":"%s"},"note":"%s"}'
    )
    for i in range(n):
        a, b, c, d = pick(), pick(), pick(), pick()
        cents = 2500 + a % 190000
        code, name, _ = known[b % 1000]
        tags = [TAGS[(d >> 3 * k) % 8] for k in range(c >> 20 & 3)]
        yield form % (
            i + 1,
            AIRLINES[b // 1000 % 20],
            AIRPORTS[c % 40],
            AIRPORTS[c // 40 % 40],
            cents // 100,
            cents % 100,
            b >> 26 & 3,
            40 + d % 950,
            1 + (a >> 8) % 12,
            1 + (a >> 12) % 28,
            (d >> 16) % 24,
            (d >> 8) % 60,
            (c >> 8) % 300,
            ",".join(f'"{t}"' for t in tags),
            code,
            name,
            NOTES[min(d >> 28, a >> 29) % 10],
        )


def irregular(text, pick):
    """The same record, its keys in another order and some of them left out."""
    may_go = {"id", "airline", "stops", "departs", "seats", "tags", "carrier", "note"}
    row = json.loads(text)
    keys = [k for k in row if k not in may_go or pick() % 10 < 7]
    keys.sort(key=lambda _: pick())
    return json.dumps({k: row[k] for k in keys}, ensure_ascii=False, separators=(",", ":"))


def write_array(path, rows):
    with open(path + ".new", "w", encoding="utf-8") as out:
        mark = "[\n"
        for row in rows:
            out.write(mark)
            out.write(row)
            mark = ",\n"
        out.write("\n]\n")
    os.rename(path + ".new", path)


def write_lines(path, rows):
    with open(path + ".new", "w", encoding="utf-8") as out:
        for row in rows:
            out.write(row + "\n")
    os.rename(path + ".new", path)


FORMS = ["json", "ndjson", "irregular.json", "pretty.json"]


def forms(directory, n, wanted):
    """Where each wanted form of the data is; makes those that are not there."""
    pick = numbers(5).__next__
    made = {
        "json": (write_array, lambda: records(n)),
        "ndjson": (write_lines, lambda: records(n)),
        "irregular.json": (write_array, lambda: (irregular(r, pick) for r in records(n))),
        "pretty.json": (write_array, lambda: (
            json.dumps(json.loads(r), ensure_ascii=False, indent=2) for r in records(n))),
    }
    paths = {}
    for form, (write, rows) in made.items():
        if form not in wanted:
            continue
        path = os.path.join(directory, f"flights-{n}.{form}")
        if not os.path.exists(path):
            write(path, rows())
        paths[form] = path
    paths["carriers"] = os.path.join(directory, "carriers.json")
    if not os.path.exists(paths["carriers"]):
        write_array(paths["carriers"], (
            '{"code":"%s","company":"%s","country":"%s"}' % row for row in carriers()))
    return paths


if __name__ == "__main__":
    print("\n".join(forms(sys.argv[1], int(sys.argv[2]), sys.argv[3:] or FORMS).values()))
