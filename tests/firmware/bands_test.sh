#!/usr/bin/env bash
# Energies of the bands of speech and the gate's decisions are the host's on every core, with either front end, in a stream of
# windows and in one that flows.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$work"
for design in ds_cnn ds_cnn_valid; do
  for kind in float integer; do
    folder=$design.$kind
    export_design "$design" "$folder" kws "$kind"
    cc -std=c99 -ffp-contract=off -O2 -DKWS_BANDS=1 -I"$folder" -I"$folder/example" -o host "$folder"/*.c \
      "$here/bands_main.c" "$here/host_board.c" -lm
    host=$(./host) || fail "$folder on the host"
    on=(m4 m7 m33 m55)
    [ "$kind" = float ] || on=(m0 m3)
    for core in "${on[@]}"; do
      there=$(make -s -C "$folder" qemu "CORE=$core" "OUT=build/$core" "MAIN=$here/bands_main.c" \
        "CFLAGS=-O2 -DKWS_BANDS=1") || fail "$folder on $core: $there"
      [ "$there" = "$host" ] || fail "$folder on $core: $there instead of $host"
    done
    echo "$folder: $host on ${on[*]}"
  done
done
finish
