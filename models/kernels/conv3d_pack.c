/* What lists of a mask read, copied: one frame of a block's input channels under a tile lies in one
 * piece, in the first-level cache, while all that it adds to is walked, which along t are as many
 * tiles of the output as the kernel has taps. Read where it lies, a tile's input comes from the
 * second-level cache or beyond, once for each of these tiles, and between products.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "models/kernels/conv3d_plan.h"

enum {
    SUMS_BYTES = 512 << 10, /* of sums that wait for the next frame, in the second-level cache */
    ASK_BYTES = 16 << 20    /* of an input that a shared third-level cache may not hold */
};

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

/* What a tile at run->at reads of frame f and a block's channels. */
typedef struct Piece {
    const float *in;
    int channels, rows, cols;
} Piece;

static Piece piece_of(const CopPackRun *run, int f, int block)
{
    const CopSweep *sweep = run->sweep;
    const CopPlace *at = &run->at;
    const int channels = run->gather->in_channels;
    const int first = block / sweep->splits * sweep->block_channels;
    return (Piece){.in = cop_tensor_at(run->in, at->g, run->group * channels + first, f,
                                       sweep->h.source + at->h * sweep->h.step,
                                       sweep->w.source + at->w * sweep->w.step),
                   .channels = cop_min(sweep->block_channels, channels - first),
                   .rows = (at->rows - 1) * sweep->h.step + sweep->h.taps,
                   .cols = (at->cols - 1) * sweep->w.step + sweep->w.taps};
}

static void copy(const CopPackRun *run, const Piece *piece)
{
    const CopSweep *sweep = run->sweep;
    assert((size_t)piece->cols * COP_LANES <= sweep->read_h &&
           (size_t)piece->rows * sweep->read_h <= sweep->read_c);
    for (int c = 0; c < piece->channels; c++)
        for (int row = 0; row < piece->rows; row++)
            memcpy(run->packed + (size_t)c * sweep->read_c + (size_t)row * sweep->read_h,
                   piece->in + (size_t)c * run->in->stride_c + (size_t)row * run->in->stride_h,
                   (size_t)piece->cols * COP_LANES * sizeof(float));
}

/* Which tile frame f adds to by tap k, if the run has it. */
static bool tile_of(const CopPackRun *run, int f, int k, int *t)
{
    const CopAxis *axis = &run->sweep->t;
    const int from = f - axis->source - k;
    *t = from / axis->step;
    return from >= 0 && from % axis->step == 0 && *t >= run->at.t && *t < run->end;
}

/* Spreads requests for a piece over all lists that are walked before it is copied. */
static CopAhead look_ahead(const CopPackRun *run, int f, const Piece *next)
{
    int visits = 0, t;
    for (int k = 0; k < run->sweep->t.taps; k++)
        visits += tile_of(run, f, k, &t);
    const int left = next->channels * next->rows, lists = visits * run->lists;
    const ptrdiff_t row_step = (ptrdiff_t)run->in->stride_h;
    assert(left > 0 && lists > 0);
    return (CopAhead){.at = next->in,
                      .left = left,
                      .each = cop_ceil_div(left, lists),
                      .wait = 1,
                      .period = cop_max(lists / left, 1),
                      .lines = next->cols,
                      .rows = next->rows,
                      .row_step = row_step,
                      .channel_gap = (ptrdiff_t)run->in->stride_c - next->rows * row_step};
}

/* Each tile of the run that a block of frame f adds to. */
static void visit_tiles(const CopPackRun *run, int f, int block, CopAhead *ahead, CopPackFn *fn,
                        void *ctx)
{
    const CopSweep *sweep = run->sweep;
    for (int k = 0, t; k < sweep->t.taps; k++) {
        if (!tile_of(run, f, k, &t))
            continue;
        int first_tap, end_tap;
        cop_conv3d_valid_taps(&sweep->t, t, &first_tap, &end_tap);
        CopPackVisit visit = {.at = run->at,
                              .block = block + k,
                              .first = block == 0 && k == first_tap,
                              .last = block + sweep->splits == sweep->blocks && k == end_tap - 1,
                              .ahead = ahead};
        visit.at.t = t;
        fn(ctx, &visit);
    }
}

/* From f on, the first frame that a stride does not leave out. */
static int frame_from(const CopAxis *axis, int f, int end)
{
    while (f < end && (f - axis->source) % axis->step >= axis->taps)
        f++;
    return f;
}

void cop_pack_visit(const CopPackRun *run, CopPackFn *fn, void *ctx)
{
    const CopSweep *sweep = run->sweep;
    const CopAxis *axis = &sweep->t;
    const bool asks = run->in->stride_g * sizeof(float) >= ASK_BYTES;
    const int end = cop_min(axis->source + (run->end - 1) * axis->step + axis->taps, axis->extent);
    int f = frame_from(axis, cop_max(axis->source + run->at.t * axis->step, 0), end);
    for (int block = 0; f < end;) {
        const Piece piece = piece_of(run, f, block);
        copy(run, &piece);
        int next_f = f, next_block = block + sweep->splits;
        if (next_block == sweep->blocks) {
            next_f = frame_from(axis, f + 1, end);
            next_block = 0;
        }
        CopAhead ahead;
        const bool looks = asks && next_f < end;
        if (looks) {
            const Piece next = piece_of(run, next_f, next_block);
            ahead = look_ahead(run, f, &next);
        }
        visit_tiles(run, f, block, looks ? &ahead : NULL, fn, ctx);
        f = next_f;
        block = next_block;
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
