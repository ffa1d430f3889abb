/* The lane tensor: groups of sixteen clips, [g][c][t][h][w][16] floats.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/tensor.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { SIZE_MAX_DIM = 1 << 24 };

static int max(int a, int b)
{
    return a > b ? a : b;
}

CopHalo cop_halo_max(CopHalo a, CopHalo b)
{
    return (CopHalo){max(a.t_lo, b.t_lo), max(a.t_hi, b.t_hi), max(a.h_lo, b.h_lo),
                     max(a.h_hi, b.h_hi), max(a.w_lo, b.w_lo), max(a.w_hi, b.w_hi)};
}

static bool size_ok(int size)
{
    return size >= 1 && size <= SIZE_MAX_DIM;
}

static bool halo_ok(const CopHalo *halo)
{
    const int side[6] = {halo->t_lo, halo->t_hi, halo->h_lo, halo->h_hi, halo->w_lo, halo->w_hi};
    for (int i = 0; i < 6; i++)
        if (side[i] < 0 || side[i] > SIZE_MAX_DIM)
            return false;
    return true;
}

/* count * stride rounded up to an odd number of cache lines; 0 on overflow. */
static size_t odd_lines(size_t count, size_t stride)
{
    if (count > (SIZE_MAX / 8) / stride)
        return 0;
    const size_t lines = count * stride / COP_LANES;
    return (lines | 1) * COP_LANES;
}

CopStatus cop_tensor_shape(CopTensor *x, int n, int c, int t, int h, int w, CopHalo halo)
{
    if (!size_ok(n) || !size_ok(c) || !size_ok(t) || !size_ok(h) || !size_ok(w) || !halo_ok(&halo))
        return COP_ERR_SHAPE;
    *x = (CopTensor){.n = n,
                     .g = (n + COP_LANES - 1) / COP_LANES,
                     .c = c,
                     .t = t,
                     .h = h,
                     .w = w,
                     .halo = halo,
                     .grid = {1, 1, 1},
                     .clip = {t, h, w}};
    x->stride_h = (size_t)(halo.w_lo + w + halo.w_hi) * COP_LANES;
    x->stride_t = odd_lines((size_t)(halo.h_lo + h + halo.h_hi), x->stride_h);
    if (!x->stride_t)
        return COP_ERR_SHAPE;
    x->stride_c = odd_lines((size_t)(halo.t_lo + t + halo.t_hi), x->stride_t);
    if (!x->stride_c || (size_t)c > SIZE_MAX / 8 / x->stride_c)
        return COP_ERR_SHAPE;
    x->stride_g = (size_t)c * x->stride_c;
    return (size_t)x->g > SIZE_MAX / 8 / x->stride_g ? COP_ERR_SHAPE : COP_OK;
}

/* Tiles cover the clip; one alone is the clip. */
static bool cut_ok(int tiles, int tile, int clip)
{
    return size_ok(tile) && size_ok(clip) && tiles >= 1 && tiles <= COP_LANES &&
           (tiles == 1 ? tile == clip : (long long)tiles * tile >= clip);
}

CopStatus cop_tensor_shape_tiles(CopTensor *x, int c, CopSize clip, const CopCut *cut, CopHalo halo)
{
    const CopSize grid = cut->grid, tile = cut->tile;
    if (!cut_ok(grid.t, tile.t, clip.t) || !cut_ok(grid.h, tile.h, clip.h) ||
        !cut_ok(grid.w, tile.w, clip.w) || grid.t * grid.h * grid.w > COP_LANES)
        return COP_ERR_SHAPE;
    COP_TRY(cop_tensor_shape(x, grid.t * grid.h * grid.w, c, tile.t, tile.h, tile.w, halo));
    x->grid = grid;
    x->clip = clip;
    return COP_OK;
}

size_t cop_tensor_floats(const CopTensor *x)
{
    return (size_t)x->g * x->stride_g;
}

void cop_tensor_place(CopTensor *x, float *memory)
{
    assert((uintptr_t)memory % 64 == 0);
    x->data = memory + (size_t)x->halo.t_lo * x->stride_t + (size_t)x->halo.h_lo * x->stride_h +
              (size_t)x->halo.w_lo * COP_LANES;
}

CopStatus cop_tensor_create(CopTensor *x, CopArena *arena, int n, int c, int t, int h, int w,
                            CopHalo halo)
{
    COP_TRY(cop_tensor_shape(x, n, c, t, h, w, halo));
    float *memory = cop_arena_alloc(arena, cop_tensor_floats(x), sizeof(float));
    if (!memory)
        return COP_ERR_NOMEM;
    cop_tensor_place(x, memory);
    return COP_OK;
}

