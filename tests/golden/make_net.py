#!/usr/bin/python3
"""Logits, gradients and ten training steps of a narrow residual net, dense and masked,
from PyTorch 1.13 in float64: tests/golden/net/{dense,sparse}_{weights,results}.safetensors,
which test_grad_net and test_trainer read. For the dense one recipe_results.safetensors, too,
which test_recipe reads: steps of two batches with clipped gradients while stem and first
stage, or the first stage alone, are frozen, and what mixup makes of the clips.

    /usr/bin/python3 tests/golden/make_net.py

The net is r3d_tiny with width=6, blocks=1,1, stem_kernel=3 and 5 classes. Seeds are taken
in order from 1 until PyTorch's own float32 agrees with its float64 to a fifth of what the
tests allow: a ReLU whose input is within rounding of zero may otherwise open in one and
not in the other. Metadata tell which.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import copy
import json
import os
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "net")
CLASSES, CLIPS, SIZE = 5, 21, (3, 4, 13, 11)
STEPS, BATCH = 10, 7  # step i takes clips 7 (i mod 3) ...
LR, MOMENTUM, DECAY, SMOOTHING = 0.05, 0.9, 1e-3, 0.1
LIMIT = 1e-5  # of the tests
MIX, CLIP, RECIPE_STEPS = 0.75, 0.5, 5
NAMES = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64", np.dtype(np.float64): "F64"}


def save(name, tensors, **meta):
    header, offset, blobs = {"__metadata__": {k: str(v) for k, v in meta.items()}}, 0, []
    for key, array in tensors.items():
        array = np.ascontiguousarray(array).reshape(np.shape(array))
        header[key] = {"dtype": NAMES[array.dtype], "shape": list(array.shape),
                       "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        blobs.append(array.tobytes())
    text = json.dumps(header).encode()
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def conv(i, o, k, stride=1):
    return nn.Conv3d(i, o, k, stride, k // 2, bias=False)


class Block(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Sequential(conv(i, o, 3, stride), nn.BatchNorm3d(o))
        self.conv2 = nn.Sequential(conv(o, o, 3), nn.BatchNorm3d(o))
        self.downsample = None
        if stride > 1:
            self.downsample = nn.Sequential(conv(i, o, 1, stride), nn.BatchNorm3d(o))

    def forward(self, x):
        y = self.conv2(F.relu(self.conv1(x)))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class Net(nn.Module):
    def __init__(self, width=6):
        super().__init__()
        self.stem = nn.Sequential(conv(3, width, 3, (1, 2, 2)), nn.BatchNorm3d(width))
        self.layer1 = nn.Sequential(Block(width, width, 1))
        self.layer2 = nn.Sequential(Block(width, 2 * width, 2))
        self.fc = nn.Linear(2 * width, CLASSES)

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.stem(x))))
        return self.fc(x.mean((2, 3, 4)))


def make(seed, density):
    """A net, its masks, clips and labels, all exact in float32."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net, masks = Net(), {}
    with torch.no_grad():
        net.fc.weight.normal_(0, 0.5)
        for name, value in net.state_dict().items():
            if name.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.ndim == 1 and value.dtype == torch.float32:
                value.add_(torch.randn_like(value) * 0.1)
        for name, value in net.named_parameters():
            if density < 1 and value.ndim > 1:
                masks[name] = torch.from_numpy(rng.random(tuple(value.shape)) < density)
                value.mul_(masks[name]).add_(0.0)  # no negative zeros
                assert (value != 0).equal(masks[name])
    return net, masks, torch.randn(CLIPS, *SIZE), torch.from_numpy(rng.integers(0, CLASSES, CLIPS))


