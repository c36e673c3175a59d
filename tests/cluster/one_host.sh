# A Slurm of one host for tests, without systemd and beside whatever else runs: its own key, sockets, ports, spool and
# log, all in one folder. Debian: slurm-wlm, munge. To be sourced with bash; the caller traps EXIT with slurm_stop.
#
#   slurm_missing        what is missing to start one, or nothing
#   slurm_start FOLDER   starts it with two processors; exports SLURM_CONF, so that sbatch and the rest find it
#   slurm_stop           ends what was started, jobs too
#
# Everything runs as whoever starts it; only root is tried. Partition "low" is preempted by "high" (requeued, with a
# grace of 4 s). A job that is requeued starts again as soon as its credential has expired, here after seconds and not
# the two minutes that are Slurm's default (cred_expire).

slurm_missing() {
  local command
  PATH=$PATH:/usr/sbin:/sbin
  for command in munged slurmctld slurmd sbatch squeue scontrol scancel sinfo; do
    command -v "$command" >/dev/null || echo "$command is not installed"
  done
  ((EUID == 0)) || echo "slurmd needs root"
  [[ $(stat -f -c %T /sys/fs/cgroup 2>/dev/null) =~ ^(cgroup|tmpfs) ]] || echo "there are no control groups, which slurmd wants"
}

slurm_start() {
  local run=$1 name port
  slurm_run=$run
  slurm_pids=()
  name=$(hostname -s)
  PATH=$PATH:/usr/sbin:/sbin
  mkdir -p "$run"/{munge,state,spool,log}
  chmod 0755 "$run" "$run/munge"  # munged wants to own what leads to its socket

  dd if=/dev/urandom of="$run/munge/key" bs=1024 count=1 status=none
  chmod 0400 "$run/munge/key"
  munged --foreground --force --key-file="$run/munge/key" --socket="$run/munge/sock" --pid-file="$run/munge/pid" \
    --log-file="$run/log/munged.log" --seed-file="$run/munge/seed" --num-threads=2 >"$run/log/munged.out" 2>&1 &
  slurm_pids+=($!)

  # Two ports that nobody listens to; from below the range from which connections take theirs.
  port=$((20000 + $$ % 10000))
  while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || (exec 3<>"/dev/tcp/127.0.0.1/$((port + 1))") 2>/dev/null; do
    port=$((port + 2))
  done
  cat >"$run/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$name(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$run/munge/sock,cred_expire=5
CredType=cred/munge
PlugStackConfig=/dev/null
SlurmctldPort=$port
SlurmdPort=$((port + 1))
StateSaveLocation=$run/state
SlurmdSpoolDir=$run/spool
SlurmctldPidFile=$run/ctld.pid
SlurmdPidFile=$run/slurmd.pid
SlurmctldLogFile=$run/log/ctld.log
SlurmdLogFile=$run/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MaxArraySize=${slurm_max_array:-1000}
KillWait=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
SlurmctldParameters=preempt_send_user_signal
JobRequeue=1
NodeName=$name NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=low Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=REQUEUE GraceTime=4
PartitionName=high Nodes=ALL Default=NO MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=OFF
END
  export SLURM_CONF=$run/slurm.conf
  slurm_wait 10 test -S "$run/munge/sock" || slurm_failed "munged does not answer"
  slurmctld -D >"$run/log/ctld.out" 2>&1 &
  slurm_pids+=($!)
  slurmd -D -N "$name" >"$run/log/slurmd.out" 2>&1 &
  slurm_pids+=($!)
  slurm_wait 30 slurm_is_idle || slurm_failed "the host does not become idle"
}

slurm_is_idle() { [[ $(sinfo -h -p low -o %T 2>/dev/null) == idle ]]; }

# slurm_wait SECONDS COMMAND...: until it succeeds
slurm_wait() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}

slurm_failed() {
  echo "$1; the logs say:" >&2
  tail -n 5 "$slurm_run"/log/* >&2
  return 1
}

slurm_stop() {
  [[ -n ${slurm_run:-} ]] || return 0
  local pid
  [[ -S $slurm_run/munge/sock ]] && scancel --full --signal=KILL --state=RUNNING --user=root 2>/dev/null && sleep 1
  # The controller last: it is told of what the host ends.
  for ((pid = ${#slurm_pids[@]} - 1; pid >= 0; --pid)); do
    kill "${slurm_pids[pid]}" 2>/dev/null
    slurm_wait 10 slurm_ended "${slurm_pids[pid]}" || kill -9 "${slurm_pids[pid]}" 2>/dev/null
  done
  slurm_run=
}

slurm_ended() { [[ ! -d /proc/$1 ]] || [[ $(awk '/^State:/ { print $2 }' "/proc/$1/status" 2>/dev/null) == Z ]]; }
