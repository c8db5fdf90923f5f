#!/usr/bin/env bash
# Files that somebody else has written, damaged or made to harm: one line, the right exit code, nothing lost, no crash.
. "$(dirname "$0")/common.sh"
command -v python3 >/dev/null || { echo "SKIP: needs python3"; exit 77; }

"$kwsmith" -q data synth --speakers 8 --words yes,no,stop --out "$work/speech" >/dev/null
sed 's/"classes": *12/"classes": 4/' "$configs/dnn_s.json" >"$work/design.json"
data=(--data "$work/speech" --keywords yes,no)
"$kwsmith" -q train "$work/design.json" "${data[@]}" --out "$work/model" --epochs 2 >/dev/null
"$kwsmith" -q search "${data[@]}" --study "$work/study" --max-trials 1 --epochs 1 >/dev/null 2>&1

# edit FILE PYTHON: changes the JSON document j
edit() {
  python3 - "$1" "$2" <<'PY'
import json, sys
j = json.load(open(sys.argv[1]))
scope = {'j': j}
exec(sys.argv[2], scope)
json.dump(scope['j'], open(sys.argv[1], 'w'))
PY
}

step "models of strangers"
# bad_model PATTERN PYTHON: every verb that reads a model refuses it
bad_model() {
  rm -rf "$work/bad" && cp -r "$work/model" "$work/bad"
  edit "$work/bad/model.json" "$2"
  expect 1 "$work/bad/.*$1" export "$work/bad" --out "$out/c"
  expect 1 "$work/bad/.*$1" eval "$work/bad" --data "$work/speech" --engine c
  expect 1 "$work/bad/.*$1" quantize "$work/bad" --data "$work/speech"
  expect 1 "$work/bad/.*$1" listen "$work/bad" --data "$work/speech"
}
bad_model 'normalisation.mean: has 0 items' 'j["normalisation"]["mean"] = []'
bad_model 'normalisation.deviation\[0\]: -1 is out of range' 'j["normalisation"]["deviation"][0] = -1'
bad_model 'golden\[0\]: has ' 'j["golden"] = [[1] * 40000]'
bad_model 'golden: has 2000 items' 'j["golden"] = j["golden"][:1] * 2000'
bad_model 'labels: has 0 items' 'j["labels"] = []'
bad_model 'labels: "yes" stands there twice' 'j["labels"][3] = "yes"'
bad_model 'labels\[3\]: .* is no name' 'j["labels"][3] = "\x1b]0;title\x07"'
bad_model 'metrics.detector_threshold: 1e\+300 is out of range' 'j["metrics"]["detector_threshold"] = 1e300'
bad_model 'metrics.int8_test: 2.0 is out of range' 'j["metrics"]["int8_test"] = 2.0'
bad_model 'schema: 5 is not a string' 'j["schema"] = 5'
bad_model '5 is not an object' 'j = 5'
bad_model 'weights.bin: does not hold' 'j["design"]["network"]["hidden"][0] = 145'
rm -rf "$work/bad" && cp -r "$work/model" "$work/bad"
edit "$work/bad/model.json" 'j["metrics"]["loss"] = None' # a training that diverged at its end
"$kwsmith" -q export "$work/bad" --out "$work/exported" >/dev/null || fail "a loss that is no number"
ln -sf /dev/zero "$work/bad/model.json"
expect 1 'model.json: is not a regular file' export "$work/bad" --out "$out/c"

step "what lies beside a model, and folders that are not ours"
cp -r "$work/model" "$work/tuned"
echo mine >"$work/tuned/notes.txt"
"$kwsmith" -q export "$work/tuned" --out "$work/tuned/firmware" >/dev/null
"$kwsmith" -q listen "$work/tuned" --data "$work/speech" --split validation --minutes 1 --tune 1000 >/dev/null 2>&1 ||
  true # whether a threshold is found is not the question here
