/* coppice compare: the models of a result file side by side.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/cli_config.h"
#include "pipeline/eval/measures.h"
#include "pipeline/report/compare.h"

extern const CopCommand cop_cmd_compare;

static const char *const formats[] = {"table", "csv",  "cells", "scopes",
                                      "seeds", "json", "latex", NULL};

static CopStatus find_format(const char *name, int *format, CopError *err)
{
    for (*format = 0; formats[*format]; (*format)++)
        if (strcmp(formats[*format], name) == 0)
            return COP_OK;
    const char *near = cop_nearest_name(name, formats);
    return cop_error_set(err, COP_ERR_ARG,
                         "format: got \"%s\"; allowed: table, csv, cells, scopes, seeds, json, "
                         "latex%s%s",
                         name, near ? "; nearest: " : "", near ? near : "");
}

static char *compare(const CopResults *results, int baseline, int format)
{
    switch (format) {
    case 0:
        return cop_compare_text(results, baseline);
    case 1:
        return cop_compare_csv(results, baseline);
    case 2:
        return cop_compare_cells(results);
    case 3:
        return cop_compare_scopes(results, baseline);
    case 4:
        return cop_compare_seeds_csv(results, baseline);
    case 5:
        return cop_compare_json(results, baseline, true);
    default:
        return cop_compare_latex(results, baseline);
    }
}

static CopStatus show(const char *path, const char *baseline, int format, const char *events,
                      int setup, CopError *err)
{
    CopResults *results;
    COP_TRY(cop_results_load(&results, path, setup, err));
    if (results->n_setups > 1 && setup == 0)
        fprintf(stderr,
                "coppice compare: %s holds %d setups, which are never mixed; this is number %lld "
                "(--setup chooses)\n",
                path, results->n_setups, (long long)results->setup);
    const int base = cop_results_baseline(results, baseline, err);
    CopStatus status = base < 0 ? err->status : COP_OK;
    if (status == COP_OK) {
        char *text = compare(results, base, format);
        if (fputs(text, stdout) < 0)
            status = cop_error_set(err, COP_ERR_IO, "standard output cannot be written");
        g_free(text);
    }
    if (status == COP_OK && events)
        status = cop_compare_events(results, events, err);
    cop_results_free(&results);
    return status;
}

static int run(int argc, char **argv)
{
    char *format_name = NULL, *baseline = NULL, *events = NULL;
    gboolean json = FALSE;
    int setup = 0, format = 0;
    const GOptionEntry entries[] = {
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &baseline,
         "Model that the others are tested against (the first dense one)", "NAME"},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format_name,
         "table; csv, cells, scopes or seeds: one row a model, a cell, a model and scope, or a "
         "recipe "
         "and scope; json; latex",
         "FORMAT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "The same as --format json", NULL},
        {"tensorboard", 0, 0, G_OPTION_ARG_FILENAME, &events,
         "Also write top-1 for TensorBoard, a folder a model; steps are hundredths of severity",
         "DIR"},
        {"setup", 0, 0, G_OPTION_ARG_INT, &setup, "Number of the setup (the newest)", "N"},
        {.long_name = NULL},
    };
    bool done;
    const int code = cop_cli_parse(&cop_cmd_compare, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done) {
        CopStatus status = find_format(json          ? "json"
                                       : format_name ? format_name
                                                     : "table",
                                       &format, &err);
        if (status == COP_OK)
            status = cop_cli_one_word(argc, argv, "R.db, the result file", &err);
        if (status == COP_OK)
            status = show(argv[1], baseline, format, events, setup, &err);
    }
    g_free(format_name);
    g_free(baseline);
    g_free(events);
    if (done)
        return code;
    return err.status == COP_OK ? COP_EXIT_OK : cop_cli_fail("compare", &err);
}

static char *details(void)
{
    char *measures = cop_measures_text();
    char *text = g_strconcat(
        "Measures:\n", measures,
        "Scopes: clean; robust, the mean over corruptions of the mean over severities; each\n"
        "corruption, family and severity, averaged in the same way. Other formats than the table\n"
        "have shares and ratios at full precision, and nothing (JSON: null) where cells are\n"
        "missing, or where a quotient's denominator is not above 0.\n"
        "Intervals are 95 %: Wilson's for a cell; for means over cells Student's over the clips'\n"
        "own means. Over seeds, models that differ in their seed alone are set against the\n"
        "baseline's of the same seeds: Student's interval and a paired t test over seeds.\n"
        "docs/METRICS.md has it all.",
        NULL);
    g_free(measures);
    return text;
}

const CopCommand cop_cmd_compare = {
    .name = "compare",
    .usage = "R.db",
    .summary = "set the models of a result file side by side, with intervals and paired tests",
    .run = run,
    .details = details,
};
