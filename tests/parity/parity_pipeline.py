"""The whole way from video files to scores, rebuilt in PyTorch: a net that coppice trained,
frames from the corrupt command, torchvision's transforms, its building blocks for the net.

Compared with what predict prints and with what eval stores, which corrupts in memory.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import re
import sqlite3
import sys
import tempfile

import numpy as np
import torch
import torchvision.transforms as T
from PIL import Image
from torch import nn
from torchvision.models.video.resnet import BasicBlock, Conv3DSimple

from common import COPPICE, check, finish, load, metadata, run, save
from footage import corrupt
from parity_corrupt import OFFSET, brighten

LIMIT = 1e-5  # of a probability
LEVEL = 1e-3  # likewise, where a value on the edge between two levels may go either way
SHARPER = 12
FRAMES, STRIDE, SIDE, VIEWS = 8, 2, 56, 3
CELLS = [("clean", 0), ("gaussian_noise", 3), ("brightness", 2.5), ("motion_blur_temporal", 4), ("h264_crf", 5)]
CONFIG = """
data = {{ format = "ucf101"; root = "{0}/set/videos"; annotation = "{0}/set/annotations"; }};
clip = {{ frames = {1}; stride = {2}; clips = {3}; }};
prep = {{ resize = [{4}, {4}]; }};
model = {{ arch = "r3d_tiny"; }};
train = {{ epochs = 2; batch = 8; lr = 0.05; }};
augment = {{ hflip = 0; }};
sparse = {{ method = "rigl"; density = 0.3; interval = 3; }};
corrupt = {{ seed = 77; }};
"""


class TinyR3D(nn.Module):
    """r3d_tiny: one block a stage, 16, 32 and 64 channels."""

    def __init__(self, classes):
        super().__init__()

        def stage(inside, outside, stride):
            shortcut = None if stride == 1 else nn.Sequential(
                nn.Conv3d(inside, outside, 1, Conv3DSimple.get_downsample_stride(stride), bias=False),
                nn.BatchNorm3d(outside))
            return nn.Sequential(BasicBlock(inside, outside, Conv3DSimple, stride, shortcut))

        self.stem = nn.Sequential(nn.Conv3d(3, 16, (3, 5, 5), (1, 2, 2), (1, 2, 2), bias=False),
                                  nn.BatchNorm3d(16), nn.ReLU())
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.fc = nn.Linear(64, classes)

    def forward(self, x):
        return self.fc(self.layer3(self.layer2(self.layer1(self.stem(x)))).mean((2, 3, 4)))


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = (value ^ byte) * 0x100000001B3 % 2 ** 64
    return value


def views(total, n):
    """Source indices of n clips spread over a video."""
    room = total - (FRAMES - 1) * STRIDE - 1
    starts = [room // 2] if n == 1 else [int(np.floor(k * room / (n - 1) + 0.5)) for k in range(n)]
    return [[start + STRIDE * j for j in range(FRAMES)] for start in starts]


def frames_of(path, folder, name, severity, *words):
    """All frames of a video after coppice corrupt, as RGB."""
    for old in os.listdir(folder):
        os.unlink(f"{folder}/{old}")
    corrupt(path, f"{folder}/%04d.png", name, severity, *words)
    return np.stack([np.asarray(Image.open(f"{folder}/{i:04d}.png")) for i in range(1, len(os.listdir(folder)) + 1)])


def resized(frames):
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).to(torch.float32) / 255
    return T.Resize((SIDE, SIDE), antialias=False)(x)


def scores(net, prep, pictures, n_views):
    """Mean probabilities over views of prepared pictures [t, c, h, w] in 0..1."""
    x = T.Normalize(prep["mean"], prep["std"])(pictures)
    clips = torch.stack([x[index].permute(1, 0, 2, 3) for index in views(len(x), n_views)])
    with torch.no_grad():
        return net(clips).softmax(1).mean(0).numpy()


def apart(top, want):
    """Largest difference of stored (class, score) pairs, best first, from a whole vector of scores."""
    best = np.sort(want)[::-1]
    return max(max(abs(want[k] - score), abs(best[i] - score)) for i, (k, score) in enumerate(top))


def make_model(folder):
    """Trains, then sharpens the classifier, since after two epochs all classes are about as likely."""
    open(f"{folder}/run.cfg", "w").write(CONFIG.format(folder, FRAMES, STRIDE, VIEWS, SIDE))
    run(COPPICE, "synth", f"{folder}/set", "--classes", 6, "--clips", 8, "--size", 80, "--frames", 72)
    run(COPPICE, "train", "-c", f"{folder}/run.cfg", "--out", f"{folder}/run")
    path = f"{folder}/run/model.safetensors"
    tensors, meta = load(path), metadata(path)
    tensors = {name: value * SHARPER if name == "fc.weight" else value for name, value in tensors.items()}
    save(path, tensors, meta)
    net = TinyR3D(len(json.loads(meta["classes"])))
    net.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in tensors.items()})
    return path, net.eval(), json.loads(meta["prep"])


def check_predict(folder, model, net, prep, videos):
    for n_views in (1, VIEWS):
        lines = run(COPPICE, "predict", "--model", model, "--json", "--clips", n_views, *videos).splitlines()
        worst, seen = 0, []
        for video, line in zip(videos, map(json.loads, lines)):
            want = scores(net, prep, resized(frames_of(video, f"{folder}/png", "brightness", 0)), n_views)
            worst = max(worst, apart([(row["class"], row["score"]) for row in line["top"]], want))
            seen.append(want)
        check(f"predict, {n_views} clips a video: largest difference of a score", worst if lines else np.inf, LIMIT)
        check("  (1 - largest change of a score from video to video)", 1 - np.ptp(seen, 0).max(), 0.9)


def rows_of(database, corruption, severity):
    query = """SELECT path, top1, score1, top2, score2, top3, score3, top4, score4, top5, score5
               FROM prediction JOIN cell ON cell.id = cell JOIN clip ON clip.id = clip
               WHERE corruption = ? AND abs(severity - ?) < 1e-9"""
    for path, *pairs in sqlite3.connect(database).execute(query, (corruption, severity)):
        yield path, list(zip(pairs[::2], pairs[1::2]))


def evaluate(folder, model, stage):
    database = f"{folder}/{stage}.db"
    for name, severity in CELLS:
        run(COPPICE, "eval", "-c", f"{folder}/run.cfg", "--model", model, "--db", database, "--only",
            name if name == "clean" else f"{name}:{severity}", "--set", f"corrupt.severities=[{severity or 1}]",
            "--set", f"corrupt.stage={stage}")
    return database


def check_eval_native(folder, model, net, prep):
    database = evaluate(folder, model, "native")
    for name, severity in CELLS:
        worst, n = 0, 0
        for path, top in rows_of(database, name, severity):
            words = ("brightness", 0) if name == "clean" else (name, severity, "--seed", 77, "--clip-id",
                                                               fnv1a(path) % 2 ** 32)
            frames = frames_of(f"{folder}/set/videos/{path}", f"{folder}/png", *words)
            worst, n = max(worst, apart(top, scores(net, prep, resized(frames), VIEWS))), n + 1
        check(f"eval, {n} clips, native {name} {severity}: largest difference of a score", worst if n else np.inf,
              LIMIT)


def per_frame(filters, corrupted, clean, pattern):
    """One figure a frame of FFmpeg's comparison of two videos. Its vector code for SSIM errs in narrow planes."""
    run("ffmpeg", "-cpuflags", "0", "-v", "error", "-y", "-i", corrupted, "-i", clean, "-lavfi", f"{filters}=stats_file={clean}.log",
        "-f", "null", "-")
    return np.array([float(re.search(pattern, line)[1]) for line in open(f"{clean}.log")])


