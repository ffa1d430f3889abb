"""Codec corruptions against the ffmpeg command.

H.264 and H.265 at constant quality and at a bit rate: Yi et al., NeurIPS 2021 (datasets and
benchmarks); MPEG: Schiappa et al., CVPR 2023, with quantisers that MPEG has.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import sys
import tempfile

import numpy as np

from common import check, finish, run
from footage import coppice_frames, ffmpeg, opencv_clips, psnr, raw_frames, source, stream_of

SEVERITIES = range(1, 6)
CRF = (27, 33, 39, 45, 51)
FASTER_CRF = (23, 29, 35, 42, 47)
BITS_A_PIXEL = (0.1, 0.05, 0.025, 0.012, 0.006)
ENCODERS = {"h264_crf": "libx264", "h264_abr": "libx264", "h265_abr": "libx265", "h265_crf": "libx265"}
# As ours: with more threads the commands' streams differ from each other by up to 0.8 dB at a bit rate.
SINGLE = {"libx264": ("-threads", 1, "-x264-params", "cpu-independent=1"),
          "libx265": ("-x265-params", "log-level=none:wpp=0:lookahead-slices=0:frame-threads=1")}
GOP = 32
MPEG = {"mpeg1": "mpeg1video", "mpeg2": "mpeg2video", "mpeg4": "mpeg4"}
QUANTISER = (6, 10, 16, 23, 31)
MPEG_GOP = 12


def clips(folder):
    """(label, path) of lossless 4:2:0 clips of 96 frames: a pattern, then footage."""
    out = [("test pattern", f"{folder}/pattern.mkv")]
    source(out[0][1], ("-c:v", "ffv1", "-pix_fmt", "yuv420p"), size="192x144", frames=96)
    for clip in opencv_clips():
        name = clip.split("/")[-1]
        if name in ("vtest.avi", "Megamind.avi"):
            out.append((name, f"{folder}/{name}.mkv"))
            ffmpeg("-ss", 2, "-i", clip, "-an", "-frames:v", 96, "-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf",
                   "scale=256:192", out[-1][1])
    return out


def all_planes(path, facts, pixel_format="yuv420p"):
    """All bytes of a clip, 4:2:0, a row a frame."""
    width, height = facts["width"], facts["height"]
    size = width * height + 2 * (-(-width // 2)) * (-(-height // 2))
    return np.stack(list(raw_frames(path, pixel_format, size)))


def corrupted(path, name, severity, *words):
    frames = coppice_frames(path, name, severity, *words)
    return np.stack([np.concatenate([plane.ravel() for plane in planes]) for planes in frames])


def encode(path, coded, name, *words):
    """By the command, as a stream of 25 frames a second."""
    ffmpeg("-i", path, "-vf", "setpts=N/25/TB", "-r", 25, "-an", "-c:v", ENCODERS[name], *words,
           *SINGLE[ENCODERS[name]], coded)


def rate_of(bits):
    return "-b:v", bits, "-maxrate", bits, "-bufsize", bits


def check_stream(label, path, coded, name, severity, words, ours, first, limit):
    """Luma against the command's one long stream, key frames at the same places, from frame `first` on."""
    facts = stream_of(path)
    luma = facts["width"] * facts["height"]
    encode(path, coded, name, *words, "-g", GOP, "-forced-idr", 1, "-force_key_frames", f"expr:not(mod(n,{GOP}))")
    clean, theirs = all_planes(path, facts)[first:, :luma], all_planes(coded, facts)[first:, :luma]
    got = corrupted(path, name, severity, *ours)[first:, :luma]
    check(f"{name} {severity} {' '.join(ours)} on {label}, {psnr(theirs, clean):.2f} dB: PSNR, dB apart",
          abs(psnr(got, clean) - psnr(theirs, clean)), limit)


def check_quality(folder):
    for label, path in clips(folder):
        for severity in SEVERITIES:
            check_stream(label, path, f"{folder}/coded.mkv", "h265_crf", severity, ("-crf", CRF[severity - 1]),
                         ("--preset", "kinetics-c"), 0, 0.3)
            check_stream(label, path, f"{folder}/coded.mkv", "h265_crf", severity,
                         ("-crf", FASTER_CRF[severity - 1], "-preset", "ultrafast"), (), 0, 0.3)


