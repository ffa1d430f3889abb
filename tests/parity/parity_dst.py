"""A hundred steps of RigL, and of a fixed mask under AdamW, against masked training in PyTorch from
the same weights, masks and batches: losses, densities, masks after each update.

Masks are those of PyTorch's float64 run. Up to the first near-tie coppice's are the same; there the
weights in question are near the cut, as float32 goes. It is reported, and PyTorch goes on with
coppice's masks; a run of its own in float32 beside it says how much of what follows is rounding.
AdamW divides a small gradient by its own size: one ReLU that opens in one program and not in the other
moves many weights of a layer, so that under it losses and densities count, and masks are only reported.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import copy
import math
import sys
import tempfile

import numpy as np
import torch
from torch.nn import functional as F

from common import BUILD, check, finish, load, run, save
from parity_pipeline import TinyR3D

STEPS, BATCH, CLIPS, EVERY, STOP, P0 = 100, 8, 24, 10, 0.75, 0.5
DECAY, MOMENTUM, EPS = 5e-4, 0.9, 1e-8
TIE_W, TIE_G = 1e-3, 3e-3  # of a layer's root mean square; gradients: what ReLUs near zero do to float32
TIE_X = 1e-7  # of activations behind batch norm, whose root mean square is 1
MOST_LOSS, MOST_WEIGHT = 1e-5, 5e-3
CLASSES = 4


def problem(seed, density):
    """A net whose weights are masked, and clips of moving stripes: something to learn."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = TinyR3D(CLASSES)
    masks = {}
    with torch.no_grad():
        for name, value in net.named_parameters():
            if value.ndim in (2, 5):
                masks[name] = torch.from_numpy(rng.random(tuple(value.shape)) < density)
                value.mul_(masks[name])
    labels = torch.from_numpy(rng.integers(0, CLASSES, CLIPS))
    t, y, x = torch.meshgrid(torch.arange(4.), torch.arange(16.), torch.arange(16.), indexing="ij")
    clips = torch.randn(CLIPS, 3, 4, 16, 16) * 0.5
    for i, label in enumerate(labels):
        clips[i] += torch.sin(0.7 * (x if label % 2 else y) + (2 if label > 1 else -2) * t)
    return net, masks, clips, labels


def groups(net):
    weights = [v for v in net.parameters() if v.ndim > 1]
    return [{"params": weights, "weight_decay": DECAY},
            {"params": [v for v in net.parameters() if v.ndim == 1], "weight_decay": 0}]


def order(scores, index):
    """Positions by score, equal ones by position."""
    return index[np.argsort(scores[index], kind="stable")]


def rigl(w, g, mask, p):
    """The mask after an update, and the scores on both sides of its cuts."""
    mask = mask.copy()
    k = int(p * mask.sum())
    by_size = order(np.abs(w), np.flatnonzero(mask))
    mask[by_size[:k]] = False
    by_gradient = order(-np.abs(g), np.flatnonzero(~mask))
    mask[by_gradient[:k]] = True
    return mask, np.abs(w[by_size[k - 1:k + 1]]), np.abs(g[by_gradient[k - 1:k + 1]])


class Relu(torch.nn.Module):
    """What lies within float32's rounding of zero may fall on either side: here all above `least` is let through."""

    def __init__(self, least):
        super().__init__()
        self.least = least

    def forward(self, x):
        return x * (x > self.least)


def with_relus(net, least):
    net = copy.deepcopy(net)
    for module in list(net.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, torch.nn.ReLU):
                setattr(module, name, Relu(least))
    return net


class Run:
    """Masked training: what is masked away has neither gradient, weight nor momentum."""

    def __init__(self, net, masks, dtype, make):
        self.net = copy.deepcopy(net).to(dtype).train()
        self.optimiser = make(self.net)
        self.weights = {n: v for n, v in self.net.named_parameters() if n in masks}

    def step(self, clips, labels, masks):
        self.optimiser.zero_grad()
        loss = F.cross_entropy(self.net(clips.to(next(self.net.parameters()).dtype)), labels)
        loss.backward()
        self.dense = {n: v.grad.clone() for n, v in self.weights.items()}
        for name, value in self.weights.items():
            value.grad.mul_(masks[name])
        self.optimiser.step()
        return loss.item()

    def scores(self, name):
        return (np.float64(self.weights[name].detach().numpy().ravel()),
                np.float64(self.dense[name].numpy().ravel()))

    def move(self, name, old, new):
        value = self.weights[name]
        with torch.no_grad():
            for state in [value, *self.optimiser.state[value].values()]:
                if torch.is_tensor(state) and state.shape == value.shape:
                    state.mul_(new).masked_fill_(new & ~old, 0)


def far(scores, differ, cut, share):
    limit = share * np.sqrt(np.square(scores).mean())
    return np.abs(np.abs(scores[differ]) - cut.mean()) > limit


