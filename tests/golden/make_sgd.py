#!/usr/bin/python3
# Golden numbers of tests/unit/test_sgd.c: torch.optim.SGD in double precision
# (PyTorch 1.13) from values that are exact in float. Seed 20250301.
# Usage: make_sgd.py > sgd.h
# SPDX-License-Identifier: LGPL-2.1-or-later
import torch

STEPS, SIZE = 6, 8
torch.manual_seed(20250301)
start = torch.randn(SIZE).double()
grads = torch.randn(STEPS, SIZE).double()


def row(values):
    return "{" + ", ".join("%.17g" % v for v in values.tolist()) + "}"


def run(lr, momentum, decay, nesterov):
    w = torch.nn.Parameter(start.clone())
    sgd = torch.optim.SGD([w], lr=lr, momentum=momentum, weight_decay=decay, nesterov=nesterov)
    rows = []
    for g in grads:
        w.grad = g.clone()
        sgd.step()
        rows.append(row(w.detach()))
        assert w.abs().max() < 4, "the tolerance counts on it"
    return "{%g, %g, %g, %s, {%s}}" % (lr, momentum, decay, str(nesterov).lower(), ",\n".join(rows))


print("/* Made by make_sgd.py, which tells how. */")
print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
print("#ifndef COP_TESTS_GOLDEN_SGD_H\n#define COP_TESTS_GOLDEN_SGD_H\n#include <stdbool.h>\n")
print("enum { SGD_STEPS = %d, SGD_SIZE = %d };\n" % (STEPS, SIZE))
print("static const double sgd_start[SGD_SIZE] = %s;\n" % row(start))
print("static const double sgd_grad[SGD_STEPS][SGD_SIZE] = {%s};\n" % ",\n".join(map(row, grads)))
print("static const struct {\n    double lr, momentum, weight_decay;\n    bool nesterov;")
print("    double value[SGD_STEPS][SGD_SIZE]; /* after each step */\n} sgd_runs[] = {")
for arguments in [(0.1, 0, 0, False), (0.1, 0, 0.01, False), (0.05, 0.9, 0, False),
                  (0.05, 0.9, 0.05, False), (0.05, 0.9, 0.05, True)]:
    print(run(*arguments) + ",")
print("};\n\n#endif")