void cop_tensor_set_n(CopTensor *x, int n)
{
    assert(n >= 1 && !cop_tensor_tiled(x));
    x->n = n;
    x->g = (n + COP_LANES - 1) / COP_LANES;
}

static void zero(float *from, int positions)
{
    memset(from, 0, (size_t)positions * COP_LANES * sizeof(float));
}

void cop_tensor_zero_halo(const CopTensor *x)
{
    const CopHalo *o = &x->halo;
    const int row = o->w_lo + x->w + o->w_hi;
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = -o->t_lo; t < x->t + o->t_hi; t++)
                for (int h = -o->h_lo; h < x->h + o->h_hi; h++) {
                    if (t < 0 || t >= x->t || h < 0 || h >= x->h) {
                        zero(cop_tensor_at(x, g, c, t, h, -o->w_lo), row);
                    } else {
                        zero(cop_tensor_at(x, g, c, t, h, -o->w_lo), o->w_lo);
                        zero(cop_tensor_at(x, g, c, t, h, x->w), o->w_hi);
                    }
                }
}

void cop_tensor_zero_idle(const CopTensor *x)
{
    const int g = x->g - 1, lanes = cop_tensor_lanes(x, g);
    if (lanes == COP_LANES)
        return;
    for (int c = 0; c < x->c; c++)
        for (int t = 0; t < x->t; t++)
            for (int h = 0; h < x->h; h++) {
                float *row = cop_tensor_at(x, g, c, t, h, 0);
                for (int w = 0; w < x->w; w++)
                    memset(row + w * COP_LANES + lanes, 0,
                           (size_t)(COP_LANES - lanes) * sizeof(float));
            }
}

/* Positions of a row from `w` on that lie in one tile, at most `most`. */
static int run_of(const CopTensor *x, int w, int most)
{
    const int run = x->w - w % x->w;
    return run < most ? run : most;
}

void cop_tensor_load_lane(const CopTensor *x, int lane, const float *clip)
{
    for (int c = 0; c < x->c; c++)
        for (int t = 0; t < x->clip.t; t++)
            for (int h = 0; h < x->clip.h; h++)
                for (int w = 0, run; w < x->clip.w; w += run) {
                    float *out = cop_tensor_clip_at(x, lane, t, h, w) + (size_t)c * x->stride_c;
                    run = run_of(x, w, x->clip.w - w);
                    for (int i = 0; i < run; i++)
                        out[i * COP_LANES] = *clip++;
                }
}

void cop_tensor_store_lane(const CopTensor *x, int lane, float *clip)
{
    for (int c = 0; c < x->c; c++)
        for (int t = 0; t < x->clip.t; t++)
            for (int h = 0; h < x->clip.h; h++)
                for (int w = 0, run; w < x->clip.w; w += run) {
                    const float *in =
                        cop_tensor_clip_at(x, lane, t, h, w) + (size_t)c * x->stride_c;
                    run = run_of(x, w, x->clip.w - w);
                    for (int i = 0; i < run; i++)
                        *clip++ = in[i * COP_LANES];
                }
}

/* One run of positions in channels c..end-1; where it lies is worked out once for all. */
static void copy_run(const CopTensor *to, float *out, const CopTensor *from, const float *in,
                     int run, int c, int end)
{
    out += (size_t)c * to->stride_c;
    in += (size_t)c * from->stride_c;
    for (; c < end; c++, out += to->stride_c, in += from->stride_c)
        for (int i = 0; i < run; i++)
            out[i * COP_LANES] = in[i * COP_LANES];
}

void cop_tensor_copy_lane_channels(const CopTensor *to, int to_lane, const CopTensor *from,
                                   int from_lane, int c, int end)
{
    for (int t = 0; t < to->clip.t; t++)
        for (int h = 0; h < to->clip.h; h++)
            for (int w = 0, run; w < to->clip.w; w += run) {
                run = run_of(to, w, run_of(from, w, to->clip.w - w));
                copy_run(to, cop_tensor_clip_at(to, to_lane, t, h, w), from,
                         cop_tensor_clip_at(from, from_lane, t, h, w), run, c, end);
            }
}

void cop_tensor_copy_lane(const CopTensor *to, int to_lane, const CopTensor *from, int from_lane)
{
    for (int c = 0; c < to->c; c++)
        cop_tensor_copy_lane_channels(to, to_lane, from, from_lane, c, c + 1);
}

void cop_tensor_copy(const CopTensor *to, const CopTensor *from)
{
    const size_t row = (size_t)to->w * COP_LANES * sizeof(float);
    for (int g = 0; g < to->g; g++)
        for (int c = 0; c < to->c; c++)
            for (int t = 0; t < to->t; t++)
                for (int h = 0; h < to->h; h++)
                    memcpy(cop_tensor_at(to, g, c, t, h, 0), cop_tensor_at(from, g, c, t, h, 0),
                           row);
}
