/* coppice: finds the sub-command and runs it.
 * SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models/core/cpu.h"
#include "models/core/option.h"
#include "pipeline/cli.h"

static void list_commands(void)
{
    printf(
        "coppice %s: robust, sparse video models\n\nUsage: coppice [--tier TIER] COMMAND ...\n\n",
        COP_VERSION);
    for (int i = 0; cop_commands[i]; i++)
        printf("  %-8s %s\n", cop_commands[i]->name, cop_commands[i]->summary);
    printf("\n\"coppice COMMAND --help\" shows a command's options.\n"
           "TIER: generic, avx2 or avx512, vectors to compute with (the processor's best, or what\n"
           "COPPICE_TIER says).\n"
           "Exit status: 0 ok, 1 gate failed, 2 usage or configuration, 3 data, 4 model,\n"
           "5 run time, 75 interrupted (run again to resume).\n");
}

static int unknown(const char *name)
{
    enum { NAMES_MAX = 64 };
    const char *names[NAMES_MAX + 1] = {0};
    for (int i = 0; i < NAMES_MAX && cop_commands[i]; i++)
        names[i] = cop_commands[i]->name;
    const char *near = cop_nearest_name(name, names);
    if (near)
        fprintf(stderr, "coppice: unknown command \"%s\"; did you mean \"%s\"?\n", name, near);
    else
        fprintf(stderr, "coppice: unknown command \"%s\"; \"coppice --help\" lists them\n", name);
    return COP_EXIT_USAGE;
}

/* A full disk or a closed pipe shows only when the last bytes are flushed. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("coppice: standard output");
    return code == COP_EXIT_OK ? COP_EXIT_RUN : code;
}

/* Takes "--tier T" or "--tier=T" from before the command; without it, COPPICE_TIER must be right.
 * What this program starts is to run on the same. */
static CopStatus take_tier(int *argc, char ***argv, CopError *err)
{
    static const char option[] = "--tier";
    const size_t length = sizeof option - 1;
    const char *word = *argc > 1 ? (*argv)[1] : "", *tier = getenv("COPPICE_TIER");
    int words = 0;
    if (strncmp(word, option, length) == 0 && word[length] == '=') {
        tier = word + length + 1;
        words = 1;
    } else if (strcmp(word, option) == 0) {
        tier = *argc > 2 ? (*argv)[2] : "";
        words = *argc > 2 ? 2 : 1;
    }
    (*argv)[words] = (*argv)[0];
    *argc -= words;
    *argv += words;
    if (!tier)
        return COP_OK;
    COP_TRY(cop_tier_choose(tier, err));
    return setenv("COPPICE_TIER", tier, 1) == 0 ? COP_OK : COP_ERR_NOMEM;
}

int main(int argc, char **argv)
{
    CopError err = {0};
    if (argc > 1 && take_tier(&argc, &argv, &err) != COP_OK) {
        fprintf(stderr, "coppice: tier: %s\n", err.text);
        return COP_EXIT_USAGE;
    }
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        list_commands();
        return finish(COP_EXIT_OK);
    }
    if (strcmp(name, "--version") == 0) {
        printf("coppice %s\n", COP_VERSION);
        return finish(COP_EXIT_OK);
    }
    for (int i = 0; cop_commands[i]; i++)
        if (strcmp(cop_commands[i]->name, name) == 0)
            return finish(cop_commands[i]->run(argc - 1, argv + 1));
    return unknown(name);
}
