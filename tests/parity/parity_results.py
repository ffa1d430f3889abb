#!/usr/bin/python3
"""coppice compare against SQLite, NumPy and SciPy: a small evaluation, to which models with drawn
answers are added (seeds of one recipe, one that lacks answers, clips without label, a skipped clip), and
every figure of every export recomputed from the file. Seed 20250408.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import csv
import io
import json
import math
import os
import sqlite3
import tempfile

import numpy as np

import measures
from common import COPPICE, check, finish, run

CONFIG = """
data = { format = "ucf101"; root = "set/videos"; annotation = "set/annotations"; };
clip = { frames = 4; stride = 2; };
prep = { resize = [24, 24]; };
model = { arch = "r3d_tiny"; };
train = { epochs = 2; batch = 4; };
sparse = { density = 0.3; interval = 2; };
corrupt = { corruptions = ["gaussian_noise", "brightness", "h264_crf"]; severities = (1, 2.5, 5); };
"""


def evaluate(folder):
    run(COPPICE, "synth", f"{folder}/set", "--classes", 6, "--clips", 6, "--size", 32, "--frames", 12)
    with open(f"{folder}/run.cfg", "w") as file:
        file.write(CONFIG)
    words = []
    for method in ("dense", "rigl"):
        run(COPPICE, "train", "-c", f"{folder}/run.cfg", "--set", f"sparse.method={method}", "--out", f"{folder}/{method}")
        words += ["--model", f"{folder}/{method}/model.safetensors"]
    run(COPPICE, "eval", "-c", f"{folder}/run.cfg", *words, "--db", f"{folder}/r.db")
    return f"{folder}/r.db"


def add_models(path):
    """Rows that no evaluation would need to make: drawn answers, in the places of real ones."""
    rng = np.random.RandomState(20250408)
    db = sqlite3.connect(path)
    setup, = db.execute("SELECT max(id) FROM setup").fetchone()
    clips = db.execute("SELECT id, label FROM clip ORDER BY id").fetchall()
    for name in ("unknown a", "unknown b"):
        key = db.execute("INSERT INTO clip(path, identity, label) VALUES(?, 1, -1)", (name,)).lastrowid
        for cell, in db.execute("SELECT id FROM cell").fetchall():
            top = [int(c) for c in rng.permutation(6)[:5]]
            db.execute("INSERT INTO prediction VALUES(?, ?, -1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                       [cell, key] + top + [0.6, 0.2, 0.1, 0.05, 0.05])
        clips.append((key, -1))
    cells = db.execute("SELECT corruption, family, severity, detail FROM cell WHERE model = 1 ORDER BY id").fetchall()
    kinds = [("set", 0.3, 1, 0.8), ("set", 0.3, 2, 0.7), ("set", 0.3002, 3, 0.75), ("set", 0.5, 1, 0.9),
             ("granet", 0.1, 1, 0.5)]
    for i, (method, density, seed, skill) in enumerate(kinds):
        model = db.execute("INSERT INTO model(sha256, name, arch, method, density, seed, parameters, nonzeros, flops,"
                           " flops_dense) VALUES(?, ?, 'r3d_tiny', ?, ?, ?, 1000, 300, 5000, 9000)",
                           (f"{i}" * 64, f"{method} {density:g}", method, density, seed)).lastrowid
        for corruption, family, severity, detail in cells:
            cell = db.execute("INSERT INTO cell(model, setup, corruption, family, severity, detail, seconds)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?)",
                              (model, setup, corruption, family, severity, detail, rng.rand())).lastrowid
            for clip, label in clips:
                if method == "granet" and corruption == "brightness" and severity == 5 and clip == clips[3][0]:
                    continue
                top = [int(c) for c in rng.permutation(6)[:5]]
                if label >= 0 and rng.rand() < skill - 0.08 * severity:
                    top = [label] + [c for c in top if c != label][:4]
                p = float(np.float32(0.2 + 0.8 * rng.rand()))
                db.execute("INSERT INTO prediction VALUES(?, ?, -1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                           [cell, clip] + top + [p, 0.1, 0.05, 0.02, 0.01])
    db.execute("INSERT INTO skip VALUES(?, ?, 'made up')", (setup, clips[0][0]))
    db.commit()
    db.close()


def load(path):
    """The setup's answers by plain SQL, the skipped clips left out."""
    db = sqlite3.connect(path)
    setup, = db.execute("SELECT max(setup) FROM cell JOIN prediction ON cell = id").fetchone()
    clips = db.execute("SELECT id, label FROM clip WHERE id IN (SELECT clip FROM prediction WHERE view = -1) AND id NOT"
                       " IN (SELECT clip FROM skip WHERE setup = ?) ORDER BY id", (setup,)).fetchall()
    place = {clip: i for i, (clip, _) in enumerate(clips)}
    first = db.execute("SELECT corruption, family, severity FROM cell WHERE setup = ? ORDER BY id", (setup,)).fetchall()
    names = [c[0] for c in first if c[0] != "clean"]
    columns = [("clean", "clean", 0.0)] + sorted({c for c in first if c[0] != "clean"},
                                                 key=lambda c: (names.index(c[0]), c[2]))
    models, about = [], []
    for model in db.execute("SELECT id, sha256, name, method, density, seed, parameters, arch, nonzeros, flops FROM model ORDER BY id"):
        top = np.full((len(columns), len(clips), 5), -1)
        score = np.full((len(columns), len(clips)), np.nan)
        done = np.zeros((len(columns), len(clips)), bool)
        seconds = np.zeros(len(columns))
        for cell, corruption, family, severity, spent in db.execute(
                "SELECT id, corruption, family, severity, seconds FROM cell WHERE model = ? AND setup = ?", (model[0], setup)):
            k = columns.index((corruption, family, severity))
            seconds[k] = spent
            for row in db.execute("SELECT clip, top1, top2, top3, top4, top5, score1 FROM prediction WHERE cell = ? AND"
                                  " view = -1", (cell,)):
                if row[0] in place:
                    top[k, place[row[0]]] = [-1 if c is None else c for c in row[1:6]]
                    score[k, place[row[0]]] = row[6]
                    done[k, place[row[0]]] = True
        models.append(measures.Model(list(top), list(score), list(done)))
        about.append(dict(zip(("id", "sha256", "name", "method", "density", "seed", "parameters", "arch", "nonzeros", "flops"),
                              model), seconds=seconds))
    skipped, = db.execute("SELECT count(*) FROM skip WHERE setup = ?", (setup,)).fetchone()
    return measures.Grid(columns, [label for _, label in clips], models), about, skipped


