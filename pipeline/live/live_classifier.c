/* A model beside a stream: frames in, now and then an answer out, from another thread.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_classifier.h"

#include <glib.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "models/core/clock.h"
#include "models/layers/cross_entropy.h"
#include "pipeline/eval/lane_batch.h"

enum { DEPTH = 2 };

/* A window and the model that it was made for. */
typedef struct Job {
    CopLiveWindow *window;
    CopLiveModel *model;
} Job;

struct CopLiveClassifier {
    CopLiveClassifierOptions options;
    CopLiveCalls calls;
    CopPool *pool;
    CopLiveQueue *queue;
    pthread_mutex_t lock; /* of the next three: frames and swaps come from different threads */
    CopLiveModel *model;  /* of windows to come */
    CopClipWindow *window;
    CopClipWindowCounts before; /* of windows of models before */
    float *clip;                /* the worker's: [3][t][h][w] of a window */
    gsize size;                 /* floats in it */
};

typedef struct Delivery {
    const CopLiveClassifier *classifier;
    const CopLiveAnswer *answer;
    const CopError *err;
} Delivery;

/* --- the worker -------------------------------------------------------------------- */

static void deliver(void *ctx)
{
    const Delivery *d = ctx;
    const CopLiveCalls *calls = &d->classifier->calls;
    if (d->answer)
        calls->answered(calls->ctx, d->answer);
    else if (calls->failed)
        calls->failed(calls->ctx, d->err);
}

static void load(CopLiveClassifier *c, const Job *job)
{
    CopNet *net = job->model->model->net;
    const CopShape in = cop_net_input_shape(net);
    const gsize plane = (gsize)in.h * (gsize)in.w, frames = (gsize)in.t;
    if (c->size < 3 * frames * plane) {
        c->size = 3 * frames * plane;
        c->clip = g_renew(float, c->clip, c->size);
    }
    for (gsize t = 0; t < frames; t++)
        for (gsize channel = 0; channel < 3; channel++)
            memcpy(c->clip + (channel * frames + t) * plane,
                   job->window->picture[t]->prepared + channel * plane, plane * sizeof *c->clip);
    cop_net_set_n(net, 1);
    cop_tensor_load_lane(cop_net_input(net), 0, c->clip);
}

static bool answer(CopLiveClassifier *c, const Job *job, float *p, CopLiveAnswer *out)
{
    CopNet *net = job->model->model->net;
    const CopStep step = {.pool = c->pool};
    const int classes = job->model->classes;
    const double begun = cop_clock();
    load(c, job);
    cop_net_forward(net, &step);
    out->seconds = cop_clock() - begun;
    const CopTensor *logits = cop_net_logits(net);
    cop_softmax(logits, 0, p);
    bool finite = true;
    for (int k = 0; k < classes; k++) {
        p[classes + k] = *cop_tensor_at(logits, 0, k, 0, 0, 0);
        finite &= isfinite(p[k]) != 0;
    }
    CopStorePrediction top = {0};
    cop_top_classes(p, classes, &top);
    out->n_top = top.n_top;
    memcpy(out->top, top.top, sizeof out->top);
    memcpy(out->score, top.score, sizeof out->score);
    out->p = p;
    out->logits = p + classes;
    return finite;
}

static void free_job(Job *job)
{
    cop_live_window_unref(&job->window);
    cop_live_model_unref(&job->model);
    g_free(job);
}

static void run(void *ctx, void *item, double waited)
{
    CopLiveClassifier *c = ctx;
    Job *job = item;
    float *p = g_new(float, 2 * job->model->classes);
    CopLiveAnswer out = {.window = job->window, .model = job->model, .waited = waited};
    CopError err = {0};
    Delivery delivery = {c, &out, &err};
    if (!answer(c, job, p, &out)) {
        cop_error_set(&err, COP_ERR_NUMERIC, "%s: answers with what is not a number",
                      job->model->model->path);
        delivery.answer = NULL;
    }
    cop_live_queue_deliver(c->queue, deliver, &delivery);
    g_free(p);
    free_job(job);
}

