#!/usr/bin/python3
"""coppice analyse against NumPy and SciPy: gains from the result file, topology from masks and weights, training from
metrics.jsonl; filters, waves and energies by numpy.fft on clips that are prepared here, through coppice infer.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import csv
import itertools
import json
import os
import sqlite3
import tempfile

import numpy as np
import scipy.stats

import measures
from common import BUILD, COPPICE, check, finish, load, metadata, run, save

CONFIG = """
data = { format = "ucf101"; root = "set/videos"; annotation = "set/annotations"; };
clip = { frames = 8; stride = 1; };
prep = { resize = [24, 24]; };
model = { arch = "r3d_tiny"; options = "width=8"; };
train = { epochs = 3; batch = 4; };
sparse = { interval = 2; };
corrupt = { corruptions = ["gaussian_noise", "gaussian_blur", "pixelate"]; severities = (1, 3, 5); };
sweep = { methods = ["dense", "static", "rigl"]; densities = [0.3]; seeds = [1, 2]; };
"""
FRAMES, SIDE, FIRST = 8, 24, 2  # of a clip; its first frame among 12
MEAN = np.array([0.43216, 0.394666, 0.37645]).reshape(3, 1, 1, 1)
STD = np.array([0.22803, 0.22145, 0.216989]).reshape(3, 1, 1, 1)
LIMIT = 1e-6  # of a probability
SERIES = {"dense": "dense", "static 0.3": "static_0.3", "rigl 0.3": "rigl_0.3"}


def table(folder, name):
    with open(f"{folder}/{name}.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(f"{folder}/{name}.json") as file:
        same = json.load(file)
    texts = [["" if c is None else c for c in row] for row in same["rows"]]
    differ = sum(str(c) != t and float(c) != float(t) for row, cells in zip(rows, texts) for t, c in zip(row.values(), cells))
    check(f"{name}: CSV and JSON differ", differ + abs(len(rows) - len(texts)), 0)
    return rows


def number(text):
    return np.nan if text == "" else float(text)


class Worst:
    def __init__(self):
        self.value, self.n = 0.0, 0

    def add(self, got, wanted):
        self.n += 1
        got = number(got)
        if np.isnan(got) or np.isnan(wanted):
            self.value = self.value if np.isnan(got) and np.isnan(wanted) else np.inf
        else:
            self.value = max(self.value, abs(got - wanted))

    def report(self, what, limit, least=1):
        check(f"{what} ({self.n})", self.value if self.n >= least else np.inf, limit)


def spread(values):
    return np.mean(values), np.std(values, ddof=1)


# --- gains -------------------------------------------------------------------------------------------------------

def scores(folder):
    """top-1 by (series, seed, corruption, severity)."""
    db = sqlite3.connect(f"{folder}/sw/results.db")
    hashes = {}
    for path, sha in db.execute("SELECT path, sha256 FROM run_model JOIN model ON model.id = run_model.model"):
        hashes[sha] = os.path.basename(os.path.dirname(path))
    out = {}
    for sha, corruption, severity, top1 in db.execute(
            "SELECT sha256, corruption, severity, avg(top1 = label) FROM cell JOIN model ON model.id = cell.model JOIN prediction "
            "ON prediction.cell = cell.id AND view = -1 JOIN clip ON clip.id = prediction.clip GROUP BY cell.id"):
        name, seed = hashes[sha].rsplit("_s", 1)
        label = next(k for k, v in SERIES.items() if v == name)
        out[label, int(seed), corruption, severity] = top1
    return out


def check_gains(folder, fig):
    top1 = scores(folder)
    corruptions = sorted({k[2] for k in top1} - {"clean"})

    def of(series, seed, corruption, severity):
        if corruption == "clean":
            return top1[series, seed, "clean", 0.0]
        names = corruptions if corruption == "robust" else [corruption]
        levels = (1.0, 3.0, 5.0) if np.isnan(severity) else (severity,)
        return np.mean([np.mean([top1[series, seed, name, s] for s in levels]) for name in names])

    for name in ("gain", "gain_by_severity"):
        worst, tests = Worst(), Worst()
        for row in table(fig, name):
            severity = number(row["severity"])
            own, base = ([of(s, seed, row["corruption"], severity) for seed in (1, 2)] for s in (row["series"], "dense"))
            gain = np.subtract(own, base)
            for key, values in (("top1", own), ("baseline", base), ("gain", gain), ("relative", gain / np.mean(base))):
                mean, sd = spread(values)
                worst.add(row[key], mean)
                worst.add(row[key + "_sd"], sd)
            *_, low, high, p = measures.seed_gain(*({seed: x for seed, x in enumerate(side)} for side in (own, base)))
            for key, wanted in (("gain_low", low), ("gain_high", high), ("gain_p", p)):
                tests.add(row[key], wanted)
        tests.report(f"{name}: intervals and p over seeds", 1e-9, 2 * 3 * (5 if name == "gain" else 9))
        worst.report(f"{name} against the result file", 1e-12, 2 * 8 * (5 if name == "gain" else 9))
    worst = Worst()
    for row in table(fig, "accuracy"):
        mean, sd = spread([of(row["series"], seed, row["scope"], np.nan) for seed in (1, 2)])
        worst.add(row["top1"], mean)
        worst.add(row["top1_sd"], sd)
    worst.report("accuracy against the result file", 1e-12, 12)


# --- topology ----------------------------------------------------------------------------------------------------

def weights(folder, series, seed, layer):
    run_folder = f"{folder}/sw/{SERIES[series]}_s{seed}"
    value = load(f"{run_folder}/model.safetensors")[layer]
    state = load(f"{run_folder}/checkpoint.safetensors")
    if layer + ".mask" not in state:
        return value, np.ones(value.shape, int)
    bits = np.unpackbits(state[layer + ".mask"], bitorder="little")[:value.size]
    return value, bits.reshape(value.shape).astype(int)


def order_quantile(n, p, m, rank, q):
    """Least x with P(at least `rank` of m draws of Binomial(n, p) are <= x) >= q."""
    below = scipy.stats.binom.cdf(np.arange(n + 1), n, p)
    return int(np.argmax(scipy.stats.binom.sf(rank - 1, m, below) >= q))


def check_topology(folder, fig):
    worst, seen = Worst(), 0
    for row in table(fig, "topology"):
        _, mask = weights(folder, row["series"], row["seed"], row["layer"])
        part = mask if row["slice"] == "all" else mask[:, :, int(row["slice"]):int(row["slice"]) + 1]
        axes = {"kernel": (2, 3, 4), "input": (0, 2, 3, 4), "output": (1, 2, 3, 4)}[row["unit"]]
        counts = part.sum(axis=axes).ravel()
        density = part.mean()
        worst.add(row["layer_density"], density)
        worst.add(row["nonzeros"], counts.sum())
        worst.add(row["empty"], np.mean(counts == 0))
        worst.add(row["dispersion"], counts.var(ddof=1) / counts.mean())
        if density < 1:
            worst.add(row["ratio"], counts.var(ddof=1) / counts.mean() / (1 - density))
        seen += row["slice"] != "all"
    worst.report("topology against masks", 1e-12, 100)
    check("temporal slices are missing", float(seen == 0), 0)
    worst = Worst()
    for row in table(fig, "topology_degrees"):
        _, mask = weights(folder, row["series"], row["seed"], row["layer"])
        axes = (0, 2, 3, 4) if row["unit"] == "input" else (1, 2, 3, 4)
        degree = mask.sum(axis=axes)
        n, rank = degree.size, int(row["rank"])
        size = mask.size // n
        worst.add(row["degree"], np.sort(degree)[::-1][rank - 1])
        worst.add(row["degree"], degree[int(row["channel"])])
        worst.add(row["share"], degree[int(row["channel"])] / size)
        for key, q in (("random", 0.5), ("random_low", 0.025), ("random_high", 0.975)):
            worst.add(row[key], order_quantile(size, mask.mean(), n, n - rank + 1, q))
    worst.report("degrees and bands against SciPy", 1e-12, 100)
    worst, kernels = Worst(), table(fig, "topology_kernels")
    for row in kernels[::7]:
        _, mask = weights(folder, row["series"], row["seed"], row["layer"])
        worst.add(row["nonzeros"], mask[int(row["output"]), int(row["input"]), int(row["slice"])].sum())
    worst.report("kernels against masks", 0, 100)
    worst, norms = Worst(), {}
    for row in table(fig, "topology_norms"):
        key = row["series"], row["unit"]
        if key not in norms:
            both = [weights(folder, row["series"], seed, row["layer"])[0].astype(float) for seed in (1, 2)]
            norms[key] = np.concatenate([np.sqrt((v ** 2).sum(axis=(2, 3, 4) if row["unit"] == "kernel" else (1, 2, 3, 4))).ravel()
                                         for v in both])
        low, high = float(row["low"]), float(row["high"])
        last = high >= norms[key].max() * (1 - 1e-12)
        inside = norms[key] == 0 if high == 0 else (norms[key] > 0) & (norms[key] >= low) & ((norms[key] < high) | last)
        worst.add(float(row["share"]) * inside.size, inside.sum())
    # A norm at a bin's border may fall to either side.
    worst.report("histograms of norms against weights", 1 + 1e-9, 100)


# --- training ----------------------------------------------------------------------------------------------------

def check_training(folder, fig):
    worst = Worst()
    for row in table(fig, "training"):
        with open(f"{folder}/sw/{SERIES[row['series']]}_s{row['seed']}/metrics.jsonl") as file:
            lines = [json.loads(line) for line in file]
        layers = [x for x in lines if "layer" in x and x["step"] == int(float(row["step"]))]
        full = {x["layer"] for x in lines if "layer" in x} - {x["layer"] for x in lines if "layer" in x and x["nnz"] < x["weights"]}
        total = {k: sum(x[k] for x in layers) for k in ("weights", "nnz", "dropped", "grown", "regrown", "explored")}
        open_layers = [x for x in layers if x["layer"] not in full]
        before = total["nnz"] + total["dropped"] - total["grown"]
        both = before - total["dropped"] + total["regrown"]
        worst.add(row["masked_density"], total["nnz"] / total["weights"])
        worst.add(row["itop_rate"], total["explored"] / total["weights"])
        worst.add(row["itop_rate_open"], sum(x["explored"] for x in open_layers) / sum(x["weights"] for x in open_layers))
        worst.add(row["mutated"], (total["grown"] - total["regrown"]) / total["nnz"])
        worst.add(row["overlap_last"], both / (before + total["nnz"] - both))
        logged = next(x for x in lines if x.get("update") and x["step"] == int(float(row["step"])))
        for key in ("drop_fraction", "overlap_start", "itop_rate_open"):
            worst.add(row[key], logged[key])
    worst.report("training against metrics.jsonl", 1e-12, 10)


# --- frequencies -------------------------------------------------------------------------------------------------

def prepared(path, folder):
    """[3][t][h][w], in 0..1."""
    run(f"{BUILD}/parity/prepare_clip", path, f"{folder}/clip.safetensors", SIDE, SIDE, 0)
    z = load(f"{folder}/clip.safetensors")["clip"][0].astype(float)
    return (z * STD + MEAN)[:, FIRST:FIRST + FRAMES]


def low(x, band, radius):
    kt, ky, kx = np.meshgrid(*(np.fft.fftfreq(n, 1 / n) for n in x.shape[1:]), indexing="ij")
    t, h, w = x.shape[1:]
    rho = {"spatial": np.hypot(ky, kx), "temporal": np.abs(kt),
           "3d": np.sqrt((2 * kt / t) ** 2 + (2 * ky / h) ** 2 + (2 * kx / w) ** 2)}[band]
    keep = (rho <= radius + 1e-6) if radius >= 0 else np.zeros(rho.shape, bool)
    return np.fft.ifftn(np.fft.fftn(x, axes=(1, 2, 3)) * keep, axes=(1, 2, 3)).real


def answers(folder, model, clips):
    """Probabilities of each clip."""
    save(f"{folder}/in.safetensors", {"clips": ((np.stack(clips) - MEAN) / STD).astype(np.float32)})
    run(COPPICE, "infer", "--model", model, "--input", f"{folder}/in.safetensors", "--output", f"{folder}/out.safetensors",
        "--tile", "off")
    logits = load(f"{folder}/out.safetensors")["logits"].astype(float)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def stored(folder, fig, model, clip):
    """Score of the first class by (name, level)."""
    sha = run("sha256sum", model).split()[0]
    db = sqlite3.connect(f"{fig}/analyse.db")
    return {(name, level): score for name, level, score in db.execute(
        "SELECT corruption, severity, score1 FROM cell JOIN model ON model.id = cell.model JOIN prediction ON prediction.cell = "
        "cell.id AND view = -1 JOIN clip ON clip.id = prediction.clip WHERE sha256 = ? AND path = ?", (sha, clip))}


def check_filters(folder, fig, clip):
    x = prepared(f"{folder}/set/videos/{clip}", folder)
    for series in ("dense", "rigl 0.3"):
        model = f"{folder}/sw/{SERIES[series]}_s1/model.safetensors"
        there = stored(folder, fig, model, clip)
        keys = [k for k in there if k[0].endswith("_pass")]
        clips = []
        for name, radius in keys:
            part = low(x, name.split("_")[0], radius)
            clips.append(part if name.endswith("low_pass") else x - part)
        p = answers(folder, model, clips).max(axis=1)
        # Probabilities; what differs are float32 transforms. Radii must differ by more than that.
        check(f"{series}: {len(keys)} filters against numpy.fft", max(abs(there[k] - v) for k, v in zip(keys, p)), LIMIT)
        check(f"{series}: filters tell little apart", 1000 * LIMIT / np.ptp(p), 1)
        check(f"{series}: curves", float({k[0] for k in keys} != {f"{b}_{p}_pass" for b in ("spatial", "temporal", "3d")
                                                                for p in ("low", "high")}), 0)
        waves = [k for k in there if k[0].startswith("wave ")]
        v, u = np.mgrid[:SIDE, :SIDE]
        worst = apart = 0.0
        for name, rho in waves:
            kx, ky = map(int, name[5:].split(","))
            own = 2 * kx % SIDE == 0 and 2 * ky % SIDE == 0
            wave = rho * (1 if own else np.sqrt(2)) * np.cos(2 * np.pi * (kx * u + ky * v) / SIDE + (0 if own else np.pi / 4))
            worst = max(worst, abs(np.sqrt(np.mean(wave ** 2)) - rho))
            signs = list(itertools.product((1, -1), repeat=3))
            clips = [np.clip(x + np.array(s).reshape(3, 1, 1, 1) * wave, 0, 1) for s in signs]
            p = answers(folder, model, clips).max(axis=1)
            worst = max(worst, np.abs(p - there[name, rho]).min())
            apart = max(apart, np.ptp(p))
        check(f"{series}: {len(waves)} waves against NumPy", worst if waves else np.inf, LIMIT)
        check(f"{series}: signs tell little apart", 1000 * LIMIT / apart, 1)


def energies(difference):
    t, h, w = difference.shape[1:]
    ky, kx = np.meshgrid(2 * np.fft.fftfreq(h), 2 * np.fft.fftfreq(w), indexing="ij")
    power = np.abs(np.fft.fft2(difference)) ** 2
    pictures = [power[:, i][:, np.hypot(ky, kx) > 0.5 + 1e-6].sum() / power[:, i].sum() for i in range(t)]
    course = np.abs(np.fft.fft(difference, axis=1)) ** 2
    return pictures, course[:, np.abs(2 * np.fft.fftfreq(t)) > 0.5 + 1e-6].sum() / course.sum()


def check_energy(folder, fig, clips):
    rows = {row["corruption"]: row for row in table(fig, "energy")}
    for name in ("gaussian_blur", "pixelate"):  # the others draw
        high, fast = [], []
        for clip in clips:
            path = f"{folder}/set/videos/{clip}"
            run(COPPICE, "corrupt", path, f"{folder}/bad.mkv", "--corruption", name, "--severity", 3)
            pictures, time = energies(prepared(f"{folder}/bad.mkv", folder) - prepared(path, folder))
            high += pictures
            fast.append(time)
        row = rows[name]
        check(f"{name}: pictures", abs(int(row["pictures"]) - len(high)), 0)
        for key, values in (("high", high), ("temporal", fast)):
            mean, sd = spread(values)
            check(f"{name}: {key} against numpy.fft", abs(float(row[key]) - mean), 1e-5)
            check(f"{name}: its deviation", abs(float(row[key + "_sd"]) - sd), 1e-5)
    order = [float(row["high"]) for row in sorted(rows.values(), key=lambda r: int(r["rank"]))]
    check("energies fall", max(np.diff(order)), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        run(COPPICE, "synth", f"{folder}/set", "--classes", 4, "--clips", 6, "--size", 32, "--frames", 12)
        with open(f"{folder}/run.cfg", "w") as file:
            file.write(CONFIG)
        run(COPPICE, "sweep", "-c", f"{folder}/run.cfg", "--out", f"{folder}/sw")
        fig = f"{folder}/fig"
        run(COPPICE, "analyse", f"{folder}/sw", "-o", fig, "--grid", 2)
        clips = [path for path, in sqlite3.connect(f"{fig}/analyse.db").execute("SELECT path FROM clip ORDER BY id")]
        check_gains(folder, fig)
        check_topology(folder, fig)
        check_training(folder, fig)
        check_filters(folder, fig, clips[0])
        check_energy(folder, fig, clips)
        name = metadata(f"{folder}/sw/rigl_0.3_s1/model.safetensors")["name"]
        check("the run's name is on the page", float(name not in open(f"{fig}/figures.html").read()), 0)
    finish()


main()
