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
    const CopGather *gather = pass == COP_CONV_DATA ? &conv->backward : &conv->forward;
    const bool weight = pass == COP_CONV_WEIGHT;
    text[0] = '\0';
    if (weight && !conv->full.sweeps)
        return text;
    if (weight)
        gather = cop_conv3d_correlated(conv);
    else if (gather->filtered)
        gather = &gather->winograd->list[cop_filters[gather->winograd->filter].lists / 2];
    const CopSweep *sweep = largest(gather);
    if (!sweep || gather->slots == 0)
        return text;
    const CopTiling tiling =
        weight ? cop_conv3d_correlate_tiling(conv, gather, 1) : cop_conv3d_tiling(sweep, 1);
    const int rows = cop_ceil_div(sweep->h.positions, tiling.h_pieces);
    const int cols = cop_ceil_div(sweep->w.positions, tiling.w_pieces);
    const bool pairs = gather->pairs;
    if (weight)
        snprintf(text, COP_CONV_TEXT, "%s %dx%d", gather->shared ? "shared" : "correlate", rows,
                 cols);
    else if (gather->transformed)
        snprintf(text, COP_CONV_TEXT, "winograd%s %dx%d %dK", gather->shared ? "" : " lists", rows,
                 COP_WINOGRAD_QUAD * cols, sweep->block_bytes >> 10);
    else
        snprintf(text, COP_CONV_TEXT, "%s%s %dx%d %dK", gather->shared ? "shared" : "",
                 gather->shared ? (pairs ? "" : " singles") : (pairs ? "pairs" : "singles"), rows,
                 cols, sweep->block_bytes >> 10);
    return text;
}

/* Offsets, indices and starts. */
static size_t list_bytes(const CopGather *gather)
{
    size_t starts = 0, bytes = 0;
    for (int i = 0; i < gather->sweeps && gather->slots; i++)
        starts += cop_sweep_segments(gather, &gather->sweep[i]);
    for (int i = 0; gather->filtered && i < COP_WINOGRAD_LISTS;
         i++) /* those not in use have none */
        bytes += list_bytes(&gather->winograd->list[i]);
    return bytes + gather->slots * (sizeof *gather->offset + sizeof *gather->index) +
           starts * sizeof *gather->start;
}

/* Ranks, and while masked weights are transformed, these with zeros between and rows' masks. */
static size_t mask_bytes(const CopConv3d *conv)
{
    const size_t numel = conv->param->numel;
    size_t bytes = cop_mask_words(numel) * sizeof *conv->rank;
    if (conv->forward.filtered || conv->backward.filtered)
        bytes += numel * sizeof *conv->dense;
    if (conv->rows.mask[0])
        bytes += 3 * cop_mask_words(numel / 3) * sizeof *conv->rows.mask[0];
    return bytes;
}

size_t cop_conv3d_bytes(const CopConv3d *conv)
{
    const size_t forward = cop_gather_weights(&conv->forward);
    const size_t backward = conv->backward.sweeps ? cop_gather_weights(&conv->backward) : 0;
    const size_t weights = forward > backward ? forward : backward;
    return list_bytes(&conv->forward) + list_bytes(&conv->full) + list_bytes(&conv->backward) +
           weights * sizeof *conv->weight + (conv->param->mask ? mask_bytes(conv) : 0);
}
