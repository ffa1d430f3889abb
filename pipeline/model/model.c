/* A model file with what is needed to use it: net, classes, clip and preparation.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/model.h"

#include <errno.h>
#include <glib.h>
#include <json-glib/json-glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/archs/arch.h"
#include "pipeline/bytes.h"
#include "pipeline/json_text.h"

enum { SIDE_MAX = 16384 };

CopStatus cop_model_hash(const char *path, char **sha256, CopError *err)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    const bool whole = cop_checksum_file(sum, path);
    *sha256 = whole ? g_strdup(g_checksum_get_string(sum)) : NULL;
    g_checksum_free(sum);
    return whole ? COP_OK
                 : cop_error_set(err, COP_ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
}

static const char *meta(const CopSafetensors *file, const char *key, const char *otherwise)
{
    const char *value = cop_safetensors_meta(file, key);
    return value ? value : otherwise;
}

static CopStatus bad_meta(const CopModel *model, const char *key, const char *seen,
                          const char *wanted, CopError *err)
{
    return cop_error_set(err, COP_ERR_MODEL, "%s: metadata %s is '%.80s', not %s", model->path, key,
                         seen, wanted);
}

static CopStatus read_int(const CopModel *model, const CopSafetensors *file, const char *key,
                          int otherwise, int *out, CopError *err)
{
    const char *text = cop_safetensors_meta(file, key);
    *out = otherwise;
    if (text && (!cop_parse_int(text, out) || *out < 1 || *out > 4096))
        return bad_meta(model, key, text, "a whole number from 1 to 4096", err);
    return COP_OK;
}

/* Place of a word of the metadata in `names`; 0 where the file says nothing. */
static CopStatus read_word(const CopModel *model, const CopSafetensors *file, const char *key,
                           const char *const *names, int *out, CopError *err)
{
    const char *text = cop_safetensors_meta(file, key);
    *out = 0;
    if (!text)
        return COP_OK;
    for (; names[*out]; ++*out)
        if (strcmp(names[*out], text) == 0)
            return COP_OK;
    return bad_meta(model, key, text, "a word that this version knows", err);
}

/* How clips are cut out of videos. */
static CopStatus read_sampling(CopModel *model, const CopSafetensors *file, CopError *err)
{
    int sampler, policy;
    COP_TRY(read_word(model, file, "clip.sampler", cop_sampler_names, &sampler, err));
    COP_TRY(read_word(model, file, "clip.policy", cop_edge_names, &policy, err));
    model->sampler = (CopSampler)sampler;
    model->policy = (CopEdgePolicy)policy;
    const char *fps = cop_safetensors_meta(file, "clip.fps");
    if (fps && (!cop_parse_double(fps, &model->fps) || !(model->fps >= 0) || model->fps > 1000 ||
                (model->fps > 0 && !cop_sampler_takes_fps(model->sampler))))
        return bad_meta(model, "clip.fps", fps, "a rate that goes with clip.sampler", err);
    return COP_OK;
}

static CopStatus read_classes(CopModel *model, const CopSafetensors *file, CopError *err)
{
    const char *text = cop_safetensors_meta(file, "classes");
    if (!text)
        return COP_OK;
    JsonParser *parser = json_parser_new_immutable();
    CopStatus status = COP_OK;
    JsonNode *top =
        json_parser_load_from_data(parser, text, -1, NULL) ? json_parser_get_root(parser) : NULL;
    if (!top || !JSON_NODE_HOLDS_ARRAY(top) ||
        json_array_get_length(json_node_get_array(top)) == 0) {
        status = bad_meta(model, "classes", text, "a JSON list of names", err);
    } else {
        JsonArray *list = json_node_get_array(top);
        model->classes.item = calloc(json_array_get_length(list), sizeof *model->classes.item);
        if (!model->classes.item)
            status = cop_error_set(err, COP_ERR_NOMEM, "out of memory");
        for (guint i = 0; status == COP_OK && i < json_array_get_length(list); i++) {
            JsonNode *item = json_array_get_element(list, i);
            if (json_node_get_value_type(item) != G_TYPE_STRING) {
                status = bad_meta(model, "classes", text, "a JSON list of names", err);
                continue;
            }
            model->classes.item[model->classes.n++] = strdup(json_node_get_string(item));
        }
    }
    g_object_unref(parser);
    return status;
}

static bool is_number(JsonNode *node)
{
    return JSON_NODE_HOLDS_VALUE(node) && (json_node_get_value_type(node) == G_TYPE_INT64 ||
                                           json_node_get_value_type(node) == G_TYPE_DOUBLE);
}

