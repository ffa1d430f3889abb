#!/usr/bin/python3
"""Three RigL updates on a small net of conv3d and linear layers, traced step by step in NumPy
(double precision, nothing of coppice or PyTorch): tests/golden/net/rigl_trace.safetensors, which
test_golden_rigl reads.

    /usr/bin/python3 tests/golden/make_rigl.py

Rules (Evci et al., ICML 2020, in the order of the PyTorch codes; docs/SPARSE.md): the gradient is that of the last batch at the weights before the step; SGD with momentum on
active weights; then the floor(p nnz) smallest |w| go and as many of the largest |g| come, of
positions inactive after that; one that goes and comes keeps weight and momentum, a new one starts
at zero. Seeds are taken in order from 1 until no cut is a near-tie (the scores on both sides of it
are apart by a share of MARGIN) and no rectifier's input is near zero, so that float32 must give
the same masks.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
import json
import os
import struct

import numpy as np

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "net", "rigl_trace.safetensors")
CLASSES, BATCH, STEPS, TOTAL, STOP, EVERY, P0 = 5, 4, 8, 9, 0.8, 2, 0.5
LR, MOMENTUM, DECAY = 0.1, 0.9, 1e-3
SHAPES = {"conv1.weight": (6, 3, 3, 3, 3), "conv2.weight": (8, 6, 3, 3, 3), "fc.weight": (CLASSES, 8)}
DENSITY = {"conv1.weight": 0.4, "conv2.weight": 0.3, "fc.weight": 0.5}
STRIDE = {"conv1.weight": 1, "conv2.weight": 2}
MARGIN, OPEN = 1e-4, 1e-6


def windows(x, stride, out):
    """Slices of the padded input that meet each tap of a 3x3x3 kernel."""
    for a, b, c in np.ndindex(3, 3, 3):
        yield (a, b, c), tuple(slice(s, s + stride * (n - 1) + 1, stride) for s, n in zip((a, b, c), out))


def conv(x, w, stride):
    pad = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (1, 1)))
    out = [(n - 1) // stride + 1 for n in x.shape[2:]]
    y = np.zeros((x.shape[0], w.shape[0], *out))
    for tap, at in windows(pad, stride, out):
        y += np.einsum("ncthw,oc->nothw", pad[(slice(None), slice(None)) + at], w[(slice(None), slice(None)) + tap])
    return y


def conv_back(x, w, dy, stride):
    pad = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (1, 1)))
    dw, dpad = np.zeros(w.shape), np.zeros(pad.shape)
    for tap, at in windows(pad, stride, dy.shape[2:]):
        at, tap = (slice(None), slice(None)) + at, (slice(None), slice(None)) + tap
        dw[tap] = np.einsum("ncthw,nothw->oc", pad[at], dy)
        dpad[at] += np.einsum("nothw,oc->ncthw", dy, w[tap])
    return dw, dpad[:, :, 1:-1, 1:-1, 1:-1]


def gradients(w, x, labels, near):
    a = conv(x, w["conv1.weight"], 1)
    h = np.maximum(a, 0)
    b = conv(h, w["conv2.weight"], 2)
    k = np.maximum(b, 0)
    near.append(min(np.abs(a).min(), np.abs(b).min()))
    pooled = k.mean(axis=(2, 3, 4))
    z = pooled @ w["fc.weight"].T + w["fc.bias"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    n = len(labels)
    loss = -np.log(p[np.arange(n), labels]).mean()
    dz = p.copy()
    dz[np.arange(n), labels] -= 1
    dz /= n
    g = {"fc.weight": dz.T @ pooled, "fc.bias": dz.sum(axis=0)}
    dk = (dz @ w["fc.weight"] / np.prod(k.shape[2:]))[:, :, None, None, None] * (b > 0)
    g["conv2.weight"], dh = conv_back(h, w["conv2.weight"], dk, 2)
    g["conv1.weight"], _ = conv_back(x, w["conv1.weight"], dh * (a > 0), 1)
    return loss, g


def margin(scores, k):
    """How far the scores on both sides of the cut after the k-th are apart, as a share."""
    if k == 0 or k == len(scores):
        return np.inf
    return (scores[k] - scores[k - 1]) / max(abs(scores[k]), abs(scores[k - 1]))


def update(w, v, g, mask, p, near):
    w, v, g, mask = w.ravel(), v.ravel(), g.ravel(), mask.ravel()
    before = mask.copy()
    k = int(p * mask.sum())
    active = np.flatnonzero(mask)
    order = active[np.argsort(np.abs(w[active]), kind="stable")]
    near.append(margin(np.abs(w[order]), k))
    mask[order[:k]] = 0
    candidates = np.flatnonzero(mask == 0)
    order = candidates[np.argsort(-np.abs(g[candidates]), kind="stable")]
    near.append(abs(margin(-np.abs(g[order]), k)))
    mask[order[:k]] = 1
    w[(before == 0) | (mask == 0)] = 0
    v[(before == 0) | (mask == 0)] = 0


def trace(seed):
    rng = np.random.default_rng(seed)
    single = lambda x: np.float64(np.float32(x))  # every number of the start is exact in float
    clips = single(rng.standard_normal((3 * BATCH, 3, 4, 8, 8)))
    labels = rng.integers(0, CLASSES, 3 * BATCH)
    w = {n: single(rng.standard_normal(s) * np.sqrt(2 / np.prod(s[1:]))) for n, s in SHAPES.items()}
    w["fc.bias"] = np.zeros(CLASSES)
    mask = {}
    for name, shape in SHAPES.items():
        size = int(np.prod(shape))
        mask[name] = np.zeros(size, np.uint8)
        mask[name][rng.permutation(size)[:int(DENSITY[name] * size)]] = 1
        mask[name] = mask[name].reshape(shape)
        w[name] *= mask[name]
    out = {"clips": np.float32(clips), "labels": np.int64(labels)}
    out.update({f"start.{n}": np.float32(x) for n, x in w.items()})
    out.update({f"mask.0.{n}": m.copy() for n, m in mask.items()})
    v = {n: np.zeros(x.shape) for n, x in w.items()}
    losses, cuts, opens, last = [], [], [], round(STOP * TOTAL)
    for step in range(1, STEPS + 1):
        at = (step - 1) % 3 * BATCH
        loss, g = gradients(w, clips[at:at + BATCH], labels[at:at + BATCH], opens)
        losses.append(loss)
        for name in w:
            m = mask.get(name, 1)
            decayed = g[name] + (DECAY * w[name] if name in mask else 0)
            v[name] = (MOMENTUM * v[name] + decayed) * m
            w[name] = (w[name] - LR * v[name]) * m
        if step % EVERY == 0 and step <= last and step < TOTAL:
            p = P0 / 2 * (1 + np.cos(np.pi * step / last))
            for name in mask:
                update(w[name], v[name], g[name], mask[name], p, cuts)
                out[f"mask.{step}.{name}"] = mask[name].copy()
        out.update({f"step.{step}.{n}": np.float32(x) for n, x in w.items()})
    out["losses"] = np.float32(losses)
    return out, min(cuts), min(opens)


def main():
    for seed in range(1, 1000):
        out, cut, opened = trace(seed)
        if cut > MARGIN and opened > OPEN:
            break
    else:
        raise SystemExit("no seed without a near-tie")
    header, offset, blobs = {"__metadata__": {"seed": str(seed), "margin": f"{cut:.3g}",
                                              "rectifier": f"{opened:.3g}"}}, 0, []
    names = {np.dtype(np.float32): "F32", np.dtype(np.int64): "I64", np.dtype(np.uint8): "U8"}
    for key, array in out.items():
        array = np.ascontiguousarray(array)
        header[key] = {"dtype": names[array.dtype], "shape": list(array.shape),
                       "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        blobs.append(array.tobytes())
    text = json.dumps(header).encode()
    with open(PATH, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    print(f"seed {seed}, closest cut {cut:.3g}, closest rectifier {opened:.3g}, losses {out['losses']}")


main()
