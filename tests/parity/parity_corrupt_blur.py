"""Blurs, pixelate and JPEG against scikit-image, SciPy, OpenCV and Pillow.

Hendrycks and Dietterich, ICLR 2019. Where they draw, motion blur is given its angle, by
the rule of ImageMagick 6.9.11-60 in NumPy; glass blur is compared in distribution.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import functools
import io
import sys
import tempfile

import cv2
import numpy as np
import PIL.Image
import scipy.ndimage
import skimage.data
import skimage.filters
import skimage.transform

from common import check, finish
from footage import corrupt, psnr, read_rgb, write_rgb

NAMES = ("astronaut", "coffee", "chelsea", "rocket")
SIZES = {"imagenet-c-224": (224, 224), "imagenet-c-299": (299, 299), "tiny-64": (64, 64), "cifar-32": (32, 32)}
SEVERITIES = range(1, 6)
DRAWS = 12
GAUSSIAN = {"imagenet-c-224": (1, 2, 3, 4, 6), "imagenet-c-299": (1.5, 2.5, 3.5, 4.5, 6.5),
            "tiny-64": (.5, .75, 1, 1.25, 1.5), "cifar-32": (.4, .6, .7, .8, 1)}
DEFOCUS = {"imagenet-c-224": ((3, .1), (4, .5), (6, .5), (8, .5), (10, .5)),
           "imagenet-c-299": ((4, .1), (5, .5), (7, .5), (10, .5), (12, .5)),
           "tiny-64": ((.5, .6), (1, .1), (1.5, .1), (2.5, .01), (3, .1)),
           "cifar-32": ((.3, .4), (.4, .5), (.5, .6), (1, .2), (1.5, .1))}
GLASS = {"imagenet-c-224": ((.7, 1, 2), (.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
         "tiny-64": ((.1, 1, 1), (.5, 1, 1), (.6, 1, 2), (.7, 2, 1), (.9, 2, 2))}
MOTION = {"imagenet-c-224": ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
          "imagenet-c-299": ((12, 4), (17, 6), (17, 9), (17, 13), (22, 16)),
          "tiny-64": ((10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)),
          "cifar-32": ((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5))}
ZOOM_224 = ((1.11, .01), (1.16, .01), (1.21, .02), (1.26, .02), (1.31, .03))
ZOOM_64 = ((1.06, .01), (1.11, .01), (1.16, .01), (1.21, .01), (1.26, .01))
ZOOM = {"imagenet-c-224": ZOOM_224, "imagenet-c-299": ZOOM_224, "tiny-64": ZOOM_64, "cifar-32": ZOOM_64}
PIXELATE = {"imagenet-c-224": (.6, .5, .4, .3, .25), "imagenet-c-299": (.5, .4, .3, .25, .2),
            "tiny-64": (.9, .8, .7, .6, .5), "cifar-32": (.95, .9, .85, .75, .65)}
JPEG = {"imagenet-c-224": (25, 18, 15, 10, 7), "imagenet-c-299": (23, 16, 13, 8, 5),
        "tiny-64": (65, 58, 50, 40, 25), "cifar-32": (80, 65, 58, 50, 40)}


@functools.lru_cache
def pictures(height, width):
    """Photographs [n, height, width, 3], a field of levels, and a point."""
    out = []
    for name in NAMES:
        x = skimage.transform.resize(getattr(skimage.data, name)(), (height, width), anti_aliasing=True)
        out.append(np.uint8(np.round(x * 255)))
    levels = np.repeat(np.arange(256).reshape(16, 16), -(-height // 16), 0)
    levels = np.repeat(levels, -(-width // 16), 1)[:height, :width]
    point = np.zeros((height, width), np.uint8)
    point[height // 2, width // 3] = 255
    return np.stack(out + [np.repeat(np.uint8(x)[..., None], 3, 2) for x in (levels, point)])


def cut(x):
    return np.uint8(np.clip(x, 0, 1) * 255)


def gaussian(x, sigma):
    return cut(skimage.filters.gaussian(x / 255., sigma=sigma, channel_axis=-1))


def defocus(x, radius, alias):
    span, size = (np.arange(-8, 9), 3) if radius <= 8 else (np.arange(-radius, radius + 1), 5)
    disk = np.float32(span[:, None] ** 2 + span ** 2 <= radius ** 2)
    disk /= disk.sum()
    kernel = cv2.GaussianBlur(disk, (size, size), sigmaX=alias)
    return cut(np.stack([cv2.filter2D(x[..., c] / 255., -1, kernel) for c in range(3)], -1))


def motion(x, radius, sigma, angle):
    taps = np.arange(2 * radius + 1)
    weight = np.exp(-taps ** 2 / (2. * sigma * sigma))
    weight /= weight.sum()
    columns = np.ceil(taps * np.cos(np.radians(angle)) - .5).astype(int)
    rows = np.ceil(taps * np.sin(np.radians(angle)) - .5).astype(int)
    height, width, _ = x.shape
    total = np.zeros(x.shape)
    for w, dx, dy in zip(weight, columns, rows):
        total += w * 257. * x[np.clip(np.arange(height) + dy, 0, height - 1)][
            :, np.clip(np.arange(width) + dx, 0, width - 1)]
    return np.uint8(np.floor(total + .5) // 257)


def zoomed(x, factor):
    side = x.shape[0]
    kept = int(np.ceil(side / factor))
    top = (side - kept) // 2
    x = scipy.ndimage.zoom(x[top:top + kept, top:top + kept], (factor, factor, 1), order=1)
    trim = (x.shape[0] - side) // 2
    return x[trim:trim + side, trim:trim + side]


def zoom(x, stop, step):
    x = np.float32(x / 255.)
    factors = np.arange(1, stop, step)
    out = np.zeros_like(x)
    for factor in factors:
        out += zoomed(x, factor)
    return cut((x + out) / (len(factors) + 1))


def pixelate(x, scale):
    height, width, _ = x.shape
    small = PIL.Image.fromarray(x).resize((int(width * scale), int(height * scale)), PIL.Image.BOX)
    return np.asarray(small.resize((width, height), PIL.Image.BOX))


def jpeg(x, quality):
    stream = io.BytesIO()
    PIL.Image.fromarray(x).save(stream, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(stream))


def glass(x, sigma, delta, passes, rng):
    x = gaussian(x, sigma)
    height, width, _ = x.shape
    for _ in range(passes):
        offsets = rng.integers(-delta, delta, (height, width, 2))
        for row in range(height - delta, delta, -1):
            for column in range(width - delta, delta, -1):
                dx, dy = offsets[row, column]
                x[row, column] = x[row + dy, column + dx]
    return gaussian(x, sigma)


def whole(x, sigma):
    """Where a Gaussian's value is a whole level but for rounding errors, as in flat areas: which one comes out hangs
    on the last bits of NumPy's exp(), which differ from machine to machine."""
    level = np.stack([skimage.filters.gaussian(p / 255., sigma=sigma, channel_axis=-1) for p in x]) * 255
    return np.abs(level - np.round(level)) < 1e-9


