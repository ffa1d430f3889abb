"""Noise and tone against their definitions in NumPy, scikit-image and Pillow: exact where nothing is drawn,
else in distribution.

Gaussian, shot, speckle and impulse noise: Hendrycks and Dietterich, ICLR 2019. ISO noise, low light and
colour quantisation: Kar et al., CVPR 2022.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile
from math import sqrt

import numpy as np
import PIL.Image
import PIL.ImageOps
import skimage.util
from skimage.metrics import structural_similarity

from common import check, finish
from footage import corrupt, psnr, read_rgb, write_rgb
from parity_corrupt import NAMES, SEVERITIES, SIZES, pictures

FRAMES, FEWER = 16, 8  # fewer where the rest costs minutes and says little
LAGS = (1, 2, 4, 8)
VALUES = {  # by table, severities 1 to 5
    "gaussian_noise": {"imagenet-c-224": (.08, .12, .18, .26, .38), "tiny-64": (.04, .08, .12, .15, .18)},
    "shot_noise": {"imagenet-c-224": (60, 25, 12, 5, 3), "tiny-64": (250, 100, 50, 30, 15)},
    "speckle_noise": {"imagenet-c-224": (.15, .2, .35, .45, .6), "tiny-64": (.15, .2, .25, .3, .35)},
    "impulse_noise": {"imagenet-c-224": (.03, .06, .09, .17, .27), "tiny-64": (.01, .02, .05, .08, .14)},
    "iso_noise": {"3dcc": (.08, .12, .18, .26, .38)},
    "low_light": {"3dcc": (.6, .5, .4, .3, .2)},
}


def photons(x, count, rng):
    return np.clip(rng.poisson(x * count) / count, 0, 1)


def noise_by_numpy(name, x, value, rng):
    """x on the 0..1 scale."""
    if name == "gaussian_noise":
        y = x + rng.normal(size=x.shape, scale=value)
    elif name == "shot_noise":
        y = rng.poisson(x * value) / float(value)
    elif name == "speckle_noise":
        y = x + x * rng.normal(size=x.shape, scale=value)
    elif name == "impulse_noise":
        y = skimage.util.random_noise(x, mode="s&p", amount=value, seed=int(rng.integers(1 << 31)))
    elif name == "iso_noise":
        y = photons(x, 25, rng) + rng.normal(size=x.shape, scale=.7 * value)
    else:
        dark = value * ((x - x.min()) / (x.max() - x.min())) ** 2
        y = photons(dark, 120, rng) + rng.normal(size=x.shape, scale=.018)
    return np.uint8(np.clip(y, 0, 1) * 255)


def correlation(a, b):
    return float(np.mean(a * b) / np.sqrt(np.mean(a * a) * np.mean(b * b)))


def apart(a, b):
    """Difference of two means in standard errors."""
    return abs(a.mean() - b.mean()) / np.sqrt(a.var() / a.size + b.var() / b.size)


def variance_error(a):
    """Standard error of the variance, as a share of it."""
    away = a - a.mean()
    return sqrt((np.mean(away ** 4) / a.var() ** 2 - 1) / a.size)


def kolmogorov(a, b):
    """Distance of two integer samples' distribution functions, as a share of the 0.1 % point."""
    below = [np.cumsum(np.bincount(np.int64(v).ravel() + 255, minlength=511)) / v.size for v in (a, b)]
    return np.abs(below[0] - below[1]).max() / (1.95 * sqrt(1 / a.size + 1 / b.size))


def standardised(y, x):
    """y less the mean of its level in x, over the deviation there: white where noise is independent."""
    count = np.maximum(np.bincount(x.ravel(), minlength=256), 1)
    mean = np.bincount(x.ravel(), y.ravel(), 256) / count
    free = y - mean[x]
    scale = 1 / np.sqrt(np.maximum(np.bincount(x.ravel(), (free ** 2).ravel(), 256) / count, 1e-12))
    return np.float32(free * scale[x])


