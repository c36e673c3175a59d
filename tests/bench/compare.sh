#!/usr/bin/env bash
# rheo against another simulator on brunel_hom and brunel_het: pairs run one after the other, so that a busy machine slows
# both, and the median of the pairs' ratios.
#
#   tests/bench/compare.sh brian2|nest|genn [--pairs 5] [--threads "1 2"] [--bench "hom het"] [--drive "poisson current"]
#                                           [--neurons 10000] [--seconds 1]      these two: nest and genn
#
# RHEO names the program (default build/release/rheo), PYTHON the interpreter that has the other simulator (/usr/bin/python3),
# PEER_DIR the folder where Brian2 and GeNN compile their programs, once per configuration (about a minute each). Only
# the wall time of what is simulated is compared, not building or compiling.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rheo=${RHEO:-$here/../../build/release/rheo} python=${PYTHON:-/usr/bin/python3}
peer=${1:-} && shift || true
case $peer in
  brian2 | nest) threads="1 2" ;;
  genn) threads=1 ;;  # its backend for processors has one
  *) echo "usage: compare.sh brian2|nest|genn [--pairs N] [--threads N] [--bench NAME] [--drive NAME]" >&2; exit 2 ;;
esac
directory=${PEER_DIR:-${TMPDIR:-/tmp}/rheo_bench_$peer}
pairs=5 benches="hom het" drives="poisson current" size=() settings=()
while (($#)); do
  case $1 in
    --pairs) pairs=$2 ;;
    --threads) threads=$2 ;;
    --bench) benches=$2 ;;
    --drive) drives=$2 ;;
    --neurons)
      size+=(--neurons "$2")
      settings+=(--set "populations.E.size=$(($2 * 8 / 10))" --set "populations.I.size=$(($2 * 2 / 10))") ;;
    --seconds)
      size+=(--seconds "$2")
      settings+=(--set "simulation.duration=$2e3") ;;
    *) echo "compare.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[[ -x $rheo ]] || { echo "compare.sh: $rheo is not there: run ./setup.sh" >&2; exit 2; }
module=${peer/genn/pygenn}
"$python" -c "import $module" >/dev/null 2>&1 || { echo "compare.sh: $python has no module $module" >&2; exit 2; }

theirs() { "$python" "$here/${peer}_brunel.py" "$1" --drive "$2" --threads "$3" --dir "$directory" "${size[@]}" "${@:4}"; }

grep -m1 'model name' /proc/cpuinfo || true
for bench in $benches; do
  for drive in $drives; do
    file=brunel_$bench
    [[ $drive == poisson ]] || file+=_$drive
    for t in $threads; do
      theirs "$bench" "$drive" "$t" --build-only >"$directory.log" 2>&1 || { cat "$directory.log" >&2; exit 1; }
      results=$(mktemp)
      for ((pair = 0; pair < pairs; ++pair)); do
        theirs "$bench" "$drive" "$t" 2>/dev/null | grep "^{" >>"$results"
        "$rheo" bench "$here/../../examples/bench/$file.toml" --threads "$t" --no-stages --no-bound --json "${settings[@]}" >>"$results"
      done
      python3 - "$bench" "$drive" "$t" "$results" "$peer" <<'PYTHON'
import json, statistics, sys
bench, drive, threads, path, name = sys.argv[1:]
with open(path) as file:
    text = file.read()
decoder, rows, at = json.JSONDecoder(), [], 0
while at < len(text):  # one object after the other, however they are laid out
    if text[at].isspace():
        at += 1
        continue
    row, at = decoder.raw_decode(text, at)
    rows.append(row)
peer, ours = rows[0::2], rows[1::2]
ratios = [a["rtf"] / b["rtf"] for a, b in zip(peer, ours)]
median = statistics.median
print(f"brunel_{bench:<4} {drive:<8} threads {threads}   "
      f"{name} {median(r['rtf'] for r in peer):7.3f} ({median(r['rate_hz'] for r in peer):.2f} Hz)   "
      f"rheo {median(r['rtf'] for r in ours):7.3f} ({median(r['rate_hz'] for r in ours):.2f} Hz)   "
      f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {len(ratios)} pairs", flush=True)
PYTHON
      rm -f "$results"
    done
  done
done
