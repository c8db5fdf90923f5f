#!/usr/bin/env bash
# clang-format over every own source and clang-tidy over those that .clang-tidy names.
# usage: scripts/check_style.sh BUILD_FOLDER     a configured build: what its compile_commands.json lists is looked at,
#                                                a module at once where the build compiles modules as units
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:?usage: scripts/check_style.sh BUILD_FOLDER}
code=0

find datasets export include search src tests \( -name '*.cpp' -o -name '*.h' -o -name '*.c' \) -print0 |
  xargs -0 clang-format --dry-run -Werror || code=1

# The C runtime is checked too: by its C99 compilers' strict warnings, and here.
sed -nE "s|^ *\"file\": \"$PWD/(.*)\",?\$|\1|p" "$build/compile_commands.json" |
  grep -vE '^(src/torch|src/cli|tests)/|CMakeFiles/(kwsmith_torch|kwsmith)\.dir/|/tests/|/embedded_[a-z]*\.cpp$' |
  tr '\n' '\0' | xargs -0 -P "$(nproc)" -n 1 clang-tidy --quiet -p "$build" 2> >(grep -v 'warnings generated' >&2) || code=1

exit $code
