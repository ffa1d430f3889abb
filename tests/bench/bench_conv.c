/* One convolution of ours at several densities, for the timing of layers.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/bench/bench_conv.h"

#include <math.h>
#include <stdlib.h>

#include "models/core/mask.h"
#include "models/core/rng.h"

BenchSize bench_conv_size(const BenchLayer *layer)
{
    const CopConvShape *s = &layer->s;
    const int out[] = {cop_conv_out(layer->t, s->kt, s->st, s->pt),
                       cop_conv_out(layer->h, s->kh, s->sh, s->ph),
                       cop_conv_out(layer->w, s->kw, s->sw, s->pw)};
    return (BenchSize){(size_t)s->ic * (size_t)(layer->t * layer->h * layer->w),
                       (size_t)s->oc * (size_t)(out[0] * out[1] * out[2]),
                       (size_t)s->oc * (size_t)(s->ic / s->groups * s->kt * s->kh * s->kw)};
}

/* A weight is active where its own random number lies below the density: masks are nested. */
static CopStatus make_param(CopParam *param, CopArena *arena, const BenchLayer *layer,
                            double density, const float *weight)
{
    const CopConvShape *s = &layer->s;
    const size_t numel = bench_conv_size(layer).weight;
    *param = (CopParam){.name = "weight",
                        .rank = 5,
                        .shape = {s->oc, s->ic / s->groups, s->kt, s->kh, s->kw},
                        .role = COP_PARAM_WEIGHT,
                        .numel = numel};
    uint64_t *mask = cop_arena_alloc(arena, cop_mask_words(numel), sizeof *mask);
    param->value = cop_arena_alloc(arena, numel, sizeof *param->value);
    param->grad = cop_arena_alloc(arena, numel, sizeof *param->grad);
    if (!mask || !param->value || !param->grad)
        return COP_ERR_NOMEM;
    for (size_t i = 0; i < numel; i++)
        if (density >= 1 || (double)(cop_mix64(i + 1) >> 32) * 0x1p-32 < density) {
            cop_mask_set(mask, i);
            param->value[param->nnz++] = weight[i];
        }
    param->mask = density < 1 ? mask : NULL;
    param->capacity = param->nnz;
    return COP_OK;
}

static void load(const CopTensor *tensor, const float *clips)
{
    const size_t clip = (size_t)tensor->c * (size_t)(tensor->t * tensor->h * tensor->w);
    for (int n = 0; n < tensor->n; n++)
        cop_tensor_load_lane(tensor, n, clips + (size_t)n * clip);
}

CopStatus bench_conv_create(BenchConv *conv, CopArena *arena, const BenchLayer *layer, int batch,
                            CopPool *pool, const double *density, int n, const float *x,
                            const float *dy, const float *weight, const CopKernelTable *table)
{
    const CopConvShape *s = &layer->s;
    const int t = layer->t, h = layer->h, w = layer->w;
    const int ot = cop_conv_out(t, s->kt, s->st, s->pt), oh = cop_conv_out(h, s->kh, s->sh, s->ph),
              ow = cop_conv_out(w, s->kw, s->sw, s->pw);
    *conv = (BenchConv){.pool = pool, .n = n};
    const CopHalo none = {0};
    COP_TRY(
        cop_tensor_create(&conv->x, arena, batch, s->ic, t, h, w, cop_conv3d_input_halo(s, h, w)));
    COP_TRY(cop_tensor_create(&conv->y, arena, batch, s->oc, ot, oh, ow, none));
    COP_TRY(cop_tensor_create(&conv->dx, arena, batch, s->ic, t, h, w, none));
    COP_TRY(cop_tensor_create(&conv->dy, arena, batch, s->oc, ot, oh, ow,
                              cop_conv3d_grad_halo(s, h, w)));
    for (int i = 0; i < n; i++) {
        COP_TRY(make_param(&conv->param[i], arena, layer, density[i], weight));
        COP_TRY(cop_conv3d_create(&conv->conv[i], arena, s, &conv->param[i], &conv->x, &conv->y,
                                  layer->stem ? NULL : &conv->dx, &conv->dy, cop_pool_threads(pool),
                                  table));
    }
    load(&conv->x, x);
    load(&conv->dy, dy);
    return COP_OK;
}

void bench_conv_masked(const BenchConv *conv, int i, float *weight)
{
    const CopParam *param = &conv->param[i];
    for (size_t k = 0, at = 0; k < param->numel; k++)
        weight[k] = !param->mask || cop_mask_get(param->mask, k) ? param->value[at++] : 0;
}

static double compare(const float *got, const float *expected, size_t n, double *largest)
{
    double error = 0;
    for (size_t i = 0; i < n; i++) {
        const double e = fabs((double)got[i] - (double)expected[i]);
        *largest = fmax(*largest, fabs((double)expected[i]));
        if (!(e <= error)) /* a NaN is an error */
            error = isnan(e) ? INFINITY : e;
    }
    return error;
}

double bench_conv_error(const BenchConv *conv, int i, BenchPass pass, const float *expected)
{
    const CopParam *param = &conv->param[i];
    double error = 0, largest = 0;
    if (pass == BENCH_WEIGHT) {
        for (size_t k = 0, at = 0; k < param->numel; k++)
            if (!param->mask || cop_mask_get(param->mask, k))
                error = fmax(error, compare(&param->grad[at++], &expected[k], 1, &largest));
        return error / largest;
    }
    const CopTensor *result = pass == BENCH_FORWARD ? &conv->y : &conv->dx;
    const size_t clip = (size_t)result->c * (size_t)(result->t * result->h * result->w);
    float *got = malloc(clip * sizeof *got);
    if (!got)
        return INFINITY;
    for (int n = 0; n < result->n; n++) {
        cop_tensor_store_lane(result, n, got);
        error = fmax(error, compare(got, expected + (size_t)n * clip, clip, &largest));
    }
    free(got);
    return error / largest;
}
