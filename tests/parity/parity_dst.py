"""A hundred steps of RigL, and of a fixed mask under AdamW, against masked training in PyTorch, from the same
weights, masks and batches: losses, weights and moments after each step, masks after each update.

Each step of PyTorch's float64 starts where coppice's ended: weights, masks and moments are all that a step
knows of those before. What float32 rounds thus counts for one step alone; else a ReLU whose input lies within
rounding of zero would part two runs for good, and a hundred steps have several such. It remains in the largest
difference of a step, and medians, of steps that changed masks and of the others, are without it. PyTorch's float32 is compared likewise, to be read beside.
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
DECAY, MOMENTUM, EPS = 5e-4, 0.9, 1e-4
TIE_W, TIE_G = 1e-5, 3e-3  # of a layer's root mean square: float32, and a ReLU on the other side
MOST_LOSS = 1e-6  # float32's rounding of some 1e-7, and what is summed of it
MOST_USUAL, MOST_ONCE = 2e-5, 0.25  # of how far a step goes: float32's gradients, and a ReLU on the other side
ROUNDED = 2.0 ** -23  # of a value: a float32 that is rounded twice, decayed and moved
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


class Masked:
    """Masked training, each step from where coppice was before it."""

    def __init__(self, net, dtype, make):
        self.net = copy.deepcopy(net).to(dtype).train()
        self.dtype = dtype
        self.optimiser = make(self.net)
        self.params = dict(self.net.named_parameters())

    def restore(self, step, got, adamw):
        """As coppice left it after `step` steps."""
        for name, value in self.params.items():
            state = [torch.tensor(got[f"{what}.{step}.{name}"].reshape(value.shape), dtype=self.dtype)
                     for what in ("value", "state0", "state1")[:3 if adamw else 2]]
            with torch.no_grad():
                value.copy_(state[0])
            self.optimiser.state[value] = ({"step": torch.tensor(float(step)), "exp_avg": state[1], "exp_avg_sq": state[2]}
                                           if adamw else {"momentum_buffer": state[1]})

    def step(self, clips, labels, masks):
        """What is masked away has neither gradient, weight nor momentum; dense gradients are kept."""
        self.optimiser.zero_grad()
        loss = F.cross_entropy(self.net(clips.to(self.dtype)), labels)
        loss.backward()
        self.dense = {n: self.params[n].grad.clone() for n in masks}
        for name, mask in masks.items():
            self.params[name].grad.mul_(mask)
        self.optimiser.step()
        return loss.item()

    def scores(self, name):
        return (np.float64(self.params[name].detach().numpy().ravel()),
                np.float64(self.dense[name].numpy().ravel()))

    def state(self, name):
        """Value and moments, by coppice's names."""
        moments = [v for k, v in self.optimiser.state[self.params[name]].items() if k != "step"]
        return zip(("value", "state0", "state1"),
                   (v.detach().double().numpy().ravel() for v in [self.params[name], *moments]))


def share(theirs, value, before):
    """How far theirs is off, past its own rounding, as a share of how far the step went."""
    off = np.linalg.norm(theirs - value) - ROUNDED * np.linalg.norm(value)
    return max(off, 0) / np.linalg.norm(value - before)


def far(scores, differ, cut, tie):
    limit = tie * np.sqrt(np.square(scores).mean())
    return np.abs(np.abs(scores[differ]) - cut.mean()) > limit


def update(step, p, exact, masks, got):
    """Coppice's masks after an update, layers of another density or whose masks differ not in near-ties alone,
    and how many bits those are."""
    new, wrong, ties = {}, 0, 0
    for name, old in masks.items():
        w, g = exact.scores(name)
        mask, size_cut, gradient_cut = rigl(w, g, old.numpy().ravel(), p)
        theirs = got[f"mask.{step}.{name}"].astype(bool)
        differ = np.flatnonzero(mask != theirs)
        apart = far(w, differ, size_cut, TIE_W) & far(g, differ, gradient_cut, TIE_G) if len(differ) else differ
        wrong += bool(theirs.sum() != old.sum() or apart.any())
        ties += len(differ)
        new[name] = torch.from_numpy(theirs.reshape(old.shape))
    return new, wrong, ties