def check_distance(folder):
    """PSNR and SSIM of what was applied, by the ffmpeg command: its figures have 2 and 6 digits behind the point."""
    worst, n = [0, 0], 0
    rows = sqlite3.connect(f"{folder}/native.db").execute(
        "SELECT path, corruption, severity, mse, ssim FROM fidelity JOIN clip ON clip.id = clip ORDER BY path").fetchall()
    clean, corrupted = f"{folder}/clean.mkv", f"{folder}/corrupted.mkv"
    for path, name, severity, mse, ssim in rows[::5]:
        video, address = f"{folder}/set/videos/{path}", ("--seed", 77, "--clip-id", fnv1a(path) % 2 ** 32)
        corrupt(video, clean, "brightness", 0)
        corrupt(video, corrupted, name, severity, *address)
        squares = per_frame("psnr", corrupted, clean, r"mse_avg:(\S+)")
        shown = np.concatenate(views(len(squares), VIEWS))
        similar = per_frame("ssim", corrupted, clean, r"All:(\S+)")
        worst = [max(worst[0], abs(squares[shown].mean() - mse)), max(worst[1], abs(similar[shown].mean() - ssim))]
        n += 1
    check(f"{n} mean squared errors of cells against ffmpeg's", worst[0] if n else np.inf, 0.005 + 1e-6)
    check(f"{n} SSIMs of cells against ffmpeg's", worst[1] if n else np.inf, 5e-6)


def check_eval_input(folder, model, net, prep):
    """Brightness of the pictures that the net sees, by its definition."""
    database = evaluate(folder, model, "input")
    worst, n = 0, 0
    for path, top in rows_of(database, "brightness", 2.5):
        frames = frames_of(f"{folder}/set/videos/{path}", f"{folder}/png", "brightness", 0)
        small = np.uint8(resized(frames).permute(0, 2, 3, 1).numpy() * 255 + 0.5)
        bright = torch.from_numpy(brighten(small, (OFFSET[1] + OFFSET[2]) / 2)).permute(0, 3, 1, 2) / 255
        worst, n = max(worst, apart(top, scores(net, prep, bright, VIEWS))), n + 1
    check(f"eval, {n} clips, input brightness 2.5: largest difference of a score", worst if n else np.inf, LEVEL)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/png")
        model, net, prep = make_model(folder)
        videos = sorted(f"{where}/{name}" for where, _, names in os.walk(f"{folder}/set/videos") for name in names)
        check_predict(folder, model, net, prep, videos[::4])
        check_eval_native(folder, model, net, prep)
        check_distance(folder)
        check_eval_input(folder, model, net, prep)
    finish()


if __name__ == "__main__":
    sys.exit(main())
