#!/usr/bin/python3
"""Accuracy of designs, the small published ones unless told, after training by plain LibTorch and by the fused steps.

    tests/bench/compare_paths.py KWSMITH DATA OUT [--epochs 20] [--seeds 5] [--paths portable,avx512] [--designs dnn_s]

Trains every design with every seed on every path (results that lie in OUT already are kept, so that it can be stopped)
and prints a Markdown table: means with standard errors of validation and test accuracy in per cent, and the difference
of each path to the first one in standard errors of that difference. avx2 and avx512 give the same bytes; one suffices.
"""
import argparse
import json
import pathlib
import statistics
import subprocess

DESIGNS = ["dnn_s", "cnn_s", "basic_lstm_s", "lstm_s", "gru_s", "crnn_s", "ds_cnn_s"]
COLUMNS = ["float_validation", "int8_validation", "float_test", "int8_test"]


def train(options, path, design, seed):
    result = options.out / f"{path}_{design}_{seed}.json"
    if not result.exists():
        command = [options.kwsmith, "train", design, "--data", options.data,
                   "--out", options.out / f"{path}_{design}_{seed}", "--epochs", str(options.epochs), "--seed",
                   str(seed), "--isa", path, "--json", "-q"]
        text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        result.write_text(text)
    return json.loads(result.read_text())


def mean_error(values):
    return statistics.mean(values), statistics.stdev(values) / len(values) ** 0.5


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kwsmith", type=pathlib.Path)
    parser.add_argument("data")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--paths", default="portable,avx512,avx512_bf16")
    parser.add_argument("--designs", default=",".join(DESIGNS))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    paths = options.paths.split(",")
    designs = options.designs.split(",")
    found = {(path, design): [] for path in paths for design in designs}
    for seed in range(1, options.seeds + 1):
        for design in designs:
            for path in paths:
                found[path, design].append(train(options, path, design, seed))
    print("| design | path | " + " | ".join(c.replace("_", " ") for c in COLUMNS) + " |")
    print("| --- | --- |" + " --- |" * len(COLUMNS))
    for design in designs:
        reference = {}
        for path in paths:
            cells = []
            for column in COLUMNS:
                mean, error = mean_error([100 * run[column] for run in found[path, design]])
                cell = f"{mean:.2f} ± {error:.2f}"
                if path == paths[0]:
                    reference[column] = (mean, error)
                else:
                    spread = (error ** 2 + reference[column][1] ** 2) ** 0.5
                    cell += f" ({(mean - reference[column][0]) / spread:+.1f})"
                cells.append(cell)
            print(f"| {design} | {path} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
