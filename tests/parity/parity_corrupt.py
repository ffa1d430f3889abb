"""Corruptions that draw nothing against their definitions.

Brightness: Hendrycks and Dietterich, ICLR 2019. Temporal motion blur
and H.264: Yi et al., NeurIPS 2021 (datasets and benchmarks).
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

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
HALF_WINDOW = {"kinetics-c": (3, 5, 7, 9, 11), "ssv2-c": (1, 2, 3, 4, 6)}
CRF = (23, 30, 37, 44, 51)
SEVERITIES = range(1, 6)


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
            frames = coppice_frames(path, "h264_crf", severity, "--preset", "kinetics-c")
            ours = psnr(np.stack([planes[0] for planes in frames]), clean)
            ffmpeg("-i", path, "-vf", "setpts=N/25/TB", "-r", 25, "-c:v", "libx264", "-crf", crf, "-g", 32,
                   "-force_key_frames", "expr:not(mod(n,32))", coded)
            frames = raw_frames(coded, "yuv420p", luma * 3 // 2)
            theirs = psnr(np.stack([frame[:luma].reshape(clean.shape[1:]) for frame in frames]), clean)
            check(f"h264_crf {severity} on {label}, {theirs:.2f} dB: PSNR, dB apart", abs(ours - theirs), 0.3)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_brightness(folder)
        check_blur(folder)
        check_h264(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
