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


def build(arch):
    if arch in ("r3d_18", "r2plus1d_18", "mc3_18"):
        return getattr(torchvision.models.video, arch)(num_classes=CLASSES), (3, 16, 112)
    if arch.startswith("vgg"):
        return getattr(torchvision.models, arch)(num_classes=CLASSES), (3, 1, 224)
    raise SystemExit(f"{arch}: PyTorch has no such net")


def as_images(clips):
    """An image net has no time."""
    return clips[:, :, 0] if clips.shape[2] == 1 else clips


def last_format(x):
    return torch.channels_last_3d if x.ndim == 5 else torch.channels_last


class Blocked(torch.nn.Module):
    """A residual net with convolutions and activations in oneDNN's own layouts."""

    def __init__(self, net):
        super().__init__()
        self.body = torch.utils.mkldnn.to_mkldnn(
            torch.nn.Sequential(*map(fuse, (net.stem, net.layer1, net.layer2, net.layer3,
                                            net.layer4))))
        self.avgpool, self.fc = net.avgpool, net.fc

    def forward(self, x):
        return self.fc(self.avgpool(self.body(x.to_mkldnn()).to_dense()).flatten(1))


def infer_variants(net, x):
    """name -> function of the clips; batch norm folded into the convolutions but for "plain"."""
    fused = fuse(net)
    yield "plain", lambda: net
    yield "fused", lambda: fused
    last = last_format(x)

    def channels_last():
        model = fuse(net).to(memory_format=last)
        return lambda clips: model(clips.contiguous(memory_format=last))

    yield "fused, channels last", channels_last
    yield "fused, frozen", lambda: torch.jit.freeze(torch.jit.trace(fused, x))
    yield "frozen, optimised for inference", lambda: torch.jit.optimize_for_inference(
        torch.jit.freeze(torch.jit.trace(net, x)))
    yield "fused, blocked", lambda: Blocked(net)


def train_variants(net, x):
    yield "plain", lambda: net
    last = last_format(x)

    def channels_last():
        model = net.to(memory_format=last)
        return lambda clips: model(clips.contiguous(memory_format=last))

    yield "channels last", channels_last


def stepper(net, x, training, variant):
    """The function that is timed."""
    variants = dict((train_variants if training else infer_variants)(net, x))
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
    net, (c, t, side) = build(a.arch)
    net.train(a.train)
    t, side = a.frames or t, a.side or side
    x = as_images(torch.rand(a.batch, c, t, side, side) * 2 - 1)
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
