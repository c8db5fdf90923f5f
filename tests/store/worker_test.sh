#!/bin/bash
# `kwsmith search` and `kwsmith worker` against a real PostgreSQL server, workers killed and stopped by signals; the
# reports must be those of a search on its own.
#   worker_test.sh KWSMITH SOURCE_DIR
. "$2/tests/e2e/common.sh"
. "$2/tests/store/postgres.sh"
trap 'stop_postgres; rm -rf "$work"' EXIT
start_postgres

data=$work/data
"$kwsmith" -q data synth --speakers 6 --out "$data" > /dev/null
options=(--data "$data" --types gru,crnn,ds_cnn --epochs 27 --seed 3 --deterministic --finalists 1 --final-seeds 1)
search=("$kwsmith" -q search "${options[@]}" --max-trials 9)
worker=("$kwsmith" worker --study "$POSTGRES" --data "$data" --threads 1 --lease 1)

step "a search on its own"
"${search[@]}" --study "$work/alone" > /dev/null || fail "search"

step "the same by workers, of which one is killed and one is told to stop"
for i in 1 2 3; do
  "${worker[@]}" 2> "$work/worker$i" &
  workers[i]=$!
done
"${search[@]}" --study "$POSTGRES" --out "$work/shared" --workers 0 --lease 1 > /dev/null 2> "$work/search" &
driver=$!
# begun N: worker N has a step in its hands
begun() { grep -q begins "$work/worker$1"; }
for _ in $(seq 300); do
  begun 1 && begun 2 && break
  kill -0 "$driver" 2> /dev/null || break
  sleep 0.1
done
begun 1 && begun 2 || { cat "$work"/worker* "$work/search" >&2; fail "workers take no steps"; }
kill -KILL "${workers[1]}"
kill -TERM "${workers[2]}"
wait "${workers[2]}" && code=0 || code=$?
[ "$code" = 75 ] || fail "a worker that is told to stop exits $code, not 75"
"${worker[@]}" 2> "$work/worker4" &
workers[2]=$!
wait "$driver" || { cat "$work/search" >&2; fail "the search by workers"; }
for i in 2 3; do
  wait "${workers[i]}" || { cat "$work"/worker* >&2; fail "a worker does not leave when the search is over"; }
done
cmp "$work/alone/trials.json" "$work/shared/trials.json" || fail "trials.json differs"
cmp "$work/alone/best/small/model.json" "$work/shared/best/small/model.json" || fail "the winner differs"
"$kwsmith" -q search "${options[@]}" --study "$POSTGRES" --out "$work/elsewhere" > /dev/null || fail "another --out"
cmp "$work/shared/trials.json" "$work/elsewhere/trials.json" || fail "the plan is not that of the study, with another --out"

step "the same with a hundred kills of search and workers"
RANDOM=7
search_most=("$kwsmith" -q search "${options[@]}")
# start N: process 0 is the search, the others are workers
start() {
  if [ "$1" = 0 ]; then
    "${search_most[@]}" --max-trials "$trials" --study "$killed" --workers 0 --lease 1 > /dev/null 2> "$work/search" &
  else
    "$kwsmith" worker --study "$killed" --data "$data" --threads 1 --lease 1 2>> "$killed.workers" &
  fi
  pids[$1]=$!
}
alive() { kill -0 "${pids[$1]}" 2> /dev/null; }
# ended N: process N has come to its end by itself, which must be a good one
ended() {
  wait "${pids[$1]}" || { cat "$work/search" "$killed.workers" >&2; fail "process $1 between the kills"; }
}
# kill_a_hundred TIMES: a study in $killed, of $trials at its end; pauses between kills are 0.3 to 0.6 s, TIMES as long
kill_a_hundred() {
  killed=$work/killed.$1
  trials=60
  for i in 0 1 2 3; do start $i; done
  kills=0
  while [ $kills -lt 100 ]; do
    pause=$(((RANDOM % 4 + 3) * $1))
    sleep "$((pause / 10)).$((pause % 10))"
    i=$((RANDOM % 4))
    if alive $i; then
      kill -KILL "${pids[i]}"
      kills=$((kills + 1))
      wait "${pids[i]}" 2> /dev/null || true
    else
      ended $i
      [ $i != 0 ] || trials=$((trials + 20)) # a quick machine: the search was over, it goes on with more
    fi
    start $i
  done
  while alive 0; do
    for i in 1 2 3; do alive $i || { ended $i; start $i; }; done # those that saw a search end
    sleep 0.5
  done
  for i in 0 1 2 3; do
    wait "${pids[i]}" || { cat "$work/search" "$killed.workers" >&2; fail "process $i after the kills"; }
  done
  echo "trials: $trials; steps delivered: $(grep -c "is delivered" "$killed.workers"), begun: $(grep -c begins "$killed.workers")"
}
# On a busy machine a step may lose three workers before its next epoch, which ends its trial, as it should.
for times in 1 2 4; do
  kill_a_hundred $times
  grep -q "lost its worker" "$killed/trials.json" || break
  echo "a step has lost three workers: the same with longer pauses"
done
"${search_most[@]}" --max-trials "$trials" --study "$work/undisturbed" > /dev/null || fail "search"
cmp "$work/undisturbed/trials.json" "$killed/trials.json" || {
  diff "$work/undisturbed/trials.json" "$killed/trials.json" | head -40 >&2
  fail "trials.json differs after the kills"
}
cmp "$work/undisturbed/best/small/model.json" "$killed/best/small/model.json" || fail "the winner differs after the kills"

step "bad input"
# refused CODE WORDS COMMAND...
refused() {
  local expected=$1 words=$2 code=0
  shift 2
  "$@" > /dev/null 2> "$work/log" || code=$?
  [ "$code" = "$expected" ] || fail "exit $code instead of $expected: $*"
  grep -q "$words" "$work/log" || { cat "$work/log" >&2; fail "does not say '$words': $*"; }
  [ "$(wc -l < "$work/log")" = 1 ] || { cat "$work/log" >&2; fail "more than one line: $*"; }
}
"$kwsmith" -q data synth --speakers 6 --seed 9 --out "$work/other" > /dev/null
refused 4 "not the data" "$kwsmith" -q worker --study "$POSTGRES" --data "$work/other"
refused 2 "config differs" "${search[@]}" --study "$POSTGRES" --out "$work/shared" --reduction 2
refused 2 "\-\-out: is needed" "${search[@]}" --study "$POSTGRES"
stop_postgres
refused 6 "cannot be reached" "${search[@]}" --study "$POSTGRES" --out "$work/shared"
refused 6 "cannot be reached" "$kwsmith" -q worker --study "$POSTGRES" --data "$data"
finish
