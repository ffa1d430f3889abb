/* The loop of multiply-adds that speed is held against does what it is counted for.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "models/core/cpu.h"
#include "models/kernels/peak.h"
#include "tests/kernels/kcheck.h"

static float multiply_adds(int rounds, double *flops)
{
#if defined(__x86_64__)
    if (cop_tier() == COP_TIER_AVX512)
        return cop_multiply_adds_avx512(rounds, flops);
    if (cop_tier() == COP_TIER_AVX2)
        return cop_multiply_adds_avx2(rounds, flops);
#endif
    return cop_multiply_adds_generic(rounds, flops);
}

static void run(void)
{
    /* Sums of 2 to 13 go to 0.001 / (1 - 0.999): after n rounds, 6.5 * 0.999^n is left of the
     * mean's distance. A product rounds by 2^-25 at most, a sum by 2^-24, and the factor is
     * 2^-25 off: such errors of every round add up to 2^-23 / 0.001. */
    static const int rounds[] = {1, 100, 1000, 20000};
    for (size_t i = 0; i < sizeof rounds / sizeof rounds[0]; i++) {
        if (!kcheck_case("multiply-adds, %d rounds", rounds[i]))
            continue;
        double flops;
        const double mean = (double)multiply_adds(rounds[i], &flops);
        const double want = 1 + 6.5 * pow(0.999, rounds[i]);
        KCHECK(fabs(mean - want) <= want * 0x1p-23 / 0.001);
        KCHECK(fmod(flops, 2.0 * rounds[i]) == 0 && flops >= 2.0 * 12 * 4 * rounds[i]);
        kcheck_end();
    }
    if (!kcheck_case("peak"))
        return;
    const double peak = cop_peak_flops(NULL, 0.005);
    KCHECK(peak > 0 && isfinite(peak));
    kcheck_end();
}

const KCheck kcheck_peak = {.name = "peak", .run = run};
