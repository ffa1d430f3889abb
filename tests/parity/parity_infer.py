"""Logits of torchvision's video nets against its own, random weights and batch-norm statistics.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import numpy as np
import torch
import torchvision

from common import COPPICE, check, finish, load, run, save

NETS = "r3d_18", "mc3_18", "r2plus1d_18"
# Of the largest logit: float32 sums of up to 13,824 products through 20 layers, or of 3,456
# through 39.
LIMIT = 1e-4


def random_net(name, seed):
    torch.manual_seed(seed)
    net = getattr(torchvision.models.video, name)()
    with torch.no_grad():
        for key, value in net.state_dict().items():
            if key.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif key.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.ndim == 1 and key.endswith(("weight", "bias")):
                value.add_(torch.randn_like(value) * 0.2)
        net.fc.weight.mul_(5)
    return net.eval()


def compare(name, folder):
    net = random_net(name, 1)
    model = f"{folder}/{name}.safetensors"
    for density in (1, 0.3):
        if density < 1:
            rng = np.random.default_rng(2)
            with torch.no_grad():
                for value in net.state_dict().values():
                    if value.ndim == 5:
                        value.mul_(torch.from_numpy(rng.random(value.shape) < density))
        save(model, {k: v.numpy() for k, v in net.state_dict().items()})
        for n, t, side in ((1, 16, 112), (5, 8, 56), (21, 7, 41))[density < 1:]:
            clips = torch.randn(n, 3, t, side, side, generator=torch.Generator().manual_seed(n))
            save(f"{folder}/x.safetensors", {"clips": clips.numpy()})
            run(COPPICE, "infer", "--arch", name, "--model", model, "--idle", "1e30",
                "--input", f"{folder}/x.safetensors", "--output", f"{folder}/y.safetensors")
            with torch.no_grad():
                want = net(clips).numpy()
            got = load(f"{folder}/y.safetensors")["logits"]
            check(f"{name} density {density}, {n} clips of {t}x{side}x{side}: largest difference of logits",
                  float(np.abs(got - want).max() / np.abs(want).max()), LIMIT)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in NETS:
            compare(name, folder)
    finish()


sys.exit(main())
