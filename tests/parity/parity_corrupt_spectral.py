"""Spectral corruptions against numpy.fft and scipy.fft, exactly where nothing is drawn.

Filters and bases: Yin et al., NeurIPS 2019; Wang et al., CVPR 2020. single_frequency,
brownish_noise, blue_noise_sample, checkerboard_cutout: Mintun et al., NeurIPS 2021 (C-bar).
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile
from math import pi, sqrt

import numpy as np
import scipy.fft
import skimage.data
import skimage.transform

from common import check, finish
from footage import corrupt, psnr, read_rgb, write_rgb

NAMES = ("astronaut", "coffee", "chelsea", "rocket")
SIZES = ((224, 224), (64, 64), (127, 251))  # rows and columns; the last are primes
SEVERITIES = range(1, 6)
LOW = (0.5, 0.35, 0.25, 0.15, 0.08)
HIGH = (0.01, 0.02, 0.04, 0.08, 0.16)
RHO = (0.02, 0.035, 0.07, 0.1, 0.14)
SINGLE = (19.6, 29.4, 39.2, 88.2, 98)
BROWNISH = {224: (6.4, 12.8, 19.2, 25.6, 32), 32: (16, 25.6, 35.2, 41.6, 44.8)}
BLUE = {224: (-2.26, -2.02, -1.78, -1.3, -0.82), 32: (-2.29, -2.08, -1.87, -1.45, -1.24)}
PRESETS = {224: "imagenet-c-bar-224", 32: "cifar-c-bar-32"}


def pictures(size, names=NAMES):
    """Photographs resized to (rows, columns), [n, rows, columns, 3]."""
    shown = [skimage.transform.resize(getattr(skimage.data, name)(), size, anti_aliasing=True) for name in names]
    return np.stack([np.uint8(np.round(x * 255)) for x in shown])


def nearest(x):
    """Whole numbers; what is half-way goes up, whatever its last bit."""
    return np.floor(x + (0.5 + 1e-9))


def levels(x):
    """Whole levels nearest to x."""
    return np.uint8(nearest(np.clip(x, 0, 255)))


def shares(size, mode):
    """Frequencies as shares of Nyquist's, down and across."""
    if mode == "dct":
        return np.arange(size[0])[:, None] / size[0], np.arange(size[1])[None] / size[1]
    return 2 * abs(np.fft.fftfreq(size[0]))[:, None], 2 * abs(np.fft.fftfreq(size[1]))[None]


def kept(x, radius, shape, mode):
    """Pictures [n, rows, columns, 3] without the frequencies above a radius."""
    down, across = shares(x.shape[1:3], mode)
    square = np.maximum(down, across) ** 2 if shape == "square" else down ** 2 + across ** 2
    mask = (square <= radius ** 2 + 1e-9)[None, :, :, None]
    x = np.float64(x)
    if mode == "dct":
        return scipy.fft.idctn(scipy.fft.dctn(x, axes=(1, 2)) * mask, axes=(1, 2))
    return np.fft.ifft2(np.fft.fft2(x, axes=(1, 2)) * mask, axes=(1, 2)).real


def low_pass(x, radius, shape, mode):
    return levels(kept(x, radius, shape, mode))


def high_pass(x, radius, shape, mode):
    radius = max(radius, (1 if mode == "dct" else 2) / max(x.shape[1:3]))
    return levels(x - kept(x, radius, shape, mode) + np.float64(x).mean((1, 2), keepdims=True))


def check_passes(folder):
    """KissFFT works in floats: values within about 1e-4 of half-way may go the other way."""
    path, out = f"{folder}/pictures.mkv", f"{folder}/filtered.mkv"
    for size in SIZES:
        x = pictures(size)
        write_rgb(path, x)
        corrupt(path, out, "high_pass", 5, "--params", "around=grey")
        apart = abs(np.int16(read_rgb(out)) - levels(x - kept(x, HIGH[4], "disc", "dft") + 128))
        check(f"high_pass around grey at {size[1]}x{size[0]}: share of values that differ", (apart > 0).mean(), 1e-4)
        for name, radii, function in (("low_pass", LOW, low_pass), ("high_pass", HIGH, high_pass)):
            for mode, shape in (("dft", "disc"), ("dct", "square"), ("dft", "square"), ("dct", "disc")):
                for severity, radius in zip(SEVERITIES, radii):
                    corrupt(path, out, name, severity, "--params", f"mode={mode}, shape={shape}")
                    apart = abs(np.int16(read_rgb(out)) - function(x, radius, shape, mode))
                    label = f"{name} {severity}, {shape}, {mode} at {size[1]}x{size[0]}"
                    check(f"{label}: share of values that differ", (apart > 0).mean(), 1e-4)
                    check(f"{label}: levels apart", apart.max(), 1)


