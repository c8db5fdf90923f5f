#!/bin/bash
# Workers of a search as a Slurm job array. The search itself runs anywhere that reaches the same store:
#   kwsmith search --study postgresql://USER@HOST/DATABASE --out results --workers 0 --data DIR ...
#   sbatch --array=0-15 --export=ALL,KWSMITH_STUDY=postgresql://USER@HOST/DATABASE,KWSMITH_DATA=DIR slurm_workers.sh
# KWSMITH names the program where it is not in PATH. Options below are defaults; those of sbatch beat them.
#SBATCH --job-name=kwsmith
#SBATCH --array=0-3
#SBATCH --cpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
# Two minutes before the time limit; an epoch in progress is given up, the finished ones go to the store.
#SBATCH --signal=B:USR1@120

"${KWSMITH:-kwsmith}" worker --study "${KWSMITH_STUDY:?is the URL of the search}" \
  --data "${KWSMITH_DATA:?is the folder of the recordings}" --threads "${SLURM_CPUS_PER_TASK:-1}" --max-idle 1800 &
worker=$!
again=no
trap 'again=yes; kill -TERM "$worker"' USR1 # the time limit: the task goes back into the queue
# scancel: it does not. That signal reaches the worker, too, and a second one would end it with the step in its hands.
trap : TERM INT

# A signal ends `wait` before the worker has ended; its exit code is there for the asking once it has.
while kill -0 "$worker" 2> /dev/null; do wait "$worker"; done
wait "$worker"
code=$?
# 75: it gave its step back; 143: the signal came before it had one.
if [ "$again" = yes ] && { [ "$code" = 75 ] || [ "$code" = 143 ]; }; then
  scontrol requeue "${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
fi
exit "$code"
