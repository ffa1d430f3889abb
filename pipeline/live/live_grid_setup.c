/* Setting up a live grid: corruptions, models, labels, figures, windows.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "pipeline/live/live_grid_private.h"

enum { LANES = 16, LANES_MOST = 1024, HALF_LIFE = 20 };

static CopStatus set_text(CopConfig *config, const char *key, const char *value, CopError *err)
{
    if (!value || !*value)
        return COP_OK;
    char *assignment = g_strdup_printf("corrupt.%s=%s", key, value);
    const CopStatus status = cop_config_set(config, assignment, err);
    g_free(assignment);
    return status;
}

/* The names that variants have, so that the configuration says what was run. */
static CopStatus name_corruptions(CopLiveGrid *g, CopError *err)
{
    GString *names = g_string_new(NULL);
    for (int v = 1; v < g->variants.n; v++) {
        bool there = false;
        for (int k = 1; k < v; k++)
            there |= g->variants.item[k].desc == g->variants.item[v].desc;
        if (!there)
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   cop_variant_name(&g->variants.item[v]));
    }
    const CopStatus status = set_text(&g->config, "corruptions", names->str, err);
    g_string_free(names, TRUE);
    return status;
}

static CopStatus make_variants(CopLiveGrid *g, CopError *err)
{
    const CopLiveGridOptions *o = &g->options;
    char seed[32];
    g_snprintf(seed, sizeof seed, "%" G_GUINT64_FORMAT, o->seed);
    COP_TRY(cop_config_load(&g->config, NULL, NULL, 0, err));
    COP_TRY(set_text(&g->config, "severities", o->severities, err));
    COP_TRY(set_text(&g->config, "preset", o->preset, err));
    COP_TRY(set_text(&g->config, "temporal", o->temporal, err));
    COP_TRY(set_text(&g->config, "seed", seed, err));
    COP_TRY(set_text(&g->config, "stage", o->stage == COP_STAGE_INPUT ? "input" : "native", err));
    if (o->params && o->params[0]) {
        /* One text a corruption, with commas of its own. */
        char *rows = g_strjoinv("\", \"", (char **)(uintptr_t)o->params);
        char *quoted = g_strdup_printf("\"%s\"", rows);
        const CopStatus status = set_text(&g->config, "params", quoted, err);
        g_free(rows);
        g_free(quoted);
        COP_TRY(status);
    }
    COP_TRY(cop_live_variants_create(&g->variants, &g->config.corrupt,
                                     o->corruptions ? o->corruptions : "", err));
    return name_corruptions(g, err);
}

static bool same_input(const CopGridInput *a, const CopGridInput *b)
{
    return a->sample.frames == b->sample.frames && a->sample.stride == b->sample.stride &&
           a->sample.fps == b->sample.fps && a->sample.policy == b->sample.policy &&
           cop_prepare_equal(&a->prepare, &b->prepare) && a->h == b->h && a->w == b->w;
}

static CopStatus find_input(CopLiveGrid *g, CopLiveGridModel *m, CopError *err)
{
    const CopModel *model = m->model->model;
    const CopShape shape = cop_net_input_shape(model->net);
    const CopGridInput wanted = {.sample = {.frames = model->frames,
                                            .stride = model->stride,
                                            .clips = 1,
                                            .policy = model->policy,
                                            .test = true,
                                            .fps = g->options.rate > 0 ? model->fps : 0},
                                 .prepare = model->prepare,
                                 .h = shape.h,
                                 .w = shape.w};
    for (m->input = 0; m->input < g->n_inputs; m->input++)
        if (same_input(&g->input[m->input], &wanted))
            return COP_OK;
    if (g->n_inputs == COP_GRID_INPUTS)
        return cop_error_set(err, COP_ERR_CONFIG, "more than %d kinds of clip among the models",
                             COP_GRID_INPUTS);
    g->input[g->n_inputs++] = wanted;
    return COP_OK;
}

static CopStatus check_classes(const CopLiveGrid *g, const CopLiveModel *m, CopError *err)
{
    const CopLiveModel *first = g->model[0].model;
    if (m->classes != first->classes)
        return cop_error_set(err, COP_ERR_MODEL, "%s: has %d classes, %s %d", m->model->path,
                             m->classes, first->model->path, first->classes);
    const bool named = m->model->classes.n && first->model->classes.n;
    for (int k = 0; named && k < m->classes; k++)
        if (strcmp(m->label[k], first->label[k]) != 0)
            return cop_error_set(err, COP_ERR_MODEL, "%s: class %d is '%s', in %s '%s'",
                                 m->model->path, k, m->label[k], first->model->path,
                                 first->label[k]);
    return COP_OK;
}

