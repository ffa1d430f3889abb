/* Batch normalisation over clips and positions (Ioffe and Szegedy, ICML 2015).
 * x (n, c, t, h, w) -> y of the same size; y = (x - mean) / sqrt(var + eps) * weight + bias
 * with the batch's statistics in training (biased variance) and running ones in
 * inference and where its parameters are frozen. Running variance takes the unbiased one,
 * as PyTorch does.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "models/kernels/lane_kernels.h"
#include "models/layers/layer_norm.h"
#include "models/layers/layer_options.h"

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR };

enum { ITEMS_PER_THREAD = 2 };

typedef struct State {
    float *mean, *inverse,
        *scale;        /* [c] of the last pass: mean, 1 / sqrt(var + eps), times weight */
    double (*part)[2]; /* [c][planes] sums of one pass, so that any thread may add them */
} State;

typedef struct Job {
    CopLayer *layer;
    const CopLaneKernels *kernels;
    bool training;
    int planes, pieces; /* of a channel; a work item is a piece */
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

static int planes(const CopTensor *x)
{
    return x->g * x->t;
}

static CopStatus plan(CopLayer *layer, CopArena *arena, int threads, CopError *err)
{
    (void)threads;
    State *state = layer->state;
    const size_t channels = (size_t)layer->in_shape[0].c;
    state->mean = cop_arena_alloc(arena, channels, sizeof(float));
    state->inverse = cop_arena_alloc(arena, channels, sizeof(float));
    state->scale = cop_arena_alloc(arena, channels, sizeof(float));
    state->part =
        cop_arena_alloc(arena, channels * (size_t)planes(layer->in[0]), sizeof *state->part);
    if (!state->mean || !state->inverse || !state->scale || !state->part)
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

/* --- pieces of a channel --- */

typedef struct Piece {
    int c, first, end; /* planes */
} Piece;

static Piece piece_at(const Job *job, int item)
{
    const int c = item / job->pieces, i = item % job->pieces;
    return (Piece){c, job->planes * i / job->pieces, job->planes * (i + 1) / job->pieces};
}

static CopPlane plane_at(const CopTensor *x, int c, int plane)
{
    return (CopPlane){plane / x->t, c, plane % x->t};
}

static double *part_of(const Job *job, int c, int plane)
{
    const State *state = job->layer->state;
    return state->part[(size_t)c * (size_t)job->planes + (size_t)plane];
}

/* In the order of planes, whoever summed them. */
static void add_up(const Job *job, int c, double sums[2])
{
    sums[0] = sums[1] = 0;
    for (int i = 0; i < job->planes; i++)
        for (int k = 0; k < 2; k++)
            sums[k] += part_of(job, c, i)[k];
}

typedef void PieceFn(const Job *job, Piece piece);
typedef void ChannelFn(const Job *job, int c);

/* What a pass does: sums over all pieces of a channel, what follows from them, and a map. */
typedef struct Pass {
    Job job;
    PieceFn *sum, *map;
    ChannelFn *finish;
} Pass;

static void whole_channel(void *ctx, int item, int worker)
{
    (void)worker;
    const Pass *pass = ctx;
    const Piece piece = {item, 0, pass->job.planes};
    if (pass->sum)
        pass->sum(&pass->job, piece);
    if (pass->finish)
        pass->finish(&pass->job, item);
    pass->map(&pass->job, piece);
}

static void sum_piece(void *ctx, int item, int worker)
{
    (void)worker;
    const Pass *pass = ctx;
    pass->sum(&pass->job, piece_at(&pass->job, item));
}

static void map_piece(void *ctx, int item, int worker)
{
    (void)worker;
    const Pass *pass = ctx;
    pass->map(&pass->job, piece_at(&pass->job, item));
}

/* A channel at a time while there are enough of them: the map finds it in cache. */
static void run(Pass *pass, CopPool *pool)
{
    Job *job = &pass->job;
    const CopTensor *x = job->layer->in[0];
    const int items = cop_pool_threads(pool) * ITEMS_PER_THREAD;
    job->planes = planes(x);
    job->pieces = (items + x->c - 1) / x->c;
    if (job->pieces > job->planes)
        job->pieces = job->planes;
    if (job->pieces == 1) {
        cop_parallel_for(pool, x->c, whole_channel, pass);
        return;
    }
    if (pass->sum)
        cop_parallel_for(pool, x->c * job->pieces, sum_piece, pass);
    for (int c = 0; pass->finish && c < x->c; c++)
        pass->finish(job, c);
    cop_parallel_for(pool, x->c * job->pieces, map_piece, pass);
}

/* --- forward --- */

static CopLaneNorm norm_of(const CopLayer *layer, int c)
{
    const State *state = layer->state;
    return (CopLaneNorm){.x = layer->in[0],
                         .add = layer->tail.add ? layer->in[1] : NULL,
                         .y = layer->out,
                         .mean = state->mean[c],
                         .scale = state->scale[c],
                         .shift = layer->param[BIAS]->value[c],
                         .relu = layer->tail.relu};
}

/* Any value near the others will do. */
static float origin(const CopTensor *x, int c)
{
    return *cop_tensor_at(x, 0, c, 0, 0, 0);
}

static void moments(const Job *job, Piece piece)
{
    const CopTensor *x = job->layer->in[0];
    for (int i = piece.first; i < piece.end; i++)
        job->kernels->moments(x, plane_at(x, piece.c, i), origin(x, piece.c),
                              part_of(job, piece.c, i));
}

static void statistics(const Job *job, int c)
{
    const CopLayer *layer = job->layer;
    const CopNormOptions *o = layer->options;
    State *state = layer->state;
    float *running_mean = layer->param[RUNNING_MEAN]->value;
    float *running_var = layer->param[RUNNING_VAR]->value;
    float mean = running_mean[c];
    double variance = (double)running_var[c];
    if (job->training) {
        const CopTensor *x = layer->in[0];
        const double n = count(x);
        double sums[2];
        add_up(job, c, sums);
        mean = (float)((double)origin(x, c) + sums[0] / n);
        variance = (sums[1] - sums[0] * sums[0] / n) / n;
        if (variance < 0) /* by a rounding; NaN stays */
            variance = 0;
        const double unbiased = n > 1 ? variance * n / (n - 1) : variance;
        running_mean[c] = (float)((1 - o->momentum) * running_mean[c] + o->momentum * mean);
        running_var[c] = (float)((1 - o->momentum) * running_var[c] + o->momentum * unbiased);
    }
    const double inverse = 1 / sqrt(variance + o->eps);
    state->mean[c] = mean;
    state->inverse[c] = (float)inverse;
    state->scale[c] = (float)((double)layer->param[WEIGHT]->value[c] * inverse);
}

static void normalise(const Job *job, Piece piece)
{
    const CopLaneNorm norm = norm_of(job->layer, piece.c);
    for (int i = piece.first; i < piece.end; i++)
        job->kernels->norm(&norm, plane_at(norm.x, piece.c, i));
}

static bool frozen(const CopLayer *layer)
{
    return layer->param[WEIGHT]->frozen;
}

static void forward(CopLayer *layer, const CopStep *step)
{
    const bool training = step->training && !frozen(layer);
    Pass pass = {.job = {.layer = layer, .kernels = cop_lane_kernels(), .training = training},
                 .sum = training ? moments : NULL,
                 .finish = statistics,
                 .map = normalise};
    run(&pass, step->pool);
}

static void again(CopLayer *layer, const CopStep *step)
{
    Pass pass = {.job = {.layer = layer, .kernels = cop_lane_kernels()}, .map = normalise};
    run(&pass, step->pool);
}

/* --- backward --- */

static void gradient_sums(const Job *job, Piece piece)
{
    const CopLaneNorm norm = norm_of(job->layer, piece.c);
    for (int i = piece.first; i < piece.end; i++)
        job->kernels->norm_sums(&norm, job->layer->dout, plane_at(norm.x, piece.c, i),
                                part_of(job, piece.c, i));
}

static void param_gradients(const Job *job, int c)
{
    const CopLayer *layer = job->layer;
    const State *state = layer->state;
    double sums[2];
    add_up(job, c, sums);
    layer->param[BIAS]->grad[c] = (float)sums[0];
    layer->param[WEIGHT]->grad[c] = (float)(sums[1] * (double)state->inverse[c]);
}

/* dx = weight / std * (dy - mean(dy) - xhat * mean(dy * xhat)); the means run over
 * valid lanes, and the kernel writes zero into the others. Statistics that do not come
 * from the batch have no gradient: the two means fall away. */
static void gradients(const Job *job, Piece piece)
{
    const CopLayer *layer = job->layer;
    const State *state = layer->state;
    const CopLaneNorm norm = norm_of(layer, piece.c);
    const double inverse = (double)state->inverse[piece.c], n = count(norm.x);
    const double a = (double)layer->param[WEIGHT]->value[piece.c] * inverse;
    double sums[2] = {0};
    if (!frozen(layer))
        add_up(job, piece.c, sums);
    const CopLaneNormGrad grad = {.dy = layer->dout,
                                  .dx = layer->din[0],
                                  .dadd = norm.add ? layer->din[1] : NULL,
                                  .a = (float)a,
                                  .b = (float)(-a * inverse * inverse * sums[1] / n),
                                  .k = (float)(-a * sums[0] / n),
                                  .accumulate = layer->accumulate[0],
                                  .accumulate_add = layer->accumulate[1]};
    for (int i = piece.first; i < piece.end; i++)
        job->kernels->norm_backward(&norm, &grad, plane_at(norm.x, piece.c, i));
}

static void backward(CopLayer *layer, const CopStep *step)
{
    Pass pass = {.job = {.layer = layer, .kernels = cop_lane_kernels()},
                 .sum = gradient_sums,
                 .finish = param_gradients,
                 .map = gradients};
    run(&pass, step->pool);
}

const CopLayerDesc cop_layer_batchnorm3d = {
    .name = "batchnorm3d",
    .summary = "batch normalisation over clips, time and space",
    .reference = "Ioffe and Szegedy, ICML 2015; torch.nn.BatchNorm3d",
    .options = options,
    .options_size = sizeof(CopNormOptions),
    .state_size = sizeof(State),
    .inputs = 1,
    .flags = COP_LAYER_NEEDS_INPUT | COP_LAYER_TAIL | COP_LAYER_TAIL_BACK | COP_LAYER_GRAD_IN_PLACE,
    .shape = shape,
    .plan = plan,
    .forward = forward,
    .again = again,
    .backward = backward,
};
