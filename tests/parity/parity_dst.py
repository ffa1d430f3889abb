"""A hundred steps of RigL, and of a fixed mask under AdamW, against masked training in PyTorch from
the same weights, masks and batches: losses, densities, masks after each update.

Masks are those of PyTorch's float64 run. Where coppice's differ, the weights in question must be a
near-tie: their scores and the cut's are as close as float32 can tell after so many steps. The
first is reported, and PyTorch goes on with coppice's mask.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import math
import sys
import tempfile

import numpy as np
import torch
from torch.nn import functional as F

from common import BUILD, check, finish, load, run, save
from parity_pipeline import TinyR3D

STEPS, BATCH, CLIPS, EVERY, STOP, P0 = 100, 8, 24, 10, 0.75, 0.5
DECAY, MOMENTUM = 5e-4, 0.9
TIE = 1e-4  # of a score
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


def is_near_tie(differ, w, g, size_cut, gradient_cut):
    """True where each position's |w| or |g| lies by the cut."""
    def near(scores, cut):
        return np.abs(np.abs(scores[:, None]) / cut.mean() - 1).min(axis=1) < TIE
    return bool(np.all(near(w[differ], size_cut) | near(g[differ], gradient_cut)))


class Updates:
    """RigL beside an optimiser of PyTorch: what is masked away has neither weight nor momentum."""

    def __init__(self, net, masks, got, label):
        self.params = {n: v for n, v in net.named_parameters() if n in masks}
        self.masks, self.got, self.label, self.ties = masks, got, label, 0

    def update(self, step, p, dense, optimiser):
        apart = 0
        for name, value in self.params.items():
            w, g = value.detach().numpy().ravel(), dense[name].numpy().ravel()
            old = self.masks[name].numpy().ravel()
            new, size_cut, gradient_cut = rigl(w, g, old, p)
            theirs = self.got[f"mask.{step}.{name}"].astype(bool)
            differ = np.flatnonzero(new != theirs)
            if len(differ):
                if not self.ties:
                    print(f"  {self.label}: first near-tie at step {step} in {name}: "
                          f"{len(differ)} weights, |w| by {size_cut.mean():.3g}, |g| by {gradient_cut.mean():.3g}")
                self.ties += len(differ)
                apart += not is_near_tie(differ, w, g, size_cut, gradient_cut)
            apart += int(theirs.sum() != old.sum())
            mask = torch.from_numpy(theirs.reshape(value.shape))
            born = mask & ~self.masks[name]
            with torch.no_grad():
                value.mul_(mask).masked_fill_(born, 0)
                for state in optimiser.state[value].values():
                    if torch.is_tensor(state) and state.shape == value.shape:
                        state.mul_(mask).masked_fill_(born, 0)
            self.masks[name] = mask
        return apart


def train(net, masks, clips, labels, optimiser, updates):
    """Losses, and how many layers' masks are not coppice's for no good reason."""
    last, losses, apart = round(STOP * STEPS), [], 0
    net.train()
    for step in range(1, STEPS + 1):
        at = [(step - 1) * BATCH % CLIPS + i for i in range(BATCH)]
        optimiser.zero_grad()
        loss = F.cross_entropy(net(clips[at]), labels[at])
        loss.backward()
        losses.append(loss.item())
        dense = {n: v.grad.clone() for n, v in net.named_parameters() if n in masks}
        for name, value in net.named_parameters():
            if name in masks:
                value.grad.mul_(updates.masks[name] if updates else masks[name])
        optimiser.step()
        if updates and step % EVERY == 0 and step <= last:
            apart += updates.update(step, P0 / 2 * (1 + math.cos(math.pi * step / last)), dense, optimiser)
    return np.array(losses), apart


def compare(folder, name, method, optimizer, lr, density):
    net, masks, clips, labels = problem(3, density)
    save(f"{folder}/w.safetensors", {k: v.numpy() for k, v in net.state_dict().items()})
    save(f"{folder}/b.safetensors", {"clips": clips.numpy(), "labels": labels.numpy()},
         {"steps": STEPS, "batch": BATCH, "optimizer": optimizer, "lr": lr, "momentum": MOMENTUM,
          "weight_decay": DECAY})
    run(f"{BUILD}/parity/sparse_steps", "r3d_tiny", "", f"{folder}/w.safetensors", f"{folder}/b.safetensors",
        f"{folder}/out.safetensors", f"method={method}", f"interval={EVERY}", f"stop={STOP}", "drop_min=0",
        f"drop_fraction={P0}")
    got = load(f"{folder}/out.safetensors")
    net = net.double()
    adamw = optimizer == "adamw"
    optimiser = (torch.optim.AdamW(groups(net), lr) if adamw else torch.optim.SGD(groups(net), lr, MOMENTUM))
    updates = Updates(net, dict(masks), got, name) if method == "rigl" else None
    losses, apart = train(net, masks, clips.double(), labels, optimiser, updates)
    check(f"{name}: losses of {STEPS} steps, {losses[0]:.3f} to {losses[-1]:.3f}: largest difference",
          float(np.abs(got["losses"] - losses).max()), 1e-3)
    if updates:
        check(f"{name}: {len(masks)} masks, 7 updates, {updates.ties} weights in near-ties: masks or "
              "densities that differ otherwise", apart, 0)
    masks = updates.masks if updates else masks
    check(f"{name}: weights that are not zero outside the masks",
          sum(int(np.count_nonzero(got[n] * ~m.numpy().ravel())) for n, m in masks.items()), 0)
    worst = max(float(np.linalg.norm(got[n] - v.detach().numpy().ravel()) / np.linalg.norm(v.detach().numpy()))
                for n, v in net.named_parameters())
    check(f"{name}: weights after the last step, worst of a parameter", worst, 5e-3)


def main():
    with tempfile.TemporaryDirectory() as folder:
        compare(folder, "RigL, SGD, density 0.3", "rigl", "sgd", 0.01, 0.3)
        compare(folder, "RigL, AdamW, density 0.3", "rigl", "adamw", 1e-3, 0.3)
        compare(folder, "static, AdamW, density 0.5", "static", "adamw", 1e-3, 0.5)
    finish()


sys.exit(main())
