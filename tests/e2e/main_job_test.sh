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
search=("$kwsmith" search --data "$data" --budget small --budget medium --max-trials 9 --epochs 4 --seed 7 --study)

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

step "search: every row fits the budget it was drawn for"
awk -F, '
  NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
  {
    ++rows
    budget = $column["budget"]
    most = budget == "small" ? 81920 : 204800
    ops = budget == "small" ? 6000000 : 20000000
    if ($column["memory_bytes"] > most || $column["ops"] > ops || index($column["fits"], budget) == 0) { print; bad = 1 }
  }
  END { exit bad || rows != 9 }' "$work/one/trials.csv" >&2 || fail "rows of trials.csv break their budget"
for budget in small medium; do
  grep -q "^$budget " "$work/winners" || fail "no winner for $budget"
  expect_c_equals_int8 "$work/one/best/$budget" "$data"
done

step "search: asked again it trains nothing and says the same"
"${search[@]}" "$work/one" >"$work/winners_again" 2>"$work/log"
diff <(sed 's/  */ /g' "$work/winners") <(sed 's/  */ /g' "$work/winners_again") >&2 || fail "other winners when asked again"
grep -q 'int8' "$work/log" && fail "a finished study trained again"

# interrupted SIGNAL: stopped in the middle, the same command ends like the search that ran through
interrupted() {
  local study=$work/stopped_$1 code=0
  "${search[@]}" "$study" --threads 1 >/dev/null 2>"$work/log" &
  local process=$!
  for ((i = 0; i < 3000; ++i)); do
    grep -q 'epoch 2 of' "$work/log" && break
    sleep 0.1
  done
  kill -s "$1" $process
  wait $process || code=$?
  printf '%s' $code
}
step "search: SIGINT, then the same command"
code=$(interrupted INT)
[ "$code" -eq 75 ] || fail "exit $code instead of 75 after SIGINT"
"${search[@]}" "$work/stopped_INT" --threads 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search does not continue after SIGINT"; }
same "$work/stopped_INT" "SIGINT"

step "search: SIGKILL, then the same command"
code=$(interrupted KILL)
[ "$code" -eq 137 ] || fail "exit $code instead of 137 after SIGKILL"
"${search[@]}" "$work/stopped_KILL" --threads 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search does not continue after SIGKILL"; }
same "$work/stopped_KILL" "SIGKILL"

finish
