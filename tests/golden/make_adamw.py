#!/usr/bin/python3
# Golden numbers of tests/unit/test_adamw.c: torch.optim.AdamW in double precision (PyTorch
# 1.13), dense, and with a mask that changes between the steps: what is masked away is zero with
# both moments, and PyTorch's step counter goes on. Seed 20250302.
# Usage: make_adamw.py > adamw.h
# SPDX-License-Identifier: LGPL-2.1-or-later
import torch

STEPS, SIZE = 6, 8
torch.manual_seed(20250302)
start = torch.randn(SIZE).double()
grads = torch.randn(STEPS, SIZE).double()
# bit i: weight i is active in that step
MASKS = [0b11011011, 0b11011011, 0b01111011, 0b01111011, 0b11110011, 0b11110011]


def row(values):
    return "{" + ", ".join("%.17g" % v for v in values.tolist()) + "}"


def bits(mask):
    return torch.tensor([float(mask >> i & 1) for i in range(SIZE)]).double()


def run(lr, betas, eps, decay, masked):
    w = torch.nn.Parameter(start.clone())
    adamw = torch.optim.AdamW([w], lr=lr, betas=betas, eps=eps, weight_decay=decay)
    rows = []
    for step, g in enumerate(grads):
        m = bits(MASKS[step]) if masked else torch.ones(SIZE).double()
        with torch.no_grad():  # the mask of this step was made after the one before
            w.mul_(m)
            for moment in ("exp_avg", "exp_avg_sq"):
                if adamw.state[w]:
                    adamw.state[w][moment].mul_(m)
        w.grad = g * m
        adamw.step()
        rows.append(row(w.detach()))
        assert w.abs().max() < 4, "the tolerance counts on it"
    return "{%g, %g, %g, %g, %g, %s, {%s}}" % (lr, *betas, eps, decay, str(masked).lower(), ",\n".join(rows))


print("/* Made by make_adamw.py, which tells how. */")
print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
print("#ifndef COP_TESTS_GOLDEN_ADAMW_H\n#define COP_TESTS_GOLDEN_ADAMW_H\n#include <stdbool.h>\n#include <stdint.h>\n")
print("enum { ADAMW_STEPS = %d, ADAMW_SIZE = %d };\n" % (STEPS, SIZE))
print("static const double adamw_start[ADAMW_SIZE] = %s;\n" % row(start))
print("static const double adamw_grad[ADAMW_STEPS][ADAMW_SIZE] = {%s};\n" % ",\n".join(map(row, grads)))
print("static const uint64_t adamw_mask[ADAMW_STEPS] = {%s};\n" % ", ".join("0x%x" % m for m in MASKS))
print("static const struct {\n    double lr, beta1, beta2, eps, weight_decay;\n    bool masked;")
print("    double value[ADAMW_STEPS][ADAMW_SIZE]; /* after each step */\n} adamw_runs[] = {")
for arguments in [(0.01, (0.9, 0.999), 1e-8, 0, False), (0.01, (0.9, 0.999), 1e-8, 0.1, False),
                  (0.02, (0.5, 0.9), 1e-3, 0.05, False), (0.01, (0.9, 0.999), 1e-8, 0.1, True)]:
    print(run(*arguments) + ",")
print("};\n\n#endif")
