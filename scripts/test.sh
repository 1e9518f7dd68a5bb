#!/bin/bash
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Run every suite. Ends in one line, `N passed, M failed`; exit status 1 if M > 0.
#
#     test.sh [--quick] [--coverage]
#
# --quick     only the plain build: no sanitizers, valgrind or clang-tidy, no other machines
# --coverage  an HTML report in build-coverage/html as well
set -uo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
passed=0
failed=0
quick=
coverage=

for option; do
  case $option in
  --quick) quick=1 ;;
  --coverage) coverage=1 ;;
  *)
    echo "usage: test.sh [--quick] [--coverage]" >&2
    exit 2
    ;;
  esac
done

# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

title() {
  printf '\n=== %s\n' "$*"
}

has() {
  command -v "$1" >/dev/null
}

# check NAME STATUS: count one check that is no meson test.
check() {
  if [ "$2" -eq 0 ]; then
    passed=$((passed + 1))
    echo "ok: $1"
  else
    failed=$((failed + 1))
    echo "FAILED: $1"
  fi
}

# build DIRECTORY MESON_OPTION...: a build that fails is a failure of its own.
build() {
  local dir=$root/$1 log
  shift
  log=$(mktemp)
  if { [ -f "$dir/build.ninja" ] || meson setup "$@" "$dir" "$root"; } \
    >"$log" 2>&1 && ninja -C "$dir" >>"$log" 2>&1; then
    # What a compiler warns of is shown, not counted.
    grep -A6 ': warning:' "$log"
    rm -f "$log"
    return 0
  fi
  tail -n 60 "$log"
  rm -f "$log"
  check "build $dir" 1
  return 1
}

# tests DIRECTORY LOG_NAME MESON_TEST_ARGUMENT...: run and count.
tests() {
  local dir=$root/$1 name=$2 status=0 counts
  shift 2
  # With a wrapper, meson adds its name to the log's.
  rm -f "$dir/meson-logs/$name"*.json
  meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "$name" "$@" ||
    status=$?
  counts=$(python3 - "$dir/meson-logs/$name"*.json <<'PY'
import json
import sys

good, bad, skipped = 0, 0, 0
try:
    with open(sys.argv[1], encoding="utf-8") as log:
        for line in log:
            result = json.loads(line)["result"]
            if result in ("OK", "EXPECTEDFAIL"):
                good += 1
            elif result == "SKIP":
                skipped += 1
            else:
                bad += 1
except OSError:
    pass
print(good, bad, skipped)
PY
  ) || counts="0 0 0"
  # shellcheck disable=SC2086
  set -- $counts
  passed=$((passed + $1))
  failed=$((failed + $2))
  [ "$3" -eq 0 ] || echo "$3 skipped"
  if [ "$1" -eq 0 ] && [ "$2" -eq 0 ]; then
    check "$name: no test was run" 1
  elif [ "$status" -ne 0 ] && [ "$2" -eq 0 ]; then
    check "$name: meson test ended with status $status" 1
  fi
}

# suites DIRECTORY SUITE...: `--suite` arguments of those that exist.
suites() {
  local dir=$root/$1
  shift
  meson introspect --tests "$dir" | python3 -c '
import json
import sys

have = {suite.split(":")[-1] for test in json.load(sys.stdin)
        for suite in test["suite"]}
for suite in sys.argv[1:]:
    if suite in have:
        print("--suite", suite)
    else:
        print("there is no suite", suite, file=sys.stderr)
' "$@"
}

# names DIRECTORY SUITE PATTERN: the tests of a suite, and those named so.
names() {
  meson introspect --tests "$root/$1" | python3 -c '
import json
import re
import sys

for test in json.load(sys.stdin):
    suites = [suite.split(":")[-1] for suite in test["suite"]]
    if sys.argv[1] in suites or ("docs" not in suites and
                                 re.search(sys.argv[2], test["name"])):
        print(test["name"])
' "$2" "$3" | sort -u
}

plain() {
  title "every test"
  build build-debug --werror || return 1
  tests build-debug every
  return 0
}

address() {
  title "address and undefined behaviour sanitizers"
  build build-asan -Db_sanitize=address,undefined -Db_lundef=false || return
  # shellcheck disable=SC2046
  ASAN_OPTIONS=detect_stack_use_after_return=1 \
    UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
    tests build-asan asan --timeout-multiplier 4 \
    $(suites build-asan unit libjq conformance redis cli examples fuzz)
}

