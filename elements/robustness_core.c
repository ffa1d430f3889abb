/* The element "robustness": its settings, and answers on their way out.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "elements/robustness.h"
#include "elements/robustness_private.h"
#include "pipeline/live/overlay_feed.h"

static const char *const stages[] = {"native", "input", NULL}; /* in the order of CopStage */

#define FIELD(name) offsetof(CopRobustnessSettings, name)
const CopOption cop_robustness_rows[] = {
    {"models", "model files to run (safetensors), separated by commas; equal classes",
     COP_TYPE_STRINGS, FIELD(models), "", 0, 0, NULL, 0},
    {"labels", "text file with a name a line for each class, in place of the models' names",
     COP_TYPE_STRING, FIELD(labels), "", 0, 0, NULL, 0},
    {"corruptions",
     "names or families of corruptions, or all, each with severities of its own if given, as "
     "\"fog:1,3,5, noise, h264_crf:4\"",
     COP_TYPE_STRING, FIELD(corruptions), "fog, gaussian_noise, motion_blur", 0, 0, NULL, 0},
    {"severities", "severities of corruptions that name none, above 0 and up to 5", COP_TYPE_STRING,
     FIELD(severities), "1, 3, 5", 0, 0, NULL, 0},
    {"label",
     "class that the stream shows, a name or number; empty: not known. May be set while the stream "
     "runs",
     COP_TYPE_STRING, FIELD(label), "", 0, 0, NULL, 0},
    {"label_track", "file of rows START,END,LABEL in seconds of the stream, in place of label",
     COP_TYPE_STRING, FIELD(label_track), "", 0, 0, NULL, 0},
    {"stage",
     "what is corrupted: the models' resized pictures, or (much slower) the stream's own frames",
     COP_TYPE_CHOICE, FIELD(stage), "input", 0, 0, stages, 0},
    {"preset", "severity table, as imagenet-c-224, where a corruption has it; empty: coppice",
     COP_TYPE_STRING, FIELD(preset), "", 0, 0, NULL, 0},
    {"temporal", "how what is drawn runs from frame to frame; auto is each corruption's own way",
     COP_TYPE_CHOICE, FIELD(temporal), "auto", 0, 0, cop_temporal_names, 0},
    {"params", "parameters in place of the table's, a text a corruption: \"h264_crf:gop=16\"",
     COP_TYPE_STRINGS, FIELD(params), "", 0, 0, NULL, 0},
    {"seed", "seed of all that is drawn; equal seeds give equal bytes", COP_TYPE_U64, FIELD(seed),
     "1", 0, 0, NULL, 0},
    {"clip_id", "tells streams of one seed apart; a whole number, 0 to 4294967295", COP_TYPE_U64,
     FIELD(clip_id), "0", 0, UINT32_MAX, NULL, 0},
    {"lanes",
     "variants of a window at a time, the clean one included; where there are more they take turns",
     COP_TYPE_INT, FIELD(lanes), "16", 2, 1024, NULL, 0},
    {"hop", "frames from one window's start to the next's; 0: windows touch", COP_TYPE_INT,
     FIELD(hop), "0", 0, 4096, NULL, 0},
    {"threads", "threads that corrupt and compute; 0: all processors", COP_TYPE_INT, FIELD(threads),
     "0", 0, 1024, NULL, 0},
    {"half_life", "windows after which live figures have forgotten half", COP_TYPE_DOUBLE,
     FIELD(half_life), "20", 0.1, 1e6, NULL, 0},
    {"pad", "at the end answer a partial window, filled as the models' clip.policy says",
     COP_TYPE_BOOL, FIELD(pad), "false", 0, 0, NULL, 0},
    {"location",
     "file that all answers are written to: a result file for coppice compare where its name ends "
     "in .db, .sqlite or .sqlite3, else lines of JSON; empty: none",
     COP_TYPE_STRING, FIELD(location), "", 0, 0, NULL, 0},
    {"stream", "name of the stream in that file", COP_TYPE_STRING, FIELD(stream), "live", 0, 0,
     NULL, 0},
    COP_OPTIONS_END,
};

/* --- answers ------------------------------------------------------------------------- */

typedef struct Field {
    GstStructure *content;
    const char *name;
    GValue list;
} Field;

static Field begin(GstStructure *content, const char *name)
{
    Field field = {content, name, G_VALUE_INIT};
    g_value_init(&field.list, GST_TYPE_ARRAY);
    return field;
}

static void add_text(Field *field, const char *text)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_STRING);
    g_value_set_string(&value, text);
    gst_value_array_append_and_take_value(&field->list, &value);
}

static void add_int(Field *field, int number)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_INT);
    g_value_set_int(&value, number);
    gst_value_array_append_and_take_value(&field->list, &value);
}

static void add_double(Field *field, double number)
{
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_DOUBLE);
    g_value_set_double(&value, number);
    gst_value_array_append_and_take_value(&field->list, &value);
}

static void end(Field *field)
{
    gst_structure_take_value(field->content, field->name, &field->list);
}

static void put_variants(GstStructure *content, const CopVariants *variants,
                         const CopLiveGridAnswer *answer)
{
    Field names = begin(content, "corruptions"), severities = begin(content, "severities");
    for (int i = 0; i < answer->n_lanes; i++) {
        add_text(&names, cop_variant_name(&variants->item[answer->variant[i]]));
        add_double(&severities, variants->item[answer->variant[i]].severity);
    }
    end(&names);
    end(&severities);
}

