/* The runs of a sweep: methods, densities, seeds and dense controls.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/model/sweep.h"

#include <glib.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/data/dataset.h"
#include "pipeline/model/folder_lock.h"
#include "pipeline/model/matched_width.h"

typedef struct Maker {
    const CopConfig *config;
    const char *out;
    GArray *runs; /* CopSweepRun */
    int width;    /* of the net as configured */
    CopError *err;
} Maker;

/* Takes the name and the list of settings. */
static void add(Maker *maker, char *name, GPtrArray *sets, int seed)
{
    CopSweepRun run = {.name = name};
    run.model = g_build_filename(maker->out, name, "model.safetensors", NULL);
    g_ptr_array_add(sets, g_strdup_printf("run.seed=%d", seed));
    g_ptr_array_add(sets, NULL);
    run.sets = (char **)g_ptr_array_free(sets, FALSE);
    g_array_append_val(maker->runs, run);
}

/* "mest_r" and "mest_g" are mest with growth at random and by gradients, as the paper writes
 * them. */
static void add_method(Maker *maker, const char *method, double density, int seed)
{
    char number[32];
    GPtrArray *sets = g_ptr_array_new();
    const char *growth = g_str_has_suffix(method, "_r")   ? "random"
                         : g_str_has_suffix(method, "_g") ? "gradient"
                                                          : NULL;
    const size_t length = strlen(method) - (growth ? strlen("_r") : 0);
    cop_format_double(density, number);
    g_ptr_array_add(sets, g_strdup_printf("sparse.method=%.*s", (int)length, method));
    if (growth) {
        g_ptr_array_add(sets, g_strdup_printf("sparse.growth=%s", growth));
        g_ptr_array_add(sets, g_strdup_printf("model.name=%s %s s%d", method, number, seed));
    }
    if (strcmp(method, "dense") == 0) {
        add(maker, g_strdup_printf("dense_s%d", seed), sets, seed);
        return;
    }
    g_ptr_array_add(sets, g_strdup_printf("sparse.density=%s", number));
    add(maker, g_strdup_printf("%s_%s_s%d", method, number, seed), sets, seed);
}

static CopStatus count_classes(const CopConfig *config, int *classes, CopError *err)
{
    CopDataset set = {0};
    COP_TRY(cop_dataset_load(&config->data, COP_SPLIT_TRAIN, &set, err));
    *classes = set.classes.n;
    cop_dataset_free(&set);
    return COP_OK;
}

/* Widths of the controls, in the order of the configuration, a density each. */
static CopStatus match_widths(Maker *maker, int *widths)
{
    const CopSweepOptions *o = &maker->config->sweep;
    int classes = 0;
    if (o->controls.n == 0)
        return COP_OK;
    COP_TRY(cop_model_width(maker->config, &maker->width, maker->err));
    COP_TRY(count_classes(maker->config, &classes, maker->err));
    for (int c = 0; c < o->controls.n; c++)
        for (int d = 0; d < o->densities.n; d++) {
            const bool flops = strcmp(o->controls.item[c], "flops") == 0;
            COP_TRY(cop_matched_width(maker->config, classes, o->densities.item[d],
                                      flops ? COP_MATCH_FLOPS : COP_MATCH_PARAMETERS, widths++,
                                      maker->err));
        }
    return COP_OK;
}

static void add_control(Maker *maker, const char *word, double density, int width, int seed)
{
    const CopModelOptions *model = &maker->config->model;
    char number[32];
    GPtrArray *sets = g_ptr_array_new();
    g_ptr_array_add(sets, g_strdup("sparse.method=dense"));
    g_ptr_array_add(sets, g_strdup_printf("model.options=%s%swidth=%d", model->options,
                                          *model->options ? ", " : "", width));
    cop_format_double(density, number);
    g_ptr_array_add(sets, g_strdup_printf("model.name=dense %s %s s%d", word, number, seed));
    add(maker, g_strdup_printf("dense_%s_%s_s%d", word, number, seed), sets, seed);
}

int cop_sweep_control(const char *model_name, double *density)
{
    char **word = g_strsplit(model_name, " ", 5);
    int control = -1;
    double value;
    if (g_strv_length(word) == 4 && strcmp(word[0], "dense") == 0 &&
        cop_parse_double(word[2], &value))
        for (int k = 0; cop_sweep_controls[k]; k++)
            if (strcmp(cop_sweep_controls[k], word[1]) == 0) {
                control = k;
                *density = value;
            }
    g_strfreev(word);
    return control;
}

