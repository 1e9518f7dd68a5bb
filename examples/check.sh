#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check.sh NAME PROGRAM: does the example do what it says?
set -eu
name=$1
program=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# expect WANTED HAVE
expect() {
  [ "$1" = "$2" ] && return
  printf 'wanted: %s\nhave:   %s\n' "$1" "$2" >&2
  exit 1
}

case $name in
run_job)
  expect '[{"zone":"Pacific/Kiritimati","utc_offset":840},{"zone":"Asia/Kathmandu","utc_offset":345}]' \
    "$("$program")"
  ;;
many_jobs)
  "$program" >"$scratch/out"
  expect '100 jobs, 0 wrong' "$(tail -n 1 "$scratch/out")"
  expect 100 "$(grep -c '^job-[0-9]* completed \[{"count":[0-9]*}\]$' "$scratch/out")"
  expect 100 "$(grep '^job-' "$scratch/out" | sort -u | wc -l)"
  ;;
own_step)
  expect '[{"id":1},{"id":3},{"id":5},{"seen":5}]' "$("$program")"
  expect '[{"count":6}]' "$("$program" '[{"step":"sample","every":1},{"step":"count"}]')"
  "$program" '[{"step":"sample","every":0}]' >"$scratch/out" && exit 1
  grep -q '^step 1 (sample): /every' "$scratch/out"
  ;;
own_store)
  "$program" --check "$scratch/check" >"$scratch/out" || {
    cat "$scratch/out" >&2
    exit 1
  }
  expect '0 failed' "$(tail -n 1 "$scratch/out")"
  grep -q '^ok what_was_put_survives$' "$scratch/out"
  expect 'completed [{"count":3}]' "$("$program" "$scratch/store")"
  # The result of the first run stays.
  before=$(cat "$scratch"/store/record-*)
  expect 'completed [{"count":3}]' "$("$program" "$scratch/store")"
  expect "$before" "$(cat "$scratch"/store/record-*)"
  ;;
*)
  echo "there is no check of $name" >&2
  exit 1
  ;;
esac
