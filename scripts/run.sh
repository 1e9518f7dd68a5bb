#!/bin/bash
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Build agentrun and run it: without arguments a short tour on examples/data, with
# arguments `agentrun run ARGUMENTS`, in the directory of the caller.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$root/build-release
agentrun=$build/cli/agentrun

# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

# quietly COMMAND...: what it says is shown only where it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || tail -n 60 "$log" >&2
  rm -f "$log"
  return "$status"
}

build() {
  if [ ! -f "$build/build.ninja" ]; then
    echo "run: building, once" >&2
    quietly meson setup --buildtype=release -Dtests=false "$build" "$root" ||
      return 1
  fi
  quietly ninja -C "$build"
}

say() {
  if [ -t 1 ]; then
    printf '\n\033[1m$ %s\033[0m\n' "$*"
  else
    printf '\n$ %s\n' "$*"
  fi
}

tour() {
  local data=examples/data prompt
  cd "$root"
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT

  echo "A prompt over rows: 1050 clock changes of the world's time zones, 2023 to 2026."
  prompt="show changes_at, zone, country.name and offset_min of the 6 latest rows where direction is forward"
  say "agentrun run \"$prompt\" --input $data/clock_changes.ndjson --output table"
  "$agentrun" run "$prompt" --input $data/clock_changes.ndjson --output table
  prompt="top 5 country.name by count"
  say "agentrun run \"$prompt\" --input $data/clock_changes.ndjson --output table"
  "$agentrun" run "$prompt" --input $data/clock_changes.ndjson --output table

  echo
  echo "A prompt that changes a workflow for good: it becomes a JSON Patch."
  prompt="add a hitl node named review_changes after parse_changes"
  say "agentrun plan \"$prompt\" --workflow $data/workflow.json |
    jq '.tool_calls[0].function.arguments | fromjson | .patch_spec' > patch.json"
  "$agentrun" plan "$prompt" --workflow $data/workflow.json |
    jq '.tool_calls[0].function.arguments | fromjson | .patch_spec' >"$scratch/patch.json"
  say "agentrun patch $data/workflow.json patch.json --diff"
  "$agentrun" patch $data/workflow.json "$scratch/patch.json" --diff
  say "agentrun run \"$prompt\" --workflow $data/workflow.json --output json | jq -c '[.nodes[].id]'"
  "$agentrun" run "$prompt" --workflow $data/workflow.json --output json |
    jq -c '[.nodes[].id]'

  echo
  echo "Yours: ./scripts/run.sh \"PROMPT\" [--input FILE] [--workflow FILE]; the program is"
  echo "build-release/cli/agentrun."
}

setup build
build
if [ $# -eq 0 ]; then
  tour
else
  exec "$agentrun" run "$@"
fi
