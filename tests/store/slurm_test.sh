#!/bin/bash
# A real Slurm on this machine runs configs/slurm_workers.sh as a job array; one task is cancelled on the way.
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
cat > "$slurm/slurm.conf" <<CONF
ClusterName=kwsmith
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/munge
AuthInfo=socket=$slurm/munge/socket
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
KillWait=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
CONF
# A container has no /sys/fs/cgroup, and processes are tracked by group here.
echo "CgroupPlugin=cgroup/v1" > "$slurm/cgroup.conf"
export SLURM_CONF=$slurm/slurm.conf
slurmctld > /dev/null 2>&1 && slurmd > /dev/null 2>&1 || true
for _ in $(seq 60); do
  ! sinfo -h -o %T 2> /dev/null | grep -q idle || break
  sleep 0.5
done
if ! sinfo -h -o %T 2> /dev/null | grep -q idle; then
  tail -n 5 "$slurm"/*.log "$slurm/munge/log" 2> /dev/null || true
  echo "SKIP: Slurm does not start on this machine"
  exit 77
fi

data=$work/data
"$kwsmith" -q data synth --speakers 6 --out "$data" > /dev/null
search=("$kwsmith" -q search --data "$data" --types gru,crnn,ds_cnn --max-trials 9 --epochs 27 --seed 3 --deterministic \
  --finalists 1 --final-seeds 1)
"${search[@]}" --study "$work/alone" > /dev/null || fail "search on its own"

step "an array of workers completes a study, one of them cancelled"
job=$(KWSMITH=$kwsmith KWSMITH_STUDY=$POSTGRES KWSMITH_DATA=$data sbatch --parsable --array=0-2 --chdir="$work" \
  --output="$work/task_%a.log" "$source_dir/configs/slurm_workers.sh")
"${search[@]}" --study "$POSTGRES" --out "$work/shared" --workers 0 --lease 2 > /dev/null 2> "$work/search" &
driver=$!
for _ in $(seq 300); do
  ! grep -q begins "$work/task_0.log" 2> /dev/null || break
  sleep 0.1
done
grep -q begins "$work/task_0.log" || { cat "$work"/task_*.log >&2; fail "the first task takes no step"; }
scancel "${job}_0"
wait "$driver" || { cat "$work/search" "$work"/task_*.log >&2; fail "the search"; }
cmp "$work/alone/trials.json" "$work/shared/trials.json" || fail "trials.json differs"
for _ in $(seq 100); do
  [ -n "$(squeue -h)" ] || break
  sleep 0.2
done
[ -z "$(squeue -h)" ] || { squeue; fail "workers do not leave when the search is over"; }
finish
