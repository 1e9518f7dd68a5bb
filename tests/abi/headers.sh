#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Every public header stands alone, in C99, C11 and C++17, and all of them stand
# together in any order: headers.sh INCLUDE SOURCE BUILD CC [CXX]
set -eu
include=$1 source=$2 build=$3 cc=$4 cxx=${5:-}
flags='-Wall -Wextra -Wpedantic -Werror -Wundef -fsyntax-only'
headers=$(cd "$include" && ls agentrun/*.h agentrun/sys/*.h)

check() # COMPILER STANDARD SUFFIX
{
	for header in $headers; do
		echo "#include <$header>" > "$build/alone.$3"
		$1 -std="$2" $flags -I"$include" "$build/alone.$3"
	done
	echo "$headers" | sed 's/.*/#include <&>/' > "$build/together.$3"
	$1 -std="$2" $flags -I"$include" "$build/together.$3"
	echo "$headers" | sort -r | sed 's/.*/#include <&>/' > "$build/reverse.$3"
	$1 -std="$2" $flags -I"$include" "$build/reverse.$3"
	$1 -std="$2" $flags -I"$include" "$source/headers.$3"
}

check "$cc" c99 c
check "$cc" c11 c
if [ -n "$cxx" ]; then
	check "$cxx" c++17 cc
else
	echo "no C++ compiler: C++17 was not checked"
fi
