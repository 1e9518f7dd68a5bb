#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# What a library exports is what its headers declare, and what the version script
# lists:
#     exports.sh NM LIBRARY INCLUDE agentrun.sym   the core: all headers but the others'
#     exports.sh NM LIBRARY INCLUDE HEADER.h       another library: this header
set -eu
nm=$1 library=$2 include=$3 against=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
LC_ALL=C
export LC_ALL

# Of "AGENTRUN_API int agentrun_x(...)" the name, wherever the lines break.
declared()
{
	cat "$@" | tr '\n\t' '  ' | sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/,,g' |
		grep -o 'AGENTRUN_API [^;({]*(' | sed 's/ *($//; s/.*[ *]//' | grep '^agentrun_' | sort
}

"$nm" -D --defined-only "$library" | sed 's/@.*//' |
	awk '$3 != "AGENTRUN_0" { print $3 }' | sort > "$work/exported"
case $against in
*.sym)
	headers=$(ls "$include"/agentrun/*.h "$include"/agentrun/sys/*.h |
		grep -v -e /fs.h -e /http.h -e /postgres.h -e /redis.h -e /sqlite.h -e /conformance.h)
	sed -n 's/^[[:space:]]*\([a-z0-9_]*\);$/\1/p' "$against" | sort > "$work/listed"
	if grep -q 'agentrun_\*' "$against"; then
		echo "$against: a wildcard"
		exit 1
	fi
	diff -u "$work/listed" "$work/exported" || {
		echo "exported (+) is not what the version script lists (-)"
		exit 1
	}
	;;
*)
	headers=$include/agentrun/$against
	;;
esac
# shellcheck disable=SC2086
declared $headers > "$work/declared"
[ -s "$work/declared" ]
diff -u "$work/declared" "$work/exported" || {
	echo "exported (+) is not what the headers declare (-)"
	exit 1
}
echo "$(wc -l < "$work/exported") functions"