class Gap:
    """Largest difference so far; a figure on one side only, or not counted, is infinite."""

    def __init__(self):
        self.worst, self.n = 0.0, 0

    def add(self, got, wanted):
        self.n += 1
        missing = wanted is None or (isinstance(wanted, float) and math.isnan(wanted))
        if got in (None, "") or missing:
            if not (got in (None, "") and missing):
                self.worst = math.inf
        elif isinstance(wanted, str):
            if got != wanted:
                self.worst = math.inf
        else:
            self.worst = max(self.worst, abs(float(got) - float(wanted)) / max(1, abs(float(wanted))))

    def report(self, what, limit=1e-12):
        check(f"{what} ({self.n} figures)", self.worst if self.n else math.inf, limit)


def table(path, form, *more):
    return list(csv.DictReader(io.StringIO(run(COPPICE, "compare", path, "--format", form, *more))))


def check_cells(path, grid, about, skipped):
    gap, rows = Gap(), iter(table(path, "cells"))
    for m, model in enumerate(about):
        for k, (corruption, family, severity) in enumerate(grid.columns):
            row, cell = next(rows), grid.cell(m, k)
            for key, wanted in (("sha256", model["sha256"]), ("corruption", corruption), ("family", family),
                                ("severity", severity), ("n", cell["n"]), ("top1", cell["top1"]), ("top5", cell["top5"]),
                                ("ci_low", cell["top1_low"]), ("ci_high", cell["top1_high"]), ("ece", cell["ece"]),
                                ("flip", cell["flip_rate"]), ("skipped", skipped), ("seconds", model["seconds"][k])):
                gap.add(row[key], wanted)
    gap.report("cells as CSV")
    check("rows left over", len(list(rows)), 0)


def scope_name(scope):
    return f"{scope[1]:g}" if scope[0] == "severity" else scope[1]


def check_scopes(path, grid, about, base):
    gap, rows = Gap(), iter(table(path, "scopes", "--baseline", about[base]["sha256"]))
    for m in range(len(about)):
        for scope in grid.scopes():
            row, wanted = next(rows), grid.measures(m, scope, base)
            gap.add(row["scope"], scope[0])
            gap.add(row["name"], scope_name(scope))
            for key, value in wanted.items():
                gap.add(row[key], value)
    gap.report(f"scopes as CSV against model {base}")
    check("rows left over", len(list(rows)), 0)


CLEAN, ROBUST = ("clean", "clean"), ("robust", "robust")


def check_models(path, grid, about, base):
    gap = Gap()
    for m, row in enumerate(table(path, "csv", "--baseline", about[base]["sha256"])):
        clean, robust = grid.measures(m, CLEAN, base), grid.measures(m, ROBUST, base)
        for key in ("name", "method", "arch", "density", "seed", "sha256", "parameters", "nonzeros", "flops"):
            gap.add(row[key], about[m][key])
        gap.add(row["clips"], len(grid.labels))
        gap.add(row["seconds"], float(about[m]["seconds"].sum()))
        for end in ("", "_low", "_high"):
            gap.add(row["clean" + end], clean["top1" + end])
            gap.add(row["robust" + end], robust["top1" + end])
        for key, value in (("rpc", robust["rpc"]), ("mce", robust["ce"]), ("relative_mce", robust["relative_ce"]),
                           ("gamma_absolute", robust["gamma_absolute"]), ("gamma_relative", robust["gamma_relative"]),
                           ("flip_rate", robust["flip_rate"]), ("clean_top5", clean["top5"]), ("robust_top5", robust["top5"]),
                           ("clean_ece", clean["ece"]), ("robust_ece", robust["ece"])):
            gap.add(row[key], value)
        for corruption in grid.corruptions:
            gap.add(row[corruption], grid.score(m, ("corruption", corruption))[0])
    gap.report(f"models as CSV against model {base}")


