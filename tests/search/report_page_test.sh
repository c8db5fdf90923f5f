#!/usr/bin/env bash
# Reports in a browser: bash report_page_test.sh REPORT_PAGES SOURCE_DIR, see report_page_test.py.
set -euo pipefail
pages=$1
here=$2/tests/search
browser=$(command -v chromium || true)
driver=$(command -v chromedriver || true)
python=/usr/bin/python3 # Debian's, which has python3-selenium
if [ -z "$browser" ] || [ -z "$driver" ] || ! "$python" -c 'import selenium' 2>/dev/null; then
  echo "SKIP: needs the packages chromium, chromium-driver and python3-selenium"
  exit 77
fi
work=$(mktemp -d "${TMPDIR:-/tmp}/kwsmith_pages.XXXXXX")
trap 'rm -rf "$work"' EXIT
for trials in 5 300 5000; do "$pages" "$work/$trials.html" "$trials"; done
"$pages" "$work/again.html" 300
cmp "$work/300.html" "$work/again.html" || { echo "FAIL: the same study gives another page" >&2; exit 1; }
"$pages" "$work/two.html" 60 40
HOME=$work "$python" -B "$here/report_page_test.py" "$browser" "$driver" "$work"