/* Numbers of a JSON list member into out[]; returns how many, -1 if it is not such a list. */
static int read_numbers(JsonObject *object, const char *name, double *out, int most)
{
    JsonNode *node = json_object_get_member(object, name);
    if (!node)
        return 0;
    if (!JSON_NODE_HOLDS_ARRAY(node))
        return -1;
    JsonArray *list = json_node_get_array(node);
    const int n = (int)json_array_get_length(list);
    if (n > most)
        return -1;
    for (int i = 0; i < n; i++) {
        JsonNode *item = json_array_get_element(list, (guint)i);
        if (!is_number(item))
            return -1;
        out[i] = json_node_get_double(item);
    }
    return n;
}

static bool within(const double *value, int n, double least, double most)
{
    for (int i = 0; i < n; i++)
        if (!(value[i] >= least && value[i] <= most))
            return false;
    return true;
}

/* The bounds are those of the configuration's `prep` block. */
static bool prepare_from(JsonObject *object, CopPrepare *p)
{
    double resize[2] = {0}, crop = 0;
    const int n = read_numbers(object, "resize", resize, 2);
    JsonNode *node = json_object_get_member(object, "crop");
    if (node && !is_number(node))
        return false;
    if (node)
        crop = json_node_get_double(node);
    if (n < 1 || !within(resize, n, 1, SIDE_MAX) || !within(&crop, 1, 0, SIDE_MAX) ||
        crop > resize[0] || (n > 1 && crop > resize[1]) ||
        read_numbers(object, "mean", p->mean, 3) != 3 || !within(p->mean, 3, -10, 10) ||
        read_numbers(object, "std", p->std, 3) != 3 || !within(p->std, 3, 1e-6, 100))
        return false;
    p->resize_h = (int)resize[0];
    p->resize_w = (int)resize[1];
    p->crop = (int)crop;
    return true;
}

static CopStatus read_prepare(CopModel *model, const CopSafetensors *file, CopError *err)
{
    const char *text = cop_safetensors_meta(file, "prep");
    if (!text)
        return COP_OK;
    JsonParser *parser = json_parser_new_immutable();
    JsonNode *top =
        json_parser_load_from_data(parser, text, -1, NULL) ? json_parser_get_root(parser) : NULL;
    const bool ok = top && JSON_NODE_HOLDS_OBJECT(top) &&
                    prepare_from(json_node_get_object(top), &model->prepare);
    g_object_unref(parser);
    return ok ? COP_OK
              : bad_meta(model, "prep", text, "a preparation {resize, crop, mean, std}", err);
}

/* Preparation of torchvision's models, where a file says nothing. */
static CopPrepare default_prepare(CopShape input)
{
    if (input.t == 1)
        return (CopPrepare){.resize_h = input.h * 8 / 7,
                            .crop = input.h,
                            .mean = {0.485, 0.456, 0.406},
                            .std = {0.229, 0.224, 0.225}};
    return (CopPrepare){.resize_h = input.h * 8 / 7,
                        .resize_w = input.w * 171 / 112,
                        .crop = input.h,
                        .mean = {0.43216, 0.394666, 0.37645},
                        .std = {0.22803, 0.22145, 0.216989}};
}

/* Outputs of the net in the file: rows of the last weight matrix. */
static int count_classes(const CopSafetensors *file)
{
    for (int i = file->n_tensors - 1; i >= 0; i--) {
        const CopStTensor *t = &file->tensor[i];
        if (t->rank == 2 && t->shape[0] <= 1 << 20 &&
            (g_str_has_suffix(t->name, "fc.weight") ||
             g_str_has_suffix(t->name, "classifier.weight")))
            return (int)t->shape[0];
    }
    return 0;
}

/* The architecture in "resnet34, stem=cifar", and where its options begin (NULL: there are
 * none). */
static const CopArchDesc *find_arch(const char *text, const char **options, CopError *err)
{
    const char *comma = strchr(text, ',');
    char *name = g_strstrip(comma ? g_strndup(text, (gsize)(comma - text)) : g_strdup(text));
    const CopArchDesc *desc = cop_arch_find(name, err);
    *options = comma ? comma + 1 : NULL;
    g_free(name);
    return desc;
}

