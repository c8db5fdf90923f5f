#!/usr/bin/env bash
# Instructions of network and front end, counted under emulation: within limits, and within 2 % of instructions.csv, so
# that a kernel that became slower (or faster: then run UPDATE=1 and commit) shows. The kernels' cycles hold with the
# compilers and levels that projects take: beside GCC at -O2 at most 2 % more at -Os, at -O3, with -flto and without
# unaligned access (5 % where rows are no whole words), 5 % with clang.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
stored=$here/instructions.csv
counted=$work/counted.csv
share_plugin

# count DESIGN CORE [CFLAGS...]: rows "design,core,flags,row,instructions"; no commas in flags.
count() {
  local design=$1 core=$2
  shift 2
  "$here/count.sh" "$work/$design" "$core" "$@" >"$work/$design.$core.csv.$*"
  awk -F, -v head="$design,$core,$*" '$1 ~ /^(invoke|frame|push_step)$/ { print head "," $1 "," $2 }' \
    "$work/$design.$core.csv.$*" >"$work/rows.$design.$core.$*"
}
export -f count
export here work
for design in "${designs[@]}"; do export_design "$design" "$work/$design"; done
for design in "${residuals[@]}"; do export_design "$design" "$work/$design"; done
flows=(ds_cnn_valid ds_tc_valid)
for design in "${flows[@]}"; do export_design "$design" "$work/$design" kws float 40; done
for design in gru_carried crnn_carried; do export_design "$design" "$work/$design"; done
# With the front end for cores that have no FPU.
for design in gru lstm ds_cnn; do export_design "$design" "$work/$design.integer" kws integer; done
{
  printf '%s m4 -O2\n' "${designs[@]}" "${residuals[@]}" "${flows[@]}" gru_carried crnn_carried
  printf 'ds_cnn %s -O2\n' m7 m33 m55
  printf 'ds_cnn.integer %s -O2\n' m0 m3 m4
  printf '%s\n' "ds_cnn m4 -O2 -DKWS_PORTABLE" "dnn m7 -O2" "gru.integer m0 -O2" "lstm.integer m0 -O2"
} | xargs -P 2 -L 1 bash -c 'count "$@"' count
sort "$work"/rows.* >"$counted"

figure() { sed -n "s/^$1,//p" "$counted"; }
# at_most LIMIT WHAT KEY...: the sum of the figures of these keys.
at_most() {
  local limit=$1 what=$2 sum=0 key
  shift 2
  for key in "$@"; do sum=$((sum + $(figure "$key"))); done
  printf '%s: %s, limit %s\n' "$what" "$sum" "$limit"
  [ "$sum" -gt 0 ] && [ "$sum" -le "$limit" ] || fail "$what: $sum instructions, limit $limit"
}
# layers_at_most LIMIT WHAT DESIGN PATTERN: the sum of its layers on m4 whose names match.
layers_at_most() {
  local sum
  sum=$(awk -F, -v pattern="$4" '$1 ~ pattern { sum += $2 } END { print sum + 0 }' "$work/$3.m4.csv.-O2")
  printf '%s on m4: %s, limit %s\n' "$2" "$sum" "$1"
  [ "$sum" -gt 0 ] && [ "$sum" -le "$1" ] || fail "$2 on m4: $sum instructions, limit $1"
}
# DS-CNN-S: 2,656,768 multiply-accumulates; 1.7 of them with the DSP extension, 4.3 in portable C. Its depthwise layers:
# 288,000, 4.25 of them.
at_most 4516505 "ds_cnn on m4" "ds_cnn,m4,-O2,invoke"
layers_at_most 1224000 "depthwise layers of ds_cnn" ds_cnn '^dw'
at_most 11424102 "ds_cnn on m4, portable C" "ds_cnn,m4,-O2 -DKWS_PORTABLE,invoke"
# ds_tc_small: 1,224,552 multiply-accumulates, 1.85 of them; bc_resnet_1: 2,408,440, 5.0 of them.
at_most 2265421 "ds_tc on m4" "ds_tc,m4,-O2,invoke"
at_most 12042200 "bc_resnet on m4" "bc_resnet,m4,-O2,invoke"
# Its additions: 205,800 elements, 10 of them.
layers_at_most 2058000 "additions of bc_resnet" bc_resnet '^(add|spread)[0-9]'
# A decision every 40 ms takes one new frame.
at_most 400000 "dnn and a frame on m7" "dnn,m7,-O2,invoke" "dnn,m7,-O2,frame"
# Flows: what new frames change of the network, and the detector.
# flow_at_most LIMIT DESIGN FRAMES
flow_at_most() {
  local network=$(($(figure "$2,m4,-O2,push_step") - $3 * $(figure "$2,m4,-O2,frame")))
  printf '%s on m4, what %s frames change: %s, limit %s\n' "$2" "$3" "$network" "$1"
  [ "$network" -gt 0 ] && [ "$network" -le "$1" ] || fail "$2: $network instructions for $3 frames, limit $1"
}
flow_at_most 600000 cnn 4
flow_at_most 350000 ds_cnn_valid 2
flow_at_most 350000 ds_tc_valid 2
flow_at_most 420000 gru_carried 2
flow_at_most 390000 crnn_carried 4

