#!/usr/bin/env python3
"""Table and picture of docs/search_strategies.md.

usage: kwsmith replay --table CURVES --seeds 200 --json | scripts/replay_figures.py CURVES docs/search_strategies.svg
Prints the tables in Markdown: epochs by budget and strategy, and how well short rungs tell the end.
"""
import gzip
import json
import sys

STRATEGIES = {"random": "random, in full", "one_epoch": "one-epoch filter", "asha": "ASHA, random designs", "kwsmith": "kwsmith"}
COLOURS = {"random": "#9aa5b1", "one_epoch": "#7b9acc", "asha": "#e0a458", "kwsmith": "#2a7f62"}
LEFT, WIDTH, BAR, GAP = 190, 520, 18, 26


def ranks(values):
    """Ranks from 0, equal values sharing their mean."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for i in order[first : last + 1]:
            result[i] = (first + last) / 2
        first = last + 1
    return result


def correlation(a, b):
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    product = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    return product / (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def picture(budgets):
    most = max(row["epochs_high"] for rows in budgets.values() for row in rows)
    scale = WIDTH / most
    lines = []
    y = 36
    for budget, rows in budgets.items():
        lines.append(f'<text x="8" y="{y + 4}" font-weight="bold">{budget}</text>')
        y += 12
        for row in rows:
            name, mean = row["strategy"], row["epochs_iqm"]
            middle = y + BAR / 2
            low, high = LEFT + row["epochs_low"] * scale, LEFT + row["epochs_high"] * scale
            lines += [
                f'<text x="{LEFT - 8}" y="{middle + 4:.1f}" text-anchor="end">{STRATEGIES[name]}</text>',
                f'<rect x="{LEFT}" y="{y}" width="{mean * scale:.1f}" height="{BAR}" fill="{COLOURS[name]}"/>',
                f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {y + 4}v{BAR - 8}M{high:.1f} {y + 4}v{BAR - 8}" stroke="#333"/>',
                f'<text x="{high + 6:.1f}" y="{middle + 4:.1f}">{mean:.0f}</text>',
            ]
            y += BAR + 4
        y += GAP
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {y}" font-family="sans-serif" font-size="12">'
        '<rect width="100%" height="100%" fill="white"/>'
        '<text x="8" y="18">epochs until a design shows 99 % of the best accuracy of its budget</text>'
    )
    return "\n".join([head, *lines, "</svg>"]) + "\n"


def main():
    curves = [design["epochs"] for design in load(sys.argv[1])["designs"]]
    budgets = {}
    for row in json.load(sys.stdin)["rows"]:
        budgets.setdefault(row["budget"], []).append(row)
    with open(sys.argv[2], "w", encoding="ascii") as file:
        file.write(picture(budgets))

    print("| budget | " + " | ".join(STRATEGIES.values()) + " | random / kwsmith |")
    print("| --- |" + " --- |" * (len(STRATEGIES) + 1))
    for budget, rows in budgets.items():
        mean = {row["strategy"]: row["epochs_iqm"] for row in rows}
        cells = [f"{r['epochs_iqm']:.0f} ({r['epochs_low']:.0f} to {r['epochs_high']:.0f})" for r in rows]
        print(f"| {budget} | " + " | ".join(cells) + f" | {mean['random'] / mean['kwsmith']:.1f} |")
    ends = ranks([curve[-1] for curve in curves])
    shown = [epoch for epoch in (1, 2, 3, 6, 9, 18) if epoch < len(curves[0])]
    print("\n| epoch | " + " | ".join(str(epoch) for epoch in shown) + " |")
    print("| --- |" + " --- |" * len(shown))
    cells = [f"{correlation(ranks([curve[epoch - 1] for curve in curves]), ends):.2f}" for epoch in shown]
    print("| rank correlation with the end | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
