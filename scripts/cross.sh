#!/bin/bash
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Build for another machine with Debian's cross compiler: into build-ARCH.
#
#     cross.sh arm64|i386 [TARGET...]      what to build; default: everything
#
# Its libraries are packages of that architecture, unpacked into build-sysroot-ARCH; the
# system is not touched but for the compiler and qemu-user, which runs what was built:
#
#     meson test -C build-arm64 --suite unit
#
# Exit status 77: they cannot be had here, as a line says.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

# Neither libpq nor libjq: what needs them is not built.
LIBRARIES="libc6-dev libcurl4-openssl-dev libjansson-dev libyaml-dev libpcre2-dev zlib1g-dev
  libzstd-dev libsqlite3-dev libhiredis-dev libmicrohttpd-dev check"

case ${1:-} in
arm64)
  triple=aarch64-linux-gnu family=aarch64 emulator=qemu-aarch64
  compiler=gcc-aarch64-linux-gnu libraries=$triple
  ;;
i386)
  triple=i686-linux-gnu family=x86 emulator=qemu-i386
  compiler=gcc-i686-linux-gnu libraries=i386-linux-gnu
  ;;
*)
  echo "usage: cross.sh arm64|i386 [TARGET...]" >&2
  exit 2
  ;;
esac
arch=$1
shift
sysroot=$root/build-sysroot-$arch
build=$root/build-$arch

leave_out() {
  echo "left out: $*"
  exit 77
}

# An apt of its own, which knows of no installed package and of this architecture alone.
unpack() {
  local apt=$sysroot.apt archive
  mkdir -p "$apt/lists/partial" "$apt/archives/partial"
  : >"$apt/status"
  cat >"$apt/conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "$(id -un)";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
CONF
  # One source that does not answer, of several, is no reason to end.
  APT_CONFIG=$apt/conf apt-get update -q || true
  # shellcheck disable=SC2086 # a list of names
  APT_CONFIG=$apt/conf apt-get install -y -q --no-install-recommends --download-only $LIBRARIES ||
    return 1
  rm -rf "$sysroot.part"
  for archive in "$apt"/archives/*.deb; do
    dpkg -x "$archive" "$sysroot.part" || return 1
  done
  rm -rf "$apt"
  mv "$sysroot.part" "$sysroot"
}

describe() {
  cat <<INI
[binaries]
c = '$triple-gcc'
ar = '$triple-ar'
strip = '$triple-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['$emulator', '-L', '$sysroot']

[built-in options]
c_args = ['--sysroot=$sysroot']
c_link_args = ['--sysroot=$sysroot']

[properties]
needs_exe_wrapper = true
sys_root = '$sysroot'
pkg_config_libdir = '$sysroot/usr/lib/$libraries/pkgconfig:$sysroot/usr/share/pkgconfig'

[host_machine]
system = 'linux'
cpu_family = '$family'
cpu = '$family'
endian = 'little'
INI
}

command -v dpkg >/dev/null || leave_out "this is not Debian, whose packages for $arch are wanted"
ensure optional "$compiler"
ensure optional qemu-user
command -v "$triple-gcc" >/dev/null || leave_out "there is no $triple-gcc"
command -v "$emulator" >/dev/null || leave_out "there is no $emulator"
if [ ! -d "$sysroot" ]; then
  log=$(mktemp)
  if ! unpack >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    leave_out "packages for $arch cannot be had"
  fi
  rm -f "$log"
fi
if [ ! -f "$build/build.ninja" ]; then
  describe >"$sysroot/cross.ini"
  meson setup --werror --cross-file "$sysroot/cross.ini" "$build" "$root"
fi
ninja -C "$build" "$@"
