#!/usr/bin/python3
"""Writes tests/golden/preprocess_golden.h: resized, cropped, normalised pictures by
torchvision (Resize on float tensors without antialiasing, CenterCrop, Normalize).

Made with torch 1.13.0 and torchvision 0.14.1 (Debian 12). Pictures are filled by
the generator of help_fill() in tests/media_help.h, seeded with the case number.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import os

import torch
import torchvision.transforms as T

MEAN, STD = [0.43216, 0.394666, 0.37645], [0.22803, 0.22145, 0.216989]
# width, height, resize (h, w) or the short side, crop, flip
CASES = [
    (20, 13, (9, 14), 0, False),
    (13, 20, 7, 6, False),
    (5, 4, 11, 9, False),
    (8, 8, None, 5, False),
    (31, 17, 12, 11, True),
    (17, 1, (3, 5), 0, False),
    (7, 9, (9, 7), 6, False),
]


def picture(seed, width, height):
    values = []
    for _ in range(width * height * 3):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append(seed >> 24)
    return torch.tensor(values, dtype=torch.uint8).reshape(height, width, 3).permute(2, 0, 1)


rows, numbers = [], []
for seed, (width, height, size, crop, flip) in enumerate(CASES):
    x = picture(seed, width, height).to(torch.float32) / 255
    if size is not None:
        x = T.Resize(size)(x)
    x = T.Normalize(MEAN, STD)(x)
    if crop:
        x = T.CenterCrop(crop)(x)
    if flip:
        x = torch.flip(x, [2])
    h, w = (0, 0) if size is None else size if isinstance(size, tuple) else (size, 0)
    rows.append(f"    {{{width}, {height}, {h}, {w}, {crop}, {int(flip)}, {x.shape[1]}, "
                f"{x.shape[2]}, {len(numbers)}}},")
    numbers += x.flatten().tolist()

# Sizes alone: torchvision's rule for the long side and the centre of the crop.
sizes = []
for width, height, size, crop in [(320, 240, 128, 112), (240, 320, 128, 112), (1920, 1080, 128, 112),
                                  (853, 480, 171, 112), (99, 100, 57, 56), (171, 128, 128, 113),
                                  (45, 37, 10, 9), (37, 45, 10, 7)]:
    # A picture of x + 1000 y shows which part the crop takes.
    x = T.Resize(size)(torch.zeros(1, height, width))
    h, w = x.shape[1:]
    at = torch.arange(h)[:, None] * 1000 + torch.arange(w)[None, :]
    corner = int(T.CenterCrop(crop)(at[None])[0, 0, 0])
    sizes.append(f"    {{{width}, {height}, {size}, {crop}, {h}, {w}, {corner // 1000}, {corner % 1000}}},")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "preprocess_golden.h"), "w") as f:
    f.write("/* Written by make_preprocess.py, which says how.\n"
            " * SPDX-License-Identifier: LGPL-2.1-or-later */\n"
            "/* clang-format off */\n"
            "static const struct {\n"
            "    int width, height, resize_h, resize_w, crop, flip, out_h, out_w, offset;\n"
            "} golden_cases[] = {\n" + "\n".join(rows) + "\n};\n\n"
            "static const struct {\n"
            "    int width, height, side, crop, resized_h, resized_w, top, left;\n"
            "} golden_sizes[] = {\n" + "\n".join(sizes) + "\n};\n\n"
            "/* [3][out_h][out_w] a case */\n"
            "static const float golden_values[] = {\n")
    for i in range(0, len(numbers), 8):
        f.write("    " + " ".join(f"{float(v):.9e}f," for v in numbers[i:i + 8]) + "\n")
    f.write("};\n")
