/* The runs of an analysis: folders, configurations, series of seeds, results.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "models/train/safetensors.h"
#include "pipeline/analyse/analysis.h"
#include "pipeline/model/model.h"
#include "pipeline/model/sweep.h"

static const char model_name[] = "model.safetensors", config_name[] = "config.cfg",
                  metrics_name[] = "metrics.jsonl", results_name[] = "results.db";

/* --- folders ------------------------------------------------------------------------- */

static bool has(const char *folder, const char *name)
{
    char *path = g_build_filename(folder, name, NULL);
    const bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return there;
}

static bool is_run(const char *folder)
{
    return has(folder, model_name) || has(folder, config_name) || has(folder, metrics_name);
}

static void add_folder(GPtrArray *folders, const char *folder)
{
    char *path = g_canonicalize_filename(folder, NULL);
    for (guint i = 0; i < folders->len; i++)
        if (strcmp(g_ptr_array_index(folders, i), path) == 0) {
            g_free(path);
            return;
        }
    g_ptr_array_add(folders, path);
}

static int by_name(gconstpointer a, gconstpointer b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* A run, or the runs in a folder, in the order of their names. */
static CopStatus find_runs(GPtrArray *folders, const char *word, CopError *err)
{
    if (!g_file_test(word, G_FILE_TEST_IS_DIR))
        return cop_error_set(err, COP_ERR_DATA, "%s: is not a folder", word);
    if (is_run(word)) {
        add_folder(folders, word);
        return COP_OK;
    }
    GPtrArray *inner = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(word, 0, NULL);
    const char *name;
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        char *path = g_build_filename(word, name, NULL);
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && is_run(path))
            g_ptr_array_add(inner, path);
        else
            g_free(path);
    }
    if (dir)
        g_dir_close(dir);
    g_ptr_array_sort(inner, by_name);
    for (guint i = 0; i < inner->len; i++)
        add_folder(folders, g_ptr_array_index(inner, i));
    const bool none = inner->len == 0;
    g_ptr_array_unref(inner);
    return none ? cop_error_set(err, COP_ERR_DATA,
                                "%s: is neither a training run nor a folder of some", word)
                : COP_OK;
}

/* --- one run ------------------------------------------------------------------------- */

static char *meta_of(const CopSafetensors *file, const char *key)
{
    const char *value = cop_safetensors_meta(file, key);
    return g_strdup(value ? value : "");
}

static CopStatus read_model(CopAnalysisRun *run, CopError *err)
{
    CopSafetensors *file;
    COP_TRY(cop_safetensors_open(&file, run->model, err));
    run->label = meta_of(file, "name");
    run->recipe = meta_of(file, "run.recipe");
    cop_safetensors_close(&file);
    return cop_model_hash(run->model, &run->sha256, err);
}

/* Where a method can grow both ways, the paper's name says which. */
static void name_method(CopAnalysisRun *run)
{
    const CopSparseOptions *o = &run->config.sparse;
    const CopSparseDesc *desc = cop_sparse_find(o->method);
    const bool moves = desc && desc->flags & COP_SPARSE_UPDATES;
    const bool own = strcmp(o->method, "set") == 0 || strcmp(o->method, "rigl") == 0 ||
                     strcmp(o->method, "gradual") == 0;
    const int growth = o->growth ? o->growth - 1 : desc ? (int)desc->growth : COP_GROW_RANDOM;
    const char *suffix = moves && !own ? growth == COP_GROW_GRADIENT ? "_g" : "_r" : "";
    if (own && o->growth && desc && growth != (int)desc->growth)
        suffix = growth == COP_GROW_GRADIENT ? "_g" : "_r";
    g_snprintf(run->method, sizeof run->method, "%s%s", o->method, suffix);
}

static CopStatus read_run(CopAnalysisRun *run, const CopAnalyseOptions *options, CopError *err)
{
    char *path = g_build_filename(run->folder, config_name, NULL);
    CopStatus status = cop_config_load(&run->config, path, options->sets, options->n_sets, err);
    g_free(path);
    COP_TRY(status);
    COP_TRY(read_model(run, err));
    name_method(run);
    const bool dense = strcmp(run->method, "dense") == 0;
    run->density = dense ? 1 : run->config.sparse.density;
    if (dense)
        run->control = (CopControl)(1 + cop_sweep_control(run->label, &run->density));
    run->seed = run->config.run.seed;
    run->result = -1;
    return COP_OK;
}

