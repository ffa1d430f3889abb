/* coppice train: one model from a configuration.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "pipeline/cli_config.h"
#include "pipeline/interrupt.h"
#include "pipeline/model/training.h"

extern const CopCommand cop_cmd_train;

static CopStatus train(const CopConfigWords *words, const char *out, bool resume, CopError *err)
{
    CopConfig config;
    CopTrainingResult result;
    CopStatus status = cop_cli_load(words, &config, err);
    if (status == COP_OK) {
        const char *folder = out ? out : config.run.out;
        cop_interrupt_catch();
        status = cop_training_run(&config, folder, resume, "train", &result, err);
        if (status == COP_OK)
            printf("%s/model.safetensors: test top-1 %.1f %%, %zu of %zu parameters non-zero, "
                   "%.1f s, %.1f MiB for the net%s\n",
                   folder, 100 * result.test_accuracy, result.nonzeros, result.parameters,
                   result.seconds, (double)result.memory / 0x1p20,
                   result.skipped ? ", clips were skipped: see metrics.jsonl" : "");
    }
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    CopConfigWords words = {0};
    char *out = NULL;
    gboolean resume = FALSE;
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words),
        {"out", 'o', 0, G_OPTION_ARG_FILENAME, &out, "Folder for the model (run.out)", "RUN"},
        {"resume", 0, 0, G_OPTION_ARG_NONE, &resume, "Go on from the checkpoint in the folder",
         NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_train, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done && (cop_cli_no_words(argc, argv, &err) != COP_OK ||
                  train(&words, out, resume, &err) != COP_OK))
        code = cop_cli_fail("train", &err);
    cop_cli_free_words(&words);
    g_free(out);
    return code;
}

const CopCommand cop_cmd_train = {
    .name = "train",
    .usage = "-c FILE",
    .summary = "train a model, dense or sparse",
    .run = run,
};
