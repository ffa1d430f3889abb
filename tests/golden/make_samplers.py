#!/usr/bin/python3
"""Writes tests/golden/samplers_golden.h: source frames of test clips, their crops and preparations,
as other programs choose them.

torchvision's come from its own VideoClips and UniformClipSampler (0.14.1, Debian 12), those with
a stride from its unfold(). MMAction2's SampleFrames and SlowFast's get_start_end_idx(),
temporal_sampling() and Something-Something sampling are formulas written here anew; torch.linspace
is torch's own. torchcodec's policies for the end of a video are stated on lists.

torch.linspace rounds as its vector width has it: rows on which its three x86 code paths differ
are left out; how many is printed, and must stay below one in a hundred.

Crops are SlowFast's uniform_crop() on the picture as torchvision's Resize leaves it, written anew;
preparations are those of torchvision's weights.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import math
import os
import subprocess
import sys

import numpy as np
import torch
import torchvision.models as models
import torchvision.models.video as video_models
import torchvision.transforms as T
from torchvision.datasets.samplers import UniformClipSampler
from torchvision.datasets.video_utils import VideoClips, unfold

NTSC = 30000 / 1001


def end_loop(frames, total):
    return [f % total for f in frames]


def end_repeat(frames, total):
    return [min(f, total - 1) for f in frames]


def end_repeat_last(frames, total):
    there = [f for f in frames if f < total]
    return there + [there[-1]] * (len(frames) - len(there))


def end_wrap(frames, total):
    there = [f for f in frames if f < total]
    return (there * len(frames))[:len(frames)]


POLICIES = [end_loop, end_repeat, end_repeat_last, end_wrap]


def torchvision(frames, stride, clips, total, rate, fps):
    """Clips in source frames: time stamps that count frames name them. None for no clip."""
    video = VideoClips(["v"], frames, 1, fps or None,
                       {"video_paths": ["v"], "video_pts": [torch.arange(total)], "video_fps": [rate]})
    if stride > 1:
        line = VideoClips(["v"], 1, 1, fps or None, video.metadata).clips[0].flatten()
        video.clips = [unfold(line, frames, 1, stride)]
    if len(video.clips[0]) == 0:
        return None
    return [video.clips[0][i].tolist() for i in UniformClipSampler(video, clips)]


def mmaction(frames, stride, clips, total):
    room = max(total - ((frames - 1) * stride + 1), 0)
    starts = np.array([room // 2])
    if clips > 1:
        starts = np.round(np.arange(clips) * (room / float(clips - 1))).astype(np.int32)
    return (starts[:, None] + np.arange(frames)[None, :] * stride).tolist()


def slowfast(frames, stride, clips, total, rate, fps, offset):
    size = frames * stride * rate / fps if fps else frames * stride
    delta = max(total - size, 0)
    out = []
    for k in range(clips):
        if not offset:
            start = delta * k / clips
        elif clips == 1:
            start = math.floor(delta / 2)
        else:
            start = k * math.floor(delta / (clips - 1))
        points = torch.linspace(start, start + size - 1, frames)
        out.append(torch.clamp(points, 0, total - 1).long().tolist())
    return out


def segments(frames, total):
    size = float(total - 1) / frames
    return [[(int(np.round(size * i)) + int(np.round(size * (i + 1)))) // 2 for i in range(frames)]]


def rows():
    """sampler, frames, stride, clips, total, rate, fps, policy, clip, source frames."""
    for total in (1, 7, 16, 17, 40, 63, 64, 65, 100, 137, 251, 300):
        for frames, stride in ((4, 1), (8, 2), (16, 1), (8, 8), (13, 6), (16, 4)):
            for clips in (1, 2, 3, 5, 10):
                for rate, fps in ((25, 0), (25, 15), (30, 15), (NTSC, 15), (24, 8), (12, 15), (50, 15), (25, 9), (30, 11)):
                    found = torchvision(frames, stride, clips, total, rate, fps)
                    for k in range(clips if found and stride < 4 else 0):
                        yield "torchvision", frames, stride, clips, total, rate, fps, 0, k, found[k]
                found = mmaction(frames, stride, clips, total)
                for k in range(clips):
                    for policy in range(4):
                        if policy == 0 or total < 64:
                            yield ("mmaction", frames, stride, clips, total, 25, 0, policy, k,
                                   POLICIES[policy](found[k], total))
                for rate, fps in ((30, 30), (25, 30), (NTSC, 30), (25, 0)):
                    for offset in (False, True):
                        found = slowfast(frames, stride, clips, total, rate, fps, offset)
                        for k in range(clips):
                            yield ("slowfast_offset" if offset else "slowfast", frames, stride, clips, total,
                                   rate, fps, 0, k, found[k])
            if stride == 1:
                yield "segments", frames, 1, 1, total, 25, 0, 0, 0, segments(frames, total)[0]


def thin(found):
    """One in thirteen of the long lists, so that every sampler keeps every length."""
    return [row for i, row in enumerate(found) if row[0] == "segments" or i % 13 == 0]


if len(sys.argv) > 1:
    json.dump(thin(list(rows())), sys.stdout)
    sys.exit()

paths = [json.loads(subprocess.run([sys.executable, __file__, "rows"], check=True, capture_output=True,
                                   env={**os.environ, "ATEN_CPU_CAPABILITY": path}).stdout)
         for path in ("default", "avx2", "avx512")]
kept = [a for a, b, c in zip(*paths) if a == b == c]
print(f"{len(kept)} rows; left out: {len(paths[0]) - len(kept)}")
assert len(kept) > 0.99 * len(paths[0])



def crops():
    """width, height, resize (h, w or 0), crop, which of three, top, left."""
    for width, height, size, crop in ((320, 240, 112, 112), (240, 320, 112, 112), (340, 256, 256, 224),
                                      (426, 240, 182, 182), (101, 77, 33, 28), (77, 101, 33, 28),
                                      (320, 240, (128, 171), 112), (240, 320, (128, 171), 112),
                                      (64, 64, 57, 52), (50, 40, (61, 44), 40)):
        h, w = T.Resize(size)(torch.zeros(1, height, width)).shape[1:]
        for k in range(3):
            top, left = math.ceil((h - crop) / 2), math.ceil((w - crop) / 2)
            if h > w:
                top = (0, top, h - crop)[k]
            else:
                left = (0, left, w - crop)[k]
            resize = size if isinstance(size, tuple) else (size, 0)
            yield width, height, *resize, crop, k, top, left


def preparations():
    for name, weights in (("torchvision_r3d", video_models.R3D_18_Weights.DEFAULT),
                          ("torchvision_r3d", video_models.MC3_18_Weights.DEFAULT),
                          ("torchvision_r3d", video_models.R2Plus1D_18_Weights.DEFAULT),
                          ("torchvision_s3d", video_models.S3D_Weights.DEFAULT),
                          ("torchvision_mvit", video_models.MViT_V1_B_Weights.DEFAULT),
                          ("imagenet", models.ResNet18_Weights.DEFAULT)):
        prep = weights.transforms()
        yield name, (list(prep.resize_size) + [0])[:2], list(prep.crop_size)[0], prep.mean, prep.std


def braces(numbers):
    return "{" + ", ".join(repr(n) for n in numbers) + "}"


values = []
lines = []
for sampler, frames, stride, clips, total, rate, fps, policy, k, found in kept:
    lines.append(f'    {{"{sampler}", {frames}, {stride}, {clips}, {total}, {rate!r}, {fps}, {policy}, {k}, '
                 f'{len(values)}}},' + "\n" * (len(lines) % 8 == 7))
    values += found
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "samplers_golden.h"), "w") as f:
    f.write("/* Written by make_samplers.py, which says how.\n"
            " * SPDX-License-Identifier: LGPL-2.1-or-later */\n"
            "/* clang-format off */\n"
            "static const struct {\n"
            "    const char *sampler;\n"
            "    int frames, stride, clips, total;\n"
            "    double rate, fps;\n"
            "    int policy, view, offset;\n"
            "} samplers[] = {\n" + "".join(lines).rstrip("\n") + "\n};\n\n"
            "static const short sampled[] = {\n")
    for i in range(0, len(values), 60):
        f.write("    " + " ".join(f"{v}," for v in values[i:i + 60]) + "\n")
    f.write("};\n\n"
            "static const struct {\n    int width, height, resize_h, resize_w, crop, view, top, left;\n"
            "} crops[] = {\n" + "".join(f"    {braces(row)},\n" for row in crops()) + "};\n\n"
            "static const struct {\n    const char *preset;\n    int resize[2], crop;\n"
            "    double mean[3], std[3];\n} preparations[] = {\n"
            + "".join(f'    {{"{name}", {braces(size)}, {crop}, {braces(mean)}, {braces(std)}}},\n'
                      for name, size, crop, mean, std in preparations()) + "};\n")
