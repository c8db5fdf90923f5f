#!/usr/bin/env bash
# Random depthwise layers on cores with the DSP extension and with Helium give the bytes of portable C, with the output as
# near to the input as the plan allows.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export_design ds_cnn "$work/ds_cnn"
for core in m4 m7 m33 m55; do
  make -s -C "$work/ds_cnn" qemu "CORE=$core" "OUT=build/$core" "MAIN=$here/depthwise_fuzz.c" >"$work/out" 2>&1 ||
    fail "$core: $(tail -n 20 "$work/out")"
  grep -qx "all shapes equal" "$work/out" || fail "$core: no verdict"
done
finish
