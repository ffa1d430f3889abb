"""Loss and gradients of a small net, dense and masked, against PyTorch's.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import copy
import sys
import tempfile

import numpy as np
import torch
from torchvision.models.video.resnet import BasicBlock, Conv3DSimple, VideoResNet

from common import BUILD, check, finish, load, run, save

# ||g - ref|| / ||ref|| a parameter, ref in float64. The clips are large enough for float32 to
# hold that: with few positions left in the last stage, batch normalisation over them and
# ReLUs near zero put PyTorch's own float32 gradients 3e-3 away from its float64 ones.
LIMIT = 1e-4


class Stem(torch.nn.Sequential):
    def __init__(self):
        super().__init__(torch.nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False),
                         torch.nn.BatchNorm3d(64), torch.nn.ReLU(inplace=True))


def main():
    torch.manual_seed(3)
    net = VideoResNet(BasicBlock, [Conv3DSimple] * 4, [1, 1, 1, 1], Stem, num_classes=11)
    rng = np.random.default_rng(4)
    with tempfile.TemporaryDirectory() as folder:
        for density, n, side in ((1, 5, 56), (0.3, 21, 40)):
            masks = {}
            with torch.no_grad():
                net.fc.weight.normal_(0, 0.3)
                for name, value in net.named_parameters():
                    if density < 1 and value.ndim in (2, 5):
                        masks[name] = torch.from_numpy(rng.random(tuple(value.shape)) < density)
                        value.mul_(masks[name])
            save(f"{folder}/w.safetensors", {k: v.numpy() for k, v in net.state_dict().items()})
            clips = torch.randn(n, 3, 8, side, side + 3)
            labels = torch.from_numpy(rng.integers(0, 11, n))
            save(f"{folder}/b.safetensors", {"clips": clips.numpy(), "labels": labels.numpy()},
                 {"label_smoothing": 0.1})
            run(f"{BUILD}/parity/net_gradients", "r3d_10", "", f"{folder}/w.safetensors",
                f"{folder}/b.safetensors", f"{folder}/g.safetensors", "1e30")
            got = load(f"{folder}/g.safetensors")
            exact = copy.deepcopy(net).double().train()
            loss = torch.nn.functional.cross_entropy(exact(clips.double()), labels, label_smoothing=0.1)
            loss.backward()
            net.train().zero_grad()
            torch.nn.functional.cross_entropy(net(clips), labels, label_smoothing=0.1).backward()
            own = max(float((a.grad.double() - b.grad).norm() / b.grad.norm())
                      for a, b in zip(net.parameters(), exact.parameters()))
            print(f"  PyTorch's own float32 gradients: {own:.3g} away from float64")
            label = f"density {density}, {n} clips"
            check(f"{label}: loss", abs(float(got["loss"]) - loss.item()) / loss.item(), 1e-5)
            worst = dense_worst = 0.0
            for name, value in exact.named_parameters():
                ref = value.grad.numpy()
                if name in masks:
                    dense_worst = max(dense_worst, np.linalg.norm(got["dense." + name] - ref) / np.linalg.norm(ref))
                    ref = ref * masks[name].numpy()
                error = np.linalg.norm(got[name] - ref) / np.linalg.norm(ref)
                worst = max(worst, error)
                if error > LIMIT:
                    print(f"  {name}: {error:.3g}")
            check(f"{label}: worst gradient of a parameter", worst, LIMIT)
            if masks:
                check(f"{label}: worst dense gradient of a masked weight", dense_worst, LIMIT)
            worst = max(np.abs(got[name] / value.numpy() - 1).max()
                        for name, value in exact.named_buffers() if name.endswith("running_var"))
            check(f"{label}: running variances", worst, 1e-5)
    finish()


sys.exit(main())
