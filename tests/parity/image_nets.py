"""Nets of images in PyTorch, over clips of one frame or more: [n,3,t,h,w] in, means over frames out.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import torch
import torchvision
from torchvision.models.resnet import BasicBlock, Bottleneck


class ResNet(torch.nn.Module):
    """torchvision's layers and names; stem for pictures of 224 or of 32 pixels."""

    def __init__(self, block, blocks, width, classes, cifar):
        super().__init__()
        kernel, stride = (3, 1) if cifar else (7, 2)
        self.conv1 = torch.nn.Conv2d(3, width, kernel, stride, kernel // 2, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        self.maxpool = torch.nn.Identity() if cifar else torch.nn.MaxPool2d(3, 2, 1)
        before = width
        self.stages = []
        for stage, count in enumerate(blocks):
            layer = torch.nn.Sequential()
            for i in range(count):
                stride = 2 if stage > 0 and i == 0 else 1
                channels = width << stage
                down = None
                if stride > 1 or before != channels * block.expansion:
                    down = torch.nn.Sequential(
                        torch.nn.Conv2d(before, channels * block.expansion, 1, stride, bias=False),
                        torch.nn.BatchNorm2d(channels * block.expansion))
                layer.append(block(before, channels, stride, down))
                before = channels * block.expansion
            setattr(self, f"layer{stage + 1}", layer)
            self.stages.append(f"layer{stage + 1}")
        self.fc = torch.nn.Linear(before, classes)

    def forward(self, clips):
        def features(x):
            x = self.maxpool(self.bn1(self.conv1(x)).relu())
            for name in self.stages:
                x = getattr(self, name)(x)
            return x
        return self.fc(over_frames(features, clips))


class Vgg(torch.nn.Module):
    """Those of torchvision's features whose pooling the picture is large enough for."""

    def __init__(self, features, channels, classes):
        super().__init__()
        self.features = features
        self.classifier = torch.nn.Linear(channels, classes)

    def forward(self, clips):
        def features(x):
            for layer in self.features:
                if not isinstance(layer, torch.nn.MaxPool2d) or min(x.shape[2:]) > 1:
                    x = layer(x)
            return x
        return self.classifier(over_frames(features, clips))


def over_frames(features, clips):
    n, _, t = clips.shape[:3]
    x = features(clips.transpose(1, 2).flatten(0, 1))
    return x.mean((2, 3)).view(n, t, -1).mean(1)


def resnet(name, classes, cifar):
    block, blocks = {"resnet18": (BasicBlock, (2, 2, 2, 2)), "resnet34": (BasicBlock, (3, 4, 6, 3)),
                     "resnet50": (Bottleneck, (3, 4, 6, 3))}[name]
    return ResNet(block, blocks, 64, classes, cifar)


def vgg(name, classes):
    return Vgg(getattr(torchvision.models, name)().features, 512, classes)


def small_resnet50():
    return ResNet(Bottleneck, (1, 1), 8, 11, True)


def small_vgg11():
    plan = [4, "M", 8, "M", 16, 16, "M", 32, 32, "M", 32, 32, "M"]
    return Vgg(torchvision.models.vgg.make_layers(plan, batch_norm=True), 32, 11)