static CopStatus open_models(CopLiveGrid *g, CopError *err)
{
    const CopLiveGridOptions *o = &g->options;
    if (o->n_models < 1)
        return cop_error_set(err, COP_ERR_CONFIG, "models: none is named");
    g->model = g_new0(CopLiveGridModel, o->n_models);
    const int batch = MIN(o->lanes, g->variants.n);
    for (int i = 0; i < o->n_models; i++) {
        CopLiveGridModel *m = &g->model[i];
        COP_TRY(cop_live_model_open(&m->model, o->models[i], o->labels, batch,
                                    cop_pool_threads(g->pool), err));
        COP_TRY(check_classes(g, m->model, err));
        COP_TRY(find_input(g, m, err));
    }
    return COP_OK;
}

CopStatus cop_live_grid_class(const CopLiveGrid *g, const char *label, int *out, CopError *err)
{
    *out = label && *label ? cop_live_model_class(g->model[0].model, label) : -1;
    if (label && *label && *out < 0)
        return cop_error_set(err, COP_ERR_CONFIG,
                             "label: \"%s\" is neither a class of %s nor the number of one", label,
                             g->model[0].model->model->path);
    return COP_OK;
}

static CopStatus open_labels(CopLiveGrid *g, CopError *err)
{
    COP_TRY(cop_live_grid_class(g, g->options.label, &g->label, err));
    if (!g->options.track || !*g->options.track)
        return COP_OK;
    COP_TRY(cop_label_track_open(&g->track, g->options.track, err));
    const int spans = cop_label_track_spans(g->track);
    g->track_class = g_new(int, spans);
    for (int i = 0; i < spans; i++)
        COP_TRY(
            cop_live_grid_class(g, cop_label_track_label(g->track, i), &g->track_class[i], err));
    return COP_OK;
}

static CopStatus make_metrics(CopLiveGrid *g, CopError *err)
{
    int *group = g_new(int, g->variants.n);
    for (int v = 0; v < g->variants.n; v++) {
        group[v] = v == 0 ? -1 : v;
        for (int k = v - 1; k > 0; k--)
            if (g->variants.item[k].desc == g->variants.item[v].desc)
                group[v] = group[k];
    }
    const double half_life = g->options.half_life > 0 ? g->options.half_life : HALF_LIFE;
    const CopStatus status =
        cop_live_metrics_create(&g->metrics, g->options.n_models, g->variants.n, group, half_life);
    g_free(group);
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "no memory for figures");
}

static CopStatus make_window(CopLiveGrid *g, CopError *err)
{
    int span, lead, trail;
    bool pad = g->options.pad;
    for (int i = 0; i < g->n_inputs; i++)
        pad &= g->input[i].sample.policy != COP_EDGE_ERROR;
    cop_live_lanes_reach(g->lanes, &span, &lead, &trail);
    const CopClipWindowOptions options = {.frames = span,
                                          .hop = g->options.hop,
                                          .hop_us = g->options.hop_us,
                                          .lead = lead,
                                          .trail = trail,
                                          .pad = pad,
                                          .policy = COP_EDGE_REPEAT_LAST};
    return cop_clip_window_create(&g->window, &options, err);
}

CopStatus cop_live_grid_set_up(CopLiveGrid *g, CopError *err)
{
    CopLiveGridOptions *o = &g->options;
    o->lanes = o->lanes ? o->lanes : LANES;
    if (o->lanes < 2 || o->lanes > LANES_MOST)
        return cop_error_set(err, COP_ERR_CONFIG, "lanes: got %d; must be 2 to %d", o->lanes,
                             LANES_MOST);
    CopStatus status = cop_pool_create(&g->pool, o->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "%d threads: no such pool can be made", o->threads);
    COP_TRY(make_variants(g, err));
    o->lanes = MIN(o->lanes, g->variants.n);
    COP_TRY(open_models(g, err));
    COP_TRY(open_labels(g, err));
    COP_TRY(make_metrics(g, err));
    const CopLiveLanesOptions lanes = {.variants = &g->variants,
                                       .inputs = g->input,
                                       .n_inputs = g->n_inputs,
                                       .stage = o->stage,
                                       .clip = o->clip,
                                       .rate = o->rate,
                                       .lanes = o->lanes,
                                       .pool = g->pool,
                                       .pictures = o->pictures};
    COP_TRY(cop_live_lanes_create(&g->lanes, &lanes, err));
    COP_TRY(make_window(g, err));
    g->variant = g_new(int, o->lanes);
    g->lane = g_new0(CopLiveLane, o->n_models * o->lanes);
    g->p = g_new(float, g->model[0].model->classes);
    return COP_OK;
}