static void put_lanes(GstStructure *content, const CopLiveGridAnswer *answer, int models)
{
    Field classes = begin(content, "classes"), scores = begin(content, "scores");
    Field agrees = begin(content, "agrees"), right = begin(content, "right");
    for (int i = 0; i < models * answer->n_lanes; i++) {
        const CopLiveLane *lane = &answer->lane[i];
        add_int(&classes, lane->top[0]);
        add_double(&scores, (double)lane->score[0]);
        add_int(&agrees, lane->hit.agrees);
        add_int(&right, lane->hit.right);
    }
    end(&classes);
    end(&scores);
    end(&agrees);
    end(&right);
}

/* Names of the models and how robust they have been so far. */
static void put_models(GstStructure *content, CopLiveGrid *grid)
{
    const int models = cop_live_grid_models(grid), variants = cop_live_grid_variants(grid)->n;
    CopLiveMetrics *metrics = cop_live_grid_metrics(grid);
    CopLiveCell *cells = g_new(CopLiveCell, models * variants);
    Field names = begin(content, "models"), robust = begin(content, "robust");
    Field live = begin(content, "live-robust");
    cop_live_metrics_snapshot(metrics, cells);
    for (int m = 0; m < models; m++) {
        add_text(&names, cop_live_grid_model(grid, m)->model->name);
        add_double(&robust, cop_live_metrics_robust(metrics, &cells[m * variants], false));
        add_double(&live, cop_live_metrics_robust(metrics, &cells[m * variants], true));
    }
    gst_structure_set(content, "measure", G_TYPE_STRING, cop_live_cell_measure(&cells[0]), NULL);
    end(&names);
    end(&robust);
    end(&live);
    g_free(cells);
}

/* One failure is told, and nothing more is written. */
static void write_answer(GstRobustness *self, const CopLiveGridAnswer *answer)
{
    CopError err = {0};
    if (!self->sink || cop_live_sink_add(self->sink, answer, &err) == COP_OK)
        return;
    GST_ELEMENT_WARNING(self, RESOURCE, WRITE, ("%s", err.text),
                        ("no more answers are written there"));
    cop_live_sink_abandon(&self->sink);
}

static void answered(void *ctx, const CopLiveGridAnswer *answer)
{
    GstRobustness *self = ctx;
    CopLiveGrid *grid = self->core;
    write_answer(self, answer);
    CopOverlay *overlay = cop_live_filter_begin_overlay(COP_LIVE_FILTER(self));
    if (overlay)
        cop_overlay_feed_robustness(overlay, grid, answer);
    cop_live_filter_end_overlay(COP_LIVE_FILTER(self));
    GstStructure *content = cop_live_filter_content(COP_ROBUSTNESS_MESSAGE, answer->window,
                                                    answer->waited, answer->seconds);
    gst_structure_set(content, "label", G_TYPE_INT, answer->label, "label-name", G_TYPE_STRING,
                      answer->label < 0 ? "" : cop_live_grid_model(grid, 0)->label[answer->label],
                      NULL);
    put_models(content, grid);
    put_variants(content, cop_live_grid_variants(grid), answer);
    put_lanes(content, answer, cop_live_grid_models(grid));
    cop_live_filter_answered(COP_LIVE_FILTER(self), content);
}

static void failed(void *ctx, const CopError *err)
{
    cop_live_filter_failed(COP_LIVE_FILTER(ctx), err);
}

/* --- the core ------------------------------------------------------------------------ */

static CopStatus open_with(GstRobustness *self, const CopRobustnessSettings *s, double rate,
                           CopError *err)
{
    const CopLiveGridCalls calls = {answered, failed, self};
    const char **params = g_new0(const char *, s->params.n + 1);
    for (int i = 0; i < s->params.n; i++)
        params[i] = s->params.item[i];
    const CopLiveGridOptions options = {.models = (const char *const *)s->models.item,
                                        .n_models = s->models.n,
                                        .labels = s->labels,
                                        .corruptions = s->corruptions,
                                        .severities = s->severities,
                                        .preset = s->preset,
                                        .temporal = cop_temporal_names[s->temporal],
                                        .params = params,
                                        .seed = s->seed,
                                        .clip = (uint32_t)s->clip_id,
                                        .stage = (CopStage)s->stage,
                                        .lanes = s->lanes,
                                        .threads = s->threads,
                                        .policy = COP_BLOCK,
                                        .hop = s->hop,
                                        .pad = s->pad,
                                        .rate = rate,
                                        .label = s->label,
                                        .track = s->label_track,
                                        .half_life = s->half_life,
                                        .pictures = true};
    CopStatus status = cop_live_grid_create(&self->core, &options, &calls, err);
    g_free(params);
    if (status == COP_OK && *s->location)
        status =
            cop_live_sink_open(&self->sink, s->location, s->stream, self->core, "robustness", err);
    if (status != COP_OK)
        cop_live_grid_destroy(&self->core);
    return status;
}

CopStatus cop_robustness_open(GstRobustness *self, double rate, CopError *err)
{
    CopRobustnessSettings s = {0};
    CopStatus status = cop_live_filter_copy_settings(COP_LIVE_FILTER(self), &s, err);
    if (status == COP_OK)
        status = open_with(self, &s, rate, err);
    cop_options_free(cop_robustness_rows, &s);
    return status;
}
