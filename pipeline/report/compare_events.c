/* Scores of the models of one setup as TensorBoard's event files.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "pipeline/report/compare.h"
#include "pipeline/report/tensorboard.h"

enum { STEPS_A_SEVERITY = 100 };

/* A label as the name of a folder. */
static char *folder_of(const char *parent, const char *label)
{
    char *name = g_strdelimit(g_strdup(label), "/\\:", '_');
    char *path = g_build_filename(parent, name, NULL);
    g_free(name);
    return path;
}

static void add_scope(CopEvents *events, const CopResults *results, int model, int scope,
                      const char *tag)
{
    const CopInterval score = cop_results_score(results, model, scope);
    if (!isnan(score.value))
        cop_events_scalar(events, tag, 0, score.value);
}

static CopStatus write_model(const CopResults *results, int model, const char *folder,
                             CopError *err)
{
    CopEvents *events;
    COP_TRY(cop_events_create(&events, folder, 0, err));
    add_scope(events, results, model, COP_SCOPE_CLEAN, "top1/clean");
    add_scope(events, results, model, COP_SCOPE_ROBUST, "top1/robust");
    for (int i = 0; i < results->n_columns; i++) {
        const CopResultColumn *column = &results->columns[i];
        const CopInterval top1 = cop_results_top1(results, model, i);
        if (column->corruption < 0 || isnan(top1.value))
            continue;
        char *tag = g_strconcat("top1/", results->corruptions[column->corruption].name, NULL);
        cop_events_scalar(events, tag, (uint64_t)lround(column->severity * STEPS_A_SEVERITY),
                          top1.value);
        g_free(tag);
    }
    const CopStatus status = cop_events_flush(events, err);
    cop_events_close(&events);
    return status;
}

CopStatus cop_compare_events(const CopResults *results, const char *folder, CopError *err)
{
    CopStatus status = COP_OK;
    for (int m = 0; m < results->n_models && status == COP_OK; m++) {
        char *path = folder_of(folder, results->models[m].label);
        if (g_mkdir_with_parents(path, 0777) == 0)
            status = write_model(results, m, path, err);
        else
            status =
                cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", path, g_strerror(errno));
        g_free(path);
    }
    return status;
}
