/* Which kernel tier runs on this processor.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CORE_CPU_H
#define COP_CORE_CPU_H

#include <stdbool.h>

#include "models/core/status.h"

typedef enum CopTier {
    COP_TIER_GENERIC, /* 16-byte vectors: SSE2, NEON */
    COP_TIER_AVX2,    /* 32-byte vectors and FMA (x86-64-v3) */
    COP_TIER_AVX512,  /* 64-byte vectors (x86-64-v4) */
    COP_TIER_COUNT
} CopTier;

const char *cop_tier_name(CopTier tier);

/* True when this processor and operating system can run `tier` and this build has it. */
bool cop_tier_available(CopTier tier);

/* The tier that runs: the best available one, or the one named by the
 * environment variable COPPICE_TIER, if available. Read once. */
CopTier cop_tier(void);

/* Makes the tier of this name the one that cop_tier() returns from now on, for programs that
 * ask at their start. COP_ERR_ARG, with the names that this machine has, for any other. */
CopStatus cop_tier_choose(const char *name, CopError *err) COP_MUST_CHECK;

/* For tests: makes `tier` the one that cop_tier() returns from now on. Plans
 * made before keep theirs. False, and no change, when it is not available. */
bool cop_tier_force(CopTier tier);

#endif
