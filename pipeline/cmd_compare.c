/* coppice compare: the models of a result file side by side.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "models/core/option.h"
#include "pipeline/cli_config.h"
#include "pipeline/report/compare.h"

extern const CopCommand cop_cmd_compare;

static const char *const formats[] = {"table", "csv", "json", "latex", NULL};

static CopStatus find_format(const char *name, int *format, CopError *err)
{
    for (*format = 0; formats[*format]; (*format)++)
        if (strcmp(formats[*format], name) == 0)
            return COP_OK;
    const char *near = cop_nearest_name(name, formats);
    return cop_error_set(err, COP_ERR_ARG,
                         "format: got \"%s\"; allowed: table, csv, json, latex%s%s", name,
                         near ? "; nearest: " : "", near ? near : "");
}

static CopStatus show(const char *path, const char *baseline, int format, int setup, CopError *err)
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
        char *text = format == 0   ? cop_compare_text(results, base)
                     : format == 1 ? cop_compare_csv(results)
                     : format == 2 ? cop_compare_json(results, base, true)
                                   : cop_compare_latex(results);
        if (fputs(text, stdout) < 0)
            status = cop_error_set(err, COP_ERR_IO, "standard output cannot be written");
        g_free(text);
    }
    cop_results_free(&results);
    return status;
}

static int run(int argc, char **argv)
{
    char *format_name = NULL, *baseline = NULL;
    gboolean json = FALSE;
    int setup = 0, format = 0;
    const GOptionEntry entries[] = {
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &baseline,
         "Model that the others are tested against (the first dense one)", "NAME"},
        {"format", 0, 0, G_OPTION_ARG_FILENAME, &format_name, "table, csv, json or latex (table)",
         "FORMAT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &json, "The same as --format json", NULL},
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
            status = show(argv[1], baseline, format, setup, &err);
    }
    g_free(format_name);
    g_free(baseline);
    if (done)
        return code;
    return err.status == COP_OK ? COP_EXIT_OK : cop_cli_fail("compare", &err);
}

const CopCommand cop_cmd_compare = {
    .name = "compare",
    .usage = "R.db",
    .summary = "set the models of a result file side by side, with intervals and paired tests",
    .run = run,
};