static void free_run(CopAnalysisRun *run)
{
    cop_config_free(&run->config);
    g_free(run->folder);
    g_free(run->model);
    g_free(run->sha256);
    g_free(run->label);
    g_free(run->recipe);
}

/* Copies would count as seeds. */
static CopStatus check_new(const CopAnalysis *a, const CopAnalysisRun *run, CopError *err)
{
    for (int i = 0; i < a->n_runs; i++)
        if (strcmp(a->run[i].sha256, run->sha256) == 0)
            return cop_error_set(err, COP_ERR_DATA, "%s: is the same model as %s", run->folder,
                                 a->run[i].folder);
    return COP_OK;
}

static CopStatus read_runs(CopAnalysis *a, const GPtrArray *folders, CopError *err)
{
    a->run = g_new0(CopAnalysisRun, folders->len);
    for (guint i = 0; i < folders->len; i++) {
        CopAnalysisRun run = {.folder = g_strdup(g_ptr_array_index(folders, i))};
        CopError why = {0};
        run.model = g_build_filename(run.folder, model_name, NULL);
        if (read_run(&run, a->options, &why) == COP_OK && check_new(a, &run, &why) == COP_OK) {
            a->run[a->n_runs++] = run;
            continue;
        }
        const bool named = strstr(why.text, run.folder) != NULL;
        g_ptr_array_add(a->figures->broken, named
                                                ? g_strdup(why.text)
                                                : g_strdup_printf("%s: %s", run.folder, why.text));
        free_run(&run);
    }
    if (a->n_runs == 0)
        return cop_error_set(err, COP_ERR_DATA, "no run can be used; the first one: %s",
                             (const char *)g_ptr_array_index(a->figures->broken, 0));
    return COP_OK;
}

/* --- series -------------------------------------------------------------------------- */

static bool same_series(const CopAnalysisRun *a, const CopAnalysisRun *b)
{
    /* A control of two densities may be one net. */
    if (a->control != b->control || a->density != b->density)
        return false;
    if (*a->recipe && *b->recipe)
        return strcmp(a->recipe, b->recipe) == 0;
    return strcmp(a->method, b->method) == 0 &&
           strcmp(a->config.model.arch, b->config.model.arch) == 0 &&
           strcmp(a->config.model.options, b->config.model.options) == 0;
}

/* Dense, controls, static, others: by method and density, the densest first. */
static int by_place(const void *x, const void *y)
{
    const CopAnalysisRun *a = x, *b = y;
    const CopAnalysisRun *const both[] = {a, b};
    int rank[2];
    for (int i = 0; i < 2; i++)
        rank[i] = strcmp(both[i]->method, "dense") == 0    ? both[i]->control != COP_CONTROL_NONE
                  : strcmp(both[i]->method, "static") == 0 ? 2
                                                           : 3;
    if (rank[0] != rank[1])
        return rank[0] - rank[1];
    if (a->control != b->control)
        return (int)a->control - (int)b->control;
    const int order = strcmp(a->method, b->method);
    if (order)
        return order;
    if (a->density != b->density)
        return a->density < b->density ? 1 : -1;
    if (strcmp(a->recipe, b->recipe) != 0)
        return strcmp(a->recipe, b->recipe);
    return a->seed < b->seed ? -1 : a->seed > b->seed ? 1 : strcmp(a->folder, b->folder);
}

static char *label_of(const CopAnalysisRun *run)
{
    char number[32];
    cop_format_double(run->density, number);
    if (run->control != COP_CONTROL_NONE)
        return g_strdup_printf("dense, %s × %s", number,
                               run->control == COP_CONTROL_FLOPS ? "FLOPs" : "weights");
    if (strcmp(run->method, "dense") == 0)
        return g_strdup("dense");
    return g_strdup_printf("%s %s", run->method, number);
}

/* Series that are called the same, because something else tells them apart. */
static void tell_apart(CopAnalysis *a)
{
    for (int i = 0; i < a->n_series; i++) {
        int same = 1;
        for (int k = i + 1; k < a->n_series; k++)
            if (strcmp(a->series[i].label, a->series[k].label) == 0) {
                char *name = g_strdup_printf("%s (%d)", a->series[k].label, ++same);
                g_free(a->series[k].label);
                a->series[k].label = name;
            }
    }
}

