/* coppice synth: a labelled motion data set to try everything on.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>

#include "pipeline/cli_config.h"
#include "pipeline/data/synth.h"

extern const CopCommand cop_cmd_synth;

static void step(void *ctx, int done)
{
    cop_progress_step(ctx, done, NULL);
}

static int write(const char *folder, const CopSynthOptions *options)
{
    CopError err = {0};
    CopSynthSummary summary;
    CopProgress *progress = cop_progress_start("synth", (long)options->classes * options->clips);
    const CopStatus status = cop_synth_write(folder, options, &summary, step, progress, &err);
    cop_progress_end(&progress);
    if (status != COP_OK)
        return cop_cli_fail("synth", &err);
    printf("%s: %d classes, %d training and %d test clips (%d of %d groups test), "
           "%dx%d, %d frames, seed %" G_GUINT64_FORMAT "\n",
           folder, options->classes, summary.train, summary.test, summary.test_groups,
           summary.groups, options->size, options->size, options->frames, (guint64)options->seed);
    return COP_EXIT_OK;
}

static int run(int argc, char **argv)
{
    CopSynthOptions options = {.classes = 10, .clips = 40, .size = 64, .frames = 32};
    gint64 seed = 1;
    const GOptionEntry entries[] = {
        {"classes", 0, 0, G_OPTION_ARG_INT, &options.classes, "Motions, 2 to 12 (10)", "N"},
        {"clips", 0, 0, G_OPTION_ARG_INT, &options.clips, "Clips a class, 2 to 9999 (40)", "N"},
        {"size", 0, 0, G_OPTION_ARG_INT, &options.size, "Width and height, even, 16 to 1024 (64)",
         "S"},
        {"frames", 0, 0, G_OPTION_ARG_INT, &options.frames, "Frames a clip, 2 to 1024 (32)", "T"},
        {"seed", 0, 0, G_OPTION_ARG_INT64, &seed, "The same seed draws the same set (1)", "N"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &options.threads,
         "Worker threads; 0: all processors (0)", "N"},
        {.long_name = NULL},
    };
    bool done;
    const int code = cop_cli_parse(&cop_cmd_synth, entries, &argc, &argv, &done);
    if (done)
        return code;
    CopError err = {0};
    if (cop_cli_one_word(argc, argv, "OUT, the folder to write", &err) == COP_OK && seed < 0)
        cop_error_set(&err, COP_ERR_ARG, "seed: got %" G_GINT64_FORMAT "; allowed: 0 and up", seed);
    if (err.status != COP_OK)
        return cop_cli_fail("synth", &err);
    options.seed = (uint64_t)seed;
    return write(argv[1], &options);
}

const CopCommand cop_cmd_synth = {
    .name = "synth",
    .usage = "OUT",
    .summary = "draw a labelled motion data set: UCF101 layout, H.264",
    .run = run,
};
