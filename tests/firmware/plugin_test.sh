#!/usr/bin/env bash
# The counting plugin finds what a person counts in plugin_sequences.c by the tables of insn_plugin.c, on every run.
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
share_plugin
export_design dnn "$work/dnn"

# expect CORE "INSTRUCTIONS,CYCLES" of the loop, of loads and stores, of arithmetic, with the closing call.
expect() {
  local core=$1 got
  shift
  for _ in 1 2; do
    got=$(HARNESS=$here/plugin_sequences.c "$here/count.sh" "$work/dnn" "$core" | sed '1d; s/^,//' | xargs)
    [ "$got" = "$*" ] || fail "$core: counted $got instead of $*"
  done
}
expect m0 202,400 7,19 3,3
expect m3 202,400 7,16 6,15
expect m4 202,400 7,16 10,43
finish
