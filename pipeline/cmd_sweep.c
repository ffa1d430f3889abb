/* coppice sweep: every method, density and seed: train, evaluate, compare, report.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/cli_config.h"
#include "pipeline/eval/grid.h"
#include "pipeline/interrupt.h"
#include "pipeline/model/model.h"
#include "pipeline/model/training.h"
#include "pipeline/report/compare.h"
#include "pipeline/report/report.h"

extern const CopCommand cop_cmd_sweep;

typedef struct Sweep {
    CopConfig *config;
    const char *out, *command;
    GPtrArray *models; /* paths, in the order of training */
    CopError *err;
} Sweep;

/* Trains one model; what its folder holds already is taken up, a finished one as it is. */
static CopStatus train_one(Sweep *sweep, const char *method, double density, int seed)
{
    char number[32];
    cop_format_double(density, number);
    const bool dense = strcmp(method, "dense") == 0;
    char *name = dense ? g_strdup_printf("dense_s%d", seed)
                       : g_strdup_printf("%s_%s_s%d", method, number, seed);
    char *folder = g_build_filename(sweep->out, name, NULL);
    char *model = g_build_filename(folder, "model.safetensors", NULL);
    char *sets[] = {g_strdup_printf("sparse.method=%s", method),
                    g_strdup_printf("sparse.density=%s", number),
                    g_strdup_printf("run.seed=%d", seed)};
    CopStatus status = COP_OK;
    for (gsize i = 0; i < G_N_ELEMENTS(sets); i++) {
        if (status == COP_OK && !(dense && i == 1))
            status = cop_config_set(sweep->config, sets[i], sweep->err);
        g_free(sets[i]);
    }
    if (status == COP_OK) {
        CopTrainingResult result;
        status = cop_training_run(sweep->config, folder, true, name, &result, sweep->err);
        if (status == COP_OK)
            printf("%-16s test top-1 %5.1f %%  %8zu of %zu parameters non-zero  %6.1f s\n", name,
                   100 * result.test_accuracy, result.nonzeros, result.parameters, result.seconds);
        fflush(stdout);
    }
    if (status == COP_OK)
        g_ptr_array_add(sweep->models, g_steal_pointer(&model));
    g_free(model);
    g_free(folder);
    g_free(name);
    return status;
}

static CopStatus train_all(Sweep *sweep)
{
    const CopSweepOptions *o = &sweep->config->sweep;
    for (int s = 0; s < o->seeds.n; s++)
        for (int m = 0; m < o->methods.n; m++) {
            const bool dense = strcmp(o->methods.item[m], "dense") == 0;
            for (int d = 0; d < (dense ? 1 : o->densities.n); d++)
                COP_TRY(train_one(sweep, o->methods.item[m], dense ? 1 : o->densities.item[d],
                                  o->seeds.item[s]));
        }
    return COP_OK;
}

/* The table on stdout, the page beside the result file. */
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
        const CopReportOptions options = {.command = command};
        status = cop_report_write(results, base, &options, page, err);
    }
    cop_results_free(&results);
    return status;
}

static CopStatus evaluate(Sweep *sweep)
{
    char *db = g_build_filename(sweep->out, "results.db", NULL);
    char *page = g_build_filename(sweep->out, "report.html", NULL);
    const CopGridOptions options = {.config = sweep->config,
                                    .models = (const char *const *)sweep->models->pdata,
                                    .n_models = (int)sweep->models->len,
                                    .db = db,
                                    .command = sweep->command};
    CopGridResult result;
    CopStatus status = cop_grid_run(&options, "eval", &result, sweep->err);
    if (status == COP_OK) {
        printf("%d clips in %d cells, %ld predictions, %.1f s\n\n", result.clips, result.cells,
               result.predictions, result.seconds);
        status = publish(db, page, sweep->command, sweep->err);
    }
    if (status == COP_OK)
        printf("\n%s\n", page);
    g_free(db);
    g_free(page);
    return status;
}

static CopStatus sweep_all(const CopConfigWords *words, const char *out, const char *command,
                           CopError *err)
{
    CopConfig config;
    CopStatus status = cop_cli_load(words, &config, err);
    Sweep sweep = {.config = &config,
                   .out = out ? out : config.run.out,
                   .command = command,
                   .models = g_ptr_array_new_with_free_func(g_free),
                   .err = err};
    cop_interrupt_catch();
    if (status == COP_OK && g_mkdir_with_parents(sweep.out, 0777) != 0)
        status =
            cop_error_set(err, COP_ERR_IO, "%s: cannot be made: %s", sweep.out, g_strerror(errno));
    if (status == COP_OK)
        status = train_all(&sweep);
    if (status == COP_OK)
        status = evaluate(&sweep);
    g_ptr_array_unref(sweep.models);
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    CopConfigWords words = {0};
    char *out = NULL, *command = cop_cli_command(argc, argv);
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words),
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Folder for models and results (run.out)",
         "DIR"},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_sweep, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && (cop_cli_no_words(argc, argv, &err) != COP_OK ||
                  sweep_all(&words, out, command, &err) != COP_OK))
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
