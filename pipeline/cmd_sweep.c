/* coppice sweep: every method, density and seed: train, evaluate, compare, report.
 *
 * Any number of processes may work on one folder: a run belongs to whoever holds its folder's
 * lock, and each process takes the first run that nobody has.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pipeline/cli_config.h"
#include "pipeline/cli_sweep.h"
#include "pipeline/eval/grid.h"
#include "pipeline/interrupt.h"
#include "pipeline/model/folder_lock.h"
#include "pipeline/model/model.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/report.h"

extern const CopCommand cop_cmd_sweep;

typedef struct Job {
    CopConfig *config;
    const char *out, *command;
    CopSweep sweep;
    CopError *err;
} Job;

/* The table on stdout, the page beside the result file, with the figures of DIR/analyse where these
 * can be read. */
static CopStatus publish(const char *db, const char *page, const char *command, CopError *err)
{
    CopResults *results;
    COP_TRY(cop_results_load(&results, db, 0, err));
    const int base = cop_results_baseline(results, NULL, err);
    CopStatus status = base < 0 ? err->status : COP_OK;
    if (status == COP_OK) {
        char *text = cop_compare_text(results, base);
        fputs(text, stdout);
        g_free(text);
        CopFigureList *figures;
        CopError why = {0};
        if (cop_figure_list_beside(&figures, db, &why) != COP_OK)
            cop_cli_note("figures are left out: %s", why.text);
        const CopReportOptions options = {.figures = figures, .command = command};
        status = cop_report_write(results, base, &options, page, err);
        cop_figure_list_free(figures);
    }
    cop_results_free(&results);
    return status;
}

static CopStatus evaluate(Job *job)
{
    char *db = g_build_filename(job->out, "results.db", NULL);
    char *page = g_build_filename(job->out, "report.html", NULL);
    const char **models = g_new0(const char *, job->sweep.n);
    for (int i = 0; i < job->sweep.n; i++)
        models[i] = job->sweep.run[i].model;
    const CopGridOptions options = {.config = job->config,
                                    .models = models,
                                    .n_models = job->sweep.n,
                                    .db = db,
                                    .command = job->command};
    CopGridResult result;
    CopStatus status = cop_grid_run(&options, "eval", &result, job->err);
    if (status == COP_OK) {
        printf("%d clips in %d cells, %ld predictions, %.1f s\n\n", result.clips, result.cells,
               result.predictions, result.seconds);
        status = publish(db, page, job->command, job->err);
    }
    if (status == COP_OK)
        printf("\n%s\n", page);
    g_free(models);
    g_free(db);
    g_free(page);
    return status;
}

/* One process at a time; those that come later find nothing left to do, and show the table. */
static CopStatus evaluate_alone(Job *job)
{
    int lock = COP_FOLDER_UNLOCKED;
    CopStatus status = COP_AGAIN;
    while (status == COP_AGAIN) {
        CopError why = {0};
        status = cop_folder_lock(job->out, &lock, &why);
        if (status == COP_AGAIN && cop_interrupted())
            return cop_error_set(job->err, COP_ERR_INTERRUPTED, "interrupted");
        if (status == COP_AGAIN)
            g_usleep(G_USEC_PER_SEC / 2);
        else if (status != COP_OK)
            return cop_error_set(job->err, status, "%s", why.text);
    }
    status = evaluate(job);
    cop_folder_unlock(job->out, &lock);
    return status;
}

static CopStatus make_folder(const char *path, CopError *err)
{
    if (g_mkdir_with_parents(path, 0777) == 0)
        return COP_OK;
    return cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", path, g_strerror(errno));
}

static CopStatus sweep_all(const CopConfigWords *words, const char *out, const char *command,
                           bool look, CopError *err)
{
    CopConfig config;
    CopStatus status = cop_cli_load(words, &config, err);
    Job job = {
        .config = &config, .out = out ? out : config.run.out, .command = command, .err = err};
    cop_interrupt_catch();
    if (status == COP_OK)
        status = cop_sweep_create(&job.sweep, &config, job.out, err);
    if (status == COP_OK && look) {
        cop_cli_sweep_list(&job.sweep, config.train.epochs);
    } else if (status == COP_OK) {
        status = make_folder(job.out, err);
        if (status == COP_OK)
            status = cop_cli_sweep_train(&job.sweep, &config, job.out, err);
        if (status == COP_OK)
            status = evaluate_alone(&job);
    }
    cop_sweep_free(&job.sweep);
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    CopConfigWords words = {0};
    gboolean look = FALSE;
    char *out = NULL, *command = cop_cli_command(argc, argv);
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words),
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Folder for models and results (run.out)",
         "DIR"},
        {"status", 0, 0, G_OPTION_ARG_NONE, &look, "Only list the runs, and how far each is", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_sweep, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && (cop_cli_no_words(argc, argv, &err) != COP_OK ||
                  sweep_all(&words, out, command, look, &err) != COP_OK))
        code = cop_cli_fail("sweep", &err);
    cop_cli_free_words(&words);
    g_free(out);
    g_free(command);
    return code;
}

const CopCommand cop_cmd_sweep = {
    .name = "sweep",
    .usage = "-c FILE --out DIR",
    .summary = "train every method, density and seed, evaluate all, report; resumes by itself",
    .run = run,
};