def check_exact(folder, name, function, table, share=0.):
    """`share` of the bytes may differ by one level."""
    path, out = f"{folder}/pictures.mkv", f"{folder}/out.mkv"
    for preset, size in SIZES.items():
        shapes = [size] if function is zoom or size[0] != 64 else [size, (33, 81)]
        for height, width in shapes:
            x = pictures(height, width)
            write_rgb(path, x)
            for severity, values in zip(SEVERITIES, table[preset]):
                values = np.atleast_1d(values).tolist()
                values = [int(v) if v == int(v) else v for v in values]
                words = ["--preset", preset]
                if function is motion:
                    angle = 17.3 * severity - 53
                    values.append(angle)
                    words += ["--params", f"angle={angle!r}, spread=0"]
                corrupt(path, out, name, severity, *words)
                off = np.abs(np.int32(read_rgb(out)) - np.stack([function(p, *values) for p in x]))
                label = f"{name} {severity} of {preset}, {width}x{height}"
                if function is gaussian:
                    off[whole(x, *values)] -= off[whole(x, *values)] == 1
                check(f"{label}: share of bytes that differ", (off > 0).mean(), share)
                check(f"{label}: by how much", off.max(), 1 if share else 0)


def check_glass(folder):
    """A few draws on small pictures: 4 standard errors."""
    path, out, rng = f"{folder}/still.mkv", f"{folder}/glass.mkv", np.random.default_rng(0)
    for preset, table in GLASS.items():
        for name, picture in zip(NAMES[:2], pictures(64, 64)):
            x = np.repeat(picture[None], DRAWS, 0)
            write_rgb(path, x)
            for severity, values in zip(SEVERITIES, table):
                corrupt(path, out, "glass_blur", severity, "--preset", preset, "--temporal", "iid", "--seed", severity)
                got, want = read_rgb(out), np.stack([glass(picture, *values, rng) for _ in range(DRAWS)])
                for what, of in (("PSNR", lambda y: psnr(y, picture)), ("mean", np.mean),
                                 ("spread", lambda y: np.std(np.float64(y)))):
                    ours, theirs = (np.array([of(y) for y in blurred]) for blurred in (got, want))
                    apart = abs(ours.mean() - theirs.mean()) / np.sqrt((ours.var() + theirs.var()) / (DRAWS - 1))
                    check(f"glass_blur {severity} of {preset} on {name}, {what} {theirs.mean():.2f}: in standard "
                          "errors", apart, 4)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_exact(folder, "gaussian_blur", gaussian, GAUSSIAN)
        check_exact(folder, "defocus_blur", defocus, DEFOCUS, 1e-4)  # theirs goes through a Fourier transform
        check_exact(folder, "motion_blur", motion, MOTION)
        check_exact(folder, "zoom_blur", zoom, ZOOM)
        check_exact(folder, "pixelate", pixelate, PIXELATE)
        check_exact(folder, "jpeg_compression", jpeg, JPEG)
        check_glass(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