def add_difference(gap, p, row, grid, a, b, scope):
    value, low, high, chance = grid.difference(a, b, scope)
    gap.add(row["difference"], value)
    gap.add(row["difference_low"], low)
    gap.add(row["difference_high"], high)
    p.add(row["p_paired"], chance)


def add_mcnemar(gap, p, row, grid, a, b, k):
    for key, value in grid.mcnemar(a, b, k).items():
        (p if key.startswith("p") else gap).add(row[key], value)


def check_tests(document, grid, labels, base):
    gap, p = Gap(), Gap()
    pairs = [(b, a) for a in range(len(labels)) for b in range(a + 1, len(labels))]
    others = [(m, base) for m in range(len(labels)) if m != base]
    for key, wanted in (("pairs", pairs), ("tests", others)):
        for (a, b), row in zip(wanted, document[key]):
            gap.add(row["model"], labels[a])
            gap.add(row["baseline"], labels[b])
            add_difference(gap, p, row["clean"], grid, a, b, CLEAN)
            add_mcnemar(gap, p, row["clean"], grid, a, b, 0)
            add_difference(gap, p, row["robust"], grid, a, b, ROBUST)
            for inner in row.get("corruptions", []):
                add_difference(gap, p, inner, grid, a, b, ("corruption", inner["corruption"]))
            for k, inner in enumerate(row.get("cells", [])):
                add_mcnemar(gap, p, inner, grid, a, b, k)
        gap.add(len(document[key]), len(wanted))
    gap.report("tests in JSON: counts and intervals")
    p.report("tests in JSON: p", 1e-9)


def check_json(path, grid, about, skipped, base, recipes):
    document = json.loads(run(COPPICE, "compare", path, "--json", "--baseline", about[base]["sha256"]))
    gap, spreads = Gap(), Gap()
    gap.add(document["clips"], len(grid.labels))
    gap.add(document["labelled"], int(grid.labelled.sum()))
    gap.add(document["skipped"], skipped)
    gap.add(document["aggregate"], "prob")
    for m, model in enumerate(document["models"]):
        gap.add(model["sha256"], about[m]["sha256"])
        gap.add(model["mce"], grid.measures(m, ROBUST, base)["ce"])
        gap.add(model["relative_mce"], grid.measures(m, ROBUST, base)["relative_ce"])
        gap.add(model["rpc"], grid.measures(m, ROBUST, base)["rpc"])
        for scope, row in zip(grid.scopes(), model["scopes"]):
            for key, value in grid.measures(m, scope, base).items():
                gap.add(row[key], value)
        for k, row in enumerate(model["cells"]):
            cell = grid.cell(m, k)
            for key in ("n", "top1", "top1_low", "top1_high", "top5", "ece", "flip_rate"):
                gap.add(row[key], cell[key])
            gap.add(row["seconds"], float(about[m]["seconds"][k]))
    gap.report(f"JSON against model {base}")
    labels = [model["label"] for model in document["models"]]
    for recipe in document["recipes"]:
        members = [labels.index(label) for label in recipe["models"]]
        for scope, row in zip(grid.scopes(), recipe["scopes"]):
            rows = [grid.measures(m, scope, base) for m in members]
            for key in ("top1", "top5", "rpc", "gamma_absolute", "gamma_relative", "flip_rate", "ece", "ce", "relative_ce"):
                mean, deviation = measures.spread([r[key] for r in rows])
                spreads.add(row[key], mean)
                spreads.add(row[key + "_sd"], deviation)
    spreads.report("means and deviations over seeds")
    check("recipes of more than one model", abs(sum(len(r["models"]) == 3 for r in document["recipes"]) - recipes), 0)
    check_tests(document, grid, labels, base)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = evaluate(folder)
        check("a table for people", abs(len(run(COPPICE, "compare", path).splitlines()) < 20), 0)
        os.environ["LC_ALL"] = "C.UTF-8"
        for added in (False, True):
            if added:
                add_models(path)
            grid, about, skipped = load(path)
            check_cells(path, grid, about, skipped)
            for base in range(0, len(about), 3):
                check_scopes(path, grid, about, base)
                check_models(path, grid, about, base)
                check_json(path, grid, about, skipped, base, int(added))


main()
finish()
