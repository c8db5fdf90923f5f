#!/usr/bin/env bash
# From nothing to C: installs what is missing, builds, makes speech, searches, trains, quantizes, exports and checks.
# Takes no arguments; results go to quickstart/ beside this script. About 6 minutes on two cores, most of them building.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/scripts/setup.sh"

echo "About 6 minutes on two cores, most of them building. Packages, where a bare Debian 12 lacks them all: 360 MB of download,"
echo "1.5 GB on disk."

stage "packages"
install_packages program

stage "build"
cmake --preset release -DKWS_TESTS=OFF >/dev/null
cmake --build build/release --target kwsmith -j "$jobs" -- --quiet
kwsmith=$PWD/build/release/kwsmith

rm -rf quickstart
mkdir quickstart
cd quickstart
job_start=$SECONDS

stage "speech: 60 synthetic speakers, 18 words"
"$kwsmith" --quiet data synth --speakers 60 --clips 2 --out speech
"$kwsmith" data check speech >check.txt
tail -n 2 check.txt

stage "search: two budgets, 26 trials, the published networks first"
"$kwsmith" search --data speech --budget small --budget medium --max-trials 26 --epochs 9 --finalists 2 --final-seeds 2 \
  --final-epochs 30 --study study >winners.txt
cut -c1-150 winners.txt

stage "the small winner as C"
"$kwsmith" export study/best/small --out firmware
make -s -C firmware selftest

stage "the exported C against the int8 network, byte for byte over the test split"
for engine in int8 c; do
  "$kwsmith" eval study/best/small --data speech --engine $engine --json >eval_$engine.json
  grep -E '"(engine|accuracy|output_sha256)"' eval_$engine.json
done
if ! diff <(grep output_sha256 eval_int8.json) <(grep output_sha256 eval_c.json) >/dev/null; then
  echo "quickstart.sh: the exported C and the int8 network differ" >&2
  exit 1
fi
end_stage

echo "winners"
cat winners.txt
echo
echo "study (trials.csv, trials.json, pareto.json, report.html, models): $PWD/study"
echo "C99 for firmware: $PWD/firmware"
echo "the job took $((SECONDS - job_start)) s, everything $SECONDS s"