def update(step, p, runs, masks, got, ties, said):
    """Layers whose densities are not coppice's or, up to the first near-tie, whose masks are not."""
    wrong, first = 0, not ties
    for name in masks:
        w, g = runs[0].scores(name)
        old = masks[name].numpy().ravel()
        mask, size_cut, gradient_cut = rigl(w, g, old, p)
        theirs = got[f"mask.{step}.{name}"].astype(bool)
        differ = np.flatnonzero(mask != theirs)
        wrong += bool(theirs.sum() != old.sum())
        if len(differ) and first:
            apart = far(w, differ, size_cut, TIE_W) & far(g, differ, gradient_cut, TIE_G)
            wrong += bool(apart.any())
            said.append(f"  near-tie: step {step}, {name}, {len(differ)} of {len(w)} weights: {differ.tolist()[:8]}, "
                        f"cuts at |w| = {size_cut.mean():.4g}, |g| = {gradient_cut.mean():.4g}")
        ties.extend(differ)
        new = torch.from_numpy(theirs.reshape(masks[name].shape))
        for run_ in runs:
            run_.move(name, masks[name], new)
        masks[name] = new
    return wrong


def compare(folder, method, optimizer, lr, density):
    label = f"{method}, {optimizer}, density {density}"
    net, masks, clips, labels = problem(3, density)
    save(f"{folder}/w.safetensors", {k: v.numpy() for k, v in net.state_dict().items()})
    save(f"{folder}/b.safetensors", {"clips": clips.numpy(), "labels": labels.numpy()},
         {"steps": STEPS, "batch": BATCH, "optimizer": optimizer, "lr": lr, "momentum": MOMENTUM,
          "weight_decay": DECAY, "eps": EPS})
    run(f"{BUILD}/parity/sparse_steps", "r3d_tiny", "", f"{folder}/w.safetensors", f"{folder}/b.safetensors",
        f"{folder}/out.safetensors", f"method={method}", f"interval={EVERY}", f"stop={STOP}", "drop_min=0",
        f"drop_fraction={P0}")
    got = load(f"{folder}/out.safetensors")
    make = ((lambda n: torch.optim.AdamW(groups(n), lr, eps=EPS)) if optimizer == "adamw" else
            (lambda n: torch.optim.SGD(groups(n), lr, MOMENTUM)))
    last = round(STOP * STEPS)

    def follow(least):
        """PyTorch's runs, float64's and float32's, with their losses, and what differed in masks."""
        now = dict(masks)
        runs = [Run(with_relus(net, least), now, torch.float64, make), Run(net, now, torch.float32, make)]
        losses, wrong, ties, said = [], 0, [], []
        for step in range(1, STEPS + 1):
            at = [(step - 1) * BATCH % CLIPS + i for i in range(BATCH)]
            losses.append([r.step(clips[at], labels[at], now) for r in runs])
            if method == "rigl" and step % EVERY == 0 and step <= last:
                wrong += update(step, P0 / 2 * (1 + math.cos(math.pi * step / last)), runs, now, got, ties, said)
        losses = np.array(losses).T
        return float(np.abs(got["losses"] - losses[0]).max()), least, runs, now, losses, wrong, ties, said

    # One activation on the other side of zero, as far as that is from it, moves all weights before it, and AdamW by
    # whole steps: float64 is followed with those within TIE_X of zero on either side.
    sides = []
    for least in (0, TIE_X, -TIE_X):
        sides.append(follow(least))
        if sides[-1][0] <= MOST_LOSS:
            break
    off, least, runs, masks, losses, wrong, ties, said = min(sides, key=lambda side: side[0])
    print("".join(f"{line}\n" for line in said), end="")
    own = float(np.abs(losses[1] - losses[0]).max())
    print(f"  {label}: PyTorch's own float32 losses are up to {own:.3g} from its float64 ones; ReLUs from {least:g}")
    check(f"{label}: losses of {STEPS} steps, {losses[0, 0]:.3f} to {losses[0, -1]:.3f}: largest difference",
          off, MOST_LOSS)
    if method == "rigl":
        check(f"{label}: {last // EVERY * len(masks)} masks; with another density or, up to the first near-tie, other weights",
              wrong, 0)
        print(f"  {label}: {len(ties)} of the masks' bits differed in all")
    check(f"{label}: weights that are not zero outside the masks",
          sum(int(np.count_nonzero(got[n] * ~m.numpy().ravel())) for n, m in masks.items()), 0)
    worst = [0, 0]
    for (name, value), other in zip(runs[0].net.named_parameters(), runs[1].net.parameters()):
        value = value.detach().numpy().ravel()
        for i, theirs in enumerate((got[name], other.detach().numpy().ravel())):
            worst[i] = max(worst[i], float(np.linalg.norm(theirs - value) / np.linalg.norm(value)))
    check(f"{label}: weights after the last step, worst of a parameter, where PyTorch's own float32 is "
          f"{worst[1]:.3g} away", worst[0], MOST_WEIGHT)


def main():
    with tempfile.TemporaryDirectory() as folder:
        compare(folder, "rigl", "sgd", 0.01, 0.3)
        compare(folder, "rigl", "adamw", 1e-3, 0.3)
        compare(folder, "static", "adamw", 1e-3, 0.5)
    finish()


sys.exit(main())
