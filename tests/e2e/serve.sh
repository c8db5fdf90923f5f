# For tests of pages that the program serves: sourced after common.sh.
servers=()
end_servers() {
  local one
  for one in "${servers[@]}"; do kill -INT "$one" 2>/dev/null || true; done
  rm -rf "$work"
}
trap end_servers EXIT

# serve ARGUMENT...: starts the program; sets url, port, token and server, its process
serve() {
  : >"$work/url"
  # A shell starts what runs in the background with interrupts ignored.
  env --default-signal=INT "$kwsmith" "$@" >"$work/url" 2>"$work/served" &
  server=$!
  servers+=("$server")
  local i
  for ((i = 0; i < 600; ++i)); do
    [ -s "$work/url" ] && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  url=$(cat "$work/url")
  [[ $url =~ ^http://127\.0\.0\.1:([0-9]+)/\?token=([0-9a-f]{32})$ ]] || { fail "no URL but \"$url\", $(cat "$work/served"): kwsmith $*"; finish; }
  port=${BASH_REMATCH[1]} token=${BASH_REMATCH[2]}
}

# stop: ends the server as a user does, which must be in order
stop() {
  local got=0
  kill -INT "$server"
  wait "$server" || got=$?
  [ "$got" -eq 0 ] || fail "Ctrl-C ends the server with exit $got"
}

# ask METHOD TARGET [HEADER...]: leaves the answer's status in $status and its body in $work/body; the request's body
# comes from stdin
ask() {
  local method=$1 target=$2 body
  shift 2
  body=$(cat)
  [ $# -gt 0 ] || set -- "Host: 127.0.0.1:$port"
  exec 9<>"/dev/tcp/127.0.0.1/$port"
  {
    printf '%s %s HTTP/1.1\r\n' "$method" "$target"
    printf '%s\r\n' "$@"
    printf 'Connection: close\r\nContent-Length: %s\r\n\r\n%s' "${#body}" "$body"
  } >&9
  cat <&9 >"$work/answer"
  exec 9>&- 9<&-
  status=$(sed -nE '1s/^HTTP[^ ]* ([0-9]+).*/\1/p' "$work/answer")
  sed '1,/^\r$/d' "$work/answer" >"$work/body"
}

# have_browser: whether there is what tests of pages need; says what is missing
browser=$(command -v chromium || true)
driver=$(command -v chromedriver || true)
python=/usr/bin/python3 # Debian's, which has python3-selenium
have_browser() {
  [ -n "$browser" ] && [ -n "$driver" ] && "$python" -c 'import selenium' 2>/dev/null && return
  echo "SKIP: needs the packages chromium, chromium-driver and python3-selenium"
  return 1
}

# in_browser SCRIPT ARGUMENT...
in_browser() {
  local script=$1
  shift
  HOME=$work "$python" -B "$(dirname "$0")/$script" "$browser" "$driver" "$@"
}
