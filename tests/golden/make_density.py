#!/usr/bin/env python3
"""Densities and counts of Erdos-Renyi and Erdos-Renyi-Kernel initialisation in
exact rational arithmetic, as the table density_golden.h. No input, no seed:

    python3 tests/golden/make_density.py > tests/golden/density_golden.h

The rule is that of Evci et al., Rigging the Lottery, ICML 2020, section 3.
SPDX-License-Identifier: LGPL-2.1-or-later
"""
from fractions import Fraction
from math import floor, prod


def raw(init, shape):
    dims = shape if init == "ERK" else shape[:2]
    return Fraction(sum(dims), prod(dims))


def layers(init, density, shapes):
    full = set()
    while True:
        rest = [l for l in range(len(shapes)) if l not in full]
        budget = density * sum(map(prod, shapes)) - sum(prod(shapes[l]) for l in full)
        factor = budget / sum(raw(init, shapes[l]) * prod(shapes[l]) for l in rest)
        peak = max(raw(init, shapes[l]) for l in rest)
        if factor * peak <= 1:
            return [Fraction(1) if l in full else factor * raw(init, s) for l, s in enumerate(shapes)]
        full |= {l for l in rest if raw(init, shapes[l]) == peak}


def counts(density, shapes, d):
    share = [a * prod(s) for a, s in zip(d, shapes)]
    nnz = [floor(x) for x in share]
    left = floor(density * sum(map(prod, shapes)) + Fraction(1, 2)) - sum(nnz)
    for l in sorted(range(len(shapes)), key=lambda l: (nnz[l] - share[l], l))[:left]:
        nnz[l] += 1
    assert all(1 <= a <= prod(s) for a, s in zip(nnz, shapes))
    return nnz


def vgg16():
    widths = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    return [(o, i, 3, 3) for i, o in zip(widths, widths[1:])] + [(10, 512)]


def resnet34():
    out, width = [(64, 3, 3, 3)], 64
    for stage, blocks in zip((64, 128, 256, 512), (3, 4, 6, 3)):
        for block in range(blocks):
            out += [(stage, width, 3, 3), (stage, stage, 3, 3)]
            if width != stage:
                out.append((stage, width, 1, 1))
            width = stage
    return out + [(100, 512)]


def r3d18():
    out, width = [(64, 3, 3, 7, 7)], 64
    for stage in (64, 128, 256, 512):
        for block in range(2):
            out += [(stage, width, 3, 3, 3), (stage, stage, 3, 3, 3)]
            if width != stage:
                out.append((stage, width, 1, 1, 1))
            width = stage
    return out + [(400, 512)]


NETS = [
    ("small2d", [(16, 3, 3, 3), (32, 16, 3, 3), (10, 32)]),
    ("small3d", [(8, 3, 3, 3, 3), (16, 8, 3, 3, 3), (5, 16)]),
    ("vgg16", vgg16()),
    ("resnet34", resnet34()),
    ("r3d18", r3d18()),
]

print("/* Made by tests/golden/make_density.py in exact arithmetic; not to be edited.")
print(" * SPDX-License-Identifier: LGPL-2.1-or-later */")
print("/* clang-format off */")
for name, shapes in NETS:
    print(f"static const int {name}[][5] = {{")
    for shape in shapes:
        print("    {" + ", ".join(map(str, shape)) + "},")
    print("};")
cases = []
for name, shapes in NETS:
    for init in ("ER", "ERK"):
        for tenth in range(1, 10):
            density = Fraction(tenth, 10)
            d = layers(init, density, shapes)
            nnz = counts(density, shapes, d)
            tag = f"{name}_{init.lower()}{tenth}"
            print(f"static const double d_{tag}[] = {{{', '.join(repr(float(x)) for x in d)}}};")
            print(f"static const size_t n_{tag}[] = {{{', '.join(map(str, nnz))}}};")
            cases.append(f'    {{"{tag}", COP_DENSITY_{init}, {tenth / 10}, {name}, {len(shapes)}, d_{tag}, n_{tag}}},')
print("static const Golden golden[] = {")
print("\n".join(cases))
print("};")
