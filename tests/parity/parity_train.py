"""Two epochs of training, rebuilt in PyTorch on the same clips in the same order: losses, accuracies and
weights. And weights on their way between the two: .pth, safetensors, the compact form.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import sys
import tempfile

import numpy as np
import torch
import torchvision
import torchvision.transforms as T
from torch import nn
from torch.nn import functional as F

from common import COPPICE, check, finish, load, metadata, run, save
from parity_pipeline import TinyR3D, frames_of, views

SAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../samples")
SIDE, BATCH, ACCUM, EPOCHS, LR, MOMENTUM, DECAY, SMOOTHING, CLIP = 32, 5, 2, 2, 0.02, 0.9, 1e-3, 0.1, 1.0
LIMIT = 1e-4  # of weights
CONFIG = """
data = {{ format = "ucf101"; root = "{0}/set/videos"; annotation = "{0}/set/annotations"; }};
clip = {{ frames = 8; stride = 2; sampler = "uniform"; }};
prep = {{ resize = [{1}, {1}]; }};
model = {{ arch = "r3d_tiny"; weights = "{0}/start.safetensors"; }};
train = {{ epochs = {2}; batch = {3}; accum = {4}; shuffle = false; lr = {5}; momentum = {6}; weight_decay = {7};
           label_smoothing = {8}; clip_grad = {9}; schedule = "cosine"; warmup = 0; }};
