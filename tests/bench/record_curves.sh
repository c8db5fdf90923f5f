#!/usr/bin/env bash
# tests/bench/record_curves.sh KWSMITH DATA OUT [EPOCHS SMALL MEDIUM LARGE]
#
# Records a table of learning curves for `kwsmith replay`: so many designs of each budget (81 epochs; 180, 60 and 60), drawn
# at random from all types, the published small ones in front, each trained in full and measured after every epoch. A random
# draw takes more than half of its budget, so those of a budget do not keep the one below. Stop it at any time: the same
# command goes on, and OUT/curves.json.gz holds what has been trained in full so far. 300 designs on 28,533 recordings take
# about 100 core-hours with AVX2.
set -euo pipefail
kwsmith=$(realpath "$1") data=$2 out=$3 epochs=${4:-81}
declare -A designs=([small]=${5:-180} [medium]=${6:-60} [large]=${7:-60})
mkdir -p "$out"
record() { # record BUDGET OPTION...: a shorter table is there before the longer one begins
  local budget=$1 code=0
  shift
  "$kwsmith" search --data "$data" --study "$out/$budget" --budget "$budget" --max-trials "${designs[$budget]}" \
    --epochs "$epochs" --reduction 1 --evolution-share 0 --model-share 0 --finalists 0 --seed 1 --slots 4 "$@" || code=$?
  studies+=("$out/$budget")
  "$kwsmith" trials "${studies[@]}" --curves "$out/curves.json.gz"
  [ "$code" -eq 0 ] || exit "$code"
}
studies=()
record small
record medium --no-prior
record large --no-prior
