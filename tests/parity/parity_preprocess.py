"""The net's input against torchvision's transforms on float tensors: bilinear resize
without antialiasing, centre crop, or a random one with a pad, normalise.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import numpy as np
import torch
import torchvision.transforms as T

from common import BUILD, check, finish, load, run
from footage import corrupt, read_rgb, source

MEAN, STD = [0.43216, 0.394666, 0.37645], [0.22803, 0.22145, 0.216989]
# size of the source, resize (h, w) or the short side, crop
CASES = [
    ("320x240", (128, 171), 112),
    ("320x240", (56, 56), 0),
    ("320x240", 128, 112),
    ("240x320", 128, 112),
    ("161x91", 120, 113),
    ("161x91", (57, 200), 55),
    ("99x75", None, 64),
    ("64x48", (131, 75), 0),
    ("1920x1080", 128, 112),
    ("853x480", (256, 340), 224),
]


def limit(size):
    """Where along the source to read is a float32 of up to `size`, and half an ulp either way is within its
    rights: so much of a step from black to white, along each axis; and four roundings of values."""
    return (2 * size * 2 ** -24 + 4 * 2 ** -24) / min(STD) + 2 ** -22


def torchvision_clip(frames, resize, crop):
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).to(torch.float32) / 255
    if resize is not None:
        x = T.Resize(resize, antialias=False)(x)
    if crop:
        x = T.CenterCrop(crop)(x)
    return T.Normalize(MEAN, STD)(x).permute(1, 0, 2, 3).numpy()


def compare(label, path, frames, size, resize, crop, folder):
    h, w = (0, 0) if resize is None else resize if isinstance(resize, tuple) else (resize, 0)
    run(f"{BUILD}/parity/prepare_clip", path, f"{folder}/clip.safetensors", h, w, crop)
    got, want = load(f"{folder}/clip.safetensors")["clip"][0], torchvision_clip(frames, resize, crop)
    same = got.shape == want.shape
    check(f"{label}, resize {resize}, crop {crop}: largest difference",
          np.abs(got - want).max() if same else np.inf, limit(max(map(int, size.split("x")))))


def compare_padded(path, frames, size, folder):
    """RandomCrop(side, padding=pad) where its generator puts it, of pictures, as training scripts for CIFAR have it."""
    torch.manual_seed(20250403)
    side = min(map(int, size.split("x")))
    for pad in (1, 4, 9):
        crop = T.RandomCrop(side, padding=pad)
        for _ in range(4):
            padded = T.functional.pad(torch.from_numpy(frames).permute(0, 3, 1, 2), [pad] * 4)
            state = torch.get_rng_state()
            top, left, _, _ = crop.get_params(padded, (side, side))
            torch.set_rng_state(state)
            want = T.Normalize(MEAN, STD)(crop(torch.from_numpy(frames).permute(0, 3, 1, 2)).to(torch.float32) / 255)
            run(f"{BUILD}/parity/prepare_clip", path, f"{folder}/clip.safetensors", 0, 0, side, pad, top - pad, left - pad)
            got = load(f"{folder}/clip.safetensors")["clip"][0]
            check(f"{size}, pad {pad}, from {top - pad}, {left - pad}: largest difference",
                  np.abs(got - want.permute(1, 0, 2, 3).numpy()).max(), 2 ** -21)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for size, resize, crop in CASES:
            rgb, yuv = f"{folder}/rgb.mkv", f"{folder}/yuv.mkv"
            noise = ("-vf", "noise=alls=40:allf=t:all_seed=3", "-c:v", "ffv1", "-pix_fmt")
            source(rgb, (*noise, "bgr0"), size=size, frames=3)
            compare(f"RGB {size}", rgb, read_rgb(rgb), size, resize, crop, folder)
            source(yuv, (*noise, "yuv420p"), size=size, frames=3)
            corrupt(yuv, f"{folder}/%d.png")
            pictures = np.concatenate([read_rgb(f"{folder}/{i}.png") for i in (1, 2, 3)])
            compare(f"YUV {size}", yuv, pictures, size, resize, crop, folder)
        for size in ("32x32", "40x32"):
            rgb = f"{folder}/small.mkv"
            source(rgb, (*noise, "bgr0"), size=size, frames=3)
            compare_padded(rgb, read_rgb(rgb), size, folder)
    finish()


sys.exit(main())
