/* Batch normalisation over clips and positions (Ioffe and Szegedy, ICML 2015).
 * x (n, c, t, h, w) -> y of the same size; y = (x - mean) / sqrt(var + eps) * weight + bias
 * with the batch's statistics in training (biased variance) and running ones in
 * inference. Running variance takes the unbiased one, as PyTorch does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "models/kernels/lane_kernels.h"
#include "models/layers/layer_norm.h"
#include "models/layers/layer_options.h"

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

typedef struct State {
    float *mean, *inverse; /* [c] of the batch: mean, 1 / sqrt(var + eps) */
} State;

typedef struct Job {
    CopLayer *layer;
    const CopLaneKernels *kernels;
    bool training;
} Job;

#define FIELD(f) offsetof(CopNormOptions, f)
static const CopOption options[] = {
    {"eps", "added to the variance", COP_TYPE_DOUBLE, FIELD(eps), "1e-5", 0, 1, NULL, 0},
    {"momentum", "share of the batch in the running statistics", COP_TYPE_DOUBLE, FIELD(momentum),
     "0.1", 0, 1, NULL, 0},
    COP_OPTIONS_END,
};

static CopStatus shape(CopLayer *layer, CopError *err)
{
    (void)err;
    static const struct {
        const char *name;
        CopParamRole role;
    } row[] = {
        [WEIGHT] = {"weight", COP_PARAM_SCALE},
        [BIAS] = {"bias", COP_PARAM_SHIFT},
        [RUNNING_MEAN] = {"running_mean", COP_PARAM_STATISTIC},
        [RUNNING_VAR] = {"running_var", COP_PARAM_STATISTIC},
    };
    layer->out_shape = layer->in_shape[0];
    layer->n_params = 4;
    for (int i = 0; i < 4; i++)
        *layer->param[i] = (CopParam){
            .name = row[i].name, .role = row[i].role, .rank = 1, .shape = {layer->in_shape[0].c}};
    return COP_OK;
}

static CopStatus plan(CopLayer *layer, CopArena *arena, int threads, CopError *err)
{
    (void)threads;
    State *state = layer->state;
    const size_t channels = (size_t)layer->in_shape[0].c;
    state->mean = cop_arena_alloc(arena, channels, sizeof(float));
    state->inverse = cop_arena_alloc(arena, channels, sizeof(float));
    if (!state->mean || !state->inverse)
        return cop_error_set(err, COP_ERR_NOMEM, "%s: out of planned memory", layer->name);
    return COP_OK;
}

void cop_layer_norm_fold(const CopLayer *norm, float *scale, float *shift)
{
    const CopNormOptions *o = norm->options;
    const float *mean = norm->param[RUNNING_MEAN]->value;
    const float *variance = norm->param[RUNNING_VAR]->value;
    for (int c = 0; c < norm->in_shape[0].c; c++) {
        const double inverse = 1 / sqrt((double)variance[c] + o->eps);
        scale[c] = (float)((double)norm->param[WEIGHT]->value[c] * inverse);
        shift[c] =
            (float)((double)norm->param[BIAS]->value[c] - (double)mean[c] * (double)scale[c]);
    }
}

static double count(const CopTensor *x)
{
    return (double)x->n * x->t * x->h * x->w;
}

static void forward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const Job *job = ctx;
    const CopLayer *layer = job->layer;
    const CopNormOptions *o = layer->options;
    State *state = layer->state;
    const CopTensor *x = layer->in[0];
    float *running_mean = layer->param[RUNNING_MEAN]->value;
    float *running_var = layer->param[RUNNING_VAR]->value;
    float mean = running_mean[c];
    double variance = (double)running_var[c];
    if (job->training) {
        const double n = count(x);
        mean = (float)(job->kernels->sum(x, c) / n);
        variance = job->kernels->square_sum(x, c, mean) / n;
        const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
        running_mean[c] = (float)((1 - o->momentum) * running_mean[c] + o->momentum * mean);
        running_var[c] = (float)((1 - o->momentum) * running_var[c] + o->momentum * unbiased);
    }
    const double inverse = 1 / sqrt(variance + o->eps);
    state->mean[c] = mean;
    state->inverse[c] = (float)inverse;
    job->kernels->norm(x, layer->out, c, mean, (float)(layer->param[WEIGHT]->value[c] * inverse),
                       layer->param[BIAS]->value[c]);
}

static void forward(CopLayer *layer, const CopStep *step)
{
    Job job = {layer, cop_lane_kernels(), step->training};
    cop_parallel_for(step->pool, layer->in_shape[0].c, forward_channel, &job);
}

/* dx = weight / std * (dy - mean(dy) - xhat * mean(dy * xhat)); the means run over
 * valid lanes, and the kernel writes zero into the others. */
static void backward_channel(void *ctx, int c, int worker)
{
    (void)worker;
    const Job *job = ctx;
    const CopLayer *layer = job->layer;
    const State *state = layer->state;
    const float mean = state->mean[c];
    const double inverse = (double)state->inverse[c], n = count(layer->in[0]);
    double dy_sum, dyx_sum;
    job->kernels->norm_sums(layer->in[0], layer->dout, c, mean, &dy_sum, &dyx_sum);
    layer->param[BIAS]->grad[c] = (float)dy_sum;
    layer->param[WEIGHT]->grad[c] = (float)(dyx_sum * inverse);
    if (!layer->din[0])
        return;
    const double a = layer->param[WEIGHT]->value[c] * inverse;
    job->kernels->norm_backward(layer->in[0], layer->dout, layer->din[0], c, mean, (float)a,
                                (float)(-a * inverse * inverse * dyx_sum / n),
                                (float)(-a * dy_sum / n), layer->accumulate[0]);
}

static void backward(CopLayer *layer, const CopStep *step)
{
    Job job = {layer, cop_lane_kernels(), true};
    cop_parallel_for(step->pool, layer->in_shape[0].c, backward_channel, &job);
}

const CopLayerDesc cop_layer_batchnorm3d = {
    .name = "batchnorm3d",
    .summary = "batch normalisation over clips, time and space",
    .reference = "Ioffe and Szegedy, ICML 2015; torch.nn.BatchNorm3d",
    .options = options,
    .options_size = sizeof(CopNormOptions),
    .state_size = sizeof(State),
    .inputs = 1,
    .flags = COP_LAYER_NEEDS_INPUT,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
