/* What a stream shows as JSON, one object a line.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/live/live_json.h"

#include <glib.h>
#include <math.h>

#include "pipeline/json_text.h"

enum { VERSION = 1 };

static JsonBuilder *begin(const char *kind, const char *stream)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    cop_json_put_int(b, "v", VERSION);
    cop_json_put_text(b, "kind", kind);
    cop_json_put_text(b, "stream", stream);
    return b;
}

static char *end(JsonBuilder *b)
{
    json_builder_end_object(b);
    return cop_json_text(b, FALSE);
}

static void put_time(JsonBuilder *b, const char *key, int64_t us)
{
    cop_json_put_double(b, key, us == INT64_MIN ? NAN : (double)us / 1e6);
}

static void put_bool(JsonBuilder *b, const char *key, bool value)
{
    json_builder_set_member_name(b, key);
    json_builder_add_boolean_value(b, value);
}

/* A class, or null where there is none. */
static void put_class(JsonBuilder *b, const char *key, int class)
{
    json_builder_set_member_name(b, key);
    if (class < 0)
        json_builder_add_null_value(b);
    else
        json_builder_add_int_value(b, class);
}

/* Milliseconds to the microsecond. */
static void put_ms(JsonBuilder *b, const char *key, double seconds)
{
    cop_json_put_double(b, key, round(seconds * 1e6) / 1e3);
}

static void put_window(JsonBuilder *b, const CopLiveWindow *window)
{
    cop_json_put_int(b, "window", window->number);
    cop_json_put_int(b, "first", window->first);
    cop_json_put_int(b, "last", window->last);
    put_time(b, "start", window->pts);
    put_time(b, "end", window->end_pts);
    cop_json_put_int(b, "padded", window->padded);
}

static void begin_list(JsonBuilder *b, const char *key)
{
    json_builder_set_member_name(b, key);
    json_builder_begin_array(b);
}

