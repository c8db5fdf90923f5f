#!/usr/bin/env bash
# ONNX files of random networks: bash onnx_test.sh ONNX_MODELS SOURCE_DIR, see onnx_test.py.
set -euo pipefail
python=/usr/bin/python3 # Debian's, which has python3-onnx
if ! "$python" -c 'import onnx' 2>/dev/null; then
  echo "SKIP: needs the package python3-onnx"
  exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_onnx.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/again" "$work/out"
"$1" "$work/out"
"$1" "$work/again"
diff -r "$work/out" "$work/again" >/dev/null || { echo "FAIL: the same networks give other files" >&2; exit 1; }
"$python" "$2/tests/onnx/onnx_test.py" "$work/out"