static void drop(void *ctx, void *item)
{
    (void)ctx;
    free_job(item);
}

/* --- life -------------------------------------------------------------------------- */

static CopStatus make_window(const CopLiveClassifier *c, const CopModel *model, CopClipWindow **out,
                             CopError *err)
{
    const CopClipWindowOptions options = {.frames = model->frames,
                                          .stride = model->stride,
                                          .fps = model->fps,
                                          .hop = c->options.hop,
                                          .hop_us = c->options.hop_us,
                                          .pad = c->options.pad,
                                          .policy = model->policy,
                                          .prepare = &model->prepare};
    return cop_clip_window_create(out, &options, err);
}

static CopStatus open_model(const CopLiveClassifier *c, const char *path, const char *labels,
                            CopLiveModel **out, CopError *err)
{
    return cop_live_model_open(out, path, labels, c->options.batch ? 1 : COP_MODEL_TILES,
                               cop_pool_threads(c->pool), err);
}

static CopStatus set_up(CopLiveClassifier *c, CopError *err)
{
    const CopLiveClassifierOptions *o = &c->options;
    CopStatus status = cop_pool_create(&c->pool, o->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "%d threads: no such pool can be made", o->threads);
    COP_TRY(open_model(c, o->model, o->labels, &c->model, err));
    COP_TRY(make_window(c, c->model->model, &c->window, err));
    const CopLiveQueueCalls calls = {run, drop, c};
    const int depth = o->depth ? o->depth : DEPTH;
    status = cop_live_queue_create(&c->queue, depth, o->policy, &calls);
    return status == COP_OK
               ? COP_OK
               : cop_error_set(err, status, "no queue of %d windows can be made", depth);
}

CopStatus cop_live_classifier_create(CopLiveClassifier **out,
                                     const CopLiveClassifierOptions *options,
                                     const CopLiveCalls *calls, CopError *err)
{
    *out = NULL;
    CopLiveClassifier *c = g_new0(CopLiveClassifier, 1);
    c->options = *options;
    c->calls = *calls;
    pthread_mutex_init(&c->lock, NULL);
    const CopStatus status = set_up(c, err);
    c->options.model = c->options.labels = NULL;
    if (status == COP_OK)
        *out = c;
    else
        cop_live_classifier_destroy(&c);
    return status;
}

void cop_live_classifier_destroy(CopLiveClassifier **out)
{
    if (!out || !*out)
        return;
    CopLiveClassifier *c = *out;
    cop_live_queue_destroy(&c->queue);
    cop_clip_window_destroy(&c->window);
    cop_live_model_unref(&c->model);
    cop_pool_destroy(&c->pool);
    pthread_mutex_destroy(&c->lock);
    g_free(c->clip);
    g_free(c);
    *out = NULL;
}

/* --- the stream -------------------------------------------------------------------- */

/* Windows that are complete, taken under the lock and pushed without it: the queue may block. */
static GQueue take_windows(CopLiveClassifier *c)
{
    GQueue jobs = G_QUEUE_INIT;
    CopLiveWindow *window;
    while ((window = cop_clip_window_pull(c->window)) != NULL) {
        Job *job = g_new0(Job, 1);
        window->number += c->before.windows;
        job->window = window;
        job->model = cop_live_model_ref(c->model);
        g_queue_push_tail(&jobs, job);
    }
    return jobs;
}

static CopStatus take_frame(CopLiveClassifier *c, const CopFrame *frame, CopError *err)
{
    const CopModel *model = c->model->model;
    const CopShape in = cop_net_input_shape(model->net);
    COP_TRY(cop_prepare_check(&model->prepare, model->path, frame->width, frame->height, in.h, in.w,
                              err));
    return cop_clip_window_push(c->window, frame, err);
}