[ -e "$work/tuned/notes.txt" ] && [ -e "$work/tuned/firmware/kws_model.c" ] || fail "--tune lost the folder's other files"
expect 2 'ds_cnn_s comes with the program and stays as it is; --out' listen ds_cnn_s --data "$work/speech" --tune 1000
expect 2 "$work/tuned: .*exists" listen ds_cnn_s --data "$work/speech" --tune 1000 --out "$work/tuned"
expect 2 '\-\-out requires --tune' listen ds_cnn_s --data "$work/speech" --out "$work/other"
"$kwsmith" -q listen ds_cnn_s --data "$work/speech" --minutes 1 --tune 100000 --out "$work/ours" >/dev/null || fail "--tune --out"
cmp -s "$work/ours/weights.bin" "$configs/../models/ds_cnn_s/weights.bin" || fail "--tune --out changes weights"
mkdir "$work/project" && echo mine >"$work/project/notes.txt"
expect 2 "$work/project: is not a folder that kwsmith has written" export "$work/model" --out "$work/project" --replace
expect 2 "$work/project: is not a folder" data synth --speakers 3 --words yes --out "$work/project" --replace
cp -r "$work/model" "$work/keep"
expect 2 'keep: was not written to hold what is to take its place' export "$work/model" --out "$work/keep" --replace
expect 2 'keep: was not written to hold' data synth --speakers 3 --words yes --out "$work/keep" --replace
cmp -s "$work/model/weights.bin" "$work/keep/weights.bin" || fail "--replace has taken a model away"
expect 2 "$work/project: exists already" export "$work/model" --out "$work/project"
expect 2 "$work/project: exists already" data synth --speakers 3 --words yes --out "$work/project"
expect 2 "$work/project: exists already" train "$work/design.json" "${data[@]}" --out "$work/project" --epochs 1
[ "$(cat "$work/project/notes.txt")" = mine ] || fail "a stranger's folder was touched"
"$kwsmith" -q export "$work/model" --out "$work/exported" --replace >/dev/null || fail "an export is not replaced"

step "interrupted in the first epoch"
sed 's/"classes": *12/"classes": 4/' "$configs/ds_cnn_l.json" >"$work/large.json" # whose epochs take a while
cut=(train "$work/large.json" "${data[@]}" --out "$work/cut" --epochs 400)
# interrupt SIGNAL SECONDS: sent so long after the program listens to it; leaves its exit code in $got
interrupt() {
  "$kwsmith" "${cut[@]}" 2>"$work/stderr" >/dev/null &
  local process=$!
  until [ "$(readlink /proc/$process/exe)" = "$(readlink -f "$kwsmith")" ] &&
    grep -q '^SigCgt:.*[2367abef]$' /proc/$process/status; do sleep 0.05; done # SIGINT is caught
  sleep "$2"
  kill "-$1" $process
  got=0
  wait $process || got=$?
}
for signal in INT TERM HUP; do
  rm -rf "$work/cut" "$work/cut.checkpoint"
  interrupt $signal 0
  [ "$got" -eq 75 ] || fail "SIG$signal: exit $got: $(tail -n 1 "$work/stderr")"
  [ ! -d "$work/cut" ] || [ -e "$work/cut.checkpoint" ] || fail "SIG$signal: a model, but nothing to go on from"
done
interrupt TERM 0.5
[ "$got" -eq 75 ] || fail "the same command does not go on: exit $got: $(tail -n 1 "$work/stderr")"

step "an export that is killed"
"$kwsmith" -q export "$work/model" --out "$work/whole" >/dev/null
for ((i = 1; i < 9; ++i)); do
  rm -rf "$work/killed" && mkdir "$work/killed"
  "$kwsmith" -q export "$work/model" --out "$work/killed/c" >/dev/null 2>&1 &
  sleep 0.0$i
  kill -KILL $! 2>/dev/null || true
  wait $! 2>/dev/null || true
  [ ! -e "$work/killed/c" ] || diff -r "$work/whole" "$work/killed/c" >&2 || fail "killed, export leaves a part"
  "$kwsmith" -q export "$work/model" --out "$work/killed/c" --replace >/dev/null || fail "export does not go on"
  [ "$(ls -A "$work/killed")" = c ] || fail "killed, export leaves $(ls -A "$work/killed")"
