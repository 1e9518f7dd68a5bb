#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check_data.sh AGENTRUN DATA: the files are what README.md there says.
set -eu
agentrun=$1
data=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# expect WANTED COMMAND...
expect() {
  wanted=$1
  shift
  have=$("$@") || true
  [ "$wanted" = "$have" ] && return
  printf '%s\nwanted: %s\nhave:   %s\n' "$*" "$wanted" "$have" >&2
  exit 1
}

count='[{"step":"count"}]'
expect '[{"count":1050}]' "$agentrun" exec "$count" --input "$data/clock_changes.ndjson"
expect '[{"count":418}]' "$agentrun" exec "$count" --input "$data/time_zones.json"
expect '[{"count":27}]' "$agentrun" exec "$count" --input "$data/leap_seconds.csv"
expect '[{"changes_at":"2025-03-30T01:00:00Z","offset_min":120}]' "$agentrun" exec '[
  {"step":"table_filter","condition":{"and":[
    {"field":"zone","op":"==","value":"Europe/Berlin"},
    {"field":"direction","op":"==","value":"forward"},
    {"field":"changes_at","op":"starts_with","value":"2025"}]}},
  {"step":"table_select","fields":["changes_at","offset_min"]}]' \
  --input "$data/clock_changes.ndjson"

# A valid workflow: a patch of it without operations is taken.
echo '[]' >"$scratch/nothing.json"
"$agentrun" patch "$data/workflow.json" "$scratch/nothing.json" >"$scratch/same.json"
[ -s "$scratch/same.json" ]

expect '[{"country.name":"Germany","count":2}]' \
  "$agentrun" run --job "$data/execute_job.json" --output json
"$agentrun" run --job "$data/patch_job.json" >"$scratch/result.json"
grep -q '"status":"completed"' "$scratch/result.json"
grep -q '"type":"patch"' "$scratch/result.json"
