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
    char *model, *tile, *sampler, *aggregate;
    int top, clips, crops, threads;
    double fps;
    gboolean json;
} Words;

typedef struct Predictor {
    const Words *words;
    CopSampler sampler;
    CopAggregate aggregate;
    CopModel *model;
    CopPool *pool;
    CopArena *arena;
    CopTensor clip; /* a lane of its own: frames are prepared into lanes, not into tiles */
    float *p;       /* [classes] of one view */
    double *sum;    /* [classes] over views */
    float *score;   /* [classes] */
} Predictor;

static const char *class_name(const CopModel *model, int k, char text[16])
{
    if (k < model->classes.n)
        return model->classes.item[k];
    g_snprintf(text, 16, "%d", k);
    return text;
}

/* Probabilities over all clips and crops into score. */
static CopStatus look_at(Predictor *p, const char *path, CopError *err)
{
    const Words *words = p->words;
    const int classes = cop_net_classes(p->model->net), views = words->clips * words->crops;
    CopLoaderOptions o = {.sample = {.frames = p->model->frames,
                                     .stride = p->model->stride,
                                     .sampler = p->sampler,
                                     .clips = words->clips,
                                     .policy = COP_EDGE_LOOP,
                                     .test = true,
                                     .fps = words->fps},
                          .prepare = p->model->prepare,
                          .crops = words->crops};
    CopDataItem item = {.path = (char *)(uintptr_t)path};
    for (int k = 0; k < classes; k++)
        p->sum[k] = 0;
    const CopStep step = {.pool = p->pool};
    for (int view = 0; view < views; view++) {
        cop_net_set_n(p->model->net, 1);
        o.view = view;
        COP_TRY(cop_load_clip(&o, &item, &p->clip, 0, err));
        cop_tensor_copy_lane(cop_net_input(p->model->net), 0, &p->clip, 0);
        cop_net_forward(p->model->net, &step);
        cop_softmax(cop_net_logits(p->model->net), 0, p->p);
        cop_aggregate_add(p->aggregate, views, cop_net_logits(p->model->net), 0, p->p, p->sum);
    }
    cop_aggregate_end(p->aggregate, p->sum, classes, p->score);
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

/* Place of a word in `names`, the default where it is not given. */
static CopStatus find_word(const char *option, const char *word, const char *const *names,
                           int otherwise, int *out, CopError *err)
{
    *out = otherwise;
    if (!word)
        return COP_OK;
    for (*out = 0; names[*out]; ++*out)
        if (cop_name_equal(names[*out], word))
            return COP_OK;
    char *all = g_strjoinv(", ", (char **)(uintptr_t)names);
    const CopStatus status =
        cop_error_set(err, COP_ERR_ARG, "%s: got \"%s\"; allowed: %s", option, word, all);
    g_free(all);
    return status;
}

static CopStatus read_words(Predictor *p, CopError *err)
{
    const Words *words = p->words;
    int sampler, aggregate;
    if (words->top < 1 || words->top > COP_TOP || words->clips < 1 || words->clips > 1000 ||
        words->crops < 1 || words->crops > 16)
        return cop_error_set(err, COP_ERR_ARG,
                             "--top must be 1 to %d, --clips 1 to 1000, --crops 1 to 16", COP_TOP);
    COP_TRY(find_word("--sampler", words->sampler, cop_sampler_names, COP_SAMPLER_UNIFORM, &sampler,
                      err));
    COP_TRY(find_word("--aggregate", words->aggregate, cop_aggregate_names, COP_AGGREGATE_PROB,
                      &aggregate, err));
    p->sampler = (CopSampler)sampler;
    p->aggregate = (CopAggregate)aggregate;
    if (!(words->fps >= 0) || (words->fps > 0 && !cop_sampler_takes_fps(p->sampler)))
        return cop_error_set(err, COP_ERR_ARG,
                             "--fps: got %g; allowed: a rate, and 0 where the sampler is mmaction "
                             "or segments",
                             words->fps);
    return COP_OK;
}

/* A broken video does not keep the others from being looked at; each failure is
 * printed as it comes (*reported), the first decides the exit code. */
static CopStatus predict(const Words *words, char **videos, int n, bool *reported, CopError *err)
{
    if (!words->model || n < 1)
        return cop_error_set(err, COP_ERR_ARG, "%s is missing",
                             words->model ? "VIDEO" : "--model M");
    Predictor p = {.words = words};
    COP_TRY(read_words(&p, err));
    CopStatus status = cop_pool_create(&p.pool, words->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "--threads %d: no such pool can be made", words->threads);
    status = open_model(&p, err);
    if (status == COP_OK && words->crops > 1 && !p.model->prepare.crop)
        status = cop_error_set(err, COP_ERR_ARG, "%s: takes whole pictures, --crops must be 1",
                               words->model);
    if (status == COP_OK) {
        const gsize classes = (gsize)cop_net_classes(p.model->net);
        p.p = g_new(float, classes);
        p.score = g_new(float, classes);
        p.sum = g_new(double, classes);
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
    g_free(p.sum);
    cop_arena_destroy(&p.arena);
    cop_model_close(&p.model);
    cop_pool_destroy(&p.pool);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.top = COP_TOP, .clips = 1, .crops = 1};
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &words.model, "Model to use", "M"},
        {"top", 'k', 0, G_OPTION_ARG_INT, &words.top, "Classes to show, 1 to 5 (5)", "K"},
        {"clips", 0, 0, G_OPTION_ARG_INT, &words.clips, "Clips a video (1)", "N"},
        {"crops", 0, 0, G_OPTION_ARG_INT, &words.crops,
         "Crops a clip, along the longer side; 3: both ends and the middle (1)", "N"},
        {"sampler", 0, 0, G_OPTION_ARG_STRING, &words.sampler,
         "Which frames make a clip, see list samplers (uniform)", "NAME"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &words.fps,
         "Frames a second that clips are counted in; 0: the video's (0)", "F"},
        {"aggregate", 0, 0, G_OPTION_ARG_STRING, &words.aggregate,
         "How views become one answer: prob, score or max (prob)", "WORD"},
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
    g_free(words.sampler);
    g_free(words.aggregate);
    return code;
}

const CopCommand cop_cmd_predict = {
    .name = "predict",
    .usage = "--model M VIDEO...",
    .summary = "name what a model sees in videos",
    .run = run,
};