static void make_series(CopAnalysis *a)
{
    qsort(a->run, (size_t)a->n_runs, sizeof *a->run, by_place);
    a->series = g_new0(CopAnalysisSeries, a->n_runs);
    for (int i = 0; i < a->n_runs; i++) {
        CopAnalysisRun *run = &a->run[i];
        int at = 0;
        while (at < a->n_series && !same_series(a->series[at].first, run))
            at++;
        CopAnalysisSeries *series = &a->series[at];
        if (at == a->n_series) {
            *series = (CopAnalysisSeries){.label = label_of(run), .first = run};
            series->run = g_new0(int, a->n_runs);
            a->n_series++;
        }
        series->run[series->n++] = i;
        run->series = at;
    }
    tell_apart(a);
}

/* --- results ------------------------------------------------------------------------- */

/* results.db beside a run. All runs must share one. */
static CopStatus find_db(CopAnalysis *a, CopError *err)
{
    if (a->options->db) {
        a->db = g_strdup(a->options->db);
        return COP_OK;
    }
    for (int i = 0; i < a->n_runs; i++) {
        char *above = g_path_get_dirname(a->run[i].folder);
        char *path = g_build_filename(above, results_name, NULL);
        g_free(above);
        if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
            g_free(path);
        } else if (!a->db) {
            a->db = path;
        } else {
            const bool other = strcmp(path, a->db) != 0;
            if (other)
                cop_error_set(err, COP_ERR_ARG,
                              "%s and %s: runs of two result files; `coppice merge` makes one "
                              "of them, for --db",
                              a->db, path);
            g_free(path);
            if (other)
                return COP_ERR_ARG;
        }
    }
    return COP_OK;
}

static CopStatus read_results(CopAnalysis *a, CopError *err)
{
    COP_TRY(find_db(a, err));
    if (!a->db)
        return COP_OK;
    COP_TRY(cop_results_load(&a->results, a->db, a->options->setup, err));
    for (int i = 0; i < a->n_runs; i++)
        a->run[i].result = cop_results_find(a->results, a->run[i].sha256);
    return COP_OK;
}

static CopStatus find_baseline(CopAnalysis *a, CopError *err)
{
    const char *name = a->options->baseline;
    a->baseline = -1;
    for (int i = 0; i < a->n_series && a->baseline < 0; i++) {
        const CopAnalysisSeries *series = &a->series[i];
        bool fits = name && strcmp(series->label, name) == 0;
        for (int k = 0; name && k < series->n; k++) {
            char *folder = g_path_get_basename(a->run[series->run[k]].folder);
            fits |= strcmp(a->run[series->run[k]].label, name) == 0 || strcmp(folder, name) == 0;
            g_free(folder);
        }
        if (name ? fits : strcmp(series->label, "dense") == 0)
            a->baseline = i;
    }
    if (name && a->baseline < 0) {
        const char **labels = g_new0(const char *, a->n_series + 1);
        for (int i = 0; i < a->n_series; i++)
            labels[i] = a->series[i].label;
        const char *near = cop_nearest_name(name, labels);
        cop_error_set(err, COP_ERR_CONFIG, "--baseline %s: no run or series is called so%s%s", name,
                      near ? "; nearest: " : "", near ? near : "");
        g_free(labels);
        return COP_ERR_CONFIG;
    }
    return COP_OK;
}

CopStatus cop_analysis_read(CopAnalysis *a, const CopAnalyseOptions *options, CopError *err)
{
    *a = (CopAnalysis){.options = options, .baseline = -1};
    a->figures = cop_figure_list_create(options->out);
    CopConfig trial; /* a slip in --set is nobody's run's fault */
    CopStatus status = cop_config_load(&trial, NULL, options->sets, options->n_sets, err);
    cop_config_free(&trial);
    COP_TRY(status);
    GPtrArray *folders = g_ptr_array_new_with_free_func(g_free);
    for (int i = 0; i < options->n_runs && status == COP_OK; i++)
        status = find_runs(folders, options->runs[i], err);
    if (status == COP_OK)
        status = read_runs(a, folders, err);
    g_ptr_array_unref(folders);
    COP_TRY(status);
    make_series(a);
    COP_TRY(read_results(a, err));
    return find_baseline(a, err);
}

void cop_analysis_free(CopAnalysis *a)
{
    for (int i = 0; i < a->n_runs; i++)
        free_run(&a->run[i]);
    for (int i = 0; i < a->n_series; i++) {
        g_free(a->series[i].label);
        g_free(a->series[i].run);
    }
    g_free(a->run);
    g_free(a->series);
    g_free(a->db);
    cop_results_free(&a->results);
    cop_figure_list_free(a->figures);
    *a = (CopAnalysis){0};
}
