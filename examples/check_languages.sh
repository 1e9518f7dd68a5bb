#!/bin/sh
# SPDX-License-Identifier: LicenseRef-agentrun-internal
# check_languages.sh python PROGRAM LIBRARY | rust PROGRAM LIBRARY: the library from other
# languages, where they are installed.
set -eu
language=$1 program=$2
folder=$(cd "$(dirname "$3")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export LD_LIBRARY_PATH="$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"

case $language in
python)
  python3 "$program" "always email me when the price drops" >"$scratch/out"
  grep -q '^patch [01]\.[0-9]*$' "$scratch/out"
  grep -qxF '[{"id": 2, "price": 40}]' "$scratch/out"
  grep -q '^step 1 (fly): ' "$scratch/out"
  [ "$(wc -l <"$scratch/out")" -eq 3 ]
  ;;
rust)
  if ! command -v rustc >/dev/null; then
    echo "left out: rustc is not installed"
    exit 77
  fi
  rustc --edition 2021 -D warnings -L "$folder" -l agentrun -o "$scratch/from_rust" "$program"
  "$scratch/from_rust" "always email me when the price drops" | grep -q '^patch [01]\.[0-9]*$'
  "$scratch/from_rust" "$(printf 'count the rows')" | grep -q '^execute '
  ;;
esac
