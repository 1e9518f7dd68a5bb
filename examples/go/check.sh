#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check.sh BUILD_DIR GO test|bench: install to a scratch place, and vet and test the Go
# module against what is there, by pkg-config alone and without the network.
set -eu
build=$1
go=$2
what=$3
cd "$(dirname "$0")/agentrun"
minor=$("$go" env GOVERSION | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
if [ "${minor:-0}" -lt 21 ]; then
  echo "skipped: $go is older than Go 1.21"
  exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
meson install -C "$build" --no-rebuild --destdir "$scratch/root" >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  exit 1
}
libdir=$(dirname "$(find "$scratch/root" -name libagentrun.so)")
prefix=$(dirname "$(dirname "$(find "$scratch/root" -name agentrun.h)")" | sed 's,/include$,,')
# In one place over all runs, or everything is built again each time: cgo's flags name it.
place=$build/go
mkdir -p "$place"
rm -rf "$place/include" "$place/lib" "$place"/*.pc
cp -r "$prefix/include" "$place/include"
mkdir "$place/lib"
cp -P "$libdir"/libagentrun*.so* "$place/lib"
for pc in "$libdir"/pkgconfig/agentrun*.pc; do
  sed -e "s,^prefix=.*,prefix=$place," -e 's,^libdir=.*,libdir=${prefix}/lib,' "$pc" \
    >"$place/$(basename "$pc")"
done
export PKG_CONFIG_PATH="$place" LD_LIBRARY_PATH="$place/lib"
export GOCACHE="$place/cache" GOPATH="$place/path" GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=1

# A package that binds a library which was not built is left out.
packages=". ./internal/..."
for name in conformance fs postgres redis sqlite; do
  if [ -f "$place/agentrun-$name.pc" ]; then
    packages="$packages ./$name"
  else
    echo "without agentrun/$name: libagentrun-$name was not built"
  fi
done

if [ "$what" = bench ]; then
  exec "$go" test -run '^$' -bench . -benchtime "${AGENTRUN_GO_BENCHTIME:-1s}" .
fi
unformatted=$("$("$go" env GOROOT)/bin/gofmt" -l .)
if [ -n "$unformatted" ]; then
  echo "gofmt would change: $unformatted" >&2
  exit 1
fi
# shellcheck disable=SC2086
"$go" vet $packages
# The race detector has a runtime for few machines.
export GOEXPERIMENT=cgocheck2
race=-race
"$go" test -count=1 -race -run '^$' . >"$scratch/log" 2>&1 || {
  echo "without -race, which does not work here: $(tail -n 1 "$scratch/log")"
  race=
}
# shellcheck disable=SC2086
"$go" test -count=1 $race $packages
