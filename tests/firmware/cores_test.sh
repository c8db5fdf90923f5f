#!/usr/bin/env bash
# All seven types on all six cores: self-test and audio stream give the host's lines and hashes; the linked image holds
# no heap, no stdio, no double, no function of libm but sqrtf; the same model gives the same folder.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$work"
prefix=door
for design in "${designs[@]}"; do
  export_design "$design" "$design" "$prefix"
  export_design "$design" again "$prefix"
  diff -r "$design" again || fail "$design: two exports differ"
done

# run DESIGN CORE: builds and emulates; output in DESIGN.CORE.out, exit status in DESIGN.CORE.status.
run() {
  local status=0
  if [ "$2" = host ]; then
    # The example with another board_print(); its first lines are those of make selftest.
    cc -std=c99 -ffp-contract=off -O2 -I"$1" -I"$1/example" -o "$1.host" "$1"/*.c "$1/example/main_baremetal.c" \
      "$here/host_board.c" -lm && "./$1.host" >"$1.host.out" && make -s -C "$1" selftest >"$1.selftest" &&
      diff "$1.selftest" <(head -n 4 "$1.host.out") || status=$?
  else
    make -s -C "$1" qemu "CORE=$2" "CFLAGS=-O2 -fstack-usage" >"$1.$2.out" 2>&1 || status=$?
  fi
  echo "$status" >"$1.$2.status"
}
export -f run
export here
for design in "${designs[@]}"; do printf "$design %s\n" host "${cores[@]}"; done | xargs -P 2 -L 1 bash -c 'run "$@"' run

forbidden='(_?(malloc|calloc|realloc|free|sbrk)(_r)?|_?v?f?s?n?i?printf(_r)?|puts|fopen|fwrite|__aeabi_(c?d.*|d2.*|.*2d)'
forbidden+='|(__ieee754_)?(exp|log|sin|cos|tan|tanh|pow|log10|log2|exp2|expm1|log1p|floor|round)f?|sqrt)'
for design in "${designs[@]}"; do
  [ "$(cat "$design.host.status")" = 0 ] || fail "$design on the host: $(cat "$design.host.out")"
  for core in "${cores[@]}"; do
    out=$design.$core.out
    if [ "$(cat "$design.$core.status")" != 0 ]; then fail "$design on $core: $(tail -n 20 "$out")"; continue; fi
    diff "$design.host.out" "$out" || fail "$design on $core prints other lines than the host"
    image=$(echo "$design/build/$core"/*.elf)
    arm-none-eabi-nm "$image" | awk '{ print $NF }' | grep -xE "$forbidden" && fail "$design on $core links what it must not"
    arm-none-eabi-objdump -d "$image" | grep -m 3 '\.f64' && fail "$design on $core computes in double"
    # A frame of more than 512 bytes would surprise on a stack of 2 KiB.
    cat "$design/build/$core"/*.su | awk -v core="$core" '$(NF - 1) > 512 || $NF != "static" { print; bad = 1 } END { exit bad }' ||
      fail "$design on $core: stack frames above"
  done
done
printf 'largest stack frame: '
cat ./*/build/*/*.su | sort -t "$(printf '\t')" -k 2,2nr | head -n 1
grep -h -m 1 posterior ./*.host.out || fail "no detection in any of the streams"
finish
