/* coppice profile: time, FLOPs and bytes of a net, a layer at a time.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "models/core/cpu.h"
#include "pipeline/cli.h"
#include "pipeline/cli_tune.h"
#include "pipeline/eval/profile.h"
#include "pipeline/json_text.h"
#include "pipeline/report/terminal.h"

extern const CopCommand cop_cmd_profile;

typedef struct Words {
    char *model, *arch, *arch_options, *init, *tile_word, *kernels, *tune, *densities;
    double density;
    int batch, threads, repeat;
    gboolean train, json;
    bool tile; /* what tile_word and batch come to */
} Words;

static const char *init_of(const Words *words)
{
    return words->init ? words->init : cop_density_init_names[COP_DENSITY_ERK];
}

static const CopParam *weight_of(const CopLayer *layer)
{
    return layer->desc->flags & COP_LAYER_SPARSE ? layer->param[0] : NULL;
}

/* 0 where nothing was timed. */
static double flops_a_second(double macs, int batch, double seconds)
{
    return seconds > 0 ? 2 * macs * batch / seconds : 0;
}

/* Parameters and what goes with them; in *lists what the kernels make of them. */
static size_t count_bytes(const CopNet *net, size_t *dense, size_t *lists)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(net, &layers);
    size_t bytes = 0;
    *dense = *lists = 0;
    for (int i = 0; i < n; i++) {
        size_t own;
        bytes += cop_layer_bytes(layers[i], &own);
        *dense += own;
        *lists += cop_profile_lists(layers[i]);
    }
    return bytes;
}

/* --- text ---------------------------------------------------------------------- */

/* "gather 64x3x3x7x7" for a layer with weights, its kind for others. */
static void what_ran(const CopLayer *layer, char *text, gulong size)
{
    const CopParam *weight = weight_of(layer);
    char kernel[COP_CONV_TEXT];
    const char *ran = cop_profile_kernel(layer, COP_CONV_FORWARD, kernel);
    g_strlcpy(text, ran ? ran : layer->desc->name, size);
    for (int d = 0; weight && d < weight->rank; d++) {
        char number[16];
        g_snprintf(number, sizeof number, "%s%d", d ? "x" : " ", weight->shape[d]);
        g_strlcat(text, number, size);
    }
}

/* A cell that is empty where there is nothing to say, and takes six columns at most. */
static void number(CopTable *table, double value, int digits, const char *unit)
{
    if (value > 0)
        cop_table_cell(table, "%.*f%s", value < 999 ? digits : 0, value, unit);
    else
        cop_table_cell(table, "%s", "");
}

static void cells(CopTable *table, double macs, const CopProfile *profile, double forward,
                  double step, size_t bytes)
{
    const double rate = flops_a_second(macs, cop_net_batch(profile->net), forward);
    number(table, 1e3 * forward, 2, "");
    number(table, 1e-9 * rate, 1, "");
    number(table, 100 * rate / profile->peak, 0, "%");
    if (profile->step > 0)
        number(table, 1e3 * step, 2, "");
    number(table, (double)bytes / 0x1p20, 2, "");
}

static void print_table(const CopProfile *profile)
{
    static const char *const heads[] = {"layer",  "what ran", "active",  "ms",
                                        "GFLOPS", "peak",     "step ms", "MiB"};
    enum { TEXTS = 2, STEP = 6 };
    CopTable *table = cop_table_create();
    for (int i = 0; i < (int)G_N_ELEMENTS(heads); i++)
        if (i != STEP || profile->step > 0)
            cop_table_column(table, heads[i], i >= TEXTS);
    CopLayer *const *layers;
    const int n = cop_net_layers(profile->net, &layers);
    for (int i = 0; i < n; i++) {
        const CopProfileTimes *times = &profile->layer[i];
        const CopParam *weight = weight_of(layers[i]);
        char text[64];
        what_ran(layers[i], text, sizeof text);
        cop_table_cell(table, "%s", layers[i]->name);
        cop_table_cell(table, "%s", text);
        number(table, weight ? 100 * cop_param_density(weight) : 0, 1, "%");
        size_t dense;
        const size_t bytes = cop_layer_bytes(layers[i], &dense) + cop_profile_lists(layers[i]);
        cells(table, cop_layer_macs(layers[i]), profile, times->forward,
              times->step_forward + times->backward, bytes);
    }
    size_t nonzeros, dense, lists;
    const size_t bytes = count_bytes(profile->net, &dense, &lists);
    const size_t count = cop_net_count(profile->net, &nonzeros);
    cop_table_cell(table, "all");
    cop_table_cell(table, "%s", "");
    number(table, 100 * (double)nonzeros / (double)count, 1, "%");
    cells(table, cop_net_macs(profile->net, NULL), profile, profile->forward, profile->step,
          bytes + lists);
    char *text = cop_table_text(table, COP_TABLE_TEXT);
    fputs(text, stdout);
    g_free(text);
    cop_table_destroy(&table);
}

