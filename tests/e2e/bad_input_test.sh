#!/usr/bin/env bash
# Every bad input: its exit code, one line that names the thing, nothing left where the result would have gone.
. "$(dirname "$0")/common.sh"

# train_on CODE PATTERN FOLDER: data that training must refuse, search too
train_on() {
  expect "$1" "$2" train "$configs/dnn_s.json" --data "$3" --out "$out/model" --epochs 1
  expect "$1" "$2" search --data "$3" --study "$out/study" --max-trials 1 --epochs 1
}

# wav FILE RATE CHANNELS DECLARED_BYTES PRESENT_BYTES: 16-bit silence
wav() { { wav_header "$2" "$3" "$4"; head -c "$5" /dev/zero; } >"$1"; }

step "data: folders"
"$kwsmith" -q data synth --speakers 6 --out "$work/speech" >/dev/null
train_on 4 "$work/none: " "$work/none"
expect 4 "$work/none: " data check "$work/none"
mkdir "$work/wordless" && echo text >"$work/wordless/notes.txt"
train_on 4 "$work/wordless: .*(no word|WORD)" "$work/wordless"
expect 4 "$work/wordless: " data check "$work/wordless"
train_on 4 "$work/speech/yes/.*: " "$(find "$work/speech/yes" -name '*.wav' | sort | sed -n 1p)"
cp -r "$work/speech" "$work/empty_class" && rm "$work"/empty_class/off/*
train_on 4 'empty_class/off: keyword without recordings' "$work/empty_class"
expect 4 '"?sesame"?' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" \
  --keywords yes,no,up,down,left,right,on,off,stop,sesame
cp -r "$work/speech" "$work/listed" && touch "$work/listed/validation_list.txt"
echo yes/nobody_nohash_0.wav >"$work/listed/testing_list.txt"
train_on 4 'no validation clips of any keyword' "$work/listed"

step "data: fetching"
export no_proxy=127.0.0.1 # whatever proxy this machine needs
expect 2 'data set "v0.2": unknown; did you mean "v0.02"' data fetch v0.2 --out "$out/fetched"
expect 2 'data set "librispeech": unknown; choose one of v0.02, v0.01' data fetch librispeech --out "$out/fetched"
expect 2 "$work/speech: exists already; .*--replace" data fetch --url http://127.0.0.1:1/a.tar.gz --out "$work/speech"
expect 1 'http://127.0.0.1:1/a.tar.gz: no connection' data fetch --url http://127.0.0.1:1/a.tar.gz --out "$out/fetched"
expect 2 'ftp://127.0.0.1/a.tar.gz: .*http' data fetch --url ftp://127.0.0.1/a.tar.gz --out "$out/fetched"
expect 2 'sha256 "12ab": ' data fetch --sha256 12ab --out "$out/fetched"

step "data: recordings"
# bad_clip NAME PATTERN: data check lists the clip on stdout, training refuses it by name
bad_clip() {
  local data=$work/data_$1 got=0
  cp -r "$work/speech" "$data"
  mv "$work/clip.wav" "$data/yes/bad_nohash_0.wav"
  train_on 4 "yes/bad_nohash_0.wav: .*$2" "$data"
  "$kwsmith" data check "$data" >"$work/stdout" 2>"$work/stderr" || got=$?
  [ "$got" -eq 4 ] || fail "data check on a $1 recording: exit $got instead of 4"
  grep -Eq "yes/bad_nohash_0.wav: .*$2" "$work/stdout" || fail "data check does not list the $1 recording"
  rm -rf "$data"
}
echo "this is no recording" >"$work/clip.wav" && bad_clip broken 'cannot be decoded'
: >"$work/clip.wav" && bad_clip empty 'empty file'
wav "$work/clip.wav" 16000 1 32000 20000 && bad_clip truncated '(truncated|cut|ends|short)'
wav "$work/clip.wav" 800 1 1600 1600 && bad_clip 800_Hz '800 Hz'

step "designs"
# bad_design PATTERN SED: the small DS-CNN after an edit
bad_design() {
  sed -E "$2" "$configs/ds_cnn_s.json" >"$work/design.json"
  cmp -s "$work/design.json" "$configs/ds_cnn_s.json" && fail "the edit $2 changes nothing"
  expect 2 "$work/design.json:.*$1" cost "$work/design.json"
  expect 2 "$work/design.json:.*$1" train "$work/design.json" --data "$work/speech" --out "$out/model"
}
bad_design 'features.window: unknown key.*window_ms' 's/"window_ms"/"window"/'
bad_design 'network.blokcs: unknown key.*blocks' 's/"blocks"/"blokcs"/'
bad_design 'colour: unknown key' 's/"schema"/"colour": 1, "schema"/'
bad_design 'features.window_ms: ' 's/"window_ms": *40/"window_ms": "40"/'
bad_design 'features.mel_bins: ' 's/"mel_bins": *40/"mel_bins": 40.5/'
bad_design 'features.window_ms: .*10' 's/"window_ms": *40/"window_ms": 4000/'
bad_design 'features.high_hz: .*8000' 's/"high_hz": *4000/"high_hz": 40000/'
bad_design 'network.conv.filters: ' '0,/"filters": *64/s//"filters": 0/'
bad_design 'network.type: .*ds_cnn' 's/"ds_cnn"/"ds_cn"/'
bad_design 'schema' 's,kwsmith.design/1,kwsmith.design/9,'
bad_design 'classes' 's/"classes": *12/"classes": 99999/'
bad_design 'syntax error' '$d'
expect 2 "$work/none.json: " cost "$work/none.json"
expect 2 "$work: " cost "$work"
expect 2 'dnn_t: no such file; did you mean the design "dnn_[sml]"' cost dnn_t
expect 2 'stride=20: is not PATH=VALUE|there is no|unknown key' cost dnn_s --set features.stride=20
expect 2 'is no place of a list' cost dnn_s --set network.hidden.9=20
"$kwsmith" cost crnn_s --hop-ms 37 --columns hop_ms >"$work/stdout" 2>"$work/stderr" || fail "cost --hop-ms 37"
grep -q 'crnn_s: counted for a decision every 20 ms; --hop-ms 37 is no multiple' "$work/stderr" || fail "cost: a hop in silence"

step "budgets"
expect 5 'dnn_l: needs 496,616 bytes.*"small" allows 81,920' cost "$configs/dnn_l.json" --budget small
expect 5 'dnn_s: needs .* operations' cost "$configs/dnn_s.json" --max-ops 1000
expect 3 'nothing fits 100 bytes' search --data "$work/speech" --study "$out/study" --max-memory 100
expect 2 'tiny.*small' search --data "$work/speech" --study "$out/study" --budget tiny
expect 2 'tiny.*small' cost "$configs/dnn_s.json" --budget tiny
expect 5 'dnn_s: needs .* bytes of flash, budget "custom" allows 4,000; largest part: ' cost "$configs/dnn_s.json" \
  --max-flash 4000
expect 5 'ds_cnn_l: needs .* bytes of RAM, budget "custom" allows 4,000' cost "$configs/ds_cnn_l.json" --max-ram 4000
expect 3 'nothing fits 4,000 bytes of flash' search --data "$work/speech" --study "$out/study" --max-flash 4000
expect 3 'nothing fits .*200 bytes of RAM' search --data "$work/speech" --study "$out/study" --budget small --max-ram 200

step "boards"
grep -q amx_bf16 /proc/cpuinfo || expect 2 'isa: this CPU has no amx; the best here is' bench train --isa amx
grep -q avx512_bf16 /proc/cpuinfo ||
  expect 2 'precision: this CPU has no products of bfloat16; choose' search --dry-run --precision bfloat16
expect 2 'search.precision: "half" is unknown; one of float32, bfloat16' search --dry-run --precision half
expect 2 'isa: "portable" has no fused steps' bench train --isa portable
expect 2 'isa: "sse" is unknown' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" --isa sse
expect 2 'board "nrf52480": unknown; did you mean "nrf52840"' cost "$configs/dnn_s.json" --board nrf52480
expect 2 '--max-flash: 9,999,999 bytes of flash, board "nrf52840" has 1,048,576; ' search --data "$work/speech" \
  --study "$out/study" --board nrf52840 --max-flash 9999999
expect 2 'board "nrf52480": unknown' search --data "$work/speech" --study "$out/study" --board nrf52480
expect 2 "$work/none.json: " cost "$configs/dnn_s.json" --board "$work/none.json"
expect 2 '--core' cost "$configs/dnn_s.json" --max-flash 100000 --core m5
expect 2 'core: .*m5' search --data "$work/speech" --study "$out/study" --core m5
expect 5 'dnn_s: needs .* bytes of flash, .*, budget "lpc11u24" allows 32,768' cost "$configs/dnn_s.json" --board lpc11u24
sed 's/"core": "m0"/"core": "z80"/' "$source_dir/configs/boards/lpc11u24.json" >"$work/board.json"
expect 2 "$work/board.json: core: .*z80" cost "$configs/dnn_s.json" --board "$work/board.json"
sed 's/"ram_bytes"/"rom_bytes"/' "$source_dir/configs/boards/lpc11u24.json" >"$work/board.json"
expect 2 "$work/board.json: rom_bytes: unknown key.*ram_bytes" cost "$configs/dnn_s.json" --board "$work/board.json"
sed 's/"fpu": true/"fpu": false/' "$source_dir/configs/boards/nrf52840.json" >"$work/board.json"
echo '{"space": {"features": {"arithmetic": "float"}}}' >"$work/floats.json"
expect 2 'space.features.arithmetic: .*, but board "nrf52840" has no floating-point unit; write "integer"' search --dry-run \
  --config "$work/floats.json" --board "$work/board.json"
"$kwsmith" cost "$configs/dnn_s.json" --core m0 --format csv | grep -q ',m0_cycles_low,' || fail "cost --core m0 counts for another"

expect 5 'ds_cnn_s: needs .* % of the core.s time, budget "nrf52840" allows 80.00 %; decide every .*--hop-ms .* MACs' cost \
  "$configs/ds_cnn_s.json" --board nrf52840
expect 5 'gru_s: needs .* ms a decision, budget "custom" allows 5.00 ms; .*--carry-state' cost "$configs/gru_s.json" \
  --board stm32h7a3 --max-ms 5
expect 2 'max-load: needs the clock of the core; name a --board' cost "$configs/dnn_s.json" --max-load 50%
expect 2 'max_load: needs the clock of the core' search --data "$work/speech" --study "$out/study" --max-load 0.5
expect 2 'max-flash: "80X" is no size; write whole bytes' cost "$configs/dnn_s.json" --max-flash 80X
expect 2 'max_flash: "80X" is no size; write whole bytes' search --data "$work/speech" --study "$out/study" --max-flash 80X
expect 5 'dnn_s: needs .* operations, budget "custom" allows 100,000' cost "$configs/dnn_s.json" --max-ops 100k

step "command line"
expect 2 'fly' fly
expect 2 'no verb' -q
expect 2 '--colour' cost --colour "$configs/dnn_s.json"
expect 2 'epochs: .*0' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" --epochs 0
expect 2 'epochs: ' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" --epochs many
expect 2 'peak_rate: ' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" --peak-rate 2
expect 2 'ds_cn' search --data "$work/speech" --study "$out/study" --types ds_cn
expect 2 'column "int8": unknown' train "$configs/dnn_s.json" --data "$work/speech" --out "$out/model" --columns int8
expect 2 '--study' search --data "$work/speech"
expect 2 "$work/speech/keywords.txt: is a file, where a study takes a folder" search --data "$work/speech" \
  --study "$work/speech/keywords.txt" --max-trials 1 --epochs 1
expect 2 "$work/speech/.: holds the recordings; name a folder of its own" search --data "$work/speech" \
  --study "$work/speech/." --max-trials 1 --epochs 1
expect 2 '\-\-columns excludes --json|--json excludes --columns' cost "$configs/dnn_s.json" --json --columns name
expect 2 '\-\-json excludes --format|--format excludes --json' cost "$configs/dnn_s.json" --json --format csv
expect 2 'column "nme": unknown; did you mean "name"' search --data "$work/speech" --study "$out/study" --columns nme
echo '{"search": {"trials": 3}}' >"$work/search.json"
expect 2 "$work/search.json: search.trials: unknown key" search --data "$work/speech" --study "$out/study" \
  --config "$work/search.json"
expect 2 'speakers: ' data synth --speakers 1 --out "$out/speech"
expect 2 "$work/speech: exists already; .*--replace" data synth --speakers 6 --out "$work/speech"
expect 2 '\.\./yes' data synth --words ../yes --out "$out/speech"

step "models"
"$kwsmith" -q train "$configs/dnn_s.json" --data "$work/speech" --out "$work/model" --epochs 1 >/dev/null
expect 2 "$work/speech" eval "$work/speech" --data "$work/speech"
expect 2 "$work/none" export "$work/none" --out "$out/c"
expect 2 '9lives' export "$work/model" --out "$out/c" --prefix 9lives
expect 2 'hop-ms 7: ' export "$work/model" --out "$out/c" --hop-ms 7
expect 2 'split "dev": unknown; choose validation, test or all' eval "$work/model" --data "$work/speech" --split dev
expect 2 'training clips' eval "$work/model" --data "$work/speech" --split train
expect 2 'float network alone; leave out .* and limits' export "$work/model" --format onnx --max-flash 1K --out "$out/m.onnx"
expect 2 'go with --data' listen "$work/model" "$(find "$work/speech/yes" -type f | head -n 1)" --split test
expect 2 'only recordings have label tracks' listen "$work/model" --data "$work/speech" --no-labels
expect 2 'for configs and models alone' list boards --folder "$work"
[ "$("$kwsmith" eval "$work/model" --data "$work/speech" --format csv 2>/dev/null | head -n 1)" = \
  "label,clips,correct,accuracy,accuracy_error" ] || fail "eval --format csv has other columns"
"$kwsmith" eval "$work/model" --data "$work/speech" --format csv 2>/dev/null | grep -q '%' && fail "eval: per cent in CSV"
"$kwsmith" cost "$configs/crnn_s.json" --board nrf52840 --carry-state --hop-ms 100 >/dev/null 2>"$work/log" || true
grep -q 'crnn_s: counted by whole windows; its state is carried on by 40 ms' "$work/log" || fail "cost is silent about a hop that carries no state"
mkdir -p "$work/here/ds_cnn_s"
(cd "$work/here" && "$kwsmith" eval ds_cnn_s --data "$work/speech" --json >/dev/null 2>"$work/log") || fail "eval ds_cnn_s"
grep -q 'ds_cnn_s: the folder here holds no model; taking the one' "$work/log" || fail "a broken model yields in silence"
mkdir -p "$work/strange/banana" "$work/whole"
cp "$work"/speech/yes/* "$work/strange/banana"
cp -r "$work/speech/yes" "$work/whole"
expect 4 'no training clips|keyword without recordings' eval "$work/model" --data "$work/whole"
expect 4 'no clips of any keyword' eval "$work/model" --data "$work/strange" --split all
"$kwsmith" eval "$work/model" --data "$work/whole" --split all --json >"$work/all.json" 2>"$work/log" || fail "eval --split all"
grep -q '"split": "all"' "$work/all.json" || fail "eval --split all calls the split otherwise"
grep -q 'no: no recordings: not measured' "$work/log" || fail "eval --split all is silent about what it does not measure"
expect 2 "$work/model: exists" quantize "$work/model" --data "$work/speech" --out "$work/model"
expect 2 "$work/speech" quantize "$work/speech" --data "$work/speech"
expect 4 "$work/none: " quantize "$work/model" --data "$work/none"
expect 2 'give recordings' listen "$work/model"
expect 2 'give recordings' listen "$work/model" "$work/rate.wav" --data "$work/speech"
expect 4 "$work/none.wav: " listen "$work/model" "$work/none.wav"
wav "$work/rate.wav" 800 1 32000 32000 && expect 4 'rate.wav: 800 Hz' listen "$work/model" "$work/rate.wav"
wav "$work/long.wav" 16000 1 64000 64000 && expect 2 'label track' listen "$work/model" "$work/long.wav" --tune 1
echo 'yes at noon' >"$work/long.txt" && expect 4 'long.txt:1: is not' listen "$work/model" "$work/long.wav"
expect 2 'threshold: 2.*0.*1' listen "$work/model" "$work/long.wav" --threshold 2
expect 2 'json: ' listen "$work/model" - --json
printf '0.1\t99999\tyes\n' >"$work/long.txt" && expect 4 'long.txt:1: "yes" ends at 99999.00 s, behind' listen "$work/model" "$work/long.wav"
rm "$work/long.txt"
expect 2 'is named twice' listen "$work/model" "$work/long.wav" "$work/long.wav"
wav "$work/half.wav" 16000 1 16000 16000 && expect 4 'nothing was heard: a decision needs 1.00 s' listen "$work/model" "$work/half.wav"
expect 2 'leave --threshold out' listen "$work/model" "$work/long.wav" --tune 1 --threshold 0.5
expect 2 'standard input has no label track' listen "$work/model" - --tune 1
expect 2 'gain-db: .*nan' eval "$work/model" --data "$work/speech" --gain-db nan
expect 2 'carry-state: .* has no state' listen "$work/model" "$work/long.wav" --carry-state
expect 2 'carry-state: .* has no state' export "$work/model" --out "$out/c" --carry-state
expect 2 "$work/model: exists" train "$configs/dnn_s.json" --data "$work/speech" --out "$work/model" --epochs 1
touch "$work/there.onnx"
expect 2 "$work/there.onnx: .*give --replace" export "$work/model" --format onnx --out "$work/there.onnx"
expect 2 'onnx: writes the float network alone; leave out' export "$work/model" --format onnx --out "$out/x.onnx" --hop-ms 20
expect 2 'hop-ms 50: use a multiple' export "$work/model" --out "$out/c" --hop-ms 50 --board nrf52840
expect 2 "$work: is a folder; name the ONNX file" export "$work/model" --format onnx --out "$work"
expect 2 '"onxx"|onxx' export "$work/model" --format onxx --out "$out/model.onnx"
expect 2 'board "abacus": unknown' export "$work/model" --out "$out/c" --board abacus
expect 5 'dnn_s: needs .* bytes of flash, .*, budget "lpc11u24" allows 32,768.*; largest part: ' export "$work/model" \
  --out "$out/c" --board lpc11u24
expect 5 'dnn_s: needs .* bytes of RAM, budget "custom" allows 300' export "$work/model" --out "$out/c" --max-ram 300
cp -r "$work/model" "$work/damaged" && head -c 1000 "$work/model/weights.bin" >"$work/damaged/weights.bin"
for verb in "eval $work/damaged --data $work/speech" "export $work/damaged --out $out/c"; do
  # shellcheck disable=SC2086  # the words of the verb
  expect 1 'damaged/weights.bin: holds .* bytes of weights, the design has ' $verb
done

step "output that cannot be written"
for place in "$work/design.json/below" /proc/kwsmith/below; do
  expect 1 "$place|$(dirname "$place")" train "$configs/dnn_s.json" --data "$work/speech" --out "$place/model" --epochs 1
  expect 1 "$place|$(dirname "$place")" search --data "$work/speech" --study "$place/study" --max-trials 1 --epochs 1
  expect 1 "$place|$(dirname "$place")" export "$work/model" --out "$place/c"
  expect 1 "$place|$(dirname "$place")" data synth --speakers 3 --words yes --out "$place/speech"
  expect 1 "$place|$(dirname "$place")" data fetch --url http://127.0.0.1:1/a.tar.gz --out "$place/fetched"
done
got=0
"$kwsmith" cost "$configs/dnn_s.json" >/dev/full 2>"$work/stderr" || got=$?
[ "$got" -eq 1 ] || fail "exit $got instead of 1 with a full standard output"

step "a study of another config"
search=(search --data "$work/speech" --study "$work/study" --max-trials 1 --epochs 1)
"$kwsmith" -q "${search[@]}" --seed 7 >/dev/null
before=$(sha256sum "$work"/study/trials.json)
expect 2 "$work/study.*seed: 7 there, 8 here" "${search[@]}" --seed 8
"$kwsmith" -q data synth --speakers 6 --seed 2 --out "$work/other_speech" >/dev/null
"$kwsmith" -q search --data "$work/speech" --study "$work/two" --max-trials 2 --epochs 1 --finalists 0 >/dev/null
config=$(sha256sum "$work/two/config.json")
expect 2 '\-\-carry-state: .*--board' "${search[@]}" --carry-state --dry-run
expect 2 "$work/two: has begun 2 trials, more than --max-trials 1; .* another --study" \
  search --data "$work/speech" --study "$work/two" --max-trials 1 --epochs 1 --finalists 0
[ "$config" = "$(sha256sum "$work/two/config.json")" ] || fail "a refused search changed its config"
expect 2 "$work/study.*data: " search --data "$work/other_speech" --study "$work/study" --max-trials 1 --epochs 1 --seed 7
[ "$before" = "$(sha256sum "$work"/study/trials.json)" ] || fail "a refused search changed the study"

step "looking into studies"
for verb in status trials pareto report; do
  expect 2 "$work/none: holds no study.db" $verb "$work/none"
  expect 2 "$work/speech: holds no study.db" $verb "$work/speech"
  mkdir -p "$work/broken" && head -c 5000 /dev/zero | tr '\0' x >"$work/broken/study.db"
  expect 6 "$work/broken/study.db: " $verb "$work/broken"
  cp -r "$work/study" "$work/cut" && head -c 6000 "$work/study/study.db" >"$work/cut/study.db"
  expect 6 "$work/cut/study.db: " $verb "$work/cut"
  rm -r "$work/cut"
done
expect 2 '--long excludes --curves|--curves excludes --long' trials "$work/study" --long --curves "$out/curves.json"
expect 2 'state "doen": unknown; choose one of .*done' trials "$work/study" --state doen
expect 2 'state "stoped": unknown; did you mean "stopped"' trials "$work/study" --state stoped
expect 2 'type "ds_cn": unknown; did you mean "ds_cnn"' trials "$work/study" --type ds_cn
expect 2 'budget "smal": unknown; did you mean "small"' trials "$work/study" --budget smal
expect 2 'budget "large": unknown; choose one of small' pareto "$work/study" --budget large
expect 2 '--best' trials "$work/study" --best 0
expect 2 'several studies' trials "$work/study" "$work/study"
expect 2 '--best' trials "$work/study" --best 1 --curves "$out/curves.json"
expect 2 "$work/none: " trials "$work/study" "$work/none" --curves "$out/curves.json"
"$kwsmith" -q search --data "$work/speech" --study "$work/longer" --max-trials 1 --epochs 2 --reduction 1 >/dev/null
"$kwsmith" -q search --data "$work/other_speech" --study "$work/other" --max-trials 1 --epochs 1 >/dev/null
expect 2 'longer: has 2 epochs' trials "$work/study" "$work/longer" --curves "$out/curves.json"
"$kwsmith" -q trials "$work/study" --curves "$work/table.json" >/dev/null
expect 2 'longer: has 2 epochs, .*table.json 1' trials "$work/table.json" "$work/longer" --curves "$out/curves.json"
expect 2 'design.json:15:1: syntax error' trials "$work/table.json" "$work/design.json" --curves "$out/curves.json"
expect 2 'other: has learned from other recordings' trials "$work/study" "$work/other" --curves "$out/curves.json"
expect 1 "$work/design.json" trials "$work/study" --curves "$work/design.json/below/curves.json"
expect 2 'report: several studies have no folder in common; give --out FILE' report "$work/study" "$work/study"
expect 2 'report: a study in PostgreSQL has no folder to write to; give --out FILE' report postgresql://none@nowhere/none
expect 2 "$work/none: holds no study.db" report "$work/none" --out "$out/report.html"
expect 1 "$work/design.json" report "$work/study" --out "$work/design.json/below/report.html"

# A space of one design: what cannot be drawn any more is told, and a plan does not look at results it has none of.
cat >"$work/one.json" <<'JSON'
{"types": ["dnn", "gru"], "space": {"features": {"log_mel_share": 0, "coefficients": [10, 10], "mel_bins": [40, 40],
 "window_ms": [40, 40], "stride_ms": [40, 40], "high_hz": [4000, 4000]}, "dnn": {"layers": [1, 1], "width": [32, 32]}}}
JSON
sed -i -E 's/\[([0-9]+), [0-9]+\]/{"low": \1, "high": \1, "step": 1}/g' "$work/one.json"
for seed in 1 2 3 4; do
  "$kwsmith" -q search --config "$work/one.json" --budget small,medium --no-prior --max-trials 8 --dry-run --seed "$seed" >/dev/null ||
    fail "search --dry-run of a space of one dnn, seed $seed"
done

# replay
expect 2 "no.json: cannot read" replay --table "$work/no.json"
echo '{"schema": "kwsmith.curves/1", "designs": []}' >"$work/curves.json"
expect 2 "curves.json: designs: is empty; write a list of designs" replay --table "$work/curves.json"

finish
