/* coppice config: the resolved configuration, which loads back to the same.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#include "pipeline/cli.h"

extern const CopCommand cop_cmd_config;

static int print(const char *file, char **sets, bool effective)
{
    CopConfig config;
    CopError err = {0};
    if (cop_config_load(&config, file, (const char *const *)sets,
                        sets ? (int)g_strv_length(sets) : 0, &err) != COP_OK)
        return cop_cli_fail("config", &err);
    char *text = cop_config_text(&config, effective);
    fputs(text ? text : "", stdout);
    free(text);
    cop_config_free(&config);
    return COP_EXIT_OK;
}

static int run(int argc, char **argv)
{
    char *file = NULL, **sets = NULL;
    gboolean effective = FALSE;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &file, "Configuration file", "FILE"},
        {"set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sets, "Change one key; may be repeated",
         "BLOCK.KEY=VALUE"},
        {"effective", 0, 0, G_OPTION_ARG_NONE, &effective,
         "Only what can move a given model's predictions", NULL},
        {.long_name = NULL},
    };
    bool done;
    int code = cop_cli_parse(&cop_cmd_config, entries, &argc, &argv, &done);
    if (!done && argc > 1) {
        CopError err = {0};
        cop_error_set(&err, COP_ERR_ARG, "\"%s\" is left over; a file is given as -c FILE",
                      argv[1]);
        code = cop_cli_fail("config", &err);
    } else if (!done) {
        code = print(file, sets, effective);
    }
    g_free(file);
    g_strfreev(sets);
    return code;
}

const CopCommand cop_cmd_config = {
    .name = "config",
    .usage = "[-c FILE]",
    .summary = "print the resolved configuration",
    .run = run,
};