static void print_text(const CopProfile *profile, const Words *words, int threads)
{
    char parameters[COP_NUMBER_SIZE], active[COP_NUMBER_SIZE];
    size_t nonzeros;
    const CopShape in = cop_net_input_shape(profile->net);
    const size_t count = cop_net_count(profile->net, &nonzeros);
    const int batch = cop_net_batch(profile->net);
    printf("net      %s%s%s\n", profile->arch, *profile->arch_options ? ", " : "",
           profile->arch_options);
    printf("density  %.4g%s%s%s, %s of %s parameters\n", profile->density, words->model ? "" : " (",
           words->model ? "" : init_of(words), words->model ? "" : ")",
           cop_text_count(active, (int64_t)nonzeros), cop_text_count(parameters, (int64_t)count));
    printf("batch    %d %s of %d x %d x %d x %d (c x t x h x w)%s\n", batch,
           batch == 1 ? "clip" : "clips", in.c, in.t, in.h, in.w,
           words->tile ? ", spread over the lanes" : "");
    printf("machine  %d %s, tier %s, %.1f GFLOPS at best, kernels %s\n\n", threads,
           threads == 1 ? "thread" : "threads", cop_tier_name(cop_tier()), 1e-9 * profile->peak,
           profile->kernels);
    print_table(profile);
    size_t dense, lists;
    const size_t bytes = count_bytes(profile->net, &dense, &lists);
    const bool train = profile->step > 0;
    printf("\nms       a forward pass of a batch, median of at least %d\n", profile->repeat);
    if (train)
        printf("step ms  forward and backward in a training step; the optimiser adds %.2f\n",
               1e3 * profile->update);
    printf("MiB      parameters%s and masks: %.2f, %.3f of dense;\n"
           "         lists that the kernels walk, with a copy of the weights: %.2f\n",
           train ? ", gradients, momentum" : "", (double)bytes / 0x1p20,
           (double)bytes / (double)dense, (double)lists / 0x1p20);
}

/* --- JSON ---------------------------------------------------------------------- */

/* Milliseconds; null for what a profile without training steps does not have. */
static void add_step(JsonBuilder *b, const char *name, double seconds, const CopProfile *profile)
{
    json_builder_set_member_name(b, name);
    if (profile->step > 0)
        json_builder_add_double_value(b, 1e3 * seconds);
    else
        json_builder_add_null_value(b);
}

static void add_layer(JsonBuilder *b, const CopProfile *profile, const CopLayer *layer)
{
    const CopProfileTimes *times = &profile->layer[layer->index];
    const CopParam *weight = weight_of(layer);
    size_t dense;
    const size_t bytes = cop_layer_bytes(layer, &dense);
    json_builder_begin_object(b);
    cop_json_put_text(b, "name", layer->name);
    cop_json_put_text(b, "kind", layer->desc->name);
    json_builder_set_member_name(b, "shape");
    json_builder_begin_array(b);
    for (int d = 0; weight && d < weight->rank; d++)
        json_builder_add_int_value(b, weight->shape[d]);
    json_builder_end_array(b);
    cop_json_put_double(b, "density", weight ? cop_param_density(weight) : 1);
    char text[COP_CONV_TEXT];
    cop_json_put_text(b, "kernel", cop_profile_kernel(layer, COP_CONV_FORWARD, text));
    cop_json_put_text(b, "kernel_data", cop_profile_kernel(layer, COP_CONV_DATA, text));
    cop_json_put_text(b, "kernel_weight", cop_profile_kernel(layer, COP_CONV_WEIGHT, text));
    cop_json_put_double(b, "forward_ms", 1e3 * times->forward);
    add_step(b, "step_forward_ms", times->step_forward, profile);
    add_step(b, "backward_ms", times->backward, profile);
    cop_json_put_int(b, "macs", (gint64)cop_layer_macs(layer));
    cop_json_put_int(b, "nnz", weight ? (gint64)weight->nnz : 0);
    cop_json_put_int(b, "bytes", (gint64)bytes);
    cop_json_put_int(b, "bytes_dense", (gint64)dense);
    cop_json_put_int(b, "bytes_lists", (gint64)cop_profile_lists(layer));
    json_builder_end_object(b);
}

