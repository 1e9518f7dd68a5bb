#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check.sh BUILD_DIR GO test|bench: install to a scratch place, and vet and test the Go
# modules outside the tree, against what is installed, by pkg-config alone and without the
# network.
set -eu
build=$1
go=$2
what=$3
here=$(cd "$(dirname "$0")" && pwd)
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
rm -rf "$place/include" "$place/lib" "$place/src" "$place"/*.pc
cp -r "$prefix/include" "$place/include"
mkdir "$place/lib"
cp -P "$libdir"/libagentrun*.so* "$place/lib"
for pc in "$libdir"/pkgconfig/agentrun*.pc; do
  sed -e "s,^prefix=.*,prefix=$place," -e 's,^libdir=.*,libdir=${prefix}/lib,' "$pc" \
    >"$place/$(basename "$pc")"
done
mkdir -p "$place/src/go"
cp -rp "$here/agentrun" "$here/orchestrator" "$place/src/go"
cp -rp "$here/../data" "$place/src/data"
export PKG_CONFIG_PATH="$place" LD_LIBRARY_PATH="$place/lib"
export GOCACHE="$place/cache" GOPATH="$place/path" GOFLAGS=-mod=mod GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=1
cd "$place/src/go/agentrun"

if [ "$what" = bench ]; then
  exec "$go" test -run '^$' -bench . -benchtime "${AGENTRUN_GO_BENCHTIME:-1s}" .
fi

# A package that binds a library which was not built is left out.
packages=". ./internal/..."
for name in conformance fs postgres redis sqlite; do
  if [ -f "$place/agentrun-$name.pc" ]; then
    packages="$packages ./$name"
  else
    echo "without agentrun/$name: libagentrun-$name was not built"
  fi
done
unformatted=$("$("$go" env GOROOT)/bin/gofmt" -l . ../orchestrator)
if [ -n "$unformatted" ]; then
  echo "gofmt would change: $unformatted" >&2
  exit 1
fi
# The race detector has a runtime for few machines.
export GOEXPERIMENT=cgocheck2
race=-race
"$go" test -count=1 -race -run '^$' ./internal/peer >"$scratch/log" 2>&1 || {
  echo "without -race, which does not work here: $(tail -n 1 "$scratch/log")"
  race=
}

# check PACKAGE...: vet and test those, of the module that the shell is in.
check() {
  # shellcheck disable=SC2086
  "$go" test -vet=all -count=1 $race "$@"
}

# shellcheck disable=SC2086
check $packages
# Without the race detector, which grows by itself.
"$go" test -count=1 -run 'NoLeak$' .
if [ -f "$place/agentrun-postgres.pc" ] && command -v python3 >/dev/null; then
  # shellcheck disable=SC2086
  python3 "$here/../../tests/postgres/server.py" "$go" test -count=1 $race ./postgres || [ $? -eq 77 ]
fi

# What the documentation shows compiles, in a module of its own that takes this one as it says.
if [ -f "$place/agentrun-redis.pc" ] && [ -f "$place/agentrun-conformance.pc" ] && command -v python3 >/dev/null; then
  mkdir "$scratch/snippets"
  python3 "$here/snippets.py" "$here/../../docs/go.md" >"$scratch/snippets/snippets.go"
  (
    cd "$scratch/snippets"
    printf 'module snippets\n\ngo 1.21\n\nrequire libagentrun.example/agentrun v0.0.0\n' >go.mod
    printf 'replace libagentrun.example/agentrun => %s\n' "$place/src/go/agentrun" >>go.mod
    "$go" vet .
  )
fi

if [ "$minor" -lt 22 ] || [ ! -f "$place/agentrun-redis.pc" ]; then
  echo "without the orchestrator: it wants Go 1.22 and libagentrun-redis"
  exit 0
fi
cd ../orchestrator
AGENTRUN=$(find "$scratch/root" -path '*/bin/agentrun')
export AGENTRUN
check .
# As its user runs it.
# shellcheck disable=SC2086
"$go" build $race -o "$place/orchestrator" .
"$place/orchestrator" -listen 127.0.0.1:0 -state "$scratch/state" 2>"$scratch/log" &
pid=$!
tries=0
while ! grep -q 'listening on' "$scratch/log" && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.1
done
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
if [ "$status" -ne 0 ] || ! grep -q 'listening on http://127.0.0.1:[0-9]' "$scratch/log"; then
  echo "the orchestrator ended with status $status:" >&2
  cat "$scratch/log" >&2
  exit 1
fi
