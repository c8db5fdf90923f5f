# Shared by the firmware tests: bash NAME_test.sh KWS_EXPORT_RANDOM SOURCE_DIR. Sourced, not run.
set -euo pipefail
export LC_ALL=C
export_random=$(realpath "$1")
source_dir=$(realpath "$2")
here=$source_dir/tests/firmware
designs=(dnn cnn basic_lstm lstm gru crnn ds_cnn)
residuals=(ds_tc tc_resnet bc_resnet)
carried=(lstm_carried gru_carried crnn_carried)
cores=(m0 m3 m4 m7 m33 m55)
for tool in make cc arm-none-eabi-gcc qemu-system-arm; do
  command -v "$tool" >/dev/null || { echo "SKIP: $tool is not here"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_firmware.XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
# A machine with much else to do is slow, not broken.
export QEMU_SECONDS=400

fail() {
  printf 'FAIL: %s\n' "$*" >&2
  failures=$((failures + 1))
}

# valid NAME DESIGN.json [SED...]: NAME.json, the design without padding in time.
valid() {
  local file=$work/$1.json design=$2
  shift 2
  sed -e 's/"type": "[a-z_]*",/& "time_padding": "valid",/' "$@" "$design" >"$file"
  echo "$file"
}
# export_design NAME FOLDER [PREFIX [ARITHMETIC [HOP_MS]]]: a small design with random weights, a published one, one of
# these without padding in time, with kernels that leave frames then, or one whose stream carries its state.
export_design() {
  local file=$source_dir/configs/hello_edge/${1%_carried}_s.json
  case $1 in
    ds_cnn_valid) file=$(valid "$1" "$source_dir/configs/hello_edge/ds_cnn_s.json") ;;
    ds_tc_valid)
      file=$(valid "$1" "$source_dir/configs/anchors/ds_tc_small.json" -e 's/"kernel": 1[1357]/"kernel": 3/')
      ;;
    tc_resnet_valid)
      file=$(valid "$1" "$source_dir/configs/anchors/tc_resnet8.json" -e 's/"kernel": 9/"kernel": 5/')
      ;;
    ds_tc) file=$source_dir/configs/anchors/ds_tc_small.json ;;
    tc_resnet) file=$source_dir/configs/anchors/tc_resnet8.json ;;
    bc_resnet) file=$source_dir/configs/anchors/bc_resnet_1.json ;;
  esac
  "$export_random" "$file" "$2" "${3:-kws}" "${4:-float}" "${5:-0}" "${1##*_}"
}

# For tests that run count.sh many times: what QEMU loads is compiled once.
share_plugin() {
  export PLUGIN=$work/plugin.so
  cc -O2 -shared -fPIC -o "$PLUGIN" "$here/insn_plugin.c"
}

# The last line of every test.
finish() {
  if [ "$failures" -gt 0 ]; then
    printf '%s: %s checks failed\n' "$(basename "$0")" "$failures" >&2
    exit 1
  fi
  printf '%s: all checks passed\n' "$(basename "$0")"
}
