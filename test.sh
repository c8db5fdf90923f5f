#!/usr/bin/env bash
# Builds and runs every test, the sanitizers and the style checks. Ends with one line; exit 0 when all is well.
set -uo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"
mkdir -p build
problems=()

stage "packages"
install_packages all

stage "build (release)"
if ! { cmake --preset release -DKWS_TESTS=ON >/dev/null && cmake --build build/release -j "$jobs" -- --quiet; }; then
  echo "test.sh: the release build failed" >&2
  exit 1
fi

stage "tests: unit and end to end"
ctest --test-dir build/release -j "$(nproc)" --output-on-failure | tee build/ctest.log | grep -vE '(Start +[0-9]+:|Passed +[0-9.]+ sec)'
total=$(sed -nE 's/.*tests? (failed|passed).* out of ([0-9]+)$/\2/p' build/ctest.log)
failed=$(sed -nE 's/.*, ([0-9]+) tests failed out of.*/\1/p' build/ctest.log)
skipped=$(grep -cE '\*\*\*Skipped' build/ctest.log)
[ "${total:-0}" -gt 0 ] && [ "${failed:-1}" -eq 0 ] || problems+=("tests")

stage "tests under the address and undefined-behaviour sanitizers"
{ cmake --preset asan >/dev/null && cmake --build build/asan -j "$jobs" --target kws_unit_tests -- --quiet &&
  ctest --test-dir build/asan -L "unit|load" -j "$(nproc)" --output-on-failure >build/asan.log && tail -n 3 build/asan.log; } ||
  { tail -n 60 build/asan.log; problems+=("sanitizers"); }

stage "clang-format and clang-tidy"
scripts/check_style.sh build/release && style="format and tidy clean" || { style="format or tidy complains"; problems+=("style"); }
end_stage

minutes=$(((SECONDS + 30) / 60))
echo "test.sh: $((${total:-0} - ${failed:-0} - skipped)) tests passed, ${failed:-0} failed, $skipped skipped; $style ($minutes min)"
if [ ${#problems[@]} -gt 0 ]; then
  echo "test.sh: failed: ${problems[*]}" >&2
  exit 1
fi
