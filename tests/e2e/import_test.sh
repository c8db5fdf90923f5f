#!/usr/bin/env bash
# A folder of recordings from a phone, with the commands of README, to C that has the int8 network's bytes.
. "$(dirname "$0")/common.sh"

phone=$work/phone
"$kwsmith" -q data synth --speakers 3 --clips 6 --words aurora,blinds,window --out "$work/speech" >/dev/null

step "phone recordings: 44.1 kHz stereo, 2 s, one speaker, a top folder"
python3 - "$work/speech" "$phone" <<'P'
import array, glob, os, sys, wave
speech, phone = sys.argv[1:]
for word in ("aurora", "blinds", "window"):
    os.makedirs(f"{phone}/memos/{word.capitalize()}")
    for i, file in enumerate(sorted(glob.glob(f"{speech}/{word}/*.wav"))[:12]):
        with wave.open(file) as w:
            spoken = array.array("h", w.readframes(w.getnframes()))
        start, out = 2000 * i, array.array("h")
        for n in range(88200):
            at = n * 16000 // 44100 - start
            value = spoken[at] if 0 <= at < len(spoken) else n % 3
            out.extend((value, value))
        with wave.open(f"{phone}/memos/{word.capitalize()}/Recording ({i + 1}).wav", "wb") as w:
            w.setparams((2, 2, 44100, 0, "NONE", ""))
            w.writeframes(out.tobytes())
P
cp "$phone/memos/Aurora/Recording (1).wav" "$phone/memos/Aurora/Recording (1) copy.wav"
echo x >"$phone/memos/Aurora/Recording (13).m4a"
echo x >"$phone/memos/.DS_Store"
head -c 100 /dev/zero >"$phone/memos/Blinds/broken.wav"

data=$work/words
"$kwsmith" -q data import "$phone" --out "$data" --keywords aurora,blinds >"$work/said"
for pattern in 'words: 3: Window, aurora, blinds' 'no name tells them.*one voice' 'one speaker: split clip by clip' \
  'problems: 0' 'left out: 4' '1 \.m4a: no format that is read; convert: find .*ffmpeg' '1 hidden' \
  '1 same samples as another recording' '1 cannot be decoded.*broken' ': 36 clips$'; do
  grep -Eq -- "$pattern" "$work/said" || fail "import does not say /$pattern/: $(cat "$work/said")"
done
[ "$(tr '\n' ' ' <"$data/keywords.txt")" = "aurora blinds " ] || fail "keywords.txt: $(cat "$data/keywords.txt")"
[ "$(find "$data" -name '*.wav' | wc -l)" -eq 36 ] || fail "$(find "$data" -name '*.wav' | wc -l) recordings"
[ -z "$(find "$data" -name '*.wav' ! -name 'speaker_nohash_*.wav')" ] || fail "names: $(find "$data" -name '*.wav')"
"$kwsmith" data check "$data" >"$work/said" || fail "data check: $(cat "$work/said")"
"$kwsmith" -q data import "$phone" --out "$work/again" --threads 1 --keywords aurora,blinds >/dev/null
diff -r "$data" "$work/again" >&2 || fail "one thread gives other files"
got=0
"$kwsmith" data import "$phone" --out "$data" >/dev/null 2>"$work/said" || got=$?
[ "$got" -eq 2 ] && grep -q 'exists already.*--replace' "$work/said" || fail "existing folder: exit $got, $(cat "$work/said")"

step "to firmware"
cat >"$work/design.json" <<'JSON'
{"schema": "kwsmith.design/1", "name": "tiny", "classes": 4,
 "features": {"kind": "mfcc", "coefficients": 10, "window_ms": 40, "stride_ms": 40, "mel_bins": 40, "low_hz": 20, "high_hz": 4000},
 "network": {"type": "dnn", "hidden": [16]}}
JSON
"$kwsmith" -q train "$work/design.json" --data "$data" --out "$work/model" --epochs 2 >/dev/null
"$kwsmith" -q export "$work/model" --out "$work/firmware" >/dev/null
make -s -C "$work/firmware" selftest >"$work/said" 2>&1 || fail "selftest: $(tail -n 3 "$work/said")"
expect_c_equals_int8 "$work/model" "$data"

step "an archive with a top folder"
tar -C "$phone" -czf "$work/memos.tar.gz" memos
"$kwsmith" -q data import "$work/memos.tar.gz" --out "$work/unpacked" --keywords aurora,blinds >/dev/null
diff -r "$data" "$work/unpacked" >&2 || fail "the archive gives other files than the folder"

if command -v python3 >/dev/null; then
  (cd "$phone" && python3 -c 'import shutil, sys; shutil.make_archive(sys.argv[1], "zip", ".", "memos")' "$work/memos")
  "$kwsmith" -q data import "$work/memos.zip" --out "$work/unzipped" --keywords aurora,blinds --json >"$work/said.json"
  diff -r "$data" "$work/unzipped" >&2 || fail "the zip gives other files than the folder"
  python3 - "$work/said.json" <<'P' || fail "--json: $(cat "$work/said.json")"
import json, sys
said = json.load(open(sys.argv[1]))
assert said["schema"] == "kwsmith.import/1" and said["clips"] == 36 and said["problems"] == []
assert sum(left["files"] for left in said["left_out"]) == 4 and len(said["notes"]) >= 2
P
fi

step "a folder of m4a alone"
mkdir -p "$work/m4a/aurora" && echo x >"$work/m4a/aurora/Recording (1).m4a"
expect 4 "m4a: no recording of a word: 1 .m4a: no format that is read; convert: find .*-exec ffmpeg" data import "$work/m4a" --out "$out/x"

step "longer recordings, for a design that hears more"
"$kwsmith" -q data import "$phone" --out "$work/longer" --keywords aurora,blinds --clip-ms 1500 >/dev/null
[ "$(find "$work/longer" -name '*.wav' -size +46k | wc -l)" -eq 36 ] || fail "--clip-ms 1500 keeps another length"

step "bad input"
expect 4 'none: no such folder or archive' data import "$work/none" --out "$out/x"
expect 2 '--speaker.*no group' data import "$phone" --speaker anna --out "$out/x"
expect 4 'fits no path' data import "$phone" --speaker '(?<speaker>zzz)' --out "$out/x"
echo x >"$work/text.tar.gz"
expect 4 'cannot be unpacked' data import "$work/text.tar.gz" --out "$out/x"
finish
