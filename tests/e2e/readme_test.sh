#!/usr/bin/env bash
# What README shows is what the program prints.
. "$(dirname "$0")/common.sh"

command -v python3 >/dev/null || { echo "SKIP: no python3"; exit 77; }
[ "$(wc -l <"$source_dir/README.md")" -lt 250 ] || fail "README.md has 250 lines or more"
here=$(cd "$(dirname "$0")" && pwd)
PATH=$(cd "$(dirname "$kwsmith")" && pwd):$PATH
cd "$work"
python3 "$here/readme.py" "$source_dir/README.md" "$source_dir/docs/training.md" || fail "see above"
finish
