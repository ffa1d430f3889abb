/* Learning-rate schedules.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stddef.h>

#include "models/train/optimizer.h"

const char *const cop_schedule_names[] = {"constant", "multistep", "cosine", NULL};

/* A share of all steps as a whole number of them. Rounded, since products
 * such as 0.57 * 100 fall just short of the step that was meant. */
static uint64_t steps_of(const CopSchedule *schedule, double share)
{
    const double steps = round(share * (double)schedule->total_steps);
    return steps > 0 ? (uint64_t)steps : 0;
}

static double multistep(const CopSchedule *schedule, uint64_t step)
{
    double lr = schedule->lr;
    for (int i = 0; i < schedule->n_milestones; i++)
        if (step >= steps_of(schedule, schedule->milestones[i]))
            lr *= schedule->gamma;
    return lr;
}

static double cosine(const CopSchedule *schedule, uint64_t step, uint64_t warmup)
{
    if (step >= schedule->total_steps)
        return 0;
    const double pi = 3.14159265358979323846;
    const double done = (double)(step - warmup) / (double)(schedule->total_steps - warmup);
    return schedule->lr * 0.5 * (1 + cos(pi * done));
}

double cop_schedule_lr(const CopSchedule *schedule, uint64_t step)
{
    const uint64_t warmup = steps_of(schedule, schedule->warmup);
    if (step < warmup)
        return schedule->lr * (double)(step + 1) / (double)warmup;
    switch (schedule->kind) {
    case COP_SCHEDULE_MULTISTEP:
        return multistep(schedule, step);
    case COP_SCHEDULE_COSINE:
        return cosine(schedule, step, warmup);
    case COP_SCHEDULE_CONSTANT:
        break;
    }
    return schedule->lr;
}
