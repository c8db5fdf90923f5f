#!/usr/bin/env bash
# The live block of a search on terminals of four widths: one bar while it runs, nothing of it left behind; tables that
# fit. Drawn by tmux.
. "$(dirname "$0")/common.sh"
if ! command -v tmux >/dev/null; then
  echo "SKIP: tmux is not installed"
  exit 77
fi
unset NO_COLOR
terminals=0
tmux=(tmux -L "kws$$" -f /dev/null)
trap '"${tmux[@]}" kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

"$kwsmith" -q data synth --speakers 10 --out "$work/speech" >/dev/null
ln -s "$kwsmith" "$work/k"

# in_terminal WIDTH COMMAND: runs it, keeps what the terminal shows meanwhile in shots/N, at the end in last
in_terminal() {
  rm -rf "$work/shots" "$work/ended"
  mkdir "$work/shots"
  printf 'cd %q\nclear\n%s\ntouch ended\nsleep 1000\n' "$work" "$2" >"$work/script"
  # A server of its own: one that is about to end still answers on its socket.
  tmux=(tmux -L "kws$$.$((++terminals))" -f /dev/null)
  "${tmux[@]}" new-session -d -x "$1" -y 45 "bash $work/script"
  local i=0
  until [ -e "$work/ended" ] || [ $i -gt 3000 ]; do
    i=$((i + 1))
    "${tmux[@]}" capture-pane -p >"$work/shots/$i"
    sleep 0.1
  done
  sleep 0.5
  "${tmux[@]}" capture-pane -p >"$work/last"
  "${tmux[@]}" capture-pane -e -p >"$work/last_colored"
  "${tmux[@]}" kill-server
  [ -e "$work/ended" ] || fail "$2 at $1 columns does not end"
}

for width in 60 80 120 200; do
  step "$width columns"
  in_terminal $width "./k search --data speech --study s$width --types ds_cnn --workers 1 --max-trials 3 --epochs 9 --finalists 1 --final-seeds 1"
  drawn=0
  for shot in "$work"/shots/*; do
    bars=$(grep -c '^\[[#.]*\] ' "$shot" || true)
    [ "$bars" -le 1 ] || { fail "$bars bars on a terminal of $width columns"; cat "$shot" >&2; break; }
    drawn=$((drawn + bars))
  done
  [ "$drawn" -gt 0 ] || fail "no bar at $width columns"
  grep -qhE '^\[[#.]*\] .*, about .* left' "$work"/shots/* || fail "the time left is cut off at $width columns"
  grep -qE '^budget .* int8_test .*mean_of_seeds' "$work/last" || { fail "the winner has no int8 accuracy over its seeds at $width columns"; cat "$work/last" >&2; }
  if grep -E '^\[[#.]*\]|^exploring|^finalists|^last: |^reading' "$work/last"; then fail "left behind at $width columns"; fi
  grep -q 'report, for a browser: s' "$work/last" || fail "no word of the report at $width columns"
  grep -q 'next: kwsmith export' "$work/last" || fail "no next step at $width columns"
done

step "a search that continues says so"
in_terminal 80 "./k search --data speech --study s80 --types ds_cnn --workers 1 --max-trials 4 --epochs 9 --finalists 1 --final-seeds 1"
grep -q 'continues a study: ' "$work/last" || { fail "a continued search says nothing"; cat "$work/last" >&2; }

step "tables fit"
in_terminal 60 "./k list boards"
grep -q 'left out for want of width: .*' "$work/last" || fail "no column is left out at 60 columns"
in_terminal 200 "./k list budgets --columns name,ops"
grep -Eq '^name +ops$' "$work/last" || fail "--columns does not choose"
grep -Eq '^small +6.00 M$' "$work/last" || fail "operations are not in millions on a terminal"
in_terminal 200 "./k cost ds_cnn_s --columns name,memory_bytes"
grep -Eq '^ds_cnn_s +37.7 KiB$' "$work/last" || fail "bytes are not in KiB on a terminal"
"$kwsmith" cost ds_cnn_s --columns name,memory_bytes | grep -E '^ds_cnn_s +38,604$' >/dev/null || fail "bytes in a pipe are not exact"
expect 2 'column "nam": unknown; did you mean "name"' list budgets --columns nam
"$kwsmith" list boards --columns name,flash_bytes --format csv >"$work/boards.csv"
[ "$(sed -n 1p "$work/boards.csv")" = "name,flash_bytes" ] || fail "--columns does not choose in CSV"

for words in "trials s80" "pareto s80" "list models"; do
  in_terminal 60 "./k $words"
  grep -Eq '^ *(trial|name) .*int8_(validation|test)' "$work/last" || fail "$words tells no int8 accuracy at 60 columns"
done
finalist=$("$kwsmith" trials "$work/s80" --columns trial | grep -oE '1000[0-9]{3}' | sed -n 1p)
for number in "$finalist" "1,000,${finalist:4}"; do
  "$kwsmith" cost "$work/s80:$number" >/dev/null || fail "a trial is not found by its number: $number"
done
in_terminal 60 "./k cost ds_cnn_s --board nrf52840"
grep -Eq '^name .* load_high' "$work/last" || fail "cost at 60 columns leaves out what breaks the board"

step "colours, and none where they are not wanted"
escape=$(printf '\033')
in_terminal 60 "./k list boards"
grep -q "$escape\\[3[0-9]m" "$work/last_colored" || fail "no colour on a terminal"
for plain in "NO_COLOR=1 ./k list boards" "./k --no-color list boards"; do
  in_terminal 60 "$plain"
  grep -q 'left out for want of width' "$work/last" || fail "$plain does not tell what it leaves out"
  if grep -q "$escape" "$work/last_colored"; then fail "$plain: colours"; fi
done

step "a study is watched"
in_terminal 80 "./k status s80 --watch"
grep -q '^s80: no search is running' "$work/last" || fail "status --watch shows no study"
grep -q '^2[0-9-]*T' "$work/last" || { fail "status breaks its lines within words"; cat "$work/last" >&2; }
expect 2 'status --watch: standard output is no terminal' status "$work/s80" --watch

finish
