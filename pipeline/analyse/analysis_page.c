/* What an analysis shows: pictures and tables are written, listed in figures.json and drawn
 * in figures.html, as the report draws them.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "models/core/file.h"
#include "pipeline/analyse/analysis.h"
#include "pipeline/report/html.h"

static const char page_name[] = "figures.html";

void cop_page_figure(CopAnalysis *a, const char *name, const char *title, const char *caption)
{
    cop_figure_list_add(a->figures, name, title, caption);
}

CopStatus cop_page_plot(CopAnalysis *a, CopPlot *plot, const char *name, const char *what,
                        CopError *err)
{
    if (!plot)
        return err->status;
    CopStatus status = cop_plot_write(plot, a->figures->folder, name, err);
    cop_plot_destroy(&plot);
    if (status == COP_OK)
        status = cop_figure_list_add_picture(a->figures, name, what, err);
    return status;
}

CopStatus cop_page_table(CopAnalysis *a, CopTidy *tidy, const char *name, const char *what,
                         CopError *err)
{
    const CopStatus status = cop_tidy_write(tidy, a->figures->folder, name, err);
    cop_figure_list_add_table(a->figures, name, what, cop_tidy_rows(tidy));
    cop_tidy_destroy(&tidy);
    return status;
}

/* What the figures are of. */
static void describe(const CopAnalysis *a)
{
    CopFigureList *list = a->figures;
    list->version = g_strdup(COP_VERSION);
    list->command = g_strdup(a->options->command);
    list->series = a->n_series;
    if (a->baseline >= 0)
        list->baseline = g_strdup(a->series[a->baseline].label);
    if (a->results) {
        list->results = g_strdup(a->db);
        list->setup = cop_figure_setup(a->results->setup_text);
    }
    for (int i = 0; i < a->n_runs; i++) {
        const CopAnalysisRun *run = &a->run[i];
        cop_figure_list_add_run(list, a->series[run->series].label, run->seed, run->label,
                                run->sha256, run->folder);
    }
}

CopStatus cop_page_write(CopAnalysis *a, CopError *err)
{
    describe(a);
    COP_TRY(cop_figure_list_write(a->figures, err));
    GString *out = g_string_sized_new(1 << 16);
    cop_html_figures_page(out, a->figures);
    char *path = g_build_filename(a->figures->folder, page_name, NULL);
    const CopStatus status = cop_file_write(path, out->str, out->len, err);
    g_free(path);
    g_string_free(out, TRUE);
    return status;
}
