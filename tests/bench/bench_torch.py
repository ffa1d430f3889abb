"""Times one whole net of PyTorch, inference or training step, and prints a line of JSON.

The dense peer of bench_nets.c: the same clips in memory, the same step. Several ways to run
the net are known ("variants"); --list-variants times each once and names them all.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
import argparse
import json
import resource
import sys
import time
import warnings

import torch
import torchvision
from torch.fx.experimental.optimization import fuse

CLASSES = 400
warnings.filterwarnings("ignore")


class Bottleneck(torch.nn.Module):
    """1x1x1, depthwise 3x3x3, 1x1x1, and a shortcut."""

    def __init__(self, channels_in, inner, channels, stride):
        super().__init__()
        self.body = torch.nn.Sequential(
            *unit(channels_in, inner, 1, 1, 1, 1), torch.nn.ReLU(inplace=True),
            *unit(inner, inner, 3, 3, stride, inner), torch.nn.ReLU(inplace=True),
            *unit(inner, channels, 1, 1, 1, 1))
        change = stride > 1 or channels_in != channels
        self.shortcut = torch.nn.Sequential(*unit(channels_in, channels, 1, 1, stride, 1)) \
            if change else torch.nn.Identity()
        self.relu = torch.nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.body(x) + self.shortcut(x))


def conv(channels_in, channels, kernel_t, kernel, stride, groups):
    return torch.nn.Conv3d(channels_in, channels, (kernel_t, kernel, kernel), (1, stride, stride),
                           (kernel_t // 2, kernel // 2, kernel // 2), groups=groups, bias=False)


def unit(channels_in, channels, kernel_t, kernel, stride, groups):
    return (conv(channels_in, channels, kernel_t, kernel, stride, groups),
            torch.nn.BatchNorm3d(channels))


class X3DStack(torch.nn.Module):
    """What models/archs/arch_x3d.c builds."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Sequential(conv(3, 24, 1, 3, 2, 1), *unit(24, 24, 5, 1, 1, 24),
                                        torch.nn.ReLU(inplace=True))
        channels = 24
        for stage, depth in enumerate((3, 5, 11, 7)):
            blocks = []
            for block in range(depth):
                wide = 24 << stage
                blocks.append(Bottleneck(channels, wide * 9 // 4, wide, 1 if block else 2))
                channels = wide
            setattr(self, f"layer{stage + 1}", torch.nn.Sequential(*blocks))
        self.avgpool = torch.nn.AdaptiveAvgPool3d(1)
        self.fc = torch.nn.Linear(channels, CLASSES)

    def forward(self, x):
        x = self.layer4(self.layer3(self.layer2(self.layer1(self.stem(x)))))
        return self.fc(self.avgpool(x).flatten(1))


class SmallVGG(torch.nn.Module):
    """For pictures of 32 pixels: what models/archs/arch_vgg.c builds."""

    def __init__(self, arch):
        super().__init__()
        self.features = getattr(torchvision.models, arch)().features
        self.avgpool = torch.nn.AdaptiveAvgPool2d(1)
        self.fc = torch.nn.Linear(512, CLASSES)

    def forward(self, x):
        return self.fc(self.avgpool(self.features(x)).flatten(1))


def build(arch):
    """The net and its clips or pictures: frames (0: pictures), side."""
    if arch == "x3d_stack":
        return X3DStack(), (13, 160)
    if arch in ("r3d_18", "r2plus1d_18", "mc3_18"):
        return getattr(torchvision.models.video, arch)(num_classes=CLASSES), (16, 112)
    if arch in ("resnet18", "resnet34", "resnet50"):
        return getattr(torchvision.models, arch)(num_classes=CLASSES), (0, 224)
    if arch in ("vgg11_bn", "vgg16_bn"):
        return SmallVGG(arch), (0, 32)
    raise SystemExit(f"{arch}: PyTorch has no such net")


def last(x):
    """Channels last, the clips' or pictures' way."""
    return torch.channels_last_3d if x.dim() == 5 else torch.channels_last


class Blocked(torch.nn.Module):
    """A net with convolutions and activations in oneDNN's own layouts."""

    def __init__(self, net):
        super().__init__()
        *body, _, _ = net.children()  # the others: the mean over positions, the classifier
        self.body = torch.utils.mkldnn.to_mkldnn(fuse(torch.nn.Sequential(*body)))
        self.avgpool, self.fc = net.avgpool, net.fc

    def forward(self, x):
        return self.fc(self.avgpool(self.body(x.to_mkldnn()).to_dense()).flatten(1))


def infer_variants(net, x):
    """name -> function of the clips; batch norm folded into the convolutions but for "plain"."""
    fused = fuse(net)
    yield "plain", lambda: net
    yield "fused", lambda: fused

    def channels_last():
        model = fuse(net).to(memory_format=last(x))
        return lambda clips: model(clips.contiguous(memory_format=last(x)))

    yield "fused, channels last", channels_last
    yield "fused, frozen", lambda: torch.jit.freeze(torch.jit.trace(fused, x))
    yield "frozen, optimised for inference", lambda: torch.jit.optimize_for_inference(
        torch.jit.freeze(torch.jit.trace(net, x)))
    yield "fused, blocked", lambda: Blocked(net)


def train_variants(net, x):
    yield "plain", lambda: net

    def channels_last():
        model = net.to(memory_format=last(x))
        return lambda clips: model(clips.contiguous(memory_format=last(x)))

    yield "channels last", channels_last


def stepper(net, x, training, variant):
    """The function that is timed."""
    variants = dict((train_variants if training else infer_variants)(net, x))
    if variant not in variants:
        sys.exit(f"--variant {variant}: there are {', '.join(variants)}")
    model = variants[variant]()
    if not training:
        return lambda: model(x)
    labels = torch.arange(len(x)) % CLASSES
    loss = torch.nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)

    def step():
        sgd.zero_grad(set_to_none=True)
        loss(model(x), labels).backward()
        sgd.step()

    return step


def timed(step, seconds):
    start = time.monotonic()
    step()
    if time.monotonic() - start < 2:  # a traced net is compiled in its first calls
        step()
        step()
    ms, cpu, start = [], time.process_time(), time.monotonic()
    while not ms or time.monotonic() - start < seconds:
        begin = time.monotonic()
        step()
        ms.append(1e3 * (time.monotonic() - begin))
    return ms, (time.process_time() - cpu) / (time.monotonic() - start)


def list_variants(net, x, training, seconds):
    """Times each variant; one that fails or computes something else is left out."""
    found = {}
    want = None
    for name, _ in (train_variants if training else infer_variants)(net, x):
        try:
            step = stepper(net, x, training, name)
            if not training:
                got = step()
                want = got if want is None else want
                error = float((got - want).abs().max() / want.abs().max())
                if not error < 1e-3:
                    raise ValueError(f"logits differ by {error:.1e} of the largest")
            found[name] = min(timed(step, seconds)[0])
        except Exception as reason:  # a way that this net cannot be run
            print(f"{name}: {str(reason).splitlines()[0][:100]}", file=sys.stderr)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arch", default="r3d_18")
    parser.add_argument("--train", action="store_true")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument("--side", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--variant", default="plain")
    parser.add_argument("--list-variants", action="store_true")
    a = parser.parse_args()

    torch.set_num_threads(a.threads)
    torch.set_num_interop_threads(1)
    torch.manual_seed(1)
    net, (frames, side) = build(a.arch)
    net.train(a.train)
    frames, side = frames and (a.frames or frames), a.side or side
    x = torch.rand(a.batch, 3, *[frames] * (frames > 0), side, side) * 2 - 1
    with torch.set_grad_enabled(a.train):
        if a.list_variants:
            result = {"variants": list_variants(net, x, a.train, a.seconds)}
        else:
            ms, load = timed(stepper(net, x, a.train, a.variant), a.seconds)
            result = {"ms": ms, "load": load}
    result["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result["version"] = f"PyTorch {torch.__version__}, torchvision {torchvision.__version__}"
    print(json.dumps(result))


main()
