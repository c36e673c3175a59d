#!/usr/bin/env bash
# rheo sweep --engine slurm on a real Slurm of this host (one_host.sh): 40 points, of which one fails, one is stopped by a
# signal, one is preempted and one killed; the table must be that of the sweep without Slurm. A job that is cancelled must
# not come back. Usage: slurm_sweep.sh RHEO. Exit code 77: there is no Slurm, or none that starts here.
set -euo pipefail
rheo=$(realpath "$1")
source "$(dirname "${BASH_SOURCE[0]}")/one_host.sh"

missing=$(slurm_missing)
if [[ -n $missing ]]; then
  echo "skipped: $missing"
  exit 77
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/rheo_slurm_XXXXXX")
leave() {
  local code=$?
  slurm_stop
  rm -rf "$folder"
  exit "$code"
}
trap leave EXIT
trap 'exit 130' INT TERM HUP

fail() {
  echo "FAILED, line ${BASH_LINENO[0]}: $*" >&2
  squeue -r >&2 || true
  tail -n 20 "$folder"/*/slurm/*/*.log "$folder"/slurm/log/*.log >&2 || true
  exit 1
}
note() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
# The command may end with 0 or 1 (a point failed).
rheo_says() {
  local code=0
  said=$("$rheo" "$@" 2>&1) || code=$?
  ((code <= 1)) || fail "rheo $* ended with $code: $said"
  ended=$code
}
queue() { squeue -h -r -o '%F_%K %T'; }
is_queue_empty() { [[ -z $(squeue -h -t all --states=PENDING,RUNNING,COMPLETING,SUSPENDED) ]]; }
# Recording the spikes of a point (a number in the order of the design).
folder_of() { sed -n "$(($1 + 1))p" "$out/points.jsonl" | sed -E 's/.*"point":"((..)[0-9a-f]*)".*/\2\/\1/'; }
# With spikes in it, so that there is something to go on with.
is_simulating() { [[ -n $(find "$out/points/$(folder_of "$1")/spikes.h5.part" -size +100k 2>/dev/null) ]]; }
# Of the points of a task one was at work when the task was stopped: the first, or the next where the first was quick.
resumed() {
  local point
  for point in "$@"; do
    grep -qE '"resumed": [1-9]' "$out/points/$(folder_of "$point")/run.json" && return
  done
  return 1
}
missing_points() { "$rheo" sweep status "$out" | awk '/interrupted|waiting/ { sum += $2 } END { print sum }'; }

mkdir "$folder/a sweep of 100%a"
cd "$folder/a sweep of 100%a"
out=$folder/"a sweep of 100%a"/cluster
# Points 0, 1, 6, 7, 10 and 11 take seconds; point 17 wants more sources than it has, which its neighbour 16 has.
{
  cat <<'END'
[simulation]
seed = 3
[populations.E]
model = "iaf_psc_delta"
size = 40
[inputs.background]
kind = "poisson"
target = "E"
rate = 15000.0
weight = 0.12
[projections.excitation]
source = "E"
target = "E"
connect = { rule = "fixed_indegree", indegree = 4, multapses = false }
weight = 0.2
delay = 1.5
plasticity = { rule = "stdp_pair" }
[record.spikes]
[sweep]
design = "grid"
metrics = ["rate.E", "cv_isi.E", "synchrony.E", "spikes.E"]
[sweep.axes]
END
  steps=
  for ((i = 0; i < 20; ++i)); do
    steps+="[$((i == 0 || i == 3 || i == 5 ? 600000 : 40)).0, $((14000 + 200 * i)).0, $((i == 8 ? 50 : 4))], "
  done
  echo "\"simulation.duration, inputs.background.rate, projections.excitation.connect.indegree\" = [$steps]"
  echo '"populations.E.size" = [60, 40]'
} >sweep.toml

rheo_says sweep sweep.toml --out local --quiet
((ended == 1)) || fail "the sweep without Slurm ended with $ended"
note "40 points without Slurm"

if ! slurm_start "$folder/slurm"; then
  echo "skipped: this machine starts no Slurm"
  exit 77
fi
note "Slurm is up"

submit=(sweep sweep.toml --out cluster --engine slurm --points-per-task 5 --time 10 --throttle 4)
rheo_says "${submit[@]}" --dry-run
[[ $said == *'#SBATCH --array=0-7%4'* && $said == *'#SBATCH --time=10'* ]] || fail "the script is: $said"
[[ ! -e cluster ]] || fail "--dry-run wrote something"

rheo_says "${submit[@]}"
[[ $said == *'8 tasks of 5 points'* ]] || fail "$said"
job=$(cat cluster/slurm/1/job.txt)

# A signal before the limit: the task stops, waits in the queue, and goes on.
slurm_wait 60 is_simulating 0 || fail "point 0 does not begin"
scancel --signal=USR1 --batch "${job}_0" 2>/dev/null &  # tries again for seconds where the task was faster than its answer
scancel=$!
slurm_wait 60 eval '[[ $(queue) == *"${job}_0 PENDING"* ]]' || fail "task 0 is not requeued"
kill "$scancel" 2>/dev/null || true
note "task 0 was stopped and waits"
[[ $("$rheo" sweep status cluster) == *"Slurm has "* ]] || fail "status does not know the queue"
rheo_says "${submit[@]}"
[[ $said == *'nothing is submitted'* ]] || fail "points of the queue were submitted once more: $said"

# A task that is killed takes its points along and does not come back.
slurm_wait 60 is_simulating 6 || fail "point 6 does not begin"
killed=$(sed -nE 's/.*"event":"begin".*"process":([0-9]+).*/\1/p' "cluster/journal/slurm-${job}_1.jsonl" | tail -1)
[[ $(tr '\0' ' ' <"/proc/$killed/cmdline") == *run-points*"$folder"* ]] || fail "process $killed is not ours"
kill -9 "$killed"
slurm_wait 60 eval '[[ $(queue) != *"${job}_1 "* ]]' || fail "task 1 is still there"
note "task 1 was killed"

# A more important job takes both processors.
slurm_wait 60 is_simulating 10 || fail "point 10 does not begin"
sbatch --parsable --partition=high --ntasks=2 --output=/dev/null --wrap='sleep 1' >high
slurm_wait 60 eval '[[ $(queue) == *"${job}_2 PENDING"* ]]' || fail "task 2 is not requeued"
note "task 2 was preempted"
slurm_wait 120 is_queue_empty || fail "the array does not end"
note "the array has ended"
[[ -e cluster/slurm/1/0.log ]] || fail "no log: $(ls cluster/slurm/1)"
resumed 0 1 || fail "points 0 and 1 began anew"
resumed 10 11 || fail "points 10 and 11 began anew"
[[ $("$rheo" sweep status cluster) == *"failed                1"* ]] || fail "$("$rheo" sweep status cluster)"
left=$(missing_points)
((left >= 1 && left <= 5)) || fail "$left points are missing"

# The second submission has the missing points and no others.
rheo_says "${submit[@]}"
[[ $said == *"$left missing"* && $said == *"1 task of 5 points"* ]] || fail "$said"
(($(wc -w <cluster/slurm/2/tasks.txt) == left)) || fail "not $left points: $(cat cluster/slurm/2/tasks.txt)"
slurm_wait 120 is_queue_empty || fail "the second array does not end"
rheo_says "${submit[@]}"
[[ $ended == 1 && $said == *'nothing is submitted'* ]] || fail "$ended: $said"
note "the $left missing points have run"

"$rheo" sweep collect local >/dev/null
"$rheo" sweep collect cluster >/dev/null
/usr/bin/python3 - <<'END' || fail "the tables differ"
import csv, sys
def table(name):
    rows = list(csv.DictReader(open(name + "/sweep.csv")))
    for row in rows:
        for column in ("build_wall_time_s", "simulate_wall_time_s", "real_time_factor", "peak_memory_bytes"):
            del row[column]
    return rows
local, cluster = table("local"), table("cluster")
for a, b in zip(local, cluster):
    if a != b: print("without Slurm:", a, "\nwith Slurm:   ", b)
finished = sum(row["state"] == "finished" for row in cluster)
print(f"{len(cluster)} rows, {finished} of finished points")
sys.exit(local != cluster or len(local) != 40 or finished != 39)
END
for i in 0 1 6 7 10 11; do
  cmp "local/points/$(folder_of $i)/spikes.h5" "cluster/points/$(folder_of $i)/spikes.h5" || fail "spikes of point $i differ"
done
[[ -z $(ls cluster/claims) ]] || fail "left in claims: $(ls cluster/claims)"
note "the tables are equal"

# Who cancels a job means it: no requeue of its own.
cat >endless.toml <<'END'
include = "sweep.toml"
[sweep]
design = "grid"
[sweep.axes]
"simulation.duration" = [1e9]
END
out=$folder/"a sweep of 100%a"/cancelled
sed -n '/^\[sweep\]/q;p' sweep.toml >network.toml
sed -i 's/sweep.toml/network.toml/' endless.toml
rheo_says sweep endless.toml --out cancelled --engine slurm
slurm_wait 60 is_simulating 0 || fail "the endless point does not begin"
scancel "$(cat cancelled/slurm/1/job.txt)"
slurm_wait 60 is_queue_empty || fail "the cancelled job does not end"
sleep 1
is_queue_empty || fail "the cancelled job came back"
[[ -s cancelled/points/$(folder_of 0)/checkpoint.h5 ]] || fail "the cancelled job left no checkpoint"
note "a cancelled job stays cancelled"

slurm_stop
left=$(pgrep -f "$folder" || true)
[[ -z $left ]] || { ps -o pid,args -p "$left" >&2; fail "processes are left"; }
note "done"
