"""Logits of r3d_18 against torchvision's, random weights and batch-norm statistics.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import numpy as np
import torch
import torchvision

from common import COPPICE, check, finish, load, run, save

LIMIT = 1e-4  # of the largest logit: float32 sums of up to 13,824 products through 20 layers


def random_net(seed):
    torch.manual_seed(seed)
    net = torchvision.models.video.r3d_18()
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif name.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.ndim == 1 and name.endswith(("weight", "bias")):
                value.add_(torch.randn_like(value) * 0.2)
        net.fc.weight.mul_(5)
    return net.eval()


def main():
    net = random_net(1)
    with tempfile.TemporaryDirectory() as folder:
        model = f"{folder}/r3d_18.safetensors"
        for density in (1, 0.3):
            if density < 1:
                rng = np.random.default_rng(2)
                with torch.no_grad():
                    for value in net.state_dict().values():
                        if value.ndim == 5:
                            value.mul_(torch.from_numpy(rng.random(value.shape) < density))
            save(model, {k: v.numpy() for k, v in net.state_dict().items()})
            for n, t, side in ((1, 16, 112), (5, 8, 56), (21, 7, 41)):
                clips = torch.randn(n, 3, t, side, side, generator=torch.Generator().manual_seed(n))
                save(f"{folder}/x.safetensors", {"clips": clips.numpy()})
                run(COPPICE, "infer", "--arch", "r3d_18", "--model", model, "--idle", "1e30",
                    "--input", f"{folder}/x.safetensors", "--output", f"{folder}/y.safetensors")
                with torch.no_grad():
                    want = net(clips).numpy()
                got = load(f"{folder}/y.safetensors")["logits"]
                check(f"r3d_18 density {density}, {n} clips of {t}x{side}x{side}: largest difference of logits",
                      float(np.abs(got - want).max() / np.abs(want).max()), LIMIT)
    finish()


sys.exit(main())
