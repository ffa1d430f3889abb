#!/usr/bin/python3
"""Tables in Markdown from what coppice analyse wrote of a study: accuracy.csv and gain.csv.

    samples/study/tables.py samples/study/results/fashion_narrow
    samples/study/tables.py --into samples/study/README.md samples/study/results/*

Gains over the dense net of the same seed, in points, with the half width of the 95 % interval of their mean over seeds
(docs/METRICS.md), in bold where it does not hold zero. --into puts a folder's tables between its marks, <!-- fashion_narrow: begin --> and end.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import csv
import re
import sys
from pathlib import Path

SHOWN = ("0.7", "0.5")


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def percent(value, sd):
    return f"{100 * float(value):.1f}" + (f" ± {100 * float(sd):.1f}" if sd else "")


def gain(row):
    if row is None:
        return ""
    mean = 100 * float(row["gain"])
    if not row["gain_low"]:
        return f"{mean:+.1f}"
    low, high = 100 * float(row["gain_low"]), 100 * float(row["gain_high"])
    text = f"{mean:+.1f} ± {(high - low) / 2:.1f}"
    return f"**{text}**" if low * high > 0 else text


def accuracy_table(accuracy, gains):
    dense = next(row for row in accuracy if row["series"] == "dense")
    series = dict.fromkeys(row["series"] for row in accuracy)
    rows = []
    for name in series:
        of = {row["scope"]: row for row in accuracy if row["series"] == name}
        above = {row["scope"]: row for row in gains if row["series"] == name}
        robust, clean = of["robust"], of["clean"]
        rows.append([name, f"{int(robust['nonzeros']):,}",
                     f"{100 * float(robust['flops']) / float(dense['flops']):.0f} %",
                     percent(clean["top1"], clean["top1_sd"]), gain(above.get("clean")),
                     percent(robust["top1"], robust["top1_sd"]), gain(above.get("robust"))])
    return table(["series", "weights", "FLOPs", "clean", "gain", "robust", "gain"], rows)


def corruption_table(gains):
    """Corruptions down, methods across; at every density where the usual ones are not there."""
    of = [row for row in gains if row["scope"] == "corruption"]
    sparse = {row["series"]: row["density"] for row in of
              if not row["control"] and row["method"] != "dense"}
    shown = [name for name, density in sparse.items() if density in SHOWN] or list(sparse)
    cells = {(row["corruption"], row["series"]): row for row in of}
    dense = {row["corruption"]: row["baseline"] for row in of if row["paired"] == "1"}
    rows = [[corruption, f"{100 * float(dense[corruption]):.1f}",
             *(gain(cells.get((corruption, name))) for name in shown)] for corruption in dense]
    return table(["corruption", "dense", *shown], rows)


def tables(folder):
    accuracy, gains = read(folder / "accuracy.csv"), read(folder / "gain.csv")
    return accuracy_table(accuracy, gains) + corruption_table(gains)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--into", type=Path, help="file whose marked places are filled")
    parser.add_argument("folder", nargs="+", type=Path)
    args = parser.parse_args()
    if not args.into:
        for folder in args.folder:
            print("\n".join(tables(folder)))
        return
    text = args.into.read_text(encoding="utf-8")
    for folder in args.folder:
        begin, end = (f"<!-- {folder.name}: {word} -->" for word in ("begin", "end"))
        text, n = re.subn(f"{begin}\n.*?{end}",
                          lambda _: "\n".join([begin, "", *tables(folder), end]), text, flags=re.S)
        if n != 1:
            sys.exit(f"{args.into}: {n} places for {folder.name}; 1 is wanted, between {begin} and {end}")
    args.into.write_text(text, encoding="utf-8")


main()
