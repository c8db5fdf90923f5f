#!/bin/bash
# A real Slurm on this machine runs configs/slurm_workers.sh as a job array; one task is cancelled on the way, another
# one reaches its time limit.
#   slurm_test.sh KWSMITH SOURCE_DIR
. "$2/tests/e2e/common.sh"
for program in slurmctld slurmd sbatch munged; do
  if [ "$(id -u)" != 0 ] || ! command -v "$program" > /dev/null; then
    echo "SKIP: needs root and $program (packages slurm-wlm and munge)"
    exit 77
  fi
done
. "$2/tests/store/postgres.sh"
start_postgres

slurm=$work/slurm
mkdir -p "$slurm/state" "$slurm/spool" "$slurm/munge"
host=$(hostname -s)
stop_slurm() {
  scancel --quiet --full --signal=KILL --user="$(id -un)" 2> /dev/null || true
  for name in slurmd slurmctld munged; do
    [ ! -f "$slurm/$name.pid" ] || kill "$(cat "$slurm/$name.pid")" 2> /dev/null || true
  done
  sleep 1
}
trap 'stop_slurm; stop_postgres; rm -rf "$work"' EXIT

step "Slurm starts"
# munged wants every folder on its way to belong to root or itself, with no group that may write.
chmod 755 "$work" "$slurm"
dd if=/dev/urandom of="$slurm/key" bs=1024 count=1 2> /dev/null
chown -R munge "$slurm/key" "$slurm/munge"
chmod 400 "$slurm/key"
runuser -u munge -- munged --force --key-file="$slurm/key" --socket="$slurm/munge/socket" \
  --pid-file="$slurm/munge/munged.pid" --log-file="$slurm/munge/log" --seed-file="$slurm/munge/seed"
ln -s munge/munged.pid "$slurm/munged.pid"
port=$((20000 + RANDOM % 20000))
# A requeued job waits until the credential of its last start has run out, two minutes by default.
cat > "$slurm/slurm.conf" <<CONF
ClusterName=kwsmith
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket,cred_expire=10
CredType=cred/munge
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/slurmd.log
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
JobRequeue=1
SchedulerParameters=bf_interval=2,sched_interval=2
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
# A container has no /sys/fs/cgroup, and processes are tracked by group here.
echo "CgroupPlugin=cgroup/v1" > "$slurm/cgroup.conf"
export SLURM_CONF=$slurm/slurm.conf
slurmctld > /dev/null 2>&1 && slurmd > /dev/null 2>&1 || true
for _ in $(seq 60); do
  ! sinfo -h -o %T 2> /dev/null | grep idle >/dev/null || break
  sleep 0.5
