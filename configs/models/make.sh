#!/usr/bin/env bash
# configs/models/make.sh DATA [DESIGN...]: trains the models that come with kwsmith on recordings in the layout of Speech
# Commands, those that are not there yet, and writes a card beside each. The model of a search is copied here from its
# study (study/best/BUDGET) and gets its card in the same way, by its name, once search_of() knows its search.
set -euo pipefail
data=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
kwsmith=${KWSMITH:-build/release/kwsmith}
[ $# -gt 0 ] || set -- dnn_s cnn_s basic_lstm_s lstm_s gru_s crnn_s ds_cnn_s tc_resnet8
clips=$(find -L "$data/" -mindepth 2 -type f ! -path '*/_background_noise_/*' | wc -l)

value() { sed -nE "s/^ *\"$1\": \"?([^\",]*)\"?,?\$/\1/p" "$2" | sed -n 1p; }
percent() { awk -v share="$1" 'BEGIN { printf "%.2f", 100 * share }'; }

# The search that a model comes from: its options beside --data.
search_of() {
  case $1 in
  tc_resnet_13) echo "--seed 1 --max-trials 44 --epochs 27 --finalists 2 --final-seeds 2 --final-epochs 42" ;;
  ds_tc_19) echo "--seed 3 --max-trials 44 --epochs 27 --finalists 2 --final-seeds 2 --final-epochs 42 --study STUDY" ;;
  matchboxnet_3x2x64) echo "--budget medium --seed 1 --time 30m" ;;
  ds_tc_13) echo "--budget large --seed 1 --time 30m" ;;
  *) echo "make.sh: of which search is $1? search_of() knows none" >&2 && exit 1 ;;
  esac
}

for design in "$@"; do
  name=$(basename "$design" .json)
  model=$here/$name/model.json
  [ -e "$model" ] || "$kwsmith" -q train "$design" --data "$data" --out "$here/$name" >/dev/null
  cost=$("$kwsmith" cost "$here/$name" --json)
  made="\`configs/models/make.sh DATA $name\`: \`kwsmith train\` with its defaults, one run"
  if ! "$kwsmith" list designs | grep "^$name " >/dev/null; then
    search=$(search_of "$name")
    made="\`kwsmith train STUDY:${name##*_} --data DATA\` with its defaults, one run, of a trial of
  \`kwsmith search --data DATA $search\` ([docs/results.md](../../../docs/results.md))"
  fi
  if [ "$(value tuning_epochs "$model")" -gt 0 ]; then
    search=$(search_of "$name")
    made="\`kwsmith search --data DATA $search\`
  ([docs/results.md](../../../docs/results.md)): the best of its winner's runs on the validation split"
  fi
  cat >"$here/$name/README.md" <<END
# $name

- Hears silence, unknown words and yes, no, up, down, left, right, on, off, stop, go, in one second at 16 kHz.
- int8 test accuracy $(percent "$(value int8_test "$model")") % (float $(percent "$(value float_test "$model")") %), standard error $(percent "$(value int8_test_error "$model")") points over speakers;
  validation, by which the epoch was chosen, $(percent "$(value int8_validation "$model")") %.
- Takes $(value memory_bytes <(printf '%s\n' "$cost")) bytes of memory and $(value ops <(printf '%s\n' "$cost")) operations an inference by the paper's rule.
- Made by $made.
  $(value epochs "$model") epochs, then $(value tuning_epochs "$model") with the rounding of the int8 network; seed $(value seed "$model").
- Learnt from $clips recordings of Speech Commands by Pete Warden, Google,
  [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/), a part of them kept as Opus; name it when you publish what you made
  with the model.
- Not measured on other languages, far microphones or rooms with noise: try \`kwsmith listen\` there first.
END
done
