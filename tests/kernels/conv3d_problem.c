/* One convolution against conv3d_ref.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/kernels/conv3d_problem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/mask.h"
#include "models/core/pool.h"
#include "models/kernels/ref/conv3d_ref.h"

enum { BEYOND = 32 };

static const char *const fill_names[] = {"random", "zero", "huge", "denormal"};

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

void conv3d_draw_mask(Problem *p, double density)
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

void conv3d_set_up(Problem *p, const Case *c)
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
    conv3d_draw_mask(p, c->density);

    kcheck_tensor(&p->tx, c->n, s->ic, c->t, c->h, c->w,
                  widen(cop_conv3d_input_halo(s, c->h, c->w), c->slack));
    kcheck_tensor(&p->ty, c->n, s->oc, p->ot, p->oh, p->ow, widen((CopHalo){0}, c->slack));
    kcheck_tensor(&p->tdx, c->n, s->ic, c->t, c->h, c->w, widen((CopHalo){0}, c->slack));
    kcheck_tensor(&p->tdy, c->n, s->oc, p->ot, p->oh, p->ow,
                  widen(cop_conv3d_grad_halo(s, c->h, c->w), c->slack));
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

bool conv3d_by_winograd(const Problem *p, CopConvPass pass)
{
    char text[COP_CONV_TEXT];
    return strncmp(cop_conv3d_kernel(p->conv, pass, text), "winograd", 8) == 0;
}

/* What stands for |weight| and |x| in a bound of a pass. Winograd's products of a row of taps g and
 * inputs x come to at most C (|g0| + |g1| + ...) (|x0| + |x1| + ...) in each of the four outputs,
 * where C is the largest sum over parts j of |A'[i][j]| |G[j][k]| |B'[j][l]|: 6 by the matrices
 * of winograd.h for three taps, 9.54 for the even ones of seven (winograd_points.py). Any tap of
 * an output is at most five inputs from any of the six, or twelve from any of the thirteen. */
static const double *weight_sizes(const Problem *p, CopConvPass pass, const double *weight)
{
    const size_t taps = (size_t)p->c.s.kw;
    double *size = magnitudes(weight, p->numel);
    for (size_t i = 0; conv3d_by_winograd(p, pass) && i < p->numel; i += taps) {
        double sum = 0;
        for (size_t k = 0; k < taps; k++)
            sum += size[i + k];
        for (size_t k = 0; k < taps; k++)
            size[i + k] = (taps == 3 ? 6 : 9.6) * sum;
    }
    return size;
}

static const double *input_sizes(const Problem *p, CopConvPass pass, const double *x, size_t n,
                                 int w)
{
    const int reach = p->c.s.kw == 3 ? 5 : 12;
    double *size = magnitudes(x, n);
    for (size_t i = 0; conv3d_by_winograd(p, pass) && i < n; i++) {
        const int col = (int)(i % (size_t)w);
        size[i] = 0;
        for (int by = col < reach ? -col : -reach; by <= reach && col + by < w; by++)
            size[i] += fabs(x[(ptrdiff_t)i + by]);
    }
    return size;
}

static CopPool *pools[THREADS]; /* of 1, 2 and 3 threads */

void conv3d_pools_create(void)
{
    for (int i = 0; i < THREADS; i++)
        if (cop_pool_create(&pools[i], i + 1) != COP_OK)
            kcheck_fail("no threads");
}

void conv3d_pools_destroy(void)
{
    for (int i = 0; i < THREADS; i++)
        cop_pool_destroy(&pools[i]);
}

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
    const double *x_size = input_sizes(p, COP_CONV_FORWARD, p->x, (size_t)c->n * p->x_clip, c->w);
    const double *one = ones(p->x_clip);
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
    const double *dy_size = input_sizes(p, COP_CONV_DATA, p->dy, (size_t)c->n * p->y_clip, p->ow);
    const double *one = ones(p->y_clip);
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

void conv3d_check_passes(Problem *p)
{
    check_forward(p);
    check_backward_data(p);
    check_backward_weight(p);
}

void conv3d_check(const char *kind, const Case *c)
{
    const CopConvShape *s = &c->s;
    if (!kcheck_case(
            "conv3d %s %d->%d groups %d k %dx%dx%d s %d,%d,%d p %d,%d,%d on %dx%dx%d n %d density "
            "%g %s%s%s",
            kind, s->ic, s->oc, s->groups, s->kt, s->kh, s->kw, s->st, s->sh, s->sw, s->pt, s->ph,
            s->pw, c->t, c->h, c->w, c->n, c->density, fill_names[c->fill],
            c->accumulate ? " accumulate" : "", c->tail ? " tail" : ""))
        return;
    Problem p;
    conv3d_set_up(&p, c);
    if (p.conv)
        conv3d_check_passes(&p);
    kcheck_end();
}
