#!/usr/bin/env bash
# Help, completions and the man page: all verbs, no line beyond 80 columns; mistyped words are told what was near.
. "$(dirname "$0")/common.sh"
unset COLUMNS

step "help"
"$kwsmith" --help >"$work/help"
sed -nE '/^Verbs:/,/^$/s/^  ([a-z]+) .*/\1/p' "$work/help" >"$work/verbs"
[ "$(wc -l <"$work/verbs")" -ge 16 ] || fail "kwsmith --help shows $(wc -l <"$work/verbs") verbs"
while read -r verb; do
  "$kwsmith" "$verb" --help >"$work/help"
  awk 'length > 80 && !/^  kwsmith/ { print; bad = 1 } END { exit bad }' "$work/help" || fail "kwsmith $verb --help: lines beyond 80 columns"
  grep -q '^Options of every verb:$' "$work/help" || fail "kwsmith $verb --help lacks the options of every verb"
  [ "$(sed -n '/^Examples:/,/^$/p' "$work/help" | grep -c '^  kwsmith ')" -ge 2 ] || fail "kwsmith $verb --help shows less than two examples"
done <"$work/verbs"
for verb in 'data check' 'data fetch' 'data import' 'data synth' 'bench train'; do
  # shellcheck disable=SC2086
  "$kwsmith" $verb --help >"$work/help"
  [ "$(sed -n '/^Examples:/,/^$/p' "$work/help" | grep -c '^  kwsmith ')" -ge 2 ] || fail "kwsmith $verb --help shows less than two examples"
done
"$kwsmith" design --help >"$work/help"
[ "$(grep -nE '^(Common options|Limits):' "$work/help" | cut -d: -f2 | tr '\n' ' ')" = "Common options Limits " ] || fail "design --help shows limits before what many need"
"$kwsmith" search --help >"$work/help"
for group in 'Common options' Limits Search Advanced; do
  grep -q "^$group:\$" "$work/help" || fail "kwsmith search --help has no group $group"
done

step "version"
"$kwsmith" --version >"$work/version"
grep -Eq '^kwsmith [0-9.]+' "$work/version" || fail "--version says $(cat "$work/version")"
grep -q 'LibTorch' "$work/version" || fail "--version names no libraries"

for words in -V version; do "$kwsmith" "$words" | cmp - "$work/version" || fail "kwsmith $words is not --version"; done
"$kwsmith" search --help >"$work/help"
"$kwsmith" help search | cmp - "$work/help" || fail "kwsmith help search is not search --help"
"$kwsmith" help data check >"$work/help"
grep -q '^Usage:.* data check' "$work/help" || fail "kwsmith help data check shows something else"
expect 2 'serach: is no verb' help serach

step "first steps"
got=0
"$kwsmith" >"$work/stdout" 2>"$work/stderr" || got=$?
[ "$got" -eq 2 ] || fail "without a verb: exit $got"
grep -q 'kwsmith search' "$work/stdout" || fail "without a verb no first steps are shown"

step "did you mean"
expect 2 'serach: is no verb of kwsmith; did you mean "search"' serach
expect 2 'chek: is no verb of kwsmith data; did you mean "check"' data chek
expect 2 '--bugdet: is no option of kwsmith search; did you mean "--budget"' search --bugdet small
expect 2 'extra: is more than kwsmith pareto takes; see kwsmith pareto --help' pareto study extra
expect 2 '"xml" is none of csv, json, table; see kwsmith list --help' list types --format xml
expect 2 'WHAT: "bords" is none of types, budgets, boards' list bords
expect 2 '^kwsmith: data: no verb is given; see kwsmith data --help' data
expect 2 '"2" is none of csv, json, table' list types --format 2

step "lists take commas"
"$kwsmith" search --dry-run --budget small,medium --max-trials 2 --json >"$work/plan"
grep -q '"budget": "medium"' "$work/plan" || fail "--budget small,medium plans for one budget"

step "completions"
for shell in bash zsh fish; do
  "$kwsmith" completions $shell >"$work/kwsmith.$shell"
  command -v $shell >/dev/null || continue
  $shell -n "$work/kwsmith.$shell" || fail "$shell cannot read its completions"
done
# complete WORD...: what bash offers for the last word
complete_words() {
  bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kwsmith; printf "%s\n" "${COMPREPLY[@]}"' \
    bash "$work/kwsmith.bash" "$@" >"$work/offered"
}
offers() { # WORD ARGUMENT...
  local word=$1
  shift
  complete_words "$@"
  grep -qx -- "$word" "$work/offered" || fail "bash does not offer $word for: $*"
}
offers search kwsmith se
offers synth kwsmith data s
offers --max-flash kwsmith search --max-f
offers nrf52840 kwsmith cost --board nrf5
offers boards kwsmith list b
offers models kwsmith list m
offers ds_cnn_s kwsmith cost ds_cnn
offers ds_cnn kwsmith search --types ds_

step "the man page"
"$kwsmith" manual >"$work/kwsmith.1"
if command -v groff >/dev/null; then
  groff -man -Tutf8 -ww "$work/kwsmith.1" >"$work/page" 2>"$work/warnings"
  [ ! -s "$work/warnings" ] || fail "groff warns: $(sed -n 1,3p "$work/warnings")"
  while read -r verb; do
    grep -qi "kwsmith $verb" "$work/page" || fail "the man page lacks $verb"
  done <"$work/verbs"
fi

finish