def check_rate(folder):
    """In the command's stream, what rate control saved or overspent in a group comes to the next: its groups differ
    by 1 dB. The first one, which nothing came before, is left out, and the pattern, which gets harder and harder.
    At severity 5 the encoders spend 1.5 to 2.1 times the rate, and a stream's debt grows; a group's ends with it."""
    for label, path in clips(folder)[1:]:
        luma = stream_of(path)["width"] * stream_of(path)["height"]
        for name in ("h264_abr", "h265_abr"):
            for severity, bits_a_pixel in zip(SEVERITIES, BITS_A_PIXEL):
                check_stream(label, path, f"{folder}/coded.mkv", name, severity,
                             rate_of(int(bits_a_pixel * luma * 25)), ("--params", "preset=medium"), GOP,
                             0.5 if severity < 5 else 1.2)


def check_whole(folder):
    """One stream without groups, with the encoders' own key frames: equal bytes."""
    label, path = clips(folder)[-1]
    facts, coded = stream_of(path), f"{folder}/coded.mkv"
    luma = facts["width"] * facts["height"]
    for name in ENCODERS:
        for severity in SEVERITIES:
            bits = int(BITS_A_PIXEL[severity - 1] * luma * 25)
            crf = (CRF if name == "h265_crf" else (23, 30, 37, 44, 51))[severity - 1]
            encode(path, coded, name, *(rate_of(bits) if "abr" in name else ("-crf", crf)))
            ours = (("--params", "gop=0,preset=medium") if "abr" in name
                    else ("--preset", "kinetics-c", "--params", "gop=0"))
            wrong = (corrupted(path, name, severity, *ours) != all_planes(coded, facts)).sum()
            check(f"{name} {severity} as one stream, on {label}: values that differ", wrong, 0)


def check_source_rate(folder):
    """The published command: a file's own bit rate, as its container has it, over 2 .. 32."""
    path, coded = f"{folder}/source.mp4", f"{folder}/coded.mkv"
    ffmpeg("-i", clips(folder)[-1][1], "-vf", "setpts=N/25/TB", "-r", 25, "-c:v", "libx264", "-crf", 12, path)
    facts = stream_of(path)
    rate = int(json.loads(run("ffprobe", "-v", "error", "-show_format", "-of", "json", path))["format"]["bit_rate"])
    for name in ("h264_abr", "h265_abr"):
        for severity in SEVERITIES:
            encode(path, coded, name, *rate_of(rate // 2 ** severity))
            ours = corrupted(path, name, severity, "--preset", "kinetics-c", "--params", "gop=0")
            check(f"{name} {severity} at a {2 ** severity}th of a file's {rate} bits a second: values that differ",
                  (ours != all_planes(coded, facts)).sum(), 0)


def check_mpeg(folder):
    """FFmpeg's own encoders without rate control: equal bytes, a group at a time."""
    path, coded = f"{folder}/part.mkv", f"{folder}/coded.mkv"
    size = "175x133"
    source(path, ("-c:v", "ffv1", "-pix_fmt", "yuv420p"), size=size, frames=30)
    facts = stream_of(path)
    for name, encoder in MPEG.items():
        for severity, q in zip(SEVERITIES, QUANTISER):
            ours = [np.concatenate([plane.ravel() for plane in planes])
                    for planes in coppice_frames(path, name, severity)]
            wrong = 0
            for start in range(0, 30, MPEG_GOP):
                # Of each group its own stream, as ours are; the first of them is the command's own.
                part = ("trim=start_frame=%d:end_frame=%d,setpts=PTS-STARTPTS" % (start, start + MPEG_GOP)
                        if start else "null")
                ffmpeg("-i", path, "-vf", part, "-c:v", encoder, "-q:v", q, "-threads", 1, coded)
                theirs = all_planes(coded, facts)[:MPEG_GOP]
                wrong += sum((a != b).sum() for a, b in zip(ours[start:], theirs))
                wrong += len(ours[start:start + MPEG_GOP]) != len(theirs)
            check(f"{name} {severity} at {size}: values that differ", wrong, 0)
    for severity, q in zip(SEVERITIES, QUANTISER):
        # The same samples, whatever their range.
        ffmpeg("-i", path, "-vf", "scale=in_range=full:out_range=full,format=yuvj420p", "-c:v", "mjpeg", "-q:v", q,
               "-threads", 1, coded)
        ours = [np.concatenate([plane.ravel() for plane in planes])
                for planes in coppice_frames(path, "mjpeg", severity)]
        theirs = all_planes(coded, facts, "yuvj420p")
        wrong = sum((a != b).sum() for a, b in zip(ours, theirs)) + (len(ours) != len(theirs))
        check(f"mjpeg {severity} at {size}: values that differ", wrong, 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        check_mpeg(folder)
        check_quality(folder)
        check_rate(folder)
        check_whole(folder)
        check_source_rate(folder)
    finish()


if __name__ == "__main__":
    sys.exit(main())
