#!/usr/bin/env bash
# Folders of recordings as people have them, each of which once gave a false or useless model without a word.
. "$(dirname "$0")/common.sh"

speech=$work/speech
design=$work/design.json
"$kwsmith" -q data synth --speakers 20 --clips 5 --words yes,no,stop --out "$speech" >/dev/null
cat >"$design" <<'JSON'
{"schema": "kwsmith.design/1", "name": "tiny", "classes": 4,
 "features": {"kind": "mfcc", "coefficients": 10, "window_ms": 40, "stride_ms": 40, "mel_bins": 40, "low_hz": 20, "high_hz": 4000},
 "network": {"type": "dnn", "hidden": [16]}}
JSON

# corpus: a fresh copy of the speech in $data
corpus() {
  data=$work/data
  rm -rf "$data"
  cp -r "$speech" "$data"
}

# check CODE PATTERN [OPTION...]: data check of $data, and what it must say on stdout or stderr
check() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$kwsmith" data check "$data" "$@" >"$work/said" 2>&1 || got=$?
  [ "$got" -eq "$code" ] || fail "data check: exit $got instead of $code, /$pattern/"
  grep -Eq -- "$pattern" "$work/said" || fail "data check does not say /$pattern/: $(tail -n 4 "$work/said")"
}

# train CODE PATTERN OPTION...: one epoch on $data, and what it must say on stderr
train() {
  local code=$1 pattern=$2 got=0
  shift 2
  rm -rf "$work/model" "$work/model.checkpoint"
  "$kwsmith" train "$design" --data "$data" --out "$work/model" --epochs 1 "$@" >/dev/null 2>"$work/said" || got=$?
  [ "$got" -eq "$code" ] || fail "train: exit $got instead of $code: $(tail -n 1 "$work/said")"
  grep -Eq -- "$pattern" "$work/said" || fail "train does not say /$pattern/: $(tail -n 4 "$work/said")"
}

# listen CODE PATTERN ARGUMENT...: with the model trained last
listen() {
  local code=$1 pattern=$2 got=0
  shift 2
  "$kwsmith" listen "$work/model" "$@" >"$work/said" 2>&1 || got=$?
  [ "$got" -eq "$code" ] || fail "listen: exit $got instead of $code: $(tail -n 1 "$work/said")"
  grep -Eq -- "$pattern" "$work/said" || fail "listen does not say /$pattern/: $(tail -n 4 "$work/said")"
}

pcm() { tail -c +45 "$1"; } # the samples of a WAV of ours
first() { find "$1" -name '*.wav' | sort | sed -n 1p; }

step "a sound corpus knows its keywords"
corpus
check 0 '^problems: 0$'
[ "$(tr '\n' ' ' <"$data/keywords.txt")" = "yes no stop " ] || fail "keywords.txt: $(cat "$data/keywords.txt")"

step "clips of several seconds"
corpus
for f in "$data"/yes/*.wav; do
  { wav_header 16000 1 70400; head -c 38400 /dev/zero; pcm "$f"; } >"$work/x" && mv "$work/x" "$f"
done
check 0 '100 clips longer than 1 s.*loudest' --keywords yes,no
train 0 '100 clips longer than 1 s' --keywords yes,no

step "names that tell no speaker"
corpus
for f in "$data"/*/*_nohash_*; do mv "$f" "${f/_nohash_/_take_}"; done
check 0 '300 of 300 names tell no speaker.*the first part' --keywords yes,no
check 0 '^300 clips of unknown speakers' --keywords yes,no
train 0 'names tell no speaker' --keywords yes,no

step "names that are not UTF-8"
corpus
latin=$(printf 'gr\374n')
if mv "$data/yes" "$data/$latin" 2>/dev/null; then
  check 2 'is no UTF-8' --keywords "$latin,no"
  train 2 'is no UTF-8' --keywords "$latin,no"
  check 0 '^problems: 0$' --keywords no,stop
  check 0 '"schema"' --keywords no,stop --json
fi

step "names that would spoil the model's file"
corpus
tab=$(printf 'a\tb')
mv "$data/yes" "$data/$tab"
train 2 'holds control characters' --keywords "$tab,no"