done

# obeys VERB ARGUMENT...: it runs for hours, but ends soon after two signals that come as one
obeys() {
  local got=0 process i
  "$kwsmith" "$@" >/dev/null 2>"$work/stderr" &
  process=$!
  sleep 3 # past its start
  kill -INT $process 2>/dev/null && kill -INT $process 2>/dev/null || fail "$1 $2 ended by itself: $(cat "$work/stderr")"
  for ((i = 0; i < 100; ++i)); do kill -0 $process 2>/dev/null || break; sleep 0.1; done
  kill -KILL $process 2>/dev/null && fail "$1 $2 does not hear Ctrl-C for 10 s"
  wait $process || got=$?
  [ "$got" -eq 75 ] || fail "$1 $2: exit $got instead of 75 after Ctrl-C: $(tail -n 1 "$work/stderr")"
}
step "Ctrl-C where nothing is trained"
cat >"$work/wide.json" <<'JSON'
{"space": {"features": {"window_ms": {"low": 10, "high": 64, "step": 1}, "stride_ms": {"low": 5, "high": 64, "step": 1},
                        "mel_bins": {"low": 8, "high": 64, "step": 1}, "coefficients": {"low": 8, "high": 64, "step": 1}},
           "cnn": {"conv": {"kernel_time": {"low": 1, "high": 64, "step": 1}, "kernel_freq": {"low": 1, "high": 40, "step": 1}}}}}
JSON
obeys search --dry-run --types cnn --config "$work/wide.json"
obeys replay --table "$source_dir/configs/learning_curves.json.gz" --seeds 100000
obeys listen "$work/model" --data "$work/speech" --minutes 600 --hop-ms 40

step "a database that takes a connection and falls silent"
cat >"$work/silent.py" <<'PY'
import socket, struct, sys, time
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
kept = []
while True:
    client = server.accept()[0]
    kept.append(client)
    size = struct.unpack("!I", client.recv(4))[0]
    if size == 8:  # it asks for encryption
        client.recv(4)
        client.sendall(b"N")
        size = struct.unpack("!I", client.recv(4))[0]
    client.recv(size - 4)
    about = b"server_version\0" + b"15.0\0"
    client.sendall(b"R" + struct.pack("!II", 8, 0) + b"S" + struct.pack("!I", 4 + len(about)) + about +
                   b"Z" + struct.pack("!I", 5) + b"I")  # welcome, version, ready
PY
mkfifo "$work/port"
python3 "$work/silent.py" >"$work/port" &
silent=$!
read -r port <"$work/port"
obeys status "postgresql://kws@127.0.0.1:$port/kws"
kill $silent

step "texts that harm their reader"
python3 -c 'print("{\"schema\": " + "[" * 100000)' >"$work/deep.json"
expect 2 'deep.json: is nested deeper than 64 levels' cost "$work/deep.json"
expect 2 'deep.json: is nested deeper' cost "$work/design.json" --board "$work/deep.json"
expect 2 'deep.json: is nested deeper' search "${data[@]}" --study "$out/study" --config "$work/deep.json"
expect 2 'deep.json: is nested deeper' replay --table "$work/deep.json"
sed 's/"window_ms": *40/"window_ms": 1e999/' "$work/design.json" >"$work/huge.json"
expect 2 'huge.json: holds a number that is out of range' cost "$work/huge.json"
python3 -c 'import gzip; gzip.open("'"$work"'/bomb.json.gz", "wb").write(b" " * (70 << 20))'
expect 2 'bomb.json.gz: unpacks to more than 64 MiB' replay --table "$work/bomb.json.gz"
python3 -c 'print("{\"" + "k" * 70000 + "\": 1}")' >"$work/long.json"
expect 2 'long.json: ' cost "$work/long.json"
[ "$(wc -c <"$work/stderr")" -lt 3000 ] || fail "an error line of $(wc -c <"$work/stderr") bytes"
expect 2 '/dev/zero: is not a regular file' cost /dev/zero
mkfifo "$work/pipe"
expect 2 'pipe: is not a regular file' cost "$work/pipe"
expect 2 'pipe: is not a regular file' replay --table "$work/pipe"
expect 2 'x1b\[31m' cost "$work/"$'\e[31mred\nsecond line.json'
expect 2 'out: is empty' train "$work/design.json" "${data[@]}" --out ""
expect 2 'study: is empty' search "${data[@]}" --study ""
expect 2 'nan' worker --study "$work/study" --data "$work/speech" --lease nan
expect 2 'nan' listen "$work/model" --data "$work/speech" --tune nan

