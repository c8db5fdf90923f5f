#!/usr/bin/env bash
# On real recordings: counts, a sanity accuracy, and the exported C against int8 for every network type.
# KWS_SPEECH_COMMANDS names the folder; default ../shared/speech_commands beside the sources.
. "$(dirname "$0")/common.sh"

data=${KWS_SPEECH_COMMANDS:-$source_dir/../shared/speech_commands}
if [ ! -d "$data/yes" ]; then
  echo "SKIP: no recordings at $data; set KWS_SPEECH_COMMANDS to a Speech Commands folder"
  exit 77
fi

step "data check"
"$kwsmith" data check "$data" --json >"$work/check.json" || fail "data check finds problems in $data"
files=$(find "$data" -mindepth 2 -not -path '*/_background_noise_/*' \( -name '*.wav' -o -name '*.flac' \) | wc -l)
clips=$(sed -nE 's/^  "clips": ([0-9]+),?$/\1/p' "$work/check.json")
[ "$clips" = "$files" ] || fail "data check counts ${clips:-no} clips, the folder has $files"

step "a network learns"
"$kwsmith" -q train "$configs/dnn_s.json" --data "$data" --out "$work/dnn_s" --epochs 3 --seed 7 --json >"$work/dnn_s.json"
accuracy=$(value "$work/dnn_s.json" int8_test)
# One guess in twelve is 8 %; three epochs of this network reach about 60 %.
awk -v a="$accuracy" 'BEGIN { exit !(a > 0.4) }' || fail "int8 test accuracy of dnn_s is $accuracy after 3 epochs"
expect_c_equals_int8 "$work/dnn_s" "$data"

step "the exported C gives the int8 outputs for every type"
# Small networks: the arithmetic is the same, an epoch takes a fraction.
for type in cnn basic_lstm lstm gru crnn ds_cnn; do
  sed -E 's/"filters": *[0-9]+/"filters": 8/; s/"cells": *[0-9]+/"cells": 32/; s/"projection": *[0-9]+/"projection": 20/' \
    "$configs/${type}_s.json" >"$work/$type.json"
  "$kwsmith" -q train "$work/$type.json" --data "$data" --out "$work/$type" --epochs 1 --seed 7 >/dev/null ||
    { fail "train $type"; continue; }
  expect_c_equals_int8 "$work/$type" "$data"
done

finish
