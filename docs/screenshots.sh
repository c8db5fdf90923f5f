#!/usr/bin/env bash
# docs/screenshots.sh STUDY: makes docs/pictures/report.png of the report of a finished study. Needs chromium.
set -euo pipefail
kwsmith=${KWSMITH:-build/release/kwsmith}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$kwsmith" -q report "$1" --out "$folder/report.html"
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb --user-data-dir="$folder/profile" \
  --window-size=1280,1500 --virtual-time-budget=5000 --screenshot="$PWD/docs/pictures/report.png" "file://$folder/report.html" \
  2>/dev/null
