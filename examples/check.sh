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

# conforms CHECK: the backend passes the suite, of which this is a check.
conforms() {
  "$program" --check "$scratch/check" >"$scratch/out" || {
    cat "$scratch/out" >&2
    exit 1
  }
  expect '0 failed' "$(tail -n 1 "$scratch/out")"
  grep -q "^ok $1\$" "$scratch/out"
}

case $name in
run_job)
  expect '[{"zone":"Pacific/Kiritimati","utc_offset":840},{"zone":"Asia/Kathmandu","utc_offset":345}]' \
    "$("$program")"
  ;;
event_loop)
  # More at once than the engine takes, the last without a newline, one that is no job.
  i=0
  while [ "$i" -lt 500 ]; do
    echo '{"prompt":"count rows","context":{"data":[{"a":1},{"a":2}]}}'
    i=$((i + 1))
  done >"$scratch/in"
  printf '\n{"prompt"' >>"$scratch/in"
  "$program" <"$scratch/in" >"$scratch/out"
  expect 501 "$(wc -l <"$scratch/out")"
  expect 500 "$(grep -c '^[0-9]* {.*"status":"completed".*{"count":2}' "$scratch/out")"
  expect 1 "$(grep -c '^502 {.*"status":"failed"' "$scratch/out")"
  # What cannot be read is a failure.
  "$program" <"$scratch" >"$scratch/out" 2>&1 && exit 1
  grep -q '^standard input: ' "$scratch/out"
  # A result comes while more input is waited for.
  {
    head -n 1 "$scratch/in"
    while [ ! -s "$scratch/early" ]; do sleep 0.05; done
  } | timeout 60 "$program" >"$scratch/early"
  grep -q '^1 {' "$scratch/early"
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
  conforms what_was_put_survives
  expect 'completed [{"count":3}]' "$("$program" "$scratch/store")"
  # The result of the first run stays.
  before=$(cat "$scratch"/store/record-*)
  expect 'completed [{"count":3}]' "$("$program" "$scratch/store")"
  expect "$before" "$(cat "$scratch"/store/record-*)"
  ;;
own_queue)
  conforms a_lapsed_lease_returns_to_the_front
  "$program" "$scratch/queue" >"$scratch/out"
  expect 2 "$(grep -c '"status":"completed"' "$scratch/out")"
  ;;
*)
  echo "there is no check of $name" >&2
  exit 1
  ;;
esac
