#!/usr/bin/env bash
# `kwsmith design`: only who has the token is answered, and what the page shows is what `kwsmith cost` says.
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/serve.sh"

# expect_status STATUS WHAT: of the last answer
expect_status() { [ "$status" = "$1" ] || fail "$2: answered $status instead of $1: $(cat "$work/body")"; }

step "only who has the token is answered, and no page of another site"
serve design ds_cnn_s --board nrf52840 --out "$work/saved.json"
design=$configs/ds_cnn_s.json
own="Host: 127.0.0.1:$port"
ask GET "/?token=$token" </dev/null
expect_status 200 "the page"
grep -q '<!DOCTYPE html>' "$work/body" || fail "no page: $(sed -n 1p "$work/body")"
for target in / "/?token=" "/?token=${token%?}" "/?token=${token}0" "/api/cost" "/api/save" "/no/such/page"; do
  for method in GET POST; do
    ask $method "$target" <"$design"
    expect_status 403 "$method $target without the token"
  done
done
for header in "Origin: http://example.com" "Origin: null" "Origin: http://127.0.0.1:1" "Sec-Fetch-Site: cross-site"; do
  ask POST "/api/save?token=$token" "$own" "$header" <"$design"
  expect_status 403 "$header"
done
for host in example.com "example.com:$port" "localhost.example.com:$port"; do
  ask POST "/api/save?token=$token" "Host: $host" <"$design"
  expect_status 403 "Host: $host"
done
[ ! -e "$work/saved.json" ] || fail "a stranger has saved a file"
ask GET "/../../etc/passwd?token=$token" </dev/null
expect_status 404 "another path"

step "costs are those of kwsmith cost"
for name in dnn_s cnn_m ds_cnn_l gru_s; do
  "$kwsmith" cost "$configs/$name.json" --json >"$work/wanted"
  ask POST "/api/cost?token=$token" <"$configs/$name.json"
  expect_status 200 "the cost of $name"
  cmp -s "$work/wanted" "$work/body" || fail "the page's cost of $name is another one than kwsmith cost --json"
  "$kwsmith" cost "$configs/$name.json" --hop-ms 200 --json >"$work/wanted"
  ask POST "/api/cost?token=$token&hop_ms=200" <"$configs/$name.json"
  cmp -s "$work/wanted" "$work/body" || fail "the page's cost of $name every 200 ms is another one than kwsmith cost --json"
  "$kwsmith" cost "$configs/$name.json" --board nrf52840 --hop-ms 200 --json >"$work/wanted" 2>/dev/null || true
  ask POST "/api/cost?token=$token&board=nrf52840&hop_ms=200" <"$configs/$name.json"
  cmp -s "$work/wanted" "$work/body" || fail "the page's cost of $name on a board is another one than kwsmith cost --json"
done
"$kwsmith" cost "$source_dir/configs/anchors/bc_resnet_1.json" --json >"$work/wanted"
ask POST "/api/cost?token=$token" <"$source_dir/configs/anchors/bc_resnet_1.json"
cmp -s "$work/wanted" "$work/body" || fail "the page's cost of bc_resnet_1 is another one than kwsmith cost --json"

step "what is wrong is said in the terminal's words"
refused() { # DESIGN
  local line
  cp "$1" "$work/design"
  line=$( (cd "$work" && "$kwsmith" cost design) 2>&1 >/dev/null) && fail "kwsmith cost takes $1"
  ask POST "/api/cost?token=$token" <"$1"
  expect_status 400 "a wrong design"
  [ "kwsmith: $(cat "$work/body")" = "$line" ] || fail "the page says \"$(cat "$work/body")\", the terminal \"$line\""
}
sed 's/"filters": 64/"filters": 0/' "$design" >"$work/wrong.json"
refused "$work/wrong.json"
sed 's/"conv"/"convolution"/' "$design" >"$work/wrong.json"
refused "$work/wrong.json"
printf '{"schema":' >"$work/wrong.json"
refused "$work/wrong.json"
ask POST "/api/cost?token=$token&board=arduino" <"$design"
expect_status 400 "an unknown board"
ask POST "/api/cost?token=$token&board=/etc/passwd" <"$design"
expect_status 400 "a path as a board"
ask POST "/api/dials?token=$token" <<<'{"design": 1}'
expect_status 400 "a wrong request"
ask POST "/api/cost?token=$token" "$own" "Content-Length: 2000000" </dev/null
expect_status 413 "two million bytes"

step "saving"
ask POST "/api/save?token=$token" <"$work/wrong.json"
expect_status 400 "a wrong design to save"
[ ! -e "$work/saved.json" ] || fail "a wrong design is saved"
ask POST "/api/save?token=$token" <"$design"
expect_status 200 "saving"
[ "$("$kwsmith" cost "$work/saved.json" --json)" = "$("$kwsmith" cost "$design" --json)" ] || fail "the saved design is another one"
stop

step "without --out nothing can be saved"
serve design --port 0
ask POST "/api/save?token=$token" <"$design"
expect_status 404 "saving without --out"
expect 2 "port $port: .*; choose another one with --port" design --port "$port"
stop

step "wrong use"
expect 2 'ds_cn_s: no such file; did you mean the design "ds_cnn_s"' design ds_cn_s
expect 2 '--out: .*/none: no such folder; make it first' design --out "$work/none/design.json"
expect 2 'none: ' design --study "$work/none"
expect 2 '--open' report "$work" --open

step "a page in a browser"
if have_browser; then
  serve design --board nrf52840 --out "$work/saved.json"
  in_browser design_page_test.py "$url" "$kwsmith" "$work/saved.json" || fail "the page in a browser"
  stop
fi

finish
