/* Tile mode against plain loops over the whole clip: copies between cuts, exchanges, and
 * convolution and pooling of tiles.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/core/mask.h"
#include "models/kernels/conv3d.h"
#include "models/kernels/lane_kernels.h"
#include "models/kernels/ref/conv3d_ref.h"
#include "models/kernels/ref/pool_ref.h"
#include "models/kernels/tile.h"
#include "tests/kernels/kcheck.h"

/* A tensor in tile mode in poisoned memory. */
typedef struct Tiles {
    CopTensor x;
    float *memory;
    size_t floats;
} Tiles;

enum { GUARD = 64 };

static const uint32_t poison = 0x7fa5a5a5u;

static Tiles make(int c, CopSize clip, const CopCut *cut, CopHalo halo)
{
    Tiles tiles;
    if (cop_tensor_shape_tiles(&tiles.x, c, clip, cut, halo) != COP_OK)
        kcheck_fail("a tensor cannot be shaped");
    tiles.floats = cop_tensor_floats(&tiles.x) + 2 * GUARD;
    tiles.memory = kcheck_alloc(tiles.floats, sizeof(float));
    for (size_t i = 0; i < tiles.floats; i++)
        memcpy(tiles.memory + i, &poison, sizeof poison);
    cop_tensor_place(&tiles.x, tiles.memory + GUARD);
    return tiles;
}

static bool poisoned(const float *at)
{
    return memcmp(at, &poison, sizeof poison) == 0;
}

static bool guarded(const Tiles *tiles)
{
    for (int i = 0; i < GUARD; i++)
        if (!poisoned(tiles->memory + i) || !poisoned(tiles->memory + tiles->floats - 1 - i))
            return false;
    return true;
}

/* The smallest tiles of a clip in a grid. */
static CopCut cut_of(CopSize clip, int t, int h, int w)
{
    return (CopCut){{t, h, w}, {(clip.t + t - 1) / t, (clip.h + h - 1) / h, (clip.w + w - 1) / w}};
}

/* A grid of up to sixteen tiles, some perhaps empty, and tiles at times larger than need be. */
static CopCut random_cut(CopSize clip)
{
    int t = kcheck_int(1, 5), h = kcheck_int(1, 16 / t), w = kcheck_int(1, 16 / t / h);
    CopCut cut = cut_of(clip, t, h, w);
    cut.tile.t += t > 1 ? kcheck_int(0, 1) : 0;
    cut.tile.h += h > 1 ? kcheck_int(0, 1) : 0;
    cut.tile.w += w > 1 ? kcheck_int(0, 1) : 0;
    return cut;
}

static size_t volume(CopSize size)
{
    return (size_t)size.t * (size_t)size.h * (size_t)size.w;
}

static float *random_clip(int c, CopSize size)
{
    const size_t n = (size_t)c * volume(size);
    float *clip = kcheck_alloc(n, sizeof *clip);
    for (size_t i = 0; i < n; i++)
        clip[i] = (float)kcheck_uniform(-1, 1);
    return clip;
}

