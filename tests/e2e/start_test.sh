#!/usr/bin/env bash
# LibTorch is loaded when training begins and not before; the program finds it beside itself and where it is installed.
. "$(dirname "$0")/common.sh"

module=kwsmith_torch.so
build=$(dirname "$kwsmith")

step "the program needs no LibTorch"
ldd "$kwsmith" >"$work/needed"
if grep -E 'torch|libc10|blas|libgomp' "$work/needed"; then fail "the program is linked with LibTorch"; fi
ldd "$build/$module" >"$work/needed"
grep -q libtorch "$work/needed" || fail "$module is not linked with LibTorch"

# loads YES|NO ARGUMENT...: whether the command loads the module
loads() {
  local expected=$1 got=NO
  shift
  LD_DEBUG=files "$kwsmith" "$@" >/dev/null 2>"$work/files" </dev/null || true
  grep -q "$module" "$work/files" && got=YES
  [ "$got" = "$expected" ] || fail "loads LibTorch: $got instead of $expected: kwsmith $*"
}
step "verbs that do not train, and errors of those that do"
"$kwsmith" -q data synth --speakers 6 --out "$work/speech" >/dev/null
loads NO --version
loads NO train --help
loads NO list types
loads NO cost "$configs"/*.json
loads NO train "$work/none.json" --data "$work/speech" --out "$work/model"
loads NO train "$configs/dnn_s.json" --data "$work/none" --out "$work/model"
loads NO search --data "$work/none" --study "$work/study"
loads NO search --data "$work/speech" --study "$work/study" --max-flash 1
train=(train "$configs/dnn_s.json" --data "$work/speech" --epochs 1)
loads YES "${train[@]}" --out "$work/model"
loads NO eval "$work/model" --data "$work/speech"
loads YES eval "$work/model" --data "$work/speech" --engine float
loads NO export "$work/model" --out "$work/firmware"
loads NO export "$work/model" --format onnx --out "$work/model.onnx"
grep -q kwsmith_onnx.so "$work/files" || fail "an ONNX file is written without kwsmith_onnx.so"
LD_DEBUG=files "$kwsmith" --version >/dev/null 2>"$work/files"
grep -qE 'kwsmith_onnx|libonnx|libprotobuf' "$work/files" && fail "--version loads what ONNX files need"
find "$work/speech/yes" -name '*.wav' | sort | sed -n 1p >"$work/first"
loads NO listen "$work/model" "$(cat "$work/first")"
loads YES search --data "$work/speech" --study "$work/study" --types dnn --max-trials 1 --epochs 1 --finalists 0
loads NO status "$work/study"
loads NO report "$work/study"

step "and take milliseconds"
# within RATIO ARGUMENT...: user and system time over that of an interpreter's start, as a slow machine is no slow
# program; medians of 11 runs, in turn
within() {
  python3 - "$kwsmith" "$@" <<'END' || fail "takes too long: kwsmith ${*:2}"
import resource, statistics, subprocess, sys
program, most, *words = sys.argv[1:]
def cpu(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
ours, theirs = zip(*((cpu(program, *words), cpu(sys.executable, "-c", "pass")) for _ in range(11)))
took, start = statistics.median(ours), statistics.median(theirs)
print(f"{took:.0f} ms, {took / start:.1f} times an interpreter's start: kwsmith {' '.join(words[:2])}")
sys.exit(took >= float(most) * start)
END
}
within 2 --version
within 2 list types
within 2 status "$work/study"
within 5 cost "$configs"/*.json

step "without the module one line says so"
mkdir "$work/alone"
cp "$kwsmith" "$work/alone"
built=$kwsmith
kwsmith=$work/alone/kwsmith
expect 1 "$module: is neither beside $work/alone/kwsmith nor in $work/lib.*/kwsmith; " "${train[@]}" --out "$out/model"
echo "no library" >"$work/alone/$module"
expect 1 "$work/alone/$module: cannot be loaded \(.*\); " "${train[@]}" --out "$out/model"

step "installed"
cmake --install "$build" --prefix "$work/usr" >"$work/log" || { cat "$work/log" >&2; fail "cmake --install"; }
"$work/usr/bin/kwsmith" -q "${train[@]}" --out "$work/installed" >/dev/null || fail "training by the installed program"
cmp "$work/installed/weights.bin" "$work/model/weights.bin" || fail "the installed program trains otherwise"
for file in bin/kwsmith share/man/man1/kwsmith.1 share/bash-completion/completions/kwsmith \
  share/zsh/vendor-completions/_kwsmith share/fish/vendor_completions.d/kwsmith.fish share/kwsmith/configs/boards/rp2040.json; do
  [ -s "$work/usr/$file" ] || fail "cmake --install leaves no $file"
done
manual=$work/usr/share/doc/kwsmith
grep -ohE '\]\([^)#:]+[#)]' "$manual/README.md" | tr -d '](#)' | sort -u | while read -r file; do
  [ -s "$manual/$file" ] || echo "$file"
done >"$work/links"
[ ! -s "$work/links" ] || fail "the installed README points to what is not installed: $(tr '\n' ' ' <"$work/links")"
kwsmith=$built

step "a Debian package"
if command -v cpack >/dev/null && command -v dpkg-shlibdeps >/dev/null; then
  cpack --config "$build/CPackConfig.cmake" -B "$work/package" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "cpack"; }
  dpkg-deb --contents "$work"/package/*.deb >"$work/contents" || fail "cpack leaves no package"
  for file in usr/bin/kwsmith kwsmith_torch.so usr/share/man/man1/kwsmith.1; do
    grep -q "$file" "$work/contents" || fail "the package has no $file"
  done
  dpkg-deb --field "$work"/package/*.deb Depends >"$work/depends"
  grep -q libsndfile "$work/depends" || fail "the package depends on $(cat "$work/depends")"
else
  echo "SKIP: needs the package dpkg-dev"
fi

finish
