/* What lists of a mask read, copied: one frame of a block's input channels under a tile lies in one
 * piece, in the first-level cache, while all that it adds to is walked, which along t are as many
 * tiles of the output as the kernel has taps. Read where it lies, a tile's input comes from the
 * second-level cache or beyond, once for each of these tiles, and between products. Neighbours
 * take turns, so that what they share comes from memory once, and where they share pages, these are
 * found once.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "models/kernels/conv3d_plan.h"

enum {
    SUMS_BYTES = 512 << 10, /* of sums that wait for their turn, in the second-level cache */
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

void cop_pack_places(const CopGather *gather, CopSweep *sweep)
{
    const size_t sums = (size_t)sweep->t.taps * cop_pack_sums(gather, sweep) * sizeof(float);
    const int most = cop_min((int)((size_t)SUMS_BYTES / sums), COP_PACK_PLACES);
    sweep->places = cop_max(cop_min(most, sweep->w_pieces), 1);
}

size_t cop_pack_waiting(const CopGather *gather, const CopSweep *sweep)
{
    return (size_t)(sweep->places * sweep->t.taps) * cop_pack_sums(gather, sweep);
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
            const size_t floats =
                cop_pack_waiting(gather, sweep) + (size_t)sweep->block_channels * sweep->read_c;
            most = floats > most ? floats : most;
        }
    }
    return most;
}

/* What a place reads of a frame and a block's channels, or a part of it. */
typedef struct Piece {
    const float *in;
    int channels, rows, cols;
} Piece;

static Piece piece_of(const CopPackRun *run, int place, int f, int block)
{
    const CopSweep *sweep = run->sweep;
    const CopPlace *at = &run->at[place];
    const int channels = run->gather->in_channels;
    const int first = block / sweep->splits * sweep->block_channels;
    return (Piece){.in = cop_tensor_at(run->in, at->g, run->group * channels + first, f,
                                       sweep->h.source + at->h * sweep->h.step,
                                       sweep->w.source + at->w * sweep->w.step),
                   .channels = cop_min(sweep->block_channels, channels - first),
                   .rows = (at->rows - 1) * sweep->h.step + sweep->h.taps,
                   .cols = (at->cols - 1) * sweep->w.step + sweep->w.taps};
}

/* What is left of a piece without the columns that the place beside reads, too. */
static Piece new_part(const CopPackRun *run, int place, Piece piece)
{
    const CopAxis *w = &run->sweep->w;
    const int seen = place ? cop_max(w->taps - w->step, 0) : 0;
    piece.in += seen * COP_LANES;
    piece.cols -= seen;
    return piece;
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
    return from >= 0 && from % axis->step == 0 && *t >= run->at[0].t && *t < run->end;
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

/* A frame, a block of it and a place: pieces are copied in this order. */
typedef struct Turn {
    int f, block, place;
} Turn;

/* From f on, the first frame that a stride does not leave out. */
static int frame_from(const CopAxis *axis, int f, int end)
{
    while (f < end && (f - axis->source) % axis->step >= axis->taps)
        f++;
    return f;
}

static Turn turn_after(const CopPackRun *run, Turn turn, int end)
{
    const CopSweep *sweep = run->sweep;
    if (++turn.place < run->places)
        return turn;
    turn.place = 0;
    turn.block += sweep->splits;
    if (turn.block < sweep->blocks)
        return turn;
    turn.block = 0;
    turn.f = frame_from(&sweep->t, turn.f + 1, end);
    return turn;
}

/* Each tile of a place that a block of a frame adds to. */
static void visit_tiles(const CopPackRun *run, Turn turn, CopAhead *ahead, CopPackFn *fn, void *ctx)
{
    const CopSweep *sweep = run->sweep;
    const int taps = sweep->t.taps;
    for (int k = 0, t; k < taps; k++) {
        if (!tile_of(run, turn.f, k, &t))
            continue;
        int first_tap, end_tap;
        cop_conv3d_valid_taps(&sweep->t, t, &first_tap, &end_tap);
        CopPackVisit visit = {.at = run->at[turn.place],
                              .waits = turn.place * taps + t % taps,
                              .block = turn.block + k,
                              .first = turn.block == 0 && k == first_tap,
                              .last =
                                  turn.block + sweep->splits == sweep->blocks && k == end_tap - 1,
                              .ahead = ahead};
        visit.at.t = t;
        fn(ctx, &visit);
    }
}

void cop_pack_visit(const CopPackRun *run, CopPackFn *fn, void *ctx)
{
    const CopAxis *axis = &run->sweep->t;
    const int first = run->at[0].t;
    const bool asks = run->in->stride_g * sizeof(float) >= ASK_BYTES;
    const int end = cop_min(axis->source + (run->end - 1) * axis->step + axis->taps, axis->extent);
    Turn turn = {.f = frame_from(axis, cop_max(axis->source + first * axis->step, 0), end)};
    while (turn.f < end) {
        const Piece piece = piece_of(run, turn.place, turn.f, turn.block);
        copy(run, &piece);
        const Turn after = turn_after(run, turn, end);
        CopAhead ahead;
        const bool looks = asks && after.f < end;
        if (looks) {
            const Piece next =
                new_part(run, after.place, piece_of(run, after.place, after.f, after.block));
            ahead = look_ahead(run, turn.f, &next);
        }
        visit_tiles(run, turn, looks ? &ahead : NULL, fn, ctx);
        turn = after;
    }
    /* Those that read nothing but padding are written, too. */
    for (int t = first; t < run->end; t++) {
        int first_tap, end_tap;
        cop_conv3d_valid_taps(axis, t, &first_tap, &end_tap);
        for (int place = 0; first_tap == end_tap && place < run->places; place++) {
            CopPackVisit visit = {
                .at = run->at[place], .nothing = true, .first = true, .last = true};
            visit.at.t = t;
            fn(ctx, &visit);
        }
    }
}

int cop_pack_run(CopPackRun *run, const CopTiling *tiling, int tile, int end)
{
    const CopSweep *sweep = run->sweep;
    const int frames = cop_sweep_along_t(sweep) ? sweep->t.positions : 1;
    CopPlace *at = run->at;
    at[0] = cop_conv3d_place(tiling, tile);
    int behind = cop_min(tile + (frames > 1 ? frames - at[0].t : 1), end);
    run->places = 1;
    run->end = at[0].t + behind - tile;
    if (behind - tile < frames)
        return behind;
    for (; run->places < sweep->places && behind + frames <= end; behind += frames) {
        const CopPlace next = cop_conv3d_place(tiling, behind), *last = &at[run->places - 1];
        if (next.t != last->t || next.h != last->h || next.w != last->w + last->cols)
            break;
        at[run->places++] = next;
    }
    return behind;
}
