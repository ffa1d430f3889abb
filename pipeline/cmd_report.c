/* coppice report: a result file as one HTML page.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "pipeline/cli_config.h"
#include "pipeline/report/report.h"

extern const CopCommand cop_cmd_report;

typedef struct Words {
    char *page, *baseline, *media, *figures, **runs, *command;
    int setup;
} Words;

static CopStatus check_folders(const Words *words, CopError *err)
{
    for (char **run = words->runs; run && *run; run++)
        if (!g_file_test(*run, G_FILE_TEST_IS_DIR))
            return cop_error_set(err, COP_ERR_DATA, "--runs %s: is not a folder", *run);
    if (words->media && !g_file_test(words->media, G_FILE_TEST_IS_DIR))
        return cop_error_set(err, COP_ERR_DATA, "--media %s: is not a folder", words->media);
    return COP_OK;
}

/* Those that are asked for must be there; those that lie beside the results are a gift. */
static CopStatus find_figures(const char *path, const Words *words, CopFigureList **figures,
                              CopError *err)
{
    CopError why = {0};
    if (words->figures)
        return cop_figure_list_read(figures, words->figures, err);
    if (cop_figure_list_beside(figures, path, &why) != COP_OK)
        cop_cli_note("figures are left out: %s", why.text);
    return COP_OK;
}

static CopStatus write_page(const char *path, const Words *words, CopError *err)
{
    const char *page = words->page ? words->page : "report.html";
    CopFigureList *figures;
    CopResults *results;
    COP_TRY(check_folders(words, err));
    COP_TRY(cop_results_load(&results, path, words->setup, err));
    const int base = cop_results_baseline(results, words->baseline, err);
    CopStatus status = base < 0 ? err->status : find_figures(path, words, &figures, err);
    if (status == COP_OK) {
        const CopReportOptions options = {.media = words->media,
                                          .folders = (const char *const *)words->runs,
                                          .n_folders =
                                              words->runs ? (int)g_strv_length(words->runs) : 0,
                                          .figures = figures,
                                          .command = words->command};
        status = cop_report_write(results, base, &options, page, err);
        cop_figure_list_free(figures);
    }
    if (status == COP_OK)
        printf("%s: %d models, %d clips, %d corruptions (setup %lld of %d)\n", page,
               results->n_models, results->n_clips, results->n_corruptions,
               (long long)results->setup, results->n_setups);
    cop_results_free(&results);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.command = cop_cli_command(argc, argv)};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &words.page, "The page to write (report.html)",
         "FILE"},
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &words.baseline,
         "Model that the others are compared with (the first dense one)", "NAME"},
        {"runs", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words.runs,
         "Folder of a training run, or of several; may be repeated (where the models were)", "DIR"},
        {"media", 0, 0, G_OPTION_ARG_FILENAME, &words.media,
         "Folder of the clips (where the evaluation found them)", "DIR"},
        {"figures", 0, 0, G_OPTION_ARG_FILENAME, &words.figures,
         "Folder that coppice analyse made (\"analyse\" beside R.db, where there is one)", "DIR"},
        {"setup", 0, 0, G_OPTION_ARG_INT, &words.setup, "Number of the setup (the newest)", "N"},
        {.long_name = NULL},
    };
    bool done;
    const int code = cop_cli_parse(&cop_cmd_report, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done) {
        CopStatus status = cop_cli_one_word(argc, argv, "R.db, the result file", &err);
        if (status == COP_OK)
            status = write_page(argv[1], &words, &err);
    }
    g_free(words.page);
    g_free(words.baseline);
    g_free(words.media);
    g_free(words.figures);
    g_strfreev(words.runs);
    g_free(words.command);
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
