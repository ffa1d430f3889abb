/* coppice analyse: figures of a set of training runs, as data and pictures.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "pipeline/analyse/analysis.h"
#include "pipeline/cli_config.h"
#include "pipeline/interrupt.h"

extern const CopCommand cop_cmd_analyse;

typedef struct Words {
    char *out, *db, *only, *layer, *baseline, **sets, *command;
    int setup, limit, grid;
    double step, rho;
} Words;

static CopStatus check(const Words *words, CopError *err)
{
    if (!words->out)
        return cop_error_set(err, COP_ERR_ARG, "-o DIR is missing");
    if (words->limit < 0)
        return cop_error_set(err, COP_ERR_ARG, "--limit %d: must be 0 or more", words->limit);
    if (words->grid < 1 || words->grid > 64)
        return cop_error_set(err, COP_ERR_ARG, "--grid %d: must be 1 to 64", words->grid);
    if (!(words->step >= 0))
        return cop_error_set(err, COP_ERR_ARG, "--step %g: must be above 0", words->step);
    if (!(words->rho >= 0 && words->rho <= 2))
        return cop_error_set(err, COP_ERR_ARG, "--rho %g: must be above 0 and at most 2",
                             words->rho);
    return COP_OK;
}

static void print_result(const CopAnalysis *a)
{
    const CopFigureList *made = a->figures;
    for (guint i = 0; i < made->broken->len; i++)
        cop_cli_note("left out: %s", (const char *)g_ptr_array_index(made->broken, i));
    for (guint i = 0; i < made->notes->len; i++)
        cop_cli_note("no figure %s", (const char *)g_ptr_array_index(made->notes, i));
    printf("%s/figures.html: %u figures of %d runs in %d series", made->folder, made->entries->len,
           a->n_runs, a->n_series);
    if (a->answers)
        printf(", %ld predictions made", a->answers);
    if (made->broken->len)
        printf(", %u left out", made->broken->len);
    printf("\n");
}

static CopStatus analyse(const Words *words, char **runs, CopError *err)
{
    CopAnalysis a = {0};
    COP_TRY(check(words, err));
    if (!runs[0])
        return cop_error_set(err, COP_ERR_ARG,
                             "RUNS is missing: folders of training runs, or of a sweep");
    char **only = words->only ? g_strsplit(words->only, ",", -1) : NULL;
    const CopAnalyseOptions options = {.runs = (const char *const *)runs,
                                       .n_runs = (int)g_strv_length(runs),
                                       .out = words->out,
                                       .db = words->db,
                                       .setup = words->setup,
                                       .only = (const char *const *)only,
                                       .layer = words->layer,
                                       .baseline = words->baseline,
                                       .sets = (const char *const *)words->sets,
                                       .n_sets = words->sets ? (int)g_strv_length(words->sets) : 0,
                                       .limit = words->limit,
                                       .step = words->step,
                                       .grid = words->grid,
                                       .rho = words->rho,
                                       .command = words->command};
    cop_interrupt_catch();
    CopStatus status = cop_analysis_read(&a, &options, err);
    if (status == COP_OK)
        status = cop_analysis_make(&a, err);
    if (status == COP_OK)
        print_result(&a);
    cop_analysis_free(&a);
    g_strfreev(only);
    return status;
}

static int run(int argc, char **argv)
{
    Words words = {.command = cop_cli_command(argc, argv), .grid = 7};
    const GOptionEntry entries[] = {
        {"output", 'o', 0, G_OPTION_ARG_FILENAME, &words.out, "Folder for data and pictures",
         "DIR"},
        {"only", 0, 0, G_OPTION_ARG_FILENAME, &words.only, "Some of the figures, by name",
         "FIGURE,..."},
        {"baseline", 0, 0, G_OPTION_ARG_FILENAME, &words.baseline,
         "Run or series that the others are compared with (the dense one)", "NAME"},
        {"layer", 0, 0, G_OPTION_ARG_FILENAME, &words.layer,
         "Layer of the topology (the largest whose density is below 1)", "NAME"},
        {"limit", 0, 0, G_OPTION_ARG_INT, &words.limit,
         "At most N test clips where models run or clips are looked at", "N"},
        {"step", 0, 0, G_OPTION_ARG_DOUBLE, &words.step,
         "Between radii, in cycles across the picture (1 below 84 pixels)", "R"},
        {"grid", 0, 0, G_OPTION_ARG_INT, &words.grid,
         "Frequencies of the Fourier map from 0 to Nyquist's (7)", "K"},
        {"rho", 0, 0, G_OPTION_ARG_DOUBLE, &words.rho,
         "Root mean square of its waves, of a range of 1 (0.125; from 65 pixels on 0.07)", "R"},
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &words.db,
         "Result file of the runs' models (results.db beside the runs)", "R.db"},
        {"setup", 0, 0, G_OPTION_ARG_INT, &words.setup, "Number of its setup (the newest)", "N"},
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &words.sets,
         "Change one key of the runs' configuration, as data.root; may be repeated",
         "BLOCK.KEY=VALUE"},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_analyse, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && analyse(&words, argv + 1, &err) != COP_OK)
        code = cop_cli_fail("analyse", &err);
    g_free(words.out);
    g_free(words.db);
    g_free(words.only);
    g_free(words.layer);
    g_free(words.baseline);
    g_strfreev(words.sets);
    g_free(words.command);
    return code;
}

static char *details(void)
{
    GString *text = g_string_new("RUNS are folders of training runs, or a sweep's. Figures:\n");
    for (const CopFigure *figure = cop_figures; figure->name; figure++)
        g_string_append_printf(text, "  %-10s %s\n", figure->name, figure->summary);
    g_string_append(text, "Each is pictures (PNG, SVG) and tables (CSV, JSON) in DIR; figures.html "
                          "shows all.\ndocs/ANALYSE.md has every column.");
    return g_string_free(text, FALSE);
}

const CopCommand cop_cmd_analyse = {
    .name = "analyse",
    .usage = "RUNS... -o DIR",
    .summary = "topology, spectra, gains and training of a set of runs as data and pictures",
    .run = run,
    .details = details,
};
