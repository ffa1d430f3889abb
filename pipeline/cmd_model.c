/* coppice model: make one with random weights, describe one, or turn one into its other form.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "models/archs/arch.h"
#include "pipeline/cli_config.h"
#include "pipeline/json_text.h"
#include "pipeline/model/model.h"

extern const CopCommand cop_cmd_model;

typedef struct Words {
    CopConfigWords config;
    char *out, *arch;
    int classes;
    gboolean json, compact, dense;
} Words;

static CopStatus make(const CopConfig *config, int classes, const char *out, CopError *err)
{
    const CopPrepare prepare = cop_config_prepare(config);
    int h, w;
    cop_prepare_size(&prepare, 4, 3, &h, &w);
    CopNet *net = NULL;
    CopSparse *sparse = NULL;
    CopStatus status = cop_net_create(&net, config->model.arch, config->model.options, classes,
                                      (CopShape){3, config->clip.frames, h, w}, err);
    if (status == COP_OK) {
        CopParam *const *params;
        const int n = cop_net_params(net, &params);
        status = cop_sparse_create(&sparse, &config->sparse, params, n, config->run.seed, 1, err);
    }
    const CopNetPlan plan = {.batch = 1, .threads = 1, .sparse = sparse};
    if (status == COP_OK)
        status = cop_net_plan(net, &plan, err);
    if (status == COP_OK) {
        CopStrings names = {.item = g_new0(char *, classes), .n = classes};
        for (int i = 0; i < classes; i++)
            names.item[i] = g_strdup_printf("class %d", i);
        cop_net_init(net, config->run.seed, sparse);
        status = cop_model_save(net, config, &names, cop_sparse_method(sparse)->name,
                                cop_sparse_density(sparse), NULL, out, err);
        for (int i = 0; i < classes; i++)
            g_free(names.item[i]);
        g_free(names.item);
    }
    cop_sparse_destroy(&sparse);
    cop_net_destroy(&net);
    return status;
}

static CopStatus new_model(const Words *words, CopError *err)
{
    if (!words->out || words->classes < 1)
        return cop_error_set(err, COP_ERR_ARG, "%s",
                             words->out ? "--classes N: must be 1 or more"
                                        : "--output FILE is missing");
    CopConfig config;
    CopStatus status = cop_cli_load(&words->config, &config, err);
    if (status == COP_OK && words->arch) {
        char *set = g_strdup_printf("model.arch=%s", words->arch);
        status = cop_config_set(&config, set, err);
        g_free(set);
    }
    if (status == COP_OK)
        status = make(&config, words->classes, words->out, err);
    cop_config_free(&config);
    return status;
}

static void shape_text(const CopParam *param, char *text, gulong size)
{
    *text = '\0';
    for (int d = 0; d < param->rank; d++) {
        char number[16];
        g_snprintf(number, sizeof number, "%s%d", d ? "x" : "", param->shape[d]);
        g_strlcat(text, number, size);
    }
}

static void print_text(const CopModel *model)
{
    double dense;
    size_t nonzeros, activations;
    const size_t memory = cop_net_memory(model->net, &activations);
    const double macs = cop_net_macs(model->net, &dense);
    const size_t parameters = cop_net_count(model->net, &nonzeros);
    const CopShape in = cop_net_input_shape(model->net);
    printf("name        %s\narchitecture %s%s%s\nmethod      %s, density %.4g over masked weights\n"
           "input       %d x %d x %d x %d (c x t x h x w), every %d. frame\n"
           "classes     %d\nparameters  %zu, %zu non-zero\n"
           "multiply-adds a clip  %.4g with the active weights, %.4g with all\n"
           "memory      %.1f MiB to answer up to 16 clips at once, %.1f MiB of it activations\n\n",
           model->name, model->arch, *model->arch_options ? ", " : "", model->arch_options,
           model->method, model->density, in.c, in.t, in.h, in.w, model->stride,
           cop_net_classes(model->net), parameters, nonzeros, macs, dense, (double)memory / 0x1p20,
           (double)activations / 0x1p20);
    if (model->skipped)
        printf("skipped     %d of %d clips of its data set: see data.skips in the file\n",
               model->skipped, model->clips);
    printf("%-34s %-16s %10s %8s %12s\n", "layer", "weight", "non-zero", "density",
           "multiply-adds");
    CopLayer *const *layers;
    const int n = cop_net_layers(model->net, &layers);
    for (int i = 0; i < n; i++) {
        if (!(layers[i]->desc->flags & COP_LAYER_SPARSE))
            continue;
        char shape[64];
        const CopParam *weight = layers[i]->param[0];
        shape_text(weight, shape, sizeof shape);
        printf("%-34s %-16s %10zu %8.4f %12.4g\n", layers[i]->name, shape, weight->nnz,
               cop_param_density(weight), cop_layer_macs(layers[i]));
    }
}

static void add_layer(JsonBuilder *b, const CopLayer *layer)
{
    const CopParam *weight = layer->param[0];
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "name");
    json_builder_add_string_value(b, layer->name);
    json_builder_set_member_name(b, "shape");
    json_builder_begin_array(b);
    for (int d = 0; d < weight->rank; d++)
        json_builder_add_int_value(b, weight->shape[d]);
    json_builder_end_array(b);
    cop_json_put_int(b, "nnz", (gint64)weight->nnz);
    json_builder_set_member_name(b, "density");
    json_builder_add_double_value(b, cop_param_density(weight));
    cop_json_put_int(b, "macs", (gint64)cop_layer_macs(layer));
    json_builder_end_object(b);
}

static void print_json(const CopModel *model)
{
    double dense;
    size_t nonzeros, activations, masked = 0;
    const size_t memory = cop_net_memory(model->net, &activations);
    const size_t parameters = cop_net_count(model->net, &nonzeros);
    CopLayer *const *layers;
    const int n = cop_net_layers(model->net, &layers);
    for (int i = 0; i < n; i++)
        if (layers[i]->desc->flags & COP_LAYER_SPARSE && layers[i]->param[0]->mask)
            masked += layers[i]->param[0]->numel;
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "name");
    json_builder_add_string_value(b, model->name);
    json_builder_set_member_name(b, "arch");
    json_builder_add_string_value(b, model->arch);
    cop_json_put_int(b, "classes", cop_net_classes(model->net));
    cop_json_put_int(b, "parameters", (gint64)parameters);
    cop_json_put_int(b, "masked_parameters", (gint64)masked);
    cop_json_put_int(b, "nonzeros", (gint64)nonzeros);
    cop_json_put_int(b, "macs", (gint64)cop_net_macs(model->net, &dense));
    cop_json_put_int(b, "macs_dense", (gint64)dense);
    cop_json_put_int(b, "data_clips", model->clips);
    cop_json_put_int(b, "data_skipped", model->skipped);
    cop_json_put_int(b, "memory", (gint64)memory);
    cop_json_put_int(b, "activations", (gint64)activations);
    json_builder_set_member_name(b, "layers");
    json_builder_begin_array(b);
    for (int i = 0; i < n; i++)
        if (layers[i]->desc->flags & COP_LAYER_SPARSE)
            add_layer(b, layers[i]);
    json_builder_end_array(b);
    json_builder_end_object(b);
    char *text = cop_json_text(b, TRUE);
    printf("%s\n", text);
    g_free(text);
}

static CopStatus info(const Words *words, const char *path, CopError *err)
{
    CopModel *model;
    COP_TRY(cop_model_open(&model, path, words->arch, NULL, 1, 1, NULL, err));
    (words->json ? print_json : print_text)(model);
    cop_model_close(&model);
    return COP_OK;
}

static gint64 size_of(const char *path)
{
    GStatBuf info;
    return g_stat(path, &info) == 0 ? (gint64)info.st_size : 0;
}

static CopStatus convert(const Words *words, const char *in, const char *out, CopError *err)
{
    if (words->compact == words->dense)
        return cop_error_set(err, COP_ERR_ARG, "one of --compact and --dense says which form");
    CopSafetensors *file;
    CopStatus status = cop_safetensors_open(&file, in, err);
    if (status == COP_ERR_IO)
        err->status = status = COP_ERR_MODEL; /* a model that is not there is no good model */
    if (status != COP_OK)
        return status;
    status = cop_safetensors_convert(file, out, words->compact, err);
    cop_safetensors_close(&file);
    if (status == COP_OK)
        printf("%s: %" G_GINT64_FORMAT " bytes, %.3f of %s\n", out, size_of(out),
               (double)size_of(out) / (double)size_of(in), in);
    return status;
}