sparse = {{ init = "weights"; }};
"""


def clips_of(folder, split, prep):
    """Clips and labels in the order of the list."""
    lines = [line.split() for line in open(f"{folder}/set/annotations/{split}list01.txt")]
    names = [line.split()[1] for line in open(f"{folder}/set/annotations/classInd.txt")]
    clips, labels = [], []
    for path, *_ in lines:
        pictures = torch.from_numpy(frames_of(f"{folder}/set/videos/{path}", f"{folder}/png", "brightness", 0))
        x = T.Resize((SIDE, SIDE), antialias=False)(pictures.permute(0, 3, 1, 2).float() / 255)
        x = T.Normalize(prep["mean"], prep["std"])(x)
        clips.append(x[views(len(x), 1)[0]].permute(1, 0, 2, 3))
        labels.append(names.index(path.split("/")[0]))
    return torch.stack(clips), torch.tensor(labels)


def train(net, masks, clips, labels):
    """An epoch's mean loss and accuracy at a time."""
    steps = -(-(-(-len(clips) // BATCH)) // ACCUM)
    weights = [v for v in net.parameters() if v.ndim > 1]
    sgd = torch.optim.SGD([{"params": weights, "weight_decay": DECAY},
                           {"params": [v for v in net.parameters() if v.ndim == 1]}], LR, MOMENTUM)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, EPOCHS * steps)
    for _ in range(EPOCHS):
        net.train()
        total, right = 0, 0
        for step in torch.arange(len(clips)).split(BATCH * ACCUM):
            sgd.zero_grad()
            for part in step.split(BATCH):
                logits = net(clips[part])
                loss = F.cross_entropy(logits, labels[part], label_smoothing=SMOOTHING, reduction="sum")
                (loss / len(step)).backward()
                total += float(loss)
                right += int((logits.argmax(1) == labels[part]).sum())
            for name, value in net.named_parameters():
                if name in masks:
                    value.grad.mul_(masks[name])
            nn.utils.clip_grad_norm_(net.parameters(), CLIP)
            sgd.step()
            cosine.step()
        yield total / len(clips), right / len(clips)


def make(seed, density):
    torch.manual_seed(seed)
    net = TinyR3D(4)
    masks = {}
    with torch.no_grad():
        for name, value in net.named_parameters():
            if density < 1 and value.ndim == 5:
                masks[name] = (torch.rand_like(value) < density).float()
                value.mul_(masks[name])
    return net, masks


def apart(a, b):
    """||a - b|| / ||b|| of all tensors together."""
    square = [(float(np.square(np.float64(a[k]) - v.double().numpy()).sum()), float(v.double().square().sum()))
              for k, v in b.items() if v.is_floating_point()]
    return np.sqrt(sum(d for d, _ in square) / sum(s for _, s in square))


def find_seed(clips, labels, density):
    """A rectifier whose input is within rounding of zero may open in one program and not in the other: weights
    from which PyTorch's own float32 stays near its float64."""
    for seed in range(1, 50):
        ends = []
        for dtype in (torch.float32, torch.float64):
            net, masks = make(seed, density)
            list(train(net.to(dtype), {k: v.to(dtype) for k, v in masks.items()}, clips.to(dtype), labels))
            ends.append(net.state_dict())
        if apart({k: v.numpy() for k, v in ends[0].items()}, ends[1]) < LIMIT / 10:
            return seed
    raise RuntimeError("no seed")


def compare(folder, density):
    open(f"{folder}/run.cfg", "w").write(CONFIG.format(folder, SIDE, EPOCHS, BATCH, ACCUM, LR, MOMENTUM, DECAY,
                                                       SMOOTHING, CLIP))
    prep = {"mean": [0.43216, 0.394666, 0.37645], "std": [0.22803, 0.22145, 0.216989]}
    clips, labels = clips_of(folder, "train", prep)
    seed = find_seed(clips, labels, density)
    net, masks = make(seed, density)
    save(f"{folder}/start.safetensors", {k: v.numpy() for k, v in net.state_dict().items()})
    run(COPPICE, "train", "-c", f"{folder}/run.cfg", "--out", f"{folder}/run",
        "--set", f"sparse.method={'dense' if density == 1 else 'static'}")
    rows = [json.loads(line) for line in open(f"{folder}/run/metrics.jsonl")]
    rows = [row for row in rows if "epoch" in row]
    told = json.loads(metadata(f"{folder}/run/model.safetensors")["prep"])
    check(f"density {density}: preparation", int(any(told[k] != v for k, v in prep.items())), 0)
    for row, (loss, right) in zip(rows, train(net, masks, clips, labels)):
        what = f"density {density}, epoch {row['epoch']}"
        check(f"{what}: loss of {len(clips)} clips, {loss:.4f}", abs(row["loss"] / loss - 1), 1e-4)
        check(f"{what}: accuracy, {right:.3f}", abs(row["train_top1"] - right), 1e-9)
        test, answers = clips_of(folder, "test", prep)
        with torch.no_grad():
            accuracy = float((net.eval()(test).argmax(1) == answers).double().mean())
        check(f"{what}: accuracy of {len(test)} test clips, {accuracy:.3f}", abs(row["test_top1"] - accuracy), 1e-9)
    final = load(f"{folder}/run/model.safetensors")
    check(f"density {density}, seed {seed}: weights after {EPOCHS} epochs, ||ours - PyTorch's|| / ||PyTorch's||",
          apart(final, net.state_dict()), LIMIT)


def carry(folder):
    """torchvision's net through a .pth, and a sparse one back from a compact file."""
    torch.manual_seed(5)
    net = torchvision.models.video.r3d_18().eval()
    with torch.no_grad():
        for value in net.parameters():
            if value.ndim == 5:
                value.mul_(torch.rand_like(value) < 0.1)
    torch.save({"state_dict": {"module." + k: v for k, v in net.state_dict().items()}}, f"{folder}/net.pth")
    script = f"{SAMPLES}/torch_weights.py"
    run(sys.executable, script, f"{folder}/net.pth", f"{folder}/net.safetensors")
    clips = torch.randn(1, 3, 8, 56, 56)
    save(f"{folder}/x.safetensors", {"clips": clips.numpy()})
    run(COPPICE, "model", "convert", f"{folder}/net.safetensors", f"{folder}/compact.safetensors", "--compact")
    size = os.path.getsize(f"{folder}/compact.safetensors") / os.path.getsize(f"{folder}/net.safetensors")
    check("r3d_18, a tenth of all convolutions' weights: compact file by dense one", size, 0.15)
    with torch.no_grad():
        want = net(clips).numpy()
    for form in ("net", "compact"):
        run(COPPICE, "infer", "--arch", "r3d_18", "--model", f"{folder}/{form}.safetensors", "--input",
            f"{folder}/x.safetensors", "--output", f"{folder}/y.safetensors")
        got = load(f"{folder}/y.safetensors")["logits"]
        check(f"r3d_18 from a .pth, {form}: logits", float(np.abs(got - want).max() / np.abs(want).max()), 1e-4)
    run(sys.executable, script, f"{folder}/compact.safetensors", f"{folder}/back.pth")
    state = {k.removeprefix("module."): v for k, v in torch.load(f"{folder}/back.pth").items()}
    other = torchvision.models.video.r3d_18()
    other.load_state_dict(state)
    worst = max(float((a - b).abs().max()) for a, b in zip(net.state_dict().values(), other.state_dict().values()))
    check("and back into PyTorch: largest difference of a weight", worst, 0)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/png")
        run(COPPICE, "synth", f"{folder}/set", "--classes", 4, "--clips", 8, "--size", 40, "--frames", 24)
        for density in (1, 0.4):
            compare(folder, density)
        carry(folder)
    finish()


sys.exit(main())
