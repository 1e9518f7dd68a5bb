#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""Makes the data of this folder from the tz database as Debian installs it.

    make.py [/usr/share/zoneinfo]
"""
import datetime
import json
import os
import re
import sys
import zoneinfo

UTC = datetime.timezone.utc
FIRST = datetime.datetime(2023, 1, 1, tzinfo=UTC)
LAST = datetime.datetime(2027, 1, 1, tzinfo=UTC)
SOURCE = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/zoneinfo"
HERE = os.path.dirname(os.path.abspath(__file__))


def table(name):
    with open(os.path.join(SOURCE, name), encoding="utf-8") as lines:
        return [line.rstrip("\n").split("\t") for line in lines
                if line.strip() and not line.startswith("#")]


def degrees(text):
    """+-DDMM, +-DDDMM, +-DDMMSS or +-DDDMMSS"""
    sign = -1 if text[0] == "-" else 1
    digits = text[1:]
    wide = 2 if len(digits) in (4, 6) else 3
    parts = [int(digits[:wide])] + [int(digits[i:i + 2])
                                    for i in range(wide, len(digits), 2)]
    value = sum(part / 60 ** i for i, part in enumerate(parts))
    return round(sign * value, 4)


def minutes(delta):
    return int(delta.total_seconds() // 60)


def state(zone, at):
    local = at.astimezone(zone)
    return minutes(local.utcoffset()), local.tzname()


def changes(zone):
    """The moments at which the clock is put forward or back."""
    day = datetime.timedelta(days=1)
    at, now = FIRST, state(zone, FIRST)
    while at < LAST:
        if state(zone, at + day) != now:
            low, high = at, at + day
            while high - low > datetime.timedelta(minutes=1):
                middle = low + (high - low) / 2
                middle -= datetime.timedelta(seconds=middle.second,
                                             microseconds=middle.microsecond)
                if state(zone, middle) == now:
                    low = middle
                else:
                    high = middle
            if state(zone, high)[0] != now[0]:
                yield high, now, state(zone, high)
            now = state(zone, at + day)
        at += day


def main():
    countries = dict(table("iso3166.tab"))
    zones, rows = [], []
    for code, place, name, *comment in sorted(table("zone.tab"), key=lambda z: z[2]):
        lat, lon = re.match(r"([+-]\d+)([+-]\d+)$", place).groups()
        zone = zoneinfo.ZoneInfo(name)
        winter = state(zone, datetime.datetime(2025, 1, 1, tzinfo=UTC))
        summer = state(zone, datetime.datetime(2025, 7, 1, tzinfo=UTC))
        country = {"code": code, "name": countries[code]}
        zones.append({
            "zone": name,
            "country": country,
            "coordinates": {"lat": degrees(lat), "lon": degrees(lon)},
            "january": {"offset_min": winter[0], "abbreviation": winter[1]},
            "july": {"offset_min": summer[0], "abbreviation": summer[1]},
            "changes_clock": winter != summer,
            "comment": comment[0] if comment else None,
        })
        for at, old, new in changes(zone):
            rows.append({
                "changes_at": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "zone": name,
                "country": country,
                "from_min": old[0],
                "offset_min": new[0],
                "abbreviation": new[1],
                "direction": "forward" if new[0] > old[0] else "back",
            })
    rows.sort(key=lambda row: (row["changes_at"], row["zone"]))
    write("time_zones.json", "[\n" + ",\n".join(map(line, zones)) + "\n]\n")
    write("clock_changes.ndjson", "".join(line(row) + "\n" for row in rows))
    write("leap_seconds.csv", leap_seconds())


def leap_seconds():
    """Lines such as `Leap 1972 Jun 30 23:59:60 + S`."""
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    out, tai = "date,seconds,tai_minus_utc\n", 10
    for fields in table("leapseconds"):
        if fields[0] != "Leap":
            continue
        step = 1 if fields[5] == "+" else -1
        tai += step
        out += "%s-%02d-%s,%d,%d\n" % (fields[1], months.index(fields[2]) + 1,
                                      fields[3].zfill(2), step, tai)
    return out


def line(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def write(name, text):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as out:
        out.write(text)


main()