step "samples"
corpus
for f in "$data"/yes/*.wav; do { wav_header 16000 1 32000; head -c 32000 /dev/zero; } >"$f"; done
cp "$(first "$data/no")" "$data/stop/copy_nohash_0.wav"
check 4 'yes/.*all samples are 0' --keywords yes,no
check 4 "samples of another word's clip" --keywords yes,no
train 0 '101 problems, first: .*all samples are 0' --keywords yes,no

step "folders of classes, of noise"
corpus
mv "$data/stop" "$data/_unknown_"
check 0 '_unknown_ +_unknown_ ' --keywords yes,no
mv "$data/_background_noise_" "$data/background_noise"
check 4 'background_noise: taken for a word.*_background_noise_' --keywords yes,no
rm -r "$data/_unknown_" "$data/background_noise"
check 0 'no words beside the keywords' --keywords yes,no

step "other formats, nested folders"
corpus
mkdir "$data/yes/anna" && mv "$data"/yes/*_[0-3].wav "$data/yes/anna/"
for f in "$data"/no/*_[0-3].wav; do mv "$f" "${f%.wav}.m4a"; done
check 4 'yes: 80 recordings in 1 folder below' --keywords yes,no
check 4 'no: 80 .m4a files left out.*ffmpeg' --keywords yes,no
rm -r "$data/yes/anna"
for f in "$data"/no/*.m4a; do cp "$f" "$f.wav"; done
check 0 '^problems: 0$' --keywords yes,no
mv "$(first "$data/stop")" "$data/stop/untitled"
check 0 '1 file left out, by the ending no sound: stop/untitled; rename' --keywords yes,no

step "lists of a larger corpus, of another system"
corpus
(cd "$data" && ls yes/* no/* stop/* | awk 'NR%10==0' >testing_list.txt && ls yes/* no/* stop/* | awk 'NR%10==1' >validation_list.txt && rm -r stop)
check 0 'testing_list.txt: 10 lines of 1 word without a folder here' --keywords yes,no
sed -i 's,/,\\,; s/$/\r/; 1s/^/\xEF\xBB\xBF/' "$data/testing_list.txt"
check 0 '^problems: 0$' --keywords yes,no
rm "$data/$(head -n 1 "$data/validation_list.txt")"
check 4 'validation_list.txt: 1 line names no file, first line 1' --keywords yes,no
train 0 '1 problem: validation_list.txt' --keywords yes,no

step "one speaker"
data=$work/alone
mkdir -p "$data/yes" "$data/no"
for w in yes no; do
  i=0
  for f in $(find "$speech/$w" -name '*.wav' | sort | sed -n 1,10p); do cp "$f" "$data/$w/me_nohash_$i.wav" && i=$((i + 1)); done
done
check 0 'one speaker: split clip by clip' --keywords yes,no
train 0 'one speaker' --keywords yes,no

step "lengths that pipes leave"
corpus
for mark in '\0\360\377\177' '\0\0\0\200' '\0\0\0\0' '\377\377\377\377'; do
  c=$(first "$data/no")
  { head -c 40 "$c"; printf "$mark"; pcm "$c"; } >"$data/yes/p_nohash_0.wav"
  check 4 'another word' --keywords yes,no # read to its end: it is the copy of that clip
done

step "nearly the same keyword"
corpus
mv "$data/yes" "$data/$(printf 'gru\314\210n')"
check 0 '^problems: 0$' --keywords "$(printf 'gr\303\274n'), no"
check 4 'did you mean "no"' --keywords No,stop

step "list options before the design"
data=$speech
rm -rf "$work/model"
"$kwsmith" -q train --data "$data" --keywords yes,no "$design" --out "$work/model" --epochs 1 >/dev/null ||
  fail "--keywords swallows the design"

step "label tracks"
corpus
mv "$data/stop" "$data/zoom in"
train 0 '' --keywords "zoom in,yes"
cp "$(first "$speech/yes")" "$work/r.wav"
printf '0.1\t0.4\tzoom in\n\\\t100.0\t2000.0\n0.5\t0.8\tyes please\n0.6\t0.7\t\n' >"$work/r.txt"
listen 0 'r.txt: 1 keyword, 2 other labels' "$work/r.wav"
printf '\xEF\xBB\xBF0.1\t0.4\tZoom_in\r\n' >"$work/r.txt"
listen 0 '1 label nearly is a keyword.*"Zoom_in" for "zoom in"' "$work/r.wav"
printf '7.5\t8.0\tyes\n' >"$work/r.txt"
listen 4 'r.txt:1: "yes" at 7.50 s lies behind the end' "$work/r.wav"
printf '0,1\t0,4\tyes\n' >"$work/r.txt"
listen 4 'decimal commas' "$work/r.wav"
listen 0 'detections' "$work/r.wav" --no-labels
printf '0.1\t0.4\tdog\n' >"$work/r.txt"
listen 0 'r.txt: 0 keywords, 1 other label' "$work/r.wav"
listen 4 'no keyword is labelled in these recordings' "$work/r.wav" --tune 10
listen 4 'is a folder; give recordings' "$work/data"

step "containers on standard input"
{ wav_header 44100 2 64000; head -c 64000 /dev/zero; } >"$work/piped"
listen 4 'WAV of 16-bit samples at 44,100 Hz, 2 channels.*ffmpeg' - <"$work/piped" # a pipe would end with its reader
{ printf 'fLaC'; head -c 64000 /dev/zero; } >"$work/piped"
listen 4 'is FLAC' - <"$work/piped"
listen 4 'standard input: ended before its samples' - </dev/null
"$kwsmith" listen "$work/model" - <"$(first "$speech/yes")" >"$work/said" 2>&1 || fail "a WAV on standard input: $(cat "$work/said")"

step "a microphone with an offset, a quiet one"
"$kwsmith" -q train "$design" --data "$speech" --keywords yes,no --out "$work/heard" --epochs 15 >/dev/null
accuracy() { "$kwsmith" -q eval "$work/heard" --data "$1" --json | sed -nE 's/^ *"accuracy": ([0-9.]+),?$/\1/p'; }
plain=$(accuracy "$speech")
for change in 'x + 300' 'x // 8'; do
  corpus
  python3 - "$data" "$change" <<'P'
import array, glob, sys, wave
change = eval("lambda x: max(-32768, min(32767, " + sys.argv[2] + "))")
for name in glob.glob(sys.argv[1] + "/[yns]*/*.wav"):
    with wave.open(name) as w:
        params, samples = w.getparams(), array.array("h", w.readframes(w.getnframes()))
    with wave.open(name, "wb") as w:
        w.setparams(params)
        w.writeframes(array.array("h", map(change, samples)).tobytes())
