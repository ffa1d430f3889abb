/* Exchange between tiles, compiled once a tier. A neighbour's value lies a fixed number
 * of lanes away, so that a load from that many floats further brings all lanes theirs;
 * lanes whose position is outside the clip are masked.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>

#include "models/kernels/lane_vector.h"
#include "models/kernels/tile.h"

enum { PARTS = COP_LANES / WIDTH };

typedef float VecU __attribute__((vector_size(COP_VEC_BYTES), aligned(4), may_alias));

/* A number or a mask for each lane. */
typedef struct Lanes {
    VecI part[PARTS];
} Lanes;

typedef struct Exchange {
    const CopTensor *x;
    int c, end; /* channels; what is worked out for one position serves all */
    float outside;
    Lanes t, h, w; /* where each lane's tile starts; far outside for lanes without one */
} Exchange;

/* Tiles and positions away from here. */
typedef struct Away {
    int tiles, position;
} Away;

static inline Vec select(VecI mask, Vec a, Vec b)
{
    return (Vec)(((VecI)a & mask) | ((VecI)b & ~mask));
}

static inline Lanes inside(const Lanes *start, int position, int size)
{
    Lanes out;
    for (int p = 0; p < PARTS; p++) {
        const VecI at = start->part[p] + position;
        out.part[p] = (at >= 0) & (at < size);
    }
    return out;
}

static inline Lanes both(const Lanes *a, const Lanes *b)
{
    Lanes out;
    for (int p = 0; p < PARTS; p++)
        out.part[p] = a->part[p] & b->part[p];
    return out;
}

static Lanes starts(const CopTensor *x, int tile, int every, int tiles)
{
    Lanes out;
    for (int lane = 0; lane < COP_LANES; lane++)
        out.part[lane / WIDTH][lane % WIDTH] =
            lane < x->grid.t * x->grid.h * x->grid.w ? lane / every % tiles * tile : INT_MIN / 2;
    return out;
}

/* Where position `i` of this tile is, in tiles of `size` positions. */
static Away away(int i, int size)
{
    const int tiles = i >= 0 ? i / size : -((size - 1 - i) / size);
    return (Away){tiles, i - tiles * size};
}

/* Positions w..end-1 of row (t, h), which lie in one tile along w. */
static void fetch(const Exchange *e, const Lanes *row, int t, int h, int w, int end)
{
    const CopTensor *x = e->x;
    const Away at = away(t, x->t), ah = away(h, x->h), aw = away(w, x->w);
    const int lanes = (at.tiles * x->grid.h + ah.tiles) * x->grid.w + aw.tiles;
    const float *from = cop_tensor_at(x, 0, e->c, at.position, ah.position, aw.position) + lanes;
    float *to = cop_tensor_at(x, 0, e->c, t, h, w);
    const Vec outside = e->outside - (Vec){0};
    for (int i = w; i < end; i++, from += COP_LANES, to += COP_LANES) {
        const Lanes column = inside(&e->w, i, x->clip.w), mask = both(row, &column);
        const float *in = from;
        float *out = to;
        for (int c = e->c; c < e->end; c++, in += x->stride_c, out += x->stride_c)
            for (int p = 0; p < PARTS; p++)
                ((Vec *)(void *)out)[p] =
                    select(mask.part[p], ((const VecU *)(const void *)in)[p], outside);
    }
}

static void fill(const Exchange *e, int t, int h, int w, int end)
{
    for (int c = e->c; c < e->end; c++) {
        Vec *out = (Vec *)(void *)cop_tensor_at(e->x, 0, c, t, h, w);
        for (int i = 0; i < (end - w) * PARTS; i++)
            out[i] = e->outside - (Vec){0};
    }
}

/* Part of a row: pieces that lie in one tile each. */
static void fetch_row(const Exchange *e, const Lanes *row, int t, int h, int w, int end)
{
    const CopTensor *x = e->x;
    const int tiles_t = away(t, x->t).tiles, tiles_h = away(h, x->h).tiles;
    const bool apart = tiles_t <= -x->grid.t || tiles_t >= x->grid.t || tiles_h <= -x->grid.h ||
                       tiles_h >= x->grid.h; /* no tile has one there */
    for (int next; w < end; w = next) {
        const int tiles_w = away(w, x->w).tiles;
        next = (tiles_w + 1) * x->w;
        if (next > end)
            next = end;
        if (apart || tiles_w <= -x->grid.w || tiles_w >= x->grid.w)
            fill(e, t, h, w, next);
        else
            fetch(e, row, t, h, w, next);
    }
}

/* Positions from the returned one on are outside the clip in some lane. */
static int ragged_from(int grid, int tile, int clip)
{
    const int first = clip - (grid - 1) * tile;
    return first < 0 ? 0 : first;
}

static void exchange(const CopTensor *x, int c, int end, float outside)
{
    const CopHalo *o = &x->halo;
    const Exchange e = {.x = x,
                        .c = c,
                        .end = end,
                        .outside = outside,
                        .t = starts(x, x->t, x->grid.h * x->grid.w, x->grid.t),
                        .h = starts(x, x->h, x->grid.w, x->grid.h),
                        .w = starts(x, x->w, 1, x->grid.w)};
    const int ragged_t = ragged_from(x->grid.t, x->t, x->clip.t);
    const int ragged_h = ragged_from(x->grid.h, x->h, x->clip.h);
    const int ragged_w = ragged_from(x->grid.w, x->w, x->clip.w);
    for (int t = -o->t_lo; t < x->t + o->t_hi; t++) {
        const Lanes plane = inside(&e.t, t, x->clip.t);
        for (int h = -o->h_lo; h < x->h + o->h_hi; h++) {
            const Lanes line = inside(&e.h, h, x->clip.h), row = both(&plane, &line);
            if (t < 0 || t >= x->t || h < 0 || h >= x->h) {
                fetch_row(&e, &row, t, h, -o->w_lo, x->w + o->w_hi);
                continue;
            }
            fetch_row(&e, &row, t, h, -o->w_lo, 0);
            const int w = t >= ragged_t || h >= ragged_h ? 0 : ragged_w;
            if (w < x->w)
                fetch(&e, &row, t, h, w, x->w);
            fetch_row(&e, &row, t, h, x->w, x->w + o->w_hi);
        }
    }
}

const CopTileKernels TIER_NAME(cop_tile_kernels_) = {
    .exchange = exchange,
};
