/* conv3d against conv3d_ref: all passes, tiers, thread counts and fills.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/core/mask.h"
#include "models/core/pool.h"
#include "models/kernels/conv3d.h"
#include "models/kernels/conv3d_kernels.h"
#include "models/kernels/ref/conv3d_ref.h"
#include "tests/kernels/kcheck.h"

enum { THREADS = 3, BEYOND = 32 };

typedef enum Fill { FILL_RANDOM, FILL_ZERO, FILL_HUGE, FILL_DENORMAL, FILL_COUNT } Fill;

static const char *const fill_names[] = {"random", "zero", "huge", "denormal"};

typedef struct Case {
    CopConvShape s;
    int n, t, h, w;
    double density; /* 1: no mask */
    Fill fill;
    int slack; /* halo beyond what is needed */
    bool accumulate;
    bool tail; /* scale, add and relu in the forward pass */
    const CopKernelTable *table;
} Case;

/* Everything of one case. Arrays in double hold floats exactly. */
typedef struct Problem {
    Case c;
    int ot, oh, ow;
    size_t x_clip, y_clip, numel; /* elements of a clip */
    double *x, *dy, *weight, *bias, *active;
    CopParam param;
    KTensor tx, ty, tdx, tdy, add;
    CopConv3d *conv;
} Problem;

static void fill(double *array, size_t n, Fill kind)
{
    static const double scale[] = {1, 0, 1e17, 1e-40};
    for (size_t i = 0; i < n; i++)
        array[i] = (double)(float)kcheck_uniform(-scale[kind], scale[kind]);
}

static double *ones(size_t n)
{
    double *array = kcheck_alloc(n, sizeof *array);
    for (size_t i = 0; i < n; i++)
        array[i] = 1;
    return array;
}

static double *magnitudes(const double *from, size_t n)
{
    double *array = kcheck_alloc(n, sizeof *array);
    for (size_t i = 0; i < n; i++)
        array[i] = fabs(from[i]);
    return array;
}

/* Draws a mask into the parameter; density 1 leaves it dense. */
static void draw_mask(Problem *p, double density)
{
    CopParam *param = &p->param;
    uint64_t *mask = kcheck_alloc(cop_mask_words(p->numel), sizeof *mask);
    param->nnz = 0;
    for (size_t i = 0; i < p->numel; i++) {
        p->active[i] = density >= 1 || kcheck_uniform(0, 1) < density;
        if (p->active[i] > 0) {
            cop_mask_set(mask, i);
            param->value[param->nnz++] = (float)p->weight[i];
        }
    }
    param->mask = density >= 1 ? NULL : mask;
    param->generation++;
}

static CopHalo widen(CopHalo halo, int by)
{
    return (CopHalo){halo.t_lo + by, halo.t_hi + by / 2, halo.h_lo + by / 2,
                     halo.h_hi + by, halo.w_lo + by,     halo.w_hi + 2 * by};
}

