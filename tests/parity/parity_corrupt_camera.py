"""Rotations, translations, ramps and the elastic transform against Pillow, torchvision, OpenCV and SciPy.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import cv2
import numpy as np
import scipy.ndimage
import skimage.filters
import torchvision.transforms.functional as vision
from PIL import Image

from common import check, finish
from footage import corrupt, psnr, read_rgb, write_rgb
from parity_corrupt import brighten, pictures

BILINEAR = vision.InterpolationMode.BILINEAR
SIZES = {224: "imagenet-c-224", 64: "tiny-64"}
STEPS = (.5, .75, 1, 1.5, 2)  # times ImageNet-P's
SCALES = dict(zip(STEPS, ((.8, 1 / 120), (.6, 1 / 60), (.4, .025), (.3, 3.5 / 120), (.2, 1 / 30))))
ELASTIC = {224: ((488, 170.8, 24.4), (488, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88), (29.28, 2.44, 4.88)),
           64: ((0, 0, 5.12), (3.2, 19.2, 3.84), (6.4, 5.12, 3.84), (6.4, 1.92, 1.92), (10.24, 1.92, 1.28))}
ELASTIC_FRAMES = 16


def turned(x, angle, filter_=Image.NEAREST):
    return np.asarray(Image.fromarray(x).rotate(angle, resample=filter_))


def shown(folder, x, *words):
    """Frames x [t, h, w, 3] through coppice."""
    path, out = f"{folder}/in.mkv", f"{folder}/out.mkv"
    write_rgb(path, x)
    corrupt(path, out, *words)
    return read_rgb(out)


def oblong(side):
    """The pictures without their last rows: sides that differ, one of them odd."""
    return pictures(side)[:, :side * 3 // 4 - 1]


def compare(label, got, want, share):
    """Equal but for a share of truncated levels that fall to the other side of a whole one."""
    wrong = np.abs(np.int32(got) - np.stack(want))
    check(f"{label}: largest difference", wrong.max(), 1 if share else 0)
    check(f"{label}: share of values that differ", (wrong > 0).mean(), share)


def check_static_rotate(folder):
    for side in SIZES:
        for shape, x in (("square", pictures(side)), ("oblong", oblong(side))):
            for severity, angle in enumerate((7.5, 15, 30, 45, 90), 1):
                for name, filter_ in (("nearest", Image.NEAREST), ("bilinear", Image.BILINEAR)):
                    got = shown(folder, x, "static_rotate", severity, "--params", f"interpolation={name}")
                    compare(f"static_rotate {severity}, {name}, {shape} of {side}", got,
                            [turned(picture, angle, filter_) for picture in x], 0 if name == "nearest" else 5e-4)


def check_rotate(folder):
    """Each frame is one of the turns that may be drawn, and all of these come up."""
    x = np.repeat(pictures(64)[:1], 300, 0)
    for preset, rows in (("ucf101-p", (7, 13, 19, 25, 31)), ("schiappa-orig", (6, 12, 18, 24, 30))):
        for severity, reach in enumerate(rows, 1):
            got = shown(folder, x, "rotate", severity, "--preset", preset, "--seed", severity)
            seen = {turned(x[0], angle).tobytes(): angle for angle in range(-reach, reach + 1)}
            angles = [seen.get(frame.tobytes()) for frame in got]
            check(f"rotate {severity} of {preset}: frames that are no turn", angles.count(None), 0)
            check(f"rotate {severity} of {preset}: turns never seen", len(seen) - len(set(angles)), 0 if reach < 20
                  else 4)
    change = {}
    for mode in ("static", "coherent", "iid"):
        got = np.float64(shown(folder, x, "rotate", 3, "--temporal", mode))
        change[mode] = np.abs(np.diff(got, axis=0)).mean()
    check("rotate, static: mean change from frame to frame, in levels", change["static"], 0)
    check("rotate, coherent: mean change from frame to frame, of that of iid", change["coherent"] / change["iid"], .5)


def moved(x, dx, dy):
    """Content moved left by dx and up by dy, zeros beyond."""
    h, w, _ = x.shape
    padded = np.pad(x, ((h, h), (w, w), (0, 0)))
    return padded[h + dy:2 * h + dy, w + dx:2 * w + dx]


def check_translate(folder):
    x = np.repeat(pictures(64)[1:2], 200, 0)
    for severity in range(1, 6):
        reach = 8 * severity
        got = shown(folder, x, "translate", severity, "--preset", "ucf101-p", "--temporal", "iid")
        seen = {moved(x[0], dx, dy).tobytes(): (dx, dy) for dx in range(reach) for dy in range(reach)}
        offsets = [seen.get(frame.tobytes()) for frame in got]
        check(f"translate {severity}: frames that are no translation", offsets.count(None), 0)
        found = np.array([offset for offset in offsets if offset])
        check(f"translate {severity}: mean offset, in standard errors",
              np.abs(found.mean(0) - (reach - 1) / 2).max() / np.sqrt((reach ** 2 - 1) / 12 / len(found)), 4)


def tilted(x, degrees):
    h, w, _ = x.shape
    angle, focal = np.deg2rad(degrees), np.hypot(w, h)
    c, s = np.cos(angle), np.sin(angle)
    onto = np.array([[1, 0, -w / 2], [0, 1, -h / 2], [0, 0, 1], [0, 0, 1]])
    about_x = np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]])
    about_y = np.array([[c, 0, -s, 0], [0, 1, 0, 0], [s, 0, c, 0], [0, 0, 0, 1]])
    away = np.eye(4)
    away[2, 3] = focal
    seen = np.array([[focal, 0, w / 2, 0], [0, focal, h / 2, 0], [0, 0, 1, 0]])
    return cv2.warpPerspective(x, seen @ away @ about_x @ about_y @ onto, (w, h))


def affine(x, filter_=BILINEAR, **words):
    words = {"angle": 0, "translate": (0, 0), "scale": 1., "shear": 0, **words}
    return np.asarray(vision.affine(Image.fromarray(x), interpolation=filter_, **words))


def zoomed(x, i, k):
    """The mean of i + 1 zooms, added up as torch does."""
    total = np.float32(x) / 255
    for copy in range(1, i + 1):
        total += np.float32(affine(x, scale=1 + k * .004 * copy)) / 255
    return np.uint8(total / np.float32(i + 1) * 255)


def blurred(x, i, k):
    """Cut at 6 sigma; ours at 4."""
    sigma = dict(zip(STEPS, (1, 2, 3, 4, 6)))[k] * (.25 + .035 * i)
    return np.uint8(skimage.filters.gaussian(x / 255., sigma=sigma, channel_axis=-1, truncate=6) * 255)


def check_ramps(folder):
    """Severity 3 is the original, of blurs 1. Shears hold the middle row of an odd height in place, where
    truncation hangs on the last bit of x."""
    ramps = {"translate_ramp": (20, 41, 0, lambda x, i, k: affine(x, translate=(k * i, 0))),
             "rotate_ramp": (15, 31, 1e-4, lambda x, i, k: affine(x, angle=k * i)),
             "shear_ramp": (15, 31, 1e-3, lambda x, i, k: affine(x, shear=k * i)),
             "tilt_ramp": (15, 31, 0, lambda x, i, k: tilted(x, k * i)),
             "brightness_ramp": (15, 31, 0, lambda x, i, k: brighten(x, i * (k * 2 / 100.))),
             "scale_ramp": (0, 31, 1e-4, lambda x, i, k: affine(x, scale=SCALES[k][0] + SCALES[k][1] * i)),
             "zoom_ramp": (0, 31, 1e-3, zoomed),
             "blur_ramp": (0, 31, 5e-3, blurred)}
    for shape, picture, severities in (("square of 224", pictures(224)[2], (3,)),
                                       ("oblong of 64", oblong(64)[0], range(1, 6))):
        for name, (centre, frames, share, original) in ramps.items():
            x = np.repeat(picture[None], 2 * frames - 1, 0)
            places = [*range(frames), *range(frames - 2, -1, -1)]
            for severity in severities:
                step = STEPS[severity - 1]
                got = shown(folder, x, name, severity, "--preset", "imagenet-p-224")
                compare(f"{name} {severity}, {shape}", got, [original(picture, i - centre, step) for i in places],
                        share)


def elastic(x, alpha, sigma, most, rng):
    h, w, _ = x.shape
    x = np.float32(x) / 255.
    centre, s = np.float32((h, w)) // 2, min(h, w) // 3
    points = np.float32([centre + s, [centre[0] + s, centre[1] - s], centre - s])
    jittered = points + rng.uniform(-most, most, size=points.shape).astype(np.float32)
    x = cv2.warpAffine(x, cv2.getAffineTransform(points, jittered), (w, h), borderMode=cv2.BORDER_REFLECT_101)
    dx, dy = (np.float32(scipy.ndimage.gaussian_filter(rng.uniform(-1, 1, size=(h, w)), sigma, mode="reflect",
                                                       truncate=3) * alpha) for _ in range(2))
    v, u = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
    x = np.stack([scipy.ndimage.map_coordinates(x[..., c], [v + dy, u + dx], order=1, mode="reflect")
                  for c in range(3)], -1)
    return np.uint8(np.clip(x, 0, 1) * 255)


def check_elastic(folder):
    """Bytes are compared by test_golden_elastic; here the distribution of what is drawn. Limits of 4
    standard errors of both would be passed by chance in 1 of 16,000 checks."""
    rng = np.random.default_rng(0)
    for side, preset in SIZES.items():
        for picture in pictures(side)[:1]:
            x = np.repeat(picture[None], ELASTIC_FRAMES, 0)
            for severity, row in enumerate(ELASTIC[side], 1):
                got = shown(folder, x, "elastic_transform", severity, "--preset", preset, "--temporal", "iid",
                            "--seed", severity)
                ours = np.array([psnr(frame, picture) for frame in got])
                theirs = np.array([psnr(elastic(picture, *row, rng), picture) for _ in range(ELASTIC_FRAMES)])
                error = np.hypot(ours.std(), theirs.std()) / np.sqrt(ELASTIC_FRAMES)
                check(f"elastic_transform {severity} at {side}, {theirs.mean():.2f} dB: PSNR, in standard errors",
                      abs(ours.mean() - theirs.mean()) / error, 4)
    for mode, least, most in (("static", 99, 99), ("coherent", 25, 98)):
        frames = shown(folder, x, "elastic_transform", 5, "--preset", preset, "--temporal", mode)
        alike = [min(psnr(a, b), 99) if (a != b).any() else 99 for a, b in zip(frames, frames[1:])]
        check(f"elastic_transform, {mode}: PSNR of neighbouring frames, dB outside {least} to {most}",
              max(least - min(alike), max(alike) - most, 0), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_static_rotate(folder)
        check_rotate(folder)
        check_translate(folder)
        check_ramps(folder)
        check_elastic(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