done
if ! sinfo -h -o %T 2> /dev/null | grep idle >/dev/null; then
  tail -n 5 "$slurm"/*.log "$slurm/munge/log" 2> /dev/null || true
  echo "SKIP: Slurm does not start on this machine"
  exit 77
fi

data=$work/data
"$kwsmith" -q data synth --speakers 6 --out "$data" > /dev/null
search=("$kwsmith" -q search --data "$data" --types gru,crnn,ds_cnn --max-trials 9 --epochs 27 --seed 3 --deterministic \
  --finalists 1 --final-seeds 1)
"${search[@]}" --study "$work/alone" > /dev/null || fail "search on its own"

# within SECONDS COMMAND...: waits until the command succeeds
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}
begun() { grep -q begins "$1" 2> /dev/null; }
queue_is_empty() { [ -z "$(squeue -h)" ]; }
# submit URL LOG OPTION...: prints the number of the job
submit() {
  local url=$1 log=$2
  shift 2
  KWSMITH=$kwsmith KWSMITH_STUDY=$url KWSMITH_DATA=$data sbatch --parsable --chdir="$work" --output="$work/$log" "$@" \
    "$source_dir/configs/slurm_workers.sh"
}

step "an array of workers completes a study, one of them cancelled"
job=$(submit "$POSTGRES" task_%a.log --array=0-2)
"${search[@]}" --study "$POSTGRES" --out "$work/shared" --workers 0 > /dev/null 2> "$work/search" &
driver=$!
within 30 begun "$work/task_0.log" || { cat "$work"/task_*.log >&2; fail "the first task takes no step"; }
scancel "${job}_0"
wait "$driver" || { cat "$work/search" "$work"/task_*.log >&2; fail "the search"; }
cmp "$work/alone/trials.json" "$work/shared/trials.json" || fail "trials.json differs"
grep -q interrupted "$work/task_0.log" || { cat "$work/task_0.log" >&2; fail "the cancelled task keeps its step"; }
within 20 queue_is_empty || { squeue; fail "workers do not leave when the search is over"; }

step "a task at its time limit gives its step back and goes on in the queue"
sql() { "$postgres_programs/psql" -qtA -c "$1" "$POSTGRES"; }
sql "CREATE SCHEMA limited"
limited="$POSTGRES?options=-csearch_path%3Dlimited"
job=$(submit "$limited" limited.log --array=0 --time=60)
"${search[@]}" --study "$limited" --out "$work/limited" --workers 0 > /dev/null 2> "$work/search" &
driver=$!
within 30 begun "$work/limited.log" || { cat "$work/limited.log" >&2; fail "the task takes no step"; }
holder() { sql "SELECT holder FROM limited.jobs WHERE holder IS NOT NULL"; }
sleeps_with_a_step() {
  worker=$(holder | cut -d : -f 3)
  [ -n "$worker" ] || return 1
  kill -STOP "$worker"
  [ -z "$(holder)" ] || return 0
  kill -CONT "$worker"
  return 1
}
within 30 sleeps_with_a_step || fail "the worker has no step"
# Only now comes a limit whose warning is due, or it might end the task before it has a step. Slurm looks at limits
# twice a minute; the worker sleeps until the signal is there.
scontrol update JobId="${job}_0" TimeLimit=2
told_to_end() { [ $((0x$(sed -n 's/^ShdPnd:\t*//p' "/proc/$worker/status") & 0x4000)) != 0 ]; } # SIGTERM
# In naps: a worker that slept for long would be taken for one that hangs, and would lose its step.
for _ in 1 2 3 4 5 6 7 8; do
  within 6 told_to_end && break
  kill -CONT "$worker" 2> /dev/null || break # told between two naps
  within 10 sleeps_with_a_step || break
done
kill -CONT "$worker" 2> /dev/null || true
requeued() { scontrol show job "${job}_0" | grep 'JobState=PENDING' >/dev/null && scontrol show job "${job}_0" | grep 'Restarts=1' >/dev/null; }
within 20 requeued || { scontrol show job "${job}_0"; cat "$work/limited.log"; fail "the task is not in the queue again"; }
[ -z "$(holder)" ] || fail "the task keeps its step"
# Delivered, where the signal came late, or free for the next one.
free=$(sql "SELECT count(*) FROM limited.jobs WHERE trial = 0 AND fence = 1 AND expires = 0 AND holder IS NULL")
delivered=$(sql "SELECT count(*) FROM limited.rungs WHERE number = 0")
[ "$free $delivered" = "1 0" ] || [ "$free $delivered" = "0 1" ] ||
  { cat "$work/limited.log" >&2; sql "SELECT * FROM limited.jobs" >&2; fail "the step is not given back"; }
grep -q interrupted "$work/limited.log" || fail "the worker does not say that it was interrupted"
scontrol update JobId="${job}_0" TimeLimit=60 # or the signal comes again
wait "$driver" || { cat "$work/search" "$work/limited.log" >&2; fail "the search with a task that came back"; }
cmp "$work/alone/trials.json" "$work/limited/trials.json" || fail "trials.json differs after the time limit"
within 20 queue_is_empty || { squeue; fail "the task does not leave when the search is over"; }
finish
