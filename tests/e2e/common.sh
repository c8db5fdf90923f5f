# Shared by the end-to-end tests: bash NAME_test.sh KWSMITH SOURCE_DIR. Sourced, not run.
set -euo pipefail
kwsmith=$1
source_dir=$2
configs=$source_dir/configs/hello_edge
work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_e2e.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'echo "FAIL: $0:$LINENO: $BASH_COMMAND" >&2' ERR
export XDG_CACHE_HOME=$work/cache # the user's own is none of ours
failures=0

fail() {
  printf 'FAIL: %s\n' "$*" >&2
  failures=$((failures + 1))
}

step() { printf '== %s\n' "$*"; }

# The last line of every test.
finish() {
  if [ "$failures" -gt 0 ]; then
    printf '%s: %s checks failed\n' "$(basename "$0")" "$failures" >&2
    exit 1
  fi
  printf '%s: all checks passed\n' "$(basename "$0")"
}

# value FILE KEY: a number or text of the first "KEY": in a JSON file that has one key a line.
value() { sed -nE "s/^ *\"$2\": \"?([^\",]*)\"?,?\$/\1/p" "$1" | sed -n 1p; }

little_endian() { # VALUE BYTES
  local i
  for ((i = 0; i < $2; ++i)); do printf '%b' "\\x$(printf '%02x' $((($1 >> (8 * i)) & 255)))"; done
}

# wav_header RATE CHANNELS BYTES: what stands before so many bytes of 16-bit samples
wav_header() {
  printf 'RIFF'; little_endian $(($3 + 36)) 4; printf 'WAVEfmt '
  little_endian 16 4; little_endian 1 2; little_endian "$2" 2; little_endian "$1" 4
  little_endian $(($1 * $2 * 2)) 4; little_endian $(($2 * 2)) 2; little_endian 16 2
  printf 'data'; little_endian "$3" 4
}

# evaluate MODEL DATA ENGINE [OPTION...]: leaves the JSON in MODEL.ENGINE.json
evaluate() {
  local model=$1 data=$2 engine=$3
  shift 3
  "$kwsmith" eval "$model" --data "$data" --engine "$engine" --json "$@" >"$model.$engine.json" 2>"$work/log" ||
    { cat "$work/log" >&2; fail "eval $(basename "$model") --engine $engine"; }
}

# The promise of the export: not one output byte of one clip differs.
expect_c_equals_int8() {
  local model=$1 data=$2
  evaluate "$model" "$data" int8
  evaluate "$model" "$data" c
  local int8 c
  int8=$(value "$model.int8.json" output_sha256)
  c=$(value "$model.c.json" output_sha256)
  [ -n "$int8" ] && [ "$int8" = "$c" ] || fail "$(basename "$model"): int8 gives outputs ${int8:0:12}, c ${c:0:12}"
}

out=$work/out # results go below this folder; it must stay empty

# expect CODE PATTERN ARGUMENT...: PATTERN (extended regular expression) must match the only line on stderr
expect() {
  local code=$1 pattern=$2 got=0
  shift 2
  rm -rf "$out"
  mkdir "$out"
  "$kwsmith" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
  [ "$got" -eq "$code" ] || fail "exit $got instead of $code: kwsmith $*"
  [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "$(wc -l <"$work/stderr") lines on stderr instead of 1: kwsmith $*"
  grep -Eq -- "$pattern" "$work/stderr" || fail "stderr does not say /$pattern/: $(cat "$work/stderr"): kwsmith $*"
  [ -z "$(find "$out" -mindepth 1)" ] || fail "left behind: $(find "$out" -mindepth 1 | sed -n 1,3p): kwsmith $*"
}
