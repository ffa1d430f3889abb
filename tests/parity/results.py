"""A small evaluation for the checks of exports and reports, and its answers by plain SQL.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sqlite3

import numpy as np

import measures
from common import COPPICE, run

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


def add_models(path, many=False):
    """Rows that no evaluation would need to make: drawn answers, in the places of real ones. many: so many that a page
    shows means over seeds."""
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
             ("set", 0.5, 2, 0.8), ("set", 0.5, 3, 0.9), ("rigl", 0.7, 4, 0.8), ("rigl", 0.7, 2, 0.7), ("rigl", 0.7, 3, 0.6),
             ("granet", 0.1, 1, 0.5)]
    if many:
        kinds += [("static", density, seed, density) for density in (0.6, 0.8, 0.9) for seed in (1, 2, 3)]
    for i, (method, density, seed, skill) in enumerate(kinds):
        model = db.execute("INSERT INTO model(sha256, name, arch, method, density, seed, parameters, nonzeros, flops,"
                           " flops_dense) VALUES(?, ?, 'r3d_tiny', ?, ?, ?, 1000, 300, 5000, 9000)",
                           (f"{i:02x}" * 32, f"{method} {density:g}", method, density, seed)).lastrowid
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
    distance = {}
    for corruption, severity, mse, ssim in db.execute(
            "SELECT corruption, severity, mse, ssim FROM fidelity WHERE setup = ? AND clip IN"
            " (SELECT clip FROM prediction WHERE view = -1) AND clip NOT IN (SELECT clip FROM skip WHERE setup = ?)",
            (setup, setup)):
        distance.setdefault((corruption, severity), []).append((mse, ssim))
    grid = measures.Grid(columns, [label for _, label in clips], models)
    for k, (corruption, _, severity) in enumerate(columns):
        if (corruption, severity) in distance:
            mse, ssim = np.mean(distance[corruption, severity], 0)
            grid.distance[k] = (10 * np.log10(255 ** 2 / mse), ssim)
    return grid, about, skipped
