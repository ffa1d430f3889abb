/* What lists of a mask read, copied: one frame of a block's input channels under a tile lies in one
 * piece, in the first-level cache, while all that it adds to is walked, which along t are as many
 * tiles of the output as the kernel has taps. Read where it lies, a tile's input comes from the
 * second-level cache or beyond, once for each of these tiles, and between products.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "models/kernels/conv3d_plan.h"

/* Sums that wait for the next frame and stay in the second-level cache. */
enum { SUMS_BYTES = 512 << 10 };

int cop_pack_units(const CopGather *gather, const CopSweep *sweep)
{
    const int unit = (gather->pairs ? 2 : 1) * COP_TILE_MAX * COP_LANES * (int)sizeof(float);
    const int most = cop_max(SUMS_BYTES / (sweep->t.taps * unit), 1);
    return cop_ceil_div(gather->units, cop_ceil_div(gather->units, most));
}

size_t cop_pack_sums(const CopGather *gather, const CopSweep *sweep)
{
    return (size_t)(cop_pack_units(gather, sweep) * (gather->pairs ? 2 : 1)) * COP_TILE_MAX *
           COP_LANES;
}

size_t cop_pack_scratch(CopGather *gather, const CopKernelTable *table)
{
    size_t most = 0;
    gather->shared = false;
    for (int i = 0; i < table->n; i++) {
        cop_gather_block(gather, table->row[i].blocking);
        for (int k = 0; k < gather->sweeps; k++) {
            const CopSweep *sweep = &gather->sweep[k];
            if (!sweep->packed)
                continue;
            const size_t floats = (size_t)sweep->t.taps * cop_pack_sums(gather, sweep) +
                                  (size_t)sweep->block_channels * sweep->read_c;
            most = floats > most ? floats : most;
        }
    }
    return most;
}

/* Copies what a tile at run->at reads of frame f and a block's channels. */
static void copy(const CopPackRun *run, int f, int block)
{
    const CopSweep *sweep = run->sweep;
    const CopPlace *at = &run->at;
    const int first = block / sweep->splits * sweep->block_channels;
    const int channels = cop_min(sweep->block_channels, run->gather->in_channels - first);
    const int rows = (at->rows - 1) * sweep->h.step + sweep->h.taps;
    const int cols = (at->cols - 1) * sweep->w.step + sweep->w.taps;
    assert((size_t)cols * COP_LANES <= sweep->read_h &&
           (size_t)rows * sweep->read_h <= sweep->read_c);
    const float *in = cop_tensor_at(run->in, at->g, run->group * run->gather->in_channels + first,
                                    f, sweep->h.source + at->h * sweep->h.step,
                                    sweep->w.source + at->w * sweep->w.step);
    for (int c = 0; c < channels; c++)
        for (int row = 0; row < rows; row++)
            memcpy(run->packed + (size_t)c * sweep->read_c + (size_t)row * sweep->read_h,
                   in + (size_t)c * run->in->stride_c + (size_t)row * run->in->stride_h,
                   (size_t)cols * COP_LANES * sizeof(float));
}

/* Each tile of the run that a block of frame f adds to. */
static void visit_tiles(const CopPackRun *run, int f, int block, CopPackFn *fn, void *ctx)
{
    const CopSweep *sweep = run->sweep;
    const CopAxis *axis = &sweep->t;
    for (int k = 0; k < axis->taps; k++) {
        const int from = f - axis->source - k, t = from / axis->step;
        if (from < 0 || from % axis->step || t < run->at.t || t >= run->end)
            continue;
        int first_tap, end_tap;
        cop_conv3d_valid_taps(axis, t, &first_tap, &end_tap);
        CopPackVisit visit = {.at = run->at,
                              .block = block + k,
                              .first = block == 0 && k == first_tap,
                              .last = block + sweep->splits == sweep->blocks && k == end_tap - 1};
        visit.at.t = t;
        fn(ctx, &visit);
    }
}

void cop_pack_visit(const CopPackRun *run, CopPackFn *fn, void *ctx)
{
    const CopSweep *sweep = run->sweep;
    const CopAxis *axis = &sweep->t;
    const int first = cop_max(axis->source + run->at.t * axis->step, 0);
    const int end = cop_min(axis->source + (run->end - 1) * axis->step + axis->taps, axis->extent);
    for (int f = first; f < end; f++) {
        if ((f - axis->source) % axis->step >= axis->taps)
            continue; /* frames that a stride leaves out */
        for (int block = 0; block < sweep->blocks; block += sweep->splits) {
            copy(run, f, block);
            visit_tiles(run, f, block, fn, ctx);
        }
    }
    /* Those that read nothing but padding are written, too. */
    for (int t = run->at.t; t < run->end; t++) {
        CopPackVisit visit = {.at = run->at, .nothing = true, .first = true, .last = true};
        int first_tap, end_tap;
        visit.at.t = t;
        cop_conv3d_valid_taps(axis, t, &first_tap, &end_tap);
        if (first_tap == end_tap)
            fn(ctx, &visit);
    }
}

int cop_pack_run_end(const CopTiling *tiling, int tile, int end)
{
    const CopSweep *sweep = tiling->sweep;
    if (!cop_sweep_along_t(sweep))
        return tile + 1;
    return cop_min(end, tile + sweep->t.positions - cop_conv3d_place(tiling, tile).t);
}
