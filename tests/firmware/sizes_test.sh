#!/usr/bin/env bash
# Flash and RAM as linked, against what the export's report promises; the stack that a stream takes.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# section IMAGE NAME: its bytes.
section() { arm-none-eabi-size -A "$1" | awk -v name="$2" '$1 == name { print $2 }'; }
# promised DESIGN KEY: a number of the export's report, from its top or, KEY being stream.KEY, from its "stream".
promised() {
  local lines='1,$' indent='  '
  [ "$2" = "${2#stream.}" ] || { lines='/^  "stream": \{/,/^  \}/' indent='    '; }
  sed -nE "$lines s/^$indent\"${2#stream.}\": ([0-9]+),?\$/\1/p" "$work/$1/kws_report.json"
}
# linked SIZES PART WHAT: "flash" or "RAM" in a line of make size.
linked() { sed -nE "s/^$2: .*$3 ([0-9]+) bytes.*/\1/p" "$1"; }

# check_stack FOLDER CORE: what a stream takes of it.
check_stack() {
  local stack most
  most=$(sed -nE 's/^ *"stack_bytes": ([0-9]+),$/\1/p' "$work/$1/kws_report.json")
  stack=$(make -s -C "$work/$1" qemu "CORE=$2" "OUT=build/stack.$2" "MAIN=$here/stack_main.c" | sed -n 's/^stack //p')
  echo "$1 on $2: stack $stack"
  [ "${stack:-9999}" -le "${most:-0}" ] || fail "$1 on $2: ${stack:-unknown} bytes of stack"
}

# check FOLDER CORE
check() {
  local design=$1 core=$2 sizes=$work/$1.$2 images=$work/$1/build/$2 ram weights over
  make -s -C "$work/$design" size "CORE=$core" >"$sizes" || { fail "$design on $core: make size"; return; }
  ram=$(linked "$sizes" network RAM)
  [ "$ram" -eq $((($(promised "$design" arena_bytes) + 3) / 4 * 4)) ] ||
    fail "$design on $core: the network takes $ram bytes of RAM, promised $(promised "$design" arena_bytes)"
  ram=$(($(linked "$sizes" library RAM) - $(promised "$design" stream.arena_bytes)))
  [ "$ram" -eq $((($(promised "$design" stream.state_bytes) + 3) / 4 * 4)) ] ||
    fail "$design on $core: a stream takes $ram bytes besides its arena, not what was promised"
  # Nothing that changes is left but the caller's.
  [ "$(section "$images/kws_library.elf" .data)" -eq 0 ] || fail "$design on $core: initialised data"
  printf '%-18s %s %s\n' "$design" "$core" "$(tail -n 3 "$sizes" | sed 's/ bytes//g; s/ without stack//' | xargs)"
  check_stack "$design" "$core"
  # Besides weights: the layers' parameters, pointers and alignment.
  weights=$(promised "$design" weight_bytes)
  over=$(($(section "$images/kws_network.elf" .rodata) - weights))
  [ "$over" -ge 0 ] && [ "$over" -le 1536 ] || fail "$design on $core: $over bytes of constants besides weights"
  # Besides weights and tables of the front end: the labels as well.
  over=$(($(section "$images/kws_library.elf" .rodata) - weights - $(promised "$design" table_bytes)))
  [ "$over" -ge 0 ] && [ "$over" -le 2560 ] || fail "$design on $core: $over bytes of constants besides weights, tables"
}
for design in "${designs[@]}" "${carried[@]}"; do
  export_design "$design" "$work/$design"
  export_design "$design" "$work/$design.integer" kws integer
  check "$design" m4
  check "$design.integer" m0
done
for design in "${residuals[@]}"; do
  export_design "$design" "$work/$design"
  check_stack "$design" m4
  check_stack "$design" m55
done

# at_most LIMIT WHAT VALUE
at_most() { [ "$3" -le "$1" ] || fail "ds_cnn: $2 $3 bytes, limit $1"; }
at_most $((36 * 1024)) "flash of the network" "$(linked "$work/ds_cnn.m4" network flash)"
at_most $((92 * 1024 / 10)) "RAM of the network" "$(linked "$work/ds_cnn.m4" network RAM)"
finish
