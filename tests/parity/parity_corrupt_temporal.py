"""Corruptions along time: frames held, dropped or in another order against NumPy's indices and the
ffmpeg command, filters against SciPy's, bursts against the corruptions in them.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import subprocess
import sys
import tempfile

import numpy as np
import scipy.ndimage
import scipy.signal

from common import check, finish
from footage import FFMPEG, coppice_frames, source

FRAMES = 211
SEVERITIES = range(1, 6)
RATES = {"kinetics-c": ((20, 16, 12, 9, 6), 30), "ssv2-c": ((10, 8, 6, 4, 2), 12)}
BOXES = {"ucf101-p": (36, 25, 16, 9, 4), "schiappa-orig": (4, 9, 16, 25, 36)}
WINDOWS = {"ucf101-p": (4, 8, 16, 32, 64), "schiappa-orig": (32, 16, 8, 4, 2)}
STEPS = (2, 4, 8, 16, 32)
KEPT = (.4, .2, .1, .05, 0)
TURNED = 64
HALF_WINDOW = (3, 5, 7, 9, 11)
CUTOFF = (.5, .35, .25, .15, .08)
STRENGTH = (.4, .6, .8, .9, 1)
BURST = (1, 2, 3, 6, 13)  # of 32


def numbered(path, rate=30):
    """Grey frames whose level is their number, stored without loss."""
    grey = np.repeat(np.arange(FRAMES, dtype=np.uint8), 16 * 16)
    subprocess.run([*map(str, FFMPEG), "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-r", str(rate), "-i", "-",
                    "-c:v", "ffv1", str(path)], input=grey.tobytes(), check=True)
    return path


def shown(path, corruption, severity, *words):
    """Which frame every frame shows; -1 for a picture that is no frame's."""
    frames = [planes[0] for planes in coppice_frames(path, corruption, severity, *words)]
    return np.array([int(x[0, 0]) if (x == x[0, 0]).all() else -1 for x in frames])


def fps_filter(few, many, rounding):
    """What the ffmpeg command shows when it goes to `few` frames a second and back. It may leave out the last
    period, which the clip's end cuts. Raw frames on a pipe: times are whole numbers of the rate."""
    grey = np.repeat(np.arange(FRAMES, dtype=np.uint8), 16 * 16)
    out = subprocess.run([*map(str, FFMPEG), "-f", "rawvideo", "-pix_fmt", "gray", "-s", "16x16", "-r", str(many), "-i",
                          "-", "-vf", f"fps={few}:round={rounding},fps={many}:round={rounding}", "-fps_mode",
                          "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"],
                         input=grey.tobytes(), check=True, stdout=subprocess.PIPE).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, 256)[:FRAMES, 0].astype(int)


def check_frame_rate(path):
    for preset, (rates, many) in RATES.items():
        for severity, few in zip(SEVERITIES, rates):
            for rounding in ("near", "up", "down"):
                want = fps_filter(few, many, rounding)
                got = shown(path, "frame_rate", severity, "--preset", preset, "--params", f"round={rounding}")
                label = f"frame_rate {severity} of {preset}, {rounding}"
                check(f"{label}: frames that the command leaves out at the end", len(got) - len(want), many / few)
                check(f"{label}: frames that differ", (got[:len(want)] != want).sum(), 0)


def check_sampling(path):
    index = np.arange(FRAMES)
    for severity, step in zip(SEVERITIES, STEPS):
        want = np.repeat(index[::step], step)[:FRAMES]
        check(f"sampling {severity}: frames that differ", (shown(path, "sampling", severity) != want).sum(), 0)
        want = np.concatenate([np.repeat(part[::step][::-1], step)[:len(part)]
                               for part in np.split(index, index[TURNED::TURNED])])
        check(f"reverse_sampling {severity}: frames that differ",
              (shown(path, "reverse_sampling", severity) != want).sum(), 0)


def windows(got, length):
    """(frames of a window, what it shows) for each window."""
    index = np.arange(FRAMES)
    cuts = index[length::length]
    return zip(np.split(index, cuts), np.split(got, cuts))


def check_jumble(path):
    for preset, lengths in WINDOWS.items():
        for severity, length in zip(SEVERITIES, lengths):
            got = shown(path, "jumble", severity, "--preset", preset)
            wrong = sum((np.sort(part) != frames).sum() for frames, part in windows(got, length))
            check(f"jumble {severity} of {preset}: frames lost from their windows", wrong, 0)
            moved = np.mean(got != np.arange(FRAMES))
            check(f"jumble {severity} of {preset}: share that moves, off {1 - 1 / length:.3f}",
                  abs(moved - 1 + 1 / length), 4 * np.sqrt(1 / length / FRAMES))


