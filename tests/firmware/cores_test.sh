#!/usr/bin/env bash
# The seven published types, three with residuals, three without padding in time and three that carry their state on all
# six cores, M0 and M3 with the front end in integers (DESIGN.integer), the others with floats: self-test and audio stream
# give the host's lines and hashes; the linked image holds no heap, no stdio, no double, no function of libm but sqrtf;
# the same model gives the same folder.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$work"
prefix=door
designs+=("${residuals[@]}" ds_cnn_valid ds_tc_valid tc_resnet_valid "${carried[@]}")
for design in "${designs[@]}"; do
  for kind in float integer; do
    export_design "$design" "$design.$kind" "$prefix" "$kind"
    export_design "$design" again "$prefix" "$kind"
    diff -r "$design.$kind" again || fail "$design: two exports differ"
  done
done

# The example with another board_print(); its first lines are those of make selftest, compiled without optimisation.
run_on_host() {
  cc -std=c99 -ffp-contract=off -O2 -I"$1" -I"$1/example" -o "$1.host" "$1"/*.c "$1/example/main_baremetal.c" \
    "$here/host_board.c" -lm && "./$1.host" >"$1.host.out" && make -s -C "$1" selftest CFLAGS=-O0 >"$1.selftest" &&
    diff "$1.selftest" <(head -n 4 "$1.host.out")
}
# run DESIGN TAG CORE [FLAGS...]: builds and emulates, TAG may be a machine; leaves DESIGN.TAG.out and .status.
run() {
  local design=$1 tag=$2 core=$3 status=0 machine=
  shift 3
  [ "$tag" != microbit ] || machine=MACHINE=microbit
  if [ "$core" = host ]; then
    run_on_host "$design" || status=$?
  else
    make -s -C "$design" qemu "CORE=$core" "OUT=build/$tag" "CFLAGS=-fstack-usage ${*:--O2}" $machine \
      >"$design.$tag.out" 2>&1 || status=$?
  fi
  echo "$status" >"$design.$tag.status"
}
export -f run run_on_host
export here
variants=(
  "ds_cnn.integer microbit m0" "dnn.float m0 m0" "dnn.integer m55 m55"
  "ds_cnn.float m4.O0 m4 -O0" "ds_cnn.integer m4.O3 m4 -O3" "ds_cnn.integer m0.Os m0 -Os"
  "cnn.float m4.portable m4 -O2 -DKWS_PORTABLE" "lstm.float m4.portable m4 -O2 -DKWS_PORTABLE"
)
{
  for design in "${designs[@]}"; do
    for core in host m4 m7 m33 m55; do echo "$design.float $core $core"; done
    for core in host m0 m3; do echo "$design.integer $core $core"; done
  done
  printf '%s\n' "${variants[@]//KWS/${prefix^^}}"
} >jobs
xargs -P 2 -L 1 bash -c 'run "$@"' run <jobs

forbidden='(_?(malloc|calloc|realloc|free|sbrk)(_r)?|_?v?f?s?n?i?printf(_r)?|puts|fopen|fwrite'
forbidden+='|__aeabi_(c?d.*|d2.*|.*2d)|sqrt'
forbidden+='|(__ieee754_)?(exp|log|sin|cos|tan|tanh|pow|log10|log2|exp2|expm1|log1p|floor|round)f?)'
# examine DESIGN TAG: what stands above about the image that run() left.
examine() {
  local on="$1 on $2" folder=$1/build/$2 image
  if [ "$(cat "$1.$2.status")" != 0 ]; then
    fail "$on: $(tail -n 20 "$1.$2.out")"
    return
  fi
  diff "$1.host.out" "$1.$2.out" || fail "$on: other lines than on the host"
  [ "$2" != host ] || return 0
  image=$(echo "$folder"/*.elf)
  ! arm-none-eabi-nm "$image" | awk '{ print $NF }' | grep -xE "$forbidden" || fail "$on: links what stands above"
  ! arm-none-eabi-objdump -d "$image" | grep -m 3 '\.f64' || fail "$on: computes in double"
  # Without optimisation nothing is promised about the stack.
  [[ $2 == *.O0 ]] ||
    cat "$folder"/*.su | awk '$(NF - 1) > 512 || $NF != "static" { print; bad = 1 } END { exit bad }' ||
    fail "$on: the frames above take more stack than 512 bytes, or an unknown amount"
}
while read -r design tag _; do examine "$design" "$tag"; done <jobs
printf '%s runs under emulation; largest stack frame: ' $(($(wc -l <jobs) - 2 * ${#designs[@]}))
for core in "${cores[@]}"; do cat ./*/build/"$core"/*.su; done | grep -v main_baremetal |
  sort -t "$(printf '\t')" -k 2,2nr | sed -n 1p
grep -h -m 1 posterior ./*.host.out || fail "no detection in any of the streams"
finish
