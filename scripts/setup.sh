# SPDX-License-Identifier: LicenseRef-agentrun-internal
# Sourced by run.sh and test.sh: what Debian 12 must have. A machine that has it
# all is not touched, and needs no network.

BUILD_PACKAGES="gcc libc6-dev pkg-config meson ninja-build libcurl4-openssl-dev
  libjansson-dev libyaml-dev libpcre2-dev libjq-dev zlib1g-dev
  libzstd-dev libsqlite3-dev libpq-dev libhiredis-dev libmicrohttpd-dev ca-certificates jq"
TEST_PACKAGES="check g++ python3"
# The suites that want these, and the peers that benchmarks compare with, are left out,
# with a line, where they are missing.
OPTIONAL_PACKAGES="redis-server postgresql valgrind clang clang-tidy libclang-rt-14-dev gcovr
  mandoc miller sqlite3 libsimdjson-dev libnghttp2-dev libssl-dev"

missing_of() {
  local package
  for package; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null |
      grep -qx installed || printf '%s ' "$package"
  done
}

# as_root COMMAND...
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Once, also where it fails: without a network it takes long to find out.
apt_update() {
  [ -z "${APT_UPDATED:-}" ] || return 0
  APT_UPDATED=1
  as_root apt-get update -q
}

# What is installed to test with must not start as a service.
apt_install() {
  local policy=/usr/sbin/policy-rc.d made= status=0
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null &&
      as_root chmod 755 "$policy" && made=1
  fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
    --no-install-recommends "$@" || status=$?
  [ -z "$made" ] || as_root rm -f "$policy"
  return "$status"
}

# Install packages that are missing; $1 is `needed` or `optional`.
ensure() {
  local how=$1 missing log
  shift
  missing=$(missing_of "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
    echo "setup: neither root nor sudo: install these first: $missing" >&2
    [ "$how" = optional ]
    return
  fi
  echo "setup: installing $missing" >&2
  log=$(mktemp)
  # shellcheck disable=SC2086 # a list of names
  if apt_update >"$log" 2>&1 && apt_install $missing >>"$log" 2>&1; then
    rm -f "$log"
    return 0
  fi
  tail -n 20 "$log" >&2
  rm -f "$log"
  echo "setup: could not install: $missing" >&2
  [ "$how" = optional ]
}

# setup build | setup test
setup() {
  if ! command -v dpkg-query >/dev/null; then
    echo "setup: this is not Debian: packages are taken to be there" >&2
    return 0
  fi
  # shellcheck disable=SC2086
  ensure needed $BUILD_PACKAGES || return 1
  [ "$1" = test ] || return 0
  # shellcheck disable=SC2086
  ensure needed $TEST_PACKAGES || return 1
  # One at a time: one that cannot be had does not keep the others away.
  local package
  for package in $OPTIONAL_PACKAGES; do
    ensure optional "$package"
  done
}