char *cop_live_json_prediction(const char *stream, const CopLiveAnswer *answer, int top)
{
    JsonBuilder *b = begin("prediction", stream);
    put_window(b, answer->window);
    cop_json_put_text(b, "model", answer->model->model->name);
    begin_list(b, "top");
    for (int i = 0; i < MIN(top, answer->n_top); i++) {
        json_builder_begin_object(b);
        cop_json_put_int(b, "class", answer->top[i]);
        cop_json_put_text(b, "label", answer->model->label[answer->top[i]]);
        cop_json_put_double(b, "score", (double)answer->score[i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    put_ms(b, "waited_ms", answer->waited);
    put_ms(b, "run_ms", answer->seconds);
    return end(b);
}

static void put_lane(JsonBuilder *b, const CopLiveModel *model, const CopVariant *variant,
                     const CopLiveLane *lane)
{
    json_builder_begin_object(b);
    cop_json_put_text(b, "model", model->model->name);
    cop_json_put_text(b, "corruption", cop_variant_name(variant));
    cop_json_put_double(b, "severity", variant->severity);
    cop_json_put_int(b, "class", lane->top[0]);
    cop_json_put_text(b, "label", model->label[lane->top[0]]);
    cop_json_put_double(b, "score", (double)lane->score[0]);
    json_builder_set_member_name(b, "right");
    if (lane->hit.right < 0)
        json_builder_add_null_value(b);
    else
        json_builder_add_boolean_value(b, lane->hit.right > 0);
    put_bool(b, "agrees", lane->hit.agrees > 0);
    cop_json_put_double(b, "drop", lane->hit.drop);
    json_builder_end_object(b);
}

char *cop_live_json_robustness(const char *stream, const CopLiveGrid *grid,
                               const CopLiveGridAnswer *answer)
{
    const CopVariants *variants = cop_live_grid_variants(grid);
    JsonBuilder *b = begin("robustness", stream);
    put_window(b, answer->window);
    put_class(b, "label", answer->label);
    cop_json_put_text(b, "label_name",
                      answer->label < 0 ? NULL
                                        : cop_live_grid_model(grid, 0)->label[answer->label]);
    put_ms(b, "waited_ms", answer->waited);
    put_ms(b, "run_ms", answer->seconds);
    begin_list(b, "answers");
    for (int m = 0; m < cop_live_grid_models(grid); m++)
        for (int i = 0; i < answer->n_lanes; i++)
            put_lane(b, cop_live_grid_model(grid, m), &variants->item[answer->variant[i]],
                     &answer->lane[m * answer->n_lanes + i]);
    json_builder_end_array(b);
    return end(b);
}

/* --- summary ----------------------------------------------------------------------- */

static void put_percentiles(JsonBuilder *b, const char *key, const double value[3])
{
    json_builder_set_member_name(b, key);
    json_builder_begin_object(b);
    put_ms(b, "p50", value[0]);
    put_ms(b, "p95", value[1]);
    put_ms(b, "p99", value[2]);
    json_builder_end_object(b);
}

static void put_cell(JsonBuilder *b, const CopVariant *variant, const CopLiveCell *cell)
{
    json_builder_begin_object(b);
    cop_json_put_text(b, "corruption", cop_variant_name(variant));
    cop_json_put_double(b, "severity", variant->severity);
    cop_json_put_int(b, "windows", cell->windows);
    cop_json_put_int(b, "labelled", cell->labelled);
    cop_json_put_double(b, "accuracy", cell->accuracy);
    cop_json_put_double(b, "agreement", cell->agreement);
    cop_json_put_double(b, "flip_rate", cell->flip_rate);
    cop_json_put_double(b, "drop", cell->drop);
    put_ms(b, "run_ms", cell->seconds);
    cop_json_put_double(b, "live_accuracy", cell->live_accuracy);
    cop_json_put_double(b, "live_agreement", cell->live_agreement);
    cop_json_put_double(b, "live_drop", cell->live_drop);
    json_builder_end_object(b);
}

static void put_models(JsonBuilder *b, CopLiveGrid *grid)
{
    const CopVariants *variants = cop_live_grid_variants(grid);
    const CopLiveMetrics *metrics = cop_live_grid_metrics(grid);
    const int models = cop_live_grid_models(grid);
    CopLiveCell *cells = g_new(CopLiveCell, models * variants->n);
    cop_live_metrics_snapshot(cop_live_grid_metrics(grid), cells);
    for (int m = 0; m < models; m++) {
        const CopLiveCell *cell = &cells[m * variants->n];
        json_builder_begin_object(b);
        cop_json_put_text(b, "model", cop_live_grid_model(grid, m)->model->name);
        cop_json_put_double(b, "robust", cop_live_metrics_robust(metrics, cell, false));
        cop_json_put_double(b, "live_robust", cop_live_metrics_robust(metrics, cell, true));
        begin_list(b, "cells");
        for (int v = 0; v < variants->n; v++)
            put_cell(b, &variants->item[v], &cell[v]);
        json_builder_end_array(b);
        json_builder_end_object(b);
    }
    g_free(cells);
}

char *cop_live_json_summary(const char *stream, const CopLiveStats *stats, CopLiveGrid *grid)
{
    JsonBuilder *b = begin("summary", stream);
    json_builder_set_member_name(b, "windows");
    json_builder_begin_object(b);
    cop_json_put_int(b, "in", stats->in);
    cop_json_put_int(b, "run", stats->run);
    cop_json_put_int(b, "dropped", stats->dropped);
    cop_json_put_int(b, "discarded", stats->discarded);
    json_builder_end_object(b);
    cop_json_put_double(b, "rate", stats->rate);
    put_percentiles(b, "latency_ms", stats->latency);
    put_percentiles(b, "run_ms", stats->seconds);
    begin_list(b, "models");
    if (grid)
        put_models(b, grid);
    json_builder_end_array(b);
    return end(b);
}
