#!/usr/bin/env bash
# rheo against Brian2 (C++ standalone, -O3 -march=native) on brunel_hom and brunel_het: pairs run one after the other, so
# that a busy machine slows both, and the median of the pairs' ratios.
#
#   tests/bench/compare_brian2.sh [--pairs 5] [--threads "1 2"] [--bench "hom het"] [--drive "poisson current"]
#
# RHEO names the program (default build/release/rheo), BRIAN2_DIR the folder where Brian2's programs are compiled, once
# per configuration (about a minute each). Only the wall time of 1 s of biology is compared, not building or compiling.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rheo=${RHEO:-$here/../../build/release/rheo}
directory=${BRIAN2_DIR:-${TMPDIR:-/tmp}/rheo_bench_brian2}
pairs=5 threads="1 2" benches="hom het" drives="poisson current"
while (($#)); do
  case $1 in
    --pairs) pairs=$2 ;;
    --threads) threads=$2 ;;
    --bench) benches=$2 ;;
    --drive) drives=$2 ;;
    *) echo "compare_brian2.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[[ -x $rheo ]] || { echo "compare_brian2.sh: $rheo is not there: run ./setup.sh" >&2; exit 2; }
/usr/bin/python3 -c 'import brian2' 2>/dev/null || { echo "compare_brian2.sh: apt-get install python3-brian" >&2; exit 2; }

brian2() { /usr/bin/python3 "$here/brian2_brunel.py" "$1" --drive "$2" --threads "$3" --dir "$directory" "${@:4}"; }

grep -m1 'model name' /proc/cpuinfo || true
for bench in $benches; do
  for drive in $drives; do
    file=brunel_$bench
    [[ $drive == poisson ]] || file+=_$drive
    for t in $threads; do
      brian2 "$bench" "$drive" "$t" --build-only 2>"$directory.log" || { cat "$directory.log" >&2; exit 1; }
      results=$(mktemp)
      for ((pair = 0; pair < pairs; ++pair)); do
        brian2 "$bench" "$drive" "$t" 2>/dev/null >>"$results"
        "$rheo" bench "$here/../../examples/bench/$file.toml" --threads "$t" --no-stages --no-bound --json >>"$results"
      done
      python3 - "$bench" "$drive" "$t" "$results" <<'PYTHON'
import json, statistics, sys
bench, drive, threads, path = sys.argv[1:]
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
      f"Brian2 {median(r['rtf'] for r in peer):7.3f} ({median(r['rate_hz'] for r in peer):.2f} Hz)   "
      f"rheo {median(r['rtf'] for r in ours):7.3f} ({median(r['rate_hz'] for r in ours):.2f} Hz)   "
      f"ratio {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}), {len(ratios)} pairs", flush=True)
PYTHON
      rm -f "$results"
    done
  done
done
