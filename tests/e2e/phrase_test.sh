#!/usr/bin/env bash
# A phrase of more than a second, from synthetic speech to the exported example.
. "$(dirname "$0")/common.sh"

speech=$work/speech
design=$work/phrase.json
cat >"$design" <<'JSON'
{"schema": "kwsmith.design/1", "name": "phrase", "classes": 3,
 "features": {"kind": "mfcc", "coefficients": 10, "window_ms": 40, "stride_ms": 40, "mel_bins": 40, "low_hz": 20, "high_hz": 4000, "clip_ms": 1800},
 "network": {"type": "dnn", "hidden": [32]}}
JSON

step "phrases of blanks and more than a second are spoken"
"$kwsmith" -q data synth --speakers 20 --clips 2 --clip-ms 1800 --words "turn on the light please,stop,tree" \
  --keywords "turn on the light please" --out "$speech" >/dev/null
"$kwsmith" data check "$speech" --clip-ms 1800 >"$work/said"
grep -q '^problems: 0$' "$work/said" || fail "data check: $(cat "$work/said")"
! grep -q 'longer than' "$work/said" || fail "data check --clip-ms 1800 misses something: $(cat "$work/said")"
"$kwsmith" data check "$speech" >"$work/said"
grep -q '120 clips longer than 1 s: the loudest 1 s of each.*clip_ms' "$work/said" || fail "data check: $(cat "$work/said")"

step "the design's window is what costs, training and evaluation use"
"$kwsmith" cost "$design" --json >"$work/long.json"
"$kwsmith" cost "$design" --set features.clip_ms=1000 --json >"$work/short.json"
[ "$(value "$work/long.json" macs)" -gt "$(value "$work/short.json" macs)" ] || fail "a longer window costs no more"
model=$work/model
"$kwsmith" train "$design" --data "$speech" --out "$model" --epochs 2 >/dev/null 2>"$work/said"
! grep -q 'longer than' "$work/said" || fail "train: $(cat "$work/said")"
[ "$(value "$model/model.json" clip_ms)" = 1800 ] || fail "model.json does not know the window"
expect_c_equals_int8 "$model" "$speech"

step "the exported spotter hears what listen hears"
"$kwsmith" -q export "$model" --out "$work/fw" >/dev/null
grep -q '^#define KWS_CLIP_SAMPLES 28800$' "$work/fw/kws_model.h" || fail "the export hears another window"
! grep -rq "one second" "$work/fw" || fail "the export speaks of one second"
make -s -C "$work/fw" all selftest >"$work/log" 2>&1 || fail "make: $(tail -n 3 "$work/log")"
"$kwsmith" -q listen "$model" --data "$speech" --minutes 1 --json >"$work/heard.json"
[ "$(value "$work/heard.json" words)" -gt 0 ] || fail "listen --data: no phrase in its recording"
clip=$(find "$speech/turn_on_the_light_please" -name '*.wav' | sort | sed -n 1p)
"$work/fw/kws_example" "$clip" >"$work/said" || fail "kws_example: exit $?"
[ "$(grep -c '%$' "$work/said")" -ge 3 ] || fail "kws_example: $(cat "$work/said")"

step "a design of one second is told what it does not hear"
"$kwsmith" train "$design" --set features.clip_ms=1000 --data "$speech" --out "$work/second" --epochs 1 \
  >/dev/null 2>"$work/said"
grep -q '120 clips longer than 1 s' "$work/said" || fail "train: $(cat "$work/said")"
! grep -q clip_ms "$work/second/model.json" || fail "the usual window is written"

finish
