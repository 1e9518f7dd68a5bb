#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# What the library exports is what its version script lists and what the headers
# declare: exports.sh LIBRARY VERSION_SCRIPT INCLUDE_DIRECTORY. And it asks the C
# library for nothing that is the host's business.
set -eu
library=$1 script=$2 include=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

nm -D --defined-only "$library" | awk '{ print $3 }' | sed 's/@.*//' |
  grep -v '^AGENTRUN_' | sort -u >"$dir/exported"
sed -n 's/^[[:space:]]*\(agentrun_[a-z0-9_]*\);$/\1/p' "$script" | sort -u >"$dir/listed"
# Backends and the conformance suites are libraries of their own.
find "$include/agentrun" -name '*.h' ! -name sqlite.h ! -name conformance.h \
  -exec cat {} + | grep -v '^#' | tr '\n' ' ' | grep -o 'AGENTRUN_API [^;(]*(' |
  sed 's/.*[ *]\(agentrun_[a-z0-9_]*\)(/\1/' | sort -u >"$dir/declared"

status=0
for other in listed declared; do
  if ! diff "$dir/exported" "$dir/$other" >"$dir/diff"; then
    echo "exported (<) and $other (>) differ:"
    grep '^[<>]' "$dir/diff"
    status=1
  fi
done
[ -s "$dir/exported" ] || status=1

forbidden='abort|exit|_exit|printf|puts|putchar|perror|signal|sigaction|setlocale|dlopen|system'
if nm -D --undefined-only "$library" | awk '{ print $2 }' | sed 's/@.*//' |
  grep -xE "$forbidden"; then
  echo "the library must not call these"
  status=1
fi
exit "$status"
