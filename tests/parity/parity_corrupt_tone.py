"""Saturation, contrast and brightness against scikit-image and NumPy: not a value differs.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import numpy as np
import skimage.color

from common import check, finish
from footage import corrupt, read_rgb, write_rgb
from parity_corrupt import pictures

BRIGHTNESS = {"coppice": (.1, .2, .3, .4, .5), "imagenet-c-224": (.1, .2, .3, .4, .5), "tiny-64": (.1, .2, .3, .4, .5),
              "imagenet-c-299": (.1, .2, .3, .4, .5), "cifar-32": (.05, .1, .15, .2, .3),
              "kinetics-c": (.1, .2, .3, .4, .5), "ssv2-c": (.1, .2, .3, .4, .5)}
AT_224 = ((.3, 0), (.1, 0), (2, 0), (5, .1), (20, .2))
SATURATE = {"coppice": AT_224, "imagenet-c-224": AT_224, "imagenet-c-299": AT_224, "kinetics-c": AT_224,
            "ssv2-c": AT_224, "tiny-64": (*AT_224[:4], (30, .2)),
            "cifar-32": ((.3, 0), (.1, 0), (1.5, 0), (2, .1), (2.5, .2))}
OF_PICTURES, OF_CLIPS = (.4, .3, .2, .1, .05), (.5, .4, .3, .2, .1)
CONTRAST = {"coppice": OF_CLIPS, "imagenet-c-224": OF_PICTURES, "imagenet-c-299": OF_PICTURES,
            "tiny-64": OF_PICTURES, "cifar-32": (.75, .5, .4, .3, .15), "kinetics-c": OF_CLIPS, "ssv2-c": OF_CLIPS}


def levels(x):
    return np.uint8(np.clip(x, 0, 1) * 255)


def brighten(x, offset):
    hsv = skimage.color.rgb2hsv(x / 255.)
    hsv[..., 2] = np.clip(hsv[..., 2] + offset, 0, 1)
    return levels(skimage.color.hsv2rgb(hsv))


def saturate(x, row):
    hsv = skimage.color.rgb2hsv(x / 255.)
    hsv[..., 1] = np.clip(hsv[..., 1] * row[0] + row[1], 0, 1)
    return levels(skimage.color.hsv2rgb(hsv))


def contrast(x, gain):
    x = x / 255.
    mean = np.mean(x, axis=(0, 1), keepdims=True)
    return levels((x - mean) * gain + mean)


def all_colours():
    """Every 5th level of red with every 3rd of green and of blue, and all greys, in one picture."""
    steps = np.arange(0, 256, 5), np.arange(0, 256, 3), np.arange(0, 256, 3)
    greys = np.repeat(np.arange(256), 3).reshape(-1, 3)
    colours = np.concatenate([greys, np.stack(np.meshgrid(*steps, indexing="ij"), -1).reshape(-1, 3)])
    return np.uint8(colours[:len(colours) - len(colours) % 512]).reshape(1, -1, 512, 3)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path, out = f"{folder}/in.mkv", f"{folder}/out.mkv"
        for what, x, presets in (("photographs at 224", pictures(224), ("imagenet-c-224",)),
                                 ("photographs at 64", pictures(64), ("tiny-64", "cifar-32", "kinetics-c")),
                                 ("colours", all_colours(), ("imagenet-c-224",))):
            write_rgb(path, x)
            for name, tables, original in (("brightness", BRIGHTNESS, brighten), ("saturate", SATURATE, saturate),
                                           ("contrast", CONTRAST, contrast)):
                for preset, rows in tables.items():
                    if preset not in presets:
                        continue
                    for severity, row in enumerate(rows, 1):
                        corrupt(path, out, name, severity, "--preset", preset)
                        want = np.stack([original(picture, row) for picture in x])
                        check(f"{name} {severity} of {preset}, {what}: values that differ",
                              (read_rgb(out) != want).sum(), 0)
    finish()


if __name__ == "__main__":
    sys.exit(main())
