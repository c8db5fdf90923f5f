#!/usr/bin/env bash
# The export's report against what is linked and counted: flash and RAM of every type on every core, instructions of
# some. Data must agree to the byte; code comes from a table that was measured with one compiler.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$work"
share_plugin

# promised DESIGN SECTION CORE KEY: a number of "firmware" in the report.
promised() {
  sed -n "/^  \"firmware\": {/,/^  }/p" "$1/kws_report.json" | sed -n "/^    \"$2\": {/,/^    }/p" |
    sed -n "/^      \"$3\": {/,/^      }/s/^ *\"$4\": \([0-9]*\),*\$/\1/p"
}
# near WHAT PROMISED FOUND TOLERANCE
near() {
  local difference=$(($3 - $2))
  [ "${difference#-}" -le "$4" ] || fail "$1: the report says $2, found $3, tolerance $4"
}

made_with=$(sed -n '1s/.*arm-none-eabi-gcc \([0-9.]*\).*/\1/p' "$source_dir/src/cost/code_table.inc")
same_compiler=no
[ "$(arm-none-eabi-gcc -dumpversion)" = "$made_with" ] && same_compiler=yes
[ "$same_compiler" = yes ] || echo "code is not compared: its table is for arm-none-eabi-gcc $made_with"

link() { make -s -C "$1" size "CORE=$2" >"$1.$2.size"; }
count() { bash "$here/count.sh" "$1" "$2" >"$1.$2.count"; }
export -f link count
export here
for design in "${designs[@]}"; do
  export_design "$design" "$design"
  export_design "$design" "$design.integer" kws integer
done
# A flow.
export_design ds_cnn_valid ds_cnn_valid kws float 40
export_design ds_cnn_valid ds_cnn_valid.integer kws integer 40
# The integer front end is for cores without floats, but runs on all.
linked=()
for design in "${designs[@]}"; do
  linked+=("$design.integer:m0" "$design.integer:m3" "$design:m4" "$design:m7" "$design:m33" "$design:m55")
done
linked+=(dnn:m0 dnn:m3 dnn.integer:m4 ds_cnn_valid.integer:m0 ds_cnn_valid:m4 ds_cnn_valid:m55)
counted=(dnn:m0 dnn.integer:m0 dnn:m7 cnn:m4 cnn.integer:m0 ds_cnn.integer:m0 ds_cnn:m4 ds_cnn:m55 crnn:m33 lstm.integer:m3)
{
  printf 'link %s\n' "${linked[@]/:/ }"
  printf 'count %s\n' "${counted[@]/:/ }"
} | xargs -P 2 -L 1 bash -euo pipefail -c '"$@"' run

for pair in "${linked[@]}"; do
  design=${pair%:*}
  core=${pair#*:}
  read -r flash ram < <(sed -nE 's/^library: flash ([0-9]+) bytes, RAM ([0-9]+) bytes.*/\1 \2/p' "$design.$core.size")
  near "$design on $core, RAM" "$(promised "$design" sizes "$core" ram_bytes)" "$ram" 0
  # Code: window and hop are numbers inside instructions, whose size they change.
  [ "$same_compiler" = no ] || near "$design on $core, flash" "$(promised "$design" sizes "$core" flash_bytes)" "$flash" 48
done
for pair in "${counted[@]}"; do
  design=${pair%:*}
  core=${pair#*:}
  for row in invoke:network frame:frame push_step:decision; do
    found=$(sed -n "s/^${row%:*},\([0-9]*\),.*/\1/p" "$design.$core.count")
    near "$design on $core, ${row%:*}" "$(promised "$design" instructions "$core" "${row#*:}")" "$found" $((found / 30))
  done
done
finish
