/* What this machine's vector units do at best.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/peak.h"

#include <stdatomic.h>

#include "models/core/clock.h"
#include "models/core/cpu.h"

enum { ROUNDS = 10000, MEASUREMENTS = 5 };

typedef struct Run {
    float (*multiply_adds)(int rounds, double *flops);
    double end;
    atomic_ulong calls;
    _Atomic float sink; /* so that the loop is not thrown away */
} Run;

static void work(void *ctx, int i, int worker)
{
    (void)i;
    (void)worker;
    Run *run = ctx;
    double flops;
    do {
        run->sink = run->multiply_adds(ROUNDS, &flops);
        run->calls++;
    } while (cop_clock() < run->end);
}

double cop_peak_flops(CopPool *pool, double seconds)
{
    Run run = {.multiply_adds = cop_multiply_adds_generic};
#if defined(__x86_64__)
    if (cop_tier() == COP_TIER_AVX2)
        run.multiply_adds = cop_multiply_adds_avx2;
    else if (cop_tier() == COP_TIER_AVX512)
        run.multiply_adds = cop_multiply_adds_avx512;
#endif
    double a_call, best = 0;
    run.multiply_adds(1, &a_call);
    a_call *= ROUNDS;
    for (int i = 0; i < MEASUREMENTS; i++) {
        run.calls = 0;
        const double start = cop_clock();
        run.end = start + seconds / MEASUREMENTS;
        cop_parallel_for(pool, cop_pool_threads(pool), work, &run);
        const double flops = a_call * (double)run.calls / (cop_clock() - start);
        if (flops > best)
            best = flops;
    }
    return best;
}
