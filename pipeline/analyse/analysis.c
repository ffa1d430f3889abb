/* The figures of an analysis: which there are, and which are made.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/analyse/analysis.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/analyse/figures.h"

const CopFigure cop_figures[] = {
    {"gain", "top-1 above the baseline, by corruption and severity", cop_figure_gain},
    {"accuracy", "clean and robust top-1 against sparsity", cop_figure_accuracy},
    {"energy", "gain by severity, corruptions by their high-frequency energy", cop_figure_energy},
    {"topology", "non-zeros of a layer's kernels, degrees of its channels", cop_figure_topology},
    {"training", "density, ITOP rate, drop fraction and mask overlap over steps",
     cop_figure_training},
    {"radius", "top-1 on low-pass and high-pass clips, by radius", cop_figure_radius},
    {"fourier", "top-1 under waves of the Fourier basis, by frequency", cop_figure_fourier},
    {.name = NULL},
};

static CopStatus check_names(const CopAnalyseOptions *options, CopError *err)
{
    const char *names[G_N_ELEMENTS(cop_figures)] = {NULL};
    for (gsize i = 0; cop_figures[i].name; i++)
        names[i] = cop_figures[i].name;
    for (const char *const *word = options->only; word && *word; word++)
        if (!g_strv_contains(names, *word)) {
            const char *near = cop_nearest_name(*word, names);
            char *all = g_strjoinv(", ", (char **)(void *)names);
            cop_error_set(err, COP_ERR_ARG, "--only %s: allowed: %s%s%s", *word, all,
                          near ? "; nearest: " : "", near ? near : "");
            g_free(all);
            return COP_ERR_ARG;
        }
    return COP_OK;
}

/* What one figure lacks is a note, unless it is what was asked for; data and models that are
 * not there are all that it can lack. */
static CopStatus make_one(CopAnalysis *a, const CopFigure *figure, CopError *err)
{
    CopError why = {0};
    const guint before = a->figures->entries->len;
    const CopStatus status = figure->make(a, &why);
    if (status == COP_OK)
        return COP_OK;
    if (!a->options->only && (status == COP_ERR_DATA || status == COP_ERR_MODEL)) {
        g_ptr_array_set_size(a->figures->entries, (int)before);
        g_ptr_array_add(a->figures->notes, g_strdup_printf("%s: %s", figure->name, why.text));
        return COP_OK;
    }
    return cop_error_set(err, status, "%s: %s", figure->name,
                         why.text[0] ? why.text : cop_status_name(status));
}

CopStatus cop_analysis_make(CopAnalysis *a, CopError *err)
{
    const CopAnalyseOptions *o = a->options;
    COP_TRY(check_names(o, err));
    if (g_mkdir_with_parents(o->out, 0777) != 0)
        return cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", o->out, g_strerror(errno));
    for (const CopFigure *figure = cop_figures; figure->name; figure++)
        if (!o->only || g_strv_contains(o->only, figure->name))
            COP_TRY(make_one(a, figure, err));
    return cop_page_write(a, err);
}
