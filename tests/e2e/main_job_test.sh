#!/usr/bin/env bash
# The whole road on a small synthetic corpus: synth, train, eval, export, selftest, search; the promises along it.
. "$(dirname "$0")/common.sh"

data=$work/speech
step "synthetic speech: the same options give the same bytes"
"$kwsmith" -q data synth --speakers 10 --out "$data" >/dev/null
"$kwsmith" -q data synth --speakers 10 --out "$data" --replace >/dev/null
"$kwsmith" -q data check "$data" >"$work/check" || fail "data check complains about the synthetic corpus"
grep -q '^180 clips of 10 speakers' "$work/check" || fail "data check counts $(grep clips "$work/check" | tail -n 1)"

step "train, the three engines, export"
sed 's/"filters": *64/"filters": 16/g' "$configs/ds_cnn_s.json" >"$work/ds_cnn.json"
for design in "$configs/dnn_s.json" "$configs/gru_s.json" "$work/ds_cnn.json"; do
  model=$work/model_$(basename "$design" .json)
  "$kwsmith" -q train "$design" --data "$data" --out "$model" --epochs 2 --seed 7 >/dev/null || fail "train $design"
  expect_c_equals_int8 "$model" "$data"
  evaluate "$model" "$data" float
  [ "$(value "$model.float.json" clips)" = "$(value "$model.int8.json" clips)" ] || fail "engines saw different clips"
  "$kwsmith" -q export "$model" --out "$model.c1" >/dev/null
  "$kwsmith" -q export "$model" --out "$model.c2" >/dev/null
  diff -r "$model.c1" "$model.c2" >/dev/null || fail "two exports of $(basename "$model") differ"
  make -s -C "$model.c1" selftest >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "make selftest of $(basename "$model")"; }
done

step "quantize: what int8 costs each layer, and the same network again"
"$kwsmith" quantize "$work/model_gru_s" --data "$data" --json >"$work/quantize" || fail "quantize"
[ "$(value "$work/quantize" schema)" = kwsmith.quantize/1 ] || fail "quantize --json has another schema"
[ "$(grep -c '"snr_db"' "$work/quantize")" -eq 2 ] || fail "quantize has no row for each layer"
"$kwsmith" quantize "$work/model_gru_s" --data "$data" --out "$work/requantized" >/dev/null || fail "quantize --out"
cmp "$work/requantized/model.int8.json" "$work/model_gru_s/model.int8.json" || fail "quantize: the same clips, another network"

step "listen: a recording made of test clips, from a file and from standard input"
listening=("$kwsmith" -q listen "$work/model_gru_s" --data "$data" --minutes 2 --threshold 0.1)
"${listening[@]}" --json --threads 1 >"$work/listen_1" && "${listening[@]}" --json --threads 2 >"$work/listen_2" || fail "listen"
cmp "$work/listen_1" "$work/listen_2" || fail "listen: threads change the result"
[ "$(value "$work/listen_1" schema)" = kwsmith.listen/1 ] || fail "listen --json has another schema"
[ "$("${listening[@]}" --sweep --format csv | wc -l)" -eq 13 ] || fail "listen --sweep has no row per threshold"
# Half a minute of one keyword clip after the other; WAV files of the corpus have headers of 44 bytes.
for file in $(find "$data"/yes "$data"/no -name '*.wav' | sort | sed -n 1,30p); do tail -c +45 "$file"; done >"$work/long.raw"
{ wav_header 16000 1 "$(wc -c <"$work/long.raw")"; cat "$work/long.raw"; } >"$work/long.wav"
"$kwsmith" listen "$work/model_gru_s" "$work/long.wav" --threshold 0.1 --format csv | cut -d, -f2-4 >"$work/of_file" || fail "listen FILE"
"$kwsmith" listen "$work/model_gru_s" - --threshold 0.1 --format csv <"$work/long.raw" >"$work/of_stream" || fail "listen -"
[ "$(wc -l <"$work/of_file")" -gt 3 ] || fail "listen detects nothing"
cmp "$work/of_file" "$work/of_stream" || fail "listen: a file and standard input give other detections"
tuned=0
"${listening[@]:0:8}" --tune 60 >/dev/null 2>"$work/log" || tuned=$?
# A network of two epochs may well have no threshold that finds half of the words; then nothing is stored.
[ "$tuned" -eq 0 ] || [ "$tuned" -eq 3 ] || fail "listen --tune: exit $tuned"
if [ "$tuned" -eq 0 ]; then
  "$kwsmith" -q listen "$work/model_gru_s" --data "$data" --minutes 2 --json >"$work/tuned" || fail "listen, tuned"
  awk '/"judged"/ { judged = 1 } judged && /false_accepts_per_hour/ { exit $2 + 0 > 60 }' "$work/tuned" ||
    fail "listen --tune 60: more false accepts than that"