static void set_up(Problem *p, const Case *c)
{
    const CopConvShape *s = &c->s;
    *p = (Problem){.c = *c,
                   .ot = cop_conv_out(c->t, s->kt, s->st, s->pt),
                   .oh = cop_conv_out(c->h, s->kh, s->sh, s->ph),
                   .ow = cop_conv_out(c->w, s->kw, s->sw, s->pw)};
    p->x_clip = (size_t)(s->ic * c->t * c->h * c->w);
    p->y_clip = (size_t)(s->oc * p->ot * p->oh * p->ow);
    p->numel = (size_t)(s->oc * (s->ic / s->groups) * s->kt * s->kh * s->kw);
    const size_t n = (size_t)c->n;
    p->x = kcheck_alloc(n * p->x_clip, sizeof *p->x);
    p->dy = kcheck_alloc(n * p->y_clip, sizeof *p->dy);
    p->weight = kcheck_alloc(p->numel, sizeof *p->weight);
    p->bias = kcheck_alloc((size_t)s->oc, sizeof *p->bias);
    p->active = kcheck_alloc(p->numel, sizeof *p->active);
    fill(p->x, n * p->x_clip, c->fill);
    fill(p->dy, n * p->y_clip, c->fill);
    fill(p->weight, p->numel, c->fill == FILL_DENORMAL ? FILL_RANDOM : c->fill);
    fill(p->bias, (size_t)s->oc, c->fill);

    p->param = (CopParam){.name = "weight", .rank = 5, .numel = p->numel, .capacity = p->numel};
    p->param.value = kcheck_alloc(p->numel, sizeof(float));
    p->param.grad = kcheck_alloc(p->numel, sizeof(float));
    draw_mask(p, c->density);

    kcheck_tensor(&p->tx, c->n, s->ic, c->t, c->h, c->w,
                  widen(cop_conv3d_input_halo(s, c->t, c->h, c->w), c->slack));
    kcheck_tensor(&p->ty, c->n, s->oc, p->ot, p->oh, p->ow, widen((CopHalo){0}, c->slack));
    kcheck_tensor(&p->tdx, c->n, s->ic, c->t, c->h, c->w, widen((CopHalo){0}, c->slack));
    kcheck_tensor(&p->tdy, c->n, s->oc, p->ot, p->oh, p->ow,
                  widen(cop_conv3d_grad_halo(s, c->t, c->h, c->w), c->slack));
    kcheck_tensor(&p->add, c->n, s->oc, p->ot, p->oh, p->ow, (CopHalo){0, 0, 0, 1, 0, 0});
    kcheck_zero(&p->tx);
    kcheck_zero(&p->tdy);
    kcheck_store(&p->tx, p->x);
    kcheck_store(&p->tdy, p->dy);
    const CopStatus status = cop_conv3d_create(&p->conv, kcheck_arena(), s, &p->param, &p->tx.x,
                                               &p->ty.x, &p->tdx.x, &p->tdy.x, THREADS, c->table);
    if (status != COP_OK)
        kcheck_fail("create: %s", cop_status_name(status));
}

static bool by_winograd(const Problem *p, CopConvPass pass)
{
    char text[COP_CONV_TEXT];
    return strncmp(cop_conv3d_kernel(p->conv, pass, text), "winograd", 8) == 0;
}

/* What stands for |weight| in a bound of a pass. Winograd's four products of a row of taps g
 * and inputs x come to at most (|g0| + |g1| + |g2|) * 2 * (|x0| + |x1| + |x2|), shared out
 * among the two outputs (winograd.h). */
static const double *weight_sizes(const Problem *p, CopConvPass pass, const double *weight)
{
    double *size = magnitudes(weight, p->numel);
    for (size_t i = 0; by_winograd(p, pass) && i < p->numel; i += 3)
        size[i] = size[i + 1] = size[i + 2] = 2 * (size[i] + size[i + 1] + size[i + 2]);
    return size;
}

static CopPool *pools[THREADS]; /* of 1, 2 and 3 threads */

/* The reference of one pass: values, sums of absolute values, number of terms. */
typedef struct Expected {
    double *want, *size, *terms;
} Expected;

static Expected expect(size_t n)
{
    return (Expected){kcheck_alloc(n, sizeof(double)), kcheck_alloc(n, sizeof(double)),
                      kcheck_alloc(n, sizeof(double))};
}

static double *masked(const Problem *p, const double *weight)
{
    double *array = kcheck_alloc(p->numel, sizeof *array);
    for (size_t i = 0; i < p->numel; i++)
        array[i] = weight[i] * p->active[i];
    return array;
}