static CopStatus read_meta(CopModel *model, const CopSafetensors *file, const char *arch,
                           CopShape *input, CopError *err)
{
    const char *name = arch && *arch ? arch : meta(file, "arch", "");
    if (!*name)
        return cop_error_set(err, COP_ERR_MODEL,
                             "%s: the file does not say what it is: name its architecture with "
                             "--arch",
                             model->path);
    const char *options;
    const CopArchDesc *desc = find_arch(name, &options, err);
    if (!desc)
        return COP_ERR_CONFIG;
    model->arch = strdup(desc->name);
    model->arch_options = strdup(options ? options : meta(file, "arch.options", ""));
    model->method = strdup(meta(file, "sparse.method", "dense"));
    model->recipe = strdup(meta(file, "run.recipe", ""));
    const char *seed = cop_safetensors_meta(file, "seed");
    if (seed && !cop_parse_u64(seed, &model->seed))
        return bad_meta(model, "seed", seed, "a whole number", err);
    COP_TRY(read_int(model, file, "clip.frames", desc->input.t, &model->frames, err));
    COP_TRY(read_int(model, file, "clip.stride", 1, &model->stride, err));
    COP_TRY(read_sampling(model, file, err));
    model->prepare = default_prepare(desc->input);
    COP_TRY(read_prepare(model, file, err));
    COP_TRY(read_classes(model, file, err));
    int h, w;
    cop_prepare_size(&model->prepare, 171, 128, &h, &w);
    *input = (CopShape){3, model->frames, h, w};
    return COP_OK;
}

static CopStatus build(CopModel *model, const CopSafetensors *file, const char *arch,
                       const CopShape *size, const CopNetPlan *plan, CopError *err)
{
    CopShape input;
    COP_TRY(read_meta(model, file, arch, &input, err));
    if (size)
        input = *size;
    const int classes = model->classes.n ? model->classes.n : count_classes(file);
    if (classes < 1)
        return cop_error_set(err, COP_ERR_MODEL,
                             "%s: names no classes and has neither fc.weight nor "
                             "classifier.weight",
                             model->path);
    COP_TRY(cop_net_create(&model->net, model->arch, model->arch_options, classes, input, err));
    COP_TRY(cop_net_plan(model->net, plan, err));
    COP_TRY(cop_net_load(model->net, file, err));

    CopParam *const *params;
    const int n = cop_net_params(model->net, &params);
    size_t numel = 0, nnz = 0;
    for (int i = 0; i < n; i++)
        if (params[i]->role == COP_PARAM_WEIGHT) {
            numel += params[i]->numel;
            nnz += params[i]->nnz;
        }
    model->density = (double)nnz / (double)numel;
    const char *density = cop_safetensors_meta(file, "sparse.density");
    if (density && (!cop_parse_double(density, &model->density) || !(model->density > 0) ||
                    model->density > 1))
        return bad_meta(model, "sparse.density", density, "a number above 0 and at most 1", err);
    const char *clips = cop_safetensors_meta(file, "data.clips");
    const char *skipped = cop_safetensors_meta(file, "data.skipped");
    if (clips && !cop_parse_int(clips, &model->clips))
        return bad_meta(model, "data.clips", clips, "a whole number", err);
    if (skipped && !cop_parse_int(skipped, &model->skipped))
        return bad_meta(model, "data.skipped", skipped, "a whole number", err);
    const char *name = cop_safetensors_meta(file, "name");
    model->name = name && *name
                      ? strdup(name)
                      : cop_model_default_name(model->method, model->density, model->seed);
    return COP_OK;
}

CopStatus cop_model_open(CopModel **out, const char *path, const char *arch, const CopShape *input,
                         int batch, int threads, const CopKernelTable *kernels, CopError *err)
{
    *out = NULL;
    const char *options;
    if (arch && *arch && !find_arch(arch, &options, err))
        return COP_ERR_CONFIG;
    CopSafetensors *file = NULL;
    CopStatus status = cop_safetensors_open(&file, path, err);
    if (status != COP_OK) {
        if (status == COP_ERR_IO && err) /* a model that is not there is no good model */
            err->status = status = COP_ERR_MODEL;
        return status;
    }
    CopModel *model = g_new0(CopModel, 1);
    model->path = strdup(path);
    const CopNetPlan plan = {.batch = batch == COP_MODEL_TILES ? 1 : batch,
                             .tile = batch == COP_MODEL_TILES,
                             .threads = threads,
                             .kernels = kernels,
                             .weights = file};
    CopError why = {0};
    status = cop_model_hash(path, &model->sha256, err);
    if (status == COP_OK)
        status = build(model, file, arch, input, &plan, &why);
    cop_safetensors_close(&file);
    if (status == COP_OK) {
        *out = model;
        return COP_OK;
    }
    /* Hostile metadata of a model is a fault of the model, whoever noticed it. */
    if (status == COP_ERR_SHAPE || status == COP_ERR_CONFIG)
        status = COP_ERR_MODEL;
    const bool named = strncmp(why.text, path, strlen(path)) == 0;
    cop_error_set(err, status, "%s%s%s", named ? "" : path, named ? "" : ": ", why.text);
    cop_model_close(&model);
    return status;
}