# Some kernels place memory where this compiler's runtime does not expect it.
thread_sanitizer_runs() {
  local dir status
  dir=$(mktemp -d)
  echo 'int main(void) { return 0; }' >"$dir/empty.c"
  gcc -fsanitize=thread -o "$dir/empty" "$dir/empty.c" &&
    "${without_aslr[@]}" "$dir/empty" 2>/dev/null
  status=$?
  rm -rf "$dir"
  return "$status"
}

thread() {
  title "thread sanitizer"
  local -a without_aslr=() wrapper=() concurrent
  if ! thread_sanitizer_runs; then
    without_aslr=(setarch "$(uname -m)" -R)
    wrapper=(--wrapper "${without_aslr[*]}")
    if ! thread_sanitizer_runs; then
      echo "left out: programs built with it do not start on this machine"
      return
    fi
  fi
  build build-tsan -Db_sanitize=thread -Db_lundef=false || return
  mapfile -t concurrent < <(names build-tsan conformance \
    'ahead|engine|llm_jobs|many_jobs|own_store|thread|queue|store|transport|worker')
  TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1 \
    tests build-tsan tsan --timeout-multiplier 8 --no-suite cli ${wrapper[@]+"${wrapper[@]}"} \
    "${concurrent[@]}"
}

memory() {
  title "valgrind"
  if ! has valgrind; then
    echo "left out: valgrind is not installed"
    return
  fi
  # shellcheck disable=SC2046
  CK_FORK=no CK_DEFAULT_TIMEOUT=0 tests build-debug valgrind --timeout-multiplier 10 \
    --wrapper 'valgrind -q --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=99' \
    $(suites build-debug unit)
}

# What is compiled, tests apart.
sources() {
  python3 -c '
import json
import sys

with open(sys.argv[1] + "/compile_commands.json", encoding="utf-8") as commands:
    # Those of the source: what is generated begins otherwise.
    files = {command["file"][3:] for command in json.load(commands)
             if command["file"].startswith("../")}
print(*sorted(name for name in files
              if name.split("/")[0] in ("lib", "backends", "cli", "examples")), sep="\n")
' "$1"
}

tidy() {
  title "clang-tidy"
  if ! has clang-tidy; then
    echo "left out: clang-tidy is not installed"
    return
  fi
  local log status=0
  log=$(mktemp)
  (cd "$root" && sources build-debug |
    xargs -r -P "$(nproc)" -n 1 clang-tidy --quiet -p build-debug) >"$log" 2>&1 ||
    status=$?
  # What, without how it gets there: run clang-tidy on the file for that.
  grep -E '(error|warning): ' "$log" | sed 's,^.*build-debug/\.\./,,; s,^\.\./,,' | sort -u
  rm -f "$log"
  check "clang-tidy finds nothing" "$status"
}

abi() {
  title "the last release's ABI"
  local status=0
  "$root/scripts/abi.sh" || status=$?
  [ "$status" -eq 77 ] || check "what programs rely on is still there" "$status"
}

# Another width of a word, other vectors, weaker ordering: what depends on them, under
# emulation, which takes several times as long.
other_machines() {
  local arch status log
  local -a names=(base canonical engine index input json memory patch pipeline queue scan
    scanner schema steps steps_text store)
  log=$(mktemp)
  for arch in arm64 i386; do
    title "$arch"
    status=0
    "$root/scripts/cross.sh" "$arch" "${names[@]/#/tests/unit/test-}" >"$log" 2>&1 || status=$?
    if [ "$status" -eq 0 ]; then
      tests "build-$arch" "$arch" --timeout-multiplier 10 --suite unit "${names[@]}"
    elif [ "$status" -eq 77 ]; then
      tail -n 1 "$log"
    else
      tail -n 60 "$log"
      check "build for $arch" 1
    fi
  done
  rm -f "$log"
}

report() {
  title "coverage"
  build build-coverage -Db_coverage=true || return
  tests build-coverage coverage --timeout-multiplier 4
  if ! has gcovr; then
    echo "left out: gcovr is not installed"
    return
  fi
  mkdir -p "$root/build-coverage/html"
  (cd "$root" && gcovr --root . --object-directory build-coverage \
    --filter lib/ --filter backends/ --filter cli/ --print-summary \
    --html-details build-coverage/html/index.html >build-coverage/summary.txt 2>&1)
  check "coverage report" $?
  tail -n 3 "$root/build-coverage/summary.txt"
  echo "see build-coverage/html/index.html"
}

cd "$root" || exit 1
if ! setup test; then
  check "set-up" 1
  echo "$passed passed, $failed failed"
  exit 1
fi
if plain && [ -z "$quick" ]; then
  address
  thread
  memory
  tidy
  abi
  other_machines
fi
[ -z "$coverage" ] || report

echo
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