def check_pair(label, x, got, want):
    """x [t, h, w, 3] clean, got and want noisy. Limits of 4 standard errors would be passed by chance in 1 of 16,000
    checks; seeds are fixed."""
    residual, other = np.float64(got) - x, np.float64(want) - x
    check(f"{label}: mean residual, in standard errors", apart(residual, other), 4)
    limit = max(0.03, 4 * np.hypot(variance_error(residual), variance_error(other)))
    check(f"{label}: variance of the residual, off 1", abs(residual.var() / other.var() - 1), limit)
    check(f"{label}: distribution of the residual, share of the 0.1 % point", kolmogorov(residual, other), 1)
    ours, theirs = (np.array([psnr(y, x[0]) for y in noisy]) for noisy in (got, want))
    check(f"{label}: PSNR, dB apart", abs(ours.mean() - theirs.mean()),
          max(0.25, 3 * np.hypot(ours.std(), theirs.std()) / sqrt(FRAMES)))
    ours, theirs = (np.array([structural_similarity(y[..., 1], x[0, ..., 1]) for y in noisy[:FEWER]])
                    for noisy in (got, want))
    check(f"{label}: SSIM of green, apart", abs(ours.mean() - theirs.mean()),
          max(0.01, 4 * np.hypot(ours.std(), theirs.std()) / sqrt(FEWER - 1)))
    residual, other = (np.float32(y[:FEWER] - y.mean()) for y in (residual, other))
    for axis in (1, 2):
        worst = 0
        for lag in LAGS:
            near, far = ((slice(None),) * axis + (cut,) for cut in (slice(lag, None), slice(None, -lag)))
            worst = max(worst, abs(correlation(residual[near], residual[far]) - correlation(other[near], other[far])))
        check(f"{label}: correlation along {' yx'[axis]} at lags 1 to 8, apart", worst, 0.03)
    free = standardised(got[:FEWER], x[:FEWER])
    for axis, of in enumerate(("frames", "rows", "columns", "channels")):
        near, far = (free.take(range(*cut), axis) for cut in ((1, free.shape[axis]), (0, free.shape[axis] - 1)))
        check(f"{label}: correlation of neighbouring {of}, in standard errors",
              abs(correlation(near, far)) * sqrt(near.size), 4.5)


def check_noise(folder):
    """A still picture a clip."""
    path, out, rng = f"{folder}/still.mkv", f"{folder}/noisy.mkv", np.random.default_rng(0)
    for side, table in SIZES.items():
        for clip, (name, picture) in enumerate(zip(NAMES, pictures(side))):
            x = np.repeat(picture[None], FRAMES, 0)
            write_rgb(path, x)
            for noise, tables in VALUES.items():
                preset = table if table in tables else "3dcc"
                # All severities of each noise, on each picture at one of the sizes.
                for severity, value in zip(SEVERITIES, tables[preset]):
                    if (severity + clip + (side == 64)) % 2:
                        continue
                    corrupt(path, out, noise, severity, "--preset", preset, "--seed", side + severity, "--clip-id",
                            clip)
                    check_pair(f"{noise} {severity}, {name} at {side}", x, read_rgb(out),
                               noise_by_numpy(noise, x / 255., value, rng))


def check_still(folder):
    """A fixed pattern stays."""
    path, out = f"{folder}/still.mkv", f"{folder}/noisy.mkv"
    x = np.repeat(pictures(64)[:1], 3, 0)
    write_rgb(path, x)
    for noise in ("gaussian_noise", "speckle_noise", "impulse_noise", "iso_noise"):
        corrupt(path, out, noise, 3, "--temporal", "static")
        y = read_rgb(out)
        check(f"static {noise}: values that move", (y[1:] != y[0]).sum(), 0)


def check_quant(folder):
    path, out = f"{folder}/pictures.mkv", f"{folder}/quant.mkv"
    for side in SIZES:
        x = pictures(side)
        write_rgb(path, x)
        for severity in SEVERITIES:
            corrupt(path, out, "color_quant", severity)
            want = np.stack([PIL.ImageOps.posterize(PIL.Image.fromarray(y), 6 - severity) for y in x])
            check(f"color_quant {severity} at {side}: values that differ", (read_rgb(out) != want).sum(), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_quant(folder)
        check_still(folder)
        check_noise(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
