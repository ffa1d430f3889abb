/* coppice predict: what a model sees in videos.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "models/layers/cross_entropy.h"
#include "pipeline/cli.h"
#include "pipeline/data/loader.h"
#include "pipeline/eval/lane_batch.h"
#include "pipeline/json_text.h"
#include "pipeline/model/model.h"

extern const CopCommand cop_cmd_predict;

typedef struct Words {
    char *model, *tile;
    int top, clips, threads;
    gboolean json;
} Words;

typedef struct Predictor {
    const Words *words;
    CopModel *model;
    CopPool *pool;
    CopArena *arena;
    CopTensor clip; /* a lane of its own: frames are prepared into lanes, not into tiles */
    float *p;       /* [classes] of one view */
    double *mean;   /* [classes] over views */
    float *score;   /* [classes] */
} Predictor;

static const char *class_name(const CopModel *model, int k, char text[16])
{
    if (k < model->classes.n)
        return model->classes.item[k];
    g_snprintf(text, 16, "%d", k);
    return text;
}

/* Mean probabilities over evenly spread clips into score. */
static CopStatus look_at(Predictor *p, const char *path, CopError *err)
{
    const int classes = cop_net_classes(p->model->net);
    CopLoaderOptions o = {.sample = {.frames = p->model->frames,
                                     .stride = p->model->stride,
                                     .sampler = COP_SAMPLER_UNIFORM,
                                     .clips = p->words->clips,
                                     .policy = COP_EDGE_LOOP},
                          .prepare = p->model->prepare};
    CopDataItem item = {.path = (char *)(uintptr_t)path};
    for (int k = 0; k < classes; k++)
        p->mean[k] = 0;
    const CopStep step = {.pool = p->pool};
    for (int view = 0; view < p->words->clips; view++) {
        cop_net_set_n(p->model->net, 1);
        o.view = view;
        COP_TRY(cop_load_clip(&o, &item, &p->clip, 0, err));
        cop_tensor_copy_lane(cop_net_input(p->model->net), 0, &p->clip, 0);
        cop_net_forward(p->model->net, &step);
        cop_softmax(cop_net_logits(p->model->net), 0, p->p);
        for (int k = 0; k < classes; k++)
            p->mean[k] += (double)p->p[k] / p->words->clips;
    }
    for (int k = 0; k < classes; k++)
        p->score[k] = (float)p->mean[k];
    return COP_OK;
}

static void print_text(const Predictor *p, const char *path)
{
    CopStorePrediction top = {0};
    cop_top_classes(p->score, cop_net_classes(p->model->net), &top);
    printf("%s\n", path);
    for (int i = 0; i < top.n_top && i < p->words->top; i++) {
        char number[16];
        printf("  %5.1f %%  %s\n", 100 * (double)top.score[i],
               class_name(p->model, top.top[i], number));
    }
}

static void print_json(const Predictor *p, const char *path)
{
    CopStorePrediction top = {0};
    cop_top_classes(p->score, cop_net_classes(p->model->net), &top);
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "video");
    json_builder_add_string_value(b, path);
    json_builder_set_member_name(b, "top");
    json_builder_begin_array(b);
    for (int i = 0; i < top.n_top && i < p->words->top; i++) {
        char number[16];
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "class");
        json_builder_add_int_value(b, top.top[i]);
        json_builder_set_member_name(b, "label");
        json_builder_add_string_value(b, class_name(p->model, top.top[i], number));
        json_builder_set_member_name(b, "score");
        json_builder_add_double_value(b, (double)top.score[i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, FALSE);
    printf("%s\n", text);
    g_free(text);
}

/* One clip at a time, so that tiles are worth it. */
static CopStatus open_model(Predictor *p, CopError *err)
{
    bool tile;
    COP_TRY(cop_cli_tile(p->words->tile, 1, &tile, err));
    COP_TRY(cop_model_open(&p->model, p->words->model, NULL, NULL, tile ? COP_MODEL_TILES : 1,
                           cop_pool_threads(p->pool), NULL, err));
    const CopShape in = cop_net_input_shape(p->model->net);
    CopStatus status = cop_arena_create(&p->arena, 0);
    if (status == COP_OK)
        status = cop_tensor_create(&p->clip, p->arena, 1, in.c, in.t, in.h, in.w, (CopHalo){0});
    return status == COP_OK ? COP_OK : cop_error_set(err, status, "no memory for a clip");
}

/* A broken video does not keep the others from being looked at; each failure is
 * printed as it comes (*reported), the first decides the exit code. */
static CopStatus predict(const Words *words, char **videos, int n, bool *reported, CopError *err)
{
    if (!words->model || n < 1)
        return cop_error_set(err, COP_ERR_ARG, "%s is missing",
                             words->model ? "VIDEO" : "--model M");
    if (words->top < 1 || words->top > COP_TOP || words->clips < 1 || words->clips > 1000)
        return cop_error_set(err, COP_ERR_ARG, "--top must be 1 to %d, --clips 1 to 1000", COP_TOP);
    Predictor p = {.words = words};
    CopStatus status = cop_pool_create(&p.pool, words->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "--threads %d: no such pool can be made", words->threads);
    status = open_model(&p, err);
    if (status == COP_OK) {
        const gsize classes = (gsize)cop_net_classes(p.model->net);
        p.p = g_new(float, classes);
        p.score = g_new(float, classes);
        p.mean = g_new(double, classes);
        for (int i = 0; i < n; i++) {
            CopError mine = {0};
            const CopStatus seen = look_at(&p, videos[i], &mine);
            if (seen == COP_OK)
                (words->json ? print_json : print_text)(&p, videos[i]);
            else if (n > 1)
                *reported = cop_cli_fail("predict", &mine) != COP_EXIT_OK;
            if (seen != COP_OK && status == COP_OK) {
                status = seen;
                *err = mine;
            }
        }
    }
    g_free(p.p);
    g_free(p.score);
    g_free(p.mean);
    cop_arena_destroy(&p.arena);
    cop_model_close(&p.model);
    cop_pool_destroy(&p.pool);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.top = COP_TOP, .clips = 1};
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &words.model, "Model to use", "M"},
        {"top", 'k', 0, G_OPTION_ARG_INT, &words.top, "Classes to show, 1 to 5 (5)", "K"},
        {"clips", 0, 0, G_OPTION_ARG_INT, &words.clips, "Clips a video, averaged (1)", "N"},
        {"tile", 0, 0, G_OPTION_ARG_STRING, &words.tile,
         "Spread each clip over the vector lanes: auto, on or off (auto: on)", "WORD"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &words.threads, "Threads; 0: all processors (0)", "N"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "One JSON object a video", NULL},
        {.long_name = NULL},
    };
    bool done, reported = false;
    int code = cop_cli_parse(&cop_cmd_predict, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && predict(&words, argv + 1, argc - 1, &reported, &err) != COP_OK)
        code = reported ? (int)cop_exit_code(err.status) : cop_cli_fail("predict", &err);
    g_free(words.model);
    g_free(words.tile);
    return code;
}

const CopCommand cop_cmd_predict = {
    .name = "predict",
    .usage = "--model M VIDEO...",
    .summary = "name what a model sees in videos",
    .run = run,
};
