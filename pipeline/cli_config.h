/* The words -c FILE and --set BLOCK.KEY=VALUE that many commands take. Commands only:
 * this header needs GLib.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef COP_CLI_CONFIG_H
#define COP_CLI_CONFIG_H

#include <glib.h>

#include "pipeline/cli.h"

typedef struct CopConfigWords {
    char *file, **sets;
} CopConfigWords;

/* Rows of a GOptionEntry table that fill in a CopConfigWords. */
#define COP_CONFIG_ENTRIES(words)                                                                  \
    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &(words).file, "Configuration file", "FILE"},        \
    {                                                                                              \
        "set", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &(words).sets,                                   \
            "Change one key; may be repeated", "BLOCK.KEY=VALUE"                                   \
    }

/* Loads the configuration that the words name; cop_config_free() it, also on failure. */
CopStatus cop_cli_load(const CopConfigWords *words, CopConfig *config,
                       CopError *err) COP_MUST_CHECK;
void cop_cli_free_words(CopConfigWords *words);

/* The command line that argv comes from, quoted for a shell; g_malloc'ed and returned. To be
 * taken before cop_cli_parse(), which takes words away. */
char *cop_cli_command(int argc, char **argv);

/* An error where words are left over that the command has no use for. */
CopStatus cop_cli_no_words(int argc, char **argv, CopError *err) COP_MUST_CHECK;
/* The same unless there is exactly one; `what` names it: "OUT, the folder". */
CopStatus cop_cli_one_word(int argc, char **argv, const char *what, CopError *err) COP_MUST_CHECK;

#endif
