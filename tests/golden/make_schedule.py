#!/usr/bin/python3
# Golden numbers of tests/unit/test_schedule.c: PyTorch's schedulers (1.13) over
# 20 steps at rate 0.4, with and without 5 steps of warm-up. Nothing is random.
# Usage: make_schedule.py > schedule.h
# SPDX-License-Identifier: LGPL-2.1-or-later
import torch
from torch.optim import lr_scheduler as s

TOTAL, WARMUP = 20, 5


def run(make):
    sgd = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.4)
    scheduler, rates = make(sgd), []
    for _ in range(TOTAL + 1):
        rates.append(sgd.param_groups[0]["lr"])
        sgd.step()
        scheduler.step()
    return "{" + ", ".join("%.17g" % r for r in rates) + "}"


def warmup(sgd):
    return s.LinearLR(sgd, start_factor=1 / WARMUP, total_iters=WARMUP - 1)


def steps(sgd):
    return s.MultiStepLR(sgd, milestones=[12, 18], gamma=0.1)


def cosine(sgd, t):
    return s.CosineAnnealingLR(sgd, T_max=t)


print("/* Made by make_schedule.py, which tells how. */")
print("/* SPDX-License-Identifier: LGPL-2.1-or-later */")
print("#ifndef COP_TESTS_GOLDEN_SCHEDULE_H\n#define COP_TESTS_GOLDEN_SCHEDULE_H\n")
print("enum { SCHEDULE_STEPS = %d };\n" % TOTAL)
for name, make in [
    ("multistep", steps),
    ("multistep_warm", lambda o: s.ChainedScheduler([warmup(o), steps(o)])),
    ("cosine", lambda o: cosine(o, TOTAL)),
    ("cosine_warm", lambda o: s.SequentialLR(
        o, [warmup(o), cosine(o, TOTAL - WARMUP)], milestones=[WARMUP])),
]:
    print("static const double schedule_%s[SCHEDULE_STEPS + 1] = %s;\n" % (name, run(make)))
print("#endif")
