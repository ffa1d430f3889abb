/* Videos in, classes out: a model with what it needs to look at files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/classifier.h"

#include <glib.h>

#include "models/layers/cross_entropy.h"
#include "pipeline/data/loader.h"
#include "pipeline/model/model.h"

struct CopClassifier {
    CopClassifierOptions options;
    CopModel *model;
    CopSampler sampler;
    double fps;
    CopPool *pool;
    CopArena *arena;
    CopTensor clip; /* a lane of its own: frames are prepared into lanes, not into tiles */
    float *view;    /* [classes] of one view */
    double *sum;    /* [classes] over views */
    float *p;       /* [classes] */
    char number[16];
};

static CopStatus open_model(CopClassifier *c, const char *path, CopError *err)
{
    const CopClassifierOptions *o = &c->options;
    CopStatus status = cop_pool_create(&c->pool, o->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "%d threads: no such pool can be made", o->threads);
    /* One clip at a time, so that tiles are worth it. */
    COP_TRY(cop_model_open(&c->model, path, NULL, NULL, o->batch ? 1 : COP_MODEL_TILES,
                           cop_pool_threads(c->pool), NULL, err));
    if (o->crops > 1 && !c->model->prepare.crop)
        return cop_error_set(err, COP_ERR_ARG, "%s: takes whole pictures; crops must be 1, not %d",
                             path, o->crops);
    c->sampler = o->sampler ? (CopSampler)(o->sampler - 1) : c->model->sampler;
    c->fps = o->sampler || o->fps > 0 ? o->fps : c->model->fps;
    if (!(c->fps >= 0) || (c->fps > 0 && !cop_sampler_takes_fps(c->sampler)))
        return cop_error_set(err, COP_ERR_ARG,
                             "fps: got %g; allowed: a rate, and 0 where the sampler is mmaction or "
                             "segments",
                             c->fps);
    const CopShape in = cop_net_input_shape(c->model->net);
    status = cop_arena_create(&c->arena, 0);
    if (status == COP_OK)
        status = cop_tensor_create(&c->clip, c->arena, 1, in.c, in.t, in.h, in.w, (CopHalo){0});
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "no memory for a clip");
}

CopStatus cop_classifier_open(CopClassifier **out, const char *model,
                              const CopClassifierOptions *options, CopError *err)
{
    CopClassifier *c = g_new0(CopClassifier, 1);
    if (options)
        c->options = *options;
    c->options.clips = MAX(c->options.clips, 1);
    c->options.crops = MAX(c->options.crops, 1);
    const CopStatus status = open_model(c, model, err);
    *out = NULL;
    if (status != COP_OK) {
        cop_classifier_close(&c);
        return status;
    }
    const gsize classes = (gsize)cop_net_classes(c->model->net);
    c->view = g_new(float, classes);
    c->sum = g_new(double, classes);
    c->p = g_new(float, classes);
    *out = c;
    return COP_OK;
}

void cop_classifier_close(CopClassifier **classifier)
{
    if (!classifier || !*classifier)
        return;
    CopClassifier *c = *classifier;
    g_free(c->view);
    g_free(c->sum);
    g_free(c->p);
    cop_arena_destroy(&c->arena);
    cop_model_close(&c->model);
    cop_pool_destroy(&c->pool);
    g_free(c);
    *classifier = NULL;
}

int cop_classifier_classes(const CopClassifier *c)
{
    return cop_net_classes(c->model->net);
}

const char *cop_classifier_label(CopClassifier *c, int k)
{
    if (k < c->model->classes.n)
        return c->model->classes.item[k];
    g_snprintf(c->number, sizeof c->number, "%d", k);
    return c->number;
}

CopStatus cop_classify(CopClassifier *c, const char *path, const float **p, CopError *err)
{
    const CopClassifierOptions *o = &c->options;
    CopNet *net = c->model->net;
    const int classes = cop_net_classes(net), views = o->clips * o->crops;
    CopLoaderOptions load = {.sample = {.frames = c->model->frames,
                                        .stride = c->model->stride,
                                        .sampler = c->sampler,
                                        .clips = o->clips,
                                        .policy = c->model->policy,
                                        .test = true,
                                        .fps = c->fps},
                             .prepare = c->model->prepare,
                             .crops = o->crops};
    const CopDataItem item = {.path = (char *)(uintptr_t)path};
    const CopStep step = {.pool = c->pool};
    for (int k = 0; k < classes; k++)
        c->sum[k] = 0;
    for (load.view = 0; load.view < views; load.view++) {
        cop_net_set_n(net, 1);
        COP_TRY(cop_load_clip(&load, &item, &c->clip, 0, err));
        cop_tensor_copy_lane(cop_net_input(net), 0, &c->clip, 0);
        cop_net_forward(net, &step);
        cop_softmax(cop_net_logits(net), 0, c->view);
        cop_aggregate_add(o->aggregate, views, cop_net_logits(net), 0, c->view, c->sum);
    }
    cop_aggregate_end(o->aggregate, c->sum, classes, c->p);
    *p = c->p;
    return COP_OK;
}