static void print_json(const CopProfile *profile, const Words *words, int threads)
{
    CopLayer *const *layers;
    const int n = cop_net_layers(profile->net, &layers), batch = cop_net_batch(profile->net);
    const CopShape in = cop_net_input_shape(profile->net);
    const int input[] = {in.c, in.t, in.h, in.w};
    size_t nonzeros, bytes_dense, lists;
    double macs_dense;
    const double macs = cop_net_macs(profile->net, &macs_dense);
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    cop_json_put_text(b, "arch", profile->arch);
    cop_json_put_text(b, "arch_options", profile->arch_options);
    cop_json_put_double(b, "density", profile->density);
    cop_json_put_text(b, "init", words->model ? NULL : init_of(words));
    cop_json_put_int(b, "batch", batch);
    json_builder_set_member_name(b, "tile");
    json_builder_add_boolean_value(b, words->tile);
    cop_json_put_int(b, "threads", threads);
    cop_json_put_text(b, "tier", cop_tier_name(cop_tier()));
    cop_json_put_text(b, "kernels", profile->kernels);
    json_builder_set_member_name(b, "input");
    json_builder_begin_array(b);
    for (int i = 0; i < (int)G_N_ELEMENTS(input); i++)
        json_builder_add_int_value(b, input[i]);
    json_builder_end_array(b);
    cop_json_put_int(b, "repeat", profile->repeat);
    cop_json_put_double(b, "forward_ms", 1e3 * profile->forward);
    add_step(b, "step_ms", profile->step, profile);
    add_step(b, "optimizer_ms", profile->update, profile);
    cop_json_put_double(b, "gflops", 1e-9 * flops_a_second(macs, batch, profile->forward));
    cop_json_put_double(b, "peak_gflops", 1e-9 * profile->peak);
    cop_json_put_int(b, "parameters", (gint64)cop_net_count(profile->net, &nonzeros));
    cop_json_put_int(b, "nonzeros", (gint64)nonzeros);
    cop_json_put_int(b, "macs", (gint64)macs);
    cop_json_put_int(b, "macs_dense", (gint64)macs_dense);
    cop_json_put_int(b, "bytes", (gint64)count_bytes(profile->net, &bytes_dense, &lists));
    cop_json_put_int(b, "bytes_dense", (gint64)bytes_dense);
    cop_json_put_int(b, "bytes_lists", (gint64)lists);
    json_builder_set_member_name(b, "layers");
    json_builder_begin_array(b);
    for (int i = 0; i < n; i++)
        add_layer(b, profile, layers[i]);
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, TRUE);
    printf("%s\n", text);
    g_free(text);
}

/* --- command ------------------------------------------------------------------- */

/* Times blockings rather than a net. */
static CopStatus tune(const Words *words, CopError *err)
{
    if (words->density != 1 || words->init || words->tile_word || words->threads || words->kernels)
        return cop_error_set(err, COP_ERR_ARG,
                             "--density, --init, --tile, --threads and --kernels do not go with "
                             "--tune: it takes --densities, and one thread");
    const CopTuneWords tuned = {.file = words->tune,
                                .model = words->model,
                                .arch = words->arch,
                                .arch_options = words->arch_options,
                                .densities = words->densities,
                                .batch = words->batch,
                                .repeat = words->repeat,
                                .train = words->train,
                                .json = words->json};
    return cop_cli_tune(&tuned, err);
}

