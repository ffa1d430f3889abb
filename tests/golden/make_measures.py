#!/usr/bin/python3
"""Answers and measures of tests/unit/test_measures.c, by NumPy and SciPy (Debian 12: 1.24.2, 1.10.1)
through tests/parity/measures.py. Seed 20250407.
Usage: make_measures.py > measures_golden.h
SPDX-License-Identifier: LGPL-2.1-or-later"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "parity"))
from measures import Grid, Model, spread

CLIPS, CLASSES = 40, 8
COLUMNS = [("clean", "clean", 0), ("shot", "noise", 1), ("shot", "noise", 2.5), ("impulse", "noise", 1),
           ("impulse", "noise", 2.5), ("impulse", "noise", 5), ("fog", "weather", 5)]
rng = np.random.RandomState(20250407)


def model(skill, labels, flawless):
    top, score, done = [], [], []
    for k, (_, _, severity) in enumerate(COLUMNS):
        rows = np.array([rng.permutation(CLASSES)[:5] for _ in range(CLIPS)])
        for i, label in enumerate(labels):
            if label >= 0 and (rng.rand() < skill - 0.1 * severity or k == flawless):
                rest = [c for c in rows[i] if c != label][:4]
                rows[i] = [label] + rest
        p = np.float32(0.2 + 0.8 * rng.rand(CLIPS))
        p[:4] = np.float32([1 / 15, 0.2, 0.6, 1])  # at edges of bins
        top.append(rows)
        score.append(p.astype(float))
        done.append(np.ones(CLIPS, bool))
    return Model(top, score, done)


labels = rng.randint(0, CLASSES, CLIPS)
labels[-3:] = -1
# The first makes no mistake in fog, so that quotients over it have no denominator; the fourth lacks
# one answer in the last cell of the noises. The second and third are one recipe.
models = [model(0.9, labels, 6), model(0.85, labels, -1), model(0.8, labels, -1), model(0.7, labels, -1)]
models[3].done[5][7] = False
grid = Grid(COLUMNS, labels, models)


def number(x):
    return "NAN" if x != x else "%.17g" % x


print("/* Made by make_measures.py, which tells how.\n * SPDX-License-Identifier: LGPL-2.1-or-later */\n/* clang-format off */")
print(f"enum {{ CLIPS = {CLIPS}, COLUMNS = {len(COLUMNS)}, MODELS = {len(models)} }};")
print("static const struct {\n    const char *name, *family;\n    double severity;\n} columns[COLUMNS] = {")
for name, family, severity in COLUMNS:
    print(f'    {{"{name}", "{family}", {severity}}},')
print("};")
print("static const int labels[CLIPS] = {" + ", ".join(map(str, labels)) + "};")
print("/* Five classes a clip; a first one of -1: no answer. */")
print("static const int tops[MODELS][COLUMNS][CLIPS][5] = {")
for m in models:
    print("{")
    for top, done in zip(m.top, m.done):
        print("{" + ", ".join("{" + ", ".join(map(str, row if ok else [-1] * 5)) + "}"
                              for row, ok in zip(top, done)) + "},")
    print("},")
print("};\nstatic const float scores[MODELS][COLUMNS][CLIPS] = {")
for m in models:
    print("{" + ",\n".join("{" + ", ".join("%.9gf" % p if p != 1 else "1" for p in row) + "}"
                           for row in m.score) + "},")
print("};")
KEYS = ["top1", "top1_low", "top1_high", "top5", "top5_low", "top5_high", "rpc", "gamma_absolute",
        "gamma_relative", "flip_rate", "flip_rate_low", "flip_rate_high", "ece", "ce", "relative_ce"]
scopes = grid.scopes()
for base in (0, 1):
    print(f"/* Against model {base}: " + ", ".join(KEYS) + " */")
    print(f"static const double against_{base}[MODELS][{len(scopes)}][{len(KEYS)}] = {{")
    for m in range(len(models)):
        rows = [grid.measures(m, scope, base) for scope in scopes]
        print("{" + ",\n".join("{" + ", ".join(number(row[k]) for k in KEYS) + "}" for row in rows) + "},")
    print("};")
print("/* ECE of each cell. */\nstatic const double eces[MODELS][COLUMNS] = {")
for m in range(len(models)):
    print("{" + ", ".join(number(grid.cell(m, k)["ece"]) for k in range(len(COLUMNS))) + "},")
print("};")
pair = [spread([grid.measures(m, scope, 1)["ce" if i else "top1"] for m in (1, 2)])
        for i, scope in [(0, ("clean", "clean")), (0, ("robust", "robust")), (1, ("robust", "robust"))]]
print("/* Models 1 and 2: mean and deviation of clean, of robust, of mCE against model 1. */")
print("static const double spreads[3][2] = {" + ", ".join("{" + ", ".join(map(number, p)) + "}" for p in pair) + "};")