step "studies of strangers"
# bad_study PATTERN SQL: every verb that reads a study refuses it
bad_study() {
  rm -rf "$work/damaged" && cp -r "$work/study" "$work/damaged"
  python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()' \
    "$work/damaged/study.db" "$2"
  for verb in status trials pareto report "worker --data $work/speech --study"; do
    # shellcheck disable=SC2086  # the words of the verb
    case $verb:$3 in worker*:no-worker) continue ;; esac
    expect 6 "$work/damaged.*$1" $verb "$work/damaged"
  done
  expect 6 "$work/damaged.*$1" search "${data[@]}" --study "$work/damaged" --max-trials 1 --epochs 1
}
bad_study 'made by a newer kwsmith' 'UPDATE progress SET version = 99' ''
bad_study 'made by an older kwsmith' 'UPDATE progress SET version = 1' ''
bad_study 'int8_validation: 1000000.0 is out of range' \
  "UPDATE rungs SET result = json_set(result, '\$.int8_validation', 1e6)" no-worker
bad_study 'config' 'DELETE FROM config' ''
bad_study 'its row of progress is gone' 'DELETE FROM progress' ''
rm -rf "$work/damaged" && cp -r "$work/study" "$work/damaged" && : >"$work/damaged/study.db"
expect 6 'study.db: is empty, though a search has been here' search "${data[@]}" --study "$work/damaged" --max-trials 1 --epochs 1
python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute("UPDATE rungs SET model = ?", (open(sys.argv[2], "rb").read(),)); c.execute("DELETE FROM tests"); c.commit()' \
  "$work/study/study.db" "$work/model/weights.bin"
expect 6 'stored model of trial [0-9]+' -q search "${data[@]}" --study "$work/study" --max-trials 1 --epochs 1
url='postgresql://kws:SECRET@127.0.0.1:1/kws?password=SECRET2'
expect 6 'postgresql://127.0.0.1:1/kws: cannot be reached' status "$url"
! grep -q SECRET "$work/stderr" || fail "a password is printed: $(cat "$work/stderr")"

step "limits of the system"
got=0
(ulimit -f 8 && "$kwsmith" -q train "$work/design.json" "${data[@]}" --out "$work/limited" --epochs 1) \
  >/dev/null 2>"$work/stderr" || got=$?
[ "$got" -eq 1 ] && grep -q 'cannot write: File too large' "$work/stderr" || fail "ulimit -f: $got: $(cat "$work/stderr")"
[ ! -e "$work/limited" ] || fail "ulimit -f left a folder"
# little KIB COMMAND...: with so much address space it ends soon, well or with one line that says what is short
little() {
  local got=0 kib=$1
  shift
  rm -rf "$work/little" && mkdir "$work/little"
  (ulimit -v "$kib" && exec timeout 120 "$kwsmith" -q "$@") >/dev/null 2>"$work/stderr" </dev/null || got=$?
  [ "$got" -eq 0 ] && return
  # The stack of a thread is memory, too.
  [ "$got" -eq 1 ] && [ "$(wc -l <"$work/stderr")" -eq 1 ] && grep -Eq 'out of memory|the system refuses' "$work/stderr" ||
    fail "$kib KiB of memory: $1: exit $got: $(cat "$work/stderr")"
}
for kib in 400000 750000 900000 1200000; do
  little $kib train "$work/design.json" "${data[@]}" --epochs 1 --threads 2 --out "$work/little/model"
  little $kib search "${data[@]}" --max-trials 1 --epochs 1 --threads 2 --study "$work/little/study"