def results(net, masks, clips, labels):
    """What the tests compare, in the precision of `net` and `clips`."""
    net = copy.deepcopy(net)
    with torch.no_grad():
        out = {"logits": net.eval()(clips)}
    net.train()
    start = copy.deepcopy(net.state_dict())
    loss = F.cross_entropy(net(clips), labels, label_smoothing=SMOOTHING)
    loss.backward()
    out["loss"] = loss.detach()
    out.update({"grad." + k: v.grad.clone() for k, v in net.named_parameters()})
    net.load_state_dict(start)

    weights = [v for v in net.parameters() if v.ndim > 1]
    rest = [v for v in net.parameters() if v.ndim == 1]
    sgd = torch.optim.SGD([{"params": weights, "weight_decay": DECAY}, {"params": rest}], LR,
                          MOMENTUM, nesterov=True)
    losses = []
    for i in range(STEPS):
        part = slice(BATCH * (i % 3), BATCH * (i % 3 + 1))
        sgd.zero_grad()
        loss = F.cross_entropy(net(clips[part]), labels[part], label_smoothing=SMOOTHING)
        loss.backward()
        for name, value in net.named_parameters():
            if name in masks:
                value.grad.mul_(masks[name])
        sgd.step()
        losses.append(loss.detach())
    out["losses"] = torch.stack(losses)
    out.update({"final." + k: v for k, v in net.state_dict().items()
                if v.is_floating_point()})
    return {k: v.detach().double().numpy() for k, v in out.items()}


def recipe(net, clips, labels):
    """Steps of two batches, of 7 and of 4 clips; and one mixed batch of all clips."""
    net = copy.deepcopy(net).train()
    start = copy.deepcopy(net.state_dict())
    mixed = MIX * clips + (1 - MIX) * clips.roll(1, 0)
    logits = net(mixed)
    loss = (MIX * F.cross_entropy(logits, labels, label_smoothing=SMOOTHING) +
            (1 - MIX) * F.cross_entropy(logits, labels.roll(1, 0), label_smoothing=SMOOTHING))
    loss.backward()
    out = {"mixed": mixed, "mixed.loss": loss.detach()}
    out.update({"mixed.grad." + k: v.grad.clone() for k, v in net.named_parameters()})

    for name, frozen in (("", ["stem", "layer1"]), ("middle.", ["layer1"])):
        net.load_state_dict(start)
        for key, part in net.named_children():
            part.train(key not in frozen).requires_grad_(key not in frozen)
        moving = [v for v in net.parameters() if v.requires_grad]
        sgd = torch.optim.SGD([{"params": [v for v in moving if v.ndim > 1], "weight_decay": DECAY},
                               {"params": [v for v in moving if v.ndim == 1]}], LR, MOMENTUM)
        losses, norms = [], []
        for _ in range(RECIPE_STEPS):
            sgd.zero_grad()
            for part in (slice(0, BATCH), slice(BATCH, BATCH + 4)):
                loss = F.cross_entropy(net(clips[part]), labels[part], reduction="sum")
                (loss / (BATCH + 4)).backward()
                losses.append(loss.detach() / (part.stop - part.start))
            norms.append(nn.utils.clip_grad_norm_(moving, CLIP))
            sgd.step()
        out.update({name + "losses": torch.stack(losses), name + "norms": torch.stack(norms)})
        out.update({name + "final." + k: v.clone() for k, v in net.state_dict().items()
                    if v.is_floating_point()})
    return {k: v.detach().double().numpy() for k, v in out.items()}


def error(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def main():
    for name, density in (("dense", 1), ("sparse", 0.3)):
        for seed in range(1, 1000):
            net, masks, clips, labels = make(seed, density)
            want = results(copy.deepcopy(net).double(), masks, clips.double(), labels)
            own = max(error(v, want[k]) for k, v in results(net, masks, clips, labels).items())
            if own < LIMIT / 5:
                break
        print(f"{name}: seed {seed}, PyTorch's float32 is {own:.2g} from its float64")
        save(f"{name}_weights.safetensors", {k: v.numpy() for k, v in net.state_dict().items()},
             seed=seed, density=density)
        save(f"{name}_results.safetensors",
             {k: v.astype(np.float64 if k == "losses" else np.float32) for k, v in want.items()} |
             {"clips": clips.numpy(), "labels": labels.numpy()},
             seed=seed, density=density, torch=torch.__version__, float32_error=own)
        if density == 1:
            want = recipe(copy.deepcopy(net).double(), clips.double(), labels)
            own = max(error(v, want[k]) for k, v in recipe(net, clips, labels).items())
            print(f"recipe: PyTorch's float32 is {own:.2g} from its float64")
            save("recipe_results.safetensors",
                 {k: v.astype(np.float64 if k.endswith(("losses", "norms")) else np.float32)
                  for k, v in want.items()},
                 seed=seed, torch=torch.__version__, float32_error=own)


main()
