#!/bin/bash
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# What programs that were linked against a release would find changed in the libraries of
# today. Exit status 1: what they rely on is gone or another; 77: nothing to compare with.
#
#     abi.sh [REF]
#
# REF is a commit or tag; default: the last release, a tag v*. Both are built, as Debian
# builds, into build-abi; abidiff reads what the debug information says of what is exported.
# A library whose soname is another is a new one, and is not compared.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/build-abi

leave_out() {
  echo "left out: $*"
  exit 77
}

# build SOURCE INTO: the libraries, without tests.
build() {
  rm -rf "$2"
  meson setup -Dtests=false --buildtype=debugoptimized "$2" "$1" && ninja -C "$2"
}

soname_of() {
  readelf -d "$1" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p'
}

# compare OLD NEW: one library.
compare() {
  local name status=0
  name=$(basename "$1")
  if [ ! -e "$2" ]; then
    echo "$name is gone"
    return 1
  fi
  if [ "$(soname_of "$1")" != "$(soname_of "$2")" ]; then
    echo "$name: another soname, $(soname_of "$2")"
    return 0
  fi
  abidiff --no-show-locs --drop-private-types --headers-dir1 "$out/source/include" --headers-dir2 "$root/include" \
    "$1" "$2" >"$out/report" 2>&1 || status=$?
  # Of its bits, 4 is a change, 8 one that breaks what is there, 1 and 2 are failures.
  if [ "$status" -eq 0 ]; then
    echo "$name: nothing changed"
    return 0
  fi
  cat "$out/report"
  if [ $((status & ~4)) -ne 0 ]; then
    echo "$name: programs that use it would break"
    return 1
  fi
  echo "$name: changed, and nothing is gone"
}

ref=${1:-$(git -C "$root" tag --list 'v*' --sort=-version:refname 2>/dev/null | head -n 1 || true)}
[ -n "$ref" ] || leave_out "there is no release yet to compare with (a tag v*)"
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"
command -v dpkg-query >/dev/null && ensure optional abigail-tools
command -v abidiff >/dev/null || leave_out "abidiff is not installed (abigail-tools)"

rm -rf "$out"
mkdir -p "$out/source"
git -C "$root" archive "$ref" | tar -x -C "$out/source"
log=$out/log
if ! build "$out/source" "$out/old" >"$log" 2>&1 || ! build "$root" "$out/new" >>"$log" 2>&1; then
  tail -n 40 "$log" >&2
  exit 1
fi
bad=0 compared=0
while read -r library; do
  compared=$((compared + 1))
  compare "$library" "$out/new/${library#"$out/old/"}" || bad=1
done < <(find "$out/old" -name 'libagentrun*.so' | sort)
[ "$compared" -gt 0 ] || bad=1
exit "$bad"