P
  changed=$(accuracy "$data")
  python3 -c 'import sys; plain, changed = map(float, sys.argv[1:]); sys.exit(not (plain > 0.7 and changed > plain - 0.25))' \
    "$plain" "$changed" || fail "samples $change: accuracy $changed instead of $plain"
done

step "one wake word and a design for twelve classes"
rm -rf "$work/model"
"$kwsmith" train "$configs/dnn_s.json" --data "$speech" --keywords yes --out "$work/model" --epochs 1 >/dev/null 2>"$work/said"
grep -q 'dnn_s: 3 classes instead of 12' "$work/said" || fail "train does not say how many classes: $(cat "$work/said")"

step "a country that writes a comma into its numbers"
mkdir "$work/locales"
if localedef -i de_DE -f UTF-8 "$work/locales/de_DE.UTF-8" 2>/dev/null; then
  export LOCPATH=$work/locales
  [ "$(LC_ALL=de_DE.UTF-8 bash -c 'printf %.1f 0,5' 2>/dev/null)" = 0,5 ] || fail "the locale is not in use"
  for locale in C de_DE.UTF-8; do
    rm -rf "$work/model"
    LC_ALL=$locale "$kwsmith" -q train "$design" --data "$speech" --keywords yes,no --out "$work/model" --epochs 1 >"$work/train.$locale"
    LC_ALL=$locale "$kwsmith" -q export "$work/model" --out "$work/c.$locale" >/dev/null
    LC_ALL=$locale "$kwsmith" -q cost "$design" --board nrf52840 --json >"$work/cost.$locale"
    cp "$work/model/model.json" "$work/model.$locale"
  done
  for what in train c cost model; do
    diff -r "$work/$what.C" "$work/$what.de_DE.UTF-8" >"$work/said" || fail "$what differs: $(sed -n 1,4p "$work/said")"
  done
  unset LOCPATH
else
  echo "no locale with a comma can be made here: it is not tried"
fi

step "nothing is decoded twice, nor kept where it cannot be"
corpus
"$kwsmith" -q data check "$data" >/dev/null
[ "$(find "$XDG_CACHE_HOME/kwsmith" -name '*.samples' | wc -l)" -gt 0 ] || fail "no cache"
rm -rf "$XDG_CACHE_HOME"
"$kwsmith" -q data check "$data" --no-cache >/dev/null
[ ! -e "$XDG_CACHE_HOME" ] || fail "--no-cache leaves $(find "$XDG_CACHE_HOME")"
echo file >"$XDG_CACHE_HOME"
check 0 'cannot be kept there'

finish
