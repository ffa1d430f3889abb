/* coppice predict: what a model sees in videos.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "pipeline/cli.h"
#include "pipeline/eval/lane_batch.h"
#include "pipeline/json_text.h"
#include "pipeline/model/classifier.h"

extern const CopCommand cop_cmd_predict;

typedef struct Words {
    char *model, *tile, *sampler, *aggregate;
    int top, clips, crops, threads;
    double fps;
    gboolean json;
} Words;

static void print_text(const Words *words, CopClassifier *classifier, const char *path,
                       const CopStorePrediction *top)
{
    printf("%s\n", path);
    for (int i = 0; i < top->n_top && i < words->top; i++)
        printf("  %5.1f %%  %s\n", 100 * (double)top->score[i],
               cop_classifier_label(classifier, top->top[i]));
}

static void print_json(const Words *words, CopClassifier *classifier, const char *path,
                       const CopStorePrediction *top)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "video");
    json_builder_add_string_value(b, path);
    json_builder_set_member_name(b, "top");
    json_builder_begin_array(b);
    for (int i = 0; i < top->n_top && i < words->top; i++) {
        json_builder_begin_object(b);
        json_builder_set_member_name(b, "class");
        json_builder_add_int_value(b, top->top[i]);
        json_builder_set_member_name(b, "label");
        json_builder_add_string_value(b, cop_classifier_label(classifier, top->top[i]));
        json_builder_set_member_name(b, "score");
        json_builder_add_double_value(b, (double)top->score[i]);
        json_builder_end_object(b);
    }
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, FALSE);
    printf("%s\n", text);
    g_free(text);
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

static CopStatus read_words(const Words *words, CopClassifierOptions *out, CopError *err)
{
    bool tile;
    int sampler, aggregate;
    if (words->top < 1 || words->top > COP_TOP || words->clips < 1 || words->clips > 1000 ||
        words->crops < 1 || words->crops > 16)
        return cop_error_set(err, COP_ERR_ARG,
                             "--top must be 1 to %d, --clips 1 to 1000, --crops 1 to 16", COP_TOP);
    COP_TRY(find_word("--sampler", words->sampler, cop_sampler_names, 0, &sampler, err));
    COP_TRY(find_word("--aggregate", words->aggregate, cop_aggregate_names, COP_AGGREGATE_PROB,
                      &aggregate, err));
    COP_TRY(cop_cli_tile(words->tile, 1, &tile, err));
    *out = (CopClassifierOptions){.clips = words->clips,
                                  .crops = words->crops,
                                  .sampler = words->sampler ? 1 + sampler : 0,
                                  .fps = words->fps,
                                  .aggregate = (CopAggregate)aggregate,
                                  .batch = !tile,
                                  .threads = words->threads};
    return COP_OK;
}

static CopStatus look_at(const Words *words, CopClassifier *classifier, const char *path,
                         CopError *err)
{
    const float *p;
    COP_TRY(cop_classify(classifier, path, &p, err));
    CopStorePrediction top = {0};
    cop_top_classes(p, cop_classifier_classes(classifier), &top);
    (words->json ? print_json : print_text)(words, classifier, path, &top);
    return COP_OK;
}

/* A broken video does not keep the others from being looked at; each failure is
 * printed as it comes (*reported), the first decides the exit code. */
static CopStatus predict(const Words *words, char **videos, int n, bool *reported, CopError *err)
{
    if (!words->model || n < 1)
        return cop_error_set(err, COP_ERR_ARG, "%s is missing",
                             words->model ? "VIDEO" : "--model M");
    CopClassifierOptions options;
    CopClassifier *classifier;
    COP_TRY(read_words(words, &options, err));
    COP_TRY(cop_classifier_open(&classifier, words->model, &options, err));
    CopStatus status = COP_OK;
    for (int i = 0; i < n; i++) {
        CopError mine = {0};
        const CopStatus seen = look_at(words, classifier, videos[i], &mine);
        if (seen != COP_OK && n > 1)
            *reported = cop_cli_fail("predict", &mine) != COP_EXIT_OK;
        if (seen != COP_OK && status == COP_OK) {
            status = seen;
            *err = mine;
        }
    }
    cop_classifier_close(&classifier);
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
         "Which frames make a clip, see list samplers (the model's)", "NAME"},
        {"fps", 0, 0, G_OPTION_ARG_DOUBLE, &words.fps,
         "Frames a second that clips are counted in (the model's; with --sampler the video's)",
         "F"},
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