static CopStatus dispatch(const Words *words, int argc, char **argv, CopError *err)
{
    if (argc == 2 && strcmp(argv[1], "new") == 0)
        return new_model(words, err);
    if (argc == 3 && strcmp(argv[1], "info") == 0)
        return info(words, argv[2], err);
    if (argc == 4 && strcmp(argv[1], "convert") == 0)
        return convert(words, argv[2], argv[3], err);
    return cop_error_set(err, COP_ERR_ARG,
                         "%s%s%sone of these is wanted: new --output FILE, info FILE, convert IN "
                         "OUT --compact, convert IN OUT --dense",
                         argc > 1 ? "\"" : "", argc > 1 ? argv[1] : "", argc > 1 ? "\": " : "");
}

static int run(int argc, char **argv)
{
    Words words = {.classes = 400};
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words.config),
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &words.out, "new: file to write", "FILE"},
        {"arch", 0, 0, G_OPTION_ARG_FILENAME, &words.arch,
         "new: architecture (model.arch); info: of weights that do not name it", "A"},
        {"classes", 0, 0, G_OPTION_ARG_INT, &words.classes, "new: outputs (400)", "N"},
        {"compact", 0, 0, G_OPTION_ARG_NONE, &words.compact,
         "convert: weights as values and a bit mask", NULL},
        {"dense", 0, 0, G_OPTION_ARG_NONE, &words.dense,
         "convert: all weights, as other programs read them", NULL},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "info: as JSON", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_model, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && dispatch(&words, argc, argv, &err) != COP_OK)
        code = cop_cli_fail("model", &err);
    cop_cli_free_words(&words.config);
    g_free(words.out);
    g_free(words.arch);
    return code;
}

const CopCommand cop_cmd_model = {
    .name = "model",
    .usage = "new|info|convert ...",
    .summary = "make a model with random weights, describe one, or make it compact",
    .run = run,
};
