#!/usr/bin/env bash
# Does the program need more instructions than it did? Counts those of two small networks under callgrind (plain x86-64,
# one thread, nothing recorded), where noise is far below 1 %, and compares with instructions.txt: 3 % more is a failure.
#
#   tests/bench/instructions.sh [--update]
#
# The counts belong to Debian 12's compiler; RHEO names the program (default build/release/rheo).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rheo=${RHEO:-$here/../../build/release/rheo}
stored=$here/instructions.txt
output=$(mktemp -d)
trap 'rm -rf "$output"' EXIT
failed=0
counts=
for name in guard_hom guard_het; do
  RHEO_ISA=base valgrind --tool=callgrind --callgrind-out-file=/dev/null "$rheo" run "$here/$name.toml" --threads 1 \
    --out "$output/$name" >"$output/log" 2>&1 || { cat "$output/log" >&2; exit 1; }
  count=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$output/log")
  counts+="$name $count"$'\n'
  before=$(sed -n "s/^$name //p" "$stored" 2>/dev/null || true)
  [[ ${1:-} == --update ]] && continue
  awk -v name="$name" -v now="$count" -v before="${before:-0}" 'BEGIN {
    if (before == 0) { print name ": not in instructions.txt"; exit 1 }
    printf "%s: %d instructions, %+.2f %%\n", name, now, 100 * (now / before - 1)
    if (now > 1.03 * before) { print name ": 3 % more than stored; if that is meant: instructions.sh --update"; exit 1 }
    if (now < 0.97 * before) print name ": better; store it: instructions.sh --update"
  }' || failed=1
done
if [[ ${1:-} == --update ]]; then
  printf '%s' "$counts" >"$stored"
  cat "$stored"
fi
exit "$failed"
