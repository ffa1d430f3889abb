"""Logits of torchvision's nets for video and for images, and of one of depthwise blocks, against
PyTorch's, with random weights and batch-norm statistics.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import sys
import tempfile

import numpy as np
import torch
import torchvision

from common import COPPICE, check, finish, load, run, save
from image_nets import resnet, vgg

NETS = "r3d_18", "mc3_18", "r2plus1d_18", "x3d_stack"
IMAGE_NETS = ("resnet18", "resnet34", "resnet50", "resnet34 stem=cifar", "vgg11_bn", "vgg16_bn")
# Frames of 112 to 131 pixels, groups of lanes that are and are not full, single clips in tiles.
VIDEO = (1, 16, 112, 112), (2, 8, 97, 131), (1, 8, 97, 131), (5, 8, 56, 56), (21, 7, 41, 41)
IMAGES = (1, 1, 64, 64), (5, 1, 97, 131), (2, 3, 28, 28), (21, 1, 32, 32)
# Of the largest logit: float32 sums of up to 13,824 products through 20 layers, or of 3,456
# through 39, or of 432 through 85.
LIMIT = 1e-4


class Bottleneck(torch.nn.Module):
    def __init__(self, before, channels, stride):
        super().__init__()
        inner = channels * 9 // 4
        self.conv1 = unit(before, inner, 1)
        self.conv2 = unit(inner, inner, 3, (1, stride, stride), inner)
        self.conv3 = unit(inner, channels, 1)
        if stride > 1 or before != channels:
            self.downsample = unit(before, channels, 1, (1, stride, stride))

    def forward(self, x):
        y = self.conv3(self.conv2(self.conv1(x).relu()).relu())
        return (y + (self.downsample(x) if hasattr(self, "downsample") else x)).relu()


def unit(before, channels, kernel, stride=1, groups=1):
    conv = torch.nn.Conv3d(before, channels, kernel, stride, kernel // 2, groups=groups, bias=False)
    return torch.nn.Sequential(conv, torch.nn.BatchNorm3d(channels))


class X3dStack(torch.nn.Module):
    def __init__(self):
        super().__init__()
        conv = torch.nn.Conv3d
        self.stem = torch.nn.Sequential(
            conv(3, 24, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False),
            conv(24, 24, (5, 1, 1), 1, (2, 0, 0), groups=24, bias=False),
            torch.nn.BatchNorm3d(24), torch.nn.ReLU())
        before = 24
        for stage, blocks in enumerate((3, 5, 11, 7)):
            layer = torch.nn.Sequential()
            for block in range(blocks):
                layer.append(Bottleneck(before, 24 << stage, 2 if block == 0 else 1))
                before = 24 << stage
            setattr(self, f"layer{stage + 1}", layer)
        self.fc = torch.nn.Linear(before, 400)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(x.mean((2, 3, 4)))


def random_net(name, seed):
    torch.manual_seed(seed)
    arch, _, options = name.partition(" ")
    if arch == "x3d_stack":
        net = X3dStack()
    elif arch.startswith("resnet"):
        net = resnet(arch, 400, "cifar" in options)
    elif arch.startswith("vgg"):
        net = vgg(arch, 400)
    else:
        net = getattr(torchvision.models.video, arch)()
    with torch.no_grad():
        for key, value in net.state_dict().items():
            if key.endswith("running_mean"):
                value.normal_(0, 0.2)
            elif key.endswith("running_var"):
                value.uniform_(0.5, 2)
            elif value.ndim == 1 and key.endswith(("weight", "bias")):
                value.add_(torch.randn_like(value) * 0.2)
        list(net.children())[-1].weight.mul_(5)
    return net.eval()


def compare(name, sizes, folder):
    net = random_net(name, 1)
    model = f"{folder}/model.safetensors"
    for density in (1, 0.3):
        if density < 1:
            rng = np.random.default_rng(2)
            with torch.no_grad():
                for value in net.state_dict().values():
                    if value.ndim >= 4:
                        value.mul_(torch.from_numpy(rng.random(value.shape) < density))
        save(model, {k: v.numpy() for k, v in net.state_dict().items()})
        for n, t, h, w in sizes[density < 1:]:
            clips = torch.randn(n, 3, t, h, w, generator=torch.Generator().manual_seed(n))
            save(f"{folder}/x.safetensors", {"clips": clips.numpy()})
            run(COPPICE, "infer", "--arch", name.replace(" ", ", "), "--model", model, "--idle", "1e30",
                "--input", f"{folder}/x.safetensors", "--output", f"{folder}/y.safetensors")
            with torch.no_grad():
                want = net(clips).numpy()
            got = load(f"{folder}/y.safetensors")["logits"]
            check(f"{name} density {density}, {n} clips of {t}x{h}x{w}: largest difference of logits",
                  float(np.abs(got - want).max() / np.abs(want).max()), LIMIT)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in NETS:
            compare(name, VIDEO, folder)
        for name in IMAGE_NETS:
            compare(name, IMAGES, folder)
    finish()


sys.exit(main())