done
"$kwsmith" -q search "${data[@]}" --max-trials 1 --epochs 1 --study "$work/little/study" >/dev/null 2>&1 ||
  fail "a search that ran out of memory does not go on"
sed 's/"hidden": *\[[0-9, ]*\]/"hidden": [4096, 4096, 4096]/' "$work/design.json" >"$work/giant.json"
expect 2 'has [0-9,]+ weights, training takes at most 20,000,000' train "$work/giant.json" "${data[@]}" --out "$out/model"
rm -rf "$work/damaged" && cp -r "$work/study" "$work/damaged"
rm -f "$work/damaged/study.lock" && mkfifo "$work/damaged/study.lock"
timeout 60 "$kwsmith" status "$work/damaged" >/dev/null || fail "status waits for a pipe in place of study.lock: exit $?"
mkdir "$work/home"
for files in 9 64; do
  rm -rf "$work/said"
  (ulimit -n $files && unset XDG_CONFIG_HOME && HOME=$work/home exec "$kwsmith" -q data synth --speakers 3 --words yes \
    --out "$work/said") >/dev/null 2>"$work/stderr" || true
  [ "$(wc -l <"$work/stderr")" -le 1 ] || fail "synth with $files files says $(cat "$work/stderr")"
  [ -z "$(ls -A "$work/home")" ] || fail "synth leaves $(ls -A "$work/home") in the home"
done
TMPDIR=$work/nowhere expect 1 'nowhere.*point TMPDIR at a writable one' eval "$work/model" --data "$work/speech" --engine c
if command -v gcc >/dev/null; then
  # A disk that dies: the second read of every label list fails.
  cat >"$work/eio.c" <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
ssize_t read(int file, void* to, size_t size) {
  static ssize_t (*real)(int, void*, size_t);
  if (!real) real = dlsym(RTLD_NEXT, "read");
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t n = readlink(link, path, sizeof path - 1);
  if (n > 0) {
    path[n] = 0;
    if (strstr(path, "dying")) return errno = EIO, -1;
  }
  return real(file, to, size);
}
C
  gcc -shared -fPIC -o "$work/eio.so" "$work/eio.c" -ldl
  cp "$work/design.json" "$work/dying.json"
  cp -r "$work/speech" "$work/dying"
  find "$work/speech/yes" -name '*.wav' | sed -n "1s,$work/speech/,," >"$work/dying/validation_list.txt"
  LD_PRELOAD=$work/eio.so expect 2 'dying.json: cannot read: Input/output error' cost "$work/dying.json"
  got=0
  LD_PRELOAD=$work/eio.so "$kwsmith" data check "$work/dying" >/dev/null 2>"$work/stderr" || got=$?
  [ "$got" -ne 0 ] || fail "a list that cannot be read is taken for an empty one"
fi

