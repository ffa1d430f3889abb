/* A grid that never ends: each window of a stream, as it is and corrupted, through every model.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_grid.h"

#include <glib.h>
#include <math.h>
#include <string.h>

#include "models/core/clock.h"
#include "models/layers/cross_entropy.h"
#include "pipeline/eval/lane_batch.h"
#include "pipeline/live/live_grid_private.h"

enum { DEPTH = 2 };

typedef struct Delivery {
    CopLiveGrid *grid;
    const CopLiveGridAnswer *answer;
    const CopError *err;
} Delivery;

/* --- the worker -------------------------------------------------------------------- */

/* Figures count what is delivered, so that a flush leaves no trace. */
static void deliver(void *ctx)
{
    const Delivery *d = ctx;
    CopLiveGrid *g = d->grid;
    const CopLiveGridAnswer *a = d->answer;
    if (!a) {
        if (g->calls.failed)
            g->calls.failed(g->calls.ctx, d->err);
        return;
    }
    for (int m = 0; m < g->options.n_models; m++)
        for (int i = 0; i < a->n_lanes; i++)
            cop_live_metrics_add(g->metrics, m, a->variant[i], &a->lane[m * a->n_lanes + i].hit);
    if (g->calls.answered)
        g->calls.answered(g->calls.ctx, a);
}

static CopStatus read_lane(CopLiveGrid *g, const CopModel *model, int i, CopLiveLane *lane,
                           CopError *err)
{
    const int classes = cop_net_classes(model->net);
    CopStorePrediction top = {0};
    cop_softmax(cop_net_logits(model->net), i, g->p);
    for (int k = 0; k < classes; k++)
        if (!isfinite(g->p[k]))
            return cop_error_set(err, COP_ERR_NUMERIC, "%s: answers with what is not a number",
                                 model->path);
    cop_top_classes(g->p, classes, &top);
    lane->n_top = top.n_top;
    memcpy(lane->top, top.top, sizeof lane->top);
    memcpy(lane->score, top.score, sizeof lane->score);
    return COP_OK;
}

/* All lanes through one model; lane 0 is the clean one, which the others are held against. */
static CopStatus run_model(CopLiveGrid *g, const CopLiveGridModel *m, int label, int n,
                           CopLiveLane *lane, CopError *err)
{
    CopNet *net = m->model->model->net;
    const CopStep step = {.pool = g->pool};
    const double begun = cop_clock();
    cop_net_set_n(net, n);
    for (int i = 0; i < n; i++)
        cop_tensor_copy_lane(cop_net_input(net), i, cop_live_lanes_input(g->lanes, m->input), i);
    cop_net_forward(net, &step);
    const double seconds = (cop_clock() - begun) / n;
    for (int i = 0; i < n; i++) {
        COP_TRY(read_lane(g, m->model->model, i, &lane[i], err));
        const int said = lane[0].top[0];
        lane[i].hit = (CopLiveHit){.right = label < 0 ? -1 : lane[i].top[0] == label,
                                   .agrees = lane[i].top[0] == said,
                                   .drop = (double)(lane[0].score[0] - g->p[said]),
                                   .seconds = seconds};
    }
    return COP_OK;
}

static int label_of(CopLiveGrid *g, const CopLiveWindow *window)
{
    if (g->track) {
        const int span = window->pts == INT64_MIN
                             ? -1
                             : cop_label_track_find(g->track, window->pts, window->end_pts);
        return span < 0 ? -1 : g->track_class[span];
    }
    pthread_mutex_lock(&g->lock);
    const int label = g->label;
    pthread_mutex_unlock(&g->lock);
    return label;
}

static CopStatus answer(CopLiveGrid *g, CopLiveGridAnswer *out, CopError *err)
{
    const double begun = cop_clock();
    const int n = cop_live_sweep_next(&g->sweep, g->variants.n, g->options.lanes, g->variant);
    COP_TRY(cop_live_lanes_fill(g->lanes, out->window, g->variant, n, err));
    for (int m = 0; m < g->options.n_models; m++)
        COP_TRY(run_model(g, &g->model[m], out->label, n, &g->lane[m * n], err));
    out->n_lanes = n;
    out->variant = g->variant;
    out->lane = g->lane;
    out->look_lane = cop_live_lanes_look(g->lanes, &out->look_clean, &out->look_corrupt);
    out->seconds = cop_clock() - begun;
    return COP_OK;
}

static void run(void *ctx, void *item, double waited)
{
    CopLiveGrid *g = ctx;
    CopLiveWindow *window = item;
    CopError err = {0};
    CopLiveGridAnswer out = {.window = window, .label = label_of(g, window), .waited = waited};
    Delivery delivery = {g, &out, &err};
    if (answer(g, &out, &err) != COP_OK)
        delivery.answer = NULL;
    cop_live_queue_deliver(g->queue, deliver, &delivery);
    cop_live_window_unref(&window);
}

static void drop(void *ctx, void *item)
{
    CopLiveWindow *window = item;
    (void)ctx;
    cop_live_window_unref(&window);
}

/* --- life -------------------------------------------------------------------------- */

static CopStatus start(CopLiveGrid *g, CopError *err)
{
    COP_TRY(cop_live_grid_set_up(g, err));
    const CopLiveQueueCalls calls = {run, drop, g};
    const int depth = g->options.depth ? g->options.depth : DEPTH;
    const CopStatus status = cop_live_queue_create(&g->queue, depth, g->options.policy, &calls);
    return status == COP_OK
               ? COP_OK
               : cop_error_set(err, status, "no queue of %d windows can be made", depth);
}