def basis(size, kx, ky, phase=pi / 4, turns=0., still=True):
    """U_k times sqrt(H W) by the definition, [rows, columns]."""
    v, u = np.arange(size[0])[:, None], np.arange(size[1])[None]
    angle = 2 * pi * (ky * v / size[0] + kx * u / size[1] + turns)
    if still and 2 * kx % size[1] == 0 and 2 * ky % size[0] == 0:
        return np.cos(angle)
    return sqrt(2) * np.cos(angle + phase)


def worst_of_signs(got, x, wave):
    """Values that differ from x plus the wave, for each frame and channel by the better sign."""
    wave = nearest(wave)[..., None]
    both = [np.clip(x + sign * wave, 0, 255) != got for sign in (1, -1)]
    return np.minimum(*(np.sum(wrong, axis=(1, 2)) for wrong in both)).sum()


def check_bases(folder):
    path, out = f"{folder}/pictures.mkv", f"{folder}/waves.mkv"
    for size in SIZES:
        x = np.int16(pictures(size))
        write_rgb(path, np.uint8(x))
        frequencies = ((8, 8), (3, -20), (0, 0), (31, 0), (size[1] // 2, size[0] // 2))
        for severity, rho, (kx, ky) in zip(SEVERITIES, RHO, frequencies):
            corrupt(path, out, "fourier_basis", severity, "--params", f"kx={kx}, ky={ky}", "--clip-id", severity)
            wave = 255 * rho * basis(size, kx, ky)
            label = f"{severity}, k = ({kx}, {ky}) at {size[1]}x{size[0]}"
            check(f"fourier_basis {label}: values that differ", worst_of_signs(read_rgb(out), x, wave[None]), 0)
            for kt, period in ((1, 16), (8, 16), (3, 7)):
                corrupt(path, out, "fourier_basis_3d", severity, "--params",
                        f"kx={kx}, ky={ky}, kt={kt}, period={period}")
                wave = np.stack([basis(size, kx, ky, turns=kt * t / period, still=2 * kt % period == 0)
                                 for t in range(len(x))])
                check(f"fourier_basis_3d {label}, kt = {kt} of {period}: values that differ",
                      worst_of_signs(read_rgb(out), x, 255 * rho * wave), 0)
            for mode in ("add", "multiply"):
                corrupt(path, out, "flicker", severity, "--params", f"draw_phase=false, mode={mode}")
                swing = rho * sqrt(2) * np.cos(2 * pi * np.arange(len(x)) / 8)[:, None, None, None]
                want = levels(x * (1 + 2 * swing) if mode == "multiply" else x + 255 * swing)
                check(f"flicker {severity}, {mode} at {size[1]}x{size[0]}: values that differ",
                      (read_rgb(out) != want).sum(), 0)
    for preset, side, strength in (("yin-32", 32, 4.0), ("yin-224", 224, 15.7)):
        x = np.int16(pictures((side, side)))
        write_rgb(path, np.uint8(x))
        corrupt(path, out, "fourier_basis", 3, "--preset", preset)
        wave = 255 * strength * basis((side, side), 8, 8) / side
        check(f"{preset}, v = {strength}: values that differ", worst_of_signs(read_rgb(out), x, wave[None]),
              0 if side == 32 else 1e-3 * x.size)  # 0.0701 is 15.7 / 224 to three digits


def check_bar_geometry(folder):
    path, out = f"{folder}/pictures.mkv", f"{folder}/bar.mkv"
    for side in (224, 32):
        x = pictures((side, side))
        write_rgb(path, x)
        v, u = np.arange(side)[:, None], np.arange(side)[None]
        for severity, amplitude in zip(SEVERITIES, SINGLE):
            for fx, fy, phase in ((0.3, -2.1, 1.), (-3.17, 0.023, 5.9)):
                corrupt(path, out, "single_frequency", severity, "--params",
                        f"draw=false, fx={fx}, fy={fy}, phase={phase}")
                noise = np.sin(u * fx + v * fy + phase)[None, :, :, None]
                want = np.clip(x + amplitude * noise, 0, 255).astype(np.uint8)
                check(f"single_frequency {severity}, ({fx}, {fy}) at {side}: values that differ",
                      (read_rgb(out) != want).sum(), 0)
        for angle, share in ((30, 0.2), (200, 0.11), (-77, 0.25)):
            corrupt(path, out, "checkerboard_cutout", 3, "--params",
                    f"draw=false, fraction=1, angle={angle}, side={share}")
            a, length = angle * pi / 180, share * side
            down = (np.cos(a) * v + np.sin(a) * u) / length
            across = (np.cos(a) * u - np.sin(a) * v) / length
            grey = np.int8(down % 2) == np.int8(across % 2)
            want = np.where(grey[None, :, :, None], 128, x)
            check(f"checkerboard_cutout at {angle} degrees, {side}: values that differ",
                  (read_rgb(out) != want).sum(), 0)


def bar_noise(side, amplitude, rng):
    """The real part of waves of given amplitude (a function of f) and drawn phases."""
    f = np.hypot(*np.meshgrid(*2 * [np.fft.fftfreq(side) * side]))
    phases = rng.uniform(0, 2 * pi, (side, side))
    noise = np.fft.ifft2(amplitude(f) * np.exp(1j * phases)).real
    return noise / noise.std()


def ring_noise(side, band, rng):
    """White Gaussian noise filtered to a ring and brought to a root mean square of 1."""
    f = np.hypot(*np.meshgrid(*2 * [2 * np.fft.fftfreq(side)]))
    ring = (f > 2. ** (band - 7) + 1e-9) & (f <= 2. ** (band - 6) + 1e-9)
    noise = np.fft.ifft2(np.fft.fft2(rng.normal(size=(side, side))) * ring).real
    return noise / sqrt((noise ** 2).mean())


def correlations(residual):
    """Of each frame with itself moved down and across by 1, 2, 4 and 8, [t, 8]."""
    residual = residual - residual.mean((1, 2), keepdims=True)
    energy = (residual ** 2).mean((1, 2)) + 1e-9
    return np.stack([(np.roll(residual, lag, axis) * residual).mean((1, 2)) / energy
                     for lag in (1, 2, 4, 8) for axis in (1, 2)], -1)


def compare(label, got, want, x):
    """Two samples of noisy pictures [t, h, w, 3] of one picture x: strength and texture alike."""
    def apart(ours, theirs):
        """Difference of two means and its standard error."""
        return abs(ours.mean(0) - theirs.mean(0)), np.hypot(ours.std(0), theirs.std(0)) / sqrt(len(got))
    difference, error = apart(*(np.array([psnr(y, x) for y in noisy]) for noisy in (got, want)))
    check(f"{label}: PSNR, dB apart", difference, max(0.25, 4 * error))
    ours, theirs = (np.float64(noisy[..., 0]) - x[..., 0] for noisy in (got, want))
    difference, error = apart(ours.mean((1, 2)), theirs.mean((1, 2)))
    check(f"{label}: mean residual, levels apart", difference, max(0.05, 4 * error))
    difference, error = apart(correlations(ours), correlations(theirs))
    check(f"{label}: correlations at lags of 1 to 8, apart over their limit",
          (difference / np.maximum(0.03, 4 * error)).max(), 1)


def check_noise(folder, frames=16):
    """Seeds are fixed; limits of 4 standard errors would be passed by chance in 1 of 16,000 checks."""
    path, out, rng = f"{folder}/still.mkv", f"{folder}/noisy.mkv", np.random.default_rng(0)
    for side in (64, 224):
        x = pictures((side, side), ("coffee",))[0]
        many = frames if side > 64 else 4 * frames
        write_rgb(path, np.repeat(x[None], many, 0))
        for severity, rho in zip(SEVERITIES, RHO):
            band = severity + 1
            corrupt(path, out, "band_noise", severity, "--params", f"band={band}", "--temporal", "iid")
            noise = [np.stack([ring_noise(side, band, rng) for _ in range(3)], -1) for _ in range(many)]
            compare(f"band_noise {severity}, band {band} at {side}", read_rgb(out),
                    levels(x + 255 * rho * np.stack(noise)), x)
    for side, preset in PRESETS.items():
        x = pictures((side, side), ("coffee",))[0]
        many = frames if side > 64 else 8 * frames
        write_rgb(path, np.repeat(x[None], many, 0))
        for severity, sigma, threshold in zip(SEVERITIES, BROWNISH[side], BLUE[side]):
            corrupt(path, out, "brownish_noise", severity, "--preset", preset, "--temporal", "iid")
            noise = [np.stack([bar_noise(side, lambda f: 1 / (f ** 2 + 1), rng) for _ in range(3)], -1)
                     for _ in range(many)]
            want = np.clip(x + sigma * np.stack(noise), 0, 255).astype(np.uint8)
            compare(f"brownish_noise {severity} at {side}", read_rgb(out), want, x)
            corrupt(path, out, "blue_noise_sample", severity, "--preset", preset, "--temporal", "iid")
            noise = np.stack([bar_noise(side, lambda f: f, rng) for _ in range(many)])
            compare(f"blue_noise_sample {severity} at {side}", read_rgb(out), x * (noise > threshold)[..., None], x)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_passes(folder)
        check_bases(folder)
        check_bar_geometry(folder)
        check_noise(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
