#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check.sh BUILD_DIR [CFLAG...]: install to a scratch place, and build and run a
# consumer from the .pc files there alone: shared, static, with each library; and the
# examples. The installed program must find its libraries from there, too. CC is used
# where set.
set -eu
build=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unset LD_LIBRARY_PATH PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_LIBDIR

meson install -C "$build" --no-rebuild --destdir "$scratch" >"$scratch/log" 2>&1 || {
  cat "$scratch/log" >&2
  exit 1
}
pc=$(dirname "$(find "$scratch" -name agentrun.pc)")
libdir=$(dirname "$pc")
prefix=$(dirname "$(dirname "$(find "$scratch" -name agentrun.h)")" | sed 's,/include$,,')

# The archives alone, so that the linker cannot take the shared libraries.
mkdir "$scratch/static"
cp "$libdir"/*.a "$scratch/static"

# flags PACKAGE LIBDIR OPTION...
flags() {
  PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$prefix" \
    --define-variable=libdir="$2" --cflags --libs "$1" $3
}

# consumer NAME PACKAGE CFLAG...: built and run both ways.
consumer() {
  name=$1
  package=$2
  shift 2
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror "$@" -o "$scratch/$name-shared" \
    "$here/consumer.c" $(flags "$package" "$libdir" "")
  LD_LIBRARY_PATH=$libdir "$scratch/$name-shared" "$scratch/$name-shared.db"
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror "$@" -o "$scratch/$name-static" \
    "$here/consumer.c" $(flags "$package" "$scratch/static" --static)
  "$scratch/$name-static" "$scratch/$name-static.db"
  if ldd "$scratch/$name-static" | grep libagentrun; then
    echo "$name: the static program wants a shared library of ours" >&2
    exit 1
  fi
}

consumer core agentrun "$@"
[ ! -f "$pc/agentrun-conformance.pc" ] ||
  consumer conformance agentrun-conformance -DWITH_CONFORMANCE "$@"
[ ! -f "$pc/agentrun-sqlite.pc" ] || consumer sqlite agentrun-sqlite -DWITH_SQLITE "$@"
consumer fs agentrun-fs -DWITH_FS "$@"
[ ! -f "$pc/agentrun-postgres.pc" ] || consumer postgres agentrun-postgres -DWITH_POSTGRES "$@"
[ ! -f "$pc/agentrun-http.pc" ] || consumer http agentrun-http -DWITH_HTTP "$@"
[ ! -f "$pc/agentrun-redis.pc" ] || consumer redis agentrun-redis -DWITH_REDIS "$@"

# Against the build tree itself, with the -uninstalled.pc files that pkg-config prefers there.
uninstalled() {
  PKG_CONFIG_PATH=$build/meson-uninstalled pkg-config --uninstalled "$1" || {
    echo "$1: there is no package of the build tree" >&2
    exit 1
  }
  package=$1
  shift
  # shellcheck disable=SC2046
  ${CC:-cc} -std=c11 -Wall -Wextra -Werror "$@" -o "$scratch/uninstalled" \
    "$here/consumer.c" $(PKG_CONFIG_PATH=$build/meson-uninstalled pkg-config --cflags --libs "$package")
  LD_LIBRARY_PATH=$build/lib:$build/backends/sqlite "$scratch/uninstalled" "$scratch/uninstalled.db"
}

uninstalled agentrun "$@"
[ ! -f "$pc/agentrun-sqlite.pc" ] || uninstalled agentrun-sqlite -DWITH_SQLITE "$@"

# example NAME PACKAGE...: built as its first lines say, and run.
example() {
  name=$1
  shift
  PKG_CONFIG_PATH=$pc pkg-config --exists "$@" || return 0
  # shellcheck disable=SC2046,SC2086
  ${CC:-cc} -std=c11 $cflags -o "$scratch/$name" "$examples/$name.c" \
    $(flags "$*" "$libdir" "") -lpthread
  case $name in
  own_tool) set -- python3 "$examples/check_tool.py" "$scratch/$name" "$here/../tests/cli" ;;
  service) set -- python3 "$examples/check_service.py" "$scratch/$name" ;;
  *) set -- sh "$examples/check.sh" "$name" "$scratch/$name" ;;
  esac
  LD_LIBRARY_PATH=$libdir "$@"
}

examples=$here/../examples
cflags="-D_GNU_SOURCE $*"
for name in run_job event_loop many_jobs own_step own_tool; do
  example "$name" agentrun
done
example own_store agentrun-conformance
example own_queue agentrun-conformance sqlite3
example service agentrun-http

# The program, from another directory than the build's.
agentrun=$(find "$scratch" -path '*/bin/agentrun')
cd "$scratch"
"$agentrun" --version
if [ -f "$pc/agentrun-sqlite.pc" ]; then
  printf 'storage:\n  backend: sqlite\n  path: %s/kept.db\n' "$scratch" >sqlite.yaml
  echo '[{"a":1}]' | "$agentrun" -c sqlite.yaml run 'count rows' --input - >result.json
  "$agentrun" -c sqlite.yaml store list --output ndjson | grep -q '"status":"completed"'
fi
status=0
"$agentrun" exec '[{"step":"http_request","url":"http://127.0.0.1:9/"}]' || status=$?
if [ "$status" -ne 4 ]; then
  echo "a request to a private address ended with status $status, not 4" >&2
  exit 1
fi
echo "fine"
