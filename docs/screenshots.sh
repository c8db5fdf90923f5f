#!/usr/bin/env bash
# docs/screenshots.sh STUDY: makes docs/pictures/report.png of the report of a finished study, and design.png of its winner for
# the small budget on the page of `design`. Needs chromium.
set -euo pipefail
kwsmith=${KWSMITH:-build/release/kwsmith}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

picture() { # NAME HEIGHT URL
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-color-profile=srgb \
    --user-data-dir="$folder/profile" --window-size=1280,"$2" --virtual-time-budget=5000 \
    --screenshot="$PWD/docs/pictures/$1.png" "$3" 2>/dev/null
}

"$kwsmith" -q report "$1" --out "$folder/report.html" >/dev/null
picture report 1500 "file://$folder/report.html"

env --default-signal=INT "$kwsmith" -q design "$1/best/small" --board nrf52840 >"$folder/url" &
server=$!
while [ ! -s "$folder/url" ]; do sleep 0.1; done
picture design 1500 "$(cat "$folder/url")"
kill -INT $server
wait $server
