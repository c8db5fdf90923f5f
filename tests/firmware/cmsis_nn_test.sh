#!/usr/bin/env bash
# The layers on CMSIS-NN, when KWS_CMSIS_NN names a checkout of it: self-test and audio stream give the lines and hashes
# of the default build, on this computer and on cores without DSP extension, with it, and with Helium; random shapes give
# the bytes of plain loops.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
if [ ! -f "${KWS_CMSIS_NN:-}/Include/arm_nnfunctions.h" ]; then
  echo "SKIP: KWS_CMSIS_NN names no checkout of CMSIS-NN"
  exit 77
fi
cmsis_nn=$(cd "$KWS_CMSIS_NN" && pwd)
cd "$work"
flags="CMSIS_NN=$cmsis_nn"

for design in ds_cnn dnn cnn crnn; do
  export_design "$design" "$design"
  make -s -C "$design" selftest >"$design.out" || fail "$design by default: $(cat "$design.out")"
done
# run DESIGN CORE: the self-test's lines; the library is built once for each core.
run() {
  local status=0 out=$1.$2.out
  if [ "$2" = host ]; then
    make -s -C "$1" selftest "$flags" >"$out" 2>&1 || status=$?
  else
    make -s -C "$1" qemu "CORE=$2" "$flags" >"$out" 2>&1 || status=$?
  fi
  [ "$status" = 0 ] || fail "$1 on $2: $(tail -n 20 "$out")"
  diff "$1.out" <(head -n 4 "$out") || fail "$1 on $2 with CMSIS-NN prints other lines than without"
}
for core in host m0 m4 m55; do
  built=build/$core
  [ "$core" = host ] || built=build/${core}_cmsis_nn
  for design in ds_cnn dnn cnn crnn; do
    if [ "$design" != ds_cnn ] && [ "$core" != host ]; then
      mkdir -p "$design/$built"
      cp -p "ds_cnn/$built/libcmsis_nn.a" "$design/$built/"
    fi
    run "$design" "$core"
  done
  if [ "$core" = host ]; then
    cc -std=c99 -O1 -g -fsanitize=address,undefined -DKWS_USE_CMSIS_NN -isystem "$cmsis_nn/Include" -Ids_cnn \
      -Ids_cnn/example -o fuzz "$here/cmsis_nn_fuzz.c" ds_cnn/kws_cmsis.c "$here/host_board.c" \
      "ds_cnn/$built/libcmsis_nn.a" && ./fuzz >fuzz.out 2>&1 || fail "random shapes on the host: $(tail -n 20 fuzz.out)"
  else
    make -s -C ds_cnn qemu "CORE=$core" "$flags" "MAIN=$here/cmsis_nn_fuzz.c" IMAGE=build/fuzz.elf WERROR= \
      >fuzz.out 2>&1 || fail "random shapes on $core: $(tail -n 20 fuzz.out)"
    rm -f ds_cnn/build/fuzz.elf
  fi
  grep -qx "all shapes equal" fuzz.out || fail "random shapes on $core: no verdict"
done
# And back: the programs of this computer must not stay those with CMSIS-NN.
make -s -C dnn selftest >/dev/null || fail "dnn after a build with CMSIS-NN"
if nm dnn/kws_selftest | grep arm_fully_connected >/dev/null; then fail "dnn keeps CMSIS-NN without being asked to"; fi
finish
