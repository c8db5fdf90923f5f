#!/usr/bin/env bash
# What a small study and its verbs write: every JSON document is one of docs/schemas, CSV and JSON load unchanged in
# pandas and SQLite, and a printed config is the search that printed it.
. "$(dirname "$0")/common.sh"

python=/usr/bin/python3 # Debian's, which has the packages
if ! "$python" -c 'import jsonschema, pandas' 2>/dev/null || ! command -v sqlite3 >/dev/null; then
  echo "SKIP: needs the packages python3-jsonschema, python3-pandas and sqlite3"
  exit 77
fi
check=("$python" -W ignore::DeprecationWarning "$(dirname "$0")/tables_test.py")
data=$work/speech study=$work/study docs=$work/docs
mkdir "$docs"
# document NAME ARGUMENT...: keeps what the command prints as JSON
document() {
  local name=$1
  shift
  "$kwsmith" -q "$@" >"$docs/$name.json" 2>"$work/log" || { cat "$work/log" >&2; fail "kwsmith $*"; }
}

step "a study of a few trials"
"$kwsmith" -q data synth --speakers 10 --out "$data" >/dev/null
search=(search --data "$data" --budget small,medium --types dnn,gru --max-trials 6 --epochs 3 --first-rung 1
  --finalists 1 --final-seeds 1 --tuning-epochs 1 --seed 7 --study "$study")
document winners "${search[@]}" --json
model=$study/best/small

step "documents"
cp "$study"/trials.json "$study"/pareto.json "$study"/config.json "$model"/model.json "$docs"
document design cost ds_cnn_s --design
document design_long cost ds_cnn_s --set features.clip_ms=1500 --design
document cost cost "$configs"/*.json tc_resnet8 bc_resnet_1 --json
document cost_board cost dnn_s --board nrf52840 --json
document dry_run search --types dnn,gru --dry-run --json
document print_config search --types dnn --print-config
document trials_now trials "$study" --json
document trials_long trials "$study" --long --json
document pareto_budget pareto "$study" --budget small --json
document status status "$study" --json
document train train dnn_s --data "$data" --epochs 1 --out "$work/model" --json
for engine in float int8 c; do document "eval_$engine" eval "$model" --data "$data" --engine $engine --json; done
document list_models list models --folder "$study" --json
document quantize quantize "$model" --data "$data" --json
document listen listen "$model" --data "$data" --minutes 1 --json
document data data check "$data" --json
document import data import "$data" --out "$work/imported" --json
document export export "$model" --out "$work/firmware" --json
document export_board export "$work/model" --out "$work/firmware2" --board nrf52840 --json
for what in types budgets boards designs recipes; do document "list_$what" list $what --json; done
document list_configs list configs --folder "$source_dir/configs" --json
cp "$source_dir"/configs/search_*.json "$docs"
if grep -qw avx2 /proc/cpuinfo; then
  document bench bench train dnn_s --isa avx2 --seconds 0.01 --rounds 1 --json
else # no fused steps to measure
  echo '{"schema": "kwsmith.bench/1", "cpu": "", "isa": "", "rows": []}' >"$docs/bench.json"
fi
table=$source_dir/configs/learning_curves.json.gz
document replay replay --table "$table" --seeds 2 --json
document replay_steps replay --table "$table" --steps --json
document recorded trials "$table" --curves "$work/again.json.gz" --json
zcat "$table" >"$docs/curves.json"
cp "$source_dir/configs/boards/nrf52840.json" "$docs/board.json"
cp "$model/model.int8.json" "$docs"
for name in crnn_s tc_resnet8; do cp "$source_dir/configs/models/$name/model.int8.json" "$docs/int8_$name.json"; done
sed -n 's,^<script type="application/json" id="data">\(.*\)</script>$,\1,p' "$study/report.html" >"$docs/report.json"
"${check[@]}" documents "$source_dir/docs/schemas" "$docs" || fail "a document is none of docs/schemas"

step "ONNX"
for i in 1 2; do "$kwsmith" export "$model" --format onnx --out "$work/$i.onnx" 2>"$work/log" || { cat "$work/log" >&2; fail "export --format onnx"; }; done
cmp "$work/1.onnx" "$work/2.onnx" || fail "two ONNX exports differ"
grep -q 'input "features" \[1, ' "$work/log" || fail "export --format onnx does not tell its input"
[ "$(stat -c %s "$work/1.onnx")" -gt "$(stat -c %s "$model/weights.bin")" ] || fail "an ONNX file without its weights"

step "tables"
"$kwsmith" trials "$study" --long --format csv >"$work/long.csv" || fail "trials --long --format csv"
"${check[@]}" tables "$study/trials.csv" "$study/trials.json" trials || fail "trials.csv and trials.json"
"${check[@]}" tables "$work/long.csv" "$docs/trials_long.json" rows || fail "the tidy table"
"$kwsmith" trials "$study" --long --type gru --columns trial,epochs,cells --format csv >"$work/columns.csv"
[ "$(sed -n 1p "$work/columns.csv")" = trial,epochs,cells ] || fail "--columns chooses no columns of the tidy table"
COLUMNS=80 "$kwsmith" trials "$study" --long | sed -n 1p | grep '^ *trial .*int8_validation' >/dev/null || fail "no tidy table"

step "a printed config is the same search"
options=(--types dnn,gru --budget medium --max-flash 90K --max-trials 5 --epochs 4 --seed 3)
"$kwsmith" search "${options[@]}" --print-config >"$work/config.json" || fail "--print-config"
"$kwsmith" search --config "$work/config.json" --print-config | cmp - "$work/config.json" || fail "a printed config reads otherwise"
"$kwsmith" search "${options[@]}" --dry-run --json >"$work/plan_a" || fail "--dry-run"
"$kwsmith" search --config "$work/config.json" --dry-run --json | cmp - "$work/plan_a" || fail "a printed config is another search"
"$kwsmith" search --board nrf52840 --print-config >"$work/config.json" || fail "--print-config --board"
grep -q '"max_trials"' "$work/config.json" && fail "--print-config fixes what the time would plan"
"$kwsmith" search --config "$work/config.json" --print-config | cmp - "$work/config.json" || fail "a printed board reads otherwise"
echo '{"search": {"board": "nrf52840"}}' >"$work/board.json"
"$kwsmith" search --config "$work/board.json" --print-config | cmp - "$work/config.json" || fail "a file's board is another than --board"
"$kwsmith" search --board nrf52840 --max-load 0 --print-config >"$work/config.json"
"$kwsmith" search --config "$work/config.json" --print-config | cmp - "$work/config.json" || fail "a lifted limit comes back"
echo '{"search": {"board": "nrf52840", "clock_hz": 32000000}}' >"$work/board.json"
"$kwsmith" search --config "$work/board.json" --print-config >"$work/config.json"
grep -q '"clock_hz": 32000000' "$work/config.json" && grep -q '"max_flash": 1048576' "$work/config.json" ||
  fail "a board with a clock of the user's own loses its limits: $(cat "$work/config.json")"

step "the example that sweeps front ends"
"$kwsmith" search --config "$source_dir/configs/search_front_ends.json" --dry-run --format csv >"$work/plan.csv" || fail "search_front_ends.json"
awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
  { ++rows; pair = $column["window_ms"] "/" $column["stride_ms"]
    if (pair !~ /^(20\/10|25\/10|30\/10|30\/20|40\/20|40\/30|40\/40)$/ || $column["type"] != "ds_cnn") { print; bad = 1 } }
  END { exit bad || rows == 0 }' "$work/plan.csv" >&2 || fail "search_front_ends.json proposes other front ends"

finish