def check_box_jumble(path):
    for preset, boxes in BOXES.items():
        for severity, box in zip(SEVERITIES, boxes):
            got, wrong = shown(path, "box_jumble", severity, "--preset", preset), 0
            for frames, part in windows(got, TURNED):
                wrong += (np.sort(part) != frames).sum()
                # The order of the boxes, given which one comes when, is the original's concatenation.
                size = box if box < len(frames) else -(-len(frames) // 2)
                pieces = np.split(frames, np.arange(size, len(frames), size))
                order = [int(x) for x in dict.fromkeys((part - frames[0]) // size)]
                wrong += (np.concatenate([pieces[k] for k in order]) != part).sum()
                wrong += len(pieces) > 1 and (frames == part).all()
            check(f"box_jumble {severity} of {preset}: frames out of place", wrong, 0)


def check_freeze(path):
    index = np.arange(FRAMES)
    for severity, share in zip(SEVERITIES, KEPT):
        got = shown(path, "freeze", severity, "--preset", "ucf101-p")
        kept = np.unique(got)
        count = max(2 if severity == 4 else 1, int(share * FRAMES))
        check(f"freeze {severity} of ucf101-p: kept, off {count}", abs(len(kept) - count), 0)
        want = kept[np.maximum(np.searchsorted(kept, index, "right") - 1, 0)]
        check(f"freeze {severity} of ucf101-p: frames that differ", (got != want).sum(), 0)
        share = share or 1 / TURNED
        kept = free = wrong = 0
        for clip in range(8):
            got = shown(path, "freeze", severity, "--clip-id", clip)
            fresh = (got == index) | (index % TURNED == 0)
            wrong += (got != np.maximum.accumulate(np.where(fresh, index, 0))).sum()
            kept += (got == index)[index % TURNED != 0].sum()
            free += (index % TURNED != 0).sum()
        check(f"freeze {severity}: frames that differ from a hold", wrong, 0)
        check(f"freeze {severity}: {kept / free:.4f} kept, off {share:.4f} in standard errors",
              abs(kept - share * free) / np.sqrt(share * (1 - share) * free), 4)


def planes_of(path, *words):
    """Y, U and V, each [t, h, w]."""
    return [np.stack(planes) for planes in zip(*coppice_frames(path, *words))]


def filtered(x, cutoff, late):
    """SciPy's low-pass of a plane's course; its first and last taps are 0, ours are those between."""
    half = int(np.ceil(2 / cutoff))
    taps = scipy.signal.firwin(2 * half + 3, cutoff, window="hann")[1:-1]
    return scipy.ndimage.correlate1d(np.float64(x), taps / taps.sum(), axis=0, mode="nearest", origin=half * late)


def check_filters(path, clip):
    """Weights of 20 bits: a level falls to the other side of a half now and then, more often where the
    start is repeated and a tenth of a level is a half."""
    def compare(label, wanted, *words):
        worst, share = 0, 0
        for got, want in zip(planes_of(path, *words), wanted):
            apart = np.abs(np.int32(got) - np.clip(np.floor(want + .5), 0, 255))
            worst, share = max(worst, apart.max()), max(share, (apart > 0).mean())
        check(f"{label}: levels apart", worst, 1)
        check(f"{label}: share of values that differ", share, 2e-3)

    for late in (0, 1):
        causal = ("--params", f"causal={'true' if late else 'false'}")
        for severity, cutoff, strength, c in zip(SEVERITIES, CUTOFF, STRENGTH, HALF_WINDOW):
            low = [filtered(x, cutoff, late) for x in clip]
            compare(f"temporal_low_pass {severity}, {late}", low, "temporal_low_pass", severity, *causal)
            # The frame that the window lies around is 13 frames old where none is waited for.
            high = [x[np.maximum(np.arange(len(x)) - 13 * late, 0)] - strength * (filtered(x, .16, late) - 128)
                    for x in clip]
            compare(f"temporal_high_pass {severity}, {late}", high, "temporal_high_pass", severity, *causal)
            wrong, first = 0, 1 - 2 * c if late else -c
            for got, x in zip(planes_of(path, "motion_blur_temporal", severity, *causal), clip):
                for i, frame in enumerate(got):
                    window = x[np.clip(np.arange(i + first, i + first + 2 * c), 0, len(x) - 1)]
                    wrong += (np.uint8(np.mean(window, 0)) != frame).sum()
            check(f"motion_blur_temporal {severity}, {late}: values that differ", wrong, 0)


def check_burst(path, clip):
    """Frames are the source's, or those of the inner corruption where the burst is."""
    inner = {"brightness": ("brightness", 5), "motion_blur_temporal": ("motion_blur_temporal", 5),
             "h264_crf": ("h264_crf", 5)}
    for name, words in inner.items():
        spoilt = planes_of(path, *words)
        for severity, length in zip(SEVERITIES, BURST):
            got = planes_of(path, "burst", severity, "--params", f"corruption={name}")
            hit = [not all((x[i] == y[i]).all() for x, y in zip(got, clip)) for i in range(len(clip[0]))]
            wrong = sum((x[i] != (z if hit[i] else y)[i]).sum()
                        for x, y, z in zip(got, clip, spoilt) for i in range(len(hit)))
            counts = [sum(hit[low:low + 32]) for low in range(0, len(hit), 32)]
            check(f"burst {severity} of {name}: values that differ", wrong, 0)
            check(f"burst {severity} of {name}: frames too many or too few",
                  max(abs(n - length) for n in counts), 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = numbered(f"{folder}/numbered.mkv")
        check_frame_rate(path)
        check_sampling(path)
        check_jumble(path)
        check_box_jumble(path)
        check_freeze(path)
        path = f"{folder}/moving.mkv"
        source(path, ("-c:v", "ffv1", "-pix_fmt", "yuv420p", "-vf", "noise=alls=30:allf=t:all_seed=9"), size="97x61",
               frames=96)
        clip = planes_of(path)
        check_filters(path, clip)
        check_burst(path, clip)
    finish()


if __name__ == "__main__":
    sys.exit(main())
