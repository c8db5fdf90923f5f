#!/usr/bin/python3
"""How good the trials of a finished study would have become that were stopped at its first or second rung.

    tests/bench/stopped_trials.py KWSMITH STUDY DATA OUT [--trials 30] [--seed 1] [--at-once 2]

Draws so many of them and trains each to the top rung as the search would have: same design, options and seeds. Prints a
Markdown table of those that come nearest to the best tenth of the study, and how many are among it. Models that lie in
OUT already are kept, so that it can be stopped.
"""
import argparse
import concurrent.futures
import json
import pathlib
import random
import subprocess


def train(options, trial):
    folder = options.out / str(trial["trial"])
    begun = folder.with_name(folder.name + ".checkpoint").exists()  # of a training that was stopped, it goes on
    if (folder / "model.json").exists() and not begun:
        model = json.loads((folder / "model.json").read_text())
        if model["design"] != trial["design"] or model["metrics"]["epochs"] != trial["training"]["epochs"]:
            raise SystemExit(f"{folder}: not this trial trained to its end; remove it")
    else:
        files = {}
        for part in ("design", "training"):
            files[part] = options.out / f"{trial['trial']}.{part}.json"
            files[part].write_text(json.dumps(trial[part]))
        subprocess.run([options.kwsmith, "-q", "train", files["design"], "--config", files["training"], "--data",
                        options.data, "--out", folder, "--threads", "1"],
                       check=True, stdout=subprocess.DEVNULL)
    return json.loads((folder / "model.json").read_text())["metrics"]["int8_validation"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kwsmith", type=pathlib.Path)
    parser.add_argument("study", type=pathlib.Path)
    parser.add_argument("data")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--at-once", type=int, default=1, help="trainings beside each other")
    options = parser.parse_args()
    options.kwsmith = options.kwsmith.resolve()
    options.out.mkdir(parents=True, exist_ok=True)

    study = json.loads((options.study / "trials.json").read_text())
    trials = [trial for trial in study["trials"] if trial["finalist_of"] is None]
    rungs = sorted({rung["epochs"] for trial in trials for rung in trial["rungs"]})
    stopped = [trial for trial in trials if trial["state"] == "stopped" and trial["epochs"] in rungs[:2]]
    drawn = random.Random(options.seed).sample(stopped, min(options.trials, len(stopped)))
    ends = {trial["trial"]: trial["int8_validation"] for trial in trials if trial["state"] == "done"}
    with concurrent.futures.ThreadPoolExecutor(options.at_once) as pool:
        trained = pool.map(lambda trial: train(options, trial), drawn)
        for trial, end in zip(drawn, trained):
            ends[trial["trial"]] = end
            print(f"trial {trial['trial']}: {100 * trial['int8_validation']:.2f} % after {trial['epochs']} epochs, "
                  f"{100 * end:.2f} % after {study['epochs']}", flush=True)

    best = sorted(ends, key=ends.get, reverse=True)[:max(1, round(len(trials) / 10))]
    numbers = {trial["trial"] for trial in drawn}
    print("\n| trial | design | stopped after | int8 validation then | trained to the end |")
    print("| --- | --- | --- | --- | --- |")
    for trial in sorted(drawn, key=lambda one: -ends[one["trial"]])[:5]:
        print(f"| {trial['trial']} | {trial['name']} | {trial['epochs']} epochs | {100 * trial['int8_validation']:.2f} % "
              f"| {100 * ends[trial['trial']]:.2f} % |")
    print(f"\n{len(numbers & set(best))} of {len(drawn)} stopped trials, trained to the end, would have been among the "
          f"best tenth ({len(best)} of {len(trials)} trials, from {100 * ends[best[-1]]:.2f} % on).")


if __name__ == "__main__":
    main()