static double *doubles(const float *from, size_t n)
{
    double *out = kcheck_alloc(n, sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = (double)from[i];
    return out;
}

static bool open_case(const char *what, CopSize clip, const CopCut *cut)
{
    return kcheck_case("%s %dx%dx%d in %dx%dx%d tiles of %dx%dx%d", what, clip.t, clip.h, clip.w,
                       cut->grid.t, cut->grid.h, cut->grid.w, cut->tile.t, cut->tile.h,
                       cut->tile.w);
}

/* --- copies and exchanges ------------------------------------------------------------- */

/* What lane `lane` must hold at a position, which may lie in its halo. */
static float expected(const Tiles *tiles, const float *clip, int c, int lane, CopSize at,
                      float outside)
{
    const CopTensor *x = &tiles->x;
    const CopSize grid = x->grid, size = x->clip;
    if (lane >= grid.t * grid.h * grid.w)
        return outside;
    const int t = lane / (grid.h * grid.w) * x->t + at.t;
    const int h = lane / grid.w % grid.h * x->h + at.h;
    const int w = lane % grid.w * x->w + at.w;
    if (t < 0 || t >= size.t || h < 0 || h >= size.h || w < 0 || w >= size.w)
        return outside;
    return clip[((size_t)c * (size_t)size.t + (size_t)t) * (size_t)size.h * (size_t)size.w +
                (size_t)h * (size_t)size.w + (size_t)w];
}

/* Halo and outside after an exchange; before it, both are still poison. */
static void compare(const Tiles *tiles, const float *clip, float outside, bool exchanged)
{
    const CopTensor *x = &tiles->x;
    const CopHalo *o = &x->halo;
    const int lanes = x->grid.t * x->grid.h * x->grid.w;
    for (int c = 0; c < x->c; c++)
        for (int t = -o->t_lo; t < x->t + o->t_hi; t++)
            for (int h = -o->h_lo; h < x->h + o->h_hi; h++)
                for (int w = -o->w_lo; w < x->w + o->w_hi; w++)
                    for (int lane = 0; lane < COP_LANES; lane++) {
                        const bool inside =
                            t >= 0 && t < x->t && h >= 0 && h < x->h && w >= 0 && w < x->w;
                        const float *got = cop_tensor_at(x, 0, c, t, h, w) + lane;
                        const float want =
                            expected(tiles, clip, c, lane, (CopSize){t, h, w}, outside);
                        if (inside && lane >= lanes)
                            continue;
                        if (!exchanged && (!inside || isinf(want)))
                            KCHECK(poisoned(got));
                        else if (!(*got == want))
                            kcheck_fail("(%d,%d,%d,%d) lane %d is %g, not %g", c, t, h, w, lane,
                                        (double)*got, (double)want);
                    }
    KCHECK(guarded(tiles));
}

static CopHalo random_halo(int most)
{
    return (CopHalo){kcheck_int(0, most), kcheck_int(0, most), kcheck_int(0, most),
                     kcheck_int(0, most), kcheck_int(0, most), kcheck_int(0, most)};
}

static void check_exchange(CopSize clip, float outside)
{
    kcheck_draw();
    const CopCut cut = random_cut(clip);
    if (!open_case("exchange", clip, &cut))
        return;
    const int c = kcheck_int(1, 3);
    Tiles x = make(c, clip, &cut, random_halo(4));
    float *values = random_clip(c, clip);
    cop_tensor_load_lane(&x.x, 0, values);
    compare(&x, values, INFINITY, false);
    cop_tile_exchange(&x.x, outside, NULL);
    compare(&x, values, outside, true);
    kcheck_end();
}

static void check_copy(CopSize clip)
{
    kcheck_draw();
    const CopCut first = random_cut(clip), second = random_cut(clip);
    if (!open_case("copy", clip, &second))
        return;
    Tiles a = make(2, clip, &first, random_halo(2)), b = make(2, clip, &second, random_halo(2));
    KTensor batch;
    kcheck_tensor(&batch, 21, 2, clip.t, clip.h, clip.w, random_halo(1));
    float *values = random_clip(2, clip);
    float *back = kcheck_alloc(2 * volume(clip), sizeof *back);
    cop_tensor_load_lane(&batch.x, 18, values);
    cop_tensor_copy_lane(&a.x, 0, &batch.x, 18);
    compare(&a, values, INFINITY, false);
    cop_tile_copy(&a.x, &b.x, NULL);
    compare(&b, values, INFINITY, false);
    cop_tensor_store_lane(&b.x, 0, back);
    KCHECK(memcmp(values, back, 2 * volume(clip) * sizeof *back) == 0);
    cop_tensor_copy_lane(&batch.x, 3, &b.x, 0);
    cop_tensor_store_lane(&batch.x, 3, back);
    KCHECK(memcmp(values, back, 2 * volume(clip) * sizeof *back) == 0);
    kcheck_end();
}

/* --- layers ----------------------------------------------------------------------------- */

typedef struct Layer {
    CopSize in, out;
    CopWindow window;
    CopCut in_cut, out_cut;
    Tiles x, y;
    int ic, oc;
    float *clip;
} Layer;

/* Draws a cut of the output for which the input can be cut. */
static void draw_layer(Layer *l, CopSize in, const CopWindow *window, int ic, int oc, float outside)
{
    const CopSize *k = &window->kernel, *s = &window->stride, *p = &window->pad;
    *l = (Layer){.in = in, .window = *window, .ic = ic, .oc = oc};
    l->out = (CopSize){cop_conv_out(in.t, k->t, s->t, p->t), cop_conv_out(in.h, k->h, s->h, p->h),
                       cop_conv_out(in.w, k->w, s->w, p->w)};
    do
        l->out_cut = random_cut(l->out);
    while (!cop_tile_input(window, in, &l->out_cut, &l->in_cut));
    l->x = make(ic, in, &l->in_cut, cop_tile_halo(window, in, &l->in_cut));
    l->y = make(oc, l->out, &l->out_cut, random_halo(1));
    l->clip = random_clip(ic, in);
    cop_tensor_load_lane(&l->x.x, 0, l->clip);
    cop_tile_exchange(&l->x.x, outside, NULL);
}

static double *result(const Layer *l)
{
    const size_t n = (size_t)l->oc * volume(l->out);
    float *got = kcheck_alloc(n, sizeof *got);
    cop_tensor_store_lane(&l->y.x, 0, got);
    KCHECK(guarded(&l->y));
    return doubles(got, n);
}

static void check_conv(CopSize in, const CopWindow *window, double density)
{
    const CopSize *k = &window->kernel, *s = &window->stride;
    kcheck_draw();
    Layer l;
    draw_layer(&l, in, window, 3, 4, 0);
    if (!kcheck_case("conv %dx%dx%d, kernel %dx%dx%d stride %dx%dx%d, in %dx%dx%d tiles of "
                     "%dx%dx%d",
                     in.t, in.h, in.w, k->t, k->h, k->w, s->t, s->h, s->w, l.out_cut.grid.t,
                     l.out_cut.grid.h, l.out_cut.grid.w, l.out_cut.tile.t, l.out_cut.tile.h,
                     l.out_cut.tile.w))
        return;
    draw_layer(&l, in, window, 3, 4, 0);
    CopConvShape shape = {l.ic, l.oc, k->t, k->h, k->w, s->t, s->h, s->w, 0, 0, 0, 1};
    const size_t numel = (size_t)(l.ic * l.oc) * volume(*k);
    CopParam param = {.name = "weight", .rank = 5, .numel = numel, .capacity = numel};
    param.value = kcheck_alloc(numel, sizeof(float));
    double *weight = kcheck_alloc(numel, sizeof *weight),
           *sizes = kcheck_alloc(numel, sizeof *weight);
    double *ones = kcheck_alloc(numel, sizeof *ones);
    uint64_t *mask = kcheck_alloc(cop_mask_words(numel), sizeof *mask);
    for (size_t i = 0; i < numel; i++) {
        if (density < 1 && kcheck_uniform(0, 1) >= density)
            continue;
        cop_mask_set(mask, i);
        param.value[param.nnz] = (float)kcheck_uniform(-1, 1);
        weight[i] = (double)param.value[param.nnz++];
        sizes[i] = fabs(weight[i]);
        ones[i] = 1;
    }
    param.mask = density < 1 ? mask : NULL;

    CopTensor view;
    CopSize pad;
    cop_tile_view(&l.x.x, window, &view, &pad);
    shape.pt = pad.t;
    shape.ph = pad.h;
    shape.pw = pad.w;
    CopConv3d *conv;
    if (cop_conv3d_create(&conv, kcheck_arena(), &shape, &param, &view, &l.y.x, NULL, NULL, 1,
                          NULL) != COP_OK) {
        kcheck_fail("create");
    } else {
        cop_conv3d_load(conv, NULL, NULL);
        cop_conv3d_forward(conv, NULL, &view, &l.y.x, NULL);
        const size_t n = (size_t)l.oc * volume(l.out), n_in = (size_t)l.ic * volume(in);
        double *x = doubles(l.clip, n_in), *want = kcheck_alloc(n, sizeof *want);
        double *size = kcheck_alloc(n, sizeof *size), *terms = kcheck_alloc(n, sizeof *terms);
        shape.pt = window->pad.t;
        shape.ph = window->pad.h;
        shape.pw = window->pad.w;
        cop_conv3d_ref_forward(&shape, in.t, in.h, in.w, x, weight, NULL, want);
        for (size_t i = 0; i < n_in; i++)
            x[i] = fabs(x[i]);
        cop_conv3d_ref_forward(&shape, in.t, in.h, in.w, x, sizes, NULL, size);
        for (size_t i = 0; i < n_in; i++)
            x[i] = 1;
        cop_conv3d_ref_forward(&shape, in.t, in.h, in.w, x, ones, NULL, terms);
        kcheck_close("y", result(&l), want, size, terms, n, false);
    }
    kcheck_end();
}

static void check_pool(CopSize in, const CopWindow *window)
{
    for (int most = 0; most < 2; most++) {
        kcheck_draw();
        Layer l;
        draw_layer(&l, in, window, 2, 2, 0);
        if (!open_case(most ? "max pool" : "average pool", in, &l.in_cut))
            continue;
        draw_layer(&l, in, window, 2, 2, most ? -INFINITY : 0);
        CopTensor view;
        CopSize pad;
        cop_tile_view(&l.x.x, window, &view, &pad);
        const CopSize *k = &window->kernel, *s = &window->stride, *p = &window->pad;
        const CopPoolShape shape = {k->t, k->h, k->w, s->t, s->h, s->w, pad.t, pad.h, pad.w};
        const CopPoolShape whole = {k->t, k->h, k->w, s->t, s->h, s->w, p->t, p->h, p->w};
        const size_t n_in = volume(in), n = volume(l.out);
        double *x = doubles(l.clip, 2 * n_in), *want = kcheck_alloc(2 * n, sizeof *want);
        double *size = kcheck_alloc(2 * n, sizeof *size),
               *terms = kcheck_alloc(2 * n, sizeof *size);
        for (int c = 0; c < 2; c++) {
            (most ? cop_lane_kernels()->max_pool : cop_lane_kernels()->avg_pool)(&view, &l.y.x, c,
                                                                                 &shape);
            (most ? cop_pool_ref_max : cop_pool_ref_avg)(
                &whole, in.t, in.h, in.w, x + (size_t)c * n_in, want + (size_t)c * n);
        }
        for (size_t i = 0; i < 2 * n; i++) {
            size[i] =
                most ? 0 : 1; /* a maximum is exact; of numbers below 1, so is a mean's size */
            terms[i] = most ? 0 : (double)volume(*k);
        }
        kcheck_close("y", result(&l), want, size, terms, 2 * n, false);
        kcheck_end();
    }
}

/* --- what cannot be cut -------------------------------------------------------------------- */

static void check_refusals(void)
{
    if (!kcheck_case("refusals"))
        return;
    const CopWindow same = {{3, 3, 3}, {1, 1, 1}, {1, 1, 1}};
    const CopWindow valid = {{1, 3, 3}, {1, 1, 1}, {0, 0, 0}};
    const CopWindow beside = {{1, 1, 1}, {1, 1, 1}, {0, 1, 0}};
    const CopSize clip = {4, 9, 9}, less = {4, 7, 7};
    CopCut in, out = cut_of(clip, 1, 3, 3);
    KCHECK(cop_tile_input(&same, clip, &out, &in) && in.tile.h == 3 && in.grid.w == 3);
    out = cut_of(less, 1, 1, 7);
    KCHECK(!cop_tile_input(&valid, clip, &out, &in)); /* seven tiles of one miss two positions */
    out = cut_of(less, 1, 1, 1);
    KCHECK(cop_tile_input(&valid, clip, &out, &in) && in.tile.w == 9);
    out = cut_of((CopSize){4, 11, 9}, 1, 2, 1);
    KCHECK(!cop_tile_input(&beside, clip, &out, &in)); /* outputs made of padding alone */
    CopTensor x;
    const CopCut short_of = {{1, 2, 1}, {4, 4, 9}}, long_of = {{1, 2, 1}, {4, 5, 10}};
    const CopCut many = {{1, 5, 4}, {4, 2, 3}};
    KCHECK(cop_tensor_shape_tiles(&x, 1, clip, &short_of, (CopHalo){0}) == COP_ERR_SHAPE);
    KCHECK(cop_tensor_shape_tiles(&x, 1, clip, &long_of, (CopHalo){0}) == COP_ERR_SHAPE);
    KCHECK(cop_tensor_shape_tiles(&x, 1, clip, &many, (CopHalo){0}) == COP_ERR_SHAPE);
    kcheck_end();
}

static void run(void)
{
    static const CopSize clips[] = {{1, 1, 1}, {1, 7, 7},  {5, 13, 7}, {2, 7, 7},
                                    {4, 6, 9}, {16, 5, 3}, {3, 1, 33}, {2, 17, 29}};
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++)
        for (int repeat = 0; repeat < 12; repeat++) {
            check_exchange(clips[i], repeat % 2 ? -INFINITY : 0);
            check_copy(clips[i]);
        }
    static const CopWindow windows[] = {
        {{3, 3, 3}, {1, 1, 1}, {1, 1, 1}}, {{3, 3, 3}, {2, 2, 2}, {1, 1, 1}},
        {{1, 1, 1}, {2, 2, 2}, {0, 0, 0}}, {{3, 7, 7}, {1, 2, 2}, {1, 3, 3}},
        {{2, 2, 2}, {2, 2, 2}, {0, 0, 0}}, {{1, 2, 3}, {1, 1, 1}, {0, 1, 1}},
        {{5, 5, 5}, {3, 3, 3}, {2, 2, 2}}, {{2, 1, 4}, {1, 3, 1}, {0, 0, 0}}};
    static const CopSize inputs[] = {{2, 7, 7}, {5, 13, 9}, {8, 10, 6}, {4, 8, 31}};
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++)
        for (size_t j = 0; j < sizeof inputs / sizeof inputs[0]; j++)
            for (int repeat = 0; repeat < 6; repeat++) {
                check_conv(inputs[j], &windows[i], repeat % 2 ? 0.3 : 1);
                if (2 * windows[i].pad.h <= windows[i].kernel.h)
                    check_pool(inputs[j], &windows[i]);
            }
    check_refusals();
}

const KCheck kcheck_tile = {.name = "tile", .run = run};