static CopStatus profile_net(Words *words, CopError *err)
{
    if (!words->model && !words->arch)
        return cop_error_set(err, COP_ERR_ARG, "one of --model M and --arch A is wanted");
    if (words->model && (words->arch_options || words->init || words->density != 1))
        return cop_error_set(err, COP_ERR_ARG,
                             "--arch-options, --density and --init are for --arch alone: a "
                             "model's file says what it is");
    if (words->tune)
        return tune(words, err);
    if (words->densities)
        return cop_error_set(err, COP_ERR_ARG, "--densities is for --tune alone");
    CopKernelTable kernels = {0};
    if (words->kernels)
        COP_TRY(cop_kernel_table_read(&kernels, words->kernels, err));
    COP_TRY(cop_cli_tile(words->tile_word, words->batch, &words->tile, err));
    CopPool *pool;
    CopStatus status = cop_pool_create(&pool, words->threads);
    if (status != COP_OK)
        return cop_error_set(err, status, "--threads %d: no such pool can be made", words->threads);
    const CopProfileOptions options = {.model = words->model,
                                       .arch = words->arch,
                                       .arch_options = words->arch_options,
                                       .density = words->density,
                                       .init = init_of(words),
                                       .batch = words->batch,
                                       .repeat = words->repeat,
                                       .train = words->train,
                                       .tile = words->tile,
                                       .kernels = &kernels,
                                       .pool = pool};
    CopProfile *profile;
    status = cop_profile_create(&profile, &options, err);
    if (status == COP_OK)
        (words->json ? print_json : print_text)(profile, words, cop_pool_threads(pool));
    cop_profile_destroy(&profile);
    cop_pool_destroy(&pool);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.density = 1, .batch = COP_LANES, .train = TRUE};
    const GOptionEntry entries[] = {
        {"model", 'm', 0, G_OPTION_ARG_FILENAME, &words.model, "Model; its zeros are skipped", "M"},
        {"arch", 0, 0, G_OPTION_ARG_FILENAME, &words.arch,
         "Architecture, of random weights or of a model that does not name it", "A"},
        {"arch-options", 0, 0, G_OPTION_ARG_FILENAME, &words.arch_options,
         "Its options, as in \"width=32, blocks=[1, 1]\"", "O"},
        {"density", 0, 0, G_OPTION_ARG_DOUBLE, &words.density, "Share of active weights (1)", "D"},
        {"init", 0, 0, G_OPTION_ARG_FILENAME, &words.init,
         "How they are spread: uniform, er or erk (erk)", "I"},
        {"batch", 0, 0, G_OPTION_ARG_INT, &words.batch, "Clips a batch (16)", "N"},
        {"tile", 0, 0, G_OPTION_ARG_STRING, &words.tile_word,
         "Spread a clip over the vector lanes: auto, on or off (auto: a batch of one clip)",
         "WORD"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &words.threads, "Threads; 0: all processors (0)", "N"},
        {"kernels", 0, 0, G_OPTION_ARG_FILENAME, &words.kernels,
         "Table of kernels, as --tune writes it (built in)", "FILE"},
        {"tune", 0, 0, G_OPTION_ARG_FILENAME, &words.tune,
         "Time kernels and blockings on the net's convolutions, and write the best as a table",
         "FILE"},
        {"densities", 0, 0, G_OPTION_ARG_STRING, &words.densities,
         "At which --tune times (1, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05)", "LIST"},
        {"repeat", 0, 0, G_OPTION_ARG_INT, &words.repeat,
         "Batches to time; 0: for two seconds, at least 3; --tune: 5 rounds (0)", "N"},
        {"train", 0, 0, G_OPTION_ARG_NONE, &words.train, "Time training steps, too (yes)", NULL},
        {"no-train", 0, G_OPTION_FLAG_REVERSE, G_OPTION_ARG_NONE, &words.train,
         "Time forward passes only", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "As JSON", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_profile, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && argc > 1)
        cop_error_set(&err, COP_ERR_ARG, "\"%s\" is left over", argv[1]);
    if (!done && (err.status != COP_OK || profile_net(&words, &err) != COP_OK))
        code = cop_cli_fail("profile", &err);
    g_free(words.model);
    g_free(words.arch);
    g_free(words.arch_options);
    g_free(words.init);
    g_free(words.tile_word);
    g_free(words.kernels);
    g_free(words.tune);
    g_free(words.densities);
    return code;
}

const CopCommand cop_cmd_profile = {
    .name = "profile",
    .usage = "--model M|--arch A",
    .summary = "time, FLOPs and bytes of a net, layer by layer",
    .run = run,
};
