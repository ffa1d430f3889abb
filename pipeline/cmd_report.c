/* coppice report: a result file as one HTML page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "pipeline/cli_config.h"
#include "pipeline/report/report.h"

extern const CopCommand cop_cmd_report;

static CopStatus write_page(const char *path, const char *page, const char *baseline, int setup,
                            CopError *err)
{
    CopResults *results;
    COP_TRY(cop_results_load(&results, path, setup, err));
    const int base = cop_results_baseline(results, baseline, err);
    CopStatus status = base < 0 ? err->status : cop_report_write(results, base, page, err);
    if (status == COP_OK)
        printf("%s: %d models, %d clips, %d corruptions (setup %lld of %d)\n", page,
               results->n_models, results->n_clips, results->n_corruptions,
               (long long)results->setup, results->n_setups);
    cop_results_free(&results);
    return status;
}

static int run(int argc, char **argv)
{
    char *page = NULL, *baseline = NULL;
    int setup = 0;
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &page, "The page to write (report.html)", "FILE"},
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &baseline,
         "Model that the others are compared with (the first dense one)", "NAME"},
        {"setup", 0, 0, G_OPTION_ARG_INT, &setup, "Number of the setup (the newest)", "N"},
        {.long_name = NULL},
    };
    bool done;
    const int code = cop_cli_parse(&cop_cmd_report, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done) {
        CopStatus status = cop_cli_one_word(argc, argv, "R.db, the result file", &err);
        if (status == COP_OK)
            status = write_page(argv[1], page ? page : "report.html", baseline, setup, &err);
    }
    g_free(page);
    g_free(baseline);
    if (done)
        return code;
    return err.status == COP_OK ? COP_EXIT_OK : cop_cli_fail("report", &err);
}

const CopCommand cop_cmd_report = {
    .name = "report",
    .usage = "R.db",
    .summary = "write a result file as one self-contained HTML page",
    .run = run,
};