def compare(folder, method, optimizer, lr, density):
    label, adamw = f"{method}, {optimizer}, density {density}", optimizer == "adamw"
    net, masks, clips, labels = problem(3, density)
    save(f"{folder}/w.safetensors", {k: v.numpy() for k, v in net.state_dict().items()})
    save(f"{folder}/b.safetensors", {"clips": clips.numpy(), "labels": labels.numpy()},
         {"steps": STEPS, "batch": BATCH, "optimizer": optimizer, "lr": lr, "momentum": MOMENTUM,
          "weight_decay": DECAY, "eps": EPS})
    run(f"{BUILD}/parity/sparse_steps", "r3d_tiny", "", f"{folder}/w.safetensors", f"{folder}/b.safetensors",
        f"{folder}/out.safetensors", f"method={method}", f"interval={EVERY}", f"stop={STOP}", "drop_min=0",
        f"drop_fraction={P0}")
    got = load(f"{folder}/out.safetensors")
    for name, value in net.named_parameters():
        got[f"value.0.{name}"] = value.detach().numpy()
        got[f"state0.0.{name}"] = got[f"state1.0.{name}"] = np.zeros(value.shape)
    make = ((lambda n: torch.optim.AdamW(groups(n), lr, eps=EPS)) if adamw else
            (lambda n: torch.optim.SGD(groups(n), lr, MOMENTUM)))
    last = round(STOP * STEPS)
    runs = Masked(net, torch.float64, make), Masked(net, torch.float32, make)
    losses, errors, outside, wrong, ties = [], ({}, {}), 0, 0, 0
    for step in range(1, STEPS + 1):
        at = [(step - 1) * BATCH % CLIPS + i for i in range(BATCH)]
        for which in runs:
            which.restore(step - 1, got, adamw)
        losses.append([which.step(clips[at], labels[at], masks) for which in runs])
        kept, updated = masks, method == "rigl" and step % EVERY == 0 and step <= last
        if updated:
            # Of pi * step / last the cosine is an ulp off, and 0.125 of 80 weights would be 9 of them.
            p = P0 / 2 * (1 + math.cos(math.pi * (step / last)))
            new, others, bits = update(step, p, runs[0], masks, got)
            wrong, ties = wrong + others, ties + bits
            kept, masks = {n: new[n] & masks[n] for n in masks}, new
        for name in runs[0].params:
            stay = kept[name].numpy().ravel() if name in kept else np.array(True)
            for (what, value), (_, rounded) in zip(*(which.state(name) for which in runs)):
                before, theirs = (np.float64(got[f"{what}.{k}.{name}"].ravel()) for k in (step - 1, step))
                outside += int(np.count_nonzero(theirs * ~stay))
                errors[updated].setdefault((what, name), []).append(
                    [share(x * stay, value * stay, before * stay) for x in (theirs, rounded)])
    losses = np.array(losses).T
    off, own = (float(np.abs(x - losses[0]).max()) for x in (got["losses"], losses[1]))
    check(f"{label}: losses of {STEPS} steps, {losses[0, 0]:.3f} to {losses[0, -1]:.3f}: largest difference "
          f"(PyTorch's float32 {own:.2g})", off, MOST_LOSS)
    if method == "rigl":
        check(f"{label}: {last // EVERY * len(masks)} masks, of another density or other weights than PyTorch's, "
              f"but for near-ties ({ties} bits)", wrong, 0)
    check(f"{label}: weights and moments that are not zero outside the masks or where masks grew", outside, 0)
    for steps, of in zip(("a step", "an update"), errors):
        for what, function, limit in (("median", np.median, MOST_USUAL), ("largest", np.max, MOST_ONCE)):
            if of:
                worst = np.max([function(np.array(e), axis=0) for e in of.values()], axis=0)
                check(f"{label}: weights and moments after {steps}, {what} difference of the worst parameter, as a "
                      f"share of the step (PyTorch's float32 {worst[1]:.2g})", worst[0], limit)


def main():
    with tempfile.TemporaryDirectory() as folder:
        compare(folder, "rigl", "sgd", 0.01, 0.3)
        compare(folder, "rigl", "adamw", 1e-3, 0.3)
        compare(folder, "static", "adamw", 1e-3, 0.5)
    finish()


sys.exit(main())
