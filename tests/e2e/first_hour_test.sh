#!/usr/bin/env bash
# What people have met in their first hour, who did not get what they had asked for.
. "$(dirname "$0")/common.sh"

words=(--keywords aurora,blinds,coffee)
"$kwsmith" -q data synth "${words[@]}" --speakers 8 --out "$work/ours" >/dev/null || fail "data synth"

step "a threshold that would make a model deaf is not stored"
sed 's/"hidden": *\[[^]]*\]/"hidden": [8]/' "$configs/dnn_s.json" >"$work/tiny.json"
"$kwsmith" -q train "$work/tiny.json" --data "$work/ours" --epochs 1 --out "$work/model" >/dev/null || fail "train"
cp "$work/model/model.json" "$work/before"
expect 3 '(leave [0-9]+ of [0-9]+ keywords found|no threshold finds half of [0-9]+ keywords); nothing stored; ' -q listen "$work/model" --data "$work/ours" \
  --split validation --minutes 1 --tune 0
cmp -s "$work/before" "$work/model/model.json" || fail "the threshold is stored though it finds nothing"
"$kwsmith" listen "$work/model" --data "$work/ours" --minutes 1 --threshold 1 >/dev/null 2>"$work/log" || fail "listen"
grep -q -- '--sweep shows what each threshold gives' "$work/log" || fail "who finds less than half is told nothing"

step "an export for a board says what it was asked for and how good it is on the test split"
"$kwsmith" -q search --data "$work/ours" --board stm32f411 --max-flash 60K --types dnn --no-prior --max-trials 1 --epochs 1 \
  --finalists 0 --study "$work/study" --json >"$work/winners" || fail "search"
"$kwsmith" -q export "$work/study/best/custom" --out "$work/c" --board stm32f411 >/dev/null || fail "export"
grep -q '^| accuracy | .*(testing split) |$' "$work/c/README.md" || fail "no test accuracy: $(grep '^| accuracy' "$work/c/README.md")"
if grep -q '^| budget ' "$work/c/README.md"; then fail "a budget that nobody asked for"; fi
grep -q '^| on stm32f411 | a decision every ' "$work/c/README.md" || fail "the export's README does not name the board"
# Before training the largest label texts and the largest table of the detector are assumed.
promised=$(value "$work/winners" flash_bytes)
exported=$(awk '/"board"/ { on = 1 } on && /"flash_bytes"/ { gsub(/[^0-9]/, ""); print; exit }' "$work/c/kws_report.json")
[ "$exported" = "$(value "$work/c/kws_report.json" flash_bytes)" ] || fail "one export of two sizes: $exported on the board"
[ "$exported" -le "$promised" ] && [ "$exported" -gt $((promised - 300)) ] ||
  fail "the search has told $promised bytes of flash, the export takes $exported"

step "the paper's budget is no size of flash"
"$kwsmith" search --data "$work/ours" --budget small --types gru --no-prior --max-trials 1 --epochs 1 --finalists 0 \
  --study "$work/gru" --json >"$work/winners" 2>"$work/log" || fail "search"
if [ "$(value "$work/winners" flash_bytes)" -gt 81920 ]; then
  grep -q "small: its 81,920 bytes of memory are the paper's rule; as C the design takes" "$work/log" || fail "more flash than memory, and no word of it"
else
  if grep -q "the paper's rule" "$work/log"; then fail "told of flash that is not taken"; fi
fi

step "Ctrl-C while recordings are read leaves nothing"
mkdir "$work/many"
for word in aurora blinds coffee; do
  mkdir "$work/many/$word"
  for ((i = 0; i < 60; ++i)); do
    for file in "$work/ours/$word"/*; do cp -l "$file" "$work/many/$word/$i$(basename "$file")"; done
  done
done
"$kwsmith" search --data "$work/many" "${words[@]}" --no-cache --study "$work/none" >/dev/null 2>"$work/log" &
process=$!
until [ "$(readlink /proc/$process/exe)" = "$(readlink -f "$kwsmith")" ] &&
  grep -q '^SigCgt:.*[2367abef]$' /proc/$process/status; do sleep 0.02; done # SIGINT is caught
kill -INT $process
got=0
wait $process || got=$?
[ "$got" -eq 75 ] || fail "Ctrl-C: exit $got: $(tail -n 1 "$work/log")"
grep -q 'interrupted while its recordings were read; run the same command again' "$work/log" || fail "says $(tail -n 1 "$work/log")"
[ ! -e "$work/none" ] || fail "a study of nothing stays"

finish
