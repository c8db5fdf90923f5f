# Shared by the firmware tests: bash NAME_test.sh KWS_EXPORT_RANDOM SOURCE_DIR. Sourced, not run.
set -euo pipefail
export LC_ALL=C
export_random=$(realpath "$1")
source_dir=$(realpath "$2")
here=$source_dir/tests/firmware
designs=(dnn cnn basic_lstm lstm gru crnn ds_cnn)
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

# export_design NAME FOLDER [PREFIX [ARITHMETIC]]: a small published design with random weights.
export_design() {
  local file=hello_edge/$1_s
  case $1 in ds_tc) file=anchors/ds_tc_small ;; tc_resnet) file=anchors/tc_resnet8 ;; bc_resnet) file=anchors/bc_resnet_1 ;; esac
  "$export_random" "$source_dir/configs/$file.json" "$2" "${3:-kws}" "${4:-float}"
}

# The last line of every test.
finish() {
  if [ "$failures" -gt 0 ]; then
    printf '%s: %s checks failed\n' "$(basename "$0")" "$failures" >&2
    exit 1
  fi
  printf '%s: all checks passed\n' "$(basename "$0")"
}
