#!/usr/bin/env bash
# Does the program need more instructions than it did? This script counts those of small forms of all benchmarks under
# callgrind (plain x86-64, one thread), where noise is far below 1 %, and compares them with instructions.txt: 1 % more
# is a failure. Layers are counted with AVX2, since without fused multiply-adds their products are emulated.
#
#   tests/bench/instructions.sh [--update]
#
# The counts belong to Debian 12's compiler; RHEO names the program (default build/release/rheo).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
examples=$here/../../examples
export rheo=${RHEO:-$here/../../build/release/rheo}
stored=$here/instructions.txt
output=$(mktemp -d)
export output
trap 'rm -rf "$output"' EXIT

# A name, then the command; the longest first.
commands() {
  local name
  echo "continual_batches continual $examples/continual/glyphs.toml --set task.seeds=[1] --set task.methods=[\\\"hlop\\\"]" \
    "--set task.tasks=1 --set task.epochs=1 --set task.data.train=320 --set task.data.test=64 --set task.recorded=0" \
    "--set task.lateral.rows=[[40,40,30]]"
  echo "what_when_trials reservoir $examples/reservoir/what_when.toml --set task.seeds=[11] --set task.block=2"
  for name in hom het stdp triplet rstdp izhikevich microcircuit sparse; do
    echo "guard_$name run $here/guard_$name.toml --layout $here/layout.toml"
  done
}

# NAME COMMAND...: prints the name and how many instructions the command needs.
count() {
  local name=$1 isa=base
  shift
  [[ $name == continual_* ]] && isa=v3
  RHEO_ISA=$isa valgrind --tool=callgrind --callgrind-out-file=/dev/null "$rheo" "$@" --threads 1 \
    --out "$output/$name" >"$output/$name.log" 2>&1 || { cat "$output/$name.log" >&2; return 1; }
  echo "$name $(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$output/$name.log")"
}
export -f count

commands | xargs -d '\n' -P "$(nproc)" -I{} bash -c 'count {}' >"$output/unordered"
commands | while read -r name _; do grep "^$name " "$output/unordered"; done >"$output/counts"
if [[ ${1:-} == --update ]]; then
  cp "$output/counts" "$stored"
  cat "$stored"
  exit
fi
awk 'NR == FNR { before[$1] = $2; next }
  !before[$1] { print $1 ": not in instructions.txt"; failed = 1; next }
  {
    printf "%s: %d instructions, %+.2f %%\n", $1, $2, 100 * ($2 / before[$1] - 1)
    if ($2 > 1.01 * before[$1]) { print $1 ": 1 % more than stored; if that is meant: instructions.sh --update"; failed = 1 }
    if ($2 < 0.99 * before[$1]) print $1 ": better; store it: instructions.sh --update"
  }
  END { exit failed }' "$stored" "$output/counts"
