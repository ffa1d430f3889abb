/* One layer on tensors of its own, for tests.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/layer_rig.h"

#include <gst/check/check.h>
#include <stdlib.h>

#include "models/core/mask.h"
#include "models/core/option_list.h"
#include "models/core/rng.h"

enum { ARENA_BYTES = 1 << 28 };

float rig_number(RigField field, uint32_t clip, uint32_t position)
{
    const CopRngKey key = cop_rng_key(5, "layer rig");
    const CopRngAddress at = {.draw = (uint32_t)field, .clip = clip};
    const int number = (int)cop_rng_below(key, position, at, 32) - 16;
    return (float)(number < 0 ? number : number + 1) / 8;
}

typedef void Visit(float *value, int lane, uint32_t position, void *ctx);

static void each(const CopTensor *x, int first, int end, Visit *visit, void *ctx)
{
    for (int lane = first; lane < end; lane++) {
        uint32_t position = 0;
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++)
                    for (int w = 0; w < x->w; w++)
                        visit(cop_tensor_at(x, lane / COP_LANES, c, t, h, w) + lane % COP_LANES,
                              lane, position++, ctx);
    }
}

typedef struct Numbers {
    RigField field;
    const uint32_t *clip;
} Numbers;

static void draw(float *value, int lane, uint32_t position, void *ctx)
{
    const Numbers *numbers = ctx;
    *value =
        rig_number(numbers->field, numbers->clip ? numbers->clip[lane] : (uint32_t)lane, position);
}

static void put(float *value, int lane, uint32_t position, void *ctx)
{
    (void)lane;
    (void)position;
    *value = *(const float *)ctx;
}

static void take(float *value, int lane, uint32_t position, void *ctx)
{
    (void)lane;
    ((float *)ctx)[position] = *value;
}

typedef struct Compare {
    float value;
    bool equal;
} Compare;

static void compare(float *value, int lane, uint32_t position, void *ctx)
{
    (void)lane;
    (void)position;
    Compare *c = ctx;
    c->equal &= *value == c->value;
}

void rig_fill(const CopTensor *x, RigField field, const uint32_t *clip, float idle)
{
    Numbers numbers = {field, clip};
    each(x, 0, x->n, draw, &numbers);
    rig_set_idle(x, idle);
}

void rig_fill_all(Rig *rig, const uint32_t *clip, float idle)
{
    for (int i = 0; i < cop_layer_inputs(&rig->layer); i++)
        rig_fill(&rig->in[i], (RigField)(RIG_IN + i), clip, idle);
    rig_fill(&rig->dout, RIG_DOUT, clip, 0);
}

size_t rig_elements(const CopTensor *x)
{
    return (size_t)x->c * (size_t)x->t * (size_t)x->h * (size_t)x->w;
}

float *rig_lane(const CopTensor *x, int lane)
{
    float *values = malloc(rig_elements(x) * sizeof *values);
    ck_assert_ptr_ne(values, NULL);
    each(x, lane, lane + 1, take, values);
    return values;
}

void rig_set_idle(const CopTensor *x, float value)
{
    each(x, x->n, x->g * COP_LANES, put, &value);
}

bool rig_idle_is(const CopTensor *x, float value)
{
    Compare c = {value, true};
    each(x, x->n, x->g * COP_LANES, compare, &c);
    return c.equal;
}

static bool inside(const CopTensor *x, int t, int h, int w)
{
    return t >= 0 && t < x->t && h >= 0 && h < x->h && w >= 0 && w < x->w;
}

/* Sets or compares every position of the halo. */
static void each_halo(const CopTensor *x, Visit *visit, void *ctx)
{
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = -x->halo.t_lo; t < x->t + x->halo.t_hi; t++)
                for (int h = -x->halo.h_lo; h < x->h + x->halo.h_hi; h++)
                    for (int w = -x->halo.w_lo; w < x->w + x->halo.w_hi; w++)
                        for (int lane = 0; lane < COP_LANES && !inside(x, t, h, w); lane++)
                            visit(cop_tensor_at(x, g, c, t, h, w) + lane, lane, 0, ctx);
}

bool rig_halo_is(const CopTensor *x, float value)
{
    Compare c = {value, true};
    each_halo(x, compare, &c);
    return c.equal;
}

static CopHalo wider(CopHalo halo)
{
    return (CopHalo){halo.t_lo + 1, halo.t_hi + 1, halo.h_lo + 1,
                     halo.h_hi + 1, halo.w_lo + 1, halo.w_hi + 1};
}

