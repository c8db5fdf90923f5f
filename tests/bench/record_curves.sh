#!/usr/bin/env bash
# tests/bench/record_curves.sh KWSMITH DATA OUT [PORTION ..]
#
# Records a table of learning curves for `kwsmith replay`, portion by portion, on as many machines and days as it takes:
# PORTION is small.1 .. small.7, medium.1 .. medium.4 or large.1 .. large.4 (default: all of them in this order), 20 designs
# of that budget, each trained for 81 epochs and measured after every one. The first portion of a budget begins with its
# published designs (of small all, of the others the largest of each type, because the rest are in a portion before), the
# others are drawn at random from all types; a random draw takes more than half of its budget. What trains slower than the
# limits below is left out, as a search of half an hour leaves it out; then no ds_cnn or bc_resnet is larger than the medium
# budget, so that the large one is drawn from the other types. Of 80 designs at least 60 are larger than the budget before
# (69 of the medium ones expected, 72 of the large).
#
# A portion takes one core, so run several side by side, in the same OUT. Stop them at any time: the same command goes on.
# OUT/PORTION.json.gz holds what has been trained in full, OUT/curves.json.gz all such portions in OUT, other machines' among
# them. EPOCHS and DESIGNS in the environment make it shorter.
set -euo pipefail
kwsmith=$(realpath "$1") data=$2 out=$3
shift 3
epochs=${EPOCHS:-81} designs=${DESIGNS:-20}
portions=("$@")
[ $# -gt 0 ] || portions=(small.{1..7} medium.{1..4} large.{1..4})
declare -A most_cost=([small]=8 [medium]=12 [large]=20) # --max-training-cost
declare -A types=([large]="dnn,cnn,basic_lstm,lstm,gru,crnn,ds_tc,tc_resnet") # --types
declare -A published=([small]=0 [medium]=1 [large]=1) # --max-published
mkdir -p "$out"
for portion in "${portions[@]}"; do
  budget=${portion%.*} seed=${portion##*.} code=0
  begin=(--no-prior)
  [ "$seed" -gt 1 ] || begin=(--max-published "${published[$budget]}")
  [ -z "${types[$budget]-}" ] || begin+=(--types "${types[$budget]}")
  "$kwsmith" search --data "$data" --study "$out/$portion" --budget "$budget" --max-trials "$designs" --epochs "$epochs" \
    --reduction 1 --slots 1 --threads 1 --evolution-share 0 --model-share 0 --finalists 0 --seed "$seed" \
    --max-training-cost "${most_cost[$budget]}" "${begin[@]}" || code=$?
  "$kwsmith" trials "$out/$portion" --curves "$out/$portion.json.gz"
  "$kwsmith" trials "$out"/*.[0-9].json.gz --curves "$out/curves.json.gz"
  [ "$code" -eq 0 ] || exit "$code"
done
