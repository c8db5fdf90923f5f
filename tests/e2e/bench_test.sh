#!/usr/bin/env bash
# `bench train` as a user runs it, and the PyTorch loop beside it where python3-torch is installed.
. "$(dirname "$0")/common.sh"

step "bench train --json"
if ! grep -qw avx2 /proc/cpuinfo; then
  echo "SKIP: this CPU has no AVX2, hence no fused steps"
  exit 77
fi
"$kwsmith" bench train --seconds 0.01 --rounds 1 --isa avx2 --json -q >"$work/bench.json" || fail "exit $?"
[ "$(value "$work/bench.json" schema)" = kwsmith.bench/1 ] || fail "schema"
[ "$(value "$work/bench.json" isa)" = avx2 ] || fail "isa"
for design in dnn_s cnn_s basic_lstm_s lstm_s gru_s crnn_s ds_cnn_s bc_resnet_1 ds_tc_small tc_resnet8; do
  grep -q "\"name\": \"$design\"" "$work/bench.json" || fail "no row for $design"
done
for key in engine_samples_s torch1_samples_s torch2_samples_s; do
  [ "$(grep -cE "\"$key\": [1-9][0-9.e+]*" "$work/bench.json")" -eq "$(grep -c '"name"' "$work/bench.json")" ] ||
    fail "$key is not positive in every row"
done

step "bench train DESIGN"
"$kwsmith" bench train dnn_m --seconds 0.01 --rounds 1 --isa avx2 --format csv -q >"$work/bench.csv" || fail "exit $?"
[ "$(cut -d, -f 1 "$work/bench.csv" | xargs)" = "design dnn_m" ] || fail "other rows than the design's"

step "pytorch_peer.py"
if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
  /usr/bin/python3 "$source_dir/tests/bench/pytorch_peer.py" --json --seconds 0.01 --rounds 1 >"$work/peer.json" || fail "exit $?"
  [ "$(grep -cE '"tuned_samples_s": [1-9]' "$work/peer.json")" -eq 10 ] || fail "not ten rows"
else
  echo "python3-torch is not installed: the peer was not run"
fi
finish