CopStatus cop_live_classifier_push(CopLiveClassifier *c, const CopFrame *frame, int *dropped,
                                   CopError *err)
{
    pthread_mutex_lock(&c->lock);
    const CopStatus status = take_frame(c, frame, err);
    GQueue jobs = take_windows(c);
    pthread_mutex_unlock(&c->lock);
    Job *job;
    int fallen = 0;
    while ((job = g_queue_pop_head(&jobs)) != NULL)
        fallen += cop_live_queue_push(c->queue, job);
    if (dropped)
        *dropped = fallen;
    return status;
}

void cop_live_classifier_break(CopLiveClassifier *c)
{
    pthread_mutex_lock(&c->lock);
    cop_clip_window_break(c->window);
    pthread_mutex_unlock(&c->lock);
}

void cop_live_classifier_flush(CopLiveClassifier *c)
{
    cop_live_classifier_break(c);
    cop_live_queue_flush(c->queue);
}

void cop_live_classifier_drain(CopLiveClassifier *c)
{
    cop_live_queue_drain(c->queue);
}

void cop_live_classifier_end(CopLiveClassifier *c)
{
    pthread_mutex_lock(&c->lock);
    cop_clip_window_end(c->window);
    GQueue jobs = take_windows(c);
    pthread_mutex_unlock(&c->lock);
    Job *job;
    while ((job = g_queue_pop_head(&jobs)) != NULL)
        cop_live_queue_push_last(c->queue, job);
    cop_live_queue_drain(c->queue);
}

/* --- swap -------------------------------------------------------------------------- */

static bool same_clips(const CopModel *a, const CopModel *b)
{
    return a->frames == b->frames && a->stride == b->stride && a->fps == b->fps &&
           a->policy == b->policy && cop_prepare_equal(&a->prepare, &b->prepare);
}

static void add_counts(CopClipWindowCounts *to, const CopClipWindowCounts *more)
{
    to->frames += more->frames;
    to->windows += more->windows;
    to->padded += more->padded;
    to->broken += more->broken;
}

/* Windows of the new model's kind; what was counted so far is kept. */
static CopStatus renew_window(CopLiveClassifier *c, const CopModel *model, CopError *err)
{
    CopClipWindow *window;
    CopClipWindowCounts counts;
    COP_TRY(make_window(c, model, &window, err));
    cop_clip_window_break(c->window);
    cop_clip_window_counts(c->window, &counts);
    add_counts(&c->before, &counts);
    cop_clip_window_destroy(&c->window);
    c->window = window;
    return COP_OK;
}

CopStatus cop_live_classifier_swap(CopLiveClassifier *c, const char *path, const char *labels,
                                   CopError *err)
{
    CopLiveModel *model;
    COP_TRY(open_model(c, path, labels, &model, err));
    pthread_mutex_lock(&c->lock);
    const CopStatus status =
        same_clips(c->model->model, model->model) ? COP_OK : renew_window(c, model->model, err);
    if (status == COP_OK) {
        CopLiveModel *old = c->model;
        c->model = model;
        model = old;
    }
    pthread_mutex_unlock(&c->lock);
    cop_live_model_unref(&model);
    return status;
}

CopLiveModel *cop_live_classifier_model(CopLiveClassifier *c)
{
    pthread_mutex_lock(&c->lock);
    CopLiveModel *model = cop_live_model_ref(c->model);
    pthread_mutex_unlock(&c->lock);
    return model;
}

void cop_live_classifier_set_policy(CopLiveClassifier *c, CopBackpressure policy)
{
    cop_live_queue_set_policy(c->queue, policy);
}

void cop_live_classifier_stats(CopLiveClassifier *c, CopLiveStats *stats,
                               CopClipWindowCounts *counts)
{
    if (stats)
        cop_live_queue_stats(c->queue, stats);
    if (!counts)
        return;
    pthread_mutex_lock(&c->lock);
    cop_clip_window_counts(c->window, counts);
    add_counts(counts, &c->before);
    pthread_mutex_unlock(&c->lock);
}
