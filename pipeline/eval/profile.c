/* What a net takes, layer by layer: random clips through a net planned for inference, and
 * through another one planned for training.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/eval/profile.h"

#include <glib.h>
#include <stdlib.h>

#include "models/archs/arch.h"
#include "models/core/clock.h"
#include "models/core/rng.h"
#include "models/kernels/peak.h"
#include "models/layers/cross_entropy.h"
#include "models/layers/layer_conv_common.h"
#include "models/train/optimizer.h"
#include "pipeline/model/model.h"

enum { CLASSES = 400, BATCH_MOST = 4096, REPEAT_LEAST = 3, REPEAT_MOST = 101, SEED = 1 };
static const double timed_seconds = 2, peak_seconds = 0.25;

const char *cop_profile_kernel(const CopLayer *layer, CopConvPass pass, char text[COP_CONV_TEXT])
{
    const CopConv3d *conv = cop_layer_conv(layer);
    return conv && *cop_conv3d_kernel(conv, pass, text) ? text : NULL;
}

size_t cop_profile_lists(const CopLayer *layer)
{
    const CopConv3d *conv = cop_layer_conv(layer);
    return conv ? cop_conv3d_bytes(conv) : 0;
}

/* --- nets ---------------------------------------------------------------------- */

/* What both nets are made of. */
typedef struct Source {
    const CopProfileOptions *options;
    CopSafetensors *weights; /* NULL: random */
    CopSparseOptions sparse;
    CopShape input;
    int classes;
} Source;

static CopStatus open_model(CopProfile *profile, Source *source, CopError *err)
{
    const CopProfileOptions *o = source->options;
    CopModel *model;
    COP_TRY(cop_model_open(&model, o->model, o->arch, NULL, 1, 1, NULL, err));
    profile->arch = g_strdup(model->arch);
    profile->arch_options = g_strdup(model->arch_options);
    profile->density = model->density;
    source->input = cop_net_input_shape(model->net);
    source->classes = cop_net_classes(model->net);
    cop_model_close(&model);
    return cop_safetensors_open(&source->weights, o->model, err);
}

static CopStatus describe(CopProfile *profile, Source *source, CopError *err)
{
    const CopProfileOptions *o = source->options;
    const CopArchDesc *arch = cop_arch_find(o->arch, err);
    if (!arch)
        return COP_ERR_CONFIG;
    profile->arch = g_strdup(arch->name);
    profile->arch_options = g_strdup(o->arch_options ? o->arch_options : "");
    profile->density = o->density;
    source->input = arch->input;
    source->classes = CLASSES;
    COP_TRY(cop_options_defaults(cop_sparse_options, &source->sparse, err));
    COP_TRY(cop_options_set(cop_sparse_options, &source->sparse, "method",
                            o->density < 1 ? "static" : "dense", err));
    COP_TRY(cop_options_set(cop_sparse_options, &source->sparse, "init", o->init, err));
    source->sparse.density = o->density;
    return COP_OK;
}

void cop_profile_fill(const CopTensor *x)
{
    const CopRngKey key = cop_rng_key(SEED, "profile clips");
    const float one = 0x1p-32f * 3.4641016f; /* uniform values of variance 1 */
    for (int g = 0; g < x->g; g++)
        for (int c = 0; c < x->c; c++)
            for (int t = 0; t < x->t; t++)
                for (int h = 0; h < x->h; h++) {
                    float *row = cop_tensor_at(x, g, c, t, h, 0);
                    const CopRngAddress at = {(uint32_t)(g * x->c + c), (uint32_t)t, (uint32_t)h};
                    for (int i = 0; i < x->w * COP_LANES; i += 4) {
                        uint32_t word[4];
                        cop_rng_block(key, (uint32_t)i / 4, at, word);
                        for (int k = 0; k < 4; k++)
                            row[i + k] = ((float)word[k] - 0x1p31f) * one;
                    }
                }
}

/* Makes profile->net anew. */
static CopStatus plan(CopProfile *profile, const Source *source, bool training, CopError *err)
{
    CopSparse *sparse = NULL;
    cop_net_destroy(&profile->net);
    COP_TRY(cop_net_create(&profile->net, profile->arch, profile->arch_options, source->classes,
                           source->input, err));
    if (!source->weights) {
        CopParam *const *params;
        const int n = cop_net_params(profile->net, &params);
        COP_TRY(cop_sparse_create(&sparse, &source->sparse, params, n, SEED, 1, err));
    }
    const CopNetPlan layout = {.batch = source->options->batch,
                               .training = training,
                               .tile = source->options->tile && !training,
                               .recompute = true, /* as train.recompute is */
                               .threads = cop_pool_threads(source->options->pool),
                               .kernels = source->options->kernels,
                               .sparse = sparse,
                               .weights = source->weights};
    CopStatus status = cop_net_plan(profile->net, &layout, err);
    if (status == COP_OK && source->weights)
        status = cop_net_load(profile->net, source->weights, err);
    else if (status == COP_OK)
        cop_net_init(profile->net, SEED, sparse);
    cop_sparse_destroy(&sparse);
    if (status == COP_OK) {
        cop_net_set_n(profile->net, source->options->batch);
        cop_profile_fill(cop_net_input(profile->net));
    }
    return status;
}

/* --- times --------------------------------------------------------------------- */

/* Seconds of one batch; the last two are those of all of it and of the optimiser. */
typedef struct Clock {
    int values;
    double *now;    /* [values]: forward and backward of each layer, all, update */
    GArray *series; /* batches x values */
} Clock;

