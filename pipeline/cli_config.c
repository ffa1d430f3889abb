/* The words -c FILE and --set BLOCK.KEY=VALUE that many commands take.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pipeline/cli_config.h"

#include <string.h>

CopStatus cop_cli_load(const CopConfigWords *words, CopConfig *config, CopError *err)
{
    const int n = words->sets ? (int)g_strv_length(words->sets) : 0;
    return cop_config_load(config, words->file, (const char *const *)words->sets, n, err);
}

void cop_cli_free_words(CopConfigWords *words)
{
    g_free(words->file);
    g_strfreev(words->sets);
    *words = (CopConfigWords){0};
}

static bool is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";
    return *word && strspn(word, plain) == strlen(word);
}

char *cop_cli_command(int argc, char **argv)
{
    GString *text = g_string_new("coppice");
    for (int i = 0; i < argc; i++) {
        char *quoted = g_shell_quote(argv[i]);
        g_string_append_printf(text, " %s", is_plain(argv[i]) ? argv[i] : quoted);
        g_free(quoted);
    }
    return g_string_free(text, FALSE);
}

CopStatus cop_cli_no_words(int argc, char **argv, CopError *err)
{
    if (argc <= 1)
        return COP_OK;
    return cop_error_set(err, COP_ERR_ARG, "\"%s\" is left over; a configuration goes with -c",
                         argv[1]);
}

CopStatus cop_cli_one_word(int argc, char **argv, const char *what, CopError *err)
{
    if (argc == 2)
        return COP_OK;
    if (argc < 2)
        return cop_error_set(err, COP_ERR_ARG, "%s, is missing", what);
    return cop_error_set(err, COP_ERR_ARG, "\"%s\" is left over; expected one name: %s", argv[2],
                         what);
}