fi

step "train --from: a trained model goes on, on its own words and on others"
"$kwsmith" train --from "$work/model_gru_s" --data "$data" --config fine_tune --epochs 1 --out "$work/tuned_model" --json \
  >"$work/tuned.json" 2>"$work/log" || fail "train --from"
grep 'begins with the weights of gru_s$' "$work/log" >/dev/null || fail "train --from does not say where it begins"
awk -v before="$(value "$work/model_gru_s/model.json" int8_validation)" -v after="$(value "$work/tuned.json" int8_validation)" \
  'BEGIN { exit !(after >= before) }' || fail "train --from: less accurate after one epoch more"
"$kwsmith" train --from "$work/model_gru_s" --data "$data" --keywords go,yes --config fine_tune --epochs 1 \
  --out "$work/other_words" >/dev/null 2>"$work/log" || fail "train --from on other words"
[ "$(value "$work/other_words/model.json" classes)" = 4 ] || fail "train --from: two keywords, but not four classes"
expect 2 'no such folder, and no model of that name' train --from "$work/none" --data "$data" --out "$out/model"
"$kwsmith" train --from "$work/model_gru_s" --set network.cells=160 --data "$data" --config fine_tune --epochs 1 \
  --out "$work/wider" >/dev/null 2>"$work/log" || fail "train --from, wider"
[ "$(value "$work/wider/model.json" cells)" = 160 ] || fail "train --from: not wider"
expect 2 'layer gru1: the design is no larger form' train --from "$work/model_gru_s" --set network.cells=100 \
  --data "$data" --out "$out/model"
expect 2 'no larger form' train dnn_s --from "$work/model_gru_s" --data "$data" --out "$out/model"
expect 2 'dnn_s: has another front end' train dnn_s --set features.stride_ms=20 --from "$work/model_gru_s" \
  --data "$data" --out "$out/model"

step "the same training again, other thread counts"
for threads in 1 2; do
  "$kwsmith" -q --threads $threads train "$configs/gru_s.json" --data "$data" --out "$work/again" --epochs 2 --seed 7 \
    >/dev/null
  for file in weights.bin model.int8.json; do
    cmp "$work/again/$file" "$work/model_gru_s/$file" || fail "--threads $threads: other $file"
  done
  rm -r "$work/again"
done

# Everything but times.
timeless() { grep -v '"seconds"' "$1/trials.json"; }

# Budgets take turns, so both are served. Usage: "${search[@]}" STUDY OPTION...
search=("$kwsmith" search --data "$data" --budget small --budget medium --no-prior --final-seeds 1 --max-trials 9 --epochs 4 --seed 7
  --finalists 1 --tuning-epochs 1 --study)

# same STUDY WHAT: its trials are those of the search that ran through on one thread
same() {
  diff <(timeless "$work/one") <(timeless "$1") >"$work/diff" || { head -n 20 "$work/diff" >&2; fail "$2: other trials.json"; }
}

step "search: threads change the time and nothing else"
"${search[@]}" "$work/one" --threads 1 >"$work/winners" 2>"$work/log" || { cat "$work/log" >&2; fail "search --threads 1"; }
"${search[@]}" "$work/two" --threads 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "search --threads 2"; }
[ "$(timeless "$work/one" | grep -c '"trial"')" -ge 9 ] || fail "trials.json holds too few trials"
same "$work/two" "--threads 1 and 2"
diff "$work/one/pareto.json" "$work/two/pareto.json" >&2 || fail "--threads 1 and 2: different pareto.json"

