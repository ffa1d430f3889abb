/* Time that passes.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/clock.h"

#include <time.h>

double cop_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