void cop_model_close(CopModel **out)
{
    if (!out || !*out)
        return;
    CopModel *model = *out;
    cop_net_destroy(&model->net);
    for (int i = 0; i < model->classes.n; i++)
        free(model->classes.item[i]);
    free(model->classes.item);
    free(model->path);
    g_free(model->sha256);
    free(model->name);
    free(model->arch);
    free(model->arch_options);
    free(model->method);
    free(model->recipe);
    g_free(model);
    *out = NULL;
}

char *cop_model_default_name(const char *method, double density, uint64_t seed)
{
    char number[32];
    char *name =
        strcmp(method, "dense") == 0
            ? g_strdup_printf("dense s%" G_GUINT64_FORMAT, seed)
            : g_strdup_printf("%s %s s%" G_GUINT64_FORMAT, method,
                              cop_format_double(round(density * 1000) / 1000, number), seed);
    char *copy = strdup(name);
    g_free(name);
    return copy;
}

static void add_numbers(JsonBuilder *b, const char *name, const double *value, int n)
{
    json_builder_set_member_name(b, name);
    json_builder_begin_array(b);
    for (int i = 0; i < n; i++)
        json_builder_add_double_value(b, value[i]);
    json_builder_end_array(b);
}

static char *prepare_text(const CopPrepare *p)
{
    JsonBuilder *b = json_builder_new();
    json_builder_begin_object(b);
    json_builder_set_member_name(b, "resize");
    json_builder_begin_array(b);
    json_builder_add_int_value(b, p->resize_h);
    if (p->resize_w)
        json_builder_add_int_value(b, p->resize_w);
    json_builder_end_array(b);
    json_builder_set_member_name(b, "crop");
    json_builder_add_int_value(b, p->crop);
    add_numbers(b, "mean", p->mean, 3);
    add_numbers(b, "std", p->std, 3);
    json_builder_end_object(b);
    return cop_json_text(b, FALSE);
}

CopStatus cop_model_save(const CopNet *net, const CopConfig *config, const CopStrings *classes,
                         const char *method, double density, const CopModelRun *run,
                         const char *path, CopError *err)
{
    const CopPrepare prepare = cop_config_prepare(config);
    char *prep = prepare_text(&prepare), *names = cop_json_strings(classes), number[32];
    char *name = *config->model.name ? strdup(config->model.name)
                                     : cop_model_default_name(method, density, config->run.seed);
    char *frames = g_strdup_printf("%d", config->clip.frames);
    char *stride = g_strdup_printf("%d", config->clip.stride);
    char *seed = g_strdup_printf("%" G_GUINT64_FORMAT, config->run.seed);
    char *step = g_strdup_printf("%" G_GUINT64_FORMAT, run ? run->step : 0), rate[32];
    char *clips = g_strdup_printf("%d", run ? run->clips : 0);
    char *skipped = g_strdup_printf("%d", run ? run->skipped : 0);
    const CopStMeta rows[] = {
        {"arch", config->model.arch},
        {"arch.options", config->model.options},
        {"classes", names},
        {"clip.frames", frames},
        {"clip.stride", stride},
        {"clip.sampler", cop_sampler_names[config->clip.sampler]},
        {"clip.policy", cop_edge_names[config->clip.policy]},
        {"clip.fps", cop_format_double(config->clip.fps, rate)},
        {"prep", prep},
        {"sparse.method", method},
        {"sparse.density", cop_format_double(density, number)},
        {"seed", seed},
        {"name", name},
        {"version", COP_VERSION},
        {"format", "pt"},
        {"data.clips", clips},
        {"data.skipped", skipped},
        {"data.skips", run ? run->skips : ""},
        {"run.config", run ? run->config : ""},
        {"run.recipe", run ? run->recipe : ""},
        {"run.step", step},
    };
    enum { ABOUT_RUN = 6 };
    const int n = (int)(sizeof rows / sizeof rows[0]) - (run ? 0 : ABOUT_RUN);
    const CopStatus status = cop_net_save(net, path, rows, n, err);
    g_free(clips);
    g_free(skipped);
    g_free(step);
    g_free(prep);
    g_free(names);
    g_free(frames);
    g_free(stride);
    g_free(seed);
    free(name);
    return status;
}