step "search: every row fits the budget it was drawn for, and each budget has a finalist"
awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
  {
    if ($column["finalist_of"] == "") ++rows; else { ++finalists; served = served ";" $column["fits"] ";" }
    budget = $column["budget"]
    most = budget == "small" ? 81920 : 204800
    ops = budget == "small" ? 6000000 : 20000000
    if ($column["memory_bytes"] > most || $column["ops"] > ops || index($column["fits"], budget) == 0) { print; bad = 1 }
  }
  END { exit bad || rows != 9 || !(served ~ /;small;/ && served ~ /;medium;/) || finalists > 4 }' "$work/one/trials.csv" >&2 || fail "rows of trials.csv break their budget, or none is a finalist for it"
for budget in small medium; do
  grep -q "^$budget " "$work/winners" || fail "no winner for $budget"
  expect_c_equals_int8 "$work/one/best/$budget" "$data"
  [ -n "$(value "$work/one/best/$budget/model.json" int8_test)" ] || fail "the winner's model does not know its test accuracy"
done

step "search: a time plans it, and what was measured is kept"
"$kwsmith" search --data "$data" --budget small --types dnn,gru --time 6s --study "$work/timed" >"$work/timed_winner" \
  2>"$work/log" || { cat "$work/log" >&2; fail "search --time"; }
grep -Eq 'plan: [0-9]+ trials of up to [0-9]+ epochs, then .* about [0-9]+ s' "$work/log" || fail "search --time tells no plan"
grep -q '^small ' "$work/timed_winner" || fail "search --time: no winner"
ls "$XDG_CACHE_HOME"/kwsmith/*.pace.json >/dev/null || fail "search --time keeps nothing of what it measured"
rm "$work/timed/config.json" "$XDG_CACHE_HOME"/kwsmith/*.pace.json
"$kwsmith" search --data "$data" --budget small --types dnn,gru --study "$work/timed" 2>"$work/log" |
  diff "$work/timed_winner" - >&2 || { cat "$work/log" >&2; fail "a study without its config.json has lost its plan"; }
! grep -q 'plan:' "$work/log" || fail "a study is planned twice"
python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript("DROP TABLE plan")' "$work/timed/study.db"
"$kwsmith" search --data "$data" --budget small --types dnn,gru --study "$work/timed" 2>"$work/log" |
  diff "$work/timed_winner" - >&2 || { cat "$work/log" >&2; fail "a study of an earlier version has lost its plan"; }
! grep -q 'plan:' "$work/log" || fail "a study of an earlier version is planned twice"

step "search: asked again it trains nothing and says the same"
"${search[@]}" "$work/one" >"$work/winners_again" 2>"$work/log"
diff <(sed 's/  */ /g' "$work/winners") <(sed 's/  */ /g' "$work/winners_again") >&2 || fail "other winners when asked again"
grep -q 'int8' "$work/log" && fail "a finished study trained again"

step "status, trials, pareto, report: what a study holds"
"$kwsmith" status "$work/one" --json >"$work/status.json" || fail "status"
[ "$(value "$work/status.json" schema)" = kwsmith.status/1 ] || fail "status --json has another schema"
[ "$(value "$work/status.json" running)" = false ] || fail "status tells of a search that has ended"
[ "$(value "$work/status.json" waiting)" = 0 ] || fail "status: trials wait though the search has ended"
"$kwsmith" status "$work/one" | grep 'best for medium: int8 validation' >/dev/null || fail "status names no best trial"
"$kwsmith" trials "$work/one" --format csv | diff - "$work/one/trials.csv" >&2 || fail "trials --format csv is not trials.csv"
[ "$("$kwsmith" trials "$work/one" --format csv --columns trial,flash_bytes | head -1)" = trial,flash_bytes ] || fail "trials --columns"
"$kwsmith" pareto "$work/one" --json | diff - "$work/one/pareto.json" >&2 || fail "pareto --json is not pareto.json"
[ "$("$kwsmith" trials "$work/one" | wc -l)" -eq "$(wc -l <"$work/one/trials.csv")" ] || fail "the table of trials is not a line each"
"$kwsmith" trials "$work/one" --json >"$work/trials.json" || fail "trials --json"
[ "$(grep -c '"finalist_of": null' "$work/trials.json")" -eq 9 ] || fail "trials --json does not hold nine trials"
"$kwsmith" trials "$work/one" --budget small --state done --best 1 --format csv >"$work/best.csv" || fail "trials --best"
[ "$(wc -l <"$work/best.csv")" -eq 2 ] || fail "trials --best 1 shows no single trial"
mv "$work/one/report.html" "$work/report.html" || fail "the search leaves no report.html"
[ "$("$kwsmith" report "$work/one")" = "$work/one/report.html" ] || fail "report does not tell its file"
cmp "$work/one/report.html" "$work/report.html" || fail "report writes another page than the search"
"$kwsmith" pareto "$work/one" --budget small | sed -n 1p | grep '^ *trial .*int8_validation' >/dev/null || fail "pareto: no table"