step "full disk, too few files, read-only"
# full SIZE COMMAND...: on a disk of that size
if mkdir "$work/disk" && mount -t tmpfs -o size=64k tmpfs "$work/disk" 2>/dev/null; then
  trap 'umount -l "$work/disk" 2>/dev/null || true; rm -rf "$work"' EXIT
  for command in "train $work/design.json --data $work/speech --keywords yes,no --epochs 1 --out $work/disk/model" \
    "export $work/model --out $work/disk/c"; do
    # shellcheck disable=SC2086  # the words of the command
    expect 1 'No space left on device' $command
    [ -z "$(find "$work/disk" -mindepth 1)" ] || fail "a full disk holds $(find "$work/disk" -mindepth 1 | sed -n 1,3p)"
  done
  search=(search "${data[@]}" --study "$work/disk/study" --max-trials 1 --epochs 1)
  got=0
  "$kwsmith" -q "${search[@]}" >/dev/null 2>"$work/stderr" || got=$?
  [ "$got" -eq 6 ] || [ "$got" -eq 1 ] || fail "a search on a full disk: exit $got"
  grep -Eq 'space|full|No space' "$work/stderr" || fail "a search on a full disk says $(cat "$work/stderr")"
  mount -o remount,size=64m "$work/disk"
  "$kwsmith" -q "${search[@]}" >/dev/null 2>&1 || fail "the same command does not go on once there is room"
  mount -o remount,ro "$work/disk"
  expect 1 'Read-only file system' export "$work/model" --out "$work/disk/c"
  expect 1 'Read-only file system' train "$work/design.json" "${data[@]}" --epochs 1 --out "$work/disk/model"
  expect 1 'Read-only file system|cannot write|may write' search "${data[@]}" --study "$work/disk/other" --max-trials 1 --epochs 1
  mount -o remount,rw "$work/disk"
  find "$work/disk" -mindepth 1 -delete
  mount -o remount,size=64k "$work/disk"
  # An archive of a server: the download has no room, then has, and goes on.
  (cd "$work/speech" && tar -czf "$work/speech.tar.gz" -- *)
  (cd "$work" && exec python3 -u -m http.server --bind 127.0.0.1 0) >"$work/served" 2>/dev/null &
  served=$!
  until grep -q 'port [0-9]' "$work/served"; do sleep 0.1; done
  fetch=(data fetch --url "http://127.0.0.1:$(grep -oE 'port [0-9]+' "$work/served" | cut -d ' ' -f 2)/speech.tar.gz")
  export no_proxy=127.0.0.1
  expect 1 'No space left on device' "${fetch[@]}" --out "$work/disk/fetched"
  [ ! -e "$work/disk/fetched" ] || fail "a full disk holds a part of a corpus"
  mount -o remount,size=64m "$work/disk"
  "$kwsmith" -q "${fetch[@]}" --out "$work/disk/fetched" >/dev/null 2>"$work/stderr" || fail "fetch does not go on: $(cat "$work/stderr")"
  [ "$(find "$work/disk" -mindepth 1 -maxdepth 1)" = "$work/disk/fetched" ] || fail "fetch leaves $(ls -A "$work/disk")"
  mount -o remount,ro "$work/disk"
  expect 1 'Read-only file system' "${fetch[@]}" --out "$work/disk/again"
  kill $served
  umount "$work/disk"
else
  echo "no tmpfs can be mounted here: full and read-only disks are not tried"
fi
# few FILES COMMAND...: one line or success, and no crash
few() {
  local files=$1 got=0
  shift
  rm -rf "$work/few" && mkdir "$work/few"
  (ulimit -n "$files" && exec "$kwsmith" -q "$@") >/dev/null 2>"$work/stderr" </dev/null || got=$?
  [ "$got" -lt 128 ] || fail "$files files: exit $got: $1"
  [ "$got" -eq 0 ] || [ "$(wc -l <"$work/stderr")" -eq 1 ] || fail "$files files: $1 says $(cat "$work/stderr")"
}
for files in 12 20; do
  few $files export "$work/model" --out "$work/few/c"
  few $files train "$work/design.json" "${data[@]}" --out "$work/few/model" --epochs 1
  [ ! -e "$work/few/model" ] || [ -s "$work/few/model/weights.bin" ] || fail "$files files: half a model"
  few $files search "${data[@]}" --study "$work/few/study" --max-trials 1 --epochs 1
  "$kwsmith" -q search "${data[@]}" --study "$work/few/study" --max-trials 1 --epochs 1 >/dev/null 2>"$work/stderr" ||
    fail "$files files: the same search does not go on with more: $(cat "$work/stderr")"
  few $files data fetch --url http://127.0.0.1:1/a.tar.gz --out "$work/few/fetched"
done

finish
