"""The measures of "coppice compare", by NumPy and SciPy from arrays of answers: what the C code
is held to. Definitions: docs/METRICS.md.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import math

import numpy as np
from scipy import special, stats

NAN = float("nan")


class Model:
    """top[column] is [clips, 5] (-1: no class), score[column] [clips], done[column] [clips] bool."""

    def __init__(self, top, score, done):
        self.top, self.score, self.done = top, score, done


class Grid:
    """columns: [(corruption, family, severity)], column 0 is clean; labels [clips], -1 unknown."""

    def __init__(self, columns, labels, models):
        self.distance = {}  # of a column: (PSNR, SSIM) of what it did to the clips
        self.columns, self.labels, self.models = columns, np.asarray(labels), models
        self.labelled = self.labels >= 0
        names = [c[0] for c in columns[1:]]
        self.corruptions = sorted(set(names), key=names.index)

    # --- cells

    def right(self, m, k, top=1):
        return (self.models[m].top[k][:, :top] == self.labels[:, None]).any(1) & self.labelled

    def counted(self, m, k):
        return self.models[m].done[k] & self.labelled

    def cell(self, m, k):
        use = self.counted(m, k)
        n = int(use.sum())
        right, right5 = (int((self.right(m, k, t) & use).sum()) for t in (1, 5))
        low, high = wilson(right, n)
        low5, high5 = wilson(right5, n)
        both = self.models[m].done[0] & self.models[m].done[k]
        moved = self.models[m].top[0][both, 0] != self.models[m].top[k][both, 0]
        return {"n": n, "top1": share(right, n), "top1_low": low, "top1_high": high,
                "top5": share(right5, n), "top5_low": low5, "top5_high": high5,
                "ece": ece(self.models[m].score[k][use], self.right(m, k)[use]),
                "flip_rate": share(int(moved.sum()), int(both.sum())),
                "psnr": self.distance.get(k, (NAN, NAN))[0], "ssim": self.distance.get(k, (NAN, NAN))[1]}

    # --- scopes: ("clean", "clean"), ("robust", "robust"), ("corruption", name), ("family", name),
    #     ("severity", number)

    def scopes(self):
        families = [next(c[1] for c in self.columns if c[0] == name) for name in self.corruptions]
        severities = sorted({c[2] for c in self.columns[1:]})
        return ([("clean", "clean"), ("robust", "robust")]
                + [("corruption", name) for name in self.corruptions]
                + [("family", name) for name in sorted(set(families), key=families.index)]
                + [("severity", s) for s in severities])

    def rows(self, scope):
        """Columns of the scope, a list a corruption."""
        kind, name = scope
        if kind == "clean":
            return [[0]]
        at = {"robust": lambda c: True, "corruption": lambda c: c[0] == name,
              "family": lambda c: c[1] == name, "severity": lambda c: c[2] == name}[kind]
        rows = [[k for k, c in enumerate(self.columns) if k and c[0] == corruption and at(c)]
                for corruption in self.corruptions]
        return [row for row in rows if row]

    def whole(self, m, scope):
        return all(self.models[m].done[k].all() for row in self.rows(scope) for k in row)

    def by_clip(self, scope, value):
        """Mean over corruptions of the mean over columns of value(column), an array over clips."""
        return np.mean([np.mean([value(k) for k in row], 0) for row in self.rows(scope)], 0)

    def score(self, m, scope, top=1):
        if not self.whole(m, scope) or not self.labelled.any():
            return NAN, NAN, NAN
        use = self.labelled
        if scope[0] == "clean":
            right = int(self.right(m, 0, top)[use].sum())
            return (right / use.sum(),) + wilson(right, int(use.sum()))
        return interval(self.by_clip(scope, lambda k: self.right(m, k, top)[use].astype(float)))

    def flips(self, m, scope):
        if scope[0] == "clean" or not self.whole(m, scope) or not self.whole(m, ("clean", "clean")):
            return NAN, NAN, NAN
        top = self.models[m].top
        return interval(self.by_clip(scope, lambda k: (top[k][:, 0] != top[0][:, 0]).astype(float)))

    def ece(self, m, scope):
        if not self.whole(m, scope):
            return NAN
        return float(self.by_clip(scope, lambda k: np.array(self.cell(m, k)["ece"])))

    def corruption_error(self, m, base, scope, relative):
        if scope[0] == "clean" or not self.labelled.any():
            return NAN
        if any(not self.whole(i, s) for i in (m, base)
               for s in [scope] + [("clean", "clean")] * relative):
            return NAN

        def error(i, k):
            def wrong(column):
                return int((~self.right(i, column))[self.labelled].sum())
            return wrong(k) - (wrong(0) if relative else 0)
        quotients = []
        for row in self.rows(scope):
            below = sum(error(base, k) for k in row)
            if below <= 0:
                return NAN
            quotients.append(sum(error(m, k) for k in row) / below)
        return float(np.mean(quotients))

    def measures(self, m, scope, base):
        top1, top5, flips = self.score(m, scope), self.score(m, scope, 5), self.flips(m, scope)
        clean, here = self.score(m, ("clean", "clean"))[0], top1[0]
        corrupted = scope[0] != "clean"
        out = {"top1": top1[0], "top1_low": top1[1], "top1_high": top1[2],
               "top5": top5[0], "top5_low": top5[1], "top5_high": top5[2],
               "rpc": here / clean if corrupted and clean > 0 else NAN,
               "gamma_absolute": 1 - (clean - here) if corrupted else NAN,
               "gamma_relative": 1 - (clean - here) / clean if corrupted and clean > 0 else NAN,
               "flip_rate": flips[0], "flip_rate_low": flips[1], "flip_rate_high": flips[2],
               "ece": self.ece(m, scope),
               "ce": self.corruption_error(m, base, scope, False),
               "relative_ce": self.corruption_error(m, base, scope, True)}
        return out

    # --- two models

    def difference(self, a, b, scope):
        if not self.whole(a, scope) or not self.whole(b, scope) or not self.labelled.any():
            return NAN, NAN, NAN, NAN
        use = self.labelled

        def value(k):
            return self.right(a, k)[use].astype(float) - self.right(b, k)[use]
        x = self.by_clip(scope, value)
        mean, low, high = student(x)
        if np.all(np.abs(x) < 1e-15):
            return mean, low, high, 1.0
        return mean, max(low, -1), min(high, 1), float(stats.ttest_1samp(x, 0).pvalue)

    def mcnemar(self, a, b, k):
        use = self.counted(a, k) & self.counted(b, k)
        x, y = self.right(a, k)[use], self.right(b, k)[use]
        only_a, only_b = int((x & ~y).sum()), int((y & ~x).sum())
        if not use.any():
            return {"n": 0, "only_model": 0, "only_baseline": 0, "p": NAN, "p_corrected": NAN,
                    "statistic": NAN}
        both = only_a + only_b
        statistic = (abs(only_a - only_b) - 1) ** 2 / both if only_a != only_b else 0.0
        return {"n": int(use.sum()), "only_model": only_a, "only_baseline": only_b,
                "p": float(stats.binomtest(only_a, both).pvalue) if both else 1.0,
                "p_corrected": float(stats.chi2.sf(statistic, 1)), "statistic": statistic}


def share(right, n):
    return right / n if n else NAN


def wilson(right, n):
    if not n:
        return NAN, NAN
    found = stats.binomtest(right, n).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def t975(freedom):
    """scipy.stats.t.ppf of SciPy 1.10 is 4e-9 off at 39 degrees of freedom; this is not."""
    x = special.betaincinv(freedom / 2, 0.5, 0.05)
    return math.sqrt(freedom * (1 / x - 1))


def student(x):
    mean, n = float(np.mean(x)), len(x)
    if n < 2:
        return mean, NAN, NAN
    half = t975(n - 1) * np.std(x, ddof=1) / math.sqrt(n)
    return mean, mean - float(half), mean + float(half)


def interval(x):
    """Of a mean of shares: Wilson's where all are 0 or all 1."""
    if np.all(x == 0) or np.all(np.abs(x - 1) < 1e-15):
        right = 0 if np.all(x == 0) else len(x)
        return (right / len(x),) + wilson(right, len(x))
    mean, low, high = student(x)
    return mean, max(low, 0), min(high, 1)


def ece(score, right, bins=15):
    """Guo et al., ICML 2017, equation 3."""
    if not len(score):
        return NAN
    score = np.asarray(score, float)
    if np.isnan(score).any():
        return NAN
    bin_of = np.digitize(score, np.arange(bins + 1) / bins, right=True)
    total = 0.0
    for b in np.unique(bin_of):
        inside = bin_of == b
        total += inside.mean() * abs(right[inside].mean() - score[inside].mean())
    return float(total)


def seed_gain(own, base):
    """Of {seed: top-1} over the same of a baseline: pairs, mean, deviation, interval and p of the paired t test."""
    seeds = sorted(set(own) & set(base))
    a, b = ([side[s] for s in seeds] for side in (own, base))
    gains = np.subtract(a, b)
    if not seeds or np.isnan(gains).any():
        return len(seeds), NAN, NAN, NAN, NAN, NAN
    mean, low, high = student(gains)
    p = NAN if len(seeds) < 2 else 1.0 if np.all(gains == 0) else float(stats.ttest_rel(a, b).pvalue)
    return len(seeds), mean, spread(gains)[1], low, high, p


def spread(values):
    values = np.asarray(values, float)
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else NAN
