/* What a conv3d plan runs and holds, for those who look at it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "models/core/mask.h"
#include "models/kernels/conv3d_plan.h"

/* The sweep that writes most; NULL if none writes anything. */
static const CopSweep *largest(const CopGather *gather)
{
    const CopSweep *found = NULL;
    int64_t most = 0;
    for (int i = 0; i < gather->sweeps; i++) {
        const CopSweep *sweep = &gather->sweep[i];
        const int64_t n = (int64_t)sweep->t.positions * sweep->h.positions * sweep->w.positions;
        if (n > most) {
            most = n;
            found = sweep;
        }
    }
    return found;
}

char *cop_conv3d_kernel(const CopConv3d *conv, CopConvPass pass, char text[COP_CONV_TEXT])
{
    const CopGather *gather = pass == COP_CONV_DATA                               ? &conv->backward
                              : pass == COP_CONV_WEIGHT && conv->forward.winograd ? &conv->full
                                                                                  : &conv->forward;
    const bool planned = pass != COP_CONV_WEIGHT || conv->full.sweeps;
    const CopSweep *sweep = planned ? largest(gather) : NULL;
    text[0] = '\0';
    if (!sweep || gather->slots == 0)
        return text;
    const CopTiling tiling = pass == COP_CONV_WEIGHT ? cop_conv3d_correlate_tiling(conv, gather, 1)
                                                     : cop_conv3d_tiling(sweep, 1);
    const int rows = cop_ceil_div(sweep->h.positions, tiling.h_pieces);
    const int cols = cop_ceil_div(sweep->w.positions, tiling.w_pieces);
    const bool pairs = gather->pairs;
    if (pass == COP_CONV_WEIGHT)
        snprintf(text, COP_CONV_TEXT, "%s %dx%d", gather->shared ? "shared" : "correlate", rows,
                 cols);
    else if (gather->winograd)
        snprintf(text, COP_CONV_TEXT, "winograd %dx%d %dK", rows, cols + cols % 2,
                 sweep->block_bytes >> 10);
    else
        snprintf(text, COP_CONV_TEXT, "%s%s %dx%d %dK", gather->shared ? "shared" : "",
                 gather->shared ? (pairs ? "" : " singles") : (pairs ? "pairs" : "singles"), rows,
                 cols, sweep->block_bytes >> 10);
    return text;
}

/* Offsets, indices, starts and ranks. */
static size_t list_bytes(const CopGather *gather)
{
    if (!gather->sweeps)
        return 0;
    size_t starts = 0;
    for (int i = 0; i < gather->sweeps; i++)
        starts += cop_sweep_segments(gather, &gather->sweep[i]);
    const size_t words = cop_mask_words((size_t)gather->groups * gather->group_step);
    return gather->slots * (sizeof *gather->offset + sizeof *gather->index) +
           starts * sizeof *gather->start + (gather->shared ? 0 : words * sizeof *gather->rank);
}

size_t cop_conv3d_bytes(const CopConv3d *conv)
{
    const size_t forward = cop_gather_listed(&conv->forward);
    const size_t backward = conv->backward.sweeps ? cop_gather_listed(&conv->backward) : 0;
    const size_t weights = forward > backward ? forward : backward;
    return list_bytes(&conv->forward) + list_bytes(&conv->full) + list_bytes(&conv->backward) +
           weights * sizeof *conv->weight;
}