/* Texts were borrowed for the call that made it. */
static void forget_texts(CopLiveGridOptions *o)
{
    o->models = o->params = NULL;
    o->labels = o->corruptions = o->severities = o->preset = o->temporal = NULL;
    o->label = o->track = NULL;
}

CopStatus cop_live_grid_create(CopLiveGrid **out, const CopLiveGridOptions *options,
                               const CopLiveGridCalls *calls, CopError *err)
{
    CopLiveGrid *g = g_new0(CopLiveGrid, 1);
    g->options = *options;
    g->calls = *calls;
    pthread_mutex_init(&g->lock, NULL);
    const CopStatus status = start(g, err);
    forget_texts(&g->options);
    if (status != COP_OK)
        cop_live_grid_destroy(&g);
    *out = g;
    return status;
}

void cop_live_grid_destroy(CopLiveGrid **out)
{
    if (!out || !*out)
        return;
    CopLiveGrid *g = *out;
    cop_live_queue_destroy(&g->queue);
    cop_clip_window_destroy(&g->window);
    cop_live_lanes_destroy(&g->lanes);
    cop_live_metrics_destroy(&g->metrics);
    cop_label_track_close(&g->track);
    for (int i = 0; g->model && i < g->options.n_models; i++)
        cop_live_model_unref(&g->model[i].model);
    cop_variants_free(&g->variants);
    cop_config_free(&g->config);
    cop_pool_destroy(&g->pool);
    pthread_mutex_destroy(&g->lock);
    g_free(g->track_class);
    g_free(g->model);
    g_free(g->variant);
    g_free(g->lane);
    g_free(g->p);
    g_free(g);
    *out = NULL;
}

/* --- the stream -------------------------------------------------------------------- */

/* Windows that are complete, taken under the lock and pushed without it: the queue may block. */
static GQueue take_windows(CopLiveGrid *g)
{
    GQueue windows = G_QUEUE_INIT;
    CopLiveWindow *window;
    while ((window = cop_clip_window_pull(g->window)) != NULL)
        g_queue_push_tail(&windows, window);
    return windows;
}

static CopStatus take_frame(CopLiveGrid *g, const CopFrame *frame, CopError *err)
{
    for (int i = 0; i < g->options.n_models; i++) {
        const CopGridInput *input = &g->input[g->model[i].input];
        COP_TRY(cop_prepare_check(&input->prepare, g->model[i].model->model->path, frame->width,
                                  frame->height, input->h, input->w, err));
    }
    return cop_clip_window_push(g->window, frame, err);
}

CopStatus cop_live_grid_push(CopLiveGrid *g, const CopFrame *frame, int *dropped, CopError *err)
{
    pthread_mutex_lock(&g->lock);
    const CopStatus status = take_frame(g, frame, err);
    GQueue windows = take_windows(g);
    pthread_mutex_unlock(&g->lock);
    CopLiveWindow *window;
    int fallen = 0;
    while ((window = g_queue_pop_head(&windows)) != NULL)
        fallen += cop_live_queue_push(g->queue, window);
    if (dropped)
        *dropped = fallen;
    return status;
}

void cop_live_grid_break(CopLiveGrid *g)
{
    pthread_mutex_lock(&g->lock);
    cop_clip_window_break(g->window);
    pthread_mutex_unlock(&g->lock);
}

void cop_live_grid_flush(CopLiveGrid *g)
{
    cop_live_grid_break(g);
    cop_live_queue_flush(g->queue);
}

void cop_live_grid_drain(CopLiveGrid *g)
{
    cop_live_queue_drain(g->queue);
}

void cop_live_grid_end(CopLiveGrid *g)
{
    pthread_mutex_lock(&g->lock);
    cop_clip_window_end(g->window);
    GQueue windows = take_windows(g);
    pthread_mutex_unlock(&g->lock);
    CopLiveWindow *window;
    while ((window = g_queue_pop_head(&windows)) != NULL)
        cop_live_queue_push_last(g->queue, window);
    cop_live_queue_drain(g->queue);
}

/* --- settings and figures ------------------------------------------------------------ */

void cop_live_grid_set_policy(CopLiveGrid *g, CopBackpressure policy)
{
    cop_live_queue_set_policy(g->queue, policy);
}

CopStatus cop_live_grid_set_label(CopLiveGrid *g, const char *label, CopError *err)
{
    int class;
    COP_TRY(cop_live_grid_class(g, label, &class, err));
    pthread_mutex_lock(&g->lock);
    g->label = class;
    pthread_mutex_unlock(&g->lock);
    return COP_OK;
}

void cop_live_grid_stats(CopLiveGrid *g, CopLiveStats *stats, CopClipWindowCounts *counts)
{
    if (stats)
        cop_live_queue_stats(g->queue, stats);
    if (!counts)
        return;
    pthread_mutex_lock(&g->lock);
    cop_clip_window_counts(g->window, counts);
    pthread_mutex_unlock(&g->lock);
}

int cop_live_grid_models(const CopLiveGrid *g)
{
    return g->options.n_models;
}

const CopLiveModel *cop_live_grid_model(const CopLiveGrid *g, int model)
{
    return g->model[model].model;
}

const CopVariants *cop_live_grid_variants(const CopLiveGrid *g)
{
    return &g->variants;
}

const CopConfig *cop_live_grid_config(const CopLiveGrid *g)
{
    return &g->config;
}

const CopLiveGridOptions *cop_live_grid_options(const CopLiveGrid *g)
{
    return &g->options;
}

CopLiveMetrics *cop_live_grid_metrics(CopLiveGrid *g)
{
    return g->metrics;
}