/* One net of a width is trained once: not where it is the configured one, nor where a control
 * before it has the width. */
static bool is_new_width(const Maker *maker, const int *widths, int i)
{
    bool found = widths[i] == maker->width;
    for (int k = 0; k < i; k++)
        found |= widths[k] == widths[i];
    return !found;
}

static void add_seed(Maker *maker, const int *widths, int seed)
{
    const CopSweepOptions *o = &maker->config->sweep;
    for (int m = 0; m < o->methods.n; m++) {
        const bool dense = strcmp(o->methods.item[m], "dense") == 0;
        for (int d = 0; d < (dense ? 1 : o->densities.n); d++)
            add_method(maker, o->methods.item[m], o->densities.item[d], seed);
    }
    for (int i = 0; i < o->controls.n * o->densities.n; i++)
        if (is_new_width(maker, widths, i))
            add_control(maker, o->controls.item[i / o->densities.n],
                        o->densities.item[i % o->densities.n], widths[i], seed);
}

CopStatus cop_sweep_create(CopSweep *sweep, const CopConfig *config, const char *out, CopError *err)
{
    Maker maker = {config, out, g_array_new(FALSE, FALSE, sizeof(CopSweepRun)), 0, err};
    int *widths = g_new0(int, config->sweep.controls.n * config->sweep.densities.n + 1);
    const CopStatus status = match_widths(&maker, widths);
    for (int s = 0; status == COP_OK && s < config->sweep.seeds.n; s++)
        add_seed(&maker, widths, config->sweep.seeds.item[s]);
    g_free(widths);
    sweep->n = (int)maker.runs->len;
    sweep->run = (CopSweepRun *)(void *)g_array_free(maker.runs, FALSE);
    if (status != COP_OK)
        cop_sweep_free(sweep);
    return status;
}

void cop_sweep_free(CopSweep *sweep)
{
    for (int i = 0; i < sweep->n; i++) {
        g_free(sweep->run[i].name);
        g_free(sweep->run[i].model);
        g_strfreev(sweep->run[i].sets);
    }
    g_free(sweep->run);
    *sweep = (CopSweep){0};
}

/* --- what is on disk ----------------------------------------------------------------- */

/* Of the last epoch in metrics.jsonl, which is read from its end: it grows with every update. */
static void read_metrics(const char *folder, int *epochs, double *top1)
{
    char *path = g_build_filename(folder, "metrics.jsonl", NULL);
    GMappedFile *file = g_mapped_file_new(path, FALSE, NULL);
    JsonParser *parser = json_parser_new_immutable();
    const char *text = file ? g_mapped_file_get_contents(file) : NULL;
    const size_t length = file ? g_mapped_file_get_length(file) : 0;
    const char *last = text ? g_strrstr_len(text, (gssize)length, "{\"epoch\"") : NULL;
    const char *end = last ? memchr(last, '\n', length - (size_t)(last - text)) : NULL;
    if (end && json_parser_load_from_data(parser, last, end - last, NULL)) {
        JsonObject *object = json_node_get_object(json_parser_get_root(parser));
        *epochs = (int)json_object_get_int_member_with_default(object, "epoch", 0);
        *top1 = json_object_get_double_member_with_default(object, "test_top1", -1);
    }
    g_object_unref(parser);
    g_clear_pointer(&file, g_mapped_file_unref);
    g_free(path);
}

CopSweepState cop_sweep_look(const CopSweepRun *run, int *epochs, double *top1)
{
    char *folder = g_path_get_dirname(run->model);
    *epochs = 0;
    *top1 = -1;
    read_metrics(folder, epochs, top1);
    CopSweepState state = COP_SWEEP_WAITING;
    if (cop_folder_locked(folder))
        state = COP_SWEEP_RUNNING;
    else if (g_file_test(run->model, G_FILE_TEST_EXISTS))
        state = COP_SWEEP_DONE;
    g_free(folder);
    return state;
}

CopStatus cop_sweep_train(const CopSweepRun *run, const CopConfig *config,
                          CopTrainingResult *result, CopError *err)
{
    CopConfig own;
    char *folder = g_path_get_dirname(run->model);
    CopStatus status = cop_config_copy(&own, config);
    for (char **set = run->sets; status == COP_OK && *set; set++)
        status = cop_config_set(&own, *set, err);
    if (status == COP_OK)
        status = cop_training_run(&own, folder, true, run->name, result, err);
    cop_config_free(&own);
    g_free(folder);
    return status;
}
