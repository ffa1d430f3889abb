/* Which kernel tier runs on this processor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    [COP_TIER_GENERIC] = "generic",
    [COP_TIER_AVX2] = "avx2",
    [COP_TIER_AVX512] = "avx512",
};
_Static_assert(sizeof names / sizeof names[0] == COP_TIER_COUNT, "one name a tier");

static atomic_int chosen = -1;

const char *cop_tier_name(CopTier tier)
{
    return (unsigned)tier < COP_TIER_COUNT ? names[tier] : "unknown";
}

#if defined(__x86_64__)
/* The parts of x86-64-v3 and -v4 that compilers use in these kernels;
 * __builtin_cpu_supports also asks whether the system saves the registers. */
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

bool cop_tier_available(CopTier tier)
{
    switch (tier) {
    case COP_TIER_GENERIC:
        return true;
#if defined(__x86_64__)
    case COP_TIER_AVX2:
        return has_avx2();
    case COP_TIER_AVX512:
        return has_avx512();
#endif
    default:
        return false;
    }
}

static CopTier choose(void)
{
    const char *wanted = getenv("COPPICE_TIER");
    int tier = COP_TIER_COUNT - 1;
    if (wanted)
        for (int i = 0; i < COP_TIER_COUNT; i++)
            if (strcmp(wanted, names[i]) == 0 && cop_tier_available((CopTier)i))
                return (CopTier)i;
    while (!cop_tier_available((CopTier)tier))
        tier--;
    return (CopTier)tier;
}

CopTier cop_tier(void)
{
    int tier = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (tier < 0) {
        /* Threads that race here choose the same. */
        tier = (int)choose();
        atomic_store_explicit(&chosen, tier, memory_order_relaxed);
    }
    return (CopTier)tier;
}

CopStatus cop_tier_choose(const char *name, CopError *err)
{
    char allowed[64] = "";
    for (int i = 0; i < COP_TIER_COUNT; i++) {
        if (!cop_tier_available((CopTier)i))
            continue;
        if (strcmp(name, names[i]) == 0 && cop_tier_force((CopTier)i))
            return COP_OK;
        strcat(strcat(allowed, *allowed ? ", " : ""), names[i]);
    }
    return cop_error_set(err, COP_ERR_ARG, "got \"%s\"; allowed on this machine: %s", name,
                         allowed);
}

bool cop_tier_force(CopTier tier)
{
    if (!cop_tier_available(tier))
        return false;
    atomic_store_explicit(&chosen, (int)tier, memory_order_relaxed);
    return true;
}
