#!/usr/bin/env bash
# calibrate.sh BUILD_FOLDER [WORK_FOLDER]: measures code sizes and instructions of sample exports on all six cores and
# writes src/cost/code_table.inc, src/cost/work_table.inc and tests/cost/counted_instructions.csv. Takes four minutes on
# two free cores. Run it when a kernel, the front end, the stream or a compiler option of the export has changed:
#   ninja -C BUILD_FOLDER kws_calibrate && bash tests/firmware/calibrate.sh BUILD_FOLDER
# In a WORK_FOLDER that holds an earlier run, STEPS="sizes work", CORES="m0 ..." and ONLY=PATTERN measure a part again.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=$(cd "$here/../.." && pwd)
calibrate=$(cd "$1" && pwd)/kws_calibrate
if [ $# -ge 2 ]; then
  work=$2
  mkdir -p "$work"
else
  work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_calibrate.XXXXXX")
  trap 'rm -rf "$work"' EXIT
fi
steps=${STEPS:-sizes work}
export here work

# link SAMPLE CORE: the row of kws_calibrate sizes.
link() {
  local out=$work/build/$1.$2 elf=$work/build/$1.$2/kws_library.elf
  make -s -C "$work/$1" "CORE=$2" "OUT=$out" "$elf"
  local sections='$1 ~ /^\.(text|rodata)/ { code += $2 } $1 == ".data" { data += $2 } END { print code + data "," data }'
  local kernels='$1 ~ /^\.(text|rodata)/ { code += $2 } END { print code }'
  printf '%s,%s,%s,%s,%s\n' "$1" "$2" "$(sed -n 's/^#define KWS_EXP_COUNT //p' "$work/$1/kws_detect.c")" \
    "$(arm-none-eabi-size -A "$out"/kws_kernels_*.o | awk "$kernels")" \
    "$(arm-none-eabi-size -A "$elf" | awk "$sections")" >"$work/rows/$1.$2.size"
  rm -r "$out"
}
# count SAMPLE CORE: the rows of kws_calibrate work.
count() {
  local options=(-O2)
  # The emulated M55 has 512 KB of flash; the constants of large networks go elsewhere.
  if [ "$2" = m55 ]; then
    options+=("-DKWS_CONST_SECTION='__attribute__((section(\".far\")))'" -Wl,--section-start=.far=0x60000000)
  fi
  bash "$here/count.sh" "$work/$1" "$2" "${options[@]}" | sed "1d; s/^/$1,$2,/" >"$work/rows/$1.$2.work"
}
export -f link count
# on_all_cores SAMPLES FUNCTION: on every core.
on_all_cores() {
  for sample in $(grep -E "${ONLY:-.}" <<<"$1"); do
    printf "$2 $sample %s\n" ${CORES:-m0 m3 m4 m7 m33 m55}
  done | xargs -P "${JOBS:-2}" -L 1 bash -euo pipefail -c '"$@"' run
}

mkdir -p "$work/rows"
names=$("$calibrate" export "$source_dir" "$work")
made="// By tests/firmware/calibrate.sh with arm-none-eabi-gcc $(arm-none-eabi-gcc -dumpversion); do not edit."
for step in $steps; do
  case $step in
    sizes)
      on_all_cores "$(grep -E "^(set|float|integer)" <<<"$names")" link
      cat "$work"/rows/*.size >"$work/sizes.csv"
      { echo "$made"; "$calibrate" sizes "$source_dir" "$work/sizes.csv"; } >"$work/code_table.inc"
      cp "$work/code_table.inc" "$source_dir/src/cost/"
      ;;
    work)
      on_all_cores "$(grep -v ^set <<<"$names")" count
      cat "$work"/rows/*.work >"$work/work.csv"
      { echo "$made"; "$calibrate" work "$source_dir" "$work/work.csv"; } >"$work/work_table.inc"
      cp "$work/work_table.inc" "$source_dir/src/cost/"
      {
        echo "# design,core,kws_invoke,kws_features_frame,kws_push and kws_step of one hop; by tests/firmware/calibrate.sh"
        for file in "$source_dir"/configs/{hello_edge,anchors}/*.json; do
          name=$(basename "$file" .json)
          [ -d "$work/$name" ] || continue
          awk -F, -v name="$name" '$1 == name { count[$2 "," $3] = $4; cores[$2] }
            END { for (c in cores) print name "," c "," count[c ",invoke"] "," count[c ",frame"] "," count[c ",push_step"] }' \
            "$work/work.csv" | sort
        done
      } >"$source_dir/tests/cost/counted_instructions.csv"
      ;;
  esac
done
