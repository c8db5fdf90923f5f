#!/usr/bin/env python3
"""readme.py FILE...: runs the ```console blocks of Markdown files, one after the other in the current folder.

A line "$ COMMAND" is run by bash; the lines behind it are what it prints on stdout, blanks apart; "..." stands for any
text of a line or, alone, for any lines. A command without such lines may print what it likes. "# exit N" at its end is
the exit code it must have, else 0. A search's half hours become seconds.
"""
import re
import shutil
import subprocess
import sys

LONG_SEARCH = re.compile(r"--time \d+m")


def blocks(path):
    """[(line number, command, expected lines)] of a file."""
    steps, inside = [], False
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if line.startswith("```"):
            inside = line == "```console"
        elif inside and line.startswith("$ "):
            steps.append((number, line[2:], []))
        elif inside:
            steps[-1][2].append(line)
    return steps


def pattern(expected):
    """A regular expression for the whole output."""
    parts = []
    for line in expected:
        if line == "...":
            parts.append(r"(?:.*\n)*")
            continue
        words = [re.escape(word).replace(r"\.\.\.", ".*") for word in line.split()]
        parts.append(" *" + " +".join(words) + " *\n")
    return re.compile("".join(parts))


def run(path, number, command, expected):
    code = re.search(r"# exit (\d+)", command)
    if " qemu " in command and shutil.which("qemu-system-arm") is None:
        print(f"SKIP {path}:{number}: no qemu-system-arm")
        return True
    done = subprocess.run(["bash", "-c", LONG_SEARCH.sub("--time 20s", command)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False)
    where = f"{path}:{number}: {command}"
    if done.returncode != (int(code[1]) if code else 0):
        print(f"FAIL: {where}\nexit {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-1000:]}")
        return False
    if expected and not pattern(expected).fullmatch(done.stdout):
        print(f"FAIL: {where}\nprints\n{done.stdout}and not\n" + "\n".join(expected))
        return False
    print(f"ok {where}")
    return True


def main():
    good = True
    for path in sys.argv[1:]:
        for number, command, expected in blocks(path):
            good = run(path, number, command, expected) and good
    return 0 if good else 1


sys.exit(main())
