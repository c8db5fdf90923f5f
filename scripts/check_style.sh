#!/usr/bin/env bash
# clang-format over every own source and clang-tidy over those that .clang-tidy names.
# usage: scripts/check_style.sh BUILD_FOLDER     a configured build, for its compile_commands.json
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:?usage: scripts/check_style.sh BUILD_FOLDER}
code=0

find datasets export include search src tests \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
  xargs -0 clang-format --dry-run -Werror || code=1

# The C runtime is checked too: by its C99 compilers' strict warnings, and here.
find datasets export search src \( -path src/train -o -path src/cli \) -prune -o \( -name '*.cpp' -o -name '*.c' \) -print0 |
  xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build" 2> >(grep -v 'warnings generated' >&2) || code=1

exit $code
