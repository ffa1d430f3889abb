/* Choice of the lane kernels' tier.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/lane_kernels.h"

#include "models/core/cpu.h"

const CopLaneKernels *cop_lane_kernels(void)
{
    switch (cop_tier()) {
#if defined(__x86_64__)
    case COP_TIER_AVX512:
        return &cop_lane_kernels_avx512;
    case COP_TIER_AVX2:
        return &cop_lane_kernels_avx2;
#endif
    default:
        return &cop_lane_kernels_generic;
    }
}
