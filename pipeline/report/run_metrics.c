/* How masks moved while the models of a report were trained.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/report/run_metrics.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "pipeline/json_text.h"
#include "pipeline/model/model.h"

static const char metrics_name[] = "metrics.jsonl", model_name[] = "model.safetensors";

static void free_run(gpointer pointer)
{
    CopRunMetrics *run = pointer;
    cop_update_log_free(run->log);
    g_free(run->folder);
    g_free(run);
}

static CopRunMetrics *read_run(int model, const char *folder)
{
    CopUpdateLog *log = cop_update_log_read(folder);
    if (!log)
        return NULL;
    CopRunMetrics *run = g_new0(CopRunMetrics, 1);
    *run = (CopRunMetrics){.model = model, .folder = g_strdup(folder), .log = log};
    return run;
}

/* --- which run a model came from --------------------------------------------------- */

/* A folder that may be a run, and the hash of its model, found once. */
typedef struct Candidate {
    char *folder, *sha256;
} Candidate;

static void free_candidate(gpointer pointer)
{
    Candidate *candidate = pointer;
    g_free(candidate->folder);
    g_free(candidate->sha256);
    g_free(candidate);
}

/* `model` is a file in `folder`. */
static void add_candidate(GPtrArray *candidates, const char *folder, const char *model)
{
    char *metrics = g_build_filename(folder, metrics_name, NULL), *sha256 = NULL;
    if (g_file_test(metrics, G_FILE_TEST_IS_REGULAR) &&
        g_file_test(model, G_FILE_TEST_IS_REGULAR) &&
        cop_model_hash(model, &sha256, NULL) == COP_OK) {
        Candidate *candidate = g_new0(Candidate, 1);
        candidate->folder = g_strdup(folder);
        candidate->sha256 = sha256;
        g_ptr_array_add(candidates, candidate);
    }
    g_free(metrics);
}

/* A run's folder, whose model has the usual name. */
static void add_run(GPtrArray *candidates, const char *folder)
{
    char *model = g_build_filename(folder, model_name, NULL);
    add_candidate(candidates, folder, model);
    g_free(model);
}

static void add_folder(GPtrArray *candidates, const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    add_run(candidates, folder);
    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        char *inner = g_build_filename(folder, name, NULL);
        if (g_file_test(inner, G_FILE_TEST_IS_DIR))
            add_run(candidates, inner);
        g_free(inner);
    }
    if (dir)
        g_dir_close(dir);
}

static GPtrArray *list_candidates(const CopResults *results, const char *const *folders, int n)
{
    GPtrArray *candidates = g_ptr_array_new_with_free_func(free_candidate);
    for (int i = 0; i < results->n_models; i++) {
        const char *path = results->models[i].path;
        char *folder = path ? g_path_get_dirname(path) : NULL;
        if (folder)
            add_candidate(candidates, folder, path);
        g_free(folder);
    }
    for (int i = 0; i < n; i++)
        add_folder(candidates, folders[i]);
    return candidates;
}

GPtrArray *cop_run_metrics_find(const CopResults *results, const char *const *folders, int n)
{
    GPtrArray *runs = g_ptr_array_new_with_free_func(free_run);
    GPtrArray *candidates = list_candidates(results, folders, n);
    for (int model = 0; model < results->n_models; model++) {
        CopRunMetrics *run = NULL;
        for (guint i = 0; i < candidates->len && !run; i++) {
            const Candidate *candidate = g_ptr_array_index(candidates, i);
            if (strcmp(candidate->sha256, results->models[model].about.sha256) == 0)
                run = read_run(model, candidate->folder);
        }
        if (run)
            g_ptr_array_add(runs, run);
    }
    g_ptr_array_unref(candidates);
    return runs;
}

/* --- for the charts ------------------------------------------------------------------ */

static void put_row(JsonBuilder *json, const double *values, int n)
{
    json_builder_begin_array(json);
    for (int i = 0; i < n; i++)
        json_builder_add_double_value(json, values[i]);
    json_builder_end_array(json);
}

static void put_layer(JsonBuilder *json, const CopUpdateLayer *layer)
{
    char *name = g_utf8_make_valid(layer->name, -1);
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "name");
    json_builder_add_string_value(json, name);
    json_builder_set_member_name(json, "weights");
    json_builder_add_double_value(json, g_array_index(layer->points, CopUpdatePoint, 0).weights);
    json_builder_set_member_name(json, "updates"); /* step, nnz, grown, explored */
    json_builder_begin_array(json);
    for (guint i = 0; i < layer->points->len; i++) {
        const CopUpdatePoint *u = &g_array_index(layer->points, CopUpdatePoint, i);
        put_row(json, (double[]){u->step, u->nnz, u->grown, u->explored}, 4);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    g_free(name);
}

static void put_run(JsonBuilder *json, const CopRunMetrics *run)
{
    json_builder_begin_object(json);
    json_builder_set_member_name(json, "model");
    json_builder_add_int_value(json, run->model);
    json_builder_set_member_name(json, "epochs"); /* step, density, explored, loss, top-1 */
    json_builder_begin_array(json);
    for (guint i = 0; i < run->log->epochs->len; i++) {
        const CopUpdateEpoch *e = &g_array_index(run->log->epochs, CopUpdateEpoch, i);
        put_row(json, (double[]){e->step, e->density, e->explored, e->loss, e->test_top1}, 5);
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "layers");
    json_builder_begin_array(json);
    for (guint i = 0; i < run->log->layers->len; i++)
        put_layer(json, g_ptr_array_index(run->log->layers, i));
    json_builder_end_array(json);
    json_builder_end_object(json);
}

void cop_run_metrics_json(GString *out, const GPtrArray *runs)
{
    JsonBuilder *json = json_builder_new();
    json_builder_begin_array(json);
    for (guint i = 0; i < runs->len; i++)
        put_run(json, g_ptr_array_index(runs, i));
    json_builder_end_array(json);
    char *text = cop_json_text(json, FALSE);
    g_string_append(out, text);
    g_free(text);
}