step "learning curves of a search that stops nobody"
curves=("$kwsmith" search --data "$data" --no-prior --types dnn --max-trials 4 --epochs 3 --first-rung 1 --reduction 1 --finalists 0)
"${curves[@]}" --study "$work/curves_a" --seed 7 >/dev/null 2>"$work/log" &
searching=$!
for ((i = 0; i < 600; ++i)); do # looked at from its first moment on
  if [ -s "$work/curves_a/config.json" ]; then "$kwsmith" -q trials "$work/curves_a" >/dev/null || fail "trials of a running search"; fi
  kill -0 $searching 2>/dev/null || break
done
wait $searching || { cat "$work/log" >&2; fail "search --reduction 1, looked at"; }
"${curves[@]}" --study "$work/curves_b" --seed 8 >/dev/null 2>"$work/log" || fail "search --reduction 1"
for file in 1.json.gz 2.json.gz 1.json; do
  "$kwsmith" trials "$work/curves_a" "$work/curves_b" --curves "$work/curves_$file" >"$work/stdout" || fail "trials --curves"
  grep -q ' 8 *3$' "$work/stdout" || fail "trials --curves does not tell of 8 designs and 3 epochs"
done
cmp "$work/curves_1.json.gz" "$work/curves_2.json.gz" || fail "the same studies give other bytes"
gzip -dc "$work/curves_1.json.gz" | cmp - "$work/curves_1.json" || fail "packed and plain curves differ"
"$kwsmith" replay --table "$work/curves_1.json.gz" --seeds 2 >/dev/null || fail "replay cannot read the curves"

step "models that come with the program go by their names"
for words in "cost tc_resnet_13" "eval crnn_s --data $data" "quantize gru_s --data $data" "export ds_cnn_s --out $work/shipped" \
  "listen dnn_s $work/long.wav" "train --from dnn_s --data $data --config fine_tune --epochs 1 --out $work/from_shipped"; do
  # shellcheck disable=SC2086
  "$kwsmith" -q $words >/dev/null || fail "kwsmith $words"
done

# interrupted SIGNAL: stopped in the middle, the same command ends like the search that ran through
interrupted() {
  local study=$work/stopped_$1 code=0 line
  mkfifo "$work/pipe_$1"
  "${search[@]}" "$study" --threads 1 >/dev/null 2>"$work/pipe_$1" &
  local process=$!
  while IFS= read -r line; do # at once: the search takes no more than seconds
    [[ $line != *'epoch 3 of'* ]] || kill -s "$1" $process
  done <"$work/pipe_$1"
  wait $process || code=$?
  printf '%s' $code
}
step "search: SIGINT, then the same command"
code=$(interrupted INT)
[ "$code" -eq 75 ] || fail "exit $code instead of 75 after SIGINT"
"$kwsmith" status "$work/stopped_INT" | grep -q ' 0 stopped, ' || fail "an interrupted search has stopped trials"
"${search[@]}" "$work/stopped_INT" --threads 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search does not continue after SIGINT"; }
same "$work/stopped_INT" "SIGINT"

step "search: SIGKILL, then the same command"
code=$(interrupted KILL)
[ "$code" -eq 137 ] || fail "exit $code instead of 137 after SIGKILL"
"${search[@]}" "$work/stopped_KILL" --threads 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search does not continue after SIGKILL"; }
same "$work/stopped_KILL" "SIGKILL"

finish
