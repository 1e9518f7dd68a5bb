#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Every public header compiles alone, and all of them in both orders, as C99, C11
# and C++17: headers.sh INCLUDE_DIRECTORY GENERATED_INCLUDE_DIRECTORY CC [CXX]
set -eu
include=$1 generated=$2 cc=$3 cxx=${4-}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

headers=$( (cd "$include" && find agentrun -name '*.h'; cd "$generated" &&
  find agentrun -name '*.h') | sort)
reversed=$(echo "$headers" | sort -r)

# compile NAME HEADER...
compile() {
  name=$1
  shift
  printf '#include <%s>\n' "$@" >"$dir/$name.c"
  echo 'extern int not_empty;' >>"$dir/$name.c" # version.h has macros alone
  cp "$dir/$name.c" "$dir/$name.cc"
  for standard in c99 c11; do
    "$cc" -std=$standard -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Werror \
      -fsyntax-only -I"$include" -I"$generated" "$dir/$name.c"
  done
  [ -z "$cxx" ] || "$cxx" -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
    -I"$include" -I"$generated" "$dir/$name.cc"
}

for header in $headers; do
  compile one "$header"
done
# shellcheck disable=SC2086
compile forward $headers
# shellcheck disable=SC2086
compile backward $reversed
