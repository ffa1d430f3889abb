/* coppice config: the resolved configuration, which loads back to the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/cli_config.h"

extern const CopCommand cop_cmd_config;

static CopStatus print(const CopConfigWords *words, bool effective, CopError *err)
{
    CopConfig config;
    CopStatus status = cop_cli_load(words, &config, err);
    if (status == COP_OK) {
        char *text = cop_config_text(&config, effective ? COP_CONFIG_EFFECTIVE : COP_CONFIG_ALL);
        if (!text || fputs(text, stdout) < 0)
            status = cop_error_set(err, COP_ERR_IO, "standard output cannot be written");
        free(text);
    }
    cop_config_free(&config);
    return status;
}

static int run(int argc, char **argv)
{
    CopConfigWords words = {0};
    gboolean effective = FALSE;
    const GOptionEntry entries[] = {
        COP_CONFIG_ENTRIES(words),
        {"effective", 0, 0, G_OPTION_ARG_NONE, &effective,
         "Only what can move a given model's predictions", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_config, entries, &argc, &argv, &done);
    CopError err = {0};
    if (!done &&
        (cop_cli_no_words(argc, argv, &err) != COP_OK || print(&words, effective, &err) != COP_OK))
        code = cop_cli_fail("config", &err);
    cop_cli_free_words(&words);
    return code;
}

const CopCommand cop_cmd_config = {
    .name = "config",
    .usage = "[-c FILE]",
    .summary = "print the resolved configuration",
    .run = run,
};