static void check_forward(Problem *p)
{
    const Case *c = &p->c;
    const size_t n = (size_t)c->n * p->y_clip;
    const Expected e = expect(n);
    double *weight = masked(p, p->weight);
    float *scale = kcheck_alloc((size_t)c->s.oc, sizeof *scale);
    for (int o = 0; o < c->s.oc; o++)
        scale[o] = c->tail ? (float)kcheck_uniform(-2, 2) : 1;
    for (size_t i = 0; i < p->numel; i++)
        weight[i] = (double)((float)weight[i] * scale[i / (p->numel / (size_t)c->s.oc)]);
    const double *weight_size = weight_sizes(p, COP_CONV_FORWARD, weight);
    const double *x_size = magnitudes(p->x, (size_t)c->n * p->x_clip), *one = ones(p->x_clip);
    const double *bias_size = magnitudes(p->bias, (size_t)c->s.oc),
                 *bias_one = ones((size_t)c->s.oc);
    for (size_t i = 0; i < (size_t)c->n; i++) {
        cop_conv3d_ref_forward(&c->s, c->t, c->h, c->w, p->x + i * p->x_clip, weight, p->bias,
                               e.want + i * p->y_clip);
        cop_conv3d_ref_forward(&c->s, c->t, c->h, c->w, x_size + i * p->x_clip, weight_size,
                               bias_size, e.size + i * p->y_clip);
        cop_conv3d_ref_forward(&c->s, c->t, c->h, c->w, one, p->active, bias_one,
                               e.terms + i * p->y_clip);
    }
    if (c->tail) {
        double *add = kcheck_alloc(n, sizeof *add);
        fill(add, n, c->fill);
        kcheck_store(&p->add, add);
        for (size_t i = 0; i < n; i++) {
            e.want[i] = fmax(e.want[i] + add[i], 0);
            e.size[i] += fabs(add[i]);
            e.terms[i]++;
        }
    }
    float *bias = kcheck_alloc((size_t)c->s.oc, sizeof *bias);
    for (int o = 0; o < c->s.oc; o++)
        bias[o] = (float)p->bias[o];
    kcheck_fill_idle(&p->tx, 1e30f);
    double *got = kcheck_alloc(n, sizeof *got), *first = kcheck_alloc(n, sizeof *got);
    for (int i = 0; i < THREADS; i++) {
        const CopConvTail tail = {bias, c->tail ? &p->add.x : NULL, c->tail};
        kcheck_poison(&p->ty);
        cop_conv3d_load(p->conv, c->tail ? scale : NULL, pools[i]);
        cop_conv3d_forward(p->conv, &tail, &p->tx.x, &p->ty.x, pools[i]);
        kcheck_load(&p->ty, i ? got : first);
        KCHECK(kcheck_intact(&p->ty));
        KCHECK(i == 0 || memcmp(got, first, n * sizeof *got) == 0);
    }
    kcheck_close("y", first, e.want, e.size, e.terms, n, c->fill != FILL_DENORMAL);
}

static void check_backward_data(Problem *p)
{
    const Case *c = &p->c;
    const size_t n = (size_t)c->n * p->x_clip;
    const Expected e = expect(n);
    const double *weight = masked(p, p->weight);
    const double *weight_size = weight_sizes(p, COP_CONV_DATA, weight);
    const double *dy_size = magnitudes(p->dy, (size_t)c->n * p->y_clip), *one = ones(p->y_clip);
    double *before = kcheck_alloc(n, sizeof *before);
    if (c->accumulate) {
        fill(before, n, c->fill);
        for (size_t i = 0; i < n; i++) {
            e.want[i] = before[i];
            e.size[i] = fabs(before[i]);
            e.terms[i] = 1;
        }
    }
    for (size_t i = 0; i < (size_t)c->n; i++) {
        cop_conv3d_ref_backward_data(&c->s, c->t, c->h, c->w, p->dy + i * p->y_clip, weight,
                                     e.want + i * p->x_clip);
        cop_conv3d_ref_backward_data(&c->s, c->t, c->h, c->w, dy_size + i * p->y_clip, weight_size,
                                     e.size + i * p->x_clip);
        cop_conv3d_ref_backward_data(&c->s, c->t, c->h, c->w, one, p->active,
                                     e.terms + i * p->x_clip);
    }
    kcheck_fill_idle(&p->tdy, 1e30f);
    double *got = kcheck_alloc(n, sizeof *got), *first = kcheck_alloc(n, sizeof *got);
    for (int i = 0; i < THREADS; i++) {
        kcheck_poison(&p->tdx);
        if (c->accumulate)
            kcheck_store(&p->tdx, before);
        cop_conv3d_backward_data(p->conv, &p->tdy.x, &p->tdx.x, c->accumulate, pools[i]);
        kcheck_load(&p->tdx, i ? got : first);
        KCHECK(kcheck_intact(&p->tdx));
        KCHECK(i == 0 || memcmp(got, first, n * sizeof *got) == 0);
    }
    kcheck_close("dx", first, e.want, e.size, e.terms, n, c->fill != FILL_DENORMAL);
}