static void note(void *ctx, int layer, bool backward, double seconds)
{
    Clock *clock = ctx;
    clock->now[2 * layer + backward] += seconds;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const Clock *clock, int value)
{
    const int n = (int)clock->series->len / clock->values;
    double *sorted = g_new(double, n);
    for (int i = 0; i < n; i++)
        sorted[i] = g_array_index(clock->series, double, i * clock->values + value);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    const double middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
    g_free(sorted);
    return middle;
}

/* One batch; in training with a rate of 0, so that weights stay as they are. */
static CopStatus pass(CopNet *net, CopStep *step, const int *labels, Clock *clock)
{
    static const CopSgd sgd = {.momentum = 0.9, .weight_decay = 1e-4};
    for (int i = 0; i < clock->values; i++)
        clock->now[i] = 0;
    const double start = cop_clock();
    cop_net_forward(net, step);
    if (step->training) {
        CopParam *const *params;
        const int n = cop_net_params(net, &params);
        cop_cross_entropy(cop_net_logits(net), labels, 0, cop_net_logits_grad(net), NULL);
        COP_TRY(cop_net_backward(net, step, NULL));
        const double begin = cop_clock();
        cop_sgd_step(&sgd, 0, params, n, step->pool);
        clock->now[clock->values - 1] = cop_clock() - begin;
    }
    clock->now[clock->values - 2] = cop_clock() - start;
    return COP_OK;
}

static bool is_wanted(int i, int repeat, double seconds)
{
    if (repeat)
        return i < repeat;
    return i < REPEAT_LEAST || (i < REPEAT_MOST && seconds < timed_seconds);
}

/* The first batch touches memory and builds streams: it does not count. */
static CopStatus time_batches(CopNet *net, bool training, int repeat, CopPool *pool, Clock *clock)
{
    const int n = cop_net_input(net)->n, classes = cop_net_classes(net);
    int *labels = g_new(int, n);
    uint32_t *clip = g_new(uint32_t, n);
    for (int i = 0; i < n; i++) {
        labels[i] = i % classes;
        clip[i] = (uint32_t)i;
    }
    CopStep step = {.pool = pool,
                    .training = training,
                    .seed = SEED,
                    .clip = clip,
                    .timed = note,
                    .timed_ctx = clock};
    CopStatus status = pass(net, &step, labels, clock);
    const double start = cop_clock();
    for (int i = 0; status == COP_OK && is_wanted(i, repeat, cop_clock() - start); i++) {
        step.step++;
        status = pass(net, &step, labels, clock);
        g_array_append_vals(clock->series, clock->now, (guint)clock->values);
    }
    g_free(labels);
    g_free(clip);
    return status;
}

static CopStatus measure(CopProfile *profile, bool training, const CopProfileOptions *options)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(profile->net, &layers), values = 2 * n + 2;
    Clock clock = {.values = values,
                   .now = g_new0(double, values),
                   .series = g_array_new(FALSE, FALSE, sizeof(double))};
    const CopStatus status =
        time_batches(profile->net, training, options->repeat, options->pool, &clock);
    if (!profile->layer)
        profile->layer = g_new0(CopProfileTimes, n);
    for (int i = 0; status == COP_OK && i < n; i++) {
        CopProfileTimes *times = &profile->layer[i];
        *(training ? &times->step_forward : &times->forward) = median(&clock, 2 * i);
        times->backward = median(&clock, 2 * i + 1);
    }
    if (status == COP_OK) {
        const int repeat = (int)clock.series->len / values;
        profile->repeat = profile->repeat ? MIN(profile->repeat, repeat) : repeat;
        *(training ? &profile->step : &profile->forward) = median(&clock, values - 2);
        profile->update = median(&clock, values - 1);
    }
    g_array_unref(clock.series);
    g_free(clock.now);
    return status;
}

static CopStatus build(CopProfile *profile, Source *source, CopError *err)
{
    const CopProfileOptions *o = source->options;
    COP_TRY(o->model ? open_model(profile, source, err) : describe(profile, source, err));
    cop_kernel_table_name(cop_kernel_table_of(o->kernels, cop_tier()), profile->kernels);
    profile->peak = cop_peak_flops(o->pool, peak_seconds);
    COP_TRY(plan(profile, source, false, err));
    COP_TRY(measure(profile, false, o));
    if (!o->train)
        return COP_OK;
    COP_TRY(plan(profile, source, true, err));
    return measure(profile, true, o);
}

CopStatus cop_profile_create(CopProfile **out, const CopProfileOptions *options, CopError *err)
{
    *out = NULL;
    if (options->batch < 1 || options->batch > BATCH_MOST)
        return cop_error_set(err, COP_ERR_ARG, "a batch of %d clips: allowed are 1 to %d",
                             options->batch, BATCH_MOST);
    if (options->repeat < 0 || options->repeat > REPEAT_MOST)
        return cop_error_set(err, COP_ERR_ARG, "%d batches to time: allowed are 0 to %d",
                             options->repeat, REPEAT_MOST);
    if (!options->model && !(options->density > 0 && options->density <= 1))
        return cop_error_set(err, COP_ERR_ARG, "density %g: must be above 0 and at most 1",
                             options->density);
    CopProfile *profile = g_new0(CopProfile, 1);
    Source source = {.options = options};
    const CopStatus status = build(profile, &source, err);
    cop_safetensors_close(&source.weights);
    cop_options_free(cop_sparse_options, &source.sparse);
    if (status != COP_OK) {
        cop_profile_destroy(&profile);
        return cop_error_set(err, status, "%s", cop_status_name(status));
    }
    *out = profile;
    return COP_OK;
}

void cop_profile_destroy(CopProfile **out)
{
    if (!out || !*out)
        return;
    CopProfile *profile = *out;
    cop_net_destroy(&profile->net);
    g_free(profile->layer);
    g_free(profile->arch);
    g_free(profile->arch_options);
    g_free(profile);
    *out = NULL;
}
