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
import tempfile

import measures
from common import COPPICE, check, finish, run
from results import add_models, evaluate, load

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
                                ("flip", cell["flip_rate"]), ("psnr", cell["psnr"]), ("ssim", cell["ssim"]),
                                ("skipped", skipped), ("seconds", model["seconds"][k])):
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


def check_seeds(path, document, grid, about, base):
    """Gains over the baseline's recipe, seed by seed: in JSON and as CSV."""
    gap, p, rows, most = Gap(), Gap(), iter(table(path, "seeds", "--baseline", about[base]["sha256"])), 0
    labels = [model["label"] for model in document["models"]]
    members = [[labels.index(label) for label in recipe["models"]] for recipe in document["recipes"]]
    beside = next(m for m in members if base in m)
    for recipe, own in zip(document["recipes"], members):
        gap.add(int(recipe["baseline"]), int(own == beside))
        for scope, inner in zip(grid.scopes(), recipe["scopes"]):
            value = [{about[m]["seed"]: grid.score(m, scope)[0] for m in side} for side in (own, beside)]
            wanted = measures.seed_gain(*value) if own != beside else (0,) + (measures.NAN,) * 5
            row, (mean, deviation) = next(rows), measures.spread(list(value[0].values()))
            for key, number in (("scope", scope[0]), ("name", scope_name(scope)), ("seeds", len(own)), ("top1", mean),
                                ("top1_sd", deviation), ("method", about[own[0]]["method"]),
                                ("parameters", about[own[0]]["parameters"]), ("density", about[own[0]]["density"])):
                gap.add(row[key], number)
            for source in (inner, row):
                for key, number in zip(("pairs", "gain", "gain_sd", "gain_low", "gain_high"), wanted):
                    gap.add(source[key], number)
                p.add(source["gain_p"], wanted[5])
            most = max(most, wanted[0])
    gap.report("gains over seeds")
    p.report("gains over seeds: p", 1e-9)
    check("rows left over", len(list(rows)), 0)
    return most


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
            for key in ("n", "top1", "top1_low", "top1_high", "top5", "ece", "flip_rate", "psnr", "ssim"):
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
    most = check_seeds(path, document, grid, about, base)
    if recipes and sum(len(r["models"]) == 3 and r["baseline"] for r in document["recipes"]):
        check(f"seeds that are paired, {most}", max(0, 2 - most), 0)
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
                check_json(path, grid, about, skipped, base, 3 * added)


main()
finish()
