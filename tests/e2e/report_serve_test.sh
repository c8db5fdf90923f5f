#!/usr/bin/env bash
# Pages of studies: reports that are served follow a search that runs, designs stand beside its best.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/serve.sh"

"$kwsmith" -q data synth --speakers 6 --out "$work/speech" >/dev/null
# search TRIALS [OPTION...]
search() {
  local trials=$1
  shift
  "$kwsmith" search --data "$work/speech" --study "$work/study" --types dnn --max-trials "$trials" --epochs 1 --finalists 0 "$@"
}
version() {
  ask GET "/api/version?token=$token" </dev/null
  [ "$status" = 200 ] || fail "/api/version answers $status"
  cat "$work/body"
}

step "report --serve"
search 1 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search"; }
serve report "$work/study" --serve
ask GET / </dev/null
[ "$status" = 403 ] || fail "a report without the token: $status"
ask GET "/?token=$token" </dev/null
[ "$status" = 200 ] || fail "the report: $status"
grep -q 'data-served="true"' "$work/body" || fail "the page does not follow the search"
before=$(version)
sleep 3
[ "$(version)" = "$before" ] || fail "a study at rest has another version"
search 2 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search goes on"; }
for ((i = 0; i < 100; ++i)); do
  after=$(version)
  [ "$after" != "$before" ] && break
  sleep 0.1
done
[ "$after" != "$before" ] || fail "the report does not follow the search"
stop
[ -e "$work/study/report.html" ] || fail "the search has left no report"
if grep -q 'data-served="true"\|connect-src' "$work/study/report.html"; then fail "the file asks for a server"; fi

step "a page in a browser"
if have_browser; then
  serve report "$work/study" --serve
  in_browser report_serve_page_test.py "$url" "$work/flag" &
  page=$!
  for ((i = 0; i < 600; ++i)); do
    [ -e "$work/flag" ] && break
    sleep 0.1
  done
  search 3 >/dev/null 2>"$work/log" || { cat "$work/log" >&2; fail "the search goes on"; }
  until [ -e "$work/flag.seen" ] || ! kill -0 "$page" 2>/dev/null; do sleep 0.1; done
  stop
  wait "$page" || fail "the page in a browser"
fi

step "design beside a study"
serve design "$work/study:0" --study "$work/study"
ask GET "/api/landmarks?token=$token" </dev/null
[ "$status" = 200 ] || fail "the landmarks: $status"
grep -q '"accuracy": ' "$work/body" || fail "the front of the study is missing"
ask GET "/?token=$token" </dev/null
grep -q '"study":"study"' "$work/body" || fail "the page does not name the study"
stop

step "search --serve with a port that is taken"
serve report "$work/study" --serve
expect 2 "port $port: .*; choose another one with --port" search --data "$work/speech" --study "$work/none" --types dnn --max-trials 1 --serve --port "$port"
[ ! -e "$work/none" ] || fail "a study without its server is begun"
stop

step "search --serve"
search 4 --serve >"$work/stdout" 2>"$work/log" || { cat "$work/log" >&2; fail "search --serve"; }
grep -Eq 'http://127\.0\.0\.1:[0-9]+/\?token=[0-9a-f]{32}$' "$work/log" || fail "search --serve tells no URL: $(cat "$work/log")"

finish