static void widen_floats(double *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* The gradients of all weights, of the active ones and of the bias. */
static void check_backward_weight(Problem *p)
{
    const Case *c = &p->c;
    const size_t oc = (size_t)c->s.oc;
    const Expected e = expect(p->numel), b = expect(oc);
    const double *x_size = magnitudes(p->x, (size_t)c->n * p->x_clip), *x_one = ones(p->x_clip);
    const double *dy_size = magnitudes(p->dy, (size_t)c->n * p->y_clip), *dy_one = ones(p->y_clip);
    for (size_t i = 0; i < (size_t)c->n; i++) {
        const size_t x = i * p->x_clip, y = i * p->y_clip;
        cop_conv3d_ref_backward_weight(&c->s, c->t, c->h, c->w, p->x + x, p->dy + y, e.want);
        cop_conv3d_ref_backward_weight(&c->s, c->t, c->h, c->w, x_size + x, dy_size + y, e.size);
        cop_conv3d_ref_backward_weight(&c->s, c->t, c->h, c->w, x_one, dy_one, e.terms);
        cop_conv3d_ref_backward_bias(&c->s, c->t, c->h, c->w, p->dy + y, b.want);
        cop_conv3d_ref_backward_bias(&c->s, c->t, c->h, c->w, dy_size + y, b.size);
        cop_conv3d_ref_backward_bias(&c->s, c->t, c->h, c->w, dy_one, b.terms);
    }
    kcheck_fill_idle(&p->tx, 1e30f);
    kcheck_fill_idle(&p->tdy, 0);
    const bool normal = c->fill != FILL_DENORMAL && c->fill != FILL_ZERO;
    const size_t nnz = p->param.nnz, room = p->numel + BEYOND;
    float *dense = kcheck_alloc(room, sizeof *dense), *bias = kcheck_alloc(oc, sizeof *bias);
    float *grad = p->param.grad = kcheck_alloc(room, sizeof *grad);
    float *first_dense = kcheck_alloc(room, sizeof *dense);
    float *first_grad = kcheck_alloc(room, sizeof *grad);
    for (int i = 0; i < THREADS; i++) {
        for (size_t j = 0; j < room; j++)
            dense[j] = grad[j] = 7;
        cop_conv3d_dense_gradient(p->conv, &p->tx.x, &p->tdy.x, dense, pools[i]);
        cop_conv3d_backward_weight(p->conv, &p->tx.x, &p->tdy.x, pools[i]);
        kcheck_fill_idle(&p->tdy, 1e30f);
        cop_conv3d_backward_bias(&p->tdy.x, bias, pools[i]);
        kcheck_fill_idle(&p->tdy, 0);
        for (size_t j = 0; j < BEYOND; j++)
            KCHECK(dense[p->numel + j] == 7 && grad[nnz + j] == 7);
        if (i == 0) {
            memcpy(first_dense, dense, room * sizeof *dense);
            memcpy(first_grad, grad, room * sizeof *grad);
        }
        KCHECK(memcmp(first_dense, dense, room * sizeof *dense) == 0);
        KCHECK(memcmp(first_grad, grad, room * sizeof *grad) == 0);
    }
    double *got = kcheck_alloc(p->numel, sizeof *got), *bias_got = kcheck_alloc(oc, sizeof *got);
    widen_floats(got, dense, p->numel);
    widen_floats(bias_got, bias, oc);
    kcheck_close("dense dw", got, e.want, e.size, e.terms, p->numel, normal);
    kcheck_close("db", bias_got, b.want, b.size, b.terms, oc, normal);
    for (size_t j = 0, k = 0; j < p->numel; j++)
        got[j] = p->active[j] > 0 ? (double)grad[k++] : e.want[j];
    kcheck_close("dw", got, e.want, e.size, e.terms, p->numel, normal);
}

static void check(const Case *c)
{
    const CopConvShape *s = &c->s;
    kcheck_case("conv3d %d->%d groups %d k %dx%dx%d s %d,%d,%d p %d,%d,%d on %dx%dx%d n %d density "
                "%g %s%s%s",
                s->ic, s->oc, s->groups, s->kt, s->kh, s->kw, s->st, s->sh, s->sw, s->pt, s->ph,
                s->pw, c->t, c->h, c->w, c->n, c->density, fill_names[c->fill],
                c->accumulate ? " accumulate" : "", c->tail ? " tail" : "");
    Problem p;
    set_up(&p, c);
    if (p.conv) {
        check_forward(&p);
        check_backward_data(&p);
        check_backward_weight(&p);
    }
    kcheck_end();
}

/* Every tile: rows of every width below two full tiles, and narrow ones in groups. */
static void check_tiles(void)
{
    for (int w = 1; w <= 30; w++)
        for (int h = 1; h <= (w <= 7 ? 5 : 1); h++)
            for (int stride = 1; stride <= 3; stride++) {
                const CopConvShape s = {2, 3, 1, 3, 3, 1, stride, stride, 0, 1, 1, 1};
                check(&(Case){.s = s,
                              .n = 2,
                              .t = 1,
                              .h = (h - 1) * stride + 1,
                              .w = (w - 1) * stride + 1,
                              .density = w % 2 ? 1 : 0.6});
            }
}

/* Layers as nets have them, small. */
static void check_layers(void)
{
    static const CopConvShape shapes[] = {
        {3, 4, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1}, {3, 5, 1, 7, 7, 1, 2, 2, 0, 3, 3, 1},
        {5, 7, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, {4, 6, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1},
        {6, 3, 1, 3, 3, 1, 1, 1, 0, 1, 1, 1}, {3, 6, 3, 1, 1, 1, 1, 1, 1, 0, 0, 1},
        {4, 8, 1, 1, 1, 2, 2, 2, 0, 0, 0, 1}, {9, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1},
        {2, 2, 2, 2, 2, 1, 1, 1, 0, 0, 0, 1}, {2, 3, 3, 1, 1, 2, 1, 1, 1, 0, 0, 1},
        {1, 1, 5, 5, 5, 1, 1, 1, 4, 4, 4, 1}, {2, 3, 2, 3, 4, 3, 2, 1, 0, 2, 1, 1},
        {3, 2, 1, 2, 2, 3, 3, 3, 0, 0, 0, 1}, {1, 2, 4, 1, 3, 3, 1, 2, 3, 0, 1, 1},
        {6, 6, 3, 3, 3, 1, 1, 1, 1, 1, 1, 6}, {5, 5, 3, 3, 3, 1, 2, 2, 1, 1, 1, 5},
        {6, 9, 3, 3, 3, 2, 1, 2, 1, 1, 1, 3}};
    static const double densities[] = {1, 0.5, 0.2, 0.05};
    static const int lanes[] = {1, 5, 16, 21};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int j = 0; j < 4; j++)
            check(&(Case){.s = shapes[i],
                          .n = lanes[((int)i + j) % 4],
                          .t = 4,
                          .h = 9,
                          .w = 8,
                          .density = densities[j],
                          .fill = (Fill)(((int)i / 2 + j) % FILL_COUNT),
                          .slack = j,
                          .accumulate = j % 2 == 0,
                          .tail = i % 2 == 0});
    /* A linear layer, and frames that only padding surrounds. */
    check(&(Case){.s = {70, 11, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1},
                  .n = 21,
                  .t = 1,
                  .h = 1,
                  .w = 1,
                  .density = 1});
    check(&(Case){.s = {70, 11, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1},
                  .n = 5,
                  .t = 1,
                  .h = 1,
                  .w = 1,
                  .density = 0.3});
    check(&(Case){.s = {19, 9, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},
                  .n = 3,
                  .t = 1,
                  .h = 7,
                  .w = 7,
                  .density = 0.5});
    check(&(Case){.s = {19, 9, 3, 3, 3, 2, 2, 2, 1, 1, 1, 1},
                  .n = 16,
                  .t = 2,
                  .h = 4,
                  .w = 4,
                  .density = 0.1,
                  .accumulate = true});
    /* One tap of one channel is more than a block. */
    check(&(Case){.s = {2, 2, 3, 7, 7, 1, 2, 2, 1, 3, 3, 1},
                  .n = 1,
                  .t = 3,
                  .h = 14,
                  .w = 56,
                  .density = 0.5});
    check(&(Case){.s = {1, 2, 1, 15, 15, 1, 1, 1, 0, 7, 7, 1},
                  .n = 1,
                  .t = 1,
                  .h = 3,
                  .w = 28,
                  .density = 1});
    check(&(Case){.s = {4, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},
                  .n = 4,
                  .t = 2,
                  .h = 3,
                  .w = 5,
                  .density = 0}); /* nothing is active */
}

/* Rows that a file of this tier might have. */
static CopKernelTable random_table(void)
{
    CopKernelTable table = {.tier = cop_tier(), .n = kcheck_int(1, 4)};
    for (int i = 0; i < table.n; i++) {
        const bool pairs = kcheck_int(0, 1);
        const int most = pairs ? cop_conv3d_kernels(table.tier)->pairs_max : COP_TILE_MAX;
        table.row[i] = (CopKernelRow){(i + 1.0) / table.n,
                                      {pairs, pairs && kcheck_int(0, 1), kcheck_int(1, most),
                                       kcheck_int(1, COP_TILE_MAX), kcheck_int(9, 40) << 10}};
    }
    return table;
}

static void check_random(void)
{
    for (int i = 0; i < 160; i++) {
        /* Parameters come from the case before, which is as good as any. */
        Case c = {.s = {kcheck_int(1, 7), kcheck_int(1, 7), kcheck_int(1, 4), kcheck_int(1, 4),
                        kcheck_int(1, 4), kcheck_int(1, 3), kcheck_int(1, 3), kcheck_int(1, 3),
                        kcheck_int(0, 3), kcheck_int(0, 3), kcheck_int(0, 3), 1},
                  .n = kcheck_int(1, 20)};
        if (kcheck_int(0, 3) == 0) {
            c.s.groups = kcheck_int(2, 5);
            c.s.ic = c.s.groups * kcheck_int(1, 3);
            c.s.oc = c.s.groups * kcheck_int(1, 3);
        }
        c.t = kcheck_int(c.s.kt, 6);
        c.h = kcheck_int(c.s.kh, 9);
        c.w = kcheck_int(c.s.kw, 20);
        c.density = kcheck_int(0, 3) ? kcheck_uniform(0.05, 1) : 1;
        c.fill = kcheck_int(0, 3) ? FILL_RANDOM : (Fill)kcheck_int(0, FILL_COUNT - 1);
        c.slack = kcheck_int(0, 2);
        c.accumulate = kcheck_int(0, 1);
        c.tail = kcheck_int(0, 1);
        const CopKernelTable table = random_table();
        c.table = i % 2 ? &table : NULL;
        check(&c);
    }
}

/* Dense layers whose rows of three taps go by Winograd: odd rows, all tiles, odd channels, more
 * channels than a chunk has, several blocks, small kernels along t and h. */
static void check_winograd(void)
{
    for (int w = 4; w <= 30; w++)
        for (int h = 1; h <= 5; h += 2)
            check(&(Case){.s = {16 + w % 3, 17 + h % 3, 1 + w % 3, 3, 3, 1, 1, 1, w % 2, 1, 1, 1},
                          .n = 2,
                          .t = 3,
                          .h = h,
                          .w = w,
                          .density = 1,
                          .slack = w % 2,
                          .accumulate = h > 1,
                          .tail = h < 5});
    static const CopConvShape shapes[] = {{40, 131, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},
                                          {133, 20, 1, 1, 3, 1, 1, 1, 0, 0, 1, 1},
                                          {21, 16, 4, 5, 3, 1, 1, 1, 2, 2, 0, 1},
                                          {16, 23, 3, 3, 3, 2, 2, 1, 1, 1, 2, 1}};
    for (int i = 0; i < 4; i++)
        for (int f = 0; f < FILL_COUNT; f++)
            check(&(Case){.s = shapes[i],
                          .n = 17,
                          .t = 4,
                          .h = 7,
                          .w = 9,
                          .density = 1,
                          .fill = (Fill)f,
                          .tail = f % 2});
    kcheck_case("conv3d winograd is what runs");
    Problem p;
    set_up(&p, &(Case){.s = shapes[0], .n = 1, .t = 2, .h = 4, .w = 7, .density = 1});
    KCHECK(p.conv && by_winograd(&p, COP_CONV_FORWARD) && by_winograd(&p, COP_CONV_DATA));
    kcheck_end();
}

/* A mask that moves, a dense layer that becomes sparse, and fewer lanes than planned. */
static void check_refresh(int ic, int oc, const CopKernelTable *table)
{
    const Case c = {.s = {ic, oc, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1},
                    .n = 21,
                    .t = 3,
                    .h = 6,
                    .w = 9,
                    .density = 1,
                    .table = table};
    kcheck_case("conv3d refresh %d->%d%s", ic, oc, table ? " by a table" : "");
    Problem p;
    set_up(&p, &c);
    if (p.conv)
        for (int i = 0; i < 3; i++) {
            draw_mask(&p, i == 1 ? 0.6 : i == 2 ? 1 : 0.2);
            check_forward(&p);
            check_backward_data(&p);
            check_backward_weight(&p);
            p.c.n = 10 - i;
            cop_tensor_set_n(&p.tx.x, p.c.n);
            cop_tensor_set_n(&p.ty.x, p.c.n);
            cop_tensor_set_n(&p.add.x, p.c.n);
            cop_tensor_set_n(&p.tdx.x, p.c.n);
            cop_tensor_set_n(&p.tdy.x, p.c.n);
        }
    kcheck_end();
}

/* A clip's result is the same bits alone, in another lane and in another group. */
static void check_packing(void)
{
    const Case c = {
        .s = {7, 5, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1}, .n = 21, .t = 3, .h = 5, .w = 9, .density = 0.4};
    kcheck_case("conv3d packing");
    Problem p;
    set_up(&p, &c);
    double *got = kcheck_alloc((size_t)c.n * p.y_clip, sizeof *got);
    double *alone = kcheck_alloc(p.y_clip, sizeof *alone);
    cop_conv3d_load(p.conv, NULL, NULL);
    cop_conv3d_forward(p.conv, NULL, &p.tx.x, &p.ty.x, NULL);
    kcheck_load(&p.ty, got);
    for (int n = 0; n < c.n; n++) {
        cop_tensor_set_n(&p.tx.x, 1);
        cop_tensor_set_n(&p.ty.x, 1);
        kcheck_store(&p.tx, p.x + (size_t)n * p.x_clip);
        cop_conv3d_forward(p.conv, NULL, &p.tx.x, &p.ty.x, NULL);
        kcheck_load(&p.ty, alone);
        KCHECK(memcmp(alone, got + (size_t)n * p.y_clip, p.y_clip * sizeof *alone) == 0);
    }
    kcheck_end();
}

/* Shapes that do not fit are refused, and so is an arena that is too small. */
static void check_refusals(void)
{
    const CopConvShape s = {2, 3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    const Case c = {.s = s, .n = 1, .t = 3, .h = 4, .w = 5, .density = 0.5};
    kcheck_case("conv3d refusals");
    Problem p;
    set_up(&p, &c);
    CopArena *arena = kcheck_arena();
    CopConv3d *conv;
    const CopTensor *x = &p.tx.x, *y = &p.ty.x, *dx = &p.tdx.x, *dy = &p.tdy.x;
    CopTensor bad = *x;
    bad.halo.w_hi = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, &bad, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    bad = *dy;
    bad.halo.t_lo = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, y, dx, &bad, 1, NULL) == COP_ERR_SHAPE);
    bad = *y;
    bad.h++;
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, &bad, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    KCHECK(cop_conv3d_create(&conv, arena, &s, &p.param, x, y, dx, NULL, 1, NULL) == COP_ERR_SHAPE);
    CopConvShape other = s;
    other.oc = 4;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    other = s;
    other.sh = 0;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    other = s;
    other.groups = 2;
    KCHECK(cop_conv3d_create(&conv, arena, &other, &p.param, x, y, NULL, NULL, 1, NULL) ==
           COP_ERR_SHAPE);
    KCHECK(conv == NULL);
    for (size_t limit = 64;; limit += 4096) {
        CopArena *small;
        if (cop_arena_create(&small, limit) != COP_OK)
            continue;
        const CopStatus status =
            cop_conv3d_create(&conv, small, &s, &p.param, x, y, dx, dy, 2, NULL);
        cop_arena_destroy(&small);
        if (status == COP_OK)
            break;
        KCHECK(status == COP_ERR_NOMEM && conv == NULL);
    }
    KCHECK(cop_conv_out(2, 5, 1, 1) < 1 && cop_conv_out(5, 3, 2, 1) == 3);
    kcheck_end();
}

static void run(void)
{
    for (int i = 0; i < THREADS; i++)
        if (cop_pool_create(&pools[i], i + 1) != COP_OK)
            kcheck_fail("no threads");
    check_refusals();
    check_packing();
    check_refresh(5, 6, NULL);
    check_refresh(17, 18, NULL);
    for (int i = 0; i < 8; i++) {
        const CopKernelTable table = random_table();
        check_refresh(5, 6, &table);
    }
    check_layers();
    check_random();
    check_winograd();
    check_tiles();
    for (int i = 0; i < THREADS; i++)
        cop_pool_destroy(&pools[i]);
}

const KCheck kcheck_conv3d = {.name = "conv3d", .run = run};
