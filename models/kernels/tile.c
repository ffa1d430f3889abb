/* Tile mode: how tiles of a layer's input and output belong together.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/kernels/tile.h"

#include "models/core/cpu.h"

enum { CHANNELS = 8 }; /* done at a time: what is worked out for a position serves all */

/* One dimension of a window. */
typedef struct Dim {
    int kernel, stride, pad;
} Dim;

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* What a tile of stride * n positions lacks after its end to give n outputs. */
static int reach_after(Dim d)
{
    return max(d.kernel - d.stride - d.pad, 0);
}

static bool input(Dim d, int in, int grid, int out, int *tile)
{
    *tile = grid == 1 ? in : out * d.stride;
    /* An output of padding alone would be missing from the view. */
    return grid == 1 || (d.pad < d.kernel && *tile / d.stride == out && grid * *tile >= in);
}

bool cop_tile_input(const CopWindow *window, CopSize in, const CopCut *out, CopCut *cut)
{
    const CopSize *k = &window->kernel, *s = &window->stride, *p = &window->pad;
    cut->grid = out->grid;
    return input((Dim){k->t, s->t, p->t}, in.t, out->grid.t, out->tile.t, &cut->tile.t) &&
           input((Dim){k->h, s->h, p->h}, in.h, out->grid.h, out->tile.h, &cut->tile.h) &&
           input((Dim){k->w, s->w, p->w}, in.w, out->grid.w, out->tile.w, &cut->tile.w);
}

static void halo(Dim d, int in, int grid, int *lo, int *hi)
{
    *lo = d.pad;
    *hi = grid > 1
              ? reach_after(d)
              : max((in + 2 * d.pad - d.kernel) / d.stride * d.stride + d.kernel - d.pad - in, 0);
}

CopHalo cop_tile_halo(const CopWindow *window, CopSize in, const CopCut *cut)
{
    const CopSize *k = &window->kernel, *s = &window->stride, *p = &window->pad;
    CopHalo out = {0};
    if (cut->grid.t > 1)
        halo((Dim){k->t, s->t, p->t}, in.t, cut->grid.t, &out.t_lo, &out.t_hi);
    halo((Dim){k->h, s->h, p->h}, in.h, cut->grid.h, &out.h_lo, &out.h_hi);
    halo((Dim){k->w, s->w, p->w}, in.w, cut->grid.w, &out.w_lo, &out.w_hi);
    return out;
}

/* Makes the halo that the window reads a part of the interior; returns positions in front. */
static int grow(Dim d, int grid, int *size, int *lo, int *hi, int *pad)
{
    *pad = d.pad;
    if (grid == 1)
        return 0;
    *size += d.pad + reach_after(d);
    *lo -= d.pad;
    *hi -= reach_after(d);
    *pad = 0;
    return d.pad;
}

void cop_tile_view(const CopTensor *x, const CopWindow *window, CopTensor *view, CopSize *pad)
{
    const CopSize *k = &window->kernel, *s = &window->stride, *p = &window->pad;
    CopHalo *o = &view->halo;
    *view = *x;
    const int t = grow((Dim){k->t, s->t, p->t}, x->grid.t, &view->t, &o->t_lo, &o->t_hi, &pad->t);
    const int h = grow((Dim){k->h, s->h, p->h}, x->grid.h, &view->h, &o->h_lo, &o->h_hi, &pad->h);
    const int w = grow((Dim){k->w, s->w, p->w}, x->grid.w, &view->w, &o->w_lo, &o->w_hi, &pad->w);
    if (x->data)
        view->data = cop_tensor_at(x, 0, 0, -t, -h, -w);
}

static const CopTileKernels *kernels(void)
{
    switch (cop_tier()) {
#if defined(__x86_64__)
    case COP_TIER_AVX512:
        return &cop_tile_kernels_avx512;
    case COP_TIER_AVX2:
        return &cop_tile_kernels_avx2;
#endif
    default:
        return &cop_tile_kernels_generic;
    }
}

static int blocks(const CopTensor *x)
{
    return (x->c + CHANNELS - 1) / CHANNELS;
}

static int end_of(int c, const CopTensor *x)
{
    return c + CHANNELS < x->c ? c + CHANNELS : x->c;
}

typedef struct ExchangeJob {
    const CopTileKernels *kernels;
    const CopTensor *x;
    float outside;
} ExchangeJob;

static void exchange_channels(void *ctx, int i, int worker)
{
    (void)worker;
    const ExchangeJob *job = ctx;
    const int c = i * CHANNELS;
    job->kernels->exchange(job->x, c, end_of(c, job->x), job->outside);
}

void cop_tile_exchange(const CopTensor *x, float outside, CopPool *pool)
{
    ExchangeJob job = {kernels(), x, outside};
    cop_parallel_for(pool, blocks(x), exchange_channels, &job);
}

typedef struct CopyJob {
    const CopTensor *from, *to;
} CopyJob;

static void copy_channels(void *ctx, int i, int worker)
{
    (void)worker;
    const CopyJob *job = ctx;
    const int c = i * CHANNELS;
    cop_tensor_copy_lane_channels(job->to, 0, job->from, 0, c, end_of(c, job->to));
}

void cop_tile_copy(const CopTensor *from, const CopTensor *to, CopPool *pool)
{
    CopyJob job = {from, to};
    cop_parallel_for(pool, blocks(to), copy_channels, &job);
}
