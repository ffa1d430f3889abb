/* Dropout (Srivastava et al., JMLR 2014), inverted: in training each value is
 * zeroed with probability p and the rest divided by 1 - p; identity in inference.
 * The draw is addressed by (position / 4, layer, optimiser step, clip), so it does
 * not depend on lanes, batch packing or threads, and backward draws it again.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/rng.h"
#include "models/layers/layer.h"
#include "models/layers/layer_options.h"

typedef struct Job {
    const CopTensor *from, *to;
    const CopStep *step;
    CopRngKey key;
    uint32_t layer;
    uint64_t cut; /* zeroed where the 32-bit draw lies below */
    float scale;
    bool accumulate;
} Job;

#define FIELD(f) offsetof(CopDropoutOptions, f)
static const CopOption options[] = {
    {"p", "probability that a value is zeroed in training", COP_TYPE_DOUBLE, FIELD(p), "0.5", 0,
     0.999, NULL, 0},
    COP_OPTIONS_END,
};

static CopStatus shape(CopLayer *layer, CopError *err)
{
    (void)err;
    layer->out_shape = layer->in_shape[0];
    return COP_OK;
}

static void lane(const Job *job, int c, int index)
{
    const CopTensor *x = job->from;
    const uint32_t clip = job->step->clip ? job->step->clip[index] : (uint32_t)index;
    const CopRngAddress at = {job->layer, job->step->step, clip};
    uint32_t word[4] = {0}, position = (uint32_t)(c * x->t * x->h * x->w);
    bool drawn = false;
    for (int t = 0; t < x->t; t++)
        for (int h = 0; h < x->h; h++)
            for (int w = 0; w < x->w; w++, position++) {
                const int g = index / COP_LANES, l = index % COP_LANES;
                if (!drawn || position % 4 == 0)
                    cop_rng_block(job->key, position / 4, at, word);
                drawn = true;
                const bool keep = word[position % 4] >= job->cut;
                const float value =
                    keep ? cop_tensor_at(job->from, g, c, t, h, w)[l] * job->scale : 0;
                float *to = &cop_tensor_at(job->to, g, c, t, h, w)[l];
                *to = job->accumulate ? *to + value : value;
            }
}

static void channel(void *ctx, int c, int worker)
{
    (void)worker;
    const Job *job = ctx;
    for (int i = 0; i < job->from->g * COP_LANES; i++) {
        if (i < job->from->n) {
            lane(job, c, i);
            continue;
        }
        for (int t = 0; t < job->to->t; t++)
            for (int h = 0; h < job->to->h; h++)
                for (int w = 0; w < job->to->w; w++)
                    cop_tensor_at(job->to, i / COP_LANES, c, t, h, w)[i % COP_LANES] = 0;
    }
}

static void run(const CopLayer *layer, const CopStep *step, const CopTensor *from,
                const CopTensor *to, bool accumulate)
{
    const CopDropoutOptions *o = layer->options;
    const double p = step->training ? o->p : 0;
    Job job = {.from = from,
               .to = to,
               .step = step,
               .key = cop_rng_key(step->seed, "dropout"),
               .layer = (uint32_t)layer->index,
               .cut = (uint64_t)(p * 0x1p32),
               .scale = (float)(1 / (1 - p)),
               .accumulate = accumulate};
    cop_parallel_for(step->pool, layer->out_shape.c, channel, &job);
}

static void forward(CopLayer *layer, const CopStep *step)
{
    if (step->training || layer->in[0]->data != layer->out->data)
        run(layer, step, layer->in[0], layer->out, false);
}

static void backward(CopLayer *layer, const CopStep *step)
{
    if (layer->din[0])
        run(layer, step, layer->dout, layer->din[0], layer->accumulate[0]);
}

const CopLayerDesc cop_layer_dropout = {
    .name = "dropout",
    .summary = "zeroes values at random in training",
    .reference = "Srivastava et al., JMLR 2014; torch.nn.Dropout",
    .options = options,
    .options_size = sizeof(CopDropoutOptions),
    .inputs = 1,
    .flags = COP_LAYER_IN_PLACE,
    .shape = shape,
    .forward = forward,
    .backward = backward,
};
