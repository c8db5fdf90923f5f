#!/usr/bin/env bash
# The band gate of an exported network on synthetic speech between noise: decisions are passed over in noise, no keyword is
# lost.
. "$(dirname "$0")/common.sh"
python=$(command -v python3) || { echo "SKIP: needs python3"; exit 77; }
command -v cc >/dev/null || { echo "SKIP: needs a C compiler"; exit 77; }

step "a recording"
"$kwsmith" -q data synth --speakers 6 --seed 3 --words yes,no,up,down,left,right,on,off,stop,go --out "$work/speech" >/dev/null
front=$((30 * 16000))
"$python" - "$work/speech" "$work/pcm" "$front" <<'PY'
import array, glob, math, random, sys, wave

speech, out, front = sys.argv[1], sys.argv[2], int(sys.argv[3])
chance = random.Random(7)
pcm = array.array("h", bytes(2 * front))
for file in sorted(glob.glob(speech + "/[a-z]*/*.wav")):
    clip = array.array("h", wave.open(file).readframes(-1))
    pcm.extend(clip)
    pcm.extend(array.array("h", bytes(2 * chance.randrange(24000, 48000))))
# A hiss, and a hum that comes and goes.
for i in range(len(pcm)):
    hum = 1500 * math.sin(2 * math.pi * 50 * i / 16000) if i // 40000 % 2 else 0
    pcm[i] = max(-32768, min(32767, round(pcm[i] + chance.gauss(0, 40) + hum)))
open(out, "wb").write(pcm.tobytes())
PY

for model in ds_cnn_s cnn_s; do # a window a decision, and a flow
  step "$model"
  "$kwsmith" -q export $model --out "$work/$model" >/dev/null
  cc -std=c99 -O2 -Wall -Wextra -Wconversion -Werror -DKWS_BANDS=1 -I"$work/$model" -o "$work/gate" "$source_dir/tests/e2e/gate.c" -lm
  "$work/gate" "$front" <"$work/pcm" >"$work/said"
  sed -n 's/^all //p' "$work/said" >"$work/all"
  sed -n 's/^gated //p' "$work/said" >"$work/gated"
  read -r decisions skipped in_front skipped_in_front < <(tail -n 1 "$work/said")
  echo "$(wc -l <"$work/all") detections; passed over: $skipped of $decisions decisions, $skipped_in_front of $in_front in noise alone"
  [ "$(wc -l <"$work/all")" -ge 20 ] || fail "$model: too few detections to lose any"
  cmp "$work/all" "$work/gated" || fail "$model: the gate changes detections"
  [ $((100 * skipped_in_front)) -ge $((90 * in_front)) ] || fail "$model: too few decisions are passed over in noise"
done
finish
