"""What the points of Winograd's filtering come to in rounding errors and in bounds.

Prints, for points 0 or not, and infinity, the root mean square error of float32 sums over
products, by the largest result, beside that of plain sums; and the largest sum over parts of
|A'[i][j]| |G[j][k]| |B'[j][l]|, which the kernel checks' bounds are made of (conv3d_problem.c).
Needs numpy. Nothing runs it: it is where the numbers in winograd.h are from.

SPDX-License-Identifier: LGPL-2.1-or-later
"""
from fractions import Fraction as F

import numpy as np

OUTPUTS = 4
CHOSEN = {3: [0, F(3, 4), F(-3, 4), F(3, 2), F(-3, 2)],
          4: [F(1, 4), F(-1, 4), F(7, 8), F(-7, 8), F(7, 4), F(-7, 4)]}
COMMON = {3: [0, 1, -1, 2, -2], 4: [0, 1, -1, 2, -2, F(1, 2)]}


def times(polynomial, root):
    """The coefficients of polynomial * (x - root), from that of 1 on."""
    return [a - F(root) * b for a, b in zip([F(0), *polynomial], [*polynomial, F(0)])]


def product(roots):
    polynomial = [F(1)]
    for root in roots:
        polynomial = times(polynomial, root)
    return polynomial


def matrices(taps, points):
    """A', G and B' of y = A'((G g) * (B' x)), by Toom and Cook's construction."""
    size = OUTPUTS + taps - 1
    scale = [np.prod([F(p) - F(q) for q in points if q != p]) for p in points]
    a = [[F(p) ** i for p in points] + [F(int(i == OUTPUTS - 1))] for i in range(OUTPUTS)]
    g = [[F(p) ** k / n for k in range(taps)] for p, n in zip(points, scale)]
    g.append([F(int(k == taps - 1)) for k in range(taps)])
    b = [product([q for q in points if q != p]) + [F(0)] for p in points] + [product(points)]
    assert len(b) == size and all(len(row) == size for row in b)
    return [np.array(m, dtype=np.float64) for m in (a, g, b)]


def errors(taps, points, terms, seed=1, trials=400):
    """Root mean square, filtered and plain; inputs are as after a ReLU."""
    a, g, b = (m.astype(np.float32) for m in matrices(taps, points))
    draw = np.random.default_rng(seed)
    x = np.maximum(draw.normal(size=(terms, OUTPUTS + taps - 1, trials)), 0).astype(np.float32)
    w = draw.normal(size=(terms, taps)).astype(np.float32)
    sums = np.zeros((len(b), trials), np.float32)
    plain = np.zeros((OUTPUTS, trials), np.float32)
    exact = np.zeros((OUTPUTS, trials))
    for i in range(terms):
        sums += (g @ w[i])[:, None] * (b @ x[i])
        for k in range(taps):
            plain += w[i, k] * x[i, k:k + OUTPUTS]
            exact += float(w[i, k]) * x[i, k:k + OUTPUTS].astype(np.float64)
    size = np.abs(exact).max()
    return [float(np.sqrt(np.mean((got - exact) ** 2)) / size) for got in (a @ sums, plain)]


def main():
    for taps, terms in ((3, 576), (3, 4608), (4, 147)):
        for name, points in (("chosen", CHOSEN[taps]), ("0, +-1, +-2", COMMON[taps])):
            a, g, b = (np.abs(m) for m in matrices(taps, points))
            bound = np.einsum("ij,jk,jl->ikl", a, g, b).max()
            filtered, plain = errors(taps, points, terms)
            print(f"F({OUTPUTS},{taps}) {terms:5} terms, {name:12} error {filtered:.2e}, "
                  f"{filtered / plain:.2f} of plain sums; bound {bound:.3g}")


main()
