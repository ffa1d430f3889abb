"""Corruptions against their definitions: exact where nothing is drawn, else in distribution.

Brightness and Gaussian noise: Hendrycks and Dietterich, ICLR 2019. Temporal motion blur
and H.264: Yi et al., NeurIPS 2021 (datasets and benchmarks).
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile
from math import erf, sqrt

import numpy as np
import skimage.color
import skimage.data
import skimage.transform

from common import check, finish
from footage import (coppice_frames, corrupt, ffmpeg, opencv_clips, psnr, raw_frames, read_rgb, source, stream_of,
                     write_rgb)

NAMES = ("astronaut", "coffee", "chelsea", "rocket")
SIZES = {224: "imagenet-c-224", 64: "tiny-64"}
OFFSET = (0.1, 0.2, 0.3, 0.4, 0.5)
SIGMA = {224: (0.08, 0.12, 0.18, 0.26, 0.38), 64: (0.04, 0.08, 0.12, 0.15, 0.18)}
HALF_WINDOW = {"kinetics-c": (3, 5, 7, 9, 11), "ssv2-c": (1, 2, 3, 4, 6)}
CRF = (23, 30, 37, 44, 51)
SEVERITIES = range(1, 6)
NOISE_FRAMES = 16


def pictures(side):
    """Centre squares of photographs, [n, side, side, 3]."""
    out = []
    for name in NAMES:
        x = getattr(skimage.data, name)()
        edge = min(x.shape[:2])
        top, left = (x.shape[0] - edge) // 2, (x.shape[1] - edge) // 2
        x = skimage.transform.resize(x[top:top + edge, left:left + edge], (side, side), anti_aliasing=True)
        out.append(np.uint8(np.round(x * 255)))
    return np.stack(out)


def brighten(x, offset):
    hsv = skimage.color.rgb2hsv(x / 255.)
    hsv[..., 2] = np.clip(hsv[..., 2] + offset, 0, 1)
    return np.uint8(np.clip(skimage.color.hsv2rgb(hsv), 0, 1) * 255)


def check_brightness(folder):
    path, out = f"{folder}/pictures.mkv", f"{folder}/bright.mkv"
    for side, preset in SIZES.items():
        x = pictures(side)
        write_rgb(path, x)
        for severity, offset in zip(SEVERITIES, OFFSET):
            corrupt(path, out, "brightness", severity, "--preset", preset)
            got, want = read_rgb(out), np.stack([brighten(picture, offset) for picture in x])
            check(f"brightness {severity} at {side}: values that differ", (got != want).sum(), 0)


def noise_moments(sigma):
    """Mean and variance of floor(255 clip(x / 255 + N(0, sigma^2))) for x = 0 .. 255, exactly."""
    below = np.array([0.5 * (1 + erf(k / (255 * sigma * sqrt(2)))) for k in range(-255, 256)])
    steps = np.diff(np.concatenate([[0], below, [1]]))  # of floor(255 N) = -256 (or less) .. 255 (or more)
    values = np.clip(np.arange(256)[:, None] + np.arange(-256, 256), 0, 255)
    mean = values @ steps
    return mean, values ** 2 @ steps - mean ** 2


def noise_by_numpy(x, sigma, rng):
    return np.uint8(np.clip(x / 255. + rng.normal(size=x.shape, scale=sigma), 0, 1) * 255)


def correlation(a, b):
    return float(np.mean(a * b) / np.sqrt(np.mean(a * a) * np.mean(b * b)))


def apart(a, b):
    """Difference of two means in standard errors."""
    return abs(a.mean() - b.mean()) / np.sqrt(a.var() / a.size + b.var() / b.size)


def check_noise(folder):
    """A still picture a clip. Seeds are fixed; limits of 4 standard errors would be passed by chance in 1
    of 16,000 checks."""
    path, out, rng = f"{folder}/still.mkv", f"{folder}/noisy.mkv", np.random.default_rng(0)
    for side, preset in SIZES.items():
        for clip, (name, picture) in enumerate(zip(NAMES, pictures(side))):
            x = np.repeat(picture[None], NOISE_FRAMES, 0)
            write_rgb(path, x)
            for severity, sigma in zip(SEVERITIES, SIGMA[side]):
                label = f"gaussian_noise {severity}, {name} at {side}"
                corrupt(path, out, "gaussian_noise", severity, "--preset", preset, "--seed", side + severity,
                        "--clip-id", clip)
                got, want = read_rgb(out), noise_by_numpy(x, sigma, rng)
                residual, other = np.float64(got) - x, np.float64(want) - x
                check(f"{label}: mean residual, in standard errors", apart(residual, other), 4)
                check(f"{label}: variance of the residual, off 1", abs(residual.var() / other.var() - 1), 0.03)
                for level in (0, 255):
                    check(f"{label}: share of {level}, in standard errors",
                          apart(np.float64(got == level), np.float64(want == level)) if (want == level).any() else
                          (got == level).sum(), 4)
                ours, theirs = (np.array([psnr(y, x[0]) for y in noisy]) for noisy in (got, want))
                check(f"{label}: PSNR, dB apart", abs(ours.mean() - theirs.mean()),
                      max(0.25, 3 * np.hypot(ours.std(), theirs.std()) / sqrt(NOISE_FRAMES)))
                # What is left when each level's own mean is gone is independent from frame to frame.
                mean, variance = noise_moments(sigma)
                free = (got - mean[x]) / np.sqrt(variance[x])
                check(f"{label}: correlation of neighbouring frames, in standard errors",
                      abs(correlation(free[1:], free[:-1])) * sqrt(free[1:].size), 4)
                check(f"{label}: correlation of neighbouring elements, in standard errors",
                      abs(correlation(free[:, :, 1:], free[:, :, :-1])) * sqrt(free[:, :, 1:].size), 4)
            corrupt(path, out, "gaussian_noise", 3, "--preset", preset, "--temporal", "static")
            residual = np.float64(read_rgb(out)) - x
            residual -= residual.mean()
            check(f"static gaussian_noise, {name} at {side}: neighbouring frames' correlation, off 1",
                  abs(1 - correlation(residual[1:], residual[:-1])), 1e-12)


def check_blur(folder):
    path = f"{folder}/moving.mkv"
    source(path, ("-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf", "noise=alls=30:allf=t:all_seed=9"), size="97x61",
           frames=40)
    clip = [np.stack(planes) for planes in zip(*coppice_frames(path))]  # Y, U and V, [t, h, w]
    for preset, reach in HALF_WINDOW.items():
        for severity, c in zip(SEVERITIES, reach):
            got = [np.stack(planes) for planes in
                   zip(*coppice_frames(path, "motion_blur_temporal", severity, "--preset", preset))]
            wrong = 0
            for plane, blurred in zip(clip, got):
                last = len(plane) - 1
                for i, frame in enumerate(blurred):
                    window = plane[np.clip(np.arange(i - c, i + c), 0, last)]
                    wrong += (np.uint8(np.mean(window, 0)) != frame).sum()
                wrong += blurred.shape != plane.shape
            check(f"motion_blur_temporal {severity} of {preset}: values that differ", wrong, 0)


def check_h264(folder):
    """Against the ffmpeg command's one long stream of 25 frames a second, key frames at the same places.
    (x264 spends more on a frame that stays longer: at 10 a second it gives 2 dB more.)"""
    clips = [("test pattern", f"{folder}/pattern.mkv")]
    source(clips[0][1], ("-c:v", "ffv1", "-pix_fmt", "yuv420p"), frames=96)
    for clip in opencv_clips():
        if clip.endswith("vtest.avi"):
            clips.append(("vtest.avi", f"{folder}/vtest.mkv"))
            ffmpeg("-ss", 20, "-i", clip, "-frames:v", 96, "-c:v", "ffv1", "-vf", "scale=384:288", clips[-1][1])
    coded = f"{folder}/coded.mp4"
    for label, path in clips:
        facts = stream_of(path)
        luma = facts["width"] * facts["height"]
        clean = np.stack([planes[0] for planes in coppice_frames(path)])
        for severity, crf in zip(SEVERITIES, CRF):
            ours = psnr(np.stack([planes[0] for planes in coppice_frames(path, "h264_crf", severity)]), clean)
            ffmpeg("-i", path, "-vf", "setpts=N/25/TB", "-r", 25, "-c:v", "libx264", "-crf", crf, "-g", 32,
                   "-force_key_frames", "expr:not(mod(n,32))", coded)
            frames = raw_frames(coded, "yuv420p", luma * 3 // 2)
            theirs = psnr(np.stack([frame[:luma].reshape(clean.shape[1:]) for frame in frames]), clean)
            check(f"h264_crf {severity} on {label}, {theirs:.2f} dB: PSNR, dB apart", abs(ours - theirs), 0.3)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_brightness(folder)
        check_noise(folder)
        check_blur(folder)
        check_h264(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
