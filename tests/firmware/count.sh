#!/usr/bin/env bash
# count.sh EXPORT_DIR CORE [CFLAGS...]: instructions and modelled cycles of an exported folder, counted under QEMU.
# Prints CSV: a row for each layer, then invoke (kws_invoke), frame (kws_features_frame) and push_step (kws_push of one
# hop and kws_step). CORE: m0 m3 m4 m7 m33 m55; CFLAGS: "-O2" when none. TABLE=m0|m3|m4 chooses another cycle table.
# OUT=FOLDER keeps the objects and the library of CMSIS_NN=CHECKOUT (for the same core and flags).
# HARNESS=FILE.c counts another program; its rows have no names. KERNELS_CC="clang --target=arm-none-eabi" compiles the
# kernels, KERNELS_FLAGS in place of CFLAGS. PLUGIN=FILE.so is insn_plugin.c, compiled. Writes nothing into EXPORT_DIR.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 2 ] || { sed -n '2,7s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2; }
folder=$1
core=$2
shift 2
flags=${*:--O2}
case $core in m0 | m3) table=${TABLE:-$core} ;; *) table=${TABLE:-m4} ;; esac
work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_count.XXXXXX")
trap 'rm -rf "$work"' EXIT

out=${OUT:-$work/out}
report=$(echo "$folder"/*_report.json)
prefix=$(basename "$report" _report.json)
sed "s/kws_/${prefix}_/g; s/KWS_/${prefix^^}_/g" "${HARNESS:-$here/harness.c}" >"$work/harness.c"
plugin=${PLUGIN:-$work/plugin.so}
[ -n "${PLUGIN:-}" ] || "${CC:-cc}" -O2 -shared -fPIC -o "$plugin" "$here/insn_plugin.c"
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }; }
options=(-C "$folder" "CORE=$core" "OUT=$out" "MAIN=$work/harness.c" "CFLAGS=$flags")
if [ -n "${KERNELS_CC:-}" ]; then # an object that is newer than its source stays
  cpu=$(sed -n "s/^CPU_$core = //p" "$folder/Makefile")
  library=$(echo '#include <string.h>' | arm-none-eabi-gcc -M -x c - | grep -o '[^ ]*/string\.h' | sed -n '1s,/string.h$,,p')
  mkdir -p "$out"
  for file in "$folder/${prefix}"_kernels_*.c; do
    # shellcheck disable=SC2086
    quietly $KERNELS_CC $cpu -mthumb -std=c99 -Wall -Wextra -Werror ${KERNELS_FLAGS:-$flags} -ffunction-sections \
      -isystem "$library" -c -o "$out/$(basename "$file" .c).o" "$file"
  done
fi
quietly make "${options[@]}" image
image=$(echo "$out"/*.elf)
address() { "${CROSS:-arm-none-eabi-}nm" "$image" | sed -n "s/ T $1\$//p"; }
plugin+=,begin=$(address count_begin),end=$(address count_end),table=$table,out=$work/counts
quietly make "${options[@]}" qemu "QEMU=${QEMU:-qemu-system-arm} -plugin $plugin"

names=()
if [ -z "${HARNESS:-}" ]; then
  mapfile -t names < <(sed -nE 's/^      "name": "(.*)",$/\1/p' "$report")
  names+=(invoke frame push_step)
fi
echo "name,instructions,cycles"
paste -d, <(printf '%s\n' "${names[@]}") <(sed -n 's/^window,//p' "$work/counts")