static void tensor(const Rig *rig, CopTensor *x, int n, CopShape s, CopHalo halo, float edge)
{
    ck_assert_int_eq(cop_tensor_create(x, rig->arena, n, s.c, s.t, s.h, s.w, wider(halo)), COP_OK);
    each_halo(x, put, &edge);
}

static void parameter(Rig *rig, int index, double density)
{
    CopParam *param = &rig->param[index];
    param->numel = 1;
    for (int d = 0; d < param->rank; d++)
        param->numel *= (size_t)param->shape[d];
    param->nnz = param->capacity = param->numel;
    if (index == 0 && density < 1) {
        param->mask = cop_arena_alloc(rig->arena, cop_mask_words(param->numel), sizeof(uint64_t));
        const CopRngKey key = cop_rng_key(6, "layer rig mask");
        for (uint32_t i = 0; i < param->numel; i++)
            if (cop_rng_uniform(key, i, (CopRngAddress){0}) < density)
                cop_mask_set(param->mask, i);
        param->nnz = cop_mask_count(param->mask, param->numel);
    }
    param->value = cop_arena_alloc(rig->arena, param->capacity, sizeof(float));
    param->grad = cop_arena_alloc(rig->arena, param->capacity, sizeof(float));
    ck_assert(param->value && param->grad);
    size_t stored = 0;
    for (uint32_t i = 0; i < param->numel; i++)
        if (!param->mask || cop_mask_get(param->mask, i)) {
            const float number = rig_number(RIG_PARAM, (uint32_t)index, i);
            /* A variance, and a scale that does not flip signs. */
            param->value[stored++] = number < 0 && param->rank == 1 ? -number : number;
        }
}

static CopStatus build(Rig *rig, const RigCase *c, CopError *err)
{
    CopLayer *layer = &rig->layer;
    const CopLayerDesc *desc = layer->desc;
    COP_TRY(desc->shape(layer, err));
    for (int i = 0; i < layer->n_params; i++)
        parameter(rig, i, desc->flags & COP_LAYER_SPARSE ? c->density : 1);
    CopHalo input = {0}, grad = {0};
    if (desc->halo)
        desc->halo(layer, &input, &grad);
    for (int i = 0; i < cop_layer_inputs(layer); i++) {
        tensor(rig, &rig->in[i], c->n, c->in, i ? (CopHalo){0} : input, i ? RIG_POISON : 0);
        tensor(rig, &rig->din[i], c->n, c->in, (CopHalo){0}, RIG_POISON);
        layer->in[i] = &rig->in[i];
        layer->din[i] = &rig->din[i];
    }
    tensor(rig, &rig->out, c->n, layer->out_shape, (CopHalo){0}, RIG_POISON);
    tensor(rig, &rig->dout, c->n, layer->out_shape, grad, 0);
    if (c->in_place)
        rig->out = rig->in[0];
    if (c->in_place || c->grad_in_place)
        rig->dout = rig->din[0];
    layer->out = &rig->out;
    layer->dout = &rig->dout;
    return desc->plan ? desc->plan(layer, rig->arena, c->threads, err) : COP_OK;
}

CopStatus rig_open(Rig *rig, const RigCase *c, CopError *err)
{
    const CopLayerDesc *desc = c->desc;
    *rig = (Rig){.layer = {.desc = desc, .name = "layer", .index = 3, .tail = c->tail}};
    CopLayer *layer = &rig->layer;
    ck_assert_int_eq(cop_arena_create(&rig->arena, ARENA_BYTES), COP_OK);
    layer->options = cop_arena_alloc(rig->arena, 1, desc->options_size + 1);
    layer->state = cop_arena_alloc(rig->arena, 1, desc->state_size + 1);
    if (desc->options) {
        COP_TRY(cop_options_defaults(desc->options, layer->options, err));
        COP_TRY(cop_options_parse(desc->options, layer->options, c->options, err));
    }
    for (int i = 0; i < COP_LAYER_INPUTS; i++)
        layer->in_shape[i] = c->in;
    for (int i = 0; i < COP_LAYER_PARAMS; i++)
        layer->param[i] = &rig->param[i];
    return build(rig, c, err);
}

void rig_forward(Rig *rig, const CopStep *step)
{
    if (rig->layer.desc->load)
        rig->layer.desc->load(&rig->layer, step->pool);
    rig->layer.desc->forward(&rig->layer, step);
}

void rig_close(Rig *rig)
{
    if (rig->layer.desc->options)
        cop_options_free(rig->layer.desc->options, rig->layer.options);
    cop_arena_destroy(&rig->arena);
}