# cycles_within PERCENT DESIGN WHAT FLAGS...: of its network on m4, beside -O2.
cycles_of() { awk -F, '$1 == "invoke" { print $3 }'; }
cycles_within() {
  local percent=$1 design=$2 what=$3 cycles base
  shift 3
  base=$(cycles_of <"$work/$design.m4.csv.-O2")
  cycles=$("$here/count.sh" "$work/$design" m4 "$@" | cycles_of)
  printf '%s on m4, %s: %s cycles, %s at -O2\n' "$design" "$what" "$cycles" "$base"
  [ "$cycles" -le $((base * (100 + percent) / 100)) ] || fail "$design on m4, $what: more than $percent % above -O2"
}
cycles_within 2 ds_cnn -Os -Os
cycles_within 2 ds_cnn -O3 -O3
cycles_within 2 ds_cnn "-O2 -flto" -O2 -flto
cycles_within 2 ds_cnn "without unaligned access" -O2 -mno-unaligned-access
cycles_within 2 ds_cnn "-Os without unaligned access" -Os -mno-unaligned-access
# Rows of dnn, gru and crnn are no whole words. To pad them would cost flash everywhere and save what is told here where
# unaligned words are split.
for design in dnn gru crnn; do
  cycles_within 5 $design "without unaligned access" -O2 -mno-unaligned-access
done
if command -v clang >/dev/null; then
  for level in -O2 -Os; do
    KERNELS_CC="clang --target=arm-none-eabi" KERNELS_FLAGS=$level cycles_within 5 ds_cnn "clang $level" -O2
  done
else
  echo "clang is not here: its cycles were not counted"
fi

version=$(arm-none-eabi-gcc -dumpversion)
if [ -n "${UPDATE:-}" ]; then
  { printf 'arm-none-eabi-gcc,%s\n' "$version"; cat "$counted"; } >"$stored"
elif [ "$(sed -n 's/^arm-none-eabi-gcc,//p' "$stored")" != "$version" ]; then
  echo "stored figures are for another compiler than $version: limits alone were checked"
else
  cut -d, -f 1-4 "$counted" | diff - <(sed 1d "$stored" | cut -d, -f 1-4) || fail "other rows than in instructions.csv"
  awk -F, 'NR == FNR { if (FNR > 1) was[$1 FS $2 FS $3 FS $4] = $5; next }
    { key = $1 FS $2 FS $3 FS $4; change = $5 / was[key] - 1
      if (change > 0.02 || change < -0.02) { printf "%s: %d, stored %d\n", key, $5, was[key]; bad = 1 } }
    END { exit bad }' "$stored" "$counted" || fail "instructions differ from the stored figures by more than 2 %"
fi
finish
